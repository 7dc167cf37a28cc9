//! `full_text`: words that are looked for in one field, or in several of which each counts as it is
//! weighed. A document is found by its BM25, which is above zero if it has one of the words.
//!
//! What must hold: what is said of all documents that a text finds is of those that it shows, were
//! all of them shown. So a field that counts for nothing finds nothing here, either.

use crate::api::error::Refusal;
use crate::api::json::{Object, mistyped, quoted};
use crate::api::v2::TOKENS_MAX;
use crate::model::{
    Attribute, Filter, Given, LastToken, Operand, PRE_TOKENIZED, Pattern, Rank, Schema, Score,
    TEXT_QUERY_CHARS_MAX, TextQuery, Which,
};

pub(in crate::api) const TEXT_FIELDS_MAX: usize = 64;
/// What is worth less would score nothing once it is rounded: said to be found, and never shown.
pub(in crate::api) const WEIGHT_MIN: f64 = 1e-6;
pub(in crate::api) const WEIGHT_MAX: f64 = 1e6;
const WEIGHT: f64 = 0.5;

/// Fields, each with how much its score counts.
type Weighed = Vec<(Box<str>, f64)>;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    fields: Weighed,
    /// A text, or the tokens themselves where they are given as they are.
    query: Given,
    /// How much its ranking counts beside that of a vector.
    pub(super) weight: f64,
}

impl Text {
    pub(super) fn read(mut object: Object) -> Result<Self, Refusal> {
        let (fields, query) = (fields(&mut object)?, query(&mut object)?);
        let weight = weight(&mut object, "weight")?.unwrap_or(WEIGHT);
        let fields = object.needed("field", fields)?;
        let query = object.needed("query", query)?;
        object.end()?;
        Ok(Self { fields, query, weight })
    }

    pub(super) fn rank(&self) -> Rank {
        let part = |(field, weight): &(Box<str>, f64)| {
            let query = TextQuery { text: self.query.clone(), last: LastToken::Itself };
            let score = Score::Text { attribute: field.clone(), query };
            Score::Product(*weight, Box::new(score))
        };
        Rank::Score(Score::Sum(self.fields.iter().map(part).collect()))
    }

    /// What it finds of the documents that a filter matches.
    pub(super) fn within(&self, filter: Option<Filter>) -> Filter {
        let found = Filter::Or(self.fields.iter().map(|field| self.found(field)).collect());
        match filter {
            None => found,
            // It nests no deeper than it has to.
            Some(Filter::And(mut filters)) => {
                filters.push(found);
                Filter::And(filters)
            }
            Some(filter) => Filter::And(vec![filter, found]),
        }
    }

    fn found(&self, (field, weight): &(Box<str>, f64)) -> Filter {
        let operand = Operand::Literal(self.query.clone());
        let pattern = Pattern::Tokens { operand, which: Which::Any, last: LastToken::Itself };
        let words = Filter::Like { attribute: field.clone(), pattern };
        match *weight > 0.0 {
            true => words,
            // It has to be a field that could be asked, like the others.
            false => Filter::And(vec![words, Filter::Or(Vec::new())]),
        }
    }

    /// Why it cannot be asked under this schema, if that is so.
    pub(super) fn complaint(&self, schema: &Schema) -> Option<Refusal> {
        let why = |(field, _): &(Box<str>, f64)| self.odd(schema.attributes.get(field));
        let (field, why) = self.fields.iter().find_map(|field| Some((&field.0, why(field)?)))?;
        Some(Refusal::invalid(format!("full_text: `{}` {why}", quoted(field))))
    }

