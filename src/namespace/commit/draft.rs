//! One request in the making: what it has made of the schema and of documents so far. It becomes
//! part of the batch when all of it is evaluated, and is dropped where anything of it is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::named::{Named, Typed};
use crate::error::{Error, Result};
use crate::eval::{Bound, Purpose};
use crate::model::{
    AttrNo, Attribute, ByFilter, DocId, Filter, Given, GivenRow, IdType, Omission, PatchByFilter,
    Row, Schema, SchemaEdit, Value, VectorFault, Write, Written,
};

pub(super) struct Draft {
    pub(super) schema: Arc<Schema>,
    pub(super) edits: Vec<SchemaEdit>,
    pub(super) rows: BTreeMap<DocId, Option<Row>>,
    pub(super) written: Written,
    /// What documents that were found by a filter take in memory, nearly.
    pub(super) found_bytes: u64,
}

/// Values with their types, by the numbers of their attributes: what is null is said to be.
pub(super) type Values = Vec<(AttrNo, Option<Value>)>;

/// The attributes of a schema by their numbers: found out once for all the values of a request.
pub(super) type Known<'a> = BTreeMap<AttrNo, (&'a str, &'a Attribute)>;

impl Draft {
    pub(super) fn over(schema: Arc<Schema>) -> Self {
        Self {
            schema,
            edits: Vec::new(),
            rows: BTreeMap::new(),
            written: Written::default(),
            found_bytes: 0,
        }
    }

    pub(super) fn edit(&mut self, edits: Vec<SchemaEdit>) {
        if !edits.is_empty() {
            let schema = Arc::make_mut(&mut self.schema);
            edits.iter().for_each(|edit| schema.apply(edit));
            self.edits.extend(edits);
        }
    }

    /// What a request says of documents by their ids. What is said of one is said once.
    pub(super) fn named(&mut self, write: &Write) -> Result<Named> {
        let Some(id_type) = self.id_type(write)? else { return Ok(Named::default()) };
        let upserts = self.rows_of(&write.upserts, id_type, write)?;
        let patches = self.rows_of(&write.patches, id_type, write)?;
        let known = self.schema.by_number();
        patches.iter().try_for_each(|row| check_patch(&row.values, &known))?;
        let deletes: Vec<DocId> =
            write.deletes.iter().map(|id| DocId::of(id, id_type)).collect::<Result<_>>()?;
        unique(upserts.iter().chain(&patches).map(|row| &row.id).chain(&deletes))?;
        if let Omission::Mistake { rows } = write.omission {
            check_vectors(&upserts, rows, &known)?;
        }
        Ok(Named { upserts, patches, deletes })
    }

    /// What becomes of the documents that a request patches by filter, if it patches any so.
    pub(super) fn patch_of<'a>(
        &mut self,
        write: &'a Write,
    ) -> Result<Option<(&'a ByFilter, Values)>> {
        let Some(PatchByFilter { matching, values }) = &write.patch_by_filter else {
            return Ok(None);
        };
        self.infer(values, write)?;
        let values = self.values_of(values)?;
        check_patch(&values, &self.schema.by_number())?;
        Ok(Some((matching, values)))
    }

    /// The type of ids, which the first of them settles. None: there is no id at all.
    fn id_type(&mut self, write: &Write) -> Result<Option<IdType>> {
        let rows = write.upserts.iter().chain(&write.patches).map(|row| &row.id);
        let Some(first) = rows.chain(&write.deletes).next() else { return Ok(None) };
        if let Some(known) = self.schema.id {
            return Ok(Some(known));
        }
        let id_type = IdType::infer(first)?;
        self.edit(vec![SchemaEdit::IdType(id_type)]);
        Ok(Some(id_type))
    }

    fn rows_of(&mut self, rows: &[GivenRow], id_type: IdType, write: &Write) -> Result<Vec<Typed>> {
        // All of them say what an attribute is before one is read by it: in one of them it may be
        // empty, and say nothing.
        for GivenRow { id, values } in rows {
            self.infer(values, write).map_err(|error| of_document(id, error))?;
        }
        let typed = |GivenRow { id, values }: &GivenRow| -> Result<Typed> {
            let values = self.values_of(values).map_err(|error| of_document(id, error));
            Ok(Typed { id: DocId::of(id, id_type)?, values: values? })
        };
        rows.iter().map(typed).collect()
    }

    fn infer(&mut self, values: &[(Arc<str>, Given)], write: &Write) -> Result<()> {
        for (name, given) in values {
            if self.schema.attributes.contains_key(&**name) {
                continue;
            }
            let edits = self.schema.infer(name, given, write.metric);
            let says_nothing = edits.as_ref().is_ok_and(Vec::is_empty);
            if write.reserved == Some(&**name) && !says_nothing {
                return Err(VectorFault::NoVectors.told());
            }
            self.edit(edits?);
        }
        Ok(())
    }

    fn values_of(&self, given: &[(Arc<str>, Given)]) -> Result<Values> {
        let mut values = Vec::with_capacity(given.len());
        for (name, given) in given {
            // A null, or an empty array, of an attribute that nobody knows says nothing.
            let Some(attribute) = self.schema.attributes.get(&**name) else { continue };
            let value = match given {
                Given::Null => None,
                given => Value::of_attribute(name, attribute.kind, given)?,
            };
            if let Some(value) = &value {
                value.check_size(name, attribute)?;
            }
            values.push((attribute.number, value));
        }
        values.sort_unstable_by_key(|(number, _)| *number);
        Ok(values)
    }

    pub(super) fn bind(&self, condition: Option<&Filter>) -> Result<Option<Bound>> {
        condition.map(|filter| Bound::bind(filter, &self.schema, Purpose::Condition)).transpose()
    }
}

