//! The nodes of a run: each the whole engine below HTTP, over a lying view of the one store, behind a
//! gate, by a clock that is moved by hand.
//!
//! A process starts as `elacsym serve` starts one, but for the proof of the store: that asks hundreds
//! of requests of a store that is ours, and `tests/store` asks it. One that is killed hangs where it
//! stands: its gate lets nothing pass any more, so it never reaches the truth again, and nobody who
//! sleeps by its clock ever wakes; its tasks are dropped with the runtime. The next one has the same
//! node id, and knows nothing. One that is paused stands still by its gate and its clock alike: what
//! comes for it waits, and so does whoever sleeps or has a deadline there, until it goes on.
//!
//! All machines are suspended together, as with the host that they run on: time goes by, and `now` does
//! not. Of one alone the clock would lead the others' by so much without any time going by, and the
//! grace of garbage rests on it that half an hour is half an hour; for one alone there is the pause.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use elacsym::engine::{Engine, Limits};
use elacsym::env::{Clock, Dice, Hands};
use elacsym::model::NodeId;
use elacsym::storage::{Reader, Store, Verb};
use tokio::sync::{Notify, oneshot};

use super::client::{Door, Nodes};
use super::plan::Plan;
use super::store::{Faults, Gate, Lying, Trap, Traps, Truth};
use super::trace::{Diary, Kind, clock_face};

/// When the first run ever begins, by the calendar: in the autumn of 2026, in seconds since 1970.
const BEGIN_SECS: u64 = 1_790_000_000;
/// By which the calendars of two machines differ at most.
const SKEW_MAX_SECS: u128 = 300;

/// All machines, and the store between them.
pub(super) struct Site {
    truth: Truth,
    faults: Faults,
    limits: Limits,
    dice: Dice,
    diary: Arc<Diary>,
    machines: Vec<Machine>,
    /// How many processes were ever started.
    started: AtomicU64,
}

struct Machine {
    id: NodeId,
    /// Somebody has just asked it something.
    asked: Notify,
    /// For whatever process is on it.
    traps: Traps,
    inside: Mutex<Inside>,
}

struct Inside {
    /// Those that its last process goes by, or went by: they have its calendar.
    hands: &'static Hands,
    /// None: it is down.
    process: Option<Process>,
    /// The last process that was told to end. It takes no requests any more.
    ending: Option<Number>,
    /// Processes whose place another has taken, though they are not dead.
    usurped: Vec<Process>,
    /// Of every process that ever was, to count its requests.
    wires: Vec<Reader>,
}

#[derive(Clone)]
struct Process {
    number: Number,
    door: Door,
    hands: &'static Hands,
}

/// Of a process, among all of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u64);

impl Site {
    /// All machines, with a process on each; within a runtime.
    pub(super) fn open(
        plan: &Plan,
        truth: &Truth,
        faults: &Faults,
        diary: &Arc<Diary>,
    ) -> Arc<Self> {
        let mut dice = plan.chance("site").dice().clone();
        let mut machines = Vec::new();
        for no in 0..plan.nodes {
            let skew = Duration::from_secs((dice.draw() % SKEW_MAX_SECS) as u64);
            let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(BEGIN_SECS) + skew;
            machines.push(Machine {
                id: NodeId::new(&format!("node-{no}")).expect("it is a name"),
                asked: Notify::new(),
                traps: Traps::default(),
                inside: Mutex::new(Inside::down(Hands::at(wall))),
            });
        }
        let (truth, faults, diary) = (truth.clone(), faults.clone(), diary.clone());
        let (limits, started) = (plan.limits, AtomicU64::new(0));
        let site = Self { truth, faults, limits, dice, diary, machines, started };
        (0..plan.nodes).for_each(|no| site.start(no));
        Arc::new(site)
    }

    /// A new process on a machine that has none.
    pub(super) fn start(&self, no: usize) {
        let machine = &self.machines[no];
        let mut inside = machine.inside();
        if inside.process.is_none() {
            let hands = Hands::at(Clock::by(inside.hands).wall());
            let (process, wire) = self.process(machine, hands);
            self.note(Kind::Started, no, process.number);
            inside.hands = hands;
            inside.process = Some(process);
            inside.wires.push(wire);
        }
    }

    fn process(&self, machine: &Machine, hands: &'static Hands) -> (Process, Reader) {
        let number = Number(self.started.fetch_add(1, Relaxed));
        let dice = self.dice.fork(&format!("process {}", number.0));
        let (gate, clock) = (Gate::open(), Clock::by(hands));
        let (truth, faults) = (self.truth.clone(), self.faults.clone());
        let traps = machine.traps.clone();
        let lying = Lying::over(truth, faults.clone(), gate.clone(), traps, dice.fork("lying"));
        let store = Store::new(lying, clock, dice.fork("store"));
        let wire = store.reader();
        let id = machine.id.clone();
        let engine = Engine::new(store, clock, dice.fork("engine"), id, self.limits);
        let door = Door { engine: Arc::new(engine), gate, clock, faults };
        (Process { number, door, hands }, wire)
    }

    /// As by SIGKILL. What it was stays where it hangs.
    pub(super) fn kill(&self, no: usize) {
        let killed = self.machines[no].inside().process.take();
        if let Some(process) = killed {
            self.note(Kind::Killed, no, process.number);
            process.die();
        }
    }

    /// Whatever process of that machine walks into it dies there. Who waits for that clears it away; to
    /// drop what tells it is to take the trap away.
    pub(super) fn set(&self, no: usize, trap: Trap) -> oneshot::Receiver<()> {
        self.machines[no].traps.set(trap)
    }

