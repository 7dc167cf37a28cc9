//! What is shown of a row that won.

use super::Winner;
use crate::model::{Attribute, Hit, Include, Schema};
use crate::namespace::view::Living;

pub(super) fn hit(living: &[Living], winner: &Winner, include: &Include, schema: &Schema) -> Hit {
    let rows = &living[winner.place.block].rows;
    let at = winner.place.row;
    let shown = |name: &str| match include {
        Include::Nothing => false,
        Include::All => true,
        Include::These(names) => names.iter().any(|known| **known == *name),
        Include::AllBut(names) => !names.iter().any(|known| **known == *name),
    };
    let value = |name: &str, attribute: &Attribute| {
        let value = rows.value(at, attribute.number)?;
        Some((name.into(), attribute.kind, value))
    };
    let attributes = schema.attributes.iter().filter(|(name, _)| shown(name));
    Hit {
        id: rows.id(at),
        dist: winner.dist,
        values: attributes.filter_map(|(name, attribute)| value(name, attribute)).collect(),
    }
}
