//! The courier: carries what the machines of a name ask to the store, and back what it said.
//!
//! What must hold: a create and a swap are sent once, and told as they were seen, for the machine
//! settles doubt. What may be repeated without harm, reads, listings, deletes, and uploads under a
//! name of their own, is repeated here until it is answered. Bytes that are not what was written
//! are no reply at all: the machine never meets them, and the name stops.
//!
//! It concludes nothing. Which request is sent when, and what a reply means, only the machines know.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::head;
use crate::env::{Clock, Dice};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::log::{Stored, receipts, slot};
use crate::model::{FileName, Incarnation, Namespace, StoreDate};
use crate::protocol::{self, Draw, Heard, Lane, Listing, Reply, Request, Seen};
use crate::storage::{
    Attempt, CellKey, Cursor, Doomed, Folder, ImmutableKey, Key, PAGE_KEYS_MAX, SlotKey, Store,
};

/// Between two tries of what the store did not answer: it has tried for many seconds itself by then.
const PAUSE: Duration = Duration::from_secs(1);

/// After an attempt that nobody can tell the outcome of.
const DOUBT_PAUSE: Duration = Duration::from_millis(100);

/// Requests under way, and the contents of the files among them.
#[derive(Debug)]
pub struct Courier {
    store: Store,
    clock: Clock,
    under_way: JoinSet<Delivery>,
    contents: BTreeMap<FileName, Bytes>,
}

/// A reply, and which request it answers.
#[derive(Debug)]
pub struct Delivery {
    /// As it was given: replies to what was asked before a name was left are told by it.
    pub generation: u32,
    pub lane: Lane,
    /// An error is final: damaged bytes, or our bug.
    pub reply: Result<Reply<Stored>>,
    pub heard: Heard,
}

impl Courier {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, under_way: JoinSet::new(), contents: BTreeMap::new() }
    }

    /// What is to be uploaded under that name, should a machine ask for it.
    pub fn hold(&mut self, file: FileName, content: Bytes) {
        self.contents.insert(file, content);
    }

    /// That file is there, or will never be wanted.
    pub fn release(&mut self, file: &FileName) {
        self.contents.remove(file);
    }

    pub fn send(&mut self, generation: u32, lane: Lane, request: Request<Stored>) {
        let content = match &request {
            Request::PutFile { file } => self.contents.get(file).cloned(),
            _ => None,
        };
        let (store, clock) = (self.store.clone(), self.clock);
        self.under_way.spawn(async move {
            let sent = clock.boot_time();
            let (reply, date) = match carry(&store, clock, request, content).await {
                Ok((reply, date)) => (Ok(reply), date),
                Err(error) => (Err(error), None),
            };
            let heard = Heard { sent, received: clock.boot_time(), date };
            Delivery { generation, lane, reply, heard }
        });
    }

    /// The next reply, in the order in which they arrive. None: nothing is under way. It may be
    /// dropped while it waits, and loses nothing.
    pub async fn next(&mut self) -> Option<Result<Delivery>> {
        let joined = self.under_way.join_next().await?;
        Some(joined.map_err(|error| Error::internal("a request came to no end").with_source(error)))
    }
}

type Answer = (Reply<Stored>, Option<StoreDate>);

