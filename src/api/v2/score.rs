//! An expression that scores a document: what `rank_by` ranks by, what is computed of a row, what
//! the fragments of a highlight are ranked by.
//!
//! It begins with its name, or with an attribute that its name stands behind. An attribute may be
//! called as an expression is, and is told from one by the word behind it. What may be asked of
//! which attribute is not known here.

use super::filter::{self, Place};
use crate::api::error::{Contract, Refusal};
use crate::api::json::{Object, mistyped, unmatched};
use crate::model::{Curve, Given, LastToken, Score, TEXT_QUERY_CHARS_MAX, TextQuery};

pub(in crate::api) const TOKENS_MAX: usize = 1024;

/// `path` is where it stands: `rank_by`, or `queries[1].rank_by`.
pub(super) fn read(path: &str, given: Given) -> Result<Score, Refusal> {
    let score = one(path, given)?;
    score.check().map_err(|error| Contract::V2.refuse(&error))?;
    Ok(score)
}

/// Whether this can be nothing but a filter.
pub(super) fn is_filter(items: &[Given]) -> bool {
    match items {
        [Given::Text(word), _] => matches!(&**word, "And" | "Or" | "Not"),
        [Given::Text(_), Given::Text(word), _, ..] => filter::is_operator(word),
        _ => false,
    }
}

pub(super) fn misshapen(path: &str) -> Refusal {
    unmatched(path, "RankInput")
}

pub(super) fn check_above_zero(path: &str, number: f64) -> Result<(), Refusal> {
    if number > 0.0 {
        return Ok(());
    }
    Err(Refusal::invalid(format!("{path} must be above 0, not {number}")))
}

fn one(path: &str, given: Given) -> Result<Score, Refusal> {
    let mut items = match given {
        Given::List(items) => items,
        given if given.number().is_some() => {
            let message = format!("{path}: a constant is a part of a Sum or of a Max");
            return Err(Refusal::invalid(message));
        }
        _ => return Err(misshapen(path)),
    };
    if is_filter(&items) {
        return filter::read(path, Given::List(items), Place::Query).map(Score::Filter);
    }
    let word = match items.as_slice() {
        [Given::Text(_), Given::Text(_), _, ..] => return of_attribute(path, items),
        [Given::Text(word), _, ..] => word.clone(),
        _ => return Err(misshapen(path)),
    };
    items.remove(0);
    match &*word {
        "Sum" => parts(path, items).map(Score::Sum),
        "Max" => parts(path, items).map(Score::Max),
        "Product" => product(path, items),
        "Attribute" => attribute(path, &items).map(Score::Attribute),
        "Dist" => dist(path, items),
        "Saturate" => curved(path, items).map(|(score, curve)| Score::Saturate(score, curve)),
        "Decay" => curved(path, items).map(|(score, curve)| Score::Decay(score, curve)),
        _ => Err(misshapen(path)),
    }
}

/// What is asked of one attribute: its name, what, and of what it is to speak.
fn of_attribute(path: &str, items: Vec<Given>) -> Result<Score, Refusal> {
    let mut items = items.into_iter();
    let (Some(Given::Text(attribute)), Some(Given::Text(word)), Some(operand)) =
        (items.next(), items.next(), items.next())
    else {
        return Err(misshapen(path));
    };
    let settings = items.next();
    if items.next().is_some() {
        return Err(misshapen(path));
    }
    match (&*word, operand, settings) {
        ("BM25", text, settings) => {
            let query = text_query(path, &attribute, text, settings)?;
            Ok(Score::Text { attribute, query })
        }
        ("SparseKNN", weights @ Given::Map(_), None) => Ok(Score::Sparse { attribute, weights }),
        ("ANN" | "kNN", ..) => Err(Refusal::invalid(format!(
            "{path}: {word} is no part of a score; rank by it in a query of its own, send both as \
             `queries`, and fuse them with `rerank_by`: [\"RRF\"]"
        ))),
        _ => Err(misshapen(path)),
    }
}

