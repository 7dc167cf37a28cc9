//! One server, killed again and again while clients write and read: nothing acknowledged is lost,
//! torn, undone or done twice.
//!
//! `scripts/killtest` runs this with as many kills as one wants.

use std::time::Duration;

use elacsym::env::Clock;

use crate::board::Aim;
use crate::chance::{Chance, number, replay, seed};
use crate::desk::World;
use crate::node::Node;
use crate::scene::{Cast, Scene};
use crate::site::Site;
use crate::toll::{KILLS_JUDGED_MIN, Toll};
use crate::writer::Mix;

const KILLS: &str = "ELACSYM_KILLS";
/// After so many kills everything is read and checked, and new names begin.
const ERA_KILLS: u64 = 10;
/// Between two kills, so many writes are acknowledged, and up to so many more.
const ACKS_MIN: u64 = 20;
const ACKS_MORE: u64 = 100;
const WRITERS: usize = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_over_a_local_folder_loses_nothing() {
    kill_again_and_again(Site::local()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_over_a_bucket_loses_nothing() {
    kill_again_and_again(Site::minio().await).await;
}

async fn kill_again_and_again(site: Site) {
    let (clock, seed) = (Clock::start(), seed());
    let kills = number(KILLS).unwrap_or(KILLS_JUDGED_MIN);
    eprintln!("{}: {kills} kills, {}", site.title, replay(seed));
    let (world, mut chance) = (World::new(seed), Chance::of(seed, "kills"));
    let mut toll = Toll::default();
    let mut node = Node::start(&site).await;
    world.board.set(&[node.at]);
    let mut before: Option<Scene> = None;
    let cast = Cast {
        writers: vec![Aim::Any; WRITERS],
        readers: vec![Aim::Any],
        undertaker: Some(Aim::Any),
        clerk: Some(Aim::Any),
        mix: Mix::Everything,
    };
    while toll.kills < kills {
        let mut scene = Scene::begin(&world, &format!("k{}", toll.kills), &cast).await;
        for _ in 0..ERA_KILLS.min(kills - toll.kills) {
            scene.acked(ACKS_MIN + chance.below(ACKS_MORE)).await;
            toll.folds += node.folds().await;
            clock.sleep(some_moment(&mut chance)).await;
            let cut = world.counts.cut.get();
            node.kill();
            world.board.set(&[]);
            scene.meanwhile(world.counts.all_landed()).await;
            toll.killed(world.counts.cut.get() - cut);
            node = Node::start(&site).await;
            toll.restarts.push(node.started_in);
            world.board.set(&[node.at]);
        }
        scene.end().await;
        toll.folds += node.folds().await;
        // Nothing but what lies on the store is in the memory of a server that was just started.
        node.kill();
        node = Node::start(&site).await;
        world.board.set(&[node.at]);
        scene.verify().await;
        // What was once found whole is looked at once more, an era later.
        if let Some(mut before) = before.replace(scene) {
            before.verify().await;
            before.forget();
        }
    }
    node.kill();
    eprintln!("{}", toll.told(site.title, &world.counts, clock.now()));
    toll.assert_it_was_hard(&world.counts);
}

/// At once, soon, or after a while: what a server does after an answer is done at once or soon.
fn some_moment(chance: &mut Chance) -> Duration {
    let longest_ms = *chance.pick(&[1, 30, 300]);
    Duration::from_millis(chance.below(longest_ms))
}
