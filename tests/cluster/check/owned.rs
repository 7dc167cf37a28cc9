//! What one writer alone writes to, one act after another: each read shows a place in that row of
//! acts, not before what was answered, and from slot to slot the place only goes up.

use super::sights::{Sight, Thing};
use super::{Promise, Violation, out_of_place};
use crate::history::{Act, Reach};

pub(super) fn check(thing: &Thing<'_>, found: &mut Vec<Violation>) {
    for sight in &thing.sights {
        judge(thing, sight, found);
    }
    let mut reached = 0;
    for (slot, sight) in thing.by_slot() {
        let places = places(thing, sight);
        if let Some(place) = places.iter().find(|place| **place >= reached) {
            reached = *place;
        } else if !places.is_empty() {
            let known = thing.acts[reached - 1].token();
            let told = format!("{known} was there below slot {slot}, where {sight}");
            found.push(thing.breaks(Promise::Back, sight, told));
        }
    }
}

fn judge(thing: &Thing<'_>, sight: &Sight<'_>, found: &mut Vec<Violation>) {
    if let Some(act) = sight.shows
        && act.reach(sight.read) == Reach::Cannot
    {
        found.push(out_of_place(thing, act, sight));
    } else if places(thing, sight).is_empty()
        && let Some(act) = least(thing, sight).checked_sub(1).map(|last| thing.acts[last])
    {
        let told = format!("{} was told {:?}, and {sight}", act.token(), act.told);
        found.push(thing.breaks(Promise::Lost, sight, told));
    }
}

/// Behind how many acts a read must be.
fn least(thing: &Thing<'_>, sight: &Sight<'_>) -> usize {
    let must = |act: &&Act| act.reach(sight.read) == Reach::Must;
    thing.acts.iter().rposition(must).map_or(0, |last| last + 1)
}

