//! Does a backend of the store keep its promises?

// All of it is test, which `allow-unwrap-in-tests` does not see outside of `#[test]`.
#![allow(clippy::unwrap_used)]

#[path = "store/bent.rs"]
mod bent;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/duet.rs"]
mod duet;
#[path = "store/local.rs"]
mod local;
#[path = "store/play.rs"]
mod play;
#[path = "store/power.rs"]
mod power;
#[path = "store/process.rs"]
mod process;
#[path = "store/race.rs"]
mod race;
