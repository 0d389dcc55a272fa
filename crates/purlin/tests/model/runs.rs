//! Runs, and what they must have done.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::time::Duration;

use purlin_test::Finished;

use super::definition::{COMMANDS, Slot};
use super::files::{self, Node};
use super::oracle::{How, Meanwhile, Place, Settled};
use super::step::{Moment, Run, Shelf};
use super::world::World;

impl World {
    pub(super) fn run(
        &mut self,
        place: usize,
        run: &Run,
        meanwhile: Option<&Meanwhile>,
    ) -> Result<(), String> {
        if self.is_shaken {
            return self.run_shaken(place, run, meanwhile.is_none());
        }
        let (arguments, finished) = self.finish(place, run);
        let context = |problem: String| format!("{problem}\n{arguments:?}\n{finished}");
        let ran = self.ran().map_err(&context)?;
        let slots = Place::closure(&run.wanted());
        let region = format!("r{}", run.region);
        let how = How {
            force: run.force,
            region: &region,
            user: run.user,
            reaches: run.shelf == Shelf::There,
            meanwhile,
        };
        let here = &mut self.places[place];
        let settled = here.run(&mut self.cache, &slots, how, &ran).map_err(&context)?;
        let failed = settled.values().any(|one| one.how == "failed");
        if finished.code != Some(i32::from(failed)) {
            return Err(context("wrong: the status".to_owned()));
        }
        if run.json {
            self.compare_events(place, &finished, &settled).map_err(&context)?;
        }
        self.compare_files().map_err(&context)
    }

    /// A run, its arguments, and how it ended.
    pub(super) fn finish(&self, place: usize, run: &Run) -> (Vec<String>, Finished) {
        let (arguments, mut command) = self.command(place, run);
        let down = self.shelf().join("down");
        if run.shelf == Shelf::Away {
            fs::write(&down, "").expect("the folder is the test's own");
        }
        let finished = self.workspace.finish(&mut command);
        let _ = fs::remove_file(down);
        (arguments, finished)
    }

    /// A run that is about to begin: nothing has run yet.
    pub(super) fn command(&self, place: usize, run: &Run) -> (Vec<String>, Command) {
        let _ = fs::remove_file(self.workspace.base().join("runs"));
        let mut arguments = vec!["run".to_owned()];
        let mut add = |word: &str| arguments.push(word.to_owned());
        for (given, flag) in [
            (run.force, "--force"),
            (run.json, "--json"),
            (run.alone, "-n1"),
            (run.shelf == Shelf::Offline, "--offline"),
        ] {
            given.then(|| add(flag));
        }
        if let Some((flag, value, _)) = run.narrow {
            add(flag);
            add(value);
        }
        run.slots.iter().for_each(|slot| add(&self.places[place].definition.name(*slot)));
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = self.workspace.command(&words);
        command.current_dir(self.root(place)).env("REGION", format!("r{}", run.region));
        command.env("PURLIN_CACHE_DIR", self.cache_of(run.user));
        if run.frozen {
            command.env("PURLIN_CLOCK", "stamps=1000,now=1000");
        }
        (arguments, command)
    }

    /// Which commands ran, each of them once.
    pub(super) fn ran(&self) -> Result<BTreeSet<Slot>, String> {
        let counted = fs::read_to_string(self.workspace.base().join("runs")).unwrap_or_default();
        let mut ran = BTreeSet::new();
        for line in counted.lines() {
            let slot: Slot = line.parse().expect("commands write their number");
            if !ran.insert(slot) {
                return Err(format!("needless: {} ran twice", COMMANDS[slot].name));
            }
        }
        Ok(ran)
    }

    /// Whether all files are what they should be.
    pub(super) fn compare_files(&self) -> Result<(), String> {
        for place in 0..2 {
            let told =
                files::differences(&self.places[place].files, &files::read(&self.root(place)));
            if !told.is_empty() {
                let place = ["", "the second place: "][place];
                return Err(format!("files: {place}{}", told.join("\n")));
            }
        }
        Ok(())
    }

    /// Whether each command was settled as it should, and said what it should.
    fn compare_events(
        &self,
        place: usize,
        finished: &Finished,
        settled: &BTreeMap<Slot, Settled>,
    ) -> Result<(), String> {
        let events = finished.json_lines();
        for (slot, wanted) in settled {
            let id = self.places[place].definition.name(*slot);
            let how = finished.settled(&id).unwrap_or_default();
            if how != wanted.how {
                return Err(format!("wrong: {id} is {how}, not {}", wanted.how));
            }
            let own = events.iter().filter(|event| {
                event["id"] == *id && event["event"] == "output" && event["stream"] == "stdout"
            });
            let said: String = own.filter_map(|event| event["text"].as_str()).collect();
            if said != wanted.said {
                return Err(format!("stale: {id} said {said:?}, not {:?}", wanted.said));
            }
        }
        Ok(())
    }

    pub(super) fn run_meanwhile(
        &mut self,
        place: usize,
        force: bool,
        slot: Slot,
        path: &'static str,
        node: &Node,
        moment: Moment,
    ) -> Result<(), String> {
        let old = self.places[place].files.get(path).cloned();
        if moment == Moment::Meanwhile && old.is_none() {
            // A file that came and went leaves no trace. The guide on caching tells so.
            return Ok(());
        }
        let executable = old.as_ref().is_some_and(Node::is_executable);
        let text = node.text().to_owned();
        let node = Node::File { text: text.clone(), executable };
        let base = self.workspace.base();
        let hook = |when: &str, text: String| {
            fs::write(base.join(format!("{when}-{slot}")), text).expect("it is the test's own");
        };
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let put = |text: &str| {
            format!(
                "mkdir -p {folder}; printf '%s\\n' '{}' > '{path}'\n",
                text.trim_end_matches('\n')
            )
        };
        let write = put(&text);
        let back = put(old.as_ref().map_or("", Node::text));
        match moment {
            Moment::Before => hook("before", write),
            Moment::After => hook("after", write),
            Moment::Meanwhile => {
                hook("before", write);
                hook("after", back);
            }
        }
        // Clocks of file systems move in ticks: what was written before the run was so before it.
        std::thread::sleep(Duration::from_millis(12));
        let run = Run { force, ..Run::of(vec![slot]) };
        let result = self.run(place, &run, Some(&Meanwhile { slot, path, node, moment }));
        for when in ["before", "after"] {
            let _ = fs::remove_file(self.workspace.base().join(format!("{when}-{slot}")));
        }
        result
    }
}
