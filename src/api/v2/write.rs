//! A write, off the wire: rows and columns, deletes, conditions, a schema.

use std::sync::Arc;

use super::declared::{self, metric_of};
use super::filter::{self, Place};
use crate::api::error::{Again, Refusal};
use crate::api::json::{
    Field, Fields, Object, RowShape, Trail, ids_of, mistyped, no_variant, parse, quoted,
    unknown_word,
};
use crate::model::{
    ByFilter, Create, Excess, Filter, Given, GivenRow, Omission, PatchByFilter, Pressure, Write,
};

const OF_ROWS: &[&str] = &["upsert_rows", "patch_rows"];

/// What the contract has beyond what this server has, and what to do without it.
const UNBUILT: &[(&str, &str)] = &[
    ("copy_from_namespace", COPY),
    ("branch_from_namespace", COPY),
    ("sharding", "leave it out, or spread the documents over several namespaces"),
];
const COPY: &str = "page through the documents of the other namespace in the order of their ids, \
                    with all attributes, and upsert them here";

#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) write: Write,
    pub(super) ids: Ids,
}

/// Whether the answer lists the documents that were changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ids {
    #[default]
    Hidden,
    Listed,
}

pub(super) fn read(bytes: &[u8]) -> Result<Request, Refusal> {
    let trail = Trail::default();
    let seed = Fields { trail: &trail, of_rows: OF_ROWS, shape: RowShape::Flat };
    let mut write = Write::default();
    let mut others = Vec::new();
    for (name, field) in parse(bytes, &trail, seed)? {
        match field {
            Field::Rows(rows) if *name == *"upsert_rows" => {
                write.upserts = rows.unwrap_or_default();
            }
            Field::Rows(rows) => write.patches = rows.unwrap_or_default(),
            Field::Other(given) => others.push((name, given)),
        }
    }
    rest(Object::new(others), write)
}

fn rest(mut object: Object, mut write: Write) -> Result<Request, Refusal> {
    write.omission = Omission::Mistake { rows: write.upserts.len() };
    write.upserts.extend(columns(&mut object, "upsert_columns")?);
    write.patches.extend(columns(&mut object, "patch_columns")?);
    let deletes = object.list("deletes")?.unwrap_or_default();
    write.deletes = ids_of("deletes", deletes, &no_variant("IdVec"))?;
    write.delete_by_filter = delete_by_filter(&mut object)?;
    write.patch_by_filter = patch_by_filter(&mut object)?;
    write.upsert_condition = condition(&mut object, "upsert_condition")?;
    write.patch_condition = condition(&mut object, "patch_condition")?;
    write.delete_condition = condition(&mut object, "delete_condition")?;
    write.metric = metric_of(&mut object)?;
    if let Some(schema) = object.object("schema")? {
        let declared = declared::read(schema)?;
        write.schema = declared.changes;
        write.id_type = declared.id_type;
    }
    write.create = create(&mut object)?;
    let ids = match object.truth("return_affected_ids")? {
        Some(true) => Ids::Listed,
        Some(false) | None => Ids::Hidden,
    };
    write.pressure = match object.truth("disable_backpressure")? {
        Some(true) => Pressure::Lifted,
        Some(false) | None => Pressure::Heeded,
    };
    check_encryption(&mut object)?;
    for (name, instead) in UNBUILT {
        if object.take(name).is_some() {
            return Err(Refusal::not_built_but(name, instead));
        }
    }
    object.end()?;
    Ok(Request { write, ids })
}

fn delete_by_filter(object: &mut Object) -> Result<Option<ByFilter>, Refusal> {
    let name = "delete_by_filter";
    let excess = excess(object, "delete_by_filter_allow_partial")?;
    let Some(given) = object.take(name) else { return Ok(None) };
    let filter = filter::read(name, given, Place::Query)?;
    Ok(Some(ByFilter { filter, excess }))
}

fn patch_by_filter(object: &mut Object) -> Result<Option<PatchByFilter>, Refusal> {
    let excess = excess(object, "patch_by_filter_allow_partial")?;
    let Some(mut asked) = object.object("patch_by_filter")? else { return Ok(None) };
    let (filters, patch) = (asked.take("filters"), asked.object("patch")?);
    let filters = asked.needed("filters", filters)?;
    let patch = asked.needed("patch", patch)?;
    let filter = filter::read(&asked.path_of("filters"), filters, Place::Query)?;
    asked.end()?;
    let values = patch.into_fields().into_iter().map(|(name, _, given)| (name.into(), given));
    let values: Vec<(Arc<str>, Given)> = values.collect();
    if values.iter().any(|(name, _)| **name == *"id") {
        return Err(Refusal::invalid("💔 patch_by_filter.patch cannot change the id of documents"));
    }
    Ok(Some(PatchByFilter { matching: ByFilter { filter, excess }, values }))
}

