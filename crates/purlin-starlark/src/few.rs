//! What a file can use that names nothing of the library: most definitions are such. To make the
//! library takes longer than to evaluate many definitions, since each of its functions reads its own
//! documentation.

use starlark::environment::{Globals, GlobalsBuilder};
use starlark::syntax::AstModule;
use starlark::values::none::NoneType;

use crate::globals::ours;
use crate::unbound;

/// The names that are there, sorted.
const FEW: [&str; 5] = ["False", "None", "True", "prioritised", "workspace_path"];

/// The names of the library, sorted.
const LIBRARY: [&str; 36] = [
    "abs",
    "all",
    "any",
    "bool",
    "bytes",
    "chr",
    "dict",
    "dir",
    "enumerate",
    "eval_type",
    "fail",
    "filter",
    "float",
    "getattr",
    "hasattr",
    "hash",
    "int",
    "isinstance",
    "json",
    "len",
    "list",
    "map",
    "max",
    "min",
    "ord",
    "range",
    "repr",
    "reversed",
    "set",
    "sorted",
    "str",
    "struct",
    "tuple",
    "type",
    "typing",
    "zip",
];

/// The few.
pub(crate) fn globals() -> Globals {
    let constants = |builder: &mut GlobalsBuilder| {
        builder.set("None", NoneType);
        builder.set("True", true);
        builder.set("False", false);
    };
    GlobalsBuilder::new().with(constants).with(ours).build()
}

/// Whether a file needs no more. It uses none of the library's names, whatever they mean there; and what
/// is bound nowhere is told by who knows the whole library, and what else may have been meant.
pub(crate) fn suffice(tree: &AstModule) -> bool {
    !unbound::uses(tree.statement(), &|name| LIBRARY.binary_search(&name).is_ok())
        && !unbound::is_in(tree.statement(), |name| FEW.contains(&name))
}

/// Whether definitions have a name without binding it.
pub(crate) fn is_global(name: &str) -> bool {
    FEW.contains(&name) || LIBRARY.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use purlin_model::Source;

    use super::*;
    use crate::parse::parse;

    #[test]
    fn all_names_are_known() {
        let names = |globals: &Globals| -> Vec<String> {
            let mut names: Vec<_> = globals.names().map(|name| name.as_str().to_owned()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(&globals()), FEW);
        let mut library = names(&crate::globals::globals());
        library.retain(|name| !FEW.contains(&&**name));
        assert_eq!(library, LIBRARY);
    }

    #[test]
    fn a_file_needs_more_if_it_names_more_anywhere() {
        let is_enough = |text: &str| suffice(&parse(&Source::new("a.star", text)).unwrap());
        for enough in [
            "def a(mk, b = None):\n    return mk(x = [one.y for one in b], z = not True)\n",
            "def a(mk):\n    return mk(install = \"set -e; str; len\")\n",
            "load(\"b.star\", \"c\")\ndef a(mk):\n    return mk(c)\n",
        ] {
            assert!(is_enough(enough), "{enough}");
        }
        for more in [
            "def a(mk):\n    return mk(len(mk))\n",
            "def a(mk, len = len):\n    return mk(len)\n",
            "def a(mk: str):\n    return mk()\n",
            "def a(mk) -> str:\n    return mk()\n",
            "x: int = 1\n",
            "def a(mk):\n    y: int = 1\n    return mk(y)\n",
            "def a(*mk: int, **all: int):\n    return mk\n",
            "x = f\"{str}\"\n",
            "x = lambda y = len: [len for len in y]\n",
            "x = [y for y in z if len]\n",
            "z = {}\nz[len] = 1\n",
            "z = {}\nz.x += len\n",
            "def a(mk):\n    for x in range(1):\n        mk()\n",
            "def a(mk):\n    if any:\n        mk()\n    elif mk:\n        pass\n",
            "def a(mk):\n    return mk(unknown)\n",
        ] {
            assert!(!is_enough(more), "{more}");
        }
    }
}
