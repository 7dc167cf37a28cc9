//! Our own contract: its paths, and what each does. Namespaces are created before they are written
//! to, documents keep their attributes apart from their vector, and the higher a score, the better.

mod aggregation;
mod declared;
mod filter;
mod query;
mod usage;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post, put};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::deadline::{Deadline, QUERY_TIME_MAX, WRITE_TIME_MAX};
use super::error::{Again, Contract, Refusal, below};
use super::json::{Field, Fields, NO_ID, Object, RowShape, Trail, ids_of, object, parse, quoted};
use super::{Api, idempotency_key, json_answer, openapi, understood, understood_write, uri};
use crate::engine::{Entered, Held};
use crate::error::{self, Error, ErrorKind};
use crate::model::{
    Answered, Attribute, ByFilter, Consistency, Create, Direction, DocId, Excess, Filter, Given,
    GivenRow, IdType, Include, Namespace, Op, Operand, Query, Rank, Schema, VectorFault, Write,
    Written,
};
use declared::Declared;
use query::Found;

pub(super) use aggregation::FORMAT_BYTES_MAX;
pub(super) use query::{TEXT_FIELDS_MAX, WEIGHT_MAX, WEIGHT_MIN};

pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/v1/namespaces/{ns}", put(create).delete(end))
        .route("/v1/namespaces/{ns}/upsert", post(upsert))
        .route("/v1/namespaces/{ns}/delete", post(delete))
        .route("/v1/namespaces/{ns}/documents/{id}", get(document))
        .route("/v1/namespaces/{ns}/query", post(query::search))
        .route("/v1/namespaces/{ns}/usage", get(usage::tell))
        .route("/v1/namespaces/{ns}/export", get(|| async { Refusal::not_built("export") }))
        .route("/v1/cluster", get(|| async { Refusal::not_built("cluster") }))
        .route("/v1/cluster/owner/{ns}", get(|| async { Refusal::not_built("cluster/owner") }))
        .route("/openapi.json", get(openapi::tell))
}

/// What a path says. Where that is no text, axum would refuse it by one.
struct Said<T>(T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Said<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let said = Path::from_request_parts(parts, state).await;
        let Path(said) =
            said.map_err(|_| Refusal::invalid("the path of the URL is not percent-encoded UTF-8"))?;
        Ok(Self(said))
    }
}

fn named(ns: &str) -> Result<Namespace, Refusal> {
    Namespace::new(ns).map_err(refused)
}

/// An error of the engine, in the words of this contract.
fn refused(error: Error) -> Refusal {
    match below::<VectorFault>(&error) {
        Some(fault) => Refusal::invalid(declared::words_of(*fault)),
        None => Contract::V1.refuse(&error),
    }
}

#[derive(Serialize)]
struct Created<'a> {
    namespace: &'a str,
    created: bool,
}

/// To create what is there, as it is there, is no mistake: the request may have come twice.
async fn create(
    State(api): State<Arc<Api>>,
    Said(ns): Said<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, WRITE_TIME_MAX);
    let name = named(&ns)?;
    let read = |bytes: &[u8]| declared::read(object(bytes)?);
    let (wanted, _share) = understood(&api, request, deadline, read).await?;
    let there = || json_answer(StatusCode::OK, &Created { namespace: &ns, created: false });
    if let Some(schema) = known(&api, &name, deadline).await? {
        check_same(&name, &schema, &wanted)?;
        return there();
    }
    let (schema, metric) = (wanted.changes.clone(), wanted.metric);
    let write = Write { schema, metric, create: Create::New, ..Write::default() };
    let work = api.engine.write(&name, write, None);
    match deadline.in_time(work, Refusal::late_write).await? {
        Ok(_) => json_answer(StatusCode::CREATED, &Created { namespace: &ns, created: true }),
        // Somebody else has created it meanwhile, maybe with the same schema.
        Err(error) if error.kind() == ErrorKind::Conflict => {
            let schema = known(&api, &name, deadline).await?.ok_or_else(|| {
                Refusal::conflict(format!(
                    "namespace '{name}' was created and deleted meanwhile; create it again"
                ))
            })?;
            check_same(&name, &schema, &wanted)?;
            there()
        }
        Err(error) => Err(refused(error)),
    }
}

