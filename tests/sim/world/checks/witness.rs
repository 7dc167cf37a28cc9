//! The log as a witness: what every slot did is what the changes do that lie in it, one after the
//! other, and each of them was answered as it is there.
//!
//! Where nobody was told what became of a change, it leaves its mark, or, where it only deleted or was
//! overwritten in the same slot, it may be anywhere after its call: it is taken for a slot that is not
//! explained otherwise, once. The searches are bounded; what was too long is counted.

use std::collections::{BTreeMap, BTreeSet};

use super::super::model::{Counts, State, creates, ids};
use super::super::words::{Act, Broken, Change, Edit, Entry, Moment, Said, TEXT};
use super::answered::Answered;
use super::batch::{Batch, Member, Search, Told};
use super::deeds::Deeds;
use super::layout::{Open, is_possible};
use super::past::{Past, Slot};
use super::refusals::{Refusals, Settled};
use super::{Tally, broken, spelt};

/// Changes of unknown outcome that are tried for one slot.
const SPARES_MAX: usize = 16;

/// `acts`: of one name, in the order of their calls.
pub(super) fn judge(
    acts: &[&Act],
    past: &Past<'_>,
    answered: &Answered,
    tally: &mut Tally,
) -> Result<(), Broken> {
    let deeds = Deeds::of(acts, past)?;
    let mut witness = Witness { refusals: Refusals::of(acts, &deeds, past)?, past, deeds: &deeds };
    in_order(acts, past, answered)?;
    for act in &deeds.late {
        witness.changes_nothing(act)?;
    }
    let mut open = Vec::new();
    let mut homes = homes(&deeds);
    for slot in past.slots() {
        let members = homes.remove(&slot.landed.seq).unwrap_or_default();
        open.extend(witness.read(slot, members, tally)?);
    }
    witness.refusals.done()?;
    let all = open.iter().all(|open| open.times.len() <= SPARES_MAX);
    match is_possible(&open) {
        Some(true) => Ok(()),
        Some(false) if all => {
            let slots: Vec<u64> = open.iter().map(|open| open.seq).collect();
            let told =
                "a change that nobody was told of must have taken effect in two of the slots";
            broken(format!("{}: {told} {slots:?}", past.name))
        }
        // It is too long, or too many were left out.
        Some(false) | None => {
            tally.slots_cut += 1;
            Ok(())
        }
    }
}

/// A change that was answered before another was called is not behind it.
fn in_order(acts: &[&Act], past: &Past<'_>, answered: &Answered) -> Result<(), Broken> {
    for act in acts {
        let Said::Changed { seq, stored: false, .. } = act.said else { continue };
        if let Some(known) = answered.before(act.call)
            && seq.saturating_add(1) < known.next
        {
            let told = format!("lies in slot {seq} of {}", past.name);
            let known = format!("{} was answered by slot {}", known.no, known.next - 1);
            return broken(format!("{} {told}, and {known} before it was called", spelt(act)));
        }
    }
    Ok(())
}

/// By slot, the changes that lie in it.
fn homes<'a>(deeds: &Deeds<'a>) -> BTreeMap<u64, Vec<Member<'a>>> {
    let mut homes: BTreeMap<u64, Vec<Member<'a>>> = BTreeMap::new();
    for deed in deeds.by_no.values() {
        for home in deed.homes.values() {
            homes.entry(home.seq).or_default().push(Member {
                no: deed.no,
                change: deed.change,
                call: home.call,
                back: home.back,
                told: home.told.map_or(Told::Effect, Told::Counts),
                touched: home.touched,
            });
        }
    }
    homes
}

struct Witness<'a, 'b> {
    past: &'b Past<'a>,
    deeds: &'b Deeds<'a>,
    refusals: Refusals<'a>,
}

