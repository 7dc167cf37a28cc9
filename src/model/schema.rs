//! The schema of a namespace: its attributes by name. It changes by edits that lie in slots, so
//! that whoever replays the log has the schema that each row was written under.

mod declare;
mod fault;
mod infer;
mod options;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

pub use fault::VectorFault;

use super::{AttrNo, AttrType, Attribute, FullText, IdType, Metric, short};
use crate::error::{Error, Result};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Fixed by the first document, or declared.
    pub id: Option<IdType>,
    pub attributes: BTreeMap<Box<str>, Attribute>,
    /// How many numbers were given out: the next one.
    pub numbers: u32,
    /// Whether a document was written: since then, no vector attribute is added.
    pub settled: bool,
    pub settings: Settings,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub read_only: bool,
    pub pinning: Pinning,
}

/// Whether nodes are to be set aside for a namespace, and how many. It is a wish that is kept and shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pinning {
    #[default]
    None,
    Replicas(NonZeroU32),
}

pub const REPLICAS_MAX: u32 = 64;

/// One effect on a schema. Replaying it cannot fail.
#[derive(Clone, Debug, PartialEq)]
pub enum SchemaEdit {
    IdType(IdType),
    /// A new attribute, or an old one with other options.
    Set {
        name: Box<str>,
        attribute: Attribute,
    },
    Drop {
        number: AttrNo,
    },
    Settled,
    Settings(Settings),
}

/// What a request asks of one attribute: what it does not say stays, or has its default.
#[derive(Clone, Debug, PartialEq)]
pub enum SchemaChange {
    Declare(Declaration),
    Drop,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    pub kind: AttrType,
    pub filterable: Option<bool>,
    /// `Some(None)`: switched off.
    pub full_text: Option<Option<FullText>>,
    pub ann: Option<Ann>,
    pub sparse_knn: Option<bool>,
    pub regex: Option<bool>,
    pub glob: Option<bool>,
    pub fuzzy: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ann {
    pub metric: Option<Metric>,
    pub late_interaction: bool,
}

impl Schema {
    /// What a request calls so. If there is no such thing, the error is in words that clients look for.
    pub fn attribute(&self, name: &str) -> Result<&Attribute> {
        self.attributes.get(name).ok_or_else(|| {
            let why = match name {
                "id" => "is none: documents can be filtered, ordered, counted and grouped by it, no more",
                _ => "is not in the schema",
            };
            Error::invalid(format!("attribute not found: `{}` {why}", short(name)))
        })
    }

    pub fn apply(&mut self, edit: &SchemaEdit) {
        match edit {
            SchemaEdit::IdType(id_type) => self.id = Some(*id_type),
            SchemaEdit::Set { name, attribute } => {
                self.numbers = self.numbers.max(attribute.number.0.saturating_add(1));
                self.attributes.insert(name.clone(), attribute.clone());
            }
            SchemaEdit::Drop { number } => {
                self.attributes.retain(|_, attribute| attribute.number != *number);
            }
            SchemaEdit::Settled => self.settled = true,
            SchemaEdit::Settings(settings) => self.settings = settings.clone(),
        }
    }

    /// What it becomes; this one stays.
    pub fn with(&self, edits: &[SchemaEdit]) -> Self {
        let mut after = self.clone();
        edits.iter().for_each(|edit| after.apply(edit));
        after
    }

    /// One attribute by its number. For many, ask once for `by_number`.
    pub fn numbered(&self, number: AttrNo) -> Option<(&str, &Attribute)> {
        let mut attributes = self.attributes.iter();
        let (name, attribute) = attributes.find(|(_, attribute)| attribute.number == number)?;
        Some((&**name, attribute))
    }

    pub fn by_number(&self) -> BTreeMap<AttrNo, (&str, &Attribute)> {
        let attributes = self.attributes.iter();
        attributes.map(|(name, attribute)| (attribute.number, (&**name, attribute))).collect()
    }

    /// How far apart two vectors are: a namespace has one answer for all of its attributes.
    pub fn metric(&self) -> Option<Metric> {
        self.attributes.values().find_map(|attribute| attribute.options.metric)
    }

    /// Whether a request that names a metric means this namespace's.
    pub fn check_metric(&self, metric: Option<Metric>) -> Result<()> {
        agreed(self.metric(), metric).map(|_| ())
    }
}

impl Declaration {
    /// A type, and nothing said beside it.
    pub fn of(kind: AttrType) -> Self {
        Self {
            kind,
            filterable: None,
            full_text: None,
            ann: None,
            sparse_knn: None,
            regex: None,
            glob: None,
            fuzzy: None,
        }
    }
}

/// The one metric that both name, or the one that is named at all.
fn agreed(expected: Option<Metric>, got: Option<Metric>) -> Result<Option<Metric>> {
    match (expected, got) {
        (Some(expected), Some(got)) if expected != got => {
            Err(VectorFault::OtherMetric { expected, got }.told())
        }
        _ => Ok(expected.or(got)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Options, Scalar};

    fn set(name: &str, number: u32) -> SchemaEdit {
        let kind = AttrType::Scalar(Scalar::Int);
        let attribute = Attribute { number: AttrNo(number), kind, options: Options::none() };
        SchemaEdit::Set { name: name.into(), attribute }
    }

    #[test]
    fn edits_take_effect_in_their_order_and_leave_the_schema_before_them() {
        let before = Schema::default().with(&[set("a", 0), set("b", 1)]);
        let edits = [
            SchemaEdit::IdType(IdType::Uuid),
            SchemaEdit::Drop { number: AttrNo(0) },
            set("a", 2),
            SchemaEdit::Settled,
            SchemaEdit::Settings(Settings { read_only: true, ..Settings::default() }),
        ];
        let after = before.with(&edits);
        assert_eq!(after.id, Some(IdType::Uuid));
        assert_eq!(after.attributes["a"].number, AttrNo(2));
        assert_eq!(after.attributes["b"].number, AttrNo(1));
        assert!(after.settled && after.settings.read_only);
        assert_eq!((before.attributes.len(), before.settled), (2, false));
    }

    #[test]
    fn a_number_that_was_given_out_stays_so() {
        let schema = Schema::default().with(&[set("a", 0), set("b", 4)]);
        assert_eq!(schema.numbers, 5);
        let fewer = schema.with(&[SchemaEdit::Drop { number: AttrNo(4) }, set("a", 0)]);
        assert_eq!((fewer.attributes.len(), fewer.numbers), (1, 5));
    }

    #[test]
    fn an_attribute_is_found_by_its_number() {
        let schema = Schema::default().with(&[set("z", 0), set("a", 3)]);
        let names: Vec<_> =
            schema.by_number().iter().map(|(number, (name, _))| (number.0, *name)).collect();
        assert_eq!(names, [(0, "z"), (3, "a")]);
        assert_eq!(schema.numbered(AttrNo(3)).map(|(name, _)| name), Some("a"));
        assert_eq!(schema.numbered(AttrNo(1)), None);
    }
}
