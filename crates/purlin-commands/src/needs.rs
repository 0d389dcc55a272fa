//! What commands need while they run, and how much of it there is. None of it is in a key.

use std::collections::BTreeMap;

use purlin_model::{Diagnostic, Origin, Table, Value, closest, fold};

use crate::definition::Command;

/// What `needs` calls processors: as many as `-n` says.
pub(crate) const CPU: &str = "cpu";
/// What `needs` calls memory, in bytes: what `[workspace] pools` says, else what the machine has.
pub(crate) const MEMORY: &str = "memory";

/// Amounts by the name of their pool; memory in bytes.
pub type Amounts = BTreeMap<String, Amount>;

/// How much is needed, or there.
#[derive(Debug, Clone)]
pub struct Amount {
    /// Pieces, or bytes of memory.
    pub size: u64,
    /// As it is written.
    written: String,
    /// Where.
    pub origin: Origin,
}

/// Reads `needs` of a command or `pools` of the workspace; the schema has seen them.
pub(crate) fn read(value: Option<&Value>) -> Amounts {
    let entries = value.and_then(Value::as_table).into_iter().flat_map(Table::iter);
    let amount = |value: &Value| {
        let (size, written) = match (value.as_int(), value.as_str()) {
            (Some(size), _) => (u64::try_from(size).ok()?, size.to_string()),
            (_, text) => (bytes(text?)?, text?.to_owned()),
        };
        Some(Amount { size, written, origin: value.origin.clone() })
    };
    entries.filter_map(|(name, entry)| Some((fold(name), amount(&entry.value)?))).collect()
}

/// A size of memory such as `512MiB` or `4GB`, in bytes.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let unit: u64 = match &text[digits.len()..] {
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    Some(number.saturating_mul(unit))
}

/// What is wrong with the pools of a workspace.
pub(crate) fn check_pools(pools: &Amounts, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(processors) = pools.get(CPU) {
        diagnostics.push(
            Diagnostic::error("bad-pool", format!("`{CPU}` is no pool of a workspace"))
                .label(processors.origin.clone(), "this size")
                .detail("There are as many processors as `-n` says, or else as the machine has.")
                .help("take it out".to_owned()),
        );
    }
}

/// What is wrong with what commands need: a pool that is not there or that is too small.
///
/// Processors and memory of the machine are never too small: a file that one machine can follow
/// is right on the others too, and what needs more than there is runs when it can have all.
pub(crate) fn check<'a>(
    commands: impl Iterator<Item = &'a Command>,
    pools: &Amounts,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for command in commands {
        for (name, need) in &command.needs {
            match pools.get(name) {
                _ if name == CPU => {}
                None if name == MEMORY => {}
                None => diagnostics.push(unknown(command, name, need, pools)),
                Some(pool) if need.size > pool.size => {
                    diagnostics.push(too_much(command, name, need, pool));
                }
                Some(_) => {}
            }
        }
    }
}

fn unknown(command: &Command, name: &str, need: &Amount, pools: &Amounts) -> Diagnostic {
    let known = pools.keys().map(String::as_str).chain([CPU, MEMORY]);
    let declare =
        format!("say how much of it there is: `[workspace] pools = {{ {name} = {} }}`", need.size);
    let similar = closest(name, known).map(|near| format!("did you mean `{near}`?"));
    Diagnostic::error("unknown-pool", format!("there is no pool `{name}`"))
        .label(need.origin.clone(), format!("`{}` needs {} of it", command.name, need.written))
        .help(similar.unwrap_or(declare))
}

fn too_much(command: &Command, name: &str, need: &Amount, pool: &Amount) -> Diagnostic {
    Diagnostic::error(
        "too-much-needed",
        format!("`{}` needs more of `{name}` than there is", command.name),
    )
    .label(need.origin.clone(), format!("it needs {}", need.written))
    .label(pool.origin.clone(), format!("and the pool has {}", pool.written))
    .help("such a command could never start: make the pool larger, or the need smaller".to_owned())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_of_memory_have_units() {
        assert_eq!(bytes("4GiB"), Some(4 << 30));
        assert_eq!(bytes("512MB"), Some(512_000_000));
        assert_eq!(bytes("1KiB"), Some(1024));
        assert_eq!(bytes("99999999999GiB"), Some(u64::MAX));
    }
}
