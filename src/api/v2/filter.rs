//! Filters, which v2 writes as arrays: `["And", [["age", "Gt", 7], ["name", "Eq", "x"]]]`.

use crate::api::error::{Contract, Refusal};
use crate::api::json::quoted;
use crate::model::{Filter, Given, Op, Operand};

/// Where a filter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    /// The condition of a write, which can speak of the document that comes: `{"$ref_new": "a"}`.
    Condition,
}

/// What the contract has beyond what this server has.
const UNBUILT: &[&str] = &[
    "Contains",
    "NotContains",
    "ContainsAny",
    "NotContainsAny",
    "AnyLt",
    "AnyLte",
    "AnyGt",
    "AnyGte",
    "Glob",
    "NotGlob",
    "IGlob",
    "NotIGlob",
    "Regex",
    "Fuzzy",
    "ContainsAllTokens",
    "ContainsAnyToken",
    "ContainsTokenSequence",
];

pub(super) fn read(path: &str, given: Given, place: Place) -> Result<Filter, Refusal> {
    let filter = one(path, given, place)?;
    filter.check().map_err(|error| Contract::V2.refuse(&error))?;
    Ok(filter)
}

/// Whether this word is an operator of the contract.
pub(super) fn is_operator(word: &str) -> bool {
    op(word).is_some() || UNBUILT.contains(&word)
}

fn one(path: &str, given: Given, place: Place) -> Result<Filter, Refusal> {
    let Given::List(items) = given else { return Err(misshapen(path)) };
    let mut items = items.into_iter();
    match (items.next(), items.next(), items.next(), items.next()) {
        (Some(Given::Text(word)), Some(below), None, None) => logical(path, &word, below, place),
        (Some(Given::Text(attribute)), Some(Given::Text(word)), Some(operand), None) => {
            let op = known_op(&word)?;
            let operand = read_operand(path, op, operand, place)?;
            Ok(Filter::Test { attribute, op, operand })
        }
        (Some(Given::Text(_)), Some(Given::Text(word)), Some(_), Some(_)) => {
            // Only operators that are not built take parameters.
            known_op(&word)?;
            Err(misshapen(path))
        }
        _ => Err(misshapen(path)),
    }
}

fn logical(path: &str, word: &str, below: Given, place: Place) -> Result<Filter, Refusal> {
    match (word, below) {
        ("And", Given::List(filters)) => several(path, filters, place).map(Filter::And),
        ("Or", Given::List(filters)) => several(path, filters, place).map(Filter::Or),
        ("Not", filter) => one(path, filter, place).map(|filter| Filter::Not(Box::new(filter))),
        _ => Err(misshapen(path)),
    }
}

fn several(path: &str, filters: Vec<Given>, place: Place) -> Result<Vec<Filter>, Refusal> {
    filters.into_iter().map(|filter| one(path, filter, place)).collect()
}

fn op(word: &str) -> Option<Op> {
    let op = match word {
        "Eq" => Op::Eq,
        "NotEq" => Op::NotEq,
        "In" => Op::In,
        "NotIn" => Op::NotIn,
        "Lt" => Op::Lt,
        "Lte" => Op::Lte,
        "Gt" => Op::Gt,
        "Gte" => Op::Gte,
        _ => return None,
    };
    Some(op)
}

fn known_op(word: &str) -> Result<Op, Refusal> {
    op(word).ok_or_else(|| {
        if UNBUILT.contains(&word) {
            return Refusal::not_built(word);
        }
        let word = quoted(word);
        Refusal::invalid(format!("unknown filter operator `{word}`"))
    })
}

fn read_operand(path: &str, op: Op, given: Given, place: Place) -> Result<Operand, Refusal> {
    if let Some(attribute) = reference(&given) {
        return match place {
            Place::Condition => Ok(Operand::New(attribute)),
            Place::Query => Err(Refusal::invalid(format!(
                "{path}: `$ref_new` means the document of a write, and this is a query"
            ))),
        };
    }
    if let Given::List(items) = &given
        && items.iter().any(|item| reference(item).is_some())
    {
        return Err(Refusal::not_built("$ref_new in a list"));
    }
    // The official suite sends a bare value for a list of one.
    let bare = !matches!(given, Given::List(_) | Given::Null);
    match op {
        Op::In | Op::NotIn if bare => Ok(Operand::Literal(Given::List(vec![given]))),
        _ => Ok(Operand::Literal(given)),
    }
}

fn reference(given: &Given) -> Option<Box<str>> {
    let Given::Map(entries) = given else { return None };
    match entries.as_slice() {
        [(key, Given::Text(attribute))] if **key == *"$ref_new" => Some(attribute.clone()),
        _ => None,
    }
}

fn misshapen(path: &str) -> Refusal {
    Refusal::misshapen(&format!("{path}: data did not match any variant of untagged enum Filter"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn filter(text: &str) -> Filter {
        read("filters", given(text), Place::Query).unwrap()
    }

    fn test(attribute: &str, op: Op, operand: Given) -> Filter {
        Filter::Test { attribute: attribute.into(), op, operand: Operand::Literal(operand) }
    }

    #[test]
    fn a_filter_is_read_as_it_is_nested() {
        let age = || test("age", Op::Gte, Given::Int(7));
        for (text, expected) in [
            (r#"["age","Gte",7]"#, age()),
            (r#"["And",[]]"#, Filter::And(Vec::new())),
            (r#"["Or",[["age","Gte",7],["age","Gte",7]]]"#, Filter::Or(vec![age(), age()])),
            (r#"["Not",["age","Gte",7]]"#, Filter::Not(Box::new(age()))),
            (r#"["And","Eq",null]"#, test("And", Op::Eq, Given::Null)),
            (
                r#"["users","In","bojan"]"#,
                test("users", Op::In, Given::List(vec![Given::Text("bojan".into())])),
            ),
            (r#"["a","NotIn",[1]]"#, test("a", Op::NotIn, Given::List(vec![Given::Int(1)]))),
        ] {
            assert_eq!(filter(text), expected, "{text}");
        }
    }

    #[test]
    fn a_condition_may_speak_of_the_document_that_comes() {
        let text = r#"["version","Lt",{"$ref_new":"version"}]"#;
        let condition = read("upsert_condition", given(text), Place::Condition).unwrap();
        let operand = Operand::New("version".into());
        assert_eq!(condition, Filter::Test { attribute: "version".into(), op: Op::Lt, operand });
        let told = read("filters", given(text), Place::Query).unwrap_err();
        assert!(told.story().contains("`$ref_new`"), "{}", told.story());
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let misshapen = "filters: data did not match any variant of untagged enum Filter";
        let deep = format!("{}{}{}", "[\"Not\",".repeat(40), r#"["a","Eq",1]"#, "]".repeat(40));
        for (text, told) in [
            ("{}", misshapen),
            ("[]", misshapen),
            (r#"["And",1]"#, misshapen),
            (r#"["Nor",[]]"#, misshapen),
            (r#"["a",1,1]"#, misshapen),
            (r#"["a","Eq",1,{}]"#, misshapen),
            (r#"["a","ContainsAny",["x"]]"#, "`ContainsAny` is not supported"),
            (r#"["a","Fuzzy","x",{}]"#, "`Fuzzy` is not supported"),
            (r#"["a","Like","x"]"#, "unknown filter operator `Like`"),
            (&*deep, "at most 32 operators deep"),
        ] {
            let refusal = read("filters", given(text), Place::Query).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
