//! A text with a few letters changed, found somewhere in another: within a Levenshtein distance, by
//! Sellers' algorithm over characters. Of a question of no more characters than a word has bits, its column
//! is two words, and a step of it a few operations (Myers 1999, as Hyyrö 2003 has it).

use crate::model::{Case, Edits};

#[derive(Clone, Debug, PartialEq)]
pub(in crate::eval) struct Fuzzy {
    question: Box<[char]>,
    distance: usize,
    case: Case,
    bits: Option<Bits>,
}

/// Where each character is in a question: a bit for each place.
#[derive(Clone, Debug, PartialEq)]
struct Bits {
    ascii: Box<[u64; 128]>,
    /// Sorted, none twice.
    others: Box<[(char, u64)]>,
}

pub(crate) const EDITS_MAX: usize = 8;
pub(crate) const DISTANCE_MAX: usize = 2;
pub(crate) const QUESTION_CHARS_MAX: usize = 1024;

/// Whether these are distances that a filter can have; if not, why.
pub(in crate::eval) fn check_edits(edits: &[Edits]) -> Result<(), String> {
    if !(1..=EDITS_MAX).contains(&edits.len()) {
        let got = edits.len();
        return Err(format!("max_edit_distance has 1 to {EDITS_MAX} entries, not {got}"));
    }
    for Edits { min_chars, distance } in edits {
        if *distance > DISTANCE_MAX {
            return Err(format!(
                "distance in max_edit_distance is 0 to {DISTANCE_MAX}, not {distance}"
            ));
        }
        let least = 3 * (distance + 1);
        if *min_chars < least {
            return Err(format!(
                "min_query_chars is at least {least} for a distance of {distance}, not {min_chars}"
            ));
        }
    }
    if edits.windows(2).any(|pair| pair[0].min_chars >= pair[1].min_chars) {
        return Err("the min_query_chars of max_edit_distance ascend".to_owned());
    }
    Ok(())
}

impl Fuzzy {
    /// With edits that were checked. Nothing, if the question is shorter than all of them ask for.
    pub(super) fn of(question: &str, edits: &[Edits], case: Case) -> Result<Option<Self>, String> {
        let chars = question.chars().count();
        if chars > QUESTION_CHARS_MAX {
            return Err(format!(
                "what Fuzzy looks for has at most {QUESTION_CHARS_MAX} characters, not {chars}"
            ));
        }
        let Some(edits) = edits.iter().rfind(|edits| edits.min_chars <= chars) else {
            return Ok(None);
        };
        let question: Box<[char]> = match case {
            Case::Matters => question.chars().collect(),
            Case::Ignored => lower(question).collect(),
        };
        let distance = edits.distance + usize::from(crate::slip!("Fuzzy allows one change more"));
        let bits = Bits::of(&question);
        Ok(Some(Self { question, distance, case, bits }))
    }

    /// `errors` is room to work in.
    pub(super) fn finds(&self, text: &str, errors: &mut Vec<usize>) -> bool {
        match self.case {
            Case::Matters => self.is_near(text.chars(), errors),
            Case::Ignored => self.is_near(lower(text), errors),
        }
    }

    fn is_near(&self, text: impl Iterator<Item = char>, errors: &mut Vec<usize>) -> bool {
        match &self.bits {
            Some(bits) => self.is_in_by_bits(bits, text),
            None => self.is_in(text, errors),
        }
    }

    /// The same as [`Self::is_in`]. Of all its errors only the last is kept as a number; of the others,
    /// which differ by one at the most from one to the next, whether there is one more or one less.
    fn is_in_by_bits(&self, bits: &Bits, text: impl Iterator<Item = char>) -> bool {
        let last = 1_u64 << (self.question.len() - 1);
        let mut errors = self.question.len();
        let (mut more, mut less) = (u64::MAX, 0_u64);
        for c in text {
            let equal = bits.of_char(c);
            let down = equal | less;
            let across = ((equal & more).wrapping_add(more) ^ more) | equal;
            // From the character before to this one.
            let (risen, fallen) = (less | !(across | more), more & across);
            errors += usize::from(risen & last != 0);
            errors -= usize::from(fallen & last != 0);
            if errors <= self.distance {
                return true;
            }
            // Nothing is missing of nothing, wherever it begins.
            let (risen, fallen) = (risen << 1, fallen << 1);
            more = fallen | !(down | risen);
            less = risen & down;
        }
        false
    }

