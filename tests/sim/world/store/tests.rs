//! The store of a run, put to the proof: that the truth keeps the promises of S3, that what breaks ours is
//! told, and that lies are the same whenever they are told again.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use elacsym::env::{Clock, Dice, Hands};
use elacsym::log::slot::{self, Slot};
use elacsym::log::{Batch, Stored};
use elacsym::model::{
    Chain, Epoch, FileKind, FileName, Holder, Incarnation, Marker, MarkerKind, Namespace, PutId,
    Seq,
};
use elacsym::namespace::head::{self, Head};
use elacsym::protocol::{Body, Edit, Entry, Rules};
use elacsym::storage::{
    Attempt, CellKey, Cursor, Doomed, Folder, ImmutableKey, Key, SlotKey, Store,
};
use object_store::path::Path;
use object_store::{ObjectStore, PutMode, PutOptions, UpdateVersion};
use tokio::time::{sleep, timeout};

use super::rates::FaultKind;
use super::truth::Put;
use super::{Bait, Faults, Gate, Lying, Rates, Side, Trap, Traps, Truth};
use crate::world::words::{self, Order};

const INC: Incarnation = Incarnation(5);

fn name() -> Namespace {
    Namespace::new("acme").unwrap()
}

fn clock() -> Clock {
    Clock::by(Hands::at(SystemTime::UNIX_EPOCH))
}

fn store(lying: impl ObjectStore) -> Store {
    Store::new(lying, clock(), Dice::from_seed(1))
}

fn lying(truth: &Truth, faults: &Faults, gate: &Gate, seed: u64) -> impl ObjectStore + use<> {
    let (truth, faults, gate) = (truth.clone(), faults.clone(), gate.clone());
    Lying::over(truth, faults, gate, Traps::default(), Dice::from_seed(seed))
}

fn put(truth: &Truth, key: &Key, body: &Bytes, mode: PutMode) -> Option<String> {
    let path = Path::from(key.spell().unwrap());
    let put = Put::new(&path, body.clone().into(), PutOptions::from(mode));
    truth.put(&put).ok().map(|etag| etag.to_string())
}

fn delete(truth: &Truth, key: &Key) {
    truth.delete(&Path::from(key.spell().unwrap()));
}

fn slot_key(seq: u64) -> SlotKey {
    SlotKey { home: name(), inc: INC, seq: Seq(seq) }
}

fn at(seq: u64) -> Key {
    Key::Immutable(ImmutableKey::Slot(slot_key(seq)))
}

fn head_key() -> Key {
    Key::Cell(CellKey::Head(name()))
}

fn file(ulid: u128) -> Key {
    let (home, inc, epoch, kind) = (name(), INC, Epoch(1), FileKind::Rows);
    Key::Immutable(ImmutableKey::File(FileName { home, inc, epoch, ulid, kind }))
}

fn marker(number: u128) -> Marker {
    Marker { kind: MarkerKind::Live, name: name(), inc: Incarnation(number) }
}

fn batch() -> Entry<Stored> {
    Entry::Batch(Body { batch: Batch::default(), receipts: vec![], chunks: vec![] })
}

fn slot_of(chain: Chain, seq: u64, entry: Entry<Stored>) -> Bytes {
    slot::encode(&Slot::new(INC, Seq(seq), Epoch(1), PutId(1), chain, entry))
}

/// A name that lives, with a batch in slot 0 and a fence in slot 1.
struct Sketch {
    truth: Truth,
    head: Head,
    etag: String,
    chain: Chain,
}

impl Sketch {
    fn new() -> Self {
        let truth = Truth::new(Order::default());
        let holder = Holder { node: "one".into(), process: 1 };
        let create: Edit<Stored> = Edit::Create { inc: INC, holder };
        let head = create.apply(None, PutId(1), Rules::default()).unwrap();
        let etag = put(&truth, &head_key(), &head::encode(&name(), &head), PutMode::Create);
        put(&truth, &Key::Marker(marker(INC.0)), &Bytes::new(), PutMode::Overwrite).unwrap();
        let mut sketch = Self { truth, head, etag: etag.unwrap(), chain: Chain::default() };
        sketch.create(0, batch());
        sketch.create(1, Entry::Fence);
        sketch
    }

