//! How fast a name commits, and how many of its writes may wait for that.
//!
//! All who wait share the next slot, so that writes wait for two slots, be they many or few. But a slot
//! that holds many takes longer, for they are evaluated and packed: where more come than that can be done
//! for, slots grow without end, and with them what everybody waits. That is a rush, in which no more are
//! let in than a slot holds that takes about as long as ever, and all others are told so at once
//! (`docs/decisions/0019-overload.md`).

use std::time::Duration;

/// So many, each of which asks again when it was answered, are no rush.
pub(crate) const CROWD_WRITES: usize = 128;
/// Nor is it one where they make a slot longer by no more than this, or than by three that hold little.
pub(crate) const LONGER_MAX: Duration = Duration::from_millis(50);
const SLOW_SLOTS: u32 = 3;
/// What a slot should take in a rush; where the store is slower, three quarters longer than one that
/// holds little.
const TURN: Duration = Duration::from_millis(4);
/// So many are let in, however long they take: and what a slot of no more takes, it takes for the store.
const FEW: usize = 8;
/// By such a part of itself, what a slot of few takes may grow with each.
const DRIFT: u32 = 8;
/// What a request adds is known of about so many slots, and holds for slots so many times as large.
const SAMPLES: u32 = 4;
const FAR: usize = 8;
/// How many times as much as before a slot may say that a request adds.
const LEAP: u32 = 2;
/// A request that adds less adds nothing, for parts of it are rounded away.
const TRIFLE: Duration = Duration::from_micros(1);
/// Of what came and was sent away, no more is held against those who come later.
const GRUDGE: Duration = Duration::from_millis(500);

/// Time is that of one clock.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// What a slot takes that holds little.
    least: Duration,
    /// What a request adds to that, on average.
    each: Duration,
    /// How many the last slot holds that is on its way, or was.
    held: usize,
    /// When one was committed last.
    before: Duration,
    /// When all that came would be committed, had nobody been sent away. None: there is no rush.
    until: Option<Duration>,
}

impl Pace {
    /// Whether one more is let in, where so many wait.
    pub(super) fn comes(&mut self, waiting: usize, now: Duration) -> bool {
        self.until = self.until.filter(|until| *until > now);
        if self.until.is_none() {
            let longer = self.all_of(waiting.min(self.held * FAR));
            if waiting < CROWD_WRITES || longer <= LONGER_MAX.max(self.least * SLOW_SLOTS) {
                return true;
            }
            self.until = Some(now + GRUDGE);
        }
        self.until = self.until.map(|until| (until + self.each).min(now + GRUDGE));
        waiting < FEW || self.least + self.all_of(waiting) < TURN.max(self.least * 7 / 4)
    }

    /// A slot of so many requests is on its way.
    pub(super) fn sent(&mut self, held: usize) {
        self.held = held;
    }

    /// A slot of so many requests was committed, the first of which was taken up then.
    pub(super) fn committed(&mut self, held: usize, begun: Duration, now: Duration) {
        // While the one before is on its way, it waits for that.
        let took = now.saturating_sub(begun.max(self.before));
        self.before = now;
        if self.least.is_zero() || took < self.least {
            self.least = took;
        } else if held <= FEW {
            self.least = took.min(self.least + self.least / DRIFT);
        }
        if held >= FEW {
            let held = u32::try_from(held).unwrap_or(u32::MAX);
            let each = took.saturating_sub(self.least) / held;
            self.each = match self.each < TRIFLE {
                true => each,
                // A disk or a core that stood still for a moment says nothing of what requests take.
                false => (self.each * (SAMPLES - 1) + each.min(self.each * LEAP)) / SAMPLES,
            };
        }
    }

