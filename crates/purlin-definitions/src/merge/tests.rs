//! The merge as an algebra, and the recorded cases.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use purlin_model::{Origin, Source, Value};
use serde_json::{Map, Value as Json, json};

use super::{Rule, Rules, Standing, Tree};
use crate::{Content, Contribution, Layer, Lineage, Name, ProjectPlace};

/// What decides between values of one path. `LastWins` is there to replay what was recorded.
#[derive(Clone, Copy)]
enum Policy {
    Strict,
    LastWins,
}

fn place(file: &str, line: usize) -> Origin {
    let source = Source::new(file, "\n".repeat(line));
    Origin::new(&source, line..line)
}

fn contribution(path: &[&str], value: &Json, priority: i64, place: Origin) -> Arc<Contribution> {
    Arc::new(Contribution {
        path: ["section"].iter().chain(path).map(|name| Name::from(*name)).collect(),
        system: None,
        content: Content::Data(Value::from_json(value, &place)),
        priority,
        at_home: priority,
        lineage: Arc::new(Lineage {
            project: Arc::new(ProjectPlace::root()),
            layer: Layer::Author,
            origin: place,
            step: None,
        }),
        through: None,
        inject: None,
    })
}

/// The leaves of a layer, each at its path.
fn leaves(value: &Json, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Json)>) {
    match value {
        Json::Object(map) => {
            for (name, value) in map {
                path.push(name.clone());
                leaves(value, path, found);
                path.pop();
            }
        }
        value => found.push((path.clone(), value.clone())),
    }
}

fn merged(layers: &[Json], policy: Policy) -> Tree {
    let mut tree = Tree::default();
    for (number, layer) in layers.iter().enumerate() {
        let mut found = Vec::new();
        leaves(layer, &mut Vec::new(), &mut found);
        for (path, value) in found {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let priority = match policy {
                Policy::Strict => 100,
                Policy::LastWins => 1000 - i64::try_from(number).unwrap(),
            };
            tree.insert(contribution(&path, &value, priority, place(&format!("{number}.toml"), 0)));
        }
    }
    tree
}

/// What a tree shows; `None` where something in it excludes each other.
fn shown(tree: &Tree, node: &super::Node) -> Option<Json> {
    match tree.standing(node, None) {
        Standing::Nothing => Some(json!({})),
        Standing::Branch(_) => {
            let mut map = Map::new();
            for (name, below) in node.below() {
                map.insert(name.to_string(), shown(tree, below)?);
            }
            Some(Json::Object(map))
        }
        Standing::Leaf(one, _) => match &one.content {
            Content::Data(value) => Some(value.to_json()),
            other => panic!("{other:?}"),
        },
        Standing::Conflict(_) => None,
    }
}

#[test]
fn recorded_merges_replay_and_silence_became_conflict() {
    let text = include_str!("../../../../tests/cases/capacitor/neutral.json");
    let cases: Vec<Json> = serde_json::from_str(text).unwrap();
    let cases: Vec<&Json> = cases.iter().filter(|case| case["kind"] == "merge").collect();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let layers = case["layers"].as_array().unwrap();
        let tree = merged(layers, Policy::LastWins);
        let expected = &case["expect_last_wins"];
        assert_eq!(shown(&tree, &tree.root).as_ref(), Some(expected), "{case}");
        let tree = merged(layers, Policy::Strict);
        let strict = shown(&tree, &tree.root);
        match case["expect_strict"].as_str() {
            Some("conflict") => assert_eq!(strict, None, "{case}"),
            _ => assert_eq!(strict.as_ref(), Some(expected), "{case}"),
        }
    }
}

/// Contributions with few paths, values, priorities, systems and projects, so that they meet.
fn any_contributions() -> impl Strategy<Value = Vec<Arc<Contribution>>> {
    let uses = [vec![1, 2, 3], vec![2, 3], vec![3], vec![]];
    let project = (0_usize..4).prop_map(move |index| {
        let uses = uses[index].iter().copied().collect();
        Arc::new(ProjectPlace { index, chain: vec![index.to_string().into()], uses })
    });
    let path = vec(prop::sample::select(vec!["a", "b", "c"]), 1..4);
    let priority = prop::sample::select(vec![50_i64, 100, 300]);
    let system = prop::sample::select(vec![None, Some("x86_64-linux"), Some("aarch64-linux")]);
    let one = (path, 0..3_i64, priority, system, project, 0_usize..4);
    let one = one.prop_map(|(path, value, priority, system, project, line)| {
        let file = format!("{}.toml", project.index);
        let one = contribution(&path, &json!(value), priority, place(&file, line));
        let lineage = Lineage { project, ..(*one.lineage).clone() };
        let system = system.map(Name::from);
        Arc::new(Contribution { system, lineage: Arc::new(lineage), ..(*one).clone() })
    });
    vec(one, 0..14)
}

