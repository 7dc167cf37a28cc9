//! Words as they were before UAX #29: runs of letters and digits, and what stands alone. Texts that
//! were declared so go on to be cut so.

use std::ops::Range;

use super::emoji;

/// Each finds what the one above it does, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Runs {
    /// `word_v0`: letters and digits, ideographs among them.
    Letters,
    /// `word_v1`: an emoji too, by itself.
    Emoji,
    /// `word_v2`: and each ideograph by itself.
    Ideographs,
}

enum Part {
    OfRun,
    /// A word of so many bytes.
    Alone(usize),
    Between,
}

impl Runs {
    pub(super) fn split(self, text: &str, mut each: impl FnMut(Range<usize>)) {
        let mut run = None;
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            let part = self.part(first, &text[at..]);
            if !matches!(part, Part::OfRun)
                && let Some(start) = run.take()
            {
                each(start..at);
            }
            match part {
                Part::OfRun => {
                    run = run.or(Some(at));
                    at += first.len_utf8();
                }
                Part::Alone(bytes) => {
                    each(at..at + bytes);
                    at += bytes;
                }
                Part::Between => at += first.len_utf8(),
            }
        }
        if let Some(start) = run {
            each(start..at);
        }
    }

    /// What a text begins with, of which this is the first character.
    fn part(self, first: char, text: &str) -> Part {
        if first.is_ascii() {
            return if first.is_ascii_alphanumeric() { Part::OfRun } else { Part::Between };
        }
        if self >= Self::Ideographs && is_ideograph(first) {
            return Part::Alone(first.len_utf8());
        }
        if first.is_alphanumeric() {
            return Part::OfRun;
        }
        let emoji = if self >= Self::Emoji { emoji::bytes(text) } else { None };
        emoji.map_or(Part::Between, Part::Alone)
    }
}

/// Unicode's `Ideographic`.
fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{3006}'..='\u{3007}'
        | '\u{3021}'..='\u{3029}'
        | '\u{3038}'..='\u{303a}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{fa6d}'
        | '\u{fa70}'..='\u{fad9}'
        | '\u{16fe4}'
        | '\u{16ff2}'..='\u{16ff6}'
        | '\u{17000}'..='\u{18cd5}'
        | '\u{18cff}'..='\u{18d1e}'
        | '\u{18d80}'..='\u{18df2}'
        | '\u{1b170}'..='\u{1b2fb}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b81d}'
        | '\u{2b820}'..='\u{2cead}'
        | '\u{2ceb0}'..='\u{2ebe0}'
        | '\u{2ebf0}'..='\u{2ee5d}'
        | '\u{2f800}'..='\u{2fa1d}'
        | '\u{30000}'..='\u{3134a}'
        | '\u{31350}'..='\u{33479}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(runs: Runs, text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        runs.split(text, |bytes| words.push(&text[bytes]));
        words
    }

    #[test]
    fn a_word_is_a_run_of_letters_and_digits() {
        for runs in [Runs::Letters, Runs::Emoji, Runs::Ideographs] {
            assert_eq!(
                words(runs, "can't, foo_bar2: 3.14"),
                ["can", "t", "foo", "bar2", "3", "14"]
            );
            assert_eq!(words(runs, "Ünïted Ελλάδα"), ["Ünïted", "Ελλάδα"]);
            assert_eq!(words(runs, " -- "), [""; 0]);
            assert_eq!(words(runs, ""), [""; 0]);
        }
    }

    #[test]
    fn the_older_ones_take_ideographs_for_letters() {
        assert_eq!(words(Runs::Ideographs, "日本go語、カナ"), ["日", "本", "go", "語", "カナ"]);
        assert_eq!(words(Runs::Emoji, "日本go語、カナ"), ["日本go語", "カナ"]);
        assert_eq!(words(Runs::Letters, "日本go語、カナ"), ["日本go語", "カナ"]);
    }

    #[test]
    fn the_oldest_one_does_not_see_emoji() {
        assert_eq!(words(Runs::Ideographs, "hi👍🏽ho ☀"), ["hi", "👍🏽", "ho", "☀"]);
        assert_eq!(words(Runs::Emoji, "hi👍🏽ho ☀"), ["hi", "👍🏽", "ho", "☀"]);
        assert_eq!(words(Runs::Letters, "hi👍🏽ho ☀"), ["hi", "ho"]);
    }
}
