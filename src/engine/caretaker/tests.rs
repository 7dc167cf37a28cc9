//! The caretaker over a store in memory, in a time that passes as fast as it is asked for.

use futures::future::{FutureExt, ready};

use super::*;
use crate::config::Location;
use crate::env::{Clock, Dice};
use crate::model::{FileKind, Holder, Marker, MarkerKind};
use crate::namespace::garbage::desk::{Desk, markers};
use crate::protocol::GRACE;
use crate::storage::{self, Store, Verb};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// No name is open.
struct Nobody;

impl Owners for Nobody {
    fn mine(&self, _: &Namespace) -> BoxFuture<'static, Option<Mine>> {
        ready(None).boxed()
    }

    fn tend(&self, _: &Namespace) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}

/// One name is open, and works on these.
struct Works(Namespace, Mine);

impl Owners for Works {
    fn mine(&self, name: &Namespace) -> BoxFuture<'static, Option<Mine>> {
        ready((*name == self.0).then(|| self.1.clone())).boxed()
    }

    fn tend(&self, _: &Namespace) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}

/// No name is open. Who is tended is told.
struct Nurse(mpsc::UnboundedSender<Namespace>);

impl Owners for Nurse {
    fn mine(&self, _: &Namespace) -> BoxFuture<'static, Option<Mine>> {
        ready(None).boxed()
    }

    fn tend(&self, name: &Namespace) -> BoxFuture<'static, ()> {
        self.0.send(name.clone()).unwrap();
        ready(()).boxed()
    }
}

struct Node {
    clock: Clock,
    store: Store,
}

impl Node {
    async fn new() -> Self {
        let clock = Clock::start();
        let store = storage::open(&Location::Memory, [], clock, Dice::from_os()).await.unwrap();
        Self { clock, store }
    }

    /// A name with one batch.
    async fn desk(&self, name: &str) -> Desk {
        let mut desk = Desk::open(&self.store, self.clock, name, "one").await;
        desk.commit().await;
        desk
    }

    async fn folded(&self, name: &str) -> Desk {
        let mut desk = self.desk(name).await;
        desk.fold().await;
        desk
    }

    fn sweeper(&self) -> Sweeper {
        let me = Holder { node: "one".into(), process: 1 };
        Sweeper::new(self.store.clone(), self.clock, Dice::from_os(), me)
    }

    fn caretaker(&self) -> Caretaker {
        self.listening().0
    }

    /// And how it is told.
    fn listening(&self) -> (Caretaker, mpsc::Sender<(Namespace, Incarnation)>) {
        let (notices, noticed) = mpsc::channel(NOTICES_MAX);
        (Caretaker::start(self.sweeper(), noticed, Arc::new(Nobody)), notices)
    }

