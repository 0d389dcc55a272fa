//! Plugins that extend definitions and make outputs.

use std::sync::Arc;

use purlin_plugin::contract::Host;
use purlin_plugin::message::PluginError;
use purlin_plugin::transform::{Compose, Fragment, Name, Payload, Transform, TransformContext};
use serde_json::{Value as Json, json};

use crate::world::{told, transform, world_with};

const HEAD: &str = "[workspace]\nsystems = [\"x86_64-linux\"]\n";

/// Adds to `foo` what it finds in `app`, twice as much.
struct Doubling;

impl Transform for Doubling {
    fn extend(
        &self,
        context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let how = Compose { systems: Some(Vec::new()), ..Compose::default() };
        let found = context.compose("app", &how)?.own.into_iter().map(|entry| {
            let path = vec!["foo".to_owned(), entry.path.join("-")];
            let of: Vec<&str> = entry.path.iter().map(|name| &**name).collect();
            let mut fragment = Fragment::new(path, Payload::Data(json!({"of": of})));
            fragment.origin = Some(entry.origin);
            fragment
        });
        Ok(found.collect())
    }
}

/// Adds to `app`.
struct Adding;

impl Transform for Adding {
    fn extend(
        &self,
        context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let path = vec!["app".to_owned(), "added".to_owned()];
        assert!(context.original().names().is_empty());
        Ok(vec![Fragment::new(path, Payload::Data(json!(true)))])
    }
}

/// Writes where it may not.
struct Straying(&'static [&'static str]);

impl Transform for Straying {
    fn outputs(
        &self,
        _context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let path = self.0.iter().copied();
        Ok(vec![Fragment::new(path, Payload::Data(json!(1)))])
    }
}

/// Makes data of its own below `foo`.
struct Making(Json);

impl Transform for Making {
    fn outputs(
        &self,
        _context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        Ok(vec![Fragment::new(vec!["foo".to_owned()], Payload::Data(self.0.clone()))])
    }
}

#[test]
fn extensions_run_in_the_order_of_what_they_read_and_extend() {
    // Written in the other order.
    let text = format!(
        "{HEAD}[[use]]\nname = \"doubling\"\n[[use]]\nname = \"adding\"\n[app]\nown = 1\n[foo]\nown = 2\n"
    );
    let world = world_with(
        &[("purlin.toml", &text)],
        |catalogue| {
            let doubling = || Arc::new(Doubling) as Arc<dyn Transform>;
            let adding = || Arc::new(Adding) as Arc<dyn Transform>;
            catalogue.transforms.push(transform("doubling", &["app"], &["foo"], &[], doubling));
            catalogue.transforms.push(transform("adding", &[], &["app"], &[], adding));
        },
        None,
    );
    let names = world.show("foo");
    let names: Vec<&str> = names.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["added", "own"]);
    assert_eq!(world.value("foo.own"), "2", "the author's word counts more");
    assert_eq!(world.show("foo.added"), json!({"of": {"$type": "value"}}));
    assert_eq!(world.workspace.check(), []);
}

