//! The first resolve: newest first, what packages need, and who speaks against whom.

use std::cell::RefCell;
use std::collections::BTreeMap;

use purlin_environments::{
    Asked, Error, FirstFit, Offer, Offers, Question, Resolution, Resolve, Version,
};
use serde_json::{Value as Json, json};

/// Packages in memory, which note what they are asked.
#[derive(Default)]
struct Shelf {
    packages: BTreeMap<String, Vec<(Version, Json)>>,
    opened: RefCell<Vec<String>>,
}

impl Shelf {
    fn of(packages: &[(&str, &str, Json)]) -> Self {
        let mut shelf = Self::default();
        for (name, version, document) in packages {
            let versions = shelf.packages.entry((*name).to_owned()).or_default();
            versions.push((version.parse().unwrap(), document.clone()));
        }
        shelf
    }

    fn resolve(&self, requests: &[&str]) -> Result<Resolution, Error> {
        self.preferring(requests, &[])
    }

    fn preferring(&self, requests: &[&str], pins: &[(&str, &str)]) -> Result<Resolution, Error> {
        let asked = requests.iter().map(|text| Asked {
            request: text.parse().unwrap(),
            by: "the command line".to_owned(),
        });
        let pins =
            pins.iter().map(|(name, version)| ((*name).to_owned(), version.parse().unwrap()));
        let question = Question { asked: asked.collect(), preferred: pins.collect() };
        FirstFit.resolve(&question, self)
    }
}

impl Offers for Shelf {
    fn versions(&self, name: &str) -> Result<Vec<Offer>, Error> {
        let versions = self.packages.get(name).into_iter().flatten();
        let offer = |(version, _): &(Version, Json)| Offer {
            name: name.to_owned(),
            version: version.clone(),
            repository: "shelf".to_owned(),
            digest: format!("{name}@{version}"),
        };
        Ok(versions.map(offer).collect())
    }

    fn package(&self, offer: &Offer) -> Result<Json, Error> {
        self.opened.borrow_mut().push(format!("{}-{}", offer.name, offer.version));
        let versions = &self.packages[&offer.name];
        Ok(versions.iter().find(|(version, _)| *version == offer.version).unwrap().1.clone())
    }
}

fn chosen(resolution: &Resolution) -> Vec<String> {
    let name = |offer: &Offer| format!("{}-{}", offer.name, offer.version);
    resolution.packages.iter().map(|chosen| name(&chosen.offer)).collect()
}

fn studio() -> Shelf {
    Shelf::of(&[
        ("python", "2.7", json!({})),
        ("python", "3.9", json!({})),
        ("python", "3.11", json!({})),
        ("six", "1.16", json!({ "requires": ["python-2.7+"] })),
        ("maya", "2024", json!({ "requires": ["python-3.9", "six"] })),
        ("maya", "2022", json!({ "requires": ["python-2.7"] })),
        ("usd", "23", json!({ "variants": [["python-2.7"], ["python-3.9+"]] })),
        ("named", "1", json!({ "variants": { "old": ["python<3"], "new": ["python-3"] } })),
        ("loose", "1", json!({ "requires": ["~python<3", ".fast-1"] })),
    ])
}

#[test]
fn the_newest_version_of_all_ranges_is_taken_and_what_it_needs_stands_before_it() {
    let shelf = studio();
    assert_eq!(chosen(&shelf.resolve(&["python"]).unwrap()), ["python-3.11"]);
    assert_eq!(chosen(&shelf.resolve(&["python<3.10", "python-2+"]).unwrap()), ["python-3.9"]);
    let resolution = shelf.resolve(&["maya"]).unwrap();
    assert_eq!(chosen(&resolution), ["python-3.9", "six-1.16", "maya-2024"]);
    assert_eq!(resolution.get("maya").unwrap().offer.digest, "maya@2024");
}

#[test]
fn only_what_is_taken_is_read() {
    let shelf = studio();
    shelf.resolve(&["python<3"]).unwrap();
    assert_eq!(*shelf.opened.borrow(), ["python-2.7"]);
}

#[test]
fn the_first_variant_that_fits_is_taken() {
    let shelf = studio();
    let variant = |requests: &[&str]| {
        let resolution = shelf.resolve(requests).unwrap();
        (resolution.packages.last().unwrap().variant, chosen(&resolution)[0].clone())
    };
    assert_eq!(variant(&["usd"]), (Some(0), "python-2.7".to_owned()));
    assert_eq!(variant(&["python-3", "usd"]), (Some(1), "python-3.11".to_owned()));
    assert_eq!(variant(&["python-3", "named"]).0, Some(0));
    assert_eq!(variant(&["python-2", "named"]).0, Some(1));
}

