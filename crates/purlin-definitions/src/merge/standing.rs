//! What counts at a path, and what became of everything else there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use purlin_model::{Kind, Value};

use super::{Node, Rule, Rules};
use crate::priority::{CHILD, CHOSEN};
use crate::{Content, Contribution, Layer, ProjectPlace};

/// What is at a path for one system.
#[derive(Debug, Clone)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// Names. Values for the path itself may be shadowed.
    Branch(Verdict),
    /// A value. All that is below may be shadowed.
    Leaf(Arc<Contribution>, Verdict),
    /// Values that exclude each other.
    Conflict(Verdict),
}

/// What became of the contributions at and below a path, apart from the winner. Each list is in an
/// order that follows from the contributions alone.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Those that say the same as the winner, or are joined in it.
    pub agreeing: Vec<Arc<Contribution>>,
    /// Those that lost.
    pub shadowed: Vec<Arc<Contribution>>,
    /// Those that exclude each other: none, or at least two of different origins.
    pub conflict: Vec<Arc<Contribution>>,
}

pub(super) fn standing(node: &Node, system: Option<&str>, rules: &Rules) -> Standing {
    // Most nodes are the end of a path with one value.
    if let ([one], true, true) = (node.here(), node.is_end(), rules.is_empty()) {
        return match one.is_for(system) {
            true => Standing::Leaf(one.clone(), Verdict::default()),
            false => Standing::Nothing,
        };
    }
    let leaves = node.here().iter().filter(|one| one.is_for(system)).cloned();
    let mut leaves: Vec<Arc<Contribution>> = leaves.collect();
    if leaves.len() > 1 {
        leaves.sort_by(|one, other| one.order(other));
    }
    counted(leaves, node, system, rules, stated)
}

/// The priority of a contribution, as it is compared.
type Priority = fn(&Contribution) -> i64;

fn stated(one: &Contribution) -> i64 {
    one.priority
}

/// The same where nobody has chosen between projects.
fn unchosen(one: &Contribution) -> i64 {
    match one.priority {
        CHOSEN if one.lineage.layer == Layer::Child => CHILD,
        priority => priority,
    }
}

/// What counts among values for a path, which are in order, and the names below it.
fn counted(
    leaves: Vec<Arc<Contribution>>,
    node: &Node,
    system: Option<&str>,
    rules: &Rules,
    priority: Priority,
) -> Standing {
    let mut verdict = Verdict::default();
    let has_names = node.least_below(system).is_some();
    let Some(leaf) = leaves.iter().map(|one| priority(one)).min() else {
        return if has_names { Standing::Branch(verdict) } else { Standing::Nothing };
    };
    if !has_names {
        return among(leaves, verdict, rules, priority);
    }
    let mut below = Vec::new();
    for node in node.below.values() {
        node.each(&mut |one| {
            if one.is_for(system) {
                below.push(one.clone());
            }
        });
    }
    below.sort_by(|one, other| one.order(other));
    let branch = below.iter().map(|one| priority(one)).min();
    if branch.is_some_and(|branch| branch < leaf) {
        verdict.shadowed = leaves;
        return Standing::Branch(verdict);
    }
    let (first, mut shadowed): (Vec<_>, Vec<_>) =
        leaves.iter().chain(&below).cloned().partition(|one| priority(one) == leaf);
    let (conflict, lost) = of_those_above(first);
    let depth = leaves[0].path.len();
    let is_leaf = |one: &Arc<Contribution>| one.path.len() == depth;
    if conflict.iter().all(is_leaf) {
        verdict.shadowed = below;
        return among(leaves, verdict, rules, priority);
    }
    if !conflict.iter().any(is_leaf) {
        verdict.shadowed = leaves;
        return Standing::Branch(verdict);
    }
    shadowed.splice(0..0, lost);
    Standing::Conflict(Verdict { agreeing: Vec::new(), shadowed, conflict })
}

/// Of values and names below them with one priority, those that count: those of projects that no other
/// one defeats, and of its own the ones with the least priority at home. The others are lost.
fn of_those_above(all: Vec<Arc<Contribution>>) -> (Vec<Arc<Contribution>>, Vec<Arc<Contribution>>) {
    let defeated = defeated(&all);
    let mut least: HashMap<usize, i64> = HashMap::new();
    for one in &all {
        let home = least.entry(one.lineage.project.index).or_insert(one.at_home);
        *home = one.at_home.min(*home);
    }
    all.into_iter().partition(|one| {
        let project = one.lineage.project.index;
        least.get(&project) == Some(&one.at_home) && !defeated.contains(&project)
    })
}