    async fn pass(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    fn sent(&self, verb: Verb) -> u64 {
        self.store.counts().sent(verb)
    }
}

fn value(caretaker: &Caretaker, name: &str) -> u64 {
    let figures = caretaker.figures();
    let figure = figures.iter().find(|figure| figure.name == name).unwrap();
    figure.samples.iter().map(|sample| sample.value as u64).sum()
}

#[tokio::test(start_paused = true)]
async fn the_walk_finds_what_nobody_reported() {
    let node = Node::new().await;
    let folded = node.folded("folded").await;
    let mut deleted = node.folded("deleted").await;
    let dead = deleted.inc();
    deleted.delete().await;
    for name in ["folded", "never"] {
        let name = Namespace::new(name).unwrap();
        let stray = Marker { kind: MarkerKind::Live, name, inc: Incarnation(5) };
        node.store.mark(&stray).await.unwrap();
    }
    let caretaker = node.caretaker();
    node.pass(2 * MINUTE).await;
    let live = markers(&node.store, MarkerKind::Live).await;
    assert_eq!(live.iter().map(|marker| marker.inc).collect::<Vec<_>>(), [folded.inc()]);
    assert_eq!(value(&caretaker, "elacsym_garbage_watches"), 2);
    assert_eq!(value(&caretaker, "elacsym_garbage_walks_total"), 1);
    assert_eq!(folded.left(folded.inc()).await.slots, [0]);

    node.pass(GRACE).await;
    let left = folded.left(folded.inc()).await;
    assert_eq!((left.slots.len(), left.kinds()), (0, vec![FileKind::Rows, FileKind::Keys]));
    let left = deleted.left(dead).await;
    assert_eq!((left.slots, left.files.len()), (vec![1], 0), "the end");
    assert_eq!(markers(&node.store, MarkerKind::Gone).await, []);
    assert_eq!(value(&caretaker, "elacsym_garbage_watches"), 0);
    assert_eq!(value(&caretaker, "elacsym_garbage_sweeps_total"), 2);
    assert_eq!(value(&caretaker, "elacsym_garbage_sweeps_failed_total"), 0);
    caretaker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_noticed_is_watched_at_once_and_rows_of_a_deleted_name_go_at_once() {
    let node = Node::new().await;
    let (caretaker, notices) = node.listening();
    let folded = node.folded("folded").await;
    let mut deleted = node.folded("deleted").await;
    let dead = deleted.inc();
    deleted.delete().await;
    for (desk, inc) in [(&folded, folded.inc()), (&deleted, dead)] {
        notices.try_send((desk.name.clone(), inc)).unwrap();
    }
    node.pass(SECOND).await;
    assert_eq!(value(&caretaker, "elacsym_garbage_watches"), 2);
    let left = deleted.left(dead).await;
    assert_eq!((left.slots.len(), left.kinds()), (2, vec![FileKind::Chunk]));
    assert_eq!(folded.left(folded.inc()).await.slots, [0]);
    node.pass(GRACE + MINUTE).await;
    assert_eq!(folded.left(folded.inc()).await.slots.len(), 0);
    assert_eq!(deleted.left(dead).await.slots, [1]);
    caretaker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_name_costs_two_requests_an_hour_and_no_listing() {
    let node = Node::new().await;
    for number in 0..20 {
        node.folded(&format!("name-{number}")).await;
    }
    let caretaker = node.caretaker();
    node.pass(3 * HOUR).await;
    let walks = || value(&caretaker, "elacsym_garbage_walks_total");
    let sent = || [walks(), node.sent(Verb::List), node.sent(Verb::Load), node.sent(Verb::Slot)];
    let before = sent();
    node.pass(10 * HOUR).await;
    let [walks, lists, loads, slots] = std::array::from_fn(|at| sent()[at] - before[at]);
    assert_eq!(walks, 10);
    assert_eq!([lists, loads, slots], [2 * walks, 20 * walks, 20 * walks]);
    caretaker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_walk_is_slow_and_begins_late() {
    let node = Node::new().await;
    for number in 0..50 {
        node.desk(&format!("name-{number}")).await;
    }
    let before = node.sent(Verb::Load);
    let caretaker = node.caretaker();
    let loads = || node.sent(Verb::Load) - before;
    node.pass(MINUTE - SECOND).await;
    assert_eq!(loads(), 0);
    node.pass(3 * SECOND).await;
    assert!((10..=20).contains(&loads()), "{} in two seconds", loads());
    node.pass(6 * SECOND).await;
    assert_eq!((loads(), value(&caretaker, "elacsym_garbage_walks_total")), (50, 1));
    caretaker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_owner_of_an_open_name_says_what_it_works_on() {
    let node = Node::new().await;
    let mut desk = node.folded("open").await;
    let inc = desk.inc();
    let (failed, working) = (desk.put(FileKind::Rows).await, desk.put(FileKind::Text).await);
    let mine = desk.mine(std::slice::from_ref(&working));
    let owner = Arc::new(Works(desk.name.clone(), mine));
    let (notices, noticed) = mpsc::channel(NOTICES_MAX);
    let caretaker = Caretaker::start(node.sweeper(), noticed, owner);
    notices.try_send((desk.name.clone(), inc)).unwrap();
    for stays in [true, false] {
        node.pass(GRACE + MINUTE).await;
        let left = desk.left(inc).await;
        assert_eq!((left.files.contains(&failed), left.files.contains(&working)), (stays, true));
    }
    caretaker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_stopped_asks_for_nothing_any_more() {
    let node = Node::new().await;
    let folded = node.folded("folded").await;
    let (caretaker, notices) = node.listening();
    node.pass(2 * MINUTE).await;
    caretaker.stop().await;
    let before = node.store.counts();
    assert!(notices.try_send((folded.name.clone(), folded.inc())).is_err(), "nobody listens");
    node.pass(2 * HOUR).await;
    assert_eq!(node.store.counts(), before);
    caretaker.stop().await;
}

/// It was claimed by every walk of every node, and each claim left a fence that stays for ever.
#[tokio::test(start_paused = true)]
async fn a_deletion_that_came_to_nothing_claims_no_name_and_one_that_did_is_finished() {
    let node = Node::new().await;
    let lives = node.desk("lives").await;
    let mut ended = node.desk("ended").await;
    ended.end().await;
    for desk in [&lives, &ended] {
        let (name, inc) = (desk.name.clone(), desk.inc());
        node.store.mark(&Marker { kind: MarkerKind::Gone, name, inc }).await.unwrap();
    }
    let (tended, mut told) = mpsc::unbounded_channel();
    let (_notices, noticed) = mpsc::channel(NOTICES_MAX);
    let caretaker = Caretaker::start(node.sweeper(), noticed, Arc::new(Nurse(tended)));
    node.pass(3 * HOUR).await;
    assert_eq!(value(&caretaker, "elacsym_garbage_walks_total"), 3);
    caretaker.stop().await;
    for _ in 0..3 {
        assert_eq!(told.recv().await, Some(ended.name.clone()));
    }
    assert!(told.try_recv().is_err());
}
