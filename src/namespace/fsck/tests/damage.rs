//! Damage to what a name hangs on, head and markers, and what lies where nothing should: each is
//! found, and nothing else is.

use super::*;
use crate::model::FileKind;

fn marker(kind: MarkerKind, inc: Incarnation) -> Marker {
    Marker { kind, name: named("acme"), inc }
}

fn spelt(marker: &Marker) -> String {
    Key::Marker(marker.clone()).spell().unwrap()
}

/// A file of the name's present life that nobody wrote.
fn orphan(head: &Head, epoch: Epoch, kind: FileKind) -> FileName {
    FileName { home: named("acme"), inc: head.inc, epoch, ulid: 77, kind }
}

#[tokio::test]
async fn a_damaged_head_is_found() {
    let stand = Stand::new().await;
    stand.session("acme", OPEN, vec![upsert(1)]).await;
    stand.session("other", OPEN, vec![upsert(1)]).await;
    let before = stand.check().await;
    let key = CellKey::Head(named("acme"));
    let cell = stand.store.load(&key).await.unwrap().unwrap();
    stand.swap("acme", bent(&cell.body)).await;
    stand.expect(&before, What::Corrupt, &key).await;
}

#[tokio::test]
async fn a_base_that_is_none_is_found_and_one_of_a_later_release_is_not_judged() {
    let stand = Stand::new().await;
    stand.session("acme", OPEN, vec![upsert(1)]).await;
    let before = stand.check().await;
    stand.rewrite("acme", |head| head.base = Bytes::from_static(&[1, 7])).await;
    stand.expect(&before, What::Corrupt, CellKey::Head(named("acme"))).await;
    let cell = stand.store.load(&CellKey::Head(named("acme"))).await.unwrap().unwrap();
    let mut head = head::decode(&named("acme"), &cell.body).unwrap();
    head.base = Bytes::from_static(&[2, 7]);
    stand.swap("acme", head::encode(&named("acme"), &head)).await;
    let found = stand.check().await;
    let notes: Vec<What> = found.notes.iter().map(|note| note.what).collect();
    assert!(found.is_sound() && notes == [What::Newer], "{found}");
}

#[tokio::test]
async fn a_head_and_its_base_name_the_same_files() {
    let stand = Stand::new().await;
    stand.acme().await;
    let before = stand.check().await;
    let (head, base) = stand.head("acme").await;
    let at = CellKey::Head(named("acme"));
    stand.rebase("acme", |base| drop(base.segments.pop())).await;
    stand.expect(&before, What::Disagrees, &at).await;
    // And the other way round. What no head keeps leaks, too.
    stand
        .rewrite("acme", |it| (it.base, it.files) = (base.encode(), head.files[1..].to_vec()))
        .await;
    let found = stand.check().await;
    let errors: Vec<What> = found.errors.iter().map(|error| error.what).collect();
    assert_eq!(errors, [What::Disagrees], "{found}");
    assert_eq!(found.leaks.len(), before.leaks.len() + 1, "{found}");
}

#[tokio::test]
async fn a_life_that_no_list_shows_is_found() {
    let stand = Stand::new().await;
    stand.session("acme", OPEN, vec![upsert(1)]).await;
    let before = stand.check().await;
    let (head, _) = stand.head("acme").await;
    let live = marker(MarkerKind::Live, head.inc);
    stand.store.delete(&Doomed::Marker(live.clone())).await.unwrap();
    stand.expect(&before, What::Unmarked, spelt(&live)).await;
}

#[tokio::test]
async fn a_dead_life_to_which_nothing_leads_is_found_and_what_is_left_of_it_stays() {
    let stand = Stand::new().await;
    stand.session("acme", OPEN, vec![upsert(1)]).await;
    let (head, _) = stand.head("acme").await;
    stand.delete_name("acme").await;
    let gone = marker(MarkerKind::Gone, head.inc);
    stand.store.delete(&Doomed::Marker(gone.clone())).await.unwrap();
    let found = stand.check().await;
    let kinds: Vec<(What, &str)> = found.iter().map(|it| (it.what, &*it.place)).collect();
    let slot = SlotKey { home: named("acme"), inc: head.inc, seq: Seq(0) }.to_string();
    assert_eq!(kinds, [(What::Unmarked, &*spelt(&gone)), (What::Stays, &*slot)], "{found}");
}

