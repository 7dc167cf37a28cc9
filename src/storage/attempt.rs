//! What one conditional request was seen to do. Nobody below the protocol core concludes more
//! from it than that.

use std::fmt;
use std::sync::Arc;

use super::fault::Fault;
use crate::error::Error;

/// One attempt, told as it was seen. It was sent once: nothing in between repeated it.
#[derive(Debug)]
pub enum Attempt<T> {
    /// 200: it took effect.
    Done(T),
    /// 412 or 409. It says less than it seems to: the object that is in the way may be our own,
    /// from an earlier attempt, and after a 409 there may be nothing in the way at all.
    Refused,
    /// Anything else: it may have taken effect, may yet, or may never.
    Doubt(Error),
}

/// An etag, as the store gave it. Two tags of one cell are equal only if nothing was written in
/// between, because no two bodies are equal: each carries a put id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tag(Arc<str>);

/// How a tag is sent back. HTTP wants it quoted, as it came; Ceph compares it with the bare one,
/// so a quoted `If-Match` never matches there. The probe finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagForm {
    AsGiven,
    Unquoted,
}

impl<T> Attempt<T> {
    pub(super) fn seen(result: Result<T, Fault>, what: &str) -> Self {
        match result {
            Ok(value) => Self::Done(value),
            Err(Fault::Refused) => Self::Refused,
            Err(fault) => Self::Doubt(fault.into_error(what)),
        }
    }
}

impl Tag {
    pub(super) fn new(etag: &str) -> Self {
        Self(etag.into())
    }

    pub(super) fn sent_as(&self, form: TagForm) -> &str {
        match form {
            TagForm::AsGiven => &self.0,
            TagForm::Unquoted => {
                let bare = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                bare.unwrap_or(&self.0)
            }
        }
    }
}

impl TagForm {
    pub(super) fn other(self) -> Self {
        match self {
            Self::AsGiven => Self::Unquoted,
            Self::Unquoted => Self::AsGiven,
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pair_of_quotes_is_taken_off() {
        let unquoted = |etag| Tag::new(etag).sent_as(TagForm::Unquoted).to_owned();
        assert_eq!(unquoted("\"abc\""), "abc");
        for same in ["abc", "\"abc", "abc\"", "\"", "", "W/\"abc\""] {
            assert_eq!(unquoted(same), same);
        }
        assert_eq!(Tag::new("\"abc\"").sent_as(TagForm::AsGiven), "\"abc\"");
    }
}
