//! What must hold, in terms too simple to be wrong: sets of operations.

use elacsym::model::{FileKind, Incarnation, Seq};
use elacsym::protocol::{Entry, Head, Life, MarkerKind, View};

use super::model::{Mask, Model, Ops, home, ops_of, rows_of};
use super::store::Store;
use super::world::Question;

pub(super) type Verdict = Result<(), String>;

/// A life of a name: its incarnation and, where a broken rule lets these repeat, the how-manieth.
pub(super) type Birth = (Incarnation, u8);

/// What clients were told about one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ledger {
    pub(super) acked: Mask,
    /// Told: certainly not committed. Not kept of what was tried again.
    pub(super) failed: Mask,
    pub(super) retried: Mask,
    /// Told: it was looked at, and changes nothing.
    pub(super) skipped: Mask,
    /// Returned by a strong read that is over.
    pub(super) seen: Mask,
    /// For each operation, what was acknowledged before it was sent.
    pub(super) before: [Mask; 6],
    /// The life in which an operation was tried last.
    pub(super) lives: [Option<Birth>; 6],
    /// The last slot that was acknowledged, where reads ask for it.
    pub(super) last: Option<Seq>,
    /// Lives whose deletion was asked for and may happen, and those whose deletion was acknowledged.
    pub(super) ending: Vec<Birth>,
    pub(super) ended: Vec<Birth>,
}

/// What a question must find, fixed when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    must: Mask,
    gone: Mask,
}

impl Asked {
    pub(super) fn must(self) -> Mask {
        self.must
    }
}

impl Ledger {
    fn in_lives(&self, lives: &[Birth]) -> Mask {
        let of = |op: &usize| self.lives[*op].is_some_and(|inc| lives.contains(&inc));
        (0..6).filter(of).fold(0, |mask, op| mask | 1 << op)
    }

    pub(super) fn dying(&self) -> Mask {
        self.in_lives(&self.ending)
    }

    pub(super) fn ask(&self) -> Asked {
        let must = (self.acked | self.seen) & !self.dying();
        Asked { must, gone: self.in_lives(&self.ended) }
    }

    /// A strong read, or an answer that rests on one, has returned `ops`.
    pub(super) fn answer(&mut self, asked: Asked, ops: &Ops, truth: Option<&Ops>) -> Verdict {
        let (got, dying) = (ops.mask(), self.dying());
        let must = asked.must & !dying;
        if got & must != must {
            return Err(format!("STALE: a strong read lacks {}", list(must & !got)));
        }
        if ops.repeats() {
            return Err("a read sees an operation twice".into());
        }
        if got & asked.gone != 0 {
            return Err(format!("a read sees deleted {}", list(got & asked.gone)));
        }
        if got & self.failed != 0 {
            return Err(format!("a read sees {}, reported failed", list(got & self.failed)));
        }
        let real = truth.map_or(0, Ops::mask) | dying;
        if got & !real != 0 {
            return Err(format!("a read sees {}, which is not committed", list(got & !real)));
        }
        self.seen |= got;
        Ok(())
    }

    /// A read that asked for a slot at least was told where the log ends.
    pub(super) fn beyond(question: Question, end: Seq) -> Verdict {
        let Question { min_seq, last, .. } = question;
        if last.is_some_and(|last| end <= last) {
            return Err(format!("STALE: the log ends at {end}, and {last:?} was acknowledged"));
        }
        match min_seq {
            Some(seq) if seq >= end => Ok(()),
            _ => Err(format!("{min_seq:?} is told to be beyond {end}")),
        }
    }

    /// What a read that asked for a slot at least may be given.
    pub(super) fn reaches(question: Question, view: &View<Model>) -> Verdict {
        match question.min_seq {
            Some(seq) if seq >= view.next => Err(format!("a read lacks slot {seq}, asked for")),
            _ => Ok(()),
        }
    }

    /// A view at hand may be old. What never was, it does not show.
    pub(super) fn eventual(
        &self,
        view: &View<Model>,
        store: &Store,
        truth: Option<&Ops>,
    ) -> Verdict {
        let got = ops_of(view);
        // What a life held that is over, only clients know.
        if ends(store, view.seen.head.inc) {
            return match got.mask() & self.failed {
                0 => Ok(()),
                failed => Err(format!("a view at hand shows {}, reported failed", list(failed))),
            };
        }
        let real = truth.map_or(0, Ops::mask) | self.dying() | self.in_lives(&self.ended);
        if got.mask() & !real != 0 {
            let what = list(got.mask() & !real);
            return Err(format!("a view at hand shows {what}, which never was committed"));
        }
        if got.repeats() { Err("a view at hand shows an operation twice".into()) } else { Ok(()) }
    }

    pub(super) fn absent(&self, asked: Asked) -> Verdict {
        match asked.must & !self.dying() {
            0 => Ok(()),
            must => Err(format!("STALE: a strong read says 404, and {} is there", list(must))),
        }
    }

