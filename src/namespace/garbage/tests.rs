//! What goes, what stays, and when: by listing the store before and after.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use super::desk::{Desk, markers};
use super::*;
use crate::config::Location;
use crate::error::ErrorKind;
use crate::model::{FileKind, FileName, MarkerKind, Seq};
use crate::protocol::Life;
use crate::storage::{self, Attempt, Doomed, SlotKey, Verb};

const MINUTE: Duration = Duration::from_secs(60);

/// What is measured while time stands still has really taken a moment, so that much is added.
const HALF_HOUR: Duration = GRACE.saturating_add(MINUTE);

async fn sweeper() -> Sweeper {
    let clock = Clock::start();
    let store = storage::open(&Location::Memory, [], clock, Dice::from_os()).await.unwrap();
    Sweeper::new(store, clock, Dice::from_os(), Holder { node: "gc".into(), process: 7 })
}

impl Sweeper {
    async fn desk(&self, node: &str) -> Desk {
        Desk::open(&self.store, self.clock, "acme", node).await
    }

    /// A name whose one batch is folded, and the life that it has.
    async fn once_folded(&self) -> (Desk, Incarnation) {
        let mut desk = self.desk("one").await;
        let inc = desk.inc();
        desk.commit().await;
        desk.fold().await;
        (desk, inc)
    }

    async fn sight(&self, desk: &Desk, inc: Incarnation) -> Sight {
        self.look(&desk.name, inc).await.unwrap().sight
    }

    /// Begins to watch what is garbage.
    async fn watch(&self, desk: &Desk, inc: Incarnation) -> Vigil {
        match self.sight(desk, inc).await {
            Sight::Garbage(watch) | Sight::Over(watch) => Vigil::of(watch),
            sight => panic!("{sight:?}"),
        }
    }

    async fn swept(&mut self, desk: &Desk, vigil: Vigil, mine: Option<Mine>) -> Option<Vigil> {
        self.sweep(&desk.name, vigil, mine).await.unwrap().vigil
    }

    fn deletes(&self) -> u64 {
        self.store.counts().sent(Verb::Delete)
    }

    fn count(&self, kind: &str) -> u64 {
        self.gone.counts().find(|(known, _)| *known == kind).unwrap().1
    }
}

async fn pass(time: Duration) {
    tokio::time::advance(time).await;
}