    fn create(&mut self, seq: u64, entry: Entry<Stored>) {
        let body = slot_of(self.chain, seq, entry);
        put(&self.truth, &at(seq), &body, PutMode::Create).unwrap();
        self.chain = slot::decode(INC, Seq(seq), &body).unwrap().chain;
    }

    /// Another head, which is made from the one that is there.
    fn swap(&mut self, change: impl FnOnce(&mut Head)) {
        let put_id = PutId(self.head.put.0 + 1);
        let mut head = Edit::Touch.apply(Some(&self.head), put_id, Rules::default()).unwrap();
        change(&mut head);
        let version = UpdateVersion { e_tag: Some(self.etag.clone()), version: None };
        let body = head::encode(&name(), &head);
        let etag = put(&self.truth, &head_key(), &body, PutMode::Update(version));
        (self.head, self.etag) = (head, etag.unwrap());
    }

    /// All that is there is folded.
    fn fold(&mut self) {
        let (floor, chain) = (Seq(self.truth.landed().len() as u64), self.chain);
        self.swap(|head| {
            (head.floor, head.floor_chain, head.floor_epoch) = (floor, chain, Epoch(1));
        });
    }

    fn told(&self) -> String {
        self.truth.broken().map_or(String::new(), |broken| broken.0)
    }
}

#[tokio::test(start_paused = true)]
async fn the_truth_keeps_the_promises_that_a_store_is_asked_for() {
    let truth = Truth::new(Order::default());
    let honest = Store::new(truth.honest(), clock(), Dice::from_seed(1));
    honest.prove().await.unwrap();
    let faults = Faults::new(Rates::none(), Dice::from_seed(1));
    faults.page_by(3);
    let lying = lying(&truth, &faults, &Gate::open(), 2);
    store(lying).prove().await.unwrap();
    assert_eq!(truth.spells(), BTreeMap::new());
    assert_eq!((truth.broken(), faults.counts()), (None, BTreeMap::new()));
}

#[test]
fn a_body_that_comes_again_has_the_etag_that_it_had() {
    let truth = Truth::new(Order::default());
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
    let update = |e_tag: &str| {
        PutMode::Update(UpdateVersion { e_tag: Some(e_tag.to_owned()), version: None })
    };
    let key = Key::Cell(CellKey::Secret);
    assert_eq!(put(&truth, &key, &two, update("\"0\"")), None);
    let first = put(&truth, &key, &one, PutMode::Create).unwrap();
    assert_eq!(put(&truth, &key, &one, PutMode::Create), None);
    let second = put(&truth, &key, &two, update(&first)).unwrap();
    assert_eq!(put(&truth, &key, &one, update(&first)), None);
    assert_eq!(put(&truth, &key, &one, update(&second)), Some(first));
    assert_eq!(truth.broken(), None);
}

#[test]
fn a_log_that_is_written_folded_and_collected_breaks_no_promise() {
    let mut sketch = Sketch::new();
    sketch.fold();
    delete(&sketch.truth, &at(0));
    // What was on its way for long: a copy of the batch, and a fence where it lay.
    for entry in [batch(), Entry::Fence] {
        let late = slot_of(Chain::default(), 0, entry);
        put(&sketch.truth, &at(0), &late, PutMode::Create).unwrap();
        delete(&sketch.truth, &at(0));
    }
    sketch.create(2, batch());
    assert_eq!(sketch.told(), "");
    let landed = sketch.truth.landed();
    let of = |entry: &words::Entry| landed.iter().filter(|slot| slot.entry == *entry).count();
    assert_eq!((landed.len(), of(&words::Entry::Fence)), (5, 2));
}