impl<'a> Witness<'a, '_> {
    /// Explains a slot, or says what it would take.
    fn read(
        &mut self,
        slot: &Slot<'_>,
        members: Vec<Member<'a>>,
        tally: &mut Tally,
    ) -> Result<Option<Open<'a>>, Broken> {
        let (seq, edits) = match &slot.landed.entry {
            Entry::Batch { rows, gone, edits } => {
                if members.is_empty() && rows.is_empty() && gone.is_empty() && edits.is_empty() {
                    return Ok(None);
                }
                (slot.landed.seq, edits.as_slice())
            }
            Entry::Fence if !members.is_empty() => (slot.landed.seq, &[][..]),
            Entry::Fence | Entry::End => return Ok(None),
        };
        tally.slots += 1;
        let batch = self.batch(slot, members, edits);
        let waits = self.refusals.wait_for(slot, edits);
        let searched = batch.clone().search();
        if matches!(searched, Search::Found(_)) && !waits {
            return Ok(None);
        }
        let mut times = BTreeMap::new();
        let spares = self.spares(slot, &batch, edits, &mut times);
        let with = batch.members.iter().copied().chain(spares).collect();
        let with = self.batch(slot, with, edits);
        let left_out = times.len().saturating_sub(SPARES_MAX);
        if waits && self.refusals.excuse(slot, &with, left_out) == Settled::No {
            tally.slots_cut += 1;
        }
        match searched {
            Search::Found(_) => return Ok(None),
            Search::Nothing => {}
            Search::Cut => {
                tally.slots_cut += 1;
                return Ok(None);
            }
        }
        match with.clone().search() {
            Search::Found(_) => Ok(Some(Open { seq, life: slot.life, batch: with, times })),
            Search::Nothing if left_out == 0 => {
                let name = self.past.name;
                let told = "no order of the changes in it explains it";
                broken(format!("slot {seq} of {name}: {told}{}", batch.tell()))
            }
            Search::Nothing | Search::Cut => {
                tally.slots_cut += 1;
                Ok(None)
            }
        }
    }

    /// The states before and after a slot, as far as it or its members speak of them.
    fn batch(&self, slot: &Slot<'_>, members: Vec<Member<'a>>, edits: &[Edit]) -> Batch<'a> {
        let seq = slot.landed.seq;
        let next = seq.saturating_add(1);
        let mut spoken: BTreeSet<u64> = members.iter().flat_map(|it| ids(it.change)).collect();
        if let Entry::Batch { rows, gone, .. } = &slot.landed.entry {
            spoken.extend(rows.keys().chain(gone));
        }
        if members.iter().any(|member| member.change.finds()) {
            spoken.extend(self.past.alive(seq).map(|(id, _)| id));
        }
        let mut drops: Vec<&'static str> =
            members.iter().flat_map(|it| &it.change.drop).copied().collect();
        drops.extend(edits.iter().filter_map(|edit| match edit {
            Edit::Dropped(name) => Some(*name),
            Edit::Added(..) | Edit::Searched(_) | Edit::Settings(..) => None,
        }));
        if !drops.is_empty() {
            let held = self.past.alive(seq);
            let held = held.filter(|(_, doc)| drops.iter().any(|name| doc.contains_key(name)));
            spoken.extend(held.map(|(id, _)| id));
        }
        let at = |next| State {
            ground: self.past.ground(next).clone(),
            docs: spoken
                .iter()
                .filter_map(|id| Some((*id, self.past.doc(*id, next)?.clone())))
                .collect(),
        };
        let (before, after) = (at(seq), at(next));
        let steady = edits.is_empty() && before.ground == after.ground;
        Batch { before, after, members, steady }
    }

    /// Changes of which nobody was told, which left no mark in this life, and which have to do with
    /// what the slot does: those that say least first, for they can explain least elsewhere.
    fn spares(
        &self,
        slot: &Slot<'_>,
        batch: &Batch<'_>,
        edits: &[Edit],
        times: &mut BTreeMap<i64, usize>,
    ) -> Vec<Member<'a>> {
        let Entry::Batch { rows, gone, .. } = &slot.landed.entry else { return Vec::new() };
        let free = self.deeds.by_no.values().filter_map(|deed| {
            let call = deed.unknown_since().filter(|call| *call < slot.landed.at)?;
            let free = deed.executing().count().saturating_sub(deed.homes.len());
            let in_time = slot.landed.at < deed.unknown_until();
            let may = free > 0 && in_time && !deed.homes.contains_key(&slot.life);
            may.then_some((deed, call, free))
        });
        let free: Vec<_> = free.collect();
        let unborn = !batch.before.ground.there;
        // Whoever makes it by a document leaves that, or its absence.
        let makes = |change: &Change| unborn && change.puts.is_empty() && creates(change);
        let empty = rows.is_empty() && gone.is_empty();
        let edits = |change: &Change| edits.iter().any(|edit| names(change, edit)) || makes(change);
        let editing = free.iter().map(|(deed, ..)| deed.change).filter(|change| edits(change));
        let spoken = batch.members.iter().map(|member| member.change).chain(editing);
        let mut spoken: BTreeSet<u64> = spoken.flat_map(ids).collect();
        spoken.extend(rows.keys().chain(gone));
        let mut spares = Vec::new();
        for (deed, call, free) in free {
            let finds = deed.change.finds() && !empty;
            if finds || edits(deed.change) || ids(deed.change).any(|id| spoken.contains(&id)) {
                let (no, change, back) = (deed.no, deed.change, Moment::NEVER);
                let (told, touched) = (Told::Perhaps, None);
                spares.push(Member { no, change, call, back, told, touched });
                times.insert(no, free);
            }
        }
        spares.sort_by_key(|spare| (spare.change.finds(), ids(spare.change).count()));
        spares.truncate(SPARES_MAX);
        spares
    }

    /// It was told of a slot that had landed before: it saw the state behind it.
    fn changes_nothing(&self, act: &Act) -> Result<(), Broken> {
        let Some((change, seq)) = super::changed(act) else { return Ok(()) };
        let next = seq.saturating_add(1);
        let named = ids(change).filter_map(|id| Some((id, self.past.doc(id, next)?.clone())));
        let docs = match change.finds() {
            true => self.past.alive(next).map(|(id, doc)| (id, doc.clone())).collect(),
            false => named.collect(),
        };
        let before = State { ground: self.past.ground(next).clone(), docs };
        let mut after = before.clone();
        let taken = after.take(change);
        if taken == Ok(Counts::default()) && after == before {
            return Ok(());
        }
        let told = format!("was told that it changes nothing at slot {seq} of {}", self.past.name);
        broken(format!("{} {told}, and by the model: {taken:?}", spelt(act)))
    }
}

