//! The schema as the log makes it, edit by edit, and whether rows are of it.
//!
//! Replaying cannot fail: edits and rows are applied whatever they say. So what an owner would never
//! write is told here, and nowhere else.

use crate::log::Effects;
use crate::model::{Columns, Schema, SchemaEdit};

/// The schema at some point of the log, as long as all before it could be read.
#[derive(Debug)]
pub(super) struct Known(Option<Schema>);

impl Known {
    pub(super) fn new(schema: Option<Schema>) -> Self {
        Self(schema)
    }

    /// Something in between could not be read.
    pub(super) fn lose(&mut self) {
        self.0 = None;
    }

    /// What the next part of the log does. An error is what of it does not fit, and the last one.
    pub(super) fn apply(&mut self, effects: &Effects) -> Result<(), String> {
        let Some(mut schema) = self.0.take() else { return Ok(()) };
        for edit in &effects.schema {
            lawful(&schema, edit)?;
            schema.apply(edit);
        }
        written(&schema, effects)?;
        self.0 = Some(schema);
        Ok(())
    }
}

/// Whether the rows of a part are of the schema that the part leaves.
fn written(schema: &Schema, effects: &Effects) -> Result<(), String> {
    if let Some(id_type) = effects.id_type()
        && schema.id != Some(id_type)
    {
        return Err(format!("ids of type {id_type}, where they are {:?}", schema.id));
    }
    let known = schema.by_number();
    for block in &effects.upserts {
        fits(schema, block)?;
        if let Some(number) = block.columns().keys().find(|number| !known.contains_key(*number)) {
            return Err(format!("rows of attribute {}, which was dropped", number.0));
        }
    }
    Ok(())
}

/// Whether rows could have been written under this schema or an earlier one of the same name.
pub(super) fn fits(schema: &Schema, rows: &Columns) -> Result<(), String> {
    if schema.id != Some(rows.id_type()) {
        let id_type = rows.id_type();
        return Err(format!("rows with ids of type {id_type}, where they are {:?}", schema.id));
    }
    let known = schema.by_number();
    for (number, (kind, _)) in rows.columns() {
        match known.get(number) {
            Some((name, attribute)) if attribute.kind != *kind => {
                let number = number.0;
                let declared = attribute.kind;
                return Err(format!(
                    "attribute {number}, '{name}', is of type {declared}, and {kind} in rows"
                ));
            }
            None if number.0 >= schema.numbers => {
                return Err(format!("rows of attribute {}, which there never was", number.0));
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Whether an owner would write that edit.
fn lawful(schema: &Schema, edit: &SchemaEdit) -> Result<(), String> {
    match edit {
        SchemaEdit::IdType(id_type) => match schema.id {
            Some(known) if known != *id_type => {
                Err(format!("ids were of type {known}, and are now of type {id_type}"))
            }
            Some(_) | None => Ok(()),
        },
        SchemaEdit::Set { name, attribute } => {
            let (number, kind) = (attribute.number.0, attribute.kind);
            match schema.attributes.get(name) {
                Some(known) if known.number != attribute.number || known.kind != kind => {
                    let (was, of) = (known.number.0, known.kind);
                    Err(format!(
                        "'{name}' was attribute {was} of type {of}, and is {number} of {kind}"
                    ))
                }
                None if number < schema.numbers => {
                    Err(format!("attribute {number} was another's before it was '{name}'"))
                }
                Some(_) | None => Ok(()),
            }
        }
        SchemaEdit::Drop { number } => match schema.numbered(*number) {
            Some(_) => Ok(()),
            None => Err(format!("attribute {} is dropped, and is not there", number.0)),
        },
        SchemaEdit::Settled | SchemaEdit::Settings(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttrNo, AttrType, Attribute, DocId, IdType, Options, Row, Scalar, Value};

    const INT: AttrType = AttrType::Scalar(Scalar::Int);
    const TEXT: AttrType = AttrType::Scalar(Scalar::String);

    fn set(name: &str, number: u32, kind: AttrType) -> SchemaEdit {
        let attribute = Attribute { number: AttrNo(number), kind, options: Options::none() };
        SchemaEdit::Set { name: name.into(), attribute }
    }

    /// With `a` as attribute 0, `b` as 2, and nothing as 1 any more.
    fn schema() -> Schema {
        Schema::default().with(&[
            SchemaEdit::IdType(IdType::Uint),
            set("a", 0, INT),
            set("gone", 1, INT),
            set("b", 2, TEXT),
            SchemaEdit::Drop { number: AttrNo(1) },
        ])
    }

    fn rows(number: u32, value: Value, kind: AttrType) -> Columns {
        let row = Row { id: DocId::Uint(1), values: vec![(AttrNo(number), value)] };
        Columns::of_rows(IdType::Uint, |_| Some(kind), &[row]).unwrap()
    }

    fn told(effects: Effects) -> Option<String> {
        Known::new(Some(schema())).apply(&effects).err()
    }

    fn edits(edits: &[SchemaEdit]) -> Option<String> {
        told(Effects { schema: edits.to_vec(), ..Effects::default() })
    }

    #[test]
    fn edits_that_an_owner_writes_are_lawful() {
        assert_eq!(edits(&[set("c", 3, INT), set("a", 0, INT)]), None);
        assert_eq!(edits(&[SchemaEdit::Drop { number: AttrNo(0) }, set("a", 3, TEXT)]), None);
        assert_eq!(edits(&[SchemaEdit::IdType(IdType::Uint), SchemaEdit::Settled]), None);
    }

    #[test]
    fn an_edit_that_nobody_would_write_is_told() {
        for odd in [
            set("c", 1, INT),
            set("c", 0, INT),
            set("a", 0, TEXT),
            set("a", 3, INT),
            SchemaEdit::Drop { number: AttrNo(1) },
            SchemaEdit::IdType(IdType::Uuid),
        ] {
            assert!(edits(std::slice::from_ref(&odd)).is_some(), "{odd:?}");
        }
    }

    #[test]
    fn rows_are_of_attributes_that_are_there() {
        let told = |block: Columns| told(Effects { upserts: vec![block], ..Effects::default() });
        assert_eq!(told(rows(0, Value::Int(1), INT)), None);
        assert!(told(rows(0, Value::String("x".into()), TEXT)).is_some());
        assert!(told(rows(3, Value::Int(1), INT)).is_some());
        assert!(told(rows(1, Value::Int(1), INT)).unwrap().contains("dropped"));
        // A segment may well have a column that was dropped since.
        assert_eq!(fits(&schema(), &rows(1, Value::Int(1), INT)), Ok(()));
    }

    #[test]
    fn ids_are_of_one_type() {
        let deletes = vec![DocId::String("x".into())];
        assert!(told(Effects { deletes, ..Effects::default() }).is_some());
    }

    #[test]
    fn what_was_lost_is_not_judged() {
        let mut known = Known::new(Some(schema()));
        let odd = Effects { schema: vec![set("c", 1, INT)], ..Effects::default() };
        assert!(known.apply(&odd).is_err());
        assert_eq!(known.apply(&odd), Ok(()), "it is told once");
    }
}
