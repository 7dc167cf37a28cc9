//! What a local folder promises beside surviving a crash: one winner, honest listings, refusals.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use elacsym::env::{Clock, Dice};
use elacsym::error::ErrorKind;
use elacsym::storage::local::LocalStore;
use elacsym::storage::local::disk::{Disk, DiskFile, Kind, RealDisk, Stamp};
use elacsym::storage::{Attempt, ImmutableKey, Store, Verb};
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion,
};
use tempfile::TempDir;

use crate::bent_disk::{Bend, BentDisk};
use crate::play::etag;
use crate::promises::{file, slot};

async fn open(root: &Path) -> LocalStore {
    LocalStore::open(root, Dice::from_os()).await.unwrap()
}

async fn open_bent(root: &Path, bend: Arc<dyn Bend>) -> elacsym::error::Result<LocalStore> {
    let disk = BentDisk::new(Arc::new(RealDisk), bend);
    LocalStore::open_on(Arc::new(disk), root, Dice::from_os()).await
}

async fn fresh() -> (TempDir, LocalStore) {
    let root = TempDir::new().unwrap();
    let store = open(root.path()).await;
    (root, store)
}

fn update(e_tag: Option<&str>) -> PutOptions {
    let e_tag = e_tag.map(str::to_owned);
    PutMode::Update(UpdateVersion { e_tag, version: None }).into()
}

async fn put(store: &LocalStore, key: &str, body: &str) -> String {
    let put = store.put(&Key::from(key), body.to_owned().into()).await.unwrap();
    put.e_tag.unwrap()
}

async fn text(store: &LocalStore, key: &str) -> Bytes {
    store.get(&Key::from(key)).await.unwrap().bytes().await.unwrap()
}

#[tokio::test]
async fn a_put_follows_its_mode_and_answers_the_etag_of_its_content() {
    let (_root, store) = fresh().await;
    let key = Key::from("n/7f/acme/HEAD");
    let missing = store.put_opts(&key, "a".into(), update(Some("x"))).await;
    assert!(matches!(missing, Err(Error::Precondition { .. })), "{missing:?}");
    let one = store.put_opts(&key, "one".into(), PutMode::Create.into()).await.unwrap();
    assert_eq!(one.e_tag, Some(etag(b"one")));
    let again = store.put_opts(&key, "two".into(), PutMode::Create.into()).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    let two = store.put_opts(&key, "two".into(), update(one.e_tag.as_deref())).await.unwrap();
    let stale = store.put_opts(&key, "three".into(), update(one.e_tag.as_deref())).await;
    assert!(matches!(stale, Err(Error::Precondition { .. })), "{stale:?}");
    assert!(store.put_opts(&key, "three".into(), update(None)).await.is_err());
    assert_eq!(text(&store, "n/7f/acme/HEAD").await, "two");
    assert_eq!(store.head(&key).await.unwrap().e_tag, two.e_tag);
    assert_eq!(put(&store, "n/7f/acme/HEAD", "four").await, etag(b"four"));
    store.delete(&key).await.unwrap();
    store.delete(&key).await.unwrap();
    let gone = store.get(&key).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
}

/// It told of each that there is nothing, which is how a namespace that was deleted looks.
#[tokio::test]
async fn of_a_folder_that_is_not_the_one_that_was_opened_nothing_is_said() {
    let parent = TempDir::new().unwrap();
    let (root, kept) = (parent.path().join("root"), parent.path().join("kept"));
    let store = open(&root).await;
    put(&store, "n/a", "kept").await;
    for in_its_place in ["nothing", "an empty folder", "another store"] {
        fs::rename(&root, &kept).unwrap();
        match in_its_place {
            "nothing" => {}
            "an empty folder" => fs::create_dir(&root).unwrap(),
            _ => {
                open(&root).await;
                fs::create_dir(root.join("n")).unwrap();
            }
        }
        for key in ["n/a", "n/b", "m/a"].map(Key::from) {
            let told = [
                store.get(&key).await.map(drop),
                store.delete(&key).await,
                store.put(&key, "x".into()).await.map(drop),
                store.put_opts(&key, "x".into(), PutMode::Create.into()).await.map(drop),
                store.put_opts(&key, "x".into(), update(Some("x"))).await.map(drop),
                store.list(Some(&key)).try_collect::<Vec<_>>().await.map(drop),
                store.list(None).try_collect::<Vec<_>>().await.map(drop),
                store.list_with_delimiter(None).await.map(drop),
            ];
            for told in told {
                let away = matches!(&told, Err(Error::Generic { source, .. })
                    if source.to_string().contains("not the one that was opened")
                        && source.to_string().contains("restart on what is there"));
                assert!(away, "{in_its_place}, {key}: {told:?}");
            }
        }
        if in_its_place == "another store" {
            let other = open(&root).await;
            assert!(other.list(None).next().await.is_none());
        }
        if in_its_place != "nothing" {
            fs::remove_dir_all(&root).unwrap();
        }
        fs::rename(&kept, &root).unwrap();
        assert_eq!(text(&store, "n/a").await, "kept");
        put(&store, "n/b", in_its_place).await;
    }
}

