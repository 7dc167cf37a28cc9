//! Operations on documents that a request names: each is asked its condition by itself, against the
//! version that is there when it comes to it.

use super::Stage;
use super::draft::{Draft, Known, Values, bytes_of_patch, check_size, patched};
use crate::error::Result;
use crate::eval::holds;
use crate::model::{AttrNo, DocId, Filter, Row, Value};

#[derive(Default)]
pub(super) struct Named {
    pub(super) upserts: Vec<Typed>,
    pub(super) patches: Vec<Typed>,
    pub(super) deletes: Vec<DocId>,
}

/// A row whose values have their types.
pub(super) struct Typed {
    pub(super) id: DocId,
    pub(super) values: Values,
}

impl Stage {
    pub(super) fn upsert(
        &self,
        draft: &mut Draft,
        rows: Vec<Typed>,
        condition: Option<&Filter>,
        known: &Known<'_>,
    ) -> Result<()> {
        let condition = draft.bind(condition)?;
        for Typed { id, values } in rows {
            let row = Row { id: id.clone(), values: present(values) };
            // A document that is not there is inserted, whatever the condition.
            let applies = condition.as_ref().is_none_or(|condition| {
                let old = self.get(draft, &id);
                old.map_or(!crate::slip!("a condition keeps out what is new"), |old| {
                    holds(condition, &old, Some(&row))
                })
            });
            if applies {
                draft.written.written_bytes += check_size(&row, known)? as u64;
                draft.written.upserted.push(id.clone());
                draft.rows.insert(id, Some(row));
            }
        }
        Ok(())
    }

    pub(super) fn patch(
        &self,
        draft: &mut Draft,
        rows: Vec<Typed>,
        condition: Option<&Filter>,
        known: &Known<'_>,
    ) -> Result<()> {
        let condition = draft.bind(condition)?;
        for Typed { id, values } in rows {
            let Some(old) = self.get(draft, &id) else { continue };
            if let Some(condition) = &condition {
                let new = Row { id: id.clone(), values: present(values.clone()) };
                if !holds(condition, &old, Some(&new)) {
                    continue;
                }
            }
            let row = patched(old, &values, known)?;
            draft.written.written_bytes +=
                id.logical_bytes() as u64 + bytes_of_patch(&values, known);
            draft.written.patched.push(id.clone());
            draft.rows.insert(id, Some(row));
        }
        Ok(())
    }

    pub(super) fn delete(
        &self,
        draft: &mut Draft,
        ids: Vec<DocId>,
        condition: Option<&Filter>,
    ) -> Result<()> {
        let condition = draft.bind(condition)?;
        for id in ids {
            if !self.has(draft, &id) {
                continue;
            }
            if let Some(condition) = &condition {
                let Some(old) = self.get(draft, &id) else { continue };
                if !holds(condition, &old, None) {
                    continue;
                }
            }
            draft.written.written_bytes += id.logical_bytes() as u64;
            draft.written.deleted.push(id.clone());
            draft.rows.insert(id, None);
        }
        Ok(())
    }
}

fn present(values: Values) -> Vec<(AttrNo, Value)> {
    values.into_iter().filter_map(|(number, value)| Some((number, value?))).collect()
}
