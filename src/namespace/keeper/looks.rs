//! Looks at a name: the owner's, if it is owned here, else those of a reader.
//!
//! Both machines share a probe among those who wait when it is sent. Here they are let in a thousand
//! times a second on average, which is the most that any number of queries costs; some come sooner
//! where there were fewer of late, so who asks alone waits for its probe and for nothing else.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::desk::{Desk, Waiting};
use super::rows::lost;
use super::{Reply, retold};
use crate::error::{Error, Result};
use crate::log::Stored;
use crate::model::{
    Consistency, FileName, Incarnation, Reads, Schema, Seq, Version, Warmth, Write,
};
use crate::namespace::courier::Delivery;
use crate::namespace::view::{Glimpse, View};
use crate::protocol::{self, Answer};
use crate::segment::rows::Extent;

/// Between two probes of a name, on average.
const PACE: Duration = Duration::from_millis(1);
/// As many probes as that is paces may come sooner.
const AHEAD: Duration = Duration::from_millis(16);

#[derive(Default)]
pub(super) struct Looks {
    /// Whoever waits to be let in.
    asked: VecDeque<Look>,
    /// Views that the machines gave, whose rows are being read.
    given: VecDeque<Given>,
    /// Until when those that were let in would have taken, one a pace.
    paced: Duration,
    shown: Option<Shown>,
    pub(super) growing: bool,
    pub(super) loading: bool,
}

pub(super) struct Look {
    min_seq: Option<Seq>,
    /// Since when it waits, by the clock: what is shown to it is at least so new.
    since: Duration,
    /// A file that was not there. If it is missing again, it is lost.
    missed: Option<FileName>,
    /// As it was when its view was known. None: no view was.
    warmth: Option<Warmth>,
    reads: Reads,
    reply: Shows,
}

/// What of a view is asked for, and by whom.
enum Shows {
    All(Reply<Option<Glimpse>>),
    Schema(Reply<Option<Arc<Schema>>>),
    /// That there is one, which is told before its rows are here. None: it was told.
    Warm(Option<Reply<Option<()>>>),
}

/// A view of the machines, who asked for it, and by which ticket of the reader.
struct Given {
    look: Look,
    view: protocol::View<Stored>,
    ticket: Option<u64>,
}

/// The last view that was shown: as long as nothing happens, it is everybody's.
struct Shown {
    inc: Incarnation,
    version: Version,
    since: Duration,
    view: Arc<View>,
}

impl Shown {
    /// Whether it is that view, or a later one.
    fn covers(&self, view: &protocol::View<Stored>) -> bool {
        let head = &view.seen.head;
        self.inc == head.inc && self.version >= head.version && self.view.next() >= view.next
    }
}

impl Look {
    fn since(since: Duration, min_seq: Option<Seq>, reply: Shows) -> Self {
        Self { min_seq, since, missed: None, warmth: None, reads: Reads::default(), reply }
    }

    pub(super) fn refuse(self, error: Error) {
        match self.reply {
            Shows::All(reply) => drop(reply.send(Err(error))),
            Shows::Schema(reply) => drop(reply.send(Err(error))),
            Shows::Warm(reply) => drop(reply.map(|reply| reply.send(Err(error)))),
        }
    }

    /// There is no such name.
    fn absent(self) {
        match self.reply {
            Shows::All(reply) => drop(reply.send(Ok(None))),
            Shows::Schema(reply) => drop(reply.send(Ok(None))),
            Shows::Warm(reply) => drop(reply.map(|reply| reply.send(Ok(None)))),
        }
    }

    fn show(self, view: &Arc<View>) {
        match self.reply {
            Shows::All(reply) => {
                let glimpse = Glimpse::at_hand(view);
                let warmth = self.warmth.unwrap_or(glimpse.warmth);
                let glimpse = Glimpse { warmth, reads: self.reads, ..glimpse };
                let _ = reply.send(Ok(Some(glimpse)));
            }
            Shows::Schema(reply) => drop(reply.send(Ok(Some(view.schema().clone())))),
            Shows::Warm(reply) => drop(reply.map(|reply| reply.send(Ok(Some(()))))),
        }
    }

    /// What has to be read by now has to be waited for, whatever was there before.
    fn feels(&mut self, warmth: Warmth) {
        if self.warmth.is_none_or(|before| before.read < warmth.read) {
            self.warmth = Some(warmth);
        }
    }
}

impl Looks {
    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.given.is_empty() && !self.growing && !self.loading
    }

    /// How long those who wait have to wait on, if anybody does.
    pub(super) fn pace(&self, now: Duration) -> Option<Duration> {
        let waits = !self.asked.is_empty();
        waits.then(|| self.paced.saturating_sub(now + AHEAD))
    }

    /// Whoever waits for rows has waited for this, whoever it was read for.
    pub(super) fn waited_for(&mut self, reads: Reads) {
        self.given.iter_mut().for_each(|given| given.look.reads += reads);
    }

    /// The view that was shown last is not kept any more.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    pub(super) fn refuse_all(&mut self, why: impl Fn() -> Error) {
        self.asked.drain(..).for_each(|look| look.refuse(why()));
        self.given.drain(..).for_each(|given| given.look.refuse(why()));
    }
}

