//! Where the words of a text begin and end: one rule per tokenizer.

use std::ops::Range;

use alyze::uax29::word;

use crate::model::PRE_TOKENIZED;

use super::runs::Runs;

#[derive(Clone, Copy, Debug)]
pub(super) enum Words {
    /// UAX #29: what stands between two boundaries of words, and holds a letter, a digit, an
    /// ideograph or an emoji, of which a flag of two letters is none. `word_v4` and `word_v3`, which
    /// differ in the Unicode they know.
    Segments,
    Runs(Runs),
    /// The text is the token.
    Given,
}

impl Words {
    pub(super) fn of(tokenizer: &str) -> Self {
        match tokenizer {
            PRE_TOKENIZED => Self::Given,
            "word_v0" => Self::Runs(Runs::Letters),
            "word_v1" => Self::Runs(Runs::Emoji),
            "word_v2" => Self::Runs(Runs::Ideographs),
            _ => Self::Segments,
        }
    }

    pub(super) fn split(self, text: &str, mut each: impl FnMut(Range<usize>)) {
        match self {
            Self::Segments => {
                let mut start = 0;
                // It tells the end of each segment; the first one is empty.
                word::tokenize(text, word::Options::default(), |end, segment| {
                    if segment.is_word_like() {
                        each(start..end);
                    }
                    start = end;
                    true
                });
            }
            Self::Runs(runs) => runs.split(text, each),
            Self::Given => each(0..text.len()),
        }
    }
}
