//! What requests change by filter, against a map of documents. Which ones are left where not all may
//! be changed is not said: so the map is told what was answered, when that was looked at.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::model::{ByFilter, Excess, PatchByFilter};

type Documents = BTreeMap<DocId, Option<String>>;

#[derive(Clone, Debug)]
enum Step {
    Upsert(i64, u8),
    Delete(i64),
    /// Whatever is below, as text.
    DeleteBelow(u8, Excess),
    PatchBelow(u8, Option<u8>, Excess),
    Slot,
    Fold,
}

fn any_step() -> impl Strategy<Value = Step> {
    let id = 0..12_i64;
    let excess = || prop::sample::select(vec![Excess::Refused, Excess::Left]);
    prop_oneof![
        6 => (id.clone(), any::<u8>()).prop_map(|(id, n)| Step::Upsert(id, n)),
        1 => id.prop_map(Step::Delete),
        2 => (any::<u8>(), excess()).prop_map(|(n, excess)| Step::DeleteBelow(n, excess)),
        2 => (any::<u8>(), any::<Option<u8>>(), excess())
            .prop_map(|(n, to, excess)| Step::PatchBelow(n, to, excess)),
        2 => Just(Step::Slot),
        1 => Just(Step::Fold),
    ]
}

fn said(number: u8) -> Given {
    text(&number.to_string())
}

fn below(number: u8, excess: Excess) -> ByFilter {
    let operand = Operand::Literal(said(number));
    ByFilter { filter: Filter::Test { attribute: "a".into(), op: Op::Lt, operand }, excess }
}

fn delete_below(number: u8, excess: Excess) -> Write {
    Write { delete_by_filter: Some(below(number, excess)), ..Write::default() }
}

fn patch_below(number: u8, to: Option<u8>, excess: Excess) -> Write {
    let values = vec![("a".into(), to.map_or(Given::Null, said))];
    let patch_by_filter = Some(PatchByFilter { matching: below(number, excess), values });
    Write { patch_by_filter, ..Write::default() }
}

fn write_of(step: &Step) -> Option<Write> {
    Some(match step {
        Step::Upsert(id, number) => upsert(vec![row(*id, &[("a", said(*number))])]),
        Step::Delete(id) => Write { deletes: vec![Given::Int(*id)], ..Write::default() },
        Step::DeleteBelow(number, excess) => delete_below(*number, *excess),
        Step::PatchBelow(number, to, excess) => patch_below(*number, *to, *excess),
        Step::Slot | Step::Fold => return None,
    })
}

/// Null is below everything.
fn matching(documents: &Documents, number: u8) -> BTreeSet<DocId> {
    let bound = number.to_string();
    let below = documents.iter().filter(|(_, text)| text.as_ref().is_none_or(|it| *it < bound));
    below.map(|(id, _)| id.clone()).collect()
}

/// The documents that were changed, if that is what may have been changed of these.
fn changed(
    answer: Result<Written>,
    matching: &BTreeSet<DocId>,
    max: usize,
    excess: Excess,
) -> Result<Vec<DocId>, TestCaseError> {
    let more = matching.len() > max;
    let written = match answer {
        Err(error) => {
            prop_assert!(more && excess == Excess::Refused, "{}", error);
            prop_assert_eq!(error.kind(), ErrorKind::Invalid);
            return Ok(Vec::new());
        }
        Ok(written) => written,
    };
    prop_assert!(!more || excess == Excess::Left);
    prop_assert_eq!(written.remaining, more);
    let ids = [written.patched.ids, written.deleted.ids].concat();
    prop_assert_eq!(ids.len(), matching.len().min(max));
    prop_assert!(ids.is_sorted_by(|a, b| a < b) && ids.iter().all(|id| matching.contains(id)));
    Ok(ids)
}

