//! What the interpreter alone takes for the definitions of files: each file is parsed and evaluated, and
//! each of its functions called, without looking for anything by name. `benches/definitions.py` runs it.
//!
//! `bare LIST` reads the paths of the files from LIST, a line each, and prints how many functions it
//! called. Functions get the constructor, and what the one before them has returned.

#![expect(clippy::print_stdout, reason = "it is a program")]

use std::fs;

use starlark::environment::{FrozenModule, Globals, LibraryExtension, Module};
use starlark::eval::Evaluator;
use starlark::syntax::{AstModule, Dialect};

fn main() {
    let list = std::env::args().nth(1).expect("the list of files is named");
    let list = fs::read_to_string(list).expect("the list can be read");
    let globals = Globals::extended_by(&[LibraryExtension::StructType]);
    let frozen = FrozenModule::from_globals(&globals).expect("they can be frozen");
    let constructor = frozen.get("struct").expect("it is there");
    let is_chain = list.lines().count() == 1 && list_is_chain(list.trim());
    let mut called = 0;
    let mut kept = Vec::new();
    for path in list.lines() {
        let text = fs::read_to_string(path).expect("each file can be read");
        kept.push(Module::with_temp_heap(|module| {
            let tree = AstModule::parse(path, text, &Dialect::Standard).expect("it is correct");
            {
                let mut evaluator = Evaluator::new(&module);
                evaluator.eval_module(tree, &globals).expect("it can be evaluated");
                let constructor = module.heap().access_owned_frozen_value(&constructor);
                let version = module.heap().alloc("1.0");
                let base = evaluator.eval_function(constructor, &[], &[("version", version)]);
                let base = base.expect("it is a structure");
                let mut before = base;
                let mut values = Vec::new();
                for name in
                    std::iter::once("default".to_owned()).chain((0..).map(|n| format!("p{n}")))
                {
                    let Some(function) = module.get(&name) else {
                        if name == "default" {
                            continue;
                        }
                        break;
                    };
                    let value = evaluator.eval_function(function, &[constructor, before], &[]);
                    let value = value.expect("it returns");
                    called += 1;
                    values.push(value);
                    if is_chain {
                        before = value;
                    }
                }
                let all = module.heap().alloc(values);
                module.set_extra_value(all);
            }
            module.freeze().expect("it freezes")
        }));
    }
    println!("{called}");
    drop(kept);
}

/// Whether each function of a file asks for the one before it.
fn list_is_chain(path: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains("def p1(mk_package, p0)"))
}
