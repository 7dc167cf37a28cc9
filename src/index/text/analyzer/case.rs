//! Capitals and length: the length that counts is that of the word as it is kept.

use crate::model::Case;

/// A word as it is kept, if it has at most so many bytes then. `lower` is where it is written if
/// it is not kept as it stands.
pub(super) fn kept<'a>(
    word: &'a str,
    case: Case,
    bytes_max: usize,
    lower: &'a mut String,
) -> Option<&'a str> {
    let stands = match case {
        Case::Matters => true,
        Case::Ignored => word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()),
    };
    if stands {
        return (word.len() <= bytes_max).then_some(word);
    }
    lower.clear();
    for c in word.chars() {
        if c.is_ascii() {
            lower.push(c.to_ascii_lowercase());
        } else {
            lower.extend(c.to_lowercase());
        }
        // Here, and not at the end: a word can be as long as the text.
        if lower.len() > bytes_max {
            return None;
        }
    }
    Some(lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(word: &str, case: Case, bytes_max: usize) -> Option<String> {
        let mut lower = "what was there before".to_owned();
        kept(word, case, bytes_max, &mut lower).map(str::to_owned)
    }

    #[test]
    fn each_character_is_lower_cased_by_itself() {
        for (word, lower) in [
            ("walrus", "walrus"),
            ("WalRus", "walrus"),
            ("ÀÉ", "àé"),
            ("ΛΌΓΟΣ", "λόγοσ"),
            ("İ", "i\u{307}"),
        ] {
            assert_eq!(copy(word, Case::Ignored, 39).as_deref(), Some(lower));
            assert_eq!(copy(word, Case::Matters, 39).as_deref(), Some(word));
        }
    }

    #[test]
    fn what_is_too_long_as_it_is_kept_is_dropped() {
        assert_eq!(copy("abc", Case::Ignored, 3).as_deref(), Some("abc"));
        assert_eq!(copy("abc", Case::Ignored, 2), None);
        assert_eq!(copy("ABC", Case::Ignored, 2), None);
        assert_eq!(copy("abc", Case::Matters, 2), None);
        // One byte more in lower case, and two less.
        assert_eq!(copy("\u{23a}", Case::Ignored, 2), None);
        assert_eq!(copy("\u{23a}", Case::Matters, 2).as_deref(), Some("\u{23a}"));
        assert_eq!(copy("\u{212a}", Case::Ignored, 1).as_deref(), Some("k"));
        assert_eq!(copy("\u{212a}", Case::Matters, 1), None);
    }
}
