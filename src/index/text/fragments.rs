//! A text in parts that are shown by themselves: sentences, or paragraphs.
//!
//! The white space around a part is none of it, and a part of nothing else is none.

use std::ops::Range;

use alyze::uax29::sentence::{Options, tokenize};

/// By the rules of Unicode (UAX #29).
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut from = 0;
    tokenize(text, Options::default(), |end| {
        sentences.extend(trimmed(text, from..end));
        from = end;
        true
    });
    sentences
}

/// Between lines on which there is nothing.
pub fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut paragraphs = Vec::new();
    let (mut from, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            paragraphs.extend(trimmed(text, from..at));
            from = at;
        }
        at += line.len();
    }
    paragraphs.extend(trimmed(text, from..at));
    paragraphs
}

fn trimmed(text: &str, part: Range<usize>) -> Option<Range<usize>> {
    let held = &text[part.clone()];
    let start = part.end - held.trim_start().len();
    let end = part.start + held.trim_end().len();
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn held(text: &str, parts: Vec<Range<usize>>) -> Vec<&str> {
        parts.into_iter().map(|part| &text[part]).collect()
    }

    #[test]
    fn a_sentence_ends_where_it_ends() {
        let text = "  The walrus sleeps. Does it? It does!\nMr. Smith saw 3.5 of them";
        let sentences = held(text, sentences(text));
        assert_eq!(sentences[..3], ["The walrus sleeps.", "Does it?", "It does!"]);
        assert_eq!(held("", super::sentences("")), Vec::<&str>::new());
        assert_eq!(held(" \n ", super::sentences(" \n ")), Vec::<&str>::new());
    }

    #[test]
    fn a_paragraph_ends_at_an_empty_line() {
        let text = "\n one\n two \r\n \t\r\nthree\n\n\n\nfour";
        assert_eq!(held(text, paragraphs(text)), ["one\n two", "three", "four"]);
        assert_eq!(held("", paragraphs("")), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn parts_stand_in_their_order_and_leave_out_nothing_but_space(
            text in "[a-c. !?\n\r\u{e9}\u{1f600}\u{3000}]{0,40}"
        ) {
            for parts in [sentences(&text), paragraphs(&text)] {
                let mut last = 0;
                for part in parts {
                    prop_assert!(part.start >= last);
                    prop_assert!(text[last..part.start].trim().is_empty());
                    prop_assert_eq!(text[part.clone()].trim(), &text[part.clone()]);
                    last = part.end;
                }
                prop_assert!(text[last..].trim().is_empty());
            }
        }
    }
}
