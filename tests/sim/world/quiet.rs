//! After the storm: nothing befalls anybody any more, and what is promised of better times is asked for.
//!
//! Soon, every name takes a write and shows it on every node. Whoever is left alone lets everything go:
//! no request is parked, no name stays open, no memory is held. And in the end the store holds what the
//! heads name and what is never deleted, and nothing else.
//!
//! Before that last judgement each name changes hands once more, and is folded. A file of an epoch that
//! is not over is collected by nobody but the owner that works on it, and one that a dead owner never
//! published is looked for only where a fold has left something else to collect.

use std::time::Duration;

use elacsym::env::Dice;
use elacsym::model::Namespace;
use elacsym::namespace::{fsck, head};
use elacsym::storage::{CellKey, ImmutableKey, Key, SlotKey, Store};

use super::client::{Nodes, Place};
use super::mishaps::LEAVE_MAX;
use super::node::Site;
use super::plan::Plan;
use super::store::Truth;
use super::trace::{Diary, Kind};
use super::words::{Act, Broken, Change, Datum, Doc, MARK, Newest, Read, Said, Wish};
use super::workload::Wished;

/// What its client gave up on is done by then: a deletion among it is no surprise any more.
const PARKED: Duration = Duration::from_secs(30);
/// By then every name is as good as new.
const SOON: Duration = Duration::from_secs(60);
/// Before a node is asked once more.
const PAUSE: Duration = Duration::from_millis(500);
/// What was sent in the storm has arrived by then, or never will.
const SETTLED: Duration = Duration::from_secs(3600);
/// The walk for garbage may have opened a name just now: so long it is looked for a moment at which
/// none is open.
const LEFT_ALONE: Duration = Duration::from_secs(600);
const GLANCE: Duration = Duration::from_secs(10);
/// What it takes to fold a name that is idle, and to close it.
const CLOSED: Duration = Duration::from_secs(10);
/// A walk, and the grace of what it finds twice: of what was garbage, and what became so meanwhile.
const COLLECTED: Duration = Duration::from_secs(70 * 60);
/// Before the store is looked at once more, and how often.
const ONCE_MORE: Duration = Duration::from_secs(40 * 60);
const LOOKS_MAX: usize = 6;
/// A longer tail is folded before its name is closed.
const IDLE_SLOTS_MAX: usize = 16;
/// Of what was found wrong, so much is told.
const TOLD_MAX: usize = 8;
/// Numbers of its wishes are above those of all clients.
const CLIENT: usize = 1_000;
const NOS: i64 = 1_000_000_000;
/// The document that it writes.
const ID: u64 = 1;
const PAGE: usize = 1_000;

pub(super) struct Quiet<'a> {
    pub(super) plan: &'a Plan,
    pub(super) site: &'a Site,
    pub(super) truth: &'a Truth,
    pub(super) diary: &'a Diary,
    pub(super) place: Place,
    /// All that is asked here goes to the history, and is judged with it.
    pub(super) acts: &'a mut Vec<Act>,
}

