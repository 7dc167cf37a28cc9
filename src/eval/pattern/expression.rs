//! A regular expression, made ready within limits: who writes one is not to be trusted with the
//! memory of the machine.

use regex::{Regex, RegexBuilder};

/// Whether it is found somewhere in a text.
#[derive(Clone, Debug)]
pub(in crate::eval) struct Expression(Regex);

/// What one may take that a request has written, when it is made ready.
pub(crate) const READY_BYTES_MAX: usize = 1 << 20;
pub(crate) const PATTERN_BYTES_MAX: usize = 1024;
pub(crate) const NEST_MAX: u32 = 100;

impl Expression {
    /// As somebody wrote it.
    pub(super) fn regex(pattern: &str, ready_bytes_max: usize) -> Result<Self, String> {
        let bytes = pattern.len();
        if bytes > PATTERN_BYTES_MAX {
            return Err(format!(
                "a regular expression has at most {PATTERN_BYTES_MAX} bytes, not {bytes}"
            ));
        }
        if crate::slip!("a regular expression is about the whole of a text") {
            return Self::of(&format!("^(?:{pattern})$"), ready_bytes_max);
        }
        Self::of(pattern, ready_bytes_max)
    }

    pub(super) fn of(pattern: &str, ready_bytes_max: usize) -> Result<Self, String> {
        let mut builder = RegexBuilder::new(pattern);
        builder.size_limit(ready_bytes_max).dfa_size_limit(READY_BYTES_MAX).nest_limit(NEST_MAX);
        builder.build().map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                format!("the pattern takes more than {ready_bytes_max} bytes when it is made ready")
            }
            other => {
                // Above it, the pattern is drawn with arrows below.
                let told = other.to_string();
                let why = told.rsplit("error: ").next().unwrap_or(&told);
                format!("no regular expression: {why}")
            }
        })
    }

    pub(super) fn finds(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str) -> Result<Expression, String> {
        Expression::regex(pattern, READY_BYTES_MAX)
    }

    #[test]
    fn an_expression_is_found_anywhere_unless_it_is_tied() {
        for (pattern, text, expected) in [
            ("b", "abc", true),
            ("^b", "abc", false),
            ("^abc$", "abc", true),
            ("^$", "", true),
            ("", "abc", true),
            ("B", "abc", false),
            ("(?i)B", "abc", true),
            ("^.$", "é", true),
            (r"\d{3}", "a123", true),
        ] {
            assert_eq!(regex(pattern).unwrap().finds(text), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_refused_says_why_in_one_line() {
        let (long, deep) = ("a".repeat(PATTERN_BYTES_MAX + 1), "(".repeat(200) + &")".repeat(200));
        for (pattern, told) in [
            ("(a", "unclosed group"),
            ("(?=a)b", "look-around"),
            (r"(a)\1", "backreferences"),
            (r"\w{1000}\w{1000}", "more than 1048576 bytes"),
            (&*deep, "nested parentheses"),
            (&*long, "at most 1024 bytes, not 1025"),
        ] {
            let why = regex(pattern).unwrap_err();
            assert!(why.contains(told) && !why.contains('\n'), "{pattern}: {why}");
        }
        assert!(regex(&"a".repeat(PATTERN_BYTES_MAX)).is_ok());
    }

    /// The longest of its kind that can be made ready is refused with one letter more, and would not be
    /// if it might take a little more.
    #[test]
    fn a_pattern_may_take_so_much_when_it_is_made_ready_and_no_more() {
        let pattern = |letters: usize| format!("[ab]{{{letters}}}");
        let (mut fits, mut too_large) = (1, 1 << 18);
        assert!(regex(&pattern(fits)).is_ok() && regex(&pattern(too_large)).is_err());
        while too_large - fits > 1 {
            let letters = usize::midpoint(fits, too_large);
            match regex(&pattern(letters)) {
                Ok(_) => fits = letters,
                Err(_) => too_large = letters,
            }
        }
        let why = regex(&pattern(too_large)).unwrap_err();
        assert!(why.contains("more than 1048576 bytes"), "{why}");
        assert!(Expression::regex(&pattern(too_large), READY_BYTES_MAX + 1024).is_ok());
        assert!(Expression::regex(&pattern(fits), READY_BYTES_MAX - 1024).is_err());
    }
}
