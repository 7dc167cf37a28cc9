//! Single machines over a store that does not lie: what no search of theirs would come upon,
//! because it takes damage, three names, or a reply from another time.

use std::collections::VecDeque;

use elacsym::env::BootTime;
use elacsym::model::{Chain, Epoch, FileKind, FileName, Incarnation, PutId, Seq};
use elacsym::protocol::{
    Answer, Body, BranchFate, Brancher, Busy, Collector, Edit, Entry, Files, GRACE, Head, Heard,
    Inside, Intent, Lane, Leave, Life, MergeWork, News, Outbox, Owner, Place, Publish, Reader,
    Recall, Receipt, Refused, Reply, Request, Rules, Slot, State, Strictness, Then, Watch,
};

use super::garbage::NOW;
use super::model::{Fixed, Model, Ops, holder, name};
use super::store::{Store, writes};

const A: Incarnation = Incarnation(0xa);
const B: Incarnation = Incarnation(0xb << 64);

fn place(which: u8) -> Place {
    Place { name: name(which), me: holder(0, 0), rules: Rules::default() }
}

fn dice() -> Fixed {
    Fixed { who: 0, life: 0, name: 0 }
}

fn rows(home: u8, inc: Incarnation) -> FileName {
    FileName { home: name(home), inc, epoch: Epoch(1), ulid: 1, kind: FileKind::Rows }
}

/// The head of a name after these edits.
fn head(edits: impl IntoIterator<Item = Edit<Model>>) -> Head<Model> {
    let mut head = None;
    for (put, edit) in (1..).zip(edits) {
        let next = edit.apply(head.as_ref(), PutId(put), Rules::default());
        head = Some(next.unwrap_or_else(|why| panic!("{edit:?} is refused: {why:?}")));
    }
    head.expect("an edit")
}

fn create(inc: Incarnation) -> Edit<Model> {
    Edit::Create { inc, holder: holder(0, 0) }
}

fn publish(inc: Incarnation, add: FileName, keys: Option<FileName>) -> Edit<Model> {
    Edit::Publish(Publish {
        inc,
        epoch: Epoch(1),
        over: head([create(inc)]).into(),
        floor: Seq(1),
        floor_epoch: Epoch(1),
        floor_chain: Chain([7; 16]),
        born: true,
        base: Ops::default(),
        add: vec![add],
        drop: vec![],
        keys,
        then: Then::Stay,
    })
}

fn store(heads: [Option<Head<Model>>; 3]) -> Store {
    Store { heads: heads.map(|head| head.map(Into::into)), ..Store::default() }
}

/// Answers every request, the oldest first, until there is none.
fn serve(
    store: &mut Store,
    out: &mut Outbox<Model>,
    mut hear: impl FnMut(Lane, Reply<Model>, &mut Outbox<Model>),
) {
    let mut waiting: VecDeque<_> = out.requests.drain(..).collect();
    while let Some((lane, request)) = waiting.pop_front() {
        let reply = if writes(&request) { store.write(&request) } else { store.read(&request) };
        hear(lane, reply, out);
        waiting.extend(out.requests.drain(..));
    }
}

/// Opens a name, and says what came of it.
fn open(store: &mut Store, owner: &mut Owner<Model>, intent: Intent) -> Option<News> {
    let (mut out, mut news) = (Outbox::default(), None);
    owner.open(intent, &mut out);
    serve(store, &mut out, |lane, reply, out| {
        news = owner.hear(owner.generation(), lane, reply, &mut dice(), out).or(news);
    });
    news
}

/// An owner, a chunk of its, and the request that is to put it there.
fn uploading() -> (Owner<Model>, FileName, Outbox<Model>) {
    let mut owner = Owner::closed(place(0));
    open(&mut store([None, None, None]), &mut owner, Intent::Write);
    let (_, tenure) = owner.tenure().expect("an owner");
    let chunk = FileName { kind: FileKind::Chunk, ..rows(0, tenure.inc()) };
    let mut out = Outbox::default();
    tenure.upload(chunk.clone(), &mut out);
    (owner, chunk, out)
}

fn ask(store: &mut Store, reader: &mut Reader<Model>) -> Vec<Answer<Model>> {
    let mut out = Outbox::default();
    reader.begin(BootTime::default(), &mut out);
    let heard = Heard { sent: BootTime::default(), received: BootTime::default(), date: None };
    serve(store, &mut out, |lane, reply, out| reader.hear(lane, reply, heard, out));
    out.answers
}

fn collect(store: &mut Store, which: u8, inc: Incarnation) {
    let now = store.heads[usize::from(which)].clone().expect("a head");
    let watch = Watch::of(&now, inc, BootTime::default());
    let mut collector = Collector::watching(place(which), watch);
    let mut out = Outbox::default();
    collector.look(&mut out);
    serve(store, &mut out, |lane, reply, out| {
        collector.hear(lane, reply, NOW, &Inside::default(), &mut dice(), out);
    });
}

