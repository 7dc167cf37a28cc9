//! A writer: one request after another, without a pause, over a few names. It puts, changes and
//! deletes parcels of its own, by their ids and by a filter that finds them and nothing else, and counts
//! and latches against all the others, each time in another wording.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::board::Aim;
use crate::desk::{Desk, Looked, World};
use crate::history::{Beyond, Draft, Level, Scope, Told, What};
use crate::row::Row;
use crate::wire::{Again, Post};
use crate::wording::Wording;

pub(crate) const COUNTERS: u64 = 2;
pub(crate) const LATCHES: u64 = 2;
/// Parcels that are changed again; older ones are left as they are.
const PARCELS_MAX: usize = 40;
/// A counter and a latch say nothing beside their value.
const NO_BODY: &str = "-";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    Everything,
    /// New parcels alone, each as large as a disk is soon full of.
    Bulk,
}

#[derive(Debug)]
pub(crate) struct Writer {
    desk: Desk,
    who: String,
    names: Vec<String>,
    mix: Mix,
    acts: u64,
    parcels: Vec<Parcel>,
    /// The last value that it knew of each counter.
    counters: BTreeMap<(String, String), i64>,
    /// The last request that was acknowledged and had a key.
    kept: Option<(String, usize, Post)>,
}

/// What this writer alone writes to.
#[derive(Debug)]
struct Parcel {
    name: String,
    thing: String,
    version: i64,
    rows: Vec<Row>,
}

impl Writer {
    pub(crate) fn new(
        world: &Arc<World>,
        who: String,
        aim: Aim,
        names: &[String],
        mix: Mix,
    ) -> Self {
        Self {
            desk: Desk::new(world, &who, aim),
            who,
            names: names.to_vec(),
            mix,
            acts: 0,
            parcels: Vec::new(),
            counters: BTreeMap::new(),
            kept: None,
        }
    }

    pub(crate) async fn step(&mut self) {
        let name = self.desk.chance.pick(&self.names).clone();
        let choice = self.desk.chance.below(100);
        match choice {
            _ if self.mix == Mix::Bulk => self.put(name).await,
            0..35 => self.put(name).await,
            35..62 => self.change().await,
            62..65 => self.miss().await,
            65..72 => self.delete().await,
            72..84 => self.count(name).await,
            84..96 => self.latch(name).await,
            96..98 => self.echo().await,
            _ => self.reuse_a_key().await,
        }
    }

    fn token(&mut self) -> String {
        self.acts += 1;
        format!("{}.{}", self.who, self.acts)
    }

    /// A key, as often as not.
    fn again(&mut self, token: &str) -> Again {
        if self.desk.chance.one_in(2) { Again::WithKey(key(token)) } else { Again::Never }
    }

    async fn submit(&mut self, name: &str, draft: Draft, again: Again) -> Told {
        let wording = Wording::drawn(&mut self.desk.chance);
        let post = Post::of(name, &draft, wording, again);
        let (act, told) = self.desk.submit(name, draft, &post).await;
        match told {
            Told::Done { .. } if matches!(post.again, Again::WithKey(_)) => {
                self.kept = Some((name.to_owned(), act, post));
            }
            Told::Refused { .. } => self.desk.rest().await,
            Told::Done { .. } | Told::Doubt => {}
        }
        told
    }

    /// Rows of a new parcel: mostly few and small, now and then many.
    fn new_rows(&mut self, thing: &str, token: &str) -> Vec<Row> {
        let chance = &mut self.desk.chance;
        let (parts, bytes) = match self.mix {
            Mix::Bulk => (48, 3000),
            Mix::Everything if chance.one_in(12) => (24, 2000),
            Mix::Everything => (1 + chance.below(4), 10 + chance.below(400) as usize),
        };
        let row = |part| Row::new(&format!("{thing}/{part}"), 1, token, &chance.text(bytes));
        (0..parts).map(row).collect()
    }

    async fn put(&mut self, name: String) {
        let token = self.token();
        let thing = format!("p-{token}");
        let rows = self.new_rows(&thing, &token);
        let again = self.again(&token);
        let draft = Draft { token, thing: thing.clone(), what: What::Put, rows: rows.clone() };
        if let Told::Done { .. } = self.submit(&name, draft, again).await {
            self.keep(Parcel { name, thing, version: 1, rows });
        }
    }

    fn keep(&mut self, parcel: Parcel) {
        self.parcels.push(parcel);
        if self.parcels.len() > PARCELS_MAX {
            self.parcels.remove(0);
        }
    }

    /// One of its parcels. What is in doubt does not come back.
    fn some_parcel(&mut self) -> Option<Parcel> {
        let many = self.parcels.len() as u64;
        (many > 0).then(|| self.parcels.swap_remove(self.desk.chance.below(many) as usize))
    }

