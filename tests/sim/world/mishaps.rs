//! What befalls the nodes of a run, and when: kills, stops, pauses, a second process for one that is
//! only paused, all of them one by one and back again, suspends, calendars, and how the store is.
//!
//! Half of the kills strike over a request to the store, before its effect or right after it: each step of
//! the protocol is the last one of somebody.
//!
//! Each mishap is drawn from dice of its own, so that one less leaves the others as they were. Most
//! wait for a request before they strike, for a name is at rest nearly always, and what breaks breaks
//! while something is under way.

mod forsaken;

use std::collections::BTreeMap;
use std::time::Duration;

use elacsym::env::Clock;
use futures::future::join_all;

use super::node::Site;
use super::plan::{Chance, Plan};
use super::store::{Bait, FaultKind, Faults, Rates, Side, Trap};
use super::trace::{Diary, Kind};
pub(super) use forsaken::Forsaken;

/// The chance that one strikes at its moment, whatever goes on; the others wait for a request.
const BLIND: f64 = 0.25;
/// The chance that a node which goes down was told to end, and not killed.
const STOPPED: f64 = 0.3;
/// The chance that a kill strikes over a request to the store, and over which, at most.
const TRAPPED: f64 = 0.5;
const REQUESTS_MAX: usize = 32;
/// A large batch has so many chunks.
const CHUNKS: usize = 2;
/// So long they wait.
const WAIT_MAX: Duration = Duration::from_secs(600);
/// After it, from before it has come anywhere to after it was answered.
const INTO: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(2));
const DOWN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(600));
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3 * 3600));
const UNDEAD: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1800));
const SUSPEND: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3 * 3600));
/// Between two nodes that are stopped, or started, one by one.
const APART: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(20));
/// What `elacsym serve` gives its engine.
pub(super) const LEAVE_MAX: Duration = Duration::from_secs(20);
/// How often the store changes in a run, at least and at most.
const WEATHERS: (usize, usize) = (2, 6);
/// By which a calendar is set, forth or back, in seconds: a leap second, an hour of summer, a day, a
/// year.
const STEPS_SECS: [i64; 4] = [1, 3600, 86_400, 31_536_000];

/// What befalls whom.
#[derive(Clone, Debug)]
enum What {
    Kill {
        no: usize,
        down: Duration,
    },
    /// A kill over a request to the store; or at rest, if there is none.
    Trap {
        no: usize,
        trap: Trap,
        down: Duration,
    },
    /// Likewise, but for as long as it takes.
    Ambush {
        no: usize,
        trap: Trap,
        down: Duration,
    },
    Stop {
        no: usize,
        down: Duration,
    },
    Pause {
        no: usize,
        lasts: Duration,
    },
    Usurp {
        no: usize,
        lasts: Duration,
        undead: Duration,
    },
    /// Who is stopped when, and who goes on how long after that.
    Swizzle {
        halts: Vec<(usize, Duration)>,
        lasts: Duration,
        resumes: Vec<(usize, Duration)>,
    },
    Suspend {
        lasts: Duration,
    },
    Step {
        no: usize,
        by_ms: i64,
    },
    Weather(Weather),
}

#[derive(Clone, Debug)]
enum Weather {
    Calm,
    /// As it was at first.
    Usual,
    Other(Box<Rates>),
}

#[derive(Clone, Debug)]
struct Mishap {
    at: Duration,
    /// Before it strikes, somebody asks this node, and so much goes by.
    after: Option<(usize, Duration)>,
    what: What,
}

/// Whom it befalls.
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    pub(super) site: &'a Site,
    pub(super) faults: &'a Faults,
    pub(super) clock: Clock,
    pub(super) diary: &'a Diary,
}

impl Scene<'_> {
    /// All that this plan has in store. Whoever drops this has no more of it.
    pub(super) async fn befall(&self) {
        join_all(drawn(self.plan).into_iter().map(|mishap| self.one(mishap))).await;
    }

    async fn one(&self, mishap: Mishap) {
        let Self { site, clock, .. } = self;
        clock.sleep(mishap.at).await;
        if let Some((no, then)) = mishap.after {
            // Nobody asks: then it strikes at rest.
            let _ = tokio::time::timeout(WAIT_MAX, site.asked(no)).await;
            clock.sleep(then).await;
        }
        match mishap.what {
            What::Kill { no, down } => {
                site.kill(no);
                clock.sleep(down).await;
                site.start(no);
            }
            What::Trap { no, trap, down } => {
                match tokio::time::timeout(WAIT_MAX, site.set(no, trap)).await {
                    Ok(_killed) => site.clear(no),
                    Err(_nobody) => site.kill(no),
                }
                clock.sleep(down).await;
                site.start(no);
            }
            What::Ambush { no, trap, down } => {
                // None is told of by a site that is gone, and then this is, too.
                let _ = site.set(no, trap).await;
                site.clear(no);
                clock.sleep(down).await;
                site.start(no);
            }
            What::Stop { no, down } => {
                site.shut_down(no, LEAVE_MAX).await;
                clock.sleep(down).await;
                site.start(no);
            }
            What::Pause { no, lasts } => {
                let Some(number) = site.pause(no) else { return };
                clock.sleep(lasts).await;
                site.wake(no, number);
            }
            What::Usurp { no, lasts, undead } => {
                let Some(number) = site.usurp(no) else { return };
                clock.sleep(lasts).await;
                site.wake(no, number);
                clock.sleep(undead).await;
                site.bury(no, number);
            }
            What::Swizzle { halts, lasts, resumes } => {
                if !self.faults.befalls(FaultKind::Swizzled) {
                    return;
                }
                let mut paused = BTreeMap::new();
                for (no, then) in halts {
                    paused.extend(site.pause(no).map(|number| (no, number)));
                    clock.sleep(then).await;
                }
                clock.sleep(lasts).await;
                for (no, then) in resumes {
                    if let Some(number) = paused.remove(&no) {
                        site.wake(no, number);
                    }
                    clock.sleep(then).await;
                }
            }
            What::Suspend { lasts } => site.suspend(lasts),
            What::Step { no, by_ms } => site.step(no, by_ms),
            What::Weather(weather) => self.change(weather),
        }
    }

    fn change(&self, weather: Weather) {
        let (told, rates) = match weather {
            Weather::Calm => ("calm".to_owned(), Rates::none()),
            Weather::Usual => ("as at first".to_owned(), self.plan.rates.clone()),
            Weather::Other(rates) => (format!("{rates:?}"), *rates),
        };
        self.diary.note(Kind::Weather, told);
        self.faults.set(rates);
    }
}

