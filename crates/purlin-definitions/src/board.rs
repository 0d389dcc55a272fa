//! Who works on what: each task is done at most once, and threads that wait for each other in a
//! circle are told so instead of waiting for ever.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use purlin_model::{Diagnostic, Origin};
use purlin_plugin::language::Argument;

use crate::listed::ListedFiles;
use crate::mix::Mixing;
use crate::{Contribution, Name};

/// A definition, evaluated in one workspace for one system.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The workspace or project whose definitions its parameters are looked up in.
    pub(crate) world: usize,
    /// The system and further axes, as the engine numbers them.
    pub(crate) point: usize,
    pub(crate) definition: Arc<Contribution>,
}

impl Key {
    /// The workspace or project that the definition is of.
    pub(crate) fn home(&self) -> usize {
        self.definition.lineage.project.index
    }
}

/// Something that is done once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Task {
    Definition(Key),
    /// A `[[use]]` of a project extends its definitions.
    Extend {
        project: usize,
        position: usize,
    },
    /// A transform makes outputs of a project.
    Outputs {
        project: usize,
        transform: usize,
    },
    /// A transform makes one output of the workspace; the last number tells of which question.
    Output {
        transform: usize,
        question: usize,
    },
}

/// What a task came to.
#[derive(Clone)]
pub(crate) enum Outcome {
    Value(Result<Argument, Arc<Diagnostic>>),
    Fragments(Result<Arc<Added>, Arc<Diagnostic>>),
}

/// What a plugin adds to definitions or outputs.
#[derive(Debug, Default)]
pub(crate) struct Added {
    pub(crate) found: Vec<Arc<Contribution>>,
    /// Definitions that are files, folder by folder.
    pub(crate) files: Vec<Arc<ListedFiles>>,
}

impl Added {
    /// What was found of one section or output root.
    pub(crate) fn of_root(&self, root: &Name) -> impl Iterator<Item = Arc<Contribution>> {
        self.found.iter().filter(|one| one.path.first() == Some(root)).cloned()
    }
}

/// A task that is being worked on, and the one that needs it.
pub(crate) struct Frame {
    pub(crate) task: Task,
    pub(crate) parent: Option<Arc<Frame>>,
    pub(crate) depth: usize,
    /// Where the parent asks for it, where that is known.
    pub(crate) asked: Option<Origin>,
    /// The tasks between the parent and this one.
    pub(crate) between: Option<Between>,
}

impl Drop for Frame {
    /// A namespace may hold the last of thousands: they are let go of one after the other.
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(mut frame) = parent.and_then(Arc::into_inner) {
            parent = frame.parent.take();
        }
    }
}

/// Tells the tasks that lie between one that asks and one that is done for that, the last first; each
/// with the place where it asks for the next.
pub(crate) type Between = Arc<dyn Fn() -> Circle + Send + Sync>;

/// Who needs a task, and where that asks for it.
#[derive(Clone, Default)]
pub(crate) struct Asker {
    pub(crate) frame: Option<Arc<Frame>>,
    pub(crate) asked: Option<Origin>,
    pub(crate) between: Option<Between>,
}

/// Tasks that need each other, in order; each with the place where it asks for the next.
pub(crate) type Circle = Vec<(Task, Option<Origin>)>;

const SHARDS: usize = 16;

type Mixed<T> = HashMap<Task, T, Mixing>;

#[derive(Default)]
pub(crate) struct Board {
    slots: [Mutex<Mixed<Arc<Slot>>>; SHARDS],
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// For each task that is being worked on, the one that has to be done first.
    first: Mixed<First>,
    /// How many threads sleep until something is done.
    sleeping: usize,
}

/// A task that has to be done before another one can go on.
struct First {
    task: Task,
    /// Where that asks for it, or for the first of those between.
    asked: Option<Origin>,
    between: Option<Between>,
}

impl First {
    fn of(task: &Task, asker: &Asker) -> Self {
        let (asked, between) = (asker.asked.clone(), asker.between.clone());
        Self { task: task.clone(), asked, between }
    }
}

#[derive(Default)]
struct Slot {
    claimed: AtomicBool,
    done: OnceLock<Outcome>,
}

