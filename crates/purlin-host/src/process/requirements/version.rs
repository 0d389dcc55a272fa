//! Versions of Python distributions, in the order and with the comparisons of PEP 440.

/// A version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    epoch: u64,
    /// Without zeros at its end: `1.0` is `1`.
    release: Vec<u64>,
    stage: Stage,
    post: Option<u64>,
    dev: Dev,
    local: Vec<Local>,
}

/// What comes before a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// `1.0.dev1`: before all that is tagged.
    Untagged,
    /// Alpha is 0, beta 1 and a candidate 2.
    Tagged(u8, u64),
    Released,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dev {
    Of(u64),
    No,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Local {
    Text(String),
    Number(u64),
}

/// One comparison, such as `>=1.34`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    operator: Operator,
    version: Version,
    /// The numbers as they were written, zeros included.
    written: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Compatible,
    Equal,
    Beginning,
    NotEqual,
    NotBeginning,
    AtMost,
    AtLeast,
    Less,
    More,
}

const TAGS: [(&str, u8); 8] = [
    ("alpha", 0),
    ("beta", 1),
    ("preview", 2),
    ("pre", 2),
    ("rc", 2),
    ("a", 0),
    ("b", 1),
    ("c", 2),
];

impl Version {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let (public, local) = match text.split_once('+') {
            Some((public, local)) => (public, self::local(local)?),
            None => (text, Vec::new()),
        };
        let (epoch, mut release, rest) = numbers(public)?;
        while release.len() > 1 && release.last() == Some(&0) {
            release.pop();
        }
        let (tag, rest) = match tagged(rest, &TAGS) {
            Some((tag, number, rest)) => (Some((tag, number)), rest),
            None => (None, rest),
        };
        let (post, rest) = match tagged(rest, &[("post", 0), ("rev", 0), ("r", 0)]) {
            Some((_, number, rest)) => (Some(number), rest),
            None => match rest.strip_prefix('-').and_then(digits) {
                Some((number, rest)) => (Some(number), rest),
                None => (None, rest),
            },
        };
        let (dev, rest) = match tagged(rest, &[("dev", 0)]) {
            Some((_, number, rest)) => (Dev::Of(number), rest),
            None => (Dev::No, rest),
        };
        let stage = match tag {
            Some((tag, number)) => Stage::Tagged(tag, number),
            None if post.is_none() && dev != Dev::No => Stage::Untagged,
            None => Stage::Released,
        };
        rest.is_empty().then_some(Self { epoch, release, stage, post, dev, local })
    }

    fn without_local(&self) -> Self {
        Self { local: Vec::new(), ..self.clone() }
    }

    fn is_early(&self) -> bool {
        self.stage != Stage::Released || self.dev != Dev::No
    }

    fn is_of(&self, other: &Self) -> bool {
        (self.epoch, &self.release) == (other.epoch, &other.release)
    }

    fn begins(&self, epoch: u64, with: &[u64]) -> bool {
        let mut own = self.release.clone();
        own.resize(own.len().max(with.len()), 0);
        self.epoch == epoch && own.starts_with(with)
    }
}

impl Clause {
    /// Reads a comparison; `None` when it is none. `===`, which compares texts, is not known.
    pub(super) fn parse(text: &str) -> Option<Self> {
        const OPERATORS: [(&str, Operator); 7] = [
            ("~=", Operator::Compatible),
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::More),
        ];
        let text = text.trim();
        let (mut operator, rest) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))?;
        let mut rest = rest.trim();
        if let Some(beginning) = rest.strip_suffix(".*") {
            operator = match operator {
                Operator::Equal => Operator::Beginning,
                Operator::NotEqual => Operator::NotBeginning,
                _ => return None,
            };
            rest = beginning;
        }
        let version = Version::parse(rest)?;
        let (_, written, _) = numbers(rest.trim_start_matches(['v', 'V']))?;
        let is_whole = operator != Operator::Compatible || written.len() > 1;
        is_whole.then_some(Self { operator, version, written })
    }

    /// True when an installed version is as wanted.
    pub(super) fn holds(&self, installed: &Version) -> bool {
        let wanted = &self.version;
        // What somebody has built for themselves is the version that they have built.
        let public = installed.without_local();
        match self.operator {
            Operator::Equal => self.equals(installed),
            Operator::NotEqual => !self.equals(installed),
            Operator::Beginning => public.begins(wanted.epoch, &self.written),
            Operator::NotBeginning => !public.begins(wanted.epoch, &self.written),
            Operator::AtMost => public <= *wanted,
            Operator::AtLeast => public >= *wanted,
            Operator::Less => {
                let early = public.is_early() && !wanted.is_early() && public.is_of(wanted);
                public < *wanted && !early
            }
            Operator::More => {
                let late = public.post.is_some() && wanted.post.is_none() && public.is_of(wanted);
                public > *wanted && !late
            }
            Operator::Compatible => {
                let (_, series) = self.written.split_last().unwrap_or((&0, &[]));
                public >= *wanted && public.begins(wanted.epoch, series)
            }
        }
    }

    fn equals(&self, installed: &Version) -> bool {
        match self.version.local.is_empty() {
            true => installed.without_local() == self.version,
            false => *installed == self.version,
        }
    }
}