/// The schema of a namespace, if there is one by that name.
async fn known(
    api: &Api,
    name: &Namespace,
    deadline: Deadline,
) -> Result<Option<Arc<Schema>>, Refusal> {
    match deadline.in_time(api.engine.schema(name), Refusal::late_start).await? {
        Ok(schema) => Ok(Some(schema)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

/// Documents may have added attributes since; what was asked for then must be there, with all that is
/// said by not saying it.
fn check_same(name: &Namespace, there: &Schema, wanted: &Declared) -> Result<(), Refusal> {
    let bare = Schema::default();
    let edits = bare.declare(&wanted.changes, None, wanted.metric).map_err(refused)?;
    let wanted = bare.with(&edits);
    let mut others = wanted.attributes.iter().filter(|(name, attribute)| {
        !there.attributes.get(*name).is_some_and(|there| is_same(there, attribute))
    });
    let Some((attribute, asked)) = others.next() else { return Ok(()) };
    let (attribute_name, kind) = (quoted(attribute), asked.kind);
    let differs = match there.attributes.get(attribute) {
        None => format!("it has no `{attribute_name}`"),
        Some(held) if held.kind == kind => format!("the options of `{attribute_name}` are others"),
        Some(held) => format!("`{attribute_name}` is of type {}, and not {kind}", held.kind),
    };
    Err(Refusal::conflict(format!(
        "namespace '{name}' is there with another schema: {differs}; delete the namespace first, or \
         keep its schema"
    )))
}

/// In what this contract says of an attribute.
fn is_same(one: &Attribute, other: &Attribute) -> bool {
    let said = |Attribute { kind, options, .. }: &Attribute| {
        (*kind, options.filterable, options.full_text.clone(), options.metric)
    };
    said(one) == said(other)
}

async fn write_it(
    api: &Api,
    name: &Namespace,
    write: Write,
    key: Option<String>,
    entered: Option<Entered>,
    deadline: Deadline,
) -> Result<Written, Refusal> {
    // By ids, to do it twice is to do it once; a filter may find what came in between.
    let again = match write.delete_by_filter {
        Some(_) if key.is_none() => Again::Unsafe,
        Some(_) | None => Again::Safe,
    };
    let absent = |error: Error| match error.kind() {
        ErrorKind::NotFound => {
            Refusal::not_found(format!("namespace '{name}' was not found: create it first, by PUT"))
        }
        _ => refused(error),
    };
    let work = api.engine.write_admitted(name, write, key, entered);
    deadline.writing(work, again, absent).await
}

#[derive(Serialize)]
struct Done {
    count: u64,
    seq: u64,
}

async fn upsert(
    State(api): State<Arc<Api>>,
    Said(ns): Said<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, WRITE_TIME_MAX);
    let name = named(&ns)?;
    let key = idempotency_key(request.headers())?;
    let (upserts, entered) =
        understood_write(&api, &name, request, deadline, documents, refused).await?;
    let reserved = Some(declared::VECTOR);
    let write = Write { upserts, create: Create::Never, reserved, ..Write::default() };
    let written = write_it(&api, &name, write, key, entered, deadline).await?;
    let Written { upserted, seq, .. } = written;
    json_answer(StatusCode::OK, &Done { count: upserted.count, seq })
}

fn documents(bytes: &[u8]) -> Result<Vec<GivenRow>, Refusal> {
    let trail = Trail::default();
    let seed = Fields { trail: &trail, of_rows: &["documents"], shape: RowShape::Nested };
    let mut documents = None;
    let mut others = Vec::new();
    for (name, field) in parse(bytes, &trail, seed)? {
        match field {
            Field::Rows(rows) => documents = rows,
            Field::Other(given) => others.push((name, given)),
        }
    }
    let others = Object::new(others);
    let documents = others.needed("documents", documents)?;
    others.end()?;
    Ok(documents)
}

async fn delete(
    State(api): State<Arc<Api>>,
    Said(ns): Said<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, WRITE_TIME_MAX);
    let name = named(&ns)?;
    let key = idempotency_key(request.headers())?;
    let read = |bytes: &[u8]| deletion(object(bytes)?);
    let (write, entered) = understood_write(&api, &name, request, deadline, read, refused).await?;
    let written = write_it(&api, &name, write, key, entered, deadline).await?;
    let Written { deleted, seq, .. } = written;
    json_answer(StatusCode::OK, &Done { count: deleted.count, seq })
}

/// Of documents by their ids, or of all that match a filter.
fn deletion(mut request: Object) -> Result<Write, Refusal> {
    let mut write = Write { create: Create::Never, ..Write::default() };
    match (request.list("ids")?, request.take("filter")) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid(
                "`ids` and `filter` cannot both be given: send two requests",
            ));
        }
        (None, Some(given)) => {
            let filter = filter::read("filter", given)?;
            write.delete_by_filter = Some(ByFilter { filter, excess: Excess::Refused });
        }
        (Some(ids), None) => write.deletes = ids_of("ids", ids, NO_ID)?,
        (None, None) => return Err(request.missing_both("ids", "filter")),
    }
    request.end()?;
    Ok(write)
}