/// A branch that is deleted while it is branched from still reads its parent's files, through the
/// second branch. Its pin at the parent was once held for as long as it had any branch, and once
/// dropped while it did.
#[test]
fn a_dead_branch_holds_its_pin_for_as_long_as_its_own_branch_reads_through_it() {
    let file = rows(0, A);
    let pin = Edit::Pin { life: A, name: name(1), inc: B };
    let a = head([create(A), publish(A, file.clone(), None), pin]);
    let parent = elacsym::protocol::Parent { name: name(0), inc: A };
    let b = [
        Edit::Sprout { inc: B, holder: holder(2, 0), parent },
        Edit::Activate { inc: B, base: Ops::default(), files: vec![file] },
        Edit::Pin { life: B, name: name(2), inc: Incarnation(0xc) },
        Edit::Entomb { inc: B, next: Seq(2) },
    ];
    let mut store = store([Some(a), Some(head(b)), None]);
    collect(&mut store, 0, A);
    let pins = |store: &Store| store.heads[0].as_ref().expect("a head").pins.len();
    assert_eq!(pins(&store), 1, "the branch of the branch reads this file");
    // There is no `c`: the collector of `b` drops its pin, and then `b` keeps nothing.
    collect(&mut store, 1, B);
    collect(&mut store, 0, A);
    assert_eq!(pins(&store), 0, "nobody reads it any more");
}

#[test]
fn to_tend_a_name_that_is_not_there_creates_nothing() {
    let dead = head([create(A), Edit::Entomb { inc: A, next: Seq(1) }]);
    for start in [None, Some(dead)] {
        let mut store = store([start, None, None]);
        let before = store.clone();
        let mut owner = Owner::closed(place(0));
        let news = open(&mut store, &mut owner, Intent::Tend);
        assert_eq!(news, Some(News::Refused(Refused::Absent)));
        assert_eq!(store, before);
        assert_eq!(open(&mut store, &mut owner, Intent::Write), Some(News::Owned));
    }
}

/// What was sent before a name was lost arrives when it is being claimed again.
#[test]
fn a_reply_from_before_a_name_was_left_is_no_reply_to_what_was_asked_since() {
    let mut store = store([None, None, None]);
    let mut owner = Owner::<Model>::closed(place(0));
    let mut out = Outbox::default();
    owner.open(Intent::Write, &mut out);
    let (late, lane) = (owner.generation(), out.requests[0].0);
    // Somebody else creates it first, so the claim is refused.
    let raced = Reply::Head(store.seen(0));
    owner.hear(late, lane, raced, &mut dice(), &mut out);
    store.heads[0] = Some(head([create(A)]).into());
    let swap = out.requests.iter().find(|(_, request)| matches!(request, Request::SwapHead { .. }));
    let lane = swap.expect("a claim").0;
    owner.hear(late, lane, Reply::Refused, &mut dice(), &mut out);
    let news = owner.hear(late, lane, Reply::Head(store.seen(0)), &mut dice(), &mut out);
    assert_eq!(news, Some(News::Refused(Refused::Raced)));

    owner.open(Intent::Write, &mut out);
    let asked = out.requests.len();
    // A 404 for the head, read before anybody had created it.
    let news = owner.hear(late, Lane::Head, Reply::Head(None), &mut dice(), &mut out);
    assert_eq!((news, out.requests.len()), (None, asked));
    assert!(matches!(owner.state, State::Claiming(_)));
}

#[test]
fn a_chunk_is_no_garbage_until_its_request_has_failed() {
    let (mut owner, chunk, mut out) = uploading();
    let (_, tenure) = owner.tenure().expect("an owner");
    assert!(tenure.mine([]).in_flight.contains(&chunk), "on its way");
    let (generation, lane) = (owner.generation(), out.requests[0].0);
    owner.hear(generation, lane, Reply::Done, &mut dice(), &mut out);
    let (place, tenure) = owner.tenure().expect("an owner");
    assert!(tenure.mine([]).in_flight.contains(&chunk), "there");
    tenure.discard(&chunk);
    assert!(tenure.mine([]).in_flight.is_empty());
    let body = Body { batch: Ops::one(0), receipts: vec![], chunks: vec![chunk] };
    let named = tenure.commit(place, 0, body, &mut dice(), &mut out);
    assert!(named.is_err(), "a slot names a chunk that may be gone");
}

