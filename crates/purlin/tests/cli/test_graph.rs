//! `graph`

use purlin_test::Workspace;
use serde_json::json;

use crate::workspace;

fn harbour() -> Workspace {
    let workspace =
        workspace("systems = ['x86_64-linux', 'aarch64-linux']\n[packages.steel]\nversion = '1'\n");
    workspace.write(
        "purlin.star",
        "def chain(mk_package, steel):\n    return mk_package(version = '1')\n\
         def anchor(mk_package, chain, steel, paint = None):\n    return mk_package(version = '1')\n\
         definitions = {'packages': {'anchor': anchor, 'parts': {'chain': chain}, 'chain': chain}}\n",
    );
    workspace
}

#[test]
fn an_edge_is_a_parameter() {
    let told = harbour().succeed(&["graph", "--json"]).json();
    let nodes: Vec<&str> =
        told["nodes"].as_array().unwrap().iter().filter_map(|one| one["path"].as_str()).collect();
    assert_eq!(
        nodes,
        ["packages.anchor", "packages.chain", "packages.parts.chain", "packages.steel"]
    );
    let edge = |from: &str, to: &str, line: u32, column: u32| json!({ "from": from, "to": to, "file": "purlin.star", "line": line, "column": column });
    assert_eq!(
        told["edges"],
        json!([
            edge("packages.anchor", "packages.chain", 3, 24),
            edge("packages.anchor", "packages.steel", 3, 31),
            edge("packages.chain", "packages.steel", 1, 23),
            edge("packages.parts.chain", "packages.steel", 1, 23),
        ])
    );
}

#[test]
fn it_can_be_read_and_drawn() {
    let harbour = harbour();
    insta::assert_snapshot!(harbour.succeed(&["graph"]).stdout, @"
    packages.anchor -> packages.chain, packages.steel
    packages.chain -> packages.steel
    packages.parts.chain -> packages.steel
    packages.steel
    ");
    insta::assert_snapshot!(harbour.succeed(&["graph", "--dot"]).stdout, @r#"
    digraph definitions {
      "packages.anchor";
      "packages.chain";
      "packages.parts.chain";
      "packages.steel";
      "packages.anchor" -> "packages.chain";
      "packages.anchor" -> "packages.steel";
      "packages.chain" -> "packages.steel";
      "packages.parts.chain" -> "packages.steel";
    }
    "#);
    insta::assert_snapshot!(harbour.succeed(&["graph", "packages.x86_64-linux.chain"]).stdout, @"
    packages.chain -> packages.steel
    packages.steel
    ");
}

#[test]
fn a_system_that_is_none_has_no_graph() {
    insta::assert_snapshot!(harbour().fail(2, &["graph", "--system", "mars"]).stable_stderr(), @r"
    error: `mars` is not a system
     |
     = help: systems: `aarch64-darwin`, `aarch64-linux`, `x86_64-darwin`, `x86_64-linux`
    ");
}
