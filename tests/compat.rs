//! Old bytes open, new bytes are the pinned bytes, and hostile bytes are refused.
//!
//! `compat/v1/` holds one file for each shape of each small object, as version 1 writes it, and a
//! few files of rows, as version 1 wrote them; such a file is never changed. `compat/refused/` holds
//! inputs that must be refused: each was crafted for one check, which it names, or found by a fuzzer.

// The helpers of a test binary are tests too, which clippy does not see.
#![allow(clippy::unwrap_used)]

#[path = "compat/bases.rs"]
mod bases;
#[path = "compat/damage.rs"]
mod damage;
#[path = "compat/fixtures.rs"]
mod fixtures;
#[path = "compat/hex.rs"]
mod hex;
#[path = "compat/odd_rows.rs"]
mod odd_rows;
#[path = "compat/page.rs"]
mod page;
#[path = "compat/place.rs"]
mod place;
#[path = "compat/rows.rs"]
mod rows;
#[path = "compat/samples.rs"]
mod samples;
