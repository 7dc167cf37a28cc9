//! The desk of a keeper: what lies on it, and its one loop. Something is heard, and then whatever can
//! begin, begins.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use super::closing::{Closing, Yielding};
use super::draft::{Queued, Told};
use super::folds::{FoldDone, Folding};
use super::gate::Gate;
use super::looks::{Look, Looks};
use super::rows::{Grown, Known, Shelf};
use super::writes::{Sent, Staged, Writes};
use super::{Ask, Deleted, Grounds, Left, Reply, not_committed, retold, unknown};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Stored;
use crate::model::{FileName, Incarnation, Namespace, Reads};
use crate::namespace::courier::{Courier, Delivery};
use crate::namespace::segments::{Segment, Unread};
use crate::protocol::{
    Exit, Intent, Lane, News, Outbox, Owner, Place, Reader, Refused, Remembered, Reply as Said,
    Rules, State, Strictness,
};

/// Rows of segments are kept in memory for so long after somebody asked.
const REST: Duration = Duration::from_secs(5);
/// After an error that it cannot go on from, a keeper sends everybody away for so long.
const AILING: Duration = Duration::from_secs(2);
/// A name that is not there is not waited for: there may be many of them.
const EMPTY_IDLE: Duration = Duration::from_secs(1);
/// Between two claims that were lost to somebody else.
const RACE_PAUSE: Duration = Duration::from_millis(50);

/// Who waits for a ticket of the machines.
pub(super) enum Waiting {
    Batch(Sent),
    /// Requests that changed nothing, or were refused: told when it is proven that they saw the
    /// latest.
    Same(Vec<Told>),
    Look(Look),
    Delete(Reply<Deleted>),
    /// There was nothing to delete, if this is still the owner.
    Absent(Reply<Deleted>),
}

pub(super) struct Desk {
    pub(super) grounds: Grounds,
    pub(super) owner: Owner<Stored>,
    pub(super) owner_mail: Courier,
    pub(super) owner_out: Outbox<Stored>,
    pub(super) reader: Reader<Stored>,
    pub(super) reader_mail: Courier,
    pub(super) reader_out: Outbox<Stored>,
    pub(super) writes: Writes,
    pub(super) deletes: VecDeque<Reply<Deleted>>,
    pub(super) looks: Looks,
    pub(super) waiting: BTreeMap<u64, Waiting>,
    tickets: u64,
    pub(super) known: Option<Known>,
    pub(super) shelf: Shelf,
    pub(super) folding: Folding,
    pub(super) closing: Closing,
    pub(super) work: JoinSet<Done>,
    /// A file that is lost, if that ticket is answered by the owner.
    pub(super) doubted: Option<(u64, FileName)>,
    pub(super) yielding: Yielding,
    /// A claim was lost: it is tried again after a pause.
    pausing: bool,
    /// The name is to be claimed, though nobody changes it.
    tending: bool,
    /// Nobody has asked for a while: of segments, only the ids are kept.
    resting: bool,
    /// Slots and bytes that are not folded, as the figures have them.
    counted: (u64, u64),
    /// How many writes and deletes waited when the name was claimed: if it is not there, it was not
    /// there for these.
    waited: (usize, usize),
    /// When somebody last asked for rows.
    pub(super) looked: Duration,
}

/// What a task beside the machines has to say.
pub(super) enum Done {
    /// Of which life, and what was read for it.
    Loaded(Incarnation, Reads, Result<Vec<Arc<Segment>>, Unread>),
    Grown(Incarnation, Reads, Result<Grown, Unread>),
    Staged(Box<Staged>),
    /// They would make the name, which was not there.
    Tried(Vec<Queued>),
    Folded(Box<FoldDone>),
}

