//! A step in words.

use elacsym::protocol::{Entry, Life, MarkerKind, Ownership, Request};

use super::model::Model;
use super::scope::Scope;
use super::step::{Item, Step, Who};
use super::world::World;

impl Scope {
    pub(super) fn tell(&self, world: &World, step: Step) -> String {
        match step {
            Step::Deliver { who, at, how } => {
                let actor = match (who, &*world.sweeper) {
                    (Who::Writer(w), _) => format!("w{w}"),
                    (Who::Brancher, _) => "brancher".into(),
                    (Who::Sweeper, Some(sweeper)) => format!("gc of w{}", sweeper.owner),
                    (Who::Sweeper, None) => "gc".into(),
                    (Who::Mender, _) => "the walk".into(),
                };
                let Some(sent) = world.sent_by(who) else { return "nobody".into() };
                let sent = &sent[usize::from(at)];
                let how = if sent.got.is_some() { "arrives".into() } else { how.to_string() };
                format!("{actor}: {}: {how}", request(&sent.request))
            }
            Step::Open(w) => format!("w{w} opens the name"),
            Step::Tend(w) => format!("w{w} opens the name, to tend it"),
            Step::Commit(w) | Step::CommitChunk(w) => {
                let op = self.left.ops - world.left.ops;
                let way = if matches!(step, Step::CommitChunk(_)) { " in chunks" } else { "" };
                format!("w{w} accepts op{op}{way}")
            }
            Step::Upload(w) => format!("w{w} uploads a chunk"),
            Step::Retry { writer, op } => format!("w{writer} gets op{op} again, with its key"),
            Step::Skip(w) => format!("w{w} gets a request without effect"),
            Step::KeyedSkip(w) => {
                format!("w{w} gets op{}: no effect, with a key", self.left.ops - world.left.ops)
            }
            Step::OwnerRead(w) => format!("w{w} is asked for a strong read"),
            Step::Fold(w) => format!("w{w} folds its tail"),
            Step::Publish { writer, release: false, .. } => format!("w{writer} publishes its fold"),
            Step::Publish { writer, release: true, .. } => {
                format!("w{writer} publishes its fold and releases the name")
            }
            Step::Merge(w) => format!("w{w} merges its files"),
            Step::Release(w) => format!("w{w} releases the name"),
            Step::Close(w) => format!("w{w} closes the name and remembers it"),
            Step::Forget(w) => format!("w{w} forgets the name"),
            Step::End(w) => format!("w{w} is asked to delete the name"),
            Step::Crash(w) => format!("w{w} crashes"),
            Step::CrashFlying { writer, at } => {
                let sent = &world.writers[usize::from(writer)].sent[usize::from(at)];
                format!("w{writer} crashes; still on its way: {}", request(&sent.request))
            }
            Step::Land(at) => format!("late: {}", request(&world.flying[usize::from(at)])),
            Step::Ask(r) => format!("reader of {}: a strong read begins", name(r)),
            Step::Fetch { reader, at } => {
                let sent = &world.remotes[usize::from(reader)].sent[usize::from(at)];
                format!("reader of {}: {}", name(reader), request(&sent.request))
            }
            Step::Arrive { reader, at } => {
                let sent = &world.remotes[usize::from(reader)].sent[usize::from(at)];
                format!("reader of {}: {}: arrives", name(reader), request(&sent.request))
            }
            Step::Receive(r) => format!("reader of {}: receives the head", name(r)),
            Step::Expire(r) => format!("a quarter of an hour passes for the reader of {}", name(r)),
            Step::Collect { name: of, slot, late } => {
                let what = match slot {
                    Item::Slot(at) => {
                        let slot = &world.store.slots[usize::from(at)];
                        format!("deletes slot {} of life {:x}", slot.seq, slot.inc.0)
                    }
                    Item::File(at) => {
                        let file = &world.store.files[usize::from(at)];
                        format!("deletes {:?} {:x} of epoch {}", file.kind, file.ulid, file.epoch)
                    }
                    Item::Mentions(_) => "looks after pins and mentions".into(),
                    Item::Marker(_) => "drops a _gone marker".into(),
                    Item::Abandon => "holds the branch for abandoned".into(),
                };
                format!("gc of {} {what}{}", name(of), if late { ", later" } else { "" })
            }
            Step::Mend(at) => {
                let marker = &world.store.markers[usize::from(at)];
                format!("the walk looks at the marker of life {:x}", marker.inc.0)
            }
            Step::Watch(w) => format!("gc of w{w} begins to watch"),
            Step::HalfHour => "gc has watched for half an hour".into(),
            Step::Sweep => "gc sweeps".into(),
            Step::Branch(from) => {
                format!("a branch of {} into {} begins", name(from), name(from + 1))
            }
            Step::CrashBrancher => "the brancher crashes".into(),
        }
    }
}

fn name(index: u8) -> &'static str {
    ["a", "b", "c"][usize::from(index)]
}

fn request(request: &Request<Model>) -> String {
    match request {
        Request::ReadHead { name } => format!("GET head of {name}"),
        Request::SwapHead { name, head, .. } => {
            let life = match head.life {
                Life::Active => "active".into(),
                Life::Branching => "branching".into(),
                Life::Deleted { next } => format!("deleted, next {next}"),
            };
            let owner = match &head.owner {
                Ownership::Held(holder) => format!("held by {}", holder.node),
                Ownership::Released { tail } => format!("released at {tail}"),
            };
            format!(
                "SWAP head of {name} to version {} (epoch {}, floor {}, {life}, {owner})",
                head.version.0, head.epoch, head.floor
            )
        }
        Request::ReadSlot { seq, .. } => format!("GET slot {seq}"),
        Request::CreateSlot { slot, .. } => {
            let what = match &slot.entry {
                Entry::Batch(body) => {
                    let ops: Vec<String> = body.batch.iter().map(|op| format!("op{op}")).collect();
                    format!("batch [{}]", ops.join(" "))
                }
                Entry::Fence => "fence".into(),
                Entry::End => "end".into(),
            };
            format!("PUT slot {} ({what}, epoch {})", slot.seq, slot.epoch)
        }
        Request::ReadKeys { .. } => "GET table of keys".into(),
        Request::PutFile { file } => format!("PUT {:?} {:x}", file.kind, file.ulid),
        Request::PutMarker { marker } => format!("PUT marker {}", self::marker(marker.kind)),
        Request::DropMarker { marker } => format!("DELETE marker {}", self::marker(marker.kind)),
        Request::List { .. } => "LIST".into(),
        Request::DropSlot { seq, .. } => format!("DELETE slot {seq}"),
        Request::DropFile { file } => format!("DELETE {:?} {:x}", file.kind, file.ulid),
    }
}

fn marker(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Live => "_names",
        MarkerKind::Gone => "_gone",
    }
}
