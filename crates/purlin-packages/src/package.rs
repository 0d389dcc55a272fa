//! A package as the leaf says it.

mod path;

pub use path::is_folder_name;

use std::sync::{Arc, OnceLock};

use purlin_environments::{Request, Version};
use purlin_model::{Diagnostic, Digest, Kind, Origin, Table, Value as Data};
use purlin_plugin::language::{Argument, Datum, Handle, LeafType};
use serde_json::Value as Json;

use crate::graph::Plan;

/// What leaves say that are packages.
pub const ROLE: &str = "build";

/// A package, before anything is known of how it is built.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version; a package without one has the version of whoever builds it.
    pub version: Option<String>,
    /// What it needs to run.
    pub requires: Vec<Need>,
    /// What it needs to be built, and what packages need that are built with it.
    pub build_requires: Vec<Need>,
    /// What it needs to be built, and nobody else does.
    pub private_build_requires: Vec<Need>,
    /// Packages whose roots stand in its texts.
    pub mentions: Vec<Handle>,
    /// Lists of needs, each of which makes a package of its own.
    pub variants: Vec<Vec<Need>>,
    /// What it is built from.
    pub source: Option<Source>,
    /// The shell text that builds it.
    pub build: Option<String>,
    /// The shell text that installs it.
    pub install: Option<String>,
    /// A plugin's builder, and what it is told.
    pub builder: Option<(String, Json)>,
    /// Process variables of what uses it.
    pub env: Vec<(String, String)>,
    /// Programs that it offers.
    pub tools: Vec<String>,
    /// Shell texts that must succeed once it is built.
    pub tests: Vec<(String, String)>,
    /// The systems that it is for; empty for all.
    pub systems: Vec<String>,
    /// May be moved once it is built.
    pub relocatable: bool,
    /// The program that is meant where only the package is named.
    pub main: Option<String>,
    /// The folder that it is installed in already.
    pub root: Option<String>,
    /// The folders that its variants are installed in, in their order, where each has its own.
    pub variant_roots: Vec<String>,
    /// It is what this machine has: its version and this digest are known, and what lies behind them
    /// is not.
    pub impure: bool,
    /// The digest of what is installed elsewhere.
    pub digest: Option<String>,
    /// All that it says.
    said: Vec<(String, Datum)>,
    /// Where it was written.
    pub origin: Origin,
    /// What it was made of, if the language made it.
    handle: Option<Handle>,
    /// See [`Package::identity`]: a digest, which hardly anybody asks for.
    identity: OnceLock<String>,
}

/// Something that a package needs.
#[derive(Debug, Clone)]
pub enum Need {
    /// Another package.
    Package(Argument),
    /// A request for one, and where it stands.
    Request(String),
}

/// What a package is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder or file of the workspace.
    Path {
        /// From the root of the workspace or project that the package is of.
        path: String,
        /// Patterns of the files in it that count; empty for all.
        include: Vec<String>,
        /// Patterns of those that do not.
        exclude: Vec<String>,
    },
    /// Something that is fetched.
    Url {
        /// From where.
        url: String,
        /// The digest that it must have.
        sha256: String,
    },
}

impl Package {
    /// One that says nothing but its name, for whoever makes one of something else.
    #[must_use]
    pub fn bare(name: String, identity: String, origin: Origin) -> Self {
        Self {
            name,
            version: None,
            requires: Vec::new(),
            build_requires: Vec::new(),
            private_build_requires: Vec::new(),
            mentions: Vec::new(),
            variants: Vec::new(),
            source: None,
            build: None,
            install: None,
            builder: None,
            env: Vec::new(),
            tools: Vec::new(),
            tests: Vec::new(),
            systems: Vec::new(),
            relocatable: false,
            main: None,
            root: None,
            variant_roots: Vec::new(),
            impure: false,
            digest: None,
            said: Vec::new(),
            origin,
            handle: None,
            identity: OnceLock::from(identity),
        }
    }

    /// The package that a value is; `None` for a value that is no leaf of that role.
    ///
    /// # Errors
    /// It lacks something that its schema cannot ask for.
    pub fn of(value: &Argument) -> Result<Option<Self>, Diagnostic> {
        let Some((leaf, fields, origin)) = fields_of(value) else { return Ok(None) };
        if leaf.role.as_deref() != Some(ROLE) {
            return Ok(None);
        }
        let (handle, mentions) = match value {
            Argument::Value(handle) => (Some(handle.clone()), handle.mentions()),
            _ => (None, Vec::new()),
        };
        let reader = Fields(&fields);
        let name = reader.text("name").ok_or_else(|| nameless(&origin))?;
        let package = Self {
            version: reader.text("version"),
            requires: reader.needs("requires"),
            build_requires: reader.needs("build-requires"),
            private_build_requires: reader.needs("private-build-requires"),
            mentions,
            variants: match reader.get("variants") {
                Some(Datum::List(lists)) => lists.iter().map(needs).collect(),
                _ => Vec::new(),
            },
            source: reader.get("source").and_then(source),
            build: reader.text("build"),
            install: reader.text("install"),
            builder: reader.get("builder").and_then(builder),
            env: reader.table("env"),
            tools: reader.list("tools"),
            tests: reader.table("tests"),
            systems: reader.list("systems"),
            relocatable: matches!(reader.get("relocatable"), Some(Datum::Bool(true))),
            main: reader.text("main"),
            root: reader.text("root"),
            variant_roots: reader.list("variant-roots"),
            impure: matches!(reader.get("impure"), Some(Datum::Bool(true))),
            digest: reader.text("digest"),
            ..Self::bare(name, String::new(), origin)
        };
        let package = Self { said: fields, handle, identity: OnceLock::new(), ..package };
        package.check_name()?;
        package.check_version()?;
        Ok(Some(package))
    }

