//! Globs, as globset has them: `*` and `?` stand for any characters, a slash too, `[a-z]` for one
//! of these, `{a,b}` for one of those, and a glob is about the whole of a text.
//!
//! They are spelt as a regular expression over characters. globset's own goes over bytes: to it `é`
//! is two of what `?` stands for, has no other case and is in no class.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use super::expression::Expression;
use crate::model::Case;

pub(crate) const GLOB_BYTES_MAX: usize = 1024;
pub(crate) const BRACES_DEPTH_MAX: usize = 32;

pub(super) fn expression(
    glob: &str,
    case: Case,
    ready_bytes_max: usize,
) -> Result<Expression, String> {
    let bytes = glob.len();
    if bytes > GLOB_BYTES_MAX {
        return Err(format!("a glob has at most {GLOB_BYTES_MAX} bytes, not {bytes}"));
    }
    let parts = Parser { chars: glob.chars().peekable() }.parts(0)?;
    let mut spelt = String::from(match case {
        Case::Ignored if crate::slip!("IGlob minds the case") => r"(?s)\A",
        Case::Matters => r"(?s)\A",
        Case::Ignored => r"(?is)\A",
    });
    match parts.as_slice() {
        [Part::Above] => spelt.push_str(".*"),
        parts => spell(parts, &mut spelt),
    }
    spelt.push_str(r"\z");
    Expression::of(&spelt, ready_bytes_max)
}

/// Two stars between slashes are folders, any number of them and none too.
enum Part {
    Literal(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// `**/`, where the glob begins
    Above,
    /// `/**/`
    Between,
    /// `/**`, where it ends
    Below,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Either(Vec<Vec<Part>>),
}

struct Parser<'g> {
    chars: Peekable<Chars<'g>>,
}

impl Parser<'_> {
    /// To the end, or, within braces, to what ends one of several.
    fn parts(&mut self, depth: usize) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        while let Some(c) = self.chars.next_if(|c| depth == 0 || !matches!(*c, ',' | '}')) {
            match c {
                '?' => parts.push(Part::One),
                '*' => self.stars(&mut parts, depth),
                '[' => parts.push(self.class()?),
                '{' => parts.push(self.either(depth + 1)?),
                '}' => return Err("a glob has a `}` without its `{`".to_owned()),
                '\\' => {
                    let escaped = self.chars.next();
                    let none = || "a glob ends in a `\\` that escapes nothing".to_owned();
                    parts.push(Part::Literal(escaped.ok_or_else(none)?));
                }
                c => parts.push(Part::Literal(c)),
            }
        }
        Ok(parts)
    }

    /// Behind the first star.
    fn stars(&mut self, parts: &mut Vec<Part>, depth: usize) {
        if self.chars.next_if_eq(&'*').is_none() {
            parts.push(Part::Many);
            return;
        }
        let next = self.chars.peek().copied();
        let ends = next.is_none() || (depth > 0 && matches!(next, Some(',' | '}')));
        match parts.last() {
            None if matches!(next, None | Some('/')) => {
                self.chars.next();
                parts.push(Part::Above);
            }
            Some(Part::Literal('/') | Part::Above | Part::Between) if ends || next == Some('/') => {
                self.chars.next_if_eq(&'/');
                let folders = match parts.pop() {
                    Some(Part::Above) => Part::Above,
                    _ if ends => Part::Below,
                    _ => Part::Between,
                };
                parts.push(folders);
            }
            _ => parts.push(Part::Many),
        }
    }

    /// Behind the bracket. One that closes at once is meant itself.
    fn class(&mut self) -> Result<Part, String> {
        let negated = self.chars.next_if(|c| matches!(*c, '!' | '^')).is_some();
        let mut ranges: Vec<(char, char)> = Vec::new();
        let mut to = false;
        loop {
            let Some(c) = self.chars.next() else {
                return Err("a glob has a `[` without its `]`".to_owned());
            };
            match (c, ranges.last_mut()) {
                (']', Some(_)) => break,
                ('-', Some(_)) if !to => to = true,
                (c, Some(range)) if to => {
                    if c < range.0 {
                        return Err(format!("a glob has a range from `{}` to `{c}`", range.0));
                    }
                    range.1 = c;
                    to = false;
                }
                (c, _) => ranges.push((c, c)),
            }
        }
        if to {
            ranges.push(('-', '-'));
        }
        Ok(Part::Class { negated, ranges })
    }

    /// Behind the brace.
    fn either(&mut self, depth: usize) -> Result<Part, String> {
        if depth > BRACES_DEPTH_MAX {
            return Err(format!("the braces of a glob nest at most {BRACES_DEPTH_MAX} deep"));
        }
        let mut branches = Vec::new();
        loop {
            branches.push(self.parts(depth)?);
            match self.chars.next() {
                Some(',') => {}
                Some('}') => return Ok(Part::Either(branches)),
                _ => return Err("a glob has a `{` without its `}`".to_owned()),
            }
        }
    }
}

