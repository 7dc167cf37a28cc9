//! A query, off the wire: one, or up to sixteen that see the same moment.

use std::time::Duration;

use super::declared::metric_of;
use super::filter::{self, Place};
use super::rank;
use crate::api::error::Refusal;
use crate::api::json::{Encoding, Object, integral, mistyped, object, quoted, type_of};
use crate::model::{Consistency, Given, Include, LIMIT_MAX, Query};

const QUERIES_MAX: usize = 16;
const STALENESS_SECONDS: u64 = 60;

/// What the contract has beyond what this server has: of a query, and around several.
const UNBUILT: &[&str] = &["group_by", "compute_attributes", "rerank_by", "deadline_ms"];
const UNBUILT_FLAGS: &[&str] = &["disable_cache", "allow_partial", "explain"];

#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) queries: Vec<Query>,
    pub(super) form: Form,
    pub(super) consistency: Consistency,
    pub(super) min_seq: Option<u64>,
    pub(super) encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    One,
    Several,
}

pub(super) fn read(bytes: &[u8]) -> Result<Request, Refusal> {
    let mut object = object(bytes)?;
    let consistency = consistency(&mut object)?;
    let encoding = encoding(&mut object)?;
    let min_seq = object.count("min_seq")?;
    let (form, queries) = match object.list("queries")? {
        None => (Form::One, vec![query(object)?]),
        Some(queries) => {
            check_offset(&mut object)?;
            object.refuse_unbuilt(UNBUILT)?;
            object.refuse_unbuilt(&["limit"])?;
            object.refuse_unbuilt_flags(UNBUILT_FLAGS)?;
            object.end()?;
            (Form::Several, several(queries)?)
        }
    };
    Ok(Request { queries, form, consistency, min_seq, encoding })
}

fn several(queries: Vec<Given>) -> Result<Vec<Query>, Refusal> {
    if !(1..=QUERIES_MAX).contains(&queries.len()) {
        return Err(Refusal::invalid(format!(
            "💔 queries must hold between 1 and {QUERIES_MAX} queries, not {}",
            queries.len()
        )));
    }
    let one = |(at, given): (usize, Given)| {
        let mut object = Object::of(&format!("queries[{at}]"), given)?;
        // All of them see one moment; what one of them wishes is passed over, as the contract has it.
        object.take("consistency");
        query(object)
    };
    queries.into_iter().enumerate().map(one).collect()
}

fn query(mut object: Object) -> Result<Query, Refusal> {
    let place = object.place();
    let path = object.path_of("filters");
    let filter = object.take("filters");
    let filter = filter.map(|given| filter::read(&path, given, Place::Query)).transpose()?;
    let path = object.path_of("rank_by");
    let rank = object.take("rank_by");
    let rank = rank.map(|given| rank::read(&path, given, filter.as_ref())).transpose()?;
    let limit = limit(&mut object)?;
    let counts = counts(&mut object)?;
    let include = include(&mut object)?;
    let metric = metric_of(&mut object)?;
    check_offset(&mut object)?;
    object.refuse_unbuilt(UNBUILT)?;
    object.refuse_unbuilt_flags(UNBUILT_FLAGS)?;
    object.end()?;
    let refused = |message: &str| Err(Refusal::invalid(format!("{place}💔 {message}")));
    let limit = match (&rank, limit) {
        (Some(_), None) => return refused("rank_by queries must specify top_k or limit"),
        (None, _) if counts.is_empty() => {
            return refused("a query must specify rank_by or aggregate_by");
        }
        (None, _) if include.is_some() => {
            return refused("include_attributes and exclude_attributes need rank_by");
        }
        // Without an order there are no rows to limit.
        (None, _) => 0,
        (Some(_), Some(limit)) => limit,
    };
    let include = include.unwrap_or(Include::Nothing);
    Ok(Query { rank, limit, filter, include, counts, metric })
}

