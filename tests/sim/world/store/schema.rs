//! The attributes of one life by their numbers, as far as its log says: effects speak of numbers, and
//! whoever judges them of names.

use std::collections::BTreeMap;

use bytes::Bytes;
use elacsym::log::effects;
use elacsym::model::{
    AttrNo, Attribute, DocId, IdType, ReadOnly, Row, SchemaEdit, Settings, Value,
};

use crate::world::values::Sample;
use crate::world::words::{ATTRIBUTES, Datum, Doc, Edit, Entry, Kind, Searched, TEXT};

#[derive(Debug, Default)]
pub(super) struct Schema {
    known: BTreeMap<AttrNo, (&'static str, Kind)>,
    /// The first number that was never given.
    next: u32,
    searched: Searched,
}

impl Schema {
    /// What a batch does. What a later part says of an id stands, and an attribute that the batch drops
    /// in the end is in none of its rows.
    pub(super) fn read(&mut self, parts: &[Bytes]) -> Result<Entry, String> {
        let mut edits = Vec::new();
        let mut last: BTreeMap<u64, Option<Row>> = BTreeMap::new();
        for part in parts {
            let part = effects::decode(part).map_err(|error| error.chain())?;
            for edit in &part.schema {
                self.edit(edit, &mut edits)?;
            }
            for block in &part.upserts {
                for row in (0..block.rows()).map(|row| block.row(row)) {
                    last.insert(number(&row.id)?, Some(row));
                }
            }
            for id in &part.deletes {
                last.insert(number(id)?, None);
            }
        }
        let (mut rows, mut gone) = (BTreeMap::new(), Vec::new());
        for (id, row) in last {
            match row {
                Some(row) => drop(rows.insert(id, self.doc(row)?)),
                None => gone.push(id),
            }
        }
        Ok(Entry::Batch { rows, gone, edits })
    }

    fn edit(&mut self, edit: &SchemaEdit, edits: &mut Vec<Edit>) -> Result<(), String> {
        match edit {
            SchemaEdit::Set { name, attribute } => {
                self.set(name, attribute, edits)?;
                self.search(name, attribute, edits);
            }
            SchemaEdit::Drop { number } => {
                let dropped = self.known.remove(number);
                edits.extend(dropped.map(|(name, _)| Edit::Dropped(name)));
            }
            SchemaEdit::IdType(IdType::Uint) | SchemaEdit::Settled => {}
            SchemaEdit::Settings(Settings { read_only, pinning }) => {
                let read_only = if *read_only { ReadOnly::Yes } else { ReadOnly::No };
                edits.push(Edit::Settings(read_only, *pinning));
            }
            SchemaEdit::IdType(_) => {
                return Err(format!("nobody asked for {edit:?}"));
            }
        }
        Ok(())
    }

    fn set(
        &mut self,
        name: &str,
        attribute: &Attribute,
        edits: &mut Vec<Edit>,
    ) -> Result<(), String> {
        let (name, kind, number) = (known(name)?, kind_of(attribute)?, attribute.number);
        match self.known.get(&number) {
            // Other options.
            Some(known) if *known == (name, kind) => return Ok(()),
            Some(known) => return Err(format!("{number:?} is {known:?}, and becomes {name}")),
            None => {}
        }
        // An attribute that was dropped and added again is another one.
        if number.0 < self.next {
            return Err(format!("{number:?} comes again, for {name}"));
        }
        self.next = number.0 + 1;
        let replaced = self.known.extract_if(.., |_, (other, _)| *other == name);
        edits.extend(replaced.map(|(_, (other, _))| Edit::Dropped(other)));
        self.known.insert(number, (name, kind));
        edits.push(Edit::Added(name, kind));
        Ok(())
    }

    /// Of options one is told.
    fn search(&mut self, name: &str, attribute: &Attribute, edits: &mut Vec<Edit>) {
        let searched = Searched::of(attribute);
        if name == TEXT && searched != self.searched {
            self.searched = searched;
            edits.push(Edit::Searched(searched));
        }
    }

    fn doc(&self, row: Row) -> Result<Doc, String> {
        let mut doc = Doc::new();
        for (number, value) in row.values {
            let Some((name, kind)) = self.known.get(&number) else { continue };
            let datum = match (value, kind) {
                (Value::Int(value), Kind::Int) => Datum::Int(value),
                (Value::String(text), Kind::Text) => Datum::Text(text.into()),
                (Value::Vector(numbers), Kind::Vector(dims)) if numbers.len() == *dims as usize => {
                    Datum::vector(&numbers)
                        .ok_or_else(|| format!("nobody wrote the vector {numbers:?}"))?
                }
                (value, Kind::Other(of)) => match Sample::read(of.attr_type(), &value) {
                    Some(sample) if sample.of == *of => Datum::Other(sample),
                    _ => return Err(format!("nobody wrote {value:?} for {name}, which is {of:?}")),
                },
                (value, kind) => return Err(format!("{name} is {kind:?}, and here {value:?}")),
            };
            doc.insert(*name, datum);
        }
        Ok(doc)
    }
}

fn number(id: &DocId) -> Result<u64, String> {
    match id {
        DocId::Uint(id) => Ok(*id),
        DocId::Uuid(_) | DocId::String(_) | DocId::Int(_) => {
            Err(format!("an id that nobody wrote: {id}"))
        }
    }
}

fn known(name: &str) -> Result<&'static str, String> {
    let known = ATTRIBUTES.into_iter().find(|known| *known == name);
    known.ok_or_else(|| format!("nobody wrote '{name}'"))
}

fn kind_of(attribute: &Attribute) -> Result<Kind, String> {
    let kind = Kind::of(attribute.kind);
    kind.ok_or_else(|| format!("nobody wrote what is of type {:?}", attribute.kind))
}
