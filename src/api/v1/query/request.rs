//! A query of v1, off the wire: what is ranked by what, and what is shown of it.

use super::fusion::{self, Rrf};
use super::text::Text;
use crate::api::error::Refusal;
use crate::api::json::{Object, object, quoted};
use crate::api::v1::declared::{VECTOR, metric};
use crate::api::v1::{aggregation, filter};
use crate::model::{
    Direction, Filter, Fusion, Given, Include, LIMIT_MAX, Page, Query, Rank, Search,
};

const TOP_K: usize = 10;

#[derive(Debug, PartialEq)]
pub(super) struct Request {
    /// One, or two whose rankings are made one.
    pub(super) queries: Vec<Query>,
    pub(super) fusion: Option<Fusion>,
    pub(super) text: Option<Text>,
    /// How its aggregations are answered.
    pub(super) shapes: Vec<aggregation::Shape>,
    /// As scores are told.
    pub(super) min_score: Option<f32>,
    pub(super) min_seq: Option<u64>,
    pub(super) plan: Plan,
}

/// Whether an answer says how it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    Shown,
    Hidden,
}

/// What documents are ranked by.
struct By {
    vector: Option<Given>,
    text: Option<Text>,
    sort: Option<Sort>,
    rrf: Option<Rrf>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Request, Refusal> {
    let mut object = object(bytes)?;
    let filter = object.take("filter").map(|given| filter::read("filter", given)).transpose()?;
    let by = By::read(&mut object)?;
    let min_score = object.number("min_score")?.map(|number| number as f32);
    by.check(min_score)?;
    let limit = object.size("top_k")?.unwrap_or(TOP_K);
    let aggregation::Request { aggregations, shapes } = aggregation::read(&mut object)?;
    // Whoever asks for no documents asks for what is said of them.
    let least = if aggregations.is_empty() { 1 } else { 0 };
    if !(least..=LIMIT_MAX).contains(&limit) {
        return Err(Refusal::invalid(format!(
            "top_k is 1 to {LIMIT_MAX}, or 0 beside an aggregation, not {limit}"
        )));
    }
    let metric = metric(&mut object, "metric")?;
    let include = include(&mut object)?;
    let min_seq = object.count("min_seq")?;
    let plan = if object.truth("explain")? == Some(true) { Plan::Shown } else { Plan::Hidden };
    object.end()?;
    let page = Page::of(limit);
    let wanted = Query { page, filter, include, aggregations, metric, ..Query::default() };
    let text = by.text.clone();
    let (queries, fusion) = by.rank(wanted);
    Ok(Request { queries, fusion, text, shapes, min_score, min_seq, plan })
}

impl By {
    fn read(object: &mut Object) -> Result<Self, Refusal> {
        Ok(Self {
            vector: object.take("vector"),
            text: object.object("full_text")?.map(Text::read).transpose()?,
            sort: sort(object)?,
            rrf: object.object("rrf")?.map(Rrf::read).transpose()?,
        })
    }

    fn check(&self, min_score: Option<f32>) -> Result<(), Refusal> {
        let (vector, text) = (self.vector.is_some(), self.text.is_some());
        let odd = if self.sort.is_some() && vector {
            "`vector` and `sort` are two orders: give one"
        } else if self.rrf.is_some() && !(vector && text) {
            "`rrf` makes one of two rankings: give `vector` and `full_text` with it, or none"
        } else if min_score.is_some() && self.sort.is_some() {
            "`min_score` is of scores, and what is sorted has none: leave one out"
        } else if min_score.is_some() && !(vector || text) {
            "`min_score` is of scores, and without `vector` and `full_text` nothing has one"
        } else {
            return Ok(());
        };
        Err(Refusal::invalid(odd))
    }

