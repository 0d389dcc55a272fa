//! The subset of JSON Schema 2020-12 that configuration is checked with.
//!
//! It is small so that defaults, completion, documentation and editor schemas can always be made
//! from it, and it differs from JSON Schema in three documented ways: a table with declared
//! properties has no others unless `additionalProperties` says so; declared properties may be
//! written with `-` or `_`; and `oneOf` needs something to tell its branches apart by.
//!
//! ```
//! use purlin_model::{Source, parse_toml};
//! use purlin_plugin::Schema;
//!
//! let schema = Schema::parse(&Source::new(
//!     "glob.json",
//!     r#"{"type": "object", "required": ["pattern"], "properties": {"pattern": {"type": "string"}}}"#,
//! ))
//! .expect("it is inside the subset");
//! let (value, _) = parse_toml(&Source::new("purlin.toml", "patern = 'src/**'\n"));
//! let checked = schema.validate(&value);
//! assert!(checked.value.is_none());
//! let told: Vec<&str> = checked.diagnostics.iter().map(|one| one.summary.as_str()).collect();
//! assert_eq!(told, ["unknown field `/patern`", "`/pattern` is missing"]);
//! ```

use std::sync::Arc;

use purlin_model::{Diagnostic, Diagnostics, Origin, Severity, Source, Value, parse_json};
use regex_lite::Regex;

mod choose;
mod equal;
mod merge;
mod parse;
mod paths;
mod property;
mod settle;
#[cfg(test)]
mod tests;
mod validate;

pub use property::Property;

/// A schema that lies inside the subset.
#[derive(Debug, Clone)]
pub struct Schema {
    nodes: Vec<Node>,
    root: NodeId,
}

/// What became of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Validated {
    /// The value with the schema's own spellings and its defaults; `Some` exactly when no
    /// diagnostic is an error.
    pub value: Option<Value>,
    /// All mistakes, and warnings about deprecated fields.
    pub diagnostics: Vec<Diagnostic>,
}

/// The types of JSON, with JSON Schema's `integer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number without a fraction.
    Integer,
    /// Any number.
    Number,
    /// A text.
    String,
    /// A list.
    Array,
    /// A table.
    Object,
}

/// What `x-purlin-path` says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRole {
    /// It is a path.
    Path,
    /// It is the path of a file that a dependency's answer is read from.
    Input,
    /// It is a pattern of files: what references in it stand for is no pattern.
    Glob,
}

/// A text of a validated value that is a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateText<'s> {
    /// JSON Pointer from the top of the value.
    pub pointer: String,
    /// The roots that it may refer to.
    pub roots: &'s [String],
    /// True for a pattern of files (`"x-purlin-path": "glob"`).
    pub is_glob: bool,
}

/// Place of a node in its schema.
type NodeId = usize;

/// One schema object.
#[derive(Debug, Clone)]
struct Node {
    origin: Origin,
    /// Empty for any.
    types: Vec<JsonType>,
    properties: Vec<DeclaredProperty>,
    additional: Additional,
    items: Option<NodeId>,
    unique_items: bool,
    values: Option<Vec<Value>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    pattern: Option<Regex>,
    one_of: Option<OneOf>,
    reference: Option<NodeId>,
    notes: Notes,
}

/// A property that a node declares.
#[derive(Debug, Clone)]
struct DeclaredProperty {
    name: String,
    node: NodeId,
    required: bool,
}

/// What a table may hold besides its declared properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Additional {
    Nothing,
    Anything,
    Node(NodeId),
}

/// Branches, and what tells those apart that take tables.
#[derive(Debug, Clone)]
struct OneOf {
    branches: Vec<NodeId>,
    discriminator: Option<Discriminator>,
}

/// A property whose value names the branch.
#[derive(Debug, Clone)]
struct Discriminator {
    property: String,
    values: Vec<(Value, NodeId)>,
}

/// What is said about a value and does not make it wrong.
#[derive(Debug, Clone, Default)]
struct Notes {
    title: Option<String>,
    description: Option<String>,
    default: Option<Value>,
    deprecated: bool,
    examples: Vec<Value>,
    secret: bool,
    template: Option<Vec<String>>,
    path: Option<PathRole>,
    merge: Option<Merge>,
}