#[derive(Serialize)]
struct Ended {
    status: &'static str,
}

async fn end(
    State(api): State<Arc<Api>>,
    Said(ns): Said<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    super::end(&api, &named(&ns)?, &uri, refused).await?;
    json_answer(StatusCode::OK, &Ended { status: "OK" })
}

async fn document(
    State(api): State<Arc<Api>>,
    Said((ns, text)): Said<(String, String)>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let name = named(&ns)?;
    let include = match uri::asks_for(&uri, "include_vector") {
        true => Include::All,
        false => query::without_vector(),
    };
    let absent = || Refusal::not_found(format!("there is no document of id '{text}'"));
    let guess = number(&text).unwrap_or_else(|| Given::Text(text.as_str().into()));
    let query = by_id(guess.clone(), include.clone());
    let answered = match ask(&api, &name, vec![query], None, deadline).await? {
        // Ids may be of another kind here, and a look at the schema tells.
        Err(error) if error.kind() == ErrorKind::Invalid => {
            let schema = known(&api, &name, deadline).await?;
            let id_type = schema.and_then(|schema| schema.id);
            match id_type.and_then(|id_type| given_id(&text, id_type)).ok_or_else(absent)? {
                meant if meant == guess => Err(error),
                meant => ask(&api, &name, vec![by_id(meant, include)], None, deadline).await?,
            }
        }
        answered => answered,
    };
    let answered = answered.map_err(refused)?;
    let hit = answered.answers.first().and_then(|answer| answer.rows.first());
    json_answer(StatusCode::OK, &Found::of(hit.ok_or_else(absent)?, None))
}

/// What the engine says to queries that see one moment.
async fn ask(
    api: &Api,
    name: &Namespace,
    queries: Vec<Query>,
    min_seq: Option<u64>,
    deadline: Deadline,
) -> Result<error::Result<Held<Answered>>, Refusal> {
    let work = api.engine.query(name, queries, Consistency::Strong, min_seq);
    deadline.computing(work).await
}

/// The id that a path means; none, if there can be no such id in this namespace.
fn given_id(text: &str, id_type: IdType) -> Option<Given> {
    let given = match id_type {
        IdType::Uint => number(text)?,
        IdType::Int => signed(text)?,
        IdType::Uuid | IdType::String => Given::Text(text.into()),
    };
    DocId::of(&given, id_type).ok().map(|_| given)
}