#[test]
fn a_key_that_comes_back_with_another_request_is_told_apart() {
    let mut store = store([None, None, None]);
    let mut owner = Owner::closed(place(0));
    open(&mut store, &mut owner, Intent::Write);
    let (place, tenure) = owner.tenure().expect("an owner");
    let receipts = vec![Receipt { key: 7, fingerprint: 1, outcome: 5 }];
    let body = Body { batch: Ops::one(0), receipts, chunks: vec![] };
    let mut out = Outbox::default();
    tenure.commit(place, 0, body, &mut dice(), &mut out).expect("idle");
    assert_eq!(tenure.recall(7, 1), Recall::Pending);
    assert_eq!(tenure.recall(7, 2), Recall::Another);
    serve(&mut store, &mut out, |lane, reply, out| {
        owner.hear(owner.generation(), lane, reply, &mut dice(), out);
    });
    let (_, tenure) = owner.tenure().expect("an owner");
    assert_eq!(tenure.recall(7, 1), Recall::Stored(5));
    assert_eq!(tenure.recall(7, 2), Recall::Another);
    assert_eq!(tenure.recall(8, 2), Recall::Fresh);
}

/// A merge was prepared, and before it was published a fold was. The merge carries the files and the
/// state of before the fold: it must be prepared again.
#[test]
fn what_was_prepared_over_another_head_is_not_published() {
    let mut store = store([None, None, None]);
    let mut owner = Owner::closed(place(0));
    open(&mut store, &mut owner, Intent::Write);
    let publish = |store: &mut Store,
                   owner: &mut Owner<Model>,
                   merge: Option<&MergeWork<Model>>| {
        let (place, tenure) = owner.tenure().expect("an owner");
        let mut out = Outbox::default();
        let ulid = u128::from(tenure.next().0) + if merge.is_some() { 100 } else { 0 };
        let file = FileName { ulid, ..rows(0, tenure.inc()) };
        let files = Files { base: Ops::default(), add: vec![file], drop: vec![], keys: None };
        let started = match merge {
            Some(work) => tenure.replace(place, work, files, Leave::Stay, &mut dice(), &mut out),
            None => {
                let work = tenure.fold().expect("a tail");
                tenure.publish(place, &work, files, Leave::Stay, &mut dice(), &mut out)
            }
        };
        serve(store, &mut out, |lane, reply, out| {
            owner.hear(owner.generation(), lane, reply, &mut dice(), out);
        });
        started
    };
    let commit = |store: &mut Store, owner: &mut Owner<Model>, op: u8| {
        let (place, tenure) = owner.tenure().expect("an owner");
        let body = Body { batch: Ops::one(op), receipts: vec![], chunks: vec![] };
        let mut out = Outbox::default();
        tenure.commit(place, op.into(), body, &mut dice(), &mut out).expect("idle");
        serve(store, &mut out, |lane, reply, out| {
            owner.hear(owner.generation(), lane, reply, &mut dice(), out);
        });
    };
    commit(&mut store, &mut owner, 0);
    assert_eq!(publish(&mut store, &mut owner, None), Ok(()));
    let stale = owner.tenure().expect("an owner").1.merge().expect("files");
    commit(&mut store, &mut owner, 1);
    assert_eq!(publish(&mut store, &mut owner, None), Ok(()));
    assert_eq!(publish(&mut store, &mut owner, Some(&stale)), Err(Busy));
    let fresh = owner.tenure().expect("an owner").1.merge().expect("files");
    assert_eq!(publish(&mut store, &mut owner, Some(&fresh)), Ok(()));
    assert_eq!(store.heads[0].as_ref().expect("a head").files.len(), 3);
}

/// An upload was given up, the name closed and opened again, and then the upload was answered: the
/// claim took it for a reply of its own.
#[test]
fn a_name_that_is_opened_again_hears_nothing_of_what_was_given_up() {
    let (mut owner, chunk, mut out) = uploading();
    let (_, tenure) = owner.tenure().expect("an owner");
    tenure.discard(&chunk);
    let (late, lane) = (owner.generation(), out.requests[0].0);
    assert!(owner.close());
    owner.open(Intent::Write, &mut out);
    assert_eq!(owner.hear(late, lane, Reply::Done, &mut dice(), &mut out), None);
}

/// The walk found the marker of a claim that was still on its way, and somebody collected that life:
/// between the look at the head and the listing the claim landed, and its first file was there.
#[test]
fn a_life_that_has_yet_to_begin_is_not_collected() {
    let dead = head([create(A), Edit::Entomb { inc: A, next: Seq(1) }]);
    let mut store = store([Some(dead.clone()), None, None]);
    let mut collector = Collector::new(place(0), B);
    let mut out = Outbox::default();
    collector.look(&mut out);
    serve(&mut store, &mut out, |lane, reply, out| {
        collector.hear(lane, reply, NOW, &Inside::default(), &mut dice(), out);
    });
    collector.look(&mut out);
    let looked = store.read(&out.requests.pop().expect("a look").1);
    let born = create(B).apply(Some(&dead), PutId(9), Rules::default()).expect("a rebirth");
    store.heads[0] = Some(born.into());
    store.files.push(rows(0, B));
    collector.hear(Lane::Sweep, looked, NOW, &Inside::default(), &mut dice(), &mut out);
    serve(&mut store, &mut out, |lane, reply, out| {
        collector.hear(lane, reply, NOW, &Inside::default(), &mut dice(), out);
    });
    assert_eq!(store.files, [rows(0, B)]);
}

