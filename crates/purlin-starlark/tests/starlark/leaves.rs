//! Typed leaves.

use purlin_model::{Source, parse_toml};
use purlin_plugin::language::{Argument, Datum, WrittenLeaf};

use crate::support::{fields, mk_package, package, shown, told, world};

#[test]
fn a_constructor_validates_and_fills_in_defaults() {
    let world = world(&[(
        "a.star",
        "def default(mk_package):\n    return mk_package(name = 'zlib', build_requires = ['cmake'])\n",
    )]);
    let leaf = world.call("a.star", &[mk_package()]).unwrap();
    assert_eq!(fields(&leaf), r#"{name: "zlib", build-requires: ["cmake"], version: "0"}"#);
    assert_eq!(leaf.leaf().unwrap().name, "package");
    assert_eq!(leaf.origin().unwrap().to_string(), "a.star:2:12");
}

#[test]
fn all_that_is_wrong_with_a_leaf_is_told_at_its_call() {
    let world = world(&[(
        "a.star",
        "def make(mk_package):\n    return mk_package(vresion = '1', env = {'A': 1})\n\
         def default(mk_package):\n    return make(mk_package)\n",
    )]);
    insta::assert_snapshot!(told(&world.call("a.star", &[mk_package()]).unwrap_err()), @r"
    leaf: `mk_package` does not make a package
      a.star:2:12 this call
      | unknown field `/vresion`: did you mean `version`?
      | `/env/A` must be a string
      | `/name` is missing
    ");
}

#[test]
fn only_data_and_leaves_belong_into_leaves() {
    let world = world(&[(
        "a.star",
        "def default(mk_package):\n    return mk_package(name = 'a', build = lambda: 1)\n",
    )]);
    insta::assert_snapshot!(told(&world.call("a.star", &[mk_package()]).unwrap_err()), @r"
    evaluation: `build`: It holds a value of the type `function`, which is no data.
      a.star:2:12 here
    ");
}

#[test]
fn leaves_hold_leaves_and_tell_their_fields() {
    let world = world(&[
        (
            "zlib.star",
            "def default(mk_package):\n    return mk_package(name = 'zlib', version = '1.3')\n",
        ),
        (
            "app.star",
            "def default(mk_package, zlib):\n    return mk_package(\n        name = 'app-' + zlib.version,\n        build_requires = [zlib, 'make'],\n    )\n",
        ),
    ]);
    let zlib = world.call("zlib.star", &[mk_package()]).unwrap();
    let app =
        world.call("app.star", &[mk_package(), ("zlib", Argument::Value(zlib.clone()))]).unwrap();
    assert_eq!(
        fields(&app),
        r#"{name: "app-1.3", build-requires: [<package>, "make"], version: "0"}"#
    );
    let Some(Datum::Table(entries)) = app.fields() else { panic!("a table") };
    let Datum::List(requires) = &entries[1].1 else { panic!("a list") };
    let Datum::Leaf(inside) = &requires[0] else { panic!("a leaf") };
    assert!(std::ptr::addr_eq(std::sync::Arc::as_ptr(inside), std::sync::Arc::as_ptr(&zlib)));
}

/// A package in a text stands for its root.
#[test]
fn the_leaves_in_a_text_are_found() {
    let world = world(&[
        ("zlib.star", "def default(mk_package):\n    return mk_package(name = 'zlib')\n"),
        (
            "app.star",
            "def default(mk_package, zlib):\n    flags = 'cmake -DZLIB=%s/lib' % zlib\n    return mk_package(\n        name = 'app',\n        build = flags + f' {zlib}',\n        env = {'R': '{}'.format(zlib)},\n    )\n",
        ),
    ]);
    let zlib = world.call("zlib.star", &[mk_package()]).unwrap();
    let app =
        world.call("app.star", &[mk_package(), ("zlib", Argument::Value(zlib.clone()))]).unwrap();
    let mentions = app.mentions();
    assert_eq!(mentions.len(), 1);
    assert_eq!(fields(&mentions[0]), fields(&zlib));
    let placeholder = zlib.placeholder().unwrap();
    let Some(Datum::Table(entries)) = app.fields() else { panic!("a table") };
    let build = entries.iter().find(|(name, _)| name == "build").unwrap();
    assert_eq!(
        crate::support::show(&build.1),
        format!("{:?}", format!("cmake -DZLIB={placeholder}/lib {placeholder}"))
    );
    assert!(zlib.mentions().is_empty());
}

#[test]
fn leaves_of_the_same_content_are_the_same() {
    let world = world(&[(
        "a.star",
        "def default(mk_package, other):\n    a = mk_package(name = 'a')\n    return [a == mk_package(name = 'a', version = '0'), a == other, a == mk_package(name = 'b'), len(set([a, other]))]\n",
    )]);
    let (data, _) = parse_toml(&Source::new("p.toml", "name = 'a'\nversion = '0'\n"));
    let other = Argument::Leaf(WrittenLeaf::new(package(), data));
    let value = world.call("a.star", &[mk_package(), ("other", other)]).unwrap();
    assert_eq!(shown(&value), "[true, true, false, 1]");
}

#[test]
fn leaves_that_were_written_as_data_are_leaves() {
    let world =
        world(&[("a.star", "def default(zlib):\n    return {'z': zlib, 'v': zlib.version}\n")]);
    let (data, _) = parse_toml(&Source::new("p.toml", "name = 'zlib'\nversion = '2'\n"));
    let value = world
        .call("a.star", &[("zlib", Argument::Leaf(WrittenLeaf::new(package(), data)))])
        .unwrap();
    assert_eq!(shown(&value), r#"{z: <package>, v: "2"}"#);
    let Datum::Table(entries) = value.datum() else { panic!("a table") };
    let Datum::Leaf(leaf) = &entries[0].1 else { panic!("a leaf") };
    assert_eq!(leaf.origin().unwrap().to_string(), "p.toml:1:1");
}
