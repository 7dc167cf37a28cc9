//! What a look waits for the store to send: each has an account of its own, and what asks whether
//! there is news stands on none.

use super::*;
use crate::model::Reads;
use crate::namespace::view::Glimpse;

async fn glimpse(keeper: &Keeper, newest: Consistency) -> Glimpse {
    let look = |reply| Ask::Look { newest, min_seq: None, reply };
    answered(keeper, look).await.unwrap().expect("it is there")
}

fn files(glimpse: &Glimpse) -> Reads {
    let bytes = glimpse.segments().iter().map(|segment| segment.entry().bytes);
    Reads { objects: glimpse.segments().len() as u64, bytes: bytes.sum() }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_rows_is_told_what_was_read_and_who_finds_them_there_nothing() {
    let store = memory_store().await;
    let keeper = folded_and_rested(&store).await;
    let eventual = Consistency::Eventual { max_staleness: Duration::from_secs(60) };
    // Whoever waits for the same rows waits for all of them.
    let (first, second) = (glimpse(&keeper, Consistency::Strong), glimpse(&keeper, eventual));
    let (first, second) = futures::future::join(first, second).await;
    assert!(!first.segments().is_empty() && files(&first).bytes > 0);
    assert_eq!((first.reads, second.reads), (files(&first), files(&second)));
    for newest in [Consistency::Strong, eventual] {
        assert_eq!(glimpse(&keeper, newest).await.reads, Reads::default());
    }

    let other = start(&grounds(&store, "two"), Left::default());
    let cold = glimpse(&other, Consistency::Strong).await;
    assert_eq!((cold.rows(), cold.reads), (3, files(&cold)));
    assert_eq!(glimpse(&other, Consistency::Strong).await.reads, Reads::default());
}

#[tokio::test]
async fn chunks_of_slots_that_another_wrote_are_rows_too() {
    let store = memory_store().await;
    let one = start(&grounds(&store, "one"), Left::default());
    write(&one, large(0..1200)).await.unwrap();
    let two = start(&grounds(&store, "two"), Left::default());
    let glimpsed = glimpse(&two, Consistency::Strong).await;
    assert!(glimpsed.segments().is_empty(), "it was not folded");
    let Reads { objects, bytes } = glimpsed.reads;
    assert!(objects > 0 && bytes > 0, "{:?}", glimpsed.reads);
    assert_eq!(glimpse(&two, Consistency::Strong).await.reads, Reads::default());
}