/// As it is printed, and in no other way: a document has one path.
fn number(text: &str) -> Option<Given> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text).map(Given::Uint)
}

fn signed(text: &str) -> Option<Given> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text).map(Given::Int)
}

fn by_id(id: Given, include: Include) -> Query {
    let operand = Operand::Literal(id);
    let filter = Filter::Test { attribute: "id".into(), op: Op::Eq, operand };
    let rank = Rank::Order(vec![("id".into(), Direction::Ascending)]);
    query::rows(rank, 1, Some(filter), include)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::alone::Alone;
    use crate::api::json::given;
    use crate::config::Location;
    use crate::env::{Clock, Dice};
    use crate::storage::{self, Pace};

    const NS: &str = "/v1/namespaces/a";
    const SCHEMA: &str = r#"{"schema":{"attributes":{"n":{"type":"integer"}}}}"#;

    /// Each looked first, saw nothing, and wrote; both were told that they had created it, and it
    /// was of neither's making.
    #[tokio::test]
    async fn of_two_who_create_at_once_one_does_and_the_other_is_told() {
        let other = SCHEMA.replace("\"n\"", "\"m\"");
        for (second, told) in [(SCHEMA, 200), (&*other, 409)] {
            let alone = Alone::start().await;
            let create = |schema| alone.call("PUT", NS, schema);
            let (one, two) = futures::future::join(create(SCHEMA), create(second)).await;
            let mut statuses = [one.0, two.0];
            statuses.sort_unstable();
            let mut expected = [201, told];
            expected.sort_unstable();
            assert_eq!(statuses, expected, "{one:?} {two:?}");
            let (_, schema) = alone.call("GET", &format!("{NS}/schema"), "").await;
            let made = [schema.contains("\"n\""), schema.contains("\"m\"")];
            assert_eq!(made, [one.0 == 201 || told == 200, one.0 != 201 && told == 409]);
        }
    }

    /// Of what may have been done, nobody knows whether to send it again.
    #[tokio::test(start_paused = true)]
    async fn who_could_not_look_before_it_creates_has_done_nothing() {
        let (clock, dice) = (Clock::start(), Dice::from_seed(1));
        let hung = Pace { get: 2 * WRITE_TIME_MAX, ..Pace::NONE };
        let opened = storage::open_slow(&Location::Memory, [], clock, dice.clone(), hung).await;
        let alone = Alone::over(opened.unwrap().0, clock, dice);
        let (status, told) = alone.call("PUT", NS, SCHEMA).await;
        assert_eq!(status, 503, "{told}");
        assert!(told.contains("nothing was done"), "{told}");
    }

    #[tokio::test]
    async fn a_purge_is_refused_and_deletes_nothing() {
        let alone = Alone::start().await;
        assert_eq!(alone.call("PUT", NS, SCHEMA).await.0, 201);
        for path in ["/v1/namespaces/a", "/v2/namespaces/a"] {
            for asked in ["purge=true", "purge", "purge=1", "x=1&purge=maybe"] {
                let (status, body) = alone.call("DELETE", &format!("{path}?{asked}"), "").await;
                assert!(status == 400 && body.contains("`purge`"), "{path} {asked}: {body}");
            }
        }
        assert_eq!(alone.call("PUT", NS, SCHEMA).await.0, 200);
        assert_eq!(alone.call("DELETE", &format!("{NS}?purge=false&x=1"), "").await.0, 200);
        assert_eq!(alone.call("PUT", NS, SCHEMA).await.0, 201);
    }

    #[tokio::test]
    async fn to_get_a_document_is_one_look_unless_its_id_looks_like_another() {
        for (id, path, looks) in
            [("7", "7", 1), ("\"x\"", "x", 1), ("\"7\"", "7", 3), ("\"x\"", "y", 1)]
        {
            let alone = Alone::start().await;
            assert_eq!(alone.call("PUT", NS, SCHEMA).await.0, 201);
            let documents = format!("{{\"documents\":[{{\"id\":{id}}}]}}");
            assert_eq!(alone.call("POST", &format!("{NS}/upsert"), &documents).await.0, 200);
            let start = alone.probes();
            assert_eq!(alone.call("POST", &format!("{NS}/query"), "{}").await.0, 200);
            let one_look = alone.probes() - start;
            let before = alone.probes();
            let (status, body) = alone.call("GET", &format!("{NS}/documents/{path}"), "").await;
            assert_eq!(status, if path == "y" { 404 } else { 200 }, "{body}");
            assert_eq!(alone.probes() - before, looks * one_look, "{id}");
        }
    }

    #[test]
    fn documents_and_ids_are_read() {
        let rows = documents(br#"{"documents":[{"id":"a","attributes":{"t":1}}]}"#).unwrap();
        let values = vec![("t".into(), Given::Int(1))];
        assert_eq!(rows, [GivenRow { id: Given::Text("a".into()), values }]);
        let object = Object::of("", given(r#"{"ids":[1,"a"]}"#)).unwrap();
        let by_ids = deletion(object).unwrap();
        assert_eq!(by_ids.deletes, [Given::Int(1), Given::Text("a".into())]);
        let text = r#"{"filter":{"field":"a","op":"eq","value":1}}"#;
        let by_filter = deletion(Object::of("", given(text)).unwrap()).unwrap();
        let operand = Operand::Key(Given::Int(1));
        let filter = Filter::Test { attribute: "a".into(), op: Op::Eq, operand };
        let expected = Some(ByFilter { filter, excess: Excess::Refused });
        assert_eq!(by_filter.delete_by_filter, expected);
        assert!(by_filter.deletes.is_empty());
    }

    #[test]
    fn what_is_missing_or_not_there_yet_is_named() {
        for (text, told) in [
            ("{}", "missing field `documents`"),
            (r#"{"documents":null}"#, "missing field `documents`"),
            (r#"{"documents":[],"rows":[]}"#, "unknown field `rows`"),
            (r#"{"documents":[{}]}"#, "documents[0]: missing field `id`"),
        ] {
            let refusal = documents(text.as_bytes()).unwrap_err();
            assert!(refusal.story().contains(told), "{}", refusal.story());
        }
        for (text, told) in [
            (r#"{"filter":{"field":"a"}}"#, "filter: missing field `op`"),
            (r#"{"filter":{"type":"and","conditions":[]},"ids":[]}"#, "cannot both be given"),
            (r#"{"ids":[],"x":1}"#, "unknown field `x`"),
            ("{}", "missing field `ids` or `filter`"),
            (r#"{"idz":[1]}"#, "unknown field `idz`"),
            (r#"{"ids":[true]}"#, "ids: an id is a text, or a whole number of 64 bits"),
        ] {
            let refusal = deletion(Object::of("", given(text)).unwrap()).unwrap_err();
            assert!(refusal.story().contains(told), "{}", refusal.story());
        }
    }

    #[test]
    fn an_id_in_a_path_is_what_ids_are_in_the_namespace() {
        assert_eq!(given_id("7", IdType::Uint), Some(Given::Uint(7)));
        assert_eq!(given_id("7", IdType::String), Some(Given::Text("7".into())));
        assert_eq!(given_id("7", IdType::Int), Some(Given::Int(7)));
        assert_eq!(given_id("-7", IdType::Int), Some(Given::Int(-7)));
        for (text, id_type) in [
            ("x", IdType::Uint),
            ("-1", IdType::Uint),
            ("+1", IdType::Uint),
            ("18446744073709551616", IdType::Uint),
            ("7", IdType::Uuid),
            ("x", IdType::Int),
            ("-", IdType::Int),
            ("--7", IdType::Int),
            ("+7", IdType::Int),
            ("9223372036854775808", IdType::Int),
        ] {
            assert_eq!(given_id(text, id_type), None);
        }
    }
}
