//! A rush: more queries come than this machine computes, for longer than a moment. It is told what
//! happens, and when, and says who is let in. Those who wait while cores have nothing to do are
//! none, whatever it is that they wait for.
//!
//! What must hold: whoever is let in waits no longer than it would compute alone, or not much; a name
//! that asks little is let in while another asks too much; a crowd that is over soon is no rush, and is
//! served whole; and a rush ends when less comes, whatever was sent away before. The reasons for these
//! rules, and for the numbers in them, stand in `docs/decisions/0019-overload.md`.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{PLACES_WAIT_MAX, QUERIES_PER_CORE};

/// Queries that wait on a node and are no rush: so many clients, each of which asks when it was
/// answered, are served.
pub(crate) const CROWD_MAX: usize = 64;
/// A crowd whose queries can all be computed in such a time is served whole, as they come, however
/// many they are.
pub(crate) const CROWD_TIME_MAX: Duration = Duration::from_millis(100);
/// The same where fewer than `CROWD_MAX` wait: then it is as long as one may wait for its places.
pub(crate) const LINE_TIME_MAX: Duration = PLACES_WAIT_MAX;
/// Of what came and was sent away, no more is held against those who come later.
const GRUDGE: Duration = Duration::from_millis(500);
/// What a query takes is known of about so many, and what a request takes.
const SAMPLES: u32 = 16;
/// In a rush, who waited longer than so many requests take, one after the other, comes too late.
const LATE: usize = 2;

/// Requests, and all of their queries. A request computes its own one after the other, on one core: so
/// what stands in line for a core are requests, and how much there is to do is told by queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Many {
    requests: usize,
    queries: usize,
}

impl Many {
    fn add(&mut self, queries: usize) {
        self.requests += 1;
        self.queries += queries;
    }

    fn take(&mut self, queries: usize) {
        self.requests -= 1;
        self.queries -= queries;
    }
}

/// What a request waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum For {
    Places,
    Core,
}

/// Time is that of one clock.
#[derive(Debug)]
pub(super) struct Rush {
    cores: usize,
    /// For the places of their names.
    unplaced: Many,
    /// For a core.
    lined: Many,
    /// Requests.
    computing: usize,
    /// Let in and not answered, be it that they wait.
    inside: Many,
    /// For how long a query takes the whole machine, on average.
    each: Duration,
    /// The same by what its thread works, whatever it waits for in between.
    work: Duration,
    /// For how long a request does, with all of its queries.
    whole: Duration,
    /// What the machine has done for each of those that share it, and up to when that is counted.
    done: Duration,
    counted: Duration,
    /// When all that came would be computed, had nobody been sent away. None: there is no rush.
    until: Option<Duration>,
    /// When all that was let in will be, but for what was let in before it began.
    taken: Duration,
}

impl Rush {
    pub(super) fn on(cores: usize) -> Self {
        let zero = Duration::ZERO;
        Self {
            cores,
            unplaced: Many::default(),
            lined: Many::default(),
            computing: 0,
            inside: Many::default(),
            each: zero,
            work: zero,
            whole: zero,
            done: zero,
            counted: zero,
            until: None,
            taken: zero,
        }
    }

    /// How long a request of so many queries may wait for its places, where so many of its name are
    /// inside. None: it is sent away.
    pub(super) fn comes(&mut self, queries: usize, own: usize, now: Duration) -> Option<Duration> {
        if !self.lasts(now) {
            let waiting = self.unplaced.queries + self.lined.queries;
            // Whoever waits for the store, or for places of few who take long, leaves the cores time to
            // compute all that was let in, but for those who stand in line for them.
            let left = self.taken.saturating_sub(now).max(all_of(self.each, self.lined.queries));
            let ahead = all_of(self.each, waiting).min(left);
            if self.is_a_crowd(waiting, ahead) {
                self.lets_in(queries, now);
                return Some(PLACES_WAIT_MAX);
            }
            self.until = Some(now + ahead.min(GRUDGE));
            self.taken = now;
        }
        // By what it takes, a machine whose cores others have too would seem never to be done.
        let work = all_of(self.work, queries);
        self.until = self.until.map(|until| (until + work).min(now + GRUDGE));
        if !self.fits(own, now) {
            return None;
        }
        self.lets_in(queries, now);
        Some(Duration::ZERO)
    }

