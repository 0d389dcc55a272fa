//! Typed leaves: validated when they are made, and never changed after.
//!
//! A leaf is plain data of ours, whichever heap it is used on, so that a package that a thousand
//! others use is there once.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use allocative::Allocative;
use purlin_model::{Diagnostic, Digest, Entry, Hasher, Kind, Origin, Table, Value as Data, fold};
use purlin_plugin::language::{Datum, Evaluated, Handle, LeafType};
use starlark::collections::StarlarkHasher;
use starlark::starlark_simple_value;
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value,
};

use crate::{convert, session};

/// What a placeholder begins with.
const PLACEHOLDER: &str = "@purlin:";

/// Stands for a leaf while its neighbours are validated.
const STAND_IN: &str = "\u{f8ff}leaf:";

/// A typed leaf.
pub(crate) struct LeafData {
    leaf: Arc<LeafType>,
    origin: Origin,
    /// The name of its definition, where it says none itself.
    name: Option<(String, Datum)>,
    /// Shared with the leaf of another name.
    fields: Arc<Vec<(String, Datum)>>,
    mentions: Vec<Handle>,
    digest: OnceLock<Digest>,
    /// What stands for it in texts.
    placeholder: OnceLock<String>,
}

impl LeafData {
    /// Makes a leaf of fields that fit its type.
    ///
    /// # Errors
    /// All that does not fit.
    pub(crate) fn new(
        leaf: &Arc<LeafType>,
        fields: Vec<(String, Datum)>,
        origin: &Origin,
    ) -> Result<Arc<Self>, Vec<Diagnostic>> {
        let mut leaves = Vec::new();
        let mut table = Table::with_capacity(fields.len());
        for (name, datum) in fields {
            table.insert(name, origin.clone(), to_data(datum, origin, &mut leaves));
        }
        let checked = leaf.schema.validate_own(Data::new(Kind::Table(table), origin.clone()));
        match checked.value {
            Some(value) => Ok(Self::of_data(leaf, value, &leaves)),
            None => Err(checked.diagnostics),
        }
    }

    /// Makes a leaf of data that was validated.
    pub(crate) fn of_data(leaf: &Arc<LeafType>, data: Data, leaves: &[Handle]) -> Arc<Self> {
        let mut mentions = Vec::new();
        let Data { kind, origin } = data;
        let fields = match from_data(kind, leaves, &mut mentions) {
            Datum::Table(fields) => fields,
            _ => Vec::new(),
        };
        Arc::new(Self {
            leaf: leaf.clone(),
            origin,
            name: None,
            fields: Arc::new(fields),
            mentions,
            digest: OnceLock::new(),
            placeholder: OnceLock::new(),
        })
    }

    /// All fields, its name first where that is of its definition.
    fn all(&self) -> impl Iterator<Item = &(String, Datum)> {
        self.name.iter().chain(&*self.fields)
    }

    fn field(&self, name: &str) -> Option<&Datum> {
        let exact = self.all().find(|(field, _)| field == name);
        let found = exact.or_else(|| {
            let name = fold(name);
            self.all().find(|(field, _)| fold(field) == name)
        });
        found.map(|(_, datum)| datum)
    }

    fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| {
            let mut hasher = Hasher::new("leaf");
            hasher.field(self.leaf.plugin.as_bytes()).field(self.leaf.name.as_bytes());
            for (name, datum) in self.all() {
                hasher.field(name.as_bytes());
                add(&mut hasher, datum);
            }
            hasher.finish()
        })
    }
}

/// Adds data to a digest, each kind in its own way.
fn add(hasher: &mut Hasher, datum: &Datum) {
    let (kind, content) = match datum {
        Datum::Null => ("null", Vec::new()),
        Datum::Bool(truth) => ("bool", vec![u8::from(*truth)]),
        Datum::Int(number) => ("int", number.to_le_bytes().to_vec()),
        Datum::Float(number) => ("float", number.to_bits().to_le_bytes().to_vec()),
        Datum::String(text) => ("string", text.clone().into_bytes()),
        Datum::List(items) => ("list", items.len().to_le_bytes().to_vec()),
        Datum::Table(entries) => ("table", entries.len().to_le_bytes().to_vec()),
        Datum::Leaf(leaf) => ("leaf", leaf.placeholder().unwrap_or_default().into_bytes()),
        // Leaves hold none.
        Datum::Function(_) => ("function", Vec::new()),
    };
    hasher.field(kind.as_bytes()).field(&content);
    match datum {
        Datum::List(items) => items.iter().for_each(|one| add(hasher, one)),
        Datum::Table(entries) => {
            for (key, one) in entries {
                hasher.field(key.as_bytes());
                add(hasher, one);
            }
        }
        _ => {}
    }
}

/// Data for the schema, in which leaves are texts.
fn to_data(datum: Datum, origin: &Origin, leaves: &mut Vec<Handle>) -> Data {
    let kind = match datum {
        Datum::Null | Datum::Function(_) => Kind::Null,
        Datum::Bool(truth) => Kind::Bool(truth),
        Datum::Int(number) => Kind::Int(number),
        Datum::Float(number) => Kind::Float(number),
        Datum::String(text) => Kind::String(text),
        Datum::List(items) => {
            Kind::List(items.into_iter().map(|one| to_data(one, origin, leaves)).collect())
        }
        Datum::Table(entries) => {
            let mut table = Table::with_capacity(entries.len());
            for (key, one) in entries {
                table.insert(key, origin.clone(), to_data(one, origin, leaves));
            }
            Kind::Table(table)
        }
        Datum::Leaf(leaf) => {
            leaves.push(leaf);
            Kind::String(format!("{STAND_IN}{}", leaves.len() - 1))
        }
    };
    Data::new(kind, origin.clone())
}

