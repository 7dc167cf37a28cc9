//! Patterns of namespace names, such as `acme-*`: the names that a key is for.
//!
//! A star is any text, none included; everything else is itself. A pattern tells how the names begin
//! that it may match, so that whoever lists names need not look at those of everybody else.

use crate::error::{Error, Result};

use super::name::NAME_BYTES_MAX;

/// Each may cost a look at the store, when names are listed.
pub const NAME_PATTERNS_MAX: usize = 100;

/// At least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePatterns(Vec<Box<str>>);

impl NamePatterns {
    /// Whatever there is.
    pub fn all() -> Self {
        Self(vec!["*".into()])
    }

    pub fn new<T: AsRef<str>>(patterns: &[T]) -> Result<Self> {
        if !(1..=NAME_PATTERNS_MAX).contains(&patterns.len()) {
            return Err(Error::invalid(format!(
                "there are 1 to {NAME_PATTERNS_MAX} patterns of names, not {}",
                patterns.len()
            )));
        }
        patterns.iter().map(|pattern| checked(pattern.as_ref())).collect::<Result<_>>().map(Self)
    }

    pub fn is_all(&self) -> bool {
        self.0.iter().any(|pattern| pattern.bytes().all(|byte| byte == b'*'))
    }

    pub fn matches(&self, name: &str) -> bool {
        let fits = name.len() <= NAME_BYTES_MAX;
        self.is_all() || fits && self.0.iter().any(|pattern| is_like(pattern, name))
    }

    /// How the names begin that match and begin with `prefix`: in order, and none of these is the
    /// beginning of another. What begins so need not match.
    pub fn beginnings<'a>(&'a self, prefix: &'a str) -> Vec<&'a str> {
        let of = |pattern: &'a str| match pattern.split_once('*') {
            Some((literal, _)) if prefix.starts_with(literal) => Some(prefix),
            Some((literal, _)) => literal.starts_with(prefix).then_some(literal),
            None => pattern.starts_with(prefix).then_some(pattern),
        };
        let mut beginnings: Vec<&str> =
            self.0.iter().map(|pattern| &**pattern).filter_map(of).collect();
        beginnings.sort_unstable();
        // What begins with another of them stands behind it.
        beginnings.dedup_by(|later, kept| later.starts_with(*kept));
        beginnings
    }
}

fn checked(pattern: &str) -> Result<Box<str>> {
    if pattern.is_empty() || pattern.len() > NAME_BYTES_MAX {
        return Err(Error::invalid(format!(
            "a pattern of names has 1 to {NAME_BYTES_MAX} characters, this one has {}",
            pattern.len()
        )));
    }
    let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*'));
    match pattern.chars().find(|c| odd(*c)) {
        Some(c) => Err(Error::invalid(format!(
            "a pattern of names is made of A-Z a-z 0-9 - _ . and *, not {c:?}"
        ))),
        None => Ok(pattern.into()),
    }
}

/// Where something does not fit, the last star takes one character more, and all behind it is tried
/// again: what the stars before it took is as good as anything else.
fn is_like(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut here) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while here < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(byte) if *byte == name[here] => (at, here) = (at + 1, here + 1),
            _ => {
                let Some((before, taken)) = star else { return false };
                star = Some((before, taken + 1));
                (at, here) = (before + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(patterns: &[&str]) -> NamePatterns {
        NamePatterns::new(patterns).unwrap()
    }

    #[test]
    fn a_star_is_any_text_and_the_rest_is_itself() {
        for (pattern, matching, others) in [
            ("acme", &["acme"][..], &["acm", "acme-", "Acme", ""][..]),
            ("acme-*", &["acme-", "acme-1", "acme-1-2"], &["acme", "acm", "xacme-1"]),
            ("*-prod", &["-prod", "a-prod", "a-prod-prod"], &["prod", "a-prod2"]),
            ("a*b*c", &["abc", "aXbYc", "abcbc", "abbcc"], &["ab", "acb", "abcd", "bac"]),
            ("a**", &["a", "ab"], &["b"]),
            ("*.*", &[".", "a.b"], &["ab"]),
        ] {
            for name in matching {
                assert!(patterns(&[pattern]).matches(name), "{pattern} {name}");
            }
            for name in others {
                assert!(!patterns(&[pattern]).matches(name), "{pattern} {name}");
            }
        }
        assert!(patterns(&["a", "b-*"]).matches("b-1"));
    }

    #[test]
    fn all_is_whatever_is_asked_for_and_the_rest_is_names() {
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        for all in [NamePatterns::all(), patterns(&["x", "**"])] {
            assert!(all.is_all() && all.matches("") && all.matches("a/b") && all.matches(&long));
        }
        assert!(!patterns(&["a*"]).is_all() && !patterns(&["a*"]).matches(&long));
    }

    #[test]
    fn names_are_looked_for_where_they_may_begin() {
        let some = patterns(&["b-*", "acme-*", "acme-eu-*", "docs", "a*z"]);
        for (prefix, beginnings) in [
            ("", &["a", "b-", "docs"][..]),
            ("acme", &["acme"]),
            ("acme-eu-1", &["acme-eu-1"]),
            ("b", &["b-"]),
            ("b-7", &["b-7"]),
            ("docs", &["docs"]),
            ("docs-", &[]),
            ("c", &[]),
        ] {
            assert_eq!(some.beginnings(prefix), beginnings, "{prefix}");
        }
        assert_eq!(NamePatterns::all().beginnings("x"), ["x"]);
        assert_eq!(NamePatterns::all().beginnings(""), [""]);
    }

    #[test]
    fn what_no_name_is_like_is_no_pattern() {
        for odd in ["", "a/b", "a b", "?", "é*", &"x".repeat(129)] {
            assert!(NamePatterns::new(&[odd]).is_err(), "{odd:?}");
        }
        assert!(NamePatterns::new::<&str>(&[]).is_err());
        assert!(NamePatterns::new(&["a"; NAME_PATTERNS_MAX]).is_ok());
        assert!(NamePatterns::new(&["a"; NAME_PATTERNS_MAX + 1]).is_err());
    }
}
