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
const MEANWHILE_MAX: Duration = Duration::from_secs(10);
const TRIES_MAX: u32 = 12;
const GLANCES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_over_a_local_folder_shows_nothing_old_and_undoes_nothing() {
    stand_still(Site::local()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_over_a_bucket_shows_nothing_old_and_undoes_nothing() {
    stand_still(Site::minio().await).await;
}

async fn stand_still(site: Site) {
    let (clock, seed) = (Clock::start(), seed());
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
        clerk: None,
        mix: Mix::Everything,
    };
    let mut scene = Scene::begin(&world, "frozen", &cast).await;
    for round in 0..ROUNDS {
        let seat = round % nodes.len();
        scene.acked(ACKS_BETWEEN).await;
        clock.sleep(Duration::from_millis(chance.below(30))).await;
        nodes[seat].signal(Signal::Stop);
        let mut tries = 1;
        // In a local folder it may stand still in the middle of a swap, with a lock that the other
        // waits for: then another moment is tried.
        while !others_go_on(&mut scene, &world, clock).await {
            assert!(tries < TRIES_MAX, "nobody goes on while one stands still ({})", replay(seed));
            tries += 1;
            nodes[seat].signal(Signal::Go);
            scene.acked(ACKS_BETWEEN).await;
            clock.sleep(Duration::from_millis(chance.below(30))).await;
            nodes[seat].signal(Signal::Stop);
        }
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
    scene.close(nodes, &site).await;
    let (told, took) = (tell(&world.counts), clock.now());
    eprintln!("{}, {ROUNDS} times one of two stood still in {took:.1?}: {told}", site.title);
}

/// Whether so much is acknowledged that the other must have taken over.
async fn others_go_on(scene: &mut Scene, world: &World, clock: Clock) -> bool {
    let goal = world.counts.acks.get() + ACKS_MEANWHILE;
    let mut reached = false;
    let acked = world.counts.acks.reach(goal);
    scene.meanwhile(async { reached = clock.within(MEANWHILE_MAX, acked).await.is_some() }).await;
    reached
}
