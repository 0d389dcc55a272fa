//! What a fetcher is told by whoever knows the surroundings.

use std::path::PathBuf;
use std::time::Duration;

/// How files are fetched.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Places that are asked first, in order, for what is pinned by its digest. In each, `{sha256}`
    /// stands for the digest and `{name}` for the last name in the address; one without either is a
    /// folder of files by name.
    pub mirrors: Vec<String>,
    /// Whether only what needs no network is fetched.
    pub offline: bool,
    /// What stands between this machine and the network.
    pub proxies: Proxies,
    /// A file of certificates in PEM that servers are checked against; where it is missing, the
    /// usual places of the system.
    pub certificates: Option<PathBuf>,
    /// The largest file that is fetched, in bytes.
    pub largest: u64,
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long a server may send nothing.
    pub silence: Duration,
    /// How often one address is asked without a byte more than before.
    pub attempts: u32,
    /// How long is waited before the second attempt; before each further one three times as long.
    pub pause: Duration,
}

/// Proxies by the scheme of what is asked for. They are asked to connect (`CONNECT`), for both.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For `http`.
    pub http: Option<String>,
    /// For `https`.
    pub https: Option<String>,
    /// Hosts that are asked directly: `example.com`, `.example.com` for all below it, `*`.
    pub except: Vec<String>,
}

/// How much of a file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all, where the server says so.
    pub total: Option<u64>,
}

/// Who is told how far it is, and says whether it goes on.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Called as bytes come in, often.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Asked often, from several threads. After it has said yes, nothing more is begun.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mirrors: Vec::new(),
            offline: false,
            proxies: Proxies::default(),
            certificates: None,
            largest: 16 << 30,
            connect: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            attempts: 4,
            pause: Duration::from_millis(250),
        }
    }
}

impl Watch<'static> {
    /// Nobody looks, and nobody cancels.
    #[must_use]
    pub fn silent() -> Self {
        Self { progress: &|_| {}, cancelled: &|| false }
    }
}
