//! While a name is read-only, nothing is written to it: who asks after that was acknowledged, and has an
//! answer before the end of it is asked for, is told no.

use super::{Promise, Violation};
use crate::history::{History, Told};

pub(super) fn check(history: &History, found: &mut Vec<Violation>) {
    for frost in &history.frosts {
        let acts = history.acts.iter();
        for act in acts.filter(|act| frost.from < act.call && act.back < frost.until) {
            let Told::Done { rows, .. } = act.told else { continue };
            let told = format!("{} changed {rows} rows of what was read-only", act.token());
            let thing = Some(act.draft.thing.clone());
            found.push(Violation { promise: Promise::Thawed, thing, near: act.back, told });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Promise;
    use crate::check::samples::*;
    use crate::history::{Act, Frost, History, Moment};

    #[test]
    fn what_is_asked_and_answered_while_a_name_is_read_only_is_refused() {
        let broken = |act: Act| {
            let frosts = vec![Frost { from: Moment(10), until: Moment(20) }];
            broken(&History { acts: vec![act], frosts, ..History::default() })
        };
        let act = || put("p", "w1", 2);
        assert_eq!(broken(act().at(11, 19).done(2, 5)), [Promise::Thawed]);
        assert_eq!(broken(act().at(11, 19).refused()), []);
        assert_eq!(broken(act().doubt(11)), []);
        // Before it was said, or after it was asked to end, it may have been done.
        assert_eq!(broken(act().at(9, 19).done(2, 5)), []);
        assert_eq!(broken(act().at(11, 21).done(2, 5)), []);
    }
}
