//! The `transform` and `importer` points: definitions come in as entries, and go out as fragments.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin};
use serde_json::{Map, Value as Json, json};

use crate::contract::Host;
use crate::language::{Argument, Namespace};
use crate::message::{ErrorCode, FragmentMessage, PluginError};

mod placed;

/// A name in a path; shared, since one definition has it in several places.
pub type Name = Arc<str>;

/// The `transform` point. It is pure: the same definitions and options give the same fragments.
pub trait Transform: Send + Sync {
    /// Adds definitions to the sections that the manifest says it extends.
    ///
    /// # Errors
    /// What the plugin reports.
    fn extend(
        &self,
        context: &dyn TransformContext,
        options: &Json,
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let _ = (context, options, host);
        Ok(Vec::new())
    }

    /// Makes outputs below the roots that the manifest says it owns.
    ///
    /// # Errors
    /// What the plugin reports.
    fn outputs(
        &self,
        context: &dyn TransformContext,
        options: &Json,
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let _ = (context, options, host);
        Ok(Vec::new())
    }

    /// The definitions that an output may be made of, where that can be told from its path: their
    /// paths as [`DefinitionEntry::namespace`] has them. Whoever asks for one output among thousands
    /// is then spared the others: `compose` gives those that are named, and what stands above and below
    /// them. `None` means that all of them have to be looked at.
    ///
    /// ```
    /// use purlin_plugin::transform::{Name, Transform};
    ///
    /// /// Makes `boxes.NAME` of each definition `NAME`.
    /// struct Boxes;
    ///
    /// impl Transform for Boxes {
    ///     fn made_of(&self, _options: &serde_json::Value, output: &[Name]) -> Option<Vec<Vec<Name>>> {
    ///         let [_root, name] = output else { return None };
    ///         Some(vec![vec![name.clone()]])
    ///     }
    /// }
    ///
    /// let asked = [Name::from("boxes"), Name::from("red")];
    /// assert_eq!(Boxes.made_of(&serde_json::json!({}), &asked), Some(vec![vec!["red".into()]]));
    /// ```
    fn made_of(&self, options: &Json, output: &[Name]) -> Option<Vec<Vec<Name>>> {
        let _ = (options, output);
        None
    }
}

/// The `importer` point: files become definitions.
pub trait Importer: Send + Sync {
    /// `sources` are the files that match the manifest's `inputs`, from the workspace's root, sorted.
    ///
    /// # Errors
    /// What the plugin reports.
    fn load(
        &self,
        options: &Json,
        sources: &[String],
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError>;
}

/// What a transform may ask for.
pub trait TransformContext: Send + Sync {
    /// The systems that the workspace is for.
    fn systems(&self) -> Vec<String>;

    /// One entry for each definition of a section and each system that it is for.
    ///
    /// # Errors
    /// The manifest does not say that the transform reads the section.
    fn compose(&self, section: &str, how: &Compose) -> Result<Composition, PluginError>;

    /// The definitions as they were written, before any plugin extended them.
    fn original(&self) -> Arc<dyn Namespace>;

    /// The definitions as plugins extended them.
    fn extended(&self) -> Arc<dyn Namespace>;
}

/// What `compose` is to leave out, or to make besides.
#[derive(Debug, Clone, Default)]
pub struct Compose {
    /// Only definitions below this path, which is taken off.
    pub path_prefix: Vec<String>,
    /// Instead of the workspace's systems.
    pub systems: Option<Vec<String>>,
    /// Further axes, each with its values: one entry for each combination.
    pub axes: Vec<(String, Vec<String>)>,
}

/// What `compose` finds.
#[derive(Debug, Clone, Default)]
pub struct Composition {
    /// The workspace's own definitions.
    pub own: Vec<DefinitionEntry>,
    /// Definitions of child projects that are adopted: evaluated with the workspace's packages. The names
    /// that lead to the project are in front of theirs.
    pub adopted: Vec<DefinitionEntry>,
    /// Definitions of the other child projects, as they are at home; each project with the names that lead
    /// to it.
    pub children: Vec<(Vec<Name>, Vec<DefinitionEntry>)>,
}

/// A definition for one system.
#[derive(Debug, Clone)]
pub struct DefinitionEntry {
    /// Where it stands in its section, without a system.
    pub path: Arc<[Name]>,
    /// The same, where an empty path is `default`: what it is called in outputs.
    pub namespace: Arc<[Name]>,
    /// The system; `None` in sections that have none.
    pub system: Option<Name>,
    /// The values of further axes, in the order in which they were asked for.
    pub axes: Vec<(String, String)>,
    /// Who wrote it.
    pub origin: Origin,
    /// Its priority among others for the same path.
    pub priority: i64,
    /// What it is, once somebody asks.
    pub value: Arc<dyn Lazy>,
}

/// A definition that is evaluated when it is first asked for.
pub trait Lazy: Send + Sync {
    /// What it is.
    ///
    /// # Errors
    /// Its evaluation failed; the same error each time.
    fn force(&self) -> Result<Argument, Diagnostic>;

