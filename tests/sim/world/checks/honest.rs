//! An honest world, drawn at random: few names, few documents, and changes, reads and ends that meet.
//! Answers are lost in it, and clients give up, and everything else is as it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use elacsym::env::Dice;
use elacsym::model::Namespace;

use super::super::model::{Counts, Refusal, State, shows};
use super::super::words::{
    Act, COUNT, Change, Datum, Doc, Edit, Entry, FICKLE, Find, History, If, Kind, Landed, MARK,
    Moment, Newest, Order, Read, Said, Sight, TEXT, Wish,
};

/// A world of one thread, in which everything happens at once when it happens.
pub(super) struct Honest {
    dice: Dice,
    order: Order,
    history: History,
    names: Vec<Home>,
    /// Who waits for what, and what they will be told.
    waiting: Vec<(usize, Option<Said>)>,
    wishes: i64,
}

struct Home {
    name: Namespace,
    state: State,
    /// What it was, by the first slot that is missing.
    past: Vec<(u64, State)>,
    inc: u128,
    epoch: u64,
    next: u64,
    keys: BTreeMap<i64, Said>,
}

impl Honest {
    /// What comes of so many acts.
    pub(super) fn of(seed: u64, acts: usize) -> History {
        let home = |name: &str| Home {
            name: Namespace::new(name).unwrap(),
            state: State::default(),
            past: Vec::new(),
            inc: 1,
            epoch: 1,
            next: 1,
            keys: BTreeMap::new(),
        };
        let mut world = Self {
            dice: Dice::from_seed(seed),
            order: Order::default(),
            history: History::default(),
            names: ["a", "b"].map(home).into(),
            waiting: Vec::new(),
            wishes: 0,
        };
        while world.history.acts.len() < acts || !world.waiting.is_empty() {
            match world.roll(8) {
                0..3 if world.waiting.len() < 6 && world.history.acts.len() < acts => world.call(),
                3 | 4 => world.commit(),
                5 => world.look(),
                6 | 7 => world.back(),
                _ => {}
            }
        }
        world.history
    }

    fn roll(&mut self, sides: usize) -> usize {
        (self.dice.draw() % sides as u128) as usize
    }

    fn time(moment: Moment) -> Duration {
        Duration::from_millis(moment.0)
    }

    fn call(&mut self) {
        let home = self.roll(self.names.len());
        let (no, wish) = self.wish();
        let call = self.order.next();
        self.waiting.push((self.history.acts.len(), None));
        self.history.acts.push(Act {
            no,
            client: self.waiting.len(),
            node: 0,
            name: self.names[home].name.clone(),
            wish,
            call,
            back: Moment::NEVER,
            called_at: Self::time(call),
            back_at: Duration::ZERO,
            said: Said::Unknown("nothing".into()),
        });
    }

    fn wish(&mut self) -> (i64, Wish) {
        self.wishes += 1;
        let no = self.wishes;
        let read = match self.roll(4) {
            0 => Read::One(self.roll(6) as u64),
            1 => Read::CountBelow(self.roll(4) as i64),
            _ => Read::All,
        };
        match self.roll(20) {
            0 => (no, Wish::End),
            1 => (no, Wish::List),
            2..6 => (no, Wish::Read { read, newest: Newest::Strong, min_seq: None }),
            6 => {
                let newest = Newest::Eventual { max_staleness: Duration::from_secs(1 << 20) };
                (no, Wish::Read { read, newest, min_seq: None })
            }
            // What was asked under a key is asked again.
            7 | 8 => {
                let unknown = |act: &&Act| matches!(&act.wish, Wish::Change { key: Some(_), .. });
                let keyed: Vec<&Act> = self.history.acts.iter().filter(unknown).collect();
                match keyed.last().map(|act| (act.no, act.wish.clone())) {
                    Some(again) => again,
                    None => (no, Wish::List),
                }
            }
            kind => {
                let key = (kind < 12).then(|| format!("key {no}"));
                (no, Wish::Change { change: self.change(no), key })
            }
        }
    }

    fn change(&mut self, no: i64) -> Change {
        let mut ids: BTreeSet<u64> = BTreeSet::new();
        let mut change = Change::default();
        for _ in 0..1 + self.roll(3) {
            let id = self.roll(6) as u64;
            if !ids.insert(id) {
                continue;
            }
            match self.roll(5) {
                0 => change.deletes.push(id),
                1 => change.patches.push((id, self.doc(no))),
                _ => change.puts.push((id, self.doc(no))),
            }
        }
        let some = [If::Always, If::Always, If::Absent, If::CountIs(1), If::CountGrows];
        change.put_if = some[self.roll(5)];
        change.patch_if = some[self.roll(5)];
        change.delete_if = some[self.roll(5)];
        let fickle = FICKLE[self.roll(2)];
        match self.roll(12) {
            10 => change.delete_found = Some(Find::MarkIs(no - 1 - self.roll(4) as i64)),
            11 => {
                let found = Find::CountBelow(1 + self.roll(2) as i64);
                change.patch_found = Some((found, Doc::from([(MARK, Datum::Int(no))])));
            }
            0 => change.declare.push((fickle, [Kind::Int, Kind::Text][self.roll(2)])),
            1 => change.drop.push(fickle),
            _ => {}
        }
        change
    }

