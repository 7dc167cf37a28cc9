//! Filters, which v1 writes as objects: `{"field": "age", "op": "gt", "value": 7}`, and around
//! several `{"type": "and", "conditions": [...]}`.

use crate::api::error::{Contract, Refusal};
use crate::api::json::{Object, quoted};
use crate::model::{Case, Filter, Given, Op, Operand, Pattern, Searched};

const OPERATORS: &str = "`eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `in`, `not_in`, `contains`, `contains_any`, \
                         `exists`, `glob`, `regex`";

pub(super) fn read(path: &str, given: Given) -> Result<Filter, Refusal> {
    let filter = one(path, given)?;
    filter.check().map_err(|error| Contract::V1.refuse(&error))?;
    Ok(filter)
}

fn one(path: &str, given: Given) -> Result<Filter, Refusal> {
    let mut object = Object::of(path, given)?;
    let Some(word) = object.text("type")? else { return condition(object) };
    let conditions = object.list("conditions")?;
    let conditions = object.needed("conditions", conditions)?;
    object.end()?;
    let mut filters = Vec::with_capacity(conditions.len());
    for (at, given) in conditions.into_iter().enumerate() {
        filters.push(one(&format!("{path}.conditions[{at}]"), given)?);
    }
    match &*word {
        "and" => Ok(Filter::And(filters)),
        "or" => Ok(Filter::Or(filters)),
        "not" => Ok(none_of(filters)),
        other => Err(Refusal::invalid(format!(
            "{path}.type is `and`, `or` or `not`, not `{}`",
            quoted(other)
        ))),
    }
}

/// Of one it is as many operators as are written; of several it is two, for there is an `or` in it.
pub(super) fn none_of(filters: Vec<Filter>) -> Filter {
    let any = match <[Filter; 1]>::try_from(filters) {
        Ok([one]) => one,
        Err(filters) => Filter::Or(filters),
    };
    Filter::Not(Box::new(any))
}

