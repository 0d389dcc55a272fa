//! Questions about outputs: which names there are, and what one of them is.

use std::fmt;
use std::sync::Arc;

use purlin_model::{Diagnostic, Value};
use purlin_plugin::language::{Argument, Datum, Evaluated};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::engine::Engine;
use crate::entry::Entry;
use crate::merge::{Node, Standing, Tree};
use crate::{Content, Contribution, Name, message};

/// What is at an output path, as far as it is known without evaluating anything.
#[derive(Debug, Clone)]
pub enum Names {
    /// Names below it, sorted.
    Branch(Vec<(String, Names)>),
    /// A value; its leaf type where that is known.
    Leaf(Option<String>),
    /// Values that exclude each other.
    Conflict(Arc<Diagnostic>),
}

/// A place among the outputs of a workspace.
pub(crate) struct Place {
    pub(crate) tree: Arc<Tree>,
    pub(crate) path: Vec<Name>,
}

impl Place {
    pub(crate) fn node(&self) -> Option<&Node> {
        self.tree.at(&self.path[1..])
    }
}

impl Engine {
    /// Finds a path that is not empty among the outputs.
    pub(crate) fn place(&self, path: &[String]) -> Result<Place, Diagnostic> {
        let roots = self.output_roots(0);
        let Some(root) = roots.iter().find(|root| ***root == *path[0]) else {
            return Err(message::no_such_path(path, 0, roots.iter().map(AsRef::as_ref)));
        };
        let names: Vec<Name> = path.iter().map(|name| Name::from(name.as_str())).collect();
        let narrow = self.narrow_tree(&names).map(|tree| self.find(root, path, Arc::new(tree)));
        if let Some(Ok(place)) = narrow {
            return Ok(place);
        }
        let tree = self.output_tree(0, root, None).map_err(Arc::unwrap_or_clone)?;
        if let (true, Some(why)) = (tree.root.is_end(), self.output_failure(0, root)) {
            return Err((*why).clone());
        }
        self.find(root, path, tree)
    }

    fn find(&self, root: &Name, path: &[String], tree: Arc<Tree>) -> Result<Place, Diagnostic> {
        let mut node = &tree.root;
        for (known, name) in path.iter().enumerate().skip(1) {
            // What something above hides is not there.
            if !node.here().is_empty() {
                match tree.standing(node, None) {
                    Standing::Leaf(winner, _) => {
                        return Err(message::below_value(path, known, &winner));
                    }
                    Standing::Conflict(verdict) => {
                        let shown = path[..known].iter().map(|name| Name::from(name.as_str()));
                        let shown: Vec<Name> = shown.collect();
                        return Err(message::conflict(&shown, &verdict.conflict));
                    }
                    Standing::Nothing | Standing::Branch(_) => {}
                }
            }
            match node.get(name) {
                Some(below) => node = below,
                None => {
                    if let Some(why) = self.output_failure(0, root) {
                        return Err((*why).clone());
                    }
                    let names = node.below().map(|(name, _)| name.as_ref());
                    return Err(message::no_such_path(path, known, names));
                }
            }
        }
        let path = path.iter().map(|name| Name::from(name.as_str())).collect();
        Ok(Place { tree, path })
    }

    pub(crate) fn names_at(&self, path: &[String]) -> Result<Names, Diagnostic> {
        if path.is_empty() {
            let mut roots = Vec::new();
            for root in self.output_roots(0) {
                let Some(tree) = self.sound_outputs(&root) else { continue };
                if let Some(names) = self.names_below(&tree, &tree.root) {
                    roots.push((root.to_string(), names));
                }
            }
            return Ok(Names::Branch(roots));
        }
        let place = self.place(path)?;
        let names = place.node().and_then(|node| self.names_below(&place.tree, node));
        Ok(names.unwrap_or(Names::Branch(Vec::new())))
    }

    /// What is below a root; one that fails is told, and does not keep others from being shown.
    fn sound_outputs(&self, root: &Name) -> Option<Arc<Tree>> {
        let tree = self.output_tree(0, root, None);
        tree.map_err(|why| self.report([(*why).clone()])).ok()
    }

