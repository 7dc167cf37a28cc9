//! What a run counts: what was acknowledged, what is in the air, what nobody knows. Who waits for a
//! number waits here.

use tokio::sync::watch;

use crate::shown::Shown;
use crate::words::Words;

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) acks: Count,
    /// Requests to write that were sent and not answered.
    pub(crate) cut: Count,
    /// 504, of a write.
    pub(crate) unknown: Count,
    /// 408, 429 and 503, of a write: certainly not done.
    pub(crate) turned_away: Count,
    /// Acts whose outcome was in doubt, and was then answered to a repetition.
    pub(crate) resolved: Count,
    /// Acts whose outcome stays in doubt.
    pub(crate) doubts: Count,
    pub(crate) echoes: Count,
    pub(crate) reads: Count,
    /// Reads without an answer.
    pub(crate) unread: Count,
    /// Reads that asked for words, and found rows.
    pub(crate) found_by_words: Count,
    pub(crate) shown: Shown,
    pub(crate) words: Words,
    flying: watch::Sender<u64>,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(watch::Sender<u64>);

/// A request to write, from before it is sent to after it was counted.
#[derive(Debug)]
pub(crate) struct Flight<'a>(&'a Counts);

impl Count {
    pub(crate) fn add(&self) {
        self.0.send_modify(|many| *many += 1);
    }

    pub(crate) fn get(&self) -> u64 {
        *self.0.borrow()
    }

    pub(crate) async fn reach(&self, goal: u64) {
        // The sender is ours and lives as long as we do.
        self.0.subscribe().wait_for(|many| *many >= goal).await.unwrap();
    }
}

impl Counts {
    pub(crate) fn fly(&self) -> Flight<'_> {
        self.flying.send_modify(|flying| *flying += 1);
        Flight(self)
    }

    /// Waits until nothing is in the air.
    pub(crate) async fn all_landed(&self) {
        self.flying.subscribe().wait_for(|flying| *flying == 0).await.unwrap();
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.flying.send_modify(|flying| *flying -= 1);
    }
}