/// Behind which acts the thing is what was seen, of those that a read may be behind: 0 is before
/// the first.
fn places(thing: &Thing<'_>, sight: &Sight<'_>) -> Vec<usize> {
    let is_like = |place: &usize| {
        let Some(before) = place.checked_sub(1) else { return sight.shows.is_none() };
        let act = thing.acts[before];
        act.reach(sight.read) != Reach::Cannot
            && match sight.shows {
                None => act.draft.rows.is_empty(),
                Some(shown) => shown.token() == act.token(),
            }
    };
    (least(thing, sight)..=thing.acts.len()).filter(is_like).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::Promise;
    use crate::check::samples::*;
    use crate::history::{Act, At, History, Level, Read, Told, What};

    fn history(acts: Vec<Act>, reads: Vec<Read>) -> History {
        History { acts, reads, ..History::default() }
    }

    #[test]
    fn what_was_acknowledged_and_is_not_there_is_lost() {
        let act = put("p", "w1", 2).at(1, 2).told(2);
        let of = |read| broken(&history(vec![act.clone()], vec![read]));
        assert_eq!(of(read(3, 4, 5, &[&act])), []);
        assert_eq!(of(read(3, 4, 5, &[])), [Promise::Lost]);
        assert_eq!(of(absent(3, 4)), [Promise::Lost]);
        // Together with it, or not strong, a read may miss it.
        assert_eq!(of(read(1, 4, 5, &[])), []);
        assert_eq!(of(Read { level: Level::Eventual, ..read(3, 4, 5, &[]) }), []);
    }

    #[test]
    fn the_slots_decide_where_both_are_known() {
        let act = put("p", "w1", 2).at(1, 9).done(2, 7);
        let of = |act: &Act, read| broken(&history(vec![act.clone()], vec![read]));
        assert_eq!(of(&act, read(2, 4, 7, &[])), [Promise::Lost]);
        assert_eq!(of(&act, read(2, 4, 6, &[])), []);
        assert_eq!(of(&act, read(2, 4, 6, &[&act])), [Promise::Early]);
        let by = Act { told: Told::Done { rows: 2, at: Some(At::By(7)) }, ..act.clone() };
        assert_eq!(of(&by, read(2, 4, 6, &[&by])), []);
        assert_eq!(of(&by, read(2, 4, 7, &[])), [Promise::Lost]);
    }

    #[test]
    fn an_older_version_after_a_newer_is_lost_or_went_back() {
        let one = put("p", "w1", 2).at(1, 2).told(2);
        let two = put("p", "w2", 2).at(3, 4).told(2);
        let acts = vec![one.clone(), two.clone()];
        assert_eq!(broken(&history(acts.clone(), vec![read(5, 6, 9, &[&two])])), []);
        assert_eq!(broken(&history(acts, vec![read(5, 6, 9, &[&one])])), [Promise::Lost]);
        // Nobody was answered, but somebody saw it.
        let doubt = two.doubt(3);
        let acts = vec![one.clone(), doubt.clone()];
        let seen = read(5, 6, 8, &[&doubt]);
        let old = |seq| read(7, 8, seq, &[&one]);
        assert_eq!(broken(&history(acts.clone(), vec![seen.clone()])), []);
        assert_eq!(broken(&history(acts.clone(), vec![old(8)])), []);
        let back = broken(&history(acts, vec![seen, old(9)]));
        assert_eq!(back, [Promise::Back]);
    }

    #[test]
    fn what_was_deleted_stays_deleted() {
        let one = put("p", "w1", 2).at(1, 2).told(2);
        let gone = delete(&one, "w2").at(3, 4).told(2);
        let acts = vec![one.clone(), gone.clone()];
        assert_eq!(broken(&history(acts.clone(), vec![read(5, 6, 9, &[])])), []);
        assert_eq!(broken(&history(acts, vec![read(5, 6, 9, &[&one])])), [Promise::Lost]);
        let acts = vec![one.clone(), gone.doubt(3)];
        let (there, not) = (read(5, 6, 8, &[&one]), read(7, 8, 9, &[]));
        assert_eq!(broken(&history(acts.clone(), vec![there.clone(), not.clone()])), []);
        let again = Read { back: not.back, call: not.call, ..read(0, 0, 10, &[&one]) };
        assert_eq!(broken(&history(acts, vec![not, again])), [Promise::Back]);
    }

    #[test]
    fn what_was_refused_is_never_there() {
        let act = put("p", "w1", 2).at(1, 2).refused();
        let of = |read| broken(&history(vec![act.clone()], vec![read]));
        assert_eq!(of(read(3, 4, 5, &[])), []);
        assert_eq!(of(read(3, 4, 5, &[&act])), [Promise::Refused]);
        let one = put("p", "w0", 2).at(0, 1).told(2);
        let gone = delete(&one, "w1").at(2, 3).refused();
        let acts = vec![one.clone(), gone];
        assert_eq!(broken(&history(acts.clone(), vec![read(4, 5, 6, &[&one])])), []);
        assert_eq!(broken(&history(acts, vec![read(4, 5, 6, &[])])), [Promise::Lost]);
    }

    #[test]
    fn what_was_not_asked_for_yet_is_not_there() {
        let act = put("p", "w1", 2).doubt(5);
        let of = |read| broken(&history(vec![act.clone()], vec![read]));
        assert_eq!(of(read(3, 6, 5, &[&act])), []);
        assert_eq!(of(read(3, 4, 5, &[&act])), [Promise::Early]);
    }

    #[test]
    fn a_life_ends_with_its_namespace_and_another_begins() {
        let end = |token| act("life", token, What::End, Vec::new());
        let one = put("life", "w1", 3).at(1, 2).told(3);
        let gone = end("w2").at(3, 4).told(0);
        let two = put("life", "w3", 2).at(7, 8).told(2);
        let acts = vec![one.clone(), gone, two.clone()];
        let of = |read| broken(&history(acts.clone(), vec![read]));
        assert_eq!(of(absent(5, 6)), []);
        assert_eq!(of(read(9, 10, 20, &[&two])), []);
        assert_eq!(of(absent(9, 10)), [Promise::Lost]);
        assert_eq!(of(read(5, 6, 20, &[&one])), [Promise::Lost]);
        assert_eq!(of(read(9, 10, 20, &[&one])), [Promise::Lost]);
    }
}