const SYSTEMS: [Option<&str>; 3] = [None, Some("x86_64-linux"), Some("aarch64-linux")];

/// What a tree says everywhere, as a text that is the same for the same set.
fn told(tree: &Tree) -> String {
    fn node(tree: &Tree, at: &super::Node, path: &str, text: &mut String) {
        for system in SYSTEMS {
            text.push_str(&format!("{path} {system:?}: {:?}\n", tree.standing(at, system)));
        }
        for (name, below) in at.below() {
            node(tree, below, &format!("{path}.{name}"), text);
        }
    }
    let mut text = String::new();
    node(tree, &tree.root, "", &mut text);
    text
}

fn joined(one: &[Arc<Contribution>], other: &[Arc<Contribution>]) -> Tree {
    one.iter().chain(other).cloned().collect()
}

/// Everything at a node, whatever became of it.
fn parts(standing: Standing) -> (Option<Arc<Contribution>>, super::Verdict) {
    match standing {
        Standing::Nothing => (None, super::Verdict::default()),
        Standing::Branch(verdict) | Standing::Conflict(verdict) => (None, verdict),
        Standing::Leaf(winner, verdict) => (Some(winner), verdict),
    }
}

proptest! {
    #[test]
    fn order_makes_no_difference(all in any_contributions().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))) {
        let (all, shuffled) = all;
        prop_assert_eq!(told(&joined(&all, &[])), told(&joined(&shuffled, &[])));
    }

    #[test]
    fn all_at_once_is_one_by_one(before in any_contributions(), all in any_contributions()) {
        let mut at_once = joined(&before, &[]);
        let mut one_by_one = at_once.clone();
        at_once.extend(all.iter().cloned());
        all.iter().for_each(|one| one_by_one.insert(one.clone()));
        prop_assert_eq!(told(&at_once), told(&one_by_one));
    }

    #[test]
    fn grouping_makes_no_difference(
        a in any_contributions(),
        b in any_contributions(),
        c in any_contributions(),
    ) {
        let all = |tree: &Tree| {
            let mut all = Vec::new();
            tree.root.each(&mut |one| all.push(one.clone()));
            all
        };
        let left = joined(&all(&joined(&a, &b)), &c);
        let right = joined(&a, &all(&joined(&b, &c)));
        prop_assert_eq!(told(&left), told(&right));
    }

    #[test]
    fn every_conflict_names_two_origins_and_nothing_is_lost(
        all in any_contributions(),
        again in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        fn check(tree: &Tree, node: &super::Node) -> Result<(), TestCaseError> {
            for system in SYSTEMS {
                let here: Vec<_> = node.here().iter().filter(|one| one.is_for(system)).collect();
                let (winner, verdict) = parts(tree.standing(node, system));
                if !verdict.conflict.is_empty() {
                    let first = verdict.conflict[0].identity();
                    let differ = verdict.conflict.iter().any(|one| {
                        one.identity() != first || one.path != verdict.conflict[0].path
                    });
                    prop_assert!(verdict.conflict.len() > 1 && differ);
                    let origins = verdict.conflict.iter().map(|one| {
                        let origin = &one.lineage.origin;
                        (origin.source.path.clone(), origin.line)
                    });
                    prop_assert!(origins.collect::<std::collections::HashSet<_>>().len() > 1);
                }
                let kept: Vec<_> = winner
                    .iter()
                    .chain(&verdict.agreeing)
                    .chain(&verdict.shadowed)
                    .chain(&verdict.conflict)
                    .collect();
                for one in &here {
                    let times = kept.iter().filter(|other| Arc::ptr_eq(one, other)).count();
                    prop_assert_eq!(times, 1);
                }
                if let Some(winner) = &winner {
                    for one in kept.iter().filter(|one| one.path == winner.path) {
                        prop_assert!(winner.priority <= one.priority);
                    }
                    // A leaf takes all that is below it.
                    let mut below = 0;
                    node.each(&mut |one| below += usize::from(one.is_for(system)));
                    prop_assert_eq!(kept.len(), below);
                }
            }
            for (_, below) in node.below() {
                check(tree, below)?;
            }
            Ok(())
        }
        // Each is written at a place of its own, and some are reached twice.
        let all: Vec<Arc<Contribution>> = all.iter().enumerate().map(|(line, one)| {
            let file = one.lineage.origin.source.path.to_string_lossy().into_owned();
            let lineage = Lineage { origin: place(&file, line), ..(*one.lineage).clone() };
            Arc::new(Contribution { lineage: Arc::new(lineage), ..(**one).clone() })
        }).collect();
        let again: Vec<Arc<Contribution>> = match all.is_empty() {
            true => Vec::new(),
            false => again.iter().map(|one| Arc::new((**one.get(&all)).clone())).collect(),
        };
        let tree = joined(&all, &again);
        check(&tree, &tree.root)?;
    }
}

