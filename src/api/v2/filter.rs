//! Filters, which v2 writes as arrays: `["And", [["age", "Gt", 7], ["name", "Eq", "x"]]]`.

use crate::api::error::{Contract, Refusal};
use crate::api::json::{Object, quoted, unmatched};
use crate::model::{Case, Edits, Filter, Given, LastToken, Op, Operand, Pattern, Searched, Which};

/// Where a filter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    /// The condition of a write, which can speak of the document that comes: `{"$ref_new": "a"}`.
    Condition,
}

/// A word that stands between an attribute and an operand.
#[derive(Clone, Copy)]
enum Verb {
    Test(Op),
    /// What the word without its `Not` does not hold for, null among it.
    NotTest(Op),
    Glob(Case),
    NotGlob(Case),
    Regex,
    Fuzzy,
    Tokens(Which),
}

pub(super) fn read(path: &str, given: Given, place: Place) -> Result<Filter, Refusal> {
    let filter = one(path, given, place)?;
    filter.check().map_err(|error| Contract::V2.refuse(&error))?;
    Ok(filter)
}

/// Whether this word is an operator of the contract.
pub(super) fn is_operator(word: &str) -> bool {
    verb(word).is_some()
}

fn one(path: &str, given: Given, place: Place) -> Result<Filter, Refusal> {
    let Given::List(items) = given else { return Err(misshapen(path)) };
    let mut items = items.into_iter();
    match (items.next(), items.next(), items.next(), items.next(), items.next()) {
        (Some(Given::Text(word)), Some(below), None, ..) => logical(path, &word, below, place),
        (Some(Given::Text(attribute)), Some(Given::Text(word)), Some(operand), params, None) => {
            let Some(verb) = verb(&word) else {
                let word = quoted(&word);
                return Err(Refusal::invalid(format!("unknown filter operator `{word}`")));
            };
            let params = params.filter(|params| *params != Given::Null);
            about(path, attribute, verb, read_operand(path, verb, operand, place)?, params)
        }
        _ => Err(misshapen(path)),
    }
}

fn logical(path: &str, word: &str, below: Given, place: Place) -> Result<Filter, Refusal> {
    match (word, below) {
        ("And", Given::List(filters)) => several(path, filters, place).map(Filter::And),
        ("Or", Given::List(filters)) => several(path, filters, place).map(Filter::Or),
        ("Not", filter) => one(&format!("{path}[1]"), filter, place).map(not),
        _ => Err(misshapen(path)),
    }
}

