//! Answers that are wrong by themselves: another number of rows than was named, and another answer
//! to the same request with the same key.

use super::{Promise, Violation};
use crate::history::{Act, History, Told};

pub(super) fn check(history: &History, found: &mut Vec<Violation>) {
    for act in &history.acts {
        let Told::Done { rows, .. } = act.told else { continue };
        let asked = act.draft.what.asked(&act.draft.rows);
        let some = if act.draft.what.is_conditional() { rows <= asked } else { rows == asked };
        if !some {
            let told = format!("{} names {asked} rows, and {rows} were changed", act.token());
            found.push(breaks(Promise::Miscounted, act, told));
        }
    }
    for read in &history.reads {
        let Some(seen) = read.seen.as_ref().filter(|seen| seen.count != seen.rows.len() as u64)
        else {
            continue;
        };
        let told = format!("{} rows were counted, and {} shown", seen.count, seen.rows.len());
        let promise = Promise::Miscounted;
        found.push(Violation { promise, thing: None, near: read.back, told });
    }
    for echo in &history.echoes {
        let act = &history.acts[echo.of];
        let Told::Done { rows, .. } = act.told else { continue };
        if rows != echo.rows || act.slot() > echo.slot {
            let (first, again) = ((rows, act.slot()), (echo.rows, echo.slot));
            let told = format!(
                "{} was told (rows, slot) {first:?} and, at {}, {again:?}",
                act.token(),
                echo.back.0
            );
            found.push(breaks(Promise::Echoed, act, told));
        }
    }
}

fn breaks(promise: Promise, act: &Act, told: String) -> Violation {
    Violation { promise, thing: Some(act.draft.thing.clone()), near: act.back, told }
}

#[cfg(test)]
mod tests {
    use crate::check::Promise;
    use crate::check::samples::*;
    use crate::history::{Act, Beyond, Echo, History, Moment, What};

    fn of(act: Act) -> History {
        History { acts: vec![act.at(1, 2)], ..History::default() }
    }

    #[test]
    fn an_answer_counts_the_rows_of_its_request() {
        let all = put("p", "w1", 3);
        assert_eq!(broken(&of(all.clone().done(3, 5))), []);
        assert_eq!(broken(&of(all.clone().done(2, 5))), [Promise::Miscounted]);
        assert_eq!(broken(&of(all.clone().done(0, 5))), [Promise::Miscounted]);
        assert_eq!(broken(&of(delete(&all, "w2").done(2, 5))), [Promise::Miscounted]);
        assert_eq!(broken(&of(step("w1", -1).done(2, 5))), [Promise::Miscounted]);
        let found = |rows| {
            let ids = ["p/0", "p/1", "p/2"].map(str::to_owned).into();
            let what = What::DeleteFound { by: "w1".to_owned(), ids, beyond: Beyond::Left };
            broken(&of(act("p", "w2", what, Vec::new()).done(rows, 5)))
        };
        assert_eq!(found(3), []);
        assert_eq!(found(4), [Promise::Miscounted]);
    }

    #[test]
    fn a_patch_on_a_condition_that_does_not_hold_changes_nothing() {
        let one = put("p", "w1", 2).at(1, 2).done(2, 5);
        let rows = one.draft.rows.iter().map(|row| row.stamped(2, "w2")).collect();
        let missed = act("p", "w2", What::PatchMissed { by: "w2".to_owned() }, rows);
        let of = |missed: Act, shown: &Act| {
            let (acts, reads) = (vec![one.clone(), missed], vec![read(5, 6, 9, &[shown])]);
            broken(&History { acts, reads, ..History::default() })
        };
        let none = missed.clone().at(3, 4).done(0, 5);
        assert_eq!(of(none.clone(), &one), []);
        assert_eq!(of(none.clone(), &none), [Promise::Refused]);
        assert_eq!(of(missed.clone().at(3, 4).done(2, 6), &one), [Promise::Miscounted]);
        // Nor does one of which nothing was heard.
        assert_eq!(of(missed.clone().doubt(3), &one), []);
        assert_eq!(of(missed.clone().doubt(3), &missed), [Promise::Refused]);
    }

    #[test]
    fn a_read_counts_what_it_shows() {
        let mut history = of(put("p", "w1", 3).done(3, 5));
        let mut read = read(3, 4, 5, &[&history.acts[0]]);
        read.seen.as_mut().unwrap().count = 2;
        history.reads.push(read);
        assert_eq!(broken(&history), [Promise::Miscounted]);
    }

    #[test]
    fn the_same_request_with_the_same_key_has_one_answer() {
        let echoed = |rows, slot| {
            let mut history = of(put("p", "w1", 3).done(3, 5));
            history.echoes.push(Echo { of: 0, back: Moment(9), rows, slot });
            broken(&history)
        };
        assert_eq!(echoed(3, Some(5)), []);
        assert_eq!(echoed(3, Some(8)), []);
        for (rows, slot) in [(0, Some(5)), (3, Some(0)), (3, None)] {
            assert_eq!(echoed(rows, slot), [Promise::Echoed], "{rows} {slot:?}");
        }
    }
}
