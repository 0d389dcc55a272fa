//! What the language costs beside the interpreter that it wraps: many small files, each parsed,
//! evaluated and its function called, through `Language` and with the interpreter alone.
//!
//! `cargo run --release -p purlin-starlark --example evaluate [FILES]` prints milliseconds of CPU time
//! of the process, and the largest memory that it holds for the language.

#![expect(clippy::print_stdout, reason = "it is a program")]

use std::sync::Arc;
use std::time::Duration;

use purlin_model::Source;
use purlin_plugin::Schema;
use purlin_plugin::language::{Argument, FunctionRef, Language, LeafType};
use purlin_starlark::{NoSources, Starlark};
use starlark::environment::{Globals, LibraryExtension, Module};
use starlark::eval::Evaluator;
use starlark::syntax::{AstModule, Dialect};

/// A definition like those that people write. The interpreter alone makes a structure of it.
fn text(number: usize) -> String {
    format!(
        "\"\"\"Package {number}.\"\"\"\n\n\
         _flags = [\"-O2\", \"-g\"]\n\n\
         def _configure(options):\n    return \" \".join([\"-D%s\" % one for one in options])\n\n\
         def default(mk_package):\n    version = \"3.{number}\"\n    return mk_package(\n        \
         name = \"package-{number}\",\n        version = version,\n        \
         source = \"https://example.com/package-%s.tar.gz\" % version,\n        \
         requires = [\"cmake-{number}\", \"zlib\"],\n        \
         build = \"cmake -B build %s && cmake --build build\" % _configure(_flags),\n        \
         install = \"install -Dm755 build/package $out/bin/package\",\n        \
         description = \"Simple package {number}.\",\n    )\n"
    )
}

fn main() {
    let files = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let texts: Vec<String> = (0..files).map(text).collect();
    // Whoever comes first pays for what both use.
    bare(&texts[..texts.len().min(100)]);
    through_language(&texts[..texts.len().min(100)]);
    let begun = processor_time();
    through_language(&texts);
    let wrapped = processor_time() - begun;
    let memory = largest_memory();
    let begun = processor_time();
    bare(&texts);
    let alone = processor_time() - begun;
    let ratio = wrapped.as_secs_f64() / alone.as_secs_f64();
    println!("files            {files}");
    println!("interpreter      {:.1} ms", alone.as_secs_f64() * 1e3);
    println!("language         {:.1} ms", wrapped.as_secs_f64() * 1e3);
    println!("ratio            {ratio:.2}");
    println!("largest memory   {memory:.1} MiB, of the language");
}

fn bare(texts: &[String]) {
    let globals = Globals::extended_by(&[LibraryExtension::StructType]);
    let constructor = globals_struct(&globals);
    let kept: Vec<_> = texts
        .iter()
        .map(|text| {
            Module::with_temp_heap(|module| {
                let tree = AstModule::parse("a.star", text.clone(), &Dialect::Standard);
                {
                    let mut evaluator = Evaluator::new(&module);
                    evaluator.eval_module(tree.expect("it is correct"), &globals).expect("it is");
                    let default = module.get("default").expect("it is there");
                    let constructor = module.heap().access_owned_frozen_value(&constructor);
                    let value = evaluator
                        .eval_function(default, &[], &[("mk_package", constructor)])
                        .expect("it returns");
                    module.set_extra_value(value);
                }
                module.freeze().expect("it freezes")
            })
        })
        .collect();
    assert_eq!(kept.len(), texts.len());
}

/// The function `struct`.
fn globals_struct(globals: &Globals) -> starlark::values::OwnedFrozenValue {
    let frozen = starlark::environment::FrozenModule::from_globals(globals);
    frozen.expect("they can be frozen").get("struct").expect("it is there")
}

fn through_language(texts: &[String]) {
    let schema = r#"{"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "version": {"type": "string"}, "source": {"type": "string"},
        "requires": {"type": "array", "items": {"type": "string"}}, "build": {"type": "string"},
        "install": {"type": "string"}, "description": {"type": "string"}}}"#;
    let schema = Schema::parse(&Source::new("package.json", schema)).expect("it is in the subset");
    let leaf = Arc::new(LeafType {
        name: "package".to_owned(),
        plugin: "packages".to_owned(),
        constructor: "mk_package".to_owned(),
        schema: Arc::new(schema),
        role: None,
        has_name: true,
    });
    let language = Starlark::new(Arc::new(NoSources));
    let arguments = [("mk_package".to_owned(), Argument::Constructor(leaf))];
    let kept: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let source = Source::new(format!("pkgs/{number}.star"), text.clone());
            language.index(&source).expect("it is correct");
            let function = FunctionRef { source, name: "default".to_owned() };
            language.call(&function, &arguments).expect("it returns")
        })
        .collect();
    assert_eq!(kept.len(), texts.len());
}

fn usage() -> libc::rusage {
    // SAFETY: all zeros is a valid value, and the call fills it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    }
}

fn processor_time() -> Duration {
    let usage = usage();
    let of = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let micros = u64::try_from(time.tv_usec).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    of(usage.ru_utime) + of(usage.ru_stime)
}

/// In MiB. Linux counts in KiB.
fn largest_memory() -> f64 {
    let count = u32::try_from(usage().ru_maxrss).map_or(f64::NAN, f64::from);
    if cfg!(target_os = "macos") { count / 1024.0 / 1024.0 } else { count / 1024.0 }
}
