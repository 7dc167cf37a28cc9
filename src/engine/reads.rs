//! What is asked of a name and changes nothing: each answer is said by one view.

use std::sync::Arc;

use super::{Engine, absent, size};
use crate::env::blocking;
use crate::error::{Error, Result};
use crate::model::{Answered, Consistency, Metadata, Namespace, Query, Schema, Seq};
use crate::namespace::keeper::Ask;
use crate::namespace::view::View;
use crate::query::answer;

impl Engine {
    /// Answers all queries over one view, which holds slot `min_seq` at least.
    pub async fn query(
        &self,
        name: &Namespace,
        queries: Vec<Query>,
        newest: Consistency,
        min_seq: Option<u64>,
    ) -> Result<Answered> {
        let room = self.names.enter(name)?;
        let turn = self.turns.in_room(&room).await?;
        let view = self.look(name, newest, min_seq.map(Seq)).await?;
        if crate::mutant!("each query of a request has a view of its own") && queries.len() == 2 {
            let later = self.look(name, newest, None).await?;
            let mut both = answered(&view, &queries[..1])?;
            both.answers.extend(answered(&later, &queries[1..])?.answers);
            return Ok(both);
        }
        let computing = self.turns.to_compute().await?;
        blocking(move || {
            // Whoever asked may have gone away: until this is done, it is not another's turn.
            let _turns = (turn, computing);
            answered(&view, &queries)
        })
        .await
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
    let answers = queries.iter().map(|query| answer(view, living, query));
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
