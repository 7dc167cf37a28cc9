//! A clerk: nobody else changes what a name has attributes for, or whether it may be written to. It
//! declares attributes and drops them again, and makes a name read-only for a moment, while all others
//! go on; what it was told must be so when it looks, and nobody may have written in such a moment.
//!
//! What it asks for has no key. So it belongs where a request ends with its server, or with its
//! answer: one that lands much later would undo what was asked for since.

use std::collections::BTreeSet;
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
/// How those that are its own begin.
const PREFIX: &str = "x";

#[derive(Debug)]
pub(crate) struct Clerk {
    desk: Desk,
    names: Vec<String>,
    /// Of each name, those that are declared.
    declared: BTreeSet<(String, String)>,
}

impl Clerk {
    pub(crate) fn new(world: &Arc<World>, who: &str, aim: Aim, names: &[String]) -> Self {
        let desk = Desk::new(world, who, aim);
        Self { desk, names: names.to_vec(), declared: BTreeSet::new() }
    }

    /// However it is stopped, what is read-only can be written to again at the end of it.
    pub(crate) async fn step(&mut self) {
        sleep(Duration::from_millis(self.desk.chance.below(PAUSE_MS_MAX))).await;
        let name = self.desk.chance.pick(&self.names).clone();
        if self.desk.chance.one_in(4) {
            self.freeze(&name).await;
        } else {
            self.declare(&name).await;
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
        let post = Post { method, path, body: body.to_string(), again: Again::AsItIs };
        self.desk.insist(&post).await;
    }
}
