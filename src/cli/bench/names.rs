//! What many namespaces cost a node that is not asked for them: memory, once each was written to
//! and closed, and time, when it starts over a folder that is full of them.
//!
//! The folder is filled by the node whose memory is measured: each namespace is made by a write
//! of its own, over HTTP. Then the node is killed, and another one started over what it left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::JoinSet;

use super::finding::Finding;
use super::line::{Address, Line};
use super::plan::Plan;
use super::process::Process;
use super::rows::Body;
use super::scratch::Scratch;
use super::stand::{all_closed, path};
use super::{start, tell};
use crate::env::Clock;
use crate::error::{Error, Result};

const CLIENTS: usize = 64;
const SEED: u64 = 7;
const PROGRESS: Duration = Duration::from_secs(10);
/// A name is closed when nobody has asked for it for half a minute.
const CLOSED_WITHIN: Duration = Duration::from_secs(600);
const GLANCE: Duration = Duration::from_secs(1);

const ABOVE_EMPTY_MIB_MAX: f64 = 64.0;
const ANSWER_MS_MAX: f64 = 2000.0;
const QUERY: &str = "{\"rank_by\":[\"id\",\"asc\"],\"limit\":1}";

pub(super) async fn measure(plan: &Plan) -> Result<Vec<Finding>> {
    let (scratch, clock, count) = (Scratch::make()?, plan.clock, plan.names);
    let node = Process::start(scratch.path(), clock).await?;
    node.answers(&node.address().get(start::FIRST)).await?;
    let empty = node.resident()?;
    let began = clock.now();
    touch(node.address(), count, clock).await?;
    let took = (clock.now() - began).as_secs_f64();
    tell(&format!("names: {count} namespaces written in {took:.0} s; they are closed now"));
    all_closed(node.address(), clock, GLANCE, CLOSED_WITHIN).await?;
    let idle = node.resident()?;
    drop(node);

    let node = Process::start(scratch.path(), clock).await?;
    let ready = node.ready;
    let listed = node.answers(&node.address().get(start::FIRST)).await?;
    let query = format!("{}/query", path(&name(count / 2)));
    let queried = node.answers(&node.address().post(&query, QUERY.as_bytes())).await?;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    drop(node);
    tell("names: the folder is removed");
    Ok(vec![
        Finding::of("first writes", count as f64 / took, "/s")
            .beside(format!("{CLIENTS} clients, one write to each of {count} namespaces")),
        Finding::of("memory, empty", empty.now, "MiB").beside("resident, after its first answer"),
        Finding::of("memory above that", idle.now - empty.now, "MiB")
            .at_most(ABOVE_EMPTY_MIB_MAX)
            .beside(format!("{count} namespaces closed; at its highest {:.0} MiB", idle.most)),
        Finding::of("started again, ready", ms(ready), "ms").beside("after it was killed"),
        Finding::of("started again, first answer", ms(listed), "ms")
            .at_most(ANSWER_MS_MAX)
            .beside(format!("a list of namespaces, of {count}")),
        Finding::of("started again, first query", ms(queried), "ms")
            .beside("of one of them, after that"),
    ])
}

fn name(number: usize) -> String {
    format!("names-{number:06}")
}

/// One write to each name.
async fn touch(address: &Address, count: usize, clock: Clock) -> Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(address.clone(), next.clone(), count, clock));
    }
    loop {
        match tokio::time::timeout(PROGRESS, clients.join_next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(done)) => {
                done.map_err(|error| Error::internal("a client panicked").with_source(error))??;
            }
            Err(_) => tell(&format!("names: {} of {count}", next.load(Relaxed).min(count))),
        }
    }
}

async fn client(
    address: Address,
    next: Arc<AtomicUsize>,
    count: usize,
    clock: Clock,
) -> Result<()> {
    let body = Body::texts(1, SEED);
    let mut line = Line::to(&address);
    loop {
        let number = next.fetch_add(1, Relaxed);
        if number >= count {
            return Ok(());
        }
        let request = address.post(&path(&name(number)), body.json());
        line.insist(&request, clock).await?;
    }
}
