//! What the feature table is sorted by.

use purlin_plugin::Point;

/// The key of a claim: a name, `verb --flag`, or a hook's event.
pub(crate) fn feature_key(point: Point, claim: &str) -> String {
    format!("{point}/{claim}")
}

/// The key of the features of a point that are its default. No claim holds a NUL.
pub(crate) fn default_key(point: Point) -> String {
    format!("{point}\0")
}

/// The key of files of commands that plugins ship; no point is called so.
pub(crate) const COMMANDS_KEY: &str = "commands\0";

/// The key of files of definitions that plugins ship; no point is called so.
pub(crate) const DEFINITIONS_KEY: &str = "definitions\0";

/// What the keys of all claims at a point begin with.
pub(crate) fn point_prefix(point: Point) -> String {
    format!("{point}/")
}

/// What the keys of all flags of a verb begin with.
pub(crate) fn flag_prefix(verb: &str) -> String {
    format!("{}/{verb} --", Point::Argument)
}
