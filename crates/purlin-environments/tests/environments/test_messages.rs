//! What users read.

use purlin_environments::{
    Asked, Error, FirstFit, Offer, Offers, Question, Range, Request, Resolve, Version,
};
use serde_json::{Value as Json, json};

struct Two;

impl Offers for Two {
    fn versions(&self, name: &str) -> Result<Vec<Offer>, Error> {
        let versions: &[&str] = match name {
            "qt" => &["5.15", "6.5"],
            "app" | "tool" | "bad" => &["1"],
            _ => &[],
        };
        Ok(versions
            .iter()
            .map(|version| Offer {
                name: name.to_owned(),
                version: version.parse().unwrap(),
                repository: "shelf".to_owned(),
                digest: String::new(),
            })
            .collect())
    }

    fn package(&self, offer: &Offer) -> Result<Json, Error> {
        Ok(match offer.name.as_str() {
            "app" => json!({ "requires": ["qt-5"] }),
            "tool" => json!({ "requires": ["qt-6"] }),
            "bad" => json!({ "requires": "qt" }),
            _ => json!({}),
        })
    }
}

fn resolve(requests: &[&str]) -> String {
    let asked =
        |text: &&str| Asked { request: text.parse().unwrap(), by: "the command line".into() };
    let asked = requests.iter().map(asked).collect();
    let question = Question { asked, ..Question::default() };
    FirstFit.resolve(&question, &Two).unwrap_err().to_string()
}

#[test]
fn texts_that_are_wrong_are_told_what_they_should_be() {
    assert_eq!(
        "1..2".parse::<Version>().unwrap_err().to_string(),
        "`1..2` is not a version: tokens of letters, digits and `_` with one `.` or `-` between two."
    );
    assert_eq!(
        "^1.2".parse::<Range>().unwrap_err().to_string(),
        "`^1.2` is not a range of versions, such as `3`, `3+`, `<5`, `1+<5`, `1..5`, `==3` or `1|3`."
    );
    assert_eq!("2+<1".parse::<Range>().unwrap_err().to_string(), "no version is in `2+<1`.");
    assert_eq!("!".parse::<Request>().unwrap_err().to_string(), "`!` names no package.");
    assert_eq!(
        "foo-2+<1".parse::<Request>().unwrap_err().to_string(),
        "`foo-2+<1` is not a request: no version is in `2+<1`."
    );
}

#[test]
fn who_asked_for_what_cannot_be_had_is_named() {
    assert_eq!(
        resolve(&["app", "tool"]),
        "`qt` cannot be had as everybody asks: `qt-5` is asked for by `app-1`, `qt-6` is asked for by `tool-1`."
    );
    assert_eq!(
        resolve(&["qt-7+"]),
        "no version of `qt` meets what is asked: `qt-7+` is asked for by the command line; there is `6.5`, `5.15`."
    );
    assert_eq!(
        resolve(&["nothing"]),
        "no repository has a package `nothing`: `nothing` is asked for by the command line."
    );
    assert_eq!(
        resolve(&["bad"]),
        "what is said of `bad-1` in `shelf` cannot be used: `requires` is no list of requests"
    );
}