#[tokio::test]
async fn conditions_of_a_get_are_checked_against_the_content() {
    let (_root, store) = fresh().await;
    let key = Key::from("a");
    put(&store, "a", "content").await;
    let get = |options: GetOptions| store.get_opts(&key, options);
    let known = Some(etag(b"content"));
    let same = get(GetOptions::new().with_if_none_match(known.clone())).await;
    assert!(matches!(same, Err(Error::NotModified { .. })), "{same:?}");
    let other = get(GetOptions::new().with_if_match(Some("0"))).await;
    assert!(matches!(other, Err(Error::Precondition { .. })), "{other:?}");
    let options = GetOptions::new().with_if_match(known).with_range(Some(1..3));
    assert_eq!(get(options).await.unwrap().bytes().await.unwrap(), "on");
    assert!(get(GetOptions::new().with_version(Some("1"))).await.is_err());
}

#[tokio::test]
async fn a_range_is_the_one_that_memory_would_give() {
    let (_root, store) = fresh().await;
    let memory = InMemory::new();
    let key = Key::from("a");
    put(&store, "a", "0123456789").await;
    memory.put(&key, "0123456789".into()).await.unwrap();
    let mut ranges: Vec<GetRange> = Vec::new();
    for start in 0..12 {
        ranges.extend([GetRange::Offset(start), GetRange::Suffix(start)]);
        ranges.extend((0..12).map(|end| GetRange::Bounded(start..end)));
    }
    for range in ranges {
        let options = || GetOptions::new().with_range(Some(range.clone()));
        let mine = store.get_opts(&key, options()).await;
        match memory.get_opts(&key, options()).await {
            Err(_) => assert!(mine.is_err(), "{range:?}"),
            Ok(expected) => {
                let mine = mine.unwrap();
                assert_eq!(mine.range, expected.range);
                assert_eq!(mine.meta.size, 10);
                assert_eq!(mine.bytes().await.unwrap(), expected.bytes().await.unwrap());
            }
        }
    }
    let ranges = store.get_ranges(&key, &[0..2, 8..10]).await.unwrap();
    assert_eq!(ranges, ["01", "89"]);
}

#[tokio::test]
async fn a_listing_is_the_one_that_memory_would_give() {
    let (_root, store) = fresh().await;
    let memory = InMemory::new();
    let keys = [
        "a!b", "a-b/c", "a.txt", "a/b/c", "a/b.c", "a/b0", "a/c/d/e", "a0", "aa/x", "b", "n/w/1",
        "n/w/2", "n/HEAD", "é/ü",
    ];
    for key in keys {
        put(&store, key, key).await;
        memory.put(&Key::from(key), key.into()).await.unwrap();
    }
    // A folder stays when its last object is gone; nothing of it may show.
    put(&store, "empty/for/ever", "x").await;
    store.delete(&Key::from("empty/for/ever")).await.unwrap();
    let prefixes = ["", "a", "a/b", "a/c/d", "n", "n/w", "n/w/1", "nowhere", "empty", "a-b", "é"];
    let offsets = ["", "a", "a!", "a-b", "a/", "a/b", "a/b/c", "a/z", "n/w", "n/w/1", "zzz"];
    for prefix in prefixes.map(Key::from) {
        let prefix = (!prefix.is_root()).then_some(&prefix);
        let mine: Vec<_> = store.list(prefix).try_collect().await.unwrap();
        let expected: Vec<_> = memory.list(prefix).try_collect().await.unwrap();
        let told = |metas: &[object_store::ObjectMeta]| {
            metas.iter().map(|meta| (meta.location.clone(), meta.size)).collect::<Vec<_>>()
        };
        assert_eq!(told(&mine), told(&expected), "{prefix:?}");
        for offset in offsets.map(Key::from).iter().chain(expected.iter().map(|m| &m.location)) {
            let mine: Vec<_> = store.list_with_offset(prefix, offset).try_collect().await.unwrap();
            let expected: Vec<_> =
                memory.list_with_offset(prefix, offset).try_collect().await.unwrap();
            assert_eq!(told(&mine), told(&expected), "{prefix:?} after {offset}");
        }
        let mine = store.list_with_delimiter(prefix).await.unwrap();
        let expected = memory.list_with_delimiter(prefix).await.unwrap();
        assert_eq!(told(&mine.objects), told(&expected.objects), "{prefix:?}");
        assert_eq!(mine.common_prefixes, expected.common_prefixes, "{prefix:?}");
    }
}

