//! Every wish to change a name, with all acts that carried it, and the slots in which it took effect:
//! what clients were told, laid beside the marks that lie in the log.
//!
//! What must hold: a wish takes effect once, in the slot that was told, which landed between its call
//! and its answer; under a key once in each life of the name, however often it is sent; and what was
//! refused, or not committed, never.

use std::collections::{BTreeMap, BTreeSet};

use super::super::model::Counts;
use super::super::words::{Act, Broken, Change, Datum, Entry, MARK, Moment, Said, Touched, Wish};
use super::past::{Past, Slot};
use super::{broken, spelt};

pub(super) struct Deeds<'a> {
    pub(super) by_no: BTreeMap<i64, Deed<'a>>,
    /// Acts without effect that were told of a slot which had landed before they were called.
    pub(super) late: Vec<&'a Act>,
}

pub(super) struct Deed<'a> {
    pub(super) no: i64,
    pub(super) change: &'a Change,
    pub(super) key: Option<&'a str>,
    /// In the order of their calls.
    acts: Vec<&'a Act>,
    /// Where it lies, in each life of the name.
    pub(super) homes: BTreeMap<usize, Home<'a>>,
}

#[derive(Clone, Copy)]
pub(super) struct Home<'a> {
    pub(super) seq: u64,
    /// None, if nobody was told.
    pub(super) told: Option<Counts>,
    /// Likewise.
    pub(super) touched: Option<&'a Touched>,
    pub(super) call: Moment,
    pub(super) back: Moment,
}

impl<'a> Deeds<'a> {
    pub(super) fn of(acts: &[&'a Act], past: &Past<'a>) -> Result<Self, Broken> {
        let mut deeds = Self { by_no: BTreeMap::new(), late: Vec::new() };
        for act in acts {
            let Some((change, key)) = act.wish.change() else { continue };
            let deed = deeds.by_no.entry(act.no).or_insert_with(|| Deed {
                no: act.no,
                change,
                key,
                acts: Vec::new(),
                homes: BTreeMap::new(),
            });
            let again = !deed.acts.is_empty();
            if again && (key.is_none() || deed.key != key || deed.change != change) {
                return broken(format!("{} repeats another wish, and is another", spelt(act)));
            }
            deed.acts.push(act);
        }
        for deed in deeds.by_no.values_mut() {
            deed.answered(past, &mut deeds.late)?;
        }
        deeds.marked(past)?;
        deeds.keyed(past)?;
        Ok(deeds)
    }

    /// Whether another wish was sent under the key of this act, and had taken effect by then, or was
    /// under way.
    pub(super) fn rivals(&self, act: &Act) -> bool {
        let Wish::Change { key: Some(key), .. } = &act.wish else { return false };
        let others = self.by_no.values().filter(|deed| deed.key == Some(key) && deed.no != act.no);
        let rival =
            |other: &&Act| other.call < act.back && (executes(other) || other.back > act.call);
        others.flat_map(|deed| &deed.acts).any(rival)
    }

    /// Who wrote what lies in the slots.
    fn marked(&mut self, past: &Past<'a>) -> Result<(), Broken> {
        for slot in past.slots() {
            let Entry::Batch { rows, .. } = &slot.landed.entry else { continue };
            for (id, doc) in rows {
                let at = || format!("document {id} of slot {} of {}", slot.landed.seq, past.name);
                let Some(Datum::Int(no)) = doc.get(MARK) else {
                    return broken(format!("{} has no mark", at()));
                };
                let Some(deed) = self.by_no.get_mut(no) else {
                    return broken(format!("{} is marked by {no}, and nobody wished that", at()));
                };
                deed.lies_in(slot).map_err(|told| Broken(format!("{}: {told}", at())))?;
            }
        }
        for deed in self.by_no.values() {
            let (times, homes) = (deed.executing().count(), deed.homes.len());
            if homes > times {
                let told = format!("took effect {homes} times, and was to do so {times} at most");
                return broken(format!("{} {told}", deed.spelt()));
            }
        }
        Ok(())
    }

    /// In one life of the name, a key belongs to one wish.
    fn keyed(&self, past: &Past<'a>) -> Result<(), Broken> {
        let mut owners: BTreeMap<(usize, &str), &Deed<'a>> = BTreeMap::new();
        for deed in self.by_no.values() {
            let Some(key) = deed.key else { continue };
            for life in deed.homes.keys() {
                if let Some(other) = owners.insert((*life, key), deed) {
                    let [one, two] = [other, deed].map(Deed::spelt);
                    let told = format!("took effect in {} under one key, {key:?}", past.name);
                    return broken(format!("{one} and {two} {told}"));
                }
            }
        }
        Ok(())
    }
}

impl<'a> Deed<'a> {
    /// The acts that may have taken effect themselves.
    pub(super) fn executing(&self) -> impl Iterator<Item = &'a Act> {
        self.acts.iter().copied().filter(|act| executes(act))
    }