async fn carry(
    store: &Store,
    clock: Clock,
    request: Request<Stored>,
    content: Option<Bytes>,
) -> Result<Answer> {
    let undated = |reply| Ok((reply, None));
    match request {
        Request::ReadHead { name } => read_head(store, clock, &name).await,
        Request::ReadSlot { name, inc, seq } => {
            let key = SlotKey { home: name, inc, seq };
            let look = patiently(clock, || store.slot(&key)).await?;
            let slot = look.body.map(|body| slot::decode(inc, seq, &body)).transpose();
            Ok((Reply::Slot(slot.context(key.to_string())?), look.date))
        }
        Request::ReadKeys { file } => {
            let key = ImmutableKey::File(file.clone());
            let table = match patiently(clock, || store.read(&key)).await {
                Ok(bytes) => Some(Arc::new(receipts::decode(&file, &bytes)?)),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            undated(Reply::Keys(table))
        }
        Request::List { name, inc } => list(store, clock, name, inc).await,
        Request::SwapHead { name, was, head } => {
            let key = CellKey::Head(name.clone());
            let attempt = store.swap(&key, was.as_ref(), head::encode(&name, &head)).await;
            undated(told(clock, attempt, Reply::Swapped).await)
        }
        Request::CreateSlot { name, slot } => {
            let key = SlotKey { home: name, inc: slot.inc, seq: slot.seq };
            let attempt = store.create(&key, slot::encode(&slot)).await;
            undated(told(clock, attempt, |()| Reply::Done).await)
        }
        Request::PutFile { file } => {
            let Some(content) = content else {
                return Err(Error::internal(format!("{file:?} is to be written, and is nothing")));
            };
            patiently(clock, || store.put(&file, content.clone())).await?;
            undated(Reply::Done)
        }
        Request::PutMarker { marker } => {
            patiently(clock, || store.mark(&marker)).await?;
            undated(Reply::Done)
        }
        Request::DropMarker { marker } => remove(store, clock, Doomed::Marker(marker)).await,
        Request::DropFile { file } => remove(store, clock, Doomed::File(file)).await,
        Request::DropSlot { name, inc, seq } => {
            remove(store, clock, Doomed::Slot(SlotKey { home: name, inc, seq })).await
        }
    }
}

async fn read_head(store: &Store, clock: Clock, name: &Namespace) -> Result<Answer> {
    let key = CellKey::Head(name.clone());
    let Some(cell) = patiently(clock, || store.load(&key)).await? else {
        return Ok((Reply::Head(None), None));
    };
    let head = head::decode(name, &cell.body).context(key.to_string())?;
    Ok((Reply::Head(Some(Seen { head: Arc::new(head), tag: cell.tag })), cell.date))
}

async fn list(store: &Store, clock: Clock, name: Namespace, inc: Incarnation) -> Result<Answer> {
    let (folder, mut from) = (Folder::Life(name, inc), Cursor::start());
    let mut listing = Listing::default();
    loop {
        let page = patiently(clock, || store.list(&folder, &from, PAGE_KEYS_MAX)).await?;
        for entry in page.entries {
            match entry.key {
                Key::Immutable(ImmutableKey::Slot(slot)) => listing.slots.push(slot.seq),
                Key::Immutable(ImmutableKey::File(file)) => listing.files.push(file),
                Key::Probe(_) | Key::Cell(_) | Key::Marker(_) => {}
            }
        }
        match page.next {
            Some(next) => from = next,
            None => return Ok((Reply::Listing(Arc::new(listing)), None)),
        }
    }
}

async fn remove(store: &Store, clock: Clock, doomed: Doomed) -> Result<Answer> {
    patiently(clock, || store.delete(&doomed)).await?;
    Ok((Reply::Done, None))
}

/// One attempt, as it was seen.
async fn told<T>(
    clock: Clock,
    attempt: Attempt<T>,
    done: impl FnOnce(T) -> Reply<Stored>,
) -> Reply<Stored> {
    match attempt {
        Attempt::Done(value) => done(value),
        Attempt::Refused => Reply::Refused,
        Attempt::Doubt(_) if crate::mutant!("a slot in doubt is taken for mine") => Reply::Done,
        Attempt::Doubt(error) => {
            tracing::warn!(error = error.chain(), "a write is in doubt");
            // A full disk answers at once, and a machine that is told of doubt asks at once.
            clock.sleep(DOUBT_PAUSE).await;
            Reply::Doubt
        }
    }
}

/// Again and again, while the store is away: whoever waits has a deadline of their own.
async fn patiently<T, F: Future<Output = Result<T>>>(
    clock: Clock,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    loop {
        match ask().await {
            Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Throttled) => {
                crate::reach!("the store does not answer, and is asked anew");
                tracing::warn!(error = error.chain(), "the store does not answer; asking again");
                clock.sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// In production every number is new, whatever it is for.
impl protocol::Dice for Dice {
    fn draw(&mut self, _what: Draw) -> u128 {
        Self::draw(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;
    use crate::log::Batch;
    use crate::model::{FileKind, Holder, Seq};
    use crate::protocol::{
        Body, Exit, Files, Intent, Leave, News, Outbox, Owner, Place, Reader, Rules, Strictness,
    };
    use crate::storage;

    struct Desk {
        store: Store,
        courier: Courier,
        owner: Owner<Stored>,
        dice: Dice,
        out: Outbox<Stored>,
        news: Vec<News>,
    }

    fn place(node: &str) -> Place {
        let me = Holder { node: node.into(), process: 1 };
        Place { name: Namespace::new("acme").unwrap(), me, rules: Rules::default() }
    }

    impl Desk {
        fn over(store: &Store, node: &str) -> Self {
            Self {
                store: store.clone(),
                courier: Courier::new(store.clone(), Clock::start()),
                owner: Owner::closed(place(node)),
                dice: Dice::from_os(),
                out: Outbox::default(),
                news: vec![],
            }
        }

        /// Until nothing is under way.
        async fn settle(&mut self) -> Result<()> {
            loop {
                for (lane, request) in self.out.requests.drain(..) {
                    self.courier.send(self.owner.generation(), lane, request);
                }
                let Some(delivery) = self.courier.next().await.transpose()? else { return Ok(()) };
                let Delivery { generation, lane, reply, .. } = delivery;
                let (dice, out) = (&mut self.dice, &mut self.out);
                self.news.extend(self.owner.hear(generation, lane, reply?, dice, out));
            }
        }

        async fn open(&mut self) -> Result<()> {
            self.owner.open(Intent::Write, &mut self.out);
            self.settle().await
        }

        async fn commit(
            &mut self,
            ticket: u64,
            text: &'static str,
        ) -> Vec<protocol::Answer<Stored>> {
            let batch = Batch::of(Bytes::from_static(text.as_bytes()));
            let body = Body { batch, receipts: vec![], chunks: vec![] };
            let (place, tenure) = self.owner.tenure().expect("an owner");
            tenure.commit(place, ticket, body, &mut self.dice, &mut self.out).expect("idle");
            self.settle().await.unwrap();
            std::mem::take(&mut self.out.answers)
        }
    }

    async fn read(store: &Store) -> protocol::Answer<Stored> {
        let mut reader = Reader::new(place("q"), Strictness::AlwaysHead);
        let (mut courier, mut out) =
            (Courier::new(store.clone(), Clock::start()), Outbox::default());
        reader.query(9, None);
        reader.begin(Clock::start().boot_time(), &mut out);
        while out.answers.is_empty() {
            out.requests.drain(..).for_each(|(lane, request)| courier.send(0, lane, request));
            let delivery = courier.next().await.expect("an answer").unwrap();
            reader.hear(delivery.lane, delivery.reply.unwrap(), delivery.heard, &mut out);
        }
        out.answers.remove(0)
    }

    fn texts(view: &protocol::View<Stored>) -> Vec<String> {
        let parts = view.batches.iter().filter_map(|slot| slot.body()).flat_map(|b| &b.batch.parts);
        parts.map(|part| String::from_utf8(part.to_vec()).unwrap()).collect()
    }

    async fn memory() -> Store {
        storage::open(&Location::Memory, [], Clock::start(), Dice::from_os()).await.unwrap()
    }

    #[tokio::test]
    async fn what_one_node_commits_and_folds_another_reads_and_takes_over() {
        let store = memory().await;
        let mut one = Desk::over(&store, "one");
        one.open().await.unwrap();
        assert_eq!(one.news, [News::Owned]);
        let answers = one.commit(1, "first").await;
        assert_eq!(answers, [protocol::Answer::Committed { ticket: 1, seq: Seq(0) }]);

        // Fold it, with a file that the head names from then on.
        let (place, tenure) = one.owner.tenure().unwrap();
        let work = tenure.fold().unwrap();
        let (inc, epoch) = (tenure.inc(), tenure.epoch());
        let ulid = one.dice.draw();
        let file = FileName { home: place.name.clone(), inc, epoch, ulid, kind: FileKind::Rows };
        let base = Bytes::from_static(b"state");
        let files = Files { base: base.clone(), add: vec![file.clone()], drop: vec![], keys: None };
        let (dice, out) = (&mut one.dice, &mut one.out);
        tenure.publish(place, &work, files, Leave::Stay, dice, out).unwrap();
        one.settle().await.unwrap();
        one.commit(2, "second").await;

        let protocol::Answer::Read { view, .. } = read(&store).await else { panic!("no read") };
        assert_eq!((texts(&view), &view.seen.head.base), (vec!["second".into()], &base));
        assert_eq!(view.seen.head.files, [file]);

        let mut two = Desk::over(&store, "two");
        two.open().await.unwrap();
        two.commit(3, "third").await;
        let (place, tenure) = one.owner.tenure().unwrap();
        let body = Body { batch: Batch::default(), receipts: vec![], chunks: vec![] };
        tenure.commit(place, 4, body, &mut one.dice, &mut one.out).unwrap();
        one.settle().await.unwrap();
        assert_eq!(one.out.answers, [protocol::Answer::NotCommitted { ticket: 4 }]);
        assert_eq!(one.news.last(), Some(&News::Left(Exit::SteppedDown)));
        let protocol::Answer::Read { view, .. } = read(&store).await else { panic!("no read") };
        assert_eq!(texts(&view), ["second", "third"]);
    }

    #[tokio::test]
    async fn what_is_deleted_is_gone_and_begins_again_with_the_next_write() {
        let store = memory().await;
        let mut desk = Desk::over(&store, "one");
        desk.open().await.unwrap();
        desk.commit(1, "first").await;
        let (place, tenure) = desk.owner.tenure().unwrap();
        tenure.end(place, 2, &mut desk.dice, &mut desk.out).unwrap();
        desk.settle().await.unwrap();
        assert_eq!(desk.out.answers, [protocol::Answer::Ended { ticket: 2 }]);
        assert_eq!(read(&store).await, protocol::Answer::Absent { ticket: 9 });
        desk.open().await.unwrap();
        desk.out.answers.clear();
        let answers = desk.commit(3, "again").await;
        assert_eq!(answers, [protocol::Answer::Committed { ticket: 3, seq: Seq(2) }]);
        let protocol::Answer::Read { view, .. } = read(&store).await else { panic!("no read") };
        assert_eq!(texts(&view), ["again"]);
    }

    /// A machine must not meet bytes that nobody wrote, whatever they look like.
    #[tokio::test]
    async fn a_damaged_slot_stops_the_name_and_is_named() {
        let store = memory().await;
        let mut desk = Desk::over(&store, "one");
        desk.open().await.unwrap();
        desk.commit(1, "first").await;
        let inc = desk.owner.inc().unwrap();
        let key = SlotKey { home: place("x").name, inc, seq: Seq(1) };
        let bytes = desk.store.slot(&SlotKey { seq: Seq(0), ..key.clone() }).await.unwrap();
        let Attempt::Done(()) = store.create(&key, bytes.body.unwrap()).await else { panic!() };
        let error = Desk::over(&store, "two").open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("w/00000000000000000001"), "{error}");
        assert!(matches!(desk.owner.tenure(), Some((_, tenure)) if tenure.settled()));
    }
}