fn several(path: &str, filters: Vec<Given>, place: Place) -> Result<Vec<Filter>, Refusal> {
    let one = |(at, filter): (usize, Given)| one(&format!("{path}[1][{at}]"), filter, place);
    filters.into_iter().enumerate().map(one).collect()
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

fn verb(word: &str) -> Option<Verb> {
    let verb = match word {
        "Eq" => Verb::Test(Op::Eq),
        "NotEq" => Verb::Test(Op::NotEq),
        "In" => Verb::Test(Op::In),
        "NotIn" => Verb::Test(Op::NotIn),
        "Lt" => Verb::Test(Op::Lt),
        "Lte" => Verb::Test(Op::Lte),
        "Gt" => Verb::Test(Op::Gt),
        "Gte" => Verb::Test(Op::Gte),
        "Contains" => Verb::Test(Op::Contains),
        "NotContains" => Verb::NotTest(Op::Contains),
        "ContainsAny" => Verb::Test(Op::ContainsAny),
        "NotContainsAny" => Verb::NotTest(Op::ContainsAny),
        "AnyLt" => Verb::Test(Op::AnyLt),
        "AnyLte" => Verb::Test(Op::AnyLte),
        "AnyGt" => Verb::Test(Op::AnyGt),
        "AnyGte" => Verb::Test(Op::AnyGte),
        "Glob" => Verb::Glob(Case::Matters),
        "NotGlob" => Verb::NotGlob(Case::Matters),
        "IGlob" => Verb::Glob(Case::Ignored),
        "NotIGlob" => Verb::NotGlob(Case::Ignored),
        "Regex" => Verb::Regex,
        "Fuzzy" => Verb::Fuzzy,
        "ContainsAllTokens" => Verb::Tokens(Which::All),
        "ContainsAnyToken" => Verb::Tokens(Which::Any),
        "ContainsTokenSequence" => Verb::Tokens(Which::Sequence),
        _ => return None,
    };
    Some(verb)
}

fn about(
    path: &str,
    attribute: Box<str>,
    verb: Verb,
    operand: Operand,
    params: Option<Given>,
) -> Result<Filter, Refusal> {
    if params.is_some() && !matches!(verb, Verb::Fuzzy | Verb::Tokens(_)) {
        return Err(misshapen(path));
    }
    let params = || Object::of(&format!("{path}[3]"), params.unwrap_or(Given::Map(Vec::new())));
    let pattern = match verb {
        Verb::Test(op) => return Ok(Filter::Test { attribute, op, operand }),
        Verb::NotTest(op) => return Ok(not(Filter::Test { attribute, op, operand })),
        Verb::NotGlob(case) => {
            return Ok(not(Filter::Like { attribute, pattern: Pattern::Glob { operand, case } }));
        }
        Verb::Glob(case) => Pattern::Glob { operand, case },
        Verb::Regex => Pattern::Regex { operand, of: Searched::Declared },
        Verb::Fuzzy => fuzzy(params()?, operand)?,
        Verb::Tokens(which) => Pattern::Tokens { operand, which, last: last_token(params()?)? },
    };
    Ok(Filter::Like { attribute, pattern })
}

/// Whether the last token of a question may be the beginning of another. There is nothing else to
/// say of a question.
pub(super) fn last_token(mut params: Object) -> Result<LastToken, Refusal> {
    let last = match params.truth("last_as_prefix")? {
        Some(true) => LastToken::Prefix,
        Some(false) | None => LastToken::Itself,
    };
    params.end()?;
    Ok(last)
}

fn fuzzy(mut params: Object, operand: Operand) -> Result<Pattern, Refusal> {
    let name = "max_edit_distance";
    let path = params.path_of(name);
    let entries = params.list(name)?;
    let case = match params.truth("case_sensitive")? {
        Some(false) => Case::Ignored,
        Some(true) | None => Case::Matters,
    };
    let entries = params.needed(name, entries)?;
    params.end()?;
    let mut edits = Vec::with_capacity(entries.len());
    for (at, entry) in entries.into_iter().enumerate() {
        let mut entry = Object::of(&format!("{path}[{at}]"), entry)?;
        let (min_chars, distance) = (entry.size("min_query_chars")?, entry.size("distance")?);
        let min_chars = entry.needed("min_query_chars", min_chars)?;
        let distance = entry.needed("distance", distance)?;
        entry.end()?;
        edits.push(Edits { min_chars, distance });
    }
    Ok(Pattern::Fuzzy { operand, edits, case })
}

fn read_operand(path: &str, verb: Verb, given: Given, place: Place) -> Result<Operand, Refusal> {
    let refers = match &given {
        Given::List(items) => items.iter().any(|item| reference(item).is_some()),
        other => reference(other).is_some(),
    };
    if refers && place == Place::Query {
        return Err(Refusal::invalid(format!(
            "{path}: `$ref_new` means the document of a write under a condition, and here is none"
        )));
    }
    let referring = |given: Given| match reference(&given) {
        Some(attribute) => Operand::New(attribute),
        None => Operand::Literal(given),
    };
    Ok(match (verb, given) {
        (_, Given::List(items)) if refers => {
            Operand::Items(items.into_iter().map(referring).collect())
        }
        (_, given) if refers => referring(given),
        (_, given @ (Given::List(_) | Given::Null)) => Operand::Literal(given),
        // The official suite sends a bare value for a list of one.
        (Verb::Test(Op::In | Op::NotIn), given) => Operand::Literal(Given::List(vec![given])),
        (_, given) => Operand::Literal(given),
    })
}

fn reference(given: &Given) -> Option<Box<str>> {
    let Given::Map(entries) = given else { return None };
    match entries.as_slice() {
        [(key, Given::Text(attribute))] if **key == *"$ref_new" => Some(attribute.clone()),
        _ => None,
    }
}

fn misshapen(path: &str) -> Refusal {
    unmatched(path, "Filter")
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

    fn like(attribute: &str, pattern: Pattern) -> Filter {
        Filter::Like { attribute: attribute.into(), pattern }
    }

    #[test]
    fn arrays_have_operators_of_their_own() {
        let one = || Given::Int(1);
        let list = || Given::List(vec![one()]);
        for (text, expected) in [
            (r#"["a","Contains",1]"#, test("a", Op::Contains, one())),
            (r#"["a","NotContains",1]"#, not(test("a", Op::Contains, one()))),
            (r#"["a","ContainsAny",[1]]"#, test("a", Op::ContainsAny, list())),
            // No list of one: it is refused by its type.
            (r#"["a","ContainsAny",1]"#, test("a", Op::ContainsAny, one())),
            (r#"["a","NotContainsAny",[1]]"#, not(test("a", Op::ContainsAny, list()))),
            (r#"["a","AnyLt",1]"#, test("a", Op::AnyLt, one())),
            (r#"["a","AnyLte",1]"#, test("a", Op::AnyLte, one())),
            (r#"["a","AnyGt",1]"#, test("a", Op::AnyGt, one())),
            (r#"["a","AnyGte",1]"#, test("a", Op::AnyGte, one())),
        ] {
            assert_eq!(filter(text), expected, "{text}");
        }
    }

    #[test]
    fn patterns_have_parameters() {
        let x = || Operand::Literal(Given::Text("x".into()));
        let glob = |case| like("a", Pattern::Glob { operand: x(), case });
        let fuzzy = |case| {
            let edits =
                vec![Edits { min_chars: 3, distance: 0 }, Edits { min_chars: 6, distance: 1 }];
            like("a", Pattern::Fuzzy { operand: x(), edits, case })
        };
        let tokens = |which, last| like("a", Pattern::Tokens { operand: x(), which, last });
        for (text, expected) in [
            (r#"["a","Glob","x"]"#, glob(Case::Matters)),
            (r#"["a","NotGlob","x"]"#, not(glob(Case::Matters))),
            (r#"["a","IGlob","x"]"#, glob(Case::Ignored)),
            (r#"["a","NotIGlob","x"]"#, not(glob(Case::Ignored))),
            (
                r#"["a","Regex","x"]"#,
                like("a", Pattern::Regex { operand: x(), of: Searched::Declared }),
            ),
            (
                r#"["a","Fuzzy","x",{"max_edit_distance":[{"min_query_chars":3,"distance":0},
                    {"min_query_chars":6,"distance":1}]}]"#,
                fuzzy(Case::Matters),
            ),
            (
                r#"["a","Fuzzy","x",{"max_edit_distance":[{"min_query_chars":3,"distance":0},
                    {"min_query_chars":6,"distance":1}],"case_sensitive":false}]"#,
                fuzzy(Case::Ignored),
            ),
            (r#"["a","ContainsAllTokens","x"]"#, tokens(Which::All, LastToken::Itself)),
            (
                r#"["a","ContainsAnyToken","x",{"last_as_prefix":false}]"#,
                tokens(Which::Any, LastToken::Itself),
            ),
            (
                r#"["a","ContainsTokenSequence","x",{"last_as_prefix":true}]"#,
                tokens(Which::Sequence, LastToken::Prefix),
            ),
            (r#"["a","ContainsAllTokens","x",null]"#, tokens(Which::All, LastToken::Itself)),
        ] {
            assert_eq!(filter(text), expected, "{text}");
        }
    }

    #[test]
    fn what_an_operator_is_called_is_known() {
        for word in ["Eq", "NotIn", "NotContainsAny", "AnyGte", "NotIGlob", "Fuzzy", "Regex"] {
            assert!(is_operator(word), "{word}");
        }
        for word in ["And", "Not", "BM25", "eq", "NotRegex", "NotAnyLt"] {
            assert!(!is_operator(word), "{word}");
        }
    }

    #[test]
    fn a_list_may_speak_of_the_document_that_comes_in_part() {
        let text = r#"["tags","In",["x",{"$ref_new":"tag"}]]"#;
        let condition = read("upsert_condition", given(text), Place::Condition).unwrap();
        let x = Operand::Literal(Given::Text("x".into()));
        let operand = Operand::Items(vec![x, Operand::New("tag".into())]);
        assert_eq!(condition, Filter::Test { attribute: "tags".into(), op: Op::In, operand });
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
            (r#"["a","Eq",1,null,{}]"#, misshapen),
            (r#"["a","Glob","x",{}]"#, misshapen),
            (r#"["And",[["a","Eq",1],["b"]]]"#, "filters[1][1]: data did not match any variant of"),
            (r#"["Not",["Or",[7]]]"#, "filters[1][1][0]: data did not match any variant of"),
            (r#"["Or",[["Not",[]]]]"#, "filters[1][0][1]: data did not match any variant of"),
            (r#"["a","Fuzzy","x"]"#, "filters[3]: missing field `max_edit_distance`"),
            (r#"["And",[["a","Fuzzy","x"]]]"#, "filters[1][0][3]: missing field"),
            (
                r#"["a","Fuzzy","x",{"max_edit_distance":[{"distance":1}]}]"#,
                "filters[3].max_edit_distance[0]: missing field `min_query_chars`",
            ),
            (
                r#"["a","Fuzzy","x",{"max_edit_distance":[{"min_query_chars":3,"distance":-1}]}]"#,
                "filters[3].max_edit_distance[0].distance: invalid type: integer `-1`",
            ),
            (
                r#"["a","Fuzzy","x",{"max_edit_distance":[],"case":true}]"#,
                "unknown field `filters[3].case`",
            ),
            (r#"["a","ContainsAnyToken","x",[]]"#, "filters[3]: invalid type: sequence"),
            (r#"["a","ContainsAnyToken","x",{"last":true}]"#, "unknown field `filters[3].last`"),
            (r#"["a","In",[1,{"$ref_new":"b"}]]"#, "`$ref_new` means the document of a write"),
            (r#"["a","Like","x"]"#, "unknown filter operator `Like`"),
            (&*deep, "at most 32 operators deep"),
        ] {
            let refusal = read("filters", given(text), Place::Query).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