fn set(files: impl IntoIterator<Item = FileName>) -> BTreeSet<FileName> {
    files.into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_fold_left_goes_after_the_grace_and_not_before() {
    let mut gc = sweeper().await;
    let mut one = gc.desk("one").await;
    let inc = one.inc();
    one.commit().await;
    let orphan = one.put(FileKind::Rows).await;
    // A claim of another epoch, whose fence is slot 1.
    let mut two = gc.desk("two").await;
    two.commit().await;
    two.fold().await;
    two.commit().await;
    two.fold().await;
    let tail = two.commit().await;

    let all = two.left(inc).await;
    assert_eq!(all.slots, [0, 1, 2, 3, 4]);
    assert_eq!(all.files.len(), 9, "{all:?}");
    assert!(all.files.contains(&orphan));
    let vigil = gc.watch(&two, inc).await;
    for time in [Duration::ZERO, GRACE - MINUTE] {
        pass(time).await;
        let kept = gc.swept(&two, vigil.clone(), None).await.expect("it is not ripe");
        assert_eq!(kept.due(), vigil.due());
        assert_eq!(two.left(inc).await, all);
    }

    pass(2 * MINUTE).await;
    assert!(gc.swept(&two, vigil, None).await.is_none());
    let head = two.head().await.unwrap();
    let left = two.left(inc).await;
    assert_eq!(left.slots, [1, 4], "the fence, and the tail");
    assert_eq!(left.files, set(head.files.iter().chain(&head.keys).cloned().chain([tail])));
    assert!(head.retired.is_empty(), "what is gone is not named any more");
    assert_eq!((gc.count("slot"), gc.count("rows"), gc.count("keys")), (3, 2, 1));
    assert_eq!(gc.sight(&two, inc).await, Sight::Clean);
    assert_eq!(markers(&gc.store, MarkerKind::Live).await.len(), 1);

    // The owner, whose head moved meanwhile, goes on.
    two.fold().await;
    assert!(matches!(gc.sight(&two, inc).await, Sight::Garbage(_)));
}

#[tokio::test(start_paused = true)]
async fn what_became_garbage_meanwhile_is_watched_from_then_on() {
    let mut gc = sweeper().await;
    let (mut desk, inc) = gc.once_folded().await;
    let vigil = gc.watch(&desk, inc).await;
    pass(HALF_HOUR).await;
    desk.commit().await;
    desk.fold().await;
    let next = gc.swept(&desk, vigil, None).await.expect("a fold came after the watch");
    assert_eq!(desk.left(inc).await.slots, [1]);
    let replaced = desk.left(inc).await;
    assert_eq!(replaced.kinds().len(), 5, "two folds, and the chunk of the second: {replaced:?}");
    pass(HALF_HOUR).await;
    assert!(gc.swept(&desk, next, None).await.is_none());
    assert_eq!(desk.left(inc).await.kinds(), [FileKind::Rows, FileKind::Keys]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_idle_is_seen_to_be_clean_without_a_listing() {
    let gc = sweeper().await;
    let mut desk = gc.desk("one").await;
    let inc = desk.inc();
    desk.commit().await;
    let lists = gc.store.counts().sent(Verb::List);
    let look = gc.look(&desk.name, inc).await.unwrap();
    assert_eq!((look.sight, look.requests), (Sight::Clean, 1));

    // A fold whose last slot is a fence leads on to the slots before it.
    let mut two = gc.desk("two").await;
    two.fold().await;
    let look = gc.look(&desk.name, inc).await.unwrap();
    assert!(matches!(look.sight, Sight::Garbage(_)) && look.requests == 3, "{look:?}");
    assert_eq!(gc.store.counts().sent(Verb::List), lists);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_name_leaves_its_head_its_fences_and_its_end() {
    let mut gc = sweeper().await;
    let mut one = gc.desk("one").await;
    let inc = one.inc();
    one.commit().await;
    let mut two = gc.desk("two").await;
    two.commit().await;
    two.fold().await;
    two.commit().await;
    two.delete().await;
    assert_eq!(markers(&gc.store, MarkerKind::Live).await, []);
    let gone = Marker { kind: MarkerKind::Gone, name: two.name.clone(), inc };
    assert_eq!(markers(&gc.store, MarkerKind::Gone).await, std::slice::from_ref(&gone));

    // Rows and keys are read by nobody any more; slots and chunks may be, by late readers.
    let vigil = gc.watch(&two, inc).await;
    let vigil = gc.swept(&two, vigil, None).await.expect("it is not ripe");
    let left = two.left(inc).await;
    assert_eq!(left.slots, [0, 1, 2, 3, 4]);
    assert_eq!(left.kinds(), [FileKind::Chunk; 3]);
    assert_eq!(markers(&gc.store, MarkerKind::Gone).await, [gone]);

    pass(HALF_HOUR).await;
    assert!(gc.swept(&two, vigil, None).await.is_none());
    let left = two.left(inc).await;
    assert_eq!((left.slots, left.files), (vec![1, 4], BTreeSet::new()));
    assert_eq!(markers(&gc.store, MarkerKind::Gone).await, []);
    assert!(matches!(two.head().await.unwrap().life, Life::Deleted { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_life_after_a_deletion_is_not_touched() {
    let mut gc = sweeper().await;
    let (mut desk, former) = gc.once_folded().await;
    desk.delete().await;
    desk.claim().await;
    let inc = desk.inc();
    assert_ne!(inc, former);
    desk.commit().await;
    desk.fold().await;
    desk.commit().await;
    let unnamed = desk.put(FileKind::Text).await;

    let (left, head) = (desk.left(inc).await, desk.head().await);
    let vigil = gc.watch(&desk, former).await;
    pass(HALF_HOUR).await;
    assert!(gc.swept(&desk, vigil, None).await.is_none());
    assert_eq!(desk.left(former).await.slots, [1], "the end");
    assert!(desk.left(former).await.files.is_empty());
    assert!(left.files.contains(&unnamed));
    assert_eq!((desk.left(inc).await, desk.head().await), (left, head));
    let live = markers(&gc.store, MarkerKind::Live).await;
    assert_eq!(live.iter().map(|marker| marker.inc).collect::<Vec<_>>(), [inc]);
    assert_eq!(markers(&gc.store, MarkerKind::Gone).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_stray_marker_goes_after_the_head_moved_and_a_true_one_stays() {
    let mut gc = sweeper().await;
    let mut desk = gc.desk("one").await;
    desk.commit().await;
    let stray = |name: &Namespace| Marker {
        kind: MarkerKind::Live,
        name: name.clone(),
        inc: Incarnation(5),
    };
    let never = stray(&Namespace::new("never").unwrap());
    for marker in [stray(&desk.name), never.clone()] {
        gc.store.mark(&marker).await.unwrap();
    }
    let before = desk.head().await.unwrap();
    assert!(matches!(gc.sight(&desk, Incarnation(5)).await, Sight::Over(_)));
    assert_eq!(gc.look(&never.name, never.inc).await.unwrap().sight, Sight::Never);
    assert_eq!(gc.mend(stray(&desk.name)).await.unwrap(), 3);
    assert_eq!(desk.head().await.unwrap().version, before.version.next());
    gc.mend(never.clone()).await.unwrap();
    let live = markers(&gc.store, MarkerKind::Live).await;
    let [its] = &*live else { panic!("{live:?}") };
    assert_eq!((&its.name, its.inc), (&desk.name, desk.inc()));
    gc.mend(its.clone()).await.unwrap();
    assert_eq!(markers(&gc.store, MarkerKind::Live).await, live);

    // Neither is anyone the worse for it.
    desk.fold().await;
    Desk::open(&gc.store, gc.clock, "never", "one").await.commit().await;
}

/// An owner's garbage is seen twice, and what it works on is none.
#[tokio::test(start_paused = true)]
async fn what_an_owner_works_on_stays_and_goes_after_two_sweeps_when_nobody_names_it() {
    let mut gc = sweeper().await;
    let (mut desk, inc) = gc.once_folded().await;
    let (failed, working) = (desk.put(FileKind::Rows).await, desk.put(FileKind::Text).await);
    let there = |left: desk::Left| (left.files.contains(&failed), left.files.contains(&working));

    let vigil = gc.watch(&desk, inc).await;
    pass(HALF_HOUR).await;
    let mine = desk.mine(std::slice::from_ref(&working));
    let vigil = gc.swept(&desk, vigil, Some(mine.clone())).await.expect("a suspicion");
    assert!(vigil.suspects());
    assert_eq!(desk.left(inc).await.slots, [0_u64; 0]);
    assert_eq!(there(desk.left(inc).await), (true, true));

    // Seen twice, but not half an hour apart.
    let vigil = gc.swept(&desk, vigil, Some(mine.clone())).await.expect("it is not ripe");
    assert_eq!(there(desk.left(inc).await), (true, true));
    pass(HALF_HOUR).await;
    assert!(gc.swept(&desk, vigil, Some(mine)).await.is_none());
    assert_eq!(there(desk.left(inc).await), (false, true));

    // That work came to nothing either.
    desk.commit().await;
    desk.fold().await;
    let mut vigil = gc.watch(&desk, inc).await;
    for stays in [true, false] {
        pass(HALF_HOUR).await;
        let mine = desk.mine(&[]);
        let next = gc.swept(&desk, vigil.clone(), Some(mine)).await;
        assert_eq!(there(desk.left(inc).await), (false, stays));
        assert_eq!(next.is_some(), stays);
        vigil = next.unwrap_or(vigil);
    }
    let head = desk.head().await.unwrap();
    assert_eq!(desk.left(inc).await.files, set(head.files.into_iter().chain(head.keys)));
}

#[tokio::test(start_paused = true)]
async fn without_its_owner_nothing_of_the_present_epoch_is_suspected() {
    let mut gc = sweeper().await;
    let (mut desk, inc) = gc.once_folded().await;
    let unnamed = desk.put(FileKind::Rows).await;
    for round in 0..3 {
        let vigil = gc.watch(&desk, inc).await;
        pass(HALF_HOUR).await;
        assert!(gc.swept(&desk, vigil, None).await.is_none(), "{round}");
        assert!(desk.left(inc).await.files.contains(&unnamed), "{round}");
        desk.commit().await;
        desk.fold().await;
    }
}

/// Two folds and a tail, with something of every kind to collect.
async fn folded(gc: &Sweeper) -> Desk {
    let mut desk = gc.desk("one").await;
    for _ in 0..2 {
        desk.commit().await;
        desk.commit().await;
        desk.fold().await;
    }
    desk.commit().await;
    desk
}

/// What the walk sees is what brings it to an end: a sweep that dies leaves something to be seen.
#[tokio::test(start_paused = true)]
async fn a_sweep_that_is_cut_anywhere_loses_nothing_and_the_next_one_ends_it() {
    for cut in 0.. {
        let mut gc = sweeper().await;
        let desk = folded(&gc).await;
        let inc = desk.inc();
        let (vigil, all) = (gc.watch(&desk, inc).await, desk.left(inc).await);
        pass(HALF_HOUR).await;
        let (mut other, most) = (gc.another(), gc.deletes() + cut);
        let reached = async {
            while gc.deletes() < most {
                tokio::task::yield_now().await;
            }
        };
        let whole = tokio::select! {
            biased;
            () = reached => false,
            swept = other.sweep(&desk.name, vigil, None) => swept.unwrap().vigil.is_none(),
        };

        let (head, left) = (desk.head().await.unwrap(), desk.left(inc).await);
        let mut named = head.files.iter().chain(&head.keys);
        assert!(named.all(|file| left.files.contains(file)), "after {cut}: {left:?}");
        assert_eq!(left.slots.last(), Some(&4), "after {cut}");
        match gc.sight(&desk, inc).await {
            Sight::Garbage(watch) if !whole => {
                assert_eq!(left == all, cut == 0);
                pass(HALF_HOUR).await;
                assert!(gc.swept(&desk, Vigil::of(watch), None).await.is_none());
            }
            sight => assert_eq!((sight, whole), (Sight::Clean, true), "after {cut}"),
        }
        let (head, left) = (desk.head().await.unwrap(), desk.left(inc).await);
        assert_eq!(left.slots, [4], "after {cut}");
        assert_eq!(left.kinds(), [FileKind::Rows, FileKind::Keys, FileKind::Chunk]);
        assert!(head.retired.is_empty(), "after {cut}");
        if whole {
            assert!(cut > 8, "{cut} deletes are too few to have met every kind");
            return;
        }
    }
}

async fn replace(store: &Store, key: &SlotKey, body: Bytes) {
    store.delete(&Doomed::Slot(key.clone())).await.unwrap();
    let Attempt::Done(()) = store.create(key, body).await else { panic!("{key} is taken") };
}

#[tokio::test(start_paused = true)]
async fn a_damaged_slot_ends_a_sweep_and_is_named_and_what_is_behind_it_waits() {
    let mut gc = sweeper().await;
    let desk = folded(&gc).await;
    let inc = desk.inc();
    let key = SlotKey { home: desk.name.clone(), inc, seq: Seq(1) };
    let body = gc.store.slot(&key).await.unwrap().body.unwrap();
    replace(&gc.store, &key, Bytes::from_static(b"nobody wrote this")).await;
    let vigil = gc.watch(&desk, inc).await;
    let before = desk.left(inc).await;
    pass(HALF_HOUR).await;
    let error = gc.another().sweep(&desk.name, vigil.clone(), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.chain().contains("w/00000000000000000001"), "{}", error.chain());
    let left = desk.left(inc).await;
    assert_eq!(left.slots, [1, 2, 3, 4]);
    assert_eq!(left.files.len(), before.files.len() - 1, "one slot went, and its chunk");

    replace(&gc.store, &key, body).await;
    assert!(gc.swept(&desk, vigil, None).await.is_none());
    assert_eq!(desk.left(inc).await.slots, [4]);
}

#[tokio::test(start_paused = true)]
async fn a_name_without_a_head_is_not_swept_for_ever() {
    let mut gc = sweeper().await;
    let (desk, inc) = gc.once_folded().await;
    let vigil = gc.watch(&desk, inc).await;
    pass(HALF_HOUR).await;
    let nobody = Namespace::new("nobody").unwrap();
    let swept = gc.sweep(&nobody, vigil, None).await.unwrap();
    assert!(swept.vigil.is_none() && swept.requests == 1, "{swept:?}");
}

/// It was read slot by slot, up to four thousand of them, of each name whose deletion came to nothing.
#[tokio::test(start_paused = true)]
async fn whether_a_log_has_ended_is_told_by_its_newest_slot_however_long_it_is() {
    let gc = sweeper().await;
    let mut desk = gc.desk("one").await;
    let (name, inc) = (desk.name.clone(), desk.inc());
    let ended = async || {
        let Ended { it_has, requests } = gc.has_ended(&name, inc).await.unwrap();
        (it_has, requests)
    };
    assert_eq!(ended().await, (false, 2), "no slot is there to be read");
    for _ in 0..3 {
        desk.commit().await;
    }
    desk.fold().await;
    assert_eq!(ended().await, (false, 2), "what is folded is not asked for");
    for _ in 0..300 {
        desk.commit().await;
    }
    assert_eq!(ended().await, (false, 3));
    for _ in 300..1_100 {
        desk.commit().await;
    }
    desk.end().await;
    assert_eq!(ended().await, (true, 4), "two pages");
    let other = gc.has_ended(&name, Incarnation(5)).await.unwrap();
    assert_eq!(other, Ended { it_has: false, requests: 1 });
}

#[test]
fn little_is_kept_of_an_idle_name() {
    assert!(size_of::<(Namespace, Vigil)>() <= 128);
}
