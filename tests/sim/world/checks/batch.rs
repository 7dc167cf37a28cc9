//! The changes of one slot: is there an order in which they lead from the state before it to the state
//! after it, each with the answer that it was given?
//!
//! The order of their calls is tried first. What a set of them has led to once is not tried again, and
//! a document that is not as the slot leaves it must have somebody left to change it. So the search is
//! long only where many changes of the same documents contradict the slot; and then it is cut.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::model::{Counts, Refusal, State, ids};
use super::super::words::{Change, Moment, Touched};
use super::shown;

/// Changes that are taken, or tried to be.
const STEPS_MAX: usize = 20_000;
/// Changes of one slot.
const MEMBERS_MAX: usize = 100;
/// Of documents that are not as they should be, so many are told.
const TOLD_MAX: usize = 8;

#[derive(Clone)]
pub(super) struct Batch<'a> {
    /// Of both states, what the slot or a member speaks of.
    pub(super) before: State,
    pub(super) after: State,
    pub(super) members: Vec<Member<'a>>,
    /// No attribute comes or goes.
    pub(super) steady: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) no: i64,
    pub(super) change: &'a Change,
    pub(super) call: Moment,
    /// Whoever called after it comes after it.
    pub(super) back: Moment,
    pub(super) told: Told,
    /// Which documents, where that was told.
    pub(super) touched: Option<&'a Touched>,
}

/// What is known of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Counts(Counts),
    /// Nothing, but that it lies in this slot.
    Effect,
    /// Nothing: it may lie here, or not.
    Perhaps,
    /// It was evaluated here, and refused.
    Refused,
}

enum Fit {
    Now(State),
    NotNow,
    /// Neither later.
    Never,
}

pub(super) enum Search {
    /// With these of the members of whom nothing was known.
    Found(Vec<i64>),
    Nothing,
    /// It would take too long.
    Cut,
}

impl<'a> Batch<'a> {
    pub(super) fn search(mut self) -> Search {
        if self.members.len() > MEMBERS_MAX {
            return Search::Cut;
        }
        if self.has_strangers() {
            return Search::Nothing;
        }
        // Who must be placed goes first.
        self.members.sort_by_key(|member| (member.told == Told::Perhaps, member.call));
        let perhaps = self.members.iter().filter(|member| member.told == Told::Perhaps).count();
        // As few as will do: of those of whom nothing is known, most are elsewhere or nowhere.
        for most in [0, 1, 2, 4].into_iter().filter(|most| *most < perhaps).chain([perhaps]) {
            let mut walk = Walk { batch: &self, most, failed: BTreeMap::new(), steps: 0 };
            match walk.go(0, self.before.clone()) {
                None => return Search::Cut,
                Some(None) => {}
                Some(Some(placed)) => {
                    let placed = self.perhaps(placed).map(|member| member.no);
                    return Search::Found(placed.collect());
                }
            }
        }
        Search::Nothing
    }

    /// Those of whom nothing is known, among some members.
    fn perhaps(&self, placed: u128) -> impl Iterator<Item = &Member<'a>> {
        let members = self.members.iter().enumerate();
        let perhaps = members
            .filter(move |(at, member)| member.told == Told::Perhaps && placed & bit(*at) != 0);
        perhaps.map(|(_, member)| member)
    }

    /// Whether a document changed that no member names or may have found.
    fn has_strangers(&self) -> bool {
        let drops = self.members.iter().any(|member| !member.change.drop.is_empty());
        let asked = |id| self.members.iter().any(|it| ids(it.change).any(|other| other == id));
        let both = self.before.docs.keys().chain(self.after.docs.keys());
        let mut changed = both.filter(|id| self.before.docs.get(id) != self.after.docs.get(id));
        let finds = self.members.iter().any(|member| member.change.finds());
        !drops && !finds && changed.any(|id| !asked(*id))
    }

    /// What the members do one after the other as they were called, and where that differs from the
    /// slot.
    pub(super) fn tell(&self) -> String {
        let mut state = self.before.clone();
        let mut text = String::new();
        let mut members = self.members.clone();
        members.retain(|member| member.told != Told::Perhaps);
        members.sort_by_key(|member| member.call);
        for Member { no, change, told, touched, .. } in members {
            let does = match state.touch(change) {
                Ok(does) if touched.is_some() => format!("{does:?}"),
                Ok(does) => {
                    let Counts { puts, patches, deletes } = Counts::of(&does);
                    format!("{puts}+{patches}+{deletes}")
                }
                Err(Refusal::Absent) => "404".into(),
                Err(Refusal::Wrong(why)) => format!("refused, {why}"),
            };
            let told = match told {
                Told::Counts(Counts { puts, patches, deletes }) => match touched {
                    Some(touched) => format!("{touched:?}"),
                    None => format!("{puts}+{patches}+{deletes}"),
                },
                Told::Effect | Told::Perhaps => "nothing".into(),
                Told::Refused => "refused".into(),
            };
            text.push_str(&format!("; {no} was told {told} and by the model does {does}"));
        }
        let mut all: Vec<u64> = state.docs.keys().chain(self.after.docs.keys()).copied().collect();
        all.sort_unstable();
        all.dedup();
        let unlike = all.iter().filter(|id| state.docs.get(*id) != self.after.docs.get(*id));
        for id in unlike.take(TOLD_MAX) {
            let [ours, theirs] =
                [&state, &self.after].map(|it| shown(it.docs.get(id).map(Arc::as_ref)));
            text.push_str(&format!("; document {id} would be {ours}, and is {theirs}"));
        }
        if state.ground != self.after.ground {
            let [ours, theirs] = [&state.ground, &self.after.ground];
            text.push_str(&format!("; attributes would be {ours:?}, and are {theirs:?}"));
        }
        text
    }
}

