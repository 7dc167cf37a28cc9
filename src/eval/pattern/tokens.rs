//! Values as the tokens that patterns are held against. To make tokens of a text costs far more than to
//! look for one among them, so they are made once of each value, however many patterns ask.
//!
//! They are kept by the rows of their values, which are those of one attribute, until they are forgotten.
//! Whoever keeps them bounds how much that is.

use std::sync::Arc;

use crate::index::text::{Analyzer, Reading, Token};
use crate::model::{FullText, PRE_TOKENIZED};

/// What makes tokens of the texts of one attribute.
#[derive(Clone, Debug)]
pub(in crate::eval) struct Reader {
    options: FullText,
    analyzer: Arc<Analyzer>,
}

#[derive(Debug, Default)]
pub(super) struct Tokens {
    reading: Reading,
    /// Of all tokens, one behind the other.
    letters: String,
    kept: Vec<Kept>,
    /// Of each value which tokens it may have: the bit that stands for a token is set, and seldom that of
    /// another.
    marks: Vec<u64>,
    /// By row.
    spans: Vec<Option<Span>>,
    #[cfg(test)]
    reads: usize,
}

#[derive(Debug)]
struct Kept {
    /// Where its letters end, and those of the next one begin.
    end: usize,
    position: u64,
}

/// What is kept of one value.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    end: usize,
    first_mark: usize,
}

/// The tokens of one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    tokens: &'a Tokens,
    span: Span,
}

impl Reader {
    /// Of options that were checked.
    pub(in crate::eval) fn of(options: &FullText) -> Self {
        Self { options: options.clone(), analyzer: Arc::new(Analyzer::of(options)) }
    }

    /// Whether tokens are given as they are.
    pub(super) fn takes_tokens(&self) -> bool {
        *self.options.tokenizer == *PRE_TOKENIZED
    }

    pub(super) fn tokens(&self, text: &str, each: &mut dyn FnMut(Token<'_>)) {
        self.analyzer.tokens(text, each);
    }
}

impl PartialEq for Reader {
    fn eq(&self, other: &Self) -> bool {
        self.options == other.options
    }
}

impl Tokens {
    /// Those of the value of this row. Its texts are read if they were not before.
    pub(super) fn of<'t>(
        &mut self,
        row: usize,
        reader: &Reader,
        texts: impl Iterator<Item = &'t str>,
    ) -> Value<'_> {
        if self.spans.len() <= row {
            self.spans.resize(row + 1, None);
        }
        let span = match self.spans[row] {
            Some(span) => span,
            None => {
                let span = self.read(reader, texts);
                self.spans[row] = Some(span);
                span
            }
        };
        Value { tokens: self, span }
    }

    /// Rows are others from here on.
    pub(super) fn forget(&mut self) {
        self.letters.clear();
        self.kept.clear();
        self.marks.clear();
        self.spans.clear();
    }

    /// How many values were read.
    #[cfg(test)]
    pub(super) fn reads(&self) -> usize {
        self.reads
    }

    fn read<'t>(&mut self, reader: &Reader, texts: impl Iterator<Item = &'t str>) -> Span {
        #[cfg(test)]
        {
            self.reads += 1;
        }
        let Self { reading, letters, kept, .. } = self;
        let first = kept.len();
        for (number, text) in (0_u64..).zip(texts) {
            // Where texts are tokens, they stand side by side; others are too far apart for any question.
            let begins = if reader.takes_tokens() { number } else { number << 32 };
            reader.analyzer.tokens_in(text, reading, &mut |token: Token<'_>| {
                letters.push_str(token.text);
                kept.push(Kept {
                    end: letters.len(),
                    position: begins + u64::from(token.position),
                });
            });
        }
        let span = Span { first, end: kept.len(), first_mark: self.marks.len() };
        let words = span.mark_words();
        self.marks.resize(span.first_mark + words, 0);
        for at in span.first..span.end {
            let (word, bit) = place(mark(self.text(at)), words);
            self.marks[span.first_mark + word] |= bit;
        }
        span
    }

    fn text(&self, at: usize) -> &str {
        let begin = at.checked_sub(1).map_or(0, |before| self.kept[before].end);
        &self.letters[begin..self.kept[at].end]
    }
}

