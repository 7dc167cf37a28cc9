//! That a crowd is served whole, and of a rush no more than can be.

use std::collections::VecDeque;

use super::*;
use crate::engine::places::PLACES;

const CORES: usize = 2;
/// Of one query that has a core to itself.
const ALONE: Duration = Duration::from_millis(5);
const TICK: Duration = Duration::from_micros(100);
const SECOND: Duration = Duration::from_secs(1);
/// Between being let in and the turn to compute, where nothing else is said.
const STORE: Duration = Duration::from_millis(1);

/// So many requests a second of so many queries, of the name with that number.
#[derive(Clone, Copy)]
struct Stream {
    name: usize,
    queries: usize,
    per_second: u32,
}

#[derive(Clone, Copy)]
struct Request {
    name: usize,
    queries: usize,
    came: Duration,
    /// How long it waits for its places.
    patience: Duration,
    /// When it has its view.
    seen: Duration,
    shares: usize,
    begun: Duration,
    /// When its thread has been woken.
    awake: Duration,
    left: Duration,
}

/// What became of one: how long it took, if it was answered.
struct Fate {
    name: usize,
    came: Duration,
    took: Option<Duration>,
}

/// A machine that computes what it is given, its cores shared alike by all that compute.
struct Machine {
    rush: Rush,
    now: Duration,
    store: Duration,
    /// Until a thread is awake that has to compute: other programs have the cores.
    drowsy: Duration,
    own: [usize; 2],
    /// Of each name, those that are taken.
    places: [usize; 2],
    asking: VecDeque<Request>,
    unplaced: VecDeque<Request>,
    line: VecDeque<Request>,
    computing: Vec<Request>,
    fates: Vec<Fate>,
}

impl Machine {
    fn new() -> Self {
        Self {
            rush: Rush::on(CORES),
            now: Duration::ZERO,
            store: STORE,
            drowsy: Duration::ZERO,
            own: [0; 2],
            places: [0; 2],
            asking: VecDeque::new(),
            unplaced: VecDeque::new(),
            line: VecDeque::new(),
            computing: Vec::new(),
            fates: Vec::new(),
        }
    }

    fn run(&mut self, streams: &[Stream], lasts: Duration) {
        let until = self.now + lasts;
        let mut next: Vec<Duration> = vec![self.now; streams.len()];
        while self.now < until {
            for (stream, next) in streams.iter().zip(&mut next) {
                while *next <= self.now {
                    self.comes(stream.name, stream.queries);
                    *next += SECOND / stream.per_second;
                }
            }
            self.tick();
        }
    }

    fn comes(&mut self, name: usize, queries: usize) {
        let came = self.now;
        let Some(patience) = self.rush.comes(queries, self.own[name], came) else {
            self.fates.push(Fate { name, came, took: None });
            return;
        };
        self.own[name] += queries;
        self.rush.enters(queries);
        self.asking.push_back(Request {
            name,
            queries,
            came,
            patience,
            seen: came + self.store,
            shares: 0,
            begun: came,
            awake: came,
            left: all_of(ALONE, queries),
        });
    }

    /// Whoever finds places stands in line, in the order in which they came.
    fn place(&mut self) {
        while let Some(request) = self.asking.pop_front_if(|request| request.seen <= self.now) {
            self.rush.waits(For::Places, request.queries);
            self.unplaced.push_back(request);
        }
        let mut full = [false; 2];
        for request in std::mem::take(&mut self.unplaced) {
            let Request { name, queries, seen, patience, .. } = request;
            if !full[name] && self.places[name] + queries <= PLACES {
                self.places[name] += queries;
                self.rush.waits_no_more(For::Places, queries);
                let shares = self.rush.shares(self.now) as usize;
                self.rush.waits(For::Core, queries);
                self.line.push_back(Request { shares, ..request });
            } else if self.now < seen + patience {
                full[name] = true;
                self.unplaced.push_back(request);
            } else {
                self.rush.waits_no_more(For::Places, queries);
                self.ends(request, None);
            }
        }
    }

