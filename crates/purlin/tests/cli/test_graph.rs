//! `graph`

use purlin_test::Workspace;
use serde_json::json;

use crate::workspace;

fn harbour() -> Workspace {
    let workspace = workspace("systems = ['x86_64-linux', 'aarch64-linux']\n[packages.steel]\nversion = '1'\n");
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
    let nodes: Vec<&str> = told["nodes"].as_array().unwrap().iter().filter_map(|one| one["path"].as_str()).collect();
    assert_eq!(nodes, ["packages.anchor", "packages.chain", "packages.parts.chain", "packages.steel"]);
    assert_eq!(
        told["edges"],
        json!([
            { "from": "packages.anchor", "to": "packages.chain", "name": "chain" },
            { "from": "packages.anchor", "to": "packages.steel", "name": "steel" },
            { "from": "packages.chain", "to": "packages.steel", "name": "steel" },
            { "from": "packages.parts.chain", "to": "packages.steel", "name": "steel" },
        ])
    );
}

#[test]
fn it_can_be_read_and_drawn() {
    let harbour = harbour();
    insta::assert_snapshot!(harbour.succeed(&["graph"]).stdout, @"");
    insta::assert_snapshot!(harbour.succeed(&["graph", "--dot"]).stdout, @"");
    insta::assert_snapshot!(harbour.succeed(&["graph", "packages.x86_64-linux.chain"]).stdout, @"");
}
