//! The view of a node that does not own the name, and what it must ask before it answers.
//!
//! A strong read asks for the slot behind its view *after* the query arrived. A slot that is there
//! is applied, and the next asked for. A 404 is the end of the log if the slot cannot have been
//! collected: the head is younger than 15 minutes, or it is read *after* the 404 and its floor is
//! not beyond that slot. (The other order is wrong: between the two, the log may be folded.)

use std::sync::Arc;
use std::time::Duration;

use super::request::Heard;
use super::rounds::{Proof, Rounds};
use super::{
    Answer, Lane, Life, Met, Outbox, Payload, Place, Replay, Reply, Request, Rule, Rules, Seen,
    Slot, Step,
};
use crate::env::BootTime;
use crate::model::{FileName, Seq, StoreDate};

/// How long a 404 is believed without asking the head: half of what garbage waits. The other half
/// is ample for what else is not exact: a date counts whole seconds, and is the store's.
pub const HEAD_AGE_MAX: Duration = Duration::from_secs(15 * 60);

/// Its rounds follow one another.
const ROUND: Proof = Proof::Probe(0);

/// A moment of a name: the head's files and base, overlaid by the batches from its floor on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View<P: Payload> {
    pub seen: Seen<P>,
    pub batches: Vec<Arc<Slot<P>>>,
    /// The first slot that is not in it.
    pub next: Seq,
}