    /// After each character, `errors[n]` is how far the first n characters of the question are
    /// from the nearest text that ends here. Of those beyond `reach` it is known only that they
    /// are too far, and so are all that come of them but the next: a distance does not fall along
    /// the diagonal.
    fn is_in(&self, text: impl Iterator<Item = char>, errors: &mut Vec<usize>) -> bool {
        let question = &*self.question;
        errors.clear();
        errors.extend(0..=question.len());
        // A question is longer than its distance.
        let mut reach = self.distance;
        for c in text {
            let last = question.len().min(reach + 1);
            let mut diagonal = errors[0];
            for at in 1..=last {
                let changed = diagonal + usize::from(question[at - 1] != c);
                diagonal = errors[at];
                errors[at] = changed.min(errors[at] + 1).min(errors[at - 1] + 1);
            }
            reach = last;
            while errors[reach] > self.distance {
                reach -= 1;
            }
            if reach == question.len() {
                return true;
            }
        }
        false
    }
}

impl Bits {
    /// Nothing, if there are more places than bits.
    fn of(question: &[char]) -> Option<Self> {
        if question.len() > u64::BITS as usize {
            return None;
        }
        let mut ascii = Box::new([0_u64; 128]);
        let mut others: Vec<(char, u64)> = Vec::new();
        for (at, c) in question.iter().enumerate() {
            let bit = 1_u64 << at;
            if c.is_ascii() {
                ascii[*c as usize] |= bit;
            } else {
                match others.binary_search_by_key(c, |(other, _)| *other) {
                    Ok(known) => others[known].1 |= bit,
                    Err(place) => others.insert(place, (*c, bit)),
                }
            }
        }
        Some(Self { ascii, others: others.into() })
    }

    fn of_char(&self, c: char) -> u64 {
        match self.ascii.get(c as usize) {
            Some(bits) => *bits,
            None => {
                let known = self.others.binary_search_by_key(&c, |(other, _)| *other);
                known.map_or(0, |at| self.others[at].1)
            }
        }
    }
}

