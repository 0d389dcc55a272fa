//! What the definition language is to the rest: names known from the syntax tree, functions called
//! with everything that they ask for, and values that only the language can look into.
//!
//! Whoever composes definitions knows this trait and no language; the runtime that implements it
//! knows nothing of composition. Values that cross are shared, never copied: a package that a
//! thousand others use is evaluated once.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use purlin_model::{Diagnostic, Diagnostics, Origin, Source, Value};

use crate::{JsonType, Schema};

/// A language in which definitions are written.
pub trait Language: Send + Sync {
    /// What a file defines, from its syntax tree alone. Nothing is evaluated, and no other file is
    /// read.
    ///
    /// # Errors
    /// All syntax errors, with their places.
    fn index(&self, source: &Arc<Source>) -> Result<Arc<FileIndex>, Diagnostics>;

    /// Calls a function of a file. The file is evaluated when one of its functions is first called,
    /// and so are the files that it loads. Parameters that have no argument take their defaults.
    ///
    /// # Errors
    /// What went wrong, with the place and the calls that led there. An error that an argument of
    /// the kind [`Argument::Namespace`] returned comes back as it was.
    fn call(
        &self,
        function: &FunctionRef,
        arguments: &[(String, Argument)],
    ) -> Result<Handle, Diagnostic>;

    /// The same for who calls few functions of the file: of a large one, only what the function can
    /// mean need be evaluated. What is wrong elsewhere at the top level of the file may not be told.
    ///
    /// # Errors
    /// Those of [`Language::call`].
    fn call_alone(
        &self,
        function: &FunctionRef,
        arguments: &[(String, Argument)],
    ) -> Result<Handle, Diagnostic> {
        self.call(function, arguments)
    }

    /// A constant of a file: what a name is bound to at its top level.
    ///
    /// # Errors
    /// Those of [`Language::call`].
    fn constant(&self, source: &Arc<Source>, name: &str) -> Result<Handle, Diagnostic>;

    /// Does work that calls functions again and again, where calls cost the least: each need not be
    /// handed over by itself. There is a stack of at least 64 MiB, for what lies in itself.
    ///
    /// # Errors
    /// What was called has exceeded a limit in such a way that the work cannot go on: it stands where
    /// it is, with all that it holds. Whoever asked for it sees to what is left.
    fn attend(&self, work: Box<dyn FnOnce() + Send>) -> Result<(), Diagnostic>;
}

/// Where `load` finds other files. It answers the same source for the same file, however often it is
/// asked, and only files of the workspace that `from` belongs to.
pub trait Sources: Send + Sync {
    /// The file that `label` means in the file `from`: a path from the workspace's root, or one that
    /// begins with `./` or `../` and is relative to the file.
    ///
    /// # Errors
    /// The file lies outside of the workspace, is none, or cannot be read.
    fn load(&self, label: &str, from: &Arc<Source>) -> Result<Arc<Source>, Diagnostic>;

    /// The path from the workspace's root that `path` means in the file `from`, to which it is
    /// relative; `.` is the root itself. Nothing need be there.
    ///
    /// # Errors
    /// The path leads out of the workspace, or the file is in none.
    fn resolve(&self, path: &str, from: &Arc<Source>) -> Result<String, Diagnostic> {
        Err(Diagnostic::error("outside", format!("`{path}` is no path in the workspace"))
            .label(Origin::whole(from), "this file is in no workspace"))
    }
}

/// A function of a file.
#[derive(Debug, Clone)]
pub struct FunctionRef {
    /// The file.
    pub source: Arc<Source>,
    /// The function's name there.
    pub name: String,
}

/// What a file defines.
#[derive(Debug, Clone, PartialEq)]
pub struct FileIndex {
    /// Its functions, in order.
    pub functions: Vec<Function>,
    /// Other names that are bound at its top level, in order, those that it loads among them.
    pub constants: Vec<(String, Origin)>,
    /// Those that are loaded, by name: where from, and what they are called there.
    pub loaded: BTreeMap<String, Loaded>,
    /// The literal that `definitions` is bound to, if it is.
    pub definitions: Option<Written>,
}

/// A name that a file loads from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What [`Sources::load`] is asked for.
    pub label: String,
    /// Its name in the other file.
    pub name: String,
}

/// A function at the top level of a file, or a name that is bound to a lambda there.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub origin: Origin,
    /// What it asks for, in order.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub origin: Origin,
    /// How it is filled.
    pub kind: ParameterKind,
}

/// How a parameter is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// It must be given.
    Required,
    /// It has a default.
    Optional,
    /// `*args` or `**kwargs`: nothing is injected into it.
    Rest,
}

/// A part of the literal `definitions = {…}`.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// A dictionary with literal keys, in order.
    Branch(Vec<(String, Origin, Written)>),
    /// The name of a function or constant of the file.
    Name {
        /// The name.
        name: String,
        /// Where it stands.
        origin: Origin,
        /// The priority of `prioritised(NAME, PRIORITY)`.
        priority: Option<i64>,
    },
    /// Literal data.
    Data {
        /// The data.
        value: Value,
        /// The priority of `prioritised(DATA, PRIORITY)`.
        priority: Option<i64>,
    },
}