impl Quiet<'_> {
    pub(super) async fn rest(mut self) -> Result<(), Broken> {
        let names = self.plan.namespaces();
        self.stage("the storm is over");
        self.place.clock.sleep(PARKED).await;
        self.stage("all names are asked for");
        self.all_well(&names, 0).await?;
        self.place.clock.sleep(SETTLED).await;
        self.stage("everybody is to be at rest");
        self.all_let_go().await?;
        self.stage("the nodes are replaced, and all names change hands");
        self.replace_nodes().await;
        self.all_folded(&names).await?;
        self.all_collected().await?;
        self.short_tails(&names).await?;
        self.stage("what is left is read once more");
        self.all_well(&names, 1).await
    }

    /// Soon each name takes a write, on a node of its own, and every node shows it.
    async fn all_well(&mut self, names: &[Namespace], turned: usize) -> Result<(), Broken> {
        let (until, nodes) = (self.place.clock.now() + SOON, self.site.count());
        for (number, name) in names.iter().enumerate() {
            self.insist(until, (number + turned) % nodes, name, Self::write).await?;
        }
        for node in 0..nodes {
            for name in names {
                self.insist(until, node, name, Self::read).await?;
            }
            self.insist(until, node, &names[0], |_| Wish::List).await?;
        }
        Ok(())
    }

    /// Each name is written until its tail is too long to be left so, and is then left alone. One
    /// after another: where few names may be open, a name is sent away by the next one as it is.
    async fn all_folded(&mut self, names: &[Namespace]) -> Result<(), Broken> {
        let limits = self.plan.limits;
        for (number, name) in names.iter().enumerate() {
            let until = self.place.clock.now() + SOON;
            for _ in 0..limits.folds.slots.min(IDLE_SLOTS_MAX as u64 + 1) {
                let owner = (number + 1) % self.site.count();
                self.insist(until, owner, name, Self::write).await?;
            }
            self.place.clock.sleep(limits.idle + CLOSED).await;
        }
        Ok(())
    }

    /// Asks until it is done.
    async fn insist(
        &mut self,
        until: Duration,
        node: usize,
        name: &Namespace,
        wish: impl Fn(i64) -> Wish,
    ) -> Result<(), Broken> {
        loop {
            let no = NOS + self.acts.len() as i64;
            let wished = Wished { no, name: name.clone(), wish: wish(no) };
            let act = self.place.ask(CLIENT, node, &wished, PAGE).await;
            let said = act.said.clone();
            self.acts.push(act);
            if matches!(said, Said::Changed { .. } | Said::Saw(_) | Said::Names(_)) {
                return Ok(());
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

    fn write(no: i64) -> Wish {
        let doc = Doc::from([(MARK, Datum::Int(no))]);
        Wish::Change { change: Change { puts: vec![(ID, doc)], ..Change::default() }, key: None }
    }

    fn read(_: i64) -> Wish {
        Wish::Read { read: Read::All, newest: Newest::Strong, min_seq: None }
    }

    /// Nobody has asked anything for long.
    async fn all_let_go(&self) -> Result<(), Broken> {
        let until = self.place.clock.now() + LEFT_ALONE;
        loop {
            let held = self.held();
            if held.is_empty() {
                return Ok(());
            }
            if self.place.clock.now() > until {
                return Err(Broken(format!("not let go: {}", held.join("; "))));
            }
            self.place.clock.sleep(GLANCE).await;
        }
    }

    /// What nodes hold of names: one that has a request to settle is open, and so is one that is read.
    fn held(&self) -> Vec<String> {
        const FIGURES: [&str; 3] =
            ["elacsym_open_namespaces", "elacsym_memory_bytes", "elacsym_queries_computing"];
        let of_node = |no: usize| {
            let figures = self.site.node(no).map(|(engine, _)| engine.figures());
            let figures = figures.unwrap_or_default().into_iter();
            let held =
                figures.filter(|figure| FIGURES.contains(&figure.name)).filter_map(|figure| {
                    let value: f64 = figure.samples.iter().map(|sample| sample.value).sum();
                    (value != 0.0).then(|| format!("node {no} has {} = {value}", figure.name))
                });
            held.collect::<Vec<_>>()
        };
        (0..self.site.count()).flat_map(of_node).collect()
    }

    /// Some end in order and some do not: those who come next know nothing of the names.
    async fn replace_nodes(&self) {
        let mut chance = self.plan.chance("the last change of hands");
        for no in 0..self.site.count() {
            if chance.happens(0.5) {
                self.site.shut_down(no, LEAVE_MAX).await;
            }
            self.site.kill(no);
            self.site.start(no);
        }
    }

    /// The store comes to hold what is needed and nothing else, and never anything wrong.
    async fn all_collected(&self) -> Result<(), Broken> {
        self.place.clock.sleep(COLLECTED).await;
        let mut looks = 0;
        loop {
            looks += 1;
            self.stage("the store is looked over");
            let found = fsck::check(&self.store(), self.place.clock).await;
            let found = found.map_err(|error| Broken(format!("fsck failed: {}", error.chain())))?;
            if !found.errors.is_empty() {
                return Err(told("fsck finds errors", &found.errors));
            }
            if found.leaks.is_empty() && found.notes.is_empty() {
                return Ok(());
            }
            if looks == LOOKS_MAX {
                let left: Vec<_> = found.leaks.into_iter().chain(found.notes).collect();
                return Err(told("not collected", &left));
            }
            self.place.clock.sleep(ONCE_MORE).await;
        }
    }

    /// What is not folded of a name that is idle is little.
    async fn short_tails(&self, names: &[Namespace]) -> Result<(), Broken> {
        let store = self.store();
        let keys: Vec<Key> =
            self.truth.spells().keys().filter_map(|key| Key::parse(key).ok()).collect();
        for name in names {
            let cell = match store.load(&CellKey::Head(name.clone())).await {
                Ok(Some(cell)) => cell,
                other => return Err(Broken(format!("no head: {name} was written: {other:?}"))),
            };
            let head = head::decode(name, &cell.body)
                .map_err(|error| Broken(format!("no head: of {name}: {}", error.chain())))?;
            let unfolded = |key: &&Key| match key {
                Key::Immutable(ImmutableKey::Slot(SlotKey { home, inc, seq })) => {
                    home == name && *inc == head.inc && *seq >= head.floor
                }
                _ => false,
            };
            let slots = keys.iter().filter(unfolded).count();
            if slots > IDLE_SLOTS_MAX {
                return Err(Broken(format!(
                    "not folded: {name} is idle, and {slots} slots from {} on are not folded",
                    head.floor
                )));
            }
        }
        Ok(())
    }

    /// The truth, asked honestly.
    fn store(&self) -> Store {
        let dice = Dice::from_seed(self.plan.seed).fork("quiet");
        Store::new(self.truth.honest(), self.place.clock, dice)
    }

    fn stage(&self, text: &str) {
        self.diary.note(Kind::Stage, text.to_owned());
    }
}

fn told<T: ToString>(what: &str, found: &[T]) -> Broken {
    let shown: Vec<String> = found.iter().take(TOLD_MAX).map(ToString::to_string).collect();
    Broken(format!("{what}: {} in all:\n  {}", found.len(), shown.join("\n  ")))
}
