//! One of two servers stands still (SIGSTOP) while the other takes over and goes on, and then
//! wakes: it must neither show what it knew nor finish what it began, as if nothing had happened.

use std::time::Duration;

use elacsym::env::Clock;

use crate::board::Aim;
use crate::chance::{Chance, replay, seed};
use crate::desk::World;
use crate::leash::Signal;
use crate::node::Node;
use crate::scene::{Cast, Scene};
use crate::site::Site;
use crate::toll::tell;
use crate::writer::Mix;

const ROUNDS: usize = 4;
const ACKS_BETWEEN: u64 = 20;
/// More than those that were on their way back when it stopped: the other has taken over.
const ACKS_MEANWHILE: u64 = 40;
const GLANCES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_shows_nothing_old_and_undoes_nothing() {
    let (site, clock, seed) = (Site::minio().await, Clock::start(), seed());
    eprintln!("{}, one of two stands still: {}", site.title, replay(seed));
    let (world, mut chance) = (World::new(seed), Chance::of(seed, "frozen"));
    let nodes = [Node::start(&site).await, Node::start(&site).await];
    world.board.set(&nodes.each_ref().map(|node| node.at));
    // Whoever asks one alone waits for it; the others go on.
    let (one, two) = (Aim::Seat(0), Aim::Seat(1));
    let cast = Cast {
        writers: vec![Aim::Any, Aim::Any, one, one, one, two, two, two],
        readers: vec![one, one, two, two],
        undertaker: None,
        mix: Mix::Everything,
    };
    let mut scene = Scene::begin(&world, "frozen", &cast).await;
    for round in 0..ROUNDS {
        let seat = round % nodes.len();
        scene.acked(ACKS_BETWEEN).await;
        clock.sleep(Duration::from_millis(chance.below(30))).await;
        nodes[seat].signal(Signal::Stop);
        scene.acked(ACKS_MEANWHILE).await;
        // Asked now, when the other has long gone on, and answered by the one that did not see it.
        let mut glances = scene.glance(Aim::Seat(seat), GLANCES);
        clock.sleep(Duration::from_millis(chance.below(100))).await;
        nodes[seat].signal(Signal::Go);
        scene
            .meanwhile(async {
                while let Some(glanced) = glances.join_next().await {
                    glanced.unwrap();
                }
            })
            .await;
    }
    scene.end().await;
    for node in nodes {
        world.board.set(&[node.at]);
        scene.verify().await;
        node.kill();
    }
    scene.verify_afresh(&site).await;
    let (told, took) = (tell(&world.counts), clock.now());
    eprintln!("{}, {ROUNDS} times one of two stood still in {took:.1?}: {told}", site.title);
}
