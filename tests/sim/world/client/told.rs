//! What a node tells of a name beside its documents: its schema, its metadata, and what it makes of a
//! declaration. It is asked when nobody changes anything, so that there is one right answer.

use std::collections::BTreeMap;

use elacsym::error::{Error, ErrorKind, Result};
use elacsym::model::{AttrType, Declaration, Metadata, Namespace, Scalar, Schema, SchemaChange};

use super::Place;
use crate::world::checks::Last;
use crate::world::words::{Act, Change, FICKLE, Kind, Said, Wish};

/// What is declared, and as what.
const ATTRIBUTE: &str = FICKLE[0];
const KIND: Kind = Kind::Int;

pub(crate) struct Told {
    schema: Schema,
    metadata: Metadata,
}

/// What came of a declaration, and the act that it was.
pub(crate) struct Declared {
    pub(crate) act: Act,
    /// The schema that the node answered with.
    schema: Result<Schema>,
}

impl Told {
    /// Where it is not what the log says, if it is not.
    pub(crate) fn differs(&self, last: &Last) -> Option<String> {
        let Self { schema, metadata } = self;
        let Last { kinds, rows } = last;
        let alike = is(schema, kinds) && is(&metadata.schema, kinds);
        let counted = metadata.rows == *rows && metadata.unindexed_rows <= metadata.rows;
        let told = || format!("{rows} rows of {kinds:?}, told are {metadata:?} and {schema:?}");
        (!alike || !counted).then(told)
    }
}

impl Declared {
    /// Where it is not what comes of it by the log before it, if it is not. What failed for want of
    /// something says nothing.
    pub(crate) fn differs(&self, last: &Last) -> Option<String> {
        let known = last.kinds.get(ATTRIBUTE);
        let fits = known.is_none_or(|known| *known == KIND);
        let right = match &self.schema {
            Ok(schema) => {
                let mut kinds = last.kinds.clone();
                kinds.insert(ATTRIBUTE, KIND);
                fits && is(schema, &kinds)
            }
            Err(error) if is_refusal(error) => !fits,
            Err(_) => true,
        };
        let told =
            || format!("'{ATTRIBUTE}' is {known:?}, and {KIND:?} is answered {:?}", self.schema);
        (!right).then(told)
    }

    /// What the name is from then on.
    pub(crate) fn becomes(&self, last: &mut Last) {
        if self.schema.is_ok() {
            last.kinds.insert(ATTRIBUTE, KIND);
        }
    }

    /// Why nothing was said of it, if nothing was.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.schema.as_ref().err().filter(|error| !is_refusal(error))
    }
}

impl Place {
    pub(crate) async fn told(&self, node: usize, name: &Namespace) -> Result<Told> {
        let engine = self.nodes.node(node).ok_or_else(down)?.engine;
        let schema = Schema::clone(&*engine.schema(name).await?);
        Ok(Told { schema, metadata: engine.metadata(name).await? })
    }

    /// Which slot a declaration is, nobody is told: its act is one of which nobody was told.
    pub(crate) async fn declare(
        &self,
        client: usize,
        node: usize,
        no: i64,
        name: &Namespace,
    ) -> Declared {
        let change = Change { declare: vec![(ATTRIBUTE, KIND)], ..Change::default() };
        let declaration = Declaration::of(AttrType::Scalar(Scalar::Int));
        let declares = vec![(Box::<str>::from(ATTRIBUTE), SchemaChange::Declare(declaration))];
        let (call, called_at) = (self.order.next(), self.clock.now());
        let schema = match self.nodes.node(node) {
            Some(door) => door.engine.declare(name, declares, None).await,
            None => Err(down()),
        };
        let said = match &schema {
            Err(error) if is_refusal(error) => Said::Refused(error.chain()),
            _ => Said::Unknown("which slot it is, nobody is told".to_owned()),
        };
        let (back, back_at) = (self.order.next(), self.clock.now());
        let (name, wish) = (name.clone(), Wish::Change { change, key: None });
        let act = Act { no, client, node, name, wish, call, back, called_at, back_at, said };
        Declared { act, schema: schema.map(|schema| Schema::clone(&schema)) }
    }
}

/// Whether it has the attributes that the log says, and no others.
fn is(schema: &Schema, kinds: &BTreeMap<&'static str, Kind>) -> bool {
    let attributes = schema.attributes.iter();
    let all = attributes.map(|(name, attribute)| (&**name, Kind::of(attribute.kind)));
    all.eq(kinds.iter().map(|(name, kind)| (*name, Some(*kind))))
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Conflict)
}

fn down() -> Error {
    Error::unavailable("the node is down")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use elacsym::model::{AttrNo, Attribute, Options, SchemaEdit};

    use super::*;
    use crate::world::words::{COUNT, Moment};

    fn schema(all: &[(&str, Scalar)]) -> Schema {
        let mut schema = Schema::default();
        for (number, (name, scalar)) in (0..).zip(all) {
            let (kind, options) = (AttrType::Scalar(*scalar), Options::none());
            let attribute = Attribute { number: AttrNo(number), kind, options };
            schema.apply(&SchemaEdit::Set { name: Box::from(*name), attribute });
        }
        schema
    }

    fn last(kinds: &[(&'static str, Kind)], rows: u64) -> Last {
        Last { kinds: kinds.iter().copied().collect(), rows }
    }

    #[test]
    fn a_node_that_tells_another_schema_or_number_of_rows_is_found_out() {
        let told = |shown: &[(&str, Scalar)], rows| {
            let metadata = Metadata {
                schema: Arc::new(schema(shown)),
                rows,
                logical_bytes: 0,
                unindexed_rows: 0,
                unindexed_bytes: 0,
                created_at_ms: 0,
                updated_at_ms: 0,
                last_write_at_ms: 0,
            };
            let told = Told { schema: schema(&[(COUNT, Scalar::Int)]), metadata };
            told.differs(&last(&[(COUNT, Kind::Int)], 3)).is_none()
        };
        assert!(told(&[(COUNT, Scalar::Int)], 3));
        assert!(!told(&[(COUNT, Scalar::Int)], 4));
        assert!(!told(&[(COUNT, Scalar::String)], 3));
        assert!(!told(&[(COUNT, Scalar::Bool)], 3));
        assert!(!told(&[], 3));
        assert!(!told(&[(COUNT, Scalar::Int), (ATTRIBUTE, Scalar::Int)], 3));
    }

    #[test]
    fn a_declaration_is_taken_where_it_fits_and_refused_elsewhere() {
        let right = |schema: Result<Schema>, known: &[(&'static str, Kind)]| {
            let act = Act {
                no: 1,
                client: 0,
                node: 0,
                name: Namespace::new("n").unwrap(),
                wish: Wish::List,
                call: Moment(0),
                back: Moment(1),
                called_at: Default::default(),
                back_at: Default::default(),
                said: Said::Ended,
            };
            Declared { act, schema }.differs(&last(known, 0)).is_none()
        };
        let taken = || Ok(schema(&[(ATTRIBUTE, Scalar::Int)]));
        assert!(right(taken(), &[]) && right(taken(), &[(ATTRIBUTE, KIND)]));
        assert!(!right(taken(), &[(ATTRIBUTE, Kind::Text)]));
        assert!(!right(Ok(schema(&[])), &[]));
        assert!(right(Err(Error::invalid("of another type")), &[(ATTRIBUTE, Kind::Text)]));
        assert!(!right(Err(Error::invalid("of another type")), &[]));
        assert!(right(Err(Error::unavailable("not now")), &[]));
    }
}