    fn names_below(&self, tree: &Tree, node: &Node) -> Option<Names> {
        match tree.standing(node, None) {
            Standing::Nothing => None,
            Standing::Branch(_) => {
                let below = node.below().filter_map(|(name, node)| {
                    Some((name.to_string(), self.names_below(tree, node)?))
                });
                Some(Names::Branch(below.collect()))
            }
            Standing::Leaf(output, _) => Some(Names::Leaf(self.type_of(&output))),
            Standing::Conflict(verdict) => {
                let path = &verdict.conflict[0].path;
                Some(Names::Conflict(Arc::new(message::conflict(path, &verdict.conflict))))
            }
        }
    }

    /// The leaf type of an output, as far as it is known before it is evaluated.
    pub(crate) fn type_of(&self, output: &Contribution) -> Option<String> {
        match &output.content {
            Content::Lazy(lazy) => {
                let entry = lazy.as_any().and_then(|any| any.downcast_ref::<Entry>())?;
                let definition = &entry.key().definition;
                match &definition.content {
                    Content::Lazy(_) => self.section_type(definition),
                    Content::Data(_) | Content::Value(_) | Content::Leaf(..) => {
                        self.type_of(definition)
                    }
                    Content::Prototype { .. } | Content::Toml(_) => self.section_type(definition),
                }
            }
            Content::Leaf(leaf, _) => Some(leaf.name.clone()),
            Content::Value(Argument::Leaf(written)) => Some(written.leaf.name.clone()),
            Content::Value(Argument::Value(handle)) => handle.leaf().map(|leaf| leaf.name.clone()),
            _ => None,
        }
    }

    /// The type of what a section holds, if it is one.
    fn section_type(&self, definition: &Contribution) -> Option<String> {
        let mut leaves = self.catalogue.leaves_of(definition.path.first()?);
        let leaf = leaves.next()?;
        leaves.next().is_none().then(|| leaf.head.name.clone())
    }

    /// The document of `show PATH`: a value, or a branch whose leaves are not evaluated.
    pub(crate) fn shown(&self, path: &[String]) -> Result<Shown<'_>, Diagnostic> {
        let what = if path.is_empty() {
            let roots = self.output_roots(0).into_iter();
            What::Roots(roots.filter_map(|root| Some((self.sound_outputs(&root)?, root))).collect())
        } else {
            let place = self.place(path)?;
            let node =
                place.node().ok_or_else(|| message::no_such_path(path, path.len() - 1, []))?;
            match place.tree.standing(node, None) {
                Standing::Leaf(output, _) => {
                    let value = self.output_value(&output, None, None);
                    What::Value(to_json(&value.map_err(Arc::unwrap_or_clone)?))
                }
                Standing::Conflict(verdict) => {
                    return Err(message::conflict(&place.path, &verdict.conflict));
                }
                Standing::Nothing | Standing::Branch(_) => What::Branch(place),
            }
        };
        Ok(Shown { engine: self, what })
    }

    /// The value at an output path.
    pub(crate) fn value(&self, path: &[String]) -> Result<Argument, Diagnostic> {
        if path.is_empty() {
            return Err(message::no_value(path));
        }
        let place = self.place(path)?;
        let node = place.node().ok_or_else(|| message::no_value(path))?;
        match place.tree.standing(node, None) {
            Standing::Leaf(output, _) => {
                self.output_value(&output, None, None).map_err(Arc::unwrap_or_clone)
            }
            Standing::Conflict(verdict) => Err(message::conflict(&place.path, &verdict.conflict)),
            Standing::Nothing | Standing::Branch(_) => Err(message::no_value(path)),
        }
    }
}

/// The document of `show`. It is written as it is read from the tree: names may be many.
pub struct Shown<'a> {
    engine: &'a Engine,
    what: What,
}

enum What {
    Value(Json),
    Branch(Place),
    Roots(Vec<(Arc<Tree>, Name)>),
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.what {
            What::Value(value) => value.serialize(serializer),
            What::Branch(place) => match place.node() {
                Some(node) => self.below(&place.tree, node).serialize(serializer),
                None => serializer.serialize_map(Some(0))?.end(),
            },
            What::Roots(roots) => {
                let mut shown = serializer.serialize_map(None)?;
                for (tree, root) in roots {
                    self.below(tree, &tree.root).entry(root, &mut shown)?;
                }
                shown.end()
            }
        }
    }
}

impl Shown<'_> {
    fn below<'b>(&'b self, tree: &'b Tree, node: &'b Node) -> Below<'b> {
        Below { engine: self.engine, tree, node, standing: tree.standing(node, None) }
    }
}

/// What is at a node.
struct Below<'a> {
    engine: &'a Engine,
    tree: &'a Tree,
    node: &'a Node,
    standing: Standing,
}