thread_local! {
    /// The task that this thread works on.
    static CURRENT: RefCell<Option<Arc<Frame>>> = const { RefCell::new(None) };
    /// The definitions that are being planned for that.
    static PLANNED: RefCell<Option<Between>> = const { RefCell::new(None) };
}

impl Board {
    /// What a task came to, if it is done.
    pub(crate) fn done(&self, task: &Task) -> Option<Outcome> {
        lock(self.shard(task)).get(task)?.done.get().cloned()
    }

    /// Does a task unless it is done, or waits for whoever does it.
    ///
    /// # Errors
    /// It needs itself.
    pub(crate) fn run(
        &self,
        task: &Task,
        asker: &Asker,
        work: impl FnOnce(&Arc<Frame>) -> Outcome,
    ) -> Result<Outcome, Circle> {
        let parent = asker.frame.as_ref();
        let slot = lock(self.shard(task)).entry(task.clone()).or_default().clone();
        if let Some(outcome) = slot.done.get() {
            return Ok(outcome.clone());
        }
        if slot.claimed.swap(true, Ordering::AcqRel) {
            // What this thread is in the middle of is claimed, too.
            return match own_circle(task, asker) {
                Some(circle) => Err(circle),
                None => self.wait(task, &slot, asker),
            };
        }
        let depth = parent.map_or(0, |parent| parent.depth + 1);
        let frame = Arc::new(Frame {
            task: task.clone(),
            parent: parent.cloned(),
            depth,
            asked: asker.asked.clone(),
            between: asker.between.clone(),
        });
        if let Some(parent) = parent {
            lock(&self.waiting).first.insert(parent.task.clone(), First::of(task, asker));
        }
        let ending = Ending { board: self, task, slot: &slot, parent };
        let outcome = with_current(&frame, || work(&frame));
        let _ = slot.done.set(outcome);
        drop(ending);
        // What was told first stays: somebody may have given the task up.
        Ok(slot.done.get().cloned().unwrap_or_else(unfinished))
    }

    /// Forgets what failed in such a way, so that it is done again.
    pub(crate) fn forget(&self, is_such: impl Fn(&Diagnostic) -> bool) {
        let is_such = |outcome: &Outcome| {
            let why = match outcome {
                Outcome::Value(value) => value.as_ref().err(),
                Outcome::Fragments(added) => added.as_ref().err(),
            };
            why.is_some_and(|why| is_such(why))
        };
        for shard in &self.slots {
            lock(shard).retain(|_, slot| !slot.done.get().is_some_and(&is_such));
        }
    }

    /// Ends a task whose thread will not go on, and those that it has begun.
    pub(crate) fn give_up(&self, task: &Task, why: &Arc<Diagnostic>) {
        let slot = lock(self.shard(task)).get(task).cloned();
        if let Some(slot) = slot {
            let _ = slot.done.set(Outcome::Value(Err(why.clone())));
        }
        self.end(task, None);
    }

    /// Lets go of who waits for a task that is done. What it has begun and what never came to an end
    /// has stopped with its thread, and ends as the task did.
    fn end(&self, task: &Task, parent: Option<&Task>) {
        let mut waiting = lock(&self.waiting);
        if let Some(parent) = parent {
            waiting.first.remove(parent);
        }
        let mut begun = waiting.first.remove(task);
        if begun.is_some() {
            let outcome =
                lock(self.shard(task)).get(task).and_then(|slot| slot.done.get().cloned());
            while let Some(First { task, .. }) = begun {
                let slot = lock(self.shard(&task)).get(&task).cloned();
                if let (Some(slot), Some(outcome)) = (slot, &outcome) {
                    let _ = slot.done.set(outcome.clone());
                }
                begun = waiting.first.remove(&task);
            }
        }
        if waiting.sleeping > 0 {
            self.changed.notify_all();
        }
    }

    fn wait(&self, task: &Task, slot: &Slot, asker: &Asker) -> Result<Outcome, Circle> {
        let parent = asker.frame.as_ref();
        let mut waiting = lock(&self.waiting);
        loop {
            if let Some(outcome) = slot.done.get() {
                if let Some(parent) = parent {
                    waiting.first.remove(&parent.task);
                }
                return Ok(outcome.clone());
            }
            if let Some(parent) = parent {
                if let Some(circle) = others_circle(&waiting.first, task, asker) {
                    waiting.first.remove(&parent.task);
                    return Err(circle);
                }
                waiting.first.insert(parent.task.clone(), First::of(task, asker));
            }
            waiting.sleeping += 1;
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.sleeping -= 1;
        }
    }

