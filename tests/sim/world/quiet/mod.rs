//! After the storm: nothing befalls anybody any more, and what is promised of better times is asked for.
//!
//! Soon, every name takes a write and shows it on every node. Whoever is left alone lets everything go:
//! no request is parked, no name stays open, no memory is held. A name that is written through one node
//! is owned by that node. And in the end the store holds what the heads name and what is never deleted,
//! and nothing else; none of it went before its time, and what is told of a name is what its log says.
//!
//! Before that last judgement each name changes hands once more, and is folded. A file of an epoch that
//! is not over is collected by nobody but the owner that works on it, and one that a dead owner never
//! published is looked for only where a fold has left something else to collect.

mod answers;
mod names;
mod nodes;
mod store;

use std::time::Duration;

use super::checks::{self, Ages};
use super::client::Place;
use super::node::Site;
use super::plan::Plan;
use super::store::Truth;
use super::trace::{Diary, Kind};
use super::words::{Act, Broken, History};

/// Most of what clients gave up on is done by then. A deletion among it that is not is waited for, and
/// forgiven: see `names`.
const PARKED: Duration = Duration::from_secs(30);
/// By then every name is as good as new.
const SOON: Duration = Duration::from_secs(60);
/// Before a node is asked once more.
const PAUSE: Duration = Duration::from_millis(500);
/// What was sent in the storm has arrived by then, or never will.
const SETTLED: Duration = Duration::from_secs(3600);
/// Numbers of its wishes are above those of all clients.
const CLIENT: usize = 1_000;
const NOS: i64 = 1_000_000_000;

pub(super) struct Quiet<'a> {
    pub(super) plan: &'a Plan,
    pub(super) site: &'a Site,
    pub(super) truth: &'a Truth,
    pub(super) diary: &'a Diary,
    pub(super) place: Place,
    /// All that is asked here goes to the history, and is judged with it.
    pub(super) acts: &'a mut Vec<Act>,
}

impl Quiet<'_> {
    pub(super) async fn rest(mut self) -> Result<(), Broken> {
        let mut ages = Ages::default();
        let calm = self.calm(&mut ages).await;
        checks::harm::note(|| self.harm().err().or(calm.clone().err()));
        // What went before its time no user sees by itself.
        calm.and(ages.judge())
    }

    /// What users could show of it: see [`checks::harm`].
    fn harm(&mut self) -> Result<(), Broken> {
        let mut acts = std::mem::take(self.acts);
        acts.sort_by_key(|act| act.call);
        let history = History { acts, log: self.truth.landed() };
        let judged = match self.truth.broken() {
            Some(_) => checks::judge_answers(&history),
            None => checks::judge(&history),
        };
        *self.acts = history.acts;
        judged
    }

    async fn calm(&mut self, ages: &mut Ages) -> Result<(), Broken> {
        let names = self.plan.namespaces();
        self.stage("the storm is over");
        self.place.clock.sleep(PARKED).await;
        self.stage("all names are asked for");
        self.all_well(&names, 0).await?;
        self.place.clock.sleep(SETTLED).await;
        self.stage("everybody is to be at rest");
        self.all_let_go().await?;
        self.stage("the nodes are replaced, and all names change hands");
        self.replace_nodes().await;
        self.all_folded(&names).await?;
        self.all_collected(&names, ages).await?;
        self.short_tails(&names).await?;
        self.stage("what is left is read once more");
        self.all_well(&names, 1).await?;
        self.stage("what is told of the names is compared with what they are");
        self.all_told(&names).await
    }

    fn stage(&self, text: &str) {
        self.diary.note(Kind::Stage, text.to_owned());
    }
}