fn spell(parts: &[Part], out: &mut String) {
    for part in parts {
        match part {
            Part::Literal(c) => literal(*c, out),
            Part::One if crate::slip!("a question mark is no character, too") => out.push_str(".?"),
            Part::One => out.push('.'),
            Part::Many => out.push_str(".*"),
            Part::Above => out.push_str("(?:/?|.*/)"),
            Part::Between => out.push_str("(?:/|/.*/)"),
            Part::Below => out.push_str("/.*"),
            Part::Class { negated, ranges } => {
                out.push_str(if *negated { "[^" } else { "[" });
                for (from, to) in ranges {
                    literal(*from, out);
                    out.push('-');
                    literal(*to, out);
                }
                out.push(']');
            }
            Part::Either(branches) => either(branches, out),
        }
    }
}

/// A branch of nothing is none of them.
fn either(branches: &[Vec<Part>], out: &mut String) {
    let spelt = branches.iter().map(|branch| {
        let mut spelt = String::new();
        spell(branch, &mut spelt);
        spelt
    });
    let spelt: Vec<String> = spelt.filter(|spelt| !spelt.is_empty()).collect();
    if !spelt.is_empty() {
        out.push_str("(?:");
        out.push_str(&spelt.join("|"));
        out.push(')');
    }
}

/// By its number, for it may mean something.
fn literal(c: char, out: &mut String) {
    // Writing to a string does not fail.
    let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;
    use proptest::prelude::*;

    use super::super::READY_BYTES_MAX;
    use super::*;

    fn expression(glob: &str, case: Case) -> Result<Expression, String> {
        super::expression(glob, case, READY_BYTES_MAX)
    }

    fn finds(glob: &str, text: &str) -> bool {
        expression(glob, Case::Matters).unwrap().finds(text)
    }

    #[test]
    fn a_glob_is_about_the_whole_of_a_text() {
        for (glob, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("*", "a/b\nc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "é", true),
            ("[à-ü]", "é", true),
            ("[!a]", "é", true),
            ("[!a]", "a", false),
            ("[]a]", "]", true),
            ("[a-]", "-", true),
            ("[!^]", "^", false),
            ("{a,b}c", "bc", true),
            ("{a,{b,c}d}", "cd", true),
            ("{,a}b", "b", false),
            ("{}b", "b", true),
            ("a,b", "a,b", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"\{a\}", "{a}", true),
            ("a.c", "abc", false),
            ("**/c", "a/b/c", true),
            ("**/c", "c", true),
            ("**/c", "bc", false),
            ("a/**/c", "a/c", true),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("**", "a/b", true),
            ("a**c", "a/b/c", true),
            ("A", "a", false),
        ] {
            assert_eq!(finds(glob, text), expected, "{glob} {text}");
        }
    }

    #[test]
    fn case_is_ignored_of_all_letters() {
        for (glob, text) in [("É*", "été"), ("[A-C]", "b"), ("straße", "STRAßE")] {
            assert!(!finds(glob, text), "{glob}");
            assert!(expression(glob, Case::Ignored).unwrap().finds(text), "{glob}");
        }
    }

    #[test]
    fn what_is_no_glob_says_why() {
        let deep = "{".repeat(BRACES_DEPTH_MAX + 1) + "a" + &"}".repeat(BRACES_DEPTH_MAX + 1);
        for (glob, told) in [
            ("[a", "`[` without its `]`"),
            ("[]", "`[` without its `]`"),
            ("[z-a]", "a range from `z` to `a`"),
            ("{a", "`{` without its `}`"),
            ("a}", "`}` without its `{`"),
            ("a\\", "escapes nothing"),
            (&*deep, "at most 32 deep"),
            (&*"a".repeat(1025), "at most 1024 bytes, not 1025"),
        ] {
            let why = expression(glob, Case::Matters).unwrap_err();
            assert!(why.contains(told), "{glob}: {why}");
        }
        for most in [&deep[1..deep.len() - 1], &*"a".repeat(1024), &*"*?".repeat(100)] {
            assert!(expression(most, Case::Ignored).is_ok(), "{most}");
        }
    }

    proptest! {
        #[test]
        fn of_ascii_it_says_what_globset_says(
            glob in "[ab/*?{},!^\\[\\]-]{0,9}",
            texts in prop::collection::vec("[abAB/,{}-]{0,6}", 1..8),
        ) {
            for case in [Case::Matters, Case::Ignored] {
                let theirs = GlobBuilder::new(&glob)
                    .literal_separator(false)
                    .backslash_escape(true)
                    .case_insensitive(case == Case::Ignored)
                    .build();
                let ours = expression(&glob, case);
                prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
                if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                    let theirs = theirs.compile_matcher();
                    for text in &texts {
                        prop_assert_eq!(ours.finds(text), theirs.is_match(text), "{:?}", text);
                    }
                }
            }
        }
    }
}