    fn shard(&self, task: &Task) -> &Mutex<Mixed<Arc<Slot>>> {
        // A map goes by the lowest bits and by the highest.
        let middle = Mixing.hash_one(task) >> 32;
        &self.slots[usize::try_from(middle % SHARDS as u64).unwrap_or(0)]
    }
}

/// Whatever a task comes to, those who wait for it go on.
struct Ending<'a> {
    board: &'a Board,
    task: &'a Task,
    slot: &'a Slot,
    parent: Option<&'a Arc<Frame>>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if self.slot.done.get().is_none() {
            let _ = self.slot.done.set(unfinished());
        }
        self.board.end(self.task, self.parent.map(|parent| &parent.task));
    }
}

fn unfinished() -> Outcome {
    let what = Diagnostic::error("internal", "an evaluation ended without a result");
    Outcome::Value(Err(Arc::new(what)))
}

/// The task that this thread works on. What a caller names may have ended long ago: a value that
/// is looked up when it is used can be used later.
pub(crate) fn current(named: Option<&Arc<Frame>>) -> Option<Arc<Frame>> {
    CURRENT.with(|current| current.borrow().clone()).or_else(|| named.cloned())
}

/// Does something on behalf of a definition that is planned. `between` tells it, and those that need it.
pub(crate) fn planning<T>(between: Between, work: impl FnOnce() -> T) -> T {
    let before = PLANNED.with(|planned| planned.borrow_mut().replace(between));
    let done = work();
    PLANNED.with(|planned| *planned.borrow_mut() = before);
    done
}

/// The definitions that are planned on behalf of the task that this thread works on.
pub(crate) fn planned() -> Option<Between> {
    PLANNED.with(|planned| planned.borrow().clone())
}

fn with_current<T>(frame: &Arc<Frame>, work: impl FnOnce() -> T) -> T {
    struct Restore(Option<Arc<Frame>>, Option<Between>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let (before, planned) = (self.0.take(), self.1.take());
            CURRENT.with(|current| *current.borrow_mut() = before);
            PLANNED.with(|one| *one.borrow_mut() = planned);
        }
    }
    let before = CURRENT.with(|current| current.borrow_mut().replace(frame.clone()));
    let _restore = Restore(before, PLANNED.with(|planned| planned.borrow_mut().take()));
    work()
}

/// The circle that closes if who asks needs `task`, which it is part of itself.
fn own_circle(task: &Task, asker: &Asker) -> Option<Circle> {
    let mut circle = Vec::new();
    let (mut asked, mut between) = (asker.asked.clone(), asker.between.clone());
    let mut frame = asker.frame.as_ref();
    while let Some(one) = frame {
        circle.extend(between.take().iter().flat_map(|between| between()));
        circle.push((one.task.clone(), asked.take()));
        if one.task == *task {
            circle.reverse();
            return Some(circle);
        }
        asked.clone_from(&one.asked);
        between.clone_from(&one.between);
        frame = one.parent.as_ref();
    }
    None
}

/// The circle that closes if who asks waits for `task`, which others work on.
#[expect(clippy::mutable_key_type, reason = "a key is told by the address of its definition")]
fn others_circle(waiting: &Mixed<First>, task: &Task, asker: &Asker) -> Option<Circle> {
    let mut way: Vec<(&Task, &First)> = Vec::new();
    let mut last = task;
    while let Some(first) = waiting.get(last) {
        if way.iter().any(|(seen, _)| *seen == last) {
            return None;
        }
        way.push((last, first));
        if let Some(mut circle) = own_circle(&first.task, asker) {
            for (task, First { asked, between, .. }) in way {
                circle.push((task.clone(), asked.clone()));
                let between = between.iter().flat_map(|between| between());
                circle.extend(between.collect::<Vec<_>>().into_iter().rev());
            }
            return Some(circle);
        }
        last = &first.task;
    }
    None
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.world == other.world
            && self.point == other.point
            && Arc::ptr_eq(&self.definition, &other.definition)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.world.hash(state);
        self.point.hash(state);
        Arc::as_ptr(&self.definition).hash(state);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
