//! Random writes and queries against a map in memory, which answers by brute force: the same
//! documents, in the same order, at the same distances, whatever was folded meanwhile, and after
//! each end of the server.
//!
//! A walk is the same one each time that it is taken with the same seed.

mod model;
mod wishes;

use std::time::Duration;

use elacsym::env::Dice;
use serde_json::{Value, json};

use crate::server::{Options, Server};
use model::{Metric, Model};
use wishes::{Chance, Wish};

const STEPS: usize = 150;
/// After so many, the server ends: killed, or told to.
const STEPS_OF_A_LIFE: usize = 50;
const QUERIES_A_STEP: usize = 3;
const END_LIMIT: Duration = Duration::from_secs(25);

struct Walk {
    seed: u64,
    metric: Metric,
    chance: Chance,
    model: Model,
    server: Server,
    /// Of the last write.
    seq: Value,
}

impl Walk {
    async fn begin(seed: u64, metric: Metric, options: &Options) -> Self {
        let server = Server::start(options).await;
        let schema = json!({
            "id": "uint", "n": "int", "f": "float", "s": "string", "flag": "bool",
            "tags": "[]string", "vector": {"type": "[4]f32", "ann": true},
        });
        let first = json!({
            "create_namespace": true, "schema": schema, "distance_metric": metric.word(),
        });
        let seq = server.write("a", first).await["seq"].take();
        let chance = Chance::from(Dice::from_seed(seed));
        Self { seed, metric, chance, model: Model::default(), server, seq }
    }

    async fn step(&mut self, step: usize) {
        let wish = Wish::any(&mut self.chance);
        let answer = self.server.write("a", wish.json()).await;
        let done = wish.apply(&mut self.model);
        let told =
            format!("seed {}, step {step}: {} was answered {answer}", self.seed, wish.json());
        for (name, ids) in ["upserted_ids", "patched_ids", "deleted_ids"].into_iter().zip(&done) {
            let mut listed: Vec<u64> = answer[name]
                .as_array()
                .map(|ids| ids.iter().map(|id| id.as_u64().unwrap()).collect())
                .unwrap_or_default();
            listed.sort_unstable();
            assert_eq!(listed, *ids, "{name}: {told}");
        }
        let affected: usize = done.iter().map(Vec::len).sum();
        assert_eq!(answer["rows_affected"], affected, "{told}");
        self.seq = answer["seq"].clone();
        self.ask(step).await;
    }

    async fn ask(&mut self, step: usize) {
        for _ in 0..QUERIES_A_STEP {
            let query = self.chance.query();
            let mut body = query.json();
            // However stale it may be, it is not older than that.
            if self.chance.percent(20) {
                body["consistency"] = json!({"level": "eventual"});
                body["min_seq"] = self.seq.clone();
            }
            let answer = self.server.query("a", body.clone()).await;
            if let Err(wrong) = self.model.check(&query, self.metric, &answer) {
                panic!("seed {}, step {step}: {body}: {wrong}\n{answer}", self.seed);
            }
        }
    }

    /// The server ends in one of two ways, and another goes on.
    async fn end(mut self, options: &Options) -> Self {
        if self.chance.percent(50) {
            self.server.terminate();
            let exit = self.server.exit(END_LIMIT).await.expect("it does not end");
            assert_eq!(exit.code(), Some(0));
        }
        let Self { seed, metric, chance, model, server, seq } = self;
        drop(server);
        Self { seed, metric, chance, model, server: Server::start(options).await, seq }
    }
}

async fn walk(seed: u64, metric: Metric) {
    let options = Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "4");
    let mut walk = Walk::begin(seed, metric, &options).await;
    for step in 0..STEPS {
        walk.step(step).await;
        if step % STEPS_OF_A_LIFE == STEPS_OF_A_LIFE - 1 {
            // Or it would not be known whether what was folded is asked.
            walk.server.folded("a").await;
            walk.ask(step).await;
            walk = walk.end(&options).await;
            walk.ask(step).await;
        }
    }
}

#[tokio::test]
async fn what_is_found_is_what_a_map_would_find_by_direction() {
    walk(1, Metric::Cosine).await;
}

#[tokio::test]
async fn what_is_found_is_what_a_map_would_find_by_distance() {
    walk(2, Metric::Squared).await;
}

#[tokio::test]
async fn what_is_found_is_what_a_map_would_find_by_product() {
    walk(3, Metric::Dot).await;
}
