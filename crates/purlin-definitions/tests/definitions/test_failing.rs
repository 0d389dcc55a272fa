//! What fails spoils what depends on it, and nothing else.

use std::sync::Arc;

use purlin_definitions::{ImporterFeature, parse_path};
use purlin_plugin::contract::Host;
use purlin_plugin::language::Argument;
use purlin_plugin::message::{ErrorCode, PluginError};
use purlin_plugin::transform::{
    Compose, Fragment, Importer, Name, Payload, Transform, TransformContext,
};
use serde_json::{Value as Json, json};

use crate::test_starlark::{open, open_with};
use crate::world::{head, told, transform};

const HEAD: &str = "[workspace]\nsystems = [\"x86_64-linux\", \"aarch64-linux\"]\n";

struct Failing;

impl Importer for Failing {
    fn load(&self, _: &Json, _: &[String], _: &dyn Host) -> Result<Vec<Fragment>, PluginError> {
        Err(PluginError::new(ErrorCode::Internal, "boom"))
    }
}

impl Transform for Failing {
    fn outputs(
        &self,
        _: &dyn TransformContext,
        _: &Json,
        _: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        Err(PluginError::new(ErrorCode::Internal, "bang"))
    }
}

fn failing() -> ImporterFeature {
    ImporterFeature {
        head: head("failing"),
        inputs: Vec::new(),
        into: "pkg lib".to_owned(),
        schema: Box::new(|| Ok(Arc::new(None))),
        load: Box::new(|| Ok(Arc::new(Failing))),
    }
}

#[test]
fn an_importer_that_fails_is_told_once_and_the_rest_is_there() {
    let document = format!("{HEAD}[[use]]\nname = \"failing\"\n[pkg.ok]\nversion = \"1\"\n");
    let star = "def needs(mk_thing, gone):\n    return mk_thing(version = gone.version)\n\
                definitions = {\"pkg\": {\"needs\": needs}}\n";
    let opened = open_with(&[("purlin.toml", &document), ("purlin.star", star)], |catalogue| {
        catalogue.importers.push(failing());
    });
    assert_eq!(opened.show("pkg.x86_64-linux.ok")["version"], "1");
    assert_eq!(
        opened.show("pkg.x86_64-linux"),
        json!({"needs": {"$type": "thing"}, "ok": {"$type": "thing"}})
    );
    let error = opened.error("pkg.x86_64-linux.needs");
    let why = "What the `[[use]]` at purlin.toml:4:8 adds is missing, too.";
    assert!(error.detail.contains(why), "{}", error.detail);
    assert!(opened.workspace.explain_missing("gone").detail.contains(why));
    let all: Vec<String> = opened.workspace.check().iter().map(ToString::to_string).collect();
    assert_eq!(
        all,
        [
            "`made-up` failed in `failing`: boom (purlin.toml:4:8)",
            "`pkg.needs` asks for `gone`, which nothing defines (purlin.star:1:21)",
        ]
    );
}

#[test]
fn a_transform_that_fails_spoils_what_it_alone_makes() {
    let opened = open_with(&[("pkg/a.toml", "version = \"1\"\n")], |catalogue| {
        let code = || Arc::new(Failing) as Arc<dyn Transform>;
        catalogue.transforms.push(transform("failing", &[], &[], &["pkg", "own"], code));
    });
    assert_eq!(opened.show("pkg.x86_64-linux.a")["version"], "1");
    let bang = "`made-up` failed in `failing`: bang";
    assert_eq!(opened.error("own").summary, bang);
    assert_eq!(opened.error("pkg.x86_64-linux.b").summary, bang);
    let all = serde_json::to_value(opened.workspace.show(&[]).unwrap()).unwrap();
    assert_eq!(all["pkg"], json!({"x86_64-linux": {"a": {"$type": "thing"}}}));
    let all: Vec<String> =
        opened.workspace.problems().iter().map(|one| one.summary.clone()).collect();
    assert_eq!(all, [bang]);
}

#[test]
fn a_name_that_cannot_be_spoils_itself() {
    let deep = ["n"; 60].join(".");
    let document = format!(
        "{HEAD}[pkg.\"\"]\nversion = \"1\"\n[pkg.{deep}]\nversion = \"1\"\n[pkg.ok]\nversion = \"1\"\n"
    );
    let opened = open(&[("purlin.toml", &document)]);
    assert_eq!(opened.show("tree.x86_64-linux.ok")["version"], "1");
    let all: Vec<String> = opened.workspace.check().iter().map(ToString::to_string).collect();
    assert_eq!(
        all,
        [
            "`pkg.\"\"` has an empty name in it (purlin.toml:3:6)",
            "`pkg.n.n.n.n.n.…` is more than 48 names deep (purlin.toml:5:124)",
        ]
    );
}