    fn tick(&mut self) {
        self.place();
        loop {
            let used = self.computing.iter().map(|request| request.shares).sum::<usize>();
            let free = QUERIES_PER_CORE * CORES - used;
            let Some(request) = self.line.pop_front_if(|request| request.shares <= free) else {
                break;
            };
            self.rush.waits_no_more(For::Core, request.queries);
            if self.rush.is_too_late(request.seen, self.now) {
                self.places[request.name] -= request.queries;
                self.ends(request, None);
            } else {
                let (begun, awake) = (self.rush.begins(self.now), self.now + self.drowsy);
                self.computing.push(Request { begun, awake, ..request });
            }
        }
        let awake = self.computing.iter().filter(|request| request.awake <= self.now).count();
        let done = TICK * CORES as u32 / awake.max(CORES) as u32;
        self.now += TICK;
        for mut request in std::mem::take(&mut self.computing) {
            if request.awake < self.now {
                request.left = request.left.saturating_sub(done);
            }
            if request.left.is_zero() {
                let Request { queries, begun, .. } = request;
                let worked = all_of(ALONE, queries);
                self.rush.computed(queries, begun, self.now, worked);
                self.places[request.name] -= queries;
                self.ends(request, Some(self.now - request.came));
            } else {
                self.computing.push(request);
            }
        }
    }

    fn ends(&mut self, request: Request, took: Option<Duration>) {
        let Request { name, queries, came, .. } = request;
        self.own[name] -= queries;
        self.rush.leaves(queries);
        self.fates.push(Fate { name, came, took });
    }

    /// Whoever has its answer asks again, so many queries of the first name.
    fn answered_and_asked_again(&mut self, queries: usize, lasts: Duration) {
        let until = self.now + lasts;
        while self.now < until {
            let before = self.fates.len();
            self.tick();
            for _ in before..self.fates.len() {
                self.comes(0, queries);
            }
        }
    }

    /// Of those of a name that came since then: how many were sent away, and how long the others
    /// took, in order.
    fn since(&self, name: usize, then: Duration) -> (usize, Vec<Duration>) {
        let those = self.fates.iter().filter(|fate| fate.name == name && fate.came >= then);
        let fates: Vec<Option<Duration>> = those.map(|fate| fate.took).collect();
        let mut took: Vec<Duration> = fates.iter().filter_map(|took| *took).collect();
        took.sort();
        (fates.len() - took.len(), took)
    }
}

fn p99(took: &[Duration]) -> Duration {
    took[(took.len() * 99).div_ceil(100) - 1]
}

/// As many as can be computed, so many times.
fn times(name: usize, times: f64) -> Stream {
    together(1, name, times)
}

/// The same, so many in each request.
fn together(queries: usize, name: usize, times: f64) -> Stream {
    let capacity = CORES as f64 / ALONE.as_secs_f64() / queries as f64;
    Stream { name, queries, per_second: (capacity * times) as u32 }
}

/// And who comes to a rush does not wait.
#[test]
fn so_many_wait_for_so_long_and_with_one_more_it_is_a_rush() {
    let comes = |waiting: u32, all: Duration| {
        let mut rush = Rush::on(CORES);
        rush.lined = Many { requests: waiting as usize, queries: waiting as usize };
        rush.inside = rush.lined;
        rush.each = all / waiting;
        rush.whole = rush.each;
        rush.taken = SECOND + all;
        rush.comes(1, 0, SECOND)
    };
    let (ms, crowd) = (Duration::from_millis(1), CROWD_MAX as u32);
    assert_eq!(comes(crowd - 1, LINE_TIME_MAX - ms), Some(PLACES_WAIT_MAX));
    assert_eq!(comes(crowd, LINE_TIME_MAX - ms), None);
    assert_eq!(comes(50, LINE_TIME_MAX), Some(PLACES_WAIT_MAX));
    assert_eq!(comes(50, LINE_TIME_MAX + ms), None);
    assert_eq!(comes(1000, CROWD_TIME_MAX), Some(PLACES_WAIT_MAX));
    assert_eq!(comes(1000, CROWD_TIME_MAX + ms), None);
}

/// What was let in was held back by the store, and is in line by now.
#[test]
fn who_stands_in_line_is_ahead_whenever_it_was_let_in() {
    let mut rush = Rush::on(CORES);
    rush.each = ALONE / CORES as u32;
    rush.lined = Many { requests: 200, queries: 200 };
    rush.inside = rush.lined;
    assert_eq!(rush.comes(1, 0, SECOND), None);
}

#[test]
fn what_can_be_computed_is_let_in_whoever_asks() {
    let mut machine = Machine::new();
    machine.run(&[times(0, 0.9)], 5 * SECOND);
    let (away, took) = machine.since(0, Duration::ZERO);
    assert_eq!(away, 0);
    assert!(p99(&took) < 3 * ALONE, "{:?}", p99(&took));
}

