//! Fetching with the surroundings that the user has.

use purlin_fetch::{Fetcher, Proxies, Settings};

use crate::context::Context;
use crate::environment;

/// What fetches files for the user; all workspaces share what was fetched.
pub(crate) fn fetcher(context: &Context, mirrors: &[String]) -> Fetcher {
    let variables: Vec<_> = environment::all().collect();
    let first = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| {
            variables.iter().find(|(known, value)| known == name && !value.is_empty())
        });
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    };
    let all = first(["all_proxy", "ALL_PROXY"]);
    let except = first(["no_proxy", "NO_PROXY"]).unwrap_or_default();
    let settings = Settings {
        mirrors: mirrors.to_vec(),
        offline: context.global.offline,
        proxies: Proxies {
            http: first(["http_proxy", "HTTP_PROXY"]).or_else(|| all.clone()),
            https: first(["https_proxy", "HTTPS_PROXY"]).or(all),
            except: except.split(',').map(|host| host.trim().to_owned()).collect(),
        },
        certificates: first(["SSL_CERT_FILE", "SSL_CERT_FILE"]).map(Into::into),
        ..Settings::default()
    };
    Fetcher::new(context.cache.join("fetched"), settings)
}
