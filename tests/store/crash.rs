//! Every crash of the local folder, and whether each rule of its recipe is needed.
//!
//! Each scene is played by one or two processes; the first is stopped before each of its steps in
//! turn, killed or only paused, while the second acts. Then the power fails after every effect,
//! with every fate of what was not synced, and a fresh process looks at what is left.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use elacsym::storage::local::Folder;
use elacsym::storage::local::disk::{Disk, DiskFile, Kind};

use crate::bent_disk::{Bend, BentDisk};
use crate::duet::{Act, BOTH, Duet};
use crate::play::{Images, Play, Wrap, open};
use crate::process::{Process, Then};

fn honest(process: Process) -> Arc<dyn Disk> {
    Arc::new(process)
}

/// Some play on a disk that is bent in some way.
type Scene = fn(Wrap) -> Images;

const SLOT: &str = "n/w/0";
const NEXT: &str = "n/w/1";
const HEAD: &str = "n/HEAD";
const ACT: &str = "other/act";

/// One process does `stage` beforehand, durably, and then `act`.
fn alone(wrap: Wrap, stage: Act, act: Act) -> Images {
    let play = Play::new(wrap);
    let (_, folder) = play.opened();
    stage(&play, &folder);
    play.curtain();
    act(&play, &folder);
    play.survives()
}

/// A slot in folders that do not exist; the other reads it and acts on what it read.
const SLOT_IS_READ: Duet = Duet {
    stage: |play, folder| play.create(folder, "other/durable", "its folder"),
    first: |play, folder| play.create(folder, SLOT, "a slot"),
    before: None,
    endings: BOTH,
    second: |play, folder| {
        if play.read(folder, SLOT).is_some() {
            play.create(folder, ACT, "acted");
        }
    },
};

/// The same where the folders are durable, so that the name alone is at stake.
const SLOT_IS_READ_IN_PLACE: Duet = Duet { stage: PLACE, ..SLOT_IS_READ };

const PLACE: Act = |play, folder| {
    play.create(folder, "other/durable", "its folder");
    play.create(folder, "n/w/durable", "its folder");
};

/// The same slot created by both; whoever loses was shown the winner.
const SLOT_IS_CONTESTED: Duet = Duet {
    stage: |_, _| {},
    first: |play, folder| play.create(folder, SLOT, "the first's slot"),
    before: None,
    endings: BOTH,
    second: |play, folder| play.create(folder, SLOT, "the second's slot"),
};

const SLOT_IS_CONTESTED_IN_PLACE: Duet = Duet { stage: PLACE, ..SLOT_IS_CONTESTED };

/// The second creates again what the first deletes, or loses to it.
const SLOT_IS_DELETED: Duet = Duet {
    stage: |play, folder| play.create(folder, SLOT, "a slot"),
    first: |play, folder| play.delete(folder, SLOT),
    before: Some(|play, folder| drop(play.read(folder, SLOT))),
    endings: BOTH,
    second: |play, folder| {
        play.create(folder, SLOT, "a later slot");
        play.read(folder, SLOT);
    },
};

/// The second finds folders that the first made and may not have synced.
const FOLDERS_ARE_FOUND: Duet = Duet {
    stage: |_, _| {},
    first: |play, folder| play.create(folder, SLOT, "a slot"),
    before: None,
    endings: BOTH,
    second: |play, folder| play.create(folder, NEXT, "the next slot"),
};

/// The second remembers the old head; the new one has the same stamp.
const HEAD_IS_READ_AGAIN: Duet = Duet {
    stage: |play, folder| {
        play.create(folder, HEAD, "head 1");
        play.create(folder, "other/durable", "its folder");
    },
    first: |play, folder| play.swap(folder, HEAD, "head 1", "head 2"),
    before: Some(|play, folder| drop(play.read(folder, HEAD))),
    endings: BOTH,
    second: |play, folder| {
        play.read(folder, HEAD);
        play.create(folder, ACT, "acted");
    },
};