/// What `x-purlin-merge` says of a value: how several definitions of it become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// They exclude each other, unless one counts more.
    Unique,
    /// Lists and texts are put one behind the other.
    Append,
    /// The same, each element once.
    Union,
}

impl Merge {
    const NAMES: [(&str, Self); 3] =
        [("unique", Self::Unique), ("append", Self::Append), ("union", Self::Union)];
}

impl Schema {
    /// Parses the text of a schema file.
    ///
    /// # Errors
    /// Everything that is outside the subset, with its line in the schema file.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let value = parse_json(source).map_err(|diagnostic| vec![diagnostic])?;
        Self::from_value(&value)
    }

    /// Reads a schema that is a value already.
    ///
    /// # Errors
    /// Everything that is outside the subset.
    pub fn from_value(value: &Value) -> Result<Self, Diagnostics> {
        parse::parse_schema(value)
    }

    /// Checks a value, gives its declared keys the schema's spelling, and fills in defaults.
    ///
    /// Every error has the code `schema`, says what was expected and what is there, names the JSON
    /// Pointer and points at the value (or at the key that is unknown, or at the table that lacks
    /// one). A default has the origin of the table that it is filled into.
    #[must_use]
    pub fn validate(&self, value: &Value) -> Validated {
        self.validate_own(value.clone())
    }

    /// The same for a value that need not be copied.
    #[must_use]
    pub fn validate_own(&self, value: Value) -> Validated {
        Self::validated(validate::validate(self, value, true))
    }

    /// The same without filling in defaults, for readers who know what stands for what is not there.
    #[must_use]
    pub fn validate_written(&self, value: Value) -> Validated {
        Self::validated(validate::validate(self, value, false))
    }

    fn validated((value, diagnostics): (Value, Vec<Diagnostic>)) -> Validated {
        let broken = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        Validated { value: Some(value).filter(|_| !broken), diagnostics }
    }

    /// The texts of a validated value that are paths of files which a dependency's answer is read
    /// from (`"x-purlin-path": "input"`).
    #[must_use]
    pub fn input_paths<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let inputs = paths::texts(self, value).into_iter().filter(|text| text.role.is_input);
        inputs.map(|text| text.value).collect()
    }

    /// The texts of a validated value that are templates (`x-purlin-template`).
    #[must_use]
    pub fn templates(&self, value: &Value) -> Vec<TemplateText<'_>> {
        let texts = paths::texts(self, value).into_iter();
        let templates = texts.filter_map(|text| {
            let (roots, is_glob) = (text.role.template?, text.role.is_glob);
            Some(TemplateText { pointer: text.pointer, roots, is_glob })
        });
        templates.collect()
    }

    /// The declared properties of the value itself, in the schema's order; for help and
    /// documentation.
    #[must_use]
    pub fn properties(&self) -> Vec<Property<'_>> {
        property::properties(self, self.root)
    }

    /// The values that say how several definitions of them become one (`x-purlin-merge`), by their names
    /// from the top; `None` stands for any name.
    #[must_use]
    pub fn merges(&self) -> Vec<(Vec<Option<&str>>, Merge)> {
        merge::merges(self)
    }

    /// What the schema as a whole says that it describes.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        let chain = || self.chain(self.root);
        chain()
            .find_map(|node| node.notes.description.as_deref())
            .or_else(|| chain().find_map(|node| node.notes.title.as_deref()))
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// A node and the nodes that it refers to, one after the other; never empty. What stands
    /// earlier wins. References that lead in a circle were refused.
    fn chain(&self, id: NodeId) -> impl Iterator<Item = &Node> {
        std::iter::successors(Some(self.node(id)), |node| node.reference.map(|id| self.node(id)))
    }

    /// The node that says what a value must be: the end of the chain of references.
    fn resolved(&self, id: NodeId) -> &Node {
        let mut node = self.node(id);
        while let Some(id) = node.reference {
            node = self.node(id);
        }
        node
    }
}

impl JsonType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Null,
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::String,
        Self::Array,
        Self::Object,
    ];

    /// Its name in schemas.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// As messages say it, in the words of TOML: `a string`, `a table`.
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "a list",
            Self::Object => "a table",
        }
    }
}
