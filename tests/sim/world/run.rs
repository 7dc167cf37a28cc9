//! A run: one plan, from its first request to its judgement, on this thread alone, in a time of its own.
//!
//! Time passes only when everybody sleeps, and so it passes as fast as there is nothing to do. Whatever
//! hangs when a run ends is dropped with its runtime. A run ends in any case: its clients have an end,
//! what comes after them has deadlines, and when time has passed too often it is cut off, as one
//! in which somebody asks in a loop.

use std::collections::BTreeMap;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use elacsym::env::{self, Clock};
use elacsym::reach;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::checks::{self, judge};
use super::client::{Client, Place};
use super::mishaps::{Forsaken, Scene};
use super::node::Site;
use super::panics;
use super::plan::Plan;
use super::quiet::Quiet;
use super::report::{Figures, Trial};
use super::scribe::Scribe;
use super::store::{Faults, Truth};
use super::trace::{self, Diary, Note};
use super::words::{Act, Broken, History, Moment, Order};
use super::workload::Hearsay;

/// Clients that are late have asked their last by then, each wish of which takes a minute at most.
const OVERTIME: Duration = Duration::from_secs(8 * 3600);
/// Time has passed so often in no run: some ten thousand times is usual.
const STEPS_MAX: u64 = 10_000_000;

/// Whether it is heard what the nodes log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ear {
    Open,
    Shut,
}

/// What became of a run.
pub(super) struct Outcome {
    pub(super) broken: Option<Broken>,
    pub(super) figures: Figures,
    history: History,
    notes: Vec<Note>,
    /// The hash of all that the store went through.
    store: u64,
}

impl Outcome {
    /// Two runs of one plan have the same.
    pub(super) fn hash(&self) -> u64 {
        trace::hash(&self.history, &self.notes, self.store)
    }

    pub(super) fn story(&self) -> String {
        trace::story(&self.history, &self.notes)
    }
}

pub(super) fn run(plan: &Plan, ear: Ear) -> Outcome {
    env::block_inline();
    panics::listen();
    // What an earlier run of this thread came by.
    drop(reach::taken());
    let leash = Arc::new(Leash::default());
    let runtime = runtime(&leash);
    let world = {
        let _inside = runtime.enter();
        World::new(plan)
    };
    let mut played = Played::default();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let play = leash.hold(world.play(&mut played));
        match ear {
            Ear::Shut => runtime.block_on(play),
            Ear::Open => {
                let scribe = Scribe(world.diary.clone());
                tracing::subscriber::with_default(scribe, || runtime.block_on(play))
            }
        }
    }));
    let ended = caught.unwrap_or(Ok(()));
    let (whole, store_broke) = (played.whole, world.truth.broken());
    let outcome = {
        // Outside of it the clock is another.
        let _inside = runtime.enter();
        world.told(played)
    };
    // Tasks may panic as they are dropped, too.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        drop(world);
        drop(runtime);
    }));
    // What follows from a panic, or from a promise that the store saw broken, is only what follows.
    // And without its clients a history has no reasons.
    let panic = panics::heard().into_iter().next();
    let panic = panic.map(|panic| Broken(format!("a panic: {panic}")));
    let judged = || whole.then(|| judge(&outcome.history).err()).flatten();
    let litter = || outcome.figures.hides_little().err();
    let broken = panic.or(store_broke).or_else(judged).or(ended.err()).or_else(litter);
    let judged = checks::taken();
    let Outcome { figures, history, notes, store, .. } = outcome;
    Outcome { broken, figures: Figures { judged, ..figures }, history, notes, store }
}

fn runtime(leash: &Arc<Leash>) -> Runtime {
    let leash = leash.clone();
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).on_thread_park(move || leash.step());
    builder.build().expect("a thread has room for a runtime")
}

/// Ends a run in which time passes again and again. A thread parks each time before it does.
#[derive(Default)]
struct Leash {
    steps: AtomicU64,
    end: Notify,
}

impl Leash {
    fn step(&self) {
        if self.steps.fetch_add(1, Relaxed) == STEPS_MAX {
            self.end.notify_one();
        }
    }

    async fn hold(&self, play: impl Future<Output = Result<(), Broken>>) -> Result<(), Broken> {
        tokio::select! {
            biased;
            () = self.end.notified() => {
                Err(Broken(format!("no end: time has passed {STEPS_MAX} times")))
            }
            played = play => played,
        }
    }
}

