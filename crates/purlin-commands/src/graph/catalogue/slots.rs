//! The places of a command: its space, and the modules that it runs for.

use std::collections::HashMap;
use std::sync::Arc;

use purlin_model::{Part, Template, Value, fold};

use crate::definition::{Command, Definitions, Module, Program, Space, Variable};
use crate::dependency::Expander;

/// One place: where an instance runs, and for which module.
#[derive(Debug, Clone)]
pub(in crate::graph) struct Slot {
    pub(in crate::graph) space: Option<String>,
    pub(in crate::graph) module: Option<Arc<Module>>,
}

/// All places of a command.
#[derive(Debug)]
pub(in crate::graph) struct Slots {
    pub(in crate::graph) all: Vec<Slot>,
    /// True when the command's space is none, which is told already.
    pub(in crate::graph) lost: bool,
    /// True when there is one for each module.
    pub(in crate::graph) parametrised: bool,
    by_place: HashMap<(String, String), usize>,
    by_module: HashMap<String, Vec<usize>>,
    by_space: HashMap<String, Vec<usize>>,
}

impl Slots {
    /// The places of a command.
    pub(super) fn of(
        definitions: &Definitions,
        command: &Command,
        owners: &Owners,
        expander: &mut Expander<'_>,
    ) -> Self {
        let own = command.space.as_ref().map(|space| fold(&space.name));
        let space = own.as_ref().map(|own| definitions.spaces.get(own));
        let parametrised = command.module.is_none() && mentions_module(command, expander);
        let all = match (&space, &command.module) {
            // That there is no such space is told already.
            (Some(None), _) => Vec::new(),
            (Some(Some(space)), Some(module)) => vec![slot(Some(space), Some(module.clone()))],
            (None, Some(module)) => {
                let spaces = owners.of(module).iter().filter_map(|one| definitions.spaces.get(one));
                spaces.map(|space| slot(Some(space), Some(module.clone()))).collect()
            }
            (Some(Some(space)), None) if parametrised => {
                let modules = space.modules.iter().cloned().map(Arc::new);
                modules.map(|module| slot(Some(space), Some(module))).collect()
            }
            (None, None) if parametrised => {
                let spaces = definitions.spaces.values();
                let of = |space: &'_ Space| -> Vec<Slot> {
                    let own = space.modules.iter().filter(|module| !module.inherited).cloned();
                    own.map(|module| slot(Some(space), Some(Arc::new(module)))).collect()
                };
                spaces.flat_map(of).collect()
            }
            (space, None) => vec![slot(space.flatten(), None)],
        };
        let mut slots = Self {
            all,
            lost: matches!(space, Some(None)),
            parametrised,
            by_place: HashMap::new(),
            by_module: HashMap::new(),
            by_space: HashMap::new(),
        };
        for (position, slot) in slots.all.iter().enumerate() {
            let module = slot.module.as_ref().map(|module| module.folded.clone());
            if let (Some(space), Some(module)) = (&slot.space, &module) {
                slots.by_place.insert((space.clone(), module.clone()), position);
            }
            if let Some(module) = module {
                slots.by_module.entry(module).or_default().push(position);
            }
            if let Some(space) = &slot.space {
                slots.by_space.entry(space.clone()).or_default().push(position);
            }
        }
        slots
    }

    /// The place of a module in a space, both folded.
    pub(super) fn place(&self, space: &str, module: &str) -> Option<usize> {
        self.by_place.get(&(space.to_owned(), module.to_owned())).copied()
    }

    /// The places of a module, folded.
    pub(super) fn module(&self, module: &str) -> &[usize] {
        self.by_module.get(module).map_or(&[], Vec::as_slice)
    }

    /// The places in a space, folded.
    pub(super) fn space(&self, space: &str) -> &[usize] {
        self.by_space.get(space).map_or(&[], Vec::as_slice)
    }
}

fn slot(space: Option<&Space>, module: Option<Arc<Module>>) -> Slot {
    Slot { space: space.map(|space| space.name.clone()), module }
}

/// The spaces that have modules themselves, not from each other.
#[derive(Debug)]
pub(in crate::graph) struct Owners(HashMap<(String, String), Vec<String>>);

impl Owners {
    pub(super) fn new(definitions: &Definitions) -> Self {
        let mut owners: HashMap<_, Vec<String>> = HashMap::new();
        for space in definitions.spaces.values() {
            for module in space.modules.iter().filter(|module| !module.inherited) {
                let key = (module.folded.clone(), module.path.clone());
                owners.entry(key).or_default().push(space.name.clone());
            }
        }
        Self(owners)
    }

    fn of(&self, module: &Module) -> &[String] {
        let key = (module.folded.clone(), module.path.clone());
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// Whether a command runs once for each module: one of its fields refers to it.
fn mentions_module(command: &Command, expander: &mut Expander<'_>) -> bool {
    let program = match &command.program {
        Program::Shell(text) => std::slice::from_ref(text),
        Program::Arguments(arguments) => arguments.as_slice(),
    };
    let fields = program.iter().chain(&command.artifacts).chain(&command.cwd);
    let env = command.env.iter().filter_map(|(_, variable)| match variable {
        Variable::Set(text) => Some(text.as_str()),
        Variable::Pass => None,
    });
    let mut texts = fields.map(|named| named.name.as_str()).chain(env);
    texts.any(refers_to_module)
        || command.deps.iter().flatten().any(|written| {
            may_refer(written) && expander.refers(written, &|text| refers_to_module(text))
        })
}

fn refers_to_module(text: &str) -> bool {
    let is_module = |part: &Part| matches!(part, Part::Reference { root, .. } if root == "module");
    text.contains("{module") && Template::parse(text, &["module"]).parts.iter().any(is_module)
}

/// Whether it is worth a look: most dependencies hold no such text at all.
fn may_refer(written: &Value) -> bool {
    match &written.kind {
        purlin_model::Kind::String(text) => text.contains("{module"),
        purlin_model::Kind::List(list) => list.iter().any(may_refer),
        purlin_model::Kind::Table(table) => table.iter().any(|(_, entry)| may_refer(&entry.value)),
        _ => false,
    }
}
