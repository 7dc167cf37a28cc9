//! A few documents with an attribute of each kind that something can be asked of, and queries to
//! ask them: for the tests of this room.

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use super::load::Load;
use super::of_blocks;
use crate::error::{Error, Result};
use crate::eval::{Halt, Halted};
use crate::memory::Memory;
use crate::model::columns::Columns;
use crate::model::{
    Answer, AttrNo, AttrType, Attribute, DocId, Element, FullText, Given, Hit, IdType, Include,
    LastToken, Metric, Options, PRE_TOKENIZED, Page, Query, Rank, Row, Scalar, Schema, Score,
    TextQuery, Value,
};
use crate::namespace::view::Living;

const KINDS: [(&str, AttrType); 12] = [
    ("text", AttrType::Scalar(Scalar::String)),
    ("lines", AttrType::Array(Scalar::String)),
    ("words", AttrType::Array(Scalar::String)),
    ("s", AttrType::Scalar(Scalar::String)),
    ("i", AttrType::Scalar(Scalar::Int)),
    ("u", AttrType::Scalar(Scalar::Uint)),
    ("f", AttrType::Scalar(Scalar::Float)),
    ("t", AttrType::Scalar(Scalar::DateTime)),
    ("tags", AttrType::Array(Scalar::String)),
    ("v", AttrType::Vector { dims: 2, element: Element::F32 }),
    ("late", AttrType::Vectors { dims: 2 }),
    ("sparse", AttrType::Sparse),
];

pub(super) fn number(name: &str) -> AttrNo {
    AttrNo(KINDS.iter().position(|(known, _)| *known == name).unwrap() as u32)
}

fn options(name: &str, kind: AttrType) -> Options {
    let full_text = match name {
        "text" | "lines" => Some(FullText::default()),
        "words" => Some(FullText::of(PRE_TOKENIZED)),
        _ => None,
    };
    Options {
        filterable: kind.is_plain() && full_text.is_none(),
        full_text,
        metric: kind.is_vector().then_some(Metric::EuclideanSquared),
        late_interaction: name == "late",
        sparse_knn: name == "sparse",
        ..Options::none()
    }
}

pub(super) fn schema() -> Schema {
    let mut schema = Schema { id: Some(IdType::Uint), ..Schema::default() };
    for (name, kind) in KINDS {
        let options = options(name, kind);
        let attribute = Attribute { number: number(name), kind, options };
        schema.attributes.insert(name.into(), attribute);
    }
    schema.numbers = KINDS.len() as u32;
    schema
}

pub(super) fn row(id: u64, values: &[(&str, Value)]) -> Row {
    let mut values: Vec<(AttrNo, Value)> =
        values.iter().map(|(name, value)| (number(name), value.clone())).collect();
    values.sort_by_key(|(number, _)| *number);
    Row { id: DocId::Uint(id), values }
}

/// In blocks of at most so many rows, of which some are superseded.
pub(super) fn living(rows: &[Row], block_rows: usize, dead: &[bool]) -> Vec<Living> {
    let kind = |number: AttrNo| Some(KINDS[number.0 as usize].1);
    let alive: Vec<bool> =
        (0..rows.len()).map(|at| !dead.get(at).copied().unwrap_or(false)).collect();
    let blocks = rows.chunks(block_rows).zip(alive.chunks(block_rows));
    let block = |(rows, alive): (&[Row], &[bool])| Living {
        rows: Arc::new(Columns::of_rows(IdType::Uint, kind, rows).unwrap()),
        alive: BooleanBuffer::from(alive),
    };
    blocks.map(block).collect()
}

pub(super) fn alive<'a>(rows: &'a [Row], dead: &[bool]) -> Vec<&'a Row> {
    let is_alive = |at: usize| !dead.get(at).copied().unwrap_or(false);
    rows.iter().enumerate().filter(|(at, _)| is_alive(*at)).map(|(_, row)| row).collect()
}

pub(super) fn id(row: &Row) -> u64 {
    match row.id {
        DocId::Uint(id) => id,
        _ => panic!("ids are numbers here"),
    }
}

pub(super) fn query() -> Query {
    Query {
        rank: None,
        page: Page { limit: 100, offset: 0, per: None },
        filter: None,
        include: Include::Nothing,
        computed: Vec::new(),
        aggregates: Vec::new(),
        groups: Vec::new(),
        aggregations: Vec::new(),
        metric: None,
    }
}

pub(super) fn ranked(rank: Rank) -> Query {
    Query { rank: Some(rank), ..query() }
}

pub(super) fn ask(living: &[Living], query: &Query) -> Result<Answer> {
    of_blocks(&schema(), living, query, &Halt::default(), &mut load())
}

/// With room for whatever a test asks for.
pub(super) fn load() -> Load {
    Load::on(&Memory::of(1 << 30))
}

pub(super) fn is_halted(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<Halted>())
}

/// Ids and what they are ranked by.
pub(super) fn told(answer: &Answer) -> Vec<(u64, Option<f32>)> {
    let told = |hit: &Hit| match hit.id {
        DocId::Uint(id) => (id, hit.dist),
        _ => panic!("ids are numbers here"),
    };
    answer.rows.iter().map(told).collect()
}

pub(super) fn ids(answer: &Answer) -> Vec<u64> {
    told(answer).into_iter().map(|(id, _)| id).collect()
}

/// In the order of scores, as an answer has them.
pub(super) fn sorted(mut scores: Vec<(u64, f64)>) -> Vec<(u64, f64)> {
    scores.sort_by(|(a, x), (b, y)| (*y as f32).total_cmp(&(*x as f32)).then(a.cmp(b)));
    scores
}

pub(super) fn same(answer: &Answer, expected: &[(u64, f64)]) -> bool {
    let close = |((id, dist), (other, score)): ((u64, Option<f32>), &(u64, f64))| {
        let dist = f64::from(dist.unwrap());
        id == *other && (dist - score).abs() <= 1e-6 * score.abs().max(1.0)
    };
    let told = told(answer);
    told.len() == expected.len() && told.into_iter().zip(expected).all(close)
}

pub(super) fn string(text: &str) -> Value {
    Value::String(text.into())
}

pub(super) fn strings(texts: &[&str]) -> Value {
    Value::Strings(texts.iter().map(|text| Box::<str>::from(*text)).collect())
}

pub(super) fn bm25(attribute: &str, text: &str, last: LastToken) -> Score {
    let query = TextQuery { text: Given::Text(text.into()), last };
    Score::Text { attribute: attribute.into(), query }
}
