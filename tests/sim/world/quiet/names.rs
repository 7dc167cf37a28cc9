//! The names, once all is well: soon each takes a write and is shown by every node, and one that is written
//! through one node is owned by that node.

use std::time::Duration;

use elacsym::model::{Namespace, ReadOnly};
use elacsym::protocol::Ownership;

use super::nodes::CLOSED;
use super::store::IDLE_SLOTS_MAX;
use super::{CLIENT, NOS, PAUSE, Quiet, SOON};
use crate::world::client::Nodes;
use crate::world::words::{Act, Broken, Change, Datum, Doc, MARK, Newest, Read, Said, Wish};
use crate::world::workload::Wished;

/// The document that it writes.
const ID: u64 = 1;
const PAGE: usize = 1_000;

impl Quiet<'_> {
    /// Soon each name takes a write, on a node of its own, and every node shows it.
    pub(super) async fn all_well(
        &mut self,
        names: &[Namespace],
        turned: usize,
    ) -> Result<(), Broken> {
        let (until, nodes) = (self.place.clock.now() + SOON, self.site.count());
        for (number, name) in names.iter().enumerate() {
            self.insist(until, (number + turned) % nodes, name, Self::write).await?;
        }
        for node in 0..nodes {
            for name in names {
                self.show(until, node, name).await?;
            }
            self.insist(until, node, &names[0], |_| Wish::List).await?;
        }
        Ok(())
    }

    /// A name that was written is there, unless somebody deleted it: each deletion that clients gave up
    /// on may come about at any time, once, and then its name is made again.
    async fn show(&mut self, until: Duration, node: usize, name: &Namespace) -> Result<(), Broken> {
        let in_doubt = |act: &&Act| {
            act.name == *name && act.wish == Wish::End && matches!(act.said, Said::Unknown(_))
        };
        let mut doubts = self.acts.iter().filter(in_doubt).count();
        while self.insist(until, node, name, Self::read).await? == Said::Absent {
            let Some(fewer) = doubts.checked_sub(1) else {
                return Err(Broken(format!(
                    "not well again: {name} was written, node {node} says that there is no such \
                     name, and no deletion of it that nobody was told of is left to explain it"
                )));
            };
            doubts = fewer;
            self.insist(until, node, name, Self::write).await?;
        }
        Ok(())
    }

    /// Two writes through one node, and nobody claims the name between them: its head says that it is
    /// held, by the same process in the same epoch. (A walk may send a name away once in a while.)
    async fn owned(
        &mut self,
        until: Duration,
        node: usize,
        name: &Namespace,
    ) -> Result<(), Broken> {
        let mut before = None;
        loop {
            self.insist(until, node, name, Self::write).await?;
            let head = self.head(name).await?;
            let held = matches!(head.owner, Ownership::Held(_));
            let now = held.then_some((head.epoch, head.owner));
            if now.is_some() && now == before {
                return Ok(());
            }
            if self.place.clock.now() > until {
                return Err(Broken(format!(
                    "no owner: {name} is written through node {node} alone, and its head goes from \
                     {before:?} to {now:?}"
                )));
            }
            before = now;
        }
    }

    /// Each name is written until its tail is too long to be left so, and is then left alone. One
    /// after another: where few names may be open, a name is sent away by the next one as it is.
    pub(super) async fn all_folded(&mut self, names: &[Namespace]) -> Result<(), Broken> {
        let limits = self.plan.limits;
        for (number, name) in names.iter().enumerate() {
            let until = self.place.clock.now() + SOON;
            let owner = (number + 1) % self.site.count();
            self.owned(until, owner, name).await?;
            for _ in 2..limits.folds.slots.min(IDLE_SLOTS_MAX as u64 + 1) {
                self.insist(until, owner, name, Self::write).await?;
            }
            self.place.clock.sleep(limits.idle + CLOSED).await;
        }
        Ok(())
    }

    /// Asks until it is answered: with what was asked for, or that a name that is read is not there.
    async fn insist(
        &mut self,
        until: Duration,
        node: usize,
        name: &Namespace,
        wish: impl Fn(i64) -> Wish,
    ) -> Result<Said, Broken> {
        loop {
            let no = NOS + self.acts.len() as i64;
            let wished = Wished { no, name: name.clone(), wish: wish(no) };
            let act = self.place.ask(CLIENT, node, &wished, PAGE).await;
            let said = act.said.clone();
            self.acts.push(act);
            let absent = said == Said::Absent && matches!(wished.wish, Wish::Read { .. });
            if absent || matches!(said, Said::Changed { .. } | Said::Saw(_) | Said::Names(_)) {
                return Ok(said);
            }
            if matches!((&wished.wish, &said), (Wish::Change { .. }, Said::Refused(_))) {
                self.thaw(node, name).await;
            }
            if self.place.clock.now() + PAUSE > until {
                let wish = wished.wish;
                return Err(Broken(format!(
                    "not well again: {SOON:?} after all faults, node {node} says to {wish:?} of \
                     {name}: {said:?}"
                )));
            }
            self.place.clock.sleep(PAUSE).await;
        }
    }

    /// Of whoever froze a name nobody may be left to thaw it. What is wrong otherwise stays so.
    async fn thaw(&mut self, node: usize, name: &Namespace) {
        let wish = Wish::Set(Change { read_only: Some(ReadOnly::No), ..Change::default() });
        let wished = Wished { no: NOS + self.acts.len() as i64, name: name.clone(), wish };
        self.acts.push(self.place.ask(CLIENT, node, &wished, PAGE).await);
    }

    fn write(no: i64) -> Wish {
        let doc = Doc::from([(MARK, Datum::Int(no))]);
        Wish::Change { change: Change { puts: vec![(ID, doc)], ..Change::default() }, key: None }
    }

    fn read(_: i64) -> Wish {
        Wish::Read { read: Read::All, newest: Newest::Strong, min_seq: None }
    }
}