impl Below<'_> {
    /// Writes it as an entry of what is above it, unless there is nothing.
    fn entry<M: SerializeMap>(&self, name: &str, above: &mut M) -> Result<(), M::Error> {
        match self.standing {
            Standing::Nothing => Ok(()),
            _ => above.serialize_entry(name, self),
        }
    }
}

impl Serialize for Below<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { engine, tree, node, standing } = self;
        match standing {
            Standing::Nothing | Standing::Branch(_) => {
                let mut shown = serializer.serialize_map(None)?;
                for (name, node) in node.below() {
                    let standing = tree.standing(node, None);
                    Below { engine, tree, node, standing }.entry(name, &mut shown)?;
                }
                shown.end()
            }
            Standing::Leaf(output, _) => match &output.content {
                Content::Data(value) | Content::Value(Argument::Data(value)) => {
                    value.to_json().serialize(serializer)
                }
                _ => {
                    let kind = engine.type_of(output);
                    serialize_unforced(kind.as_deref().unwrap_or("value"), serializer)
                }
            },
            Standing::Conflict(_) => serialize_unforced("conflict", serializer),
        }
    }
}

fn serialize_unforced<S: Serializer>(kind: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let mut told = serializer.serialize_map(Some(1))?;
    told.serialize_entry("$type", kind)?;
    told.end()
}

fn unforced(kind: &str) -> Json {
    json!({ "$type": kind })
}

/// A value as the documents of `show` have it: a leaf is its fields and its type, and leaves in it are
/// told by their types and names.
#[must_use]
pub fn to_json(value: &Argument) -> Json {
    match value {
        Argument::Value(handle) => match handle.leaf() {
            Some(leaf) => {
                let fields =
                    handle.fields().map_or_else(|| json!({}), |fields| datum_json(&fields));
                typed(&leaf.name, fields)
            }
            None => datum_json(&handle.datum()),
        },
        Argument::Data(value) => value.to_json(),
        Argument::Leaf(written) => typed(&written.leaf.name, written.fields.to_json()),
        Argument::Constructor(leaf) => json!({ "$type": "function", "name": leaf.constructor }),
        Argument::Namespace(names) => json!({ "$type": "names", "name": names.described() }),
    }
}

fn typed(kind: &str, fields: Json) -> Json {
    let mut shown = Map::new();
    shown.insert("$type".to_owned(), kind.into());
    if let Json::Object(fields) = fields {
        shown.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Json::Object(shown)
}

pub(crate) fn datum_json(datum: &Datum) -> Json {
    match datum {
        Datum::Null => Json::Null,
        Datum::Bool(value) => (*value).into(),
        Datum::Int(value) => (*value).into(),
        Datum::Float(value) => (*value).into(),
        Datum::String(text) => text.as_str().into(),
        Datum::List(items) => items.iter().map(datum_json).collect(),
        Datum::Table(entries) => entries
            .iter()
            .map(|(name, value)| (name.clone(), datum_json(value)))
            .collect::<Map<_, _>>()
            .into(),
        Datum::Leaf(handle) => named_leaf(&**handle),
        Datum::Function(_) => unforced("function"),
    }
}

/// A leaf inside of another value: its own fields are shown where it is asked for.
fn named_leaf(leaf: &dyn Evaluated) -> Json {
    let mut shown = Map::new();
    let kind = leaf.leaf().map_or_else(|| "value".to_owned(), |leaf| leaf.name.clone());
    shown.insert("$type".to_owned(), kind.into());
    if let Some(Datum::Table(fields)) = leaf.fields() {
        for wanted in ["name", "version"] {
            let found = fields.iter().find(|(name, _)| name == wanted);
            if let Some((name, Datum::String(text))) = found {
                shown.insert(name.clone(), text.as_str().into());
            }
        }
    }
    Json::Object(shown)
}

/// Whether a value is one of a leaf type.
#[must_use]
pub fn leaf_type(value: &Argument) -> Option<String> {
    match value {
        Argument::Value(handle) => handle.leaf().map(|leaf| leaf.name.clone()),
        Argument::Leaf(written) => Some(written.leaf.name.clone()),
        _ => None,
    }
}

/// A value that is nothing but data, with the places where it was written as far as they are known.
#[must_use]
pub fn as_data(value: &Argument) -> Option<&Value> {
    match value {
        Argument::Data(value) => Some(value),
        Argument::Leaf(written) => Some(&written.fields),
        _ => None,
    }
}