    /// What messages call it: `packages.games.antsimulator`.
    fn described(&self) -> String;

    /// Itself, for the host that made it: a fragment that hands on what `compose` gave keeps the
    /// priority and the origin of that.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

/// A piece of definitions or outputs that a plugin makes.
#[derive(Debug, Clone)]
pub struct Fragment {
    /// Where it belongs, its section or output root first.
    pub path: Vec<Name>,
    /// The one system that it is for; all that the workspace is for when absent.
    pub system: Option<Name>,
    /// Its priority; that of its phase when absent.
    pub priority: Option<i64>,
    /// Whom it comes from; the plugin itself when absent.
    pub origin: Option<Origin>,
    /// What the definitions in it get for parameters of these names, before anything else is looked
    /// up. A text that is one whole reference (`{packages.gcc}`) stands for that definition.
    pub inject: Map<String, Json>,
    /// What it is.
    pub payload: Payload,
}

/// What a fragment holds.
#[derive(Clone)]
pub enum Payload {
    /// Data; tables are branches, unless a leaf type takes them.
    Data(Json),
    /// A file of definitions, from the workspace's root: `{"$file": PATH}`.
    File(String),
    /// A folder of definitions, from the workspace's root: `{"$folder": PATH}`. Its files and folders
    /// become names below the fragment's path; none is opened for that. One that is missing is empty.
    Folder {
        /// Where it is.
        path: String,
        /// True where somebody wrote the path, who is told then that it is missing:
        /// `{"$folder": PATH, "named": true}`.
        named: bool,
    },
    /// A definition as it came from `compose`.
    Lazy(Arc<dyn Lazy>),
    /// A value.
    Value(Argument),
}

impl Payload {
    /// Data, or what `{"$file": PATH}` and `{"$folder": PATH, "named": true}` name.
    #[must_use]
    pub fn of_json(json: Json) -> Self {
        let text = |key: &str| Some(json.get(key)?.as_str()?.to_owned());
        let named = json.get("named").and_then(Json::as_bool);
        match (json.as_object().map_or(0, Map::len), text("$file"), text("$folder"), named) {
            (1, Some(path), ..) => Self::File(path),
            (1, _, Some(path), _) => Self::Folder { path, named: false },
            (2, _, Some(path), Some(named)) => Self::Folder { path, named },
            _ => Self::Data(json),
        }
    }
}

impl Payload {
    /// The other way round; `None` for what never leaves a process.
    #[must_use]
    pub fn to_json(&self) -> Option<Json> {
        Some(match self {
            Self::Data(data) => data.clone(),
            Self::File(path) => json!({ "$file": path }),
            Self::Folder { path, named: false } => json!({ "$folder": path }),
            Self::Folder { path, named: true } => json!({ "$folder": path, "named": true }),
            Self::Lazy(_) | Self::Value(_) => return None,
        })
    }
}

impl TryFrom<Fragment> for FragmentMessage {
    type Error = PluginError;

    fn try_from(fragment: Fragment) -> Result<Self, PluginError> {
        let Fragment { path, system, priority, origin: _, inject, payload } = fragment;
        let data = payload.to_json().ok_or_else(|| {
            let message = format!("`{}` is not data, and a process answers data", path.join("."));
            PluginError::new(ErrorCode::Internal, message)
        })?;
        let path = path.iter().map(ToString::to_string).collect();
        Ok(Self { path, system: system.map(|one| one.to_string()), priority, inject, data })
    }
}

impl From<FragmentMessage> for Fragment {
    fn from(message: FragmentMessage) -> Self {
        let FragmentMessage { path, system, priority, inject, data } = message;
        let system = system.map(Name::from);
        Self { system, priority, inject, ..Self::new(path, Payload::of_json(data)) }
    }
}

impl Fragment {
    /// A fragment of the plugin's own.
    pub fn new(path: impl IntoIterator<Item: Into<Name>>, payload: Payload) -> Self {
        let (path, inject) = (path.into_iter().map(Into::into).collect(), Map::new());
        Self { path, system: None, priority: None, origin: None, inject, payload }
    }
}

impl fmt::Debug for dyn Lazy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.described())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => write!(formatter, "{data}"),
            Self::File(path) => write!(formatter, "$file {path}"),
            Self::Folder { path, .. } => write!(formatter, "$folder {path}"),
            Self::Lazy(lazy) => write!(formatter, "{lazy:?}"),
            Self::Value(value) => write!(formatter, "{value:?}"),
        }
    }
}
