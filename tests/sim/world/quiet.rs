//! After the storm: nothing befalls anybody any more, and what is promised of better times is asked for.
//!
//! Soon, every name takes a write and shows it on every node. Whoever is left alone lets everything go:
//! no request is parked, no name stays open, no memory is held. A name that is written through one node
//! is owned by that node. And in the end the store holds what the heads name and what is never deleted,
//! and nothing else; none of it went before its time, and what is told of a name is what its log says.
//!
//! Before that last judgement each name changes hands once more, and is folded. A file of an epoch that
//! is not over is collected by nobody but the owner that works on it, and one that a dead owner never
//! published is looked for only where a fold has left something else to collect.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use elacsym::env::Dice;
use elacsym::error::{Error, ErrorKind};
use elacsym::model::Namespace;
use elacsym::namespace::{fsck, head};
use elacsym::protocol::{Life, Ownership};
use elacsym::storage::{CellKey, ImmutableKey, Key, SlotKey, Store};

use super::checks::{self, Ages, Last};
use super::client::{Nodes, Place};
use super::mishaps::LEAVE_MAX;
use super::node::Site;
use super::plan::Plan;
use super::store::Truth;
use super::trace::{Diary, Kind};
use super::words::{Act, Broken, Change, Datum, Doc, History, MARK, Newest, Read, Said, Wish};
use super::workload::Wished;

