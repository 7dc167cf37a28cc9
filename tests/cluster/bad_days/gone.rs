//! The store is gone: every connection to it is cut, and no other comes through; or its disk is, and below
//! it is an empty folder.

use std::fs;

use super::{
    LATE, Told, UNKNOWN, View, behind_a_strait, counted, done, figure, get, holds, in_the_end,
    is_all_there, is_healthy, rows, write,
};
use crate::node::Node;
use crate::site::Site;
use crate::strait::Weather;

const NOT_READY: Told = Told {
    status: 503,
    code: "unavailable",
    words: "the store is not ready",
    retry_after: Some("1"),
    should_retry: None,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_store_a_server_promises_nothing_and_with_it_all_is_as_it_was() {
    let (site, strait) = behind_a_strait().await;
    let set = |gone| strait.set(if gone { Weather::Closed } else { Weather::Fair });
    day(&site, set).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_in_place_of_its_own_is_no_store_without_names() {
    let site = Site::local();
    let (data, kept) = (site.data(), format!("{}.kept", site.data()));
    let set = |gone| {
        if gone {
            fs::rename(&data, &kept).unwrap();
            fs::create_dir(&data).unwrap();
        } else {
            // Only what is empty can be removed so: nothing was written there.
            fs::remove_dir(&data).unwrap();
            fs::rename(&kept, &data).unwrap();
        }
    };
    day(&site, set).await;
}

async fn day(site: &Site, set_gone: impl Fn(bool)) {
    let node = Node::start(site).await;
    let at = node.at;
    node.until_readiness(200).await;
    for name in ["a", "b"] {
        done(at, name, &rows(0, 10)).await;
    }
    for name in ["a", "b"] {
        holds(at, name, View::Newest, 10).await;
    }

    set_gone(true);
    // To a namespace that is open, and to one that is not there yet.
    let written = ["a", "c"]
        .map(|name| tokio::spawn(async move { write(at, name, Some("k"), &rows(100, 1)).await }));
    // What is at hand is shown, whatever the store does.
    for name in ["a", "b"] {
        holds(at, name, View::AtHand, 10).await;
    }
    LATE.check(&counted(at, "b", View::Newest, Some(2000)).await);
    node.until_readiness(503).await;
    NOT_READY.check(&get(at, "/readyz").await);
    for path in ["/livez", "/metrics"] {
        assert_eq!(get(at, path).await.status, 200, "{path}");
    }
    for written in written {
        UNKNOWN.check(&written.await.unwrap());
    }
    assert!(figure(at, "elacsym_store_requests_total", "outcome=\"away\"").await > 0.0);

    set_gone(false);
    node.until_readiness(200).await;
    is_healthy(at).await;
    // Sent again with its key, a write of which nobody knew is done once.
    for name in ["a", "c"] {
        for _ in 0..2 {
            in_the_end(at, name, "k", &rows(100, 1)).await;
        }
    }
    is_all_there(node, site, &[("a", 11), ("b", 10), ("c", 1)]).await;
}
