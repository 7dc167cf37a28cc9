//! From a text to its tokens: the same way for what is stored and for what is asked, or the two
//! would never meet.
//!
//! A text is cut into words. Each is lower-cased, dropped if it is too long or a stop word, stemmed
//! and folded to ASCII, in this order and as far as the options say so. What is dropped leaves its
//! position empty: the words around it are as far from each other as they were.
//!
//! Where the contract is silent:
//!
//! - Lower-casing goes character by character, as the tokenizer's own does: `Σ` becomes `σ` at the
//!   end of a word too.
//! - With `case_sensitive`, the stemmer is handed the word as it stands, and knows few endings in
//!   capitals; a stop word is one in lower case only.
//! - A word of which stemming would leave nothing stays as it is.
//! - A token that is given (`pre_tokenized_array`) is neither cut, lower-cased, stemmed nor taken
//!   for a stop word, and is never too long. That it can be folded, the contract excludes nowhere.

mod case;
mod emoji;
mod folding;
mod runs;
mod stems;
mod stop_words;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;
use std::ops::Range;

use alyze::analyze::ReusableBuffer;

use crate::model::{Case, FullText};

use folding::Folding;
use stems::Stems;
use stop_words::StopWords;
use words::Words;

#[derive(Clone, Debug)]
pub struct Analyzer {
    words: Words,
    case: Case,
    bytes_max: usize,
    stop_words: Option<StopWords>,
    stems: Option<Stems>,
    folding: Option<Folding>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    /// Of the words that were cut, dropped ones and all, from zero.
    pub position: u32,
    /// Where its word stands in the text as it was given.
    pub bytes: Range<usize>,
}

/// Room to work in, kept from text to text.
#[derive(Debug)]
pub struct Reading {
    lower: String,
    folded: String,
    scratch: ReusableBuffer,
}

impl Default for Reading {
    fn default() -> Self {
        Self { lower: String::new(), folded: String::new(), scratch: ReusableBuffer::new() }
    }
}

impl Analyzer {
    /// Of options that were checked.
    pub fn of(options: &FullText) -> Self {
        let language = &options.language;
        let words = Words::of(&options.tokenizer);
        Self {
            words,
            case: if options.case_sensitive { Case::Matters } else { Case::Ignored },
            // What is given as a token is one, be it a hash of 64 digits.
            bytes_max: match words {
                Words::Given => usize::MAX,
                _ => {
                    let more = crate::slip!("a token may be longer by a byte");
                    usize::from(options.max_token_length) + usize::from(more)
                }
            },
            stop_words: (options.remove_stopwords && !crate::slip!("no stop word is removed"))
                .then(|| StopWords::of(language))
                .flatten(),
            stems: options.stemming.then(|| Stems::of(language)).flatten(),
            folding: options.ascii_folding.then(|| Folding::of(options)),
        }
    }

    /// The tokens of a text, in their order.
    pub fn tokens(&self, text: &str, each: &mut dyn FnMut(Token<'_>)) {
        self.tokens_in(text, &mut Reading::default(), each);
    }

    /// The same of one of many texts.
    pub fn tokens_in(&self, text: &str, reading: &mut Reading, each: &mut dyn FnMut(Token<'_>)) {
        let Reading { lower, folded, scratch } = reading;
        let mut positions = 0;
        self.words.split(text, |bytes| {
            let position = positions;
            positions += 1;
            let word = &text[bytes.clone()];
            let kept = case::kept(word, self.case, self.bytes_max, lower);
            let Some(word) = kept else { return };
            if self.stop_words.is_some_and(|list| list.holds(word, scratch)) {
                return;
            }
            let stem = match self.stems {
                Some(stems) => stems.stem(word),
                None => Cow::Borrowed(word),
            };
            let text: &str = match self.folding {
                Some(folding) => folding.fold(&stem, folded, scratch),
                None => &stem,
            };
            each(Token { text, position, bytes });
        });
    }
}
