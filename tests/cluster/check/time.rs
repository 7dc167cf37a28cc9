//! Slots only go up: who begins after somebody was told of a slot reads to it at least, and writes
//! behind it. What is stale, and what was written behind another's back, shows here first.

use super::{Promise, Violation};
use crate::history::{Effect, History, Level, Moment};

/// The highest slot of which anybody had been told by then, and who.
struct Known<'h> {
    from: Moment,
    slot: u64,
    who: &'h str,
}

pub(super) fn check(history: &History, found: &mut Vec<Violation>) {
    let known = known(history);
    let before = |call: Moment| {
        let many = known.partition_point(|known| known.from < call);
        many.checked_sub(1).map(|last| &known[last])
    };
    let mut tell = |near, told| {
        found.push(Violation { promise: Promise::Stale, thing: None, near, told });
    };
    for read in &history.reads {
        let Some(seen) = &read.seen else { continue };
        let seq = seen.seq;
        if let Some(floor) = read.floor.filter(|floor| *floor > seq) {
            tell(read.back, format!("a read that was to see slot {floor} saw up to {seq}"));
        }
        if let Some(known) = before(read.call).filter(|known| known.slot > seq)
            && read.level == Level::Strong
        {
            let Known { slot, who, .. } = known;
            tell(read.back, format!("a strong read saw up to {seq}; before it, {who}: {slot}"));
        }
    }
    for act in history.acts.iter().filter(|act| act.effect() == Effect::Certain) {
        if let Some(slot) = act.slot()
            && let Some(known) = before(act.call).filter(|known| known.slot >= slot)
        {
            let (token, Known { slot: least, who, .. }) = (act.token(), known);
            tell(act.back, format!("{token} is told slot {slot}; before it, {who}: {least}"));
        }
    }
}

fn known(history: &History) -> Vec<Known<'_>> {
    let certain = history.acts.iter().filter(|act| act.effect() == Effect::Certain);
    let told = certain.filter_map(|act| Some((act.back, act.slot()?, act.token())));
    let seen = history.reads.iter().filter_map(|read| {
        let seq = read.seen.as_ref()?.seq;
        Some((read.back, seq, "a read"))
    });
    let mut known: Vec<Known<'_>> =
        told.chain(seen).map(|(from, slot, who)| Known { from, slot, who }).collect();
    known.sort_by_key(|known| known.from);
    for at in 1..known.len() {
        if known[at - 1].slot > known[at].slot {
            (known[at].slot, known[at].who) = (known[at - 1].slot, known[at - 1].who);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use crate::check::Promise;
    use crate::check::samples::*;
    use crate::history::{At, History, Level, Told};

    /// An act at 1 to 2 in slot 7, and a read from 3 to 4.
    fn history(seq: u64) -> History {
        let act = put("p", "w1", 1).at(1, 2).done(1, 7);
        let shows = if seq < 7 { vec![] } else { vec![&act] };
        let reads = vec![read(3, 4, seq, &shows)];
        History { acts: vec![act], reads, ..History::default() }
    }

    #[test]
    fn a_strong_read_that_ends_before_a_known_slot_is_stale() {
        assert_eq!(broken(&history(7)), []);
        assert_eq!(broken(&history(8)), []);
        assert_eq!(broken(&history(6)), [Promise::Stale]);
        let mut eventual = history(6);
        eventual.reads[0].level = Level::Eventual;
        assert_eq!(broken(&eventual), []);
        eventual.reads[0].floor = Some(7);
        assert_eq!(broken(&eventual), [Promise::Stale]);
        let mut together = history(6);
        together.acts[0].back = together.reads[0].back;
        assert_eq!(broken(&together), []);
    }

    #[test]
    fn reads_do_not_go_back() {
        let mut history = history(9);
        let act = history.acts[0].clone();
        history.reads.push(read(5, 6, 9, &[&act]));
        assert_eq!(broken(&history), []);
        history.reads.push(read(7, 8, 8, &[&act]));
        assert_eq!(broken(&history), [Promise::Stale]);
    }

    #[test]
    fn a_write_lies_behind_all_that_was_known_when_it_was_sent() {
        let of = |told| {
            let mut history = history(9);
            let mut late = put("q", "w2", 1).at(5, 6);
            late.told = told;
            history.acts.push(late);
            broken(&history)
        };
        assert_eq!(of(Told::Done { rows: 1, at: Some(At::Slot(10)) }), []);
        assert_eq!(of(Told::Done { rows: 1, at: Some(At::Slot(9)) }), [Promise::Stale]);
        assert_eq!(of(Told::Done { rows: 1, at: Some(At::By(0)) }), [Promise::Stale]);
        assert_eq!(of(Told::Refused { status: 503 }), []);
    }
}
