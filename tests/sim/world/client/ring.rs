//! The ring as one client has it in mind: which node each name belongs to, among those that it thinks
//! are there. Nothing depends on whether it is right.

use std::collections::BTreeMap;

use elacsym::model::Namespace;

use crate::world::plan::{Aim, Chance, Plan};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    Change,
    Read,
}

pub(super) struct Ring {
    aim: Aim,
    /// All nodes, for each name: the one that it belongs to first, and then whoever is next.
    ranks: BTreeMap<Namespace, Vec<usize>>,
    /// Whether a node is thought to be there.
    there: Vec<bool>,
}

impl Ring {
    /// Every client knows the same one, and at first every node is thought to be there.
    pub(super) fn of(plan: &Plan, nodes: usize) -> Self {
        let weights = plan.chance("ring");
        let rank = |name: Namespace| {
            let mut nodes: Vec<usize> = (0..nodes).collect();
            let weight = |node: &usize| weights.fork(&format!("{name} on {node}")).dice().draw();
            nodes.sort_by_cached_key(weight);
            (name, nodes)
        };
        let ranks = plan.namespaces().into_iter().map(rank).collect();
        Self { aim: plan.aim, ranks, there: vec![true; nodes] }
    }

    /// Somebody says that a node is gone, or back.
    pub(super) fn listen(&mut self, chance: &mut Chance) {
        if chance.happens(self.aim.rumours) {
            let node = chance.below(self.there.len());
            self.there[node] = !self.there[node];
            if !self.there.contains(&true) {
                self.there.fill(true);
            }
        }
    }

    /// Whom a client asks, and then whom, if it has to come again: at least one.
    pub(super) fn route(
        &self,
        name: &Namespace,
        errand: Errand,
        chance: &mut Chance,
    ) -> Vec<usize> {
        let strays = match errand {
            Errand::Change => self.aim.astray,
            Errand::Read => self.aim.roaming,
        };
        let ranked = self.ranks.get(name).into_iter().flatten().copied();
        let mut route: Vec<usize> = ranked.filter(|node| self.there[*node]).collect();
        let any = chance.below(self.there.len());
        if chance.happens(strays) || route.is_empty() {
            route.insert(0, any);
        }
        route
    }
}