struct Walk<'a> {
    batch: &'a Batch<'a>,
    /// How many are taken of whom nothing is known.
    most: usize,
    /// What a set of members has led to, in vain.
    failed: BTreeMap<u128, Vec<State>>,
    steps: usize,
}

impl Walk<'_> {
    /// Who was placed in the end, if the end was reached. None: it is too long.
    fn go(&mut self, placed: u128, state: State) -> Option<Option<u128>> {
        let batch = self.batch;
        let members = &batch.members;
        let left = |at: &usize| placed & bit(*at) == 0;
        let owed = (0..members.len()).filter(left).any(|at| members[at].told != Told::Perhaps);
        if !owed && state == batch.after {
            return Some(Some(placed));
        }
        if self.failed.get(&placed).is_some_and(|states| states.contains(&state)) {
            return Some(None);
        }
        let full = batch.perhaps(placed).count() == self.most;
        for at in (0..members.len()).filter(left) {
            if full && members[at].told == Told::Perhaps {
                break;
            }
            let late = |other: usize| {
                members[other].back < members[at].call && members[other].told != Told::Perhaps
            };
            if (0..members.len()).filter(left).any(late) {
                continue;
            }
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return None;
            }
            let with = placed | bit(at);
            match self.fit(at, with, &state) {
                Fit::Now(next) => {
                    // It was right here and changed nothing: nobody is the worse for it.
                    let idle = batch.steady && next == state;
                    let found = self.go(with, next)?;
                    if found.is_some() || idle {
                        return Some(found);
                    }
                }
                Fit::NotNow => {}
                Fit::Never if members[at].told == Told::Perhaps => {}
                Fit::Never => break,
            }
        }
        self.failed.entry(placed).or_default().push(state);
        Some(None)
    }

    /// Whether a member may come next.
    fn fit(&self, at: usize, with: u128, state: &State) -> Fit {
        let Batch { after, members, steady, .. } = self.batch;
        let never = if *steady { Fit::Never } else { Fit::NotNow };
        let left = || {
            let left = members.iter().enumerate().filter(|(at, _)| with & bit(*at) == 0);
            left.map(|(_, member)| member.change)
        };
        let finds = members[at].change.finds();
        // Who finds documents may have to do with each.
        let alone =
            |id: u64| !left().any(|change| change.finds() || ids(change).any(|other| other == id));
        let Some(next) = self.after(at, state) else {
            // Nobody makes it right who comes before it, if nobody has to do with its documents.
            let last =
                if finds { left().next().is_none() } else { ids(members[at].change).all(alone) };
            return if last { never } else { Fit::NotNow };
        };
        let mine = || {
            let found = state.docs.keys().filter(move |_| finds).copied();
            ids(members[at].change).chain(found)
        };
        let is = |it: &State, id| it.docs.get(&id) == after.docs.get(&id);
        // A document that is as it will be, and is changed, never is so again: marks differ.
        let spoils = |id| state.docs.contains_key(&id) && is(state, id) && !is(&next, id);
        if mine().any(spoils) {
            return never;
        }
        // One that is not as it will be needs somebody who changes it yet.
        let owes = |id| !is(&next, id) && alone(id);
        if !left().any(|change| !change.drop.is_empty()) && mine().any(owes) {
            return never;
        }
        Fit::Now(next)
    }

    /// The state after a member, if what it was told is right here.
    fn after(&self, at: usize, state: &State) -> Option<State> {
        let Member { change, told, touched, .. } = self.batch.members[at];
        let mut next = state.clone();
        let taken = next.touch(change);
        let right = match (told, taken) {
            (Told::Counts(told), Ok(does)) => {
                told == Counts::of(&does) && touched.is_none_or(|touched| *touched == does)
            }
            (Told::Effect | Told::Perhaps, Ok(_)) => next != *state,
            (Told::Refused, Err(_)) => true,
            _ => false,
        };
        right.then_some(next)
    }
}

