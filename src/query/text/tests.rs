//! Scores beside the formula, document by document, and what is refused.

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::model::{Rank, Row, Score, Value};
use crate::query::samples::{
    alive, ask, bm25, id, ids, living, number, ranked, row, same, sorted, string, strings,
};

fn tokens(row: &Row, name: &str) -> Option<Vec<String>> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    match row.value(number(name))? {
        Value::String(text) => Some(words(text)),
        Value::Strings(texts) => Some(texts.iter().flat_map(|text| words(text)).collect()),
        _ => None,
    }
}

/// The formula of the header, document by document.
fn restated(rows: &[&Row], name: &str, question: &str, last: LastToken) -> Vec<(u64, f64)> {
    let texts: Vec<(u64, Vec<String>)> =
        rows.iter().filter_map(|row| Some((id(row), tokens(row, name)?))).collect();
    let n = texts.len() as f64;
    let mean = texts.iter().map(|(_, tokens)| tokens.len()).sum::<usize>() as f64 / n;
    let mut asked: Vec<&str> = question.split_whitespace().collect();
    let prefix = if last == LastToken::Prefix { asked.pop() } else { None };
    let distinct: BTreeSet<&str> = asked.iter().copied().collect();
    let (k1, b, k3) = (f64::from(1.2_f32), 0.75, 8.0);
    let score = |tokens: &[String]| {
        let mut score = 0.0;
        for term in &distinct {
            let holds = |tokens: &[String]| tokens.iter().any(|token| token == term);
            let df = texts.iter().filter(|(_, tokens)| holds(tokens)).count() as f64;
            let tf = tokens.iter().filter(|token| token == term).count() as f64;
            let q = asked.iter().filter(|token| *token == term).count() as f64;
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            let most = tf + k1 * (1.0 - b + b * tokens.len() as f64 / mean);
            let part = if tf > 0.0 { tf * (k1 + 1.0) / most } else { 0.0 };
            score += idf * part * q * (k3 + 1.0) / (q + k3);
        }
        let begins = prefix.is_some_and(|prefix| tokens.iter().any(|t| t.starts_with(prefix)));
        score + if begins { 1.0 } else { 0.0 }
    };
    let scores = texts.iter().map(|(id, tokens)| (*id, score(tokens)));
    scores.filter(|(_, score)| *score > 0.0).collect()
}

fn any_documents() -> impl Strategy<Value = Vec<Row>> {
    let text = || prop::option::of("([ab]{1,2} ){0,6}");
    let lines = prop::option::of(prop::collection::vec("([ab]{1,2} ){0,3}", 0..3));
    prop::collection::vec((text(), lines), 0..20).prop_map(|documents| {
        let document = |(at, (text, lines)): (usize, (Option<String>, Option<Vec<String>>))| {
            let mut values = Vec::new();
            values.extend(text.map(|text| ("text", string(&text))));
            let lines = lines.map(|lines| {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                ("lines", strings(&lines))
            });
            values.extend(lines);
            row(at as u64, &values)
        };
        documents.into_iter().enumerate().map(document).collect()
    })
}

proptest! {
    #[test]
    fn scores_are_those_of_the_formula_however_the_rows_are_cut(
        rows in any_documents(),
        dead in prop::collection::vec(prop::bool::weighted(0.2), 20),
        question in "([abc]{1,2} ){0,5}",
        name in prop::sample::select(vec!["text", "lines"]),
        last in prop::sample::select(vec![LastToken::Itself, LastToken::Prefix]),
        block_rows in 1..21_usize,
    ) {
        let query = ranked(Rank::Score(bm25(name, &question, last)));
        let answer = ask(&living(&rows, block_rows, &dead), &query).unwrap();
        let expected = sorted(restated(&alive(&rows, &dead), name, &question, last));
        prop_assert!(same(&answer, &expected), "{answer:?} {expected:?}");
        let whole = ask(&living(&rows, 100, &dead), &query).unwrap();
        prop_assert_eq!(answer, whole);
    }
}

#[test]
fn tokens_that_are_given_are_asked_for_as_they_are() {
    let rows = [
        row(1, &[("words", strings(&["New York", "b"]))]),
        row(2, &[("words", strings(&["New", "York"]))]),
        row(3, &[("words", strings(&["new york"]))]),
    ];
    let query = |tokens: &[&str], last| {
        let text = tokens.iter().map(|token| Given::Text((*token).into())).collect();
        let query = TextQuery { text: Given::List(text), last };
        ranked(Rank::Score(Score::Text { attribute: "words".into(), query }))
    };
    let living = living(&rows, 2, &[]);
    let found = |tokens, last| ids(&ask(&living, &query(tokens, last)).unwrap());
    assert_eq!(found(&["New York"], LastToken::Itself), [1]);
    assert_eq!(found(&["New"], LastToken::Prefix), [1, 2]);
    assert_eq!(found(&[], LastToken::Prefix), Vec::<u64>::new());
}

#[test]
fn a_question_of_the_wrong_kind_is_refused_in_words_that_clients_match() {
    let living = living(&[], 1, &[]);
    let refused = |name: &str, text: Given| {
        let query = TextQuery { text, last: LastToken::Itself };
        let score = Score::Text { attribute: name.into(), query };
        let error = ask(&living, &ranked(Rank::Score(score))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.to_string()
    };
    let text = |text: &str| Given::Text(text.into());
    let list = Given::List(vec![text("a"), text("b")]);
    assert_eq!(
        refused("text", list),
        "invalid input '[a, b]' for rank_by field \"text\", expecting string"
    );
    let told = refused("words", text("a"));
    assert!(told.contains("for rank_by field \"words\", expecting []string"), "{told}");
    assert!(refused("words", Given::List(vec![Given::Int(1)])).contains("[]string"));
    assert!(refused("s", text("a")).contains("'s' has to be declared with full_text_search"));
    assert!(refused("i", text("a")).contains("'i' is of type int: BM25 ranks texts"));
    assert!(refused("gone", text("a")).contains("attribute not found: `gone`"));
    let long = "a ".repeat(TEXT_QUERY_CHARS_MAX);
    assert!(refused("text", text(&long)).contains("8192"));
}
