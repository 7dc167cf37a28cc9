//! The turbopuffer contract: its paths, and what each does. The shapes are in the files beside.

mod aggregate;
mod aggregation;
mod answer;
mod compute;
mod consistency;
mod declared;
mod filter;
mod fusion;
mod include;
mod page;
mod query;
mod questions;
mod rank;
mod recall;
mod score;
mod settings;
mod shown;
mod write;

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};

use super::deadline::{Deadline, QUERY_TIME_MAX, WRITE_TIME_MAX};
use super::error::{Again, Contract, Refusal};
use super::holder::Holder;
use super::json::object;
use super::{Api, crunch, idempotency_key, json_answer, understood, understood_write, uri};
use crate::error::Error;
use crate::model::{Metadata, NAME_BYTES_MAX, Namespace, Schema};
use answer::{OfList, OfMetadata, OfWrite, Status, Version, Wished};

pub(super) use aggregate::AGGREGATES_MAX;
pub(super) use query::QUERIES_MAX;
pub(super) use score::TOKENS_MAX;

pub(super) const PAGE_NAMES_MAX: usize = 1000;
const PAGE_NAMES: usize = 100;

pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/v2/namespaces/{ns}", post(write).delete(delete))
        .route("/v2/namespaces/{ns}/query", post(questions::ask))
        .route("/v2/namespaces/{ns}/explain_query", post(questions::explain))
        .route("/v1/namespaces/{ns}/_debug/recall", post(questions::recall))
        .route("/v2/namespaces/{ns}/metadata", metadata(Version::V2))
        .route("/v1/namespaces/{ns}/metadata", metadata(Version::V1))
        .route("/v1/namespaces/{ns}/schema", get(schema).post(declare))
        .route("/v1/namespaces/{ns}/hint_cache_warm", get(warm))
        .route("/v1/namespaces", get(list))
        .route(
            "/v2/namespaces/{ns}/async",
            post(|| async { Refusal::not_built("start_copy_from") }),
        )
        .route(
            "/v1/namespaces/{ns}/operations/{token}",
            get(|| async { Refusal::not_built("poll_copy_from") }),
        )
        .route("/v1/namespaces/{ns}/_debug/warm_cache", get(heat))
        .route("/v1/namespaces/{ns}/_debug/purge_cache", get(cool))
}

fn named(ns: &str) -> Result<Namespace, Refusal> {
    Namespace::new(ns).map_err(|_| {
        Refusal::invalid_url(&if ns.len() > NAME_BYTES_MAX {
            format!("Namespace `{ns}` is too long, limit is currently {NAME_BYTES_MAX} characters")
        } else {
            "Namespace contains invalid characters, must be [A-Za-z0-9-_.]".to_owned()
        })
    })
}

/// An error of the engine, in the words of this contract.
fn refused(name: &Namespace) -> impl FnOnce(Error) -> Refusal {
    move |error| Contract::V2.refuse_of(name, &error)
}

async fn write(
    State(api): State<Arc<Api>>,
    Path(ns): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, WRITE_TIME_MAX);
    let name = named(&ns)?;
    let key = idempotency_key(request.headers())?;
    let (wanted, entered) =
        understood_write(&api, &name, request, deadline, write::read, refused(&name)).await?;
    let wished = Wished::of(&wanted.write, wanted.ids);
    let again = write::again(&wanted.write, key.as_deref());
    let work = api.engine.write_admitted(&name, wanted.write, key, entered);
    let written = deadline.writing(work, again, refused(&name)).await?;
    let elapsed_ms = deadline.elapsed_ms();
    let rows = written.upserted.ids.len() + written.patched.ids.len() + written.deleted.ids.len();
    // An id is short.
    crunch(rows * 32, move || {
        json_answer(StatusCode::OK, &OfWrite { written: &written, wished, elapsed_ms })
    })
    .await
}

async fn delete(
    State(api): State<Arc<Api>>,
    Path(ns): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let name = named(&ns)?;
    super::end(&api, &name, &uri, refused(&name)).await?;
    json_answer(StatusCode::OK, &Status { status: "OK", message: None })
}

async fn schema(State(api): State<Arc<Api>>, Path(ns): Path<String>) -> Result<Response, Refusal> {
    let name = named(&ns)?;
    let schema = known_schema(&api, &name).await?;
    shown(&schema)
}

fn shown(schema: &Schema) -> Result<Response, Refusal> {
    json_answer(StatusCode::OK, &shown::Shown { schema, form: shown::Form::Alone })
}

async fn known_schema(api: &Api, name: &Namespace) -> Result<Arc<Schema>, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    deadline.asking(api.engine.schema(name), refused(name)).await
}

async fn declare(
    State(api): State<Arc<Api>>,
    Path(ns): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, WRITE_TIME_MAX);
    let name = named(&ns)?;
    let read = |bytes: &[u8]| declared::read(object(bytes)?);
    let (declared, _share) = understood(&api, request, deadline, read).await?;
    let work = api.engine.declare(&name, declared.changes, declared.id_type);
    // Twice, the second would drop an attribute that came again in between.
    shown(&*deadline.writing(work, Again::Unsafe, refused(&name)).await?)
}