fn text_query(
    path: &str,
    attribute: &str,
    text: Given,
    settings: Option<Given>,
) -> Result<TextQuery, Refusal> {
    match &text {
        Given::Text(text) => check_chars(path, attribute, text)?,
        Given::List(tokens) if tokens.len() > TOKENS_MAX => {
            return Err(Refusal::invalid(format!(
                "{path}: a query of field \"{attribute}\" has at most {TOKENS_MAX} tokens, not {}",
                tokens.len()
            )));
        }
        Given::List(tokens) => {
            for (at, token) in tokens.iter().enumerate() {
                match token {
                    Given::Text(token) => check_chars(path, attribute, token)?,
                    other => return Err(mistyped(&format!("{path}[2][{at}]"), other, "a string")),
                }
            }
        }
        _ => return Err(misshapen(path)),
    }
    let last = match settings {
        None => LastToken::Itself,
        Some(given) => filter::last_token(Object::of(&format!("{path}[3]"), given)?)?,
    };
    Ok(TextQuery { text, last })
}

fn check_chars(path: &str, attribute: &str, text: &str) -> Result<(), Refusal> {
    // No text has more characters than bytes.
    if text.len() <= TEXT_QUERY_CHARS_MAX || text.chars().count() <= TEXT_QUERY_CHARS_MAX {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "{path}: a query of field \"{attribute}\" has at most {TEXT_QUERY_CHARS_MAX} characters"
    )))
}

/// A list of them, or one behind the other.
fn parts(path: &str, behind: Vec<Given>) -> Result<Vec<Score>, Refusal> {
    let (path, first, parts) = match <[Given; 1]>::try_from(behind) {
        // An expression begins with a word, and a list of expressions does not.
        Ok([Given::List(parts)]) if !matches!(parts.first(), Some(Given::Text(_))) => {
            (format!("{path}[1]"), 0, parts)
        }
        Ok([part]) => (path.to_owned(), 1, vec![part]),
        Err(parts) => (path.to_owned(), 1, parts),
    };
    if parts.is_empty() {
        let message = format!("{path}: a Sum or a Max has at least one part");
        return Err(Refusal::invalid(message));
    }
    let part = |(at, given): (usize, Given)| {
        let path = format!("{path}[{}]", first + at);
        match given.number() {
            Some(constant) if constant >= 0.0 => Ok(Score::Constant(constant)),
            Some(constant) => Err(Refusal::invalid(format!(
                "{path}: a constant must be non-negative, not {constant}"
            ))),
            None => one(&path, given),
        }
    };
    parts.into_iter().enumerate().map(part).collect()
}

fn product(path: &str, behind: Vec<Given>) -> Result<Score, Refusal> {
    let Ok([left, right]) = <[Given; 2]>::try_from(behind) else { return Err(misshapen(path)) };
    let (weight, at, part) = match (left.number(), right.number()) {
        (Some(weight), None) => (weight, 2, right),
        (None, Some(weight)) => (weight, 1, left),
        _ => {
            let message = format!("{path}: a Product is of one number and one expression");
            return Err(Refusal::invalid(message));
        }
    };
    if weight < 0.0 {
        return Err(Refusal::invalid(format!(
            "{path}: the weight of a Product must be non-negative, not {weight}"
        )));
    }
    let part = one(&format!("{path}[{at}]"), part)?;
    Ok(Score::Product(weight, Box::new(part)))
}

fn attribute(path: &str, behind: &[Given]) -> Result<Box<str>, Refusal> {
    match behind {
        [Given::Text(attribute)] => Ok(attribute.clone()),
        _ => Err(misshapen(path)),
    }
}

fn dist(path: &str, behind: Vec<Given>) -> Result<Score, Refusal> {
    let Ok([Given::List(from), origin]) = <[Given; 2]>::try_from(behind) else {
        return Err(misshapen(path));
    };
    let attribute = match from.split_first() {
        Some((Given::Text(word), behind)) if **word == *"Attribute" => attribute(path, behind)?,
        _ => return Err(misshapen(path)),
    };
    match origin {
        Given::Int(_) | Given::Uint(_) | Given::Float(_) | Given::Text(_) => {
            Ok(Score::Dist { attribute, origin })
        }
        _ => Err(misshapen(path)),
    }
}

