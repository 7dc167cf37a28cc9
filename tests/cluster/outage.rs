//! The store itself is killed and comes back while clients write: the server outlives it, and what
//! was acknowledged holds. Whoever asks meanwhile whether to send it requests is told no.

use std::time::Duration;

use elacsym::env::Clock;

use crate::board::Aim;
use crate::chance::{Chance, replay, seed};
use crate::desk::World;
use crate::node::Node;
use crate::scene::{Cast, Scene};
use crate::site::Site;
use crate::toll::tell;
use crate::writer::Mix;

const OUTAGES: u64 = 3;
const OUTAGE_MS_MAX: u64 = 1500;
const ACKS_BETWEEN: u64 = 30;
/// What `/readyz` answers.
const READY: u16 = 200;
const NOT_READY: u16 = 503;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_outlives_its_store_and_what_it_acknowledged_holds() {
    let (mut site, clock, seed) = (Site::minio().await, Clock::start(), seed());
    eprintln!("{}, killed itself: {}", site.title, replay(seed));
    let (world, mut chance) = (World::new(seed), Chance::of(seed, "outage"));
    let node = Node::start(&site).await;
    world.board.set(&[node.at]);
    let cast = Cast {
        writers: vec![Aim::Any; 6],
        readers: vec![Aim::Any],
        undertaker: Some(Aim::Any),
        clerk: None,
        mix: Mix::Everything,
    };
    let mut scene = Scene::begin(&world, "outage", &cast).await;
    let minio = site.minio.as_mut().unwrap();
    scene.meanwhile(node.until_readiness(READY)).await;
    for outage in 1..=OUTAGES {
        scene.acked(ACKS_BETWEEN).await;
        clock.sleep(Duration::from_millis(chance.below(50))).await;
        minio.kill();
        clock.sleep(Duration::from_millis(chance.below(OUTAGE_MS_MAX))).await;
        // To find that out takes a server seconds: the other outages are shorter.
        if outage == OUTAGES {
            scene.meanwhile(node.until_readiness(NOT_READY)).await;
        }
        minio.restart().await;
    }
    scene.meanwhile(node.until_readiness(READY)).await;
    scene.acked(ACKS_BETWEEN).await;
    assert!(node.lives().await, "the server did not outlive its store");
    scene.close([node], &site).await;
    let (told, took) = (tell(&world.counts), clock.now());
    eprintln!("{}, killed {OUTAGES} times in {took:.1?}: {told}", site.title);
}
