//! What a life looks like to whoever comes by: is there something to collect?
//!
//! It is told without a listing, for there may be a million names, and nearly all of them have
//! nothing: the head names what it dropped and who pins it, and the slot below its floor tells
//! whether the slots there were collected. A sweep deletes slots in their order, then files, and
//! has the head forget those last: so one that was cut short is seen by one of the two.
//!
//! What is not seen: a file that a dead owner never published, in a name where nothing else is to
//! be collected. It goes with the sweep that follows the next fold.

use super::Sweeper;
use super::errand::Errand;
use crate::error::{Error, Result};
use crate::log::Stored;
use crate::model::{Incarnation, Namespace, Seq};
use crate::namespace::head::Head;
use crate::protocol::{Entry, Life, Reply, Request, Watch};

/// So many fences in a row are looked past. Each is a claim that wrote nothing.
const FENCES_MAX: u64 = 8;

/// A life, by the head of its name. What is to be watched has been watched since that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// There is no head by that name.
    Never,
    /// The name is in this life, and nothing is to be collected.
    Clean,
    /// The name is in this life.
    Garbage(Watch),
    /// The life is over, or will never begin.
    Over(Watch),
}

#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub sight: Sight,
    pub requests: u64,
}

impl Sweeper {
    /// Two requests for a life that goes on, as a rule, and one for one that is over.
    pub async fn look(&self, name: &Namespace, inc: Incarnation) -> Result<Look> {
        let mut errand = Errand::of(self);
        let sight = errand.see(name, inc).await?;
        Ok(Look { sight, requests: errand.requests })
    }
}

impl Errand {
    pub(super) async fn see(&mut self, name: &Namespace, inc: Incarnation) -> Result<Sight> {
        let (seen, heard) = match self.ask(Request::ReadHead { name: name.clone() }).await? {
            (Reply::Head(Some(seen)), heard) => (seen, heard),
            (Reply::Head(None), _) => return Ok(Sight::Never),
            (reply, _) => return Err(no_reply("a head", &reply)),
        };
        let head = &*seen.head;
        let watch = Watch::of(head, inc, heard.received);
        if head.inc != inc || matches!(head.life, Life::Deleted { .. }) {
            return Ok(Sight::Over(watch));
        }
        // Its brancher is at work, or has abandoned it: either way there is nothing to see yet.
        let begun = head.life == Life::Active;
        let garbage = begun && (leads(head) || self.slots_remain(name, head).await?);
        Ok(if garbage { Sight::Garbage(watch) } else { Sight::Clean })
    }

    /// Whether there are batches below the floor, by the last one. In a life that has folded
    /// nothing that place was another life's, and is empty in this one.
    async fn slots_remain(&mut self, name: &Namespace, head: &Head) -> Result<bool> {
        for back in 1..=FENCES_MAX {
            let Some(below) = head.floor.0.checked_sub(back) else { return Ok(false) };
            let request = Request::ReadSlot { name: name.clone(), inc: head.inc, seq: Seq(below) };
            match self.ask(request).await?.0 {
                Reply::Slot(None) => return Ok(false),
                Reply::Slot(Some(slot)) if matches!(slot.entry, Entry::Batch(_)) => {
                    return Ok(true);
                }
                Reply::Slot(Some(_)) => {}
                reply => return Err(no_reply("a slot", &reply)),
            }
        }
        // Nobody knows without a listing.
        Ok(true)
    }
}

/// Whether the head itself leads to something: files that it dropped, pins that may have served,
/// a pin of its own at a parent of which it names nothing any more.
fn leads(head: &Head) -> bool {
    let retired = head.retired.iter().map(|retired| &retired.file);
    let mut named = head.files.iter().chain(&head.keys).chain(retired);
    let idle_parent = head.parent.is_some() && named.all(|file| file.inc == head.inc);
    !head.retired.is_empty() || !head.pins.is_empty() || idle_parent
}

fn no_reply(asked: &str, reply: &Reply<Stored>) -> Error {
    Error::internal(format!("{asked} was asked for, not {reply:?}"))
}
