//! When two values are the same to JSON Schema: by content, numbers by what they amount to, origins
//! left aside.

use purlin_model::{Kind, Value};

pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (&one.kind, &other.kind) {
        #[expect(clippy::cast_precision_loss, reason = "a float cannot be compared more exactly")]
        (Kind::Int(whole), Kind::Float(number)) | (Kind::Float(number), Kind::Int(whole)) => {
            *whole as f64 == *number
        }
        (Kind::List(one), Kind::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Kind::Table(one), Kind::Table(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, entry)| {
                    other.get(key).is_some_and(|other| same(&entry.value, other))
                })
        }
        (one, other) => one == other,
    }
}
