//! The desk at which one client sits: it sends, repeats what may be repeated for as long as it is
//! in doubt, and has everything noted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use elacsym::env::Clock;
use serde_json::Value;
use tokio::time::sleep;

use crate::board::{Aim, Board};
use crate::chance::{Chance, replay};
use crate::client::{Answer, Client, Reply, Request};
use crate::counts::Counts;
use crate::history::{At, Draft, Level, Scope, Told};
use crate::recorder::{Look, Recorder};
use crate::row::Row;
use crate::wire::{self, Again, Post};

/// Our server gives up at 50 seconds, and says so.
const REQUEST_LIMIT: Duration = Duration::from_secs(58);
/// How long a doubt may last once there is a server to ask.
const SETTLE_LIMIT: Duration = Duration::from_secs(180);
const REST_MS_MAX: u64 = 20;
/// Of so many reads of some things, one asks for their words.
const BY_WORDS_OF: u64 = 4;

/// What all clients of a run share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) recorder: Recorder,
    pub(crate) counts: Counts,
    pub(crate) board: Board,
}

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) world: Arc<World>,
    pub(crate) chance: Chance,
    aim: Aim,
    client: Client,
}

/// What a read came to.
#[derive(Debug)]
pub(crate) enum Looked {
    Rows(Vec<Row>),
    /// There is no such name.
    Absent,
    Unanswered,
}

/// What one answer means to who has sent the request so often already.
enum Verdict {
    Final(Told),
    Doubt,
    Later,
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let (recorder, counts, board) = (Recorder::default(), Counts::default(), Board::default());
        Arc::new(Self { seed, recorder, counts, board })
    }

    /// An answer that nobody should get ends the run, before it is buried under others.
    pub(crate) fn fail_if_odd(&self) {
        let odd = self.recorder.first_odd();
        assert!(odd.is_none(), "{}: {}", replay(self.seed), odd.unwrap_or_default());
    }
}

impl Desk {
    pub(crate) fn new(world: &Arc<World>, part: &str, aim: Aim) -> Self {
        let chance = Chance::of(world.seed, part);
        Self { world: world.clone(), chance, aim, client: Client::default() }
    }

    /// Does it, and says what came of it, and under which number that was noted.
    pub(crate) async fn submit(&mut self, name: &str, draft: Draft, post: &Post) -> (usize, Told) {
        let act = self.world.recorder.begin(name, draft);
        let told = self.settle(post).await;
        self.world.recorder.end(name, act, &told);
        (act, told)
    }

    async fn settle(&mut self, post: &Post) -> Told {
        let (clock, world) = (Clock::start(), self.world.clone());
        let mut doubts = 0;
        while clock.now() < SETTLE_LIMIT {
            let verdict = match self.send(post).await {
                Reply::Unsent => continue,
                Reply::Silence => Verdict::Doubt,
                Reply::Answer(answer) => judge(&world, post, &answer, doubts),
            };
            match verdict {
                Verdict::Final(told) => return told,
                Verdict::Later => {}
                Verdict::Doubt if post.again == Again::Never => {
                    world.counts.doubts.add();
                    return Told::Doubt;
                }
                Verdict::Doubt => doubts += 1,
            }
            self.rest().await;
        }
        panic!("in {SETTLE_LIMIT:?} nothing settled what came of {post:?}");
    }

    /// Does it, however often it is turned away.
    pub(crate) async fn insist(&mut self, post: &Post) {
        let clock = Clock::start();
        while clock.now() < SETTLE_LIMIT {
            if let Told::Done { .. } = self.settle(post).await {
                return;
            }
            self.rest().await;
        }
        panic!("in {SETTLE_LIMIT:?} nobody did {post:?}");
    }

    /// One attempt, of whose doubts the counts know before it has landed.
    async fn send(&mut self, post: &Post) -> Reply {
        let world = self.world.clone();
        let at = world.board.server(self.aim, &mut self.chance).await;
        let flight = world.counts.fly();
        let (method, path, body) = (post.method, &*post.path, &*post.body);
        let request = Request { method, path, key: post.again.key(), body };
        let reply = self.client.ask(at, &request, REQUEST_LIMIT).await;
        match &reply {
            Reply::Silence => world.counts.cut.add(),
            Reply::Unsent => {
                drop(flight);
                world.board.moved(at).await;
            }
            Reply::Answer(_) => {}
        }
        reply
    }

    /// Sends an acknowledged request once more, and notes how it is answered, if it is.
    pub(crate) async fn echo(&mut self, name: &str, act: usize, post: &Post) {
        let Reply::Answer(answer) = self.send(post).await else { return };
        match (answer.status, wire::done(&answer, At::By)) {
            (200, Told::Done { rows, at }) => {
                expect_the_list(&self.world, post, &answer);
                let slot = at.map(|(At::Slot(slot) | At::By(slot))| slot);
                self.world.recorder.echo(name, act, rows, slot);
                self.world.counts.echoes.add();
            }
            (408 | 429 | 503 | 504, _) => {}
            (status, _) => {
                let told = format!("{status} to {post:?}, once more: {}", answer.text());
                self.world.recorder.odd(told);
            }
        }
    }

