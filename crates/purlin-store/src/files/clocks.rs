//! What clocks show. Tests can have clocks that stand still or go backwards; unless the feature `fault-injection` is on, clocks show what they show.

use super::stamp::Time;

/// A time of a file.
pub(super) fn of_file(time: Time) -> Time {
    #[cfg(feature = "fault-injection")]
    if let Some(clocks) = injected::CLOCKS.get() {
        return clocks.of_file(time);
    }
    time
}

/// The present moment.
pub(super) fn present(time: Time) -> Time {
    #[cfg(feature = "fault-injection")]
    if let Some(now) = injected::CLOCKS.get().and_then(|clocks| clocks.now) {
        return now;
    }
    time
}

#[cfg(feature = "fault-injection")]
pub use injected::set_clocks;

#[cfg(feature = "fault-injection")]
mod injected {
    use std::sync::OnceLock;

    use super::Time;

    pub(super) static CLOCKS: OnceLock<Clocks> = OnceLock::new();

    #[derive(Default)]
    pub(super) struct Clocks {
        stamps: Option<Time>,
        pub(super) now: Option<Time>,
    }

    impl Clocks {
        pub(super) fn of_file(&self, time: Time) -> Time {
            self.stamps.unwrap_or(time)
        }
    }

    /// Sets the clocks of this process, by words with a comma between them: `stamps=1000` for files that
    /// all are of that second, and `now=1000` for what the clock shows.
    ///
    /// # Panics
    /// If a word is none of them.
    pub fn set_clocks(words: &str) {
        let mut clocks = Clocks::default();
        let second = |text: &str| {
            // Not on the second: that would be taken for a clock that knows nothing else.
            Some(Time { seconds: text.parse().expect("it is a second"), nanoseconds: 1 })
        };
        for word in words.split(',') {
            match word.split_once('=') {
                Some(("stamps", text)) => clocks.stamps = second(text),
                Some(("now", text)) => clocks.now = second(text),
                _ => panic!("{word} is no clock"),
            }
        }
        let _ = CLOCKS.set(clocks);
    }
}
