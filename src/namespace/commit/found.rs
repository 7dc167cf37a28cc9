//! Operations on documents that a request finds by a filter: among all that are there at that moment,
//! on the ground block by block, and row by row where its own batch has touched them.
//!
//! What must hold: no more documents are changed than a request may change, and room is asked for
//! before they are taken. Which ones are left where not all may be changed, is not said.

use arrow_buffer::BooleanBuffer;

use super::draft::{Draft, Known, bytes_of_patch, patched};
use super::{Room, Stage, bytes_of};
use crate::error::{Error, Result};
use crate::eval::{Bound, Purpose, holds, select};
use crate::model::{AttrNo, ByFilter, Columns, DocId, Excess, Filter, Value};

/// What a document takes here besides its values: in the request, in the batch, and in the answer.
const FOUND_BYTES: u64 = 256;
/// Room for documents that are patched is asked for by so much, since nobody knows how large they are.
const STEP_BYTES: u64 = 1 << 20;
/// Where there is no room for so few, there is none.
const FEW: usize = 1000;

struct Found<'a> {
    blocks: Vec<(&'a Columns, BooleanBuffer)>,
    /// Those that the batch or the request itself has touched.
    staged: Vec<DocId>,
}

impl Stage {
    pub(super) fn delete_found(
        &self,
        draft: &mut Draft,
        ByFilter { filter, excess }: &ByFilter,
        room: Room<'_>,
    ) -> Result<()> {
        let found = self.find(draft, filter)?;
        let mut count = found.within(self.limits.deletes, *excess, "delete")?;
        loop {
            let bytes = draft.found_bytes + count as u64 * FOUND_BYTES;
            match room(bytes) {
                Ok(()) => {
                    draft.found_bytes = bytes;
                    break;
                }
                Err(_) if *excess == Excess::Left && count > FEW => count /= 2,
                Err(error) => return Err(error),
            }
        }
        draft.written.remaining |= count < found.count() || crate::slip!("rows remain, if none do");
        let kept = usize::from(crate::slip!("a delete by filter keeps one"));
        for id in found.ids(count.saturating_sub(kept)) {
            draft.written.written_bytes += id.logical_bytes() as u64;
            draft.written.deleted.push(id.clone());
            draft.rows.insert(id, None);
        }
        Ok(())
    }

    pub(super) fn patch_found(
        &self,
        draft: &mut Draft,
        ByFilter { filter, excess }: &ByFilter,
        values: &[(AttrNo, Option<Value>)],
        known: &Known<'_>,
        room: Room<'_>,
    ) -> Result<()> {
        let found = self.find(draft, filter)?;
        let count = found.within(self.limits.patches, *excess, "patch")?;
        draft.written.remaining |= count < found.count();
        let (mut granted, patch_bytes) = (draft.found_bytes, bytes_of_patch(values, known));
        for (at, id) in found.ids(count).into_iter().enumerate() {
            let Some(old) = self.get(draft, &id) else { continue };
            let row = patched(old, values, known)?;
            draft.found_bytes += FOUND_BYTES + bytes_of(&row) as u64;
            if draft.found_bytes > granted {
                granted = draft.found_bytes + STEP_BYTES;
                match room(granted) {
                    Ok(()) => {}
                    Err(_) if *excess == Excess::Left && at > 0 => {
                        draft.written.remaining = true;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            draft.written.written_bytes += id.logical_bytes() as u64 + patch_bytes;
            draft.written.patched.push(id.clone());
            draft.rows.insert(id, Some(row));
        }
        Ok(())
    }

    fn find(&self, draft: &Draft, filter: &Filter) -> Result<Found<'_>> {
        let bound = Bound::bind(filter, &draft.schema, Purpose::Query)?;
        let untouched = self.rows.is_empty() && draft.rows.is_empty();
        let mut blocks = Vec::new();
        for living in self.view().living() {
            let rows = &living.rows;
            let mut hits = &select(&bound, &living.block())? & &living.alive;
            if !untouched {
                let stands = |row| self.staged(draft, &rows.id(row)).is_none();
                hits =
                    BooleanBuffer::collect_bool(rows.rows(), |row| hits.value(row) && stands(row));
            }
            blocks.push((&**rows, hits));
        }
        let batch = self.rows.iter().filter(|(id, _)| !draft.rows.contains_key(*id));
        let staged = batch.chain(&draft.rows).filter_map(|(id, row)| {
            let row = row.as_ref()?;
            holds(&bound, row, None).then(|| id.clone())
        });
        Ok(Found { blocks, staged: staged.collect() })
    }
}

impl Found<'_> {
    fn count(&self) -> usize {
        let hits = self.blocks.iter().map(|(_, hits)| hits.count_set_bits());
        hits.sum::<usize>() + self.staged.len()
    }

    /// How many of them may be changed.
    fn within(&self, max: usize, excess: Excess, verb: &str) -> Result<usize> {
        let count = self.count();
        match excess {
            Excess::Refused if count > max => Err(Error::invalid(format!(
                "the filter matches {count} documents, and one request may {verb} at most {max} by \
                 filter: narrow it, or allow it to be partial and send it until none remain"
            ))),
            Excess::Refused | Excess::Left => Ok(count.min(max)),
        }
    }

    /// So many of them, ascending.
    fn ids(&self, count: usize) -> Vec<DocId> {
        let hits = self
            .blocks
            .iter()
            .flat_map(|(rows, hits)| hits.set_indices().map(move |row| rows.id(row)));
        let mut ids: Vec<DocId> = hits.chain(self.staged.iter().cloned()).take(count).collect();
        ids.sort_unstable();
        ids
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow_array::UInt64Array;

    use super::*;
    use crate::model::IdType;
    use crate::namespace::commit::{Ground, Limits};

    /// What a request does at a lower limit is shown elsewhere: millions of documents are too many here.
    #[test]
    fn a_request_may_change_so_many_by_filter_and_no_more() {
        let Limits { deletes, patches } = Stage::over(Ground::nothing()).limits;
        assert_eq!((deletes, patches), (5_000_000, 50_000));
        let ids = Arc::new(UInt64Array::from(Vec::<u64>::new()));
        let rows = Columns::new(IdType::Uint, ids, BTreeMap::new()).unwrap();
        let found = |count| {
            let blocks = vec![(&rows, BooleanBuffer::new_set(count))];
            Found { blocks, staged: Vec::new() }
        };
        for (most, verb) in [(deletes, "delete"), (patches, "patch")] {
            for excess in [Excess::Refused, Excess::Left] {
                assert_eq!(found(most).within(most, excess, verb).unwrap(), most);
            }
            let refusal = found(most + 1).within(most, Excess::Refused, verb).unwrap_err();
            assert!(refusal.to_string().contains(&format!("may {verb} at most {most}")));
            assert_eq!(found(most + 1).within(most, Excess::Left, verb).unwrap(), most);
        }
    }
}
