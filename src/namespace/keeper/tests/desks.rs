//! A desk that nobody sits at: what it sends is carried by hand, so that each moment can be looked at.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::super::desk::{Desk, Waiting};
use super::super::pressure::QUEUED_MAX;
use super::*;
use crate::log::Batch;
use crate::model::{FileKind, FileName, WriteFault};
use crate::namespace::courier::Delivery;
use crate::namespace::keeper::gate::Gate;
use crate::namespace::tail::Tail;
use crate::namespace::view::Glimpse;
use crate::protocol::{Answer, Body, Intent, Request};

/// Tickets that no desk has given here.
const SLOT: u64 = 900;
const DOUBT: u64 = 901;
const ABSENT: u64 = 902;

type Told = oneshot::Receiver<Result<Written>>;

/// It owns the name.
async fn owning(grounds: &Grounds) -> Desk {
    let mut desk =
        Desk::new(Namespace::new("acme").unwrap(), grounds.clone(), None, Gate::of(grounds.clock));
    desk.owner.open(Intent::Write, &mut desk.owner_out);
    carry(&mut desk).await;
    assert!(desk.owner.tenure().is_some());
    desk
}

/// Until nothing is under way. What is answered stays where it is.
async fn carry(desk: &mut Desk) {
    while carry_one(desk).await {}
}

async fn carry_one(desk: &mut Desk) -> bool {
    desk.send();
    let Some(delivery) = desk.owner_mail.next().await else { return false };
    let Delivery { generation, lane, reply, .. } = delivery.unwrap();
    let (dice, out) = (&mut desk.grounds.dice, &mut desk.owner_out);
    desk.owner.hear(generation, lane, reply.unwrap(), dice, out);
    true
}

/// A write that goes as far as it can without an answer from the store.
fn begin(desk: &mut Desk, it: Write) -> Told {
    let (reply, told) = oneshot::channel();
    desk.queue(Box::new(it), None, 0, Memory::of(1 << 20).take(1000), None, reply);
    desk.write_on().unwrap();
    told
}

async fn commit(desk: &mut Desk, it: Write) {
    let told = begin(desk, it);
    carry(desk).await;
    desk.answer_owner().unwrap();
    told.await.unwrap().unwrap();
}

/// A file that lies in no head and no slot.
fn unnamed(desk: &mut Desk) -> FileName {
    let home = desk.owner.place.name.clone();
    let (_, tenure) = desk.owner.tenure().unwrap();
    FileName { home, inc: tenure.inc(), epoch: tenure.epoch(), ulid: 7, kind: FileKind::Chunk }
}

/// A slot that names a chunk.
async fn named(desk: &mut Desk) -> FileName {
    let chunk = unnamed(desk);
    desk.owner_mail.hold(chunk.clone(), Bytes::from_static(b"chunk"));
    desk.owner.tenure().unwrap().1.upload(chunk.clone(), &mut desk.owner_out);
    carry(desk).await;
    let body = Body { batch: Batch::default(), receipts: vec![], chunks: vec![chunk.clone()] };
    let (place, tenure) = desk.owner.tenure().unwrap();
    let (dice, out) = (&mut desk.grounds.dice, &mut desk.owner_out);
    tenure.commit(place, SLOT, body, dice, out).unwrap();
    carry(desk).await;
    chunk
}

/// That file is missed, and it is proven that the owner is the owner: that answer is the first.
fn proven(desk: &mut Desk, missed: FileName) {
    desk.doubted = Some((DOUBT, missed));
    desk.waiting.insert(DOUBT, Waiting::Same(vec![]));
    desk.owner_out.answers.insert(0, Answer::NoEffect { ticket: DOUBT });
}

#[tokio::test]
async fn so_many_writes_wait_for_a_batch_and_the_next_one_is_sent_away() {
    let grounds = grounds(&memory_store().await, "one");
    let mut desk =
        Desk::new(Namespace::new("acme").unwrap(), grounds.clone(), None, Gate::of(grounds.clock));
    let mut queue = |n| {
        let (reply, told) = oneshot::channel();
        let share = Memory::of(1 << 20).take(1000);
        desk.queue(Box::new(upsert(1, n)), None, 0, share, None, reply);
        told
    };
    let mut waiting: Vec<Told> = (0..QUEUED_MAX as i64).map(&mut queue).collect();
    assert!(waiting.iter_mut().all(|told| told.try_recv().is_err()), "nobody was sent away");
    let told = queue(0).await.unwrap().unwrap_err();
    assert_eq!(told.kind(), ErrorKind::Throttled);
    assert!(told.to_string().contains("8192 writes wait"), "{told}");
}

