//! Words of requests that are read by hand: moments, uuids, names, types, ids, and values that come as
//! text, vectors in base64 among them; and the date of a store's answer. Whatever is read, is read again
//! from how it is written.

use std::time::Duration;

use elacsym::error::Result;
use elacsym::model::{
    AttrType, DocId, Given, IdType, Metric, Namespace, NodeId, StoreDate, Value, datetime, uuid,
};
use elacsym::storage::parse_date;

use crate::random::Random;
use crate::target::{Answer, Target};
use crate::{bend, memory};

const MEMORY_BYTES: usize = 64 << 10;
const MEMORY_PER_BYTE: usize = 256;
/// Values of these come as text, or as a list of texts.
const KINDS: [&str; 15] = [
    "string",
    "int",
    "float",
    "bool",
    "uuid",
    "datetime",
    "bytes",
    "[]string",
    "[]uuid",
    "[]datetime",
    "[1]f32",
    "[2]f32",
    "[2]f16",
    "[3]i8",
    "[][1]f32",
];

const DATES: [&str; 4] = [
    "Sat, 31 Dec 2016 23:59:58 GMT",
    "31 Dec 2016 23:59:60 +0000",
    "1 Jan 70 00:00 -0130",
    "Sun, 06 Nov 1994 08:49:37 EST (a (comment))",
];
const EPOCH: &str = "Thu, 01 Jan 1970 00:00:00 GMT";
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(crate) struct Words;

impl Target for Words {
    fn name(&self) -> &'static str {
        "words"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        DATES.map(|date| date.as_bytes().to_vec()).into()
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        bend::times(2, random, (input, other), bend::text)
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let text = String::from_utf8_lossy(input);
        let bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * text.len();
        let said = memory::bounded(bytes_max, || readings(&text))?;
        let read = said.iter().filter(|(_, back)| back.is_some());
        let names: Vec<&str> = read.map(|(name, _)| *name).collect();
        match said.iter().find(|(_, back)| *back == Some(Back::Another)) {
            Some((name, _)) => Err(format!("{text:?} is read as {name}, and written as another")),
            None if names.is_empty() => Ok(Answer::Refused("no word".to_owned())),
            None => Ok(Answer::Accepted(names.join(" "))),
        }
    }
}

/// What is read from how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Back {
    Same,
    Another,
}

impl Back {
    fn of<T: PartialEq>(first: &T, second: Option<&T>) -> Self {
        if second == Some(first) { Self::Same } else { Self::Another }
    }
}

/// What the text is; none: it is no such thing.
fn readings(text: &str) -> Vec<(&'static str, Option<Back>)> {
    let spelt = |read: Result<String>| {
        read.ok().map(|spelt| if spelt == text { Back::Same } else { Back::Another })
    };
    let mut said = vec![
        (
            "a moment",
            datetime::parse(text).map(|micros| {
                Back::of(&micros, datetime::parse(&datetime::print(micros)).as_ref())
            }),
        ),
        ("a date", parse_date(text).map(|date| Back::of(&date, date_again(date).as_ref()))),
        (
            "a uuid",
            uuid::parse(text).map(|it| Back::of(&it, uuid::parse(&uuid::print(it)).as_ref())),
        ),
        ("a namespace", spelt(Namespace::new(text).map(|name| name.as_str().to_owned()))),
        ("a node", spelt(NodeId::new(text).map(|node| node.as_str().to_owned()))),
        ("a type", spelt(text.parse::<AttrType>().map(|kind| kind.to_string()))),
        ("a metric", spelt(text.parse::<Metric>().map(|metric| metric.to_string()))),
        ("a type of ids", spelt(text.parse::<IdType>().map(|id_type| id_type.to_string()))),
    ];
    let alone = Given::Text(text.into());
    let listed = Given::List(vec![alone.clone(), alone.clone()]);
    for given in [&alone, &listed] {
        said.extend(KINDS.map(|kind| (kind, value(kind, given))));
    }
    for (name, id_type) in [
        ("an id: uint", IdType::Uint),
        ("an id: uuid", IdType::Uuid),
        ("an id", IdType::String),
        ("an id: int", IdType::Int),
    ] {
        let id = DocId::of(&alone, id_type).ok();
        said.push((name, id.map(|id| Back::of(&id, again(&id).as_ref()))));
    }
    said
}

fn value(kind: &str, given: &Given) -> Option<Back> {
    let kind: AttrType = kind.parse().expect("these are types");
    let value = Value::coerce(kind, given).ok()??;
    let again = Value::coerce(kind, &value.to_given(kind)).ok().flatten();
    Some(Back::of(&value, again.as_ref()))
}

fn again(id: &DocId) -> Option<DocId> {
    match id {
        DocId::Uint(number) => DocId::of(&Given::Uint(*number), IdType::Uint),
        DocId::Uuid(id) => DocId::of(&Given::Text(uuid::print(*id).into()), IdType::Uuid),
        DocId::String(text) => DocId::of(&Given::Text(text.clone()), IdType::String),
        DocId::Int(number) => DocId::of(&Given::Int(*number), IdType::Int),
    }
    .ok()
}

/// Of a date only how far it is from another can be had, and only of years with four digits is it
/// written here.
fn date_again(date: StoreDate) -> Option<StoreDate> {
    let epoch = parse_date(EPOCH)?;
    let seconds = |length: Duration| i64::try_from(length.as_secs()).ok();
    let micros =
        (seconds(date.since(epoch))? - seconds(epoch.since(date))?).saturating_mul(1_000_000);
    if !(datetime::MICROS_MIN..=datetime::MICROS_MAX).contains(&micros) {
        return Some(date);
    }
    // As in `2016-12-31T23:59:58.000000000Z`.
    let text = datetime::print(micros);
    let month: usize = text[5..7].parse().ok()?;
    let (year, day, clock) = (&text[..4], &text[8..10], &text[11..19]);
    parse_date(&format!("{day} {} {year} {clock} GMT", MONTHS[month - 1]))
}
