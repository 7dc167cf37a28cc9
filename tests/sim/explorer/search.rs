//! Search: every world that a scope can reach, breadth first, so that the first violation found
//! has the shortest trace. And random walks, where a scope is too large for that.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once};
use std::time::Duration;

use elacsym::env::{Clock, Dice};

use super::next::Violation;
use super::scope::Scope;
use super::step::Step;
use super::world::World;

/// What a search found.
pub(super) struct Finding {
    pub(super) states: usize,
    /// Whether every reachable world was looked at.
    pub(super) complete: bool,
    pub(super) took: Duration,
    pub(super) broken: Option<Broken>,
}

pub(super) struct Broken {
    pub(super) violation: Violation,
    pub(super) trace: Vec<String>,
}

/// Counted in what is the same on every machine.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) states: usize,
    /// Histories of so many steps.
    pub(super) steps: usize,
}

/// The worlds seen, by fingerprint, each with the one it was first reached from. 64 bits: with
/// 10^8 worlds the chance that two are taken for one is 3 in 10^4.
struct Seen {
    shards: Vec<Mutex<Shard>>,
}

type Shard = HashMap<u64, u64, BuildHasherDefault<Identity>>;

/// Fingerprints are hashes already. (A shard is chosen by bits in the middle of them: the table
/// goes by the lowest and the highest.)
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are hashed")
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }
}

const SHARDS: usize = 256;

impl Seen {
    fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    fn shard(&self, fingerprint: u64) -> &Mutex<Shard> {
        &self.shards[(fingerprint >> 40) as usize % SHARDS]
    }

    /// True for a world that is new.
    fn add(&self, fingerprint: u64, from: u64) -> bool {
        match self.shard(fingerprint).lock().expect("no panics").entry(fingerprint) {
            Entry::Occupied(_) => false,
            Entry::Vacant(free) => {
                free.insert(from);
                true
            }
        }
    }

    fn from(&self, fingerprint: u64) -> Option<u64> {
        self.shard(fingerprint).lock().expect("no panics").get(&fingerprint).copied()
    }
}

/// A world and the step after which a promise was broken.
struct Culprit {
    from: u64,
    step: Step,
    violation: Violation,
}

/// Assertions that fail under a search are findings of it. Its threads have no name; all others
/// go on telling of their panics.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name().is_some() {
                tell(panic);
            }
        }));
    });
}

