//! Whether the log of a life has ended although its head does not say so: a deletion that was begun, and
//! that nobody has finished.
//!
//! It is read and not claimed: a deletion that came to nothing leaves its marker for as long as the name
//! lives, and a claim writes a fence, which stays for ever. An `end` that is still on its way is found
//! by whoever comes by next.

use super::Sweeper;
use super::errand::Errand;
use crate::error::{Error, Result};
use crate::model::{Incarnation, Namespace, Seq};
use crate::protocol::{Entry, Reply, Request};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub it_has: bool,
    pub requests: u64,
}

impl Sweeper {
    pub async fn has_ended(&self, name: &Namespace, inc: Incarnation) -> Result<Ended> {
        let mut errand = Errand::of(self);
        let it_has = errand.meets_end(name, inc).await?;
        Ok(Ended { it_has, requests: errand.requests })
    }
}

impl Errand {
    /// From the floor on, slot by slot: of an idle name there are sixteen at the most.
    async fn meets_end(&mut self, name: &Namespace, inc: Incarnation) -> Result<bool> {
        let head = match self.ask(Request::ReadHead { name: name.clone() }).await?.0 {
            Reply::Head(Some(seen)) if seen.head.inc == inc => seen.head,
            Reply::Head(_) => return Ok(false),
            reply => return Err(Error::internal(format!("a head was asked for, not {reply:?}"))),
        };
        for seq in head.floor.0.. {
            let request = Request::ReadSlot { name: name.clone(), inc, seq: Seq(seq) };
            match self.ask(request).await?.0 {
                Reply::Slot(None) => return Ok(false),
                Reply::Slot(Some(slot)) if matches!(slot.entry, Entry::End) => return Ok(true),
                Reply::Slot(Some(_)) => {}
                reply => {
                    return Err(Error::internal(format!("a slot was asked for, not {reply:?}")));
                }
            }
        }
        Ok(false)
    }
}