impl Span {
    /// Eight bits a token or more.
    fn mark_words(&self) -> usize {
        (self.end - self.first).div_ceil(8).next_power_of_two()
    }
}

impl<'a> Value<'a> {
    /// Each with where it stands, in this order.
    pub(super) fn each(self) -> impl Iterator<Item = (&'a str, u64)> {
        let Self { tokens, span } = self;
        (span.first..span.end).map(move |at| (tokens.text(at), tokens.kept[at].position))
    }

    /// Whether it may have the token of this mark. If not, it has it not.
    pub(super) fn may_have(self, mark: u64) -> bool {
        let (word, bit) = place(mark, self.span.mark_words());
        self.tokens.marks[self.span.first_mark + word] & bit != 0
    }
}

/// What a token is known by in haste (FNV-1a).
pub(super) fn mark(token: &str) -> u64 {
    token.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |mark, byte| {
        (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Which of so many words, a power of two, and which of its bits.
fn place(mark: u64, words: usize) -> (usize, u64) {
    ((mark >> 6) as usize & (words - 1), 1 << (mark & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: Value<'_>) -> Vec<(&str, u64)> {
        value.each().collect()
    }

    #[test]
    fn a_value_is_read_once_until_it_is_forgotten() {
        let reader = Reader::of(&FullText::default());
        let mut tokens = Tokens::default();
        for _ in 0..3 {
            // The rows come in any order, and whoever comes first says what stands there.
            for (row, text) in [(7, "the Fox"), (0, ""), (2, "a walrus a")] {
                tokens.of(row, &reader, [text].into_iter());
            }
        }
        assert_eq!(tokens.reads(), 3);
        let unread = || std::iter::from_fn(|| panic!("it is read again"));
        assert_eq!(told(tokens.of(7, &reader, unread())), [("the", 0), ("fox", 1)]);
        assert!(told(tokens.of(0, &reader, unread())).is_empty());
        let walrus = [("a", 0), ("walrus", 1), ("a", 2)];
        assert_eq!(told(tokens.of(2, &reader, unread())), walrus);
        tokens.forget();
        assert_eq!(told(tokens.of(7, &reader, ["seal"].into_iter())), [("seal", 0)]);
        assert_eq!(tokens.reads(), 4);
    }

    #[test]
    fn words_of_two_texts_stand_far_apart_and_tokens_that_are_given_side_by_side() {
        let texts = || ["a b", "c"].into_iter();
        let mut tokens = Tokens::default();
        let value = tokens.of(0, &Reader::of(&FullText::default()), texts());
        assert_eq!(told(value), [("a", 0), ("b", 1), ("c", 1_u64 << 32)]);
        let mut tokens = Tokens::default();
        let value = tokens.of(0, &Reader::of(&FullText::of(PRE_TOKENIZED)), texts());
        assert_eq!(told(value), [("a b", 0), ("c", 1)]);
    }

    #[test]
    fn a_value_may_have_what_it_has_and_little_else() {
        let reader = Reader::of(&FullText::default());
        let mut tokens = Tokens::default();
        for (row, count) in [0, 1, 8, 9, 1000].into_iter().enumerate() {
            let words: Vec<String> = (0..count).map(|at| format!("w{at}")).collect();
            let text = words.join(" ");
            let value = tokens.of(row, &reader, [&*text].into_iter());
            assert!(words.iter().all(|word| value.may_have(mark(word))), "{count}");
            let others = (0..1000).filter(|at| value.may_have(mark(&format!("v{at}")))).count();
            assert!(others < 350, "{others} of 1000 others in {count}");
        }
        let value = tokens.of(0, &reader, std::iter::empty());
        assert!(!value.may_have(mark("a")));
    }
}
