//! What a batch of requests does, how it lies in the tail, and what a fold makes of it, against an
//! oracle that is too simple to be wrong: a map of documents.

mod by_filter;
mod omission;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::base::Base;
use super::commit::{Asks, Born, Ground, Limits, Stage};
use super::fold::{Names, Plan};
use super::segments::Segment;
use super::tail::{Landed, Tail};
use super::view::View;
use crate::config::Location;
use crate::env::{Clock, Dice};
use crate::error::{ErrorKind, Result};
use crate::log::effects;
use crate::memory::Memory;
use crate::model::{
    Create, DocId, Epoch, Filter, Given, GivenRow, IdType, Incarnation, Metric, Namespace, Op,
    Operand, Seq, Value, Write, Written,
};
use crate::protocol::Receipts;
use crate::segment::rows::Extent;
use crate::storage::{self, Store};

/// When all slots are written.
const AT: u64 = 7;

/// One namespace without a log: slots are applied as they are made.
struct Desk {
    tail: Tail,
    segments: Vec<Arc<Segment>>,
    base: Base,
    store: Store,
    memory: Memory,
    /// How many documents a request may change by filter.
    limits: Limits,
}

fn text(text: &str) -> Given {
    Given::Text(text.into())
}

fn row(id: i64, values: &[(&str, Given)]) -> GivenRow {
    let values = values.iter().map(|(name, given)| ((*name).into(), given.clone())).collect();
    GivenRow { id: Given::Int(id), values }
}

fn upsert(rows: Vec<GivenRow>) -> Write {
    Write { upserts: rows, ..Write::default() }
}

impl Desk {
    async fn new() -> Self {
        let dice = Dice::from_seed(1);
        let store = storage::open(&Location::Memory, [], Clock::start(), dice).await.unwrap();
        let base = Base::default();
        let memory = Memory::of(1 << 30);
        let (tail, segments) = (Tail::behind(&base, Seq(0)), vec![]);
        let limits = Limits { deletes: 3, patches: 2 };
        Self { tail, segments, base, store, memory, limits }
    }

    fn view(&self) -> View {
        View::new(self.tail.clone(), self.segments.clone())
    }

    /// One slot with these requests: the ids of what each has changed.
    fn slot(&mut self, writes: &[Write]) -> Vec<Result<Vec<DocId>, ErrorKind>> {
        let ids = |answer: Result<Written>| match answer {
            Ok(Written { upserted, patched, deleted, .. }) => {
                Ok([upserted.ids, patched.ids, deleted.ids].concat())
            }
            Err(error) => Err(error.kind()),
        };
        self.written(writes).into_iter().map(ids).collect()
    }

    fn stage(&self) -> Stage {
        let (tail, segments) = (self.tail.clone(), self.segments.clone());
        let ground = Ground { tail, segments, holds: Asks::Rows, born: Born::Yes };
        Stage::over(ground).limited(self.limits)
    }

    /// One slot with these requests; what each was answered.
    fn written(&mut self, writes: &[Write]) -> Vec<Result<Written>> {
        let mut stage = self.stage();
        let mut parts = Vec::new();
        let take = |write: &Write| {
            let answer = stage.take(write);
            // A large batch is cut, row by row if need be.
            while stage.bytes() > 300 {
                parts.push(stage.cut(AT, 100, &self.memory).unwrap());
            }
            answer
        };
        let answers = writes.iter().map(take).collect();
        parts.push(stage.cut(AT, usize::MAX, &self.memory).unwrap());
        assert!(!stage.has_rest());
        // As whoever replays the slot has it.
        let read = |part| effects::decode(&effects::encode(part).unwrap()).unwrap();
        let parts = parts.iter().map(read).collect();
        let landed = Landed::new(self.tail.next(), parts, &self.memory);
        self.tail.apply(&landed).unwrap();
        answers
    }

    /// The tail becomes a segment, which is then read as any other node would.
    async fn fold(&mut self) {
        let home = Namespace::new("acme").unwrap();
        let segments: Vec<_> = self.segments.iter().map(|one| self.ids_of(one)).collect();
        let dice = &mut Dice::from_os();
        let plan = Plan {
            names: Names::draw(&home, Incarnation(1), Epoch(1), segments.len(), dice),
            tail: self.tail.clone(),
            segments: futures::future::join_all(segments).await,
            memory: self.memory.clone(),
            receipts: Receipts::default(),
            keys: None,
        };
        let folded = plan.run(&self.store).await.unwrap();
        self.base = Base::decode(&folded.files.base).unwrap();
        let mut segments = Vec::new();
        for entry in &self.base.segments {
            let store = self.store.reader();
            let read = Segment::read(&store, entry, Extent::Whole, None, &self.memory).await;
            segments.push(Arc::new(read.unwrap_or_else(|unread| panic!("{unread:?}"))));
        }
        let made = folded.segments.iter().map(|segment| segment.entry());
        assert!(made.eq(self.base.segments.iter()), "the fold knows what it made");
        self.segments = segments;
        self.tail = Tail::behind(&self.base, self.tail.next());
    }

