//! Tokens that are looked for in a text: all of them, one, or one behind the other.
//!
//! Texts are made tokens as the attribute's own are, question and all. The words of an array are
//! looked for in all of its elements, but a sequence within one; where the elements are the tokens,
//! the array is the text.

use super::tokens::{Reader, Tokens, Value, mark};
use crate::index::text::Token;
use crate::model::{LastToken, TEXT_QUERY_CHARS_MAX, Which};

#[derive(Clone, Debug, PartialEq)]
pub(in crate::eval) struct Phrase {
    reader: Reader,
    which: Which,
    /// Sorted, none twice.
    words: Box<[Box<str>]>,
    /// Of each word.
    marks: Box<[u64]>,
    /// What the last token begins with, if it is not looked for itself.
    prefix: Option<Box<str>>,
    /// The question in its order.
    places: Box<[Place]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Place {
    /// How far behind the first.
    behind: u32,
    /// Nothing, if it is the prefix.
    word: Option<usize>,
}

/// What was found of the question so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    words: Vec<bool>,
    sights: Vec<Sight>,
}

/// A token of the text that the question speaks of.
#[derive(Debug)]
struct Sight {
    position: u64,
    word: Option<usize>,
    is_prefixed: bool,
}

impl Phrase {
    /// The question is one text, or its tokens. Nothing, if it comes to no token.
    pub(super) fn of(
        reader: &Reader,
        question: &[&str],
        which: Which,
        last: LastToken,
    ) -> Result<Option<Self>, String> {
        let chars: usize = question.iter().map(|text| text.chars().count()).sum();
        if chars > TEXT_QUERY_CHARS_MAX {
            return Err(format!(
                "what is looked for has at most {TEXT_QUERY_CHARS_MAX} characters, not {chars}"
            ));
        }
        let mut asked: Vec<(Box<str>, u32)> = Vec::new();
        for (before, text) in (0_u32..).zip(question) {
            let mut note =
                |token: Token<'_>| asked.push((token.text.into(), before + token.position));
            reader.tokens(text, &mut note);
        }
        let Some((_, first)) = asked.first() else { return Ok(None) };
        let first = *first;
        let exact = match last {
            LastToken::Itself => asked.as_slice(),
            LastToken::Prefix if crate::slip!("the last token of a filter is whole") => {
                asked.as_slice()
            }
            LastToken::Prefix => &asked[..asked.len() - 1],
        };
        let mut words: Vec<Box<str>> = exact.iter().map(|(word, _)| word.clone()).collect();
        words.sort();
        words.dedup();
        let place = |(at, (word, position)): (usize, &(Box<str>, u32))| Place {
            behind: position - first,
            word: if at < exact.len() { words.binary_search(word).ok() } else { None },
        };
        let places = asked.iter().enumerate().map(place).collect();
        let prefix = asked.get(exact.len()).map(|(word, _)| word.clone());
        let marks = words.iter().map(|word| mark(word)).collect();
        let reader = reader.clone();
        let which = match which {
            Which::All if crate::slip!("any token is enough for all") => Which::Any,
            which => which,
        };
        Ok(Some(Self { reader, which, words: words.into(), marks, prefix, places }))
    }

    /// The texts of the value of this row; nobody reads them who finds their tokens kept.
    pub(super) fn finds<'t>(
        &self,
        row: usize,
        texts: impl Iterator<Item = &'t str>,
        seen: &mut Seen,
        tokens: &mut Tokens,
    ) -> bool {
        let value = tokens.of(row, &self.reader, texts);
        if !self.may_be_in(value) {
            return false;
        }
        match self.which {
            Which::All => self.has_all(value, &mut seen.words),
            Which::Any => self.sights(value).next().is_some(),
            Which::Sequence => {
                seen.sights.clear();
                seen.sights.extend(self.sights(value));
                self.is_in(&seen.sights)
            }
        }
    }

    /// What most values are settled by: a sequence is of tokens that are all there.
    fn may_be_in(&self, value: Value<'_>) -> bool {
        let mut marks = self.marks.iter();
        match self.which {
            Which::All | Which::Sequence => marks.all(|mark| value.may_have(*mark)),
            Which::Any => self.prefix.is_some() || marks.any(|mark| value.may_have(*mark)),
        }
    }

    fn has_all(&self, value: Value<'_>, seen: &mut Vec<bool>) -> bool {
        // The last is for the prefix.
        let wanted = self.words.len() + 1;
        seen.clear();
        seen.resize(wanted, false);
        seen[self.words.len()] = self.prefix.is_none();
        for sight in self.sights(value) {
            if let Some(word) = sight.word {
                seen[word] = true;
            }
            seen[self.words.len()] |= sight.is_prefixed;
        }
        seen.iter().all(|is_seen| *is_seen)
    }

    /// The tokens that the question speaks of.
    fn sights<'a>(&'a self, value: Value<'a>) -> impl Iterator<Item = Sight> + 'a {
        value.each().filter_map(move |(token, position)| {
            let word = self.words.binary_search_by(|word| (**word).cmp(token)).ok();
            let prefix = self.prefix.as_deref();
            let is_prefixed = prefix.is_some_and(|prefix| token.starts_with(prefix));
            let spoken_of = word.is_some() || is_prefixed;
            spoken_of.then_some(Sight { position, word, is_prefixed })
        })
    }

    fn is_in(&self, sights: &[Sight]) -> bool {
        (0..sights.len()).any(|from| self.begins(&sights[from..]))
    }

    /// Whether the first of them is the first of the question, and the rest stand behind it as the
    /// rest of the question does. Positions ascend in both.
    fn begins(&self, sights: &[Sight]) -> bool {
        let Some(first) = sights.first() else { return false };
        let mut rest = sights.iter();
        self.places.iter().all(|place| {
            let position = first.position + u64::from(place.behind);
            let here = rest.find(|sight| sight.position >= position);
            let stands = |sight: &Sight| {
                sight.position == position || crate::slip!("a sequence has room between tokens")
            };
            here.is_some_and(|sight| stands(sight) && place.is(sight))
        })
    }
}

