//! What a batch of requests does, in commit order: conditions, filters, patches and schemas are
//! evaluated here, so that a slot holds effects, and replaying it can neither fail nor come out
//! otherwise.
//!
//! Each request is taken whole or not at all, over what the ones before it have done. Of its
//! operations, those by filter come first, and each sees what the one before it has done. A filter
//! is asked of the very moment at which its request is committed: nothing comes in between.

mod draft;
mod found;
mod named;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::base::Base;
use super::segments::Segment;
use super::tail::{Landed, Latest, Tail};
use super::view::View;
use crate::error::{Error, ErrorKind, Result};
use crate::log::effects::Effects;
use crate::memory::Memory;
use crate::model::columns::Columns;
use crate::model::{
    AttrType, Create, DELETED_BY_FILTER_MAX, DocId, PATCHED_BY_FILTER_MAX, ReadOnly, Row, Scalar,
    Schema, SchemaEdit, Seq, Settings, Write, Written,
};
use draft::Draft;
use named::Named;

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
    /// What is on the ground, as one looks for documents there. Found out by the first who does.
    view: OnceLock<View>,
    limits: Limits,
}

/// How many documents a request may change that it does not name.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub deletes: usize,
    pub patches: usize,
}

/// Asked before a request takes memory that nobody has reserved for it: for so many bytes in all.
pub type Room<'a> = &'a mut dyn FnMut(u64) -> Result<()>;

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
    if write.reads() {
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
            Some(Latest::At(place)) => Some(self.tail.row(place)),
            Some(Latest::Gone(_)) => None,
            None => self.segments.iter().find_map(|segment| segment.get(id)),
        }
    }

    fn has(&self, id: &DocId) -> bool {
        match self.tail.latest(id) {
            Some(latest) => !latest.is_gone(),
            None => self.segments.iter().any(|segment| segment.has(id)),
        }
    }
}

impl Stage {
    pub fn over(ground: Ground) -> Self {
        let schema = ground.tail.schema().clone();
        let limits = Limits { deletes: DELETED_BY_FILTER_MAX, patches: PATCHED_BY_FILTER_MAX };
        Self {
            ground,
            schema,
            edits: Vec::new(),
            rows: BTreeMap::new(),
            bytes: 0,
            changed: false,
            view: OnceLock::new(),
            limits,
        }
    }

    #[cfg(test)]
    pub(super) fn limited(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What of the segments is here.
    pub fn holds(&self) -> Asks {
        self.ground.holds
    }

    /// More of the same segments.
    pub fn learn(&mut self, segments: Vec<Arc<Segment>>, holds: Asks) {
        (self.ground.segments, self.ground.holds) = (segments, holds);
        self.view = OnceLock::new();
    }

    /// Takes in one request, or refuses it and stays as it was.
    pub fn take(&mut self, write: &Write) -> Result<Written> {
        self.take_within(write, &mut |_| Ok(()))
    }

    /// The same where memory is counted: a filter may find more documents than anybody has reserved for.
    pub fn take_within(&mut self, write: &Write, room: Room<'_>) -> Result<Written> {
        assert!(asks(write) <= self.ground.holds, "a request over segments that are not here");
        let draft = self.draft(write, room)?;
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
        self.view = OnceLock::new();
        Ok(effects)
    }

    fn draft(&self, write: &Write, room: Room<'_>) -> Result<Draft> {
        let mut draft = Draft::over(self.schema.clone());
        if self.ground.born == Born::Yes && write.create == Create::New {
            return Err(Error::new(ErrorKind::Conflict, "this namespace is there already"));
        }
        if self.ground.born == Born::No && !creates(write) {
            return Err(Error::new(ErrorKind::NotFound, "there is no such namespace"));
        }
        // A document says by its id what ids are.
        let typed = !write.upserts.is_empty() || write.id_type.is_some();
        if self.ground.born == Born::No && write.create == Create::Always && !typed {
            return Err(Error::invalid(
                "create_namespace without documents needs the type of ids: `schema.id`",
            ));
        }
        if write.read_only.is_some() || write.pinning.is_some() {
            draft.edit(self.set(write));
            return Ok(draft);
        }
        if self.schema.settings.read_only {
            return Err(Error::invalid(
                "this namespace is read-only: set read_only to false in its metadata to write to it",
            ));
        }
        draft.edit(self.schema.declare(&write.schema, write.id_type, write.metric)?);
        // All of the request speaks of one schema: that which it leaves behind.
        let Named { upserts, patches, deletes } = draft.named(write)?;
        let patch = draft.patch_of(write)?;
        if !upserts.is_empty() && !draft.schema.settled {
            draft.edit(vec![SchemaEdit::Settled]);
        }
        if let Some(matching) = &write.delete_by_filter {
            self.delete_found(&mut draft, matching, &mut *room)?;
        }
        let schema = draft.schema.clone();
        let known = schema.by_number();
        if let Some((matching, values)) = patch {
            self.patch_found(&mut draft, matching, &values, &known, room)?;
        }
        if write.delete_by_filter.is_some() || write.patch_by_filter.is_some() {
            draft.written.queried_bytes = self.view().sizes().bytes();
        }
        self.upsert(&mut draft, upserts, write.upsert_condition.as_ref(), &known)?;
        self.patch(&mut draft, patches, write.patch_condition.as_ref(), &known)?;
        self.delete(&mut draft, deletes, write.delete_condition.as_ref())?;
        Ok(draft)
    }

    fn set(&self, write: &Write) -> Vec<SchemaEdit> {
        let before = &self.schema.settings;
        let after = Settings {
            read_only: write.read_only.map_or(before.read_only, |said| said == ReadOnly::Yes),
            pinning: write.pinning.unwrap_or(before.pinning),
        };
        if after == *before { Vec::new() } else { vec![SchemaEdit::Settings(after)] }
    }

    /// Whether a document is there, by what the request has done so far.
    fn has(&self, draft: &Draft, id: &DocId) -> bool {
        match self.staged(draft, id) {
            Some(staged) => staged.is_some(),
            None => self.ground.has(id),
        }
    }

    /// The newest version of a document, by what the request has done so far.
    fn get(&self, draft: &Draft, id: &DocId) -> Option<Row> {
        match self.staged(draft, id) {
            Some(staged) => staged.clone(),
            None => self.ground.get(id),
        }
    }

    fn staged<'a>(&'a self, draft: &'a Draft, id: &DocId) -> Option<&'a Option<Row>> {
        draft.rows.get(id).or_else(|| self.rows.get(id))
    }

    fn view(&self) -> &View {
        let Ground { tail, segments, .. } = &self.ground;
        self.view.get_or_init(|| View::new(tail.clone(), segments.clone()))
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
