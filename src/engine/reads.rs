//! What is asked of a name and changes nothing: each answer is said by one view.

use std::sync::Arc;

use super::{Engine, absent, size};
use crate::env::blocking;
use crate::error::{Error, Result};
use crate::model::{
    Answered, Consistency, Metadata, Namespace, Query, Recall, Recalled, Schema, Seq,
};
use crate::namespace::keeper::Ask;
use crate::namespace::view::View;
use crate::query;

impl Engine {
    /// Answers all queries over one view, which holds slot `min_seq` at least.
    pub async fn query(
        &self,
        name: &Namespace,
        queries: Vec<Query>,
        newest: Consistency,
        min_seq: Option<u64>,
    ) -> Result<Answered> {
        if crate::mutant!("each query of a request has a view of its own") && queries.len() == 2 {
            let (first, second) = (queries[..1].to_vec(), queries[1..].to_vec());
            let mut both =
                self.over_view(name, newest, min_seq, move |view| answered(view, &first)).await?;
            let later = self.over_view(name, newest, None, move |view| answered(view, &second));
            both.answers.extend(later.await?.answers);
            return Ok(both);
        }
        self.over_view(name, newest, min_seq, move |view| answered(view, &queries)).await
    }

    /// What would be done for the answers, in words.
    pub async fn explain(
        &self,
        name: &Namespace,
        queries: Vec<Query>,
        newest: Consistency,
        min_seq: Option<u64>,
    ) -> Result<String> {
        let explained = move |view: &View| -> Result<String> {
            let living = view.living();
            let plans = queries.iter().map(|query| query::explain(view, living, query));
            Ok(plans.collect::<Result<Vec<_>>>()?.join("\n"))
        };
        self.over_view(name, newest, min_seq, explained).await
    }

    /// How much of what there is to find would be found.
    pub async fn recall(&self, name: &Namespace, recall: Recall) -> Result<Recalled> {
        let recalled = move |view: &View| query::recall(view, view.living(), &recall);
        self.over_view(name, Consistency::Strong, None, recalled).await
    }

    pub async fn schema(&self, name: &Namespace) -> Result<Arc<Schema>> {
        let schema = self.names.put(name, |reply| Ask::Schema { reply }, unanswered).await?;
        schema.ok_or_else(|| absent(name))
    }

    pub async fn metadata(&self, name: &Namespace) -> Result<Metadata> {
        let view = self.look(name, Consistency::Strong, None).await?;
        let computing = self.turns.to_compute().await?;
        let told = blocking(move || {
            let _computing = computing;
            metadata(&view)
        });
        Ok(told.await)
    }

    async fn over_view<T: Send + 'static>(
        &self,
        name: &Namespace,
        newest: Consistency,
        min_seq: Option<u64>,
        compute: impl FnOnce(&View) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let room = self.names.enter(name)?;
        let turn = self.turns.in_room(&room).await?;
        let view = self.look(name, newest, min_seq.map(Seq)).await?;
        let computing = self.turns.to_compute().await?;
        blocking(move || {
            // Whoever asked may have gone away: until this is done, it is not another's turn.
            let _turns = (turn, computing);
            compute(&view)
        })
        .await
    }

    async fn look(
        &self,
        name: &Namespace,
        newest: Consistency,
        min_seq: Option<Seq>,
    ) -> Result<Arc<View>> {
        let look = |reply| Ask::Look { newest, min_seq, reply };
        self.names.put(name, look, unanswered).await?.ok_or_else(|| absent(name))
    }
}

fn unanswered() -> Error {
    Error::unavailable("the namespace was closed before it answered: ask again")
}

fn answered(view: &View, queries: &[Query]) -> Result<Answered> {
    let living = view.living();
    let answers = queries.iter().map(|query| query::answer(view, living, query));
    let answers = answers.collect::<Result<Vec<_>>>()?;
    let tail = living.iter().skip(view.segments().len());
    Ok(Answered {
        answers,
        // The last slot that it holds.
        seq: view.next().0.saturating_sub(1),
        rows_in_tail: tail.map(|block| block.alive.count_set_bits() as u64).sum(),
        rows: view.rows(),
        last_write_at_ms: millis(view.tail().times().written),
        schema: view.schema().clone(),
    })
}

/// What no segment has yet is not indexed. See `size` for what bytes are counted.
fn metadata(view: &View) -> Metadata {
    let (folded, tail) = view.living().split_at(view.segments().len());
    let (folded, tail) = (size::of(folded, view.schema()), size::of(tail, view.schema()));
    let times = view.tail().times();
    Metadata {
        schema: view.schema().clone(),
        rows: folded.rows + tail.rows,
        logical_bytes: folded.bytes + tail.bytes,
        unindexed_rows: tail.rows,
        unindexed_bytes: tail.bytes,
        created_at_ms: millis(times.created),
        updated_at_ms: millis(times.changed),
        last_write_at_ms: millis(times.written),
    }
}

fn millis(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