    /// By when those of whose slot nobody was told have taken effect, if they ever do.
    pub(super) fn unknown_until(&self) -> Moment {
        let untold = self.acts.iter().filter(|act| is_untold(act));
        let until = untold.map(|act| match act.said {
            Said::Unknown(_) => Moment::NEVER,
            _ => act.back,
        });
        until.max().unwrap_or(Moment::NEVER)
    }

    /// The first call of those that nobody was told of.
    pub(super) fn unknown_since(&self) -> Option<Moment> {
        self.acts.iter().find(|act| is_untold(act)).map(|act| act.call)
    }

    /// Lays down where it was told to lie.
    fn answered(&mut self, past: &Past<'a>, late: &mut Vec<&'a Act>) -> Result<(), Broken> {
        let mut fresh = BTreeSet::new();
        let mut repeated = Vec::new();
        for act in self.acts.clone() {
            let Said::Changed { seq, puts, patches, deletes, ref touched, stored } = act.said
            else {
                continue;
            };
            let told = Counts { puts, patches, deletes };
            let wrong = |why: &str| {
                let name = past.name;
                broken(format!("{} was told of slot {seq} of {name}, {told:?}: {why}", spelt(act)))
            };
            let Some(slot) = past.slot(seq) else { return wrong("there never was one") };
            if !past.ground(seq.saturating_add(1)).there {
                return wrong("the name was not there then");
            }
            if slot.landed.at > act.back {
                return wrong("it landed later");
            }
            if self.key.is_some() && !matches!(slot.landed.entry, Entry::Batch { .. }) {
                return wrong("what is answered under a key lies in a batch");
            }
            let (told, touched) = (Some(told), touched.as_ref());
            let home = Home { seq, told, touched, call: act.call, back: act.back };
            if stored {
                repeated.push((slot, home, act));
            } else if act.call > slot.landed.at {
                if self.key.is_some() || told != Some(Counts::default()) {
                    return wrong("it had landed before");
                }
                late.push(act);
            } else if !fresh.insert(slot.life) {
                return wrong("it was taken for new before");
            } else {
                self.homes.insert(slot.life, home);
            }
        }
        for (slot, home, act) in repeated {
            let name = past.name;
            let wrong = |why: &str| {
                let (seq, told) = (home.seq, home.told);
                broken(format!(
                    "{} was told again of slot {seq} of {name}, {told:?}: {why}",
                    spelt(act)
                ))
            };
            if self.key.is_none() {
                return wrong("it has no key");
            }
            let Some(first) = self.executing().find(|first| first.call < slot.landed.at) else {
                return wrong("there was no first time");
            };
            let known = self.homes.entry(slot.life);
            let known = known.or_insert(Home { call: first.call, ..home });
            // Which documents they were, a stored answer may leave out.
            let other = |which: &Touched| home.touched.is_some_and(|again| again != which);
            if (known.seq, known.told) != (home.seq, home.told) || known.touched.is_some_and(other)
            {
                return wrong("the first time it was told otherwise");
            }
            known.touched = known.touched.or(home.touched);
            known.back = known.back.min(home.back);
        }
        Ok(())
    }

