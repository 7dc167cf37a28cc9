//! Can all of a history be true? A pure function from a history to the promises that it breaks.
//!
//! It knows nothing of logs, owners and folds. It asks for each thing which of its states each read
//! may have shown, given who had been answered before, and what the slots that both were told say
//! of their order. An act in doubt may have happened at any time after it was asked, once, or
//! never; one that was refused, never.
//!
//! One thing is taken from the server's word and not from the client's: a delete of a namespace
//! whose outcome was in doubt is decided once the same client was told that there is none. Else a
//! name could never be used again.

mod answers;
mod counter;
mod frost;
mod latch;
mod owned;
#[cfg(test)]
mod samples;
mod sights;
mod time;

use std::fmt;

use crate::history::{Act, Effect, History, Moment, What};
use sights::{Sight, Thing};

/// What a history can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// What was acknowledged is not there, or is there again after it was taken away.
    Lost,
    /// Of what one request wrote, a part is there.
    Torn,
    /// A row is not what anybody wrote.
    Garbled,
    /// A row or a value is there that nobody wrote.
    Nowhere,
    /// What was certainly not done was done.
    Refused,
    /// It is there before it was asked for, or before the slot that it lies in.
    Early,
    /// A later state was seen, and then an earlier one.
    Back,
    /// Two reads of one slot saw two things.
    Forked,
    /// A strong read did not see the slot that somebody had been told of.
    Stale,
    /// One request took effect more than once.
    Twice,
    /// Two won what one can win.
    Winners,
    /// "It does not apply" was said, and it did.
    Skipped,
    /// The number of rows in an answer is not what it must be.
    Miscounted,
    /// The same request with the same key was answered in another way.
    Echoed,
    /// What was read-only was written to.
    Thawed,
}

#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) promise: Promise,
    /// Nothing: it is about the order of all.
    pub(crate) thing: Option<String>,
    pub(crate) near: Moment,
    pub(crate) told: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promise = format!("{:?}", self.promise).to_uppercase();
        let thing = self.thing.as_deref().unwrap_or("the whole name");
        write!(f, "{promise}: {thing}: {}", self.told)
    }
}

pub(crate) fn check(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    time::check(history, &mut found);
    answers::check(history, &mut found);
    frost::check(history, &mut found);
    for thing in sights::things(history, &mut found) {
        forks(&thing, &mut found);
        match thing.acts.first().map(|act| &act.draft.what) {
            Some(What::Step { .. }) => counter::check(&thing, &mut found),
            Some(What::Take | What::Free { .. }) => latch::check(&thing, &mut found),
            _ => owned::check(&thing, &mut found),
        }
    }
    found
}

/// A slot never changes, so who reads to the same slot sees the same.
fn forks(thing: &Thing<'_>, found: &mut Vec<Violation>) {
    let sights = thing.by_slot();
    for pair in sights.windows(2) {
        if pair[0].0 == pair[1].0 && pair[0].1.token() != pair[1].1.token() {
            let (slot, one, other) = (pair[0].0, pair[0].1, pair[1].1);
            let told = format!("at slot {slot}, {one} and {other}");
            found.push(thing.breaks(Promise::Forked, other, told));
        }
    }
}

/// An act that a read cannot show, and shows.
fn out_of_place(thing: &Thing<'_>, act: &Act, sight: &Sight<'_>) -> Violation {
    let promise = match act.effect() {
        Effect::None => Promise::Refused,
        Effect::Certain | Effect::Possible => Promise::Early,
    };
    let told = format!("{} was told {:?}, and is there", act.token(), act.told);
    thing.breaks(promise, sight, told)
}
