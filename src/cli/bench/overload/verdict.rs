//! What came of three waves of requests: what is comfortable, three times of what can be done, and what
//! is comfortable again. Pure: requests in, figures out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::capacity::Capacity;
use super::flood::{Call, Fate, Wave};
use crate::cli::bench::finding::Finding;
use crate::cli::bench::samples::{Samples, sample};

/// Of what can be done.
const COMFORTABLE: f64 = 1.0 / 3.0;
const TOO_MUCH: f64 = 3.0;

/// Who is answered in the midst of too much may wait so much longer.
const SLOWER_MAX: f64 = 2.0;
/// When less comes, it is as before within so many seconds.
const RECOVERY_MAX: f64 = 5.0;
/// As before is at most so much slower than the slowest sight before: of the few requests of one sight,
/// the slowest differ by chance.
const AS_BEFORE: f64 = 1.25;
/// What is looked at together, and where the next look begins.
const SIGHT: Duration = Duration::from_secs(1);
const STRIDE: Duration = Duration::from_millis(100);
const OK: Fate = Fate::Answered(200);

/// So much is asked for, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) capacity: Capacity,
    /// How long it is comfortable, before.
    pub(super) calm: Duration,
    /// How long it is too much.
    pub(super) lasts: Duration,
    /// How long it is comfortable again.
    pub(super) after: Duration,
}

impl Course {
    pub(super) fn waves(&self) -> Vec<Wave> {
        let wave = |times: f64, lasts| Wave { per_second: times * self.capacity.per_second, lasts };
        let comfortable = |lasts| wave(COMFORTABLE, lasts);
        vec![comfortable(self.calm), wave(TOO_MUCH, self.lasts), comfortable(self.after)]
    }

    pub(super) fn findings(&self, calls: &[Call]) -> Vec<Finding> {
        let (begins, ends) = (self.calm, self.calm + self.lasts);
        let before = Part::of(calls, |due| due < begins);
        let during = Part::of(calls, |due| begins <= due && due < ends);
        let after = Part::of(calls, |due| ends <= due);
        let Capacity { per_second, clients } = self.capacity;
        let unloaded_ms = before.answered.quantile_ms(0.99);
        let p99_ms = during.answered.quantile_ms(0.99);
        let p50 = |part: &Part| format!("p50 {:.2} ms", part.answered.quantile_ms(0.5));
        let count = |part: &Part| part.answered.count() as f64;
        let goodput = count(&during) / self.lasts.as_secs_f64() / per_second;
        let refusals = format!("p99 {:.2} ms", during.refused.quantile_ms(0.99));
        let mut findings = vec![
            Finding::of("what can be done", per_second, "/s")
                .beside(format!("by {clients} clients that ask on when they are answered")),
            Finding::of("p99, comfortable", unloaded_ms, "ms").beside(format!(
                "a third of that; {}, {} requests",
                p50(&before),
                count(&before)
            )),
            Finding::of("p99 of who is let in, at three times", p99_ms, "ms").beside(format!(
                "{}, {} requests",
                p50(&during),
                count(&during)
            )),
            Finding::of("slower than comfortable", p99_ms / unloaded_ms, "times")
                .at_most(SLOWER_MAX),
            Finding::of("of what can be done is done", 100.0 * goodput, "%"),
            Finding::of("sent away", during.sent_away() as f64, "").beside(refusals),
        ];
        findings.extend(others(calls));
        findings
            .extend(self.afterwards(&after, self.slowest_ms(&before, Duration::ZERO, self.calm)));
        findings
    }

    fn afterwards(&self, after: &Part, slowest_ms: f64) -> [Finding; 2] {
        let began = self.calm + self.lasts;
        let since = self.recovery(after, slowest_ms);
        let last = after.last_sent_away().map_or(String::new(), |due| {
            format!(", the last of them after {:.2} s", (due - began).as_secs_f64())
        });
        let rest =
            since.map_or(f64::NAN, |since| self.slowest_ms(after, since, began + self.after));
        [
            Finding::of("as before again after", seconds(since, began), "s")
                .at_most(RECOVERY_MAX)
                .beside(format!("{} were sent away when less came{last}", after.sent_away())),
            Finding::of("p99 of the slowest second from then on", rest, "ms")
                .beside(format!("{slowest_ms:.2} ms before")),
        ]
    }

