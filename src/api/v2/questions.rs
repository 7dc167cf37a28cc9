//! What is asked of the documents of a namespace: a query, how one would be answered, how much of
//! the truth is found. None of it changes anything.

use std::mem;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{OfPlan, OfQuery};
use super::recall::OfRecall;
use super::{named, query, recall, refused};
use crate::api::deadline::{Deadline, QUERY_TIME_MAX};
use crate::api::error::{Refusal, overloaded};
use crate::api::json::{Encoding, Weight};
use crate::api::sheet::Sheet;
use crate::api::{Api, json_answer, printed, understood};
use crate::engine::Held;
use crate::error::Error;
use crate::memory::{Memory, Share};
use crate::model::{Aggregates, Answer, Consistency, Explained, Fusion, Namespace, Query};
use crate::query::{explain_fusion, fuse};
use query::Plan;

pub(super) async fn ask(
    State(api): State<Arc<Api>>,
    Path(ns): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let name = named(&ns)?;
    let (asked, deadline, _share) = asked(&api, request).await?;
    let query::Request { queries, form, fusion, consistency, min_seq, encoding, .. } = asked;
    let plan = match asked.plan {
        Plan::Shown => {
            let (queries, fusion) = (queries.clone(), fusion.as_ref());
            Some(planned(&api, &name, queries, fusion, consistency, min_seq, deadline).await?)
        }
        Plan::Hidden => None,
    };
    let ranked: Vec<bool> = queries.iter().map(|query| query.rank.is_some()).collect();
    let began_ms = deadline.elapsed_ms();
    let work = api.engine.query(&name, queries, consistency, min_seq);
    let Held { told: mut answered, share } =
        deadline.answering(work, unanswered(&name, "limit")).await?;
    let plan = plan.map(|explained| {
        // It came first, and the answer found there what was read for it.
        answered.reads += explained.reads;
        explained.plan
    });
    let rows = answered.answers.iter().map(rows).sum::<usize>();
    let print = move |memory: &Memory| {
        if let Some(fusion) = &fusion {
            answered.answers = vec![fuse(mem::take(&mut answered.answers), fusion)];
        }
        let total_ms = deadline.elapsed_ms();
        let execution_ms = total_ms.saturating_sub(began_ms).max(1);
        let weight = answered.answers.iter().map(|answer| Weight::of(answer, encoding)).sum();
        let sheet = Sheet::cut(memory, share, weight, "limit")?;
        let (answered, ranked, plan) = (&answered, &ranked[..], plan.as_deref());
        sheet.print(&OfQuery { answered, ranked, plan, form, encoding, total_ms, execution_ms })
    };
    printed(&api, rows, deadline, print).await
}

/// How long it may take is known once it is read.
async fn asked(api: &Api, request: Request) -> Result<(query::Request, Deadline, Share), Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let (asked, share) = understood(api, request, deadline, query::read).await?;
    let deadline = asked.limit.map_or(deadline, |limit| deadline.at_most(limit));
    Ok((asked, deadline, share))
}

/// `fewer` is what the request calls the number of the documents that it wants.
fn unanswered(name: &Namespace, fewer: &'static str) -> impl FnOnce(Error) -> Refusal {
    move |error| overloaded(&error, fewer).unwrap_or_else(|| refused(name)(error))
}

fn rows(answer: &Answer) -> usize {
    let groups = match &answer.aggregates {
        Some(Aggregates::OfGroups(groups)) => groups.len(),
        Some(Aggregates::OfAll(_)) | None => 0,
    };
    let buckets = answer.aggregations.iter().map(|(_, summary)| summary.buckets());
    answer.rows.len() + groups + buckets.sum::<usize>()
}

pub(super) async fn explain(
    State(api): State<Arc<Api>>,
    Path(ns): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let name = named(&ns)?;
    let (asked, deadline, _share) = asked(&api, request).await?;
    let query::Request { queries, fusion, consistency, min_seq, .. } = asked;
    let fusion = fusion.as_ref();
    let Explained { plan, .. } =
        planned(&api, &name, queries, fusion, consistency, min_seq, deadline).await?;
    json_answer(StatusCode::OK, &OfPlan { plan_text: &plan })
}

async fn planned(
    api: &Api,
    name: &Namespace,
    queries: Vec<Query>,
    fusion: Option<&Fusion>,
    consistency: Consistency,
    min_seq: Option<u64>,
    deadline: Deadline,
) -> Result<Explained, Refusal> {
    let work = api.engine.explain(name, queries, consistency, min_seq);
    let mut explained = deadline.answering(work, refused(name)).await?;
    if let Some(fusion) = fusion {
        explained.plan = format!("{}\n{}", explained.plan, explain_fusion(fusion));
    }
    Ok(explained)
}

pub(super) async fn recall(
    State(api): State<Arc<Api>>,
    Path(ns): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let name = named(&ns)?;
    let (asked, _share) = understood(&api, request, deadline, recall::read).await?;
    let work = api.engine.recall(&name, asked);
    let Held { told: recalled, share } =
        deadline.answering(work, unanswered(&name, "top_k")).await?;
    let rows = recalled.truths.iter().map(|truth| truth.nearest.len()).sum::<usize>();
    let print = move |memory: &Memory| {
        let hits = recalled.truths.iter().flat_map(|truth| &truth.nearest);
        let weight = hits.map(|hit| Weight::of_hit(hit, Encoding::Float)).sum();
        Sheet::cut(memory, share, weight, "top_k")?.print(&OfRecall(&recalled))
    };
    printed(&api, rows, deadline, print).await
}
