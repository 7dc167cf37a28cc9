//! Two servers over one store, each of which believes that it owns everything: they take it from
//! each other with every write, and their clients must not notice, but for being turned away.

use elacsym::env::Clock;

use crate::board::Aim;
use crate::chance::{replay, seed};
use crate::desk::World;
use crate::node::Node;
use crate::scene::{Cast, Scene};
use crate::site::Site;
use crate::toll::tell;
use crate::writer::Mix;

const ACKS: u64 = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_own_the_same_local_folder_never_fork_it() {
    share(Site::local()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_own_the_same_bucket_never_fork_it() {
    share(Site::minio().await).await;
}

async fn share(site: Site) {
    let (clock, seed) = (Clock::start(), seed());
    eprintln!("{}, shared by two: {}", site.title, replay(seed));
    let world = World::new(seed);
    let (one, two) = (Node::start(&site).await, Node::start(&site).await);
    world.board.set(&[one.at, two.at]);
    let cast = Cast {
        writers: vec![Aim::Any; 6],
        readers: vec![Aim::Seat(0), Aim::Seat(1)],
        undertaker: None,
        clerk: None,
        mix: Mix::Everything,
    };
    let mut scene = Scene::begin(&world, "twins", &cast).await;
    scene.acked(ACKS).await;
    scene.end().await;
    // What each of them shows, and what is on the store.
    for seat in [one.at, two.at] {
        world.board.set(&[seat]);
        scene.verify().await;
    }
    one.kill();
    two.kill();
    scene.verify_afresh(&site).await;
    let (told, took) = (tell(&world.counts), clock.now());
    eprintln!("{}, shared by two for {took:.1?}: {told}", site.title);
}