    /// A fold needs no more of a segment.
    async fn ids_of(&self, segment: &Segment) -> Arc<Segment> {
        let (store, entry) = (self.store.reader(), segment.entry());
        let read = Segment::read(&store, entry, Extent::Ids, None, &self.memory).await;
        Arc::new(read.unwrap_or_else(|unread| panic!("{unread:?}")))
    }

    /// All documents, by the liveness of views: their ids, and the text of `a`.
    fn texts(&self) -> BTreeMap<DocId, Option<String>> {
        let view = self.view();
        let number = view.schema().attributes.get("a").map(|attribute| attribute.number);
        let mut texts = BTreeMap::new();
        for living in view.living() {
            for at in living.alive.set_indices() {
                let id = living.rows.id(at);
                let value = number.and_then(|number| living.rows.value(at, number));
                let text = value.map(|value| match value {
                    Value::String(text) => text.to_string(),
                    other => panic!("{other:?} is no text"),
                });
                assert_eq!(view.get(&id), Some(living.rows.row(at)));
                assert_eq!(texts.insert(id, text), None, "a document is alive twice");
            }
        }
        texts
    }
}

/// What may happen to ten documents.
#[derive(Clone, Debug)]
enum Event {
    Upsert(i64, u8),
    Patch(i64, Option<u8>),
    Delete(i64),
    /// Only where nothing is there.
    Insert(i64, u8),
    Slot,
    Fold,
}

fn any_event() -> impl Strategy<Value = Event> {
    let id = 0..10_i64;
    prop_oneof![
        4 => (id.clone(), any::<u8>()).prop_map(|(id, n)| Event::Upsert(id, n)),
        2 => (id.clone(), any::<Option<u8>>()).prop_map(|(id, n)| Event::Patch(id, n)),
        2 => id.clone().prop_map(Event::Delete),
        2 => (id, any::<u8>()).prop_map(|(id, n)| Event::Insert(id, n)),
        3 => Just(Event::Slot),
        1 => Just(Event::Fold),
    ]
}

fn write_of(event: &Event) -> Option<Write> {
    let said = |number: u8| text(&number.to_string());
    let absent =
        Filter::Test { attribute: "id".into(), op: Op::Eq, operand: Operand::Literal(Given::Null) };
    Some(match event {
        Event::Upsert(id, number) => upsert(vec![row(*id, &[("a", said(*number))])]),
        Event::Insert(id, number) => Write {
            upsert_condition: Some(absent),
            ..upsert(vec![row(*id, &[("a", said(*number))])])
        },
        Event::Patch(id, number) => {
            let given = number.map_or(Given::Null, said);
            Write { patches: vec![row(*id, &[("a", given)])], ..Write::default() }
        }
        Event::Delete(id) => Write { deletes: vec![Given::Int(*id)], ..Write::default() },
        Event::Slot | Event::Fold => return None,
    })
}

/// The map after one event.
fn happen(documents: &mut BTreeMap<DocId, Option<String>>, event: &Event) {
    let id = |id: &i64| DocId::Uint(*id as u64);
    match event {
        Event::Upsert(at, number) => drop(documents.insert(id(at), Some(number.to_string()))),
        Event::Insert(at, number) => {
            documents.entry(id(at)).or_insert_with(|| Some(number.to_string()));
        }
        Event::Patch(at, number) => {
            if let Some(document) = documents.get_mut(&id(at)) {
                *document = number.map(|number| number.to_string());
            }
        }
        Event::Delete(at) => drop(documents.remove(&id(at))),
        Event::Slot | Event::Fold => {}
    }
}

