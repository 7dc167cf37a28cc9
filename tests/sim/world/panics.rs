//! Panics of a run. Production code contains them, logs them and goes on, as it must; to a run each is
//! a bug. So they are heard where they happen, on the thread of the run, and told by nobody else.

use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    /// None: no run is on this thread, and its panics are told as ever.
    static HEARD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// From now on panics of this thread are kept, and told to nobody.
pub(super) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !keep(|| panic.to_string()) {
                tell(panic);
            }
        }));
    });
    HEARD.set(Some(Vec::new()));
}

/// What panicked on this thread since it was listened to. From now on nobody listens.
pub(super) fn heard() -> Vec<String> {
    HEARD.take().unwrap_or_default()
}

/// False: nobody listens. (Nor does a thread that is ending.)
fn keep(told: impl FnOnce() -> String) -> bool {
    let push = |heard: &RefCell<Option<Vec<String>>>| match heard.try_borrow_mut().as_deref_mut() {
        Ok(Some(heard)) => {
            heard.push(told());
            true
        }
        Ok(None) | Err(_) => false,
    };
    HEARD.try_with(push).unwrap_or(false)
}

#[test]
fn a_panic_is_heard_by_who_listens_though_somebody_contains_it() {
    listen();
    let contained = std::panic::catch_unwind(|| panic!("of a task"));
    let all = heard();
    assert!(contained.is_err());
    assert!(all.len() == 1 && all[0].contains("of a task"), "{all:?}");
    listen();
    assert!(heard().is_empty());
}
