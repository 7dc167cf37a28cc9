//! An errand: the requests of one machine, carried one after another, and counted.

use std::sync::Arc;

use super::gone::{self, Gone};
use super::{Sweeper, calendar};
use crate::env::Clock;
use crate::error::{Error, Result};
use crate::log::Stored;
use crate::namespace::courier::Courier;
use crate::protocol::{Heard, Lane, Outbox, Reply, Request};

pub(super) struct Errand {
    pub(super) out: Outbox<Stored>,
    pub(super) requests: u64,
    clock: Clock,
    courier: Courier,
    gone: Arc<Gone>,
    /// What the request under way deletes.
    doomed: Option<&'static str>,
}

impl Errand {
    pub(super) fn of(sweeper: &Sweeper) -> Self {
        let courier = Courier::new(sweeper.store.clone(), sweeper.clock);
        let (clock, gone) = (sweeper.clock, sweeper.gone.clone());
        Self { out: Outbox::default(), requests: 0, clock, courier, gone, doomed: None }
    }

    /// Sends what the machine asks for, and waits for the reply. These machines ask for one thing
    /// at a time.
    pub(super) async fn next(&mut self) -> Result<(Lane, Reply<Stored>, Heard)> {
        for (lane, request) in self.out.requests.drain(..) {
            self.requests += 1;
            self.doomed = gone::kind(&request);
            self.courier.send(0, lane, request);
        }
        let Some(delivery) = self.courier.next().await.transpose()? else {
            return Err(Error::internal("a collection waits for nothing"));
        };
        let reply = delivery.reply?;
        if let Some(kind) = self.doomed.take() {
            self.gone.count(kind);
        }
        let mut heard = delivery.heard;
        if crate::mutant!("garbage is watched by the calendar") {
            heard.received = calendar(self.clock);
        }
        Ok((delivery.lane, reply, heard))
    }

    /// One read, for no machine.
    pub(super) async fn ask(&mut self, request: Request<Stored>) -> Result<(Reply<Stored>, Heard)> {
        self.out.send(Lane::Sweep, request);
        let (_, reply, heard) = self.next().await?;
        Ok((reply, heard))
    }
}