/// Whether a change speaks of what was edited.
fn names(change: &Change, edit: &Edit) -> bool {
    let name = match edit {
        Edit::Added(name, _) | Edit::Dropped(name) => name,
        Edit::Searched(_) => return change.searched.is_some(),
        Edit::Settings(..) => return change.read_only.is_some() || change.pinning.is_some(),
    };
    let named = change.puts.iter().chain(&change.patches).map(|(_, doc)| doc);
    let mut docs = named.chain(change.patch_found.iter().map(|(_, doc)| doc));
    change.declare.iter().any(|(declared, _)| declared == name)
        || change.drop.contains(name)
        || change.searched.is_some() && *name == TEXT
        || docs.any(|doc| doc.contains_key(name))
}

#[cfg(test)]
mod tests {
    use elacsym::model::{Pinning, ReadOnly};

    use super::super::super::words::{Doc, FICKLE, Find, If, Kind, Wish};
    use super::super::sketch::{
        Sketch, delete, doc, fickle, of, opening, patch, put, refused, retold, rows, told, unknown,
    };
    use super::*;

    fn broken(sketch: &Sketch) -> String {
        let mut tally = Tally::default();
        let pasts = Past::all(&sketch.history).unwrap();
        let mut acts: Vec<&Act> = sketch.history.acts.iter().collect();
        acts.sort_by_key(|act| act.call);
        let judged = pasts
            .values()
            .find_map(|past| judge(&acts, past, &Answered::of(&acts, past), &mut tally).err());
        assert_eq!(tally.slots_cut, 0);
        judged.map_or(String::new(), |broken| broken.0)
    }

