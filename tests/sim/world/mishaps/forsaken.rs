//! A name that is forsaken: its deletion is committed, whoever was told to delete it dies over the very next
//! request, and nobody asks for the name for long.
//!
//! What is left is the head of a life whose log has ended. Any write would find that out, so of itself it
//! hardly ever lasts until a walk for garbage comes by, which is who must find it here: it happens in the
//! longest silence of the clients, and the node that died walks a minute after its start.
//!
//! It asks as a client does, and what it asked is part of the history.

use std::sync::Arc;
use std::time::Duration;

use elacsym::model::Namespace;

use super::side;
use crate::world::client::Place;
use crate::world::node::Site;
use crate::world::plan::Plan;
use crate::world::store::{Bait, Side, Trap};
use crate::world::words::{Act, Change, Datum, Doc, MARK, Said, Wish};
use crate::world::workload::Wished;

/// No walk would come by in a shorter silence.
const SILENCE_MIN: Duration = Duration::from_secs(4 * 60);
/// As a part of the silence: clients that are late have been answered by then.
const INTO: f64 = 0.2;
const DOWN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(10));
/// Somebody else may come between, and the store may be down.
const TRIES: i64 = 5;
const PAUSE: Duration = Duration::from_millis(500);
/// A deletion that its client gave up on goes on.
const PATIENCE: Duration = Duration::from_secs(60);
/// Numbers of its wishes are above those of all others.
const CLIENT: usize = 2_000;
const NOS: i64 = 2_000_000_000;
/// The document that it writes.
const ID: u64 = 1;
const PAGE: usize = 1_000;

#[derive(Debug)]
pub(in crate::world) struct Forsaken {
    number: i64,
    no: usize,
    name: Namespace,
    at: Duration,
    side: Side,
    down: Duration,
}

impl Forsaken {
    /// All that this plan has. Where clients are never silent, there is none.
    pub(in crate::world) fn drawn(plan: &Plan) -> Vec<Self> {
        let (from, until) = plan.silence();
        let silence = until.saturating_sub(from);
        let many = if silence < SILENCE_MIN { 0 } else { plan.forsaken };
        let one = |number: usize| {
            let mut chance = plan.chance("forsaken").fork(&number.to_string());
            let names = plan.namespaces();
            Self {
                number: number as i64,
                no: chance.below(plan.nodes),
                name: names[chance.below(names.len())].clone(),
                at: from + silence.mul_f64(INTO),
                side: side(&mut chance),
                down: chance.span(DOWN.0, DOWN.1),
            }
        };
        (0..many).map(one).collect()
    }

    /// All that was asked for it.
    pub(in crate::world) async fn live(self, site: Arc<Site>, place: Place) -> Vec<Act> {
        let Self { no, name, at, side, down, .. } = &self;
        let mut acts = Vec::new();
        place.clock.sleep(at.saturating_sub(place.clock.now())).await;
        // A name that is not there cannot be deleted.
        self.insist(&place, &mut acts, write).await;
        let sprung = site.set(*no, Trap { bait: Bait::Ended(name.clone()), nth: 1, side: *side });
        self.insist(&place, &mut acts, |_| Wish::End).await;
        if let Ok(Ok(())) = tokio::time::timeout(PATIENCE, sprung).await {
            site.clear(*no);
            place.clock.sleep(*down).await;
            site.start(*no);
        }
        acts
    }

    /// Asks as long as it is certain that nothing was done.
    async fn insist(&self, place: &Place, acts: &mut Vec<Act>, wish: impl Fn(i64) -> Wish) {
        for _ in 0..TRIES {
            let no = NOS + 1_000 * self.number + acts.len() as i64;
            let wished = Wished { no, name: self.name.clone(), wish: wish(no) };
            let act = place.ask(CLIENT, self.no, &wished, PAGE).await;
            let again = matches!(act.said, Said::NotCommitted(_));
            acts.push(act);
            if !again {
                return;
            }
            place.clock.sleep(PAUSE).await;
        }
    }
}

fn write(no: i64) -> Wish {
    let doc = Doc::from([(MARK, Datum::Int(no))]);
    Wish::Change { change: Change { puts: vec![(ID, doc)], ..Change::default() }, key: None }
}
