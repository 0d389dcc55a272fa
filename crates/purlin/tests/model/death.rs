//! Runs that are killed, and what holds after that whatever they left behind.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use super::definition::COMMANDS;
use super::files;
use super::oracle::Place;
use super::step::{Death, Run};
use super::world::World;

impl World {
    /// Kills a run, and lets another one do what it had to do.
    pub(super) fn kill(&mut self, place: usize, run: &Run, death: Death) -> Result<(), String> {
        self.is_shaken = true;
        let (_, mut command) = self.command(place, run);
        let hook = match death {
            Death::Within(slot) => Some(self.workspace.base().join(format!("before-{slot}"))),
            Death::Point(_) | Death::After(_) => None,
        };
        if let Some(hook) = &hook {
            // The command itself goes on: whoever comes next has to end it.
            fs::write(hook, "kill -9 $PPID; sleep 0.02\n").expect("the folder is the test's own");
        }
        if let Death::Point(number) = death {
            command.env("PURLIN_FAULT", number.to_string());
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary is there");
        if let Death::After(milliseconds) = death {
            std::thread::sleep(Duration::from_millis(milliseconds.into()));
            let _ = child.kill();
        }
        let _ = child.wait();
        if let Some(hook) = hook {
            let _ = fs::remove_file(hook);
        }
        self.run_shaken(place, run, true)
    }

    /// A run of which it is not known what it finds in the cache and on record: in the end all
    /// artifacts are what the commands would write, and the next run has nothing to do.
    pub(super) fn run_shaken(
        &mut self,
        place: usize,
        run: &Run,
        undisturbed: bool,
    ) -> Result<(), String> {
        let (arguments, finished) = self.finish(place, run);
        let told = |problem: String| format!("{problem}\n{arguments:?}\n{finished}");
        self.ran().map_err(&told)?;
        self.places[place].files = files::read(&self.root(place));
        self.compare_files().map_err(&told)?;
        let is_rest = |path: &&String| path.contains(".purlin-");
        if let Some(path) = self.places[place].files.keys().find(is_rest) {
            return Err(told(format!("files: {path} was left behind")));
        }
        if !undisturbed {
            return Ok(());
        }
        let slots = Place::closure(&run.wanted());
        let region = format!("r{}", run.region);
        let failed = self.places[place].verify(&slots, &region).map_err(&told)?;
        if finished.code != Some(i32::from(!failed.is_empty())) {
            return Err(told("wrong: the status".to_owned()));
        }
        let (arguments, finished) = self.finish(place, &Run { force: false, ..run.clone() });
        let told = |problem: String| format!("{problem}\nagain: {arguments:?}\n{finished}");
        self.places[place].files = files::read(&self.root(place));
        let here = &self.places[place];
        let rests = |slot: usize| here.rests(slot, !failed.contains(&slot));
        match self.ran().map_err(&told)?.into_iter().find(|slot| rests(*slot)) {
            Some(slot) => Err(told(format!("needless: {} ran again", COMMANDS[slot].name))),
            None => Ok(()),
        }
    }
}
