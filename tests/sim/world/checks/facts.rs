//! What was told of a name beside its documents, its attributes, how many documents there are, whether it
//! takes writes and how it is pinned, was so at one moment, which is not before what anybody had been
//! answered by.
//!
//! No slot is told with it: any state will do that was there between the call and the answer.

use super::super::words::{Act, Broken, Facts, Said, Wish};
use super::answered::Answered;
use super::past::Past;
use super::{broken, spelt};

/// `acts`: of one name.
pub(super) fn judge(acts: &[&Act], past: &Past<'_>, answered: &Answered) -> Result<(), Broken> {
    for act in acts.iter().filter(|act| act.wish == Wish::Look) {
        let wrong = match &act.said {
            Said::Told(facts) => !was_so(facts, act, past, answered),
            Said::Absent => past.gone_between(act.call, act.back).is_none(),
            _ => false,
        };
        if wrong {
            let told = format!("was told {:?}, and in no state that it may have seen", act.said);
            return broken(format!("{}, what {} is, {told}", spelt(act), past.name));
        }
    }
    Ok(())
}

fn was_so(facts: &Facts, act: &Act, past: &Past<'_>, answered: &Answered) -> bool {
    let from = answered.before(act.call).map_or(0, |known| known.next);
    let here = past.slots().partition_point(|slot| slot.landed.at < act.back);
    let states = past.slots()[..here].iter().map(|slot| slot.landed.seq.saturating_add(1));
    states.rev().take_while(|next| *next >= from).any(|next| {
        let ground = past.ground(next);
        ground.there
            && (ground.read_only, ground.pinning) == (facts.read_only, facts.pinning)
            && (&ground.kinds, ground.searched) == (&facts.kinds, facts.searched)
            && past.alive(next).count() as u64 == facts.rows
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use elacsym::model::{Pinning, ReadOnly};

    use super::super::super::words::{COUNT, Change, Edit, Entry, Kind, MARK, Searched};
    use super::super::sketch::{Sketch, doc, opening, put, rows, told};
    use super::*;

    fn facts(rows: u64, read_only: bool) -> Said {
        let kinds = [(MARK, Kind::Int), (COUNT, Kind::Int)].into();
        let searched = Searched::No;
        Said::Told(Facts { kinds, searched, read_only, pinning: Pinning::None, rows })
    }

    fn judged(sketch: &Sketch) -> bool {
        let pasts = Past::all(&sketch.history).unwrap();
        let acts: Vec<&Act> = sketch.history.acts.iter().collect();
        pasts.values().all(|past| judge(&acts, past, &Answered::of(&acts, past)).is_ok())
    }

    #[test]
    fn what_is_told_of_a_name_was_so_while_it_was_asked() {
        let one = [(7, doc(1, 1))];
        let mut sketch = Sketch::default();
        sketch.commit(1, put(&one), 1, opening(&one, &[]), told(1, [1, 0, 0]));
        let early = sketch.call(2, 0, Wish::Look);
        let two = [(8, doc(3, 1))];
        sketch.commit(3, put(&two), 2, rows(&two, &[]), told(2, [1, 0, 0]));
        let late = sketch.call(4, 0, Wish::Look);
        let closed = Change { read_only: Some(ReadOnly::Yes), ..Change::default() };
        let set = sketch.call(5, 1, Wish::Set(closed));
        let edits = vec![Edit::Settings(ReadOnly::Yes, Pinning::None)];
        sketch.land(1, 3, 1, Entry::Batch { rows: BTreeMap::new(), gone: Vec::new(), edits });
        sketch.back(set, Said::Set);
        sketch.back(early, facts(1, false));
        for (said, right) in [
            (facts(2, false), true),
            (facts(2, true), true),
            (facts(1, false), false),
            (facts(1, true), false),
            (Said::Absent, false),
            (Said::Failed("no store".into()), true),
        ] {
            let mut sketch = sketch.clone();
            sketch.back(late, said.clone());
            assert_eq!(judged(&sketch), right, "{said:?}");
        }
    }
}
