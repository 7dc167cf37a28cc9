//! How a keeper ends: nobody asks, it is told to leave, or others want the room.

use std::sync::Arc;

use super::*;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_idle_name_is_closed_and_goes_on_from_what_is_remembered() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.idle = Duration::from_millis(5);
    let keeper = start(&it, Left::default());
    write(&keeper, upsert(1, 1)).await.unwrap();
    let left = keeper.ended().await.unwrap();
    assert!(left.remembered.is_some());
    assert_eq!(keeper.ended().await, None, "it is told once");
    let gone = keeper.ask(Ask::Leave).await;
    assert!(gone.is_err());
    let again = start(&it, left);
    let written = write(&again, upsert(2, 2)).await.unwrap();
    assert_eq!(written.seq, 1, "no fence in between");
    assert_eq!(look(&again).await, uint(&[(1, 1), (2, 2)]));
    // A long tail is folded, and the name let go in the same swap.
    for n in 0..40 {
        write(&again, upsert(3, n)).await.unwrap();
    }
    let left = again.ended().await.unwrap();
    assert_eq!(left, Left::default());
    let other = start(&grounds(&store, "two"), Left::default());
    let written = write(&other, upsert(4, 4)).await.unwrap();
    assert_eq!(written.seq, 42, "a name that was let go needs no fence");
    assert_eq!(look(&other).await, uint(&[(1, 1), (2, 2), (3, 39), (4, 4)]));
}

#[tokio::test]
async fn whoever_is_told_to_leave_lets_the_name_go() {
    let store = memory_store().await;
    let keeper = start(&grounds(&store, "one"), Left::default());
    write(&keeper, upsert(1, 1)).await.unwrap();
    keeper.ask(Ask::Leave).await.unwrap();
    assert_eq!(keeper.ended().await, Some(Left::default()));
    let other = start(&grounds(&store, "two"), Left::default());
    assert_eq!(write(&other, upsert(2, 2)).await.unwrap().seq, 1);
}

/// A keeper once closed its door on the size of a tail that was folded long ago, and waited for a
/// fold that could not begin, for ever.
#[tokio::test]
async fn a_name_whose_log_is_folded_whole_is_closed() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.folds = FoldAt { slots: 1, bytes: 1 << 30 };
    it.idle = Duration::from_millis(20);
    let keeper = start(&it, Left::default());
    let text = GivenRow {
        id: Given::Int(1),
        values: vec![("text".into(), Given::Text("x".repeat(4000).into()))],
    };
    let rows = (0..1000).map(|id| GivenRow { id: Given::Int(id), ..text.clone() }).collect();
    write(&keeper, Write { upserts: rows, ..Write::default() }).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), keeper.ended()).await;
    assert!(ended.is_ok(), "it never ends");
    assert_eq!(it.memory.used(), 0, "and nothing of it is left");
}

/// Whoever wrote on made the tail long again, each time that it had been folded.
#[tokio::test]
async fn a_name_gives_way_though_others_write_on_and_on() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.folds = FoldAt { slots: 1 << 20, bytes: 1 << 40 };
    let keeper = Arc::new(start(&it, Left::default()));
    for n in 0..20 {
        write(&keeper, upsert(9, n)).await.unwrap();
    }
    let writers = (0..4_i64).map(|id| {
        let keeper = keeper.clone();
        tokio::spawn(async move {
            let mut written = 0;
            while write(&keeper, upsert(id, written)).await.is_ok() {
                written += 1;
            }
            (DocId::Uint(id as u64), written - 1)
        })
    });
    let writers: Vec<_> = writers.collect();
    write(&keeper, upsert(9, 20)).await.unwrap();
    keeper.ask(Ask::Yield).await.unwrap();
    let left = tokio::time::timeout(SOON, keeper.ended()).await.expect("it never ends").unwrap();
    assert_eq!(folds(&it), 1.0);
    let mut expected = BTreeMap::from([(DocId::Uint(9), 20)]);
    for writer in writers {
        expected.extend([writer.await.unwrap()]);
    }
    assert_eq!(look(&start(&it, left)).await, Some(expected));
}

/// Two names are folded at a time, and all that were to give way waited in that line, while others were
/// sent away for want of a room.
#[tokio::test]
async fn a_name_that_gives_way_is_not_folded_where_it_is_not_its_turn() {
    // Be it that it waits for its turn already, or not.
    for slots in [1 << 20, 20] {
        let store = memory_store().await;
        let mut it = grounds(&store, "one");
        it.folds = FoldAt { slots, bytes: 1 << 40 };
        let turns = it.folding.clone().try_acquire_many_owned(FOLDS_MAX as u32).unwrap();
        let keeper = start(&it, Left::default());
        for n in 0..20 {
            write(&keeper, upsert(1, n)).await.unwrap();
        }
        assert_eq!(look(&keeper).await, uint(&[(1, 19)]));
        keeper.ask(Ask::Yield).await.unwrap();
        let ended = tokio::time::timeout(SOON, keeper.ended()).await;
        let left = ended.expect("it waits for its turn").unwrap();
        assert!(left.remembered.is_some());
        drop(turns);
        let again = start(&it, left);
        assert_eq!(write(&again, upsert(2, 2)).await.unwrap().seq, 20, "no fence in between");
        assert_eq!(look(&again).await, uint(&[(1, 19), (2, 2)]));
    }
}

#[tokio::test]
async fn a_name_that_gives_way_while_it_is_claimed_answers_who_is_there_and_is_not_folded() {
    let store = memory_store().await;
    let other = start(&grounds(&store, "two"), Left::default());
    for n in 0..20 {
        write(&other, upsert(1, n)).await.unwrap();
    }
    let it = grounds(&store, "one");
    let keeper = start(&it, Left::default());
    let both = futures::future::join(write(&keeper, upsert(2, 2)), keeper.ask(Ask::Yield));
    let (written, asked) = tokio::time::timeout(SOON, both).await.expect("it is not answered");
    asked.unwrap();
    assert_eq!(written.unwrap().seq, 21, "behind the fence of its claim");
    let left = tokio::time::timeout(SOON, keeper.ended()).await.expect("it never ends").unwrap();
    assert!(left.remembered.is_some());
    assert_eq!(folds(&it), 0.0);
    assert_eq!(look(&start(&it, left)).await, uint(&[(1, 19), (2, 2)]));
}