/// With a queue of 64 in a room and 800 ms before it, they took as long as that.
#[test]
fn at_three_times_what_can_be_computed_whoever_is_let_in_is_answered_in_time() {
    let mut machine = Machine::new();
    machine.run(&[times(0, 0.33)], 2 * SECOND);
    let began = machine.now;
    machine.run(&[times(0, 3.0)], 20 * SECOND);
    let (away, took) = machine.since(0, began);
    assert!(p99(&took) <= 2 * (ALONE + STORE), "{:?}", p99(&took));
    // And nearly all that can be computed is.
    let goodput = took.len() as f64 / 20.0 * ALONE.as_secs_f64() / CORES as f64;
    assert!(goodput > 0.85 && away > took.len(), "{goodput}, {away} away");
}

#[test]
fn when_less_comes_all_are_let_in_again_soon() {
    let mut machine = Machine::new();
    machine.run(&[times(0, 3.0)], 5 * SECOND);
    let dropped = machine.now;
    machine.run(&[times(0, 0.5)], 5 * SECOND);
    let (away, took) = machine.since(0, dropped + 2 * SECOND);
    assert_eq!(away, 0);
    assert!(p99(&took) < 2 * (ALONE + STORE), "{:?}", p99(&took));
    assert!(machine.rush.until.is_none());
}

/// Once it was never over: each query seemed to take four times what it worked, and a third of what
/// can be computed more than all.
#[test]
fn a_rush_is_over_soon_where_threads_are_late() {
    let mut machine = Machine::new();
    machine.drowsy = 3 * ALONE;
    machine.run(&[times(0, 3.0)], 5 * SECOND);
    let dropped = machine.now;
    machine.run(&[times(0, 1.0 / 3.0)], 5 * SECOND);
    assert_eq!(machine.since(0, dropped + 2 * SECOND).0, 0);
    assert!(machine.rush.until.is_none());
}

#[test]
fn a_crowd_that_comes_once_is_served_whole() {
    let mut machine = Machine::new();
    machine.run(&[times(0, 0.1)], SECOND);
    let came = machine.now;
    for _ in 0..45 {
        machine.comes(0, 1);
    }
    machine.run(&[times(1, 0.05)], SECOND);
    let (away, took) = machine.since(0, came);
    assert_eq!((away, took.len()), (0, 45));
}

#[test]
fn so_many_clients_as_are_no_rush_are_all_served() {
    let mut machine = Machine::new();
    machine.run(&[times(0, 0.1)], SECOND);
    let came = machine.now;
    for _ in 0..CROWD_MAX {
        machine.comes(0, 1);
    }
    machine.answered_and_asked_again(1, 5 * SECOND);
    let (away, took) = machine.since(0, came);
    assert_eq!(away, 0);
    assert!(took.len() as f64 * ALONE.as_secs_f64() / CORES as f64 > 4.5, "{}", took.len());
}

/// Once they had places while they waited for the store, and there were none for all others.
#[test]
fn a_crowd_that_waits_for_the_store_is_served_whole() {
    let mut machine = Machine::new();
    machine.store = Duration::from_millis(400);
    machine.run(&[times(0, 0.1)], SECOND);
    let came = machine.now;
    for _ in 0..PLACES + CROWD_MAX + 16 {
        machine.comes(0, 1);
        machine.answered_and_asked_again(1, ALONE);
    }
    machine.answered_and_asked_again(1, 5 * SECOND);
    let (away, took) = machine.since(0, came);
    assert_eq!(away, 0);
    assert!(p99(&took) < machine.store + 20 * ALONE, "{:?}", p99(&took));
}

/// One has all places, and computes on one core. Those who waited for it were told that too much was
/// to be computed, while the other core was idle.
#[test]
fn a_crowd_that_waits_for_places_while_a_core_is_idle_is_no_rush() {
    let mut machine = Machine::new();
    machine.run(&[times(0, 0.1)], SECOND);
    let came = machine.now;
    for _ in 0..CROWD_MAX / PLACES + 2 {
        machine.comes(0, PLACES);
        machine.answered_and_asked_again(PLACES, 20 * ALONE);
    }
    machine.answered_and_asked_again(PLACES, 5 * SECOND);
    let (away, took) = machine.since(0, came);
    assert_eq!(away, 0);
    assert!(p99(&took) > 5 * all_of(ALONE, PLACES), "{:?}: they wait", p99(&took));
}

#[test]
fn a_name_that_asks_little_is_let_in_while_another_asks_too_much() {
    let mut machine = Machine::new();
    machine.run(&[times(0, 3.0), times(1, 0.1)], SECOND);
    let began = machine.now;
    machine.run(&[times(0, 3.0), times(1, 0.1)], 10 * SECOND);
    let (away, took) = machine.since(1, began);
    assert!(away * 20 < took.len(), "{away} of {} are sent away", took.len());
    assert!(p99(&took) < 4 * ALONE, "{:?}", p99(&took));
    assert!(machine.since(0, began).0 > 0);
}

