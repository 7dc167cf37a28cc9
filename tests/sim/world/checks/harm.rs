//! The harm that users could show of a run, where somebody wants to know just that. A run tells first what the
//! store saw and what panicked, for all else follows from it; but a fault of which that is all harms nobody.
//!
//! What the store could not make sense of is missing from its log. Then the log is no witness, and what
//! clients were told has to do.

use std::cell::RefCell;

use super::super::words::Broken;

thread_local! {
    /// None: nobody wants to know.
    static HARM: RefCell<Option<Option<Broken>>> = const { RefCell::new(None) };
}

/// From now on it is kept what harm users could show of a run on this thread.
pub(crate) fn listen() {
    HARM.set(Some(None));
}

/// What they could show of it, at its end. It is not worked out if nobody wants to know.
pub(crate) fn note(harm: impl FnOnce() -> Option<Broken>) {
    if HARM.with_borrow(Option::is_some) {
        HARM.set(Some(harm()));
    }
}

/// What they could show of the last run. From now on nobody wants to know.
pub(crate) fn heard() -> Option<Broken> {
    HARM.take().flatten()
}

#[test]
fn what_users_could_show_is_kept_for_who_asked_and_worked_out_for_nobody_else() {
    note(|| panic!("nobody wants to know"));
    listen();
    note(|| Some(Broken("a row is lost".into())));
    assert_eq!(heard(), Some(Broken("a row is lost".into())));
    listen();
    assert_eq!(heard(), None);
    note(|| panic!("nobody wants to know any more"));
}
