//! What speaks HTTP: an agent for one fetch, and its errors in words.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ureq::config::Config;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Error, Proxy, ProxyProtocol, Timeout};

use crate::address::{Address, Place};
use crate::attempt::Problem;
use crate::settings::Settings;

/// Where systems keep the certificates that they trust.
const PLACES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How many redirects are followed.
pub(crate) const REDIRECTS: u32 = 10;

/// Makes agents. An agent is of one fetch, because shutting it down is how a fetch is cancelled.
#[derive(Default)]
pub(crate) struct Client {
    roots: OnceLock<RootCerts>,
}

impl Client {
    /// `verified`: whether what comes is known by its digest. If not, what was asked for encrypted
    /// does not come otherwise.
    pub(crate) fn agent(
        &self,
        settings: &Settings,
        address: &Address,
        verified: bool,
    ) -> Result<Agent, Problem> {
        let encrypted = matches!(address.place, Place::Web { encrypted: true });
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(REDIRECTS)
            .max_redirects_will_error(true)
            .https_only(encrypted && !verified)
            .proxy(proxy(settings, encrypted)?)
            .user_agent(concat!("purlin/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(settings.connect))
            .timeout_connect(Some(settings.connect))
            .timeout_per_read(Some(settings.silence))
            .timeout_per_write(Some(settings.silence));
        // A redirect may lead from `http` to `https`, so that they are needed for both.
        let roots = self.roots(settings)?;
        let config = config.tls_config(
            TlsConfig::builder()
                .root_certs(roots)
                .unversioned_rustls_crypto_provider(Arc::new(
                    rustls::crypto::ring::default_provider(),
                ))
                .build(),
        );
        Ok(config.build().into())
    }

    /// The certificates that servers are checked against, read once.
    fn roots(&self, settings: &Settings) -> Result<RootCerts, Problem> {
        if let Some(roots) = self.roots.get() {
            return Ok(roots.clone());
        }
        let roots = match &settings.certificates {
            Some(path) => certificates(path).map_err(|error| {
                let path = path.display();
                Problem::lasting(format!("The certificates in `{path}` cannot be read: {error}."))
            })?,
            None => {
                let found = PLACES.iter().find_map(|place| certificates(Path::new(place)).ok());
                found.unwrap_or_default()
            }
        };
        Ok(self.roots.get_or_init(|| RootCerts::Specific(Arc::new(roots))).clone())
    }
}

fn certificates(path: &Path) -> io::Result<Vec<Certificate<'static>>> {
    let text = fs::read(path)?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(one) = item.map_err(io::Error::other)? {
            certificates.push(one);
        }
    }
    Ok(certificates)
}

fn proxy(settings: &Settings, encrypted: bool) -> Result<Option<Proxy>, Problem> {
    let proxies = &settings.proxies;
    let text = if encrypted { &proxies.https } else { &proxies.http };
    let Some(text) = text.as_ref().filter(|text| !text.is_empty()) else { return Ok(None) };
    let bad = || Problem::lasting(format!("The proxy `{text}` is none that can be used."));
    let given = Proxy::new(text).map_err(|_| bad())?;
    // The library would panic at the others.
    if !matches!(given.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
        return Err(bad());
    }
    let mut proxy = Proxy::builder(given.protocol()).host(given.host()).port(given.port());
    if let Some(name) = given.username() {
        proxy = proxy.username(name);
    }
    if let Some(password) = given.password() {
        proxy = proxy.password(password);
    }
    for except in &proxies.except {
        proxy = proxy.no_proxy(except);
    }
    proxy.build().map(Some).map_err(|_| bad())
}

/// An error of the library in words, and whether another attempt makes sense.
pub(crate) fn problem(error: &Error, settings: &Settings) -> Problem {
    let seconds = |time: Duration| time.as_secs_f32();
    match error {
        Error::TooManyRedirects => {
            Problem::lasting(format!("It redirects more than {REDIRECTS} times."))
        }
        Error::RequireHttpsOnly(to) => Problem::lasting(format!(
            "It redirects to `{to}`, which is not encrypted, and no digest says what comes."
        )),
        Error::HostNotFound => Problem::passing("There is no host of this name."),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => Problem::passing(format!(
            "There was no connection within {} s.",
            seconds(settings.connect)
        )),
        Error::Timeout(_) => {
            Problem::passing(format!("It sent nothing for {} s.", seconds(settings.silence)))
        }
        Error::Rustls(error) => Problem::lasting(format!("The connection is not safe: {error}.")),
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Problem::passing("The connection ended before the file did.")
        }
        Error::Io(error) => match error.get_ref().and_then(|it| it.downcast_ref()) {
            Some(error) => rustls_problem(error),
            None => Problem::passing(format!("{error}.")),
        },
        Error::Protocol(error) => Problem::passing(format!("It does not speak HTTP: {error}.")),
        other => Problem::lasting(format!("{other}.")),
    }
}

fn rustls_problem(error: &rustls::Error) -> Problem {
    Problem::lasting(format!("The connection is not safe: {error}."))
}