pub(super) fn exhaust(scope: &Scope, limits: Limits) -> Finding {
    hush();
    let clock = Clock::start();
    let start = World::new(scope);
    let seen = Seen::new();
    seen.add(start.fingerprint(), 0);
    let count = AtomicUsize::new(1);
    let stop = AtomicBool::new(false);
    let culprit: Mutex<Option<Culprit>> = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (mut level, mut depth) = (vec![start.clone()], 0);
    while !level.is_empty() && depth < limits.steps && !stop.load(Ordering::Relaxed) {
        let work = Mutex::new(level.into_iter());
        let next = Mutex::new(Vec::new());
        std::thread::scope(|threads_of| {
            for _ in 0..threads {
                threads_of.spawn(|| {
                    let (mut found, mut steps) = (Vec::new(), Vec::new());
                    loop {
                        let some: Vec<World> =
                            work.lock().expect("no panics").by_ref().take(256).collect();
                        if some.is_empty() || stop.load(Ordering::Relaxed) {
                            break;
                        }
                        for world in &some {
                            if let Err(bad) = expand(scope, world, &seen, &mut steps, &mut found) {
                                stop.store(true, Ordering::Relaxed);
                                culprit.lock().expect("no panics").get_or_insert(bad);
                                break;
                            }
                        }
                        if count.load(Ordering::Relaxed) + found.len() > limits.states {
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                    count.fetch_add(found.len(), Ordering::Relaxed);
                    next.lock().expect("no panics").append(&mut found);
                });
            }
        });
        level = next.into_inner().expect("no panics");
        depth += 1;
    }
    let culprit = culprit.into_inner().expect("no panics");
    let broken = culprit.map(|culprit| retrace(scope, start, &seen, culprit));
    let complete = broken.is_none() && level.is_empty() && !stop.load(Ordering::Relaxed);
    Finding { states: count.into_inner(), complete, took: clock.now(), broken }
}

fn expand(
    scope: &Scope,
    world: &World,
    seen: &Seen,
    steps: &mut Vec<Step>,
    found: &mut Vec<World>,
) -> Result<(), Culprit> {
    let from = world.fingerprint();
    scope.steps(world, steps);
    for step in steps.iter().copied() {
        match scope.after(world, step) {
            Ok(None) => {}
            Ok(Some(next)) => {
                if seen.add(next.fingerprint(), from) {
                    let culprit = |violation| Culprit { from, step, violation };
                    scope.check(&next).map_err(culprit)?;
                    found.push(next);
                }
            }
            Err(violation) => return Err(Culprit { from, step, violation }),
        }
    }
    Ok(())
}

/// The way from the beginning to a violation, in words: the worlds on it are known by their
/// fingerprints, and walked again.
fn retrace(scope: &Scope, start: World, seen: &Seen, culprit: Culprit) -> Broken {
    let mut way = vec![culprit.from];
    while let Some(from) = way.last().and_then(|last| seen.from(*last)).filter(|from| *from != 0) {
        way.push(from);
    }
    let (mut world, mut trace, mut steps) = (start, Vec::new(), Vec::new());
    for goal in way.into_iter().rev().skip(1) {
        scope.steps(&world, &mut steps);
        let reaches = |step: &Step| {
            let next = scope.after(&world, *step).ok().flatten()?;
            (next.fingerprint() == goal).then_some((*step, next))
        };
        let (step, next) = steps.iter().find_map(reaches).expect("it was reached before");
        trace.push(scope.tell(&world, step));
        world = next;
    }
    trace.push(scope.tell(&world, culprit.step));
    Broken { violation: culprit.violation, trace }
}

/// Random histories, each to its end, for as long as there is time.
pub(super) fn wander(scope: &Scope, seed: u64, time: Duration) -> Finding {
    let (clock, mut dice) = (Clock::start(), Dice::from_seed(seed));
    let (mut states, mut steps) = (0, Vec::new());
    while clock.now() < time {
        let (mut world, mut trace) = (World::new(scope), Vec::new());
        loop {
            scope.steps(&world, &mut steps);
            let mut moved = None;
            while !steps.is_empty() && moved.is_none() {
                let step = steps.swap_remove((dice.draw() % steps.len() as u128) as usize);
                trace.push(step);
                let next = scope.after(&world, step);
                let sound = next.and_then(|next| match next {
                    Some(next) => scope.check(&next).map(|()| Some(next)),
                    None => Ok(None),
                });
                match sound {
                    Ok(None) => drop(trace.pop()),
                    Ok(next) => moved = next,
                    Err(violation) => {
                        let trace = scope.retell(&trace);
                        let broken = Some(Broken { violation, trace });
                        return Finding { states, complete: false, took: clock.now(), broken };
                    }
                }
            }
            let Some(next) = moved else {
                if let Err(violation) = scope.leaves_nothing(&world) {
                    let broken = Some(Broken { violation, trace: scope.retell(&trace) });
                    return Finding { states, complete: false, took: clock.now(), broken };
                }
                break;
            };
            world = next;
            states += 1;
            // Rounds that lead nowhere (a read that restarts) would go on for ever.
            if trace.len() > 400 {
                break;
            }
        }
    }
    Finding { states, complete: false, took: clock.now(), broken: None }
}

impl Scope {
    fn retell(&self, steps: &[Step]) -> Vec<String> {
        let mut world = World::new(self);
        let mut trace = Vec::new();
        for step in steps {
            trace.push(self.tell(&world, *step));
            if let Ok(Some(next)) = self.after(&world, *step) {
                world = next;
            }
        }
        trace
    }
}