/// To look at metadata and to change them, which is answered with all of them. Whoever changes them under
/// `/v1` is no older client, but one of today, that reads them as of `/v2`.
fn metadata(version: Version) -> MethodRouter<Arc<Api>> {
    get(move |api, ns| look(api, ns, version)).patch(update)
}

async fn look(
    State(api): State<Arc<Api>>,
    Path(ns): Path<String>,
    version: Version,
) -> Result<Response, Refusal> {
    told(&api, &named(&ns)?, version).await
}

async fn update(
    State(api): State<Arc<Api>>,
    Path(ns): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let name = named(&ns)?;
    let deadline = Deadline::start(api.clock, WRITE_TIME_MAX);
    let (settings::Change { read_only, pinning }, _share) =
        understood(&api, request, deadline, settings::read).await?;
    if read_only.is_none() && pinning.is_none() {
        return told(&api, &name, Version::V2).await;
    }
    let set = api.engine.set_and_tell(&name, read_only, pinning);
    let metadata = deadline.writing(set, Again::Safe, refused(&name)).await?;
    described(&api, &metadata, Version::V2)
}

async fn told(api: &Api, name: &Namespace, version: Version) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let metadata = deadline.asking(api.engine.metadata(name), refused(name)).await?;
    described(api, &metadata, version)
}

fn described(api: &Api, metadata: &Metadata, version: Version) -> Result<Response, Refusal> {
    let now = api.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    json_answer(StatusCode::OK, &OfMetadata { metadata, version, now_ms })
}

/// It is answered before anything was read for it but whether the namespace is there.
async fn warm(State(api): State<Arc<Api>>, Path(ns): Path<String>) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let name = named(&ns)?;
    deadline.asking(api.engine.warm(&name), refused(&name)).await?;
    let message = Some("cache warm hint accepted");
    json_answer(StatusCode::OK, &Status { status: "ACCEPTED", message })
}

/// It is answered when all is in memory, unless it was.
async fn heat(State(api): State<Arc<Api>>, Path(ns): Path<String>) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let name = named(&ns)?;
    let warmth = deadline.asking(api.engine.heat(&name), refused(&name)).await?;
    if warmth.read == 0 {
        let message = format!("💔 namespace '{name}' is warm already: there was nothing to read");
        return Err(Refusal::conflict(message));
    }
    json_answer(StatusCode::OK, &Status { status: "OK", message: Some("the cache is warm") })
}

async fn cool(State(api): State<Arc<Api>>, Path(ns): Path<String>) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let name = named(&ns)?;
    deadline.asking(api.engine.cool(&name), refused(&name)).await?;
    json_answer(StatusCode::OK, &Status { status: "OK", message: Some("the cache is empty") })
}

/// Of names that the key which is shown is for, as if there were no others.
async fn list(
    State(api): State<Arc<Api>>,
    Extension(holder): Extension<Arc<Holder>>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let prefix = uri::parameter(&uri, "prefix")?.unwrap_or_default();
    let cursor = uri::parameter(&uri, "cursor")?;
    let page_size = page_size(uri::parameter(&uri, "page_size")?.as_deref())?;
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let listed = api.engine.list(&prefix, holder.namespaces(), cursor, page_size);
    let refused = |error: Error| Contract::V2.refuse(&error);
    let (names, next) = deadline.asking(listed, refused).await?;
    json_answer(StatusCode::OK, &OfList::of(&names, next.as_deref()))
}

fn page_size(said: Option<&str>) -> Result<usize, Refusal> {
    let Some(said) = said else { return Ok(PAGE_NAMES) };
    let number = said.parse::<usize>().ok();
    number.filter(|number| (1..=PAGE_NAMES_MAX).contains(number)).ok_or_else(|| {
        Refusal::invalid(format!("💔 page_size must be between 1 and {PAGE_NAMES_MAX}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_none_is_told_in_the_words_of_the_contract() {
        let long = "x".repeat(129);
        let too_long = format!(
            "Invalid URL: Namespace `{long}` is too long, limit is currently 128 characters"
        );
        let odd = "Invalid URL: Namespace contains invalid characters, must be [A-Za-z0-9-_.]";
        for (ns, told) in [("..", odd), ("a b", odd), (&*long, &*too_long)] {
            assert_eq!(named(ns).unwrap_err().story(), told);
        }
        assert!(named("a.b-c_1").is_ok());
    }

    #[test]
    fn a_page_has_so_many_names_and_no_more() {
        assert_eq!(page_size(None), Ok(100));
        assert_eq!(page_size(Some("1000")), Ok(1000));
        for odd in ["0", "1001", "-1", "ten"] {
            assert!(page_size(Some(odd)).is_err(), "{odd}");
        }
    }
}
