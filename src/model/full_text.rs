//! How text becomes tokens and how they score: what holds if nothing is said, and what can be said.

use super::given::short;
use super::{AttrType, FullText, Scalar};

/// The tokenizer of an attribute that holds its tokens itself, as an array.
pub const PRE_TOKENIZED: &str = "pre_tokenized_array";

const TOKENIZER: &str = "word_v4";
const LANGUAGE: &str = "english";
const MAX_TOKEN_LENGTH: u8 = 39;
pub const MAX_TOKEN_LENGTH_MAX: u8 = 254;

pub const TOKENIZERS: [&str; 6] =
    ["word_v4", "word_v3", "word_v2", "word_v1", "word_v0", PRE_TOKENIZED];
pub const LANGUAGES: [&str; 18] = [
    "arabic",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hungarian",
    "italian",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
];
/// Of which nobody has told the stop words.
pub const LANGUAGES_WITHOUT_STOP_WORDS: [&str; 5] =
    ["arabic", "greek", "romanian", "tamil", "turkish"];

impl Default for FullText {
    fn default() -> Self {
        Self::of(TOKENIZER)
    }
}

impl FullText {
    /// The defaults under a tokenizer: tokens that are given as they are keep their case.
    pub fn of(tokenizer: &str) -> Self {
        Self {
            tokenizer: tokenizer.into(),
            language: LANGUAGE.into(),
            case_sensitive: tokenizer == PRE_TOKENIZED,
            stemming: false,
            remove_stopwords: false,
            ascii_folding: false,
            max_token_length: MAX_TOKEN_LENGTH,
            k1: 1.2,
            b: 0.75,
            k3: 8.0,
        }
    }

    /// Whether an attribute of this type can be searched so; if not, why.
    pub fn check(&self, kind: AttrType) -> Result<(), String> {
        if !kind.is_text() {
            return Err(format!("full_text_search is for string and []string, not for {kind}"));
        }
        if !TOKENIZERS.contains(&&*self.tokenizer) {
            let (odd, known) = (short(&self.tokenizer), TOKENIZERS.join(", "));
            return Err(format!("unknown tokenizer '{odd}', expected one of {known}"));
        }
        if !LANGUAGES.contains(&&*self.language) {
            let (odd, known) = (short(&self.language), LANGUAGES.join(", "));
            return Err(format!("unknown language '{odd}', expected one of {known}"));
        }
        if self.remove_stopwords && LANGUAGES_WITHOUT_STOP_WORDS.contains(&&*self.language) {
            let language = &self.language;
            return Err(format!(
                "remove_stopwords is not for {language}, of which there is no list of stop words"
            ));
        }
        if !(1..=MAX_TOKEN_LENGTH_MAX).contains(&self.max_token_length) {
            let odd = self.max_token_length;
            return Err(format!("max_token_length is 1 to {MAX_TOKEN_LENGTH_MAX}, not {odd}"));
        }
        for (name, weight) in [("k1", self.k1), ("k3", self.k3)] {
            if !(weight.is_finite() && weight > 0.0) {
                return Err(format!("{name} is above 0, not {weight}"));
            }
        }
        if !(0.0..=1.0).contains(&self.b) {
            return Err(format!("b is 0 to 1, not {}", self.b));
        }
        if *self.tokenizer == *PRE_TOKENIZED { self.check_pre_tokenized(kind) } else { Ok(()) }
    }

    fn check_pre_tokenized(&self, kind: AttrType) -> Result<(), String> {
        if kind != AttrType::Array(Scalar::String) {
            return Err(format!("tokenizer {PRE_TOKENIZED} is for []string, not for {kind}"));
        }
        let odd = if *self.language != *LANGUAGE {
            "a language"
        } else if self.stemming {
            "stemming"
        } else if self.remove_stopwords {
            "remove_stopwords"
        } else if !self.case_sensitive {
            "case_sensitive: false"
        } else {
            return Ok(());
        };
        Err(format!("tokenizer {PRE_TOKENIZED} takes tokens as they are and cannot have {odd}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRING: AttrType = AttrType::Scalar(Scalar::String);
    const STRINGS: AttrType = AttrType::Array(Scalar::String);

    #[test]
    fn the_defaults_are_those_of_the_contract_and_allowed() {
        let default = FullText::default();
        assert_eq!((&*default.tokenizer, &*default.language), ("word_v4", "english"));
        assert_eq!((default.k1, default.b, default.k3), (1.2, 0.75, 8.0));
        assert_eq!(default.max_token_length, 39);
        assert!(!default.case_sensitive && !default.stemming && !default.remove_stopwords);
        assert_eq!(default.check(STRING), Ok(()));
        assert_eq!(default.check(STRINGS), Ok(()));
        assert_eq!(FullText::of(PRE_TOKENIZED).check(STRINGS), Ok(()));
    }

    #[test]
    fn only_text_can_be_searched() {
        for kind in [AttrType::Scalar(Scalar::Int), AttrType::Array(Scalar::Uuid), AttrType::Sparse]
        {
            let told = FullText::default().check(kind).unwrap_err();
            assert!(told.contains(&kind.to_string()), "{told}");
        }
        let told = FullText::of(PRE_TOKENIZED).check(STRING).unwrap_err();
        assert!(told.contains("[]string"), "{told}");
    }

    #[test]
    fn what_is_out_of_range_is_told_by_its_name() {
        let refused = |change: &dyn Fn(&mut FullText), name: &str| {
            let mut options = FullText::default();
            change(&mut options);
            let told = options.check(STRING).unwrap_err();
            assert!(told.contains(name), "{told}");
        };
        refused(&|options| options.tokenizer = "word_v9".into(), "'word_v9'");
        refused(&|options| options.language = "klingon".into(), "'klingon'");
        refused(&|options| options.max_token_length = 0, "max_token_length");
        refused(&|options| options.max_token_length = 255, "max_token_length");
        for odd in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            refused(&|options| options.k1 = odd, "k1");
            refused(&|options| options.k3 = odd, "k3");
        }
        for odd in [-0.1, 1.1, f32::NAN] {
            refused(&|options| options.b = odd, "b is");
        }
    }

    /// They were left where they were, and nobody was told.
    #[test]
    fn what_has_no_stop_words_is_not_stripped_of_them() {
        for language in LANGUAGES {
            let language = language.into();
            let options = FullText { language, remove_stopwords: true, ..FullText::default() };
            let has_none = LANGUAGES_WITHOUT_STOP_WORDS.contains(&&*options.language);
            match options.check(STRING) {
                Ok(()) => assert!(!has_none, "{}", options.language),
                Err(told) => {
                    let named =
                        told.contains("remove_stopwords") && told.contains(&*options.language);
                    assert!(has_none && named, "{told}");
                }
            }
            let kept = FullText { remove_stopwords: false, ..options };
            assert_eq!(kept.check(STRING), Ok(()));
        }
    }

    #[test]
    fn tokens_that_are_given_are_not_touched() {
        let refused = |change: &dyn Fn(&mut FullText), name: &str| {
            let mut options = FullText::of(PRE_TOKENIZED);
            change(&mut options);
            let told = options.check(STRINGS).unwrap_err();
            assert!(told.contains(name), "{told}");
        };
        refused(&|options| options.language = "german".into(), "language");
        refused(&|options| options.stemming = true, "stemming");
        refused(&|options| options.remove_stopwords = true, "remove_stopwords");
        refused(&|options| options.case_sensitive = false, "case_sensitive");
    }
}
