//! A pattern whose question comes with each incoming document. The last one is kept: documents of
//! one request often bring the same, and to make a pattern costs far more than to ask it.
//!
//! What a document brings may be no pattern, or one that takes too much. Nothing is like that.

use std::sync::{Mutex, PoisonError};

use super::cost::Cost;
use super::pattern::{Manner, Matcher, Scratch};

#[derive(Debug)]
pub(super) struct Made {
    manner: Manner,
    last: Mutex<Option<Box<Last>>>,
}

#[derive(Debug)]
struct Last {
    question: Vec<Box<str>>,
    matcher: Option<Matcher>,
}

/// There may be one for each document, and the time to make one grows with it: so it is less than a
/// filter may take, and enough for any glob of plain text and for an expression over addresses.
pub(crate) const READY_BYTES_MAX: usize = 256 << 10;

impl Made {
    pub(super) fn of(manner: Manner) -> Self {
        Self { manner, last: Mutex::default() }
    }

    pub(super) fn cost(&self) -> Cost {
        self.manner.cost()
    }

    pub(super) fn finds<'t>(
        &self,
        question: &[&str],
        row: usize,
        texts: impl Iterator<Item = &'t str>,
        scratch: &mut Scratch,
    ) -> bool {
        // What is kept is put there whole, so that a panic elsewhere leaves nothing half done.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|last| !last.answers(question)) {
            *last = Some(Box::new(Last {
                question: question.iter().map(|text| Box::from(*text)).collect(),
                matcher: self.manner.ready(question, READY_BYTES_MAX).ok(),
            }));
        }
        let matcher = last.as_ref().and_then(|last| last.matcher.as_ref());
        matcher.is_some_and(|matcher| matcher.finds(row, texts, scratch))
    }
}

impl Last {
    fn answers(&self, question: &[&str]) -> bool {
        self.question.iter().map(|text| &**text).eq(question.iter().copied())
    }
}

impl Clone for Made {
    fn clone(&self) -> Self {
        Self::of(self.manner.clone())
    }
}

/// What is kept is no part of what it is.
impl PartialEq for Made {
    fn eq(&self, other: &Self) -> bool {
        self.manner == other.manner
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;
    use crate::model::Case;

    fn finds(made: &Made, question: &str, text: &str) -> bool {
        made.finds(&[question], 0, iter::once(text), &mut Scratch::default())
    }

    #[test]
    fn a_pattern_is_made_again_only_for_another_question() {
        let made = Made::of(Manner::Regex);
        for (question, text, expected) in
            [("a", "a", true), ("a", "b", false), ("b", "b", true), ("(", "(", false)]
        {
            assert_eq!(finds(&made, question, text), expected, "{question} {text}");
        }
        // Whoever made it anew would not find this.
        let matcher = Manner::Regex.ready(&["b"], READY_BYTES_MAX).ok();
        let last = Last { question: vec!["a".into()], matcher };
        *made.last.lock().unwrap() = Some(Box::new(last));
        assert!(finds(&made, "a", "b"));
        assert!(!finds(&made, "aa", "b"));
        assert!(!finds(&made, "a", "b"));
    }

    #[test]
    fn a_pattern_that_takes_too_much_is_none() {
        let large = r"\w{8}";
        assert!(Manner::Regex.ready(&[large], 1 << 20).is_ok());
        assert!(!finds(&Made::of(Manner::Regex), large, "aaaaaaaa"));
        let longest = "k".repeat(1024);
        assert!(finds(&Made::of(Manner::Glob(Case::Ignored)), &longest, &longest));
        let address = r"^[\w.+-]+@[\w-]+\.[\w.-]+$";
        assert!(finds(&Made::of(Manner::Regex), address, "a@example.org"));
    }

    /// The longest of its kind that can be made ready is like its text, and one letter more is like none,
    /// which it would be if it might take a little more.
    #[test]
    fn what_is_brought_may_take_so_much_and_no_more() {
        let pattern = |letters: usize| format!("^[ab]{{{letters}}}");
        let is_found =
            |letters| finds(&Made::of(Manner::Regex), &pattern(letters), &"a".repeat(letters));
        let (mut fits, mut too_large) = (1, 1 << 16);
        assert!(is_found(fits) && !is_found(too_large));
        while too_large - fits > 1 {
            let letters = usize::midpoint(fits, too_large);
            if is_found(letters) { fits = letters } else { too_large = letters }
        }
        let ready = |letters, bytes| Manner::Regex.ready(&[&*pattern(letters)], bytes);
        assert!(ready(fits, READY_BYTES_MAX).is_ok());
        assert!(ready(too_large, READY_BYTES_MAX).is_err());
        assert!(ready(too_large, READY_BYTES_MAX + 1024).is_ok());
    }
}