/// Among thousands of them, a value alone would be looked for long. What is wrong with vectors is wrong
/// with all of them, and has words of its own.
fn of_document(id: &Given, error: Error) -> Error {
    match std::error::Error::source(&error) {
        None => Error::new(error.kind(), format!("{error} (document '{id}')")),
        Some(_) => error,
    }
}

/// Whether each names every vector attribute, be it by a null. Behind the first `rows`, one speaks
/// for all.
fn check_vectors(upserts: &[Typed], rows: usize, known: &Known<'_>) -> Result<()> {
    let vectors = known.iter().filter(|(_, (_, attribute))| attribute.kind.is_vector());
    let vectors: Vec<(AttrNo, &str)> =
        vectors.map(|(number, (name, _))| (*number, *name)).collect();
    for (at, Typed { values, .. }) in upserts.iter().enumerate().take(rows.saturating_add(1)) {
        let is_named =
            |number: &AttrNo| values.binary_search_by_key(number, |value| value.0).is_ok();
        let Some((_, name)) = vectors.iter().find(|(number, _)| !is_named(number)) else {
            continue;
        };
        let place = match at < rows {
            true => format!("upsert_rows[{at}]"),
            false => "upsert_columns".to_owned(),
        };
        return Err(Error::invalid(format!(
            "💔 {place}: vector attribute '{name}' must be given; null says that the document \
             has none"
        )));
    }
    Ok(())
}

fn check_patch(values: &[(AttrNo, Option<Value>)], known: &Known<'_>) -> Result<()> {
    let mut touched = values.iter().filter_map(|(number, _)| known.get(number));
    match touched.find(|(_, attribute)| attribute.kind.is_vector()) {
        None => Ok(()),
        Some((name, _)) => Err(Error::invalid(format!(
            "a patch may not touch vector attribute '{name}': upsert the document instead"
        ))),
    }
}

pub(super) fn check_size(row: &Row, known: &Known<'_>) -> Result<usize> {
    row.check_size(|number| known.get(&number).map(|(_, attribute)| attribute.kind))
}

/// What a patch counts for in each document: the values that it brings.
pub(super) fn bytes_of_patch(values: &[(AttrNo, Option<Value>)], known: &Known<'_>) -> u64 {
    let brought = values.iter().filter_map(|(number, value)| {
        let (_, attribute) = known.get(number)?;
        Some(value.as_ref()?.logical_bytes(attribute.kind) as u64)
    });
    brought.sum()
}

/// What a patch makes of a document. What was stored under an attribute that was dropped since goes
/// with this version.
pub(super) fn patched(
    old: Row,
    values: &[(AttrNo, Option<Value>)],
    known: &Known<'_>,
) -> Result<Row> {
    let Row { id, values: stored } = old;
    let stays = stored.into_iter().filter(|(number, _)| known.contains_key(number));
    let stays = stays.filter(|_| !crate::mutant!("a patch drops what it does not name"));
    let mut merged: BTreeMap<AttrNo, Value> = stays.collect();
    for (number, value) in values {
        match value {
            Some(value) => drop(merged.insert(*number, value.clone())),
            None if crate::slip!("a patch clears nothing") => {}
            None => drop(merged.remove(number)),
        }
    }
    let row = Row { id, values: merged.into_iter().collect() };
    check_size(&row, known)?;
    Ok(row)
}

fn unique<'a>(ids: impl Iterator<Item = &'a DocId>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(Error::invalid(format!(
                "id '{id}' is there twice: one request may say one thing of a document"
            )));
        }
    }
    Ok(())
}