    /// Its mark is in that slot.
    fn lies_in(&mut self, slot: &Slot<'_>) -> Result<(), String> {
        let seq = slot.landed.seq;
        if self.executing().next().is_none() {
            return Err(format!("{} is in it", self.spelt()));
        }
        match self.homes.get(&slot.life) {
            Some(home) if home.seq == seq => Ok(()),
            Some(home) => Err(format!("{} is in it, and in slot {}", self.spelt(), home.seq)),
            None => match self.unknown_since() {
                Some(call) if call < slot.landed.at => {
                    let (told, touched) = (None, None);
                    let home = Home { seq, told, touched, call, back: Moment::NEVER };
                    self.homes.insert(slot.life, home);
                    Ok(())
                }
                _ => Err(format!("{} is in it, before it was called", self.spelt())),
            },
        }
    }

    pub(super) fn spelt(&self) -> String {
        let told = self.acts.iter().map(|act| match &act.said {
            Said::Changed { seq, stored: false, .. } => format!("slot {seq}"),
            Said::Changed { seq, stored: true, .. } => format!("slot {seq} again"),
            Said::Absent => "404".into(),
            Said::Refused(_) => "refused".into(),
            Said::NotCommitted(_) => "not committed".into(),
            Said::Set => "no slot".into(),
            _ => "unknown".into(),
        });
        format!("change {} (told: {})", self.no, told.collect::<Vec<_>>().join(", "))
    }
}

/// Whether it may have taken effect itself.
fn executes(act: &Act) -> bool {
    matches!(act.said, Said::Changed { stored: false, .. }) || is_untold(act)
}