#[test]
fn extensions_without_an_order_are_named() {
    let text = format!(
        "{HEAD}[[use]]\nname = \"one\"\n[[use]]\nname = \"other\"\n[[use]]\nname = \"adding\"\n"
    );
    let world = world_with(
        &[("purlin.toml", &text)],
        |catalogue| {
            let code = || Arc::new(Doubling) as Arc<dyn Transform>;
            let adding = || Arc::new(Adding) as Arc<dyn Transform>;
            catalogue.transforms.push(transform("one", &["app"], &["foo"], &[], code));
            catalogue.transforms.push(transform("other", &["foo"], &["app"], &[], code));
            catalogue.transforms.push(transform("adding", &[], &["app"], &[], adding));
        },
        None,
    );
    insta::assert_snapshot!(told(&world.workspace.problems()[0]), @r#"
    error: each of these transforms reads what the next one extends: `made-up:one`, `made-up:other`
      purlin.toml:4:8 used here
      purlin.toml:6:8 used here
      = Transforms that extend definitions run one after the other, and these have no order.
      = take one of them out of `[[use]]`
    "#);
    assert_eq!(world.value("app.x86_64-linux.added"), "true", "the others still do");
}

/// Recorded case 70: the type error did not have the plugin's name.
#[test]
fn what_a_manifest_does_not_declare_is_an_error_that_names_the_plugin() {
    for (path, told) in [
        (
            &["bar", "x"][..],
            "`straying` of the plugin `made-up` made `bar.x`, which its manifest does not declare",
        ),
        (&[], "`straying` of the plugin `made-up` made a fragment without a path"),
        (
            &["foo", ""],
            "`straying` of the plugin `made-up` made a fragment whose path is with an empty name: `foo.\"\"`",
        ),
    ] {
        let world = world_with(
            &[("pkgs/a.star", "def default():")],
            |catalogue| {
                let code = match path.len() {
                    0 => || Arc::new(Straying(&[])) as Arc<dyn Transform>,
                    _ if path[0] == "bar" => || Arc::new(Straying(&["bar", "x"])) as _,
                    _ => || Arc::new(Straying(&["foo", ""])) as _,
                };
                catalogue.transforms.push(transform("straying", &[], &[], &["foo"], code));
            },
            None,
        );
        assert_eq!(world.value("foo.x"), format!("[{told}]"));
        assert_eq!(world.workspace.check()[0].summary, told);
        assert!(world.show("pkg").is_object(), "outputs that it does not own are there");
    }
}

/// Makes something for what is no system.
struct Nowhere;

impl Transform for Nowhere {
    fn outputs(
        &self,
        _context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let path = ["v", "a"];
        let system = Some("nosys".into());
        Ok(vec![Fragment { system, ..Fragment::new(path, Payload::Data(json!(1))) }])
    }
}

#[test]
fn what_is_made_for_a_system_stands_below_it() {
    struct Placed(&'static [&'static str]);
    impl Transform for Placed {
        fn outputs(
            &self,
            _context: &dyn TransformContext,
            _options: &Json,
            _host: &dyn Host,
        ) -> Result<Vec<Fragment>, PluginError> {
            let path = self.0.iter().copied();
            let system = Some("x86_64-linux".into());
            Ok(vec![Fragment { system, ..Fragment::new(path, Payload::Data(json!(1))) }])
        }
    }
    let of = |path: &'static [&'static str]| {
        world_with(
            &[],
            move |catalogue| {
                let code = move || Arc::new(Placed(path)) as Arc<dyn Transform>;
                catalogue.transforms.push(transform("placed", &[], &[], &["v"], code));
            },
            None,
        )
    };
    for path in [&["v", "a"][..], &["v", "x86_64-linux", "a"]] {
        assert_eq!(of(path).show("v"), json!({"x86_64-linux": {"a": 1}}));
    }
    let none = world_with(
        &[],
        |catalogue| {
            let code = || Arc::new(Nowhere) as Arc<dyn Transform>;
            catalogue.transforms.push(transform("nowhere", &[], &[], &["v"], code));
        },
        None,
    );
    insta::assert_snapshot!(told(&none.error("v.a")), @r#"
    error: `nowhere` of the plugin `made-up` made `v.a` for a system that is none
      plugin.toml:1:1 declared here
      = It says `nosys`.
      = systems are called like `x86_64-linux`
    "#);
    insta::assert_snapshot!(told(&of(&["v", "aarch64-linux", "a"]).error("v.a")), @r#"
    error: `placed` of the plugin `made-up` made `v.aarch64-linux.a` for the system x86_64-linux
      plugin.toml:1:1 declared here
      = The path says aarch64-linux.
      = leave `system` out, or let it say what the path says
    "#);
}

/// Recorded cases 13, 14 and 17: who came last won.
#[test]
fn plugins_that_make_one_output_differently_exclude_each_other() {
    let with = |catalogue: &mut purlin_definitions::Catalogue| {
        let one =
            || Arc::new(Making(json!({"a": 1, "b": {"x": 1}, "same": [1]}))) as Arc<dyn Transform>;
        let other =
            || Arc::new(Making(json!({"a": 2, "b": {"y": 2}, "same": [1]}))) as Arc<dyn Transform>;
        catalogue.transforms.push(transform("one", &[], &[], &["foo"], one));
        catalogue.transforms.push(transform("other", &[], &[], &["foo"], other));
    };
    let world = world_with(&[], with, None);
    assert_eq!(
        world.show("foo"),
        json!({"a": {"$type": "conflict"}, "b": {"x": 1, "y": 2}, "same": [1]})
    );
    insta::assert_snapshot!(told(&world.error("foo.a")), @r#"
    error: there are 2 of `foo.a`
      plugin.toml:1:1 an integer of the workspace, through `one`
      plugin.toml:1:1 an integer of the workspace, through `other`
      = They have the same priority, 200, so that none counts more.
      = rename one of them, or give one a smaller `priority`
    "#);
}

#[test]
fn only_transforms_that_own_what_is_asked_for_run() {
    let world = world_with(
        &[("pkgs/a.star", "def default():")],
        |catalogue| {
            let code = || -> Arc<dyn Transform> { panic!("nobody asked for it") };
            catalogue.transforms.push(transform("panic", &[], &[], &["other"], code));
        },
        None,
    );
    assert_eq!(world.value("pkg.x86_64-linux.a"), "a()");
}

#[test]
fn further_axes_are_given_to_definitions_by_name() {
    struct Stabilities;
    impl Transform for Stabilities {
        fn outputs(
            &self,
            context: &dyn TransformContext,
            _options: &Json,
            _host: &dyn Host,
        ) -> Result<Vec<Fragment>, PluginError> {
            let values = vec!["stable".to_owned(), "unstable".to_owned()];
            let how =
                Compose { axes: vec![("stability".to_owned(), values)], ..Compose::default() };
            let found = context.compose("pkg", &how)?.own.into_iter().map(|entry| {
                let mut path: Vec<Name> = vec!["axes".into(), entry.axes[0].1.as_str().into()];
                path.extend_from_slice(&entry.namespace);
                Fragment::new(path, Payload::Lazy(entry.value))
            });
            Ok(found.collect())
        }
    }
    let world = world_with(
        &[("pkgs/a.star", "def default(stability):"), ("pkgs/b.star", "def default(a):")],
        |catalogue| {
            let code = || Arc::new(Stabilities) as Arc<dyn Transform>;
            catalogue.transforms.push(transform("axes", &["pkg"], &[], &["axes"], code));
        },
        None,
    );
    assert_eq!(world.value("axes.stable.b"), "b(a(stable))");
    assert_eq!(world.value("axes.unstable.a"), "a(unstable)");
    // It was the transform that gave it.
    let path = ["axes", "stable", "a"].map(str::to_owned);
    let (name, told) = world.workspace.explain(&path).unwrap().injected.remove(0);
    assert_eq!((name.as_str(), told.layer), ("stability", "injected"));
    assert_eq!(told.plugin.as_deref(), Some("made-up"));
    assert_ne!(told.origin.path().to_string_lossy(), "pkgs/a.star");
}

/// Says a system twice: beside its path and in it.
struct Placing(&'static str);

impl Transform for Placing {
    fn extend(
        &self,
        _context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let path = ["pkg", self.0, "a"];
        let mut fragment = Fragment::new(path, Payload::Data(json!({"version": "1"})));
        fragment.system = Some("x86_64-linux".into());
        Ok(vec![fragment])
    }
}

#[test]
fn a_system_may_be_said_twice_and_not_two_of_them() {
    let placing = |system: &'static str| {
        let document = format!("{HEAD}[[use]]\nname = \"placing\"\n");
        let change = |catalogue: &mut purlin_definitions::Catalogue| {
            let code = move || Arc::new(Placing(system)) as Arc<dyn Transform>;
            catalogue.transforms.push(transform("placing", &[], &["pkg"], &[], code));
        };
        world_with(&[("purlin.toml", &document)], change, None)
    };
    let world = placing("x86_64-linux");
    assert_eq!(world.show("pkg"), json!({"x86_64-linux": {"a": {"$type": "thing"}}}));
    assert_eq!(world.workspace.check(), []);
    let all = placing("aarch64-linux").workspace.check();
    assert_eq!(
        all[0].summary,
        "`placing` of the plugin `made-up` made `pkg.aarch64-linux.a` for the system x86_64-linux"
    );
}