#[test]
fn weak_conflicting_and_ephemeral_requests_choose_nothing() {
    let shelf = studio();
    assert_eq!(chosen(&shelf.resolve(&["~python-2", "!six"]).unwrap()), [""; 0]);
    let resolution = shelf.resolve(&["loose", "python"]).unwrap();
    assert_eq!(chosen(&resolution), ["loose-1", "python-2.7"]);
    assert_eq!(resolution.ephemerals[0].to_string(), ".fast-1");
    assert_eq!(chosen(&shelf.resolve(&["python", "!python-3.11"]).unwrap()), ["python-3.9"]);
}

#[test]
fn what_was_chosen_before_is_kept_while_it_fits() {
    let shelf = studio();
    let pins = [("python", "3.9")];
    assert_eq!(chosen(&shelf.preferring(&["python"], &pins).unwrap()), ["python-3.9"]);
    assert_eq!(chosen(&shelf.preferring(&["python-3.10+"], &pins).unwrap()), ["python-3.11"]);
    let pins = [("python-3", "3.9"), ("python", "2.7")];
    assert_eq!(chosen(&shelf.preferring(&["python", "python-3"], &pins).unwrap()), ["python-3.9"]);
}

/// What was asked of a package, and what was chosen.
fn with_requests(resolution: &Resolution) -> Vec<String> {
    let told = resolution.packages.iter();
    told.map(|one| format!("{} -> {}-{}", one.request, one.offer.name, one.offer.version)).collect()
}

#[test]
fn an_older_version_is_taken_where_the_newest_does_not_go_with_the_rest() {
    let shelf = studio();
    assert_eq!(chosen(&shelf.resolve(&["maya", "python-2"]).unwrap()), ["python-2.7", "maya-2022"]);
    // Whoever is asked first.
    let resolution = shelf.resolve(&["python-2", "maya"]).unwrap();
    assert_eq!(
        with_requests(&resolution),
        ["python-2.7 -> python-2.7", "maya<2024|>2024 -> maya-2022"]
    );
    // What was set aside is a part of what is asked, so that its pin is not that of others.
    let pins = [("maya", "2024"), ("maya<2024|>2024", "2022")];
    let again = shelf.preferring(&["python-2", "maya"], &pins).unwrap();
    assert_eq!(with_requests(&again), with_requests(&resolution));
    let apart = shelf.preferring(&["maya"], &pins).unwrap();
    assert_eq!(apart.get("maya").unwrap().offer.version.to_string(), "2024");
}

#[test]
fn going_back_reaches_those_that_ask_for_a_package_without_other_versions() {
    let shelf = Shelf::of(&[
        ("a", "5", json!({})),
        ("a", "2", json!({})),
        ("low", "1", json!({ "requires": ["a<3"] })),
        ("middle", "1", json!({ "requires": ["a-5+"] })),
        ("top", "2", json!({ "requires": ["middle"] })),
        ("top", "1", json!({ "requires": ["a-1+"] })),
    ]);
    let chosen_for = |requests: &[&str]| chosen(&shelf.resolve(requests).unwrap());
    assert_eq!(chosen_for(&["top", "a<3"]), ["a-2", "top-1"]);
    assert_eq!(chosen_for(&["top", "low"]), ["a-2", "top-1", "low-1"]);
    assert_eq!(chosen_for(&["low", "top"]), ["a-2", "low-1", "top-1"]);
}

#[test]
fn where_going_back_does_not_help_the_first_conflict_is_told() {
    let shelf = studio();
    let error = shelf.resolve(&["maya", "python<2"]).unwrap_err();
    let Error::NoVersion { name, .. } = &error else { panic!("{error}") };
    assert_eq!(name, "python");
    let error = shelf.resolve(&["maya-2024", "python-2"]).unwrap_err().to_string();
    assert!(error.contains("`python-2` is asked for by the command line"), "{error}");
    assert!(error.contains("`python-3.9` is asked for by `maya-2024`"), "{error}");
    // A package that nobody has is no reason to take an older one.
    let shelf = Shelf::of(&[("a", "2", json!({ "requires": ["nowhere"] })), ("a", "1", json!({}))]);
    assert!(matches!(shelf.resolve(&["a"]), Err(Error::Unknown { .. })));
}

#[test]
fn a_choice_that_goes_round_in_circles_ends() {
    let shelf = Shelf::of(&[
        ("a", "2", json!({ "requires": ["b-1"] })),
        ("a", "1", json!({})),
        ("b", "1", json!({ "requires": ["a-1"] })),
    ]);
    let error = shelf.resolve(&["a"]).unwrap_err();
    assert_eq!(error, Error::Unsettled(vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn packages_that_need_each_other_are_taken_once() {
    let shelf = Shelf::of(&[
        ("a", "1", json!({ "requires": ["b"] })),
        ("b", "1", json!({ "requires": ["a"] })),
    ]);
    assert_eq!(chosen(&shelf.resolve(&["a"]).unwrap()), ["b-1", "a-1"]);
}
