//! Upserts that leave out a vector attribute, of requests in which that is a mistake.

use super::*;
use crate::model::{Ann, Declaration, Omission, SchemaChange};

fn near(id: i64) -> GivenRow {
    row(id, &[("vector", Given::List(vec![Given::Float(1.0), Given::Float(0.5)]))])
}

/// Of rows that came one by one.
fn strict(rows: Vec<GivenRow>) -> Write {
    let omission = Omission::Mistake { rows: rows.len() };
    Write { metric: Some(Metric::Cosine), omission, ..upsert(rows) }
}

/// How many documents were upserted, or why none was.
fn upserted(desk: &mut Desk, write: Write) -> Result<u64, String> {
    let written = desk.written(&[write]).remove(0);
    written.map(|written| written.upserted.count).map_err(|error| error.to_string())
}

fn lacks(place: &str, name: &str) -> Result<u64, String> {
    Err(format!(
        "💔 {place}: vector attribute '{name}' must be given; null says that the document has none"
    ))
}

#[tokio::test]
async fn each_row_names_the_vectors_that_any_row_of_its_request_brings() {
    let mut desk = Desk::new().await;
    let bare = || row(2, &[("a", text("x"))]);
    for (rows, place) in [
        (vec![near(1), bare()], "upsert_rows[1]"),
        (vec![bare(), near(1)], "upsert_rows[0]"),
        (vec![near(1), near(3), bare(), near(4)], "upsert_rows[2]"),
    ] {
        assert_eq!(upserted(&mut desk, strict(rows)), lacks(place, "vector"));
    }
    assert!(desk.tail.schema().attributes.is_empty(), "nothing of it is left");
    let none = row(2, &[("vector", Given::Null)]);
    assert_eq!(upserted(&mut desk, strict(vec![none, near(1)])), Ok(2));
}

#[tokio::test]
async fn one_row_speaks_for_all_that_lie_across_columns() {
    let mut desk = Desk::new().await;
    let across = |rows, upserts| Write { omission: Omission::Mistake { rows }, ..strict(upserts) };
    let both = across(1, vec![near(1), row(2, &[]), row(3, &[])]);
    assert_eq!(upserted(&mut desk, both), lacks("upsert_columns", "vector"));
    assert_eq!(upserted(&mut desk, across(1, vec![near(1)])), Ok(1));
    assert_eq!(upserted(&mut desk, across(0, vec![near(1), near(2)])), Ok(2));
    assert_eq!(upserted(&mut desk, across(1, vec![near(1), near(2)])), Ok(2));
    assert_eq!(upserted(&mut desk, across(0, vec![])), Ok(0));
}

#[tokio::test]
async fn the_schema_is_that_which_the_requests_before_it_and_its_own_leave_behind() {
    let mut desk = Desk::new().await;
    let bare = || strict(vec![row(2, &[("a", text("x"))])]);
    let drops = Write { schema: vec![("vector".into(), SchemaChange::Drop)], ..bare() };
    let answers = desk.slot(&[strict(vec![near(1)]), bare(), drops, bare()]);
    let two = || Ok(vec![DocId::Uint(2)]);
    assert_eq!(answers, [Ok(vec![DocId::Uint(1)]), Err(ErrorKind::Invalid), two(), two()]);
}

#[tokio::test]
async fn what_counts_as_a_vector_attribute_is_asked_for_and_what_is_sparse_is_not() {
    let dense = Some(Ann::default());
    let late = Some(Ann { late_interaction: true, ..Ann::default() });
    for (kind, ann, is_asked_for) in [
        ("[2]f32", dense, true),
        ("[2]f16", dense, true),
        ("[2]i8", dense, true),
        ("[][2]f32", late, true),
        ("{}f16", None, false),
        ("[]float", None, false),
    ] {
        let mut desk = Desk::new().await;
        let declaration = Declaration { ann, ..Declaration::of(kind.parse().unwrap()) };
        let schema = vec![("it".into(), SchemaChange::Declare(declaration))];
        let write = |row: GivenRow| Write { schema: schema.clone(), ..strict(vec![row]) };
        let expected = if is_asked_for { lacks("upsert_rows[0]", "it") } else { Ok(1) };
        assert_eq!(upserted(&mut desk, write(row(1, &[]))), expected, "{kind}");
        assert_eq!(upserted(&mut desk, write(row(1, &[("it", Given::Null)]))), Ok(1), "{kind}");
    }
}

#[tokio::test]
async fn a_request_is_asked_for_vectors_whatever_would_come_of_it() {
    let mut desk = Desk::new().await;
    assert_eq!(upserted(&mut desk, strict(vec![near(1)])), Ok(1));
    let operand = Operand::Literal(Given::Null);
    let absent = Filter::Test { attribute: "id".into(), op: Op::Eq, operand };
    let insert = |row| Write { upsert_condition: Some(absent.clone()), ..strict(vec![row]) };
    assert_eq!(upserted(&mut desk, insert(row(1, &[]))), lacks("upsert_rows[0]", "vector"));
    assert_eq!(upserted(&mut desk, insert(near(1))), Ok(0));
}

#[tokio::test]
async fn a_patch_names_no_vector_and_where_it_is_no_mistake_no_upsert_has_to() {
    let mut desk = Desk::new().await;
    assert_eq!(upserted(&mut desk, strict(vec![near(1)])), Ok(1));
    let patch = Write { patches: vec![row(1, &[("a", text("x"))])], ..strict(vec![]) };
    assert_eq!(desk.slot(&[patch]), [Ok(vec![DocId::Uint(1)])]);
    assert_eq!(upserted(&mut desk, upsert(vec![row(1, &[]), near(2)])), Ok(2));
}
