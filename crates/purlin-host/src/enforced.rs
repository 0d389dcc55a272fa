//! What keeps a plugin's process to its permissions on this system, told as it is.

/// How far a process is held to one kind of permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It cannot do otherwise.
    Enforced,
    /// It cannot do otherwise in some respects.
    Partly,
    /// It says what it will do, and nothing stops it from doing more.
    Declared,
}

/// One kind of permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The key in the manifest's `[permissions]`.
    pub kind: &'static str,
    /// How far it is held.
    pub how: Hold,
    /// What that means, as a phrase.
    pub means: &'static str,
}

impl Hold {
    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Partly => "partly",
            Self::Declared => "declared",
        }
    }
}

/// What holds the process of a plugin to each kind of permission, in the order of their names.
/// Commands that a plugin ships are held by nothing: they run as the workspace's own do.
#[must_use]
pub fn enforced() -> [Held; 6] {
    let system = purlin_process::enforced();
    let files = |means| match system.files {
        true => (Hold::Enforced, means),
        false => (Hold::Declared, "only declared: this system cannot enforce it"),
    };
    let network = match system.ports {
        true => (Hold::Partly, "TCP ports are enforced; hosts, and all but TCP, are only declared"),
        false => (Hold::Declared, "only declared: this system cannot enforce it"),
    };
    let all = [
        ("environment", (Hold::Enforced, "enforced: it sees no other variables of yours")),
        ("network", network),
        ("read", files("enforced: besides these only its own folder and the system's")),
        ("run", (Hold::Partly, "Purlin starts no others for it; these run with all your rights")),
        ("secrets", (Hold::Enforced, "enforced: this version hands out none")),
        ("write", files("enforced: besides these only files that Purlin makes for it")),
    ];
    all.map(|(kind, (how, means))| Held { kind, how, means })
}

#[cfg(test)]
mod tests {
    use purlin_plugin::manifest::Permissions;

    use super::*;

    #[test]
    fn every_kind_is_told() {
        let permissions = Permissions::default();
        let kinds = permissions.lists().map(|(kind, _)| kind);
        assert_eq!(enforced().map(|held| held.kind), kinds);
    }
}
