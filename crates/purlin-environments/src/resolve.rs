//! From requests to packages.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{Asked, Error, Offer, Offers, Request, Version};

/// What is to be resolved.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// What is asked for, the most important first.
    pub asked: Vec<Asked>,
    /// Versions that are taken though there may be newer ones, by what all that is asked of a package comes
    /// to, as it is printed (`cmake-3.20+<4`): those of the lock.
    pub preferred: BTreeMap<String, Version>,
}

/// What was chosen for one package.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// What all that was asked of the package comes to.
    pub request: Request,
    /// The version and the repository that it is from.
    pub offer: Offer,
    /// What it says of itself: the fields of a package.
    pub document: Json,
    /// Which of its variants, from 0; `None` where it has none.
    pub variant: Option<usize>,
    /// What it needs, its variant's requests among them.
    pub requires: Vec<Request>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resolution {
    /// What was chosen; each stands behind what it needs.
    pub packages: Vec<Chosen>,
    /// What was agreed on without a package.
    pub ephemerals: Vec<Request>,
}

impl Resolution {
    /// What was chosen for a package.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Chosen> {
        self.packages.iter().find(|chosen| chosen.offer.name == name)
    }
}

/// Chooses packages. The same question and the same offers give the same answer.
pub trait Resolve {
    /// Answers a question.
    ///
    /// # Errors
    /// It cannot be answered; the error says who asked for what.
    fn resolve(&self, question: &Question, offers: &dyn Offers) -> Result<Resolution, Error>;
}