#[tokio::test]
async fn a_long_listing_comes_in_pages_and_in_order() {
    let (root, store) = fresh().await;
    std::fs::create_dir(root.path().join("w")).unwrap();
    for seq in 0..2500 {
        std::fs::write(root.path().join(format!("w/{seq:020}")), "").unwrap();
    }
    let list = store.list(Some(&Key::from("w"))).map(|meta| meta.unwrap().location);
    let keys: Vec<Key> = list.collect().await;
    assert_eq!(keys.len(), 2500);
    assert!(keys.is_sorted());
    let offset = Key::from(format!("w/{:020}", 2400));
    assert_eq!(store.list_with_offset(None, &offset).count().await, 99);
}

#[tokio::test]
async fn files_that_are_being_written_are_neither_listed_nor_reached() {
    let (root, store) = fresh().await;
    put(&store, "a", "a").await;
    std::fs::write(root.path().join("tmp~/p0-1"), "half").unwrap();
    let keys: Vec<_> = store.list(None).try_collect().await.unwrap();
    assert_eq!(keys.len(), 1);
    assert!(store.list_with_delimiter(None).await.unwrap().common_prefixes.is_empty());
    let own = Key::parse("tmp~/p0-1").unwrap();
    assert!(matches!(store.get(&own).await, Err(Error::Generic { store: "local", .. })));
    assert!(store.delete(&own).await.is_err());
    assert!(store.put(&own, "x".into()).await.is_err());
    assert!(store.list(Some(&Key::parse("tmp~").unwrap())).try_next().await.is_err());
}

#[tokio::test]
async fn a_key_that_is_an_object_leads_nowhere_and_the_other_way_round() {
    let (_root, store) = fresh().await;
    put(&store, "a/b", "object").await;
    for mode in [PutMode::Create, PutMode::Overwrite] {
        let below = store.put_opts(&Key::from("a/b/c"), "x".into(), mode.clone().into()).await;
        let above = store.put_opts(&Key::from("a"), "x".into(), mode.into()).await;
        for outcome in [below, above] {
            assert!(matches!(outcome, Err(Error::Generic { store: "local", .. })), "{outcome:?}");
        }
    }
    let above = store.put_opts(&Key::from("a"), "x".into(), update(Some("0"))).await;
    assert!(matches!(above, Err(Error::Precondition { .. })), "{above:?}");
    for key in ["a", "a/b/c"].map(Key::from) {
        assert!(matches!(store.get(&key).await, Err(Error::NotFound { .. })));
        store.delete(&key).await.unwrap();
    }
    assert_eq!(text(&store, "a/b").await, "object");
}

#[tokio::test]
async fn what_a_folder_cannot_do_is_refused() {
    let (_root, store) = fresh().await;
    let (one, two) = (Key::from("one"), Key::from("two"));
    put(&store, "one", "1").await;
    let outcomes = [
        store.copy(&one, &two).await,
        store.rename(&one, &two).await,
        store.put_multipart(&two).await.map(drop),
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(Error::NotSupported { .. })), "{outcome:?}");
    }
    let attributes =
        object_store::Attributes::from_iter([(object_store::Attribute::ContentType, "x")]);
    assert!(store.put_opts(&two, "2".into(), attributes.into()).await.is_err());
}

