//! A query, off the wire: one, or up to sixteen that see the same moment.

use std::time::Duration;

use super::declared::metric_of;
use super::{aggregate, compute, consistency, fusion, include, page, rank};
use crate::api::error::Refusal;
use crate::api::json::{Encoding, Object, object, unknown_word};
use crate::model::{Consistency, Fusion, Given, Include, Page, Query};

pub(in crate::api) const QUERIES_MAX: usize = 16;

/// What each of several queries says for itself.
const OF_EACH: &[&str] = &[
    "rank_by",
    "top_k",
    "filters",
    "include_attributes",
    "exclude_attributes",
    "aggregate_by",
    "group_by",
    "compute_attributes",
    "distance_metric",
];
/// An answer that is not the whole one.
const UNBUILT_FLAGS: &[&str] = &["allow_partial"];

#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) queries: Vec<Query>,
    pub(super) form: Form,
    pub(super) fusion: Option<Fusion>,
    pub(super) consistency: Consistency,
    pub(super) min_seq: Option<u64>,
    pub(super) encoding: Encoding,
    /// How long it may take, if that is less than any query may.
    pub(super) limit: Option<Duration>,
    pub(super) plan: Plan,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    One,
    Several,
}

/// Whether an answer says how it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    Shown,
    Hidden,
}

pub(super) fn read(bytes: &[u8]) -> Result<Request, Refusal> {
    let mut object = object(bytes)?;
    let consistency = consistency::read(&mut object)?;
    let encoding = encoding(&mut object)?;
    let min_seq = object.count("min_seq")?;
    let limit = limit(&mut object)?;
    let shown = object.truth("explain")?;
    let plan = if shown == Some(true) { Plan::Shown } else { Plan::Hidden };
    let (form, queries, fusion) = match object.list("queries")? {
        None => (Form::One, vec![query(object)?], None),
        Some(queries) => {
            refuse_of_each(&mut object)?;
            let queries = several(queries)?;
            let fusion = fusion::read(&mut object, &queries)?;
            check_flags(&mut object)?;
            object.end()?;
            (Form::Several, queries, fusion)
        }
    };
    Ok(Request { queries, form, fusion, consistency, min_seq, encoding, limit, plan })
}

fn refuse_of_each(object: &mut Object) -> Result<(), Refusal> {
    match OF_EACH.iter().find(|name| object.take(name).is_some()) {
        None => Ok(()),
        Some(name) => Err(Refusal::invalid(format!(
            "`{name}` does not stand beside `queries`, but in each of them"
        ))),
    }
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
        // They have one plan, which is asked for beside them.
        object.refuse_unbuilt_flags(&["explain"])?;
        query(object)
    };
    queries.into_iter().enumerate().map(one).collect()
}

fn query(mut object: Object) -> Result<Query, Refusal> {
    let place = object.place();
    let (filter, rank) = rank::among(&mut object)?;
    let wished = page::read(&mut object)?;
    let aggregate::Labelled { aggregates, aggregations } = aggregate::labelled(&mut object)?;
    let groups = aggregate::groups(&mut object, &aggregates, &aggregations)?;
    let include = include::read(&mut object)?;
    let computed = compute::read(&mut object)?;
    let metric = metric_of(&mut object)?;
    fusion::refuse(&mut object)?;
    check_flags(&mut object)?;
    object.end()?;
    let odd = match &rank {
        Some(_) if !groups.is_empty() => Some("group_by does not go with rank_by: ask for each"),
        Some(_) if wished.limit.is_none() => Some("rank_by queries must specify top_k or limit"),
        Some(_) => None,
        None if aggregates.is_empty() && aggregations.is_empty() => {
            Some("a query must specify rank_by or aggregate_by")
        }
        None if include.is_some() => Some("include_attributes and exclude_attributes need rank_by"),
        None if !computed.is_empty() => Some("compute_attributes needs rank_by"),
        None if wished.per.is_some() => Some("limit.per needs rank_by"),
        None if wished.offset > 0 => Some("offset needs rank_by"),
        None => None,
    };
    if let Some(odd) = odd {
        return Err(Refusal::invalid(format!("{place}💔 {odd}")));
    }
    let page = match rank.is_none() && groups.is_empty() {
        // Without an order and without groups there is nothing to limit.
        true => Page::default(),
        false => wished.page(),
    };
    let include = include.unwrap_or(Include::Nothing);
    Ok(Query { rank, page, filter, include, computed, aggregates, groups, aggregations, metric })
}

