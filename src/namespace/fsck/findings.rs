//! What was found, in three lists: what must not be, what nothing needs, and what is worth a word.
//!
//! A bucket may have more of each than there is memory for: so many are kept, and the rest counted.

use std::fmt;

use crate::error::{Error, ErrorKind};

/// Of each list. Whoever has more has seen enough to act.
pub const FINDINGS_MAX: usize = 10_000;

/// What a look at a bucket came to, or at one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Bytes that are lost or wrong, and states that no node leads to.
    pub errors: Vec<Finding>,
    /// What no head and no slot needs now. How long that has been so, an object does not say: whoever
    /// has waited longer than garbage waits may take them for errors.
    pub leaks: Vec<Finding>,
    /// What does no harm: somebody mends it by and by, or it could not be told.
    pub notes: Vec<Finding>,
    pub more: More,
    pub names: u64,
    pub lives: u64,
    pub slots: u64,
    pub files: u64,
    pub bytes: u64,
}

/// How many there were beyond those that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct More {
    pub errors: u64,
    pub leaks: u64,
    pub notes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub what: What,
    /// The key of the object, or of the place where it should be.
    pub place: String,
    pub said: String,
}

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// Bytes that are not what was written.
    Corrupt,
    /// A file that a head or a slot names is not there.
    Missing,
    /// A slot is not there, and a later one is.
    Gap,
    /// A slot does not follow from the one before it.
    Fork,
    /// Something of an epoch that was never claimed.
    Epoch,
    /// A slot behind the end of its life.
    AfterEnd,
    /// Two places say different things of one.
    Disagrees,
    /// A document is there twice.
    Twice,
    /// The marker of a life is not there.
    Unmarked,
    /// There are objects of a name, and no head.
    Headless,
    /// Nothing needs it, and a collector deletes it when it has watched it for its grace.
    Waits,
    /// Nothing needs it, and no collector will know: only an owner that works on it could tell.
    Stays,
    /// A marker that leads nowhere. The walk mends it.
    Stray,
    /// An object under none of our keys. It is left alone.
    Stranger,
    /// A name that would not hold still.
    Busy,
    /// Bytes of a later release, which this one cannot judge.
    Newer,
}

/// Which of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Errors,
    Leaks,
    Notes,
}

impl What {
    pub fn list(self) -> List {
        match self {
            Self::Corrupt
            | Self::Missing
            | Self::Gap
            | Self::Fork
            | Self::Epoch
            | Self::AfterEnd
            | Self::Disagrees
            | Self::Twice
            | Self::Unmarked
            | Self::Headless => List::Errors,
            Self::Waits | Self::Stays => List::Leaks,
            Self::Stray | Self::Stranger | Self::Busy | Self::Newer => List::Notes,
        }
    }

    /// What a decoder's error means.
    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Unavailable => Self::Newer,
            _ => Self::Corrupt,
        }
    }

    fn is_of_markers(self) -> bool {
        matches!(self, Self::Unmarked | Self::Stray)
    }
}

impl Findings {
    /// Whether there is no error. What leaks, and what is worth a word, does no harm.
    pub fn is_sound(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether there is nothing to say at all.
    pub fn is_silent(&self) -> bool {
        self.errors.is_empty() && self.leaks.is_empty() && self.notes.is_empty()
    }

    /// How many errors there are, those that are not kept among them.
    pub fn error_count(&self) -> u64 {
        self.errors.len() as u64 + self.more.errors
    }

    /// All that are kept.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.errors.iter().chain(&self.leaks).chain(&self.notes)
    }

    pub(super) fn say(&mut self, what: What, place: impl fmt::Display, said: impl Into<String>) {
        self.push(Finding { what, place: place.to_string(), said: said.into() });
    }

    /// A decoder did not take what lies there.
    pub(super) fn unread(&mut self, place: impl fmt::Display, error: &Error) {
        self.say(What::of(error), place, error.chain());
    }

    fn push(&mut self, finding: Finding) {
        let (list, more) = match finding.what.list() {
            List::Errors => (&mut self.errors, &mut self.more.errors),
            List::Leaks => (&mut self.leaks, &mut self.more.leaks),
            List::Notes => (&mut self.notes, &mut self.more.notes),
        };
        if list.len() < FINDINGS_MAX {
            list.push(finding);
        } else {
            *more += 1;
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        let Self { errors, leaks, notes, more, names, lives, slots, files, bytes } = other;
        errors.into_iter().chain(leaks).chain(notes).for_each(|finding| self.push(finding));
        self.more.errors += more.errors;
        self.more.leaks += more.leaks;
        self.more.notes += more.notes;
        self.names += names;
        self.lives += lives;
        self.slots += slots;
        self.files += files;
        self.bytes += bytes;
    }

    /// Those that rest on a listing of markers.
    pub(super) fn of_markers(&self) -> Vec<Finding> {
        self.iter().filter(|finding| finding.what.is_of_markers()).cloned().collect()
    }
}

/// In one word, for machines.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Corrupt => "corrupt",
            Self::Missing => "missing",
            Self::Gap => "gap",
            Self::Fork => "fork",
            Self::Epoch => "epoch",
            Self::AfterEnd => "after-end",
            Self::Disagrees => "disagrees",
            Self::Twice => "twice",
            Self::Unmarked => "unmarked",
            Self::Headless => "headless",
            Self::Waits => "waits",
            Self::Stays => "stays",
            Self::Stray => "stray",
            Self::Stranger => "stranger",
            Self::Busy => "busy",
            Self::Newer => "newer",
        })
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Errors => "error",
            Self::Leaks => "leak",
            Self::Notes => "note",
        })
    }
}

/// `error: corrupt: KEY: in words`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, place, said } = self;
        write!(f, "{}: {what}: {place}: {said}", what.list())
    }
}

/// A line for each finding, and one for all.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        let omitted = self.more.errors + self.more.leaks + self.more.notes;
        if omitted > 0 {
            writeln!(f, "and {omitted} more, which are counted below")?;
        }
        let Self { names, lives, slots, files, bytes, .. } = self;
        writeln!(f, "{names} names, {lives} lives, {slots} slots, {files} files, {bytes} bytes")?;
        let leaks = self.leaks.len() as u64 + self.more.leaks;
        let notes = self.notes.len() as u64 + self.more.notes;
        writeln!(f, "{} errors, {leaks} leaks, {notes} notes", self.error_count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(count: usize) -> Findings {
        let mut found = Findings { names: 1, bytes: 7, ..Findings::default() };
        for at in 0..count {
            found.say(What::Corrupt, at, "odd");
        }
        found
    }

    #[test]
    fn so_many_are_kept_and_the_rest_is_counted() {
        let mut all = many(FINDINGS_MAX - 1);
        all.add(many(3));
        all.say(What::Waits, "a", "b");
        assert_eq!((all.errors.len(), all.more.errors), (FINDINGS_MAX, 2));
        assert_eq!((all.leaks.len(), all.more.leaks), (1, 0));
        assert_eq!((all.names, all.bytes, all.error_count()), (2, 14, FINDINGS_MAX as u64 + 2));
        assert!(!all.is_sound() && !all.is_silent());
    }

    #[test]
    fn a_finding_is_a_line_and_the_last_ones_say_how_much_there_is() {
        let mut found = many(1);
        found.say(What::Busy, "acme", "it moves");
        assert_eq!(
            found.to_string(),
            "error: corrupt: 0: odd\nnote: busy: acme: it moves\n\
             1 names, 0 lives, 0 slots, 0 files, 7 bytes\n1 errors, 0 leaks, 1 notes\n"
        );
        assert!(Findings::default().is_silent());
    }
}
