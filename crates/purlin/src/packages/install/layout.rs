//! The folders of variants in that of a package, and the ones that are there already.

use std::fs;
use std::path::Path;

use purlin_model::{Digest, Source, parse_toml};
use serde_json::Value as Json;

/// How much of a digest names a variant.
const HASH: usize = 16;

/// A variant that stands in a `package.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    /// What it needs beside what all variants do.
    pub(super) needs: Vec<String>,
    /// Where it is installed, from the folder of the package.
    pub(super) folder: String,
}

/// The folder of a variant: a folder for each of its needs, as rez has them, or a digest where these are no
/// names of folders, or lead into the folder of another variant.
pub(super) fn folder(needs: &[String], others: &[Vec<String>]) -> String {
    let is_plain = |need: &String| {
        let sound = |one: char| one.is_ascii_alphanumeric() || "-_.+".contains(one);
        !need.starts_with('.') && need.chars().all(sound) && need != "root"
    };
    let leads_into = |other: &Vec<String>| {
        other != needs && (other.starts_with(needs) || needs.starts_with(other.as_slice()))
    };
    match !needs.is_empty() && needs.iter().all(is_plain) && !others.iter().any(leads_into) {
        true => needs.join("/"),
        false => Digest::of(needs.join("\n").as_bytes()).to_hex().chars().take(HASH).collect(),
    }
}

/// The variants that are installed in a folder already. What cannot be read has none.
pub(super) fn installed(place: &Path) -> Vec<Variant> {
    let text = fs::read_to_string(place.join("package.toml")).unwrap_or_default();
    let (document, _) = parse_toml(&Source::new("package.toml", text));
    let document = document.to_json();
    let list = |field: &str| document.get(field).and_then(Json::as_array).cloned();
    let all =
        list("variants").into_iter().flatten().zip(list("variant-roots").into_iter().flatten());
    let variant = |(needs, root): (Json, Json)| {
        let needs = needs.as_array()?.iter().map(|one| one.as_str().map(str::to_owned));
        let folder = root.as_str()?.strip_suffix("/root")?.to_owned();
        let is_here = !folder.split('/').any(|part| part == "..") && !folder.starts_with('/');
        let is_there = place.join(&folder).join("root").is_dir();
        (is_here && is_there).then_some(Variant { needs: needs.collect::<Option<_>>()?, folder })
    };
    all.filter_map(variant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_variants_are_apart() {
        let needs = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let (one, two) = (needs(&["python-3.9"]), needs(&["python-2.7", "qt-5"]));
        assert_eq!(folder(&one, &[one.clone(), two.clone()]), "python-3.9");
        assert_eq!(folder(&two, &[one, two.clone()]), "python-2.7/qt-5");
        let inner = needs(&["python-2.7"]);
        assert_eq!(folder(&inner, &[inner.clone(), two.clone()]).len(), HASH);
        assert_eq!(folder(&two, &[inner, two.clone()]).len(), HASH);
        for strange in ["../out", "a/b", ".hidden", "a<3", "root"] {
            assert_eq!(folder(&needs(&[strange]), &[]).len(), HASH, "{strange}");
        }
        assert_eq!(folder(&[], &[]).len(), HASH);
    }
}