/// `1!2.3.4`: the epoch, the numbers, and what follows.
fn numbers(text: &str) -> Option<(u64, Vec<u64>, &str)> {
    let (epoch, mut rest) = match text.split_once('!') {
        Some((epoch, rest)) => (epoch.parse().ok()?, rest),
        None => (0, text),
    };
    let mut release = Vec::new();
    loop {
        let (number, after) = digits(rest)?;
        release.push(number);
        rest = after;
        match rest.strip_prefix('.') {
            Some(after) if after.starts_with(|one: char| one.is_ascii_digit()) => rest = after,
            _ => return Some((epoch, release, rest)),
        }
    }
}

/// `.post1`, `-rc.2` or `a`: the value of the tag, its number or 0, and what follows.
fn tagged<'a>(text: &'a str, tags: &[(&str, u8)]) -> Option<(u8, u64, &'a str)> {
    let inner = text.strip_prefix(['.', '-', '_']).unwrap_or(text);
    let (value, rest) =
        tags.iter().find_map(|(tag, value)| Some((*value, inner.strip_prefix(tag)?)))?;
    let numbered = digits(rest.strip_prefix(['.', '-', '_']).unwrap_or(rest));
    let (number, rest) = numbered.unwrap_or((0, rest));
    Some((value, number, rest))
}

fn digits(text: &str) -> Option<(u64, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..count].parse().ok()?, &text[count..]))
}

fn local(text: &str) -> Option<Vec<Local>> {
    let parts = text.split(['.', '-', '_']).map(|part| {
        let is_word = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_word.then(|| part.parse().map_or_else(|_| Local::Text(part.to_owned()), Local::Number))
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn versions_have_their_order() {
        let ordered = [
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1.10",
            "1!0.1",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        for (one, other) in [
            ("1", "1.0.0"),
            ("v1.0", "1.0"),
            ("1.0-1", "1.0.post1"),
            ("1.0.rev2", "1.0post2"),
            ("1.0-ALPHA.1", "1.0a1"),
            ("1.0c1", "1.0rc1"),
            ("1.0pre", "1.0rc0"),
        ] {
            assert_eq!(version(one), version(other), "{one} {other}");
        }
        for text in ["", "x", "1.", "1.0x", "1.0+", "1.0+a..b", "1..2", "!1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn comparisons_say_what_is_wanted() {
        for (clause, yes, no) in [
            (">=1.34", &["1.34", "1.34.0", "1.34.post1", "2"][..], &["1.33.9", "1.34rc1"][..]),
            ("<=1.3", &["1.3", "1.3+local", "1.2.9"], &["1.3.post1", "1.3.1"]),
            ("==1.3", &["1.3", "1.3.0", "1.3+local"], &["1.3.1", "1.3rc1", "1!1.3"]),
            ("==1.3+local", &["1.3+local"], &["1.3", "1.3+other"]),
            ("==1.3.*", &["1.3", "1.3.7", "1.3rc1"], &["1.30", "1.4"]),
            ("== 1.0.*", &["1", "1.0.5"], &["1.1"]),
            ("!=1.3", &["1.3.1"], &["1.3", "1.3+local"]),
            ("!=1.3.*", &["1.4"], &["1.3.5"]),
            ("<2", &["1.9", "1"], &["2", "2rc1", "2.dev1"]),
            ("<2rc1", &["2a1"], &["2rc1"]),
            (">1.7", &["1.7.1", "1.8"], &["1.7", "1.7.post2", "1.7+local"]),
            (">1.7.post2", &["1.7.post3"], &["1.7.post2"]),
            ("~=1.4.2", &["1.4.2", "1.4.9"], &["1.4.1", "1.5", "2"]),
            ("~=1.4", &["1.4", "1.9"], &["1.3", "2.0"]),
        ] {
            let parsed = Clause::parse(clause).unwrap_or_else(|| panic!("{clause}"));
            for one in yes {
                assert!(parsed.holds(&version(one)), "{one} {clause}");
            }
            for one in no {
                assert!(!parsed.holds(&version(one)), "{one} {clause}");
            }
        }
        for text in ["", "1.3", "~=1", "===1.0", ">=1.*", "=1", ">=x"] {
            assert_eq!(Clause::parse(text), None, "{text}");
        }
    }
}