    /// The text that stands for it: equal for packages that say the same.
    #[must_use]
    pub(crate) fn identity(&self) -> &str {
        self.identity.get_or_init(|| match &self.handle {
            Some(handle) => handle.placeholder().unwrap_or_default(),
            None => Digest::of(object(&self.said).to_string().as_bytes()).to_hex(),
        })
    }

    /// Its identity with the file that it was written in: two that say the same may have other sources.
    pub(crate) fn place(&self) -> String {
        format!("{}\n{}", self.identity(), self.origin.path().display())
    }

    /// Whether both say the same, in the same file.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || self.name == other.name
                && self.origin.path() == other.origin.path()
                && self.identity() == other.identity()
    }

    /// The packages that stand in what it is built with, and those that stand in its tests alone. What
    /// its description mentions is nothing to it.
    #[must_use]
    pub fn mentioned(&self, plan: &Plan) -> (Vec<Need>, Vec<Need>) {
        let mut texts: Vec<&str> =
            [&plan.build, &plan.install].into_iter().flatten().map(String::as_str).collect();
        texts.extend(plan.env.values().map(String::as_str));
        texts.extend(self.env.iter().map(|(_, value)| value.as_str()));
        let stands_in =
            |texts: &[&str], placeholder: &str| texts.iter().any(|text| text.contains(placeholder));
        let tests: Vec<&str> = self.tests.iter().map(|(_, text)| text.as_str()).collect();
        let (mut build, mut of_tests) = (Vec::new(), Vec::new());
        for mention in &self.mentions {
            let placeholder = mention.placeholder().unwrap_or_default();
            let need = Need::Package(Argument::Value(mention.clone()));
            if stands_in(&texts, &placeholder) {
                build.push(need);
            } else if stands_in(&tests, &placeholder) {
                of_tests.push(need);
            }
        }
        (build, of_tests)
    }

    /// All that it says, with packages as their placeholders.
    #[must_use]
    pub fn fields(&self) -> Json {
        object(&self.said)
    }

    /// The folder that a variant of it is installed in.
    #[must_use]
    pub fn root_of(&self, variant: Option<usize>) -> Option<&String> {
        let own = variant.and_then(|variant| self.variant_roots.get(variant));
        self.root.as_ref().map(|root| own.unwrap_or(root))
    }

    /// The names of the packages that a variant needs beside what all of them do.
    #[must_use]
    pub fn names_in_variant(&self, variant: usize) -> Vec<String> {
        let name = |need: &Need| match need {
            Need::Request(text) => {
                Some(text.parse::<Request>().map_or(text.clone(), |request| request.name))
            }
            Need::Package(value) => {
                fields_of(value).and_then(|(_, fields, _)| Fields(&fields).text("name"))
            }
        };
        self.variants.get(variant).into_iter().flatten().filter_map(name).collect()
    }

    /// Its version as ranges take it; `None` for what is none.
    #[must_use]
    pub fn parsed_version(&self) -> Option<Version> {
        self.version.as_deref().unwrap_or_default().parse().ok()
    }

    /// Whether a request says that it may not be there.
    pub(crate) fn is_excluded_by(&self, condition: &Request) -> bool {
        condition.name == self.name
            && condition
                .excluded()
                .zip(self.parsed_version())
                .is_some_and(|(range, version)| range.contains(&version))
    }

    /// True for one that is built, and does not only describe what is installed elsewhere.
    #[must_use]
    pub fn is_built(&self) -> bool {
        self.root.is_none()
            && (self.source.is_some()
                || self.build.is_some()
                || self.install.is_some()
                || self.builder.is_some())
    }

    /// As messages call it: `zlib-1.3`.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.version {
            Some(version) => format!("{}-{version}", self.name),
            None => self.name.clone(),
        }
    }

    /// Its name in paths: what may stand in a name of a file.
    #[must_use]
    pub fn file_name(&self) -> String {
        let sound = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '+')
        };
        self.shown().chars().map(|one| if sound(one) { one } else { '_' }).collect()
    }
}

fn nameless(origin: &Origin) -> Diagnostic {
    Diagnostic::error("package-name", "a package has no name")
        .label(origin.clone(), "this one")
        .help("give it a `name`; what a definition returns has the definition's".to_owned())
}