/// The second swaps what it does not know to be replaced. It would wait for a paused one's lock.
const HEAD_IS_SWAPPED_STALE: Duet = Duet {
    endings: &[Then::Dies],
    second: |play, folder| play.swap(folder, HEAD, "head 1", "head 3"),
    ..HEAD_IS_READ_AGAIN
};

/// The folder itself is new, and another opens it before the first is done.
fn opening_is_cut_short(wrap: Wrap) -> Images {
    let mut images = 0;
    for step in 0.. {
        let play = Play::new(wrap);
        let (process, disk) = play.process();
        play.curtain();
        let reached = Arc::new(AtomicBool::new(false));
        let hook = Arc::clone(&reached);
        process.stop_at(step, Then::Dies, move || hook.store(true, Ordering::SeqCst));
        drop(open(disk));
        if !reached.load(Ordering::SeqCst) {
            break;
        }
        let (_, folder) = play.opened();
        play.create(&folder, "a", "first object");
        images += play.survives()?;
    }
    Ok(images)
}

fn slot_is_created(wrap: Wrap) -> Images {
    alone(wrap, nothing, |play, folder| play.create(folder, SLOT, "a slot"))
}

fn head_is_swapped(wrap: Wrap) -> Images {
    let head: Act = |play, folder| play.create(folder, HEAD, "head 1");
    alone(wrap, head, |play, folder| play.swap(folder, HEAD, "head 1", "head 2"))
}

fn nothing(_: &Play, _: &Folder) {}

#[test]
fn an_operation_is_there_when_acknowledged_and_whole_or_absent_before() {
    let slot: Act = |play, folder| play.create(folder, SLOT, "a slot");
    let head: Act = |play, folder| play.create(folder, HEAD, "head 1");
    let scenes: [(&str, Act, Act, u64); 9] = [
        ("create in a folder that is there", slot, |p, f| p.create(f, NEXT, "next"), 23),
        ("create that makes folders", nothing, slot, 89),
        ("create that loses", slot, |p, f| p.create(f, SLOT, "another slot"), 19),
        ("swap", head, |p, f| p.swap(f, HEAD, "head 1", "head 2"), 29),
        ("swap of a stale etag", head, |p, f| p.swap(f, HEAD, "head 0", "head 2"), 1),
        ("overwrite", head, |p, f| p.overwrite(f, HEAD, "head 2"), 29),
        ("delete", slot, |p, f| p.delete(f, SLOT), 3),
        (
            "delete, then create again",
            slot,
            |p, f| {
                p.delete(f, SLOT);
                p.create(f, SLOT, "a later slot");
            },
            41,
        ),
        (
            "create, swap, swap, create beside it",
            nothing,
            |p, f| {
                p.create(f, HEAD, "head 1");
                p.swap(f, HEAD, "head 1", "head 2");
                p.swap(f, HEAD, "head 2", "head 3");
                p.create(f, SLOT, "a slot");
            },
            3_421,
        ),
    ];
    for (scene, stage, act, expected) in scenes {
        let images = alone(honest, stage, act).unwrap_or_else(|story| panic!("{scene}: {story}"));
        eprintln!("{scene}: {images} crash images");
        assert_eq!(images, expected, "{scene}");
    }
}

#[test]
fn what_one_process_read_of_another_survives_with_what_it_did_then() {
    let scenes: [(&str, Scene, u64); 9] = [
        ("a slot is read", |wrap| SLOT_IS_READ.survives(wrap), 9_134),
        ("the same in place", |wrap| SLOT_IS_READ_IN_PLACE.survives(wrap), 3_400),
        ("a slot is contested", |wrap| SLOT_IS_CONTESTED.survives(wrap), 18_654),
        ("the same in place", |wrap| SLOT_IS_CONTESTED_IN_PLACE.survives(wrap), 7_028),
        ("folders are found", |wrap| FOLDERS_ARE_FOUND.survives(wrap), 22_238),
        ("a head is read again", |wrap| HEAD_IS_READ_AGAIN.survives(wrap), 2_812),
        ("a slot is deleted", |wrap| SLOT_IS_DELETED.survives(wrap), 92),
        ("a head is swapped stale", |wrap| HEAD_IS_SWAPPED_STALE.survives(wrap), 602),
        ("opening is cut short", opening_is_cut_short, 2_092),
    ];
    for (scene, play, expected) in scenes {
        let images = play(honest).unwrap_or_else(|story| panic!("{scene}: {story}"));
        eprintln!("{scene}: {images} crash images");
        assert_eq!(images, expected, "{scene}");
    }
}