/// Until pages are built, an answer begins at its beginning.
fn check_offset(object: &mut Object) -> Result<(), Refusal> {
    match object.take("offset").map(integral) {
        None | Some(Given::Int(0)) => Ok(()),
        Some(_) => Err(Refusal::not_built(&object.path_of("offset"))),
    }
}

/// `limit`, or its older name.
fn limit(object: &mut Object) -> Result<Option<usize>, Refusal> {
    let (place, path) = (object.place(), object.path_of("limit"));
    let misshapen = || {
        let variant = "data did not match any variant of untagged enum LimitInput";
        Refusal::misshapen(&format!("{path}: {variant}"))
    };
    let total = match object.take("limit") {
        Some(Given::Map(fields)) => {
            let mut limit = Object::of(&path, Given::Map(fields))?;
            limit.refuse_unbuilt(&["per"])?;
            let total = limit.take("total");
            limit.end()?;
            Some(total.ok_or_else(misshapen)?)
        }
        other => other,
    };
    let given = match (total, object.take("top_k")) {
        (Some(_), Some(_)) => {
            let message = format!("{place}💔 top_k is the older name of limit: specify one");
            return Err(Refusal::invalid(message));
        }
        (total, top_k) => total.or(top_k),
    };
    let number = match given.map(integral) {
        None => return Ok(None),
        Some(Given::Int(number)) => usize::try_from(number).unwrap_or(0),
        Some(Given::Uint(_)) => usize::MAX,
        Some(_) => return Err(misshapen()),
    };
    if !(1..=LIMIT_MAX).contains(&number) {
        let message = format!("{place}💔 top_k must be between 1 and {LIMIT_MAX}");
        return Err(Refusal::invalid(message));
    }
    Ok(Some(number))
}

/// The labels under which matches are counted.
fn counts(object: &mut Object) -> Result<Vec<Box<str>>, Refusal> {
    let Some(aggregates) = object.object("aggregate_by")? else { return Ok(Vec::new()) };
    let (place, path) = (object.place(), object.path_of("aggregate_by"));
    if aggregates.is_empty() {
        return Err(Refusal::invalid(format!("{place}💔 aggregate_by cannot be empty")));
    }
    let label = |(label, given): (Box<str>, Given)| {
        let items = match given {
            Given::List(items) => items,
            other => {
                let path = format!("{path}.{}", quoted(&label));
                return Err(mistyped(&path, &other, "a sequence"));
            }
        };
        match items.as_slice() {
            [Given::Text(word)] if **word == *"Count" => Ok(label),
            [Given::Text(word), ..] if **word == *"Count" => {
                Err(Refusal::not_built(&format!("{path} Count of an attribute")))
            }
            [Given::Text(word), ..] => Err(Refusal::not_built(&format!("{path} {}", quoted(word)))),
            _ => Err(Refusal::misshapen(&format!(
                "{path}: data did not match any variant of untagged enum AggregateInput"
            ))),
        }
    };
    aggregates.into_fields().into_iter().map(label).collect()
}

/// `None`: nothing was said.
fn include(object: &mut Object) -> Result<Option<Include>, Refusal> {
    let path = object.path_of("include_attributes");
    let included = match object.take("include_attributes") {
        None => None,
        Some(Given::Bool(true)) => Some(Include::All),
        Some(Given::Bool(false)) => Some(Include::Nothing),
        Some(Given::List(items)) => Some(these(&path, items)?),
        Some(other) => return Err(mistyped(&path, &other, "a boolean or a sequence")),
    };
    match (included, object.texts("exclude_attributes")?) {
        (Some(_), Some(_)) => Err(Refusal::invalid(format!(
            "{}💔 cannot specify both include_attributes and exclude_attributes",
            object.place()
        ))),
        (included, None) => Ok(included),
        (None, Some(names)) => Ok(Some(Include::AllBut(names))),
    }
}

fn these(path: &str, items: Vec<Given>) -> Result<Include, Refusal> {
    let mut names = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        match item {
            // It comes anyway.
            Given::Text(name) if *name == *"id" => {}
            Given::Text(name) => names.push(name),
            other => return Err(mistyped(&format!("{path}[{at}]"), &other, "a string")),
        }
    }
    Ok(if names.is_empty() { Include::Nothing } else { Include::These(names) })
}