impl Place {
    fn is(&self, sight: &Sight) -> bool {
        match self.word {
            Some(word) => sight.word == Some(word),
            None => sight.is_prefixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{FullText, PRE_TOKENIZED};

    const WHICH: [Which; 3] = [Which::All, Which::Any, Which::Sequence];

    fn finds(options: &FullText, question: &[&str], last: LastToken, texts: &[&str]) -> [bool; 3] {
        WHICH.map(|which| {
            let phrase = Phrase::of(&Reader::of(options), question, which, last).unwrap();
            let (mut seen, mut tokens) = (Seen::default(), Tokens::default());
            let texts = texts.iter().copied();
            phrase.is_some_and(|phrase| phrase.finds(0, texts, &mut seen, &mut tokens))
        })
    }

    #[test]
    fn words_are_found_as_the_attribute_reads_them() {
        let plain = FullText::default();
        let stop = FullText { remove_stopwords: true, ..FullText::default() };
        for (options, question, texts, all_any_sequence) in [
            (&plain, "Quick fox", &["the quick, brown FOX"][..], [true, true, false]),
            (&plain, "quick brown", &["the quick, brown FOX"], [true, true, true]),
            (&plain, "brown quick", &["the quick, brown FOX"], [true, true, false]),
            (&plain, "quick quick", &["quick brown"], [true, true, false]),
            (&plain, "quick dog", &["quick brown"], [false, true, false]),
            (&plain, "", &["quick"], [false; 3]),
            (&plain, "quick", &[], [false; 3]),
            // In any element, but a sequence in one.
            (&plain, "brown fox", &["quick brown", "fox"], [true, true, false]),
            (&plain, "brown fox", &["quick", "brown fox"], [true, true, true]),
            // A stop word is no token, and leaves its place.
            (&stop, "the", &["the end"], [false; 3]),
            (&stop, "end of day", &["the end of the day"], [true, true, false]),
            (&stop, "end of day", &["end or day"], [true, true, true]),
            (&stop, "end day", &["end of day"], [true, true, false]),
        ] {
            let found = finds(options, &[question], LastToken::Itself, texts);
            assert_eq!(found, all_any_sequence, "{question}: {texts:?}");
        }
    }

    #[test]
    fn the_last_token_may_be_a_beginning() {
        let plain = FullText::default();
        for (question, text, all_any_sequence) in [
            ("qui", "the quick fox", [true, true, true]),
            ("the qui", "the quick fox", [true, true, true]),
            ("the fo", "the quick fox", [true, true, false]),
            ("th quick", "the quick fox", [false, true, false]),
            // Only the last of two.
            ("qui qui", "quick", [false, true, false]),
            ("qui qui", "qui quick", [true, true, true]),
            ("dog", "the quick fox", [false; 3]),
        ] {
            let found = finds(&plain, &[question], LastToken::Prefix, &[text]);
            assert_eq!(found, all_any_sequence, "{question}: {text}");
        }
    }

    #[test]
    fn tokens_that_are_given_stand_side_by_side() {
        let given = FullText::of(PRE_TOKENIZED);
        for (question, texts, all_any_sequence) in [
            (&["a b", "C"][..], &["x", "a b", "C"][..], [true, true, true]),
            (&["a b", "c"], &["a b", "C"], [false, true, false]),
            (&["a"], &["a b"], [false; 3]),
            (&["C", "a b"], &["a b", "C"], [true, true, false]),
            (&[], &["a b"], [false; 3]),
        ] {
            let found = finds(&given, question, LastToken::Itself, texts);
            assert_eq!(found, all_any_sequence, "{question:?}: {texts:?}");
        }
        assert_eq!(finds(&given, &["a b", "C"], LastToken::Prefix, &["a b", "CD"]), [true; 3]);
    }

    #[test]
    fn a_question_has_a_limit() {
        let reader = Reader::of(&FullText::default());
        let of = |text: &str| Phrase::of(&reader, &[text], Which::All, LastToken::Itself);
        assert!(of(&"é".repeat(TEXT_QUERY_CHARS_MAX)).is_ok());
        let why = of(&"é".repeat(TEXT_QUERY_CHARS_MAX + 1)).unwrap_err();
        assert!(why.contains("at most 8192 characters, not 8193"), "{why}");
    }

    proptest! {
        /// Of words that no option touches, by lists and windows.
        #[test]
        fn it_finds_what_lists_of_words_say(
            question in prop::collection::vec("[xyz]{1,2}", 1..4),
            text in prop::collection::vec("[xyz]{1,2}", 0..12),
            last in prop::sample::select(vec![LastToken::Itself, LastToken::Prefix]),
        ) {
            let is = |at: usize, word: &String| match last {
                LastToken::Prefix if at + 1 == question.len() => word.starts_with(&question[at]),
                _ => *word == question[at],
            };
            let in_text = |at: usize| text.iter().any(|word| is(at, word));
            let expected = [
                (0..question.len()).all(in_text),
                (0..question.len()).any(in_text),
                text.windows(question.len())
                    .any(|words| words.iter().enumerate().all(|(at, word)| is(at, word))),
            ];
            let (question, text) = (question.join(" "), text.join(" "));
            let found = finds(&FullText::default(), &[&*question], last, &[&*text]);
            prop_assert_eq!(found, expected, "{}: {}", question, text);
        }
    }
}
