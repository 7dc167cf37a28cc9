//! What a batch of requests does, in commit order: conditions, patches and schemas are evaluated
//! here, so that a slot holds effects, and replaying it can neither fail nor come out otherwise.
//!
//! Each request is taken whole or not at all, over what the ones before it have done.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::base::Base;
use super::segments::Segment;
use super::tail::{Landed, Latest, Tail};
use crate::error::{Error, ErrorKind, Result};
use crate::eval::{Bound, Purpose, holds};
use crate::log::effects::Effects;
use crate::memory::Memory;
use crate::model::columns::Columns;
use crate::model::{
    AttrNo, AttrType, Create, DocId, Filter, Given, GivenRow, IdType, ReadOnly, Row, Scalar,
    Schema, SchemaEdit, Seq, Settings, Value, Write, Written,
};

/// What requests are evaluated over: all that is committed, and what is being committed.
#[derive(Clone, Debug)]
pub struct Ground {
    pub tail: Tail,
    pub segments: Vec<Arc<Segment>>,
    /// What of the segments is here, at the least.
    pub holds: Asks,
    /// Whether there is a namespace yet.
    pub born: Born,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Born {
    No,
    Yes,
}

/// A batch in the making.
#[derive(Debug)]
pub struct Stage {
    ground: Ground,
    schema: Arc<Schema>,
    edits: Vec<SchemaEdit>,
    /// The newest version of each id that the batch has touched, since it was last cut.
    rows: BTreeMap<DocId, Option<Row>>,
    /// What those take, nearly: in logical bytes, with something for each row.
    bytes: usize,
    /// Something was taken that has to be committed, be it that the namespace is there.
    changed: bool,
}

/// One request, evaluated.
struct Draft {
    schema: Arc<Schema>,
    edits: Vec<SchemaEdit>,
    rows: Vec<(DocId, Option<Row>)>,
    written: Written,
}

/// What a request must know of documents that were written before, so what of segments is read: an
/// upsert without a condition never asks what it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asks {
    Nothing,
    /// Whether they are there.
    Ids,
    Rows,
}

pub fn asks(write: &Write) -> Asks {
    let conditions = [&write.upsert_condition, &write.patch_condition, &write.delete_condition];
    if !write.patches.is_empty() || conditions.iter().any(|condition| condition.is_some()) {
        Asks::Rows
    } else if !write.deletes.is_empty() {
        Asks::Ids
    } else {
        Asks::Nothing
    }
}

/// What a row takes in a batch besides its values.
const ROW_BYTES: usize = 64;

impl Ground {
    /// Before the first slot of a name.
    pub fn nothing() -> Self {
        let tail = Tail::behind(&Base::default(), Seq(0));
        Self { tail, segments: Vec::new(), holds: Asks::Rows, born: Born::No }
    }

    fn get(&self, id: &DocId) -> Option<Row> {
        match self.tail.latest(id) {
            Some(Latest::At { block, row }) => Some(self.tail.row(block, row)),
            Some(Latest::Gone) => None,
            None => self.segments.iter().find_map(|segment| segment.get(id)),
        }
    }

    fn has(&self, id: &DocId) -> bool {
        match self.tail.latest(id) {
            Some(latest) => latest != Latest::Gone,
            None => self.segments.iter().any(|segment| segment.has(id)),
        }
    }
}

impl Stage {
    pub fn over(ground: Ground) -> Self {
        let schema = ground.tail.schema().clone();
        Self { ground, schema, edits: Vec::new(), rows: BTreeMap::new(), bytes: 0, changed: false }
    }

    /// What of the segments is here.
    pub fn holds(&self) -> Asks {
        self.ground.holds
    }

    /// More of the same segments.
    pub fn learn(&mut self, segments: Vec<Arc<Segment>>, holds: Asks) {
        (self.ground.segments, self.ground.holds) = (segments, holds);
    }

    /// Takes in one request, or refuses it and stays as it was.
    pub fn take(&mut self, write: &Write) -> Result<Written> {
        assert!(asks(write) <= self.ground.holds, "a request over segments that are not here");
        let draft = self.draft(write)?;
        self.changed |= !draft.edits.is_empty() || !draft.rows.is_empty();
        self.changed |= self.ground.born == Born::No && creates(write);
        if self.changed {
            self.ground.born = Born::Yes;
        }
        self.schema = draft.schema;
        self.edits.extend(draft.edits);
        for (id, row) in draft.rows {
            self.bytes += ROW_BYTES + row.as_ref().map_or(0, bytes_of);
            self.rows.insert(id, row);
        }
        Ok(draft.written)
    }

