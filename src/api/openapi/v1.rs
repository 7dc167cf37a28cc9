//! The paths of our own contract.

use super::errors::{OF_A_READ, OF_A_WRITE};
use super::operation::Operation;
use super::shape::truth;
use crate::api::error::Contract::V1;

const NS: &str = "/v1/namespaces/{ns}";

pub(super) fn operations() -> Vec<Operation> {
    let of = |method, path, id, summary| Operation::of(V1, method, path, id, summary);
    let vector = "Whether its vector comes with it";
    let search = "The nearest vectors, the best texts, both as one ranking, or all in an order";
    vec![
        of("put", NS, "createNamespace", "Create a namespace with a schema")
            .takes("Creation")
            .answers(201, "It was created", "Created")
            .answers(200, "It is there already, as it was asked for", "Created")
            .refuses(&[409, 429, 504]),
        of("delete", NS, "endNamespace", "Delete a namespace and all that lies in it")
            .asks("purge", truth(), "`true` is not built yet")
            .answers(200, "It is gone", "Status")
            .refuses(OF_A_WRITE)
            .refuses(&[409]),
        of("post", "/v1/namespaces/{ns}/upsert", "upsertDocuments", "Insert or replace documents")
            .takes("Documents")
            .takes_key()
            .answers(200, "They are on the store", "Done")
            .refuses(OF_A_WRITE)
            .refuses(&[409]),
        of(
            "post",
            "/v1/namespaces/{ns}/delete",
            "deleteDocuments",
            "Delete by ids, or by a filter",
        )
        .takes("Deletion")
        .takes_key()
        .answers(200, "They are gone", "Done")
        .refuses(OF_A_WRITE)
        .refuses(&[409]),
        of("get", "/v1/namespaces/{ns}/documents/{id}", "getDocument", "One document, by its id")
            .asks("include_vector", truth(), vector)
            .answers(200, "The document", "Shown")
            .refuses(OF_A_READ),
        of("post", "/v1/namespaces/{ns}/query", "search", search)
            .takes("Search")
            .answers(200, "The highest score first", "Results")
            .refuses(OF_A_READ),
        of("get", "/v1/namespaces/{ns}/usage", "getUsage", "What lies there, and what was done")
            .answers(200, "What it holds, exactly, and what this node has counted", "Usage")
            .refuses(OF_A_READ),
        of("get", "/v1/namespaces/{ns}/export", "exportNamespace", "Not built yet"),
        of("get", "/v1/cluster", "getCluster", "Not built yet"),
        of("get", "/v1/cluster/owner/{ns}", "getOwner", "Not built yet"),
        of("get", "/openapi.json", "describe", "This document").answers(
            200,
            "Made from the code that answers",
            "OpenApi",
        ),
    ]
}
