//! Wishes as the engine takes them, and its answers as a client takes those. Every error has one
//! meaning to whoever asked, as on the wire: see `src/api/error.rs`.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;

use elacsym::engine::Engine;
use elacsym::error::{Error, ErrorKind};
use elacsym::model;
use elacsym::model::{
    Aggregate, Aggregated, Aggregates, Ann, Answered, AttrType, ByFilter, Case, Consistency,
    Create, Declaration, Direction, DocId, Element, Filter, FullText, Given, GivenRow, Hit, IdType,
    Include, LIMIT_MAX, LastToken, Metadata, NamePatterns, Namespace, Omission, Op, Operand, Page,
    PatchByFilter, Pattern, Query, Rank, SchemaChange, Search, Settings, Value, Which, Write,
    WriteFault, Written,
};

use crate::world::model::distance;
use crate::world::values::Sample;
use crate::world::words::{
    ATTRIBUTES, BESIDE, COUNT, Change, Datum, Doc, Facts, Find, If, Kind, MARK, METRIC, Newest,
    Read, Said, Searched, Sight, TEXT, Touched, VECTOR, Wish, Without,
};

/// Under which label all documents are counted.
const ALL: &str = "all";

pub(super) async fn send(engine: &Engine, name: &Namespace, wish: &Wish, page: usize) -> Said {
    match wish {
        Wish::Change { change, key } => {
            let written = engine.write(name, write(change), key.clone()).await;
            written.map_or_else(|error| not_changed(&error), |written| changed(&written))
        }
        Wish::Set(change) => {
            let set = match (change.read_only, change.pinning) {
                (None, None) => engine.declare(name, schema(change), None).await.map(drop),
                (read_only, pinning) => engine.set(name, read_only, pinning).await,
            };
            set.map_or_else(|error| not_changed(&error), |()| Said::Set)
        }
        Wish::Look => {
            let told = engine.metadata(name).await;
            told.map_or_else(|error| not_read(&error), |metadata| facts(&metadata))
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
        match engine.list("", &NamePatterns::all(), cursor, page).await {
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

fn schema(change: &Change) -> Vec<(Box<str>, SchemaChange)> {
    let declare = change.declare.iter().map(|(attribute, kind)| {
        let of = kind.attr_type();
        let late_interaction = matches!(of, AttrType::Vectors { .. });
        let ann = of.is_vector().then_some(Ann { metric: Some(METRIC), late_interaction });
        let sparse_knn = (of == AttrType::Sparse).then_some(true);
        let declaration = Declaration { ann, sparse_knn, ..Declaration::of(of) };
        (Box::<str>::from(*attribute), SchemaChange::Declare(declaration))
    });
    let full_text = |searched| match searched {
        Searched::Yes => Some(FullText::default()),
        Searched::No => None,
    };
    let searched = change.searched.map(|searched| {
        let declaration = Declaration {
            // What is searched is no more filtered by, unless that is asked for.
            filterable: Some(true),
            full_text: Some(full_text(searched)),
            ..Declaration::of(Kind::Text.attr_type())
        };
        (Box::<str>::from(TEXT), SchemaChange::Declare(declaration))
    });
    let drop =
        change.drop.iter().map(|attribute| (Box::<str>::from(*attribute), SchemaChange::Drop));
    declare.chain(drop).chain(searched).collect()
}

fn write(change: &Change) -> Write {
    let by_filter = |find: Find| ByFilter { filter: filter(find), excess: change.excess };
    let patch_by_filter = change.patch_found.as_ref();
    Write {
        delete_by_filter: change.delete_found.map(by_filter),
        patch_by_filter: patch_by_filter
            .map(|(find, doc)| PatchByFilter { matching: by_filter(*find), values: values(doc) }),
        upserts: puts(change),
        upsert_condition: condition(change.put_if),
        patches: rows(&change.patches),
        patch_condition: condition(change.patch_if),
        deletes: change.deletes.iter().map(|id| given_id(*id)).collect(),
        delete_condition: condition(change.delete_if),
        schema: schema(change),
        // The contract has whoever makes a name without a document say of what type its ids are.
        id_type: (change.create == Create::Always).then_some(IdType::Uint),
        metric: change.metric,
        read_only: change.read_only,
        pinning: change.pinning,
        create: change.create,
        pressure: change.pressure,
        omission: match change.without {
            Without::Nothing => Omission::Null,
            Without::Null | Without::LeftOut => Omission::Mistake { rows: change.puts.len() },
        },
        reserved: None,
    }
}

fn filter(find: Find) -> Filter {
    match find {
        Find::CountBelow(bound) => test(COUNT, Op::Lt, Operand::Literal(Given::Int(bound))),
        Find::MarkIs(no) => test(MARK, Op::Eq, Operand::Literal(Given::Int(no))),
        Find::Without(name) => test(name, Op::Eq, Operand::Literal(Given::Null)),
        Find::Begins(text) => {
            let operand = Operand::Literal(Given::Text(format!("{text}*").into()));
            let pattern = Pattern::Glob { operand, case: Case::Matters };
            Filter::Like { attribute: TEXT.into(), pattern }
        }
    }
}

fn values(doc: &Doc) -> Vec<(Arc<str>, Given)> {
    let value = |(attribute, datum): (&&str, &Datum)| {
        let given = match datum {
            Datum::Int(number) => Given::Int(*number),
            Datum::Text(text) => Given::Text(text.as_str().into()),
            Datum::Vector(numbers) => given_vector(numbers),
            Datum::Other(sample) => sample.given(),
        };
        (Arc::<str>::from(*attribute), given)
    };
    doc.iter().map(value).collect()
}

fn rows(docs: &[(u64, Doc)]) -> Vec<GivenRow> {
    let row = |(id, doc): &(u64, Doc)| GivenRow { id: given_id(*id), values: values(doc) };
    docs.iter().map(row).collect()
}

/// With a null for each vector that a document is without, if it says so.
fn puts(change: &Change) -> Vec<GivenRow> {
    let mut puts = rows(&change.puts);
    if change.without == Without::Null {
        for GivenRow { values, .. } in &mut puts {
            for name in [VECTOR].into_iter().chain(BESIDE) {
                if !values.iter().any(|(known, _)| **known == *name) {
                    values.push((name.into(), Given::Null));
                }
            }
        }
    }
    puts
}

fn given_vector(numbers: &[i8]) -> Given {
    Given::List(numbers.iter().map(|number| Given::Int(i64::from(*number))).collect())
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
        Read::All | Read::Nearest { .. } => None,
        Read::One(id) => Some(test("id", Op::Eq, Operand::Literal(given_id(*id)))),
        Read::CountBelow(bound) => Some(test(COUNT, Op::Lt, Operand::Literal(Given::Int(*bound)))),
        Read::Says(word) => {
            let operand = Operand::Literal(Given::Text(word.as_str().into()));
            let pattern = Pattern::Tokens { operand, which: Which::All, last: LastToken::Itself };
            Some(Filter::Like { attribute: TEXT.into(), pattern })
        }
    };
    let by_id = || Rank::Order(vec![("id".into(), Direction::Ascending)]);
    let (rank, limit) = match read {
        Read::Nearest { vector, limit } => {
            let (vector, search) = (given_vector(vector), Search::Approximate);
            (Rank::Nearest { attribute: VECTOR.into(), vector, search }, *limit)
        }
        Read::All | Read::One(_) | Read::CountBelow(_) | Read::Says(_) => (by_id(), LIMIT_MAX),
    };
    let documents = Query {
        rank: Some(rank),
        page: Page::of(limit),
        filter,
        include: Include::All,
        ..Query::default()
    };
    let count = Query { aggregates: vec![(ALL.into(), Aggregate::Count)], ..Query::default() };
    match read {
        Read::All => vec![documents, count],
        Read::One(_) | Read::CountBelow(_) | Read::Says(_) | Read::Nearest { .. } => {
            vec![documents]
        }
    }
}

fn changed(written: &Written) -> Said {
    let Written { seq, upserted, patched, deleted, remaining, stored, .. } = written;
    if *remaining {
        return Said::Broken("documents are left, and there are few".to_owned());
    }
    let parts = [upserted, patched, deleted];
    let named = parts.iter().all(|part| part.ids.len() as u64 == part.count);
    let touched = if named || !stored { touched(parts).map(Some) } else { Ok(None) };
    let [puts, patches, deletes] = parts.map(|part| part.count);
    let (seq, stored) = (*seq, *stored);
    match touched {
        Ok(_) if !named && !stored => Said::Broken(format!("{written:?} leaves out documents")),
        Ok(touched) => Said::Changed { seq, puts, patches, deletes, touched, stored },
        Err(odd) => Said::Broken(odd),
    }
}

fn touched(parts: [&model::Touched; 3]) -> Result<Touched, String> {
    let number = |id: &DocId| match id {
        DocId::Uint(id) => Ok(*id),
        odd => Err(format!("a document with the id '{odd}' was touched")),
    };
    let numbers =
        |part: &model::Touched| part.ids.iter().map(number).collect::<Result<Vec<u64>, String>>();
    let [puts, patches, deletes] = parts.map(numbers);
    let mut touched = Touched { puts: puts?, patches: patches?, deletes: deletes? };
    touched.sort();
    Ok(touched)
}

fn seen(read: &Read, answered: &Answered) -> Said {
    sight(read, answered).map_or_else(Said::Broken, Said::Saw)
}

fn sight(read: &Read, answered: &Answered) -> Result<Sight, String> {
    let mut answers = answered.answers.iter();
    let documents = answers.next().ok_or("a query has no answer")?;
    let count = match (read, answers.next()) {
        (Read::All, Some(count)) => match &count.aggregates {
            Some(Aggregates::OfAll(told)) => match &told[..] {
                [(label, Aggregated::Count(count))] if **label == *ALL => Some(*count),
                odd => return Err(format!("{odd:?} for a count")),
            },
            odd => return Err(format!("{odd:?} for a count")),
        },
        (Read::One(_) | Read::CountBelow(_) | Read::Says(_) | Read::Nearest { .. }, None) => None,
        _ => return Err(format!("{} answers to {read:?}", answered.answers.len())),
    };
    let rows =
        documents.rows.iter().map(|hit| document(read, hit)).collect::<Result<_, String>>()?;
    Ok(Sight { seq: answered.seq, rows, count })
}

/// What nobody wrote must not be seen.
fn document(read: &Read, hit: &Hit) -> Result<(u64, Doc), String> {
    let DocId::Uint(id) = hit.id else {
        return Err(format!("a document has the id '{}'", hit.id));
    };
    let mut doc = Doc::new();
    for (attribute, kind, value) in &hit.values {
        let known = ATTRIBUTES.into_iter().find(|it| *it == &**attribute);
        let datum = match (kind, value) {
            (_, Value::Int(number)) => Some(Datum::Int(*number)),
            (_, Value::String(text)) => Some(Datum::Text(String::from(&**text))),
            (AttrType::Vector { element: Element::F32, .. }, Value::Vector(numbers)) => {
                Datum::vector(numbers)
            }
            (kind, other) => Sample::read(*kind, other).map(Datum::Other),
        };
        let (Some(known), Some(datum)) = (known, datum) else {
            return Err(format!("document {id} has {attribute}: {value:?}, which nobody wrote"));
        };
        if doc.insert(known, datum).is_some() {
            return Err(format!("document {id} has two values of {attribute}"));
        }
    }
    let far = match read {
        Read::Nearest { vector, .. } => distance(vector, &doc).map(|far| far as f32),
        Read::All | Read::One(_) | Read::CountBelow(_) | Read::Says(_) => None,
    };
    match hit.dist == far {
        true => Ok((id, doc)),
        false => Err(format!("document {id} is told to be {:?} away, and is {far:?}", hit.dist)),
    }
}

/// Of what nobody declared, nothing must be told.
fn facts(metadata: &Metadata) -> Said {
    let kinds = metadata.schema.attributes.iter().map(|(name, attribute)| {
        let known = ATTRIBUTES.into_iter().find(|known| *known == &**name);
        known.zip(Kind::of(attribute.kind))
    });
    let kinds: Option<BTreeMap<&'static str, Kind>> = kinds.collect();
    match kinds {
        Some(kinds) => {
            let Settings { read_only, pinning } = metadata.schema.settings;
            let text = metadata.schema.attributes.get(TEXT);
            let searched = text.map_or(Searched::No, Searched::of);
            Said::Told(Facts { kinds, searched, read_only, pinning, rows: metadata.rows })
        }
        None => Said::Broken(format!("nobody declared what is in {:?}", metadata.schema)),
    }
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
        ErrorKind::Corrupt => Said::Damaged(story),
        ErrorKind::Internal => Said::Broken(story),
    }
}

/// What an error tells of a read.
fn not_read(error: &Error) -> Said {
    let story = error.chain();
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::Conflict => Said::Refused(story),
        ErrorKind::NotFound => Said::Absent,
        ErrorKind::Throttled | ErrorKind::Unavailable => Said::Failed(story),
        ErrorKind::Corrupt => Said::Damaged(story),
        ErrorKind::Internal => Said::Broken(story),
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
