//! A name on an indexer: closed, being claimed, or owned.

use super::tenure::Exit;
use super::{
    Claim, ClaimFate, Dice, Head, Intent, Lane, Life, Outbox, Ownership, Payload, Place, Refused,
    Reply, Rule, Tenure,
};
use crate::model::{Epoch, Incarnation, Seq};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner<P: Payload> {
    pub place: Place,
    pub state: State<P>,
    /// How often it was left with requests on their way. Their replies are not for its next state.
    generation: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State<P: Payload> {
    Closed { remembered: Option<Remembered> },
    Claiming(Box<Claim<P>>),
    Owning(Box<Tenure<P>>),
}

/// All that is kept of an idle namespace: enough to go on without a claim. It is kept in memory
/// or forgotten, and never guessed from the head: each such guess lost an acknowledged write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Remembered {
    pub inc: Incarnation,
    pub epoch: Epoch,
    pub next: Seq,
    pub marked: bool,
}

/// What became of the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum News {
    Owned,
    Refused(Refused),
    Left(Exit),
}

impl Remembered {
    pub(super) fn fits<P: Payload>(&self, head: &Head<P>, place: &Place) -> bool {
        let mine = head.epoch == self.epoch && head.owner == Ownership::Held(place.me.clone());
        let mine = mine || !place.rules.keep(Rule::MemoryFitsHead);
        head.inc == self.inc && head.life == Life::Active && mine
    }
}

impl<P: Payload> Owner<P> {
    pub fn closed(place: Place) -> Self {
        Self { place, state: State::Closed { remembered: None }, generation: 0 }
    }

    pub fn tenure(&mut self) -> Option<(&Place, &mut Tenure<P>)> {
        match &mut self.state {
            State::Owning(tenure) => Some((&self.place, tenure)),
            State::Closed { .. } | State::Claiming(_) => None,
        }
    }

    /// The life of the name that is owned.
    pub fn inc(&self) -> Option<Incarnation> {
        match &self.state {
            State::Owning(tenure) => Some(tenure.inc()),
            State::Closed { .. } | State::Claiming(_) => None,
        }
    }

    /// Opens a closed name.
    pub fn open(&mut self, intent: Intent, out: &mut Outbox<P>) {
        if let State::Closed { remembered } = &mut self.state {
            let claim = Claim::start(&self.place, intent, remembered.take(), out);
            self.state = State::Claiming(Box::new(claim));
        }
    }

    /// Closes an idle name and remembers it, unless something is in doubt.
    pub fn close(&mut self) -> bool {
        let State::Owning(tenure) = &self.state else { return false };
        if !tenure.settled() && self.place.rules.keep(Rule::MemoryIsSettled) {
            return false;
        }
        let remembered = Remembered {
            inc: tenure.inc(),
            epoch: tenure.epoch(),
            next: tenure.next(),
            marked: true,
        };
        self.state = State::Closed { remembered: Some(remembered) };
        // An upload that was given up may still be answered.
        self.generation += 1;
        true
    }

    /// What was remembered falls out of a full table.
    pub fn forget(&mut self) {
        if let State::Closed { remembered } = &mut self.state {
            *remembered = None;
        }
    }

    /// What a driver keeps beside each request, and gives back with its reply.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Generations begin again, where no reply is on its way: to a search over states, how many there
    /// were is noise.
    #[cfg(feature = "mutants")]
    pub fn renumber(&mut self) {
        self.generation = 0;
    }

    /// A reply to a request that was sent in `generation`. Late ones of earlier generations are
    /// dropped: what they did, the log and the head will tell.
    pub fn hear(
        &mut self,
        generation: u32,
        lane: Lane,
        reply: Reply<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Option<News> {
        if generation != self.generation {
            return None;
        }
        match &mut self.state {
            State::Closed { .. } => None,
            State::Claiming(claim) => match claim.hear(&self.place, lane, reply, dice, out)? {
                ClaimFate::Owned(tenure) => {
                    self.state = State::Owning(tenure);
                    Some(News::Owned)
                }
                ClaimFate::Refused(why) => {
                    self.generation += 1;
                    self.state = State::Closed { remembered: None };
                    Some(News::Refused(why))
                }
            },
            State::Owning(tenure) => {
                let exit = tenure.hear(&self.place, lane, reply, dice, out)?;
                self.generation += 1;
                self.state = State::Closed { remembered: None };
                Some(News::Left(exit))
            }
        }
    }
}
