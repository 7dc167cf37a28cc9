//! What a batch of requests does, in commit order: conditions, patches and schemas are evaluated
//! here, so that a slot holds effects, and replaying it can neither fail nor come out otherwise.
//!
//! Each request is taken whole or not at all, over what the ones before it have done.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::segments::Segment;
use super::tail::{Latest, Tail};
use crate::error::{Error, Result};
use crate::eval::{Bound, Purpose, holds};
use crate::log::effects::Effects;
use crate::model::columns::Columns;
use crate::model::{
    AttrNo, DocId, Filter, Given, GivenRow, IdType, Row, Schema, SchemaEdit, Value, Write, Written,
};

/// What requests are evaluated over: all that is committed.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub tail: &'a Tail,
    /// May be empty where no request of the batch asks what an id was before.
    pub segments: &'a [Arc<Segment>],
}

/// A batch in the making.
#[derive(Debug)]
pub struct Stage<'a> {
    ground: Ground<'a>,
    schema: Arc<Schema>,
    edits: Vec<SchemaEdit>,
    /// The newest version of each id that the batch has touched.
    rows: BTreeMap<DocId, Option<Row>>,
}

/// One request, evaluated.
struct Draft {
    schema: Arc<Schema>,
    edits: Vec<SchemaEdit>,
    rows: Vec<(DocId, Option<Row>)>,
    written: Written,
}

/// Whether a request must know what its ids were before: only then are segments read.
pub fn asks_what_was(write: &Write) -> bool {
    let conditions = [&write.upsert_condition, &write.patch_condition, &write.delete_condition];
    !write.patches.is_empty() || conditions.iter().any(|condition| condition.is_some())
}

impl Ground<'_> {
    fn get(&self, id: &DocId) -> Option<Row> {
        match self.tail.latest(id) {
            Some(Latest::At { block, row }) => Some(self.tail.row(block, row)),
            Some(Latest::Gone) => None,
            None => self.segments.iter().find_map(|segment| segment.get(id)),
        }
    }
}

impl<'a> Stage<'a> {
    pub fn over(ground: Ground<'a>) -> Self {
        let schema = ground.tail.schema().clone();
        Self { ground, schema, edits: Vec::new(), rows: BTreeMap::new() }
    }

    /// Takes in one request, or refuses it and stays as it was.
    pub fn take(&mut self, write: &Write) -> Result<Written> {
        let draft = self.draft(write)?;
        self.schema = draft.schema;
        self.edits.extend(draft.edits);
        self.rows.extend(draft.rows);
        Ok(draft.written)
    }

