//! A query of v1: the nearest vectors, the best texts, both as one ranking, or all in an order.
//!
//! What must hold: two rankings, and what is said of all that match, are read of one view. A plan
//! is of what would be done, and has a look of its own.

mod answer;
mod fusion;
mod request;
mod text;

use std::mem;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::aggregation::Told;
use super::{Said, ask, known, named, refused};
use crate::api::deadline::{Deadline, QUERY_TIME_MAX};
use crate::api::error::{Refusal, overloaded};
use crate::api::json::{Encoding, Weight};
use crate::api::sheet::Sheet;
use crate::api::v1::declared::VECTOR;
use crate::api::{Api, printed, understood};
use crate::engine::Held;
use crate::error::{self, Error, ErrorKind};
use crate::memory::Memory;
use crate::model::{self, Answered, Consistency, Namespace, Query, Rank, VectorFault};
use crate::query::explain_fusion;
use answer::{Answer, Performance, Scale};
use request::Plan;
use text::Text;

pub(super) use answer::Found;
pub(super) use request::{rows, without_vector};
pub(in crate::api) use text::{TEXT_FIELDS_MAX, WEIGHT_MAX, WEIGHT_MIN};

pub(super) async fn search(
    State(api): State<Arc<Api>>,
    Said(ns): Said<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let name = named(&ns)?;
    let (asked, _share) = understood(&api, request, deadline, request::read).await?;
    let request::Request { queries, fusion, text, shapes, min_score, min_seq, plan } = asked;
    let metric = queries.iter().find_map(|query| query.metric);
    let by_vector = queries.iter().any(|query| matches!(query.rank, Some(Rank::Nearest { .. })));
    let (plan, held) = match answered(&api, &name, queries, min_seq, plan, deadline).await? {
        Ok(answered) => answered,
        Err(error) => {
            let by = Asked { text: text.as_ref(), vector: by_vector };
            return Err(unanswered(&api, &name, by, error, deadline).await);
        }
    };
    let Held { told: mut answered, share } = held;
    if metric.is_some() && answered.schema.metric().is_none() {
        return Err(refused(VectorFault::NoVectors.told()));
    }
    let took_ms = deadline.elapsed_ms();
    let rows = answered.answers.iter().map(items).sum::<usize>();
    let print = move |memory: &Memory| {
        let mut answers = mem::take(&mut answered.answers);
        let mut answer = match &fusion {
            Some(fusion) => fusion::join(answers, fusion),
            None => answers.pop().unwrap_or_default(),
        };
        let scale = match text {
            Some(_) => Scale::Score,
            None => Scale::Distance(answered.schema.metric()),
        };
        if let Some(least) = min_score {
            answer.rows.retain(|hit| scale.score(hit) >= least);
        }
        let weight = Weight::of(&answer, Encoding::Float);
        let sheet = Sheet::cut(memory, share, weight, "top_k")?;
        let found = |hit| Found::of(hit, Some(scale.score(hit)));
        let results = answer.rows.iter().map(found).collect();
        let told = Told { named: &answer.aggregations, shapes: &shapes };
        told.refuse_twins(memory)?;
        let aggregations = Some(told).filter(|told| !told.named.is_empty());
        let explain = match (plan, &fusion) {
            (Some(plan), Some(fusion)) => Some(format!("{plan}\n{}", explain_fusion(fusion))),
            (plan, _) => plan,
        };
        let performance = Performance::of(&answered, took_ms);
        sheet.print(&Answer { results, aggregations, explain, took_ms, performance })
    };
    printed(&api, rows, deadline, print).await
}

/// Answers, with how they are found if that was asked.
type Planned = (Option<String>, Held<Answered>);

async fn answered(
    api: &Api,
    name: &Namespace,
    queries: Vec<Query>,
    min_seq: Option<u64>,
    plan: Plan,
    deadline: Deadline,
) -> Result<error::Result<Planned>, Refusal> {
    let plan = match plan {
        Plan::Hidden => None,
        Plan::Shown => {
            let work = api.engine.explain(name, queries.clone(), Consistency::Strong, min_seq);
            match deadline.computing(work).await? {
                Ok(explained) => Some(explained),
                Err(error) => return Ok(Err(error)),
            }
        }
    };
    let answered = ask(api, name, queries, min_seq, deadline).await?;
    Ok(answered.map(|mut answered| {
        let plan = plan.map(|explained| {
            // It came first, and the answer found there what was read for it.
            answered.told.reads += explained.reads;
            explained.plan
        });
        (plan, answered)
    }))
}

/// What documents were to be ranked by.
struct Asked<'a> {
    text: Option<&'a Text>,
    vector: bool,
}

/// What a vector or a text cannot be asked of is told in the words of this contract, which a look at the
/// schema finds: the engine's are those of the other.
async fn unanswered(
    api: &Api,
    name: &Namespace,
    by: Asked<'_>,
    error: Error,
    deadline: Deadline,
) -> Refusal {
    if let Some(refusal) = overloaded(&error, "top_k") {
        return refusal;
    }
    if error.kind() != ErrorKind::Invalid || (by.text.is_none() && !by.vector) {
        return refused(error);
    }
    let Some(schema) = known(api, name, deadline).await.ok().flatten() else {
        return refused(error);
    };
    let missing = schema.attribute(VECTOR).err().filter(|_| by.vector);
    if missing.is_some_and(|missing| missing.to_string() == error.to_string()) {
        return refused(VectorFault::NoVectors.told());
    }
    let complaint = by.text.and_then(|text| text.complaint(&schema));
    complaint.unwrap_or_else(|| refused(error))
}

/// How much there is to print: documents, and buckets.
fn items(answer: &model::Answer) -> usize {
    let buckets = answer.aggregations.iter().map(|(_, summary)| summary.buckets());
    answer.rows.len() + buckets.sum::<usize>()
}