/// What came behind it in the same moment was not told: of a write that was committed nobody knew what
/// had become.
#[tokio::test]
async fn a_file_that_is_lost_keeps_no_other_from_being_answered() {
    let store = memory_store().await;
    let mut desk = owning(&grounds(&store, "one")).await;
    let written = begin(&mut desk, upsert(1, 1));
    let file = named(&mut desk).await;
    let (reply, absent) = oneshot::channel();
    desk.waiting.insert(ABSENT, Waiting::Absent(reply));
    desk.owner_out.answers.push(Answer::NoEffect { ticket: ABSENT });
    proven(&mut desk, file);
    assert_eq!(desk.answer_owner().unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(written.await.unwrap().unwrap().seq, 0);
    assert_eq!(absent.await.unwrap().unwrap(), Deleted::Absent);
    assert!(desk.doubted.is_none() && desk.waiting.is_empty());
}

/// A process that was suspended came back to a read of a file that its own fold had replaced, and told
/// that the name was damaged.
#[tokio::test]
async fn a_file_that_is_named_no_more_is_not_lost_and_only_the_draft_falls() {
    let store = memory_store().await;
    let mut desk = owning(&grounds(&store, "one")).await;
    let sent = begin(&mut desk, upsert(1, 1));
    let not_committed = async |drafted: Told| {
        let error = drafted.await.unwrap().unwrap_err();
        let source = std::error::Error::source(&error);
        let fault = source.and_then(|it| it.downcast_ref::<WriteFault>());
        assert_eq!(fault, Some(&WriteFault::NotCommitted), "{}", error.chain());
    };
    // Be it that the head moved on while that was asked, or before.
    let drafted = begin(&mut desk, upsert(2, 2));
    let file = unnamed(&mut desk);
    proven(&mut desk, file.clone());
    desk.answer_owner().unwrap();
    not_committed(drafted).await;
    let drafted = begin(&mut desk, upsert(3, 3));
    desk.missing(&file).unwrap();
    assert!(desk.doubted.is_none(), "nobody need be asked");
    not_committed(drafted).await;

    // The slot that is on its way stays, and whoever comes now sees it.
    let absent =
        Filter::Test { attribute: "id".into(), op: Op::Eq, operand: Operand::Literal(Given::Null) };
    let insert = Write { upsert_condition: Some(absent), ..upsert(1, 10) };
    let again = begin(&mut desk, insert);
    let (asks, inbox) = mpsc::channel(1);
    let task = tokio::spawn(desk.run(inbox));
    assert_eq!(sent.await.unwrap().unwrap().seq, 0);
    assert_eq!(again.await.unwrap().unwrap().upserted.count, 0);
    asks.send(Ask::Leave).await.unwrap();
    task.await.unwrap();
    assert_eq!(look(&start(&grounds(&store, "two"), Left::default())).await, uint(&[(1, 1)]));
}

/// The log would be cut behind batches that no segment has.
#[tokio::test]
async fn a_tail_that_is_not_the_logs_is_not_folded_but_read_anew() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.folds = FoldAt { slots: 2, bytes: 1 << 20 };
    let mut desk = owning(&it).await;
    commit(&mut desk, upsert(1, 1)).await;
    commit(&mut desk, upsert(2, 2)).await;
    let known = desk.known.as_mut().unwrap();
    known.tail = Tail::behind(&known.base, known.tail.next());
    desk.fold().unwrap();
    assert!(desk.folding.files().is_empty() && desk.known.is_none());

    let (asks, inbox) = mpsc::channel(1);
    let task = tokio::spawn(desk.run(inbox));
    let (reply, view) = oneshot::channel();
    let newest = Consistency::Strong;
    asks.send(Ask::Look { newest, min_seq: None, reply }).await.unwrap();
    let view = view.await.unwrap().unwrap().unwrap();
    assert_eq!(Some(numbers(&view)), uint(&[(1, 1), (2, 2)]));
    asks.send(Ask::Leave).await.unwrap();
    task.await.unwrap();
    assert_eq!(folds(&it), 1.0);
    let other = start(&grounds(&store, "two"), Left::default());
    assert_eq!(look(&other).await, uint(&[(1, 1), (2, 2)]));
}

