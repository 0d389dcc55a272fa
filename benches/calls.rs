//! Calls a plugin through the host, the way `run` asks for dependencies, and beside it programs
//! that only send each line back, over the same two pipes and from one thread: what is left then
//! is the pipe's own time.
//!
//! Usage: `calls CALLS BLOCKS PLUGIN CACHE [-- PROGRAM ARGUMENT…]…`. One block of each after the
//! other, so that a busy moment does not hit one alone. One line for each: nanoseconds of a call
//! in each block.

#![expect(clippy::print_stdout, reason = "the result goes to benches/run")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use purlin_host::{Loaded, Need, Plugins, PluginsTable, Reserved, Search, Surroundings, Trust};
use purlin_plugin::contract::{Dependency, QuietHost};
use purlin_plugin::message::ExpandContext;
use purlin_plugin::{PluginSet, Point};
use serde_json::{Value as Json, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut groups = arguments.split(|argument| argument == "--");
    let Some([calls, blocks, plugin, cache]) = groups.next() else {
        return Err("CALLS BLOCKS PLUGIN CACHE".into());
    };
    let (calls, blocks): (u32, u32) = (calls.parse()?, blocks.parse()?);
    let plugins = open(&std::path::absolute(plugin)?, &std::path::absolute(cache)?);
    let mut callees = vec![Callee::Host(dependency(&plugins)?)];
    for program in groups {
        callees.push(Callee::Echo(Echo::start(program)?));
    }
    for callee in &mut callees {
        callee.block(calls)?;
    }
    let mut times = vec![Vec::new(); callees.len()];
    for _ in 0..blocks {
        for (callee, times) in callees.iter_mut().zip(&mut times) {
            let start = Instant::now();
            callee.block(calls)?;
            times.push((start.elapsed().as_nanos() / u128::from(calls)).to_string());
        }
    }
    for times in times {
        println!("{}", times.join(" "));
    }
    Ok(())
}

fn config() -> Json {
    json!({ "path": "src", "ignore": ["target"] })
}

fn open(plugin: &Path, cache: &Path) -> Plugins {
    Plugins::open(Search {
        workspace: PluginsTable::default(),
        root: None,
        trust: Trust { given: vec![plugin.to_owned()], ..Trust::default() },
        surroundings: Some(Surroundings {
            variables: std::env::vars_os().collect(),
            cache: cache.to_owned(),
            console: None,
            before_plugins: None,
        }),
        folders: vec![plugin.to_owned()],
        user: None,
        python: None,
        bundled: &PluginSet::new(),
        index_dir: cache.join("index"),
        reserved: Reserved::default(),
        version: semver::Version::new(0, 1, 0),
    })
}

fn dependency(plugins: &Plugins) -> Result<Loaded<dyn Dependency>> {
    let told = |diagnostic: purlin_model::Diagnostic| diagnostic.summary;
    let feature = plugins.find(Point::Dependency, "folder", Need::Any).map_err(told)?;
    Ok(plugins.dependency(&feature).map_err(told)?)
}

/// What is called.
enum Callee {
    Host(Loaded<dyn Dependency>),
    Echo(Echo),
}

impl Callee {
    fn block(&mut self, calls: u32) -> Result<()> {
        let context = ExpandContext::new(PathBuf::from("/workspace").to_string_lossy());
        for number in 0..calls {
            match self {
                Self::Host(code) => {
                    let answer = code.expand(&config(), &context, &QuietHost)?;
                    assert_eq!(answer.globs, ["src/**", "!src/**/target"]);
                }
                Self::Echo(echo) => echo.ask(number)?,
            }
        }
        Ok(())
    }
}

/// A program that sends each line back.
struct Echo {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    message: String,
    line: String,
}

impl Echo {
    fn start(program: &[String]) -> Result<Self> {
        let (name, arguments) = program.split_first().ok_or("a PROGRAM is missing")?;
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let params = json!({
            "name": "folder", "config": config(), "context": ExpandContext::new("/workspace"),
        });
        let rest = format!(r#""method":"dependency/expand","params":{params},"jsonrpc":"2.0"}}"#);
        Ok(Self {
            stdin: child.stdin.take().ok_or("no stdin")?,
            stdout: BufReader::new(child.stdout.take().ok_or("no stdout")?),
            child,
            message: rest,
            line: String::new(),
        })
    }

    fn ask(&mut self, number: u32) -> Result<()> {
        self.stdin.write_all(format!("{{\"id\":{number},{}\n", self.message).as_bytes())?;
        self.line.clear();
        self.stdout.read_line(&mut self.line)?;
        assert!(self.line.ends_with("\"2.0\"}\n"), "{}", self.line);
        Ok(())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