    /// From then on it was as before, to the end: nobody is sent away any more, the next second is as
    /// quick, and all that comes together is.
    fn recovery(&self, after: &Part, slowest_ms: f64) -> Option<Duration> {
        let began = self.calm + self.lasts;
        let is_quick = |part: &Part| {
            part.is_all_answered() && part.answered.quantile_ms(0.99) <= AS_BEFORE * slowest_ms
        };
        let mut sights = self.sights(after, began, began + self.after);
        let found = sights.find(|(from, seen)| {
            is_quick(seen) && is_quick(&Part::of(&after.calls, |due| *from <= due))
        });
        found.map(|(from, _)| from)
    }

    /// The p99 of the slowest sight.
    fn slowest_ms(&self, part: &Part, begins: Duration, ends: Duration) -> f64 {
        let sights = self.sights(part, begins, ends);
        sights.map(|(_, seen)| seen.answered.quantile_ms(0.99)).fold(f64::NAN, f64::max)
    }

    /// What was due together, and from when on.
    fn sights(
        &self,
        part: &Part,
        begins: Duration,
        ends: Duration,
    ) -> impl Iterator<Item = (Duration, Part)> {
        let sight = SIGHT.min(self.calm / 2);
        let froms = (0_u32..).map(move |at| begins + at * STRIDE);
        froms
            .take_while(move |from| *from + sight <= ends)
            .map(move |from| (from, Part::of(&part.calls, |due| from <= due && due < from + sight)))
    }
}

/// No number: never.
fn seconds(since: Option<Duration>, began: Duration) -> f64 {
    since.map_or(f64::NAN, |since| (since - began).as_secs_f64())
}

/// What no machine is too slow for, and how long after it one client was answered again and again. How
/// long anything took is none of it.
pub(super) fn faults(calls: &[Call], again: Option<Duration>) -> Vec<String> {
    let odd = odd(calls);
    let odd = (!odd.is_empty()).then(|| format!("neither answered nor sent away: {}", told(&odd)));
    let never = "when it was over, one client that asked alone was not let in again";
    odd.into_iter().chain(again.is_none().then(|| never.to_owned())).collect()
}

/// What is no answer to too much, and how often it was there.
fn odd(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut odd = BTreeMap::new();
    for call in calls {
        let what = match call.fate {
            Fate::Answered(200 | 429 | 503) | Fate::Unsent => continue,
            Fate::Answered(status) => format!("with {status}"),
            Fate::Broken => "not answered".to_owned(),
        };
        *odd.entry(what).or_default() += 1;
    }
    odd
}

fn told(odd: &BTreeMap<String, usize>) -> String {
    let told: Vec<String> = odd.iter().map(|(what, count)| format!("{count} {what}")).collect();
    told.join(", ")
}

/// What should not be, and what the clients did.
fn others(calls: &[Call]) -> [Finding; 3] {
    let odd = odd(calls);
    let unsent = calls.iter().filter(|call| call.fate == Fate::Unsent).count();
    let late = Samples::of(calls.iter().map(|call| sample(call.late)).collect());
    [
        Finding::of("neither answered nor sent away", odd.values().sum::<usize>() as f64, "")
            .at_most(0.0)
            .beside(told(&odd)),
        Finding::of("not sent", unsent as f64, "").beside("too many others were under way"),
        Finding::of("sent late, p99", late.quantile_ms(0.99), "ms")
            .beside("counted in what a request took"),
    ]
}

/// What was due in a part of the time.
struct Part {
    calls: Vec<Call>,
    answered: Samples,
    refused: Samples,
}