    /// Whether nothing would be in the slot.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.rows.is_empty()
    }

    /// What the slot is to do. `at` is for display.
    pub fn effects(self, at: u64) -> Result<Effects> {
        let (mut upserts, mut deletes) = (Vec::new(), Vec::new());
        for (id, row) in self.rows {
            match row {
                Some(row) => upserts.push(row),
                None => deletes.push(id),
            }
        }
        let upserts = match self.schema.id {
            Some(id_type) => {
                let kinds = self.schema.by_number();
                let kind_of = |number| kinds.get(&number).map(|(_, attribute)| attribute.kind);
                Columns::by_shape(id_type, kind_of, &upserts)?
            }
            None => Vec::new(),
        };
        Ok(Effects { at, schema: self.edits, upserts, deletes })
    }

    fn draft(&self, write: &Write) -> Result<Draft> {
        if self.schema.settings.read_only {
            return Err(Error::invalid(
                "this namespace is read-only: set read_only to false in its metadata to write to it",
            ));
        }
        let mut draft = Draft {
            schema: self.schema.clone(),
            edits: Vec::new(),
            rows: Vec::new(),
            written: Written::default(),
        };
        draft.edit(self.schema.declare(&write.schema, write.id_type, write.metric)?);
        let Some(id_type) = draft.id_type(write)? else { return Ok(draft) };
        let upserts = draft.rows_of(&write.upserts, id_type, write)?;
        let patches = draft.rows_of(&write.patches, id_type, write)?;
        let deletes: Vec<DocId> =
            write.deletes.iter().map(|id| DocId::of(id, id_type)).collect::<Result<_>>()?;
        unique(upserts.iter().chain(&patches).map(|row| &row.id).chain(&deletes))?;
        if !upserts.is_empty() && !draft.schema.settled {
            draft.edit(vec![SchemaEdit::Settled]);
        }
        self.upsert(&mut draft, upserts, write.upsert_condition.as_ref())?;
        self.patch(&mut draft, patches, write.patch_condition.as_ref())?;
        self.delete(&mut draft, deletes, write.delete_condition.as_ref())?;
        Ok(draft)
    }

    /// The newest version of a document before this request.
    fn get(&self, id: &DocId) -> Option<Row> {
        match self.rows.get(id) {
            Some(staged) => staged.clone(),
            None => self.ground.get(id),
        }
    }

    fn upsert(
        &self,
        draft: &mut Draft,
        rows: Vec<Typed>,
        condition: Option<&Filter>,
    ) -> Result<()> {
        let condition = draft.bind(condition)?;
        for Typed { id, values } in rows {
            let row = Row { id: id.clone(), values: present(values) };
            // A document that is not there is inserted, whatever the condition.
            let applies = condition.as_ref().is_none_or(|condition| {
                self.get(&id).is_none_or(|old| holds(condition, &old, Some(&row)))
            });
            if applies {
                draft.check_size(&row)?;
                draft.written.upserted.push(id.clone());
                draft.rows.push((id, Some(row)));
            }
        }
        Ok(())
    }

    fn patch(&self, draft: &mut Draft, rows: Vec<Typed>, condition: Option<&Filter>) -> Result<()> {
        let condition = draft.bind(condition)?;
        for Typed { id, values } in rows {
            if let Some((number, _)) = values.iter().find(|(number, _)| draft.is_vector(*number)) {
                let name = draft.schema.numbered(*number).map_or("", |(name, _)| name);
                return Err(Error::invalid(format!(
                    "a patch may not touch vector attribute '{name}': upsert the document instead"
                )));
            }
            let Some(old) = self.get(&id) else { continue };
            let new = Row { id: id.clone(), values: present(values.clone()) };
            if condition.as_ref().is_some_and(|condition| !holds(condition, &old, Some(&new))) {
                continue;
            }
            let mut merged: BTreeMap<AttrNo, Value> = old.values.into_iter().collect();
            for (number, value) in values {
                match value {
                    Some(value) => drop(merged.insert(number, value)),
                    None => drop(merged.remove(&number)),
                }
            }
            let row = Row { id: id.clone(), values: merged.into_iter().collect() };
            draft.check_size(&row)?;
            draft.written.patched.push(id.clone());
            draft.rows.push((id, Some(row)));
        }
        Ok(())
    }

    fn delete(&self, draft: &mut Draft, ids: Vec<DocId>, condition: Option<&Filter>) -> Result<()> {
        let condition = draft.bind(condition)?;
        for id in ids {
            if let Some(condition) = &condition {
                let nothing = Row { id: id.clone(), values: Vec::new() };
                let Some(old) = self.get(&id) else { continue };
                if !holds(condition, &old, Some(&nothing)) {
                    continue;
                }
            }
            draft.written.deleted.push(id.clone());
            draft.rows.push((id, None));
        }
        Ok(())
    }
}

/// A row whose values have their types: what is null is said to be.
struct Typed {
    id: DocId,
    values: Vec<(AttrNo, Option<Value>)>,
}

impl Draft {
    fn edit(&mut self, edits: Vec<SchemaEdit>) {
        if !edits.is_empty() {
            let schema = Arc::make_mut(&mut self.schema);
            edits.iter().for_each(|edit| schema.apply(edit));
            self.edits.extend(edits);
        }
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
        rows.iter().map(|row| self.row_of(row, id_type, write)).collect()
    }

    fn row_of(&mut self, row: &GivenRow, id_type: IdType, write: &Write) -> Result<Typed> {
        let id = DocId::of(&row.id, id_type)?;
        let mut values = Vec::with_capacity(row.values.len());
        for (name, given) in &row.values {
            if !self.schema.attributes.contains_key(name) {
                self.edit(self.schema.infer(name, given, write.metric)?);
            }
            // A null, or an empty array, of an attribute that nobody knows says nothing.
            let Some(attribute) = self.schema.attributes.get(name) else { continue };
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
        Ok(Typed { id, values })
    }

    fn bind(&self, condition: Option<&Filter>) -> Result<Option<Bound>> {
        condition.map(|filter| Bound::bind(filter, &self.schema, Purpose::Condition)).transpose()
    }

    fn is_vector(&self, number: AttrNo) -> bool {
        self.schema.numbered(number).is_some_and(|(_, attribute)| attribute.kind.is_vector())
    }

    fn check_size(&self, row: &Row) -> Result<()> {
        row.check_size(|number| self.schema.numbered(number).map(|(_, attribute)| attribute.kind))
    }
}

fn present(values: Vec<(AttrNo, Option<Value>)>) -> Vec<(AttrNo, Value)> {
    values.into_iter().filter_map(|(number, value)| Some((number, value?))).collect()
}

fn unique<'a>(ids: impl Iterator<Item = &'a DocId>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(Error::invalid(format!(
                "id '{id}' is there twice: one request may say one thing of a document"
            )));
        }
    }
    Ok(())
}
