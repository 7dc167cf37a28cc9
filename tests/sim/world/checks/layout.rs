//! Changes of which nobody was told, and which left no mark: in which slots they took effect. Each as
//! often as it may have, and once in a life of the name.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{Batch, Search, Told};

/// Ways that are tried.
const LAYOUTS_MAX: usize = 500;

/// A slot that is explained only with changes of which nobody was told.
pub(super) struct Open<'a> {
    pub(super) seq: u64,
    pub(super) life: usize,
    pub(super) batch: Batch<'a>,
    /// How often each of them may still have taken effect.
    pub(super) times: BTreeMap<i64, usize>,
}

/// Whether all of these slots can be explained at once. None: it is too long to say.
pub(super) fn is_possible(open: &[Open<'_>]) -> Option<bool> {
    Layout { open, used: BTreeMap::new(), steps: 0 }.lay(0, &BTreeSet::new())
}

struct Layout<'a, 'b> {
    open: &'b [Open<'a>],
    /// In which lives each was taken for a slot.
    used: BTreeMap<i64, Vec<usize>>,
    steps: usize,
}

impl Layout<'_, '_> {
    /// The same, from one of the slots on, in which some of them are not.
    fn lay(&mut self, at: usize, without: &BTreeSet<i64>) -> Option<bool> {
        let open = self.open;
        let Some(slot) = open.get(at) else { return Some(true) };
        self.steps += 1;
        if self.steps > LAYOUTS_MAX {
            return None;
        }
        let mut batch = slot.batch.clone();
        batch.members.retain(|member| {
            member.told != Told::Perhaps || {
                let used = self.used.get(&member.no).map_or(&[][..], Vec::as_slice);
                let free = used.len() < slot.times.get(&member.no).copied().unwrap_or_default();
                free && !used.contains(&slot.life) && !without.contains(&member.no)
            }
        });
        let with = match batch.search() {
            Search::Found(with) => with,
            Search::Nothing => return Some(false),
            Search::Cut => return None,
        };
        for no in &with {
            self.used.entry(*no).or_default().push(slot.life);
        }
        if self.lay(at + 1, &BTreeSet::new())? {
            return Some(true);
        }
        for no in &with {
            self.used.entry(*no).or_default().pop();
        }
        for no in with {
            let mut without = without.clone();
            without.insert(no);
            if self.lay(at, &without)? {
                return Some(true);
            }
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::model::State;
    use super::super::super::words::{Change, Moment};
    use super::super::batch::Member;
    use super::super::sketch::{delete, doc};
    use super::*;

    /// A slot of that life in which these documents were deleted, maybe by some of the changes.
    fn slot<'a>(seq: u64, life: usize, gone: &[u64], changes: &'a [Change]) -> Open<'a> {
        let after = State::default();
        let mut before = after.clone();
        before.docs = gone.iter().map(|id| (*id, Arc::new(doc(1, 1)))).collect();
        (before.ground.there, before.ground.kinds) = (true, Default::default());
        let after = State { ground: before.ground.clone(), ..after };
        let member = |(no, change): (i64, &'a Change)| Member {
            no,
            change,
            call: Moment(no as u64),
            back: Moment::NEVER,
            told: Told::Perhaps,
            touched: None,
        };
        let members: Vec<Member<'a>> = (1..).zip(changes).map(member).collect();
        let times = members.iter().map(|member| (member.no, 1)).collect();
        Open { seq, life, batch: Batch { before, after, members, steady: true }, times }
    }

    #[test]
    fn each_is_somewhere_once() {
        let changes = [delete(&[7, 98]), delete(&[7, 99])];
        let slots = |all: &[&[u64]]| -> Vec<Open<'_>> {
            (1..).zip(all).map(|(seq, gone)| slot(seq, 0, gone, &changes)).collect()
        };
        for (gone, possible) in [
            (vec![&[7][..]], true),
            (vec![&[7], &[7]], true),
            (vec![&[7], &[7], &[7]], false),
            (vec![&[7], &[7, 98][..]], true),
            (vec![&[7], &[7, 99][..]], true),
            (vec![&[98], &[7, 98][..]], false),
            (vec![&[7, 98, 99][..]], true),
            (vec![&[5][..]], false),
        ] {
            assert_eq!(is_possible(&slots(&gone)), Some(possible), "{gone:?}");
        }
    }

    #[test]
    fn in_each_life_once_if_it_was_sent_so_often() {
        let changes = [delete(&[7])];
        for (times, possible) in [(1, false), (2, true)] {
            let mut both = [0, 1].map(|life| slot(life as u64, life, &[7], &changes));
            both.iter_mut().for_each(|slot| slot.times = BTreeMap::from([(1, times)]));
            assert_eq!(is_possible(&both), Some(possible));
            both[1].life = 0;
            assert_eq!(is_possible(&both), Some(false));
        }
    }

    #[test]
    fn a_layout_that_takes_too_long_says_so() {
        let changes: Vec<Change> = (0..10).map(|id| delete(&[7, 90 + id])).collect();
        let slots: Vec<Open<'_>> = (0..11).map(|seq| slot(seq, 0, &[7], &changes)).collect();
        assert_eq!(is_possible(&slots), None);
    }
}