/// What one takes was learnt of one that took a thousand times as long, and at that pace nobody
/// else would be let in for long.
#[test]
fn one_that_takes_long_does_not_stop_the_others() {
    let mut machine = Machine::new();
    machine.run(&[times(0, 0.5)], SECOND);
    let learnt = 1000 * ALONE / SAMPLES;
    let Rush { each, work, whole, .. } = &mut machine.rush;
    (*each, *work, *whole) = (learnt, learnt, learnt);
    let began = machine.now;
    machine.run(&[times(0, 3.0)], 10 * SECOND);
    let (_, took) = machine.since(0, began + 2 * SECOND);
    let goodput = took.len() as f64 / 8.0 * ALONE.as_secs_f64() / CORES as f64;
    assert!(goodput > 0.5, "{goodput}");
}

#[test]
fn in_a_rush_a_query_has_a_core_to_itself() {
    let mut machine = Machine::new();
    assert_eq!(machine.rush.shares(machine.now), 1);
    machine.run(&[times(0, 3.0)], 2 * SECOND);
    assert_eq!(machine.rush.shares(machine.now), QUERIES_PER_CORE as u32);
    assert!(machine.rush.computing() <= CORES);
    assert_eq!(machine.rush.shares(machine.now + SECOND), 1);
}

#[test]
fn a_request_counts_for_all_of_its_queries_and_takes_one_core() {
    let (mut rush, each, ms) = (Rush::on(CORES), ALONE / 2, Duration::from_millis(1));
    let begun = rush.begins(Duration::ZERO);
    rush.computed(8, begun, 8 * ALONE, 8 * ALONE);
    assert_eq!((rush.each, rush.work, rush.whole), (each, each, 8 * each));
    // Eight of them are as many queries as may wait, and all that compute at once compute them once.
    for requests in 1..=9 {
        assert_eq!(rush.comes(8, 0, SECOND), Some(PLACES_WAIT_MAX), "{requests}");
        rush.waits(For::Core, 8);
        rush.enters(8);
    }
    assert_eq!(rush.comes(8, 0, SECOND), None);
    // What is in the line is a request, whoever waits for it.
    let late = LATE as u32 * 8 * ALONE;
    assert!(!rush.is_too_late(SECOND - late, SECOND));
    assert!(rush.is_too_late(SECOND - late - ms, SECOND));
    // Until all ten would be computed.
    assert_eq!(rush.shares(SECOND + 80 * each - ms), QUERIES_PER_CORE as u32);
    assert_eq!(rush.shares(SECOND + 80 * each), 1);
    for _ in 0..9 {
        rush.waits_no_more(For::Core, 8);
        rush.leaves(8);
    }
    assert_eq!((rush.lined, rush.inside), (Many::default(), Many::default()));
}

#[test]
fn requests_of_many_queries_are_let_in_as_far_as_they_can_be_computed() {
    // With sixteen, one has all places of its name, and computes on one of the two cores.
    for (queries, least) in [(2, 0.85), (8, 0.85), (PLACES, 0.45)] {
        let mut machine = Machine::new();
        let asked = [together(queries, 0, 3.0), times(1, 0.1)];
        machine.run(&asked, SECOND);
        let began = machine.now;
        machine.run(&asked, 10 * SECOND);
        let (_, many) = machine.since(0, began);
        let (away, ones) = machine.since(1, began);
        let done = (queries * many.len() + ones.len()) as f64 / 10.0;
        let goodput = done * ALONE.as_secs_f64() / CORES as f64;
        assert!(goodput > least, "{queries}: {goodput}");
        // Nobody waits for much longer than such a request takes.
        let alone = all_of(ALONE, queries);
        assert!(p99(&many) < 3 * alone && p99(&ones) < 3 * alone, "{queries}");
        assert!(away * 20 < ones.len(), "{queries}: {away} of {}", ones.len());

        let dropped = machine.now;
        machine.run(&[together(queries, 0, 0.5)], 5 * SECOND);
        let (away, took) = machine.since(0, dropped + 2 * SECOND);
        assert_eq!(away, 0);
        assert!(p99(&took) < 2 * alone && machine.rush.until.is_none(), "{queries}");
    }
}

#[test]
fn before_anything_was_computed_nothing_is_known_and_all_may_wait() {
    let mut rush = Rush::on(1);
    for _ in 0..1000 {
        assert_eq!(rush.comes(1, 0, Duration::ZERO), Some(PLACES_WAIT_MAX));
        rush.waits(For::Core, 1);
    }
    assert!(!rush.is_too_late(Duration::ZERO, SECOND));
}
