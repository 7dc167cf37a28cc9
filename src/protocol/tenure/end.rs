//! The end: `_gone` marker, slot, `_names` marker, answer, tombstone, in this order.

use super::Tenure;
use super::publish::After;
use crate::protocol::Lane;
use crate::protocol::{
    Answer, Busy, Dice, Edit, Entry, MarkerKind, Outbox, Payload, Place, Reply, Request, Rule,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ending {
    /// The `_gone` marker goes up.
    Gone {
        ticket: u64,
    },
    Slot,
    /// The `_names` marker goes.
    Live {
        ticket: u64,
    },
    Entomb,
}

impl<P: Payload> Tenure<P> {
    /// Deletes the namespace: `_gone` marker, slot, `_names` marker, answer, tombstone.
    pub fn end(
        &mut self,
        place: &Place,
        ticket: u64,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        if !self.may_commit() || self.swapping.is_some() {
            return Err(Busy);
        }
        self.ending = Some(Ending::Gone { ticket });
        self.send_marker(place, out);
        if !place.rules.keep(Rule::GoneMarkerComesFirst) {
            self.append_end(place, ticket, dice, out);
        }
        Ok(())
    }

    fn append_end(&mut self, place: &Place, ticket: u64, dice: &mut dyn Dice, out: &mut Outbox<P>) {
        self.ending = Some(Ending::Slot);
        self.append(place, ticket, Entry::End, dice, out);
    }

    pub(super) fn send_marker(&self, place: &Place, out: &mut Outbox<P>) {
        let marker = |kind| place.marker(kind, self.cursor.inc);
        let request = match self.ending {
            Some(Ending::Gone { .. }) => Request::PutMarker { marker: marker(MarkerKind::Gone) },
            Some(Ending::Live { .. }) => Request::DropMarker { marker: marker(MarkerKind::Live) },
            Some(Ending::Slot | Ending::Entomb) | None => return,
        };
        out.send(Lane::Marker, request);
    }

    pub(super) fn marked(
        &mut self,
        place: &Place,
        reply: Reply<P>,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) {
        match (self.ending, reply) {
            (Some(Ending::Gone { ticket }), Reply::Done) => {
                self.append_end(place, ticket, dice, out);
            }
            (Some(Ending::Live { ticket }), Reply::Done) => {
                out.answer(Answer::Ended { ticket });
                self.ending = Some(Ending::Entomb);
                let edit = Edit::Entomb { inc: self.cursor.inc, next: self.cursor.seq };
                let started = self.start_swap(place, edit, After::Leave, dice, out);
                debug_assert!(started.is_ok(), "the head of a life that was owned can be entombed");
            }
            // Doubt: an empty object with a name of its own is put or dropped as often as it takes.
            _ => self.send_marker(place, out),
        }
    }
}
