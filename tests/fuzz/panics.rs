//! Panics, held and told: one that gets out of what is fuzzed is a finding, and one that is caught in
//! there is not worth a line, of which there would be a million.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static HELD: Cell<bool> = const { Cell::new(false) };
    static STORY: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What the call gives, or where it panicked and what it said.
pub(crate) fn held<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| match HELD.get() {
            true => STORY.set(panic.to_string()),
            false => usual(panic),
        }));
    });
    STORY.take();
    HELD.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(call));
    HELD.set(false);
    outcome.map_err(|_| STORY.take())
}

/// Of the last call that was held, a panic that did not get out of it. Empty: there was none.
pub(crate) fn caught() -> String {
    STORY.take()
}

#[test]
fn a_panic_is_held_with_its_place_and_its_words() {
    let told = held(|| -> usize { panic!("of the decoder") }).unwrap_err();
    assert!(told.contains("panics.rs") && told.contains("of the decoder"), "{told}");
    assert_eq!((held(|| 7), caught()), (Ok(7), String::new()));
    let within = || panic::catch_unwind(|| -> usize { panic!("within") }).is_err();
    assert_eq!(held(within), Ok(true));
    assert!(caught().contains("within"));
}