impl Desk {
    pub(super) fn look(
        &mut self,
        newest: Consistency,
        min_seq: Option<Seq>,
        reply: Reply<Option<Glimpse>>,
    ) {
        let now = self.grounds.clock.now();
        self.looked = now;
        let staleness = match newest {
            Consistency::Eventual { .. } if crate::mutant!("an eventual read has no bound") => {
                Some(Duration::MAX)
            }
            Consistency::Eventual { max_staleness } => Some(max_staleness),
            Consistency::Strong => {
                crate::mutant!("a strong read shows the view at hand").then_some(Duration::MAX)
            }
        };
        let least = min_seq.filter(|_| !crate::mutant!("an eventual read ignores min_seq"));
        if let (Some(max_staleness), Some(shown)) = (staleness, &self.looks.shown)
            && now.saturating_sub(shown.since) <= max_staleness
            && least.is_none_or(|seq| seq < shown.view.next())
        {
            let _ = reply.send(Ok(Some(Glimpse::at_hand(&shown.view))));
            return;
        }
        self.looks.asked.push_back(Look::since(now, min_seq, Shows::All(reply)));
    }

    pub(super) fn look_at_schema(&mut self, reply: Reply<Option<Arc<Schema>>>) {
        let now = self.grounds.clock.now();
        self.looks.asked.push_back(Look::since(now, None, Shows::Schema(reply)));
    }

    /// Rows that somebody will ask for are kept as if somebody had.
    pub(super) fn warm(&mut self, reply: Reply<Option<()>>) {
        let now = self.grounds.clock.now();
        self.looked = now;
        self.looks.asked.push_back(Look::since(now, None, Shows::Warm(Some(reply))));
    }

    /// Lets in those who wait, and shows what was read in the meantime.
    pub(super) fn look_on(&mut self) -> Result<()> {
        for given in std::mem::take(&mut self.looks.given) {
            self.show(given)?;
        }
        let now = self.grounds.clock.now();
        if self.looks.pace(now).is_some_and(|pause| pause.is_zero()) {
            self.looks.paced = self.looks.paced.max(now) + PACE;
            for look in std::mem::take(&mut self.looks.asked) {
                self.let_in(look);
            }
            if let Some((place, tenure)) = self.owner.tenure() {
                tenure.probe(place, &mut self.owner_out);
            }
        }
        self.reader.begin(self.grounds.clock.boot_time(), &mut self.reader_out);
        Ok(())
    }

    fn let_in(&mut self, look: Look) {
        let ticket = self.next_ticket();
        let owned = self.owner.tenure().is_some_and(|(place, tenure)| {
            tenure.read(place, ticket, look.min_seq, &mut self.owner_out).is_ok()
        });
        if !owned {
            self.reader.query(ticket, look.min_seq);
        }
        self.ticket(Waiting::Look(look));
    }

    pub(super) fn reader_heard(&mut self, delivery: Delivery) -> Result<()> {
        let Delivery { lane, reply, heard, .. } = delivery;
        self.reader.hear(lane, reply?, heard, &mut self.reader_out);
        self.answer_reader()
    }

    pub(super) fn answer_reader(&mut self) -> Result<()> {
        for answer in std::mem::take(&mut self.reader_out.answers) {
            let ticket = answer.ticket();
            if let Some(Waiting::Look(look)) = self.waiting.remove(&ticket) {
                self.looked(look, Some(ticket), answer)?;
            }
        }
        Ok(())
    }

    /// What a machine says to a look; the reader's have a ticket that it remembers.
    pub(super) fn looked(
        &mut self,
        look: Look,
        ticket: Option<u64>,
        answer: Answer<Stored>,
    ) -> Result<()> {
        match answer {
            Answer::Read { view, .. } => return self.show(Given { look, view, ticket }),
            Answer::Absent { .. } => look.absent(),
            Answer::Beyond { end, .. } => {
                let error = beyond(look.min_seq, end);
                look.refuse(error);
            }
            Answer::AskAgain { .. } => self.looks.asked.push_back(look),
            _ => look.refuse(Error::corrupt("the log of this namespace contradicts its head")),
        }
        self.seen(ticket);
        Ok(())
    }