/// Whether it may have taken effect in a slot that nobody was told of. A declaration reads what has become
/// of it when it is committed, and may find that the name was deleted since.
fn is_untold(act: &Act) -> bool {
    match (&act.wish, &act.said) {
        (_, Said::Unknown(_) | Said::Set) => true,
        (Wish::Set(change), Said::Absent) => {
            !change.declare.is_empty() || change.searched.is_some()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sketch::{
        Sketch, doc, keyed, of, opening, put, refused, retold, rows, told, unknown,
    };
    use super::*;

    const ONE: [u64; 3] = [1, 0, 0];

    fn broken(sketch: &Sketch) -> String {
        let pasts = Past::all(&sketch.history).unwrap();
        let acts: Vec<&Act> = sketch.history.acts.iter().collect();
        let judged = pasts.values().find_map(|past| Deeds::of(&acts, past).err());
        judged.map_or(String::new(), |broken| broken.0)
    }

    fn told_of(sketch: &Sketch, expected: &str) {
        let told = broken(sketch);
        assert!(told.contains(expected), "{told}");
    }

    fn one(no: i64) -> Change {
        put(&[(7, doc(no, 0))])
    }

    /// A name whose document 7 was put by change 1.
    fn there() -> Sketch {
        let mut sketch = Sketch::default();
        sketch.commit(1, one(1), 1, opening(&[(7, doc(1, 0))], &[]), told(1, ONE));
        sketch
    }

    #[test]
    fn what_was_refused_or_not_committed_is_never_in_a_slot() {
        let not = Said::NotCommitted("fenced".into());
        for said in [refused(), not, Said::Absent] {
            let mut sketch = there();
            sketch.commit(2, one(2), 2, rows(&[(7, doc(2, 0))], &[]), said);
            told_of(&sketch, "change 2 (told: ");
        }
        let mut sketch = there();
        sketch.commit(2, one(2), 2, rows(&[(7, doc(2, 0))], &[]), unknown());
        told_of(&sketch, "");
    }

    #[test]
    fn a_change_lies_in_one_slot_and_in_the_one_that_was_told() {
        for (said, expected) in [
            (told(2, ONE), "is in it, and in slot 2"),
            (unknown(), "is in it, and in slot 2"),
            (told(3, ONE), "is in it, and in slot 3"),
        ] {
            let mut sketch = there();
            let act = sketch.call(2, 0, of(one(2)));
            sketch.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
            sketch.land(1, 3, 1, rows(&[(8, doc(2, 0))], &[]));
            sketch.back(act, said);
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn a_slot_lands_between_the_call_and_the_answer() {
        let mut early = there();
        let act = early.call(2, 0, of(one(2)));
        early.back(act, told(1, ONE));
        told_of(&early, "it had landed before");
        let mut late = there();
        let act = late.call(2, 0, of(one(2)));
        late.back(act, told(2, ONE));
        late.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
        told_of(&late, "it landed later");
        let mut never = there();
        let act = never.call(2, 0, of(one(2)));
        never.back(act, told(2, ONE));
        told_of(&never, "there never was one");
        let mut ahead = there();
        ahead.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
        ahead.call(2, 0, of(one(2)));
        told_of(&ahead, "before it was called");
    }

    #[test]
    fn a_mark_of_nobody_and_none_at_all_are_told() {
        let mut sketch = there();
        sketch.land(1, 2, 1, rows(&[(7, doc(9, 0))], &[]));
        told_of(&sketch, "nobody wished that");
        let mut bare = there();
        let mut without = doc(2, 0);
        without.remove(MARK);
        bare.land(1, 2, 1, rows(&[(7, without)], &[]));
        told_of(&bare, "has no mark");
    }

    #[test]
    fn a_repetition_is_answered_as_the_first_time_and_executed_once() {
        let wish = || keyed(one(2), "k");
        for (first, again, expected) in [
            (told(2, ONE), retold(2, ONE), ""),
            (unknown(), retold(2, ONE), ""),
            (unknown(), unknown(), ""),
            (told(2, ONE), told(2, ONE), "it had landed before"),
            (told(2, ONE), retold(2, [0; 3]), "told otherwise"),
            (told(2, ONE), retold(1, ONE), "there was no first time"),
            (refused(), retold(2, ONE), "there was no first time"),
        ] {
            let mut sketch = there();
            let act = sketch.call(2, 0, wish());
            sketch.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
            sketch.back(act, first);
            let act = sketch.call(2, 0, wish());
            sketch.back(act, again);
            let told = broken(&sketch);
            assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}");
        }
        let mut twice = there();
        let act = twice.call(2, 0, wish());
        twice.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
        twice.back(act, unknown());
        twice.call(2, 0, wish());
        twice.land(1, 3, 1, rows(&[(7, doc(2, 0))], &[]));
        told_of(&twice, "is in it, and in slot 2");
        let mut beside = there();
        let both = [0, 1].map(|client| beside.call(2, client, wish()));
        beside.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
        both.into_iter().for_each(|act| beside.back(act, told(2, ONE)));
        told_of(&beside, "taken for new before");
        let mut bare = there();
        let act = bare.call(2, 0, of(one(2)));
        bare.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
        bare.back(act, retold(2, ONE));
        told_of(&bare, "it has no key");
    }

    #[test]
    fn in_another_life_a_key_is_new() {
        let mut sketch = there();
        let act = sketch.call(2, 0, keyed(one(2), "k"));
        sketch.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
        sketch.back(act, told(2, ONE));
        sketch.land(1, 3, 1, Entry::End);
        let act = sketch.call(2, 0, keyed(one(2), "k"));
        sketch.land(2, 4, 2, opening(&[(7, doc(2, 0))], &[]));
        sketch.back(act, told(4, ONE));
        assert_eq!(broken(&sketch), "");
        sketch.history.acts.pop();
        told_of(&sketch, "before it was called");
        let more = sketch.call(2, 0, keyed(one(2), "k"));
        sketch.history.acts[more].call = Moment(0);
        assert_eq!(broken(&sketch), "");
        sketch.history.acts[more].said = refused();
        sketch.history.acts[more - 1].said = unknown();
        told_of(&sketch, "took effect 2 times");
    }

    #[test]
    fn a_key_belongs_to_one_wish() {
        let mut sketch = there();
        for (no, seq) in [(2, 2), (3, 3)] {
            let act = sketch.call(no, 0, keyed(one(no), "k"));
            sketch.land(1, seq, 1, rows(&[(7, doc(no, 0))], &[]));
            sketch.back(act, told(seq, ONE));
        }
        told_of(&sketch, "under one key");
    }

    #[test]
    fn one_number_is_one_wish() {
        for wish in [of(one(2)), keyed(one(3), "k"), keyed(one(2), "l")] {
            let mut sketch = there();
            sketch.call(2, 0, keyed(one(2), "k"));
            sketch.call(2, 0, wish);
            told_of(&sketch, "repeats another wish");
        }
    }
}
