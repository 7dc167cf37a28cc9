//! Rare events of the code that ships, and faults that could have been built into it: both by name,
//! for a test. It counts which events it came by, since what it never came by it says nothing of; and
//! it switches on one fault at a time, for what it does not find there it would not find anywhere.
//!
//! Faults are of two kinds, by who has to find them. A mutant breaks a promise about what is stored, and
//! is the simulator's. A slip makes an answer wrong, and is for who compares answers: `tests/oracle`. It
//! is switched on for a whole process, since a server answers on many threads.
//!
//! All are there for tests alone. Without the feature `mutants` an event is nothing, and no fault can be
//! switched on: whoever asks for one is told so by the compiler, and its code is left out.

#[cfg(feature = "mutants")]
mod noted {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;
    use std::sync::OnceLock;

    static SLIP: OnceLock<&'static str> = OnceLock::new();

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

    /// Wrong answers that this code can give: whatever [`crate::slip!`] is given anywhere.
    pub const SLIPS: &[&str] = &[
        "$ref_new is what was there before",
        "BM25 knows what is deleted",
        "Cardinality counts what is missing",
        "Count counts what is missing",
        "ForEachUnique counts an element twice",
        "Fuzzy allows one change more",
        "IGlob minds the case",
        "Lt leaves null out",
        "Lte is less, and not equal",
        "MaxSim is the most of all, and no sum",
        "NotEq leaves null out",
        "RRF knows no weights",
        "Terms are cut, then sorted",
        "Terms know no min_doc_count",
        "a Decay grows",
        "a Dist may be below zero",
        "a Histogram has no offset",
        "a Histogram loses its last bucket",
        "a Product has no weight",
        "a Range has its end in it",
        "a Sum is its largest part",
        "a Sum of floats adds integers",
        "a bucket counts a document for each value",
        "a condition keeps out what is new",
        "a curve has no exponent",
        "a delete by filter keeps one",
        "a filter holds for every fragment",
        "a fragment needs no match",
        "a limit has a group more",
        "a patch clears nothing",
        "a question mark is no character, too",
        "a regular expression is about the whole of a text",
        "a sequence has room between tokens",
        "a sparse key that is not asked for is one",
        "a text is longer by a token",
        "a token may be longer by a byte",
        "a week begins on Sunday",
        "an Attribute that is missing is one",
        "an array is asked for all of its elements",
        "an hour that is shown twice is one",
        "any token is enough for all",
        "every array contains any of nothing",
        "few come before many",
        "fragments come as they stand in a text",
        "k3 is ignored",
        "limit.per takes one more",
        "metadata count one too many",
        "no stop word is removed",
        "nothing stands for what is missing",
        "null is highest in an order",
        "null is in every list",
        "other_count is of all terms",
        "percentiles are a rank too high",
        "rows remain, if none do",
        "the last group comes first",
        "the last token of BM25 is whole",
        "the last token of a filter is whole",
        "the offset comes before limit.per",
        "the ranks of RRF begin at zero",
        "the variance of all is that of a sample",
        "ties go by id, descending",
        "what is left after whole rounds is not added",
        "what is missing is in no group",
    ];

    /// No such fault, or not the first of this process.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Unheard;

    /// From now on this slip is in all that this process answers.
    pub fn slip(fault: &str) -> Result<(), Unheard> {
        let known = SLIPS.iter().find(|known| **known == fault).ok_or(Unheard)?;
        SLIP.set(known).map_err(|_| Unheard)
    }

    pub fn slipped(fault: &'static str) -> bool {
        SLIP.get() == Some(&fault)
    }
}

#[cfg(feature = "mutants")]
pub use noted::{SLIPS, Unheard, mutate, mutated, note, slip, slipped, taken};

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

/// Whether this wrong answer is to be given: `if slip!("a Sum is its largest part") { … }`.
#[macro_export]
macro_rules! slip {
    ($fault:literal) => {{
        #[cfg(feature = "mutants")]
        let slipped = $crate::reach::slipped($fault);
        #[cfg(not(feature = "mutants"))]
        let slipped = false;
        slipped
    }};
}

#[cfg(all(test, feature = "mutants"))]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{SLIPS, Unheard, mutate, slip, taken};

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

    #[test]
    fn the_table_has_the_slips_that_the_code_has() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        let mut folders = vec![sources.clone()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let (below, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|it| it.is_dir());
            folders.extend(below);
            for file in files.iter().filter(|file| **file != sources.join("reach.rs")) {
                let text = fs::read_to_string(file).unwrap();
                // With its bracket it is a call; the name may stand on the line below.
                for (_, rest) in
                    text.match_indices("slip!(").map(|(at, call)| text.split_at(at + call.len()))
                {
                    let name =
                        rest.trim_start().strip_prefix('"').and_then(|it| it.split_once('"'));
                    found.push(name.unwrap().0.to_owned());
                }
            }
        }
        found.sort();
        assert_eq!(found, SLIPS, "each once, and sorted");
        assert!(SLIPS.len() >= 30);
    }

    #[test]
    fn no_other_slip_can_be_switched_on() {
        assert_eq!(slip("one plus one is three"), Err(Unheard));
        assert!(!slip!("one plus one is three"));
    }
}