/// The other way round, noting whose placeholders stand in texts.
fn from_data(kind: Kind, leaves: &[Handle], mentions: &mut Vec<Handle>) -> Datum {
    match kind {
        Kind::Null => Datum::Null,
        Kind::Bool(truth) => Datum::Bool(truth),
        Kind::Int(number) => Datum::Int(number),
        Kind::Float(number) => Datum::Float(number),
        Kind::String(text) => {
            let place = text.strip_prefix(STAND_IN).and_then(|place| place.parse::<usize>().ok());
            match place.and_then(|place| leaves.get(place)) {
                Some(leaf) => Datum::Leaf(leaf.clone()),
                None => {
                    note_mentions(&text, mentions);
                    Datum::String(text)
                }
            }
        }
        Kind::List(items) => {
            let items = items.into_iter();
            Datum::List(items.map(|one| from_data(one.kind, leaves, mentions)).collect())
        }
        Kind::Table(table) => {
            let mut entries = Vec::with_capacity(table.len());
            let one =
                |(key, entry): (_, Entry)| (key, from_data(entry.value.kind, leaves, mentions));
            entries.extend(table.into_iter().map(one));
            Datum::Table(entries)
        }
    }
}

fn note_mentions(text: &str, mentions: &mut Vec<Handle>) {
    let mut rest = text;
    while let Some(start) = rest.find(PLACEHOLDER) {
        let from = &rest[start..];
        let Some(length) = from[1..].find('@').map(|place| place + 2) else { return };
        if let Some(leaf) = session::mentioned(&from[..length])
            && !mentions.iter().any(|other| other.placeholder() == leaf.placeholder())
        {
            mentions.push(leaf);
        }
        rest = &from[length..];
    }
}

impl Evaluated for LeafData {
    fn datum(&self) -> Datum {
        Datum::Table(self.all().cloned().collect())
    }

    fn fields(&self) -> Option<Datum> {
        Some(self.datum())
    }

    fn leaf(&self) -> Option<Arc<LeafType>> {
        Some(self.leaf.clone())
    }

    fn origin(&self) -> Option<Origin> {
        Some(self.origin.clone())
    }

    fn placeholder(&self) -> Option<String> {
        let text = || {
            let mut hasher = Hasher::new("leaf in a text");
            // Paths in it are those of the project that its file is of: one that says the same elsewhere
            // is equal, and may stand for something else.
            hasher.field(&self.digest().0).field(self.origin.path().as_os_str().as_encoded_bytes());
            format!("{PLACEHOLDER}{}:{}@", self.leaf.name, hasher.finish())
        };
        Some(self.placeholder.get_or_init(text).clone())
    }

    fn named(&self, name: &str) -> Option<Handle> {
        let has_one = || self.all().any(|(field, _)| field == LeafType::NAME);
        if !self.leaf.has_name || has_one() {
            return None;
        }
        Some(Arc::new(Self {
            leaf: self.leaf.clone(),
            origin: self.origin.clone(),
            name: Some((LeafType::NAME.to_owned(), Datum::String(name.to_owned()))),
            fields: self.fields.clone(),
            mentions: self.mentions.clone(),
            digest: OnceLock::new(),
            placeholder: OnceLock::new(),
        }))
    }

    fn mentions(&self) -> Vec<Handle> {
        self.mentions.clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl fmt::Debug for LeafData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.leaf.name)?;
        formatter.debug_list().entries(self.all()).finish()
    }
}

/// A leaf as the interpreter sees it.
#[derive(Debug, Clone, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct LeafValue(#[allocative(skip)] Handle);

starlark_simple_value!(LeafValue);

impl LeafValue {
    /// `None` for what is no leaf of ours.
    pub(crate) fn new(handle: Handle) -> Option<Self> {
        convert::is_leaf(&handle).then_some(Self(handle))
    }

    pub(crate) fn of(leaf: Arc<LeafData>) -> Self {
        Self(leaf)
    }

    pub(crate) fn handle(&self) -> Handle {
        self.0.clone()
    }

    fn data(&self) -> Option<&LeafData> {
        self.0.as_any().downcast_ref()
    }
}

impl fmt::Display for LeafValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.placeholder().unwrap_or_default())
    }
}

#[starlark_value(type = "leaf")]
impl<'v> StarlarkValue<'v> for LeafValue {
    fn collect_repr(&self, collector: &mut String) {
        self.collect_str(collector);
    }

    /// In a text, a leaf stands for its root, which is known once it is built.
    fn collect_str(&self, collector: &mut String) {
        let placeholder = self.to_string();
        session::mention(&placeholder, &self.0);
        collector.push_str(&placeholder);
    }

    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        convert::from_datum(self.data()?.field(attribute)?, heap)
    }

    fn has_attr(&self, attribute: &str, _heap: Heap<'v>) -> bool {
        self.data().is_some_and(|leaf| leaf.field(attribute).is_some())
    }

    fn dir_attr(&self) -> Vec<String> {
        let fields = self.data().into_iter().flat_map(LeafData::all);
        fields.map(|(name, _)| name.replace('-', "_")).collect()
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        let digest = |leaf: &Self| leaf.data().map(LeafData::digest);
        Ok(Self::from_value(other).is_some_and(|other| digest(other) == digest(self)))
    }

    fn write_hash(&self, hasher: &mut StarlarkHasher) -> starlark::Result<()> {
        use std::hash::Hasher as _;
        hasher.write(&self.data().map(|leaf| leaf.digest().0).unwrap_or_default());
        Ok(())
    }
}