/// Character by character: what a letter becomes must not depend on what stands beside it.
fn lower(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EDITS: [Edits; 3] = [
        Edits { min_chars: 3, distance: 0 },
        Edits { min_chars: 6, distance: 1 },
        Edits { min_chars: 9, distance: 2 },
    ];

    fn finds(question: &str, text: &str, case: Case) -> bool {
        let fuzzy = Fuzzy::of(question, &EDITS, case).unwrap();
        fuzzy.is_some_and(|fuzzy| fuzzy.finds(text, &mut vec![7; 3]))
    }

    #[test]
    fn so_many_letters_may_be_wrong_as_the_question_is_long() {
        for (question, text, expected) in [
            ("ab", "ab", false),
            ("abc", "xxabcxx", true),
            ("abc", "xxabxcxx", false),
            ("walrus", "the wallrus sleeps", true),
            ("walrus", "the warlus sleeps", false),
            ("walrus", "the wlrus", true),
            ("walrus", "a waltus", true),
            ("walrus", "", false),
            ("sleepless", "sleplss nights", true),
            ("sleepless", "sleplas nights", false),
            ("éléphant", "un elephant", false),
            ("éléphant", "un eléphant", true),
            ("Walrus", "WALRUS", false),
        ] {
            assert_eq!(finds(question, text, Case::Matters), expected, "{question} {text}");
        }
        assert!(finds("Walrus", "WALUS", Case::Ignored));
        assert!(finds("ÉLÉPHANT", "un éléphan", Case::Ignored));
    }

    #[test]
    fn distances_have_limits_that_are_told() {
        let edits = |min_chars, distance| Edits { min_chars, distance };
        for (given, told) in [
            (vec![], "1 to 8 entries, not 0"),
            (vec![edits(3, 0); 9], "1 to 8 entries, not 9"),
            (vec![edits(12, 3)], "is 0 to 2, not 3"),
            (vec![edits(usize::MAX, usize::MAX)], "is 0 to 2"),
            (vec![edits(2, 0)], "at least 3 for a distance of 0, not 2"),
            (vec![edits(3, 0), edits(5, 1)], "at least 6 for a distance of 1, not 5"),
            (vec![edits(8, 2)], "at least 9 for a distance of 2, not 8"),
            (vec![edits(6, 0), edits(6, 1)], "ascend"),
        ] {
            let why = check_edits(&given).unwrap_err();
            assert!(why.contains(told), "{why}");
        }
        assert_eq!(check_edits(&EDITS), Ok(()));
        let long = "é".repeat(QUESTION_CHARS_MAX);
        assert!(Fuzzy::of(&long, &EDITS, Case::Matters).is_ok());
        let why = Fuzzy::of(&(long + "é"), &EDITS, Case::Matters).unwrap_err();
        assert!(why.contains("at most 1024 characters, not 1025"), "{why}");
    }

    fn levenshtein(a: &[char], b: &[char]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut next = vec![i + 1];
            for (j, y) in b.iter().enumerate() {
                let changed = row[j] + usize::from(x != y);
                next.push(changed.min(row[j + 1] + 1).min(next[j] + 1));
            }
            row = next;
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn it_finds_what_is_near_to_any_part_of_the_text(
            question in "[abé]{3,12}",
            texts in prop::collection::vec("[abé]{0,16}", 1..6),
        ) {
            let asked: Vec<char> = question.chars().collect();
            let distance = EDITS.iter().rfind(|edits| edits.min_chars <= asked.len());
            let distance = distance.unwrap().distance;
            let fuzzy = Fuzzy::of(&question, &EDITS, Case::Matters).unwrap().unwrap();
            let mut errors = Vec::new();
            for text in texts {
                let text_chars: Vec<char> = text.chars().collect();
                let mut parts = (0..=text_chars.len())
                    .flat_map(|from| (from..=text_chars.len()).map(move |to| (from, to)));
                let expected =
                    parts.any(|(from, to)| levenshtein(&asked, &text_chars[from..to]) <= distance);
                prop_assert_eq!(fuzzy.finds(&text, &mut errors), expected, "{}", text);
                prop_assert_eq!(fuzzy.is_in(text.chars(), &mut errors), expected, "{}", text);
            }
        }

        /// About as many characters as a word has bits: fewer and more are looked for in two ways.
        #[test]
        fn a_long_question_is_found_as_a_short_one(
            question in "[abé]{60,68}",
            from in 0..30_usize,
            changes in prop::collection::vec((0..80_usize, "[abé]{0,2}"), 0..4),
        ) {
            let fuzzy = Fuzzy::of(&question, &EDITS, Case::Matters).unwrap().unwrap();
            prop_assert_eq!(fuzzy.bits.is_some(), fuzzy.question.len() <= 64);
            let mut text: Vec<char> = "ab".repeat(from).chars().chain(question.chars()).collect();
            for (at, with) in changes {
                let at = text.len() - 1 - at.min(text.len() - 1);
                text.splice(at..=at, with.chars());
            }
            let mut errors = Vec::new();
            let expected = fuzzy.is_in(text.iter().copied(), &mut errors);
            let text: String = text.into_iter().collect();
            prop_assert_eq!(fuzzy.finds(&text, &mut errors), expected, "{}", text);
        }
    }
}
