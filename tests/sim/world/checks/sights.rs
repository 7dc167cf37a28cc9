//! What reads saw: each a whole state of the past, and one that is new enough.
//!
//! What must hold: the rows are those of the state at the slot that the read names, and so is their
//! count; that slot had landed when the read returned. A strong read names no slot before one that
//! anybody had been answered by before it was called, be it by a write, a read, an end or a 404; so
//! no client goes back, nor sees a life that ended. One with a `min_seq` names none before that. An
//! eventual read may be as old as it allows, and the moments of all calls and answers bound that: a
//! slot landed, at the latest, when anything happened next, and what had landed so long before the
//! call that the allowance was over, is in it.

use std::time::Duration;

use super::super::model::{Refusal, nearest, shows};
use super::super::words::{Act, Broken, Doc, Moment, Newest, Read, Said, Sight, Wish};
use super::answered::Answered;
use super::past::Past;
use super::{broken, shown, spelt};

/// What time it was, as far as acts tell.
pub(super) struct Times(Vec<(Moment, Duration)>);

impl Times {
    pub(super) fn of(acts: &[Act]) -> Self {
        let both = |act: &Act| [(act.call, act.called_at), (act.back, act.back_at)];
        let told = |(moment, _): &(Moment, Duration)| *moment != Moment::NEVER;
        let mut times: Vec<_> = acts.iter().flat_map(both).filter(told).collect();
        times.sort_unstable();
        Self(times)
    }

    /// When that moment was over, at the latest.
    fn by(&self, moment: Moment) -> Option<Duration> {
        let after = self.0.partition_point(|(known, _)| *known <= moment);
        self.0.get(after).map(|(_, time)| *time)
    }
}

/// `acts`: of one name.
pub(super) fn judge(
    acts: &[&Act],
    past: &Past<'_>,
    answered: &Answered,
    times: &Times,
) -> Result<(), Broken> {
    for act in acts {
        let Wish::Read { read, newest, min_seq } = &act.wish else { continue };
        let asked = Asked { read, newest: *newest, min_seq: *min_seq, call: act.call };
        let told = match &act.said {
            Said::Saw(sight) => asked
                .is_whole(sight, past)
                .and_then(|()| asked.is_new(sight, past, act, answered, times)),
            Said::Absent if past.gone_between(act.call, act.back).is_none() => {
                Err("it was told that there is no such name, which was there all the time".into())
            }
            Said::Refused(why) if !asked.is_wrong(past, act.back) => {
                Err(format!("it was refused ({why}), and not for its `min_seq` or its filter"))
            }
            _ => Ok(()),
        };
        if let Err(told) = told {
            return broken(format!("{}, {read:?} of {}: {told}", spelt(act), past.name));
        }
    }
    Ok(())
}

struct Asked<'a> {
    read: &'a Read,
    newest: Newest,
    min_seq: Option<u64>,
    call: Moment,
}

