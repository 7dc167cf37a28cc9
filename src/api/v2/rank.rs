//! `rank_by`: the nearest vectors, an order by attributes, or a score.

use super::filter::{self, Place};
use super::score::{self, misshapen};
use crate::api::error::Refusal;
use crate::api::json::Object;
use crate::eval::ORDER_KEYS_MAX;
use crate::model::{Direction, Filter, Given, Rank, Search};

/// What is ranked, if not all is, and by what.
pub(super) fn among(object: &mut Object) -> Result<(Option<Filter>, Option<Rank>), Refusal> {
    let path = object.path_of("filters");
    let filter = object.take("filters");
    let filter = filter.map(|given| filter::read(&path, given, Place::Query)).transpose()?;
    let path = object.path_of("rank_by");
    let rank = object.take("rank_by");
    let rank = rank.map(|given| read(&path, given, filter.as_ref())).transpose()?;
    Ok((filter, rank))
}

/// `path` is where it stands: `rank_by`, or `queries[1].rank_by`.
fn read(path: &str, given: Given, filter: Option<&Filter>) -> Result<Rank, Refusal> {
    let Given::List(mut items) = given else { return Err(misshapen(path)) };
    match items.as_slice() {
        [] => Err(refused(path, "rank_by cannot be empty")),
        [Given::List(_), ..] => order(path, &items),
        [Given::Text(_), Given::Text(word)] if direction(word).is_some() => {
            order(path, &[Given::List(items)])
        }
        [Given::Text(attribute), Given::Text(word), rest @ ..]
            if let Some(search) = search(word) =>
        {
            if rest.len() != 1 {
                return Err(misshapen(path));
            }
            if search == Search::Exact && filter.is_none() {
                return Err(refused(path, "kNN requires filters"));
            }
            let attribute = attribute.clone();
            let vector = items.pop().ok_or_else(|| misshapen(path))?;
            nearest(path, attribute, vector, search)
        }
        _ => score::read(path, Given::List(items)).map(Rank::Score),
    }
}

/// What is asked of no model, for there is none.
pub(super) fn check_given(path: &str, vector: &Given) -> Result<(), Refusal> {
    match vector {
        Given::List(items) => match items.first() {
            Some(Given::Text(word)) if **word == *"Embed" => {
                let message = format!("{path} Embed needs a model, and this server has none");
                Err(Refusal::invalid(message))
            }
            _ => Ok(()),
        },
        Given::Text(_) => Ok(()),
        _ => Err(misshapen(path)),
    }
}

/// In the words of the contract, which know of one query.
fn refused(path: &str, message: &str) -> Refusal {
    match path.rsplit_once('.') {
        None => Refusal::invalid(format!("💔 {message}")),
        Some((query, _)) => Refusal::invalid(format!("{query}: 💔 {message}")),
    }
}

fn search(word: &str) -> Option<Search> {
    match word {
        "ANN" => Some(Search::Approximate),
        "kNN" => Some(Search::Exact),
        _ => None,
    }
}

fn nearest(
    path: &str,
    attribute: Box<str>,
    vector: Given,
    search: Search,
) -> Result<Rank, Refusal> {
    check_given(path, &vector)?;
    match vector {
        Given::List(vectors) if matches!(vectors.first(), Some(Given::List(_))) => {
            Ok(Rank::Similar { attribute, vectors, search })
        }
        vector => Ok(Rank::Nearest { attribute, vector, search }),
    }
}

fn order(path: &str, items: &[Given]) -> Result<Rank, Refusal> {
    if items.len() > ORDER_KEYS_MAX {
        let message = format!("rank_by takes at most {ORDER_KEYS_MAX} attributes to order by");
        return Err(refused(path, &message));
    }
    let key = |item: &Given| {
        let Given::List(pair) = item else { return Err(misshapen(path)) };
        match pair.as_slice() {
            [Given::Text(attribute), Given::Text(word)] => {
                let direction = direction(word).ok_or_else(|| misshapen(path))?;
                Ok((attribute.clone(), direction))
            }
            _ => Err(misshapen(path)),
        }
    };
    items.iter().map(key).collect::<Result<_, _>>().map(Rank::Order)
}

fn direction(word: &str) -> Option<Direction> {
    match word {
        "asc" => Some(Direction::Ascending),
        "desc" => Some(Direction::Descending),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::Score;

    fn read(given: Given, filter: Option<&Filter>) -> Result<Rank, Refusal> {
        super::read("rank_by", given, filter)
    }

    #[test]
    fn vectors_orders_and_scores_are_read() {
        let numbers = || Given::List(vec![Given::Float(0.5), Given::Int(1)]);
        let near = |vector, search| Rank::Nearest { attribute: "v".into(), vector, search };
        let similar = |search| Rank::Similar {
            attribute: "v".into(),
            vectors: vec![numbers(), numbers()],
            search,
        };
        let a_up = ("a".into(), Direction::Ascending);
        let b_down = ("b".into(), Direction::Descending);
        for (text, rank) in [
            (r#"["v","ANN",[0.5,1]]"#, near(numbers(), Search::Approximate)),
            (
                r#"["v","ANN","zczMPc3MTD4="]"#,
                near(Given::Text("zczMPc3MTD4=".into()), Search::Approximate),
            ),
            (r#"["v","ANN",[[0.5,1],[0.5,1]]]"#, similar(Search::Approximate)),
            (r#"["v","kNN",[0.5,1]]"#, near(numbers(), Search::Exact)),
            (r#"["v","kNN",[[0.5,1],[0.5,1]]]"#, similar(Search::Exact)),
            (r#"["id","asc"]"#, Rank::Order(vec![("id".into(), Direction::Ascending)])),
            (r#"[["a","asc"],["b","desc"]]"#, Rank::Order(vec![a_up, b_down])),
            (r#"["Attribute","n"]"#, Rank::Score(Score::Attribute("n".into()))),
        ] {
            let all = Filter::And(Vec::new());
            assert_eq!(read(given(text), Some(&all)).unwrap(), rank, "{text}");
        }
    }

    #[test]
    fn an_exact_search_says_among_which() {
        for rank in [r#"["v","kNN",[0.5]]"#, r#"["v","kNN",[[0.5]]]"#] {
            let told = read(given(rank), None).unwrap_err();
            assert!(told.story().contains("kNN requires filters"), "{}", told.story());
            assert!(read(given(rank), Some(&Filter::And(Vec::new()))).is_ok());
        }
    }

    #[test]
    fn what_is_no_rank_is_refused() {
        let misshapen = "data did not match any variant of untagged enum RankInput";
        let nine = format!("[{}]", [r#"["a","asc"]"#; 9].join(","));
        for (text, told) in [
            ("[]", "💔 rank_by cannot be empty"),
            (r#"["v","ANN",["Embed","x"]]"#, "rank_by Embed needs a model"),
            (r#"["v","ANN",["Embed","x",{"model":"m"}]]"#, "rank_by Embed needs a model"),
            (&*nine, "at most 8"),
            (r#"["v","ANN",1]"#, misshapen),
            (r#"["v","ANN"]"#, misshapen),
            (r#"["v","ANN",[1],{}]"#, misshapen),
            (r#"["v","HNSW",[1]]"#, misshapen),
            (r#"["a","up"]"#, misshapen),
            (r#"[["a","up"]]"#, misshapen),
            (r#"{"a":"asc"}"#, misshapen),
            ("\"id\"", misshapen),
        ] {
            let refusal = read(given(text), None).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