#[test]
fn the_narrower_one_counts_and_a_leaf_excludes_a_branch() {
    let mut tree = Tree::default();
    let general = contribution(&["a"], &json!(1), 100, place("one.toml", 0));
    let narrow = contribution(&["a"], &json!(2), 100, place("two.toml", 0));
    let system = Some(Name::from("x86_64-linux"));
    tree.insert(general.clone());
    tree.insert(Arc::new(Contribution { system: system.clone(), ..(*narrow).clone() }));
    let winner = |tree: &Tree, system| parts(tree.standing(tree.at(&["a"]).unwrap(), system)).0;
    assert_eq!(winner(&tree, Some("x86_64-linux")).unwrap().content.described(), "an integer");
    assert!(Arc::ptr_eq(&winner(&tree, Some("aarch64-linux")).unwrap(), &general));
    assert!(!Arc::ptr_eq(&winner(&tree, Some("x86_64-linux")).unwrap(), &general));
    // Recorded case 49: the leaf for all systems took the branch for one of them without a word.
    let below = contribution(&["a", "b"], &json!(3), 100, place("three.toml", 0));
    tree.insert(Arc::new(Contribution { system, ..(*below).clone() }));
    let node = tree.at(&["a"]).unwrap();
    assert!(matches!(tree.standing(node, Some("x86_64-linux")), Standing::Conflict(_)));
    assert!(matches!(tree.standing(node, Some("aarch64-linux")), Standing::Leaf(..)));
}

#[test]
fn of_projects_the_one_that_is_made_of_the_other_counts() {
    let place_of = |index, uses: &[usize]| {
        let uses = uses.iter().copied().collect();
        Arc::new(ProjectPlace { index, chain: vec![index.to_string().into()], uses })
    };
    let of = |project, value: i64| {
        let one = contribution(&["openssl"], &json!(value), 300, place("p.toml", 0));
        let lineage = Arc::new(Lineage { project, ..(*one.lineage).clone() });
        Arc::new(Contribution { lineage, ..(*one).clone() })
    };
    let (user, used, other) = (place_of(1, &[2]), place_of(2, &[]), place_of(3, &[]));
    let tree: Tree = [of(used.clone(), 1), of(user.clone(), 2)].into_iter().collect();
    let (winner, _) = parts(tree.standing(tree.at(&["openssl"]).unwrap(), None));
    assert_eq!(winner.unwrap().lineage.project.index, 1);
    let tree: Tree = [of(used, 1), of(other.clone(), 2)].into_iter().collect();
    let node = tree.at(&["openssl"]).unwrap();
    assert!(matches!(tree.standing(node, None), Standing::Conflict(_)));
    let tree: Tree = [of(user, 2), of(other, 2)].into_iter().collect();
    let node = tree.at(&["openssl"]).unwrap();
    assert!(matches!(tree.standing(node, None), Standing::Leaf(..)), "equal data is no conflict");
}

#[test]
fn lists_are_joined_where_a_schema_says_so() {
    for (rule, expected) in [
        (Rule::Append, json!([1, 2, 2, 3])),
        (Rule::Union, json!([1, 2, 3])),
        (Rule::Unique, json!([1, 2])),
    ] {
        let mut rules = Rules::default();
        rules.add(vec![None, Some("paths".into())], rule);
        let mut tree = Tree::new(Arc::new(rules));
        let path = ["x", "paths"];
        tree.insert(contribution(&path, &json!([2, 3]), 200, place("b.toml", 0)));
        tree.insert(contribution(&path, &json!([1, 2]), 100, place("a.toml", 0)));
        let node = tree.at(&path).unwrap();
        let (winner, verdict) = parts(tree.standing(node, None));
        assert_eq!(
            winner.unwrap().content.as_list().map(|l| l.len()),
            expected.as_array().map(Vec::len)
        );
        let others = verdict.agreeing.len() + verdict.shadowed.len();
        assert_eq!(others, if rule == Rule::Unique { 1 } else { 2 });
    }
}
