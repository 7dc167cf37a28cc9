//! The groups that a document is in: one by its values, or several where an array counts once for
//! each different element that it has.

use arrow_array::Array;
use arrow_array::cast::AsArray;

use super::key::{Key, Keyed};
use crate::error::{Error, Result};
use crate::eval::{BLOCK_ROWS, Halt};
use crate::model::{AttrNo, AttrType, GROUP_KEYS_MAX, Group, GroupKey, LIMIT_MAX, Scalar, Schema};
use crate::namespace::view::Living;

/// A document with long arrays would be in any number of groups otherwise.
pub(crate) const GROUPS_OF_A_DOCUMENT_MAX: usize = LIMIT_MAX;

pub(super) struct Grouping {
    by: Vec<(Box<str>, By)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Value(Keyed),
    Element(AttrNo, Scalar),
}

/// Buffers that live from row to row.
#[derive(Default)]
pub(super) struct Scratch<'a> {
    /// What each key can be.
    choices: Vec<Vec<Key<'a>>>,
    chosen: Vec<usize>,
    key: Vec<Key<'a>>,
}

impl Grouping {
    pub(super) fn bind(groups: &[Group], schema: &Schema) -> Result<Self> {
        if groups.len() > GROUP_KEYS_MAX {
            let got = groups.len();
            let message = format!("group_by takes at most {GROUP_KEYS_MAX} keys, not {got}");
            return Err(Error::invalid(message));
        }
        let bound = |group: &Group| match group {
            Group::Of(name) => {
                let keyed = Keyed::bind(schema, name, "group_by without ForEachUnique")?;
                Ok((name.clone(), By::Value(keyed)))
            }
            Group::EachOf { label, attribute: name } => {
                let attribute = schema.attribute(name)?;
                let AttrType::Array(kind) = attribute.kind else {
                    let kind = attribute.kind;
                    return Err(Error::invalid(format!(
                        "attribute '{name}' is of type {kind}: ForEachUnique takes arrays"
                    )));
                };
                Ok((label.clone(), By::Element(attribute.number, kind)))
            }
        };
        Ok(Self { by: groups.iter().map(bound).collect::<Result<_>>()? })
    }

    pub(super) fn scratch<'a>(&self) -> Scratch<'a> {
        Scratch { choices: vec![Vec::new(); self.by.len()], ..Scratch::default() }
    }

    /// The keys of a row's groups, each once.
    pub(super) fn each<'a>(
        &self,
        living: &'a Living,
        row: usize,
        scratch: &mut Scratch<'a>,
        halt: &Halt,
        mut each: impl FnMut(&[Key<'a>]),
    ) -> Result<()> {
        let Scratch { choices, chosen, key } = scratch;
        for ((_, by), choices) in self.by.iter().zip(choices.iter_mut()) {
            choices.clear();
            by.choose(living, row, choices);
        }
        let groups = choices.iter().fold(1, |all: usize, some| all.saturating_mul(some.len()));
        if groups > GROUPS_OF_A_DOCUMENT_MAX {
            let id = living.rows.id(row);
            return Err(Error::invalid(format!(
                "group_by puts the document of id '{id}' into {groups} groups, \
                 at most {GROUPS_OF_A_DOCUMENT_MAX} are allowed"
            )));
        }
        chosen.clear();
        chosen.resize(choices.len(), 0);
        for group in 1..=groups {
            // Most documents are in a few groups.
            if group.is_multiple_of(BLOCK_ROWS) {
                halt.check()?;
            }
            key.clear();
            key.extend(choices.iter().zip(chosen.iter()).map(|(choices, at)| choices[*at]));
            each(key);
            advance(chosen, choices);
        }
        Ok(())
    }

    pub(super) fn labelled(&self, key: &[Key<'_>]) -> Vec<GroupKey> {
        let label =
            |((label, by), key): (&(Box<str>, By), &Key<'_>)| (label.clone(), key.value(by.kind()));
        self.by.iter().zip(key).map(label).collect()
    }
}

/// The next choice, the last key turning fastest.
fn advance(chosen: &mut [usize], choices: &[Vec<Key<'_>>]) {
    for (at, choices) in chosen.iter_mut().zip(choices).rev() {
        *at += 1;
        if *at < choices.len() {
            return;
        }
        *at = 0;
    }
}

impl By {
    fn kind(self) -> Scalar {
        match self {
            Self::Value(keyed) => keyed.kind(),
            Self::Element(_, kind) => kind,
        }
    }

    /// What is missing is a value like another; an array without elements has none.
    fn choose<'a>(self, living: &'a Living, row: usize, choices: &mut Vec<Key<'a>>) {
        let (number, kind) = match self {
            Self::Value(keyed) => {
                let key = Key::at(keyed.column(living), keyed.kind(), row);
                if key != Key::Missing || !crate::slip!("what is missing is in no group") {
                    choices.push(key);
                }
                return;
            }
            Self::Element(number, kind) => (number, kind),
        };
        let Some((_, column)) = living.rows.columns().get(&number) else { return };
        if column.is_null(row) {
            return;
        }
        let lists = column.as_list::<i32>();
        let offsets = lists.value_offsets();
        let elements = offsets[row] as usize..offsets[row + 1] as usize;
        choices.extend(elements.map(|at| Key::at(Some(lists.values()), kind, at)));
        choices.sort_unstable();
        if !crate::slip!("ForEachUnique counts an element twice") {
            choices.dedup();
        }
    }
}