fn excess(object: &mut Object, allow_partial: &str) -> Result<Excess, Refusal> {
    Ok(match object.truth(allow_partial)? {
        Some(true) => Excess::Left,
        Some(false) | None => Excess::Refused,
    })
}

fn condition(object: &mut Object, name: &str) -> Result<Option<Filter>, Refusal> {
    object.take(name).map(|given| filter::read(name, given, Place::Condition)).transpose()
}

fn create(object: &mut Object) -> Result<Create, Refusal> {
    Ok(match object.truth("create_namespace")? {
        None => Create::ByDocument,
        Some(false) => Create::Never,
        Some(true) => Create::Always,
    })
}

/// The mode of encryption with a key of somebody's own.
const KEYED: &str = "customer-managed";

/// Everything on the bucket is encrypted as the bucket is; no key of anybody else is kept.
fn check_encryption(object: &mut Object) -> Result<(), Refusal> {
    let Some(mut encryption) = object.object("encryption")? else { return Ok(()) };
    let mode = encryption.text("mode")?;
    if let Some(other) = mode.as_deref().filter(|mode| !["default", KEYED].contains(mode)) {
        let known = "`default` or `customer-managed`";
        return Err(unknown_word(&encryption.path_of("mode"), other, known));
    }
    let older = encryption.object("cmek")?;
    let keyed = older.is_some() || mode.as_deref() != Some("default");
    let key = match older {
        Some(mut cmek) => cmek.text("key_name")?,
        None => encryption.text("key_name")?,
    };
    match key {
        // One that may be a key is refused for what is missing here, not for what it is called.
        Some(key) if !key.starts_with("projects/") => {
            Err(Refusal::invalid(format!("Malformed Cloud KMS crypto key: {}", quoted(&key))))
        }
        None if !keyed => encryption.end(),
        Some(_) | None => Err(Refusal::not_built("encryption with a key of your own")),
    }
}

/// The rows that lie across columns of equal length.
fn columns(object: &mut Object, name: &str) -> Result<Vec<GivenRow>, Refusal> {
    let Some(mut object) = object.object(name)? else { return Ok(Vec::new()) };
    let ids = object.list("id")?.ok_or_else(|| object.missing("id"))?;
    let ids = ids_of(&object.path_of("id"), ids, &no_variant("IdVec"))?.into_iter();
    let mut rows: Vec<GivenRow> = ids.map(|id| GivenRow { id, values: Vec::new() }).collect();
    for (attribute, path, column) in object.into_fields() {
        let attribute: Arc<str> = attribute.into();
        let column = match column {
            Given::List(column) => column,
            other => return Err(mistyped(&path, &other, "a sequence")),
        };
        if column.len() != rows.len() {
            return Err(Refusal::invalid(format!(
                "💔 all columns must have the same length: {path} has {}, {name}.id has {}",
                column.len(),
                rows.len()
            )));
        }
        for (row, value) in rows.iter_mut().zip(column) {
            row.values.push((attribute.clone(), value));
        }
    }
    Ok(rows)
}

