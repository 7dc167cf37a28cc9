//! What a node is asked by whoever starts, watches and balances it: nobody shows a key for it.

use super::operation::Operation;
use super::shape::truth;
use crate::api::error::Contract::V2;

pub(super) fn operations() -> Vec<Operation> {
    let of = |path, id, summary| Operation::of(V2, "get", path, id, summary);
    let deep = "Whether the store is asked once more";
    vec![
        of("/livez", "isAlive", "Whether the process lives").answers(200, "It does", "Health"),
        of("/healthz", "isHealthy", "The same").answers(200, "It does", "Health"),
        of("/health", "isWell", "The same").answers(200, "It does", "Health"),
        of("/readyz", "isReady", "Whether the node should be sent requests")
            .asks("deep", truth(), deep)
            .answers(200, "It should", "Health")
            .refuses(&[503]),
        of("/metrics", "getFigures", "The figures of the node")
            .prints("In the text format of Prometheus", "text/plain"),
    ]
}
