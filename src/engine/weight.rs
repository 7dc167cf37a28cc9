//! How much memory a write takes as long as it waits: what is reserved before it is queued.
//!
//! Each block on the heap is counted with what an allocator adds to it. That is near enough: it is
//! compared with a limit of gigabytes.

use std::ops::Deref;

use crate::model::{
    ByFilter, Declaration, Edits, Filter, FullText, Given, GivenRow, Operand, PatchByFilter,
    Pattern, SchemaChange, Write,
};

/// What an allocator adds to a block, in rounding and in bookkeeping.
const BLOCK_BYTES: usize = 16;
/// What is reserved for documents that nobody has named: that, to begin with. Whoever finds them asks
/// for more where they are many. It also tells that this is nothing to be done at once.
const FOUND_BYTES: usize = 1 << 20;
/// Values that are visited in no time: beyond, the network must not wait for it.
const SMALL_VALUES_MAX: usize = 4096;

/// It visits every value: for a large write it is not waited for by the network.
pub(super) fn of(write: &Write) -> u64 {
    weigh(write, usize::MAX).unwrap_or(u64::MAX)
}

/// The same, where it is known in no time.
pub(super) fn of_small(write: &Write) -> Option<u64> {
    weigh(write, SMALL_VALUES_MAX)
}

fn weigh(write: &Write, values_max: usize) -> Option<u64> {
    let mut scale = Scale { bytes: size_of::<Write>(), values_left: values_max };
    scale.write(write)?;
    Some(scale.bytes as u64)
}

struct Scale {
    bytes: usize,
    values_left: usize,
}

/// Each gives up when there are no values left that it may visit.
impl Scale {
    fn write(&mut self, write: &Write) -> Option<()> {
        let Write {
            upserts,
            patches,
            deletes,
            delete_by_filter,
            patch_by_filter,
            upsert_condition,
            patch_condition,
            delete_condition,
            schema,
            id_type: _,
            metric: _,
            read_only: _,
            pinning: _,
            create: _,
            pressure: _,
            omission: _,
            reserved: _,
        } = write;
        for rows in [upserts, patches] {
            self.block(rows.capacity() * size_of::<GivenRow>());
            rows.iter().try_for_each(|row| self.row(row))?;
        }
        self.list(deletes)?;
        delete_by_filter.iter().try_for_each(|matching| self.found(matching))?;
        patch_by_filter.iter().try_for_each(|PatchByFilter { matching, values }| {
            self.found(matching)?;
            self.entries(values)
        })?;
        let mut conditions = [upsert_condition, patch_condition, delete_condition].into_iter();
        conditions.try_for_each(|it| it.iter().try_for_each(|condition| self.filter(condition)))?;
        self.block(schema.capacity() * size_of::<(Box<str>, SchemaChange)>());
        schema.iter().try_for_each(|(name, change)| {
            self.visit()?;
            self.block(name.len());
            self.change(change);
            Some(())
        })
    }

    fn visit(&mut self) -> Option<()> {
        self.values_left = self.values_left.checked_sub(1)?;
        Some(())
    }

    fn block(&mut self, bytes: usize) {
        if bytes > 0 {
            self.bytes += bytes + BLOCK_BYTES;
        }
    }

    fn row(&mut self, row: &GivenRow) -> Option<()> {
        let GivenRow { id, values } = row;
        self.given(id)?;
        self.entries(values)
    }

    fn list(&mut self, items: &Vec<Given>) -> Option<()> {
        self.block(items.capacity() * size_of::<Given>());
        items.iter().try_for_each(|item| self.given(item))
    }

    /// A name that is shared is counted wherever it stands, for nobody knows who else has it.
    fn entries<N: Deref<Target = str>>(&mut self, entries: &Vec<(N, Given)>) -> Option<()> {
        self.block(entries.capacity() * size_of::<(N, Given)>());
        entries.iter().try_for_each(|(name, value)| {
            self.block(name.len());
            self.given(value)
        })
    }

    fn given(&mut self, given: &Given) -> Option<()> {
        self.visit()?;
        match given {
            Given::Null | Given::Bool(_) | Given::Int(_) | Given::Uint(_) | Given::Float(_) => {}
            Given::Text(text) => self.block(text.len()),
            Given::List(items) => self.list(items)?,
            Given::Map(entries) => self.entries(entries)?,
        }
        Some(())
    }

    fn found(&mut self, ByFilter { filter, excess: _ }: &ByFilter) -> Option<()> {
        self.block(FOUND_BYTES);
        self.filter(filter)
    }

    fn filter(&mut self, filter: &Filter) -> Option<()> {
        self.visit()?;
        match filter {
            Filter::And(filters) | Filter::Or(filters) => {
                self.block(filters.capacity() * size_of::<Filter>());
                filters.iter().try_for_each(|filter| self.filter(filter))
            }
            Filter::Not(filter) => {
                self.block(size_of::<Filter>());
                self.filter(filter)
            }
            Filter::Test { attribute, op: _, operand } => {
                self.block(attribute.len());
                self.operand(operand)
            }
            Filter::Like { attribute, pattern } => {
                self.block(attribute.len());
                match pattern {
                    Pattern::Glob { operand, case: _ }
                    | Pattern::Regex { operand, .. }
                    | Pattern::Tokens { operand, which: _, last: _ } => self.operand(operand),
                    Pattern::Fuzzy { operand, edits, case: _ } => {
                        self.block(edits.capacity() * size_of::<Edits>());
                        self.operand(operand)
                    }
                }
            }
        }
    }

