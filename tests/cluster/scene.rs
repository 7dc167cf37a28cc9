//! The people of a run: writers, readers and an undertaker over fresh names. They begin, are waited
//! for, and end; then all that they wrote is read once more, and their histories are checked.

use std::sync::Arc;
use std::time::Duration;

use elacsym::env::Clock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::board::Aim;
use crate::chance::replay;
use crate::check::check;
use crate::clerk::Clerk;
use crate::desk::{Desk, Looked, World};
use crate::history::{Level, Scope, Told};
use crate::node::Node;
use crate::reader::Reader;
use crate::site::Site;
use crate::story::story;
use crate::undertaker::Undertaker;
use crate::wire::{Again, Post};
use crate::wording::Wording;
use crate::writer::{COUNTERS, Mix, Writer, counted, key};

/// Nobody waits longer for one more acknowledgement, or for the last answer of all.
const PROGRESS_LIMIT: Duration = Duration::from_secs(120);
const END_LIMIT: Duration = Duration::from_secs(200);
/// How often a counter may be refused before it is made.
const TURNS_MAX: u32 = 200;

/// Who takes part, and whom each of them asks.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) writers: Vec<Aim>,
    pub(crate) readers: Vec<Aim>,
    pub(crate) undertaker: Option<Aim>,
    pub(crate) clerk: Option<Aim>,
    pub(crate) mix: Mix,
}

#[derive(Debug)]
pub(crate) struct Scene {
    world: Arc<World>,
    title: String,
    names: Vec<String>,
    mortal: Option<String>,
    people: JoinSet<()>,
    stop: watch::Sender<bool>,
    desk: Desk,
}

impl Scene {
    pub(crate) async fn begin(world: &Arc<World>, title: &str, cast: &Cast) -> Self {
        let mut scene = Self {
            world: world.clone(),
            title: title.to_owned(),
            names: ["a", "b"].map(|name| format!("{title}-{name}")).into(),
            mortal: cast.undertaker.map(|_| format!("{title}-mortal")),
            people: JoinSet::new(),
            stop: watch::Sender::default(),
            desk: Desk::new(world, title, Aim::Any),
        };
        for name in scene.names.clone() {
            for counter in 0..COUNTERS {
                scene.make_counter(&name, &format!("c{counter}")).await;
            }
        }
        scene.raise(cast);
        scene
    }

    /// A counter can be raised only if it is there.
    async fn make_counter(&mut self, name: &str, thing: &str) {
        for turn in 0..TURNS_MAX {
            let token = format!("{name}.{thing}.{turn}");
            let again = Again::WithKey(key(&token));
            let draft = counted(thing, token, -1);
            let post = Post::of(name, &draft, Wording::default(), again);
            match self.desk.submit(name, draft, &post).await {
                (_, Told::Done { .. }) => return,
                (_, Told::Refused { .. } | Told::Doubt) => self.desk.rest().await,
            }
            self.world.fail_if_odd();
        }
        panic!("{thing} of {name} was refused {TURNS_MAX} times");
    }

    fn raise(&mut self, cast: &Cast) {
        let (world, title) = (self.world.clone(), &self.title);
        for (number, aim) in cast.writers.iter().enumerate() {
            let who = format!("{title}w{number}");
            let mut writer = Writer::new(&world, who, *aim, &self.names, cast.mix);
            let stop = self.stop.subscribe();
            self.people.spawn(async move {
                while !*stop.borrow() {
                    writer.step().await;
                }
            });
        }
        for (number, aim) in cast.readers.iter().enumerate() {
            let who = format!("{title}r{number}");
            let mortal = self.mortal.as_deref();
            let mut reader = Reader::new(&world, &who, *aim, &self.names, mortal);
            let stop = self.stop.subscribe();
            self.people.spawn(async move {
                while !*stop.borrow() {
                    reader.step().await;
                }
            });
        }
        if let Some(aim) = cast.clerk {
            let mut clerk = Clerk::new(&world, &format!("{title}c"), aim, &self.names);
            let stop = self.stop.subscribe();
            self.people.spawn(async move {
                while !*stop.borrow() {
                    clerk.step().await;
                }
            });
        }
        if let (Some(name), Some(aim)) = (&self.mortal, cast.undertaker) {
            let mut undertaker = Undertaker::new(&world, format!("{title}u"), aim, name);
            let stop = self.stop.subscribe();
            self.people.spawn(async move {
                while !*stop.borrow() {
                    undertaker.step().await;
                }
            });
        }
    }