fn happen(
    documents: &mut Documents,
    step: &Step,
    answer: Result<Written>,
    limits: Limits,
) -> Result<(), TestCaseError> {
    let id = |id: &i64| DocId::Uint(*id as u64);
    match step {
        Step::Upsert(at, number) => drop(documents.insert(id(at), Some(number.to_string()))),
        Step::Delete(at) => drop(documents.remove(&id(at))),
        Step::DeleteBelow(number, excess) => {
            let matching = matching(documents, *number);
            for id in changed(answer, &matching, limits.deletes, *excess)? {
                documents.remove(&id);
            }
        }
        Step::PatchBelow(number, to, excess) => {
            let matching = matching(documents, *number);
            for id in changed(answer, &matching, limits.patches, *excess)? {
                documents.insert(id, to.map(|number| number.to_string()));
            }
        }
        Step::Slot | Step::Fold => {}
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_changed_by_filter_is_what_matches_then(
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut desk = runtime.block_on(Desk::new());
        let (mut documents, mut batch) = (Documents::new(), Vec::new());
        desk.slot(&[upsert(vec![row(0, &[("a", text("first"))])])]);
        documents.insert(DocId::Uint(0), Some("first".to_owned()));
        for step in steps.iter().chain([&Step::Slot, &Step::Fold]) {
            if let Some(write) = write_of(step) {
                batch.push((step, write));
                continue;
            }
            let writes: Vec<Write> = batch.iter().map(|(_, write)| write.clone()).collect();
            for (answer, (step, _)) in desk.written(&writes).into_iter().zip(batch.drain(..)) {
                happen(&mut documents, step, answer, desk.limits)?;
            }
            if matches!(step, Step::Fold) {
                runtime.block_on(desk.fold());
            }
            prop_assert_eq!(desk.texts(), documents.clone());
        }
    }
}

fn texts_of(named: &[(u64, &str)]) -> Documents {
    named.iter().map(|(id, text)| (DocId::Uint(*id), Some((*text).to_owned()))).collect()
}

#[tokio::test]
async fn of_one_request_what_is_by_filter_comes_first_and_the_delete_before_the_patch() {
    let mut desk = Desk::new().await;
    let rows = [(1, "1"), (2, "2"), (3, "3"), (4, "4")];
    desk.slot(&[upsert(rows.map(|(id, it)| row(id, &[("a", text(it))])).into())]);
    let write = Write {
        upserts: vec![row(1, &[("a", text("again"))])],
        patches: vec![row(2, &[("a", text("never"))]), row(3, &[("a", text("late"))])],
        delete_by_filter: delete_below(3, Excess::Refused).delete_by_filter,
        ..patch_below(5, Some(0), Excess::Refused)
    };
    let written = desk.written(&[write]).remove(0).unwrap();
    let ids = |ids: &[u64]| ids.iter().copied().map(DocId::Uint).collect::<Vec<_>>();
    assert_eq!(written.deleted.ids, ids(&[1, 2]));
    assert_eq!(written.patched.ids, ids(&[3, 4, 3]), "by filter, and then by id");
    assert_eq!(written.upserted.ids, ids(&[1]));
    assert_eq!(desk.texts(), texts_of(&[(1, "again"), (3, "late"), (4, "0")]));
}

/// To replace what belongs together, also where nothing is there yet.
#[tokio::test]
async fn a_filter_knows_the_schema_that_its_request_leaves_behind() {
    let mut desk = Desk::new().await;
    let replace =
        Write { upserts: vec![row(1, &[("a", text("1"))])], ..delete_below(9, Excess::Refused) };
    let written = desk.written(&[replace.clone(), replace]);
    let counts = written.iter().map(|it| it.as_ref().unwrap().deleted.count).collect::<Vec<_>>();
    assert_eq!(counts, [0, 1]);
    assert_eq!(desk.texts(), texts_of(&[(1, "1")]));
}

#[tokio::test]
async fn a_patch_by_filter_that_may_not_be_is_refused_though_nothing_matches() {
    let mut desk = Desk::new().await;
    let vector = Given::List(vec![Given::Float(0.5)]);
    let first = row(1, &[("a", text("1")), ("vector", vector.clone())]);
    desk.slot(&[Write { metric: Some(Metric::Cosine), ..upsert(vec![first]) }]);
    let patch = |name: &str, value: Given| {
        let values = vec![(name.into(), value)];
        let patch_by_filter = PatchByFilter { matching: below(0, Excess::Left), values };
        Write { patch_by_filter: Some(patch_by_filter), ..Write::default() }
    };
    for (write, told) in [
        (patch("vector", vector), "vector attribute 'vector'"),
        (patch("a", Given::Int(1)), "attribute 'a'"),
        (patch("id", Given::Int(1)), "'id'"),
    ] {
        let refusal = desk.written(&[write]).remove(0).unwrap_err();
        assert!(refusal.to_string().contains(told), "{refusal}");
    }
    assert!(desk.written(&[patch("b", Given::Bool(true))]).remove(0).is_ok());
    assert!(desk.tail.schema().attributes.contains_key("b"));
}

/// Once what a filter found was nobody's to count: a short request took gigabytes.
#[tokio::test]
async fn where_there_is_no_room_for_all_as_many_are_changed_as_there_is_room_for() {
    let mut desk = Desk::new().await;
    desk.limits = Limits { deletes: 5000, patches: 5000 };
    desk.slot(&[upsert((0..5000).map(|id| row(id, &[("a", text("1"))])).collect())]);
    let within = |bytes_max: u64| {
        move |bytes: u64| match bytes <= bytes_max {
            true => Ok(()),
            false => Err(Error::unavailable("there is no room")),
        }
    };
    for (write, bytes_max) in
        [(delete_below(2, Excess::Left), 1000 * 300), (patch_below(2, None, Excess::Left), 3 << 19)]
    {
        let written = desk.stage().take_within(&write, &mut within(bytes_max)).unwrap();
        let count = written.deleted.count + written.patched.count;
        assert!(written.remaining && (1..5000).contains(&count), "{count}");
        let written = desk.stage().take_within(&write, &mut within(u64::MAX)).unwrap();
        let count = written.deleted.count + written.patched.count;
        assert!(!written.remaining && count == 5000, "{count}");
    }
    for write in [
        delete_below(2, Excess::Refused),
        patch_below(2, None, Excess::Refused),
        delete_below(2, Excess::Left),
        patch_below(2, None, Excess::Left),
    ] {
        let mut stage = desk.stage();
        let refusal = stage.take_within(&write, &mut within(0)).unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::Unavailable);
        assert!(stage.is_empty() && !stage.has_rest());
    }
}

/// Folded or not: a filter is asked of all that lies there.
#[tokio::test]
async fn a_filter_is_billed_for_what_it_was_asked_of_and_for_what_it_changed() {
    let mut desk = Desk::new().await;
    desk.slot(&[upsert(vec![row(1, &[("a", text("1"))]), row(2, &[("a", text("22"))])])]);
    desk.fold().await;
    desk.slot(&[upsert(vec![row(3, &[("a", text("333")), ("b", text("long"))])])]);
    let mut bill = |write: Write| {
        let written = desk.written(&[write]).remove(0).unwrap();
        (written.queried_bytes, written.written_bytes)
    };
    let lay = (8 + 1) + (8 + 2) + (8 + 3 + 4);
    assert_eq!(bill(patch_below(3, Some(100), Excess::Refused)), (lay, 2 * (8 + 3)));
    let lay = (8 + 3) + (8 + 3) + (8 + 3 + 4);
    assert_eq!(bill(delete_below(2, Excess::Refused)), (lay, 8 + 8));
    assert_eq!(bill(delete_below(2, Excess::Refused)), (8 + 3 + 4, 0));
    assert_eq!(bill(upsert(vec![row(4, &[])])), (0, 8), "it asked nothing");
}