    pub(crate) async fn look(
        &mut self,
        name: &str,
        scope: Scope,
        level: Level,
        floor: Option<u64>,
    ) -> Looked {
        let world = self.world.clone();
        let by_words = self.chance.one_in(BY_WORDS_OF) && scope != Scope::All;
        let filter = match &scope {
            Scope::All => None,
            Scope::Things(things) if by_words => Some(wire::by_words(things)),
            Scope::Things(things) => Some(wire::by_ids(&world.recorder.ids(name, things))),
        };
        let (path, body) =
            (format!("/v2/namespaces/{name}/query"), wire::query(filter, level, floor));
        let request = Request { method: "POST", path: &path, key: None, body: &body };
        let at = world.board.server(self.aim, &mut self.chance).await;
        let look = Look { call: world.recorder.now(), level, floor, scope };
        let reply = self.client.ask(at, &request, REQUEST_LIMIT).await;
        let looked = match &reply {
            Reply::Answer(answer) => seen(&world, name, look, answer),
            Reply::Unsent => {
                world.board.moved(at).await;
                Looked::Unanswered
            }
            Reply::Silence => Looked::Unanswered,
        };
        match &looked {
            Looked::Unanswered => world.counts.unread.add(),
            Looked::Rows(_) | Looked::Absent => world.counts.reads.add(),
        }
        if by_words && matches!(&looked, Looked::Rows(rows) if !rows.is_empty()) {
            world.counts.found_by_words.add();
        }
        looked
    }

    /// The attributes that a name has, if that is answered.
    pub(crate) async fn attributes(&mut self, name: &str) -> Option<BTreeSet<String>> {
        let schema = self.get(&format!("/v1/namespaces/{name}/schema")).await?;
        Some(schema.as_object()?.keys().cloned().collect())
    }

    /// To how many replicas a name is pinned, if that is answered.
    pub(crate) async fn replicas(&mut self, name: &str) -> Option<u64> {
        let metadata = self.get(&format!("/v2/namespaces/{name}/metadata")).await?;
        Some(metadata["pinning"]["replicas"].as_u64().unwrap_or_default())
    }

    /// The names that the server lists, of those that begin so.
    pub(crate) async fn list(&mut self, prefix: &str) -> Option<Vec<String>> {
        let page = self.get(&format!("/v1/namespaces?prefix={prefix}&page_size=1000")).await?;
        let names = page["namespaces"].as_array()?.iter();
        Some(names.filter_map(|name| Some(name["id"].as_str()?.to_owned())).collect())
    }

    async fn get(&mut self, path: &str) -> Option<Value> {
        let at = self.world.board.server(self.aim, &mut self.chance).await;
        match self.client.get(at, path, REQUEST_LIMIT).await {
            Reply::Answer(answer) if answer.status == 200 => Some(answer.json()),
            Reply::Answer(_) | Reply::Unsent | Reply::Silence => None,
        }
    }

    /// A short pause, so that who is turned away does not storm the door.
    pub(crate) async fn rest(&mut self) {
        sleep(Duration::from_millis(1 + self.chance.below(REST_MS_MAX))).await;
    }
}

fn judge(world: &World, post: &Post, answer: &Answer, doubts: u32) -> Verdict {
    let code = wire::code(answer);
    let of_another = matches!(post.again, Again::WithKeyOfAnother(_));
    match answer.status {
        200 if !of_another => {
            world.counts.acks.add();
            world.counts.words.heard(&post.body);
            expect_the_list(world, post, answer);
            if answer.json()["rows_remaining"] == true {
                world.recorder.odd(format!("few rows are not all, to {post:?}: {}", answer.text()));
            }
            if doubts > 0 {
                world.counts.resolved.add();
            }
            let at = if doubts > 0 { At::By } else { At::Slot };
            Verdict::Final(wire::done(answer, at))
        }
        504 if code == "outcome_unknown" => {
            world.counts.unknown.add();
            Verdict::Doubt
        }
        // 408 is what a server says that stood still while the body came.
        status @ (408 | 429 | 503) => {
            world.counts.turned_away.add();
            // Of an attempt before this one it says nothing.
            if doubts > 0 { Verdict::Later } else { Verdict::Final(Told::Refused { status }) }
        }
        status @ 422 if of_another && code == "idempotency_key_reused" => {
            Verdict::Final(Told::Refused { status })
        }
        // It is read-only for a moment. Of an attempt before this one it says nothing either.
        status @ 400 if answer.text().contains("this namespace is read-only") => match doubts {
            0 => Verdict::Final(Told::Refused { status }),
            _ => Verdict::Later,
        },
        // The attempt that was in doubt has deleted it.
        404 if post.again == Again::AsItIs && doubts > 0 => {
            world.counts.resolved.add();
            Verdict::Final(Told::Done { rows: 0, at: None })
        }
        status => {
            world.recorder.odd(format!("{status} to {post:?}: {}", answer.text()));
            Verdict::Final(Told::Refused { status })
        }
    }
}

fn expect_the_list(world: &World, post: &Post, answer: &Answer) {
    if !wire::lists_what_it_changed(post.list.as_ref(), &answer.json()) {
        world.recorder.odd(format!("not the ids of {post:?}: {}", answer.text()));
    }
}

fn seen(world: &World, name: &str, look: Look, answer: &Answer) -> Looked {
    match answer.status {
        200 => {
            let json = answer.json();
            let Some(rows) = wire::rows(&json) else {
                world.recorder.odd(format!("no answer to a query of {name}: {}", answer.text()));
                return Looked::Unanswered;
            };
            world.counts.shown.saw(&json["rows"]);
            let shown = rows.rows.clone();
            world.recorder.read(name, look, Some(rows));
            Looked::Rows(shown)
        }
        404 => {
            world.recorder.read(name, look, None);
            Looked::Absent
        }
        408 | 429 | 503 | 504 => Looked::Unanswered,
        status => {
            world.recorder.odd(format!("{status} to {look:?} of {name}: {}", answer.text()));
            Looked::Unanswered
        }
    }
}
