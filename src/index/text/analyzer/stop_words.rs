//! Stop words: what stands in every text of a language tells none from another.
//!
//! The lists are alyze's, those that the contract was made with: Snowball's, and for English the 33
//! words of Lucene. It keeps them to itself, and is asked about one word at a time.

use alyze::analyze::{
    AnalysisOptions, Analyzer, LanguageWithStopwords, ReusableBuffer, StopwordRemoval,
    TokenizerOptions,
};
use alyze::uax29::word;

#[derive(Clone, Copy, Debug)]
pub(super) struct StopWords(AnalysisOptions);

impl StopWords {
    /// Nothing for a language that has no list. It cannot be declared any more that its stop words
    /// are removed; where it was, none are.
    pub(super) fn of(language: &str) -> Option<Self> {
        let language = match language {
            "danish" => LanguageWithStopwords::Danish,
            "dutch" => LanguageWithStopwords::Dutch,
            "english" => LanguageWithStopwords::English,
            "finnish" => LanguageWithStopwords::Finnish,
            "french" => LanguageWithStopwords::French,
            "german" => LanguageWithStopwords::German,
            "hungarian" => LanguageWithStopwords::Hungarian,
            "italian" => LanguageWithStopwords::Italian,
            "norwegian" => LanguageWithStopwords::Norwegian,
            "portuguese" => LanguageWithStopwords::Portuguese,
            "russian" => LanguageWithStopwords::Russian,
            "spanish" => LanguageWithStopwords::Spanish,
            "swedish" => LanguageWithStopwords::Swedish,
            _ => return None,
        };
        Some(Self(AnalysisOptions {
            tokenizer: TokenizerOptions::UAX29Word(word::Options::default()),
            maximum_token_length: None,
            case_sensitive: false,
            stopword_removal: Some(StopwordRemoval::ForLanguage(language)),
            stemming: None,
            ascii_folding: false,
        }))
    }

    pub(super) fn holds(self, word: &str, scratch: &mut ReusableBuffer) -> bool {
        // Whom we ask would lower-case it first.
        if word.contains(char::is_uppercase) {
            return false;
        }
        let mut stays = false;
        Analyzer::new(self.0).analyze(word, scratch, |_| {
            stays = true;
            false
        });
        !stays && is_one_word(word)
    }
}

/// Nothing is left of what holds no word either, nor of several stop words in a row.
fn is_one_word(text: &str) -> bool {
    let mut is_one = false;
    word::tokenize(text, word::Options::default(), |end, segment| {
        is_one = end == text.len() && segment.is_word_like();
        end == 0
    });
    is_one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LANGUAGES, LANGUAGES_WITHOUT_STOP_WORDS};

    fn is_stop_word(language: &str, word: &str) -> bool {
        StopWords::of(language).expect(language).holds(word, &mut ReusableBuffer::new())
    }

    #[test]
    fn a_language_has_its_list() {
        for (language, word) in [
            ("danish", "ikke"),
            ("dutch", "het"),
            ("english", "the"),
            ("finnish", "minä"),
            ("french", "dans"),
            ("german", "und"),
            ("hungarian", "hogy"),
            ("italian", "della"),
            ("norwegian", "ikke"),
            ("portuguese", "não"),
            ("russian", "что"),
            ("spanish", "los"),
            ("swedish", "och"),
        ] {
            assert!(is_stop_word(language, word), "{language}: {word}");
            assert!(!is_stop_word(language, "walrus"), "{language}");
        }
    }

    #[test]
    fn the_stop_words_of_english_are_those_of_lucene() {
        let lucene = "a an and are as at be but by for if in into is it no not of on or such that the \
                      their then there these they this to was will with";
        assert_eq!(lucene.split(' ').count(), 33);
        for word in lucene.split(' ') {
            assert!(is_stop_word("english", word), "{word}");
        }
        // Some that Snowball has beside them.
        for word in ["i", "we", "myself", "from", "has", "very", "what", "been"] {
            assert!(!is_stop_word("english", word), "{word}");
        }
    }

    #[test]
    fn some_languages_have_none() {
        let none = LANGUAGES.into_iter().filter(|language| StopWords::of(language).is_none());
        assert!(none.eq(LANGUAGES_WITHOUT_STOP_WORDS));
    }

    #[test]
    fn only_the_word_itself_is_one() {
        for text in ["", "The", "the cat", "the the", " the", "the,", "ー", ",", "that's"] {
            assert!(!is_stop_word("english", text), "{text:?}");
        }
    }
}
