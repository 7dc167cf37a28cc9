//! Many who want the same name: exactly one gets it, across tasks, threads and real processes.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex};

use bytes::Bytes;
use elacsym::env::Dice;
use elacsym::storage::local::disk::{Disk, DiskFile, Kind, RealDisk};
use elacsym::storage::local::{Folder, LocalStore};
use futures::future::join_all;
use object_store::path::Path as Key;
use object_store::{
    Error, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion,
};
use tempfile::TempDir;

use crate::bent_disk::{Bend, BentDisk};

const PROCESSES: usize = 4;
const THREADS: usize = 8;
const ROUNDS: usize = 6;

/// Set for a child: the folder that it races in.
const RACE: &str = "ELACSYM_TEST_RACE";
/// Set for a child: the folder that it writes to until it is killed.
const VICTIM: &str = "ELACSYM_TEST_VICTIM";

fn folder(root: &Path) -> Folder {
    Folder::open(Arc::new(RealDisk), root, &mut Dice::from_os()).unwrap()
}

/// What a test of this binary runs as a process of its own.
struct Player {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Player {
    fn start(test: &str, variable: &str, root: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads", "1"])
            .env(variable, root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, commands, answers }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.commands, "{line}").unwrap();
    }

    /// The next line that is an answer; the test harness prints lines of its own.
    fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.answers.read_line(&mut line).unwrap(), 0, "the child is gone");
            if let Some((_, answer)) = line.split_once("answer:") {
                return answer.trim().to_owned();
            }
        }
    }
}

fn answer(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "answer:{text}").unwrap();
    out.flush().unwrap();
}

/// Wins of one process: creates of a slot, swaps of the head.
fn compete(folder: &Folder, round: &str, head: &str) -> (usize, usize) {
    let start = Barrier::new(THREADS);
    let run = || {
        let body = [Bytes::from(format!("{round} {:?}", Dice::from_os().draw()))];
        start.wait();
        let created = folder.create(&Key::from(format!("new/{round}/slot")), &body);
        assert!(matches!(created, Ok(_) | Err(Error::AlreadyExists { .. })), "{created:?}");
        start.wait();
        let swapped = folder.swap(&Key::from("HEAD"), head, &body);
        assert!(matches!(swapped, Ok(_) | Err(Error::Precondition { .. })), "{swapped:?}");
        (usize::from(created.is_ok()), usize::from(swapped.is_ok()))
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .fold((0, 0), |sum, wins| (sum.0 + wins.0, sum.1 + wins.1))
    })
}

#[test]
fn a_child_competes_if_it_is_told_where() {
    let Ok(root) = std::env::var(RACE) else { return };
    let folder = folder(Path::new(&root));
    answer("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (round, head) = line.split_once(' ').unwrap();
        let (created, swapped) = compete(&folder, round, head);
        answer(format!("{created} {swapped}"));
    }
}

#[test]
fn one_of_32_threads_in_four_processes_creates_a_slot_and_one_swaps_the_head() {
    let root = TempDir::new().unwrap();
    let here = folder(root.path());
    let mut head = here.create(&Key::from("HEAD"), &[Bytes::from("head")]).unwrap();
    let test = "race::a_child_competes_if_it_is_told_where";
    let mut players: Vec<_> =
        (0..PROCESSES).map(|_| Player::start(test, RACE, root.path())).collect();
    for player in &mut players {
        assert_eq!(player.answer(), "ready");
    }
    for round in 0..ROUNDS {
        players.iter_mut().for_each(|player| player.say(&format!("{round} {head}")));
        let mut wins = (0, 0);
        for player in &mut players {
            let answer = player.answer();
            let (created, swapped) = answer.split_once(' ').unwrap();
            wins.0 += created.parse::<usize>().unwrap();
            wins.1 += swapped.parse::<usize>().unwrap();
        }
        assert_eq!(wins, (1, 1), "round {round}");
        let options = GetOptions::default();
        assert!(here.read(&Key::from(format!("new/{round}/slot")), &options).is_ok());
        let now = here.read(&Key::from("HEAD"), &options).unwrap().meta.e_tag.unwrap();
        assert_ne!(std::mem::replace(&mut head, now), head);
    }
    for mut player in players {
        drop(player.commands);
        assert!(player.child.wait().unwrap().success());
    }
}