/// It was taken for a file that is to be written and has no content, and the name stopped: a draft with
/// chunks fell in the very moment in which they were to go up.
#[tokio::test]
async fn a_chunk_that_nobody_wants_any_more_is_not_sent() {
    let mut it = grounds(&memory_store().await, "one");
    it.chunk_bytes = 100;
    let mut desk = owning(&it).await;
    // The slot that is on its way keeps the draft behind it from being sealed.
    let first = begin(&mut desk, upsert(1, 1));
    let rows = (2..20).map(|id| texted(id, noise(&mut Dice::from_seed(id as u64), 1)));
    let fallen = begin(&mut desk, Write { upserts: rows.collect(), ..Write::default() });
    let unsent = |desk: &Desk| {
        let all = desk.owner_out.requests.iter();
        all.filter(|(_, request)| matches!(request, Request::PutFile { .. })).count()
    };
    assert!(unsent(&desk) > 1, "there are chunks to be sent");
    desk.drop_draft();
    assert_eq!(unsent(&desk), 0);
    carry(&mut desk).await;
    desk.answer_owner().unwrap();
    assert_eq!(first.await.unwrap().unwrap().seq, 0);
    assert_eq!(fallen.await.unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
}

/// A view that was asked for now, as far as the machines go on without what is read for them.
async fn viewed(desk: &mut Desk) -> oneshot::Receiver<Result<Option<Glimpse>>> {
    let (reply, shown) = oneshot::channel();
    desk.look(Consistency::Strong, None, reply);
    read(desk).await;
    shown
}

async fn read(desk: &mut Desk) {
    desk.look_on().unwrap();
    desk.send();
    while let Some(delivery) = desk.reader_mail.next().await {
        desk.reader_heard(delivery.unwrap()).unwrap();
        desk.send();
    }
}

/// As soon as the rows of one life had been read they were forgotten for those of the other, and so on
/// for ever.
#[tokio::test]
async fn who_waits_for_a_life_that_is_over_is_shown_the_next() {
    let store = memory_store().await;
    let one = start(&grounds(&store, "one"), Left::default());
    let mut desk = {
        let grounds = grounds(&store, "two");
        let gate = Gate::of(grounds.clock);
        Desk::new(Namespace::new("acme").unwrap(), grounds, None, gate)
    };
    write(&one, upsert(1, 1)).await.unwrap();
    let former = viewed(&mut desk).await;
    delete(&one).await;
    write(&one, upsert(2, 2)).await.unwrap();
    let latter = viewed(&mut desk).await;
    for _ in 0..10 {
        if let Some(done) = desk.work.join_next().await {
            desk.worked(done).unwrap();
        }
        read(&mut desk).await;
    }
    for mut shown in [former, latter] {
        let view = shown.try_recv().expect("it was shown").unwrap();
        assert_eq!(view.map(|view| numbers(&view)), uint(&[(2, 2)]));
    }
}

#[tokio::test]
async fn behind_its_end_a_name_is_what_it_was_at_the_slot_before() {
    let store = memory_store().await;
    let mut desk = owning(&grounds(&store, "one")).await;
    commit(&mut desk, upsert(1, 1)).await;
    let (place, tenure) = desk.owner.tenure().unwrap();
    tenure.end(place, SLOT, &mut desk.grounds.dice, &mut desk.owner_out).unwrap();
    while desk.owner.tenure().unwrap().1.next() == Seq(1) {
        assert!(carry_one(&mut desk).await, "the end is on its way");
    }
    let view = desk.owner.tenure().unwrap().1.view();
    assert_eq!((view.next, view.batches.len()), (Seq(1), 1));
    let known = desk.rows_of(&view).unwrap().expect("nothing of it is to be read");
    assert_eq!((known.tail.next(), known.tail.slots()), (Seq(1), 1));
}