    fn told_of(sketch: &Sketch, expected: &str) {
        let told = broken(sketch);
        assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }

    /// Documents 7 and 8, whose count is 1.
    fn there() -> Sketch {
        let mut sketch = Sketch::default();
        let both = [(7, doc(1, 1)), (8, doc(1, 1))];
        sketch.commit(1, put(&both), 1, opening(&both, &[]), told(1, [2, 0, 0]));
        sketch
    }

    #[test]
    fn a_slot_does_what_its_change_does_and_nothing_else() {
        let both = [(7, doc(2, 5)), (9, doc(2, 5))];
        let change = || put(&both);
        let good = |said| (rows(&both, &[]), said);
        let ok = told(2, [2, 0, 0]);
        for ((entry, said), expected) in [
            (good(ok.clone()), ""),
            (good(unknown()), ""),
            (good(told(2, [1, 0, 0])), "no order of the changes"),
            ((rows(&both[..1], &[]), ok.clone()), "document 9 would be"),
            ((rows(&both[..1], &[]), unknown()), "document 9 would be"),
            ((rows(&both, &[8]), ok.clone()), "no order of the changes"),
            ((rows(&[(7, doc(2, 6)), (9, doc(2, 5))], &[]), ok.clone()), "document 7 would be"),
            ((rows(&[], &[]), ok), "no order of the changes"),
        ] {
            let mut sketch = there();
            sketch.commit(2, change(), 2, entry, said);
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn a_slot_without_a_change_is_told() {
        let mut sketch = there();
        sketch.land(1, 2, 1, rows(&[], &[7]));
        told_of(&sketch, "slot 2 of n: no order");
        let mut declares = there();
        let edits = vec![Edit::Added(FICKLE[0], Kind::Int)];
        declares.land(1, 2, 1, Entry::Batch { rows: BTreeMap::new(), gone: vec![], edits });
        told_of(&declares, "attributes would be");
        let mut nothing = there();
        nothing.land(1, 2, 1, rows(&[], &[]));
        nothing.land(1, 3, 2, Entry::Fence);
        told_of(&nothing, "");
    }

    #[test]
    fn a_condition_was_asked_at_its_place() {
        let raise = |no, to| Change { put_if: If::CountGrows, ..put(&[(7, doc(no, to))]) };
        let mut sketch = there();
        let low = sketch.call(2, 0, of(raise(2, 3)));
        let high = sketch.call(3, 1, of(raise(3, 4)));
        sketch.land(1, 2, 1, rows(&[(7, doc(3, 4))], &[]));
        sketch.back(high, told(2, [1, 0, 0]));
        let mut skipped = sketch.clone();
        for told_low in [[1, 0, 0], [0, 0, 0]] {
            skipped.history.acts[low].back = Moment(99);
            skipped.history.acts[low].said = told(2, told_low);
            told_of(&skipped, "");
        }
        skipped.history.acts[high].said = told(2, [0, 0, 0]);
        told_of(&skipped, "no order of the changes");
    }

    #[test]
    fn what_changes_nothing_saw_the_state_of_its_slot() {
        let skips = |count| Change { delete_if: If::CountIs(count), ..delete(&[7]) };
        for (count, expected) in [(5, ""), (1, "by the model")] {
            let mut sketch = there();
            let act = sketch.call(2, 0, of(skips(count)));
            sketch.back(act, told(1, [0; 3]));
            told_of(&sketch, expected);
        }
        // Beside a change that makes it so, or unmakes it.
        for (before, expected) in [(1, ""), (2, ""), (3, "")] {
            let mut sketch = there();
            let act = sketch.call(2, 0, of(skips(before)));
            let raises = sketch.call(3, 1, of(patch(&[(7, doc(3, 2))])));
            sketch.land(1, 2, 1, rows(&[(7, doc(3, 2))], &[]));
            sketch.back(act, told(2, [0; 3]));
            sketch.back(raises, told(2, [0, 1, 0]));
            told_of(&sketch, expected);
        }
        let mut fenced = there();
        let act = fenced.call(2, 0, of(skips(1)));
        fenced.land(1, 2, 2, Entry::Fence);
        fenced.back(act, told(2, [0; 3]));
        told_of(&fenced, "no order of the changes");
    }

    #[test]
    fn a_change_is_not_behind_what_was_answered_before_it_was_called() {
        let mut sketch = there();
        let none = || of(delete(&[99]));
        sketch.commit(
            2,
            put(&[(7, doc(2, 1))]),
            2,
            rows(&[(7, doc(2, 1))], &[]),
            told(2, [1, 0, 0]),
        );
        let act = sketch.call(3, 0, none());
        sketch.back(act, told(1, [0; 3]));
        told_of(&sketch, "and 2 was answered by slot 2 before it was called");
        sketch.history.acts[act].said = told(2, [0; 3]);
        told_of(&sketch, "");
    }

    #[test]
    fn a_delete_of_which_nobody_was_told_is_found_and_used_once() {
        let mut sketch = there();
        let act = sketch.call(2, 0, of(delete(&[7, 8])));
        sketch.back(act, unknown());
        told_of(&sketch, "");
        sketch.land(1, 2, 1, rows(&[], &[7, 8]));
        told_of(&sketch, "");
        sketch.commit(
            3,
            put(&[(7, doc(3, 1))]),
            3,
            rows(&[(7, doc(3, 1))], &[]),
            told(3, [1, 0, 0]),
        );
        sketch.land(1, 4, 1, rows(&[], &[7]));
        told_of(&sketch, "in two of the slots [2, 4]");
        let mut torn = there();
        torn.call(2, 0, of(delete(&[7, 8])));
        torn.land(1, 2, 1, rows(&[], &[7]));
        told_of(&torn, "slot 2 of n: no order");
        let mut early = there();
        early.land(1, 2, 1, rows(&[], &[7, 8]));
        early.call(2, 0, of(delete(&[7, 8])));
        told_of(&early, "slot 2 of n: no order");
    }

    #[test]
    fn what_is_found_is_all_that_is_there_and_nothing_else() {
        let gone =
            |below| of(Change { delete_found: Some(Find::CountBelow(below)), ..Change::default() });
        let [both, one] = [&[7, 8][..], &[7][..]];
        for (landed, said, expected) in [
            (both, told(2, [0, 0, 2]), ""),
            (both, unknown(), ""),
            (both, told(2, [0, 0, 1]), "slot 2 of n: no order"),
            (one, told(2, [0, 0, 1]), "slot 2 of n: no order"),
            (one, unknown(), "slot 2 of n: no order"),
        ] {
            let mut sketch = there();
            let act = sketch.call(2, 0, gone(2));
            sketch.land(1, 2, 1, rows(&[], landed));
            sketch.back(act, said);
            told_of(&sketch, expected);
        }
        for (below, expected) in [(1, ""), (2, "by the model")] {
            let mut sketch = there();
            let act = sketch.call(2, 0, gone(below));
            sketch.back(act, told(1, [0; 3]));
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn of_two_unknown_deletes_each_is_where_it_must_be() {
        let mut sketch = there();
        sketch.call(2, 0, of(delete(&[7, 98])));
        sketch.call(3, 0, of(delete(&[7, 99])));
        sketch.land(1, 2, 1, rows(&[], &[7]));
        let more = [(7, doc(4, 1)), (98, doc(4, 1))];
        sketch.commit(4, put(&more), 3, rows(&more, &[]), told(3, [2, 0, 0]));
        sketch.land(1, 4, 1, rows(&[], &[7, 98]));
        told_of(&sketch, "");
    }

    #[test]
    fn an_unknown_change_that_was_overwritten_in_its_slot_still_counts() {
        let mut sketch = there();
        sketch.call(2, 0, of(put(&[(7, doc(2, 4))])));
        let raise = Change { put_if: If::CountIs(4), ..put(&[(7, doc(3, 5))]) };
        sketch.commit(3, raise, 2, rows(&[(7, doc(3, 5))], &[]), told(2, [1, 0, 0]));
        told_of(&sketch, "");
        sketch.history.acts.remove(1);
        told_of(&sketch, "no order of the changes");
    }

    #[test]
    fn a_repetition_does_not_take_effect_again() {
        let mut sketch = there();
        let wish = || super::super::sketch::keyed(put(&[(7, doc(2, 2))]), "k");
        let first = sketch.call(2, 0, wish());
        sketch.back(first, unknown());
        let again = sketch.call(2, 0, wish());
        sketch.land(1, 2, 1, rows(&[(7, doc(2, 2))], &[]));
        sketch.back(again, retold(2, [1, 0, 0]));
        told_of(&sketch, "");
        sketch.history.acts[again].said = refused();
        told_of(&sketch, "was refused");
    }

    #[test]
    fn that_a_name_takes_no_writes_was_asked_for_and_turns_writes_away() {
        let mut sketch = there();
        let closes = Change { read_only: Some(ReadOnly::Yes), ..Change::default() };
        let set = sketch.call(2, 1, Wish::Set(closes));
        let edits = vec![Edit::Settings(ReadOnly::Yes, Pinning::None)];
        sketch.land(1, 2, 1, Entry::Batch { rows: BTreeMap::new(), gone: Vec::new(), edits });
        sketch.back(set, Said::Set);
        let late = sketch.call(3, 0, of(put(&[(7, doc(3, 1))])));
        sketch.back(late, refused());
        told_of(&sketch, "");
        let mut over = sketch.clone();
        over.history.acts[set].back = over.history.acts[set].call;
        told_of(&over, "slot 2 of n: no order");
        sketch.history.acts.remove(set);
        told_of(&sketch, "slot 2 of n: no order");
        let mut open = there();
        let act = open.call(3, 0, of(put(&[(7, doc(3, 1))])));
        open.back(act, refused());
        told_of(&open, "was refused");
    }

    #[test]
    fn attributes_come_and_go_as_they_were_told_to() {
        let [a, _] = FICKLE;
        let added = Edit::Added(a, Kind::Int);
        let with: [(u64, Doc); 1] = [(7, fickle(2, 5))];
        let mut sketch = there();
        let mut first = rows(&with, &[]);
        if let Entry::Batch { edits, .. } = &mut first {
            edits.push(added.clone());
        }
        sketch.commit(2, put(&with), 2, first, told(2, [1, 0, 0]));
        let drops = Change { drop: vec![a], ..Change::default() };
        let edits = |edits: &[Edit]| Entry::Batch {
            rows: BTreeMap::new(),
            gone: Vec::new(),
            edits: edits.to_vec(),
        };
        for (entry, expected) in [
            (edits(&[Edit::Dropped(a)]), ""),
            (edits(&[]), "attributes would be"),
            (edits(&[Edit::Dropped(a), added]), "attributes would be"),
        ] {
            let mut more = sketch.clone();
            more.commit(3, drops.clone(), 3, entry, told(3, [0; 3]));
            told_of(&more, expected);
        }
    }
}
