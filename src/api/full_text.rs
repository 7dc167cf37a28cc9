//! The settings of full text, which both contracts spell alike: a boolean, or an object of what
//! differs from the defaults.

use serde::Serialize;

use super::error::Refusal;
use super::json::{Object, mistyped, quoted};
use crate::model::{FullText, Given, MAX_TOKEN_LENGTH_MAX, PRE_TOKENIZED};

/// `None`: switched off.
pub(super) fn read(path: &str, given: Given) -> Result<Option<FullText>, Refusal> {
    match given {
        Given::Bool(true) => Ok(Some(FullText::default())),
        Given::Bool(false) => Ok(None),
        Given::Map(_) => settings(path, Object::of(path, given)?).map(Some),
        other => Err(mistyped(path, &other, "a boolean or an object")),
    }
}

fn settings(path: &str, mut object: Object) -> Result<FullText, Refusal> {
    let mut settings = match object.text("tokenizer")? {
        Some(tokenizer) => FullText::of(&tokenizer),
        None => FullText::default(),
    };
    if let Some(language) = object.text("language")? {
        if *settings.tokenizer == *PRE_TOKENIZED {
            let path = object.path_of("language");
            return Err(Refusal::invalid(format!(
                "{path} is not for the tokenizer {PRE_TOKENIZED}"
            )));
        }
        settings.language = language;
    }
    settings.case_sensitive = object.truth("case_sensitive")?.unwrap_or(settings.case_sensitive);
    settings.stemming = object.truth("stemming")?.unwrap_or(settings.stemming);
    settings.remove_stopwords =
        object.truth("remove_stopwords")?.unwrap_or(settings.remove_stopwords);
    settings.ascii_folding = object.truth("ascii_folding")?.unwrap_or(settings.ascii_folding);
    settings.k1 = object.number("k1")?.map_or(settings.k1, |number| number as f32);
    settings.b = object.number("b")?.map_or(settings.b, |number| number as f32);
    settings.k3 = object.number("k3")?.map_or(settings.k3, |number| number as f32);
    if let Some(length) = object.count("max_token_length")? {
        settings.max_token_length = u8::try_from(length).map_err(|_| {
            let (path, max) = (quoted(path), MAX_TOKEN_LENGTH_MAX);
            Refusal::invalid(format!("{path}.max_token_length is 1 to {max}, not {length}"))
        })?;
    }
    // Beginnings of words are found without an index of their own, so there is nothing to remember.
    object.truth("index_prefixes")?;
    object.end()?;
    Ok(settings)
}

/// All ten, and none else.
#[derive(Serialize)]
pub(super) struct Settings<'a> {
    k1: f32,
    k3: f32,
    b: f32,
    language: &'a str,
    stemming: bool,
    max_token_length: u8,
    remove_stopwords: bool,
    ascii_folding: bool,
    case_sensitive: bool,
    tokenizer: &'a str,
}

impl<'a> Settings<'a> {
    pub(super) fn of(full_text: &'a FullText) -> Self {
        Self {
            k1: full_text.k1,
            k3: full_text.k3,
            b: full_text.b,
            language: &full_text.language,
            stemming: full_text.stemming,
            max_token_length: full_text.max_token_length,
            remove_stopwords: full_text.remove_stopwords,
            ascii_folding: full_text.ascii_folding,
            case_sensitive: full_text.case_sensitive,
            tokenizer: &full_text.tokenizer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    #[test]
    fn what_is_not_said_has_its_default() {
        let read = |text| read("a.full_text_search", given(text)).unwrap();
        assert_eq!(read("false"), None);
        assert_eq!(read("true"), Some(FullText::default()));
        let french = FullText { language: "french".into(), k1: 0.9, ..FullText::default() };
        assert_eq!(read(r#"{"language":"french","k1":0.9}"#), Some(french));
        let tokens = read(r#"{"tokenizer":"pre_tokenized_array"}"#).unwrap();
        assert!(tokens.case_sensitive);
    }

    #[test]
    fn an_index_of_prefixes_is_nothing_to_be_remembered() {
        for said in [r#"{"index_prefixes":true}"#, r#"{"index_prefixes":false}"#] {
            assert_eq!(read("a", given(said)).unwrap(), Some(FullText::default()), "{said}");
        }
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for (text, told) in [
            ("1", "a: invalid type: integer `1`, expected a boolean or an object"),
            (r#"{"stemming":1}"#, "a.stemming: invalid type: integer `1`, expected a boolean"),
            (r#"{"max_token_length":300}"#, "a.max_token_length is 1 to 254, not 300"),
            (
                r#"{"index_prefixes":1}"#,
                "a.index_prefixes: invalid type: integer `1`, expected a boolean",
            ),
            (r#"{"lang":"french"}"#, "unknown field `a.lang`"),
        ] {
            let refusal = read("a", given(text)).unwrap_err();
            assert!(refusal.story().contains(told), "{}", refusal.story());
        }
    }

    #[test]
    fn all_settings_are_printed() {
        let full_text = FullText::default();
        assert_eq!(
            serde_json::to_string(&Settings::of(&full_text)).unwrap(),
            "{\"k1\":1.2,\"k3\":8.0,\"b\":0.75,\"language\":\"english\",\"stemming\":false,\
             \"max_token_length\":39,\"remove_stopwords\":false,\"ascii_folding\":false,\
             \"case_sensitive\":false,\"tokenizer\":\"word_v4\"}"
        );
    }
}
