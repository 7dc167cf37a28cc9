//! Folding to ASCII: `é` is found as `e`, `œ` as `oe`, `①` as `1`.
//!
//! The table is alyze's, which is Lucene's. It keeps it to itself, and is asked for one word at a
//! time.

use alyze::analyze::{AnalysisOptions, Analyzer, ReusableBuffer, TokenizerOptions};

use crate::model::FullText;

#[derive(Clone, Copy, Debug)]
pub(super) struct Folding(AnalysisOptions);

impl Folding {
    pub(super) fn of(options: &FullText) -> Self {
        Self(AnalysisOptions {
            tokenizer: TokenizerOptions::Whitespace,
            maximum_token_length: None,
            // Of some small letters the table makes capitals.
            case_sensitive: options.case_sensitive,
            stopword_removal: None,
            stemming: None,
            ascii_folding: true,
        })
    }

    /// What has no likeness in ASCII stays as it is. `folded` is where a word is written that does
    /// not.
    pub(super) fn fold<'a>(
        self,
        word: &'a str,
        folded: &'a mut String,
        scratch: &mut ReusableBuffer,
    ) -> &'a str {
        if word.is_ascii() {
            return word;
        }
        folded.clear();
        let mut told = 0;
        // It tells what stands between spaces, which a token that was given may hold.
        Analyzer::new(self.0).analyze(word, scratch, |part| {
            folded.push_str(&word[told..part.byte_range.start]);
            folded.push_str(part.text);
            told = part.byte_range.end;
            true
        });
        folded.push_str(&word[told..]);
        folded.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(options: &FullText, word: &str) -> String {
        let mut folded = "what was there before".to_owned();
        Folding::of(options).fold(word, &mut folded, &mut ReusableBuffer::new()).to_owned()
    }

    #[test]
    fn letters_lose_their_marks() {
        for (word, ascii) in [
            ("walrus", "walrus"),
            ("crème", "creme"),
            ("ærøskøbing", "aeroskobing"),
            ("straße", "strasse"),
            ("ｆｕｌｌ", "full"),
            ("ﬁn", "fin"),
            ("①", "1"),
            ("ệ", "e"),
            ("日本", "日本"),
            ("ω", "ω"),
        ] {
            assert_eq!(folded(&FullText::default(), word), ascii);
        }
    }

    #[test]
    fn capitals_stay_where_case_counts_and_come_up_nowhere_else() {
        let sensitive = FullText { case_sensitive: true, ..FullText::default() };
        assert_eq!(folded(&sensitive, "Émile"), "Emile");
        assert_eq!(folded(&sensitive, "\u{1d00}"), "A");
        assert_eq!(folded(&FullText::default(), "\u{1d00}"), "a");
    }

    #[test]
    fn spaces_stay_in_their_place() {
        assert_eq!(folded(&FullText::default(), " \u{a0}são  paulo "), " \u{a0}sao  paulo ");
        assert_eq!(folded(&FullText::default(), "\u{a0}"), "\u{a0}");
    }
}