    /// Waits for so many more acknowledgements.
    pub(crate) async fn acked(&mut self, many: u64) {
        let world = self.world.clone();
        let goal = world.counts.acks.get() + many;
        self.meanwhile(world.counts.acks.reach(goal)).await;
    }

    /// Waits for something, as long as everybody is well.
    pub(crate) async fn meanwhile(&mut self, something: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            // They end when they are told to.
            ended = self.people.join_next() => panic!("somebody ended early: {ended:?}"),
            done = timeout(PROGRESS_LIMIT, something) => {
                let seed = replay(self.world.seed);
                assert!(done.is_ok(), "no progress in {PROGRESS_LIMIT:?} ({seed})");
            }
        }
        self.world.fail_if_odd();
    }

    /// Many reads at once of one server, which may not be able to answer yet.
    pub(crate) fn glance(&mut self, aim: Aim, many: usize) -> JoinSet<()> {
        let mut glances = JoinSet::new();
        for number in 0..many {
            let who = format!("{}g{number}.{}", self.title, self.world.recorder.now().0);
            let mut reader = Reader::new(&self.world, &who, aim, &self.names, None);
            glances.spawn(async move { reader.look().await });
        }
        glances
    }

    /// Everybody finishes what they are at, with whatever doubt can be settled.
    pub(crate) async fn end(&mut self) {
        self.stop.send_replace(true);
        let (people, seed) = (&mut self.people, replay(self.world.seed));
        let all = async {
            while let Some(ended) = people.join_next().await {
                ended.unwrap();
            }
        };
        assert!(timeout(END_LIMIT, all).await.is_ok(), "not settled in {END_LIMIT:?} ({seed})");
        self.world.fail_if_odd();
    }

    /// Reads everything and checks it against all that was ever told.
    pub(crate) async fn verify(&mut self) {
        let names: Vec<String> = self.names.iter().chain(&self.mortal).cloned().collect();
        for name in &names {
            self.look_at_all(name).await;
        }
        let listed = self.listed().await;
        let lost = self.names.iter().find(|name| !listed.contains(name));
        assert_eq!(lost, None, "a name with rows is in no list: {listed:?}");
        self.world.fail_if_odd();
        for name in &names {
            let history = self.world.recorder.history(name);
            let violations = check(&history);
            let seed = replay(self.world.seed);
            assert!(violations.is_empty(), "{seed}: {}", story(&history, &violations));
        }
    }

    /// Ends, and checks what each of these servers shows, and then what is on the store.
    pub(crate) async fn close(&mut self, nodes: impl IntoIterator<Item = Node>, site: &Site) {
        self.end().await;
        for node in nodes {
            self.world.board.set(&[node.at]);
            self.verify().await;
            node.kill();
        }
        self.verify_afresh(site).await;
    }

    /// The same with a server that was just started: it has nothing but what lies on the store.
    pub(crate) async fn verify_afresh(&mut self, site: &Site) {
        let node = Node::start(site).await;
        self.world.board.set(&[node.at]);
        self.verify().await;
        node.kill();
    }

    pub(crate) fn forget(self) {
        for name in self.names.iter().chain(&self.mortal) {
            self.world.recorder.forget(name);
        }
    }

    /// A strong read that is answered.
    pub(crate) async fn look_at_all(&mut self, name: &str) {
        let clock = Clock::start();
        while clock.now() < PROGRESS_LIMIT {
            match self.desk.look(name, Scope::All, Level::Strong, None).await {
                Looked::Rows(_) | Looked::Absent => return,
                Looked::Unanswered => self.desk.rest().await,
            }
            self.world.fail_if_odd();
        }
        panic!("{name} cannot be read, however often ({})", replay(self.world.seed));
    }

    async fn listed(&mut self) -> Vec<String> {
        let clock = Clock::start();
        while clock.now() < PROGRESS_LIMIT {
            if let Some(names) = self.desk.list(&self.title).await {
                return names;
            }
            self.desk.rest().await;
        }
        panic!("the names cannot be listed, however often");
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}
