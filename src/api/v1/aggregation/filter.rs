//! A filter of a bucket as Elasticsearch spells queries: `{"term": {"status": "open"}}`. Of these only
//! what says yes or no, and nothing that scores.

use crate::api::error::Refusal;
use crate::api::json::{Object, mistyped, quoted};
use crate::api::v1::filter::none_of;
use crate::model::{Case, Filter, Given, Op, Operand, Pattern};

const QUERIES: &str = "match_all, match_none, term, terms, range, exists, prefix, wildcard, bool";

/// A query has one field, which is its name.
pub(super) fn read(path: &str, fields: Vec<(Box<str>, Given)>) -> Result<Filter, Refusal> {
    let Ok([(name, given)]) = <[_; 1]>::try_from(fields) else {
        return Err(Refusal::invalid(format!("{path} is one query, of: {QUERIES}")));
    };
    let path = format!("{path}.{}", quoted(&name));
    match &*name {
        "match_all" => nothing_in(&path, given).map(|()| Filter::And(Vec::new())),
        "match_none" => nothing_in(&path, given).map(|()| Filter::Or(Vec::new())),
        "exists" => {
            let mut object = Object::of(&path, given)?;
            let attribute = object.text("field")?;
            let attribute = object.needed("field", attribute)?;
            object.end()?;
            Ok(test(attribute, Op::NotEq, Given::Null))
        }
        "term" => {
            let (attribute, value) = of_field(&path, given)?;
            let path = format!("{path}.{}", quoted(&attribute));
            refuse_null(&path, &value)?;
            // Of an array, one element: a list of one would be asked for as a whole otherwise.
            Ok(test(attribute, Op::In, Given::List(vec![value])))
        }
        "terms" => match of_field(&path, given)? {
            (attribute, Given::List(values)) => {
                if let Some(at) = values.iter().position(|value| *value == Given::Null) {
                    refuse_null(&format!("{path}.{}[{at}]", quoted(&attribute)), &values[at])?;
                }
                Ok(test(attribute, Op::In, Given::List(values)))
            }
            (attribute, other) => {
                let path = format!("{path}.{}", quoted(&attribute));
                Err(mistyped(&path, &other, "a sequence"))
            }
        },
        "range" => range(&path, given),
        "prefix" => {
            let (attribute, value) = of_text(&path, given)?;
            let mut prefix = String::new();
            value.chars().for_each(|c| literal(c, &mut prefix));
            prefix.push('*');
            Ok(glob(attribute, &prefix))
        }
        "wildcard" => {
            let (attribute, value) = of_text(&path, given)?;
            Ok(glob(attribute, &wildcard(&value)))
        }
        "bool" => all_of(&path, given),
        _ => Err(Refusal::invalid(format!("{path} is none of: {QUERIES}"))),
    }
}

fn test(attribute: Box<str>, op: Op, operand: Given) -> Filter {
    Filter::Test { attribute, op, operand: Operand::Key(operand) }
}

fn glob(attribute: Box<str>, glob: &str) -> Filter {
    let operand = Operand::Literal(Given::Text(glob.into()));
    Filter::Like { attribute, pattern: Pattern::Glob { operand, case: Case::Matters } }
}

/// It may mean something in a glob.
fn literal(c: char, glob: &mut String) {
    if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | ',' | '\\') {
        glob.push('\\');
    }
    glob.push(c);
}

/// Stars and question marks are what they are in a glob, and nothing else is.
fn wildcard(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Two stars would be folders.
            '*' if chars.peek() == Some(&'*') => {}
            '*' | '?' => glob.push(c),
            '\\' => literal(chars.next().unwrap_or('\\'), &mut glob),
            c => literal(c, &mut glob),
        }
    }
    glob
}

/// No value is null: what has none is asked for by another query.
fn refuse_null(path: &str, value: &Given) -> Result<(), Refusal> {
    match value {
        Given::Null => Err(Refusal::invalid(format!(
            "{path} is a value, and null is none: ask by `exists`, within `must_not` of a `bool`"
        ))),
        _ => Ok(()),
    }
}

fn nothing_in(path: &str, given: Given) -> Result<(), Refusal> {
    Object::of(path, given)?.end()
}

/// `{"status": "open"}`, or `{"status": {"value": "open"}}`.
fn of_field(path: &str, given: Given) -> Result<(Box<str>, Given), Refusal> {
    let (attribute, path, given) = the_one(path, given)?;
    let value = match given {
        Given::Map(_) => {
            let mut object = Object::of(&path, given)?;
            let value = object.take_any("value");
            let value = object.needed("value", value)?;
            object.end()?;
            value
        }
        value => value,
    };
    Ok((attribute, value))
}

/// Its name, where it stands, and what it is.
fn the_one(path: &str, given: Given) -> Result<(Box<str>, String, Given), Refusal> {
    let fields = Object::of(path, given)?.into_fields();
    match <[_; 1]>::try_from(fields) {
        Ok([field]) => Ok(field),
        Err(_) => Err(Refusal::invalid(format!("{path} is of one field"))),
    }
}

fn of_text(path: &str, given: Given) -> Result<(Box<str>, Box<str>), Refusal> {
    match of_field(path, given)? {
        (attribute, Given::Text(text)) => Ok((attribute, text)),
        (attribute, other) => {
            Err(mistyped(&format!("{path}.{}", quoted(&attribute)), &other, "a string"))
        }
    }
}

