//! Every group of the answers that were recorded from rez 3.4.0.

use std::cmp::Ordering;

use purlin_environments::{Range, Request, Requests, Strength, Version};
use serde_json::Value as Json;

fn cases(group: &str, at_least: usize) -> Vec<Json> {
    let text = include_str!("../cases/rez/versions.json");
    let document: Json = serde_json::from_str(text).unwrap();
    let cases = document[group].as_array().unwrap().clone();
    assert!(cases.len() >= at_least, "{group} has {} cases", cases.len());
    cases
}

fn version(text: &Json) -> Version {
    text.as_str().unwrap().parse().unwrap()
}

fn range(text: &Json) -> Range {
    text.as_str().unwrap().parse().unwrap()
}

fn printed(range: Option<&Range>) -> Json {
    range.map_or(Json::Null, |range| Json::String(range.to_string()))
}

#[test]
fn no_group_is_left_out() {
    let text = include_str!("../cases/rez/versions.json");
    let document: Json = serde_json::from_str(text).unwrap();
    let groups: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let tested = [
        "compare",
        "contains",
        "invalid_versions",
        "range_ops",
        "range_parse",
        "requirement_lists",
        "requirement_merge_conflicts",
        "requirement_parse",
        "sorted",
    ];
    for group in groups.iter().filter(|group| !["format", "tool"].contains(group)) {
        assert!(tested.contains(group), "{group}");
    }
}

#[test]
fn versions_compare_and_sort() {
    for case in cases("compare", 700) {
        let (one, two) = (version(&case[0]), version(&case[1]));
        let expected = case[2].as_i64().unwrap().cmp(&0);
        assert_eq!(one.cmp(&two), expected, "{case}");
        assert_eq!(one == two, expected == Ordering::Equal, "{case}");
    }
    let expected: Vec<Version> = cases("sorted", 60).iter().map(version).collect();
    let mut sorted = expected.clone();
    sorted.reverse();
    sorted.sort();
    let texts = |all: &[Version]| all.iter().map(Version::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&sorted), texts(&expected));
}

#[test]
fn some_texts_are_no_versions() {
    for case in cases("invalid_versions", 12) {
        let parsed = case[0].as_str().unwrap().parse::<Version>();
        assert_eq!(parsed.is_ok(), case[1].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn ranges_parse_and_print() {
    for case in cases("range_parse", 250) {
        let parsed = case["in"].as_str().unwrap().parse::<Range>();
        assert_eq!(parsed.is_ok(), case["ok"].as_bool().unwrap(), "{case}");
        if let Ok(range) = parsed {
            assert_eq!(range.to_string(), case["norm"].as_str().unwrap(), "{case}");
            assert_eq!(range.is_any(), case["any"].as_bool().unwrap(), "{case}");
        }
    }
}

#[test]
fn ranges_contain_versions() {
    for case in cases("contains", 1000) {
        let contains = range(&case[0]).contains(&version(&case[1]));
        assert_eq!(contains, case[2].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn ranges_have_an_algebra() {
    for case in cases("range_ops", 300) {
        let (a, b) = (range(&case["a"]), range(&case["b"]));
        assert_eq!(printed(a.intersection(&b).as_ref()), case["and"], "{case}");
        assert_eq!(printed(Some(&a.union(&b))), case["or"], "{case}");
        assert_eq!(printed(a.inverse().as_ref()), case["not_a"], "{case}");
        assert_eq!(printed(a.difference(&b).as_ref()), case["a_minus_b"], "{case}");
        assert_eq!(a.is_superset(&b), case["a_superset_b"].as_bool().unwrap(), "{case}");
        assert_eq!(a.intersects(&b), case["intersects"].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn requests_parse_and_print() {
    for case in cases("requirement_parse", 26) {
        let parsed = case["in"].as_str().unwrap().parse::<Request>();
        assert_eq!(parsed.is_ok(), case["ok"].as_bool().unwrap(), "{case}");
        let Ok(request) = parsed else { continue };
        assert_eq!(request.to_string(), case["str"].as_str().unwrap(), "{case}");
        assert_eq!(request.name, case["name"].as_str().unwrap(), "{case}");
        // rez keeps what a weak request rules out, and calls it a conflict, too.
        let range = match request.strength {
            Strength::Weak => request.excluded(),
            _ => Some(request.range.clone()),
        };
        assert_eq!(printed(range.as_ref()), case["range"], "{case}");
        assert_eq!(!request.is_wanted(), case["conflict"].as_bool().unwrap(), "{case}");
        assert_eq!(request.strength == Strength::Weak, case["weak"].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn requests_merge_or_conflict() {
    for case in cases("requirement_merge_conflicts", 160) {
        let request = |index: usize| case[index].as_str().unwrap().parse::<Request>().unwrap();
        let (one, two) = (request(0), request(1));
        let merged = one.merged(&two).map_or(Json::Null, |merged| merged.to_string().into());
        assert_eq!(merged, case[2], "{case}");
        assert_eq!(one.conflicts_with(&two), case[3].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn lists_of_requests_merge_in_order() {
    for case in cases("requirement_lists", 10) {
        let texts = case["in"].as_array().unwrap().iter();
        let requests: Vec<Request> =
            texts.map(|text| text.as_str().unwrap().parse().unwrap()).collect();
        let merged = Requests::of(&requests);
        assert_eq!(merged.is_err(), case["conflict"].as_bool().unwrap(), "{case}");
        let printed = match merged {
            Ok(merged) => merged.to_string(),
            Err((one, two)) => format!("{one} <--!--> {two}"),
        };
        assert_eq!(printed, case["out"].as_str().unwrap(), "{case}");
    }
}
