//! The answer to a write: what it changed, and what it cost.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Queried, queried};
use crate::api::json::Id;
use crate::api::v2::write::Ids;
use crate::model::{DocId, Write, Written};

/// What a write asked for, as far as its answer depends on it.
#[derive(Clone, Copy, Debug)]
pub(in crate::api::v2) struct Wished {
    upserts: bool,
    patches: bool,
    deletes: bool,
    /// Whether documents were to be found by a filter.
    by_filter: bool,
    /// Whether a document had to be read before it was written.
    read: bool,
    ids: Ids,
}

impl Wished {
    pub(in crate::api::v2) fn of(write: &Write, ids: Ids) -> Self {
        let by_filter = write.delete_by_filter.is_some() || write.patch_by_filter.is_some();
        Self {
            upserts: !write.upserts.is_empty(),
            patches: !write.patches.is_empty() || write.patch_by_filter.is_some(),
            deletes: !write.deletes.is_empty() || write.delete_by_filter.is_some(),
            by_filter,
            read: write.reads(),
            ids,
        }
    }
}

pub(in crate::api::v2) struct OfWrite<'a> {
    pub(in crate::api::v2) written: &'a Written,
    pub(in crate::api::v2) wished: Wished,
    pub(in crate::api::v2) elapsed_ms: u64,
}

impl Serialize for OfWrite<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let Written { seq, upserted, patched, deleted, remaining, .. } = self.written;
        let wished = self.wished;
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("status", "OK")?;
        map.serialize_entry("message", "documents committed successfully")?;
        map.serialize_entry("rows_affected", &(upserted.count + patched.count + deleted.count))?;
        for (asked, rows, ids_name, ids) in [
            (wished.upserts, "rows_upserted", "upserted_ids", upserted),
            (wished.patches, "rows_patched", "patched_ids", patched),
            (wished.deletes, "rows_deleted", "deleted_ids", deleted),
        ] {
            if asked {
                map.serialize_entry(rows, &ids.count)?;
            }
            if wished.ids == Ids::Listed && !ids.ids.is_empty() {
                map.serialize_entry(ids_name, &ListOfIds(&ids.ids))?;
            }
        }
        if wished.by_filter {
            map.serialize_entry("rows_remaining", remaining)?;
        }
        map.serialize_entry("seq", seq)?;
        // However much of it reads, it is one query.
        let queried = Queried {
            billable_logical_bytes_queried: queried(self.written.queried_bytes),
            billable_logical_bytes_returned: 0,
        };
        let billing = WriteBill {
            billable_logical_bytes_written: self.written.written_bytes,
            query: wished.read.then_some(queried),
        };
        map.serialize_entry("billing", &billing)?;
        map.serialize_entry("performance", &Total { server_total_ms: self.elapsed_ms })?;
        map.end()
    }
}

struct ListOfIds<'a>(&'a [DocId]);

impl Serialize for ListOfIds<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_seq(self.0.iter().map(Id))
    }
}

#[derive(Serialize)]
struct WriteBill {
    billable_logical_bytes_written: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<Queried>,
}

#[derive(Serialize)]
struct Total {
    server_total_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::super::printed;
    use super::*;

    use serde_json::json;

    use crate::model::{ByFilter, Excess, Filter, Given, GivenRow, Touched};

    fn wished(ids: Ids) -> Wished {
        let row = |id| GivenRow { id: Given::Int(id), values: Vec::new() };
        let write = Write {
            upserts: vec![row(1), row(2)],
            deletes: vec![Given::Int(9)],
            ..Write::default()
        };
        Wished::of(&write, ids)
    }

    #[test]
    fn a_write_is_answered_with_what_it_changed() {
        let written = Written {
            seq: 7,
            upserted: Touched::of(vec![DocId::Uint(1), DocId::Uint(2)]),
            written_bytes: 24,
            ..Written::default()
        };
        let mut expected = json!({
            "status": "OK", "message": "documents committed successfully",
            "rows_affected": 2, "rows_upserted": 2, "rows_deleted": 0, "seq": 7,
            "billing": {"billable_logical_bytes_written": 24},
            "performance": {"server_total_ms": 3},
        });
        let of = |wished| printed(OfWrite { written: &written, wished, elapsed_ms: 3 });
        assert_eq!(of(wished(Ids::Hidden)), expected);
        expected["upserted_ids"] = json!([1, 2]);
        assert_eq!(of(wished(Ids::Listed)), expected);
        let read = Wished { read: true, ..wished(Ids::Hidden) };
        assert_eq!(
            of(read)["billing"]["query"],
            json!({
                "billable_logical_bytes_queried": 256_000_000,
                "billable_logical_bytes_returned": 0,
            })
        );
    }

    /// A condition was billed that nobody was asked.
    #[test]
    fn a_condition_reads_the_documents_that_are_named_beside_it_and_no_others() {
        let write = |upserts: i64, patches: i64, deletes: i64| {
            let row = |id| GivenRow { id: Given::Int(id), values: Vec::new() };
            Write {
                upserts: (0..upserts).map(row).collect(),
                patches: (0..patches).map(row).collect(),
                deletes: (0..deletes).map(Given::Int).collect(),
                ..Write::default()
            }
        };
        let holds = || Some(Filter::And(Vec::new()));
        for (write, read) in [
            (Write { upsert_condition: holds(), ..write(0, 0, 1) }, false),
            (Write { patch_condition: holds(), ..write(1, 0, 1) }, false),
            (Write { delete_condition: holds(), ..write(1, 0, 0) }, false),
            (Write { upsert_condition: holds(), ..write(1, 0, 0) }, true),
            (Write { patch_condition: holds(), ..write(0, 1, 0) }, true),
            (Write { delete_condition: holds(), ..write(0, 0, 1) }, true),
        ] {
            assert_eq!(Wished::of(&write, Ids::Hidden).read, read, "{write:?}");
        }
    }

    #[test]
    fn what_was_done_by_filter_tells_whether_there_is_more() {
        let matching = ByFilter { filter: Filter::And(Vec::new()), excess: Excess::Left };
        let write = Write { delete_by_filter: Some(matching), ..Write::default() };
        let wished = Wished::of(&write, Ids::Listed);
        let mut written = Written::default();
        for remaining in [false, true] {
            written.remaining = remaining;
            let of = printed(OfWrite { written: &written, wished, elapsed_ms: 3 });
            let told = (&of["rows_remaining"], &of["rows_deleted"], &of["rows_affected"]);
            assert_eq!(told, (&json!(remaining), &json!(0), &json!(0)));
            assert!(of.get("deleted_ids").is_none());
            written.queried_bytes = 256_000_001;
            let of = printed(OfWrite { written: &written, wished, elapsed_ms: 3 });
            let queried = &of["billing"]["query"]["billable_logical_bytes_queried"];
            assert_eq!(*queried, json!(256_000_001));
        }
    }
}