impl Desk {
    pub(super) fn new(
        name: Namespace,
        grounds: Grounds,
        remembered: Option<Remembered>,
        gate: Gate,
    ) -> Self {
        let place = Place { name, me: grounds.me.clone(), rules: Rules::default() };
        let mail = || Courier::new(grounds.store.clone(), grounds.clock);
        let mut owner = Owner::closed(place.clone());
        owner.state = State::Closed { remembered };
        grounds.tally.opened();
        Self {
            owner,
            owner_mail: mail(),
            owner_out: Outbox::default(),
            reader: Reader::new(place, Strictness::ByAge),
            reader_mail: mail(),
            reader_out: Outbox::default(),
            writes: Writes::behind(gate),
            deletes: VecDeque::new(),
            looks: Looks::default(),
            waiting: BTreeMap::new(),
            tickets: 0,
            known: None,
            shelf: Shelf::default(),
            folding: Folding::default(),
            closing: Closing::default(),
            work: JoinSet::new(),
            doubted: None,
            yielding: Yielding::No,
            pausing: false,
            tending: false,
            resting: false,
            counted: (0, 0),
            waited: (0, 0),
            looked: Duration::ZERO,
            grounds,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Ask>) -> Left {
        loop {
            if let Err(error) = self.advance().and_then(|()| self.give_way()) {
                return self.fail(&error, inbox).await;
            }
            if let Some(left) = self.close(&mut inbox) {
                return left;
            }
            let quiet = self.is_quiet() && !self.closing.begun();
            let paced = self.looks.pace(self.grounds.clock.now());
            let (clock, patience) = (self.grounds.clock, self.patience());
            let step = tokio::select! {
                biased;
                Some(delivery) = self.owner_mail.next() => delivery.and_then(|it| self.owner_heard(it)),
                Some(delivery) = self.reader_mail.next() => delivery.and_then(|it| self.reader_heard(it)),
                Some(done) = self.work.join_next() => self.worked(done),
                Some(ask) = inbox.recv() => {
                    self.asked(ask);
                    while let Ok(ask) = inbox.try_recv() {
                        self.asked(ask);
                    }
                    Ok(())
                }
                () = clock.sleep(paced.unwrap_or_default()), if paced.is_some() => Ok(()),
                () = clock.sleep(RACE_PAUSE), if self.pausing => {
                    self.pausing = false;
                    Ok(())
                }
                () = clock.sleep(patience), if quiet => self.rest(),
                // Nobody asks any more, and nothing is under way.
                else => {
                    self.closing.begin();
                    Ok(())
                }
            };
            if let Err(error) = step {
                return self.fail(&error, inbox).await;
            }
        }
    }

    fn asked(&mut self, ask: Ask) {
        self.resting = false;
        match ask {
            Ask::Write { write, key, fingerprint, share, entered, reply } => {
                self.queue(write, key, fingerprint, share, entered, reply);
            }
            Ask::Look { newest, min_seq, reply } => self.look(newest, min_seq, reply),
            Ask::Schema { reply } => self.look_at_schema(reply),
            Ask::Warm { reply } => self.warm(reply),
            Ask::Delete { reply } => self.deletes.push_back(reply),
            Ask::Mine { reply } => {
                let working = self.folding.files().to_vec();
                let mine = self.owner.tenure().map(|(_, tenure)| tenure.mine(working));
                let _ = reply.send(Ok(mine));
            }
            Ask::Tend => self.tending = true,
            Ask::Leave => self.closing.leave(),
            Ask::Yield => self.yielding = Yielding::Asked,
        }
    }

    /// Whatever can begin, begins.
    fn advance(&mut self) -> Result<()> {
        self.open_on()?;
        self.write_on()?;
        self.delete_on();
        self.fold_on()?;
        self.look_on()?;
        self.answer_owner()?;
        self.answer_reader()?;
        self.strip();
        self.count();
        self.send();
        Ok(())
    }

    /// What of this name is not folded, for the figures of the node.
    fn count(&mut self) {
        let now = self.tail_of_owner();
        let before = std::mem::replace(&mut self.counted, now);
        let grew = |now: u64, before: u64| now as i64 - before as i64;
        self.grounds.tally.tail_grew(grew(now.0, before.0), grew(now.1, before.1));
    }

    pub(super) fn send(&mut self) {
        for (lane, request) in self.owner_out.requests.drain(..) {
            self.owner_mail.send(self.owner.generation(), lane, request);
        }
        for (lane, request) in self.reader_out.requests.drain(..) {
            self.reader_mail.send(0, lane, request);
        }
    }

    /// Claims the name, where somebody wants to change it.
    fn open_on(&mut self) -> Result<()> {
        let wanted = !self.writes.queue.is_empty() || !self.deletes.is_empty() || self.tending;
        if !wanted || self.pausing || !matches!(self.owner.state, State::Closed { .. }) {
            return Ok(());
        }
        // What is to be deleted must be there, and so must what is not to be created.
        let intent = if self.writes.may_create() { Intent::Write } else { Intent::Tend };
        self.waited = (self.writes.queue.len(), self.deletes.len());
        self.owner.open(intent, &mut self.owner_out);
        Ok(())
    }

    pub(super) fn ticket(&mut self, waiting: Waiting) -> u64 {
        self.tickets += 1;
        self.waiting.insert(self.tickets, waiting);
        self.tickets
    }

    /// The ticket that the next who waits will have.
    pub(super) fn next_ticket(&self) -> u64 {
        self.tickets + 1
    }

    fn owner_heard(&mut self, delivery: Delivery) -> Result<()> {
        let Delivery { generation, lane, reply, .. } = delivery;
        if generation != self.owner.generation() {
            crate::reach!("a reply comes when its tenure is over");
            // What became of it, the log and the head tell: be it an error.
            return Ok(());
        }
        let reply = reply?;
        if let (Lane::Chunk(ulid), Said::Done) = (lane, &reply) {
            self.uploaded(ulid);
        }
        let dice = &mut self.grounds.dice;
        let news = self.owner.hear(generation, lane, reply, dice, &mut self.owner_out);
        self.answer_owner()?;
        match news {
            None if lane == Lane::Head => self.follow(),
            None => Ok(()),
            Some(News::Owned) => {
                self.tending = false;
                self.ask_again();
                Ok(())
            }
            Some(News::Left(Exit::SteppedDown | Exit::Released | Exit::Ended)) => {
                self.lose();
                Ok(())
            }
            Some(News::Refused(why)) => self.refused(why),
        }
    }

    /// The head may have moved: what is known of the name follows, and so does its size.
    fn follow(&mut self) -> Result<()> {
        let Some((_, tenure)) = self.owner.tenure() else { return Ok(()) };
        let view = tenure.view();
        self.rows_of(&view).map(drop)
    }

    /// The name is not owned here any more. What was not sent is certainly not committed.
    fn lose(&mut self) {
        self.known = None;
        self.ask_again();
        if !crate::mutant!("a draft outlives the slot below it") {
            self.tell_draft(not_committed);
        }
    }

    fn refused(&mut self, why: Refused) -> Result<()> {
        match why {
            Refused::Raced | Refused::Superseded => self.pausing = true,
            Refused::Absent => {
                self.tending = false;
                let (writes, deletes) = std::mem::take(&mut self.waited);
                for reply in self.deletes.drain(..deletes) {
                    let _ = reply.send(Ok(Deleted::Absent));
                }
                self.absent(writes);
            }
            Refused::Branching => {
                self.tending = false;
                let error = || {
                    Error::new(ErrorKind::Conflict, "this name is being branched into: try again")
                };
                self.writes.refuse_all(error);
                self.deletes.drain(..).for_each(|reply| drop(reply.send(Err(error()))));
            }
            Refused::Corrupt => {
                return Err(Error::corrupt("the log of this namespace contradicts its head"));
            }
        }
        Ok(())
    }

    fn delete_on(&mut self) {
        if self.deletes.is_empty() {
            return;
        }
        let ticket = self.next_ticket();
        let Some((place, tenure)) = self.owner.tenure() else { return };
        let dice = &mut self.grounds.dice;
        // What is being written may be the first slot of the name.
        if tenure.pending().is_some() || self.writes.drafting() {
            return;
        }
        if tenure.view().exists() {
            if tenure.end(place, ticket, dice, &mut self.owner_out).is_ok()
                && let Some(reply) = self.deletes.pop_front()
            {
                self.ticket(Waiting::Delete(reply));
            }
        } else if tenure.no_effect(place, ticket, None, dice, &mut self.owner_out).is_ok()
            && let Some(reply) = self.deletes.pop_front()
        {
            self.ticket(Waiting::Absent(reply));
        }
    }

    pub(super) fn worked(&mut self, done: Result<Done, JoinError>) -> Result<()> {
        match done.map_err(|error| Error::internal("a task panicked").with_source(error))? {
            Done::Loaded(inc, reads, loaded) => {
                self.looks.waited_for(reads);
                self.loaded(inc, loaded)
            }
            Done::Grown(inc, reads, grown) => {
                self.looks.waited_for(reads);
                self.grown(inc, grown)
            }
            Done::Staged(staged) => {
                self.staged(*staged);
                Ok(())
            }
            Done::Tried(fitting) => {
                self.tried(fitting);
                Ok(())
            }
            Done::Folded(folded) => {
                self.folded(*folded);
                Ok(())
            }
        }
    }

    /// Whether nobody waits, and nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.waiting.is_empty()
            && self.writes.is_empty()
            && self.deletes.is_empty()
            && self.looks.is_empty()
            && self.work.is_empty()
            && !self.reader.busy()
    }

