//! Priorities: of several values for one path, the one with the smallest number wins.

/// Above everything else.
pub const FORCE: i64 = 50;
/// What the workspace's own files say.
pub const AUTHOR: i64 = 100;
/// What plugins add.
pub const EXTENSION: i64 = 200;
/// What child projects bring that is chosen.
pub const CHOSEN: i64 = CHILD - 1;
/// What child projects bring.
pub const CHILD: i64 = 300;
/// What is there before anybody defines anything.
pub const BASE: i64 = 500;
/// `[passthru]`.
pub const PASSTHRU: i64 = 900;
/// What counts where nobody says anything.
pub const DEFAULT: i64 = 1000;