#[tokio::test]
async fn markers_that_lead_nowhere_are_worth_a_note() {
    let stand = Stand::new().await;
    stand.session("acme", OPEN, vec![upsert(1)]).await;
    let (head, _) = stand.head("acme").await;
    let never = Marker { name: named("never"), ..marker(MarkerKind::Live, head.inc) };
    let strays =
        [marker(MarkerKind::Live, Incarnation(5)), marker(MarkerKind::Gone, Incarnation(5)), never];
    // That of a deletion which came to nothing stays for as long as the name lives, and is none.
    for marker in strays.iter().chain([&marker(MarkerKind::Gone, head.inc)]) {
        stand.store.mark(marker).await.unwrap();
    }
    let found = stand.check().await;
    assert!(found.is_sound() && found.leaks.is_empty(), "{found}");
    let mut notes: Vec<(What, String)> =
        found.notes.iter().map(|note| (note.what, note.place.clone())).collect();
    let mut expected = strays.map(|stray| (What::Stray, spelt(&stray)));
    notes.sort();
    expected.sort();
    assert_eq!(notes, expected, "{found}");
    assert_eq!(found.names, 1, "a marker is no name");
}

#[tokio::test]
async fn objects_of_a_name_without_a_head_are_found() {
    let stand = Stand::new().await;
    stand.session("acme", OPEN, vec![upsert(1)]).await;
    let before = stand.check().await;
    let (head, _) = stand.head("acme").await;
    let ghost = FileName { home: named("ghost"), ..orphan(&head, Epoch(1), FileKind::Rows) };
    stand.store.put(&ghost, Bytes::from_static(b"rows")).await.unwrap();
    stand.expect(&before, What::Headless, CellKey::Head(named("ghost"))).await;
}

#[tokio::test]
async fn a_file_that_nobody_names_leaks_and_who_will_delete_it_follows_from_its_epoch() {
    let stand = Stand::new().await;
    stand.acme().await;
    let before = stand.check().await;
    let (head, _) = stand.head("acme").await;
    assert!(head.floor_epoch < head.epoch);
    let older = Epoch(head.floor_epoch.0 - 1);
    for (epoch, kind, what) in [
        (older, FileKind::Rows, What::Waits),
        (head.floor_epoch, FileKind::Deletions, What::Waits),
        (head.epoch, FileKind::Keys, What::Stays),
        (older, FileKind::Chunk, What::Waits),
        (head.floor_epoch, FileKind::Chunk, What::Stays),
        (head.epoch, FileKind::Chunk, What::Stays),
    ] {
        let file = orphan(&head, epoch, kind);
        stand.store.put(&file, Bytes::from_static(b"odd")).await.unwrap();
        let found = stand.check().await;
        let leaks = found.leaks.iter().filter(|leak| !before.leaks.contains(leak));
        let leaks: Vec<(What, &str)> = leaks.map(|leak| (leak.what, &*leak.place)).collect();
        assert_eq!(leaks, [(what, &*place(&file))], "{found}");
        assert!(found.is_sound() && found.leaks.len() == before.leaks.len() + 1, "{found}");
        stand.drop_file(&file).await;
    }
}

#[tokio::test]
async fn a_file_of_an_epoch_that_was_never_claimed_is_found() {
    let stand = Stand::new().await;
    stand.acme().await;
    let before = stand.check().await;
    let (head, _) = stand.head("acme").await;
    let file = orphan(&head, head.epoch.next(), FileKind::Rows);
    stand.store.put(&file, Bytes::from_static(b"odd")).await.unwrap();
    stand.expect(&before, What::Epoch, place(&file)).await;
}

#[tokio::test]
async fn what_is_not_ours_is_counted_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let stand = Stand::at(Location::Local(folder.path().into())).await;
    stand.session("acme", OPEN, vec![upsert(1)]).await;
    std::fs::create_dir(folder.path().join("n").join("zz")).unwrap();
    for stranger in ["n/zz/notes.txt", "n/notes.txt", "notes.txt"] {
        std::fs::write(folder.path().join(stranger), b"somebody's").unwrap();
    }
    let found = stand.check().await;
    let [note] = &found.notes[..] else { panic!("{found}") };
    assert_eq!((note.what, &*note.place), (What::Stranger, "n"));
    assert!(note.said.starts_with("2 objects"), "{found}");
    assert!(found.is_sound() && found.leaks.is_empty(), "{found}");
}
