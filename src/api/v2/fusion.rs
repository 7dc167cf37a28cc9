//! `rerank_by`: the answers of several queries made one by the ranks in them. What a model would
//! have to rank is refused, for there is none.

use super::page;
use super::score::check_above_zero;
use crate::api::error::Refusal;
use crate::api::json::{Object, mistyped, unmatched};
use crate::model::{FUSION_CONSTANT, Fusion, Given, Query};

const QUERIES_MIN: usize = 2;

/// Beside several queries, with the page of what is made of them.
pub(super) fn read(object: &mut Object, queries: &[Query]) -> Result<Option<Fusion>, Refusal> {
    let path = object.path_of("rerank_by");
    let given = object.take("rerank_by");
    let wished = page::read(object)?;
    let refused = |message: &str| Err(Refusal::invalid(format!("💔 {message}")));
    let Some(given) = given else {
        if wished.limit.is_some() || wished.offset > 0 {
            return refused("limit and offset beside queries are those of rerank_by");
        }
        return Ok(None);
    };
    let (constant, weights) = reciprocal(&path, given)?;
    if queries.len() < QUERIES_MIN {
        return refused(&format!("rerank_by RRF needs at least {QUERIES_MIN} queries"));
    }
    let aggregates = |query: &Query| {
        query.rank.is_none() || !query.aggregates.is_empty() || !query.aggregations.is_empty()
    };
    if queries.iter().any(aggregates) {
        return refused("rerank_by RRF is of ranked documents: no query may have aggregate_by");
    }
    if wished.per.is_some() {
        return refused("limit.per is for each of the queries, and not for rerank_by");
    }
    let weights = weights.unwrap_or_else(|| vec![1.0; queries.len()]);
    if weights.len() != queries.len() {
        return refused(&format!(
            "rerank_by RRF takes one weight of each query: {}, not {}",
            queries.len(),
            weights.len()
        ));
    }
    Ok(Some(Fusion { constant, weights, page: wished.page() }))
}

/// One query has nothing to be fused with.
pub(super) fn refuse(object: &mut Object) -> Result<(), Refusal> {
    let path = object.path_of("rerank_by");
    let Some(given) = object.take("rerank_by") else { return Ok(()) };
    reciprocal(&path, given)?;
    Err(Refusal::invalid(format!(
        "{path}: RRF makes one of the answers to at least {QUERIES_MIN} `queries`, and stands \
         beside them"
    )))
}

