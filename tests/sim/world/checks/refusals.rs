//! What was refused, or answered 404, was rightly so: in some state between its call and its return,
//! be it one in the middle of a slot.

use super::super::model::Refusal;
use super::super::words::{Act, Broken, Edit, Said};
use super::batch::{Batch, Member, Search, Told};
use super::deeds::Deeds;
use super::past::{Past, Slot};
use super::{broken, spelt};

/// The refusals that no state between two slots explains.
pub(super) struct Refusals<'a>(Vec<&'a Act>);

impl<'a> Refusals<'a> {
    pub(super) fn of(acts: &[&'a Act], deeds: &Deeds<'a>, past: &Past<'a>) -> Result<Self, Broken> {
        let mut open = Vec::new();
        for act in acts {
            let Some((change, _)) = act.wish.change() else { continue };
            let absent = match &act.said {
                Said::Absent => true,
                Said::Refused(_) => false,
                _ => continue,
            };
            comes_first(act, deeds, past)?;
            let mut grounds = past.eras(act.call, act.back).map(|era| &era.ground);
            let explained = grounds.any(|ground| match ground.after(change) {
                Err(Refusal::Absent) => true,
                Err(Refusal::Wrong(_)) => !absent,
                Ok(_) => false,
            });
            if !explained && (absent || !deeds.rivals(act)) {
                open.push(*act);
            }
        }
        Ok(Self(open))
    }

    /// Whether one of them may be explained by that slot: if it edits attributes more than once, there
    /// are states that nobody sees but those who are evaluated in it.
    pub(super) fn wait_for(&self, slot: &Slot<'_>, edits: &[Edit]) -> bool {
        edits.len() > 1 && self.0.iter().any(|act| is_within(act, slot))
    }

    /// Takes away what the slot explains, and what nobody can tell: where it takes too long, or where
    /// some were left out who may have had a part in it.
    pub(super) fn excuse(
        &mut self,
        slot: &Slot<'_>,
        batch: &Batch<'_>,
        left_out: usize,
    ) -> Settled {
        let mut settled = Settled::Yes;
        self.0.retain(|act| {
            let Some((change, _)) = act.wish.change() else { return true };
            if !is_within(act, slot) {
                return true;
            }
            let mut with = batch.clone();
            let Act { no, call, back, .. } = **act;
            let (told, touched) = (Told::Refused, None);
            with.members.push(Member { no, change, call, back, told, touched });
            match with.search() {
                Search::Found(_) => false,
                Search::Nothing if left_out == 0 => true,
                Search::Nothing | Search::Cut => {
                    settled = Settled::No;
                    false
                }
            }
        });
        settled
    }

    pub(super) fn done(&self) -> Result<(), Broken> {
        let Some(act) = self.0.first() else { return Ok(()) };
        let told = match &act.said {
            Said::Refused(why) => format!("was refused ({why})"),
            _ => "was told that there is no such name".into(),
        };
        let told = format!("{told}, and in no state between its call and its return it had to be");
        broken(format!("{}, on {}, {told}", spelt(act), act.name))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    Yes,
    No,
}

/// Whether it may have been refused by what a slot did on its way.
fn is_within(act: &Act, slot: &Slot<'_>) -> bool {
    let at = slot.landed.at;
    act.said != Said::Absent && act.call < at && at < act.back
}

/// A repetition finds the first, where that had landed before, in a life that went on.
fn comes_first(act: &Act, deeds: &Deeds<'_>, past: &Past<'_>) -> Result<(), Broken> {
    let Some(deed) = deeds.by_no.get(&act.no) else { return Ok(()) };
    for (life, home) in &deed.homes {
        let landed = past.slot(home.seq).is_some_and(|slot| slot.landed.at < act.call);
        let ended = past.lives[*life].ended.is_some_and(|(_, at)| at < act.back);
        if landed && !ended {
            let told = format!("was refused, though it repeats what lies in slot {}", home.seq);
            return broken(format!("{} {told} of {}", spelt(act), past.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::words::{Change, Entry, FICKLE, If, Kind, Moment};
    use super::super::Tally;
    use super::super::answered::Answered;
    use super::super::sketch::{
        Sketch, delete, doc, fickle, keyed, of, opening, put, refused, rows, told,
    };
    use super::super::witness;
    use super::*;

    const A: &str = FICKLE[0];

    fn told_of(sketch: &Sketch, expected: &str) {
        let mut tally = Tally::default();
        let pasts = Past::all(&sketch.history).unwrap();
        let mut acts: Vec<&Act> = sketch.history.acts.iter().collect();
        acts.sort_by_key(|act| act.call);
        let judged = pasts.values().find_map(|past| {
            witness::judge(&acts, past, &Answered::of(&acts, past), &mut tally).err()
        });
        let told = judged.map_or(String::new(), |broken| broken.0);
        assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }

    fn there() -> Sketch {
        let mut sketch = Sketch::default();
        let one = [(7, doc(1, 1))];
        sketch.commit(1, put(&one), 1, opening(&one, &[]), told(1, [1, 0, 0]));
        sketch
    }

    fn edits(edits: &[Edit]) -> Entry {
        let Entry::Batch { rows, gone, .. } = rows(&[], &[]) else { unreachable!() };
        Entry::Batch { rows, gone, edits: edits.to_vec() }
    }

    fn declare(kind: Kind) -> Change {
        Change { declare: vec![(A, kind)], ..Change::default() }
    }

    #[test]
    fn a_refusal_has_its_reason_in_a_state_that_it_may_have_seen() {
        for (change, expected) in [
            (declare(Kind::Text), ""),
            (declare(Kind::Int), "in no state"),
            (put(&[(7, doc(4, 1))]), "in no state"),
        ] {
            let mut sketch = there();
            let early = sketch.call(2, 0, of(change.clone()));
            let before = sketch.clone();
            let added = edits(&[Edit::Added(A, Kind::Int)]);
            sketch.commit(3, declare(Kind::Int), 2, added, told(2, [0; 3]));
            sketch.back(early, refused());
            told_of(&sketch, expected);
            let mut too_early = before;
            too_early.back(early, refused());
            told_of(&too_early, "in no state");
        }
    }

    #[test]
    fn a_404_is_told_where_the_name_was_not_there() {
        let mut sketch = Sketch::default();
        let early = sketch.call(1, 0, of(delete(&[7])));
        sketch.commit(
            2,
            put(&[(7, doc(2, 1))]),
            1,
            opening(&[(7, doc(2, 1))], &[]),
            told(1, [1, 0, 0]),
        );
        let late = sketch.call(3, 0, of(delete(&[7])));
        sketch.back(early, Said::Absent);
        told_of(&sketch, "");
        sketch.back(late, Said::Absent);
        told_of(&sketch, "no such name");
        sketch.history.acts[late].call = Moment(1);
        told_of(&sketch, "");
        sketch.history.acts[late].wish = of(put(&[(7, doc(3, 1))]));
        told_of(&sketch, "no such name");
    }

    #[test]
    fn a_refusal_may_have_its_reason_in_the_middle_of_a_slot() {
        let drops = Change { drop: vec![A], ..Change::default() };
        let known = || told(2, [0; 3]);
        for (back, said, expected) in [
            (true, known(), ""),
            (true, Said::Unknown("timed out".into()), ""),
            (false, known(), "in no state"),
        ] {
            let mut sketch = there();
            let declares = sketch.call(2, 0, of(declare(Kind::Text)));
            let wrong = sketch.call(3, 1, of(put(&[(8, fickle(3, 5))])));
            let drop = sketch.call(4, 2, of(drops.clone()));
            if !back {
                sketch.back(wrong, refused());
            }
            let both = [Edit::Added(A, Kind::Text), Edit::Dropped(A)];
            sketch.land(1, 2, 1, edits(&both));
            sketch.back(declares, said.clone());
            sketch.back(drop, said);
            if back {
                sketch.back(wrong, refused());
            }
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn a_key_of_another_wish_is_a_reason_and_a_repetition_is_none() {
        let mut sketch = there();
        let first = sketch.call(2, 0, keyed(put(&[(7, doc(2, 1))]), "k"));
        sketch.land(1, 2, 1, rows(&[(7, doc(2, 1))], &[]));
        sketch.back(first, told(2, [1, 0, 0]));
        let other = sketch.call(3, 0, keyed(put(&[(7, doc(3, 1))]), "k"));
        sketch.back(other, refused());
        told_of(&sketch, "");
        let alone = sketch.call(4, 0, keyed(put(&[(7, doc(4, 1))]), "l"));
        sketch.back(alone, refused());
        told_of(&sketch, "in no state");
        // One that is under way at the same time is one, too, even if it is refused.
        let mut beside = sketch.clone();
        let other = beside.call(5, 1, keyed(put(&[(7, doc(5, 1))]), "l"));
        beside.history.acts[other].call = beside.history.acts[alone].call;
        beside.back(other, Said::NotCommitted("fenced".into()));
        told_of(&beside, "");
        sketch.history.acts.pop();
        let again = sketch.call(2, 0, keyed(put(&[(7, doc(2, 1))]), "k"));
        sketch.back(again, refused());
        told_of(&sketch, "though it repeats what lies in slot 2");
    }

    #[test]
    fn a_condition_on_what_nobody_has_is_a_reason() {
        let mut bare = doc(1, 1);
        bare.remove(super::super::super::words::COUNT);
        let mut sketch = Sketch::default();
        let mut first = opening(&[(7, bare.clone())], &[]);
        if let Entry::Batch { edits, .. } = &mut first {
            edits.truncate(1);
        }
        sketch.commit(1, put(&[(7, bare)]), 1, first, told(1, [1, 0, 0]));
        let act = sketch.call(2, 0, of(Change { delete_if: If::CountIs(1), ..delete(&[7]) }));
        sketch.back(act, refused());
        told_of(&sketch, "");
    }
}
