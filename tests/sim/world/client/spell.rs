//! Wishes as the engine takes them, and its answers as a client takes those. Every error has one
//! meaning to whoever asked, as on the wire: see `src/api/error.rs`.

use std::error::Error as _;
use std::sync::Arc;

use elacsym::engine::Engine;
use elacsym::error::{Error, ErrorKind};
use elacsym::model::{
    Answered, AttrType, Consistency, Declaration, Direction, DocId, Filter, Given, GivenRow, Hit,
    Include, LIMIT_MAX, Namespace, Op, Operand, Query, Rank, Scalar, SchemaChange, Value, Write,
    WriteFault, Written,
};

use crate::world::words::{
    COUNT, Change, Datum, Doc, FICKLE, If, Kind, MARK, Newest, Read, Said, Sight, TEXT, Wish,
};

/// Under which label all documents are counted.
const ALL: &str = "all";

pub(super) async fn send(engine: &Engine, name: &Namespace, wish: &Wish, page: usize) -> Said {
    match wish {
        Wish::Change { change, key } => {
            let written = engine.write(name, write(change), key.clone()).await;
            written.map_or_else(|error| not_changed(&error), changed)
        }
        Wish::End => {
            let ended = engine.delete(name).await;
            ended.map_or_else(|error| not_changed(&error), |()| Said::Ended)
        }
        Wish::Read { read, newest, min_seq } => {
            let newest = match *newest {
                Newest::Strong => Consistency::Strong,
                Newest::Eventual { max_staleness } => Consistency::Eventual { max_staleness },
            };
            let answered = engine.query(name, queries(read), newest, *min_seq).await;
            answered.map_or_else(|error| not_read(&error), |answered| seen(read, &answered))
        }
        Wish::List => list(engine, page).await,
    }
}

async fn list(engine: &Engine, page: usize) -> Said {
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        match engine.list("", cursor, page).await {
            Ok((more, next)) => {
                names.extend(more);
                cursor = next;
            }
            Err(error) => return not_read(&error),
        }
        if cursor.is_none() {
            return Said::Names(names);
        }
    }
}

fn write(change: &Change) -> Write {
    let declare = change.declare.iter().map(|(attribute, kind)| {
        let scalar = match kind {
            Kind::Int => Scalar::Int,
            Kind::Text => Scalar::String,
        };
        let declaration = Declaration::of(AttrType::Scalar(scalar));
        (Box::<str>::from(*attribute), SchemaChange::Declare(declaration))
    });
    let drop =
        change.drop.iter().map(|attribute| (Box::<str>::from(*attribute), SchemaChange::Drop));
    Write {
        upserts: rows(&change.puts),
        upsert_condition: condition(change.put_if),
        patches: rows(&change.patches),
        patch_condition: condition(change.patch_if),
        deletes: change.deletes.iter().map(|id| given_id(*id)).collect(),
        delete_condition: condition(change.delete_if),
        schema: declare.chain(drop).collect(),
        ..Write::default()
    }
}

fn rows(docs: &[(u64, Doc)]) -> Vec<GivenRow> {
    let value = |(attribute, datum): (&&str, &Datum)| {
        let given = match datum {
            Datum::Int(number) => Given::Int(*number),
            Datum::Text(text) => Given::Text(text.as_str().into()),
        };
        (Arc::<str>::from(*attribute), given)
    };
    let row = |(id, doc): &(u64, Doc)| GivenRow {
        id: given_id(*id),
        values: doc.iter().map(value).collect(),
    };
    docs.iter().map(row).collect()
}

fn given_id(id: u64) -> Given {
    i64::try_from(id).map_or(Given::Uint(id), Given::Int)
}

fn condition(only_if: If) -> Option<Filter> {
    match only_if {
        If::Always => None,
        If::Absent => Some(test("id", Op::Eq, Operand::Literal(Given::Null))),
        If::CountIs(count) => Some(test(COUNT, Op::Eq, Operand::Literal(Given::Int(count)))),
        If::CountGrows => Some(test(COUNT, Op::Lt, Operand::New(COUNT.into()))),
    }
}

fn test(attribute: &str, op: Op, operand: Operand) -> Filter {
    Filter::Test { attribute: attribute.into(), op, operand }
}

