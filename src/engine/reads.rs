//! What is asked of a name and changes nothing: each answer is said by one view. What is computed for
//! it ends when nobody waits for it any more, and what it comes to is reserved as it grows.

use std::ops::Deref;
use std::sync::Arc;

use super::places::Party;
use super::{Engine, absent};
use crate::env::blocking;
use crate::error::{Error, Result};
use crate::eval::Halt;
use crate::memory::{Memory, Share};
use crate::model::{
    Answered, Consistency, Explained, Metadata, Namespace, Query, Recall, Recalled, Schema, Seq,
};
use crate::namespace::keeper::Ask;
use crate::namespace::size::Sizes;
use crate::namespace::view::{Glimpse, View};
use crate::query::{self, Load};

/// What was answered, and the memory that its documents take.
#[derive(Debug)]
pub struct Held<T> {
    pub told: T,
    pub share: Share,
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.told
    }
}

/// Whoever waits for an answer. Going away, be it that the time is up, it halts what is computed.
#[derive(Default)]
struct Waiting(Halt);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.raise();
    }
}

impl Engine {
    /// Answers all queries over one view, which holds slot `min_seq` at least.
    pub async fn query(
        &self,
        name: &Namespace,
        queries: Vec<Query>,
        newest: Consistency,
        min_seq: Option<u64>,
    ) -> Result<Held<Answered>> {
        if crate::mutant!("each query of a request has a view of its own") && queries.len() == 2 {
            let (first, second) = (queries[..1].to_vec(), queries[1..].to_vec());
            let mut both = self.answered(name, first, newest, min_seq).await?;
            let later = self.answered(name, second, newest, None).await?;
            both.told.answers.extend(later.told.answers);
            return Ok(both);
        }
        let count = queries.len();
        let answered = self.answered(name, queries, newest, min_seq).await?;
        self.names.account(name).queried(count);
        Ok(answered)
    }

    async fn answered(
        &self,
        name: &Namespace,
        queries: Vec<Query>,
        newest: Consistency,
        min_seq: Option<u64>,
    ) -> Result<Held<Answered>> {
        let (memory, party) = (self.memory.clone(), Party::of(&queries));
        let compute = move |view: &Glimpse, halt: &Halt| answered(view, &queries, halt, &memory);
        self.over_view(name, party, newest, min_seq, compute).await
    }

    /// What would be done for the answers, in words.
    pub async fn explain(
        &self,
        name: &Namespace,
        queries: Vec<Query>,
        newest: Consistency,
        min_seq: Option<u64>,
    ) -> Result<Explained> {
        let party = Party::of(&queries);
        let explained = move |view: &Glimpse, _: &Halt| -> Result<Explained> {
            let (living, reads) = (view.living(), view.reads);
            let plans = queries.iter().map(|query| query::explain(view, living, reads, query));
            let plan = plans.collect::<Result<Vec<_>>>()?.join("\n");
            Ok(Explained { plan, reads })
        };
        self.over_view(name, party, newest, min_seq, explained).await
    }

    /// How much of what there is to find would be found.
    pub async fn recall(&self, name: &Namespace, recall: Recall) -> Result<Held<Recalled>> {
        let (memory, party) = (self.memory.clone(), Party::plain(recall.asked.queries()));
        let recalled = move |view: &Glimpse, halt: &Halt| -> Result<Held<Recalled>> {
            let mut load = Load::on(&memory);
            let told = query::recall(view, view.living(), &recall, halt, &mut load)?;
            Ok(Held { told, share: load.into_share() })
        };
        self.over_view(name, party, Consistency::Strong, None, recalled).await
    }

    pub async fn schema(&self, name: &Namespace) -> Result<Arc<Schema>> {
        let schema = self.names.put(name, |reply| Ask::Schema { reply }, unanswered).await?;
        schema.ok_or_else(|| absent(name))
    }

    pub async fn metadata(&self, name: &Namespace) -> Result<Metadata> {
        // Every row may be looked at, so it is a query like any other.
        let told = |view: &Glimpse, _: &Halt| Ok(metadata(view));
        self.over_view(name, Party::ONE, Consistency::Strong, None, told).await
    }

    /// There is such a name. Its rows are read meanwhile, for whoever asks next.
    pub async fn warm(&self, name: &Namespace) -> Result<()> {
        let there = self.names.put(name, |reply| Ask::Warm { reply }, unanswered).await?;
        there.ok_or_else(|| absent(name))
    }

    /// The queries of a party are computed one after the other, in places among those of the name: it
    /// takes them when it knows what to compute over, so whoever waits for the store has none.
    pub(super) async fn over_view<T: Send + 'static>(
        &self,
        name: &Namespace,
        party: Party,
        newest: Consistency,
        min_seq: Option<u64>,
        compute: impl FnOnce(&Glimpse, &Halt) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let room = self.names.enter(name)?;
        let turn = self.turns.let_in(&room, party).await?;
        let glimpse = self.look(name, newest, min_seq.map(Seq)).await?;
        let computing = self.turns.to_compute(&turn).await?;
        let waiting = Waiting::default();
        let halt = waiting.0.clone();
        let computed = blocking(move || {
            // Whoever asked may have gone away: until this has ended, it is not another's turn.
            let _turn = turn;
            computing.work(|| {
                halt.check()?;
                compute(&glimpse, &halt)
            })
        })
        .await;
        drop(waiting);
        computed
    }

    async fn look(
        &self,
        name: &Namespace,
        newest: Consistency,
        min_seq: Option<Seq>,
    ) -> Result<Glimpse> {
        let look = |reply| Ask::Look { newest, min_seq, reply };
        self.names.put(name, look, unanswered).await?.ok_or_else(|| absent(name))
    }
}

fn unanswered() -> Error {
    Error::unavailable("the namespace was closed before it answered: ask again")
}

fn answered(
    view: &Glimpse,
    queries: &[Query],
    halt: &Halt,
    memory: &Memory,
) -> Result<Held<Answered>> {
    let living = view.living();
    let mut load = Load::on(memory);
    let answers = queries.iter().map(|query| query::answer(view, living, query, halt, &mut load));
    let answers = answers.collect::<Result<Vec<_>>>()?;
    let tail = living.iter().skip(view.segments().len());
    let told = Answered {
        answers,
        // The last slot that it holds.
        seq: view.next().0.saturating_sub(1),
        segments: view.segments().len() as u64,
        reads: view.reads,
        rows_in_tail: tail.map(|block| block.alive.count_set_bits() as u64).sum(),
        rows: view.rows(),
        warmth: view.warmth,
        bytes: view.sizes().bytes(),
        last_write_at_ms: millis(view.tail().times().last_write()),
        schema: view.schema().clone(),
    };
    Ok(Held { told, share: load.into_share() })
}

/// What no segment has yet is not indexed.
fn metadata(view: &View) -> Metadata {
    let Sizes { folded, tail } = *view.sizes();
    let times = view.tail().times();
    Metadata {
        schema: view.schema().clone(),
        rows: folded.rows + tail.rows + u64::from(crate::slip!("metadata count one too many")),
        logical_bytes: folded.bytes + tail.bytes,
        unindexed_rows: tail.rows,
        unindexed_bytes: tail.bytes,
        created_at_ms: millis(times.created),
        updated_at_ms: millis(times.changed),
        last_write_at_ms: millis(times.last_write()),
    }
}

fn millis(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