fn check_flags(object: &mut Object) -> Result<(), Refusal> {
    // Rows are kept in memory or not as the node decides, whoever asks.
    object.truth("disable_cache")?;
    object.refuse_unbuilt_flags(UNBUILT_FLAGS)
}

fn limit(object: &mut Object) -> Result<Option<Duration>, Refusal> {
    match object.count("deadline_ms")? {
        Some(0) => Err(Refusal::invalid("deadline_ms must be at least 1")),
        limit => Ok(limit.map(Duration::from_millis)),
    }
}

fn encoding(object: &mut Object) -> Result<Encoding, Refusal> {
    match object.text("vector_encoding")?.as_deref() {
        None | Some("float") => Ok(Encoding::Float),
        Some("base64") => Ok(Encoding::Base64),
        Some(other) => Err(unknown_word("vector_encoding", other, "`float` or `base64`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Aggregate, Computed, Direction, Filter, Group, LIMIT_MAX, Metric, Op, Operand, Per, Rank,
        Score, Search,
    };

    fn read_one(text: &str) -> Query {
        let mut request = read(text.as_bytes()).unwrap();
        assert_eq!((request.form, request.queries.len()), (Form::One, 1));
        request.queries.remove(0)
    }

    fn by_id() -> Option<Rank> {
        Some(Rank::Order(vec![("id".into(), Direction::Ascending)]))
    }

    /// The first of all documents, by their ids.
    fn plain(limit: usize) -> Query {
        Query { rank: by_id(), page: Page::of(limit), ..Query::default() }
    }

    #[test]
    fn a_query_is_read_with_what_it_says_and_the_defaults_of_the_rest() {
        let vector = Given::List(vec![Given::Float(0.1), Given::Float(0.2)]);
        let operand = Operand::Literal(Given::Int(7));
        let test = Filter::Test { attribute: "a".into(), op: Op::Lt, operand };
        let score = Score::Attribute("n".into());
        let search = Search::Approximate;
        let expected = Query {
            rank: Some(Rank::Nearest { attribute: "vector".into(), vector, search }),
            page: Page {
                limit: 10,
                offset: 3,
                per: Some(Per { attributes: vec!["a".into()], limit: 2 }),
            },
            filter: Some(test),
            include: Include::These(vec!["title".into()]),
            computed: vec![("c".into(), Computed::Score(score))],
            metric: Some(Metric::EuclideanSquared),
            ..plain(1)
        };
        let text = r#"{"rank_by":["vector","ANN",[0.1,0.2]],
            "limit":{"total":10,"per":{"attributes":["a"],"limit":2}},"offset":3,
            "filters":["a","Lt",7],"include_attributes":["id","title"],
            "compute_attributes":{"c":["Attribute","n"]},
            "distance_metric":"euclidean_squared"}"#;
        assert_eq!(read_one(text), expected);
        let text = r#"{"rank_by":["id","asc"],"top_k":10000,"filters":null}"#;
        assert_eq!(read_one(text), plain(10_000));
    }

    #[test]
    fn matches_are_counted_with_rows_and_without() {
        let query = read_one(r#"{"aggregate_by":{"n":["Count"],"m":["Count"]},"top_k":5}"#);
        assert_eq!((query.rank, query.page), (None, Page::of(0)));
        let counts: Vec<(Box<str>, Aggregate)> =
            vec![("n".into(), Aggregate::Count), ("m".into(), Aggregate::Count)];
        assert_eq!(query.aggregates, counts);
        let both = r#"{"aggregate_by":{"n":["Count"]},"rank_by":["id","asc"],"limit":1}"#;
        assert_eq!((read_one(both).rank, read_one(both).aggregates.len()), (by_id(), 1));
    }

    #[test]
    fn so_many_groups_are_told_as_there_may_be_unless_fewer_are_wanted() {
        for (limit, groups) in [("", LIMIT_MAX), (",\"limit\":7", 7)] {
            let text =
                format!("{{\"aggregate_by\":{{\"n\":[\"Count\"]}},\"group_by\":[\"a\"]{limit}}}");
            let query = read_one(&text);
            assert_eq!((query.page, query.groups), (Page::of(groups), vec![Group::Of("a".into())]));
        }
    }

    #[test]
    fn how_new_and_how_spelt_is_said_once_for_all_queries() {
        let text = r#"{"queries":[{"rank_by":["id","asc"],"limit":1,"consistency":"odd"},
                                  {"aggregate_by":{"n":["Count"]}}],
            "consistency":{"level":"eventual","max_staleness_seconds":10},
            "vector_encoding":"base64","min_seq":7,"deadline_ms":500,"explain":true}"#;
        let request = read(text.as_bytes()).unwrap();
        let max_staleness = Duration::from_secs(10);
        assert_eq!((request.form, request.queries.len()), (Form::Several, 2));
        assert_eq!(request.consistency, Consistency::Eventual { max_staleness });
        assert_eq!((request.encoding, request.min_seq), (Encoding::Base64, Some(7)));
        assert_eq!((request.fusion, request.plan), (None, Plan::Shown));
        assert_eq!(request.limit, Some(Duration::from_millis(500)));
        let one = read(br#"{"rank_by":["id","asc"],"limit":1}"#).unwrap();
        assert_eq!((one.consistency, one.encoding), (Consistency::Strong, Encoding::Float));
        assert_eq!((one.limit, one.plan), (None, Plan::Hidden));
    }

    #[test]
    fn several_queries_are_fused_if_it_is_said() {
        let text = r#"{"queries":[{"rank_by":["id","asc"],"limit":1},
                                  {"rank_by":["id","desc"],"limit":1}],
            "rerank_by":["RRF"],"limit":5,"offset":1}"#;
        let request = read(text.as_bytes()).unwrap();
        let page = Page { limit: 5, offset: 1, per: None };
        let expected = Fusion { constant: 60.0, weights: vec![1.0, 1.0], page };
        assert_eq!((request.form, request.fusion), (Form::Several, Some(expected)));
    }

    #[test]
    fn what_there_is_nothing_to_switch_off_by_may_be_said() {
        let off = r#""disable_cache":true,"allow_partial":false,"explain":null"#;
        let one = format!(r#"{{"rank_by":["id","asc"],"limit":1,{off}}}"#);
        assert_eq!(read_one(&one), plain(1));
        let several = format!(r#"{{"queries":[{one}],{off}}}"#);
        assert_eq!(read(several.as_bytes()).unwrap().form, Form::Several);
    }

    #[test]
    fn what_is_wrong_with_one_of_several_queries_is_told_with_its_place() {
        let enough = r#""rank_by":["id","asc"],"limit":1"#;
        let counted = r#""aggregate_by":{"n":["Count"]}"#;
        for (rest, told) in [
            (&*format!(r#"{enough},"filters":{{}}"#), "queries[1].filters: data did not"),
            (r#""rank_by":"id","limit":1"#, "queries[1].rank_by: data did not match"),
            (r#""rank_by":[],"limit":1"#, "queries[1]: 💔 rank_by cannot be empty"),
            (r#""rank_by":["v","kNN",[1]],"limit":1"#, "queries[1]: 💔 kNN requires filters"),
            (
                r#""rank_by":["Sum",["t","BM25",7]],"limit":1"#,
                "queries[1].rank_by[1]: data did not match",
            ),
            (r#""rank_by":["id","asc"]"#, "queries[1]: 💔 rank_by queries must specify"),
            (r#""rank_by":["id","asc"],"limit":"x""#, "queries[1].limit: data did not match"),
            (r#""rank_by":["id","asc"],"limit":0"#, "queries[1]: 💔 top_k must be between"),
            (r#""rank_by":["id","asc"],"limit":1,"top_k":1"#, "queries[1]: 💔 top_k is the older"),
            (r#""aggregate_by":{}"#, "queries[1]: 💔 aggregate_by cannot be empty"),
            (r#""aggregate_by":{"n":["Mode","a"]}"#, "queries[1].aggregate_by.n: data did not"),
            (&*format!(r#"{enough},{counted},"group_by":["a"]"#), "queries[1]: 💔 group_by does"),
            (&*format!(r#"{counted},"offset":1"#), "queries[1]: 💔 offset needs rank_by"),
            (
                &*format!(r#"{counted},"compute_attributes":{{"x":["a","Eq",1]}}"#),
                "queries[1]: 💔 compute_attributes needs rank_by",
            ),
            (
                &*format!(
                    r#"{counted},"limit":{{"total":1,"per":{{"attributes":["a"],"limit":1}}}}"#
                ),
                "queries[1]: 💔 limit.per needs rank_by",
            ),
            (&*format!(r#"{enough},"explain":true"#), "`queries[1].explain` is not supported"),
            (&*format!(r#"{enough},"rerank_by":["RRF"]"#), "queries[1].rerank_by: RRF makes one"),
            ("", "queries[1]: 💔 a query must specify"),
        ] {
            let text = format!(r#"{{"queries":[{{{enough}}},{{{rest}}}]}}"#);
            let refusal = read(text.as_bytes()).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }

    #[test]
    fn what_is_of_each_query_does_not_stand_beside_them() {
        for name in OF_EACH {
            let text = format!(
                r#"{{"queries":[{{"rank_by":["id","asc"],"limit":1}}],"{name}":["id","asc"]}}"#
            );
            let refusal = read(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.code(), "invalid", "{name}");
            let told = format!("`{name}` does not stand beside `queries`");
            assert!(refusal.story().contains(&told), "{}", refusal.story());
        }
    }

    #[test]
    fn what_is_asked_wrongly_is_told_in_the_words_of_the_contract() {
        let ranked = |rest: &str| format!("{{\"rank_by\":[\"id\",\"asc\"],\"limit\":1,{rest}}}");
        let many = vec![r#"{"aggregate_by":{"n":["Count"]}}"#; 17].join(",");
        for (text, code, told) in [
            ("{}", "invalid", "a query must specify rank_by or aggregate_by"),
            (r#"{"rank_by":["id","asc"]}"#, "invalid", "💔 rank_by queries must specify top_k or"),
            (&*ranked("\"allow_partial\":true"), "not_supported", "`allow_partial`"),
            (&*ranked("\"disable_cache\":1"), "wrong_shape", "disable_cache: invalid type"),
            (&*ranked("\"deadline_ms\":0"), "invalid", "deadline_ms must be at least 1"),
            (&*ranked("\"rerank_by\":[\"RRF\"]"), "invalid", "at least 2 `queries`"),
            (&*ranked("\"topk\":5"), "unknown_field", "unknown field `topk`"),
            (
                &*ranked("\"vector_encoding\":\"hex\""),
                "wrong_shape",
                "unknown variant `hex`, expected `float` or `base64`",
            ),
            (
                r#"{"aggregate_by":{"n":["Count"]},"include_attributes":true}"#,
                "invalid",
                "need rank_by",
            ),
            (r#"{"queries":[]}"#, "invalid", "between 1 and 16"),
            (&*format!("{{\"queries\":[{many}]}}"), "invalid", "between 1 and 16"),
            (
                r#"{"queries":[{"vector_encoding":"float"}]}"#,
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