/// `{"age": {"gte": 7, "lt": 9}}`. Null is not among the values, though it sorts lowest.
fn range(path: &str, given: Given) -> Result<Filter, Refusal> {
    let (attribute, path, given) = the_one(path, given)?;
    let mut object = Object::of(&path, given)?;
    let mut parts = vec![test(attribute.clone(), Op::NotEq, Given::Null)];
    for (name, op) in [("gt", Op::Gt), ("gte", Op::Gte), ("lt", Op::Lt), ("lte", Op::Lte)] {
        if let Some(value) = object.take(name) {
            parts.push(test(attribute.clone(), op, value));
        }
    }
    object.end()?;
    Ok(Filter::And(parts))
}

fn all_of(path: &str, given: Given) -> Result<Filter, Refusal> {
    let mut object = Object::of(path, given)?;
    let mut must = clauses(&mut object, "must")?;
    must.extend(clauses(&mut object, "filter")?);
    let must_not = clauses(&mut object, "must_not")?;
    let should = clauses(&mut object, "should")?;
    // With nothing that must hold, one that should has to.
    let least = match object.count("minimum_should_match")? {
        None => u64::from(must.is_empty() && !should.is_empty()),
        Some(least @ 0..=1) => least,
        Some(least) => {
            return Err(Refusal::invalid(format!(
                "{path}.minimum_should_match is 0 or 1, not {least}"
            )));
        }
    };
    object.end()?;
    if least > 0 {
        must.push(Filter::Or(should));
    }
    if !must_not.is_empty() {
        must.push(none_of(must_not));
    }
    Ok(Filter::And(must))
}

/// A query, or a list of them.
fn clauses(object: &mut Object, name: &str) -> Result<Vec<Filter>, Refusal> {
    let path = object.path_of(name);
    let clause = |path: &str, given: Given| match given {
        Given::Map(fields) => read(path, fields),
        other => Err(mistyped(path, &other, "an object")),
    };
    match object.take(name) {
        None => Ok(Vec::new()),
        Some(Given::List(items)) => {
            let items = items.into_iter().enumerate();
            items.map(|(at, given)| clause(&format!("{path}[{at}]"), given)).collect()
        }
        Some(given) => Ok(vec![clause(&path, given)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn read(text: &str) -> Result<Filter, Refusal> {
        let Given::Map(fields) = given(text) else { panic!("{text} is no object") };
        super::read("f", fields)
    }

    fn a(op: Op, operand: Given) -> Filter {
        test("a".into(), op, operand)
    }

    #[test]
    fn queries_that_say_yes_or_no_are_filters() {
        let one = || Given::Int(1);
        let list = |items: Vec<Given>| Given::List(items);
        for (text, expected) in [
            (r#"{"match_all":{}}"#, Filter::And(Vec::new())),
            (r#"{"match_none":{}}"#, Filter::Or(Vec::new())),
            (r#"{"term":{"a":1}}"#, a(Op::In, list(vec![one()]))),
            (r#"{"term":{"a":{"value":1}}}"#, a(Op::In, list(vec![one()]))),
            (r#"{"terms":{"a":[1,2]}}"#, a(Op::In, list(vec![one(), Given::Int(2)]))),
            (r#"{"exists":{"field":"a"}}"#, a(Op::NotEq, Given::Null)),
            (
                r#"{"range":{"a":{"gte":1,"lt":1}}}"#,
                Filter::And(vec![a(Op::NotEq, Given::Null), a(Op::Gte, one()), a(Op::Lt, one())]),
            ),
            (r#"{"prefix":{"a":"x*"}}"#, glob("a".into(), r"x\**")),
            (r#"{"wildcard":{"a":{"value":"x[*?**"}}}"#, glob("a".into(), r"x\[*?*")),
            (
                r#"{"bool":{"must":{"term":{"a":1}},"must_not":[{"exists":{"field":"a"}}]}}"#,
                Filter::And(vec![
                    a(Op::In, list(vec![one()])),
                    Filter::Not(Box::new(a(Op::NotEq, Given::Null))),
                ]),
            ),
            (
                r#"{"bool":{"should":[{"term":{"a":1}}]}}"#,
                Filter::And(vec![Filter::Or(vec![a(Op::In, list(vec![one()]))])]),
            ),
            (
                r#"{"bool":{"filter":[{"match_all":{}}],"should":[{"term":{"a":1}}]}}"#,
                Filter::And(vec![Filter::And(Vec::new())]),
            ),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_scores_or_is_no_query_is_refused() {
        for (text, told) in [
            ("{}", "f is one query"),
            (r#"{"match":{"a":"x"}}"#, "f.match is none of"),
            (r#"{"term":{"a":1,"b":2}}"#, "f.term is of one field"),
            (r#"{"term":{"a":{"value":1,"boost":2}}}"#, "unknown field `f.term.a.boost`"),
            (r#"{"terms":{"a":1}}"#, "f.terms.a: invalid type: integer `1`, expected a sequence"),
            (r#"{"range":{"a":{"from":1}}}"#, "unknown field `f.range.a.from`"),
            (r#"{"prefix":{"a":1}}"#, "f.prefix.a: invalid type: integer `1`, expected a string"),
            (r#"{"bool":{"minimum_should_match":2}}"#, "minimum_should_match is 0 or 1, not 2"),
            (r#"{"bool":{"must":[7]}}"#, "f.bool.must[0]: invalid type"),
        ] {
            let refusal = read(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
