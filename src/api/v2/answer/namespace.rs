//! What is told of namespaces: their metadata, their names, that something was done to one.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::api::v2::shown;
use crate::model::{Metadata, Namespace, Pinning, datetime};

/// Less than this is not worth an index, and counts as up to date.
const INDEX_BYTES_MIN: u64 = 16 << 20;

/// Under which version of the contract metadata are asked for: they differ in one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::v2) enum Version {
    V1,
    V2,
}

pub(in crate::api::v2) struct OfMetadata<'a> {
    pub(in crate::api::v2) metadata: &'a Metadata,
    pub(in crate::api::v2) version: Version,
    /// When it is told.
    pub(in crate::api::v2) now_ms: i64,
}

impl Serialize for OfMetadata<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let Metadata { schema, unindexed_rows, unindexed_bytes, .. } = self.metadata;
        let indexed_bytes = self.metadata.logical_bytes.saturating_sub(*unindexed_bytes);
        let indexed_rows = self.metadata.rows.saturating_sub(*unindexed_rows);
        let mut map = json.serialize_map(None)?;
        let shown = shown::Shown { schema, form: shown::Form::InMetadata };
        map.serialize_entry("schema", &shown)?;
        map.serialize_entry("approx_logical_bytes", &indexed_bytes)?;
        map.serialize_entry("approx_row_count", &indexed_rows)?;
        map.serialize_entry("created_at", &moment(self.metadata.created_at_ms))?;
        map.serialize_entry("updated_at", &moment(self.metadata.updated_at_ms))?;
        map.serialize_entry("last_write_at", &moment(self.metadata.last_write_at_ms))?;
        let encryption = match self.version {
            Version::V1 => Encryption { sse: Some(true), mode: None },
            Version::V2 => Encryption { sse: None, mode: Some("default") },
        };
        map.serialize_entry("encryption", &encryption)?;
        let behind = *unindexed_bytes >= INDEX_BYTES_MIN;
        let index = Index {
            status: if behind { "updating" } else { "up-to-date" },
            unindexed_bytes: behind.then_some(*unindexed_bytes),
            unindexed_rows: behind.then_some(*unindexed_rows),
        };
        map.serialize_entry("index", &index)?;
        if let Pinning::Replicas(replicas) = schema.settings.pinning {
            map.serialize_entry("pinning", &Pinned::to(replicas.get(), moment(self.now_ms)))?;
        }
        if schema.settings.read_only {
            map.serialize_entry("read_only", &true)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Pinned {
    replicas: u32,
    status: PinnedStatus,
}

#[derive(Serialize)]
struct PinnedStatus {
    ready_replicas: u32,
    replicas: u32,
    updated_at: String,
    utilization: f32,
}

impl Pinned {
    /// No node is set aside for a namespace yet: none is ready, and nothing of them is used, as is known
    /// at any moment.
    fn to(replicas: u32, updated_at: String) -> Self {
        let status = PinnedStatus { ready_replicas: 0, replicas, updated_at, utilization: 0.0 };
        Self { replicas, status }
    }
}

#[derive(Serialize)]
struct Encryption {
    #[serde(skip_serializing_if = "Option::is_none")]
    sse: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
}

#[derive(Serialize)]
struct Index {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unindexed_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unindexed_rows: Option<u64>,
}

/// `2026-09-01T00:00:00.000Z`
fn moment(ms: i64) -> String {
    const TO_MILLIS: usize = "2026-09-01T00:00:00.000".len();
    let mut text = datetime::print(ms.saturating_mul(1000));
    text.truncate(TO_MILLIS);
    text.push('Z');
    text
}

/// A page of names.
#[derive(Serialize)]
pub(in crate::api::v2) struct OfList<'a> {
    namespaces: Vec<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
}

impl<'a> OfList<'a> {
    pub(in crate::api::v2) fn of(names: &'a [Namespace], next_cursor: Option<&'a str>) -> Self {
        let namespaces = names.iter().map(|name| Named { id: name.as_str() }).collect();
        Self { namespaces, next_cursor }
    }
}

#[derive(Serialize)]
pub(in crate::api::v2) struct Status {
    pub(in crate::api::v2) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api::v2) message: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::super::printed;
    use super::*;

    use std::num::NonZeroU32;
    use std::sync::Arc;

    use serde_json::json;

    use crate::model::{Schema, Settings};

    #[test]
    fn metadata_tell_what_is_indexed() {
        let pinning = Pinning::Replicas(NonZeroU32::new(2).unwrap());
        let settings = Settings { read_only: true, pinning };
        let mut metadata = Metadata {
            schema: Arc::new(Schema::default()),
            rows: 3,
            logical_bytes: 48,
            unindexed_rows: 3,
            unindexed_bytes: 48,
            created_at_ms: 0,
            updated_at_ms: 1_500,
            last_write_at_ms: 1_000,
        };
        let mut expected = json!({
            "schema": {}, "approx_logical_bytes": 0, "approx_row_count": 0,
            "created_at": "1970-01-01T00:00:00.000Z", "updated_at": "1970-01-01T00:00:01.500Z",
            "last_write_at": "1970-01-01T00:00:01.000Z",
            "encryption": {"mode": "default"}, "index": {"status": "up-to-date"},
        });
        let of =
            |metadata: &Metadata, version| printed(OfMetadata { metadata, version, now_ms: 2_500 });
        assert_eq!(of(&metadata, Version::V2), expected);
        metadata.unindexed_bytes = INDEX_BYTES_MIN;
        metadata.schema = Arc::new(Schema { settings, ..Schema::default() });
        expected["read_only"] = json!(true);
        expected["pinning"] = json!({
            "replicas": 2,
            "status": {
                "ready_replicas": 0, "replicas": 2, "updated_at": "1970-01-01T00:00:02.500Z",
                "utilization": 0.0,
            },
        });
        expected["encryption"] = json!({"sse": true});
        expected["index"] = json!({
            "status": "updating", "unindexed_rows": 3, "unindexed_bytes": INDEX_BYTES_MIN,
        });
        assert_eq!(of(&metadata, Version::V1), expected);
    }

    #[test]
    fn the_last_page_of_a_list_has_no_cursor() {
        let names = [Namespace::new("a").unwrap(), Namespace::new("b").unwrap()];
        assert_eq!(
            printed(OfList::of(&names, Some("c"))),
            json!({"namespaces": [{"id": "a"}, {"id": "b"}], "next_cursor": "c"})
        );
        assert_eq!(printed(OfList::of(&[], None)), json!({"namespaces": []}));
    }
}
