//! What is asked of several packages.

use std::fmt;

use crate::Request;

/// Requests, those for one package merged, in the order in which the packages were first named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests(Vec<Request>);

impl Requests {
    /// Merges requests.
    ///
    /// # Errors
    /// What was asked of a package before, and the request that cannot be had beside it.
    pub fn of(requests: &[Request]) -> Result<Self, (Request, Request)> {
        let mut all = Self::default();
        for request in requests {
            all.add(request).map_err(|before| (before, request.clone()))?;
        }
        Ok(all)
    }

    /// Adds one.
    ///
    /// # Errors
    /// What was asked of the package before, which cannot be had beside it.
    pub fn add(&mut self, request: &Request) -> Result<(), Request> {
        match self.0.iter_mut().find(|one| one.name == request.name) {
            Some(before) => *before = before.merged(request).ok_or_else(|| before.clone())?,
            None => self.0.push(request.clone()),
        }
        Ok(())
    }

    /// What is asked of a package.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Request> {
        self.0.iter().find(|request| request.name == name)
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &Request> {
        self.0.iter()
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(Request::to_string).collect();
        formatter.write_str(&texts.join(" "))
    }
}