#[test]
fn a_child_writes_until_it_is_killed_if_it_is_told_where() {
    let Ok(root) = std::env::var(VICTIM) else { return };
    let folder = folder(Path::new(&root));
    for slot in 0.. {
        let body = [Bytes::from(format!("slot {slot}").repeat(1000))];
        folder.create(&Key::from(format!("w/{slot}")), &body).unwrap();
        answer(slot);
    }
}

#[test]
fn a_killed_process_leaves_what_it_acknowledged_and_no_litter() {
    let root = TempDir::new().unwrap();
    let test = "race::a_child_writes_until_it_is_killed_if_it_is_told_where";
    let mut player = Player::start(test, VICTIM, root.path());
    while player.answer() != "20" {}
    player.child.kill().unwrap();
    player.child.wait().unwrap();
    let here = folder(root.path());
    for slot in 0..=20 {
        let found = here.read(&Key::from(format!("w/{slot}")), &GetOptions::default()).unwrap();
        assert_eq!(found.bytes, format!("slot {slot}").repeat(1000));
    }
    assert_eq!(std::fs::read_dir(root.path().join("tmp~")).unwrap().count(), 1);
}

/// Between the comparison of a swap and its rename, when the draft is synced: lets another go, and
/// waits until it is done, or waits for the lock itself.
#[derive(Debug)]
struct Between {
    go: Barrier,
    other: Mutex<Receiver<()>>,
}

#[derive(Debug)]
struct Other(Sender<()>);

impl Bend for Between {
    fn sync(&self, _: &Path, kind: Kind, file: &dyn DiskFile) -> std::io::Result<()> {
        if kind == Kind::File {
            self.go.wait();
            self.other.lock().unwrap().recv().unwrap();
        }
        file.sync()
    }
}

impl Bend for Other {
    fn lock(&self) {
        self.0.send(()).unwrap();
    }
}

#[test]
fn a_swap_never_undoes_what_came_between_its_comparison_and_its_end() {
    let root = TempDir::new().unwrap();
    let bent = |bend: Arc<dyn Bend>| {
        let disk = BentDisk::new(Arc::new(RealDisk), bend);
        Folder::open(Arc::new(disk), root.path(), &mut Dice::from_os()).unwrap()
    };
    let (sender, receiver) = std::sync::mpsc::channel();
    let between = Arc::new(Between { go: Barrier::new(2), other: Mutex::new(receiver) });
    let (one, two) = (bent(Arc::clone(&between) as _), bent(Arc::new(Other(sender.clone()))));
    let (key, options) = (Key::from("n/HEAD"), GetOptions::default());
    let race = |act: &dyn Fn()| {
        let head = two.overwrite(&key, &[Bytes::from("head 1")]).unwrap();
        between.other.lock().unwrap().try_iter().for_each(drop);
        std::thread::scope(|scope| {
            scope.spawn(|| one.swap(&key, &head, &[Bytes::from("head 2")]).unwrap());
            between.go.wait();
            act();
            sender.send(()).unwrap();
        });
        two.read(&key, &options)
    };
    let gone = race(&|| two.delete(&key).unwrap());
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    let head = race(&|| drop(two.overwrite(&key, &[Bytes::from("head 3")]).unwrap()));
    assert_eq!(head.unwrap().bytes, "head 3");
}

/// Asks for the lock of a folder whenever a body is being synced.
#[derive(Debug)]
struct Asks {
    folder: PathBuf,
    found_free: Mutex<Vec<bool>>,
}

