//! What do real processes lose when they are killed, stopped, doubled or starved? Nothing that they
//! acknowledged.
//!
//! The real binary over real sockets, a local folder or a real S3 server, and SIGKILL. Clients
//! write and read all the while and note what they were told (`history`); whether that can be true
//! is asked afterwards, by a pure function (`check`) with tests of its own that show it every
//! disaster. `docs/TESTING.md` says how to read what is printed.

// The helpers of a test binary are tests too, which clippy does not see.
#![allow(clippy::unwrap_used)]

mod bad_days;
mod board;
mod chance;
mod check;
mod clerk;
mod client;
mod counts;
mod desk;
mod frozen;
mod full_disk;
mod history;
mod kills;
mod leash;
mod minio;
mod node;
mod outage;
mod reader;
mod recorder;
mod row;
mod scene;
mod shown;
mod site;
mod small_disk;
mod story;
mod strait;
mod toll;
mod twins;
mod undertaker;
mod values;
mod wire;
mod wording;
mod words;
mod writer;
