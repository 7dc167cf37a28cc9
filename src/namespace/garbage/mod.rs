//! Garbage, in production: drives the machines that delete what nothing can need any more.
//!
//! What may go, and when, the machines decide ([`Collector`], [`Mender`]). Here their requests are
//! carried, and it is settled what is kept of a life between two sweeps: a [`Vigil`].
//!
//! What must hold: what an owner works on ([`Mine`]) is asked for before a sweep, which begins with
//! the head. What the owner published since then, that head names; what is under way, the list
//! names; what was begun since is new, and only suspected. The next sweep has a later list and a
//! later head.
//!
//! It does not choose names, and has no timer: that is its caller's.

use std::sync::Arc;
use std::time::SystemTime;

use crate::env::{BootTime, Clock, Dice};
use crate::error::Result;
use crate::log::Stored;
use crate::model::{Holder, Incarnation, Marker, Namespace};
use crate::protocol::{Collector, GRACE, Inside, Mender, Mine, Place, Rules, Watch};
use crate::storage::Store;

#[cfg(test)]
pub(crate) mod desk;
mod ended;
mod errand;
mod gone;
mod sight;
#[cfg(test)]
mod tests;

pub use ended::Ended;
use errand::Errand;
pub use gone::Gone;
pub use sight::{Look, Sight};

/// Whoever sweeps. It holds nothing of any name.
#[derive(Clone, Debug)]
pub struct Sweeper {
    pub store: Store,
    pub clock: Clock,
    pub dice: Dice,
    pub me: Holder,
    pub gone: Arc<Gone>,
}

/// What is kept of a life between two sweeps: since when it is watched and, where its owner runs
/// here, what the last sweep suspects. Without an owner nothing is suspected, so that a watch is
/// all there is of an idle name. Suspicions that are lost cost time and nothing else: they begin
/// again, and what is suspected stays until then.
#[derive(Clone, Debug)]
pub struct Vigil {
    watch: Watch,
    /// Where it knows more than its watch does.
    collector: Option<Box<Collector<Stored>>>,
}

/// What came of a sweep.
#[derive(Debug)]
pub struct Swept {
    /// None: nothing is left to wait for. What cannot go yet, as pinned files, whoever walks over
    /// the markers will come upon again.
    pub vigil: Option<Vigil>,
    pub requests: u64,
}

impl Vigil {
    pub fn of(mut watch: Watch) -> Self {
        if crate::mutant!("garbage is watched for no time") {
            watch.since = BootTime(watch.since.0.saturating_sub(GRACE));
        }
        Self { watch, collector: None }
    }

    /// What `collector` has still to wait for.
    fn left_by(collector: Collector<Stored>) -> Option<Self> {
        let watch = *collector.watch()?;
        let plain = Collector::watching(collector.place.clone(), watch);
        let collector = (collector != plain).then(|| Box::new(collector));
        Some(Self { watch, collector })
    }

    fn collector(self, place: Place) -> Collector<Stored> {
        match self.collector {
            Some(collector) => *collector,
            None => Collector::watching(place, self.watch),
        }
    }

    /// The life that is watched.
    pub fn inc(&self) -> Incarnation {
        self.watch.inc
    }

    /// When a sweep may delete what was garbage when the watch began.
    pub fn due(&self) -> BootTime {
        BootTime(self.watch.since.0 + GRACE)
    }

    /// Whether it is more than a watch.
    pub fn suspects(&self) -> bool {
        self.collector.is_some()
    }
}

impl Sweeper {
    pub fn new(store: Store, clock: Clock, dice: Dice, me: Holder) -> Self {
        Self { store, clock, dice, me, gone: Arc::default() }
    }

    /// Another, which counts with this one and has dice of its own: two that draw the same put ids
    /// would take each other's swaps for theirs.
    pub fn another(&mut self) -> Self {
        let seed = self.dice.draw();
        Self { dice: self.dice.fork(&seed.to_string()), ..self.clone() }
    }

    /// By which garbage is watched: never by a calendar, which anybody may set.
    pub fn time(&self) -> BootTime {
        if crate::mutant!("garbage is watched by the calendar") {
            return calendar(self.clock);
        }
        self.clock.boot_time()
    }

    /// Sweeps a life once. `mine` is what its owner works on, asked for before; none where that
    /// owner does not run here.
    pub async fn sweep(
        &mut self,
        name: &Namespace,
        vigil: Vigil,
        mine: Option<Mine>,
    ) -> Result<Swept> {
        // Nobody can say that a brancher is gone while nodes have no heartbeats: never `abandoned`.
        let inside = Inside { mine, abandoned: false };
        let (inc, since) = (vigil.inc(), vigil.watch.since);
        let ripe = vigil.due() <= self.time();
        let mut collector = vigil.collector(self.place(name));
        let mut errand = Errand::of(self);
        self.finish(&mut collector, &inside, &mut errand).await?;
        let vigil = match collector.watch().copied() {
            // There is no head, or one that is being branched into. Not to be asked in a loop.
            Some(watch) if ripe && watch.since == since => None,
            Some(_) => Vigil::left_by(collector),
            // Another half hour for what is suspected, which begins with a look.
            None if collector != Collector::new(self.place(name), inc) => {
                self.finish(&mut collector, &inside, &mut errand).await?;
                Vigil::left_by(collector)
            }
            // What became garbage while it was watched. Of a life that is over, all was watched.
            None => match errand.see(name, inc).await? {
                Sight::Garbage(watch) => Some(Vigil::of(watch)),
                Sight::Over(_) | Sight::Clean | Sight::Never => None,
            },
        };
        Ok(Swept { vigil, requests: errand.requests })
    }

    /// Lets a collector look once, and do what comes of it.
    async fn finish(
        &mut self,
        collector: &mut Collector<Stored>,
        inside: &Inside,
        errand: &mut Errand,
    ) -> Result<()> {
        collector.look(&mut errand.out);
        while collector.busy() {
            let (lane, reply, heard) = errand.next().await?;
            collector.hear(lane, reply, heard, inside, &mut self.dice, &mut errand.out);
        }
        Ok(())
    }

    /// Removes a marker of a life that is not, if it is one. Tells how many requests it took.
    pub async fn mend(&mut self, marker: Marker) -> Result<u64> {
        let mut errand = Errand::of(self);
        let mut mender = Mender::start(self.place(&marker.name), marker, &mut errand.out);
        loop {
            let (_, reply, _) = errand.next().await?;
            if mender.hear(reply, &mut self.dice, &mut errand.out) {
                return Ok(errand.requests);
            }
        }
    }

    fn place(&self, name: &Namespace) -> Place {
        Place { name: name.clone(), me: self.me.clone(), rules: Rules::default() }
    }
}

/// What a built-in fault watches garbage by.
fn calendar(clock: Clock) -> BootTime {
    let since = clock.wall().duration_since(SystemTime::UNIX_EPOCH);
    BootTime(since.unwrap_or_default())
}