/// A value that the language made. It may be kept and handed to other calls, in any thread.
pub type Handle = Arc<dyn Evaluated>;

/// What can be asked of a value that the language made.
pub trait Evaluated: Any + Send + Sync + fmt::Debug {
    /// The value, down to the first leaves and functions.
    fn datum(&self) -> Datum;

    /// For a leaf: its fields, down to the first leaves and functions in them.
    fn fields(&self) -> Option<Datum>;

    /// The leaf type, if this is a leaf.
    fn leaf(&self) -> Option<Arc<LeafType>>;

    /// Where it was made, where the language knows.
    fn origin(&self) -> Option<Origin>;

    /// Whether it is a function.
    fn is_function(&self) -> bool {
        matches!(self.datum(), Datum::Function(_))
    }

    /// For a leaf: the text that stands for it in strings, and in nothing else.
    fn placeholder(&self) -> Option<String> {
        None
    }

    /// For a leaf that has no `name`, of a type that may have one: the same with a name.
    fn named(&self, name: &str) -> Option<Handle> {
        let _ = name;
        None
    }

    /// The leaves whose placeholders stand in strings of this leaf, each once.
    fn mentions(&self) -> Vec<Handle> {
        Vec::new()
    }

    /// Itself, for the language that made it.
    fn as_any(&self) -> &dyn Any;
}

/// A value as far as it is data. Leaves and functions stay what they are, so that what many share is
/// not repeated.
#[derive(Debug, Clone)]
pub enum Datum {
    /// `None`
    Null,
    /// `True` or `False`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    String(String),
    /// A list or tuple.
    List(Vec<Datum>),
    /// A dictionary or structure with names for keys, in order.
    Table(Vec<(String, Datum)>),
    /// A typed leaf.
    Leaf(Handle),
    /// A function.
    Function(Handle),
}

/// What a function is called with.
#[derive(Clone)]
pub enum Argument {
    /// A value that the language made.
    Value(Handle),
    /// Data.
    Data(Value),
    /// A leaf that was written as data and fits its type.
    Leaf(Arc<WrittenLeaf>),
    /// The constructor of a leaf type.
    Constructor(Arc<LeafType>),
    /// Names that are looked up when they are used.
    Namespace(Arc<dyn Namespace>),
}

/// A leaf that was written as data.
pub struct WrittenLeaf {
    /// Its type.
    pub leaf: Arc<LeafType>,
    /// What it says, which fits its type.
    pub fields: Value,
    /// What the language made of it.
    value: OnceLock<Handle>,
}

impl WrittenLeaf {
    /// A leaf of fields that fit its type.
    #[must_use]
    pub fn new(leaf: Arc<LeafType>, fields: Value) -> Arc<Self> {
        Arc::new(Self { leaf, fields, value: OnceLock::new() })
    }

    /// The value of the language, which is the same one however many use it.
    pub fn value(&self, make: impl FnOnce(&Arc<LeafType>, &Value) -> Handle) -> &Handle {
        if let Some(value) = self.value.get() {
            return value;
        }
        // Whoever makes it may be stopped where it stands, and nobody waits for that: what is made twice
        // is the same.
        let made = make(&self.leaf, &self.fields);
        self.value.get_or_init(|| made)
    }
}

/// A typed leaf, as a plugin's manifest describes it.
#[derive(Debug)]
pub struct LeafType {
    /// Its name, `package`.
    pub name: String,
    /// The plugin that it is of.
    pub plugin: String,
    /// Its constructor, `mk_package`.
    pub constructor: String,
    /// What a leaf may say.
    pub schema: Arc<Schema>,
    /// What verbs look for.
    pub role: Option<String>,
    /// A leaf may have a `name`; one that does not say it has that of its definition.
    pub has_name: bool,
}

impl LeafType {
    /// The field that holds a leaf's name.
    pub const NAME: &'static str = "name";

    /// Whether a leaf may have a name, by its schema.
    #[must_use]
    pub fn may_be_named(schema: &Schema) -> bool {
        let mut properties = schema.properties().into_iter();
        properties.any(|one| one.name == Self::NAME && one.types() == [JsonType::String])
    }
}

/// Names that are looked up when they are used: `pkgs`, `self`, `ctx.inputs`, a folder of packages.
pub trait Namespace: Send + Sync {
    /// What messages call it: `pkgs.games`.
    fn described(&self) -> String;

    /// Its names in order, as they were written.
    fn names(&self) -> Vec<String>;

    /// What a name stands for; `-` and `_` are the same. `None` where it has no such name.
    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>>;

    /// The names below a name, where those are what it stands for. Whoever has none of these need not find
    /// out what the name stands for.
    fn below(&self, name: &str) -> Option<Arc<dyn Namespace>> {
        match self.get(name)? {
            Ok(Argument::Namespace(names)) => Some(names),
            _ => None,
        }
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(formatter, "{value:?}"),
            Self::Data(value) => write!(formatter, "{value:?}"),
            Self::Leaf(written) => {
                write!(formatter, "{} {:?}", written.leaf.name, written.fields)
            }
            Self::Constructor(leaf) => formatter.write_str(&leaf.constructor),
            Self::Namespace(names) => formatter.write_str(&names.described()),
        }
    }
}