/// A rule of the recipe, left out.
#[derive(Debug)]
enum Without {
    FolderSync,
    FileSync,
    /// Syncs only where it named an object: not the parents of the folders that it made.
    ParentSync(Mutex<BTreeSet<PathBuf>>),
    /// Syncs only where it changed something: not what it read of others, nor folders it found.
    SyncForOthers(Mutex<BTreeSet<PathBuf>>),
}

impl Bend for Without {
    fn entered(&self, folder: &Path, kind: Kind) {
        match self {
            Self::ParentSync(changed) if kind == Kind::File => changed,
            Self::SyncForOthers(changed) => changed,
            _ => return,
        }
        .lock()
        .unwrap()
        .insert(folder.to_path_buf());
    }

    fn sync(&self, path: &Path, kind: Kind, file: &dyn DiskFile) -> io::Result<()> {
        let skipped = match self {
            Self::FolderSync => kind == Kind::Folder,
            Self::FileSync => kind == Kind::File,
            Self::ParentSync(changed) | Self::SyncForOthers(changed) => {
                kind == Kind::Folder && !changed.lock().unwrap().contains(path)
            }
        };
        if skipped { Ok(()) } else { file.sync() }
    }
}

fn without(rule: Without, process: Process) -> Arc<dyn Disk> {
    Arc::new(BentDisk::new(Arc::new(process), Arc::new(rule)))
}

/// Every scene must be caught; each says by what.
fn caught(wrap: Wrap, scenes: &[(Scene, &str)]) {
    for (at, (scene, by)) in scenes.iter().enumerate() {
        let story = scene(wrap).expect_err("a broken recipe survives every crash");
        eprintln!("caught in scene {at}: {story}");
        assert!(story.contains(by), "scene {at} was caught by something else: {story}");
    }
}

#[test]
fn without_the_sync_of_the_folder_an_acknowledged_name_is_lost() {
    caught(
        |process| without(Without::FolderSync, process),
        &[
            (slot_is_created, "n/w/0 holds None"),
            (head_is_swapped, "n/HEAD holds Some(b\"head 1\")"),
            (|w| SLOT_IS_READ.survives(w), "n/w/0 holds None"),
            (opening_is_cut_short, "a holds None"),
        ],
    );
}

#[test]
fn without_the_sync_of_the_file_what_was_acknowledged_is_torn() {
    caught(
        |process| without(Without::FileSync, process),
        &[(slot_is_created, "n/w/0 holds Some"), (head_is_swapped, "n/HEAD holds Some")],
    );
}

#[test]
fn without_the_sync_of_parents_a_new_folder_takes_its_objects_with_it() {
    caught(
        |process| without(Without::ParentSync(Mutex::default()), process),
        &[(slot_is_created, "n/w/0 holds None")],
    );
}

#[test]
fn without_the_sync_before_an_answer_what_another_wrote_is_shown_and_lost() {
    caught(
        |process| without(Without::SyncForOthers(Mutex::default()), process),
        &[
            (|w| SLOT_IS_READ_IN_PLACE.survives(w), "n/w/0 holds None"),
            (|w| SLOT_IS_CONTESTED_IN_PLACE.survives(w), "n/w/0 holds None"),
            (|w| HEAD_IS_READ_AGAIN.survives(w), "n/HEAD holds Some(b\"head 1\")"),
            (|w| HEAD_IS_SWAPPED_STALE.survives(w), "n/HEAD holds Some(b\"head 1\")"),
            (|w| FOLDERS_ARE_FOUND.survives(w), "holds None"),
            (opening_is_cut_short, "a holds None"),
        ],
    );
}