    /// Who died in a trap is dead to everybody else, too.
    pub(super) fn clear(&self, no: usize) {
        let died = {
            let mut inside = self.machines[no].inside();
            let is_dead = |process: &mut Process| process.door.gate.is_cut();
            let mut died: Vec<Process> = inside.usurped.extract_if(.., is_dead).collect();
            died.extend(inside.process.take_if(is_dead));
            died
        };
        for process in died {
            self.note(Kind::Killed, no, process.number);
            process.die();
        }
    }

    /// As by SIGTERM, and by SIGKILL if it has not ended by then.
    pub(super) async fn shut_down(&self, no: usize, within: Duration) {
        let Some(process) = self.machines[no].inside().process.clone() else { return };
        self.note(Kind::Ending, no, process.number);
        self.machines[no].inside().ending = Some(process.number);
        process.door.engine.shut_down(within).await;
        let still = |now: &mut Process| now.number == process.number;
        if self.machines[no].inside().process.take_if(still).is_some() {
            self.note(Kind::Ended, no, process.number);
        }
        process.die();
    }

    /// As by SIGSTOP. None: it is down.
    pub(super) fn pause(&self, no: usize) -> Option<Number> {
        let process = self.machines[no].inside().process.clone()?;
        self.note(Kind::Paused, no, process.number);
        process.halt();
        Some(process.number)
    }

    /// It is taken for dead, and another is started in its place; but it is only paused.
    pub(super) fn usurp(&self, no: usize) -> Option<Number> {
        let number = self.pause(no)?;
        {
            let mut inside = self.machines[no].inside();
            let process = inside.process.take()?;
            inside.usurped.push(process);
        }
        self.note(Kind::Usurped, no, number);
        self.start(no);
        Some(number)
    }

    /// As by SIGCONT, if it is not dead by now.
    pub(super) fn wake(&self, no: usize, number: Number) {
        let process = self.machines[no].inside().find(number);
        if let Some(process) = process.filter(|process| !process.door.gate.is_cut()) {
            self.note(Kind::GoesOn, no, number);
            process.resume();
        }
    }

    /// One whose place another has taken is killed at last.
    pub(super) fn bury(&self, no: usize, number: Number) {
        let mut inside = self.machines[no].inside();
        let buried = inside.usurped.extract_if(.., |process| process.number == number);
        for process in buried {
            self.note(Kind::Killed, no, number);
            process.die();
        }
    }

    /// Every machine is suspended for so long, and notices nothing.
    pub(super) fn suspend(&self, lasts: Duration) {
        self.diary.note(Kind::Suspended, format!("for {}", clock_face(lasts)));
        for machine in &self.machines {
            machine.inside().hands().for_each(|hands| hands.suspend(lasts));
        }
    }

    /// Somebody sets the calendar of a machine.
    pub(super) fn step(&self, no: usize, by_ms: i64) {
        self.diary.note(Kind::Dated, format!("node {no}, by {by_ms} ms"));
        self.machines[no].inside().hands().for_each(|hands| hands.step(by_ms));
    }

    /// Nothing befalls anybody any more: who is paused goes on, who is down, about to end or dead in a
    /// trap is started anew, and of two on one machine only the newer is left.
    pub(super) fn mend(&self) {
        for (no, machine) in self.machines.iter().enumerate() {
            let usurped = std::mem::take(&mut machine.inside().usurped);
            usurped.iter().for_each(Process::die);
            if machine.inside().is_lost() {
                self.kill(no);
            }
            let now = machine.inside().process.clone();
            match now {
                Some(process) => process.resume(),
                None => self.start(no),
            }
        }
    }

    /// Waits until a client asks that node something.
    pub(super) async fn asked(&self, no: usize) {
        self.machines[no].asked.notified().await;
    }

    /// Requests that were sent to the store, of all processes that ever were.
    pub(super) fn requests(&self) -> u64 {
        let of_wire = |wire: &Reader| {
            let counts = wire.counts();
            Verb::ALL.into_iter().map(|verb| counts.sent(verb)).sum::<u64>()
        };
        let of_machine =
            |machine: &Machine| machine.inside().wires.iter().map(of_wire).sum::<u64>();
        self.machines.iter().map(of_machine).sum()
    }

    fn note(&self, kind: Kind, no: usize, number: Number) {
        self.diary.note(kind, format!("node {no}, process {}", number.0));
    }
}

impl Machine {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    fn halt(&self) {
        self.door.gate.shut();
        self.hands.halt();
    }

    /// Answers that came meanwhile are there before anybody's time is up.
    fn resume(&self) {
        self.door.gate.reopen();
        self.hands.resume();
    }

    fn die(&self) {
        self.door.gate.cut();
        self.hands.stop();
    }
}

impl Inside {
    fn down(hands: &'static Hands) -> Self {
        Self { hands, process: None, ending: None, usurped: Vec::new(), wires: Vec::new() }
    }

    /// Of all who live here, and of the machine itself.
    fn hands(&self) -> impl Iterator<Item = &'static Hands> {
        self.usurped.iter().map(|process| process.hands).chain([self.hands])
    }

    /// Whether its process is about to end, or died just now.
    fn is_lost(&self) -> bool {
        let is_lost = |it: &Process| Some(it.number) == self.ending || it.door.gate.is_cut();
        self.process.as_ref().is_some_and(is_lost)
    }

    fn find(&self, number: Number) -> Option<Process> {
        let mut all = self.process.iter().chain(&self.usurped);
        all.find(|process| process.number == number).cloned()
    }
}

impl Nodes for Site {
    fn count(&self) -> usize {
        self.machines.len()
    }

    fn node(&self, no: usize) -> Option<Door> {
        let machine = &self.machines[no];
        machine.asked.notify_waiters();
        let inside = machine.inside();
        inside.process.as_ref().map(|process| process.door.clone())
    }
}