fn curved(path: &str, behind: Vec<Given>) -> Result<(Box<Score>, Curve), Refusal> {
    let Ok([score, settings @ Given::Map(_)]) = <[Given; 2]>::try_from(behind) else {
        return Err(misshapen(path));
    };
    let score = one(&format!("{path}[1]"), score)?;
    let mut settings = Object::of(&format!("{path}[2]"), settings)?;
    let exponent = settings.number("exponent")?.unwrap_or(1.0);
    let midpoint = settings.take("midpoint");
    let midpoint = settings.needed("midpoint", midpoint)?;
    check_above_zero(&settings.path_of("exponent"), exponent)?;
    let path = settings.path_of("midpoint");
    match (midpoint.number(), &midpoint) {
        (Some(midpoint), _) => check_above_zero(&path, midpoint)?,
        (None, Given::Text(_)) => {}
        (None, other) => return Err(mistyped(&path, other, "a number or a duration")),
    }
    settings.end()?;
    Ok((Box::new(score), Curve { midpoint, exponent }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::{Filter, Op, Operand};

    fn score(text: &str) -> Score {
        read("rank_by", given(text)).unwrap()
    }

    fn value(name: &str) -> Score {
        Score::Attribute(name.into())
    }

    fn holds(attribute: &str) -> Score {
        let operand = Operand::Literal(Given::Int(1));
        Score::Filter(Filter::Test { attribute: attribute.into(), op: Op::Eq, operand })
    }

    #[test]
    fn each_expression_is_read_in_each_of_its_forms() {
        let tokens = Given::List(vec![Given::Text("a".into()), Given::Text("b".into())]);
        let text = |text: Given, last| Score::Text {
            attribute: "t".into(),
            query: TextQuery { text, last },
        };
        let weights = Given::Map(vec![("a".into(), Given::Float(0.5))]);
        let both = || vec![Score::Constant(0.0), value("x")];
        let curve = |midpoint, exponent| Curve { midpoint, exponent };
        let dist = |origin| Score::Dist { attribute: "d".into(), origin };
        for (said, expected) in [
            (r#"["t","BM25","x"]"#, text(Given::Text("x".into()), LastToken::Itself)),
            (r#"["t","BM25",["a","b"]]"#, text(tokens, LastToken::Itself)),
            (
                r#"["t","BM25","x",{"last_as_prefix":true}]"#,
                text(Given::Text("x".into()), LastToken::Prefix),
            ),
            (r#"["s","SparseKNN",{"a":0.5}]"#, Score::Sparse { attribute: "s".into(), weights }),
            (r#"["Sum",[0,["Attribute","x"]]]"#, Score::Sum(both())),
            (r#"["Max",0,["Attribute","x"]]"#, Score::Max(both())),
            (r#"["Sum",["Attribute","x"]]"#, Score::Sum(vec![value("x")])),
            (r#"["Sum",[["a","Eq",1]]]"#, Score::Sum(vec![holds("a")])),
            (r#"["Product",2,["Attribute","x"]]"#, Score::Product(2.0, Box::new(value("x")))),
            (r#"["Product",["Attribute","x"],0.5]"#, Score::Product(0.5, Box::new(value("x")))),
            (
                r#"["Saturate",["Attribute","x"],{"midpoint":3,"exponent":2}]"#,
                Score::Saturate(Box::new(value("x")), curve(Given::Int(3), 2.0)),
            ),
            (
                r#"["Decay",["Dist",["Attribute","d"],"2026-09-01"],{"midpoint":"7d"}]"#,
                Score::Decay(
                    Box::new(dist(Given::Text("2026-09-01".into()))),
                    curve(Given::Text("7d".into()), 1.0),
                ),
            ),
            (r#"["Dist",["Attribute","d"],-1.5]"#, dist(Given::Float(-1.5))),
        ] {
            assert_eq!(score(said), expected, "{said}");
        }
    }

    #[test]
    fn a_filter_scores_and_an_attribute_may_be_called_as_an_expression() {
        let filter = Filter::And(Vec::new());
        assert_eq!(score(r#"["And",[]]"#), Score::Filter(filter));
        for name in ["a", "Sum", "Attribute", "Not"] {
            assert_eq!(score(&format!("[\"{name}\",\"Eq\",1]")), holds(name));
        }
        let Score::Text { attribute, .. } = score(r#"["Product","BM25","x"]"#) else {
            panic!("a text is asked for")
        };
        assert_eq!(&*attribute, "Product");
    }

    #[test]
    fn what_is_no_expression_is_told_with_its_place() {
        let long = format!("[\"t\",\"BM25\",\"{}\"]", "x".repeat(TEXT_QUERY_CHARS_MAX + 1));
        let many = format!("[\"t\",\"BM25\",[{}]]", vec!["\"a\""; TOKENS_MAX + 1].join(","));
        let deep = format!("{}[\"Attribute\",\"x\"]{}", "[\"Sum\",".repeat(40), "]".repeat(40));
        for (said, code, told) in [
            ("[]", "wrong_shape", "rank_by: data did not match"),
            (r#"["Sum"]"#, "wrong_shape", "untagged enum RankInput"),
            (r#"["Sum",[]]"#, "invalid", "rank_by[1]: a Sum or a Max has at least one part"),
            (r#"["Sum",[["a","Up",1]]]"#, "wrong_shape", "rank_by[1][0]: data did not match"),
            (r#"["Max",-1,["Attribute","x"]]"#, "invalid", "rank_by[1]: a constant must be non-"),
            (r#"["Product",-1,["Attribute","x"]]"#, "invalid", "must be non-negative"),
            (r#"["Product",1,2]"#, "invalid", "one number and one expression"),
            (r#"["Product",2]"#, "wrong_shape", "RankInput"),
            (r#"["Decay",1,{"midpoint":1}]"#, "invalid", "rank_by[1]: a constant is a part of"),
            (r#"["Decay",["Attribute","x"],{}]"#, "wrong_shape", "missing field `midpoint`"),
            (
                r#"["Decay",["Attribute","x"],{"midpoint":0}]"#,
                "invalid",
                "rank_by[2].midpoint must be above 0",
            ),
            (
                r#"["Decay",["Attribute","x"],{"midpoint":true}]"#,
                "wrong_shape",
                "expected a number or a duration",
            ),
            (
                r#"["Decay",["Attribute","x"],{"midpoint":1,"exponent":-1}]"#,
                "invalid",
                "rank_by[2].exponent must be above 0",
            ),
            (
                r#"["Decay",["Attribute","x"],{"midpoint":1,"half":2}]"#,
                "unknown_field",
                "unknown field `rank_by[2].half`",
            ),
            (r#"["Dist",["x"],1]"#, "wrong_shape", "RankInput"),
            (r#"["Dist",["Attribute","x"],null]"#, "wrong_shape", "RankInput"),
            (r#"["Attribute",7]"#, "wrong_shape", "RankInput"),
            (r#"["t","BM25",7]"#, "wrong_shape", "RankInput"),
            (r#"["t","BM25",["a",7]]"#, "wrong_shape", "rank_by[2][1]: invalid type"),
            (r#"["t","BM25","x",{"prefix":true}]"#, "unknown_field", "`rank_by[3].prefix`"),
            (r#"["t","BM25","x",{},{}]"#, "wrong_shape", "RankInput"),
            (r#"["s","SparseKNN",[1]]"#, "wrong_shape", "RankInput"),
            (r#"["Sum",[["v","ANN",[1]]]]"#, "invalid", "rank_by[1][0]: ANN is no part of a score"),
            (&*long, "invalid", "at most 8192 characters"),
            (&*many, "invalid", "at most 1024 tokens"),
            (&*deep, "invalid", "at most 32 operators deep"),
        ] {
            let refusal = read("rank_by", given(said)).unwrap_err();
            assert_eq!(refusal.code(), code, "{said}: {}", refusal.story());
            assert!(refusal.story().contains(told), "{said}: {}", refusal.story());
        }
    }

    #[test]
    fn a_query_of_so_many_characters_may_have_more_bytes() {
        let text = "ü".repeat(TEXT_QUERY_CHARS_MAX);
        assert!(read("rank_by", given(&format!("[\"t\",\"BM25\",\"{text}\"]"))).is_ok());
    }
}
