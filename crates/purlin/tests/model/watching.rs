//! Runs that watch while files change.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::definition::{Change, INCLUDED, INCLUDED_FILE, Slot};
use super::files::{Node, Saving};
use super::oracle::{How, Place};
use super::step::Run;
use super::world::{World, source};

/// How long a round may take on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);

impl World {
    /// Runs commands and goes on while sources change. Each round is compared.
    pub(super) fn watch(
        &mut self,
        place: usize,
        slots: &[Slot],
        edits: &[(&'static str, u8)],
    ) -> Result<(), String> {
        let closure = Place::closure(slots);
        if self.is_shaken || !self.places[place].is_steady(&closure) {
            return Ok(());
        }
        let run = Run::of(slots.to_vec());
        let how = How { force: false, region: "r0", user: 0, reaches: true, meanwhile: None };
        let (arguments, mut command) = self.command(place, &run);
        command.arg("--watch").stdout(Stdio::piped()).stderr(Stdio::null());
        let sure = self.cache.on_shelf();
        let watching = Watching::start(command);
        let round = |world: &mut Self, what: &str| {
            let context = |problem: String| format!("{problem}\n{arguments:?} --watch, {what}");
            watching.round().map_err(&context)?;
            let ran = world.ran().map_err(&context)?;
            let here = &mut world.places[place];
            here.run(&mut world.cache, &closure, how, &ran).map_err(&context)?;
            world.compare_files().map_err(&context)
        };
        round(self, "at first")?;
        for (path, value) in edits {
            // Where a user's file is in the way, commands run each time.
            if !self.places[place].is_settled(&self.cache, &closure, how) {
                break;
            }
            let _ = std::fs::remove_file(self.workspace.base().join("runs"));
            if *path == INCLUDED_FILE {
                // Whatever comes of it, definitions are read again and all is looked at.
                if self.include(place, *value) {
                    round(self, path)?;
                }
                continue;
            }
            let old = self.places[place].files.get(*path);
            let executable = old.is_some_and(Node::is_executable);
            let text = source(path, *value).text().to_owned();
            // A file of definitions is read again whatever it says.
            if path.ends_with(".env") && old.is_some_and(|old| old.text() == text) {
                continue;
            }
            self.put(place, path, Node::File { text, executable }, Saving::Renamed);
            if !self.places[place].is_settled(&self.cache, &closure, how) {
                round(self, path)?;
            }
        }
        // A run that watches puts results on the shelf behind its back, and may be stopped before it has.
        self.cache.doubt_on_shelf_but(&sure);
        watching.end()
    }
}

impl World {
    /// Gives the command of the included file another value to depend on. False where it has that
    /// already.
    fn include(&mut self, place: usize, value: u8) -> bool {
        let shelf = self.shelf().to_string_lossy().into_owned();
        let definition = &mut self.places[place].definition;
        definition.change(INCLUDED, Change::Constant, value);
        let documents = definition.documents(&shelf);
        let included = documents.into_iter().find(|(path, _)| *path == INCLUDED_FILE);
        let Some((path, text)) = included else { return false };
        let is_new = self.places[place].files.get(path).is_none_or(|old| old.text() != text);
        if is_new {
            self.put(place, path, Node::file(text), Saving::Renamed);
        }
        is_new
    }
}

/// A run that watches, and the names of what happens.
struct Watching {
    child: Child,
    events: Receiver<String>,
}

impl Watching {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary is there");
        let (sender, events) = channel();
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                let _ = sender.send(event["event"].as_str().unwrap_or_default().to_owned());
            }
        });
        Self { child, events }
    }

    /// Waits until there is nothing left to do.
    fn round(&self) -> Result<(), String> {
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(event) if event == "waiting" => return Ok(()),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err("stale: it goes on waiting".to_owned());
                }
                Err(RecvTimeoutError::Disconnected) => return Err("wrong: it ended".to_owned()),
            }
        }
    }

    fn end(mut self) -> Result<(), String> {
        let number = self.child.id().to_string();
        let told = Command::new("kill").args(["-INT", &number]).status();
        assert!(told.is_ok_and(|status| status.success()), "it is there");
        match self.child.wait().ok().and_then(|status| status.code()) {
            Some(130) => Ok(()),
            other => Err(format!("wrong: watching ended with {other:?}")),
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