fn queries(read: &Read) -> Vec<Query> {
    let filter = match read {
        Read::All => None,
        Read::One(id) => Some(test("id", Op::Eq, Operand::Literal(given_id(*id)))),
        Read::CountBelow(bound) => Some(test(COUNT, Op::Lt, Operand::Literal(Given::Int(*bound)))),
    };
    let documents = Query {
        rank: Some(Rank::Order(vec![("id".into(), Direction::Ascending)])),
        limit: LIMIT_MAX,
        filter,
        include: Include::All,
        counts: Vec::new(),
        metric: None,
    };
    let count = Query {
        rank: None,
        limit: 0,
        filter: None,
        include: Include::Nothing,
        counts: vec![ALL.into()],
        metric: None,
    };
    match read {
        Read::All => vec![documents, count],
        Read::One(_) | Read::CountBelow(_) => vec![documents],
    }
}

fn changed(written: Written) -> Said {
    let Written { seq, upserted, patched, deleted, stored } = written;
    Said::Changed {
        seq,
        puts: upserted.count,
        patches: patched.count,
        deletes: deleted.count,
        stored,
    }
}

fn seen(read: &Read, answered: &Answered) -> Said {
    sight(read, answered).map_or_else(Said::Broken, Said::Saw)
}

fn sight(read: &Read, answered: &Answered) -> Result<Sight, String> {
    let mut answers = answered.answers.iter();
    let documents = answers.next().ok_or("a query has no answer")?;
    let count = match (read, answers.next()) {
        (Read::All, Some(count)) => {
            let count = count.counts.iter().find(|(label, _)| **label == *ALL);
            Some(count.ok_or("what was to be counted was not")?.1)
        }
        (Read::One(_) | Read::CountBelow(_), None) => None,
        _ => return Err(format!("{} answers to {read:?}", answered.answers.len())),
    };
    let rows = documents.rows.iter().map(document).collect::<Result<_, String>>()?;
    Ok(Sight { seq: answered.seq, rows, count })
}

/// What nobody wrote must not be seen.
fn document(hit: &Hit) -> Result<(u64, Doc), String> {
    let DocId::Uint(id) = hit.id else {
        return Err(format!("a document has the id '{}'", hit.id));
    };
    let mut doc = Doc::new();
    for (attribute, _, value) in &hit.values {
        let known = [MARK, COUNT, TEXT].into_iter().chain(FICKLE).find(|it| *it == &**attribute);
        let datum = match value {
            Value::Int(number) => Some(Datum::Int(*number)),
            Value::String(text) => Some(Datum::Text(String::from(&**text))),
            _ => None,
        };
        let (Some(known), Some(datum)) = (known, datum) else {
            return Err(format!("document {id} has {attribute}: {value:?}, which nobody wrote"));
        };
        if doc.insert(known, datum).is_some() {
            return Err(format!("document {id} has two values of {attribute}"));
        }
    }
    Ok((id, doc))
}

/// What an error tells of a change.
fn not_changed(error: &Error) -> Said {
    let story = error.chain();
    match error.kind() {
        // That a key belongs to another request is said by a refusal too.
        ErrorKind::Invalid | ErrorKind::Conflict => Said::Refused(story),
        ErrorKind::NotFound => Said::Absent,
        ErrorKind::Throttled => Said::NotCommitted(story),
        ErrorKind::Unavailable if fault(error) == Some(WriteFault::OutcomeUnknown) => {
            Said::Unknown(story)
        }
        ErrorKind::Unavailable => Said::NotCommitted(story),
        ErrorKind::Corrupt | ErrorKind::Internal => Said::Broken(story),
    }
}

/// What an error tells of a read.
fn not_read(error: &Error) -> Said {
    let story = error.chain();
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::Conflict => Said::Refused(story),
        ErrorKind::NotFound => Said::Absent,
        ErrorKind::Throttled | ErrorKind::Unavailable => Said::Failed(story),
        ErrorKind::Corrupt | ErrorKind::Internal => Said::Broken(story),
    }
}

/// What is known of a write lies among the sources of its error.
fn fault(error: &Error) -> Option<WriteFault> {
    let mut below = error.source();
    while let Some(source) = below {
        if let Some(fault) = source.downcast_ref::<WriteFault>() {
            return Some(*fault);
        }
        below = source.source();
    }
    None
}