    /// Why it is not to be asked of this attribute.
    fn odd(&self, attribute: Option<&Attribute>) -> Option<&'static str> {
        let Some(Attribute { kind, options, .. }) = attribute else {
            return Some("is not in the schema: name an attribute that has full text");
        };
        match &options.full_text {
            None if !kind.is_text() => Some("holds no text: name an attribute that has full text"),
            None => Some(
                "has no full text: create the namespace with `\"full_text\": true` there, or \
                 declare it with `\"full_text_search\": true` at `/v1/namespaces/{ns}/schema`",
            ),
            Some(options) => match (*options.tokenizer == *PRE_TOKENIZED, &self.query) {
                (true, Given::Text(_)) => Some("holds tokens: `query` is a list of them"),
                (false, Given::List(_)) => Some("holds texts: `query` is a text, and not a list"),
                _ => None,
            },
        }
    }
}

fn fields(object: &mut Object) -> Result<Option<Weighed>, Refusal> {
    let (place, path) = (object.place(), object.path_of("fields"));
    let refused = |message: String| Err(Refusal::invalid(message));
    let fields = match (object.text("field")?, object.texts("fields")?) {
        (Some(_), Some(_)) => {
            return refused(format!("{place}`field` is one and `fields` are several: give one"));
        }
        (None, None) => {
            object.take("weights");
            return Ok(None);
        }
        (Some(_), None) if object.take("weights").is_some() => {
            return refused(format!("{place}`weights` are of `fields`, and not of one `field`"));
        }
        (Some(field), None) => return Ok(Some(vec![(field, 1.0)])),
        (None, Some(fields)) => fields,
    };
    if !(1..=TEXT_FIELDS_MAX).contains(&fields.len()) {
        let got = fields.len();
        return refused(format!("{path} has 1 to {TEXT_FIELDS_MAX} fields, not {got}"));
    }
    if let Some(at) = (1..fields.len()).find(|at| fields[..*at].contains(&fields[*at])) {
        let twice = quoted(&fields[at]);
        return refused(format!("{path} has `{twice}` twice: give it once, with its weight"));
    }
    let weights = weights(object, &fields)?;
    Ok(Some(fields.into_iter().zip(weights).collect()))
}

/// One of each field, in their order or by their names.
fn weights(object: &mut Object, fields: &[Box<str>]) -> Result<Vec<f64>, Refusal> {
    let path = object.path_of("weights");
    match object.take("weights") {
        None => Ok(vec![1.0; fields.len()]),
        Some(Given::List(items)) if items.len() != fields.len() => {
            let (wanted, got) = (fields.len(), items.len());
            let message = format!("{path} has one weight of each field: {wanted}, not {got}");
            Err(Refusal::invalid(message))
        }
        Some(Given::List(items)) => {
            let weight = |(at, given): (usize, &Given)| {
                let path = format!("{path}[{at}]");
                let number = given.number().ok_or_else(|| mistyped(&path, given, "a number"))?;
                checked(&path, number)
            };
            items.iter().enumerate().map(weight).collect()
        }
        Some(given @ Given::Map(_)) => {
            let mut named = Object::of(&path, given)?;
            let weight = |field: &str| Ok(weight(&mut named, field)?.unwrap_or(1.0));
            let names = fields.iter().map(|field| &**field);
            let weights = names.map(weight).collect::<Result<_, Refusal>>()?;
            named.end()?;
            Ok(weights)
        }
        Some(other) => Err(mistyped(&path, &other, "a sequence or an object")),
    }
}

/// How much something counts.
pub(super) fn weight(object: &mut Object, name: &str) -> Result<Option<f64>, Refusal> {
    let weight = object.number(name)?;
    weight.map(|weight| checked(&object.path_of(name), weight)).transpose()
}

fn checked(path: &str, weight: f64) -> Result<f64, Refusal> {
    if weight != 0.0 && !(WEIGHT_MIN..=WEIGHT_MAX).contains(&weight) {
        let message = format!("{path} is 0, or {WEIGHT_MIN} to {WEIGHT_MAX}, not {weight:?}");
        return Err(Refusal::invalid(message));
    }
    // Minus zero is nothing, too.
    Ok(weight.abs())
}