    /// How long nobody has to ask before something is done about it.
    fn patience(&self) -> Duration {
        let idle = self.grounds.idle;
        let empty = self.known.is_none() && matches!(self.owner.state, State::Closed { .. });
        match (empty, self.resting) {
            (true, _) => EMPTY_IDLE.min(idle),
            (false, true) => idle.saturating_sub(REST),
            (false, false) => REST.min(idle),
        }
    }

    /// Nobody has asked for a while: a long tail is folded, and the name let go with it, if nobody
    /// comes meanwhile; then it is closed.
    fn rest(&mut self) -> Result<()> {
        let idle = self.grounds.idle;
        if !self.resting && self.known.is_some() && idle > REST {
            self.resting = true;
            return Ok(());
        }
        if self.fold_before_closing()? {
            return Ok(());
        }
        self.closing.begin();
        Ok(())
    }

    /// Rows of segments that nobody has asked for lately are not kept, however many writes there are.
    fn strip(&mut self) {
        let idle = self.grounds.clock.now().saturating_sub(self.looked);
        if idle >= REST.min(self.grounds.idle) && self.looks.is_empty() {
            self.looks.forget();
            self.shelf.strip(&self.grounds.memory);
        }
    }

    /// Tells all who wait, and whoever comes in the next moments, and ends. What cannot be read now
    /// is not claimed again at once: each claim leaves a fence behind, for ever.
    async fn fail(mut self, error: &Error, mut inbox: mpsc::Receiver<Ask>) -> Left {
        tracing::error!(
            name = self.owner.place.name.as_str(),
            error = error.chain(),
            "a namespace stops"
        );
        let told = || retold(error);
        self.tell_draft(told);
        self.writes.refuse_all(told);
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            match waiting {
                Waiting::Batch(sent) => sent.refuse(unknown),
                Waiting::Same(all) => all.into_iter().for_each(|one| one.refuse(told())),
                Waiting::Look(look) => look.refuse(told()),
                Waiting::Absent(reply) => drop(reply.send(Err(told()))),
                Waiting::Delete(reply) => drop(reply.send(Err(unknown()))),
            }
        }
        self.looks.refuse_all(told);
        for reply in self.deletes.drain(..) {
            let _ = reply.send(Err(told()));
        }
        let clock = self.grounds.clock;
        let until = clock.now() + AILING;
        let mut closing = false;
        loop {
            tokio::select! {
                biased;
                ask = inbox.recv() => match ask {
                    Some(ask) => ask.refuse(told()),
                    None => break,
                },
                () = clock.sleep(until.saturating_sub(clock.now())), if !closing => {
                    closing = true;
                    inbox.close();
                }
            }
        }
        // With nothing in doubt, whoever opens the name next needs no claim.
        self.owner.close();
        match &mut self.owner.state {
            State::Closed { remembered } => Left { remembered: remembered.take() },
            State::Claiming(_) | State::Owning(_) => Left::default(),
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let (slots, bytes) = self.counted;
        self.grounds.tally.tail_grew(-(slots as i64), -(bytes as i64));
        self.grounds.tally.closed();
    }
}
