//! Files that the head names, and that are gone.

use super::*;
use crate::storage::{Cursor, Doomed, Folder, ImmutableKey, Key, PAGE_KEYS_MAX};

async fn delete_files(store: &Store) {
    let mut files = 0;
    let page = store.list(&Folder::Names, &Cursor::start(), PAGE_KEYS_MAX).await.unwrap();
    for entry in page.entries {
        if let Key::Immutable(ImmutableKey::File(file)) = entry.key {
            store.delete(&Doomed::File(file)).await.unwrap();
            files += 1;
        }
    }
    assert!(files > 0, "it was folded");
}

/// Whoever evaluates it needs the rows that were folded.
fn higher(id: i64, n: i64) -> Write {
    let lower =
        Filter::Test { attribute: "n".into(), op: Op::Lt, operand: Operand::New("n".into()) };
    Write { upsert_condition: Some(lower), ..upsert(id, n) }
}

/// It was told that its namespace is damaged. Files of a deleted name go at once, and whoever has not
/// heard of the deletion yet finds them missing: be it that it stood still, or that it was just deleted.
#[tokio::test(start_paused = true)]
async fn whoever_finds_a_file_gone_asks_whether_the_name_is_still_its_own() {
    let store = memory_store().await;
    let two = grounds(&store, "two");
    let one = folded_and_rested(&store).await;
    let two = start(&two, Left::default());
    assert_eq!(delete(&two).await, Deleted::Now);
    delete_files(&store).await;
    assert_eq!(write(&one, higher(1, 10)).await.unwrap().upserted.count, 1);
    assert_eq!(look(&one).await, uint(&[(1, 10)]));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_lost_is_told_and_stops_none_but_those_who_need_it() {
    let store = memory_store().await;
    let keeper = folded_and_rested(&store).await;
    delete_files(&store).await;
    let corrupt = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", error.chain());
        assert!(error.chain().contains("is not there"), "{}", error.chain());
    };
    corrupt(write(&keeper, higher(1, 10)).await.unwrap_err());
    corrupt(write(&keeper, upsert(5, 5)).await.unwrap_err());
    let left = keeper.ended().await.unwrap();

    // It is opened again, for whoever asks no segment, and not folded.
    let again = start(&grounds(&store, "one"), left);
    write(&again, upsert(5, 5)).await.unwrap();
    corrupt(look_at(&again, None).await.unwrap_err());
    assert_eq!(write(&again, upsert(6, 6)).await.unwrap().upserted.count, 1);
    corrupt(write(&again, higher(1, 10)).await.unwrap_err());
    again.ended().await.unwrap();
}