impl Bend for Asks {
    fn sync(&self, _: &Path, kind: Kind, file: &dyn DiskFile) -> std::io::Result<()> {
        if kind == Kind::File {
            let lock = RealDisk.try_lock(&self.folder)?;
            self.found_free.lock().unwrap().push(lock.is_some());
        }
        file.sync()
    }
}

/// A put held the lock while it wrote and synced its body: a segment of a gigabyte made all other
/// segments of its name wait.
#[test]
fn a_body_is_on_the_disk_before_its_put_takes_the_lock() {
    let root = TempDir::new().unwrap();
    let found_free = Mutex::default();
    let asks = Arc::new(Asks { folder: root.path().join("s"), found_free });
    let disk = BentDisk::new(Arc::new(RealDisk), Arc::clone(&asks) as _);
    let folder = Folder::open(Arc::new(disk), root.path(), &mut Dice::from_os()).unwrap();
    let key = Key::from("s/1");
    for body in ["one", "two"] {
        folder.overwrite(&key, &[Bytes::from(body)]).unwrap();
        assert_eq!(folder.read(&key, &GetOptions::default()).unwrap().bytes, body);
    }
    assert_eq!(*asks.found_free.lock().unwrap(), [true, true]);
}

/// Notes which names were there when a sync of their folder began that then succeeded.
#[derive(Debug, Default)]
struct Covered {
    names: Mutex<BTreeSet<String>>,
}

impl Bend for Covered {
    fn sync(&self, path: &Path, kind: Kind, file: &dyn DiskFile) -> std::io::Result<()> {
        let names = if kind == Kind::Folder { RealDisk.entries(path)? } else { Vec::new() };
        file.sync()?;
        self.names.lock().unwrap().extend(names.into_iter().map(|(name, _)| name));
        Ok(())
    }
}

#[test]
fn a_create_that_shares_a_sync_is_acknowledged_by_one_that_saw_its_name() {
    let root = TempDir::new().unwrap();
    let covered = Arc::new(Covered::default());
    let disk = BentDisk::new(Arc::new(RealDisk), Arc::clone(&covered) as _);
    let folder = Folder::open(Arc::new(disk), root.path(), &mut Dice::from_os()).unwrap();
    let run = &|thread: usize| {
        for slot in 0..20 {
            let name = format!("{thread}-{slot}");
            folder.create(&Key::from(format!("w/{name}")), &[Bytes::from("x")]).unwrap();
            assert!(covered.names.lock().unwrap().contains(&name), "{name}");
        }
    };
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|thread| drop(scope.spawn(move || run(thread))));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_32_tasks_creates_a_slot_and_no_swap_of_32_is_lost() {
    let root = TempDir::new().unwrap();
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(LocalStore::open(root.path(), Dice::from_os()).await.unwrap());
    }
    let tasks = (0..32).map(|task| {
        let store = stores[task % stores.len()].clone();
        tokio::spawn(async move {
            let (slot, counter) = (Key::from("slot"), Key::from("counter"));
            let mode: PutOptions = PutMode::Create.into();
            let created = store.put_opts(&slot, format!("{task}").into(), mode.clone()).await;
            // The first to count creates the counter; each increments it once.
            store.put_opts(&counter, "0".into(), mode).await.ok();
            loop {
                let found = store.get(&counter).await.unwrap();
                let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: None };
                let count = String::from_utf8(found.bytes().await.unwrap().to_vec()).unwrap();
                let count = count.parse::<u32>().unwrap() + 1;
                let mode: PutOptions = PutMode::Update(version).into();
                match store.put_opts(&counter, count.to_string().into(), mode).await {
                    Ok(_) => return created.is_ok(),
                    Err(Error::Precondition { .. }) => continue,
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    let winners = join_all(tasks).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
    assert_eq!(winners, 1);
    let counter = stores[0].get(&Key::from("counter")).await.unwrap();
    assert_eq!(counter.bytes().await.unwrap(), "32");
}