    /// By how much so many make a slot longer.
    fn all_of(&self, requests: usize) -> Duration {
        self.each.saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_micros(100);
    const SECOND: Duration = Duration::from_secs(1);
    /// What a request takes to be evaluated.
    const EACH: Duration = Duration::from_micros(500);

    /// A name whose slots take so long, and longer by what is in them.
    struct Name {
        pace: Pace,
        now: Duration,
        /// By how much a request makes a slot longer.
        each: Duration,
        /// How long each slot takes, in turn.
        slots: Vec<Duration>,
        at: usize,
        queue: Vec<Duration>,
        /// Those under way, since when, and when they are committed.
        sent: Option<(Vec<Duration>, Duration, Duration)>,
        took: Vec<(Duration, Duration)>,
        away: Vec<Duration>,
    }

    impl Name {
        fn with(slots: &[Duration]) -> Self {
            Self {
                pace: Pace::default(),
                now: SECOND,
                each: EACH,
                slots: slots.to_vec(),
                at: 0,
                queue: Vec::new(),
                sent: None,
                took: Vec::new(),
                away: Vec::new(),
            }
        }

        fn comes(&mut self) {
            match self.pace.comes(self.queue.len(), self.now) {
                true => self.queue.push(self.now),
                false => self.away.push(self.now),
            }
        }

        /// How many were answered.
        fn tick(&mut self) -> usize {
            self.now += TICK;
            let mut answered = 0;
            if let Some((told, since, until)) = self.sent.take() {
                if until > self.now {
                    self.sent = Some((told, since, until));
                    return 0;
                }
                answered = told.len();
                self.pace.committed(answered, since, self.now);
                self.took.extend(told.into_iter().map(|came| (came, self.now - came)));
            }
            if !self.queue.is_empty() {
                let told = std::mem::take(&mut self.queue);
                let slot = self.slots[self.at % self.slots.len()];
                self.at += 1;
                self.pace.sent(told.len());
                let until = self.now + slot + self.each * told.len() as u32;
                self.sent = Some((told, self.now, until));
            }
            answered
        }

        fn run(&mut self, per_second: u32, lasts: Duration) {
            let (until, mut next) = (self.now + lasts, self.now);
            while self.now < until {
                while next <= self.now {
                    self.comes();
                    next += SECOND / per_second;
                }
                self.tick();
            }
        }

        /// So many clients, each of which asks again when it was answered.
        fn run_clients(&mut self, clients: usize, lasts: Duration) {
            let until = self.now + lasts;
            (0..clients).for_each(|_| self.comes());
            while self.now < until {
                let answered = self.tick();
                (0..answered).for_each(|_| self.comes());
            }
        }

        /// Of those who came since then: the time that 99 of 100 took at most, and how many were sent
        /// away.
        fn since(&self, began: Duration) -> (Duration, usize, usize) {
            let came = self.took.iter().filter(|(came, _)| *came >= began);
            let mut took: Vec<Duration> = came.map(|(_, took)| *took).collect();
            took.sort_unstable();
            let away = self.away.iter().filter(|came| **came >= began).count();
            (took[(took.len() * 99).div_ceil(100) - 1], took.len(), away)
        }
    }

    const LOCAL: Duration = Duration::from_millis(8);

    #[test]
    fn at_three_times_what_can_be_committed_whoever_is_let_in_waits_about_as_long_as_ever() {
        let mut name = Name::with(&[LOCAL]);
        name.run(600, 2 * SECOND);
        let (calm, _, away) = name.since(SECOND);
        assert_eq!(away, 0);
        // Until it is known for a rush, those who come are a crowd.
        name.run(6000, SECOND);
        let began = name.now;
        name.run(6000, 20 * SECOND);
        let (rushed, done, away) = name.since(began);
        assert!(rushed <= 2 * calm, "{calm:?}, then {rushed:?}");
        // And most of what can be done is.
        assert!(done > 20 * 700 && away > done, "{done} done, {away} away");

        let dropped = name.now;
        name.run(600, 3 * SECOND);
        let (after, _, away) = name.since(dropped + SECOND);
        assert_eq!(away, 0);
        assert!(after <= 2 * calm, "{after:?}");
    }

    /// As much as waits for the first large slot was once let in behind it, for only what was committed
    /// told how far what is known holds.
    #[test]
    fn a_rush_is_known_while_the_first_large_slot_is_on_its_way() {
        let mut name = Name::with(&[LOCAL]);
        name.run(100, SECOND);
        name.run(1200, SECOND);
        name.run(100, SECOND);
        let began = name.now;
        name.run(6000, SECOND);
        let slowest = name.took.iter().filter(|(came, _)| *came >= began).map(|(_, took)| *took);
        // For that slot, which holds who came during a small one, and for one of a crowd after it.
        let came = (6000.0 * (LOCAL + EACH).as_secs_f64()).ceil() as u32;
        let crowd = CROWD_WRITES as u32;
        assert!(slowest.max().unwrap() <= 2 * LOCAL + (came + crowd) * EACH);
    }

    /// Evaluated before it is sent, a request makes a slot longer all the same.
    #[test]
    fn a_slot_takes_as_long_as_it_is_worked_at_and_does_not_wait_for_another() {
        let mut pace = Pace::default();
        pace.committed(1, SECOND, SECOND + LOCAL);
        pace.committed(2 * FEW, 2 * SECOND, 2 * SECOND + LOCAL + EACH * 2 * FEW as u32);
        assert_eq!((pace.least, pace.each), (LOCAL, EACH));
        let mut pace = Pace { least: LOCAL, before: 2 * SECOND, ..Pace::default() };
        pace.committed(2 * FEW, SECOND, 2 * SECOND + LOCAL + EACH * 2 * FEW as u32);
        assert_eq!((pace.least, pace.each), (LOCAL, EACH));
    }

    /// Quarters of three nanoseconds were three nanoseconds for good.
    #[test]
    fn what_a_request_adds_is_learnt_anew_however_little_it_was() {
        let mut pace = Pace { least: LOCAL, each: Duration::from_nanos(3), ..Pace::default() };
        pace.committed(2 * FEW, SECOND, SECOND + LOCAL + EACH * 2 * FEW as u32);
        assert_eq!(pace.each, EACH);
    }

    #[test]
    fn what_a_store_takes_is_no_rush() {
        let far: Vec<Duration> = [100, 180, 110, 150].map(Duration::from_millis).into();
        let mut name = Name::with(&far);
        name.run_clients(256, 20 * SECOND);
        assert_eq!(name.since(SECOND).2, 0);
    }

    #[test]
    fn a_crowd_of_clients_that_ask_on_is_served_whole() {
        let mut name = Name::with(&[LOCAL]);
        name.run_clients(CROWD_WRITES, 10 * SECOND);
        assert_eq!(name.since(SECOND).2, 0);
    }

    /// It may be taken for a rush at first, and then slots of few show what it is.
    #[test]
    fn a_store_that_came_to_be_slow_is_soon_no_rush_any_more() {
        let mut name = Name::with(&[LOCAL]);
        name.run(600, SECOND);
        name.slots = vec![25 * LOCAL];
        name.run(400, 20 * SECOND);
        assert_eq!(name.since(name.now - 5 * SECOND).2, 0);
    }

    /// By the one slot in which a disk stood still, a request took milliseconds, and those who had come
    /// when it did so again were a rush.
    #[test]
    fn a_store_that_stands_still_for_a_moment_is_no_rush() {
        const STILL: Duration = Duration::from_millis(200);
        let mut name = Name { each: EACH / 10, ..Name::with(&[LOCAL]) };
        name.run(1000, 2 * SECOND);
        name.slots = vec![STILL];
        while name.sent.as_ref().is_none_or(|(_, since, until)| *until - *since < STILL) {
            name.run(1000, TICK);
        }
        name.run(1000, STILL * 3 / 2);
        name.slots = vec![LOCAL];
        name.run(1000, 2 * SECOND);
        assert_eq!(name.since(SECOND).2, 0);
    }

    #[test]
    fn so_many_wait_or_make_a_slot_so_long_and_with_one_more_it_is_a_rush() {
        const MANY: u32 = 500;
        let comes = |least, each, waiting| {
            let mut pace = Pace { least, each, held: CROWD_WRITES, ..Pace::default() };
            pace.comes(waiting, SECOND)
        };
        assert!(comes(LOCAL, SECOND, CROWD_WRITES - 1), "however long it takes");
        assert!(!comes(LOCAL, SECOND, CROWD_WRITES));
        let far = 10 * LOCAL;
        for (least, longer) in [(LOCAL, LONGER_MAX), (far, SLOW_SLOTS * far)] {
            assert!(comes(least, longer / MANY, MANY as usize), "{least:?}");
            assert!(!comes(least, longer / MANY, MANY as usize + 1), "{least:?}");
        }
    }

    #[test]
    fn before_anything_was_committed_nothing_is_known_and_all_may_wait() {
        let mut pace = Pace::default();
        assert!((0..10_000).all(|waiting| pace.comes(waiting, SECOND)));
    }
}
