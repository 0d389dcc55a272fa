//! What the definition language is to the rest: names known from the syntax tree, functions called
//! with everything that they ask for, and values that only the language can look into.
//!
//! Whoever composes definitions knows this trait and no language; the runtime that implements it
//! knows nothing of composition. Values that cross are shared, never copied: a package that a
//! thousand others use is evaluated once.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use purlin_model::{Diagnostic, Diagnostics, Origin, Source, Value};

use crate::Schema;

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
    /// The literal that `definitions` is bound to, if it is.
    pub definitions: Option<Written>,
}

/// A function at the top level of a file.
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

    /// For a leaf: the text that stands for it in strings, and in nothing else.
    fn placeholder(&self) -> Option<String> {
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
    Leaf(Arc<LeafType>, Value),
    /// The constructor of a leaf type.
    Constructor(Arc<LeafType>),
    /// Names that are looked up when they are used.
    Namespace(Arc<dyn Namespace>),
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
}

/// Names that are looked up when they are used: `pkgs`, `self`, `ctx.inputs`, a folder of packages.
pub trait Namespace: Send + Sync {
    /// What messages call it: `pkgs.games`.
    fn described(&self) -> String;

    /// Its names in order, as they were written.
    fn names(&self) -> Vec<String>;

    /// What a name stands for; `-` and `_` are the same. `None` where it has no such name.
    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>>;
}

impl fmt::Debug for Argument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(formatter, "{value:?}"),
            Self::Data(value) => write!(formatter, "{value:?}"),
            Self::Leaf(leaf, value) => write!(formatter, "{} {value:?}", leaf.name),
            Self::Constructor(leaf) => formatter.write_str(&leaf.constructor),
            Self::Namespace(names) => formatter.write_str(&names.described()),
        }
    }
}
