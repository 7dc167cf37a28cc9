//! The probe tells a store that is right from one that only looks so, and says what to do.

use std::sync::Arc;
use std::time::Duration;

use elacsym::env::{Clock, Dice};
use elacsym::error::{Error, ErrorKind};
use elacsym::model::{MarkerKind, NodeId};
use elacsym::storage::{Attempt, Cursor, Folder, Store, TagForm, Verb};
use object_store::memory::InMemory;

use crate::bent_store::{Behaviour, BentStore};
use crate::doubles::{
    Careless, Ceph, Forgetful, HalfCareless, HalfLiar, Hoarder, Liar, Secretive, Swamped, Unlisted,
    Unsorted,
};
use crate::promises::{head, slot};
use crate::servers;

fn over<B: Behaviour + Default>(seed: u64) -> Store {
    let store = BentStore::by(Arc::new(B::default()));
    Store::new(store, Clock::start(), Dice::from_seed(seed))
}

#[track_caller]
fn expect(error: &Error, check: &str, words: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{}", error.chain());
    assert!(text.contains(&format!("\"{check}\"")), "{text}");
    for word in words.iter().chain(&["Remedy", "s3:ListBucket", "s3:PutObject"]) {
        assert!(text.contains(word), "{word:?} is missing: {text}");
    }
}

#[tokio::test]
async fn a_store_that_is_wrong_only_in_a_race_is_refused_every_time() {
    for seed in 0..50 {
        let error = over::<Liar>(seed).prove().await.unwrap_err();
        expect(&error, "race to create", &["had won"]);
        let error = over::<HalfLiar>(seed).prove().await.unwrap_err();
        expect(&error, "race to swap", &["had won"]);
    }
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_refused() {
    let error = over::<Careless>(1).prove().await.unwrap_err();
    expect(&error, "create twice", &["If-None-Match is ignored", "MinIO"]);
    let error = over::<HalfCareless>(1).prove().await.unwrap_err();
    expect(&error, "stale swap", &["If-Match is ignored"]);
}

#[tokio::test]
async fn a_store_that_hides_what_is_missing_is_refused() {
    let error = over::<Secretive>(1).prove().await.unwrap_err();
    expect(&error, "a missing key is a 404", &["403", "grant s3:ListBucket"]);
}

#[tokio::test]
async fn a_store_that_lists_in_no_order_or_deletes_nothing_is_refused() {
    let error = over::<Unsorted>(1).prove().await.unwrap_err();
    expect(&error, "list after write", &["out of order", "lists keys in the order of their bytes"]);
    expect(&over::<Hoarder>(1).prove().await.unwrap_err(), "delete", &["still there"]);
}

#[tokio::test]
async fn a_store_that_denies_listings_is_refused() {
    let error = over::<Unlisted>(1).prove().await.unwrap_err();
    expect(&error, "list after write", &["403", "grant s3:ListBucket on the bucket"]);
}

/// It was told to grant a right that it had.
#[tokio::test(start_paused = true)]
async fn a_store_that_has_no_time_to_list_is_not_refused() {
    let error = over::<Swamped>(1).prove().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled, "{}", error.chain());
    assert!(error.to_string().contains("\"list after write\""), "{}", error.chain());
}

#[tokio::test]
async fn s3rver_is_refused() {
    let error = servers::s3rver().await.store().await.prove().await.unwrap_err();
    expect(&error, "create twice", &["If-None-Match is ignored"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_wants_bare_tags_and_loses_races_with_500_is_accepted() {
    for seed in 0..20 {
        let store = over::<Ceph>(seed);
        assert_eq!(store.prove().await.unwrap().tag_form, TagForm::Unquoted);
        let Attempt::Done(tag) = store.swap(&head(), None, "one".into()).await else { panic!() };
        assert!(matches!(store.swap(&head(), Some(&tag), "two".into()).await, Attempt::Done(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_forgets_to_say_that_it_was_done_is_accepted() {
    for seed in 0..20 {
        let proof = over::<Forgetful>(seed).prove().await.unwrap();
        assert_eq!(proof.tag_form, TagForm::AsGiven, "seed {seed}");
    }
}

#[tokio::test]
async fn a_query_node_finds_out_about_tags_without_a_probe() {
    let store = over::<Ceph>(1);
    let reader = store.reader();
    let query = store.for_queries(NodeId::new("q").unwrap());
    let Attempt::Done(mut tag) = query.beat(None, "0".into()).await else { panic!() };
    let first = tag.clone();
    for beat in 1..5 {
        let done = query.beat(Some(&tag), format!("{beat}").into()).await;
        let Attempt::Done(next) = done else { panic!("{done:?}") };
        tag = next;
    }
    // Once for the first that was refused, and once for each of them.
    let swaps = reader.counts().sent(Verb::Swap);
    assert_eq!(swaps, 6);
    // A lost swap is still a lost swap.
    assert!(!matches!(query.beat(Some(&first), "lost".into()).await, Attempt::Done(_)));
}

#[tokio::test]
async fn the_probe_leaves_nothing_behind_and_is_quick() {
    for server in [servers::minio().await, servers::ministack().await] {
        let store = server.store().await;
        let first = store.prove().await.unwrap().took;
        let again = store.prove().await.unwrap().took;
        eprintln!("proved in {first:?}, then in {again:?}");
        assert!(first < Duration::from_secs(20), "{first:?}");
        let left = store.list(&Folder::Probes, &Cursor::start(), 10).await.unwrap();
        assert_eq!((left.entries, left.strangers), (vec![], 0));
    }
}

/// The page said "some 420 small requests", and left out that half of the races are large.
#[tokio::test]
async fn the_probe_costs_what_the_page_of_operations_says() {
    let store = Store::new(InMemory::new(), Clock::start(), Dice::from_seed(1));
    store.prove().await.unwrap();
    let counts = store.counts();
    let requests: u64 = Verb::ALL.iter().map(|verb| counts.sent(*verb)).sum();
    assert!((410..=430).contains(&requests), "{requests} requests");
    let mib = counts.bytes_out as f64 / f64::from(1 << 20);
    assert!((11.9..12.1).contains(&mib), "{mib} MiB");
}

#[tokio::test]
async fn wrong_credentials_and_missing_buckets_are_told_apart_from_missing_keys() {
    let minio = servers::minio().await;
    let stranger = minio.open("test", "x", "not the secret").await;
    expect(&stranger.prove().await.unwrap_err(), "a missing key is a 404", &["credentials"]);
    assert_eq!(stranger.slot(&slot(1)).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(stranger.load(&head()).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let nowhere = minio.open("no-such-bucket", "x", minio.secret()).await;
    let error = nowhere.prove().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.chain().contains("no such bucket"), "{}", error.chain());
    let folder = Folder::Markers(MarkerKind::Live);
    let error = stranger.list(&folder, &Cursor::start(), 10).await.unwrap_err();
    assert!(error.to_string().contains("credentials"), "{}", error.chain());
}
