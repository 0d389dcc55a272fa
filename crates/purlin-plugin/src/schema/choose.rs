//! Which branch of a `oneOf` a value means. It is known before the branch is checked, so that
//! messages speak of that branch alone.

use purlin_model::{Kind, Value, folds_alike};

use super::equal::same;
use super::{Discriminator, JsonType, NodeId, OneOf, Schema};

/// The outcome of a choice.
pub(super) enum Choice<'s, 'v> {
    /// The value means this branch.
    Branch(NodeId),
    /// No branch takes a value of this type.
    NoType,
    /// The table lacks the property that tells the branches apart.
    Missing(&'s Discriminator),
    /// That property has a value that no branch has.
    Unknown(&'s Discriminator, &'v Value),
}

impl Schema {
    pub(super) fn choose<'s, 'v>(&'s self, one_of: &'s OneOf, value: &'v Value) -> Choice<'s, 'v> {
        let actual = type_of(value);
        let mut candidates =
            one_of.branches.iter().filter(|branch| self.takes_type(**branch, actual));
        let Some(first) = candidates.next() else { return Choice::NoType };
        let discriminator = one_of.discriminator.as_ref().filter(|_| candidates.next().is_some());
        // A schema that parsed has a discriminator wherever two branches take one type.
        let Some(discriminator) = discriminator else { return Choice::Branch(*first) };
        let Some(named) = field(value, &discriminator.property) else {
            return Choice::Missing(discriminator);
        };
        match discriminator.values.iter().find(|(value, _)| same(value, named)) {
            Some((_, branch)) => Choice::Branch(*branch),
            None => Choice::Unknown(discriminator, named),
        }
    }

    /// Whether a node takes values of a type, as [`Schema::types_of`] tells.
    fn takes_type(&self, id: NodeId, actual: JsonType) -> bool {
        let node = self.resolved(id);
        match (&node.one_of, &node.values) {
            _ if !node.types.is_empty() => takes(&node.types, actual),
            (Some(one_of), _) => {
                one_of.branches.iter().any(|branch| self.takes_type(*branch, actual))
            }
            (None, Some(values)) => values.iter().any(|value| takes(&[type_of(value)], actual)),
            (None, None) => true,
        }
    }

    /// The types that a node takes.
    pub(super) fn types_of(&self, id: NodeId) -> Vec<JsonType> {
        let node = self.resolved(id);
        let mut types = match (&node.one_of, &node.values) {
            _ if !node.types.is_empty() => node.types.clone(),
            (Some(one_of), _) => {
                one_of.branches.iter().flat_map(|branch| self.types_of(*branch)).collect()
            }
            (None, Some(values)) => values.iter().map(type_of).collect(),
            (None, None) => JsonType::ALL.to_vec(),
        };
        types.sort_unstable();
        types.dedup();
        types
    }

    /// Finds the property that tells branches apart which take tables.
    pub(super) fn find_discriminator(&self, branches: &[NodeId]) -> Option<Discriminator> {
        let first = self.resolved(*branches.first()?);
        first.properties.iter().find_map(|property| {
            let mut values: Vec<(Value, NodeId)> = Vec::new();
            for branch in branches {
                let declared = self
                    .resolved(*branch)
                    .properties
                    .iter()
                    .find(|other| folds_alike(&other.name, &property.name))?;
                for value in self.resolved(declared.node).values.as_ref()? {
                    if values.iter().any(|(taken, _)| same(taken, value)) {
                        return None;
                    }
                    values.push((value.clone(), *branch));
                }
            }
            Some(Discriminator { property: property.name.clone(), values })
        })
    }
}

/// True when `types` cover `actual`.
pub(super) fn takes(types: &[JsonType], actual: JsonType) -> bool {
    types.is_empty()
        || types.contains(&actual)
        || (actual == JsonType::Integer && types.contains(&JsonType::Number))
}

/// The narrowest type of a value.
pub(super) fn type_of(value: &Value) -> JsonType {
    match &value.kind {
        Kind::Null => JsonType::Null,
        Kind::Bool(_) => JsonType::Boolean,
        Kind::Int(_) => JsonType::Integer,
        Kind::Float(number) if whole(*number).is_some() => JsonType::Integer,
        Kind::Float(_) => JsonType::Number,
        Kind::String(_) => JsonType::String,
        Kind::List(_) => JsonType::Array,
        Kind::Table(_) => JsonType::Object,
    }
}

/// A float that is a whole number which a float holds exactly.
pub(super) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// A declared field of a table, in either spelling.
fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let table = value.as_table()?;
    table.iter().find(|(key, _)| folds_alike(key, name)).map(|(_, entry)| &entry.value)
}
