//! The closed list: how a package's program is found, and how it tells its version.

/// How to find one package on a machine.
pub(crate) struct Recipe {
    /// The package. It has no `-`, where the version begins in a request.
    pub(crate) name: &'static str,
    /// One line about it.
    pub(crate) about: &'static str,
    /// What its program may be called; the first that is there counts.
    pub(crate) programs: &'static [&'static str],
    /// What it is called by those who use the package. The first is the one that is meant.
    pub(crate) tools: &'static [&'static str],
    /// What the program is asked for its version with.
    pub(crate) arguments: &'static [&'static str],
    /// Where the version stands in the answer, tried in this order.
    pub(crate) patterns: &'static [&'static str],
}

/// The first number with a point in it.
const NUMBER: &str = r"(\d+(?:\.\d+)+)";
/// The number behind the word.
const VERSION: &str = r"(?i)version v?(\d+(?:\.\d+)+)";
/// Compilers put what packaged them in brackets, with numbers of its own.
const BEHIND_BRACKET: &str = r"\) (\d+(?:\.\d+)+)";

const fn plain(
    name: &'static str,
    about: &'static str,
    programs: &'static [&'static str],
    tools: &'static [&'static str],
) -> Recipe {
    Recipe { name, about, programs, tools, arguments: &["--version"], patterns: &[NUMBER] }
}

/// All of them by name.
pub(crate) const RECIPES: &[Recipe] = &[
    plain("autoconf", "Makes configure scripts", &["autoconf"], &["autoconf"]),
    plain("automake", "Makes Makefile templates", &["automake"], &["automake"]),
    Recipe { patterns: &[VERSION], ..plain("bash", "The shell", &["bash"], &["bash"]) },
    plain("bison", "A parser generator", &["bison"], &["bison"]),
    plain("cargo", "Builds crates", &["cargo"], &["cargo"]),
    Recipe {
        patterns: &[BEHIND_BRACKET, VERSION, NUMBER],
        ..plain("cc", "The compiler for C", &["cc", "gcc", "clang"], &["cc"])
    },
    plain("cmake", "Configures builds", &["cmake"], &["cmake"]),
    plain("curl", "Fetches from the network", &["curl"], &["curl"]),
    Recipe {
        patterns: &[BEHIND_BRACKET, VERSION, NUMBER],
        ..plain("cxx", "The compiler for C++", &["c++", "g++", "clang++"], &["c++"])
    },
    plain("flex", "A lexer generator", &["flex"], &["flex"]),
    plain("git", "Keeps versions", &["git"], &["git"]),
    Recipe { arguments: &["version"], ..plain("go", "Builds Go", &["go"], &["go"]) },
    plain("gzip", "Compresses", &["gzip"], &["gzip"]),
    plain("m4", "Expands macros", &["m4"], &["m4"]),
    plain("make", "Runs Makefiles", &["make", "gmake"], &["make"]),
    plain("meson", "Configures builds", &["meson"], &["meson"]),
    plain("ninja", "Runs builds", &["ninja", "ninja-build"], &["ninja"]),
    plain("node", "Runs JavaScript", &["node"], &["node"]),
    plain("patch", "Applies differences", &["patch"], &["patch"]),
    Recipe {
        patterns: &[r"\(v(\d+(?:\.\d+)+)\)"],
        ..plain("perl", "Runs Perl", &["perl"], &["perl"])
    },
    plain("pkg_config", "Tells where libraries are", &["pkg-config", "pkgconf"], &["pkg-config"]),
    plain("python", "Runs Python", &["python3", "python"], &["python3", "python"]),
    plain("ruby", "Runs Ruby", &["ruby"], &["ruby"]),
    plain("rustc", "The compiler for Rust", &["rustc"], &["rustc"]),
    plain("tar", "Packs and unpacks", &["tar"], &["tar"]),
    Recipe { arguments: &["-v"], ..plain("unzip", "Unpacks", &["unzip"], &["unzip"]) },
    plain("xz", "Compresses", &["xz"], &["xz"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not in the manifest is refused, and nobody would find out before it is there.
    #[test]
    fn the_manifest_asks_for_every_program_and_for_no_other() {
        let manifest = include_str!("../plugin.toml");
        let list = manifest.split("run  = [").nth(1).expect("it lists programs");
        let mut asked: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        let mut known: Vec<&str> =
            RECIPES.iter().flat_map(|recipe| recipe.programs).copied().collect();
        asked.sort_unstable();
        known.sort_unstable();
        assert_eq!(asked, known);
        assert!(RECIPES.is_sorted_by_key(|recipe| recipe.name));
    }
}