    /// The next version of a parcel: with new bodies, or as a patch that leaves them.
    async fn change(&mut self) {
        let Some(parcel) = self.some_parcel() else { return };
        let (token, version) = (self.token(), parcel.version + 1);
        let patch = self.desk.chance.one_in(2);
        let next = |row: &Row| match patch {
            true => row.stamped(version, &token),
            false => Row::new(&row.id, version, &token, &format!("{version} of {}", row.id)),
        };
        let rows: Vec<Row> = parcel.rows.iter().map(next).collect();
        let beyond = self.beyond();
        let what = match (patch, &parcel.rows[..]) {
            (false, _) if self.desk.chance.one_in(3) => What::PutInto,
            (false, _) => What::Put,
            // One row alone: what is found is patched alike, and sums differ.
            (true, [row]) if self.desk.chance.one_in(2) => {
                What::PatchFound { by: row.by.clone(), beyond }
            }
            (true, [row, ..]) if self.desk.chance.one_in(2) => What::PatchIf { by: row.by.clone() },
            (true, _) => What::Patch,
        };
        let again = self.again(&token);
        let draft = Draft { token, thing: parcel.thing.clone(), what, rows: rows.clone() };
        match self.submit(&parcel.name, draft, again).await {
            Told::Done { .. } => self.keep(Parcel { version, rows, ..parcel }),
            Told::Refused { .. } => self.keep(parcel),
            Told::Doubt => {}
        }
    }

    /// A patch on a condition that holds for no row: no doubt about it is one about the parcel.
    async fn miss(&mut self) {
        let Some(parcel) = self.some_parcel() else { return };
        let (token, version) = (self.token(), parcel.version + 1);
        let rows = parcel.rows.iter().map(|row| row.stamped(version, &token)).collect();
        let again = self.again(&token);
        let what = What::PatchMissed { by: token.clone() };
        let draft = Draft { token, thing: parcel.thing.clone(), what, rows };
        self.submit(&parcel.name, draft, again).await;
        self.keep(parcel);
    }

    fn beyond(&mut self) -> Beyond {
        if self.desk.chance.one_in(2) { Beyond::Left } else { Beyond::Refused }
    }

    async fn delete(&mut self) {
        let Some(parcel) = self.some_parcel() else { return };
        let (token, thing) = (self.token(), parcel.thing.clone());
        let (again, beyond) = (self.again(&token), self.beyond());
        let ids = parcel.rows.iter().map(|row| row.id.clone()).collect();
        let what = match parcel.rows.first() {
            // All rows of a parcel were written by one act, and no other row was.
            Some(row) if self.desk.chance.one_in(2) => {
                What::DeleteFound { by: row.by.clone(), ids, beyond }
            }
            _ => What::Delete { ids },
        };
        let draft = Draft { token, thing, what, rows: Vec::new() };
        if let Told::Refused { .. } = self.submit(&parcel.name, draft, again).await {
            self.keep(parcel);
        }
    }

    /// Raises a counter, if it is what it was when this writer last looked.
    async fn count(&mut self, name: String) {
        let thing = format!("c{}", self.desk.chance.below(COUNTERS));
        let place = (name, thing);
        let from = match self.counters.remove(&place) {
            Some(from) => from,
            None => match self.value(&place.0, &place.1).await {
                Some(row) => row.n,
                None => return,
            },
        };
        let token = self.token();
        let again = self.again(&token);
        let draft = counted(&place.1, token, from);
        match self.submit(&place.0, draft, again).await {
            Told::Done { rows: 1, .. } => {
                self.counters.insert(place, from + 1);
            }
            Told::Refused { .. } => {
                self.counters.insert(place, from);
            }
            Told::Done { .. } | Told::Doubt => {}
        }
    }

    /// Takes a latch without a look, or takes it from who has it.
    async fn latch(&mut self, name: String) {
        let thing = format!("l{}", self.desk.chance.below(LATCHES));
        let holder = match self.desk.chance.one_in(3) {
            true => None,
            false => self.value(&name, &thing).await,
        };
        let token = self.token();
        let again = self.again(&token);
        let (what, rows) = match holder {
            Some(holder) => (What::Free { of: holder.by }, Vec::new()),
            None => (What::Take, vec![Row::new(&format!("{thing}/0"), 0, &token, NO_BODY)]),
        };
        let draft = Draft { token, thing, what, rows };
        self.submit(&name, draft, again).await;
    }

    async fn value(&mut self, name: &str, thing: &str) -> Option<Row> {
        let scope = Scope::Things(vec![thing.to_owned()]);
        match self.desk.look(name, scope, Level::Strong, None).await {
            Looked::Rows(rows) => rows.into_iter().next(),
            Looked::Absent | Looked::Unanswered => None,
        }
    }

    async fn echo(&mut self) {
        if let Some((name, act, post)) = self.kept.clone() {
            self.desk.echo(&name, act, &post).await;
        }
    }

    /// Another request with a key that was used: it must be refused, and leave nothing.
    async fn reuse_a_key(&mut self) {
        let Some((name, _, Post { again: Again::WithKey(key), .. })) = self.kept.clone() else {
            return;
        };
        let token = self.token();
        let thing = format!("p-{token}");
        let rows = self.new_rows(&thing, &token);
        let draft = Draft { token, thing, what: What::Put, rows };
        self.submit(&name, draft, Again::WithKeyOfAnother(key)).await;
    }
}

pub(crate) fn key(token: &str) -> String {
    format!("key-{token}")
}

/// A counter that goes on from a value; from -1, one that is made.
pub(crate) fn counted(thing: &str, token: String, from: i64) -> Draft {
    let rows = vec![Row::new(&format!("{thing}/0"), from + 1, &token, NO_BODY)];
    Draft { token, thing: thing.to_owned(), what: What::Step { from }, rows }
}