impl Part {
    fn of(calls: &[Call], is_due: impl Fn(Duration) -> bool) -> Self {
        let calls: Vec<Call> = calls.iter().filter(|call| is_due(call.due)).copied().collect();
        let took = |is: fn(Fate) -> bool| {
            let those = calls.iter().filter(|call| is(call.fate));
            Samples::of(those.map(|call| sample(call.took)).collect())
        };
        let answered = took(|fate| fate == OK);
        let refused = took(is_sent_away);
        Self { calls, answered, refused }
    }

    fn is_all_answered(&self) -> bool {
        !self.calls.is_empty() && self.answered.count() == self.calls.len()
    }

    fn sent_away(&self) -> usize {
        self.refused.count()
    }

    fn last_sent_away(&self) -> Option<Duration> {
        let away = self.calls.iter().filter(|call| is_sent_away(call.fate));
        away.map(|call| call.due).max()
    }
}

fn is_sent_away(fate: Fate) -> bool {
    matches!(fate, Fate::Answered(429 | 503))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::finding::Aim;

    const CALM: Duration = Duration::from_secs(4);
    const LASTS: Duration = Duration::from_secs(10);
    const AFTER: Duration = Duration::from_secs(5);

    fn course() -> Course {
        let capacity = Capacity { per_second: 300.0, clients: 4 };
        Course { capacity, calm: CALM, lasts: LASTS, after: AFTER }
    }

    /// So many, one every so many milliseconds from then on, which all took as long.
    fn calls(from: Duration, many: u32, gap_ms: u64, took_ms: u64, fate: Fate) -> Vec<Call> {
        let took = Duration::from_millis(took_ms);
        let call = |at: u32| {
            let due = from + at * Duration::from_millis(gap_ms);
            Call { due, late: Duration::ZERO, took, fate }
        };
        (0..many).map(call).collect()
    }

    /// All of a server that does what it should: as before two seconds after there was too much.
    fn good() -> Vec<Call> {
        let end = CALM + LASTS;
        let second = Duration::from_secs(1);
        [
            calls(Duration::ZERO, 400, 10, 10, OK),
            calls(CALM, 2400, 4, 18, OK),
            calls(CALM, 5000, 2, 1, Fate::Answered(429)),
            calls(end, 100, 10, 40, OK),
            calls(end + second, 1, 10, 1, Fate::Answered(503)),
            calls(end + second, 400, 10, 10, OK),
        ]
        .concat()
    }

    fn cells(calls: &[Call], what: &str) -> [String; 4] {
        let findings = course().findings(calls);
        let rows = findings.iter().map(|finding| finding.cells(Aim::Judged));
        rows.into_iter().find(|cells| cells[0] == what).unwrap()
    }

    #[test]
    fn a_course_is_comfortable_then_too_much_and_comfortable_again() {
        let waves = course().waves();
        let told: Vec<(f64, u64)> =
            waves.iter().map(|wave| (wave.per_second, wave.lasts.as_secs())).collect();
        assert_eq!(told, [(100.0, 4), (900.0, 10), (100.0, 5)]);
    }

    #[test]
    fn who_is_let_in_is_compared_with_who_came_before() {
        let calls = good();
        assert_eq!(cells(&calls, "p99, comfortable")[1], "10 ms");
        assert_eq!(cells(&calls, "p99 of who is let in, at three times")[1], "18 ms");
        let [_, times, judged, _] = cells(&calls, "slower than comfortable");
        assert_eq!((&*times, &*judged), ("1.80 times", "≤ 2 times, met"));
        assert_eq!(cells(&calls, "of what can be done is done")[1], "80 %");
        let [_, away, _, beside] = cells(&calls, "sent away");
        assert_eq!((&*away, &*beside), ("5,000", "p99 1.00 ms"));
    }

    #[test]
    fn it_is_as_before_when_all_are_answered_as_quickly() {
        let [_, seconds, judged, beside] = cells(&good(), "as before again after");
        // The one that was sent away came in the first moment of the second second.
        assert_eq!((&*seconds, &*judged), ("1.10 s", "≤ 5 s, met"));
        let told = "1 were sent away when less came, the last of them after 1.00 s";
        assert_eq!(beside, told);
        let rest = "p99 of the slowest second from then on";
        assert_eq!(cells(&good(), rest)[1..], ["10 ms", "", "10.00 ms before"]);
        let slow = [good(), calls(CALM + LASTS, 500, 10, 40, OK)].concat();
        assert_eq!(cells(&slow, rest)[1], "none");
        let [_, seconds, judged, _] = cells(&slow, "as before again after");
        assert_eq!((&*seconds, &*judged), ("none", "≤ 5 s, MISSED"));
    }

    /// The first good second was once taken for the end of it, whatever came then.
    #[test]
    fn it_is_not_as_before_while_it_becomes_worse_again() {
        let end = CALM + LASTS;
        let recovered = |more: Vec<Call>| {
            let [_, seconds, ..] = cells(&[good(), more].concat(), "as before again after");
            seconds
        };
        let sent_away = Fate::Answered(429);
        for (at_ms, fate, took_ms, expected) in [
            (2_000, sent_away, 1, "2.10 s"),
            (3_450, sent_away, 1, "3.50 s"),
            (3_450, Fate::Unsent, 1, "3.50 s"),
            (4_990, sent_away, 1, "none"),
            // Of a hundred requests, one may be slow.
            (3_450, OK, 900, "1.10 s"),
        ] {
            let more = calls(end + Duration::from_millis(at_ms), 1, 1, took_ms, fate);
            assert_eq!(recovered(more), expected, "{at_ms} {fate:?}");
        }
        let slow = |many| calls(end + Duration::from_millis(3_450), many, 1, 900, OK);
        assert_eq!(recovered(slow(10)), "3.50 s");
        // The machine stands still for a moment, which has nothing to do with what was too much.
        assert_eq!(recovered(slow(3)), "1.10 s");
    }

    /// A second that is slow by chance is no reason to call what comes later slow.
    #[test]
    fn as_before_is_as_quick_as_the_slowest_second_before() {
        let of = |calls: &[Call]| {
            course().slowest_ms(&Part::of(calls, |due| due < CALM), Duration::ZERO, CALM)
        };
        assert_eq!(of(&good()), 10.0);
        let slower = calls(Duration::from_secs(2), 10, 1, 30, OK);
        assert_eq!(of(&[good(), slower].concat()), 30.0);
        assert!(of(&[]).is_nan());
    }

    #[test]
    fn a_fault_is_an_odd_answer_or_no_end_and_never_a_time() {
        let soon = Some(Duration::from_millis(1));
        assert_eq!(faults(&good(), soon), Vec::<String>::new());
        let slow = [good(), calls(CALM + LASTS, 500, 10, 60_000, OK)].concat();
        assert_eq!(faults(&slow, Some(Duration::from_secs(50))), Vec::<String>::new());
        let odd = [good(), calls(CALM, 2, 1, 1, Fate::Answered(500))].concat();
        assert_eq!(faults(&odd, soon), ["neither answered nor sent away: 2 with 500"]);
        let never = "when it was over, one client that asked alone was not let in again";
        assert_eq!(faults(&good(), None), [never]);
        let broken = [good(), calls(CALM, 1, 1, 1, Fate::Broken)].concat();
        assert_eq!(faults(&broken, None).len(), 2);
    }

    #[test]
    fn what_is_no_answer_to_too_much_is_told() {
        let what = "neither answered nor sent away";
        assert_eq!(cells(&good(), what)[2], "≤ 0, met");
        let odd = [
            good(),
            calls(CALM, 2, 1, 1, Fate::Answered(500)),
            calls(CALM, 1, 1, 1, Fate::Broken),
            calls(CALM, 3, 1, 1, Fate::Unsent),
        ]
        .concat();
        let [_, count, judged, told] = cells(&odd, what);
        assert_eq!((&*count, &*judged), ("3", "≤ 0, MISSED"));
        assert_eq!(told, "1 not answered, 2 with 500");
        assert_eq!(cells(&odd, "not sent")[1], "3");
    }
}
