//! Adding a package to a graph: its identity, and where it is.

use super::Node;
use super::maker::{Frame, Maker, Part};
use crate::key::{self, KeyedNeed};
use crate::package::Package;
use crate::text::Roots;
use purlin_environments::Request;
use purlin_model::Diagnostic;

impl Maker<'_> {
    /// Adds a package whose needs are all there.
    pub(super) fn settle(&mut self, frame: &Frame) -> Result<usize, Diagnostic> {
        let package = &frame.package;
        let (mut runs_with, mut passes_on, mut built_with) = (Vec::new(), Vec::new(), Vec::new());
        let (mut tested_with, mut roots) = (Vec::new(), Roots::default());
        for (part, needed, variant) in &frame.needs {
            let Some(index) = self.known(needed, *variant) else { continue };
            let list = match part {
                Part::Run => Some(&mut runs_with),
                Part::PassOn => Some(&mut passes_on),
                Part::Build | Part::Test => None,
            };
            let others = match part {
                Part::Test => &mut tested_with,
                _ => &mut built_with,
            };
            for list in list.into_iter().chain([others]) {
                if !list.contains(&index) {
                    list.push(index);
                }
            }
            let node = &self.graph.nodes[index];
            if let Some(prefix) = &node.prefix {
                roots.add(needed, prefix, node.key);
            }
        }
        let home = self.surroundings.home(package);
        let needs: Vec<KeyedNeed> = built_with
            .iter()
            .map(|index| {
                let key = self.graph.nodes[*index].key;
                let (runs, passes) = (runs_with.contains(index), passes_on.contains(index));
                KeyedNeed { key, runs, passes }
            })
            .collect();
        let env: Vec<(String, String)> = package
            .env
            .iter()
            .map(|(name, value)| (name.clone(), roots.fill(value).keyed))
            .collect();
        let keyed = key::Keyed { package, variant: frame.variant, system: self.system, env };
        let (action, (key, parts), prefix) = if package.is_built() {
            let action = key::action(&frame.plan, &roots);
            let digest = |source| self.surroundings.digest(source, package);
            let source = package.source.as_ref().map(digest).transpose()?;
            let place = (!package.relocatable).then_some(self.place.as_str());
            let (key, parts) = keyed.built(&action, source, &needs, place);
            let prefix = self.store.prefix(key, &package.file_name());
            (Some(action), (key, parts), Some(prefix))
        } else {
            let root = package.root_of(frame.variant).map(|root| home.join(root));
            (None, keyed.described(root.as_deref(), &needs), root)
        };
        // Two that differ in what does not matter are one.
        if let Some(same) = self.by_key.get(&key) {
            return Ok(*same);
        }
        let id = self.id(package, frame.variant);
        // Agreements count wherever two meet that have them.
        let agrees = frame.conditions.iter().any(Request::is_ephemeral);
        self.several |= !self.names.insert(package.name.clone()) || agrees;
        let index = self.graph.nodes.len();
        let package = package.clone();
        let variant = frame.variant;
        self.graph.nodes.push(Node {
            package,
            variant,
            id,
            runs_with,
            passes_on,
            built_with,
            tested_with,
            conditions: frame.conditions.clone(),
            roots,
            action,
            key,
            own_parts: parts,
            prefix,
        });
        self.by_key.insert(key, index);
        Ok(index)
    }

    fn id(&mut self, package: &Package, variant: Option<usize>) -> String {
        let id = match variant {
            Some(variant) => format!("{}#{variant}", package.shown()),
            None => package.shown(),
        };
        let more = (2_usize..).map(|number| format!("{id} ({number})"));
        let mut names = std::iter::once(id.clone()).chain(more);
        names.find(|name| self.ids.insert(name.clone())).unwrap_or(id)
    }
}