fn consistency(object: &mut Object) -> Result<Consistency, Refusal> {
    let mut wished = match object.take("consistency") {
        None => return Ok(Consistency::Strong),
        Some(given @ Given::Map(_)) => Object::of("consistency", given)?,
        Some(other) => {
            return Err(Refusal::misshapen(&format!(
                "consistency: invalid type: {}, expected struct Consistency",
                type_of(&other)
            )));
        }
    };
    let level = wished.text("level")?.ok_or_else(|| wished.missing("level"))?;
    let seconds = wished.count("max_staleness_seconds")?;
    wished.end()?;
    match &*level {
        "strong" if seconds.is_some() => Err(Refusal::invalid(
            "💔 consistency.max_staleness_seconds is for the level eventual, strong is never stale",
        )),
        "strong" => Ok(Consistency::Strong),
        "eventual" => {
            let max_staleness = Duration::from_secs(seconds.unwrap_or(STALENESS_SECONDS));
            Ok(Consistency::Eventual { max_staleness })
        }
        other => Err(Refusal::misshapen(&format!(
            "consistency.level: unknown variant `{}`, expected `strong` or `eventual`",
            quoted(other)
        ))),
    }
}

fn encoding(object: &mut Object) -> Result<Encoding, Refusal> {
    match object.text("vector_encoding")?.as_deref() {
        None | Some("float") => Ok(Encoding::Float),
        Some("base64") => Ok(Encoding::Base64),
        Some(other) => Err(Refusal::misshapen(&format!(
            "vector_encoding: unknown variant `{}`, expected `float` or `base64`",
            quoted(other)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Direction, Filter, Metric, Op, Operand, Rank};

    fn read_one(text: &str) -> Query {
        let mut request = read(text.as_bytes()).unwrap();
        assert_eq!((request.form, request.queries.len()), (Form::One, 1));
        request.queries.remove(0)
    }

    fn by_id() -> Option<Rank> {
        Some(Rank::Order(vec![("id".into(), Direction::Ascending)]))
    }

    #[test]
    fn a_query_is_read_with_what_it_says_and_the_defaults_of_the_rest() {
        let vector = Given::List(vec![Given::Float(0.1), Given::Float(0.2)]);
        let operand = Operand::Literal(Given::Int(7));
        let expected = Query {
            rank: Some(Rank::Nearest { attribute: "vector".into(), vector }),
            limit: 10,
            filter: Some(Filter::Test { attribute: "a".into(), op: Op::Lt, operand }),
            include: Include::These(vec!["title".into()]),
            counts: Vec::new(),
            metric: Some(Metric::EuclideanSquared),
        };
        let text = r#"{"rank_by":["vector","ANN",[0.1,0.2]],"limit":{"total":10},
            "filters":["a","Lt",7],"include_attributes":["id","title"],
            "distance_metric":"euclidean_squared"}"#;
        assert_eq!(read_one(text), expected);
        let expected = Query {
            rank: by_id(),
            limit: 10_000,
            filter: None,
            include: Include::Nothing,
            counts: Vec::new(),
            metric: None,
        };
        assert_eq!(read_one(r#"{"rank_by":["id","asc"],"top_k":10000,"filters":null}"#), expected);
    }

    #[test]
    fn matches_are_counted_with_rows_and_without() {
        let query = read_one(r#"{"aggregate_by":{"n":["Count"],"m":["Count"]},"top_k":5}"#);
        assert_eq!((query.rank, query.limit), (None, 0));
        assert_eq!(query.counts, vec![Box::<str>::from("n"), "m".into()]);
        let both = r#"{"aggregate_by":{"n":["Count"]},"rank_by":["id","asc"],"limit":1}"#;
        assert_eq!((read_one(both).rank, read_one(both).counts.len()), (by_id(), 1));
    }

    #[test]
    fn what_comes_with_a_row_is_said_in_four_ways() {
        for (said, include) in [
            ("\"include_attributes\":true", Include::All),
            ("\"include_attributes\":false", Include::Nothing),
            ("\"include_attributes\":[]", Include::Nothing),
            ("\"exclude_attributes\":[\"a\"]", Include::AllBut(vec!["a".into()])),
        ] {
            let text = format!("{{\"rank_by\":[\"id\",\"asc\"],\"limit\":1,{said}}}");
            assert_eq!(read_one(&text).include, include);
        }
    }

    #[test]
    fn how_new_and_how_spelt_is_said_once_for_all_queries() {
        let text = r#"{"queries":[{"rank_by":["id","asc"],"limit":1,"consistency":"odd"},
                                  {"aggregate_by":{"n":["Count"]}}],
            "consistency":{"level":"eventual","max_staleness_seconds":10},
            "vector_encoding":"base64","min_seq":7}"#;
        let request = read(text.as_bytes()).unwrap();
        let max_staleness = Duration::from_secs(10);
        assert_eq!((request.form, request.queries.len()), (Form::Several, 2));
        assert_eq!(request.consistency, Consistency::Eventual { max_staleness });
        assert_eq!((request.encoding, request.min_seq), (Encoding::Base64, Some(7)));
        let one = read(br#"{"rank_by":["id","asc"],"limit":1}"#).unwrap();
        assert_eq!((one.consistency, one.encoding), (Consistency::Strong, Encoding::Float));
    }

    #[test]
    fn what_is_switched_on_by_true_may_be_left_off() {
        let off = r#""disable_cache":false,"allow_partial":false,"explain":null"#;
        let one = format!(r#"{{"rank_by":["id","asc"],"limit":1,{off}}}"#);
        assert_eq!(read_one(&one).limit, 1);
        let several = format!(r#"{{"queries":[{one}],{off}}}"#);
        assert_eq!(read(several.as_bytes()).unwrap().form, Form::Several);
    }

    #[test]
    fn an_answer_that_begins_at_its_beginning_needs_no_pages() {
        for offset in ["0", "-0", "null"] {
            let one = format!(r#"{{"rank_by":["id","asc"],"limit":1,"offset":{offset}}}"#);
            assert_eq!(read_one(&one).limit, 1);
            let several = format!(r#"{{"queries":[{one}],"offset":{offset}}}"#);
            assert_eq!(read(several.as_bytes()).unwrap().form, Form::Several);
        }
        let told = read(br#"{"queries":[],"offset":1}"#).unwrap_err();
        assert!(told.story().contains("`offset` is not supported"), "{}", told.story());
    }

    #[test]
    fn what_is_wrong_with_one_of_several_queries_is_told_with_its_place() {
        let enough = r#""rank_by":["id","asc"],"limit":1"#;
        for (rest, told) in [
            (
                r#""rank_by":["id","asc"],"limit":1,"filters":{}"#,
                "queries[1].filters: data did not",
            ),
            (r#""rank_by":"id","limit":1"#, "queries[1].rank_by: data did not match"),
            (r#""rank_by":[],"limit":1"#, "queries[1]: 💔 rank_by cannot be empty"),
            (r#""rank_by":["v","kNN",[1]],"limit":1"#, "queries[1]: 💔 kNN requires filters"),
            (r#""rank_by":["t","BM25","x"],"limit":1"#, "`queries[1].rank_by BM25` is not"),
            (r#""rank_by":["id","asc"]"#, "queries[1]: 💔 rank_by queries must specify"),
            (r#""rank_by":["id","asc"],"limit":"x""#, "queries[1].limit: data did not match"),
            (r#""rank_by":["id","asc"],"limit":0"#, "queries[1]: 💔 top_k must be between"),
            (r#""rank_by":["id","asc"],"limit":1,"top_k":1"#, "queries[1]: 💔 top_k is the older"),
            (r#""aggregate_by":{}"#, "queries[1]: 💔 aggregate_by cannot be empty"),
            (r#""aggregate_by":{"n":["Sum","a"]}"#, "`queries[1].aggregate_by Sum` is not"),
            (r#""rank_by":["id","asc"],"limit":1,"offset":1"#, "`queries[1].offset` is not"),
            ("", "queries[1]: 💔 a query must specify"),
        ] {
            let text = format!(r#"{{"queries":[{{{enough}}},{{{rest}}}]}}"#);
            let refusal = read(text.as_bytes()).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }

    #[test]
    fn what_is_asked_wrongly_is_told_in_the_words_of_the_contract() {
        let ranked = |rest: &str| format!("{{\"rank_by\":[\"id\",\"asc\"],\"limit\":1,{rest}}}");
        let many = vec![r#"{"aggregate_by":{"n":["Count"]}}"#; 17].join(",");
        for (text, code, told) in [
            ("{}".to_owned(), "invalid", "a query must specify rank_by or aggregate_by"),
            (r#"{"rank_by":[],"limit":1}"#.to_owned(), "invalid", "💔 rank_by cannot be empty"),
            (
                r#"{"rank_by":["id","asc"]}"#.to_owned(),
                "invalid",
                "💔 rank_by queries must specify top_k or limit",
            ),
            (
                r#"{"rank_by":["id","asc"],"top_k":10001}"#.to_owned(),
                "invalid",
                "💔 top_k must be between 1 and 10000",
            ),
            (
                r#"{"rank_by":["id","asc"],"limit":0}"#.to_owned(),
                "invalid",
                "💔 top_k must be between 1 and 10000",
            ),
            (
                r#"{"rank_by":["id","asc"],"limit":"ten"}"#.to_owned(),
                "wrong_shape",
                "data did not match any variant of untagged enum LimitInput",
            ),
            (
                r#"{"rank_by":["id","asc"],"limit":{"total":1,"per":{"limit":1}}}"#.to_owned(),
                "not_supported",
                "`limit.per` is not supported",
            ),
            (ranked("\"top_k\":1"), "invalid", "specify one"),
            (ranked("\"offset\":5"), "not_supported", "`offset` is not supported"),
            (ranked("\"disable_cache\":true"), "not_supported", "`disable_cache`"),
            (ranked("\"group_by\":false"), "not_supported", "`group_by`"),
            (r#"{"queries":[],"limit":false}"#.to_owned(), "not_supported", "`limit`"),
            (ranked("\"rerank_by\":[\"RRF\"]"), "not_supported", "`rerank_by`"),
            (ranked("\"topk\":5"), "unknown_field", "unknown field `topk`"),
            (
                ranked("\"include_attributes\":true,\"exclude_attributes\":[]"),
                "invalid",
                "💔 cannot specify both include_attributes and exclude_attributes",
            ),
            (
                ranked("\"consistency\":\"eventual\""),
                "wrong_shape",
                "invalid type: string \"eventual\", expected struct Consistency",
            ),
            (
                ranked("\"consistency\":{\"level\":\"x\"}"),
                "wrong_shape",
                "unknown variant `x`, expected `strong` or `eventual`",
            ),
            (
                ranked("\"vector_encoding\":\"hex\""),
                "wrong_shape",
                "unknown variant `hex`, expected `float` or `base64`",
            ),
            (
                r#"{"aggregate_by":{"n":["Sum","a"]}}"#.to_owned(),
                "not_supported",
                "`aggregate_by Sum` is not supported",
            ),
            (
                r#"{"aggregate_by":{"n":["Count"]},"include_attributes":true}"#.to_owned(),
                "invalid",
                "need rank_by",
            ),
            (r#"{"queries":[]}"#.to_owned(), "invalid", "between 1 and 16"),
            (format!("{{\"queries\":[{many}]}}"), "invalid", "between 1 and 16"),
            (
                r#"{"queries":[{"vector_encoding":"float"}]}"#.to_owned(),
                "unknown_field",
                "unknown field `queries[0].vector_encoding`",
            ),
        ] {
            let refusal = read(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.code(), code, "{text}: {}", refusal.story());
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