    fn operand(&mut self, operand: &Operand) -> Option<()> {
        match operand {
            Operand::Literal(given) | Operand::Key(given) => self.given(given),
            Operand::New(attribute) => {
                self.visit()?;
                self.block(attribute.len());
                Some(())
            }
            Operand::Items(items) => {
                self.block(items.capacity() * size_of::<Operand>());
                items.iter().try_for_each(|item| self.operand(item))
            }
        }
    }

    fn change(&mut self, change: &SchemaChange) {
        let SchemaChange::Declare(Declaration { full_text: Some(Some(words)), .. }) = change else {
            return;
        };
        let FullText { tokenizer, language, .. } = words;
        self.block(tokenizer.len());
        self.block(language.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Case, Excess, Op};

    fn valued(value: Given) -> Write {
        let row = GivenRow { id: Given::Int(1), values: vec![("a".into(), value)] };
        Write { upserts: vec![row], ..Write::default() }
    }

    #[test]
    fn a_write_is_as_heavy_as_what_it_holds() {
        let empty = of(&Write::default());
        let row = size_of::<GivenRow>() + size_of::<(Box<str>, Given)>() + 1 + 3 * BLOCK_BYTES;
        let one = empty + row as u64;
        assert_eq!(of(&valued(Given::Null)), one);
        assert_eq!(of(&valued(Given::Float(0.5))), one);
        let text = Given::Text("x".repeat(1000).into());
        assert_eq!(of(&valued(text)), one + 1000 + BLOCK_BYTES as u64);
        let numbers = Given::List(vec![Given::Float(0.5); 768]);
        let block = 768 * size_of::<Given>() + BLOCK_BYTES;
        assert_eq!(of(&valued(numbers)), one + block as u64);
        let map = Given::Map(vec![("word".into(), Given::Null)]);
        let block = size_of::<(Box<str>, Given)>() + 4 + 2 * BLOCK_BYTES;
        assert_eq!(of(&valued(map)), one + block as u64);
    }

    #[test]
    fn nothing_that_a_client_can_say_weighs_nothing() {
        let long: Box<str> = "x".repeat(10_000).into();
        let text = || Given::Text(long.clone());
        let operand = Operand::Literal(Given::List(vec![text()]));
        let test = Filter::Test { attribute: "a".into(), op: Op::In, operand };
        let list = Operand::Items(vec![Operand::New("a".into()), Operand::New(long.clone())]);
        let pattern = Pattern::Glob { operand: list, case: Case::Matters };
        let like = Filter::Like { attribute: "a".into(), pattern };
        let matching = |filter| ByFilter { filter, excess: Excess::Refused };
        let nothing = || matching(Filter::Or(Vec::new()));
        let words = FullText { language: long.clone(), ..FullText::default() };
        let declared = Declaration {
            full_text: Some(Some(words)),
            ..Declaration::of(crate::model::AttrType::Sparse)
        };
        for write in [
            Write { deletes: vec![text()], ..Write::default() },
            Write { patches: valued(text()).upserts, ..Write::default() },
            Write { patch_condition: Some(test.clone()), ..Write::default() },
            Write { upsert_condition: Some(like), ..Write::default() },
            Write {
                patch_by_filter: Some(PatchByFilter {
                    matching: nothing(),
                    values: vec![("a".into(), text())],
                }),
                ..Write::default()
            },
            Write { delete_by_filter: Some(matching(test.clone())), ..Write::default() },
            Write { delete_condition: Some(Filter::Not(Box::new(test))), ..Write::default() },
            Write { schema: vec![(long.clone(), SchemaChange::Drop)], ..Write::default() },
            Write {
                schema: vec![("a".into(), SchemaChange::Declare(declared))],
                ..Write::default()
            },
        ] {
            assert!(of(&write) > 10_000, "{}", of(&write));
        }
    }

    /// Its documents are looked for on a thread that waits for nobody, and not where the network does.
    #[test]
    fn what_looks_for_its_documents_is_never_light() {
        let filter = Filter::And(Vec::new());
        let matching = ByFilter { filter, excess: Excess::Left };
        let delete = Write { delete_by_filter: Some(matching), ..Write::default() };
        assert!(of(&delete) > FOUND_BYTES as u64);
    }

    #[test]
    fn only_what_is_small_is_weighed_in_no_time() {
        let small = valued(Given::List(vec![Given::Null; 4000]));
        assert_eq!(of_small(&small), Some(of(&small)));
        let large = valued(Given::List(vec![Given::Null; 4096]));
        assert_eq!(of_small(&large), None);
        // However few rows there are, and however long their texts.
        let texts = valued(Given::Text("x".repeat(1 << 20).into()));
        assert!(of_small(&texts).is_some());
    }
}
