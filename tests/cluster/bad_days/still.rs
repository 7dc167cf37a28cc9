//! The store answers nothing that is asked about one namespace, as a bucket does with a prefix that it
//! throttles for good: its writes queue up until there is no room for more. All others go on.

use std::net::SocketAddr;
use std::time::Duration;

use elacsym::env::raise_open_files;
use tokio::task::JoinSet;

use super::{
    ASK_LIMIT, Told, View, behind_a_strait, counted, done, figure, get, holds, in_the_end,
    is_all_there, is_healthy, path, rows, write,
};
use crate::client::{Answer, Client, Reply, Request};
use crate::node::Node;
use crate::strait::Weather;

const FULL: Told = Told {
    status: 429,
    code: "throttled",
    words: "writes wait for this namespace: come again",
    retry_after: Some("1"),
    should_retry: None,
};
/// One of the batches is on its way, one is being made, and these wait.
const WAITING: u64 = 8192;
const ROUNDS_MAX: u64 = 60;
/// Writers that come at once, and go away again so soon: their writes stay.
const WRITERS: u64 = 800;
const PATIENCE: Duration = Duration::from_millis(500);
const PATIENT: u64 = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_queue_of_a_namespace_is_full_it_alone_takes_no_more_until_there_is_room() {
    raise_open_files();
    let (site, strait) = behind_a_strait().await;
    let node = Node::start(&site).await;
    let at = node.at;
    for name in ["busy", "calm"] {
        done(at, name, &rows(PATIENT + 1, 1)).await;
    }

    strait.set(Weather::Still("busy".to_owned()));
    let patient = tokio::spawn(async move { write(at, "busy", None, &rows(PATIENT, 1)).await });
    let (sent, refusals) = fill(at).await;
    for (_, refusal) in &refusals {
        FULL.check(refusal);
    }
    assert!(figure(at, "elacsym_http_requests_total", "status=\"429\"").await > 0.0);
    assert!(figure(at, "elacsym_http_requests_left_total", "").await > 0.0);
    is_healthy(at).await;
    done(at, "calm", &rows(0, 10)).await;
    holds(at, "calm", View::Newest, 11).await;

    strait.set(Weather::Fair);
    let patient = patient.await.unwrap();
    assert_eq!(patient.status, 200, "{}", patient.text());
    in_the_end(at, "busy", "k", &rows(PATIENT + 2, 1)).await;
    // What waited is written, and what was sent away is not.
    let counted = counted(at, "busy", View::Newest, None).await.json();
    let there = counted["aggregations"]["n"].as_u64().unwrap();
    let refused = refusals.len() as u64;
    assert!((WAITING..=3 + sent - refused).contains(&there), "{there} of {sent} less {refused}");
    for (id, _) in refusals.iter().take(20) {
        let absent = get(at, &format!("/v1/namespaces/busy/documents/{id}")).await;
        assert_eq!(absent.status, 404, "{id} was refused, and is there: {}", absent.text());
    }
    is_all_there(node, &site, &[("busy", there), ("calm", 11)]).await;
}

/// Writes until somebody is sent away: how many were sent, and who was told so.
async fn fill(at: SocketAddr) -> (u64, Vec<(u64, Answer)>) {
    for round in 0..ROUNDS_MAX {
        let mut writers = JoinSet::new();
        for id in round * WRITERS..(round + 1) * WRITERS {
            writers.spawn(async move {
                let (path, body) = (path("busy"), rows(id, 1).to_string());
                let request = Request { method: "POST", path: &path, key: None, body: &body };
                (id, Client::default().ask(at, &request, PATIENCE).await)
            });
        }
        let told = |(id, reply): (u64, Reply)| match reply {
            Reply::Answer(answer) => Some((id, answer)),
            Reply::Silence => None,
            Reply::Unsent => panic!("the server takes no connection for {id}"),
        };
        let refusals: Vec<(u64, Answer)> =
            writers.join_all().await.into_iter().filter_map(told).collect();
        if !refusals.is_empty() {
            return ((round + 1) * WRITERS, refusals);
        }
    }
    panic!("nobody is sent away, and the last one has waited for {ASK_LIMIT:?}");
}
