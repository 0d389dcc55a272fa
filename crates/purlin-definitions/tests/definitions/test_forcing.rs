//! What is evaluated, how often, and how deep.

use crate::world::{World, world};

fn many(texts: &[(String, String)]) -> World {
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world(&files)
}

/// `p0 <- p1 <- …`, all in one file.
fn chain(count: usize) -> World {
    let mut star = String::new();
    let mut names = Vec::new();
    for number in 0..count {
        let asks = if number == 0 { String::new() } else { format!("p{}", number - 1) };
        star.push_str(&format!("def p{number}({asks}):\n"));
        names.push(format!("\"p{number}\": \"@p{number}\""));
    }
    star.push_str(&format!("definitions = {{\"pkg\": {{{}}}}}\n", names.join(", ")));
    let document = "[workspace]\nsystems = [\"x86_64-linux\"]\n".to_owned();
    many(&[("purlin.toml".to_owned(), document), ("purlin.star".to_owned(), star)])
}

#[test]
fn each_is_evaluated_once_and_only_what_is_needed() {
    let world = world(&[
        ("pkgs/base.star", "def default():"),
        ("pkgs/left.star", "def default(base):"),
        ("pkgs/right.star", "def default(base):"),
        ("pkgs/top.star", "def default(left, right, pkgs):\n    use pkgs.base\n"),
        ("pkgs/other.star", "def default(base):"),
    ]);
    let top = "top(left(base()), right(base()), <pkgs>, base())";
    assert_eq!(world.value("pkg.x86_64-linux.top"), top);
    assert_eq!(world.value("tree.x86_64-linux.top"), top);
    let calls = world.language.calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 4);
    assert!(calls.values().all(|count| *count == 1), "{calls:?}");
    assert_eq!(*world.language.parsed.lock().unwrap(), 4);
}

#[test]
fn what_fails_spoils_itself_and_what_needs_it_only() {
    let world = world(&[
        ("pkgs/bad.star", "def default():\n    fail it is broken\n"),
        ("pkgs/user.star", "def default(bad):"),
        ("pkgs/fine.star", "def default():"),
    ]);
    assert_eq!(world.value("pkg.x86_64-linux.fine"), "fine()");
    assert_eq!(world.value("pkg.x86_64-linux.user"), "[it is broken]");
    assert_eq!(world.value("pkg.x86_64-linux.bad"), "[it is broken]");
    assert_eq!(world.language.calls.lock().unwrap()["bad"], 1);
    assert_eq!(world.codes(), ["failed"]);
}

#[test]
fn chains_of_parameters_may_be_long() {
    let world = chain(20_000);
    let value = world.value("pkg.x86_64-linux.p19999");
    assert!(value.starts_with("p19999(p19998(p19997("));
    assert_eq!(world.language.calls.lock().unwrap().len(), 20_000);
}

#[test]
fn what_is_looked_up_while_something_runs_may_not_lie_too_deep() {
    const COUNT: usize = 6_000;
    let mut star = format!("def p{COUNT}():\n");
    let mut names = vec![format!("\"p{COUNT}\": \"@p{COUNT}\"")];
    for number in 0..COUNT {
        star.push_str(&format!("def p{number}(pkgs):\n    use pkgs.p{}\n", number + 1));
        names.push(format!("\"p{number}\": \"@p{number}\""));
    }
    star.push_str(&format!("definitions = {{\"pkg\": {{{}}}}}\n", names.join(", ")));
    let document = "[workspace]\nsystems = [\"x86_64-linux\"]\n".to_owned();
    let texts = [("purlin.toml".to_owned(), document), ("purlin.star".to_owned(), star)];
    let told = many(&texts).value("pkg.x86_64-linux.p0");
    assert!(told.ends_with("is looked up too deep in other definitions]"), "{told}");
    // From the other end everything is there when it is asked for.
    let world = many(&texts);
    for number in (0..=COUNT).rev().step_by(1_000) {
        assert!(world.value(&format!("pkg.x86_64-linux.p{number}")).starts_with('p'));
    }
}

#[test]
fn many_are_evaluated_on_all_processors_each_once() {
    let texts: Vec<(String, String)> = (0..1_000)
        .map(|number| {
            let asks = if number < 10 {
                String::new()
            } else {
                format!("p{}, p{}", number / 2, number / 3)
            };
            (format!("pkgs/all/p{number}.star"), format!("def default({asks}):"))
        })
        .collect();
    let world = many(&texts);
    assert_eq!(world.workspace.check(), []);
    let calls = world.language.calls.lock().unwrap();
    assert_eq!(calls.len(), 1_000);
    assert!(calls.values().all(|count| *count == 1));
}