fn condition(mut object: Object) -> Result<Filter, Refusal> {
    let (attribute, word) = (object.text("field")?, object.text("op")?);
    let said = object.take_any("value");
    let attribute = object.needed("field", attribute)?;
    let word = object.needed("op", word)?;
    // Null is a value like another. Whoever leaves it out has forgotten it, and a deletion by `ne` would
    // take all documents that have the field.
    let forgotten = object.missing("value");
    let value = |said: Option<Given>| said.ok_or(forgotten);
    let path_of = |name| object.path_of(name);
    let (path_of_word, path_of_value) = (path_of("op"), path_of("value"));
    object.end()?;
    let (op, value) = match &*word {
        "eq" => (Op::Eq, value(said)?),
        "ne" => (Op::NotEq, value(said)?),
        "gt" => (Op::Gt, value(said)?),
        "gte" => (Op::Gte, value(said)?),
        "lt" => (Op::Lt, value(said)?),
        "lte" => (Op::Lte, value(said)?),
        "in" => (Op::In, value(said)?),
        "not_in" => (Op::NotIn, value(said)?),
        "contains" => (Op::Contains, value(said)?),
        "contains_any" => (Op::ContainsAny, value(said)?),
        "exists" => match said {
            None | Some(Given::Bool(true) | Given::Null) => (Op::NotEq, Given::Null),
            Some(Given::Bool(false)) => (Op::Eq, Given::Null),
            _ => {
                let told = format!("{path_of_value}: the filter `exists` takes true or false");
                return Err(Refusal::invalid(told));
            }
        },
        "glob" => {
            let operand = Operand::Literal(value(said)?);
            let pattern = Pattern::Glob { operand, case: Case::Matters };
            return Ok(Filter::Like { attribute, pattern });
        }
        "regex" => {
            let operand = Operand::Literal(value(said)?);
            let pattern = Pattern::Regex { operand, of: Searched::Filtered };
            return Ok(Filter::Like { attribute, pattern });
        }
        other => {
            let other = quoted(other);
            return Err(Refusal::invalid(format!(
                "{path_of_word}: unknown filter operator `{other}`, expected one of {OPERATORS}"
            )));
        }
    };
    Ok(Filter::Test { attribute, op, operand: Operand::Key(value) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::{FILTER_DEPTH_MAX, FILTER_NODES_MAX};

    fn test(op: Op, operand: Given) -> Filter {
        Filter::Test { attribute: "a".into(), op, operand: Operand::Key(operand) }
    }

    fn like(pattern: Pattern) -> Filter {
        Filter::Like { attribute: "a".into(), pattern }
    }

    fn text(text: &str) -> Operand {
        Operand::Literal(Given::Text(text.into()))
    }

    #[test]
    fn a_condition_is_a_field_an_operator_and_a_value() {
        for (text, expected) in [
            (r#"{"field":"a","op":"gte","value":7}"#, test(Op::Gte, Given::Int(7))),
            (r#"{"field":"a","op":"contains","value":7}"#, test(Op::Contains, Given::Int(7))),
            (
                r#"{"field":"a","op":"contains_any","value":[7]}"#,
                test(Op::ContainsAny, Given::List(vec![Given::Int(7)])),
            ),
            (
                r#"{"field":"a","op":"glob","value":"x*"}"#,
                like(Pattern::Glob { operand: text("x*"), case: Case::Matters }),
            ),
            (
                r#"{"field":"a","op":"regex","value":"^x"}"#,
                like(Pattern::Regex { operand: text("^x"), of: Searched::Filtered }),
            ),
            (r#"{"field":"a","op":"exists"}"#, test(Op::NotEq, Given::Null)),
            (r#"{"field":"a","op":"exists","value":true}"#, test(Op::NotEq, Given::Null)),
            (r#"{"field":"a","op":"ne","value":null}"#, test(Op::NotEq, Given::Null)),
            (r#"{"field":"a","op":"exists","value":false}"#, test(Op::Eq, Given::Null)),
            (
                r#"{"type":"and","conditions":[{"field":"a","op":"eq","value":null}]}"#,
                Filter::And(vec![test(Op::Eq, Given::Null)]),
            ),
            (
                r#"{"type":"not","conditions":[{"field":"a","op":"in","value":[]}]}"#,
                Filter::Not(Box::new(test(Op::In, Given::List(Vec::new())))),
            ),
            (
                r#"{"type":"not","conditions":[{"field":"a","op":"exists"},{"field":"a","op":"eq","value":7}]}"#,
                Filter::Not(Box::new(Filter::Or(vec![
                    test(Op::NotEq, Given::Null),
                    test(Op::Eq, Given::Int(7)),
                ]))),
            ),
            (r#"{"type":"not","conditions":[]}"#, Filter::Not(Box::new(Filter::Or(Vec::new())))),
        ] {
            assert_eq!(read("filter", given(text)).unwrap(), expected, "{text}");
        }
    }

    /// A `not` of one condition counted as two operators: 15 in each other were taken, and 16 refused.
    #[test]
    fn operators_are_counted_as_they_are_written() {
        let condition = || r#"{"field":"a","op":"exists"}"#.to_owned();
        let of = |word: &str, conditions: &[String]| {
            format!(r#"{{"type":"{word}","conditions":[{}]}}"#, conditions.join(","))
        };
        let not = |conditions: &[String]| of("not", conditions);
        let deep = |nots: usize, inner: String| (0..nots).fold(inner, |inner, _| not(&[inner]));
        let wide = |nots: usize| vec![not(&[condition()]); nots];
        let two = || not(&[condition(), condition()]);
        for (most, beyond, told) in [
            (
                deep(FILTER_DEPTH_MAX - 1, condition()),
                deep(FILTER_DEPTH_MAX, condition()),
                "at most 32 operators deep",
            ),
            // Of several, with the `or` that is in it.
            (
                deep(FILTER_DEPTH_MAX - 3, two()),
                deep(FILTER_DEPTH_MAX - 2, two()),
                "at most 32 operators deep",
            ),
            (
                of("and", &[wide(FILTER_NODES_MAX / 2 - 1), vec![condition()]].concat()),
                of("and", &wide(FILTER_NODES_MAX / 2)),
                "at most 4096 operators",
            ),
        ] {
            assert!(read("filter", given(&most)).is_ok(), "{told}");
            let refusal = read("filter", given(&beyond)).unwrap_err();
            assert!(refusal.story().contains(told), "{}", refusal.story());
        }
    }

    #[test]
    fn every_operator_that_is_offered_is_known() {
        let words: Vec<&str> = OPERATORS.split('`').skip(1).step_by(2).collect();
        assert_eq!(words.len(), 13);
        for word in words {
            let text = format!(r#"{{"field":"a","op":"{word}","value":true}}"#);
            let told = condition(Object::of("filter", given(&text)).unwrap());
            assert!(told.is_ok(), "{word}: {told:?}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_by_name() {
        for (text, told) in [
            ("[]", "filter: invalid type: sequence, expected an object"),
            (
                r#"{"field":"a","op":"like","value":"x"}"#,
                "filter.op: unknown filter operator `like`, expected one",
            ),
            (r#"{"op":"eq","value":1}"#, "filter: missing field `field`"),
            (r#"{"feild":"a","op":"eq","value":1}"#, "unknown field `filter.feild`"),
            (r#"{"type":"and","filters":[]}"#, "unknown field `filter.filters`"),
            (r#"{"field":"a","op":"eq","value":1,"of":1}"#, "unknown field `filter.of`"),
            (r#"{"field":"a","op":"ne"}"#, "filter: missing field `value`"),
            (r#"{"field":"a","op":"in","vlaue":[1]}"#, "unknown field `filter.vlaue`"),
            (
                r#"{"field":"a","op":"exists","value":0}"#,
                "filter.value: the filter `exists` takes true or false",
            ),
            (r#"{"type":"xor","conditions":[]}"#, "`and`, `or` or `not`"),
            (
                r#"{"type":"or","conditions":[{"field":1}]}"#,
                "filter.conditions[0].field: invalid type: integer `1`",
            ),
        ] {
            let refusal = read("filter", given(text)).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
