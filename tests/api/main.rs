//! The two wire contracts, asked of the real binary over real sockets: what is written and found,
//! what is refused and in which words, what hostile bodies, slow clients and signals do to it, and
//! whether its answers are those of a map in memory.
//!
//! Each test starts a server of its own, on a free port, over memory or over a folder of its own.

// The helpers of a test binary are tests too, which clippy does not see.
#![allow(clippy::unwrap_used)]

mod access;
mod aggregations;
mod audit;
mod backlog;
mod bad_days;
mod billing;
mod by_filter;
mod conditions;
mod damage;
mod ending;
mod envelopes;
mod figures;
mod filters;
mod hostile_bodies;
mod hostile_clients;
mod hostile_words;
mod idempotency;
mod idle;
mod int_ids;
mod key_file;
mod life;
mod limits;
mod logs;
mod metadata;
mod namespaces;
mod nearest;
mod omissions;
mod openapi;
mod oracle;
mod orders;
mod own;
mod own_hybrids;
mod own_queries;
mod own_texts;
mod pressure;
mod queries;
mod rates;
mod refusals;
mod schemas;
mod server;
mod shapes;
mod socket;
mod strangers;
mod talk;
mod temperature;
mod tls;
mod types;
mod unbuilt;
mod unneeded;
mod usage;
mod writes;
