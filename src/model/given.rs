//! A value as it was given, before a schema has said what it is; and how an error shows it.

use std::borrow::Cow;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond what `Int` holds.
    Uint(u64),
    Float(f64),
    Text(Box<str>),
    List(Vec<Given>),
    Map(Vec<(Box<str>, Given)>),
}

/// An error shows no more of what was given: it may be a vector, or a book.
const SHOWN_CHARS_MAX: usize = 80;
/// Once so many bytes are written, there are too many characters, whatever they are.
const SHOWN_BYTES_ENOUGH: usize = 4 * SHOWN_CHARS_MAX;

impl Given {
    /// The number that this is, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Uint(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// Stops soon after there is too much of it, however large and deep this is.
    fn spell(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(&value.to_string()),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Uint(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&format!("{number:?}")),
            Self::Text(text) => out.extend(text.chars().take(SHOWN_CHARS_MAX + 1)),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if out.len() > SHOWN_BYTES_ENOUGH {
                        return;
                    }
                    out.push_str(if at == 0 { "" } else { ", " });
                    item.spell(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    if out.len() > SHOWN_BYTES_ENOUGH {
                        return;
                    }
                    out.push_str(if at == 0 { "" } else { ", " });
                    out.extend(key.chars().take(SHOWN_CHARS_MAX + 1));
                    out.push_str(": ");
                    value.spell(out);
                }
                out.push('}');
            }
        }
    }
}

/// For an error: text without quotes, a list as `[a, b]`, and nothing of more than a line.
impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.spell(&mut text);
        f.write_str(&short(&text))
    }
}

/// A text of the request, as an error shows it.
pub fn short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_value_is_shown_as_errors_quote_it() {
        let list = Given::List(vec![Given::Text("python".into()), Given::Float(2.0), Given::Null]);
        assert_eq!(list.to_string(), "[python, 2.0, null]");
        let map = Given::Map(vec![("a".into(), Given::Bool(true)), ("b".into(), Given::Int(-1))]);
        assert_eq!(map.to_string(), "{a: true, b: -1}");
        assert_eq!(Given::Uint(u64::MAX).to_string(), "18446744073709551615");
    }

    #[test]
    fn a_large_value_is_shown_in_part() {
        let cut = |given: Given| {
            let text = given.to_string();
            text.chars().count() == SHOWN_CHARS_MAX + 1 && text.ends_with('…')
        };
        let long: Box<str> = "ü".repeat(1000).into();
        assert!(cut(Given::Text(long.clone())));
        assert!(cut(Given::List(vec![Given::Float(0.5); 10_000])));
        assert!(cut(Given::List(vec![Given::Text(long.clone()); 3])));
        assert!(cut(Given::Map(vec![(long, Given::Null); 3])));
        let deep = (0..200).fold(Given::Null, |inner, _| Given::List(vec![inner]));
        assert!(cut(deep));
        let whole: String = "x".repeat(SHOWN_CHARS_MAX);
        assert_eq!(Given::Text(whole.as_str().into()).to_string(), whole);
    }
}