/// Its constant, and its weights if there are any.
fn reciprocal(path: &str, given: Given) -> Result<(f64, Option<Vec<f64>>), Refusal> {
    let misshapen = || unmatched(path, "RerankInput");
    let items = match given {
        Given::List(items) => items,
        Given::Map(_) => {
            let message = format!("{path} needs a model, and this server has none");
            return Err(Refusal::invalid(message));
        }
        _ => return Err(misshapen()),
    };
    let mut items = items.into_iter();
    let mut settings = match (items.next(), items.next(), items.next()) {
        (Some(Given::Text(word)), settings, None) if *word == *"RRF" => match settings {
            None => return Ok((FUSION_CONSTANT, None)),
            Some(settings) => Object::of(&format!("{path}[1]"), settings)?,
        },
        _ => return Err(misshapen()),
    };
    let constant = settings.number("rank_constant")?.unwrap_or(FUSION_CONSTANT);
    check_above_zero(&settings.path_of("rank_constant"), constant)?;
    let path = settings.path_of("weights");
    let weight = |(at, given): (usize, Given)| {
        let path = format!("{path}[{at}]");
        let weight = given.number().ok_or_else(|| mistyped(&path, &given, "a number"))?;
        check_above_zero(&path, weight)?;
        Ok(weight)
    };
    let weights = settings.list("weights")?;
    settings.end()?;
    let weights = weights.map(|given| given.into_iter().enumerate().map(weight));
    let weights = weights.map(|weights| weights.collect::<Result<Vec<f64>, Refusal>>());
    Ok((constant, weights.transpose()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::{Aggregate, LIMIT_MAX, Page, Rank, Score};

    fn query() -> Query {
        Query {
            rank: Some(Rank::Score(Score::Attribute("n".into()))),
            page: Page::of(1),
            ..Query::default()
        }
    }

    fn fusion(text: &str, queries: &[Query]) -> Result<Option<Fusion>, Refusal> {
        let mut object = Object::of("", given(text)).unwrap();
        let fusion = read(&mut object, queries)?;
        object.end()?;
        Ok(fusion)
    }

    #[test]
    fn two_rankings_are_made_one() {
        let queries = [query(), query()];
        assert_eq!(fusion(r#"{"offset":0}"#, &queries).unwrap(), None);
        let page = |limit, offset| Page { limit, offset, per: None };
        for (text, constant, weights, page) in [
            (r#"{"rerank_by":["RRF"]}"#, 60.0, [1.0, 1.0], page(LIMIT_MAX, 0)),
            (r#"{"rerank_by":["RRF",{}],"limit":5}"#, 60.0, [1.0, 1.0], page(5, 0)),
            (
                r#"{"rerank_by":["RRF",{"rank_constant":10,"weights":[1,0.5]}],
                    "limit":{"total":5},"offset":2}"#,
                10.0,
                [1.0, 0.5],
                page(5, 2),
            ),
        ] {
            let expected = Fusion { constant, weights: weights.to_vec(), page };
            assert_eq!(fusion(text, &queries).unwrap(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_fused_is_refused() {
        let both = [query(), query()];
        let counted = Query { aggregates: vec![("n".into(), Aggregate::Count)], ..query() };
        let unranked = Query { rank: None, ..counted.clone() };
        let with = |settings: &str| format!(r#"{{"rerank_by":["RRF",{{{settings}}}]}}"#);
        let plain = r#"{"rerank_by":["RRF"]}"#;
        let model = r#"{"rerank_by":{"model":"m","attribute":"t","query":"x"}}"#;
        let per = r#"{"total":1,"per":{"attributes":["a"],"limit":1}}"#;
        for (text, queries, code, told) in [
            (plain, &both[..1], "invalid", "needs at least 2 queries"),
            (plain, &[query(), counted][..], "invalid", "no query may have aggregate_by"),
            (plain, &[query(), unranked][..], "invalid", "no query may have aggregate_by"),
            (model, &both[..], "invalid", "rerank_by needs a model"),
            (r#"{"limit":5}"#, &both[..], "invalid", "beside queries are those of rerank_by"),
            (r#"{"offset":5}"#, &both[..], "invalid", "beside queries are those of rerank_by"),
            (
                &*format!(r#"{{"rerank_by":["RRF"],"limit":{per}}}"#),
                &both[..],
                "invalid",
                "limit.per is for each",
            ),
            (r#"{"rerank_by":["rrf"]}"#, &both[..], "wrong_shape", "untagged enum RerankInput"),
            (r#"{"rerank_by":false}"#, &both[..], "wrong_shape", "untagged enum RerankInput"),
            (&*with(r#""k":1"#), &both[..], "unknown_field", "`rerank_by[1].k`"),
            (&*with(r#""rank_constant":0"#), &both[..], "invalid", "must be above 0"),
            (
                &*with(r#""weights":[1]"#),
                &both[..],
                "invalid",
                "one weight of each query: 2, not 1",
            ),
            (&*with(r#""weights":[1,-1]"#), &both[..], "invalid", "weights[1] must be above 0"),
            (&*with(r#""weights":[1,"x"]"#), &both[..], "wrong_shape", "weights[1]: invalid type"),
        ] {
            let refusal = fusion(text, queries).unwrap_err();
            assert_eq!(refusal.code(), code, "{text}: {}", refusal.story());
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }

    #[test]
    fn one_query_is_fused_with_nothing() {
        let told = |text: &str| {
            let refused = refuse(&mut Object::of("", given(text)).unwrap());
            refused.map_err(|refusal| refusal.story().to_owned())
        };
        assert_eq!(told("{}"), Ok(()));
        assert!(told(r#"{"rerank_by":["RRF"]}"#).unwrap_err().contains("at least 2 `queries`"));
        assert!(told(r#"{"rerank_by":{"model":"m"}}"#).unwrap_err().contains("needs a model"));
    }
}