    fn lets_in(&mut self, queries: usize, now: Duration) {
        self.taken = self.taken.max(now) + all_of(self.each, queries);
    }

    /// Whether so many who wait, and take so long together, are no rush yet.
    fn is_a_crowd(&self, waiting: usize, ahead: Duration) -> bool {
        // The contract lets them wait.
        let clients = waiting < CROWD_MAX && ahead <= LINE_TIME_MAX;
        // As long as all places compute once, everybody waits for somebody.
        clients || ahead <= CROWD_TIME_MAX.max(all_of(self.whole, QUERIES_PER_CORE * self.cores))
    }

    /// Whether one more is let in.
    fn fits(&self, own: usize, now: Duration) -> bool {
        // What one takes may have been learnt from others that took far more.
        if self.inside.requests < self.cores {
            return true;
        }
        let (line, spare) = (self.lined.requests + self.computing, (self.cores / 4).max(1));
        let room = self.cores + spare;
        // A name that has more than half of them makes the rush. It comes no faster than is computed:
        // before its turn lies a question to the store, and whoever is there is in no line yet. And one
        // place is not for it.
        match 2 * own > self.inside.queries {
            true => line <= room && self.taken <= now + all_of(self.whole, spare),
            false => line <= room + 1,
        }
    }

    /// What one request takes to compute of all that may compute at once. In a rush it has a core to
    /// itself: shared, all of them would take longer, and none would be done sooner.
    pub(super) fn shares(&mut self, now: Duration) -> u32 {
        if self.lasts(now) { QUERIES_PER_CORE as u32 } else { 1 }
    }

    /// Whether who came then, and has its turn now, has waited too long to be answered in time. It
    /// waited for requests, however many queries it has itself.
    pub(super) fn is_too_late(&mut self, came: Duration, now: Duration) -> bool {
        self.lasts(now) && now.saturating_sub(came) > all_of(self.whole, LATE * self.cores)
    }

    /// A request of so many queries.
    pub(super) fn waits(&mut self, what: For, queries: usize) {
        self.those_who_wait(what).add(queries);
    }

    pub(super) fn waits_no_more(&mut self, what: For, queries: usize) {
        self.those_who_wait(what).take(queries);
    }

    fn those_who_wait(&mut self, what: For) -> &mut Many {
        match what {
            For::Places => &mut self.unplaced,
            For::Core => &mut self.lined,
        }
    }

    pub(super) fn enters(&mut self, queries: usize) {
        self.inside.add(queries);
    }

    pub(super) fn leaves(&mut self, queries: usize) {
        self.inside.take(queries);
    }

    /// One begins to compute. What is given is for when it has ended.
    pub(super) fn begins(&mut self, now: Duration) -> Duration {
        self.count(now);
        self.computing += 1;
        self.done
    }

    /// It has ended, with so many queries, and its thread worked for so long.
    pub(super) fn computed(
        &mut self,
        queries: usize,
        begun: Duration,
        now: Duration,
        worked: Duration,
    ) {
        self.count(now);
        self.computing -= 1;
        let (took, many) = (self.done.saturating_sub(begun), number(queries).max(1));
        self.each = average(self.each, took / many, many);
        self.work = average(self.work, worked / number(self.cores) / many, many);
        self.whole = average(self.whole, took, 1);
    }

    /// All who compute have the same share of the machine, and nobody more than a core.
    fn count(&mut self, now: Duration) {
        let sharing = number(self.computing.max(self.cores));
        self.done += now.saturating_sub(self.counted) / sharing.max(1);
        self.counted = self.counted.max(now);
    }

    pub(super) fn computing(&self) -> usize {
        self.computing
    }

    /// Whether there is a rush now.
    fn lasts(&mut self, now: Duration) -> bool {
        self.until = self.until.filter(|until| *until > now);
        self.until.is_some()
    }
}

fn number(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}

fn all_of(one: Duration, many: usize) -> Duration {
    one.saturating_mul(number(many))
}

/// With so many more, each of which is that.
fn average(before: Duration, one: Duration, many: u32) -> Duration {
    let many = many.min(SAMPLES);
    match before.is_zero() {
        true => one,
        false => (before * (SAMPLES - many) + one * many) / SAMPLES,
    }
}