#[test]
fn what_breaks_a_promise_is_told_and_the_first_of_it_is_kept() {
    type Deed = fn(&mut Sketch);
    let deeds: [(Deed, &str); 14] = [
        (
            |it| drop(put(&it.truth, &at(0), &slot_of(it.chain, 0, batch()), PutMode::Overwrite)),
            "is put by",
        ),
        (|it| delete(&it.truth, &at(1)), "a Fence is deleted"),
        (|it| delete(&it.truth, &at(0)), "that is not folded"),
        (|it| it.create(3, Entry::Fence), "comes before slot 2"),
        (
            |it| {
                it.chain = Chain([7; 16]);
                it.create(2, Entry::Fence);
            },
            "it follows from",
        ),
        (|it| it.create(2, Entry::End), "no marker leads to"),
        (
            |it| {
                delete(&it.truth, &Key::Marker(marker(INC.0)));
            },
            "no list of names",
        ),
        (
            |it| {
                it.fold();
                delete(&it.truth, &at(0));
                drop(put(&it.truth, &at(0), &slot_of(it.chain, 0, batch()), PutMode::Create));
            },
            "comes again as another",
        ),
        (|it| delete(&it.truth, &head_key()), "never deleted"),
        (
            |it| {
                let body = head::encode(&name(), &it.head);
                drop(put(&it.truth, &head_key(), &body, PutMode::Overwrite));
            },
            "not swapped",
        ),
        (|it| it.swap(|head| head.floor = Seq(7)), "its floor is 7, and slots end at 2"),
        (|it| it.swap(|head| head.inc = Incarnation(6)), "before the last one is over"),
        (
            |it| {
                let [one, two] = [Bytes::from_static(b"one"), Bytes::from_static(b"two")];
                put(&it.truth, &file(1), &one, PutMode::Overwrite).unwrap();
                put(&it.truth, &file(1), &two, PutMode::Overwrite).unwrap();
            },
            "with other bytes",
        ),
        (
            |it| {
                let Key::Immutable(ImmutableKey::File(name)) = file(1) else { return };
                put(&it.truth, &file(1), &Bytes::new(), PutMode::Overwrite).unwrap();
                it.swap(|head| head.files.push(name));
                delete(&it.truth, &file(1));
            },
            "names it",
        ),
    ];
    for (deed, told) in deeds {
        let mut sketch = Sketch::new();
        assert_eq!(sketch.told(), "");
        deed(&mut sketch);
        assert!(sketch.told().contains(told), "{told}: {}", sketch.told());
        let first = sketch.told();
        delete(&sketch.truth, &at(1));
        assert_eq!(sketch.told(), first);
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_befalls_a_body_it_comes_whole_or_not_at_all() {
    for kind in [FaultKind::ShortRead, FaultKind::Garbled, FaultKind::Stuck] {
        let rates = Rates { chances: BTreeMap::from([(kind, 0.5)]), ..Rates::none() };
        let truth = Truth::new(Order::default());
        let faults = Faults::new(rates, Dice::from_seed(1));
        let lying = lying(&truth, &faults, &Gate::open(), 2);
        let (store, body) = (store(lying), Bytes::from(vec![7; 3000]));
        put(&truth, &at(0), &body, PutMode::Create).unwrap();
        let mut whole = 0;
        for _ in 0..50 {
            if let Ok(look) = store.slot(&slot_key(0)).await {
                assert_eq!(look.body, Some(body.clone()), "{kind}");
                whole += 1;
            }
        }
        assert!(whole > 25 && faults.counts()[&kind] > 10, "{kind}: {whole}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bit_that_turned_is_in_a_whole_body_and_whoever_asks_again_sees_the_truth() {
    let truth = Truth::new(Order::default());
    let faults = Faults::new(Rates::none().with(FaultKind::Turned, 0.3), Dice::from_seed(1));
    let lying = lying(&truth, &faults, &Gate::open(), 2);
    let (store, body) = (store(lying), Bytes::from(vec![7; 3000]));
    put(&truth, &at(0), &body, PutMode::Create).unwrap();
    let home = slot_key(0).home;
    assert!(!faults.turned_in(&home), "nobody has asked");
    let mut turned = 0;
    for _ in 0..50 {
        let seen = store.slot(&slot_key(0)).await.unwrap().body.unwrap();
        let bits = body.iter().zip(&seen).map(|(ours, theirs)| (ours ^ theirs).count_ones());
        let bits: u32 = bits.sum();
        assert!(seen.len() == body.len() && bits <= 1, "{bits} of {} bytes", seen.len());
        turned += u64::from(bits);
    }
    assert!((5..30).contains(&turned), "{turned}");
    assert_eq!(faults.counts(), BTreeMap::from([(FaultKind::Turned, turned)]));
    let another = Namespace::new("another").unwrap();
    assert!(faults.turned_in(&home) && !faults.turned_in(&another));
}

/// All that a run asks of a store, under every fault there is.
async fn played(seed: u64) -> (u64, BTreeMap<FaultKind, u64>, usize) {
    let mut dice = Dice::from_seed(seed);
    let (truth, gate) = (Truth::new(Order::default()), Gate::open());
    let faults = Faults::new(Rates::drawn(&mut dice), dice.fork("faults"));
    let (truth_seen, faults_met) = (truth.clone(), faults.clone());
    let lying =
        Lying::over(truth_seen, faults_met, gate.clone(), Traps::default(), dice.fork("lying"));
    let store = store(lying);
    let mut done = 0;
    for number in 0..60 {
        let body = Bytes::from(number.to_string());
        let created = store.create(&slot_key(number), body).await;
        done += usize::from(matches!(created, Attempt::Done(())));
        done += usize::from(store.mark(&marker(number.into())).await.is_ok());
        let folder = Folder::Markers(MarkerKind::Live);
        done += usize::from(store.list(&folder, &Cursor::start(), 10).await.is_ok());
        done += usize::from(store.delete(&Doomed::Marker(marker(number.into()))).await.is_ok());
        done += usize::from(store.slot(&slot_key(number)).await.is_ok());
    }
    gate.cut();
    sleep(Duration::from_secs(3600)).await;
    (truth.hash(), faults.counts(), done)
}

/// In a time of its own, which begins where every other does.
fn alone<T>(play: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(play)
}

#[test]
fn the_same_dice_tell_the_same_lies() {
    let mut all: BTreeMap<FaultKind, u64> = BTreeMap::new();
    for seed in 0..20 {
        let once = alone(played(seed));
        assert_eq!(once, alone(played(seed)), "seed {seed}");
        assert!(once.2 > 30, "seed {seed} serves {} of 300", once.2);
        once.1.into_iter().for_each(|(kind, many)| *all.entry(kind).or_default() += many);
    }
    assert!(all.len() > 8, "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn what_its_sender_died_over_takes_effect_by_a_coin() {
    let rates = |kind| Rates { chances: BTreeMap::from([(kind, 1.0)]), ..Rates::none() };
    for (kind, later) in
        [(FaultKind::OrphanLost, 0), (FaultKind::OrphanLate, 1), (FaultKind::Slow, 1)]
    {
        let (truth, gate) = (Truth::new(Order::default()), Gate::open());
        let faults = Faults::new(rates(kind), Dice::from_seed(1));
        let lying = lying(&truth, &faults, &gate, 3);
        let store = store(lying);
        let asked = tokio::spawn(async move { store.mark(&marker(1)).await.is_ok() });
        // It is sent, and has not arrived.
        tokio::task::yield_now().await;
        gate.cut();
        assert_eq!(truth.spells().len(), 0, "{kind}");
        sleep(Duration::from_secs(120)).await;
        assert_eq!(truth.spells().len(), later, "{kind}");
        assert!(!asked.is_finished() || !asked.await.unwrap(), "{kind}");
        assert_eq!(faults.counts(), BTreeMap::from([(kind, 1)]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_lets_through_who_waited_and_nobody_once_it_is_cut() {
    let gate = Gate::open();
    gate.pass().await;
    gate.shut();
    let waiting = gate.clone();
    let waiting = tokio::spawn(async move { waiting.pass().await });
    sleep(Duration::from_secs(3600)).await;
    assert!(!waiting.is_finished());
    gate.reopen();
    waiting.await.unwrap();
    let gone = gate.clone();
    let gone = tokio::spawn(async move { gone.gone().await });
    gate.cut();
    gone.await.unwrap();
    gate.reopen();
    assert!(gate.is_cut());
    assert!(timeout(Duration::from_secs(3600), gate.pass()).await.is_err());
}

/// Once such an answer was lost: whatever a node had asked before it stood still, it found unanswered.
#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_while_its_asker_stands_still_is_read_before_it_gives_up() {
    let (truth, gate) = (Truth::new(Order::default()), Gate::open());
    let faults = Faults::new(Rates::none(), Dice::from_seed(1));
    let hands = Hands::at(SystemTime::UNIX_EPOCH);
    let lying = lying(&truth, &faults, &gate, 2);
    let store = Store::new(lying, Clock::by(hands), Dice::from_seed(1));
    let asked = tokio::spawn(async move { store.create(&slot_key(0), Bytes::new()).await });
    tokio::task::yield_now().await;
    gate.shut();
    hands.halt();
    sleep(Duration::from_secs(3600)).await;
    assert!(!asked.is_finished());
    gate.reopen();
    hands.resume();
    assert!(matches!(asked.await.unwrap(), Attempt::Done(())));
}

#[tokio::test(start_paused = true)]
async fn who_walks_into_a_trap_dies_before_its_request_or_right_after_it_took_effect() {
    for (bait, side, left) in [
        (Bait::Any, Side::Before, 1),
        (Bait::Any, Side::After, 2),
        (Bait::Ended(name()), Side::Before, 2),
        (Bait::Ended(name()), Side::After, 1),
    ] {
        let (truth, gate, traps) = (Truth::new(Order::default()), Gate::open(), Traps::default());
        let faults = Faults::new(Rates::none(), Dice::from_seed(1));
        // What is not heard of any more is no trap.
        drop(traps.set(Trap { bait: Bait::Any, nth: 1, side }));
        let nth = if bait == Bait::Any { 2 } else { 1 };
        let sprung = traps.set(Trap { bait: bait.clone(), nth, side });
        let dice = Dice::from_seed(2);
        let store = store(Lying::over(truth.clone(), faults, gate.clone(), traps, dice));
        let asked = tokio::spawn(async move {
            let first = store.mark(&marker(1)).await.is_ok();
            let second = store.mark(&marker(2)).await.is_ok();
            let third = store.delete(&Doomed::Marker(marker(1))).await.is_ok();
            (first, second, third)
        });
        sprung.await.unwrap();
        assert!(gate.is_cut());
        assert_eq!(truth.spells().len(), left, "{bait:?} {side:?}");
        let (first, second, third) = asked.await.unwrap();
        assert_eq!((first, second, third), (true, bait != Bait::Any, false));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_happens_late_and_whatever_the_rates_are_until_it_is_enough() {
    let truth = Truth::new(Order::default());
    let faults = Faults::new(Rates::none(), Dice::from_seed(1));
    faults.owe(20, Duration::from_secs(3600));
    let store = store(lying(&truth, &faults, &Gate::open(), 2));
    let count = || faults.counts().values().sum::<u64>();
    for (after, least) in [(0, 0), (3600, 20)] {
        sleep(Duration::from_secs(after)).await;
        for number in 0..500 {
            // It may fail: that is what is owed.
            let _ = store.mark(&marker(number)).await;
            let _ = store.slot(&slot_key(0)).await;
        }
        assert_eq!(count(), least);
    }
    faults.owe(40, Duration::ZERO);
    faults.cease();
    assert!(store.mark(&marker(1)).await.is_ok());
    assert_eq!(count(), 20);
}