    /// The queries that this comes to, and how their rankings are made one if they are two.
    fn rank(self, wanted: Query) -> (Vec<Query>, Option<Fusion>) {
        let Self { vector, text, sort, rrf } = self;
        let search = Search::Approximate;
        let nearest = |vector| Rank::Nearest { attribute: VECTOR.into(), vector, search };
        let nearest = vector.map(nearest);
        match (nearest, text) {
            (Some(nearest), Some(text)) => {
                let limit = wanted.page.limit;
                let deep = Query { page: Page::of(fusion::depth(limit)), ..wanted };
                // A vector matches all, so what is said of all goes with it.
                let plain = Query { aggregations: Vec::new(), ..deep.clone() };
                let queries = vec![ranked(nearest, deep), ranked(text.rank(), plain)];
                (queries, Some(rrf.unwrap_or_default().of(text.weight, limit)))
            }
            (Some(nearest), None) => (vec![ranked(nearest, wanted)], None),
            (None, Some(text)) => (vec![found(&text, sort, wanted)], None),
            (None, None) => {
                let by_id = || vec![("id".into(), Direction::Ascending)];
                (vec![ranked(Rank::Order(sort.unwrap_or_else(by_id)), wanted)], None)
            }
        }
    }
}

fn ranked(rank: Rank, wanted: Query) -> Query {
    Query { rank: Some(rank), ..wanted }
}

/// Where a text alone says what matches, all that is said of what matches is of that.
fn found(text: &Text, sort: Option<Sort>, mut wanted: Query) -> Query {
    if sort.is_some() || !wanted.aggregations.is_empty() {
        wanted.filter = Some(text.within(wanted.filter));
    }
    // To score every text for nobody would take long.
    let rank = (wanted.page.limit > 0).then(|| sort.map_or_else(|| text.rank(), Rank::Order));
    Query { rank, ..wanted }
}

/// A query for rows, and nothing beside them.
pub(in crate::api::v1) fn rows(
    rank: Rank,
    limit: usize,
    filter: Option<Filter>,
    include: Include,
) -> Query {
    Query { rank: Some(rank), page: Page::of(limit), filter, include, ..Query::default() }
}

fn include(object: &mut Object) -> Result<Include, Refusal> {
    let named = object.texts("include_attributes")?;
    let with_vector = object.truth("include_vector")?.unwrap_or(false);
    Ok(match (named, with_vector) {
        (None, true) => Include::All,
        (None, false) => without_vector(),
        (Some(named), true) => with_vector_too(named),
        (Some(named), false) if named.is_empty() => Include::Nothing,
        (Some(named), false) => Include::These(named),
    })
}

fn with_vector_too(mut named: Vec<Box<str>>) -> Include {
    named.retain(|name| **name != *VECTOR);
    named.push(VECTOR.into());
    Include::These(named)
}

/// Where nobody says what is wanted: the vector is long, and seldom is.
pub(in crate::api::v1) fn without_vector() -> Include {
    Include::AllBut(vec![VECTOR.into()])
}

type Sort = Vec<(Box<str>, Direction)>;

/// `[{"field": "age", "order": "desc"}]`
fn sort(object: &mut Object) -> Result<Option<Sort>, Refusal> {
    let Some(items) = object.list("sort")? else { return Ok(None) };
    let key = |(at, given): (usize, Given)| {
        let mut key = Object::of(&format!("sort[{at}]"), given)?;
        let (field, order) = (key.text("field")?, key.text("order")?);
        let field = key.needed("field", field)?;
        let direction = match order.as_deref() {
            None | Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            Some(other) => {
                let other = quoted(other);
                let message = format!("sort[{at}].order is `asc` or `desc`, not `{other}`");
                return Err(Refusal::invalid(message));
            }
        };
        key.end()?;
        Ok((field, direction))
    };
    let keys = items.into_iter().enumerate().map(key).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(keys).filter(|keys| !keys.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::Metric;

    const TEXT: &str = r#""full_text":{"field":"t","query":"x","weight":2}"#;

    fn query(text: &str) -> Query {
        let mut request = read(text.as_bytes()).unwrap();
        assert_eq!((request.queries.len(), &request.fusion), (1, &None), "{text}");
        request.queries.remove(0)
    }

    fn nearest() -> Rank {
        let vector = Given::List(vec![Given::Float(0.5)]);
        Rank::Nearest { attribute: "vector".into(), vector, search: Search::Approximate }
    }

    fn asked() -> Text {
        let said = given(r#"{"field":"t","query":"x","weight":2}"#);
        Text::read(Object::of("full_text", said).unwrap()).unwrap()
    }

    #[test]
    fn a_query_is_read_with_its_defaults() {
        let request = read(br#"{"vector":[0.5]}"#).unwrap();
        let expected = Request {
            queries: vec![rows(nearest(), 10, None, Include::AllBut(vec!["vector".into()]))],
            fusion: None,
            text: None,
            shapes: Vec::new(),
            min_score: None,
            min_seq: None,
            plan: Plan::Hidden,
        };
        assert_eq!(request, expected);
    }

    #[test]
    fn a_query_says_what_it_wants() {
        let sorted = query(r#"{"sort":[{"field":"a","order":"desc"}],"metric":"dot","top_k":3}"#);
        assert_eq!(sorted.rank, Some(Rank::Order(vec![("a".into(), Direction::Descending)])));
        assert_eq!((sorted.metric, sorted.page.limit), (Some(Metric::DotProduct), 3));
        let all = query(r#"{"include_vector":true,"explain":false,"sort":[]}"#);
        assert_eq!(all.include, Include::All);
        assert_eq!(all.rank, Some(Rank::Order(vec![("id".into(), Direction::Ascending)])));
        for (text, include) in [
            (r#"{"include_attributes":[]}"#, Include::Nothing),
            (r#"{"include_attributes":["vector"]}"#, Include::These(vec!["vector".into()])),
            (
                r#"{"include_attributes":["vector","a"],"include_vector":false}"#,
                Include::These(vec!["vector".into(), "a".into()]),
            ),
            (
                r#"{"include_attributes":["vector","a"],"include_vector":true}"#,
                Include::These(vec!["a".into(), "vector".into()]),
            ),
        ] {
            assert_eq!(query(text).include, include, "{text}");
        }
        let request = read(br#"{"vector":[0.5],"min_score":0.7,"min_seq":7,"explain":true}"#);
        let Request { min_score, min_seq, plan, .. } = request.unwrap();
        assert_eq!((min_score, min_seq, plan), (Some(0.7), Some(7), Plan::Shown));
    }

    #[test]
    fn a_text_alone_is_what_documents_are_ranked_by() {
        let request = read(format!("{{{TEXT},\"min_score\":1}}").as_bytes()).unwrap();
        assert_eq!((request.text, request.min_score), (Some(asked()), Some(1.0)));
        let expected = rows(asked().rank(), 10, None, without_vector());
        assert_eq!((request.queries, request.fusion), (vec![expected], None));
    }

    #[test]
    fn what_is_said_of_all_that_match_is_of_what_a_text_alone_finds() {
        let aggs = r#""aggs":{"n":{"avg":{"field":"n"}}}"#;
        let filter = r#""filter":{"field":"n","op":"eq","value":1}"#;
        let plain = query(&format!("{{{filter}}}")).filter;
        for (top_k, rank) in [(3, Some(asked().rank())), (0, None)] {
            let both = query(&format!("{{{TEXT},{aggs},{filter},\"top_k\":{top_k}}}"));
            assert_eq!((both.rank, both.filter), (rank, Some(asked().within(plain.clone()))));
            assert_eq!((both.page.limit, both.aggregations.len()), (top_k, 1));
        }
        let hits = query(&format!("{{{TEXT},{filter}}}"));
        assert_eq!(hits.filter, plain);
    }

    #[test]
    fn what_a_text_finds_may_be_in_another_order() {
        let sorted = query(&format!("{{{TEXT},\"sort\":[{{\"field\":\"n\"}}]}}"));
        assert_eq!(sorted.rank, Some(Rank::Order(vec![("n".into(), Direction::Ascending)])));
        assert_eq!(sorted.filter, Some(asked().within(None)));
    }

    #[test]
    fn a_vector_and_a_text_are_two_queries_of_which_one_says_what_is_said_of_all() {
        let aggs = r#""aggs":{"n":{"avg":{"field":"n"}}}"#;
        let rest = r#""filter":{"field":"n","op":"eq","value":1},"metric":"dot","rrf":{"k":2}"#;
        let read = |top_k: usize| {
            let text = format!("{{\"vector\":[0.5],{TEXT},{aggs},{rest},\"top_k\":{top_k}}}");
            read(text.as_bytes()).unwrap()
        };
        for (top_k, depth) in [(0, 0), (3, 100), (500, 500)] {
            let Request { queries, fusion, .. } = read(top_k);
            let page = Page::of(top_k);
            let expected = Fusion { constant: 2.0, weights: vec![0.5, 2.0], page };
            assert_eq!(fusion, Some(expected));
            let [first, second] = &queries[..] else { panic!("{queries:?}") };
            assert_eq!((&first.rank, &second.rank), (&Some(nearest()), &Some(asked().rank())));
            assert_eq!((first.aggregations.len(), second.aggregations.len()), (1, 0));
            for query in [first, second] {
                assert_eq!(query.page, Page::of(depth));
                assert_eq!(query.filter, first.filter);
                assert_eq!(
                    (&query.include, query.metric),
                    (&without_vector(), Some(Metric::DotProduct))
                );
                assert!(query.filter.is_some());
            }
        }
    }

    #[test]
    fn what_is_asked_wrongly_is_refused_by_name() {
        for (text, told) in [
            (r#"{"full_text":false}"#, "full_text: invalid type: boolean `false`, expected an obj"),
            (r#"{"vector":[1],"sort":[{"field":"a"}]}"#, "`vector` and `sort` are two orders"),
            (&*format!("{{{TEXT},\"rrf\":{{}}}}"), "`rrf` makes one of two rankings"),
            (r#"{"vector":[1],"rrf":{}}"#, "`rrf` makes one of two rankings"),
            (r#"{"rrf":{}}"#, "`rrf` makes one of two rankings"),
            (r#"{"min_score":1}"#, "`min_score` is of scores"),
            (r#"{"min_score":1,"sort":[{"field":"a"}]}"#, "what is sorted has none"),
            (
                &*format!("{{{TEXT},\"min_score\":1,\"sort\":[{{\"field\":\"a\"}}]}}"),
                "what is sorted has none",
            ),
            (r#"{"vector":[1],"min_score":"high"}"#, "min_score: invalid type"),
            (r#"{"explain":1}"#, "explain: invalid type: integer `1`, expected a boolean"),
            (r#"{"top_k":0}"#, "top_k is 1 to 10000"),
            (r#"{"top_k":0,"aggs":{}}"#, "top_k is 1 to 10000, or 0 beside an aggregation, not 0"),
            (r#"{"sort":[{"field":"a","order":"up"}]}"#, "sort[0].order is `asc` or `desc`"),
            (r#"{"limit":1}"#, "unknown field `limit`"),
        ] {
            let refusal = read(text.as_bytes()).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
