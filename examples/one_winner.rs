//! Many want a slot, and one gets it: the promise of a store that all of Elacsym rests on.
//!
//! ```sh
//! cargo run --example one_winner                       # a folder of its own, removed after
//! cargo run --example one_winner -- bucket a/prefix    # a bucket, with AWS_* as usual
//! ```
//!
//! First the probe asks whether the store is any good. Then sixteen writers create the first slot
//! of one log at the same time. Whoever is told anything but *done* knows nothing yet, and reads
//! who is there.

#![allow(clippy::print_stdout, reason = "it is here to be looked at")]

use elacsym::config::Location;
use elacsym::env::{Clock, Dice};
use elacsym::error::{Error, Result};
use elacsym::model::{Incarnation, Namespace, Seq};
use elacsym::storage::{self, Attempt, SlotKey};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("elacsym-one-winner-{}", std::process::id()));
    let mut args = std::env::args().skip(1);
    let location = match args.next() {
        Some(bucket) => Location::S3 { bucket, prefix: args.next().unwrap_or_default() },
        None => Location::Local(folder.clone()),
    };
    let store = storage::open(&location, std::env::vars(), Clock::start(), Dice::from_os()).await?;
    store.prove().await?;
    println!("{location} keeps its promises");

    let inc = Incarnation(Dice::from_os().draw());
    let slot = SlotKey { home: Namespace::new("one_winner")?, inc, seq: Seq(0) };
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (store, slot) = (store.clone(), slot.clone());
        writers.spawn(async move {
            (number, store.create(&slot, format!("writer {number}").into()).await)
        });
    }
    let mut winners = Vec::new();
    for (number, attempt) in writers.join_all().await {
        match attempt {
            Attempt::Done(()) => winners.push(number),
            Attempt::Refused => println!("writer {number:>2}: refused"),
            Attempt::Doubt(why) => println!("writer {number:>2}: in doubt: {why}"),
        }
    }
    let there = store.slot(&slot).await?.body.unwrap_or_default();
    println!("told to have won: {winners:?}; in the slot: {}", String::from_utf8_lossy(&there));
    assert!(winners.len() <= 1, "two writers were told that they won");

    store.delete(&storage::Doomed::Slot(slot)).await?;
    if location == Location::Local(folder.clone()) {
        std::fs::remove_dir_all(&folder).map_err(|error| {
            Error::unavailable(format!("removing {}", folder.display())).with_source(error)
        })?;
    }
    Ok(())
}