fn drawn(plan: &Plan) -> Vec<Mishap> {
    let root = plan.chance("mishaps");
    let chances = |kind: &str, many: usize| -> Vec<Chance> {
        (0..many).map(|number| root.fork(&format!("{kind} {number}"))).collect()
    };
    let mut all = Vec::new();
    for mut chance in chances("crash", plan.crashes) {
        let Strike { at, no, after } = strike(plan, &mut chance);
        let down = chance.span(DOWN.0, DOWN.1);
        let what = match chance.happens(STOPPED) {
            true => What::Stop { no, down },
            false if chance.happens(TRAPPED) => {
                let nth = 1 + chance.zipf(REQUESTS_MAX);
                let trap = Trap { bait: Bait::Any, nth, side: side(&mut chance) };
                // It is what somebody asks for that leads into it.
                let after = Some((no, Duration::ZERO));
                all.push(Mishap { at, after, what: What::Trap { no, trap, down } });
                continue;
            }
            false => What::Kill { no, down },
        };
        all.push(Mishap { at, after, what });
    }
    for mut chance in chances("ambush", plan.ambushes) {
        let nth = chance.between(1, CHUNKS);
        let trap = Trap { bait: Bait::Chunk, nth, side: side(&mut chance) };
        // Which node it is that the batch comes to, nobody knows before.
        for no in 0..plan.nodes {
            let down = chance.span(DOWN.0, DOWN.1);
            let what = What::Ambush { no, trap: trap.clone(), down };
            all.push(Mishap { at: Duration::ZERO, after: None, what });
        }
    }
    for mut chance in chances("pause", plan.pauses) {
        let Strike { at, no, after } = strike(plan, &mut chance);
        let lasts = chance.span(PAUSE.0, PAUSE.1);
        let what = match chance.below(6) {
            0 | 1 => What::Usurp { no, lasts, undead: chance.span(UNDEAD.0, UNDEAD.1) },
            2 if plan.nodes > 1 => {
                let (halts, resumes) = (turns(plan, &mut chance), turns(plan, &mut chance));
                What::Swizzle { halts, lasts, resumes }
            }
            _ => What::Pause { no, lasts },
        };
        all.push(Mishap { at, after, what });
    }
    for mut chance in chances("suspend", plan.suspends) {
        let Strike { at, no, after } = strike(plan, &mut chance);
        let lasts = chance.span(SUSPEND.0, SUSPEND.1);
        all.push(Mishap { at, after, what: What::Suspend { lasts } });
        // Who wakes may find that it is another day.
        if chance.happens(0.5) {
            let by_ms = chance.one_of(&STEPS_SECS) * chance.one_of(&[1000, -1000]);
            all.push(Mishap { at, after, what: What::Step { no, by_ms } });
        }
    }
    let weathers = root.fork("weathers").between(WEATHERS.0, WEATHERS.1);
    for mut chance in chances("weather", weathers) {
        let at = plan.length.mul_f64(chance.fraction());
        let weather = match chance.below(3) {
            0 => Weather::Calm,
            1 => Weather::Usual,
            _ => Weather::Other(Box::new(Rates::drawn(chance.dice()))),
        };
        all.push(Mishap { at, after: None, what: What::Weather(weather) });
    }
    all
}

/// When, on which node, and after which request.
struct Strike {
    at: Duration,
    no: usize,
    after: Option<(usize, Duration)>,
}

fn strike(plan: &Plan, chance: &mut Chance) -> Strike {
    let at = plan.length.mul_f64(chance.fraction());
    let (no, then) = (chance.below(plan.nodes), chance.span(INTO.0, INTO.1));
    let after = (!chance.happens(BLIND)).then_some((no, then));
    Strike { at, no, after }
}

fn side(chance: &mut Chance) -> Side {
    chance.one_of(&[Side::Before, Side::After])
}

/// All nodes, in any order, each with how long it is until the next.
fn turns(plan: &Plan, chance: &mut Chance) -> Vec<(usize, Duration)> {
    let mut left: Vec<usize> = (0..plan.nodes).collect();
    let mut turns = Vec::new();
    while !left.is_empty() {
        let no = left.swap_remove(chance.below(left.len()));
        turns.push((no, chance.span(APART.0, APART.1)));
    }
    turns
}
