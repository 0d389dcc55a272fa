//! Files that load others.

use std::sync::Arc;
use std::thread;

use crate::support::{shown, told, world};

#[test]
fn names_of_other_files_are_loaded_and_not_passed_on() {
    let world = world(&[
        (
            "a.star",
            "load('./b.star', 'twice', n = 'number')\ndef default():\n    return twice(n)\n",
        ),
        ("b.star", "number = 21\ndef twice(x):\n    return x * 2\n"),
        ("c.star", "load('a.star', 'twice')\ndef default():\n    return twice(1)\n"),
    ]);
    assert_eq!(shown(&world.call("a.star", &[]).unwrap()), "42");
    let error = world.call("c.star", &[]).unwrap_err();
    assert!(error.summary.contains("twice"), "{}", told(&error));
}

#[test]
fn files_that_load_each_other_are_named() {
    let world = world(&[
        ("a.star", "load('b.star', 'y')\nx = 1\ndef default(): return x\n"),
        ("b.star", "load('c.star', 'z')\ny = 1\n"),
        ("c.star", "load('a.star', 'x')\nz = 1\n"),
    ]);
    insta::assert_snapshot!(told(&world.call("a.star", &[]).unwrap_err()), @r"
    load-cycle: files load each other: a.star -> b.star -> c.star -> a.star
      a.star:1:6 loads the next one
      b.star:1:6 loads the next one
      c.star:1:6 loads the next one
      > move what they share into a file that loads none of them
    ");
}

#[test]
fn what_cannot_be_loaded_is_told_with_its_place() {
    let world = world(&[("a.star", "x = 1\nload('gone.star', 'y')\ndef default(): return x\n")]);
    insta::assert_snapshot!(told(&world.call("a.star", &[]).unwrap_err()), @r"
    load: there is no file `gone.star`
      a.star:2:6 loaded here
    ");
}

#[test]
fn an_error_in_a_loaded_file_is_that_file_s() {
    let world = world(&[
        ("a.star", "load('b.star', 'y')\ndef default(): return y\n"),
        ("b.star", "y = [1][7]\n"),
    ]);
    insta::assert_snapshot!(told(&world.call("a.star", &[]).unwrap_err()), @r"
    evaluation: Index `7` is out of bound
      b.star:1:5 here
    ");
}

/// Chains of loads are followed without recursion, and evaluated by whoever comes first.
#[test]
fn long_chains_of_loads_work_from_many_threads() {
    let mut files = vec![("f0.star".to_owned(), "v = 0\n".to_owned())];
    for n in 1..500 {
        let text =
            format!("load('f{}.star', w = 'v')\nv = w + 1\ndef default(): return v\n", n - 1);
        files.push((format!("f{n}.star"), text));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let world = Arc::new(world(&files));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let world = world.clone();
            thread::spawn(move || {
                shown(&world.call(&format!("f{}.star", 499 - thread), &[]).unwrap())
            })
        })
        .collect();
    for (thread, handle) in threads.into_iter().enumerate() {
        assert_eq!(handle.join().unwrap(), (499 - thread).to_string());
    }
}
