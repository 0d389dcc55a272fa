//! Listening to what a plugin says.
//!
//! One thread at a time reads: the caller itself while its call is young, which saves a change of
//! threads for each call, and else a thread that is there for that.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::reader::Reader;
use super::{Answer, Session, receive};
use crate::error::Cause;
use crate::services::{Request, notify};
use crate::wire::{Incoming, Line};

/// How long a caller reads for itself. Later it may have to be told what another thread found out.
const YOUNG: Duration = Duration::from_millis(20);

/// What was read.
enum Heard {
    Answer,
    Other,
    /// Nothing in time.
    Late,
    /// Nothing follows.
    End,
}

impl Session {
    /// Takes messages until there are no more, or one that is none.
    pub(super) fn listen(self: &Arc<Self>) {
        loop {
            let mut reader = self.turns.wait();
            reader.until(None);
            let ended = loop {
                match self.read(&mut reader) {
                    Ok(Heard::Answer) if self.calls().waiting.is_empty() => break None,
                    Ok(Heard::Answer | Heard::Other | Heard::Late) => {}
                    Ok(Heard::End) => break Some(Ok(())),
                    Err(cause) => break Some(Err(cause)),
                }
            };
            match ended {
                None => self.end_turn(reader),
                Some(ended) => {
                    if let Err(cause) = ended {
                        self.conclude(cause);
                    }
                    break;
                }
            }
        }
        self.live(|life| life.stdout_ended = true);
        if !self.wait_until(self.launch.limits.grace, |life| life.exit.is_some()) {
            self.conclude(Cause::Silent);
        }
    }

    /// Waits for the answer to a request that was sent; `None` when the time is over.
    pub(super) fn await_answer(
        self: &Arc<Self>,
        receiver: &Receiver<Result<Answer, Cause>>,
        until: Option<Instant>,
    ) -> Option<Result<Answer, Cause>> {
        let Some(mut reader) = self.turns.take() else { return receive(receiver, until) };
        let young = Instant::now() + YOUNG;
        reader.until(Some(until.map_or(young, |until| until.min(young))));
        loop {
            match self.read(&mut reader) {
                Ok(Heard::Answer | Heard::Other) => {}
                Ok(Heard::Late | Heard::End) => break,
                Err(cause) => {
                    reader.failed = Some(cause);
                    break;
                }
            }
            if let Ok(answer) = receiver.try_recv() {
                self.end_turn(reader);
                return Some(answer);
            }
        }
        self.turns.give_back(reader, true);
        receive(receiver, until)
    }

    /// Lets others read, now if somebody waits for that.
    fn end_turn(&self, reader: Reader) {
        self.turns.give_back(reader, false);
        if !self.calls().waiting.is_empty() {
            self.turns.hurry();
        }
    }

    /// Reads one message and does what it asks for.
    fn read(self: &Arc<Self>, reader: &mut Reader) -> Result<Heard, Cause> {
        if let Some(cause) = reader.failed.take() {
            return Err(cause);
        }
        // What came before is served before.
        if let Some(request) = reader.unserved.take() {
            reader.unserved = self.serve(request, reader.until).err();
            return Ok(if reader.unserved.is_some() { Heard::Late } else { Heard::Other });
        }
        match reader.lines.next() {
            Ok(Line::Whole(line)) => {
                let message = Incoming::parse(line)?;
                let is_answer = matches!(message, Incoming::Answer { .. });
                reader.unserved = self.hear(message, reader.until)?;
                Ok(if is_answer { Heard::Answer } else { Heard::Other })
            }
            Ok(Line::TooLong) => Err(Cause::TooLong(self.launch.limits.message)),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => Ok(Heard::Late),
            Ok(Line::End) | Err(_) => Ok(Heard::End),
        }
    }

    /// Does what a message asks for. A request for which there is no room in time comes back.
    fn hear(
        self: &Arc<Self>,
        message: Incoming,
        until: Option<Instant>,
    ) -> Result<Option<Request>, Cause> {
        match message {
            Incoming::Answer { id, answer } => {
                let mut calls = self.calls();
                match calls.waiting.remove(&id) {
                    Some(caller) => {
                        drop(calls);
                        // A caller that waits no longer does not want to know.
                        let _ = caller.send(Ok(answer));
                        self.answered.notify_all();
                        Ok(None)
                    }
                    // Those who wait no longer are gone, too, once the calls are over.
                    None if calls.over.as_ref().is_some_and(|over| !over.is_asked()) => Ok(None),
                    None if (1..=calls.last).contains(&id) => Err(Cause::AnsweredTwice(id)),
                    None => Err(Cause::UnknownId(id.to_string())),
                }
            }
            Incoming::Notification { method, params } => {
                notify(&*self.services, &method, &params).map(|()| None)
            }
            Incoming::Request { id, method, params } => {
                Ok(self.serve(Request { id, method, params }, until).err())
            }
        }
    }

    /// Introduces both sides.
    pub(super) fn initialize(self: &Arc<Self>) -> Result<(), Cause> {
        let params = crate::introduction::params(&self.launch);
        let answer = self.request("initialize", &params, Some(self.launch.limits.startup))?;
        let result = answer.map_err(|error| crate::introduction::refused(&error))?;
        let result: Json = serde_json::from_str(result.get()).unwrap_or_default();
        crate::introduction::compare(&self.launch, result)
    }
}
