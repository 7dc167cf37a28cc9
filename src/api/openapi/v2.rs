//! The paths of the turbopuffer contract, some of which begin with `/v1/`.

use super::errors::{OF_A_READ, OF_A_WRITE};
use super::operation::Operation;
use super::shape::{text, truth, within};
use crate::api::error::Contract::V2;
use crate::api::v2::PAGE_NAMES_MAX;

const NS: &str = "/v2/namespaces/{ns}";
const QUERY: &str = "/v2/namespaces/{ns}/query";
const EXPLAIN: &str = "/v2/namespaces/{ns}/explain_query";
const METADATA: &str = "/v2/namespaces/{ns}/metadata";
const OLD_METADATA: &str = "/v1/namespaces/{ns}/metadata";
const SCHEMA: &str = "/v1/namespaces/{ns}/schema";
const RECALL: &str = "/v1/namespaces/{ns}/_debug/recall";
const WARM: &str = "/v1/namespaces/{ns}/hint_cache_warm";
const HEAT: &str = "/v1/namespaces/{ns}/_debug/warm_cache";
const COOL: &str = "/v1/namespaces/{ns}/_debug/purge_cache";
const OPERATION: &str = "/v1/namespaces/{ns}/operations/{token}";

pub(super) fn operations() -> Vec<Operation> {
    [of_documents(), of_namespaces(), not_built()].into_iter().flatten().collect()
}

fn of(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
) -> Operation {
    Operation::of(V2, method, path, id, summary)
}

fn of_documents() -> Vec<Operation> {
    vec![
        of("post", NS, "write", "Upsert, patch and delete documents, in one batch")
            .takes("Write")
            .takes_key()
            .answers(200, "It is on the store, whole", "Written")
            .refuses(OF_A_WRITE),
        of("post", QUERY, "query", "One query, or up to sixteen over one moment")
            .takes("Query")
            .answers(200, "Rows, aggregates, or the results of each query", "Answer")
            .refuses(OF_A_READ),
        of("post", EXPLAIN, "explainQuery", "How a query would be answered")
            .takes("Query")
            .answers(200, "The plan, in words", "Plan")
            .refuses(OF_A_READ),
        of("post", RECALL, "measureRecall", "How much of the exact answer is found")
            .takes("Recall")
            .answers(200, "On average over all searches", "Recalled")
            .refuses(OF_A_READ),
    ]
}

fn of_namespaces() -> Vec<Operation> {
    let page = within(1, PAGE_NAMES_MAX);
    vec![
        of("delete", NS, "deleteNamespace", "Delete a namespace and all that lies in it")
            .asks("purge", truth(), "`true` is not built yet")
            .answers(200, "It is gone", "Status")
            .refuses(OF_A_WRITE),
        of("get", METADATA, "getMetadata", "Schema, size and times of a namespace")
            .answers(200, "As a strong read has them", "Metadata")
            .refuses(OF_A_READ),
        of("patch", METADATA, "updateMetadata", "Whether it is read-only, and pinned")
            .takes("MetadataChange")
            .answers(200, "As they are then", "Metadata")
            .refuses(OF_A_WRITE),
        of("get", OLD_METADATA, "getMetadataOfV1", "The same, of older clients")
            .answers(200, "With another word for the encryption", "Metadata")
            .refuses(OF_A_READ),
        of("patch", OLD_METADATA, "updateMetadataOfV1", "The same, of older clients")
            .takes("MetadataChange")
            .answers(200, "As they are then", "Metadata")
            .refuses(OF_A_WRITE),
        of("get", SCHEMA, "getSchema", "The attributes of a namespace")
            .answers(200, "Attributes by their names", "SchemaShown")
            .refuses(OF_A_READ),
        of("post", SCHEMA, "updateSchema", "Add, change or drop attributes")
            .takes("SchemaDeclaration")
            .answers(200, "The schema as it is then", "SchemaShown")
            .refuses(OF_A_WRITE),
        of("get", WARM, "warmNamespace", "Read a namespace, for whoever asks next")
            .answers(200, "It is there, and being read", "Status")
            .refuses(OF_A_READ),
        of("get", HEAT, "warmCache", "Read a namespace, and wait until it is in memory")
            .answers(200, "It was read", "Status")
            .refuses(OF_A_READ)
            .refuses(&[409]),
        of("get", COOL, "purgeCache", "Put away what this node has of a namespace in memory")
            .answers(200, "Whoever asks next has it read again", "Status")
            .refuses(OF_A_READ),
        of("get", "/v1/namespaces", "listNamespaces", "Names, in their order, a page at a time")
            .asks("prefix", text(), "How they begin")
            .asks("cursor", text(), "The `next_cursor` of the page before")
            .asks("page_size", page, "100, if nothing is said")
            .answers(200, "A page", "NamespaceList")
            .refuses(&[504]),
    ]
}

fn not_built() -> Vec<Operation> {
    vec![
        of("post", "/v2/namespaces/{ns}/async", "startCopy", "Not built yet"),
        of("get", OPERATION, "pollCopy", "Not built yet"),
    ]
}
