//! What a flag's edits do to a request, and which of them go together.

use std::fmt;

use serde_json::Value as Json;

use crate::message::Edit;

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditError {
    /// Its path is no JSON Pointer.
    NotAPointer,
    /// The request has nothing at this pointer that could hold the value.
    NoPlace(String),
}

impl fmt::Display for EditError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPointer => formatter.write_str("it is not a JSON Pointer"),
            Self::NoPlace(pointer) => {
                write!(formatter, "the request has no place for a value in `{pointer}`")
            }
        }
    }
}

impl std::error::Error for EditError {}

impl Edit {
    /// True when its path is `pointer` or below it. Whole steps are compared: `/names` is not
    /// within `/name`.
    #[must_use]
    pub fn is_within(&self, pointer: &str) -> bool {
        match (steps(&self.path), steps(pointer)) {
            (Some(own), Some(other)) => own.starts_with(&other),
            _ => false,
        }
    }

    /// True when one of two edits changes what the other one changes, too.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.is_within(&other.path) || other.is_within(&self.path)
    }

    /// Makes the change: sets a key of a table that is there, replaces an item of a list, or adds
    /// one at its end (`/-`).
    ///
    /// # Errors
    /// The path is no pointer, or leads nowhere.
    pub fn apply(&self, request: &mut Json) -> Result<(), EditError> {
        let mut steps = steps(&self.path).ok_or(EditError::NotAPointer)?;
        let Some(last) = steps.pop() else {
            *request = self.value.clone();
            return Ok(());
        };
        let mut place = request;
        let mut seen = String::new();
        for step in &steps {
            seen = format!("{seen}/{}", escaped(step));
            let next = match place {
                Json::Object(table) => table.get_mut(step),
                Json::Array(items) => index(step).and_then(|index| items.get_mut(index)),
                _ => None,
            };
            place = next.ok_or_else(|| EditError::NoPlace(seen.clone()))?;
        }
        match place {
            Json::Object(table) => {
                table.insert(last, self.value.clone());
                return Ok(());
            }
            Json::Array(items) if last == "-" => {
                items.push(self.value.clone());
                return Ok(());
            }
            Json::Array(items) => {
                if let Some(item) = index(&last).and_then(|index| items.get_mut(index)) {
                    *item = self.value.clone();
                    return Ok(());
                }
            }
            _ => {}
        }
        Err(EditError::NoPlace(seen))
    }
}

/// The steps of a JSON Pointer, unescaped; `None` when it is none.
fn steps(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

/// One step of a JSON Pointer as it is written: for those who put a name into a pointer.
#[must_use]
pub fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// An index as RFC 6901 has it: without leading zeros.
fn index(step: &str) -> Option<usize> {
    let number: usize = step.parse().ok()?;
    (number.to_string() == step).then_some(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edit(path: &str, value: Json) -> Edit {
        Edit { path: path.to_owned(), value }
    }

    #[test]
    fn prefixes_are_made_of_whole_steps() {
        let one = edit("/env/a~1b/NAME", json!(1));
        for pointer in ["", "/env", "/env/a~1b", "/env/a~1b/NAME"] {
            assert!(one.is_within(pointer), "{pointer}");
        }
        for pointer in ["/en", "/env/a", "/env/a~1b/NAME/x", "/env/a/b", "env"] {
            assert!(!one.is_within(pointer), "{pointer}");
        }
    }

    #[test]
    fn what_is_above_or_below_overlaps() {
        let edits = ["/env", "/env/a", "/env/b", "/names"].map(|path| edit(path, json!(0)));
        let overlap = |a: usize, b: usize| edits[a].overlaps(&edits[b]);
        assert!(overlap(0, 1) && overlap(1, 0) && overlap(2, 2));
        assert!(!overlap(1, 2) && !overlap(0, 3));
    }

    #[test]
    fn edits_set_replace_and_add() {
        let mut request = json!({ "names": ["a"], "env": { "m/x": {} } });
        for (path, value) in
            [("/names/0", "b"), ("/names/-", "c"), ("/env/m~1x/A", "1"), ("/new", "2")]
        {
            edit(path, json!(value)).apply(&mut request).expect("there is a place");
        }
        let expected = json!({ "names": ["b", "c"], "env": { "m/x": { "A": "1" } }, "new": "2" });
        assert_eq!(request, expected);
        edit("", json!(7)).apply(&mut request).expect("the whole is a place");
        assert_eq!(request, json!(7));
    }

    #[test]
    fn edits_that_lead_nowhere_change_nothing() {
        let request = json!({ "names": ["a"], "text": "x" });
        for (path, place) in [
            ("/names/1", "/names"),
            ("/names/00", "/names"),
            ("/env/A", "/env"),
            ("/text/a", "/text"),
        ] {
            let mut edited = request.clone();
            let error = edit(path, json!(0)).apply(&mut edited);
            assert_eq!(error, Err(EditError::NoPlace(place.to_owned())), "{path}");
            assert_eq!(edited, request);
        }
        let error = edit("names", json!(0)).apply(&mut request.clone());
        assert_eq!(error, Err(EditError::NotAPointer));
    }
}
