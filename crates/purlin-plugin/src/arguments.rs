//! The arguments of a plugin's subcommand as JSON: their names and their schema.

use purlin_model::to_snake;
use serde_json::{Map, Value as Json, json};

use crate::manifest::{Parameter, ValueKind};

impl Parameter {
    /// Its key in `args`.
    #[must_use]
    pub fn key(&self) -> String {
        to_snake(&self.name)
    }

    /// The schema of its value.
    #[must_use]
    pub fn schema(&self) -> Json {
        let one = self.kind.schema(&self.values);
        let mut schema = if self.many { json!({ "type": "array", "items": one }) } else { one };
        if !self.about.is_empty() {
            schema["description"] = Json::from(self.about.as_str());
        }
        schema
    }
}

impl ValueKind {
    /// The schema of one value; `values` are those of a choice.
    #[must_use]
    pub fn schema(self, values: &[String]) -> Json {
        match self {
            Self::String => json!({ "type": "string" }),
            Self::Bool => json!({ "type": "boolean" }),
            Self::Int => json!({ "type": "integer" }),
            Self::Path | Self::Package | Self::Target => {
                json!({ "type": "string", "minLength": 1 })
            }
            Self::Choice => json!({ "type": "string", "enum": values }),
        }
    }
}

/// The schema of the request that a flag of a plugin's subcommand may edit at the stage `parsed`:
/// `args` with its declared arguments. One that was not given and has no default is absent; a
/// `bool` is always there.
#[must_use]
pub fn request_schema(args: &[Parameter]) -> Json {
    let properties: Map<String, Json> =
        args.iter().map(|parameter| (parameter.key(), parameter.schema())).collect();
    let always = |parameter: &&Parameter| parameter.required || parameter.kind == ValueKind::Bool;
    let required: Vec<String> = args.iter().filter(always).map(Parameter::key).collect();
    json!({
        "type": "object",
        "required": ["args"],
        "properties": {
            "args": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use purlin_model::{Origin, Source, Value};

    use super::*;
    use crate::manifest::Place;
    use crate::{Schema, Validated};

    fn parameter(name: &str, kind: ValueKind) -> Parameter {
        Parameter {
            name: name.to_owned(),
            positional: false,
            kind,
            values: vec!["fast".to_owned(), "slow".to_owned()],
            many: false,
            required: false,
            default: None,
            about: "It".to_owned(),
            place: Place::default(),
        }
    }

    fn check(args: &[Parameter], request: &Json) -> Validated {
        let origin = Origin::whole(&Source::new("request", ""));
        let schema = Schema::from_value(&Value::from_json(&request_schema(args), &origin));
        let schema = schema.expect("it is inside the subset");
        schema.validate(&Value::from_json(request, &origin))
    }

    #[test]
    fn each_kind_of_argument_has_a_schema() {
        let kinds = [
            (ValueKind::String, json!(""), json!(1)),
            (ValueKind::Bool, json!(true), json!("true")),
            (ValueKind::Int, json!(-3), json!(0.5)),
            (ValueKind::Path, json!("/a"), json!("")),
            (ValueKind::Package, json!("six-1"), json!("")),
            (ValueKind::Target, json!("a/b"), json!(["a"])),
            (ValueKind::Choice, json!("fast"), json!("quick")),
        ];
        for (kind, right, wrong) in kinds {
            let one = parameter("dry-run", kind);
            let many = Parameter { many: true, ..one.clone() };
            for (parameter, right, wrong) in
                [(one, right.clone(), wrong.clone()), (many, json!([right]), json!([right, wrong]))]
            {
                let args = std::slice::from_ref(&parameter);
                let told = check(args, &json!({ "args": { "dry_run": right } }));
                assert_eq!(told.diagnostics, [], "{kind:?}");
                let told = check(args, &json!({ "args": { "dry_run": wrong } }));
                assert_eq!(told.diagnostics.len(), 1, "{kind:?}");
            }
        }
    }

    #[test]
    fn what_must_be_there_is_required() {
        let args = [
            Parameter { required: true, ..parameter("name", ValueKind::String) },
            parameter("quick", ValueKind::Bool),
            parameter("more", ValueKind::String),
        ];
        let told = check(&args, &json!({ "args": { "other": 1 } }));
        let said: Vec<&str> = told.diagnostics.iter().map(|one| one.summary.as_str()).collect();
        assert_eq!(
            said,
            ["unknown field `/args/other`", "`/args/name` is missing", "`/args/quick` is missing"]
        );
    }
}