/// The projects whose word counts less than that of another one among these. A project counts above
/// those that it is made of, unless it ranks what it says itself below what they bring.
fn defeated(all: &[Arc<Contribution>]) -> HashSet<usize> {
    let mut projects: HashMap<usize, (&ProjectPlace, i64)> = HashMap::new();
    for one in all {
        let place = &one.lineage.project;
        let (_, home) = projects.entry(place.index).or_insert((place, one.at_home));
        *home = one.at_home.min(*home);
    }
    let mut defeated = HashSet::new();
    for (place, home) in projects.values() {
        for used in place.uses.iter().filter(|used| projects.contains_key(used)) {
            defeated.insert(if *home <= CHILD { *used } else { place.index });
        }
    }
    defeated
}

/// What counts among values for one path, which are in order and at least one.
fn among(
    leaves: Vec<Arc<Contribution>>,
    mut verdict: Verdict,
    rules: &Rules,
    priority: Priority,
) -> Standing {
    let rule = leaves[0].path.get(1..).map_or(Rule::Unique, |path| rules.of(path));
    if rule != Rule::Unique && leaves.len() > 1 {
        if leaves.iter().all(|one| one.content.as_list().is_some()) {
            return joined(leaves, verdict, rule, |items| Kind::List(items.to_vec()));
        }
        if leaves.iter().all(|one| one.content.as_text().is_some()) {
            return joined(leaves, verdict, rule, lines);
        }
    }
    if leaves.len() == 1 {
        let winner = leaves.into_iter().next().expect("there is one");
        return Standing::Leaf(winner, verdict);
    }
    let (best, lost) = undefeated(leaves, priority);
    verdict.shadowed.splice(0..0, lost);
    let identity = best[0].identity();
    if best.iter().all(|one| one.identity() == identity) {
        let mut best = best.into_iter();
        let winner = best.next().expect("there is one");
        verdict.agreeing = best.collect();
        return Standing::Leaf(winner, verdict);
    }
    verdict.conflict = best;
    Standing::Conflict(verdict)
}

/// Those that no other one defeats, and the rest; both in order.
///
/// Priority counts first. Among equals one project may count above another. Among a project's own,
/// priority at home counts, and then the narrower one.
fn undefeated(
    leaves: Vec<Arc<Contribution>>,
    priority: Priority,
) -> (Vec<Arc<Contribution>>, Vec<Arc<Contribution>>) {
    let least = leaves.iter().map(|one| priority(one)).min();
    let (first, rest): (Vec<_>, Vec<_>) =
        leaves.into_iter().partition(|one| Some(priority(one)) == least);
    let defeated = defeated(&first);
    let rank = |one: &Contribution| (one.at_home, one.system.is_none());
    let mut by_project: HashMap<usize, (i64, bool)> = HashMap::new();
    for one in &first {
        let best = by_project.entry(one.lineage.project.index).or_insert_with(|| rank(one));
        *best = (*best).min(rank(one));
    }
    let (best, mut lost): (Vec<_>, Vec<_>) = first.into_iter().partition(|one| {
        let project = one.lineage.project.index;
        by_project.get(&project) == Some(&rank(one)) && !defeated.contains(&project)
    });
    lost.extend(rest);
    (best, lost)
}

/// All lists or texts as one.
fn joined(
    leaves: Vec<Arc<Contribution>>,
    verdict: Verdict,
    rule: Rule,
    whole: impl Fn(&[Value]) -> Kind,
) -> Standing {
    let first = leaves[0].clone();
    let mut seen = Vec::new();
    let mut items: Vec<Value> = Vec::new();
    for one in &leaves {
        let (list, text) = (one.content.as_list(), one.content.as_text());
        for item in list.into_iter().flatten().chain(text) {
            let json = item.to_json();
            if rule == Rule::Append || !seen.contains(&json) {
                seen.push(json);
                items.push(item.clone());
            }
        }
    }
    let whole = Value::new(whole(&items), first.lineage.origin.clone());
    let winner = Contribution { content: Content::Data(whole), ..(*first).clone() };
    Standing::Leaf(Arc::new(winner), Verdict { agreeing: leaves, ..verdict })
}

/// Texts, each on its line.
fn lines(texts: &[Value]) -> Kind {
    let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
    let texts: Vec<&str> = texts.into_iter().map(|text| text.trim_end_matches('\n')).collect();
    Kind::String(texts.join("\n"))
}

/// What counts at a node among those that a contribution stands above. What a project chooses decides for
/// what it says itself, and does not change what its projects are made of.
pub(crate) fn under(
    node: &Node,
    system: Option<&str>,
    asker: &Arc<Contribution>,
    rules: &Rules,
) -> Standing {
    let priority = if asker.lineage.layer == Layer::Child { unchosen } else { stated };
    let mut rest: Vec<_> = node.here().iter().filter(|one| one.is_for(system)).cloned().collect();
    rest.sort_by(|one, other| one.order(other));
    while !rest.is_empty() {
        let (best, lost) = undefeated(rest, priority);
        rest = lost;
        if best.iter().any(|one| Arc::ptr_eq(one, asker)) {
            break;
        }
    }
    counted(rest, node, system, rules, priority)
}