/// A leaf: its type, its fields, and where it was written.
type Leaf = (Arc<LeafType>, Vec<(String, Datum)>, Origin);

/// The fields of a leaf, and who wrote it.
#[must_use]
pub fn fields_of(value: &Argument) -> Option<Leaf> {
    match value {
        Argument::Value(handle) => {
            let (leaf, origin) = (handle.leaf()?, handle.origin()?);
            let Some(Datum::Table(fields)) = handle.fields() else { return None };
            Some((leaf, fields, origin))
        }
        Argument::Leaf(written) => {
            let (leaf, data) = (&written.leaf, &written.fields);
            let fields = data.as_table().into_iter().flat_map(Table::iter);
            let fields = fields.map(|(name, entry)| (name.to_owned(), datum(&entry.value)));
            Some((leaf.clone(), fields.collect(), data.origin.clone()))
        }
        _ => None,
    }
}

fn datum(data: &Data) -> Datum {
    match &data.kind {
        Kind::Null => Datum::Null,
        Kind::Bool(truth) => Datum::Bool(*truth),
        Kind::Int(number) => Datum::Int(*number),
        Kind::Float(number) => Datum::Float(*number),
        Kind::String(text) => Datum::String(text.clone()),
        Kind::List(items) => Datum::List(items.iter().map(datum).collect()),
        Kind::Table(table) => Datum::Table(
            table.iter().map(|(name, entry)| (name.to_owned(), datum(&entry.value))).collect(),
        ),
    }
}

/// Data as JSON, with leaves as the texts that stand for them.
#[must_use]
pub fn json(datum: &Datum) -> Json {
    match datum {
        Datum::Null | Datum::Function(_) => Json::Null,
        Datum::Bool(truth) => (*truth).into(),
        Datum::Int(number) => (*number).into(),
        Datum::Float(number) => (*number).into(),
        Datum::String(text) => text.as_str().into(),
        Datum::List(items) => items.iter().map(json).collect(),
        Datum::Table(entries) => {
            Json::Object(entries.iter().map(|(name, one)| (name.clone(), json(one))).collect())
        }
        Datum::Leaf(leaf) => leaf.placeholder().into(),
    }
}

/// What a list of a leaf needs.
#[must_use]
pub fn needs(list: &Datum) -> Vec<Need> {
    let Datum::List(items) = list else { return Vec::new() };
    let need = |item: &Datum| match item {
        Datum::String(request) => Some(Need::Request(request.clone())),
        Datum::Leaf(leaf) => Some(Need::Package(Argument::Value(leaf.clone()))),
        _ => None,
    };
    items.iter().filter_map(need).collect()
}

/// A value as text, as process variables have it.
#[must_use]
pub fn scalar(datum: &Datum) -> Option<String> {
    match datum {
        Datum::String(text) => Some(text.clone()),
        Datum::Int(number) => Some(number.to_string()),
        Datum::Float(number) => Some(number.to_string()),
        Datum::Bool(truth) => Some(if *truth { "1" } else { "0" }.to_owned()),
        Datum::Leaf(leaf) => leaf.placeholder(),
        _ => None,
    }
}

/// The fields of a leaf, by name.
pub struct Fields<'a>(pub &'a [(String, Datum)]);

impl Fields<'_> {
    /// A field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Datum> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, datum)| datum)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(scalar)
    }

    /// A list of texts.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Datum::List(items)) => items.iter().filter_map(scalar).collect(),
            _ => Vec::new(),
        }
    }

    /// A table of texts.
    #[must_use]
    pub fn table(&self, name: &str) -> Vec<(String, String)> {
        match self.get(name) {
            Some(Datum::Table(entries)) => entries
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), scalar(value)?)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// A list of needs.
    #[must_use]
    pub fn needs(&self, name: &str) -> Vec<Need> {
        self.get(name).map(needs).unwrap_or_default()
    }
}

/// What a field says of a source.
#[must_use]
pub fn source(datum: &Datum) -> Option<Source> {
    let entries = match datum {
        Datum::String(path) => {
            let (path, include, exclude) = (path.clone(), Vec::new(), Vec::new());
            return Some(Source::Path { path, include, exclude });
        }
        Datum::Table(entries) => Fields(entries),
        _ => return None,
    };
    if let Some(url) = entries.text("url") {
        return Some(Source::Url { url, sha256: entries.text("sha256").unwrap_or_default() });
    }
    let (include, exclude) = (entries.list("include"), entries.list("exclude"));
    Some(Source::Path { path: entries.text("path")?, include, exclude })
}

fn builder(said: &Datum) -> Option<(String, Json)> {
    let builder = json(said);
    Some((builder.get("type")?.as_str()?.to_owned(), builder))
}

fn object(fields: &[(String, Datum)]) -> Json {
    Json::Object(fields.iter().map(|(name, one)| (name.clone(), json(one))).collect())
}
