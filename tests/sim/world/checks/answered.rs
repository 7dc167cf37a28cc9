//! How far the log of a name was known to clients at any moment: whoever asks later must not be
//! answered from before that.
//!
//! What any answer tells counts: a slot that was acknowledged or read, an end, and a 404, which tells
//! that a life is over. Where an answer allows several, the earliest is taken.

use super::super::words::{Act, Moment, Said};
use super::past::Past;

/// By the moments of the answers, each with the highest so far.
pub(super) struct Answered(Vec<Known>);

/// Somebody was answered from a state whose first missing slot is `next`.
#[derive(Clone, Copy)]
pub(super) struct Known {
    back: Moment,
    pub(super) next: u64,
    /// The act that was told so.
    pub(super) no: i64,
}

impl Answered {
    pub(super) fn of(acts: &[&Act], past: &Past<'_>) -> Self {
        let known = |act: &&Act| {
            let next = match &act.said {
                Said::Changed { seq, .. } => seq.saturating_add(1),
                Said::Saw(sight) => sight.seq.saturating_add(1),
                Said::Absent => past.gone_between(act.call, act.back)?,
                Said::Ended => {
                    let ends = past.lives.iter().filter_map(|life| life.ended);
                    let mut within = ends.filter(|(_, at)| act.call < *at && *at < act.back);
                    within.next()?.0.saturating_add(1)
                }
                _ => return None,
            };
            Some(Known { back: act.back, next, no: act.no })
        };
        let mut all: Vec<Known> = acts.iter().filter_map(known).collect();
        all.sort_by_key(|known| known.back);
        for at in 1..all.len() {
            if all[at].next <= all[at - 1].next {
                all[at] = Known { back: all[at].back, ..all[at - 1] };
            }
        }
        Self(all)
    }

    /// The most that anybody knew before that moment.
    pub(super) fn before(&self, call: Moment) -> Option<Known> {
        let until = self.0.partition_point(|known| known.back < call);
        self.0[..until].last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::words::{Entry, Read, Wish};
    use super::super::sketch::{Sketch, doc, of, opening, put, rows, saw, strong, told};
    use super::*;

    #[test]
    fn what_was_answered_to_anybody_is_known_from_then_on() {
        let mut sketch = Sketch::default();
        let slow = sketch.call(1, 0, of(put(&[(7, doc(1, 0))])));
        let fast = sketch.call(2, 1, of(put(&[(7, doc(2, 0))])));
        sketch.land(1, 1, 1, opening(&[(7, doc(1, 0))], &[]));
        sketch.land(1, 2, 1, rows(&[(7, doc(2, 0))], &[]));
        let before = sketch.moment();
        sketch.back(fast, told(2, [1, 0, 0]));
        sketch.back(slow, told(1, [1, 0, 0]));
        let both = sketch.moment();
        let read = sketch.call(3, 2, strong(Read::All));
        let end = sketch.call(4, 2, Wish::End);
        sketch.land(1, 3, 1, Entry::End);
        sketch.back(end, Said::Ended);
        let ended = sketch.moment();
        sketch.back(read, saw(2, &[(7, doc(2, 0))], Some(1)));
        let absent = sketch.call(5, 2, strong(Read::All));
        sketch.back(absent, Said::Absent);

        let pasts = Past::all(&sketch.history).unwrap();
        let acts: Vec<&Act> = sketch.history.acts.iter().collect();
        let answered = Answered::of(&acts, &pasts[&super::super::sketch::name()]);
        let at = |moment| answered.before(moment).map(|known| (known.next, known.no));
        assert_eq!(at(before), None);
        assert_eq!(at(both), Some((3, 2)), "the higher of two, whichever came last");
        assert_eq!(at(ended), Some((4, 4)));
        assert_eq!(at(Moment::NEVER), Some((4, 4)));
    }

    #[test]
    fn a_404_tells_that_a_life_is_over() {
        let mut sketch = Sketch::default();
        let early = sketch.call(1, 0, strong(Read::All));
        sketch.back(early, Said::Absent);
        let first = sketch.moment();
        sketch.land(1, 1, 1, opening(&[(7, doc(1, 0))], &[]));
        let late = sketch.call(2, 0, strong(Read::All));
        sketch.land(1, 2, 1, Entry::End);
        sketch.back(late, Said::Absent);
        let pasts = Past::all(&sketch.history).unwrap();
        let acts: Vec<&Act> = sketch.history.acts.iter().collect();
        let answered = Answered::of(&acts, &pasts[&super::super::sketch::name()]);
        assert_eq!(answered.before(first).map(|known| known.next), Some(0));
        assert_eq!(answered.before(Moment::NEVER).map(|known| known.next), Some(3));
    }
}
