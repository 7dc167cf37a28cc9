//! Rare events of the code that ships, and faults that could have been built into it: both by name,
//! for a simulation. It counts which events it came by, since what it never came by it says nothing of; and
//! it switches on one fault at a time, for what it does not find there it would not find anywhere.
//!
//! Both are there for tests alone. Without the feature `mutants` an event is nothing, and no fault can be
//! switched on: whoever asks for one is told so by the compiler, and its code is left out.

#[cfg(feature = "mutants")]
mod noted {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    thread_local! {
        static EVENTS: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) };
        static HEARD: Cell<bool> = const { Cell::new(false) };
        static MUTANT: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// This event happened, on this thread, if anybody there wants to know: where millions of histories
    /// are searched, nobody does.
    pub fn note(event: &'static str) {
        if !HEARD.get() {
            return;
        }
        EVENTS.with_borrow_mut(|events| *events.entry(event).or_default() += 1);
    }

    /// What happened on this thread since this was last asked, and how often. Whoever asks wants to know
    /// from then on.
    pub fn taken() -> BTreeMap<&'static str, u64> {
        HEARD.set(true);
        EVENTS.take()
    }

    /// From now on this fault is in what runs on this thread, and no other is.
    pub fn mutate(fault: Option<&'static str>) {
        MUTANT.set(fault);
    }

    pub fn mutated(fault: &'static str) -> bool {
        MUTANT.get() == Some(fault)
    }
}

#[cfg(feature = "mutants")]
pub use noted::{mutate, mutated, note, taken};

/// Something happened that happens rarely: `reach!("claim lost after fence")`.
#[macro_export]
macro_rules! reach {
    ($event:literal) => {{
        #[cfg(feature = "mutants")]
        $crate::reach::note($event);
    }};
}

/// Whether this fault is to be in the code: `if mutant!("fold forgets the last slot") { … }`.
#[macro_export]
macro_rules! mutant {
    ($fault:literal) => {{
        #[cfg(feature = "mutants")]
        let mutated = $crate::reach::mutated($fault);
        #[cfg(not(feature = "mutants"))]
        let mutated = false;
        mutated
    }};
}

#[cfg(all(test, feature = "mutants"))]
mod tests {
    use super::{mutate, taken};

    #[test]
    fn an_event_is_counted_until_somebody_asks() {
        reach!("a thing that happens twice");
        assert!(taken().is_empty(), "nobody had asked for it");
        reach!("a thing that happens twice");
        reach!("a thing that happens twice");
        assert_eq!(taken().into_iter().collect::<Vec<_>>(), [("a thing that happens twice", 2)]);
        assert!(taken().is_empty());
    }

    #[test]
    fn one_fault_at_a_time_is_in_the_code() {
        assert!(!mutant!("one plus one is three"));
        mutate(Some("one plus one is three"));
        assert!(mutant!("one plus one is three") && !mutant!("and another"));
        mutate(None);
        assert!(!mutant!("one plus one is three"));
    }
}
