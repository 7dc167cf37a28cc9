//! A client: it wishes, asks a node, waits for so long and no longer, and comes again as the published
//! clients do. It writes down whatever it asked, and what it was told.
//!
//! It cannot see more than a client sees: a node that is down refuses the connection, one that stands
//! still says nothing, and one that dies while it is asked leaves everything open.

mod ring;
mod spell;
mod told;

use std::sync::Arc;
use std::time::Duration;

use elacsym::engine::Engine;
use elacsym::env::Clock;
use futures::future::join_all;

use super::plan::{Chance, Plan};
use super::store::{Faults, Gate};
use super::words::{Act, Moment, Order, Said, Wish};
use super::workload::{Hearsay, Seen, Wished, Wishes};
use ring::{Errand, Ring};

/// Clients give up by then.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// By then a node answers, as it does over HTTP: see `src/api/deadline.rs`.
const WRITE_TIME_MAX: Duration = Duration::from_secs(50);
const QUERY_TIME_MAX: Duration = Duration::from_secs(30);
/// Before it comes again, a client waits for so long, and each time for twice as long; a part of it
/// less, by the dice.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(8);
const PAUSE_LESS: f64 = 0.25;
/// Names on a page of a list.
const PAGES: [usize; 4] = [1, 2, 3, 1_000];

/// Who a client can send to.
pub(crate) trait Nodes: Send + Sync {
    fn count(&self) -> usize;
    /// None while it is down.
    fn node(&self, no: usize) -> Option<Door>;
}

/// What a client meets of a node. Clones are the same.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Arc<Engine>,
    pub(crate) gate: Gate,
    /// The node's deadlines go by it.
    pub(crate) clock: Clock,
    /// What its store did to it.
    pub(crate) faults: Faults,
}

pub(crate) struct Client {
    no: usize,
    plan: Plan,
    chance: Chance,
    wishes: Wishes,
    seen: Seen,
}

/// Where a client lives.
pub(crate) struct Place {
    pub(crate) nodes: Arc<dyn Nodes>,
    pub(crate) order: Order,
    pub(crate) clock: Clock,
}

impl Client {
    pub(crate) fn new(plan: &Plan, no: usize, hearsay: Hearsay) -> Self {
        Self {
            no,
            plan: plan.clone(),
            chance: plan.chance(&format!("client {no}")),
            wishes: Wishes::of(plan, no),
            seen: Seen::nothing(hearsay),
        }
    }

    /// All that it asked in its life, by when it asked. Time begins with the clock.
    pub(crate) async fn live(
        mut self,
        nodes: Arc<dyn Nodes>,
        order: Order,
        clock: Clock,
    ) -> Vec<Act> {
        let mut ring = Ring::of(&self.plan, nodes.count());
        let place = Place { nodes, order, clock };
        let wishes = self.plan.wishes_of(self.no);
        let (mut acts, mut number) = (Vec::new(), 0);
        while number < wishes {
            let due = self.plan.due(self.no, number);
            clock.sleep(due.saturating_sub(clock.now())).await;
            let mut chance = self.chance.fork(&format!("moment {number}"));
            ring.listen(&mut chance);
            let most = self.plan.habits.together_max.min(wishes - number);
            let next = number + chance.between(1, most);
            let wished: Vec<(usize, Wished)> =
                (number..next).map(|it| (it, self.wishes.next(it, &self.seen))).collect();
            let pursuits = wished.into_iter().map(|(it, wished)| {
                self.pursue(wished, self.chance.fork(&format!("pursuit {it}")), &ring, &place)
            });
            let mut told: Vec<Act> = join_all(pursuits).await.into_iter().flatten().collect();
            // What came last is newest; what never came is in doubt.
            told.sort_by_key(|act| (act.back, act.call));
            for act in told {
                self.seen.learn(&act);
                self.wishes.heard(act.no, &act.said);
                acts.push(act);
            }
            number = next;
        }
        acts.sort_by_key(|act| act.call);
        acts
    }

    /// Asks until there is an answer, or no use in asking.
    async fn pursue(
        &self,
        mut wished: Wished,
        mut chance: Chance,
        ring: &Ring,
        place: &Place,
    ) -> Vec<Act> {
        let route = ring.route(&wished.name, errand(&wished.wish), &mut chance);
        let page = chance.one_of(&PAGES);
        let (mut acts, mut pause, mut stop) = (Vec::new(), PAUSE, 0);
        loop {
            let act = place.ask(self.no, route[stop], &wished, page).await;
            let again = match &act.said {
                Said::NotCommitted(_) | Said::Failed(_) => true,
                Said::Unknown(_) => wished.is_safe_twice(),
                _ => false,
            };
            acts.push(act);
            let late = place.clock.now() >= self.plan.length;
            if !again || late || acts.len() > self.plan.habits.retries {
                return acts;
            }
            place.clock.sleep(pause.mul_f64(1.0 - PAUSE_LESS * chance.fraction())).await;
            pause = (2 * pause).min(PAUSE_MAX);
            if chance.happens(0.5) {
                stop = (stop + 1) % route.len();
            }
            wished = wished.again();
        }
    }
}

impl Place {
    pub(crate) async fn ask(
        &self,
        client: usize,
        node: usize,
        wished: &Wished,
        page: usize,
    ) -> Act {
        let Wished { no, name, wish } = wished.clone();
        let errand = errand(&wish);
        let (call, called_at) = (self.order.next(), self.clock.now());
        let (said, answered) = match self.nodes.node(node) {
            None => {
                let why = "the connection was refused".to_owned();
                let said = match errand {
                    Errand::Change => Said::NotCommitted(why),
                    Errand::Read => Said::Failed(why),
                };
                (said, true)
            }
            Some(Door { engine, gate, clock, faults }) => {
                let answer = async {
                    gate.pass().await;
                    let sent = spell::send(&engine, &name, &wish, page);
                    let said = clock.within(time_max(errand), sent).await;
                    let late = || in_doubt(errand, "the node took too long");
                    let said = match said.unwrap_or_else(late) {
                        // It stops for what nobody wrote, and says no more than that.
                        Said::Damaged(why) if faults.turned_in(&name) => in_doubt(errand, &why),
                        said => said,
                    };
                    // Who stands still does not answer either.
                    gate.pass().await;
                    said
                };
                let silence = tokio::select! {
                    biased;
                    () = gate.gone() => Err("the node died"),
                    said = answer => Ok(said),
                    () = self.clock.sleep(PATIENCE) => Err("the client gave up"),
                };
                match silence {
                    Ok(said) => (said, true),
                    Err(why) => (in_doubt(errand, why), false),
                }
            }
        };
        let back = if answered { self.order.next() } else { Moment::NEVER };
        let back_at = self.clock.now();
        Act { no, client, node, name, wish, call, back, called_at, back_at, said }
    }
}

fn errand(wish: &Wish) -> Errand {
    match wish {
        Wish::Change { .. } | Wish::Set(_) | Wish::End => Errand::Change,
        Wish::Read { .. } | Wish::Look | Wish::List => Errand::Read,
    }
}

fn time_max(errand: Errand) -> Duration {
    match errand {
        Errand::Change => WRITE_TIME_MAX,
        Errand::Read => QUERY_TIME_MAX,
    }
}

/// What a client knows of what was asked and not answered.
fn in_doubt(errand: Errand, why: &str) -> Said {
    match errand {
        Errand::Change => Said::Unknown(why.to_owned()),
        Errand::Read => Said::Failed(why.to_owned()),
    }
}
