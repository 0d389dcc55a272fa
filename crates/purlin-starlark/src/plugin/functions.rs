//! What plugins can use besides what every file can: `fragment`, `prioritised`, `refuse`, `host`.

use purlin_model::Diagnostic;
use purlin_plugin::contract::LogLevel;
use starlark::environment::{Globals, GlobalsBuilder};
use starlark::starlark_module;
use starlark::values::list::UnpackList;
use starlark::values::none::{NoneOr, NoneType};
use starlark::values::structs::AllocStruct;
use starlark::values::{Value, ValueLike as _};

use super::context::OriginValue;
use super::fragment::{About, FragmentValue};
use crate::module::failed;
use crate::{globals, session};

/// How the code of a diagnostic begins that a plugin has made itself.
pub(super) const REFUSED: &str = "refused:";

/// The functions of plugins' files.
pub(crate) fn globals() -> Globals {
    globals::builder().with(ours).with_namespace("host", host).build()
}

#[starlark_module]
fn ours(builder: &mut GlobalsBuilder) {
    /// A piece of definitions or outputs. `path` begins with its section or output root.
    fn fragment<'v>(
        #[starlark(require = pos)] path: UnpackList<String>,
        #[starlark(require = pos)] value: Value<'v>,
        #[starlark(require = named, default = NoneOr::None)] system: NoneOr<String>,
        #[starlark(require = named, default = NoneOr::None)] priority: NoneOr<i32>,
        #[starlark(require = named, default = NoneOr::None)] origin: NoneOr<Value<'v>>,
        eval: &mut starlark::eval::Evaluator<'v, '_, '_>,
    ) -> starlark::Result<FragmentValue> {
        let origin = match origin.into_option() {
            None => None,
            Some(value) => match value.downcast_ref::<OriginValue>() {
                Some(origin) => Some(origin.0.clone()),
                None => return Err(failed("`origin` must be that of an entry".to_owned())),
            },
        };
        let about = About {
            path: path.items,
            system: system.into_option(),
            priority: priority.into_option().map(i64::from),
            origin,
        };
        FragmentValue::new(&about, value, eval.heap()).map_err(failed)
    }

    /// The same with a priority of its own.
    fn prioritised<'v>(
        #[starlark(require = pos)] fragment: Value<'v>,
        priority: i32,
        eval: &mut starlark::eval::Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        Ok(match FragmentValue::from_value(fragment) {
            Some(one) => eval.heap().alloc(one.with_priority(priority.into())),
            None => fragment,
        })
    }

    /// Ends the call with an error that is the user's to mend. `path` is a JSON Pointer to what is
    /// wrong in the configuration.
    fn refuse(
        #[starlark(require = pos)] message: String,
        #[starlark(require = named, default = String::new())] path: String,
        #[starlark(require = named, default = "INVALID_CONFIG".to_owned())] code: String,
    ) -> starlark::Result<NoneType> {
        session::fail(Diagnostic::error(&format!("{REFUSED}{code}"), message.clone()).help(path));
        Err(failed(message))
    }
}

#[starlark_module]
fn host(builder: &mut GlobalsBuilder) {
    /// A line for the log.
    fn log(
        #[starlark(require = pos)] message: String,
        #[starlark(default = "info".to_owned())] level: String,
    ) -> starlark::Result<NoneType> {
        let level = match level.as_str() {
            "debug" => LogLevel::Debug,
            "info" => LogLevel::Info,
            "warning" => LogLevel::Warning,
            other => return Err(failed(format!("`{other}` is not `debug`, `info` or `warning`"))),
        };
        session::ask(move |services| services.log(level, &message));
        Ok(NoneType)
    }

    /// What is installed and enabled: structures with `plugin`, `point` and `name`.
    fn features<'v>(
        eval: &mut starlark::eval::Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<Value<'v>>> {
        let heap = eval.heap();
        let all = session::ask(|services| services.features()).unwrap_or_default();
        let all = all.iter().map(|one| {
            heap.alloc(AllocStruct([
                ("plugin", one.plugin.as_str()),
                ("point", one.point.as_str()),
                ("name", one.name.as_str()),
            ]))
        });
        Ok(all.collect())
    }
}
