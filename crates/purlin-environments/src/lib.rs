//! Versions, ranges and requests, and the packages that meet them.
//!
//! The scheme is that of rez, spelling for spelling: [`Version`] tells the order, [`Range`] is a set of
//! versions with its algebra, [`Request`] is what somebody asks of one package. A [`Resolve`] chooses
//! among what repositories offer.
//!
//! This crate does no I/O and knows no plugin: what repositories have comes in through [`Offers`].
//!
//! ```
//! use purlin_environments::{Range, Request, Version};
//!
//! let version: Version = "1.10".parse()?;
//! assert!(version > "1.9".parse()?);
//!
//! let range: Range = ">=1,<2".parse()?;
//! assert_eq!(range.to_string(), "1+<2");
//! assert!(range.contains(&version));
//!
//! let request: Request = "cmake-3.20+".parse()?;
//! assert_eq!((request.name.as_str(), request.to_string()), ("cmake", "cmake-3.20+".to_owned()));
//! # Ok::<(), purlin_environments::Error>(())
//! ```

mod bound;
mod error;
mod first;
mod offer;
mod package;
mod range;
mod request;
mod requests;
mod resolve;
mod text;
mod version;

pub use error::{Asked, Error};
pub use first::FirstFit;
pub use offer::{Offer, Offers};
pub use package::{Package, Variant};
pub use range::Range;
pub use request::{Request, Strength};
pub use requests::Requests;
pub use resolve::{Chosen, Question, Resolution, Resolve};
pub use version::Version;
