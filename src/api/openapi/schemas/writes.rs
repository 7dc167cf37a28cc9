//! Writes of the second contract, and what they are answered.

use serde_json::Value;

use crate::api::openapi::shape::{
    count, list, map_of, named, object, one_of, only, open_object, text, told, truth,
};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![("Row", row()), ("Columns", columns()), ("Write", write()), ("Written", written())]
}

fn row() -> Value {
    let words = "A document: its id, and its attributes beside it";
    let mut row = open_object(&["id"], [("id", named("Id"))]);
    row["additionalProperties"] = named("Value");
    told(row, words)
}

fn columns() -> Value {
    let words = "The same across: a list of ids, and one as long of each attribute";
    let mut columns = open_object(&["id"], [("id", named("Ids"))]);
    columns["additionalProperties"] = list(named("Value"));
    told(columns, words)
}

/// Fields of one kind each, so that what a write can say is seen at a glance.
fn write() -> Value {
    let partial = "Whether as many are changed as may be, if more match";
    let encryption = object(&["mode"], [("mode", only("default"))]);
    let by_filter = object(
        &["filters", "patch"],
        [("filters", named("Filter")), ("patch", map_of(named("Value")))],
    );
    let create = "True: though there are no documents; false: never; else with the first document";
    let vectors = "Whole documents: each names every vector attribute, be it by null";
    let pressure = "Whether it is let in though much is not folded: upserts, and deletes by id";
    object(
        &[],
        [
            ("upsert_rows", told(list(named("Row")), vectors)),
            ("upsert_columns", told(named("Columns"), vectors)),
            ("patch_rows", told(list(named("Row")), "Of those that are there, only these values")),
            ("patch_columns", named("Columns")),
            ("deletes", named("Ids")),
            ("delete_by_filter", named("Filter")),
            ("delete_by_filter_allow_partial", told(truth(), partial)),
            ("patch_by_filter", by_filter),
            ("patch_by_filter_allow_partial", told(truth(), partial)),
            ("upsert_condition", named("Condition")),
            ("patch_condition", named("Condition")),
            ("delete_condition", named("Condition")),
            ("distance_metric", named("DistanceMetric")),
            ("schema", named("SchemaDeclaration")),
            ("create_namespace", told(truth(), create)),
            ("return_affected_ids", truth()),
            ("disable_backpressure", told(truth(), pressure)),
            ("encryption", encryption),
        ],
    )
}

fn written() -> Value {
    let bill = object(
        &["billable_logical_bytes_written"],
        [("billable_logical_bytes_written", count()), ("query", named("Billing"))],
    );
    let performance = object(&["server_total_ms"], [("server_total_ms", count())]);
    object(
        &["status", "message", "rows_affected", "seq", "billing", "performance"],
        [
            ("status", one_of(&["OK"])),
            ("message", text()),
            ("rows_affected", count()),
            ("rows_upserted", count()),
            ("rows_patched", count()),
            ("rows_deleted", count()),
            ("upserted_ids", named("Ids")),
            ("patched_ids", named("Ids")),
            ("deleted_ids", named("Ids")),
            ("rows_remaining", told(truth(), "Of changes by filter: send it again")),
            ("seq", told(count(), "Whoever reads at this point of the log sees it")),
            ("billing", bill),
            ("performance", performance),
        ],
    )
}
