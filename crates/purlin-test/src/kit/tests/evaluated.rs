//! Plugins in Starlark hold to the same checks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use purlin_model::Source;
use purlin_starlark::NoSources;
use purlin_starlark::plugin::Plugin;

use super::{failures, shown};
use crate::kit::{Code, Outcome, Subject, test};

const MANIFEST: &str = "
plugin = { name = 'evaluated', version = '1.0.0', api = '1' }
runtime = { kind = 'starlark', entry = 'plugin.star' }
[provides.dependency.files]
schema = 'schemas/files.json'
key = 'folder'
[provides.environment.tools]
[provides.builder.make]
[[provides.argument]]
on = ['run']
name = 'slow'
type = 'int'
edits = ['/jobs']
[provides.transform.versions]
reads = ['packages']
outputs = ['versions']
[provides.importer.notes]
inputs = ['**/*.note']
into = 'notes'
";

const SCHEMA: &str =
    r#"{"type": "object", "required": ["folder"], "properties": {"folder": {"type": "string"}}}"#;

const CASES: &str = "
[[dependency.files]]
config = { folder = 'api' }
expect = { globs = ['api/**'] }
[[environment.tools]]
expect = { root = 'tools' }
[[builder.make]]
leaf = { build-requires = ['gcc'], builder = { targets = ['all', 'docs'] } }
system = 'aarch64-linux'
expect = { build = 'make all docs', env = { SYSTEM = 'aarch64-linux' }, packages = ['make-4+'] }
[[argument.slow]]
value = 1
request = { jobs = 4 }
edits = [{ path = '/jobs', value = 1 }]
[[transform.versions]]
systems = ['x86_64-linux']
definitions.packages = [{ path = ['a'], value = { version = '1' } }, { path = ['b'], value = {} }]
outputs = [
  { path = ['versions', 'a'], system = 'x86_64-linux', data = '1' },
  { path = ['versions', 'b'], system = 'x86_64-linux', data = { '$definition' = 'packages.b' } },
]
[[transform.versions]]
options = { free = true }
systems = ['x86_64-linux']
definitions.packages = [{ path = ['a'], value = {} }, { path = ['b'], value = {} }]
[[importer.notes]]
sources = ['x.note']
fragments = [{ path = ['notes', 'x'], data = { '$file' = 'x.note' }, priority = 50 }]
";

const CODE: &str = r#"
def expand(config, ctx):
    return {"globs": [config.folder + "/**"]}

def describe(name, config, ctx):
    return struct(root = "tools", installed_when = [], after = [])

def plan(leaf, ctx):
    if leaf.build_requires != ["gcc"]:
        fail("this is not what was asked")
    return {
        "build": "make " + " ".join(leaf.builder["targets"]),
        "install": "make install PREFIX=$out",
        "env": {"SYSTEM": ctx.system},
        "packages": ["make-4+"],
    }

def slow_apply(value, request, ctx):
    if ctx.command != "run" or ctx.stage != "parsed" or "jobs" not in request:
        fail("this is not what was asked")
    return [{"path": "/jobs", "value": value}]

def complete(prefix):
    return [word for word in ["1", "2"] if word.startswith(prefix)]

def outputs(ctx, options):
    made = []
    for entry in ctx.compose("packages").self:
        value = getattr(entry.value, "version", entry.value)
        made.append(fragment(["versions"] + entry.namespace, value, system = entry.system))
    return made

def notes_load(options, sources):
    host.log("%d notes" % len(sources), level = "debug")
    return [
        prioritised(fragment(["notes", source.removesuffix(".note")], {"$file": source}), 50)
        for source in sources
    ]
"#;

fn subject(code: String) -> Subject<'static> {
    let source = Source::new("evaluated/plugin.star", code);
    Subject {
        manifest: Source::new("evaluated/plugin.toml", MANIFEST),
        text_of: Box::new(|path| match path {
            "schemas/files.json" => Some(SCHEMA.to_owned()),
            "tests/cases.toml" => Some(CASES.to_owned()),
            "plugin.star" => Some(CODE.to_owned()),
            _ => None,
        }),
        folder: None,
        places: None,
        code: Some(Code::Starlark(Arc::new(move |_| {
            Ok(Plugin::new(source.clone(), Arc::new(NoSources)))
        }))),
        variables: BTreeMap::new(),
    }
}