impl<P: Payload> View<P> {
    /// A head without any batch, ever, reads as 404.
    pub fn exists(&self) -> bool {
        self.seen.head.born || !self.batches.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reader<P: Payload> {
    pub place: Place,
    strict: Strictness,
    held: Option<Held<P>>,
    /// What is held led to something that is gone: the next round begins with the head.
    suspect: bool,
    phase: Phase,
    waiting: Rounds<Ask>,
    /// The era of the next replay from a head.
    era: u32,
    /// What was not there that the view for a ticket named.
    missed: Vec<(u64, FileName)>,
}

/// Whether the age of a head may stand in for reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strictness {
    ByAge,
    AlwaysHead,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held<P: Payload> {
    seen: Seen<P>,
    /// When the GET of this head was sent, and when the store answered it: it may be that old.
    since: Moment,
    replay: Replay<P>,
}

/// By my clock, which may stand still, and by the store's, which I may not be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Moment {
    time: BootTime,
    date: Option<StoreDate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Ask {
    min_seq: Option<Seq>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    /// `young`: by its age when the round began, the head could be trusted. `again`: the head was
    /// read anew because of a slot that did not follow.
    Slots {
        young: bool,
        again: bool,
    },
    Head(Why),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Why {
    /// There is no view, or the one at hand led to a file that is gone.
    First,
    /// Nothing at the cursor: can it have been collected?
    NotFound,
    /// The log ended there: what came after?
    Ended,
    /// A slot that does not follow: a delayed fence in a collected slot, or corruption.
    Broken,
}

impl<P: Payload> Reader<P> {
    pub fn new(place: Place, strict: Strictness) -> Self {
        Self {
            place,
            strict,
            held: None,
            suspect: false,
            phase: Phase::Idle,
            waiting: Rounds::default(),
            era: 0,
            missed: Vec::new(),
        }
    }

    /// A reader that begins with a head it knows. It trusts no age: it is used once.
    pub fn holding(place: Place, seen: Seen<P>) -> Self {
        let held = Some(Held::fresh(seen, Moment::default(), 0, &place));
        Self { held, ..Self::new(place, Strictness::AlwaysHead) }
    }

    /// Whether a round of questions is under way.
    pub fn busy(&self) -> bool {
        self.phase != Phase::Idle
    }

    /// An eventual read: the view at hand, whatever its age. The driver refreshes it.
    pub fn at_hand(&self) -> Option<View<P>> {
        self.held.as_ref().map(Held::view).filter(View::exists)
    }

    /// The head at hand, and when its GET was sent.
    pub fn head(&self) -> Option<(&Seen<P>, BootTime)> {
        self.held.as_ref().map(|held| (&held.seen, held.since.time))
    }

    /// Moves the origin of this reader's clock. To a search over states, the time of day is noise.
    #[cfg(feature = "mutants")]
    pub fn shift(&mut self, by: Duration) {
        if let Some(held) = &mut self.held {
            held.since.time = BootTime(held.since.time.0.saturating_sub(by));
            held.since.date.iter_mut().for_each(|date| date.shift(by));
        }
    }

    /// A strong read, of a state that holds slot `min_seq` at least.
    pub fn query(&mut self, ticket: u64, min_seq: Option<Seq>) {
        self.waiting.arrive(ticket, Ask { min_seq });
        if self.busy() && !self.place.rules.keep(Rule::ProbeFollowsArrival) {
            self.waiting.begin(ROUND);
        }
    }

    /// Starts a round for all who wait, where none is under way. The driver paces rounds.
    pub fn begin(&mut self, now: BootTime, out: &mut Outbox<P>) {
        if self.busy() || self.waiting.is_empty() {
            return;
        }
        self.waiting.begin(ROUND);
        if std::mem::take(&mut self.suspect) {
            self.drop_view();
        }
        let Some(held) = &mut self.held else { return self.read_head(Why::First, out) };
        let young = held.is_young(Moment { time: now, date: None }, self.place.rules);
        if !young && !self.place.rules.keep(Rule::HeadFollowsProbe) {
            return self.read_head(Why::First, out);
        }
        held.replay.ask(&self.place, None, out);
        self.phase = Phase::Slots { young, again: false };
    }

    /// A view that was answered names a file or chunk that is not there: the head has moved on, or
    /// something is lost. The head is read anew; the same file missing again, under a head too
    /// young for it to have been collected, is lost.
    pub fn missing(
        &mut self,
        ticket: u64,
        min_seq: Option<Seq>,
        file: FileName,
        now: BootTime,
        out: &mut Outbox<P>,
    ) {
        let (now, rules) = (Moment { time: now, date: None }, self.place.rules);
        let young = self.held.as_ref().is_some_and(|held| held.is_young(now, rules));
        let missed = (ticket, file);
        if young && self.missed.contains(&missed) {
            self.done(ticket);
            out.answer(Answer::Corrupt { ticket });
            return;
        }
        self.done(ticket);
        self.missed.push(missed);
        self.suspect = true;
        self.waiting.arrive(ticket, Ask { min_seq });
    }

    /// The query is over: nothing is remembered of it.
    pub fn done(&mut self, ticket: u64) {
        self.missed.retain(|(known, _)| *known != ticket);
    }

    pub fn hear(&mut self, lane: Lane, reply: Reply<P>, heard: Heard, out: &mut Outbox<P>) {
        match (self.phase, lane, reply) {
            (Phase::Head(why), Lane::Probe(0), Reply::Head(seen)) => {
                self.looked(why, seen, heard, out);
            }
            (Phase::Slots { young, again }, Lane::Replay { era, seq }, Reply::Slot(slot)) => {
                if let Some(held) = &mut self.held {
                    held.replay.hear(era, seq, slot, self.place.rules);
                }
                let now = Moment { time: heard.received, date: heard.date };
                self.walk(young, again, now, out);
            }
            // Slots that were asked for ahead, before this round took another turn: no answer rests
            // on them, for a round that goes on from there begins another era.
            (_, Lane::Replay { era, seq }, Reply::Slot(slot)) => {
                if let Some(held) = &mut self.held {
                    held.replay.hear(era, seq, slot, self.place.rules);
                }
            }
            (phase, lane, reply) => unreachable!("{reply:?} on {lane:?} during {phase:?}"),
        }
    }

    fn walk(&mut self, young: bool, again: bool, now: Moment, out: &mut Outbox<P>) {
        let rules = self.place.rules;
        let Some(held) = &mut self.held else { return };
        loop {
            match held.replay.step(rules) {
                Step::Wait => return held.replay.ask(&self.place, None, out),
                Step::Met(Met::End, _) if rules.keep(Rule::EndReadsHead) => {
                    return self.read_head(Why::Ended, out);
                }
                Step::Met(Met::End, _) => return self.absent(out),
                Step::Met(..) => {}
                Step::Broken if again && held.is_young(now, rules) => return self.corrupt(out),
                Step::Broken => return self.read_head(Why::Broken, out),
                Step::Missing => break,
            }
        }
        let trusted = match self.strict {
            Strictness::AlwaysHead => false,
            Strictness::ByAge if !rules.keep(Rule::AgeIsJudgedLast) => young,
            Strictness::ByAge => held.is_young(now, rules),
        };
        let asks = rules.keep(Rule::NotFoundReadsHead) && rules.keep(Rule::HeadFollowsProbe);
        if trusted || !asks {
            return self.finish(out);
        }
        crate::reach!("the head of a reader is too old to believe that nothing follows");
        self.read_head(Why::NotFound, out);
    }

    fn read_head(&mut self, why: Why, out: &mut Outbox<P>) {
        out.send(Lane::Probe(0), Request::ReadHead { name: self.place.name.clone() });
        self.phase = Phase::Head(why);
    }

    fn looked(&mut self, why: Why, seen: Option<Seen<P>>, heard: Heard, out: &mut Outbox<P>) {
        let rules = self.place.rules;
        let counts = rules.keep(Rule::AgeCountsFromSending);
        let time = if counts { heard.sent } else { heard.received };
        let since = Moment { time, date: heard.date };
        let Some(seen) = seen else { return self.absent(out) };
        let head = &seen.head;
        let reads = match head.life {
            Life::Active => true,
            Life::Branching => !rules.keep(Rule::BranchingIsAbsent),
            Life::Deleted { .. } => false,
        };
        if !reads {
            if !rules.keep(Rule::TombstoneIsNotKept) {
                self.drop_view();
                self.held = Some(Held::fresh(seen, since, self.era, &self.place));
                return self.finish(out);
            }
            return self.absent(out);
        }
        if let Some(held) = &mut self.held
            && head.inc == held.seen.head.inc
        {
            match why {
                Why::NotFound if head.floor <= held.replay.cursor.seq => {
                    held.replay.trim(head.floor);
                    held.seen = seen;
                    held.since = since;
                    return self.finish(out);
                }
                Why::Ended => return self.absent(out),
                Why::NotFound | Why::First | Why::Broken => {}
            }
        }
        if why == Why::Ended {
            crate::reach!("a reader meets the end of a name that lives again");
        }
        self.drop_view();
        let mut held = Held::fresh(seen, since, self.era, &self.place);
        held.replay.ask(&self.place, None, out);
        self.held = Some(held);
        self.phase = Phase::Slots { young: true, again: why == Why::Broken };
    }

    fn finish(&mut self, out: &mut Outbox<P>) {
        self.phase = Phase::Idle;
        let Some(held) = &self.held else { return };
        let view = held.view();
        for waiter in self.waiting.prove(ROUND, |_| true) {
            let ticket = waiter.ticket;
            out.answer(match waiter.ask.min_seq {
                _ if !view.exists() => Answer::Absent { ticket },
                Some(seq) if seq >= view.next => Answer::Beyond { ticket, end: view.next },
                Some(_) | None => Answer::Read { ticket, view: view.clone() },
            });
        }
    }

    fn drop_view(&mut self) {
        if let Some(held) = self.held.take() {
            self.era = held.replay.next_era();
        }
    }

    fn absent(&mut self, out: &mut Outbox<P>) {
        self.phase = Phase::Idle;
        self.drop_view();
        for waiter in self.waiting.prove(ROUND, |_| true) {
            out.answer(Answer::Absent { ticket: waiter.ticket });
        }
    }

    fn corrupt(&mut self, out: &mut Outbox<P>) {
        self.phase = Phase::Idle;
        self.drop_view();
        for waiter in self.waiting.prove(ROUND, |_| true) {
            out.answer(Answer::Corrupt { ticket: waiter.ticket });
        }
    }
}

impl<P: Payload> Held<P> {
    fn fresh(seen: Seen<P>, since: Moment, era: u32, place: &Place) -> Self {
        let replay = Replay::at(&seen.head, era, place.rules);
        Self { seen, since, replay }
    }

    /// Whether its head cannot have been folded so long ago that slots behind it are collected.
    fn is_young(&self, now: Moment, rules: Rules) -> bool {
        let mine = now.time.0.saturating_sub(self.since.time.0);
        let dates = now.date.zip(self.since.date).filter(|_| rules.keep(Rule::StoreDateCounts));
        let theirs = dates.map_or(Duration::ZERO, |(now, then)| now.since(then));
        mine.max(theirs) < HEAD_AGE_MAX
    }

    fn view(&self) -> View<P> {
        View {
            seen: self.seen.clone(),
            batches: self.replay.batches.clone(),
            next: self.replay.cursor.seq,
        }
    }
}