    fn doc(&mut self, no: i64) -> Doc {
        let mut doc = Doc::from([(MARK, Datum::Int(no))]);
        if self.roll(3) > 0 {
            doc.insert(COUNT, Datum::Int(self.roll(4) as i64));
        }
        if self.roll(3) == 0 {
            doc.insert(TEXT, Datum::Text("x".repeat(1 + self.roll(1000))));
        }
        if self.roll(8) == 0 {
            let datum = [Datum::Int(5), Datum::Text("five".into())][self.roll(2)].clone();
            doc.insert(FICKLE[self.roll(2)], datum);
        }
        doc
    }

    /// One slot of a name, with some of what waits for it.
    fn commit(&mut self) {
        let at = self.roll(self.names.len());
        if self.roll(12) == 0 && self.names[at].state.ground.there {
            let landed = self.names[at].next();
            self.names[at].epoch += 1;
            return self.land(at, Landed { epoch: landed.epoch + 1, ..landed });
        }
        let mut batch: Vec<usize> = Vec::new();
        for waiting in 0..self.waiting.len() {
            let (act, said) = &self.waiting[waiting];
            let act = &self.history.acts[*act];
            let mine = act.name == self.names[at].name && said.is_none();
            let change = matches!(act.wish, Wish::Change { .. } | Wish::End);
            if mine && change && self.roll(3) > 0 {
                let place = self.roll(batch.len() + 1);
                batch.insert(place, waiting);
            }
        }
        let ends = |waiting: &usize| self.history.acts[self.waiting[*waiting].0].wish == Wish::End;
        if let Some(end) = batch.iter().copied().find(ends) {
            return self.end(at, end);
        }
        self.batch(at, &batch);
    }

    fn end(&mut self, at: usize, waiting: usize) {
        if !self.names[at].state.ground.there {
            self.waiting[waiting].1 = Some(Said::Absent);
            return;
        }
        let landed = self.names[at].next();
        self.land(at, Landed { entry: Entry::End, ..landed });
        let home = &mut self.names[at];
        home.state = State::default();
        home.past.clear();
        home.keys.clear();
        (home.inc, home.epoch) = (home.inc + 1, home.epoch + 1);
        self.waiting[waiting].1 = Some(Said::Ended);
    }

    fn batch(&mut self, at: usize, batch: &[usize]) {
        let Honest { names, history, waiting, .. } = self;
        let home = &mut names[at];
        let before = home.state.clone();
        let (mut edits, mut lies, mut told) = (Vec::new(), false, Vec::new());
        let mut put: BTreeSet<u64> = BTreeSet::new();
        for waits in batch {
            let Act { no, wish: Wish::Change { change, key }, .. } =
                &history.acts[waiting[*waits].0]
            else {
                continue;
            };
            if let Some(Said::Changed { seq, puts, patches, deletes, touched, .. }) =
                home.keys.get(no)
            {
                let [seq, puts, patches, deletes] = [*seq, *puts, *patches, *deletes];
                let (touched, stored) = (touched.clone(), true);
                told.push((*waits, Said::Changed { seq, puts, patches, deletes, touched, stored }));
                continue;
            }
            let kinds = home.state.ground.kinds.clone();
            match home.state.touch(change) {
                Ok(touched) => {
                    let Counts { puts, patches, deletes } = Counts::of(&touched);
                    put.extend(&touched.puts);
                    let more = edited(kinds, change, &home.state);
                    let touches = puts + patches + deletes > 0;
                    lies |= touches || !more.is_empty() || key.is_some();
                    edits.extend(more);
                    let (seq, touched, stored) = (home.next, Some(touched), false);
                    let said = Said::Changed { seq, puts, patches, deletes, touched, stored };
                    if key.is_some() {
                        home.keys.insert(*no, said.clone());
                    }
                    told.push((*waits, said));
                }
                Err(Refusal::Absent) => told.push((*waits, Said::Absent)),
                Err(Refusal::Wrong(why)) => told.push((*waits, Said::Refused(why))),
            }
        }
        let last = home.next.saturating_sub(1);
        for (waits, said) in told {
            waiting[waits].1 = Some(match said {
                Said::Changed { puts, patches, deletes, touched, stored: false, .. } if !lies => {
                    let (seq, stored) = (last, false);
                    Said::Changed { seq, puts, patches, deletes, touched, stored }
                }
                said => said,
            });
        }
        if lies {
            let changed = |id: &&u64| before.docs.get(id) != home.state.docs.get(id);
            let all: BTreeSet<u64> =
                before.docs.keys().chain(home.state.docs.keys()).copied().collect();
            let (mut rows, mut gone) = (BTreeMap::new(), Vec::new());
            for id in all.iter().filter(changed) {
                match home.state.docs.get(id) {
                    Some(doc) => drop(rows.insert(*id, (**doc).clone())),
                    None => gone.push(*id),
                }
            }
            // Of the first documents that were put the slot speaks, be it that they are gone again.
            let settles = !before.ground.settled && home.state.ground.settled;
            if settles && rows.is_empty() {
                gone.extend(put);
            }
            // What was only stripped is no row of the slot.
            let mark = |doc: Option<&Arc<Doc>>| doc.and_then(|doc| doc.get(MARK).cloned());
            rows.retain(|id, doc| mark(before.docs.get(id)).as_ref() != doc.get(MARK));
            let landed = home.next();
            self.land(at, Landed { entry: Entry::Batch { rows, gone, edits }, ..landed });
        }
    }