#[test]
fn a_plugin_that_only_a_project_has_does_not_spoil_the_workspace() {
    let child = format!(
        "{HEAD}[plugins]\nown = {{ path = \"own\" }}\n[own]\nx = 1\n[[use]]\nname = \"own-importer\"\n\
         [pkg.k]\nversion = \"1\"\n"
    );
    let document = format!("{HEAD}[projects]\na = {{ path = \"a\" }}\n");
    let opened = open(&[("purlin.toml", &document), ("a/purlin.toml", &child)]);
    assert_eq!(opened.show("pkg.x86_64-linux.a/k")["version"], "1");
    let all: String = opened.workspace.problems().iter().map(told).collect();
    assert_eq!(
        all,
        "warning: nothing reads the table `[own]`\n  a/purlin.toml:5:2 this table\n  \
         = It is neither a core table nor a section that an enabled plugin reads. The project has plugins \
         of its own, which are not enabled for the workspace that uses it.\n  \
         = name the plugin in `[plugins]` of the workspace, too\n\
         error: there is no importer or transform `own-importer`\n  a/purlin.toml:8:8 named here\n  \
         = `[[use]]` names importers and transforms of enabled plugins. The project has plugins of its \
         own, which are not enabled for the workspace that uses it.\n  \
         = name the plugin in `[plugins]` of the workspace, too\n"
    );
}

#[test]
fn what_is_missing_is_told_once_and_outputs_tell_for_whom_they_are() {
    let document = format!(
        "{HEAD}[pkg.x86_64-linux.only]\nversion = \"1\"\n[pkg.x86_64-linux.n.deep]\nversion = \"1\"\n"
    );
    let star = "def f(mk_thing, gone):\n    return mk_thing(version = \"1\")\n\
                definitions = {\"pkg\": {\"f\": f}}\n";
    let opened = open(&[("purlin.toml", &document), ("purlin.star", star)]);
    let codes: Vec<String> = opened.workspace.check().into_iter().map(|one| one.code).collect();
    assert_eq!(codes, ["missing-argument"]);
    let detail = &opened.workspace.check()[0].detail;
    assert!(
        detail.ends_with("The definition is evaluated for x86_64-linux and aarch64-linux."),
        "{detail}"
    );
    for (path, expected) in [
        ("pkg.aarch64-linux.only", "`pkg.only` is defined, for x86_64-linux."),
        ("pkg.aarch64-linux.n/deep", "`pkg.n.deep` is defined, for x86_64-linux."),
        ("tree.aarch64-linux.n.deep", "`pkg.n.deep` is defined, for x86_64-linux."),
    ] {
        let why = opened.workspace.explain_missing(path);
        assert!(why.detail.contains(expected), "{path}: {}", why.detail);
    }
}

/// Enumerates `foo` for each value of an axis.
struct Axes;

impl Transform for Axes {
    fn outputs(
        &self,
        context: &dyn TransformContext,
        _: &Json,
        _: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let values = vec!["old".to_owned(), "new".to_owned()];
        let how = Compose { axes: vec![("age".to_owned(), values)], ..Compose::default() };
        let found = context.compose("bar", &how)?.own.into_iter().map(|entry| {
            let mut path: Vec<Name> = vec!["bar".into(), entry.axes[0].1.as_str().into()];
            path.extend_from_slice(&entry.namespace);
            Fragment::new(path, Payload::Lazy(entry.value))
        });
        Ok(found.collect())
    }
}

#[test]
fn what_axes_give_is_there_when_everything_is_checked() {
    let star = "def a(age):\n    return age\ndef b(age, gone):\n    return age\n\
                definitions = {\"bar\": {\"a\": a, \"b\": b}}\n";
    let opened = open_with(&[("purlin.star", star)], |catalogue| {
        catalogue.sections.push("bar".to_owned());
        let code = || Arc::new(Axes) as Arc<dyn Transform>;
        catalogue.transforms.push(transform("axes", &["bar"], &[], &["bar"], code));
    });
    assert_eq!(opened.show("bar.new.a"), json!("new"));
    let all: Vec<String> = opened.workspace.check().iter().map(ToString::to_string).collect();
    assert_eq!(all, ["`bar.b` asks for `gone`, which nothing defines (purlin.star:3:12)"]);
}