    /// Gives a view to whoever asked, once its rows are here.
    fn show(&mut self, given: Given) -> Result<()> {
        let Given { look, view, ticket } = given;
        if let Some(shown) = self.looks.shown.as_mut().filter(|shown| shown.covers(&view)) {
            shown.since = shown.since.max(look.since);
            look.show(&shown.view);
            self.seen(ticket);
            return Ok(());
        }
        if self.owner.inc().is_some_and(|inc| inc != view.seen.head.inc) {
            // The name has another life by now, and its owner here knows it.
            self.looks.asked.push_back(look);
            self.seen(ticket);
            return Ok(());
        }
        // It is newer than what was given before. Rows are kept of one life, and of two that are waited for
        // each would be forgotten for the other, as often as it is read.
        let inc = view.seen.head.inc;
        // All that wait are of one life, so the first speaks for them: there may be hundreds.
        if self.looks.given.front().is_some_and(|given| given.view.seen.head.inc != inc) {
            self.ask_again();
        }
        let Some(mut look) = self.hinted(look) else {
            self.seen(ticket);
            return Ok(());
        };
        let known = self.rows_of(&view)?;
        if let Some(behind) = &self.known {
            look.feels(self.shelf.warmth(&behind.base));
        }
        let rows = match (known, &look.reply) {
            (Some(known), Shows::All(_) | Shows::Warm(_)) => {
                let segments = self.segments_of(known.inc, &known.base, Extent::Whole);
                segments.map(|segments| (known, segments))
            }
            (Some(known), Shows::Schema(_)) => {
                // It needs no segment, and what has none is nobody else's view.
                look.show(&Arc::new(View::new(known.tail, Vec::new())));
                self.seen(ticket);
                return Ok(());
            }
            (None, _) => None,
        };
        let Some((known, segments)) = rows else {
            self.looks.given.push_back(Given { look, view, ticket });
            return Ok(());
        };
        let (inc, version, since) = (known.inc, known.version, look.since);
        let shown = Arc::new(View::new(known.tail, segments));
        // What took long to read is not put away at once.
        self.looked = self.grounds.clock.now();
        self.looks.shown = Some(Shown { inc, version, since, view: shown.clone() });
        look.show(&shown);
        self.seen(ticket);
        Ok(())
    }

    /// Whoever hints is told that the name is there, and waits for no rows. None: they are being read
    /// for an earlier hint.
    fn hinted(&self, mut look: Look) -> Option<Look> {
        if let Shows::Warm(reply) = &mut look.reply {
            if let Some(reply) = reply.take() {
                let _ = reply.send(Ok(Some(())));
            }
            let hinted = |given: &Given| matches!(given.look.reply, Shows::Warm(_));
            if self.looks.given.iter().any(hinted) {
                return None;
            }
        }
        Some(look)
    }

    /// Who owns the name has changed: views that wait for their rows are asked for anew.
    pub(super) fn ask_again(&mut self) {
        for given in std::mem::take(&mut self.looks.given) {
            crate::reach!("a view is asked for anew, while its rows are read");
            self.looks.asked.push_back(given.look);
            self.seen(given.ticket);
        }
    }

    /// The reader need not remember that question any more.
    fn seen(&mut self, ticket: Option<u64>) {
        if let Some(ticket) = ticket {
            self.reader.done(ticket);
        }
    }

    /// A file that the head or a slot names is not there: the head moved on, or the file is lost.
    pub(super) fn missing(&mut self, file: &FileName) -> Result<()> {
        crate::reach!("a file that a view names is gone");
        self.known = None;
        self.shelf.clear();
        let now = self.grounds.clock.boot_time();
        let owned = self.owner.tenure().is_some();
        if owned && !self.names(file) {
            // The head moved on while it was read, for a draft over the one before.
            self.drop_draft();
        } else if self.looks.given.is_empty() && owned {
            // Nobody asked but the owner itself, to write or to fold. If it still is the owner, its head
            // is the newest.
            self.doubt(file);
            return Ok(());
        }
        for Given { mut look, ticket, .. } in std::mem::take(&mut self.looks.given) {
            match ticket {
                // The reader knows how young its head is.
                Some(ticket) => {
                    let (out, min_seq) = (&mut self.reader_out, look.min_seq);
                    self.waiting.insert(ticket, Waiting::Look(look));
                    self.reader.missing(ticket, min_seq, file.clone(), now, out);
                }
                None if look.missed.as_ref() == Some(file) => look.refuse(lost(file)),
                None => {
                    look.missed = Some(file.clone());
                    self.looks.asked.push_back(look);
                }
            }
        }
        Ok(())
    }

    /// Rows cannot be had now: there is no room for them, or they are of a newer release. Nobody who
    /// waits for them is left waiting, nor asked for on and on.
    pub(super) fn tell(&mut self, error: &Error, need: impl Fn(&Write) -> bool) {
        self.folding.pause(self.grounds.clock.now());
        self.writes.refuse_those(need, || retold(error));
        for Given { look, ticket, .. } in std::mem::take(&mut self.looks.given) {
            look.refuse(retold(error));
            self.seen(ticket);
        }
    }
}

fn beyond(min_seq: Option<Seq>, end: Seq) -> Error {
    let wanted = min_seq.map_or(0, |seq| seq.0);
    Error::invalid(format!(
        "min_seq {wanted} is beyond the end of the log: the next slot is {end}, so the highest is \
         the one before it"
    ))
}