    /// Against what a reader that starts now would find.
    pub(super) fn check(&self, truth: Option<&Ops>) -> Verdict {
        let none = Ops::default();
        let truth = truth.unwrap_or(&none);
        let visible = truth.mask();
        let kept = self.acked & !self.dying();
        if visible & kept != kept {
            return Err(format!("LOST: acknowledged {} is gone", list(kept & !visible)));
        }
        if truth.repeats() {
            return Err("TWICE: an operation was applied twice".into());
        }
        if visible & self.failed != 0 {
            return Err(format!("{}, reported failed, is visible", list(visible & self.failed)));
        }
        if visible & self.skipped != 0 {
            return Err(format!(
                "{}, answered as without effect, is visible",
                list(visible & self.skipped)
            ));
        }
        let ended = self.in_lives(&self.ended);
        if visible & ended != 0 {
            return Err(format!("deleted {} is back", list(visible & ended)));
        }
        let mut earlier: Mask = 0;
        for op in truth.iter() {
            earlier |= 1 << op;
            let after = self.before[usize::from(op)] & self.acked & visible & !earlier;
            if after != 0 {
                return Err(format!("ORDER: op{op} stands before {}, acked earlier", list(after)));
            }
        }
        Ok(())
    }
}

/// What a fresh reader of `name` would find, by the definition and without the code under test:
/// the head's base, overlaid by the slots from the floor on. None: there is no such name.
pub(super) fn truth(store: &Store, name: usize) -> Option<Ops> {
    let head = store.heads[name].as_ref()?;
    if head.life != Life::Active {
        return None;
    }
    let (mut ops, mut epoch, mut seq) = (head.base, head.floor_epoch, head.floor);
    let mut born = head.born;
    while let Some(slot) = store.slot(head.inc, seq) {
        match &slot.entry {
            Entry::End => return None,
            Entry::Batch(body) if slot.epoch >= epoch => {
                ops.extend(&body.batch);
                born = true;
            }
            Entry::Batch(_) | Entry::Fence => {}
        }
        epoch = epoch.max(slot.epoch);
        seq = seq.next();
    }
    born.then_some(ops)
}

/// What must hold of the store alone.
pub(super) fn sound(store: &Store, name: usize) -> Verdict {
    let Some(head) = &store.heads[name] else { return Ok(()) };
    if let Some(lost) = head.files.iter().find(|file| !store.files.contains(file)) {
        return Err(format!("FILE: the head names {:?} {}, which is gone", lost.kind, lost.ulid));
    }
    if let Some(keys) = &head.keys
        && !store.tables.iter().any(|(file, _)| file == keys)
    {
        return Err("FILE: the head names a table of keys that is gone".into());
    }
    buried(store, name)?;
    if head.life != Life::Active {
        return Ok(());
    }
    let rows = || head.files.iter().filter(|file| file.kind == FileKind::Rows).map(rows_of);
    let all = rows().fold(0, |all, some| all | some);
    if rows().map(u8::count_ones).sum::<u32>() != all.count_ones() {
        return Err("TWICE: an operation lies in two files".into());
    }
    if !head.files.is_empty() && all != head.base.mask() {
        return Err("FILE: the files of the head do not hold its base".into());
    }
    let (mut seq, mut chain, mut born, mut ended) =
        (head.floor, head.floor_chain, head.born, false);
    while let Some(slot) = store.slot(head.inc, seq) {
        if slot.prev != chain {
            return Err(format!("FORK: slot {seq} does not follow from the one before"));
        }
        for chunk in slot.body().into_iter().flat_map(|body| &body.chunks) {
            if !store.files.contains(chunk) {
                return Err(format!("CHUNK: slot {seq} names a chunk that is not there"));
            }
        }
        born |= slot.body().is_some();
        ended |= slot.entry == Entry::End;
        (seq, chain) = (seq.next(), slot.chain);
    }
    if born && !ended && !store.has(MarkerKind::Live, name, head.inc) {
        return Err("MARKER: a live name is in no listing".into());
    }
    Ok(())
}

fn ends(store: &Store, inc: Incarnation) -> bool {
    store.slots.iter().any(|slot| slot.inc == inc && slot.entry == Entry::End)
}

/// A life that is over leads to its garbage by a marker.
fn buried(store: &Store, name: usize) -> Verdict {
    let slots = || store.slots.iter().filter(|slot| home(slot.inc) == name);
    let batches = slots().filter(|slot| slot.body().is_some());
    let batches = batches.map(|slot| (slot.inc, slot.seq.0.into()));
    let files = store.files.iter().filter(|file| home(file.inc) == name);
    let mut garbage = batches.chain(files.map(|file| (file.inc, file.ulid))).filter(|one| {
        let inc = one.0;
        (store.is_dead(name, inc) || ends(store, inc)) && !store.has(MarkerKind::Gone, name, inc)
    });
    match garbage.find(|one| !store.leaked.contains(one)) {
        Some(_) => Err("MARKER: the garbage of a dead life is in no listing".into()),
        None => Ok(()),
    }
}

/// A head only moves forward.
pub(super) fn follows(was: Option<&Head<Model>>, now: &Head<Model>) -> Verdict {
    now.check().map_err(|broken| format!("HEAD: {broken}"))?;
    let Some(was) = was else { return Ok(()) };
    let rebirth = was.inc != now.inc || was.life != now.life;
    let order = [
        (was.version < now.version, "version"),
        (was.epoch <= now.epoch, "epoch"),
        (was.floor <= now.floor, "floor"),
        (!rebirth || was.inc == now.inc || was.epoch < now.epoch, "epoch of a new life"),
    ];
    match order.into_iter().find(|(holds, _)| !holds) {
        Some((_, what)) => Err(format!("HEAD: {what} goes back")),
        None => Ok(()),
    }
}

pub(super) fn list(mask: Mask) -> String {
    let ops: Vec<String> =
        (0..6).filter(|op| mask & 1 << op != 0).map(|op| format!("op{op}")).collect();
    ops.join(", ")
}