/// Makes packages of what apps say, which has to be evaluated for that.
struct Reading;

impl Transform for Reading {
    fn extend(
        &self,
        context: &dyn TransformContext,
        _: &Json,
        _: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        for entry in context.compose("app", &Compose::default())?.own {
            entry
                .value
                .force()
                .map_err(|why| PluginError::new(ErrorCode::Internal, why.to_string()))?;
        }
        Ok(vec![Fragment::new(vec!["pkg".to_owned(), "b".to_owned()], Payload::Data(json!({})))])
    }
}

#[test]
fn a_circle_through_an_extension_tells_the_place_of_a_definition_in_a_folder() {
    let document =
        format!("{HEAD}[[use]]\nname = \"folder\"\ntype = \"app\"\n[[use]]\nname = \"reading\"\n");
    let star = "# The first line is not where it is.\ndef default(b):\n    return b\n";
    let files = [("purlin.toml", document.as_str()), ("app/a.star", star)];
    let opened = open_with(&files, |catalogue| {
        let code = || Arc::new(Reading) as Arc<dyn Transform>;
        catalogue.transforms.push(transform("reading", &["app"], &["pkg"], &[], code));
    });
    let all: Vec<String> = opened.workspace.check().iter().map(ToString::to_string).collect();
    let circle = "cycle: app.a (app/a.star:2:5) -> reading (extend) (purlin.toml:7:8) -> app.a";
    assert!(all.iter().any(|one| one.contains(circle)), "{all:#?}");
}

/// The same, where the extension looks definitions up by name.
struct Looking;

impl Transform for Looking {
    fn extend(
        &self,
        context: &dyn TransformContext,
        _: &Json,
        _: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let Some(Ok(Argument::Namespace(apps))) = context.extended().get("app") else {
            return Ok(Vec::new());
        };
        let found = apps.get("a").transpose();
        found.map_err(|why| PluginError::new(ErrorCode::Internal, why.to_string()))?;
        Ok(vec![Fragment::new(vec!["app".to_owned(), "b".to_owned()], Payload::Data(json!({})))])
    }
}

#[test]
fn a_circle_through_what_an_extension_looks_up_tells_no_place_that_there_is_not() {
    let document = format!("{HEAD}[[use]]\nname = \"looking\"\n");
    let star = "def a(b):\n    return b\ndefinitions = {\"app\": {\"a\": a}}\n";
    let opened = open_with(&[("purlin.toml", &document), ("purlin.star", star)], |catalogue| {
        let code = || Arc::new(Looking) as Arc<dyn Transform>;
        catalogue.transforms.push(transform("looking", &["app"], &["app"], &[], code));
    });
    let all: Vec<String> = opened.workspace.check().iter().map(ToString::to_string).collect();
    let circle = "cycle: app.a (purlin.star:1:5) -> looking (extend) (purlin.toml:4:8) -> app.a";
    assert!(all.iter().any(|one| one.contains(circle)), "{all:#?}");
}

#[test]
fn a_circle_through_an_extension_tells_the_definitions() {
    let star = |parameter: &str, value: &str| {
        format!(
            "def a({parameter}):\n    return {value}\n\
             definitions = {{\"app\": {{\"a\": a}}}}\n"
        )
    };
    let circle = |place: &str| {
        format!("cycle: app.a (purlin.star:{place}) -> reading (extend) (purlin.toml:4:8) -> app.a")
    };
    for (parameter, value, expected) in
        [("b", "b", circle("1:5")), ("pkgs", "pkgs.b.version", circle("1:5"))]
    {
        let document = format!("{HEAD}[[use]]\nname = \"reading\"\n");
        let files = [("purlin.toml", document.as_str()), ("purlin.star", &star(parameter, value))];
        let opened = open_with(&files, |catalogue| {
            let code = || Arc::new(Reading) as Arc<dyn Transform>;
            catalogue.transforms.push(transform("reading", &["app"], &["pkg"], &[], code));
        });
        let _ = opened.workspace.value(&parse_path("pkg.x86_64-linux.b").unwrap());
        let all: Vec<String> = opened.workspace.check().iter().map(ToString::to_string).collect();
        assert!(all.iter().any(|one| one.contains(&expected)), "{parameter}: {all:#?}");
    }
}
