//! Listening to what a plugin says.

use std::process::ChildStdout;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use serde_json::Value as Json;

use super::Session;
use crate::error::Cause;
use crate::services::{Request, notify};
use crate::wire::{Incoming, Line, Lines};

/// Requests that wait to be served before the plugin is not listened to any more.
const WAITING: usize = 64;

impl Session {
    /// Takes messages until there are no more, or one that is none.
    pub(super) fn listen(self: &Arc<Self>, stdout: ChildStdout) {
        let mut lines = Lines::new(stdout, self.launch.limits.message);
        let mut servant: Option<SyncSender<Request>> = None;
        loop {
            let heard = match lines.next() {
                Ok(Line::Whole(line)) => {
                    Incoming::parse(line).and_then(|message| self.hear(message, &mut servant))
                }
                Ok(Line::TooLong) => Err(Cause::TooLong(self.launch.limits.message)),
                Ok(Line::End) | Err(_) => break,
            };
            if let Err(cause) = heard {
                self.conclude(cause);
                break;
            }
        }
        self.live(|life| life.stdout_ended = true);
        if !self.wait_until(self.launch.limits.grace, |life| life.exit.is_some()) {
            self.conclude(Cause::Silent);
        }
    }

    fn hear(
        self: &Arc<Self>,
        message: Incoming,
        servant: &mut Option<SyncSender<Request>>,
    ) -> Result<(), Cause> {
        match message {
            Incoming::Answer { id, answer } => {
                let mut calls = self.calls();
                match calls.waiting.remove(&id) {
                    Some(caller) => {
                        drop(calls);
                        // A caller that waits no longer does not want to know.
                        let _ = caller.send(Ok(answer));
                        self.answered.notify_all();
                        Ok(())
                    }
                    // Those who wait no longer are gone, too, once the calls are over.
                    None if calls.over.is_some() => Ok(()),
                    None if (1..=calls.last).contains(&id) => Err(Cause::AnsweredTwice(id)),
                    None => Err(Cause::UnknownId(id.to_string())),
                }
            }
            Incoming::Notification { method, params } => notify(&*self.services, &method, &params),
            Incoming::Request { id, method, params } => {
                let request = Request { id, method, params };
                let servant = servant.get_or_insert_with(|| self.serve());
                // It lives as long as this thread listens.
                let _ = servant.send(request);
                Ok(())
            }
        }
    }

    /// Starts the thread that serves requests, in the order in which they come.
    fn serve(self: &Arc<Self>) -> SyncSender<Request> {
        let (sender, receiver) = sync_channel::<Request>(WAITING);
        let session = self.clone();
        let work = move || {
            for request in receiver {
                if request.takes_long() {
                    let session = session.clone();
                    let work = move || session.answer(&request);
                    // Without a thread the plugin gets no answer, which its time limit ends.
                    let _ = std::thread::Builder::new().name("plugin program".into()).spawn(work);
                } else {
                    session.answer(&request);
                }
            }
        };
        let _ = std::thread::Builder::new().name("plugin services".into()).spawn(work);
        sender
    }

    fn answer(&self, request: &Request) {
        let line = crate::wire::answer(&request.id, request.perform(&*self.services));
        // A plugin that is gone or does not read misses its answer.
        let until = self.launch.limits.of_call("").map(|limit| std::time::Instant::now() + limit);
        let _ = self.writer.write(&line, until);
    }

    /// Introduces both sides.
    pub(super) fn initialize(&self) -> Result<(), Cause> {
        let params = crate::introduction::params(&self.launch);
        let answer = self.request("initialize", &params, Some(self.launch.limits.startup))?;
        let result = answer.map_err(crate::introduction::refused)?;
        let result: Json = serde_json::from_str(result.get()).unwrap_or_default();
        crate::introduction::compare(&self.launch, result)
    }
}