impl Asked<'_> {
    /// Whether it is the state at its slot.
    fn is_whole(&self, sight: &Sight, past: &Past<'_>) -> Result<(), String> {
        let Sight { seq, rows, count } = sight;
        let next = seq.saturating_add(1);
        if past.slot(*seq).is_none() {
            return Err(format!("it saw slot {seq}, and there never was one"));
        }
        match past.ground(next).answers(self.read) {
            Ok(()) => {}
            Err(Refusal::Absent) => {
                return Err(format!("it saw slot {seq}, behind which there is no such name"));
            }
            Err(Refusal::Wrong(why)) => {
                return Err(format!("it was answered, and is wrong: {why}"));
            }
        }
        let alive = past.alive(next).map(|(id, doc)| (id, &**doc));
        let expected: Vec<(u64, &Doc)> = match self.read {
            Read::Nearest { vector, limit } => nearest(alive, vector, *limit),
            read => alive.filter(|(id, doc)| shows(read, *id, doc)).collect(),
        };
        let got: Vec<(u64, &Doc)> = rows.iter().map(|(id, doc)| (*id, doc)).collect();
        if expected != got {
            return Err(format!("at slot {seq} {}", difference(&expected, &got)));
        }
        let counted = *self.read == Read::All;
        if counted && *count != Some(got.len() as u64) {
            return Err(format!("at slot {seq} it counted {count:?} of {} rows", got.len()));
        }
        Ok(())
    }

    /// Whether it is of the past, and not too much so.
    fn is_new(
        &self,
        sight: &Sight,
        past: &Past<'_>,
        act: &Act,
        answered: &Answered,
        times: &Times,
    ) -> Result<(), String> {
        let seq = sight.seq;
        if past.slot(seq).is_some_and(|slot| slot.landed.at > act.back) {
            return Err(format!("it saw slot {seq}, which landed after it returned"));
        }
        if self.min_seq.is_some_and(|min| seq < min) {
            return Err(format!("it saw slot {seq}, and asked for {:?} at least", self.min_seq));
        }
        match self.newest {
            Newest::Strong => match answered.before(self.call) {
                Some(known) if seq.saturating_add(1) < known.next => Err(format!(
                    "it saw slot {seq}, and {} had been answered by slot {} before it was called",
                    known.no,
                    known.next - 1
                )),
                _ => Ok(()),
            },
            Newest::Eventual { max_staleness } => {
                let Some(since) = act.called_at.checked_sub(max_staleness) else { return Ok(()) };
                let slots = past.slots();
                let old = |at| times.by(at).is_some_and(|by| by < since);
                let settled = slots.partition_point(|slot| old(slot.landed.at));
                match slots[..settled].last() {
                    Some(last) if seq < last.landed.seq => Err(format!(
                        "it saw slot {seq}, and {} had landed more than {max_staleness:?} before it \
                         was called",
                        last.landed.seq
                    )),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Whether there was a reason to refuse it: the log did not reach so far, or an attribute was not
    /// there.
    fn is_wrong(&self, past: &Past<'_>, back: Moment) -> bool {
        let beyond = self.min_seq.is_some_and(|min| {
            let mut here = past.slots().iter().filter(|slot| slot.landed.at < self.call);
            !here.any(|slot| slot.landed.seq >= min)
        });
        let since = match self.newest {
            Newest::Strong => self.call,
            Newest::Eventual { .. } => Moment(0),
        };
        let mut grounds = past.eras(since, back).map(|era| era.ground.answers(self.read));
        beyond || grounds.any(|told| matches!(told, Err(Refusal::Wrong(_))))
    }
}

/// The first row by which two lists differ.
fn difference(expected: &[(u64, &Doc)], got: &[(u64, &Doc)]) -> String {
    let same = expected.iter().zip(got).take_while(|(ours, theirs)| ours == theirs).count();
    let row = |rows: &[(u64, &Doc)]| {
        let row = rows.get(same).map(|(id, doc)| format!("{id} {}", shown(Some(doc))));
        row.unwrap_or_else(|| "nothing more".into())
    };
    let (all, seen) = (expected.len(), got.len());
    let [ours, theirs] = [expected, got].map(row);
    format!("it saw {seen} rows of {all}; number {same} should be {ours}, and was {theirs}")
}

#[cfg(test)]
mod tests {
    use super::super::super::words::{COUNT, Datum, Edit, Entry, FICKLE, Kind, VECTOR};
    use super::super::sketch::{
        Sketch, doc, fickle, of, opening, put, refused, rows, saw, strong, told, unknown,
    };
    use super::*;

    fn told_of(sketch: &Sketch, expected: &str) {
        let pasts = Past::all(&sketch.history).unwrap();
        let mut acts: Vec<&Act> = sketch.history.acts.iter().collect();
        acts.sort_by_key(|act| act.call);
        let times = Times::of(&sketch.history.acts);
        let judged = pasts
            .values()
            .find_map(|past| judge(&acts, past, &Answered::of(&acts, past), &times).err());
        let told = judged.map_or(String::new(), |broken| broken.0);
        assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }

    fn both() -> [(u64, Doc); 2] {
        [(7, doc(1, 1)), (8, doc(1, 4))]
    }

    fn there() -> Sketch {
        let mut sketch = Sketch::default();
        sketch.commit(1, put(&both()), 1, opening(&both(), &[]), told(1, [2, 0, 0]));
        sketch
    }

    /// The same, and 7 is put again in slot 2, 8 deleted in slot 3.
    fn busy() -> Sketch {
        let mut sketch = there();
        let again = [(7, doc(2, 2))];
        sketch.commit(2, put(&again), 2, rows(&again, &[]), told(2, [1, 0, 0]));
        let act = sketch.call(3, 0, of(super::super::sketch::delete(&[8])));
        sketch.land(1, 3, 1, rows(&[], &[8]));
        sketch.back(act, told(3, [0, 0, 1]));
        sketch
    }

    #[test]
    fn the_nearest_are_seen_the_nearest_first() {
        let with = |number: i8| {
            let mut doc = doc(1, 1);
            doc.insert(VECTOR, Datum::Vector(vec![number]));
            doc
        };
        let all = [(7, with(3)), (8, with(1)), (9, doc(1, 1))];
        let mut there = Sketch::default();
        let vectors = Edit::Added(VECTOR, Kind::Vector(1));
        there.commit(1, put(&all), 1, opening(&all, &[vectors]), told(1, [3, 0, 0]));
        for (limit, ids, expected) in [
            (5, vec![8, 7], ""),
            (1, vec![8], ""),
            (5, vec![7, 8], "number 0 should be 8"),
            (1, vec![7], "number 0 should be 8"),
            (5, vec![8, 7, 9], "it saw 3 rows of 2"),
        ] {
            let mut sketch = there.clone();
            let seen = all.iter().filter(|(id, _)| ids.contains(id)).cloned();
            let mut seen: Vec<(u64, Doc)> = seen.collect();
            seen.sort_by_key(|(id, _)| ids.iter().position(|it| it == id));
            sketch.sees(2, Read::Nearest { vector: vec![0], limit }, 1, &seen);
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn a_read_sees_its_state_and_no_other() {
        let [seven, eight] = both();
        let now = [(7, doc(2, 2))];
        for (read, seen, count, expected) in [
            (Read::All, vec![seven.clone(), eight.clone()], Some(2), ""),
            (Read::All, vec![seven.clone(), eight.clone()], Some(3), "counted Some(3) of 2"),
            (Read::All, vec![seven.clone(), eight.clone()], None, "counted None"),
            (
                Read::All,
                vec![seven.clone()],
                Some(1),
                "1 rows of 2; number 1 should be 8 {count: 4",
            ),
            (Read::All, vec![eight.clone(), seven.clone()], Some(2), "number 0 should be 7"),
            (Read::All, vec![now[0].clone(), eight.clone()], Some(2), "number 0 should be 7"),
            (Read::One(8), vec![eight.clone()], None, ""),
            (Read::One(8), vec![], None, "number 0 should be 8"),
            (Read::One(9), vec![], None, ""),
            (Read::CountBelow(4), vec![seven.clone()], None, ""),
            (Read::CountBelow(4), vec![seven, eight], None, "2 rows of 1"),
        ] {
            let mut sketch = there();
            let act = sketch.call(9, 0, strong(read));
            sketch.back(act, saw(1, &seen, count));
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn a_strong_read_sees_what_anybody_was_answered_before() {
        let [seven, eight] = both();
        let now = (7, doc(2, 2));
        for (seq, seen, expected) in [
            (3, vec![now.clone()], ""),
            (2, vec![now, eight.clone()], "3 had been answered by slot 3 before"),
            (1, vec![seven, eight], "3 had been answered by slot 3 before"),
            (4, vec![], "there never was one"),
        ] {
            let mut sketch = busy();
            sketch.sees(9, Read::All, seq, &seen);
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn nobody_goes_back_behind_what_was_read() {
        let mut sketch = there();
        let again = [(7, doc(2, 2)), (8, doc(1, 4))];
        let lost = sketch.call(2, 0, of(put(&again[..1])));
        sketch.land(1, 2, 1, rows(&again[..1], &[]));
        sketch.back(lost, unknown());
        let mut back = sketch.clone();
        back.sees(3, Read::All, 1, &both());
        told_of(&back, "");
        sketch.sees(3, Read::All, 2, &again);
        sketch.sees(4, Read::All, 1, &both());
        told_of(&sketch, "3 had been answered by slot 2 before");
    }

    #[test]
    fn a_read_sees_nothing_that_landed_after_it() {
        let mut sketch = there();
        let act = sketch.call(9, 0, strong(Read::One(7)));
        sketch.back(act, saw(2, &[(7, doc(2, 2))], None));
        sketch.land(1, 2, 1, rows(&[(7, doc(2, 2))], &[]));
        told_of(&sketch, "landed after it returned");
    }

    #[test]
    fn a_read_with_min_seq_is_not_before_it() {
        for (min_seq, expected) in [(1, ""), (2, "asked for Some(2) at least")] {
            let mut sketch = busy();
            let newest = Newest::Eventual { max_staleness: Duration::from_secs(60) };
            let wish = Wish::Read { read: Read::All, newest, min_seq: Some(min_seq) };
            let act = sketch.call(9, 0, wish);
            sketch.back(act, saw(1, &both(), Some(2)));
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn an_eventual_read_is_as_old_as_it_allows() {
        let settled = busy();
        let called = settled.clone().moment().0;
        let landed = settled.history.log[1].at.0;
        // Slot 2 landed before the moment after it, a second later.
        let exact = called - (landed + 1);
        for (allowed, expected) in [(exact, ""), (exact - 1, "2 had landed more than"), (99, "")] {
            let mut sketch = busy();
            let newest = Newest::Eventual { max_staleness: Duration::from_secs(allowed) };
            let act = sketch.call(9, 0, Wish::Read { read: Read::All, newest, min_seq: None });
            sketch.back(act, saw(1, &both(), Some(2)));
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn nothing_of_a_life_that_ended_is_seen() {
        let mut sketch = there();
        let end = sketch.call(2, 0, Wish::End);
        sketch.land(1, 2, 1, Entry::End);
        let beside = sketch.clone();
        sketch.back(end, Said::Ended);
        sketch.sees(3, Read::All, 1, &both());
        told_of(&sketch, "2 had been answered by slot 2 before");
        let mut beside = beside;
        beside.sees(3, Read::All, 1, &both());
        beside.back(end, Said::Ended);
        told_of(&beside, "");
        let mut behind = there();
        behind.land(1, 2, 1, Entry::End);
        behind.sees(3, Read::All, 2, &[]);
        told_of(&behind, "behind which there is no such name");
    }

    #[test]
    fn a_404_needs_a_moment_in_which_the_name_was_not_there() {
        let mut sketch = Sketch::default();
        let early = sketch.call(8, 0, strong(Read::All));
        sketch.land(1, 1, 1, opening(&both(), &[]));
        let late = sketch.call(9, 0, strong(Read::All));
        sketch.back(early, Said::Absent);
        told_of(&sketch, "");
        let mut ended = sketch.clone();
        sketch.back(late, Said::Absent);
        told_of(&sketch, "there all the time");
        ended.land(1, 2, 1, Entry::End);
        ended.back(late, Said::Absent);
        told_of(&ended, "");
        ended.land(2, 3, 2, opening(&both(), &[]));
        let back = ended.call(10, 0, strong(Read::All));
        ended.back(back, saw(1, &both(), Some(2)));
        told_of(&ended, "9 had been answered by slot 2 before");
    }

    #[test]
    fn a_read_is_refused_for_its_min_seq_or_its_filter() {
        let wish = |read, min_seq| Wish::Read { read, newest: Newest::Strong, min_seq };
        for (wish, expected) in [
            (wish(Read::All, Some(4)), ""),
            (wish(Read::All, Some(3)), "it was refused"),
            (wish(Read::All, None), "it was refused"),
            (wish(Read::CountBelow(1), None), "it was refused"),
            (wish(Read::Says("a".to_owned()), None), ""),
        ] {
            let mut sketch = busy();
            let act = sketch.call(9, 0, wish);
            sketch.back(act, refused());
            told_of(&sketch, expected);
        }
        let mut sketch = there();
        let act = sketch.call(9, 0, strong(Read::CountBelow(1)));
        let gone = Entry::Batch {
            rows: Default::default(),
            gone: vec![],
            edits: vec![Edit::Dropped(COUNT)],
        };
        sketch.land(1, 2, 1, gone);
        sketch.back(act, refused());
        told_of(&sketch, "");
        sketch.sees(10, Read::CountBelow(1), 2, &[]);
        told_of(&sketch, "it was answered, and is wrong");
    }

    #[test]
    fn what_was_dropped_is_not_seen() {
        let with = [(7, fickle(1, 5))];
        let mut sketch = Sketch::default();
        let first = opening(&with, &[Edit::Added(FICKLE[0], Kind::Int)]);
        sketch.commit(1, put(&with), 1, first, told(1, [1, 0, 0]));
        let edits = vec![Edit::Dropped(FICKLE[0])];
        sketch.land(1, 2, 1, Entry::Batch { rows: Default::default(), gone: vec![], edits });
        let mut good = sketch.clone();
        good.sees(2, Read::All, 2, &[(7, doc(1, 0))]);
        told_of(&good, "");
        sketch.sees(2, Read::All, 2, &with);
        told_of(
            &sketch,
            "number 0 should be 7 {count: 0, mark: 1}, and was 7 {count: 0, fickle: 5",
        );
    }
}
