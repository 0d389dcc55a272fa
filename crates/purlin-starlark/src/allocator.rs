//! Memory that one evaluation may hold is counted where it is allocated: the interpreter itself looks
//! at its heap only now and then, and one operator may ask for gigabytes.
//!
//! Each thread that evaluates has a budget. Small excess is noticed by the interpreter at its next
//! turn. Where a single piece is too large, or the excess grows, the thread says so and stops where it
//! stands, because an allocation can neither fail nor unwind; whoever waits for it goes on without it.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;
use std::thread;
use std::time::Duration;

use libmimalloc_sys::{mi_malloc, mi_realloc, mi_zalloc};
use mimalloc::MiMalloc;

use crate::worker::{Stop, Watch};

/// What a thread has when it is not limited: more than there is.
const UNLIMITED: isize = isize::MAX / 2;

/// Beyond the limit, pieces of this size are not given out any more.
const LARGE: usize = 1 << 20;

/// How far small pieces may exceed the limit before they are not given out any more.
const EXCESS: isize = 64 << 20;

thread_local! {
    static LEFT: Cell<isize> = const { Cell::new(UNLIMITED) };
    static WATCH: Cell<*const Watch> = const { Cell::new(ptr::null()) };
}

/// An allocator with a budget for threads that evaluate. Interpreting is allocating: with the system's
/// allocator a third of all instructions were in it.
struct Budgeted;

#[global_allocator]
static ALLOCATOR: Budgeted = Budgeted;

/// Makes this the thread of a watch, for good.
pub(crate) fn watch_thread(watch: &'static Watch) {
    WATCH.set(watch);
}

/// The watch of this thread, if it is a worker.
pub(crate) fn watch_of_thread() -> Option<&'static Watch> {
    // SAFETY: it is null, or was made from a reference that never ends.
    WATCH.try_with(|watch| unsafe { watch.get().as_ref() }).ok().flatten()
}

/// The budget of this thread while the guard lives.
pub(crate) struct Budget {
    before: isize,
}

impl Budget {
    pub(crate) fn of(bytes: usize) -> Self {
        Self { before: LEFT.replace(isize::try_from(bytes).unwrap_or(UNLIMITED).min(UNLIMITED)) }
    }

    pub(crate) fn unlimited() -> Self {
        Self { before: LEFT.replace(UNLIMITED) }
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        LEFT.set(self.before);
    }
}

/// True when this thread holds more than it may.
pub(crate) fn is_exceeded() -> bool {
    LEFT.get() < 0
}

fn take(size: usize) {
    // A thread that is ending has no budget any more, and evaluates nothing.
    let _ = LEFT.try_with(|left| {
        let rest = left.get().wrapping_sub_unsigned(size);
        left.set(rest);
        if rest < 0 && (size >= LARGE || rest < -EXCESS) {
            stop_here();
        }
    });
}

fn give(size: usize) {
    let _ = LEFT.try_with(|left| left.set(left.get().wrapping_add_unsigned(size)));
}

#[cold]
fn stop_here() {
    let Some(watch) = watch_of_thread() else { return };
    watch.stop(Stop::Memory);
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

/// Pieces of memory are aligned to this without being asked to be.
const ALIGNED: usize = 16;

/// Whether a piece is aligned as it should be without asking. Asking takes a longer way.
const fn is_plain(layout: Layout) -> bool {
    layout.align() <= ALIGNED && layout.align() <= layout.size()
}

// SAFETY: every call is passed on to an allocator: as it is, or without an alignment that all pieces
// of the size have.
unsafe impl GlobalAlloc for Budgeted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        if is_plain(layout) {
            // SAFETY: any size may be asked for.
            return unsafe { mi_malloc(layout.size()) }.cast();
        }
        // SAFETY: the caller's promise.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        if is_plain(layout) {
            // SAFETY: any size may be asked for.
            return unsafe { mi_zalloc(layout.size()) }.cast();
        }
        // SAFETY: the caller's promise.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give(layout.size());
        // SAFETY: the caller's promise.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() {
            take(size - layout.size());
        } else {
            give(layout.size() - size);
        }
        if is_plain(layout) && layout.align() <= size {
            // SAFETY: the caller's promise.
            return unsafe { mi_realloc(pointer.cast(), size) }.cast();
        }
        // SAFETY: the caller's promise.
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}