#[test]
fn a_plugin_in_starlark_that_holds_to_everything_passes_everything() {
    let report = test(&subject(CODE.to_owned()));
    let all = report.iter().all(|verdict| verdict.outcome == Outcome::Passed);
    assert!(all && report.len() > 25, "{}", shown(&report));
}

#[test]
fn a_plugin_in_starlark_that_does_not_is_found() {
    let of = |old: &str, new: &str| {
        assert!(CODE.contains(old), "{old}");
        failures(&test(&subject(CODE.replace(old, new))))
    };
    assert_eq!(
        of("config.folder + \"/**\"", "config.folder + \"/*\""),
        BTreeSet::from(["dependency.answers"])
    );
    assert_eq!(
        of("\"make-4+\"", "\"make-4+<1\""),
        BTreeSet::from(["builder.answers", "builder.well-formed"])
    );
    assert_eq!(
        of("{\"path\": \"/jobs\", \"value\": value}", "{\"path\": \"/cpus\", \"value\": value}"),
        BTreeSet::from(["argument.answers", "argument.edits"])
    );
    assert_eq!(
        of("fragment([\"versions\"]", "fragment([\"others\"]"),
        BTreeSet::from(["transform.answers", "transform.declared"])
    );
    assert_eq!(of("return made", "return len(made)"), BTreeSet::from(["transform.answers"]));
    assert_eq!(
        of("value = getattr(entry.value, \"version\", entry.value)", "value = len(made)"),
        BTreeSet::from(["transform.answers", "transform.any-order"])
    );
    assert_eq!(
        of("ctx.compose(\"packages\")", "ctx.compose(\"apps\")"),
        BTreeSet::from(["transform.answers"])
    );
    assert_eq!(
        of("fragment([\"notes\"", "fragment([\"others\""),
        BTreeSet::from(["importer.answers", "importer.into"])
    );
    assert_eq!(
        of("def expand(config, ctx):", "def expand(config):"),
        BTreeSet::from(["dependency.answers", "dependency.refuses"])
    );
}

/// What a broken answer is called, with its place.
#[test]
fn messages_name_function_and_file() {
    let told = |old: &str, new: &str, check: &str| {
        let report = test(&subject(CODE.replace(old, new)));
        let verdict = report.iter().find(|one| one.check.id == check).unwrap();
        let Outcome::Failed(how) = &verdict.outcome else { panic!("{}", shown(&report)) };
        how.clone()
    };
    insta::assert_snapshot!(told("return made", "return len(made)", "transform.answers"), @r"
    {}: INTERNAL: `outputs` in `evaluated/plugin.star` returns what is no answer
    evaluated/plugin.star:26:5: this function
    A list of what `fragment(…)` makes is expected; this is a value of the type `int`.
    ");
    insta::assert_snapshot!(told("{\"globs\":", "{\"golbs\":", "dependency.answers"), @r#"
    {"folder":"api"}: INTERNAL: `expand` in `evaluated/plugin.star` returns what is no answer
    evaluated/plugin.star:2:5: this function
    unknown field `golbs`, expected one of `inputs`, `globs`, `values`, `variables`, `commands`, `packages`.
    "#);
    insta::assert_snapshot!(told("config.folder +", "config.fodler +", "dependency.answers"), @r#"
    {"folder":"api"}: INTERNAL: Object of type `struct` has no attribute `fodler`, did you mean `folder`?
    evaluated/plugin.star:3:23: here
    "#);
    insta::assert_snapshot!(told("ctx.compose(\"packages\")", "ctx.compose(\"apps\")", "transform.answers"), @r"
    {}: INTERNAL: the manifest does not say that it reads `apps`
    evaluated/plugin.star:28:18: here
    ");
}