/// What clients did, as far as it is known.
#[derive(Default)]
struct Played {
    acts: Vec<Act>,
    /// Whether these are all acts of all clients, but for what was asked in vain after them.
    whole: bool,
    /// When the storm was over: what befell the nodes after that was done to them for a last look.
    calm: Option<(Moment, Duration)>,
}

struct World {
    plan: Plan,
    order: Order,
    clock: Clock,
    truth: Truth,
    faults: Faults,
    diary: Arc<Diary>,
    site: Arc<Site>,
}

impl World {
    fn new(plan: &Plan) -> Self {
        let (order, clock) = (Order::default(), Clock::start());
        let truth = Truth::new(order.clone());
        let dice = plan.chance("faults").dice().clone();
        let faults = Faults::new(plan.rates.clone(), dice);
        faults.mask(plan.masked.clone());
        // From the beginning: some seeds ask the store for nothing after the first seconds.
        faults.owe(plan.faults_owed as u64, Duration::ZERO);
        faults.page_by(plan.page_keys_max);
        let diary = Arc::new(Diary::new(order.clone(), clock));
        let site = Site::open(plan, &truth, &faults, &diary);
        Self { plan: plan.clone(), order, clock, truth, faults, diary, site }
    }

    async fn play(&self, played: &mut Played) -> Result<(), Broken> {
        self.storm(played).await?;
        self.faults.cease();
        played.calm = Some((self.order.next(), self.clock.now()));
        self.site.mend();
        let quiet = Quiet {
            plan: &self.plan,
            site: &self.site,
            truth: &self.truth,
            diary: &self.diary,
            place: self.place(),
            acts: &mut played.acts,
        };
        quiet.rest().await
    }

    /// All clients live, and everything befalls the nodes that the plan has for them.
    async fn storm(&self, played: &mut Played) -> Result<(), Broken> {
        let Self { plan, site, faults, clock, diary, .. } = self;
        let hearsay = Hearsay::default();
        let mut clients = JoinSet::new();
        for no in 0..plan.clients {
            let Place { nodes, order, clock } = self.place();
            clients.spawn(Client::new(plan, no, hearsay.clone()).live(nodes, order, clock));
        }
        for forsaken in Forsaken::drawn(plan) {
            clients.spawn(forsaken.live(site.clone(), self.place()));
        }
        let lives = async {
            while let Some(acts) = clients.join_next().await {
                // One that panicked was heard.
                played.acts.extend(acts.unwrap_or_default());
            }
            clock.sleep(plan.length.saturating_sub(clock.now())).await;
            played.whole = true;
        };
        let scene = Scene { plan, site, faults, clock: *clock, diary };
        let mishaps = async {
            scene.befall().await;
            // Those that are over do not end the storm.
            pending::<()>().await;
        };
        let late = plan.length + OVERTIME;
        tokio::select! {
            biased;
            () = lives => Ok(()),
            () = mishaps => Ok(()),
            () = clock.sleep(late) => {
                Err(Broken(format!("no end: {late:?} after the begin a client still waits")))
            }
        }
    }

    fn place(&self) -> Place {
        Place { nodes: self.site.clone(), order: self.order.clone(), clock: self.clock }
    }

    /// All that was seen of it.
    fn told(&self, played: Played) -> Outcome {
        let Played { mut acts, calm, .. } = played;
        acts.sort_by_key(|act| act.call);
        let history = History { acts, log: self.truth.landed() };
        let notes = self.diary.take();
        let (calm, lasted) = calm.unwrap_or((Moment::NEVER, self.clock.now()));
        let (faults, mishaps) = (self.faults.counts(), mishaps(&notes, calm));
        let trial = Trial {
            operations: history.acts.iter().filter(|act| act.call < calm).count() as u64,
            faults: faults.values().chain(mishaps.values()).sum(),
            lasted,
        };
        let mut figures = Figures {
            seed: self.plan.seed,
            trial,
            faults,
            mishaps,
            reached: reach::taken(),
            requests: self.site.requests(),
            slots: history.log.len() as u64,
            hidden: self.truth.hidden(),
            simulated: self.clock.now(),
            ..Figures::default()
        };
        figures.count(&history.acts);
        Outcome { broken: None, figures, history, notes, store: self.truth.hash() }
    }
}

fn mishaps(notes: &[Note], calm: Moment) -> BTreeMap<trace::Kind, u64> {
    let mut mishaps = BTreeMap::new();
    for note in notes.iter().filter(|note| note.at < calm && note.kind.is_mishap()) {
        *mishaps.entry(note.kind).or_default() += 1;
    }
    mishaps
}