fn bit(at: usize) -> u128 {
    1 << at
}

#[cfg(test)]
mod tests {
    use super::super::super::words::{Doc, FICKLE, Find, If, Kind};
    use super::super::sketch::{delete, doc, fickle, patch, put};
    use super::*;

    fn state(rows: &[(u64, Doc)]) -> State {
        let mut state = State::default();
        // Whatever there is, it was put.
        state.take(&put(&[(0, doc(0, 0))])).unwrap();
        state.docs = rows.iter().map(|(id, doc)| (*id, Arc::new(doc.clone()))).collect();
        state
    }

    fn counts(puts: u64, patches: u64, deletes: u64) -> Told {
        Told::Counts(Counts { puts, patches, deletes })
    }

    fn members<'a>(changes: &[(&'a Change, Told)]) -> Vec<Member<'a>> {
        let numbered = (1..).zip(changes);
        let member = |(no, (change, told)): (i64, &(&'a Change, Told))| Member {
            no,
            change,
            call: Moment(no as u64),
            back: Moment::NEVER,
            told: *told,
            touched: None,
        };
        numbered.map(member).collect()
    }

    /// Who of the uncertain is in it, if it is explained.
    fn found(before: &State, after: &State, changes: &[(&Change, Told)]) -> Option<Vec<i64>> {
        let steady = before.ground == after.ground;
        let members = members(changes);
        let batch = Batch { before: before.clone(), after: after.clone(), members, steady };
        match batch.search() {
            Search::Found(perhaps) => Some(perhaps),
            Search::Nothing => None,
            Search::Cut => panic!("it is short"),
        }
    }

    #[test]
    fn changes_are_found_in_whatever_order_they_took_effect() {
        let before = state(&[(7, doc(0, 1))]);
        let raise = |no, to| Change { put_if: If::CountGrows, ..put(&[(7, doc(no, to))]) };
        let (one, two, gone) = (raise(1, 2), raise(2, 3), delete(&[7]));
        let all =
            |one_told, two_told| [(&one, one_told), (&two, two_told), (&gone, counts(0, 0, 1))];
        let (yes, no) = (counts(1, 0, 0), counts(0, 0, 0));
        assert!(found(&before, &state(&[]), &all(yes, yes)).is_some());
        // 2, then the delete, then 1.
        assert!(found(&before, &state(&[(7, doc(1, 2))]), &all(yes, yes)).is_some());
        // 2, then 1 in vain, then the delete.
        assert!(found(&before, &state(&[]), &all(no, yes)).is_some());
        assert!(found(&before, &state(&[]), &all(yes, no)).is_none(), "3 is more than 1 and 2");
        assert!(found(&before, &state(&[(7, doc(0, 1))]), &all(yes, yes)).is_none());
    }

    #[test]
    fn a_torn_change_is_not_explained() {
        let before = state(&[]);
        let both = put(&[(7, doc(1, 0)), (8, doc(1, 0))]);
        let yes = counts(2, 0, 0);
        let whole = state(&[(7, doc(1, 0)), (8, doc(1, 0))]);
        assert!(found(&before, &whole, &[(&both, yes)]).is_some());
        for torn in [state(&[(7, doc(1, 0))]), state(&[]), state(&[(7, doc(1, 0)), (8, doc(1, 9))])]
        {
            assert!(found(&before, &torn, &[(&both, yes)]).is_none());
            assert!(found(&before, &torn, &[(&both, Told::Effect)]).is_none());
        }
    }

    #[test]
    fn whoever_called_after_the_answer_of_another_comes_after_it() {
        let before = state(&[(7, doc(0, 1))]);
        let (gone, again) = (delete(&[7]), patch(&[(7, doc(2, 2))]));
        let changes = [(&gone, counts(0, 0, 1)), (&again, counts(0, 1, 0))];
        let mut batch = Batch {
            before: before.clone(),
            after: state(&[]),
            members: members(&changes),
            steady: true,
        };
        assert!(matches!(batch.clone().search(), Search::Found(_)));
        assert!(batch.tell().contains("2 was told 0+1+0 and by the model does 0+0+0"));
        (batch.members[0].back, batch.members[1].call) = (Moment(5), Moment(6));
        assert!(matches!(batch.search(), Search::Nothing));
    }

    #[test]
    fn one_of_whom_nothing_is_known_is_taken_where_nobody_else_explains_it() {
        let before = state(&[(7, doc(0, 1)), (8, doc(0, 1))]);
        let (seven, eight) = (delete(&[7]), delete(&[8, 9]));
        let all = [(&seven, Told::Perhaps), (&eight, Told::Perhaps)];
        assert_eq!(found(&before, &before, &all), Some(vec![]));
        assert_eq!(found(&before, &state(&[(7, doc(0, 1))]), &all), Some(vec![2]));
        assert_eq!(found(&before, &state(&[]), &all), Some(vec![1, 2]));
        assert_eq!(found(&before, &state(&[(8, doc(0, 2))]), &all), None);
    }

    #[test]
    fn what_was_refused_was_so_somewhere_within_the_slot() {
        let before = state(&[]);
        let [a, _] = FICKLE;
        let declares = Change { declare: vec![(a, Kind::Text)], ..Change::default() };
        let drops = Change { drop: vec![a], ..Change::default() };
        let puts = put(&[(7, fickle(3, 5))]);
        let changes =
            [(&declares, counts(0, 0, 0)), (&drops, counts(0, 0, 0)), (&puts, Told::Refused)];
        let batch = |members, after: &State| Batch {
            before: before.clone(),
            after: after.clone(),
            members,
            steady: false,
        };
        assert!(matches!(batch(members(&changes), &before).search(), Search::Found(_)));
        assert!(matches!(batch(members(&changes[1..]), &before).search(), Search::Nothing));
    }

    #[test]
    fn a_drop_and_a_declaration_are_found_in_their_order() {
        let [a, _] = FICKLE;
        let mut before = state(&[]);
        before.take(&put(&[(7, fickle(1, 5))])).unwrap();
        let mut after = before.clone();
        let drops = Change { drop: vec![a], ..Change::default() };
        let declares = Change { declare: vec![(a, Kind::Int)], ..Change::default() };
        after.take(&drops).unwrap();
        after.take(&declares).unwrap();
        let changes = [(&declares, counts(0, 0, 0)), (&drops, counts(0, 0, 0))];
        let members = members(&changes);
        assert_eq!((before.ground.clone(), before != after), (after.ground.clone(), true));
        let batch = Batch { before, after, members, steady: false };
        assert!(matches!(batch.search(), Search::Found(_)), "the declaration came after the drop");
    }

    #[test]
    fn many_changes_that_do_not_meet_are_refuted_at_once() {
        let changes: Vec<Change> = (1..=40).map(|no| put(&[(no, doc(no as i64, 0))])).collect();
        let all: Vec<_> = changes.iter().map(|change| (change, counts(1, 0, 0))).collect();
        let rows: Vec<(u64, Doc)> = (1..=40).map(|no| (no, doc(no as i64, 0))).collect();
        assert!(found(&state(&[]), &state(&rows), &all).is_some());
        assert!(found(&state(&[]), &state(&rows[1..]), &all).is_none());
    }

    #[test]
    fn what_was_found_was_so_at_its_place_in_the_slot() {
        let before = state(&[(7, doc(0, 1)), (8, doc(0, 5))]);
        let raise = put(&[(7, doc(1, 4))]);
        let gone = Change { delete_found: Some(Find::CountBelow(3)), ..Change::default() };
        let all = |deletes| [(&raise, counts(1, 0, 0)), (&gone, counts(0, 0, deletes))];
        let raised = state(&[(7, doc(1, 4)), (8, doc(0, 5))]);
        // It is gone, and put again; or it is raised, and not found.
        assert!(found(&before, &raised, &all(1)).is_some());
        assert!(found(&before, &raised, &all(0)).is_some());
        assert!(found(&before, &raised, &all(2)).is_none());
        assert!(found(&before, &state(&[(8, doc(0, 5))]), &all(1)).is_none());
        assert!(found(&before, &state(&[(7, doc(1, 4))]), &all(1)).is_none());
        let named = Touched { deletes: vec![8], ..Touched::default() };
        let mut others = members(&all(1));
        others[1].touched = Some(&named);
        let batch = Batch { before, after: raised, members: others, steady: true };
        assert!(batch.tell().contains("deletes: [8]"), "{}", batch.tell());
        assert!(matches!(batch.search(), Search::Nothing));
    }

    #[test]
    fn a_search_that_is_too_long_says_so() {
        let raises: Vec<Change> = (1..=14).map(|no| put(&[(7, doc(no, no))])).collect();
        let all: Vec<_> = raises.iter().map(|change| (change, counts(1, 0, 0))).collect();
        let (before, after) = (state(&[]), state(&[(7, doc(99, 0))]));
        let batch = Batch { before, after, members: members(&all), steady: true };
        assert!(matches!(batch.search(), Search::Cut));
    }
}