    fn land(&mut self, at: usize, landed: Landed) {
        let landed = Landed { at: self.order.next(), ..landed };
        self.history.log.push(landed);
        let home = &mut self.names[at];
        home.next += 1;
        home.past.push((home.next, home.state.clone()));
    }

    /// Somebody who waits to read does.
    fn look(&mut self) {
        let reads = |(_, (act, said)): &(usize, &(usize, Option<Said>))| {
            let wish = &self.history.acts[*act].wish;
            said.is_none() && matches!(wish, Wish::Read { .. } | Wish::List)
        };
        let Some((waiting, (act, _))) = self.waiting.iter().enumerate().find(reads) else { return };
        let act = self.history.acts[*act].clone();
        let home = self.names.iter().find(|home| home.name == act.name).unwrap();
        let said = match &act.wish {
            Wish::Read { read, newest, .. } if home.state.ground.there => {
                let old = match newest {
                    Newest::Strong => home.past.last(),
                    Newest::Eventual { .. } => home.past.first(),
                };
                seen(read, old.unwrap())
            }
            Wish::Read { .. } => Said::Absent,
            _ => {
                let there = self.names.iter().filter(|home| home.state.ground.there);
                Said::Names(there.map(|home| home.name.clone()).collect())
            }
        };
        self.waiting[waiting].1 = Some(said);
    }

    /// Somebody is answered, or gives up.
    fn back(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let waiting = self.roll(self.waiting.len());
        let lost = self.roll(8) == 0;
        let (act, said) = self.waiting[waiting].clone();
        let back = self.order.next();
        let act = &mut self.history.acts[act];
        let said = match said {
            Some(said) if !lost => said,
            Some(_) => Said::Unknown("the answer was lost".into()),
            None if !lost => return,
            None => Said::NotCommitted("no room".into()),
        };
        self.waiting.swap_remove(waiting);
        (act.back, act.back_at, act.said) = (back, Self::time(back), said);
    }
}

impl Home {
    fn next(&self) -> Landed {
        let Self { name, inc, next, epoch, .. } = self;
        let (name, at, entry) = (name.clone(), Moment(0), Entry::Fence);
        Landed { name, inc: *inc, seq: *next, epoch: *epoch, at, entry }
    }
}

fn edited(mut kinds: BTreeMap<&'static str, Kind>, change: &Change, after: &State) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (name, kind) in &change.declare {
        if kinds.insert(*name, *kind).is_none() {
            edits.push(Edit::Added(name, *kind));
        }
    }
    let dropped = change.drop.iter().filter(|name| kinds.remove(**name).is_some());
    edits.extend(dropped.map(|name| Edit::Dropped(name)).collect::<Vec<_>>());
    let more = after.ground.kinds.iter().filter(|(name, _)| !kinds.contains_key(*name));
    edits.extend(more.map(|(name, kind)| Edit::Added(name, *kind)));
    edits
}

fn seen(read: &Read, (next, state): &(u64, State)) -> Said {
    if let Err(why) = state.ground.answers(read) {
        return Said::Refused(format!("{why:?}"));
    }
    let rows = state.docs.iter().filter(|(id, doc)| shows(read, **id, doc));
    let rows: Vec<(u64, Doc)> = rows.map(|(id, doc)| (*id, (**doc).clone())).collect();
    let count = (*read == Read::All).then_some(rows.len() as u64);
    Said::Saw(Sight { seq: next - 1, rows, count })
}
