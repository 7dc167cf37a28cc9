//! The disk is full: a write is told that it was not done, or that nobody knows, and reads go on.
//! When there is room again, so do writes, without a restart.

use elacsym::env::Clock;

use crate::board::Aim;
use crate::chance::{replay, seed};
use crate::desk::World;
use crate::node::Node;
use crate::scene::{Cast, Scene};
use crate::site::Site;
use crate::toll::tell;
use crate::writer::Mix;

const SMALL: &str = "16m";
const LARGE: &str = "64m";
/// A disk is full for a write of more than this: those here are of less than 200 KiB.
const FREE_KIB_MAX: u64 = 1024;
const ACKS_AFTER: u64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_writes_and_nothing_else_until_there_is_room() {
    let (site, clock, seed) = (Site::small_disk(SMALL).await, Clock::start(), seed());
    eprintln!("{}: {}", site.title, replay(seed));
    let world = World::new(seed);
    let disk = site.disk.as_ref().unwrap();
    let node = Node::start(&site).await;
    world.board.set(&[node.at]);
    let cast = Cast {
        writers: vec![Aim::Any; 4],
        readers: vec![Aim::Any],
        undertaker: None,
        clerk: None,
        mix: Mix::Bulk,
    };
    let mut scene = Scene::begin(&world, "full", &cast).await;
    let told_no = async {
        tokio::select! {
            biased;
            () = world.counts.turned_away.reach(1) => {}
            () = world.counts.unknown.reach(1) => {}
        }
    };
    scene.meanwhile(told_no).await;
    let free = disk.free_kib();
    assert!(free < FREE_KIB_MAX, "{free} KiB are free, and somebody was told no");
    for name in scene.names().to_vec() {
        scene.look_at_all(&name).await;
    }
    disk.grow(LARGE);
    scene.acked(ACKS_AFTER).await;
    assert!(node.lives().await, "the server did not outlive a full disk");
    scene.close([node], &site).await;
    let (told, took) = (tell(&world.counts), clock.now());
    eprintln!("{}, full and then not, in {took:.1?}: {told}", site.title);
}
