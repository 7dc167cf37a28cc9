//! How much memory a call takes: all that this thread holds at its peak, above what it held before.
//!
//! It is the allocator of this binary, which counts and hands on. A measured call that asks for more at
//! once than any of these inputs is worth is told that there is no more, as on a machine that has no
//! more: the process ends, and the next run begins with that input. Memory that a C library takes is
//! not seen.

#![allow(unsafe_code, reason = "an allocator is unsafe to call; this one only counts the calls")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::ptr::null_mut;

const AT_ONCE_MAX: usize = 2 << 30;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Clone, Copy)]
struct Count {
    held: i64,
    peak: i64,
    measured: bool,
}

thread_local! {
    // Without a destructor and made before it is asked for: an allocator must not allocate.
    static COUNT: Cell<Count> = const { Cell::new(Count { held: 0, peak: 0, measured: false }) };
}

/// What the call gives, if it took no more than that.
pub(crate) fn bounded<T>(bytes_max: usize, call: impl FnOnce() -> T) -> Result<T, String> {
    let meter = Meter::start();
    let given = call();
    meter.check(bytes_max)?;
    Ok(given)
}

/// Counts from here on; there is one of a thread at a time.
pub(crate) struct Meter {
    before: i64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        let Count { held, .. } = COUNT.get();
        COUNT.set(Count { held, peak: held, measured: true });
        Self { before: held }
    }

    pub(crate) fn check(&self, bytes_max: usize) -> Result<(), String> {
        let took = COUNT.get().peak - self.before;
        match usize::try_from(took) {
            Ok(took) if took > bytes_max => {
                Err(format!("it took {took} bytes of memory, and {bytes_max} are the most"))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        COUNT.set(Count { measured: false, ..COUNT.get() });
    }
}

/// Whether there is so much.
fn admits(bytes: usize) -> bool {
    bytes <= AT_ONCE_MAX || !COUNT.try_with(|count| count.get().measured).unwrap_or(false)
}

fn count(more: usize, less: usize) {
    // A thread that ends has no count any more, and frees what it has all the same.
    let _ = COUNT.try_with(|count| {
        let Count { held, peak, measured } = count.get();
        let held = held + more as i64 - less as i64;
        count.set(Count { held, peak: peak.max(held), measured });
    });
}

// SAFETY: each call goes on to the allocator of the system as it came, and its answer back; where
// none is made, null says so, as the contract has it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !admits(layout.size()) {
            return null_mut();
        }
        count(layout.size(), 0);
        // SAFETY: what the caller promises of the layout is what the system asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !admits(layout.size()) {
            return null_mut();
        }
        count(layout.size(), 0);
        // SAFETY: what the caller promises of the layout is what the system asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        if !admits(bytes) {
            return null_mut();
        }
        count(bytes, layout.size());
        // SAFETY: the block came from the system, and the rest the caller promises.
        unsafe { System.realloc(block, layout, bytes) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the block came from the system with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[test]
fn a_call_takes_what_it_holds_at_its_peak() {
    // Or the compiler would see that nobody looks into them.
    let twice = || {
        drop(black_box(vec![1_u8; 100_000]));
        black_box(vec![2_u8; 70_000]).len()
    };
    assert_eq!(bounded(101_000, twice), Ok(70_000));
    let told = bounded(99_000, twice).unwrap_err();
    assert!(told.contains("100000 bytes of memory"), "{told}");
    // What was held before is not its business.
    let before = black_box(vec![0_u8; 500_000]);
    assert_eq!(bounded(1_000, || before.len()), Ok(500_000));
}

#[test]
fn a_measured_call_is_not_given_what_it_is_not_worth() {
    let asked = || {
        let mut bytes = Vec::<u8>::new();
        let refused = bytes.try_reserve_exact(AT_ONCE_MAX + 1).is_err();
        black_box(bytes);
        refused
    };
    assert_eq!(bounded(1_000, asked), Ok(true));
}