/// A branch reads the chunks of its source, which no pin protects: it may come too late for them.
#[test]
fn a_branch_reads_its_source_again_or_is_given_up() {
    for gives_up in [false, true] {
        let source = head([create(A), publish(A, rows(0, A), None)]);
        let mut store = store([Some(source), None, None]);
        let mut out = Outbox::default();
        let mut brancher = Brancher::<Model>::start(place(1), name(0), &mut out);
        let (mut fate, mut rounds) = (None, 0);
        while fate.is_none() {
            serve(&mut store, &mut out, |lane, reply, out| {
                fate = brancher.hear(lane, reply, NOW, &mut dice(), out).or(fate);
            });
            if brancher.to_compose().is_some() {
                rounds += 1;
                let body = Body { batch: Ops::default(), receipts: vec![], chunks: vec![] };
                match (rounds, gives_up) {
                    (1, true) => brancher.give_up(&mut out),
                    (1, false) => brancher.missing(&mut out),
                    _ => brancher.compose(body, &mut dice(), &mut out).expect("it is time"),
                }
            }
        }
        let life = store.heads[1].as_ref().expect("a head").life;
        match gives_up {
            true => {
                assert_eq!(fate, Some(BranchFate::Abandoned));
                assert!(matches!(life, Life::Deleted { .. }), "{life:?}");
            }
            false => {
                assert_eq!((fate, rounds), (Some(BranchFate::Done), 2));
                assert_eq!(life, Life::Active);
                assert_eq!(store.heads[0].as_ref().expect("a head").pins.len(), 1);
            }
        }
    }
}

#[test]
fn a_file_that_is_missing_twice_under_a_young_head_is_lost() {
    let mut store = store([Some(head([create(A), publish(A, rows(0, A), None)])), None, None]);
    let mut reader = Reader::new(place(0), Strictness::ByAge);
    reader.query(5, None);
    let mut out = Outbox::default();
    for round in 0..2 {
        let answers = ask(&mut store, &mut reader);
        assert!(matches!(answers[..], [Answer::Read { ticket: 5, .. }]), "{answers:?}");
        assert!(out.answers.is_empty(), "given up after {round} rounds");
        reader.missing(5, None, rows(0, A), BootTime::default(), &mut out);
    }
    assert_eq!(out.answers, [Answer::Corrupt { ticket: 5 }]);

    // Where the head has grown old meanwhile, the file may have been collected.
    let mut reader = Reader::new(place(0), Strictness::ByAge);
    reader.query(6, None);
    let mut out = Outbox::default();
    for _ in 0..3 {
        ask(&mut store, &mut reader);
        reader.missing(6, None, rows(0, A), BootTime(GRACE), &mut out);
    }
    assert_eq!(out.answers, []);
}

#[test]
fn a_slot_that_does_not_follow_is_corrupt_for_readers_and_for_claims() {
    let mut store = store([Some(head([create(A), publish(A, rows(0, A), None)])), None, None]);
    let body = Body { batch: Ops::one(0), receipts: vec![], chunks: vec![] };
    let forked = Chain([8; 16]);
    let slot = Slot::new(A, Seq(1), Epoch(1), PutId(9), forked, Entry::Batch(body));
    store.write(&Request::CreateSlot { name: name(0), slot });
    let mut reader = Reader::new(place(0), Strictness::ByAge);
    reader.query(5, None);
    assert_eq!(ask(&mut store, &mut reader), [Answer::Corrupt { ticket: 5 }]);
    let news = open(&mut store, &mut Owner::closed(place(0)), Intent::Write);
    assert_eq!(news, Some(News::Refused(Refused::Corrupt)));
}

#[test]
fn a_table_of_keys_that_is_gone_is_corrupt_for_a_claim() {
    let keys = FileName { kind: FileKind::Keys, ..rows(0, A) };
    let named = head([create(A), publish(A, rows(0, A), Some(keys.clone()))]);
    let mut store = store([Some(named), None, None]);
    let news = open(&mut store, &mut Owner::closed(place(0)), Intent::Write);
    assert_eq!(news, Some(News::Refused(Refused::Corrupt)));
    store.tables.push((keys, Default::default()));
    let news = open(&mut store, &mut Owner::closed(place(0)), Intent::Write);
    assert_eq!(news, Some(News::Owned));
}
