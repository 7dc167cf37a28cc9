//! A row that won, and what is shown of it.

use super::heft;
use super::load::Load;
use crate::error::{Error, Result};
use crate::eval::{Halt, Place};
use crate::model::{Attribute, Hit, Include, Schema};
use crate::namespace::view::Living;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Winner {
    pub(super) place: Place,
    /// How far it is from what was asked for, or its score; none, where nothing but an order was asked.
    pub(super) dist: Option<f32>,
}

/// What is shown of these. A row is copied with all its values: beside that, to ask after each whether
/// somebody waits costs nothing.
pub(super) fn hits(
    winners: &[Winner],
    living: &[Living],
    include: &Include,
    schema: &Schema,
    halt: &Halt,
    load: &mut Load,
) -> Result<Vec<Hit>> {
    let mut hits = Vec::with_capacity(winners.len());
    for winner in winners {
        halt.check()?;
        let hit = winner.hit(living, include, schema);
        load.add(heft::of_hit(&hit))?;
        hits.push(hit);
    }
    Ok(hits)
}

impl Winner {
    fn hit(&self, living: &[Living], include: &Include, schema: &Schema) -> Hit {
        let rows = &living[self.place.block].rows;
        let at = self.place.row;
        let value = |name: &str, attribute: &Attribute| {
            let value = rows.value(at, attribute.number)?;
            Some((name.into(), attribute.kind, value))
        };
        let shown = schema.attributes.iter().filter(|(name, _)| shows(include, name));
        Hit {
            id: rows.id(at),
            dist: self.dist,
            values: shown.filter_map(|(name, attribute)| value(name, attribute)).collect(),
            made: Vec::new(),
        }
    }
}

fn shows(include: &Include, name: &str) -> bool {
    match include {
        Include::Nothing => false,
        Include::All => true,
        Include::These(names) => names.iter().any(|known| **known == *name),
        Include::AllBut(names) => !names.iter().any(|known| **known == *name),
    }
}

/// Whether all that is to be shown exists.
pub(super) fn check(include: &Include, schema: &Schema) -> Result<()> {
    let Include::These(names) = include else { return Ok(()) };
    match names.iter().find(|name| &***name != "id" && !schema.attributes.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(Error::invalid(format!(
            "💔 attribute \"{name}\" not found in schema, cannot be part of `include_attributes`. \
             Leave it out, or declare it first"
        ))),
    }
}
