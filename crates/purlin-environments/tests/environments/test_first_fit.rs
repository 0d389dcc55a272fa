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