proptest! {
    #[test]
    fn slots_and_folds_hold_what_a_map_would(events in prop::collection::vec(any_event(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut desk = runtime.block_on(Desk::new());
        let (mut documents, mut batch) = (BTreeMap::new(), Vec::new());
        // Every attribute that is asked about must be known: the first document says so.
        desk.slot(&[upsert(vec![row(0, &[("a", text("first"))])])]);
        documents.insert(DocId::Uint(0), Some("first".to_owned()));
        for event in events.iter().chain([&Event::Slot, &Event::Fold]) {
            match write_of(event) {
                Some(write) => batch.push(write),
                None => drop(desk.slot(&std::mem::take(&mut batch))),
            }
            if matches!(event, Event::Fold) {
                runtime.block_on(desk.fold());
                prop_assert!(desk.tail.blocks().is_empty());
            }
            happen(&mut documents, event);
            if batch.is_empty() {
                prop_assert_eq!(desk.texts(), documents.clone());
            }
        }
        let live: u64 = desk.base.segments.iter()
            .map(|one| one.count - one.deleted.as_ref().map_or(0, |deleted| deleted.count)).sum();
        prop_assert_eq!(live, documents.len() as u64);
    }
}

#[tokio::test]
async fn a_request_is_taken_whole_or_not_at_all() {
    let mut desk = Desk::new().await;
    let good = upsert(vec![row(1, &[("a", text("x"))])]);
    let typed = upsert(vec![row(2, &[("a", text("y"))]), row(3, &[("a", Given::Int(1))])]);
    let twice = upsert(vec![row(4, &[]), row(4, &[])]);
    let unnamed = upsert(vec![row(5, &[("vector", Given::List(vec![Given::Float(1.0)]))])]);
    let answers = desk.slot(&[good, typed, twice, unnamed]);
    assert_eq!(answers[0], Ok(vec![DocId::Uint(1)]));
    assert!(answers[1..].iter().all(|answer| *answer == Err(ErrorKind::Invalid)), "{answers:?}");
    assert_eq!(desk.texts(), BTreeMap::from([(DocId::Uint(1), Some("x".into()))]));
    assert!(!desk.tail.schema().attributes.contains_key("vector"), "nothing of it is left");
}

/// Two requests of one batch must not define one attribute twice, each in its own way.
#[tokio::test]
async fn a_request_sees_the_schema_and_the_rows_of_those_before_it_in_its_batch() {
    let mut desk = Desk::new().await;
    let first = upsert(vec![row(1, &[("n", Given::Int(1))])]);
    let second = upsert(vec![row(2, &[("n", text("one"))])]);
    let stored = |op, value| Filter::Test {
        attribute: "n".into(),
        op,
        operand: Operand::Literal(Given::Int(value)),
    };
    let third = Write {
        upsert_condition: Some(stored(Op::Eq, 1)),
        ..upsert(vec![row(1, &[("n", Given::Int(2))])])
    };
    let fourth = Write {
        delete_condition: Some(stored(Op::Lt, 2)),
        deletes: vec![Given::Int(1)],
        ..Write::default()
    };
    let answers = desk.slot(&[first, second, third.clone(), third, fourth]);
    assert_eq!(answers[0], Ok(vec![DocId::Uint(1)]));
    assert_eq!(answers[1], Err(ErrorKind::Invalid));
    assert_eq!(answers[2], Ok(vec![DocId::Uint(1)]), "it is 1 by then");
    assert_eq!(answers[3], Ok(vec![]), "and 2 by now");
    assert_eq!(answers[4], Ok(vec![]), "which is not below 2");
}

#[tokio::test]
async fn a_condition_may_ask_what_comes_in_and_a_patch_may_not_touch_vectors() {
    let mut desk = Desk::new().await;
    let vector = |n: f64| Given::List(vec![Given::Float(n), Given::Float(0.5)]);
    let newer = Filter::Test {
        attribute: "version".into(),
        op: Op::Lt,
        operand: Operand::New("version".into()),
    };
    let put = |version: i64| Write {
        metric: Some(Metric::Cosine),
        upsert_condition: Some(newer.clone()),
        ..upsert(vec![row(1, &[("version", Given::Int(version)), ("vector", vector(1.0))])])
    };
    let answers = desk.slot(&[put(5), put(4), put(6)]);
    assert_eq!(answers, [Ok(vec![DocId::Uint(1)]), Ok(vec![]), Ok(vec![DocId::Uint(1)])]);
    let patch = Write { patches: vec![row(1, &[("vector", vector(2.0))])], ..Write::default() };
    assert_eq!(desk.slot(&[patch]), [Err(ErrorKind::Invalid)]);
}

#[tokio::test]
async fn a_base_reads_back_and_another_is_corrupt() {
    let mut desk = Desk::new().await;
    desk.slot(&[upsert(vec![row(1, &[("a", text("x"))]), row(2, &[("b", Given::Bool(true))])])]);
    desk.fold().await;
    desk.slot(&[Write { deletes: vec![Given::Int(1)], ..Write::default() }]);
    desk.fold().await;
    let bytes = desk.base.encode();
    assert_eq!(Base::decode(&bytes).unwrap(), desk.base);
    assert_eq!(desk.base.files().count(), 2, "rows, and what of them is deleted");
    for cut in 1..bytes.len() {
        assert_eq!(Base::decode(&bytes.slice(..cut)).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[tokio::test]
async fn a_fold_keeps_when_a_namespace_without_documents_was_made() {
    let mut desk = Desk::new().await;
    let made = Write { id_type: Some(IdType::Uint), create: Create::Always, ..Write::default() };
    desk.written(&[made]).remove(0).unwrap();
    let told = |desk: &Desk| desk.tail.times().last_write();
    assert_eq!(told(&desk), AT);
    desk.fold().await;
    assert!(desk.segments.is_empty() && desk.tail.slots() == 0);
    assert_eq!(told(&desk), AT);
}