/// Whether the request may be sent again by a client that does not know what became of it. To
/// upsert and to delete by id twice is to do it once. A condition may have held because the write
/// was not there, a patch may find what came between, and a filter what matches since.
pub(super) fn again(write: &Write, key: Option<&str>) -> Again {
    if key.is_some() || !write.reads() { Again::Safe } else { Again::Unsafe }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdType, Metric, Op, Operand};

    fn write(text: &str) -> Write {
        read(text.as_bytes()).unwrap().write
    }

    fn row(id: u8, values: &[(&str, Given)]) -> GivenRow {
        let value = |(name, given): &(&str, Given)| ((*name).into(), given.clone());
        GivenRow { id: Given::Int(id.into()), values: values.iter().map(value).collect() }
    }

    fn text(text: &str) -> Given {
        Given::Text(text.into())
    }

    /// As the official client sends it.
    #[test]
    fn rows_and_a_schema_are_read() {
        let write = write(
            r#"{"distance_metric":"cosine_distance",
                "schema":{"id":"uint","tags":"[]string"},
                "upsert_rows":[{"id":1,"vector":"zczMPc3MTD4=","title":"first"},
                               {"id":2,"vector":[1,2],"title":null}]}"#,
        );
        let vector = Given::List(vec![Given::Int(1), Given::Int(2)]);
        let upserts = vec![
            row(1, &[("vector", text("zczMPc3MTD4=")), ("title", text("first"))]),
            row(2, &[("vector", vector), ("title", Given::Null)]),
        ];
        assert_eq!(write.upserts, upserts);
        assert_eq!(write.omission, Omission::Mistake { rows: 2 });
        assert_eq!((write.metric, write.id_type), (Some(Metric::Cosine), Some(IdType::Uint)));
        assert_eq!(write.schema.len(), 1);
        assert_eq!(write.create, Create::ByDocument);
    }

    #[test]
    fn columns_are_rows_that_lie_across() {
        let request = read(
            br#"{"upsert_columns":{"id":[3,4],"vector":["AACAPwAAAEA=",null],"title":["x",null]},
                 "patch_rows":[{"id":1,"title":"new"}],"deletes":[2,"a"],
                 "upsert_condition":["version","Lt",{"$ref_new":"version"}],
                 "return_affected_ids":true,"disable_backpressure":true,
                 "encryption":{"mode":"default"}}"#,
        )
        .unwrap();
        let write = request.write;
        let upserts = vec![
            row(3, &[("vector", text("AACAPwAAAEA=")), ("title", text("x"))]),
            row(4, &[("vector", Given::Null), ("title", Given::Null)]),
        ];
        assert_eq!(write.upserts, upserts);
        assert_eq!(write.omission, Omission::Mistake { rows: 0 });
        assert_eq!(write.patches, [row(1, &[("title", text("new"))])]);
        assert_eq!(write.deletes, [Given::Int(2), text("a")]);
        let operand = Operand::New("version".into());
        let condition = Filter::Test { attribute: "version".into(), op: Op::Lt, operand };
        assert_eq!(write.upsert_condition, Some(condition));
        assert_eq!(request.ids, Ids::Listed);
    }

    #[test]
    fn what_is_changed_by_filter_is_read() {
        let text = r#"{
            "delete_by_filter": ["a","Eq",1], "delete_by_filter_allow_partial": true,
            "patch_by_filter": {"filters": ["a","Eq",1], "patch": {"a": 2, "b": null}}
        }"#;
        let filter = || {
            let operand = Operand::Literal(Given::Int(1));
            Filter::Test { attribute: "a".into(), op: Op::Eq, operand }
        };
        let write = write(text);
        let expected = ByFilter { filter: filter(), excess: Excess::Left };
        assert_eq!(write.delete_by_filter, Some(expected));
        let matching = ByFilter { filter: filter(), excess: Excess::Refused };
        let values = vec![("a".into(), Given::Int(2)), ("b".into(), Given::Null)];
        assert_eq!(write.patch_by_filter, Some(PatchByFilter { matching, values }));
    }

    #[test]
    fn who_wants_no_pressure_says_so() {
        let pressure = |text| write(text).pressure;
        assert_eq!(pressure(r#"{"disable_backpressure":true}"#), Pressure::Lifted);
        for text in [r#"{"disable_backpressure":false}"#, r#"{"disable_backpressure":null}"#, "{}"]
        {
            assert_eq!(pressure(text), Pressure::Heeded);
        }
    }

    #[test]
    fn nulls_and_an_empty_request_say_nothing() {
        for text in
            ["{}", r#"{"upsert_rows":null,"deletes":null,"sharding":null,"patch_by_filter":null}"#]
        {
            let omission = Omission::Mistake { rows: 0 };
            assert_eq!(write(text), Write { omission, ..Write::default() });
        }
    }

    #[test]
    fn who_creates_a_namespace_is_said() {
        let create = |text| write(text).create;
        assert_eq!(create(r#"{"create_namespace":false}"#), Create::Never);
        let always = r#"{"create_namespace":true,"schema":{"id":"uuid"}}"#;
        assert_eq!(create(always), Create::Always);
        assert_eq!(create(r#"{"create_namespace":true,"upsert_rows":[{"id":1}]}"#), Create::Always);
        // What it may be without is known where the namespace is.
        assert_eq!(create(r#"{"create_namespace":true}"#), Create::Always);
    }

    #[test]
    fn what_cannot_be_obeyed_is_refused_by_name() {
        for (text, told) in [
            (r#"{"upsert":[]}"#, "unknown field `upsert`"),
            (r#"{"copy_from_namespace":"s"}"#, "`copy_from_namespace` is not supported"),
            (r#"{"copy_from_namespace":{"source_namespace":"s"}}"#, "and upsert them here"),
            (r#"{"branch_from_namespace":"s"}"#, "`branch_from_namespace` is not supported"),
            (r#"{"sharding":{"num_shards":2}}"#, "`sharding` is not supported"),
            (r#"{"sharding":false}"#, "over several namespaces"),
            (
                r#"{"patch_by_filter":{"filters":["a","Eq",1],"patch":{"id":2}}}"#,
                "cannot change the id",
            ),
            (
                r#"{"patch_by_filter":{"filters":["a","Eq",1],"patch":{},"x":1}}"#,
                "unknown field `patch_by_filter.x`",
            ),
            (r#"{"delete_by_filter":["a","Eq",{"$ref_new":"a"}]}"#, "`$ref_new`"),
            (
                r#"{"encryption":{"mode":"customer-managed","key_name":"mykey"}}"#,
                "Malformed Cloud KMS crypto key: mykey",
            ),
            (
                r#"{"encryption":{"cmek":{"key_name":"mykey"}}}"#,
                "Malformed Cloud KMS crypto key: mykey",
            ),
            (r#"{"encryption":{"mode":"customer-managed"}}"#, "is not supported"),
            (
                r#"{"encryption":{"mode":"customer-managed","key_name":"projects/a/locations/b"}}"#,
                "is not supported",
            ),
            (r#"{"encryption":{"mode":"default","key_name":"projects/a"}}"#, "is not supported"),
            (r#"{"encryption":{"mode":"default","cmek":{}}}"#, "is not supported"),
            (r#"{"encryption":{"mode":"default","x":1}}"#, "unknown field `encryption.x`"),
            (
                r#"{"upsert_columns":{"id":[1,2],"a":[1]}}"#,
                "upsert_columns.a has 1, upsert_columns.id has 2",
            ),
        ] {
            let refusal = read(text.as_bytes()).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
            assert_ne!(refusal.code(), "wrong_shape");
        }
    }

    #[test]
    fn what_has_another_shape_is_refused_in_the_words_of_the_contract() {
        for (text, told) in [
            (r#"{"upsert_rows":{}}"#, "upsert_rows: invalid type: map, expected a sequence"),
            (r#"{"upsert_rows":[{}]}"#, "upsert_rows[0]: missing field `id` at line 1 column"),
            (
                r#"{"upsert_rows":[{"id":true}]}"#,
                "data did not match any variant of untagged enum Id at line 1",
            ),
            (
                r#"{"deletes":[1.5]}"#,
                "deletes: data did not match any variant of untagged enum IdVec",
            ),
            (
                r#"{"upsert_columns":{"id":[null]}}"#,
                "upsert_columns.id: data did not match any variant of untagged enum IdVec",
            ),
            (r#"{"upsert_columns":{"a":[]}}"#, "upsert_columns: missing field `id`"),
            (
                r#"{"patch_columns":{"id":[1],"a":7}}"#,
                "patch_columns.a: invalid type: integer `7`, expected a sequence",
            ),
            (
                r#"{"encryption":{"mode":"x","key_name":"k"}}"#,
                "encryption.mode: unknown variant `x`",
            ),
            (
                r#"{"distance_metric":"manhattan"}"#,
                "distance_metric: unknown variant `manhattan`, expected one of",
            ),
            (r#"{"schema":{"a":{}}}"#, "schema.a: missing field `type`"),
            (r#"{"return_affected_ids":1}"#, "return_affected_ids: invalid type: integer `1`"),
            (r#"{"patch_by_filter":{}}"#, "patch_by_filter: missing field `filters`"),
            (
                r#"{"patch_by_filter":{"filters":["And",[]]}}"#,
                "patch_by_filter: missing field `patch`",
            ),
            (
                r#"{"patch_by_filter":{"filters":7,"patch":{}}}"#,
                "patch_by_filter.filters: data did not match any variant",
            ),
            (r#"{"delete_by_filter":{}}"#, "delete_by_filter: data did not match any variant"),
            (
                r#"{"delete_by_filter_allow_partial":1}"#,
                "delete_by_filter_allow_partial: invalid type: integer `1`",
            ),
        ] {
            let refusal = read(text.as_bytes()).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
            assert_eq!(refusal.code(), "wrong_shape");
        }
        assert_eq!(read(b"{\"upsert_rows\":[").unwrap_err().code(), "malformed_json");
    }

    #[test]
    fn only_what_can_be_done_twice_may_be_sent_twice() {
        let of = |text, key| again(&write(text), key);
        assert_eq!(of(r#"{"upsert_rows":[{"id":1}],"deletes":[2]}"#, None), Again::Safe);
        for doubtful in [
            r#"{"patch_rows":[{"id":1}]}"#,
            r#"{"delete_by_filter":["a","Eq",1]}"#,
            r#"{"patch_by_filter":{"filters":["a","Eq",1],"patch":{"a":2}}}"#,
            r#"{"upsert_condition":["a","Eq",1],"upsert_rows":[{"id":1}]}"#,
            r#"{"delete_condition":["a","Eq",1],"deletes":[1]}"#,
        ] {
            assert_eq!(of(doubtful, None), Again::Unsafe);
            assert_eq!(of(doubtful, Some("k")), Again::Safe);
        }
        let idle = r#"{"delete_condition":["a","Eq",1],"upsert_rows":[{"id":1}]}"#;
        assert_eq!(of(idle, None), Again::Safe, "no document is asked");
    }
}
