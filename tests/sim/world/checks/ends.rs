//! Every end of a name was asked for, and every end that was told took place: between the call and the
//! return, and once for each of them.

use super::super::words::{Act, Broken, Moment, Said, Wish};
use super::past::Past;
use super::{broken, spelt};

pub(super) fn judge(acts: &[&Act], past: &Past<'_>) -> Result<(), Broken> {
    let name = past.name;
    let mut told: Vec<&Act> = Vec::new();
    let mut unknown: Vec<&Act> = Vec::new();
    for act in acts.iter().filter(|act| act.wish == Wish::End) {
        match &act.said {
            Said::Ended => told.push(act),
            Said::Unknown(_) => unknown.push(act),
            Said::Absent if past.gone_between(act.call, act.back).is_none() => {
                let told = "was told that there is no such name, and it was there all the time";
                return broken(format!("{}, to end {name}, {told}", spelt(act)));
            }
            _ => {}
        }
    }
    for (seq, at) in past.lives.iter().filter_map(|life| life.ended) {
        let asked = |act: &&Act, back: Moment| act.call < at && at < back;
        let open = told.iter().enumerate().filter(|(_, act)| asked(act, act.back));
        // Who must be served first, is.
        if let Some((found, _)) = open.min_by_key(|(_, act)| act.back) {
            told.swap_remove(found);
        } else if let Some(found) = unknown.iter().position(|act| asked(act, Moment::NEVER)) {
            unknown.swap_remove(found);
        } else {
            return broken(format!(
                "slot {seq} of {name} ends it, and nobody who may have it asked"
            ));
        }
    }
    match told.first() {
        Some(act) => {
            broken(format!("{} was told that {name} ended, and no slot says so", spelt(act)))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::words::Entry;
    use super::super::sketch::{Sketch, doc, opening, unknown};
    use super::*;

    fn told(sketch: &Sketch) -> String {
        let pasts = Past::all(&sketch.history).unwrap();
        let acts: Vec<&Act> = sketch.history.acts.iter().collect();
        let judged = pasts.values().map(|past| judge(&acts, past)).find_map(Result::err);
        judged.map_or(String::new(), |broken| broken.0)
    }

    fn live(sketch: &mut Sketch, inc: u128, seq: u64) {
        sketch.land(inc, seq, inc as u64, opening(&[(7, doc(1, 0))], &[]));
    }

    fn die(sketch: &mut Sketch, inc: u128, seq: u64) {
        sketch.land(inc, seq, inc as u64, Entry::End);
    }

    #[test]
    fn each_end_is_somebodys() {
        let mut sketch = Sketch::default();
        live(&mut sketch, 1, 1);
        let lost = sketch.call(1, 0, Wish::End);
        let first = sketch.call(2, 1, Wish::End);
        let second = sketch.call(3, 2, Wish::End);
        die(&mut sketch, 1, 2);
        live(&mut sketch, 2, 3);
        sketch.back(lost, unknown());
        die(&mut sketch, 2, 4);
        sketch.back(second, Said::Ended);
        let absent = sketch.call(4, 2, Wish::End);
        sketch.back(absent, Said::Absent);
        live(&mut sketch, 3, 5);
        die(&mut sketch, 3, 6);
        sketch.back(first, Said::Ended);
        assert_eq!(told(&sketch), "", "one of three was unknown, and took effect late or early");
    }

    #[test]
    fn an_end_that_nobody_asked_for_or_that_was_not_committed_is_told() {
        for said in [None, Some(Said::NotCommitted("no room".into())), Some(Said::Absent)] {
            let mut sketch = Sketch::default();
            live(&mut sketch, 1, 1);
            if let Some(said) = said {
                let act = sketch.call(1, 0, Wish::End);
                die(&mut sketch, 1, 2);
                sketch.back(act, said);
            } else {
                die(&mut sketch, 1, 2);
            }
            assert!(told(&sketch).contains("slot 2 of n ends it"), "{}", told(&sketch));
        }
    }

    #[test]
    fn an_end_that_was_told_and_is_not_in_the_log_is_told() {
        let mut sketch = Sketch::default();
        live(&mut sketch, 1, 1);
        let [first, second] = [1, 2].map(|no| sketch.call(no, 0, Wish::End));
        die(&mut sketch, 1, 2);
        sketch.back(first, Said::Ended);
        assert_eq!(told(&sketch), "");
        sketch.back(second, Said::Ended);
        assert!(told(&sketch).contains("no slot says so"), "{}", told(&sketch));
    }

    #[test]
    fn a_404_for_a_name_that_is_there_is_told() {
        let mut sketch = Sketch::default();
        let early = sketch.call(1, 0, Wish::End);
        live(&mut sketch, 1, 1);
        sketch.back(early, Said::Absent);
        assert_eq!(told(&sketch), "");
        let late = sketch.call(2, 0, Wish::End);
        sketch.back(late, Said::Absent);
        assert!(told(&sketch).contains("there all the time"), "{}", told(&sketch));
    }
}
