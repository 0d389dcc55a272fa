//! What repositories offer.

use serde_json::Value as Json;

use crate::{Error, Version};

/// One version of a package in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The repository that has it.
    pub repository: String,
    /// What tells its content from any other.
    pub digest: String,
}

/// What can be had. An answer may be expensive, so each question is asked when it matters, and once.
pub trait Offers {
    /// All versions of a package in any order, each from the first repository that has it. None where no
    /// repository has a package of the name.
    ///
    /// # Errors
    /// A repository could not answer.
    fn versions(&self, name: &str) -> Result<Vec<Offer>, Error>;

    /// What a version says of itself: the fields of a package.
    ///
    /// # Errors
    /// A repository could not answer.
    fn package(&self, offer: &Offer) -> Result<Json, Error>;
}