#[tokio::test]
async fn only_what_the_dead_left_is_swept() {
    let root = TempDir::new().unwrap();
    let living = open(root.path()).await;
    let scratch = root.path().join("tmp~");
    let names = || -> std::collections::BTreeSet<String> {
        let entries = std::fs::read_dir(&scratch).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let owner = names().pop_first().unwrap();
    let draft = format!("{owner}-7");
    for name in [&draft, "pdead", "pdead-0", "pdead-1", "pgone-3", "not ours"] {
        std::fs::write(scratch.join(name), "left over").unwrap();
    }
    let second = open(root.path()).await;
    let left = names();
    assert!(left.contains(&owner) && left.contains(&draft) && left.contains("not ours"));
    assert_eq!(left.len(), 4, "{left:?}");
    drop((living, second));
    let _third = open(root.path()).await;
    assert_eq!(names().len(), 2, "{:?}", names());
}

#[derive(Debug, Default)]
struct Faults {
    full: AtomicBool,
    sync_file: AtomicBool,
    sync_folder: AtomicBool,
}

impl Faults {
    fn sync_of(&self, kind: Kind) -> &AtomicBool {
        if kind == Kind::Folder { &self.sync_folder } else { &self.sync_file }
    }
}

impl Bend for Faults {
    fn create(&self) -> io::Result<()> {
        match self.full.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn sync(&self, _: &Path, kind: Kind, file: &dyn DiskFile) -> io::Result<()> {
        // The kernel reports a lost write once, and then pretends that all is well.
        match self.sync_of(kind).swap(false, Ordering::SeqCst) {
            true => Err(io::Error::other("a write was lost")),
            false => file.sync(),
        }
    }
}

#[tokio::test]
async fn a_failed_sync_is_the_last_thing_that_a_store_does() {
    for kind in [Kind::File, Kind::Folder] {
        let root = TempDir::new().unwrap();
        let faults = Arc::new(Faults::default());
        let store = open_bent(root.path(), Arc::clone(&faults) as _).await.unwrap();
        put(&store, "a", "before").await;
        faults.sync_of(kind).store(true, Ordering::SeqCst);
        let key = Key::from("b");
        let failed = store.put_opts(&key, "b".into(), PutMode::Create.into()).await.unwrap_err();
        assert!(failed.to_string().contains("a write was lost"), "{failed}");
        let a = Key::from("a");
        let later = [
            store.get(&a).await.map(drop),
            store.put(&a, "x".into()).await.map(drop),
            store.put_opts(&key, "x".into(), PutMode::Create.into()).await.map(drop),
            store.put_opts(&a, "x".into(), update(Some("0"))).await.map(drop),
            store.delete(&a).await,
            store.list(None).try_next().await.map(drop),
            store.list_with_delimiter(None).await.map(drop),
        ];
        for outcome in later {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains("fsync of ") && error.contains("restart"), "{error}");
        }
        assert_eq!(text(&open(root.path()).await, "a").await, "before");
    }
}

/// Each read of a store that had lost a write was repeated for 15 seconds and then told as "the
/// store is away", so that its operator looked for a network and waited.
#[tokio::test(start_paused = true)]
async fn a_store_that_has_stopped_says_so_at_once() {
    let root = TempDir::new().unwrap();
    let faults = Arc::new(Faults::default());
    let local = open_bent(root.path(), Arc::clone(&faults) as _).await.unwrap();
    let clock = Clock::start();
    let store = Store::new(local, clock, Dice::from_seed(1));
    faults.sync_file.store(true, Ordering::SeqCst);
    let lost = store.create(&slot(1), "lost".into()).await;
    assert!(matches!(lost, Attempt::Doubt(_)), "{lost:?}");
    let error = store.slot(&slot(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("the store has stopped"), "{error}");
    assert!(error.chain().contains("check the disk and restart"), "{}", error.chain());
    assert_eq!(store.counts().sent(Verb::Slot), 1);
    assert_eq!(clock.now(), Duration::ZERO);
}

/// A folder of another user.
#[derive(Debug)]
struct Foreign;

impl Bend for Foreign {
    fn create(&self) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[tokio::test(start_paused = true)]
async fn missing_rights_to_a_folder_are_told_at_once() {
    let root = TempDir::new().unwrap();
    let local = open_bent(root.path(), Arc::new(Foreign)).await.unwrap();
    let clock = Clock::start();
    let store = Store::new(local, clock, Dice::from_seed(1));
    let error = store.put(&file(1), "rows".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("check who owns the folder"), "{error}");
    assert_eq!(store.counts().sent(Verb::Put), 1);
    assert_eq!(clock.now(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_no_file_can_have_is_told_at_once() {
    let root = TempDir::new().unwrap();
    let below = ImmutableKey::File(file(1)).spell().unwrap();
    std::fs::create_dir_all(root.path().join(below)).unwrap();
    let clock = Clock::start();
    let store = Store::new(open(root.path()).await, clock, Dice::from_seed(1));
    let error = store.put(&file(1), "rows".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.chain().contains("is a folder of other keys"), "{}", error.chain());
    assert_eq!(store.counts().sent(Verb::Put), 1);
    assert_eq!(clock.now(), Duration::ZERO);
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_leaves_nothing_behind_until_there_is_room() {
    let root = TempDir::new().unwrap();
    let faults = Arc::new(Faults::default());
    let store = open_bent(root.path(), Arc::clone(&faults) as _).await.unwrap();
    put(&store, "a", "before").await;
    faults.full.store(true, Ordering::SeqCst);
    let key = Key::from("b");
    let full = store.put_opts(&key, "b".into(), PutMode::Create.into()).await.unwrap_err();
    assert!(full.to_string().contains("writing"), "{full}");
    assert!(matches!(store.get(&key).await, Err(Error::NotFound { .. })));
    store.delete(&Key::from("a")).await.unwrap();
    faults.full.store(false, Ordering::SeqCst);
    put(&store, "b", "after").await;
    assert_eq!(std::fs::read_dir(root.path().join("tmp~")).unwrap().count(), 1);
}

#[derive(Debug, Default)]
struct Syncs(AtomicUsize);

impl Bend for Syncs {
    fn sync(&self, _: &Path, _: Kind, file: &dyn DiskFile) -> io::Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        file.sync()
    }
}

impl Syncs {
    fn spent(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

#[tokio::test]
async fn what_a_process_knows_to_be_durable_is_not_synced_again() {
    let root = TempDir::new().unwrap();
    let syncs = Arc::new(Syncs::default());
    let one = open_bent(root.path(), Arc::clone(&syncs) as _).await.unwrap();
    let two = open_bent(root.path(), Arc::clone(&syncs) as _).await.unwrap();
    syncs.spent();
    put(&one, "w/0", "a slot").await;
    assert_eq!(syncs.spent(), 3, "the file, the folder, and its parent");
    put(&one, "w/1", "a slot").await;
    assert_eq!(syncs.spent(), 2, "the file and the folder");
    text(&one, "w/0").await;
    assert_eq!(syncs.spent(), 0, "its own");
    text(&two, "w/0").await;
    assert_eq!(syncs.spent(), 2, "another's: the folder and its parent");
    two.get_range(&Key::from("w/1"), 0..2).await.unwrap();
    assert_eq!(syncs.spent(), 1, "another's: the folder");
    text(&two, "w/0").await;
    two.get_range(&Key::from("w/1"), 2..4).await.unwrap();
    assert_eq!(syncs.spent(), 0, "seen before");
    put(&one, "w/0", "another body").await;
    syncs.spent();
    text(&two, "w/0").await;
    assert_eq!(syncs.spent(), 1, "not what was seen before");
}

#[derive(Debug)]
struct Network(u32);

impl Bend for Network {
    fn magic(&self, _: u32) -> u32 {
        self.0
    }
}

#[tokio::test]
async fn a_network_file_system_is_refused_before_anything_is_made_on_it() {
    let parent = TempDir::new().unwrap();
    let root = parent.path().join("data");
    for (magic, name) in [
        (0x6969, "NFS"),
        (0xff53_4d42, "CIFS"),
        (0x6573_5546, "FUSE"),
        (0x4750_4653, "GPFS"),
        (0x1983_0326, "BeeGFS"),
        (0x2003_0528, "OrangeFS"),
    ] {
        let error = open_bent(&root, Arc::new(Network(magic))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(parent.path().to_str().unwrap()), "{text}");
        assert!(text.contains("choose a folder on a local disk"), "{text}");
        assert!(!root.exists());
    }
}

#[derive(Debug)]
struct FoldsCase;

impl Bend for FoldsCase {
    fn stat(&self, path: &Path, disk: &dyn Disk) -> io::Result<Stamp> {
        let name = path.file_name().unwrap_or_default().to_ascii_lowercase();
        disk.stat(path).or_else(|_| disk.stat(&path.with_file_name(name)))
    }
}

#[tokio::test]
async fn a_folder_that_folds_case_is_refused_and_so_is_a_file() {
    let root = TempDir::new().unwrap();
    let error = open_bent(root.path(), Arc::new(FoldsCase)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let plain = root.path().join("file");
    std::fs::write(&plain, "").unwrap();
    for path in [plain.clone(), plain.join("below")] {
        let error = LocalStore::open(&path, Dice::from_os()).await.unwrap_err();
        assert!(error.chain().contains("file"), "{}", error.chain());
    }
}
