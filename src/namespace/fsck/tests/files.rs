//! Damage to the files that a head names: each is found, and nothing else is.

use std::collections::BTreeMap;

use super::*;
use crate::log::{Stored, receipts};
use crate::model::{AttrType, Columns, DocId, Row, Value};
use crate::namespace::base::SegmentEntry;
use crate::protocol::{Receipt, Receipts};
use crate::segment::deletions;
use crate::segment::rows::{FileHash, Writer};

/// A name with files of every kind, and what there is to say of it.
async fn acme() -> (Stand, Findings) {
    let stand = Stand::new().await;
    stand.acme().await;
    let before = stand.check().await;
    (stand, before)
}

async fn deletions_of(stand: &Stand) -> (SegmentEntry, FileName) {
    let (_, base) = stand.head("acme").await;
    let entry = base.segments[0].clone();
    let file = entry.deleted.clone().unwrap().file;
    (entry, file)
}

/// What a head says otherwise than it is.
type Lie = fn(&mut SegmentEntry);

#[tokio::test]
async fn a_file_that_is_not_there_is_found() {
    let named_files = |head: Head| head.files.into_iter().chain(head.keys);
    let count = named_files(acme().await.0.head("acme").await.0).count();
    assert_eq!(count, 4, "two of rows, one of deletions, one of keys");
    for at in 0..count {
        let (stand, before) = acme().await;
        let file = named_files(stand.head("acme").await.0).nth(at).unwrap();
        stand.drop_file(&file).await;
        stand.expect(&before, What::Missing, place(&file)).await;
    }
}

#[tokio::test]
async fn a_file_with_a_flipped_bit_is_found() {
    for at in 0..4 {
        let (stand, before) = acme().await;
        let (head, _) = stand.head("acme").await;
        let file = head.files.into_iter().chain(head.keys).nth(at).unwrap();
        stand.bend_file(&file).await;
        stand.expect(&before, What::Corrupt, place(&file)).await;
    }
}

#[tokio::test]
async fn a_file_that_is_not_what_the_base_says_is_found() {
    let changes: [(Lie, What); 3] = [
        (|entry| entry.count += 1, What::Disagrees),
        (|entry| entry.bytes += 1, What::Corrupt),
        (|entry| entry.hash = FileHash([7; 16]), What::Corrupt),
    ];
    for (change, what) in changes {
        let (stand, before) = acme().await;
        let (_, base) = stand.head("acme").await;
        stand.rebase("acme", |base| change(&mut base.segments[1])).await;
        stand.expect(&before, what, place(&base.segments[1].rows)).await;
    }
}

/// Another file of rows in place of the second segment's, which the base takes for its own.
async fn replace_rows(stand: &Stand, ids: &[u64], value: Value) {
    let (_, base) = stand.head("acme").await;
    let number = base.schema.attributes["n"].number;
    let kind: AttrType = match value {
        Value::Int(_) => "int".parse().unwrap(),
        _ => "string".parse().unwrap(),
    };
    let row = |id: &u64| Row { id: DocId::Uint(*id), values: vec![(number, value.clone())] };
    let rows: Vec<Row> = ids.iter().map(row).collect();
    let rows = Columns::of_rows(rows[0].id.id_type(), |_| Some(kind), &rows).unwrap();
    let attributes = BTreeMap::from([(number, ("n".into(), kind))]);
    let mut writer = Writer::new(rows.id_type(), &attributes, 0).unwrap();
    writer.write(&rows).unwrap();
    let bytes = writer.end().unwrap();
    let (count, length, hash) = (ids.len() as u64, bytes.len() as u64, FileHash::of(&bytes));
    stand.store.put(&base.segments[1].rows, bytes).await.unwrap();
    stand
        .rebase("acme", |base| {
            let it = &mut base.segments[1];
            (it.count, it.bytes, it.hash) = (count, length, hash);
        })
        .await;
}

#[tokio::test]
async fn rows_that_are_not_sorted_stand_twice_or_are_of_another_type_are_found() {
    let text = || Value::String("x".into());
    for (ids, value, what) in [
        (&[7, 9, 8][..], Value::Int(1), What::Corrupt),
        (&[7, 8, 8], Value::Int(1), What::Twice),
        (&[7, 8, 9], text(), What::Disagrees),
    ] {
        let (stand, before) = acme().await;
        let (_, base) = stand.head("acme").await;
        replace_rows(&stand, ids, value).await;
        stand.expect(&before, what, place(&base.segments[1].rows)).await;
    }
}

#[tokio::test]
async fn a_document_that_lives_in_two_segments_is_found() {
    let (stand, before) = acme().await;
    let (_, base) = stand.head("acme").await;
    replace_rows(&stand, &[2, 3], Value::Int(1)).await;
    stand.expect(&before, What::Twice, place(&base.segments[0].rows)).await;
}

#[tokio::test]
async fn a_deletion_that_was_forgotten_is_found() {
    let (stand, before) = acme().await;
    let (entry, file) = deletions_of(&stand).await;
    stand.rebase("acme", |base| base.segments[0].deleted = None).await;
    stand.rewrite("acme", |head| head.files.retain(|it| *it != file)).await;
    stand.drop_file(&file).await;
    stand.expect(&before, What::Twice, place(&entry.rows)).await;
}

#[tokio::test]
async fn deletions_of_other_rows_than_the_base_says_are_found() {
    let (stand, before) = acme().await;
    let (entry, file) = deletions_of(&stand).await;
    for (rows, what) in [(vec![0, 1], What::Disagrees), (vec![3], What::Corrupt)] {
        let bytes = deletions::encode(&file, &entry.rows, &rows.into_iter().collect());
        stand.store.put(&file, bytes).await.unwrap();
        stand.expect(&before, what, place(&file)).await;
    }
}

#[tokio::test]
async fn an_answer_in_the_table_of_keys_that_nobody_can_read_is_found() {
    let (stand, before) = acme().await;
    let keys = stand.head("acme").await.0.keys.unwrap();
    let mut table = Receipts::<Stored>::default();
    table.insert(Receipt { key: 1, fingerprint: 2, outcome: Bytes::from_static(b"odd") });
    stand.store.put(&keys, receipts::encode(&keys, &table)).await.unwrap();
    stand.expect(&before, What::Corrupt, place(&keys)).await;
}
