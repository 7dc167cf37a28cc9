//! Damage to a log, slot by slot: each is found, and nothing else is.

use super::*;
use crate::log::{Batch, Effects, Stored, chunk, effects};
use crate::model::{AttrNo, Chain, Columns, DocId, FileKind, IdType, Row, Value};
use crate::protocol::{Body, Receipt};

/// A name with slots 0 to 3 that are not folded.
async fn acme() -> (Stand, Findings) {
    let stand = Stand::new().await;
    stand.session("acme", OPEN, vec![upsert(1), upsert(2), upsert(3), upsert(4)]).await;
    let before = stand.check().await;
    assert!(before.is_silent(), "{before}");
    (stand, before)
}

fn body(parts: Vec<Bytes>) -> Body<Stored> {
    Body { batch: Batch { parts }, receipts: vec![], chunks: vec![] }
}

fn part(effects: &Effects) -> Bytes {
    effects::encode(effects).unwrap()
}

/// A batch after all that is there.
async fn append(stand: &Stand, body: Body<Stored>) -> SlotKey {
    let (head, _) = stand.end("acme").await;
    stand.append("acme", head.epoch, Entry::Batch(body)).await
}

#[tokio::test]
async fn a_slot_that_is_not_there_is_found_wherever_it_was() {
    for seq in 0..4 {
        let (stand, before) = acme().await;
        let key = stand.at_seq("acme", seq).await;
        stand.drop_slot(&key).await;
        stand.expect(&before, What::Gap, &key).await;
    }
}

#[tokio::test]
async fn a_damaged_slot_is_found_wherever_it_is() {
    for seq in 0..4 {
        let (stand, before) = acme().await;
        let key = stand.at_seq("acme", seq).await;
        stand.bend_slot(&key).await;
        stand.expect(&before, What::Corrupt, &key).await;
    }
}

/// Another put id, and so another chain: what follows is of another log.
#[tokio::test]
async fn a_slot_that_does_not_follow_is_found() {
    let (stand, before) = acme().await;
    let key = stand.at_seq("acme", 1).await;
    let slot = slot::decode(key.inc, key.seq, &stand.slot(&key).await.unwrap()).unwrap();
    stand.drop_slot(&key).await;
    let entry = slot.entry.clone();
    let other = Slot::new(slot.inc, slot.seq, slot.epoch, PutId(99), slot.prev, entry);
    stand.create(&key, slot::encode(&other)).await;
    stand.expect(&before, What::Fork, stand.at_seq("acme", 2).await).await;
}

#[tokio::test]
async fn a_log_that_does_not_follow_from_the_floor_is_found() {
    let (stand, before) = acme().await;
    stand.rewrite("acme", |head| head.floor_chain = Chain([7; 16])).await;
    stand.expect(&before, What::Fork, stand.at_seq("acme", 0).await).await;
}

#[tokio::test]
async fn a_slot_of_an_epoch_that_was_never_claimed_is_found() {
    let (stand, before) = acme().await;
    let (head, _) = stand.end("acme").await;
    let key = stand.append("acme", head.epoch.next(), Entry::Fence).await;
    stand.expect(&before, What::Epoch, &key).await;
}

#[tokio::test]
async fn a_slot_behind_the_end_is_found_and_an_end_that_the_head_does_not_tell_is_none() {
    let (stand, before) = acme().await;
    let (head, _) = stand.end("acme").await;
    let marker = |kind| Marker { kind, name: named("acme"), inc: head.inc };
    stand.store.mark(&marker(MarkerKind::Gone)).await.unwrap();
    stand.append("acme", head.epoch, Entry::End).await;
    stand.store.delete(&Doomed::Marker(marker(MarkerKind::Live))).await.unwrap();
    let found = stand.check().await;
    assert!(found.is_silent(), "{found}");
    let key = stand.append("acme", head.epoch, Entry::Fence).await;
    stand.expect(&before, What::AfterEnd, &key).await;
}

#[tokio::test]
async fn a_batch_of_a_fenced_owner_counts_for_nothing_and_its_chunks_may_be_gone() {
    let (stand, _) = acme().await;
    let (head, _) = stand.end("acme").await;
    stand.rewrite("acme", |it| it.epoch = head.epoch.next()).await;
    stand.append("acme", head.epoch.next(), Entry::Fence).await;
    let (inc, epoch, kind) = (head.inc, head.epoch, FileKind::Chunk);
    let gone = FileName { home: named("acme"), inc, epoch, ulid: 1, kind };
    let void = Body { chunks: vec![gone], ..body(vec![Bytes::from_static(b"no effects")]) };
    stand.append("acme", head.epoch, Entry::Batch(void)).await;
    let found = stand.check().await;
    assert!(found.is_silent(), "{found}");
}

#[tokio::test]
async fn effects_that_nobody_can_read_are_found() {
    let (stand, before) = acme().await;
    let key = append(&stand, body(vec![Bytes::from_static(&[1, 7])])).await;
    stand.expect(&before, What::Corrupt, &key).await;
}

#[tokio::test]
async fn rows_that_are_not_of_the_schema_are_found() {
    for (number, kind, value) in
        [(9, "int", Value::Int(1)), (0, "string", Value::String("x".into()))]
    {
        let (stand, before) = acme().await;
        let values = vec![(AttrNo(number), value)];
        let row = Row { id: DocId::Uint(9), values };
        let kind = kind.parse().unwrap();
        let upserts = vec![Columns::of_rows(IdType::Uint, |_| Some(kind), &[row]).unwrap()];
        let effects = Effects { upserts, ..Effects::default() };
        let key = append(&stand, body(vec![part(&effects)])).await;
        stand.expect(&before, What::Disagrees, &key).await;
    }
}

#[tokio::test]
async fn an_answer_that_nobody_can_read_is_found() {
    let (stand, before) = acme().await;
    let receipt = Receipt { key: 1, fingerprint: 2, outcome: Bytes::from_static(b"odd") };
    let key = append(&stand, Body { receipts: vec![receipt], ..body(vec![]) }).await;
    stand.expect(&before, What::Corrupt, &key).await;
}

#[tokio::test]
async fn a_chunk_that_a_slot_names_is_there_and_can_be_read() {
    let (stand, before) = acme().await;
    let (head, _) = stand.end("acme").await;
    let (inc, epoch, kind) = (head.inc, head.epoch, FileKind::Chunk);
    let name = FileName { home: named("acme"), inc, epoch, ulid: 77, kind };
    let effects = Effects { deletes: vec![DocId::Uint(2)], ..Effects::default() };
    stand.store.put(&name, chunk::encode(&name, &part(&effects))).await.unwrap();
    append(&stand, Body { chunks: vec![name.clone()], ..body(vec![]) }).await;
    let found = stand.check().await;
    assert!(found.is_silent(), "{found}");
    stand.bend_file(&name).await;
    stand.expect(&before, What::Corrupt, place(&name)).await;
    stand.drop_file(&name).await;
    stand.expect(&before, What::Missing, place(&name)).await;
}

#[tokio::test]
async fn a_damaged_slot_below_the_floor_is_found() {
    let stand = Stand::new().await;
    stand.acme().await;
    let before = stand.check().await;
    let key = stand.at_seq("acme", 0).await;
    stand.bend_slot(&key).await;
    // What it is, nobody knows any more.
    let leaks = before.leaks.iter().filter(|leak| leak.place != key.to_string()).cloned().collect();
    stand.expect(&Findings { leaks, ..before.clone() }, What::Corrupt, &key).await;
}
