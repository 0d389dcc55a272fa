//! Fetching for this user: where files are kept, what stands between here and the network, and who is
//! shown how far it is.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

use indicatif::{BinaryBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use purlin_fetch::{Fetcher, Progress, Proxies, Settings, Watch, without_password};
use purlin_model::Value;

use crate::arguments::Global;
use crate::context::Context;
use crate::{draw, environment, signals};

/// What fetches files, into a folder that all workspaces of the user share.
pub(crate) fn fetcher(context: &Context) -> Fetcher {
    let mirrors = context.document.get("fetch").and_then(|fetch| fetch.get("mirrors"));
    let mirrors = mirrors.and_then(Value::as_list).unwrap_or_default();
    let text = |variable| {
        environment::value_in_either_case(variable).and_then(|value| value.into_string().ok())
    };
    let except = text(&environment::NO_PROXY).unwrap_or_default();
    let except = except.split(',').map(str::trim).filter(|host| !host.is_empty());
    Fetcher::new(
        folder(&context.cache),
        Settings {
            mirrors: mirrors.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            offline: context.global.offline,
            proxies: Proxies {
                http: text(&environment::HTTP_PROXY),
                https: text(&environment::HTTPS_PROXY),
                except: except.map(str::to_owned).collect(),
            },
            certificates: environment::value(&environment::SSL_CERT_FILE).map(PathBuf::from),
            ..Settings::default()
        },
    )
}

/// Where fetched files are in a user's cache folder.
pub(crate) fn folder(cache: &Path) -> PathBuf {
    cache.join("fetched")
}

/// Does something that fetches from `url`, and shows how far it is: by a line that changes, or where
/// there is no terminal by one when it begins. A signal ends it.
pub(crate) fn watched<T>(global: &Global, url: &str, work: impl FnOnce(&Watch<'_>) -> T) -> T {
    signals::watch();
    let cancel = signals::cancel();
    let line = shown(global);
    let (url, told) = (without_password(url), Once::new());
    let progress = |progress: Progress| match &line {
        Some(line) => {
            let done = BinaryBytes(progress.done);
            let total = progress.total.map(|total| format!(" of {}", BinaryBytes(total)));
            line.set_message(format!("fetching {url}  {done}{}", total.unwrap_or_default()));
        }
        None if global.quiet || global.json => {}
        None => told.call_once(|| draw::err(format_args!("fetching {url}\n"))),
    };
    let result = work(&Watch { progress: &progress, cancelled: &|| cancel.requested() });
    if let Some(line) = line {
        line.finish_and_clear();
    }
    result
}

/// The line that changes while something comes; `None` where nobody would see it change.
fn shown(global: &Global) -> Option<ProgressBar> {
    if global.quiet || global.json || !std::io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template("{wide_msg}").expect("it is a template");
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    Some(line.with_style(style))
}
