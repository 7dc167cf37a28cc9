//! The order of buckets. One contract spells each word of it as an object, `{"_count": "desc"}`, the
//! other as a pair, `["_count", "desc"]`; and several are a list of these.

use crate::api::error::Refusal;
use crate::api::json::{Object, quoted};
use crate::model::aggregation::{By, Order};
use crate::model::{Direction, Given};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Spelling {
    Words,
    Pairs,
}

/// Of nothing, the usual one.
pub(super) fn read(options: &mut Object, spelling: Spelling) -> Result<Vec<Order>, Refusal> {
    let path = options.path_of("order");
    let Some(given) = options.take("order") else { return Ok(Vec::new()) };
    let read = match spelling {
        Spelling::Words => words(given),
        Spelling::Pairs => pairs(given),
    };
    read.ok_or_else(|| {
        let expected = match spelling {
            Spelling::Words => r#"`{"_count": "desc"}`"#,
            Spelling::Pairs => r#"`["_count", "desc"]`"#,
        };
        Refusal::invalid(format!("{} is {expected}, or a list of such", quoted(&path)))
    })
}

fn words(given: Given) -> Option<Vec<Order>> {
    match given {
        Given::List(words) => words.into_iter().map(word).collect(),
        one => Some(vec![word(one)?]),
    }
}

fn word(given: Given) -> Option<Order> {
    let Given::Map(fields) = given else { return None };
    let Ok([(by, direction)]) = <[(Box<str>, Given); 1]>::try_from(fields) else { return None };
    Some((named(by), directed(&direction)?))
}

fn pairs(given: Given) -> Option<Vec<Order>> {
    let Given::List(items) = given else { return None };
    match items.first()? {
        Given::Text(_) => Some(vec![pair(Given::List(items))?]),
        _ => items.into_iter().map(pair).collect(),
    }
}

fn pair(given: Given) -> Option<Order> {
    let Given::List(items) = given else { return None };
    let Ok([Given::Text(by), direction]) = <[Given; 2]>::try_from(items) else { return None };
    Some((named(by), directed(&direction)?))
}

fn named(by: Box<str>) -> By {
    match &*by {
        "_count" => By::Count,
        "_key" => By::Key,
        _ => By::Metric(by),
    }
}

fn directed(given: &Given) -> Option<Direction> {
    match given {
        Given::Text(word) if **word == *"asc" => Some(Direction::Ascending),
        Given::Text(word) if **word == *"desc" => Some(Direction::Descending),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn read(text: &str, spelling: Spelling) -> Result<Vec<Order>, Refusal> {
        super::read(&mut Object::of("a", given(text)).unwrap(), spelling)
    }

    #[test]
    fn each_contract_has_its_own_spelling() {
        let count = (By::Count, Direction::Descending);
        let key = (By::Key, Direction::Ascending);
        for (spelling, one, two) in [
            (
                Spelling::Words,
                r#"{"order":{"_count":"desc"}}"#,
                r#"{"order":[{"_count":"desc"},{"_key":"asc"}]}"#,
            ),
            (
                Spelling::Pairs,
                r#"{"order":["_count","desc"]}"#,
                r#"{"order":[["_count","desc"],["_key","asc"]]}"#,
            ),
        ] {
            assert_eq!(read(one, spelling).unwrap(), std::slice::from_ref(&count));
            assert_eq!(read(two, spelling).unwrap(), [count.clone(), key.clone()]);
            assert_eq!(read("{}", spelling).unwrap(), []);
            for odd in [
                r#"{"order":"desc"}"#,
                r#"{"order":[]}"#,
                r#"{"order":{"_count":"down"}}"#,
                r#"{"order":{"_count":"desc","_key":"asc"}}"#,
                r#"{"order":["_count"]}"#,
                r#"{"order":[7]}"#,
            ] {
                match read(odd, spelling) {
                    Err(refusal) => assert!(refusal.story().contains("a.order is `")),
                    // No words at all are no order, as far as objects go.
                    Ok(order) => assert!(order.is_empty() && spelling == Spelling::Words),
                }
            }
        }
    }
}
