//! Stray markers: a crash leaves one too many, never one too few, and the walk mends it.
//!
//! A `_names` marker whose incarnation is not the head's may be of a claim that is still on its
//! way. So the head is moved first: after that, no swap that was prepared before the marker was
//! seen can land, and the incarnation will never live.

use super::{
    Dice, Edit, HeadSwap, Lane, Life, Marker, MarkerKind, Outbox, Payload, Place, Reply, Request,
    Rule, Seen, SwapFate,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mender<P: Payload> {
    pub place: Place,
    marker: Marker,
    phase: Phase<P>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase<P: Payload> {
    Look,
    Move(Box<HeadSwap<P>>),
    Drop,
}

impl<P: Payload> Mender<P> {
    /// Looks at a marker that a listing showed.
    pub fn start(place: Place, marker: Marker, out: &mut Outbox<P>) -> Self {
        out.send(Lane::Head, Request::ReadHead { name: place.name.clone() });
        Self { place, marker, phase: Phase::Look }
    }

    /// True when there is nothing more to do.
    pub fn hear(&mut self, reply: Reply<P>, dice: &mut dyn Dice, out: &mut Outbox<P>) -> bool {
        match (&mut self.phase, reply) {
            (Phase::Look, Reply::Head(seen)) => self.judge(seen, dice, out),
            (Phase::Move(swap), reply) => match swap.hear(&self.place, reply, dice, out) {
                None => false,
                Some(SwapFate::Done(seen)) if !self.belongs(&seen) => {
                    crate::reach!("the marker of a claim that came to nothing is mended");
                    self.drop_it(out)
                }
                Some(SwapFate::Done(_) | SwapFate::Lost { .. }) => true,
            },
            (Phase::Drop, Reply::Done) => true,
            (Phase::Drop, _) => self.drop_it(out),
            (Phase::Look, other) => unreachable!("a head was asked for, not {other:?}"),
        }
    }

    fn judge(&mut self, seen: Option<Seen<P>>, dice: &mut dyn Dice, out: &mut Outbox<P>) -> bool {
        let over = seen.as_ref().is_some_and(|seen| {
            seen.head.inc == self.marker.inc && matches!(seen.head.life, Life::Deleted { .. })
        });
        match (self.marker.kind, &seen) {
            (_, Some(seen)) if self.belongs(seen) => true,
            (MarkerKind::Live, _) if over => self.drop_it(out),
            (MarkerKind::Live, _) if !self.place.rules.keep(Rule::MendingVoidsClaims) => {
                self.drop_it(out)
            }
            (MarkerKind::Live, _) => {
                match HeadSwap::start(&self.place, seen, Edit::Touch, dice, out) {
                    Ok(swap) => self.phase = Phase::Move(Box::new(swap)),
                    Err(why) => unreachable!("a touch is refused: {why:?}"),
                }
                false
            }
            // The marker of a dead life goes when all is gone that it leads to: its collector says.
            (MarkerKind::Gone, _) => true,
        }
    }

    fn belongs(&self, seen: &Seen<P>) -> bool {
        let dead = matches!(seen.head.life, Life::Deleted { .. });
        seen.head.inc == self.marker.inc && !dead
    }

    fn drop_it(&mut self, out: &mut Outbox<P>) -> bool {
        self.phase = Phase::Drop;
        out.send(Lane::Marker, Request::DropMarker { marker: self.marker.clone() });
        false
    }
}