/// Most of what clients gave up on is done by then. A deletion among it that is not is waited for, and
/// forgiven: see [`Quiet::show`].
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
/// Between two looks at what is needed and there: several within the grace of garbage.
const LOOK_EVERY: Duration = Duration::from_secs(300);
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
        let mut ages = Ages::default();
        let calm = self.calm(&mut ages).await;
        checks::harm::note(|| self.harm().err().or(calm.clone().err()));
        // What went before its time no user sees by itself.
        calm.and(ages.judge())
    }

    /// What users could show of it: see [`checks::harm`].
    fn harm(&mut self) -> Result<(), Broken> {
        let mut acts = std::mem::take(self.acts);
        acts.sort_by_key(|act| act.call);
        let history = History { acts, log: self.truth.landed() };
        let judged = match self.truth.broken() {
            Some(_) => checks::judge_answers(&history),
            None => checks::judge(&history),
        };
        *self.acts = history.acts;
        judged
    }

    async fn calm(&mut self, ages: &mut Ages) -> Result<(), Broken> {
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
        self.all_collected(&names, ages).await?;
        self.short_tails(&names).await?;
        self.stage("what is left is read once more");
        self.all_well(&names, 1).await?;
        self.stage("what is told of the names is compared with what they are");
        self.all_told(&names).await
    }

    /// Soon each name takes a write, on a node of its own, and every node shows it.
    async fn all_well(&mut self, names: &[Namespace], turned: usize) -> Result<(), Broken> {
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
    async fn all_folded(&mut self, names: &[Namespace]) -> Result<(), Broken> {
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
    async fn all_collected(&self, names: &[Namespace], ages: &mut Ages) -> Result<(), Broken> {
        self.watch(COLLECTED, names, ages).await?;
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
            self.watch(ONCE_MORE, names, ages).await?;
        }
    }

    /// Lets time go by, and looks again and again at what heads need and what is there.
    async fn watch(
        &self,
        lasts: Duration,
        names: &[Namespace],
        ages: &mut Ages,
    ) -> Result<(), Broken> {
        let clock = self.place.clock;
        let until = clock.now() + lasts;
        while clock.now() < until {
            let heads = self.heads(names).await?;
            let there = self.truth.spells();
            ages.look(clock.now(), needed(&heads, &there)?, &there);
            clock.sleep(until.saturating_sub(clock.now()).min(LOOK_EVERY)).await;
        }
        Ok(())
    }

    async fn heads<'b>(
        &self,
        names: &'b [Namespace],
    ) -> Result<Vec<(&'b Namespace, head::Head)>, Broken> {
        let mut heads = Vec::new();
        for name in names {
            heads.push((name, self.head(name).await?));
        }
        Ok(heads)
    }

    /// What is not folded of a name that is idle is little.
    async fn short_tails(&self, names: &[Namespace]) -> Result<(), Broken> {
        let all = slots(&self.truth.spells());
        for (name, head) in self.heads(names).await? {
            let slots = unfolded(&all, name, &head).count();
            if slots > IDLE_SLOTS_MAX {
                return Err(Broken(format!(
                    "not folded: {name} is idle, and {slots} slots from {} on are not folded",
                    head.floor
                )));
            }
        }
        Ok(())
    }

    /// Each name takes a declaration or refuses it, as it must, and then all nodes tell what it is.
    async fn all_told(&mut self, names: &[Namespace]) -> Result<(), Broken> {
        // What the store could not make sense of is not in the log.
        if self.truth.broken().is_some() {
            return Ok(());
        }
        let all = checks::last(&History { acts: Vec::new(), log: self.truth.landed() })?;
        for (number, name) in names.iter().enumerate() {
            let Some(mut last) = all.get(name).cloned() else {
                return Err(Broken(format!("no log: {name} was written, and is not there")));
            };
            self.declare(number % self.site.count(), name, &mut last).await?;
            for node in 0..self.site.count() {
                self.compare(node, name, &last).await?;
            }
        }
        Ok(())
    }

    async fn declare(
        &mut self,
        node: usize,
        name: &Namespace,
        last: &mut Last,
    ) -> Result<(), Broken> {
        let until = self.place.clock.now() + SOON;
        loop {
            let no = NOS + self.acts.len() as i64;
            let declared = self.place.declare(CLIENT, node, no, name).await;
            self.acts.push(declared.act.clone());
            if let Some(how) = declared.differs(last) {
                return Err(Broken(format!("wrongly declared: {name} at node {node}: {how}")));
            }
            let Some(error) = declared.failure() else {
                declared.becomes(last);
                return Ok(());
            };
            self.once_more(until, node, name, error).await?;
        }
    }

    async fn compare(&self, node: usize, name: &Namespace, last: &Last) -> Result<(), Broken> {
        let until = self.place.clock.now() + SOON;
        loop {
            match self.place.told(node, name).await {
                Ok(told) => {
                    return match told.differs(last) {
                        Some(how) => {
                            Err(Broken(format!("wrongly told: {name} by node {node}: {how}")))
                        }
                        None => Ok(()),
                    };
                }
                Err(error) => self.once_more(until, node, name, &error).await?,
            }
        }
    }

    /// A pause, if there is time for another try, and any use in it.
    async fn once_more(
        &self,
        until: Duration,
        node: usize,
        name: &Namespace,
        error: &Error,
    ) -> Result<(), Broken> {
        let passing = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Throttled);
        if !passing || self.place.clock.now() + PAUSE > until {
            let told = error.chain();
            return Err(Broken(format!("not well again: node {node} says of {name}: {told}")));
        }
        self.place.clock.sleep(PAUSE).await;
        Ok(())
    }

    async fn head(&self, name: &Namespace) -> Result<head::Head, Broken> {
        let cell = match self.store().load(&CellKey::Head(name.clone())).await {
            Ok(Some(cell)) => cell,
            other => return Err(Broken(format!("no head: {name} was written: {other:?}"))),
        };
        head::decode(name, &cell.body)
            .map_err(|error| Broken(format!("no head: of {name}: {}", error.chain())))
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

/// By life, the files that heads name and the slots that they have not folded.
fn needed(
    heads: &[(&Namespace, head::Head)],
    there: &BTreeMap<String, usize>,
) -> Result<BTreeMap<u128, BTreeSet<String>>, Broken> {
    let all = slots(there);
    let spelt = |key: ImmutableKey| {
        key.spell().map_err(|error| Broken(format!("no key: {}", error.chain())))
    };
    let alive = heads.iter().filter(|(_, head)| head.life == Life::Active);
    let keys = alive.map(|(name, head)| {
        let files = head.files.iter().chain(&head.keys).cloned().map(ImmutableKey::File);
        let slots = unfolded(&all, name, head).cloned().map(ImmutableKey::Slot);
        let keys = files.chain(slots).map(spelt).collect::<Result<BTreeSet<_>, Broken>>();
        keys.map(|keys| (head.inc.0, keys))
    });
    keys.collect()
}

/// Every slot that is there.
fn slots(there: &BTreeMap<String, usize>) -> Vec<SlotKey> {
    let slot = |key: &String| match Key::parse(key) {
        Ok(Key::Immutable(ImmutableKey::Slot(slot))) => Some(slot),
        _ => None,
    };
    there.keys().filter_map(slot).collect()
}

/// Those of the life of a head that are not folded.
fn unfolded<'a>(
    slots: &'a [SlotKey],
    name: &'a Namespace,
    head: &head::Head,
) -> impl Iterator<Item = &'a SlotKey> + use<'a> {
    let (inc, floor) = (head.inc, head.floor);
    slots.iter().filter(move |slot| slot.home == *name && slot.inc == inc && slot.seq >= floor)
}

fn told<T: ToString>(what: &str, found: &[T]) -> Broken {
    let shown: Vec<String> = found.iter().take(TOLD_MAX).map(ToString::to_string).collect();
    Broken(format!("{what}: {} in all:\n  {}", found.len(), shown.join("\n  ")))
}
