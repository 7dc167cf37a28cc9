//! The words of the contract that clients say, and how often a request with each of them was
//! acknowledged: what nobody said was not tried.

use std::fmt::Write;

use crate::counts::Count;

/// Those of requests to write and to describe.
const WORDS: [&str; 21] = [
    "upsert_rows",
    "upsert_columns",
    "patch_rows",
    "patch_columns",
    "deletes",
    "patch_by_filter",
    "patch_by_filter_allow_partial",
    "delete_by_filter",
    "delete_by_filter_allow_partial",
    "upsert_condition",
    "patch_condition",
    "delete_condition",
    "$ref_new",
    "schema",
    "distance_metric",
    "create_namespace",
    "return_affected_ids",
    "disable_backpressure",
    "drop",
    "pinning",
    "read_only",
];

#[derive(Debug, Default)]
pub(crate) struct Words([Count; WORDS.len()]);

impl Words {
    pub(crate) fn heard(&self, body: &str) {
        for (word, count) in WORDS.iter().zip(&self.0) {
            if says(body, word) {
                count.add();
            }
        }
    }

    /// Those that were in no request which was acknowledged.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let many = WORDS.into_iter().zip(&self.0);
        many.filter(|(_, count)| count.get() == 0).map(|(word, _)| word).collect()
    }

    pub(crate) fn told(&self) -> String {
        let mut told = String::new();
        for (word, count) in WORDS.iter().zip(&self.0) {
            let comma = if told.is_empty() { "" } else { ", " };
            // To write to a string cannot fail.
            write!(told, "{comma}{word} {}", count.get()).unwrap();
        }
        told
    }
}

/// As a key of an object. No text that a client writes has a quotation mark.
fn says(body: &str, word: &str) -> bool {
    body.contains(&format!("\"{word}\":"))
}

#[test]
fn a_word_is_heard_where_it_is_a_key() {
    let words = Words::default();
    assert_eq!(words.missing(), WORDS);
    words.heard(
        r#"{"upsert_rows":[{"id":"deletes"}],"upsert_condition":["n","Lt",{"$ref_new":"n"}]}"#,
    );
    words.heard(r#"{"upsert_rows":[]}"#);
    let missing = words.missing();
    for word in WORDS {
        let heard = ["upsert_rows", "upsert_condition", "$ref_new"].contains(&word);
        assert_eq!(!missing.contains(&word), heard, "{word}");
    }
    assert!(words.told().starts_with("upsert_rows 2, upsert_columns 0, "), "{}", words.told());
}