    /// Whether nothing has to be committed.
    pub fn is_empty(&self) -> bool {
        !self.changed
    }

    /// Whether something was taken since it was last cut.
    pub fn has_rest(&self) -> bool {
        !self.rows.is_empty() || !self.edits.is_empty()
    }

    /// How much was taken since it was last cut.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A part of what the batch is to do: about so many bytes of it, and the schema first. What is
    /// taken later is evaluated over it. `at` is for display.
    pub fn cut(&mut self, at: u64, bytes_max: usize, memory: &Memory) -> Result<Effects> {
        let (mut upserts, mut deletes, mut bytes) = (Vec::new(), Vec::new(), 0);
        let known = self.schema.by_number();
        while let Some((id, row)) = self.rows.pop_first() {
            bytes += ROW_BYTES + row.as_ref().map_or(0, bytes_of);
            match row {
                // An attribute that a later request has dropped goes with it.
                Some(mut row) => {
                    row.values.retain(|(number, _)| known.contains_key(number));
                    upserts.push(row);
                }
                None => deletes.push(id),
            }
            if bytes >= bytes_max {
                break;
            }
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.rows.is_empty() {
            self.bytes = 0;
        }
        let upserts = match self.schema.id {
            Some(id_type) => {
                let kind_of = |number| known.get(&number).map(|(_, attribute)| attribute.kind);
                Columns::by_shape(id_type, kind_of, &upserts)?
            }
            None => Vec::new(),
        };
        let effects = Effects { at, schema: std::mem::take(&mut self.edits), upserts, deletes };
        // The numbers of slots are nobody's business in a tail that is thrown away.
        let next = self.ground.tail.next();
        self.ground.tail.apply(&Landed::new(next, vec![effects.clone()], memory))?;
        Ok(effects)
    }

    fn draft(&self, write: &Write) -> Result<Draft> {
        let mut draft = Draft {
            schema: self.schema.clone(),
            edits: Vec::new(),
            rows: Vec::new(),
            written: Written::default(),
        };
        if self.ground.born == Born::Yes && write.create == Create::New {
            return Err(Error::new(ErrorKind::Conflict, "this namespace is there already"));
        }
        if self.ground.born == Born::No && !creates(write) {
            return Err(Error::new(ErrorKind::NotFound, "there is no such namespace"));
        }
        if let Some(read_only) = write.read_only {
            let read_only = read_only == ReadOnly::Yes;
            if read_only != self.schema.settings.read_only {
                draft.edit(vec![SchemaEdit::Settings(Settings { read_only })]);
            }
            return Ok(draft);
        }
        if self.schema.settings.read_only {
            return Err(Error::invalid(
                "this namespace is read-only: set read_only to false in its metadata to write to it",
            ));
        }
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

    /// Whether a document is there before this request.
    fn has(&self, id: &DocId) -> bool {
        match self.rows.get(id) {
            Some(staged) => staged.is_some(),
            None => self.ground.has(id),
        }
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
        let schema = draft.schema.clone();
        let known = schema.by_number();
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
            // What was stored under an attribute that was dropped since goes with this version.
            let stays = old.values.into_iter().filter(|(number, _)| known.contains_key(number));
            let stays = stays.filter(|_| !crate::mutant!("a patch drops what it does not name"));
            let mut merged: BTreeMap<AttrNo, Value> = stays.collect();
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
            if !self.has(&id) {
                continue;
            }
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

/// Whether a write may be the first of its namespace.
pub fn creates(write: &Write) -> bool {
    match write.create {
        Create::ByDocument => !write.upserts.is_empty(),
        Create::Always | Create::New => true,
        Create::Never => false,
    }
}

fn bytes_of(row: &Row) -> usize {
    // The type only matters to vectors of small numbers, and there are few of those.
    let values = row.values.iter();
    values.map(|(_, value)| value.logical_bytes(AttrType::Scalar(Scalar::Int))).sum()
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
        // All of them say what an attribute is before one is read by it: in one of them it may be
        // empty, and say nothing.
        for (name, given) in rows.iter().flat_map(|row| &row.values) {
            if !self.schema.attributes.contains_key(&**name) {
                self.edit(self.schema.infer(name, given, write.metric)?);
            }
        }
        rows.iter().map(|row| self.row_of(row, id_type)).collect()
    }

    fn row_of(&self, row: &GivenRow, id_type: IdType) -> Result<Typed> {
        let id = DocId::of(&row.id, id_type)?;
        let mut values = Vec::with_capacity(row.values.len());
        for (name, given) in &row.values {
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
