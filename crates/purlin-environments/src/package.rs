//! What a resolve reads of a package's document.

use serde_json::Value as Json;

use crate::{Error, Offer, Request};

/// A package as far as choosing needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// What it needs, whichever variant is taken.
    pub requires: Vec<Request>,
    /// Its variants; none where there is one form of it only.
    pub variants: Vec<Variant>,
}

/// One form of a package, which needs more than the others or something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its name, where variants are named and not listed.
    pub name: Option<String>,
    /// What it needs beside `requires`.
    pub requires: Vec<Request>,
}

impl Package {
    /// Reads `requires` and `variants` (a list of lists, or a table of them,
    /// which are taken in the order of their names) of a document.
    ///
    /// # Errors
    /// One of them is not what it should be.
    pub fn of_document(document: &Json, offer: &Offer) -> Result<Self, Error> {
        Self::read(document).map_err(|why| Error::Document {
            package: format!("`{}-{}` in `{}`", offer.name, offer.version, offer.repository),
            why,
        })
    }

    fn read(document: &Json) -> Result<Self, String> {
        let requires = match document.get("requires") {
            None | Some(Json::Null) => Vec::new(),
            Some(list) => requests(list, "requires")?,
        };
        let variant = |name: Option<&str>, list: &Json| {
            let requires = requests(list, "variants")?;
            Ok::<_, String>(Variant { name: name.map(str::to_owned), requires })
        };
        let variants = match document.get("variants") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(all)) => {
                all.iter().map(|list| variant(None, list)).collect::<Result<_, _>>()?
            }
            Some(Json::Object(all)) => all
                .iter()
                .map(|(name, list)| variant(Some(name), list))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err("`variants` is neither a list nor a table".to_owned()),
        };
        Ok(Self { requires, variants })
    }
}

fn requests(list: &Json, field: &str) -> Result<Vec<Request>, String> {
    let items = list.as_array().ok_or_else(|| format!("`{field}` is no list of requests"))?;
    let request = |item: &Json| {
        let text = item.as_str().ok_or_else(|| format!("`{field}` holds what is no text"))?;
        text.parse::<Request>().map_err(|error| error.to_string())
    };
    items.iter().map(request).collect()
}
