//! The name of a namespace, validated once.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

pub const NAME_BYTES_MAX: usize = 128;

/// `[A-Za-z0-9-_.]{1,128}`, except `.` and `..`. Keys on the store are built only from this.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(Arc<str>);

impl Namespace {
    pub fn new(name: &str) -> Result<Self> {
        checked("a namespace name", name).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One alphabet for every name that becomes part of a key.
pub(super) fn checked(what: &str, name: &str) -> Result<Arc<str>> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(Error::invalid(format!(
            "{what} has 1 to {NAME_BYTES_MAX} characters, this one has {}",
            name.len()
        )));
    }
    if name == "." || name == ".." {
        return Err(Error::invalid(format!("{what} cannot be '.' or '..'")));
    }
    let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    match name.chars().find(|c| odd(*c)) {
        Some(c) => {
            Err(Error::invalid(format!("{what} is made of A-Z a-z 0-9 - _ and '.', not {c:?}")))
        }
        None => Ok(name.into()),
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_contract_allows_and_nothing_else() {
        for good in ["a", "A-z_0.9", "...", "-", &"x".repeat(128)] {
            assert_eq!(Namespace::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a/b", "a!b", "a b", "é", "a\0", &"x".repeat(129)] {
            assert!(Namespace::new(bad).is_err(), "{bad:?} must be refused");
        }
    }
}