fn query(object: &mut Object) -> Result<Option<Given>, Refusal> {
    let path = object.path_of("query");
    let Some(query) = object.take("query") else { return Ok(None) };
    let chars = match &query {
        Given::Text(text) => text.chars().count(),
        Given::List(tokens) if tokens.len() > TOKENS_MAX => {
            let got = tokens.len();
            let message = format!("{path} has at most {TOKENS_MAX} tokens, not {got}");
            return Err(Refusal::invalid(message));
        }
        Given::List(tokens) => {
            let chars = |(at, token): (usize, &Given)| match token {
                Given::Text(token) => Ok(token.chars().count()),
                other => Err(mistyped(&format!("{path}[{at}]"), other, "a string")),
            };
            tokens.iter().enumerate().map(chars).sum::<Result<usize, Refusal>>()?
        }
        other => return Err(mistyped(&path, other, "a string or a sequence")),
    };
    if chars > TEXT_QUERY_CHARS_MAX {
        let message = format!("{path} has at most {TEXT_QUERY_CHARS_MAX} characters, not {chars}");
        return Err(Refusal::invalid(message));
    }
    Ok(Some(query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::{AttrNo, AttrType, FullText, Op, Options, Scalar};

    fn read(text: &str) -> Result<Text, Refusal> {
        Text::read(Object::of("full_text", given(text)).unwrap())
    }

    fn text(fields: &[(&str, f64)], query: Given, weight: f64) -> Text {
        let fields = fields.iter().map(|(field, weight)| ((*field).into(), *weight)).collect();
        Text { fields, query, weight }
    }

    fn word() -> Given {
        Given::Text("x".into())
    }

    fn like(attribute: &str) -> Filter {
        let operand = Operand::Literal(word());
        let pattern = Pattern::Tokens { operand, which: Which::Any, last: LastToken::Itself };
        Filter::Like { attribute: attribute.into(), pattern }
    }

    #[test]
    fn one_field_or_several_are_read_with_their_weights() {
        let tokens = Given::List(vec![word(), Given::Text("y".into())]);
        for (said, expected) in [
            (r#"{"field":"a","query":"x"}"#, text(&[("a", 1.0)], word(), 0.5)),
            (r#"{"field":"a","query":["x","y"],"weight":2}"#, text(&[("a", 1.0)], tokens, 2.0)),
            (r#"{"fields":["a","b"],"query":"x"}"#, text(&[("a", 1.0), ("b", 1.0)], word(), 0.5)),
            (
                r#"{"fields":["a","b"],"query":"x","weights":[3,-0],"weight":0}"#,
                text(&[("a", 3.0), ("b", 0.0)], word(), 0.0),
            ),
            (
                r#"{"fields":["a","b","c"],"query":"x","weights":{"b":0.5,"c":null}}"#,
                text(&[("a", 1.0), ("b", 0.5), ("c", 1.0)], word(), 0.5),
            ),
        ] {
            assert_eq!(read(said).unwrap(), expected, "{said}");
        }
    }

    #[test]
    fn what_asks_for_no_text_is_refused_by_name() {
        let long = format!(r#"{{"field":"a","query":"{}"}}"#, "ü".repeat(TEXT_QUERY_CHARS_MAX + 1));
        let tokens = vec!["\"x\""; TOKENS_MAX + 1].join(",");
        let many = format!(r#"{{"field":"a","query":[{tokens}]}}"#);
        let half = format!("\"{}\"", "x".repeat(TEXT_QUERY_CHARS_MAX / 2 + 1));
        let together = format!(r#"{{"field":"a","query":[{half},{half}]}}"#);
        for (said, code, told) in [
            ("{}", "wrong_shape", "full_text: missing field `field`"),
            (r#"{"weights":[1],"query":"x"}"#, "wrong_shape", "full_text: missing field `field`"),
            (
                r#"{"feild":"a","query":"x","weight":1}"#,
                "unknown_field",
                "unknown field `full_text.feild`",
            ),
            (r#"{"field":"a"}"#, "wrong_shape", "full_text: missing field `query`"),
            (r#"{"field":7,"query":"x"}"#, "wrong_shape", "full_text.field: invalid type"),
            (r#"{"field":"a","fields":["b"],"query":"x"}"#, "invalid", "give one"),
            (r#"{"field":"a","query":"x","weights":[1]}"#, "invalid", "`weights` are of `fields`"),
            (r#"{"fields":[],"query":"x"}"#, "invalid", "full_text.fields has 1 to 64 fields"),
            (r#"{"fields":["a",1],"query":"x"}"#, "wrong_shape", "full_text.fields[1]: invalid"),
            (r#"{"fields":["a","b","a"],"query":"x"}"#, "invalid", "fields has `a` twice"),
            (
                r#"{"fields":["a","b"],"query":"x","weights":[1]}"#,
                "invalid",
                "full_text.weights has one weight of each field: 2, not 1",
            ),
            (
                r#"{"fields":["a","b"],"query":"x","weights":[1,-0.5]}"#,
                "invalid",
                "full_text.weights[1] is 0, or 0.000001 to 1000000, not -0.5",
            ),
            (
                r#"{"fields":["a","b"],"query":"x","weights":[1,"x"]}"#,
                "wrong_shape",
                "full_text.weights[1]: invalid type: string \"x\", expected a number",
            ),
            (
                r#"{"fields":["a"],"query":"x","weights":{"a":-1}}"#,
                "invalid",
                "full_text.weights.a is 0, or 0.000001 to 1000000, not -1.0",
            ),
            (
                r#"{"fields":["a"],"query":"x","weights":{"b":1}}"#,
                "unknown_field",
                "unknown field `full_text.weights.b`",
            ),
            (r#"{"fields":["a"],"query":"x","weights":1}"#, "wrong_shape", "full_text.weights:"),
            (r#"{"field":"a","query":"x","weight":-1}"#, "invalid", "full_text.weight is 0, or"),
            (r#"{"field":"a","query":7}"#, "wrong_shape", "full_text.query: invalid type"),
            (r#"{"field":"a","query":["x",7]}"#, "wrong_shape", "full_text.query[1]: invalid"),
            (&*long, "invalid", "full_text.query has at most 8192 characters, not 8193"),
            (&*many, "invalid", "full_text.query has at most 1024 tokens, not 1025"),
            (&*together, "invalid", "full_text.query has at most 8192 characters, not 8194"),
            (
                r#"{"field":"a","query":"x","operator":"and"}"#,
                "unknown_field",
                "unknown field `full_text.operator`",
            ),
        ] {
            let refusal = read(said).unwrap_err();
            assert_eq!(refusal.code(), code, "{said}: {}", refusal.story());
            assert!(refusal.story().contains(told), "{said}: {}", refusal.story());
        }
    }

    #[test]
    fn so_many_fields_may_be_searched_in_and_no_more() {
        let of = |count: usize| {
            let fields: Vec<String> = (0..count).map(|at| format!("\"f{at}\"")).collect();
            read(&format!(r#"{{"fields":[{}],"query":"x"}}"#, fields.join(",")))
        };
        assert_eq!(of(TEXT_FIELDS_MAX).unwrap().fields.len(), TEXT_FIELDS_MAX);
        let told = of(TEXT_FIELDS_MAX + 1).unwrap_err();
        assert!(told.story().contains("has 1 to 64 fields, not 65"), "{}", told.story());
    }

    /// With a weight of 1e-60 aggregations counted documents that no `top_k` showed: their scores
    /// were nothing once they were rounded.
    #[test]
    fn a_weight_is_nothing_or_within_bounds() {
        for (weight, told) in [
            ("0", Ok(0.0)),
            ("0.000001", Ok(WEIGHT_MIN)),
            ("1000000", Ok(WEIGHT_MAX)),
            ("1e-60", Err("1e-60")),
            ("0.0000009999", Err("9.999e-7")),
            ("1000000.5", Err("1000000.5")),
            ("1e300", Err("1e300")),
        ] {
            for (name, said) in [
                ("weight", format!(r#"{{"field":"a","query":"x","weight":{weight}}}"#)),
                ("weights[0]", format!(r#"{{"fields":["a"],"query":"x","weights":[{weight}]}}"#)),
                (
                    "weights.a",
                    format!(r#"{{"fields":["a"],"query":"x","weights":{{"a":{weight}}}}}"#),
                ),
            ] {
                match (read(&said), told) {
                    (Ok(text), Ok(told)) if name == "weight" => assert_eq!(text.weight, told),
                    (Ok(text), Ok(told)) => assert_eq!(text.fields[0].1, told),
                    (Err(refusal), Err(told)) => {
                        let bounds = "is 0, or 0.000001 to 1000000, not";
                        let expected = format!("full_text.{name} {bounds} {told}");
                        assert!(refusal.story().contains(&expected), "{}", refusal.story());
                    }
                    (odd, _) => panic!("{said}: {odd:?}"),
                }
            }
        }
    }

    #[test]
    fn a_score_is_the_sum_of_what_each_field_counts() {
        let part = |attribute: &str, weight| {
            let query = TextQuery { text: word(), last: LastToken::Itself };
            let score = Score::Text { attribute: attribute.into(), query };
            Score::Product(weight, Box::new(score))
        };
        let expected = Rank::Score(Score::Sum(vec![part("a", 1.0), part("b", 0.5)]));
        assert_eq!(text(&[("a", 1.0), ("b", 0.5)], word(), 0.5).rank(), expected);
    }

    #[test]
    fn what_is_found_has_a_word_in_a_field_that_counts_and_matches_the_filter() {
        let asked = text(&[("a", 1.0), ("b", 0.0)], word(), 0.5);
        let none = Filter::And(vec![like("b"), Filter::Or(Vec::new())]);
        let found = || Filter::Or(vec![like("a"), none.clone()]);
        assert_eq!(asked.within(None), found());
        let operand = Operand::Literal(Given::Int(1));
        let test = Filter::Test { attribute: "n".into(), op: Op::Eq, operand };
        let both = Filter::And(vec![test.clone(), found()]);
        assert_eq!(asked.within(Some(test.clone())), both);
        assert_eq!(asked.within(Some(Filter::And(vec![test]))), both);
    }

    #[test]
    fn a_field_that_cannot_be_asked_is_told_with_what_to_do() {
        let attribute = |kind, full_text| {
            let options = Options { full_text, ..Options::none() };
            Attribute { number: AttrNo(0), kind, options }
        };
        let (string, strings) = (AttrType::Scalar(Scalar::String), AttrType::Array(Scalar::String));
        let mut schema = Schema::default();
        for (name, attribute) in [
            ("t", attribute(string, Some(FullText::default()))),
            ("tokens", attribute(strings, Some(FullText::of(PRE_TOKENIZED)))),
            ("mute", attribute(string, None)),
            ("n", attribute(AttrType::Scalar(Scalar::Int), None)),
        ] {
            schema.attributes.insert(name.into(), attribute);
        }
        let tokens = || Given::List(vec![word()]);
        for (field, query, told) in [
            ("t", word(), None),
            ("tokens", tokens(), None),
            ("gone", word(), Some("full_text: `gone` is not in the schema")),
            ("mute", word(), Some("full_text: `mute` has no full text: create the namespace with")),
            ("n", word(), Some("full_text: `n` holds no text")),
            ("tokens", word(), Some("full_text: `tokens` holds tokens: `query` is a list")),
            ("t", tokens(), Some("full_text: `t` holds texts: `query` is a text")),
        ] {
            let complaint = text(&[(field, 1.0)], query, 0.5).complaint(&schema);
            let story = complaint.as_ref().map(Refusal::story).unwrap_or_default();
            assert_eq!(complaint.is_some(), told.is_some(), "{field}: {story}");
            assert!(story.contains(told.unwrap_or_default()), "{field}: {story}");
        }
    }
}
