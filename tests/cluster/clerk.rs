//! A clerk: nobody else changes what a name has attributes for, to how many replicas it is pinned, or
//! whether it may be written to. It declares attributes and drops them again, pins, and makes a name
//! read-only for a moment, while all others go on; what it was told must be so when it looks, and nobody
//! may have written in such a moment.
//!
//! What it asks for has no key. So it belongs where a request ends with its server, or with its
//! answer: one that lands much later would undo what was asked for since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::board::Aim;
use crate::desk::{Desk, World};
use crate::wire::{Again, Post};

/// Between two changes. Where all the others would wait for it, nothing would be cut.
const PAUSE_MS_MAX: u64 = 300;
const FROST_MS_MAX: u64 = 20;
const ATTRIBUTES: u64 = 4;
const REPLICAS_MAX: u64 = 3;
/// How those that are its own begin.
const PREFIX: &str = "x";

#[derive(Debug)]
pub(crate) struct Clerk {
    desk: Desk,
    names: Vec<String>,
    /// Of each name, those that are declared.
    declared: BTreeSet<(String, String)>,
    /// To how many replicas each name is pinned. Those that are not are pinned to none.
    pinned: BTreeMap<String, u64>,
}

impl Clerk {
    pub(crate) fn new(world: &Arc<World>, who: &str, aim: Aim, names: &[String]) -> Self {
        let desk = Desk::new(world, who, aim);
        let (declared, pinned) = (BTreeSet::new(), BTreeMap::new());
        Self { desk, names: names.to_vec(), declared, pinned }
    }

    /// However it is stopped, what is read-only can be written to again at the end of it.
    pub(crate) async fn step(&mut self) {
        sleep(Duration::from_millis(self.desk.chance.below(PAUSE_MS_MAX))).await;
        let name = self.desk.chance.pick(&self.names).clone();
        match self.desk.chance.below(4) {
            0 => self.freeze(&name).await,
            1 => self.pin(&name).await,
            _ => self.declare(&name).await,
        }
    }

    async fn declare(&mut self, name: &str) {
        let attribute = format!("{PREFIX}{}", self.desk.chance.below(ATTRIBUTES));
        let place = (name.to_owned(), attribute.clone());
        let change = match self.declared.remove(&place) {
            true => json!({"drop": true}),
            false => {
                self.declared.insert(place);
                json!("string")
            }
        };
        let path = format!("/v1/namespaces/{name}/schema");
        self.insist("POST", path, &json!({attribute: change})).await;
        let own = self.declared.iter().filter(|(of, _)| of == name);
        let own: BTreeSet<String> = own.map(|(_, attribute)| attribute.clone()).collect();
        let Some(mut seen) = self.desk.attributes(name).await else { return };
        seen.retain(|attribute| attribute.starts_with(PREFIX));
        if seen != own {
            let told = format!("{name} was told to have {own:?}, and shows {seen:?}");
            self.desk.world.recorder.odd(told);
        }
    }

    /// What was told before stays, whatever was killed since; then it is something else.
    async fn pin(&mut self, name: &str) {
        self.look_at_pinning(name).await;
        let replicas = self.desk.chance.below(REPLICAS_MAX + 1);
        let pinning = if replicas == 0 { Value::Null } else { json!({"replicas": replicas}) };
        self.describe(name, &json!({"pinning": pinning})).await;
        self.pinned.insert(name.to_owned(), replicas);
        self.look_at_pinning(name).await;
    }

    async fn look_at_pinning(&mut self, name: &str) {
        let told = self.pinned.get(name).copied().unwrap_or_default();
        let Some(seen) = self.desk.replicas(name).await else { return };
        if seen != told {
            let odd = format!("{name} was told to have {told} replicas, and shows {seen}");
            self.desk.world.recorder.odd(odd);
        }
    }

    async fn freeze(&mut self, name: &str) {
        self.describe(name, &json!({"read_only": true})).await;
        let from = self.desk.world.recorder.now();
        sleep(Duration::from_millis(self.desk.chance.below(FROST_MS_MAX))).await;
        let until = self.desk.world.recorder.now();
        self.describe(name, &json!({"read_only": false})).await;
        self.desk.world.recorder.frost(name, from, until);
    }

    async fn describe(&mut self, name: &str, metadata: &Value) {
        self.insist("PATCH", format!("/v2/namespaces/{name}/metadata"), metadata).await;
    }

    /// To do it twice is to do it once, as nobody else does it.
    async fn insist(&mut self, method: &'static str, path: String, body: &Value) {
        let post = Post { method, path, body: body.to_string(), again: Again::AsItIs, list: None };
        self.desk.insist(&post).await;
    }
}
