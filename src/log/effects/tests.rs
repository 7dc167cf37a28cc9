//! Effects come back as they were written, and nothing else comes back as effects.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, RecordBatch, UInt64Array};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field as ArrowField, Schema as ArrowSchema};
use proptest::prelude::*;

use super::schema::tests::any_edit;
use super::*;
use crate::error::ErrorKind;
use crate::model::columns::any::{all_kinds, any_table, any_value};
use crate::model::{Attribute, Element, Options, Row, Scalar, Value};

const INT: AttrType = AttrType::Scalar(Scalar::Int);
const TEXT: AttrType = AttrType::Scalar(Scalar::String);

fn blocks(kinds: &[AttrType], id_type: IdType, rows: &[Row]) -> Vec<Columns> {
    let kind_of = |number: AttrNo| kinds.get(number.0 as usize).copied();
    Columns::by_shape(id_type, kind_of, rows).unwrap()
}

fn row(id: u64, values: impl IntoIterator<Item = (u32, Value)>) -> Row {
    let values = values.into_iter().map(|(number, value)| (AttrNo(number), value));
    Row { id: DocId::Uint(id), values: values.collect() }
}

fn set(number: u32, kind: AttrType) -> SchemaEdit {
    let options = Options {
        filterable: true,
        full_text: None,
        metric: None,
        late_interaction: false,
        sparse_knn: false,
        regex: false,
        glob: false,
        fuzzy: false,
    };
    let attribute = Attribute { number: AttrNo(number), kind, options };
    SchemaEdit::Set { name: "a".into(), attribute }
}

fn small() -> Effects {
    let text = |text: &str| Value::String(text.into());
    let vector = |vector: [f32; 2]| Value::Vector(vector.into());
    let kinds = [TEXT, AttrType::Vector { dims: 2, element: Element::F32 }];
    let rows = [
        row(1, [(0, text("one")), (1, vector([0.5, -0.0]))]),
        row(2, [(0, text("two"))]),
        row(3, [(0, text("")), (1, vector([1.0, 2.0]))]),
    ];
    let schema = vec![set(0, TEXT), SchemaEdit::Settled];
    let deletes = vec![DocId::Uint(4), DocId::Uint(u64::MAX)];
    Effects { at: 0, schema, upserts: blocks(&kinds, IdType::Uint, &rows), deletes }
}

fn held(effects: &Effects) -> Vec<Row> {
    let rows = |block: &Columns| (0..block.rows()).map(|at| block.row(at)).collect::<Vec<_>>();
    effects.upserts.iter().flat_map(rows).collect()
}

fn corrupt(part: &Bytes) -> String {
    let error = decode(part).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", error.chain());
    error.chain()
}

/// Content that no writer of ours would make, in a good envelope.
fn corrupt_content(effects: &Effects) -> String {
    corrupt(&seal(&content(effects).unwrap()).unwrap())
}

/// Refused, or something that a writer could have meant.
fn opens_or_not(part: &Bytes) {
    if let Ok(effects) = decode(part) {
        let again = encode(&effects).unwrap();
        assert_eq!(decode(&again).unwrap(), effects);
    }
}

/// The vectors of `docs/FORMAT.md`.
#[test]
fn content_is_spelt_as_the_format_page_says() {
    let hex = |effects: &Effects| {
        let bytes = content(effects).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let edits = [SchemaEdit::IdType(IdType::Uint), set(0, TEXT), SchemaEdit::Settled];
    let schema = Effects { at: 258, schema: edits.into(), ..Effects::default() };
    let expect = "0201000000000000 03000000 00 00 01 01000000 61 00000000 00 00 01 00 00 00 00 00 00 00 03 00";
    assert_eq!(hex(&schema), expect.replace(' ', ""));
    let ids = ["a", "bc"].map(|id| DocId::String(id.into()));
    let deletes = Effects { deletes: ids.into(), ..Effects::default() };
    let expect = "0000000000000000 00000000 01 02 02000000 01000000 61 02000000 6263 00000000";
    assert_eq!(hex(&deletes), expect.replace(' ', ""));
    let deletes = Effects { deletes: [1, -2].map(DocId::Int).into(), ..Effects::default() };
    let expect =
        "0000000000000000 00000000 01 03 02000000 0100000000000000 feffffffffffffff 00000000";
    assert_eq!(hex(&deletes), expect.replace(' ', ""));
    assert_eq!(hex(&Effects::default()), "00000000000000000000000000");
}

#[test]
fn rows_of_several_shapes_lie_in_a_block_each() {
    let effects = small();
    assert_eq!(effects.upserts.len(), 2);
    let opened = decode(&encode(&effects).unwrap()).unwrap();
    assert_eq!(opened, effects);
    assert_eq!(held(&opened), held(&effects));
    let [lone, both] = &opened.upserts[..] else { panic!("{opened:?}") };
    assert_eq!((lone.columns().len(), both.columns().len()), (1, 2));
}

#[test]
fn every_flipped_bit_of_a_part_is_refused_or_makes_sense() {
    let part = encode(&small()).unwrap();
    for bit in 0..part.len() * 8 {
        let mut bytes = part.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        opens_or_not(&bytes.into());
    }
}

/// Below the envelope, where Arrow's own decoder panics.
#[test]
fn every_flipped_bit_of_the_content_is_refused_or_makes_sense() {
    let content = content(&small()).unwrap();
    for bit in 0..content.len() * 8 {
        let mut bytes = content.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        opens_or_not(&seal(&bytes).unwrap());
    }
}

#[test]
fn every_truncation_is_refused() {
    let part = encode(&small()).unwrap();
    for end in 0..part.len() {
        corrupt(&part.slice(..end));
    }
    let content = content(&small()).unwrap();
    for end in 0..content.len() {
        corrupt(&seal(&content[..end]).unwrap());
    }
    let longer = [&content[..], &[0]].concat();
    assert!(corrupt(&seal(&longer).unwrap()).contains("1 bytes follow"));
}

#[test]
fn a_bomb_is_refused_before_there_is_room_for_it() {
    let claim = |length: u32, packed: &[u8]| {
        Bytes::from([&[VERSION][..], &length.to_le_bytes(), packed].concat())
    };
    let zeros = zstd::bulk::compress(&vec![0; 8 << 20], LEVEL).unwrap();
    let above = EFFECTS_BYTES_MAX as u32 + 1;
    assert!(corrupt(&claim(above, &zeros)).contains("claim to hold 1073741825"));
    assert!(corrupt(&claim(u32::MAX, &zeros)).contains("claim to hold 4294967295"));
    assert!(corrupt(&claim(1 << 30, &zeros[..16])).contains("16 bytes claim to hold"));
    assert_eq!(corrupt(&claim(10, &zeros)).split(':').next(), Some("no frame of zstd"));
    assert!(corrupt(&claim((8 << 20) + 1, &zeros)).contains("were written"));
}

#[test]
fn a_version_from_the_future_is_not_corrupt() {
    let mut part = encode(&small()).unwrap().to_vec();
    part[0] = 2;
    assert_eq!(decode(&part.into()).unwrap_err().kind(), ErrorKind::Unavailable);
}

#[test]
fn no_id_occurs_twice() {
    let one = || row(1, [(0, Value::Int(1))]);
    let twice = |rows: &[Row], deletes: Vec<DocId>| {
        let upserts = blocks(&[INT, INT], IdType::Uint, rows);
        corrupt_content(&Effects { upserts, deletes, ..Effects::default() })
    };
    assert_eq!(twice(&[one(), one()], vec![]), "Uint(1) stands twice in one slot");
    twice(&[one(), row(1, [(1, Value::Int(1))])], vec![]);
    twice(&[one()], vec![DocId::Uint(1)]);
    twice(&[], vec![DocId::Uint(7), DocId::Uint(8), DocId::Uint(7)]);
}

#[test]
#[should_panic(expected = "stands twice")]
fn a_slot_that_says_two_things_of_one_id_is_not_written() {
    let upserts = blocks(&[INT], IdType::Uint, &[row(1, [(0, Value::Int(1))])]);
    let deletes = vec![DocId::Uint(1)];
    let _ = encode(&Effects { upserts, deletes, ..Effects::default() });
}

#[test]
fn one_slot_has_one_type_of_ids_and_one_of_each_attribute() {
    let upserts = blocks(&[INT], IdType::Uint, &[row(1, [(0, Value::Int(1))])]);
    let schema = vec![SchemaEdit::IdType(IdType::Uuid)];
    let ids = Effects { schema, upserts: upserts.clone(), ..Effects::default() };
    assert_eq!(corrupt_content(&ids), "ids of several types");
    let schema = vec![set(0, TEXT)];
    let kinds = Effects { schema, upserts, ..Effects::default() };
    let why = "attribute 0 is of type Scalar(String) and Scalar(Int)";
    assert_eq!(corrupt_content(&kinds), why);
    let long = DocId::String("x".repeat(65).into());
    let long = Effects { deletes: vec![long], ..Effects::default() };
    assert_eq!(corrupt_content(&long), "an id of 65 bytes is too long");
    let none = blocks(&[INT], IdType::Uint, &[row(1, [])])[0].take(&[]).unwrap();
    let none = Effects { upserts: vec![none], ..Effects::default() };
    assert_eq!(corrupt_content(&none), "a block without rows");
}

/// The content of one block whose stream is not what stands beside it.
fn foreign(
    kind: AttrType,
    fields: Vec<ArrowField>,
    columns: Vec<ArrayRef>,
    count: usize,
) -> String {
    let schema = Arc::new(ArrowSchema::new(fields));
    let mut writer = StreamWriter::try_new(Vec::<u8>::new(), &schema).unwrap();
    let batch = RecordBatch::try_new(schema, columns).unwrap();
    (0..count).for_each(|_| writer.write(&batch).unwrap());
    let stream = Bytes::from(writer.into_inner().unwrap());
    let mut content = Vec::new();
    0_u64.write(&mut content);
    Vec::<SchemaEdit>::new().write(&mut content);
    Some(IdType::Uint).write(&mut content);
    0_u32.write(&mut content);
    1_u32.write(&mut content);
    vec![(AttrNo(0), kind)].write(&mut content);
    stream.write(&mut content);
    corrupt(&seal(&content).unwrap())
}

#[test]
fn a_stream_of_other_columns_is_refused() {
    let id = || ArrowField::new("id", DataType::UInt64, false);
    let int = || ArrowField::new("0", DataType::Int32, true);
    let ids = || -> ArrayRef { Arc::new(UInt64Array::from(vec![1])) };
    let ints = || -> ArrayRef { Arc::new(Int32Array::from(vec![1])) };
    let fields = "block 0: the fields of a stream are not those of its attributes";
    assert_eq!(foreign(INT, vec![id(), int()], vec![ids(), ints()], 1), fields);
    assert_eq!(foreign(INT, vec![id()], vec![ids()], 1), fields);
    assert!(foreign(INT, vec![id()], vec![ids()], 0).contains("no batch"));
    let uint = || ArrowField::new("0", DataType::UInt64, true);
    let uints = AttrType::Scalar(Scalar::Uint);
    assert_eq!(foreign(INT, vec![id(), uint()], vec![ids(), ids()], 1), fields);
    assert!(foreign(uints, vec![id(), uint()], vec![ids(), ids()], 2).contains("a second batch"));
}

/// What Arrow takes for its metadata must not be felt: the budget of a slot is its rows.
#[test]
fn a_hundred_rows_take_little_more_than_their_text() {
    let mut seed = 1_u64;
    let mut letter = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'0' + (seed >> 58) as u8)
    };
    let mut rows = Vec::new();
    for id in 0..100 {
        let text: String = (0..200).map(|_| letter()).collect();
        rows.push(row(id, [(0, Value::String(text.into()))]));
    }
    let upserts = blocks(&[TEXT], IdType::Uint, &rows);
    let part = encode(&Effects { upserts, ..Effects::default() }).unwrap();
    assert!(part.len() < 100 * 200 + 2_000, "{} bytes", part.len());
}

proptest! {
    #[test]
    fn all_effects_read_back(
        (kinds, id_type, rows) in any_table(8),
        edits in prop::collection::vec(any_edit(), 0..4),
        deleted in any::<prop::sample::Index>(),
    ) {
        let (rows, gone) = rows.split_at(deleted.index(rows.len() + 1));
        let lawful = |edit: &SchemaEdit| match edit {
            SchemaEdit::IdType(declared) => *declared == id_type,
            SchemaEdit::Set { attribute, .. } => attribute.number.0 as usize >= kinds.len(),
            _ => true,
        };
        let effects = Effects {
            at: 1 << 40,
            schema: edits.into_iter().filter(lawful).collect(),
            upserts: blocks(&kinds, id_type, rows),
            deletes: gone.iter().map(|row| row.id.clone()).collect(),
        };
        // Two edits of one number may have drawn two types.
        prop_assume!(law(&effects).is_ok());
        let part = encode(&effects).unwrap();
        let opened = decode(&part).unwrap();
        prop_assert_eq!(&opened, &effects);
        prop_assert_eq!(format!("{:?}", held(&opened)), format!("{:?}", held(&effects)));
        prop_assert_eq!(encode(&opened).unwrap(), part);
    }

    #[test]
    fn a_value_of_every_type_reads_back(
        values in all_kinds().into_iter().map(any_value).collect::<Vec<_>>(),
    ) {
        let numbered = (0..).zip(values);
        let rows = [row(1, numbered), row(2, [])];
        let upserts = vec![
            Columns::of_rows(IdType::Uint, |n| all_kinds().get(n.0 as usize).copied(), &rows)
                .unwrap(),
        ];
        let effects = Effects { upserts, ..Effects::default() };
        let opened = decode(&encode(&effects).unwrap()).unwrap();
        prop_assert_eq!(format!("{:?}", held(&opened)), format!("{rows:?}"));
    }

    #[test]
    fn no_content_gets_past_the_door_but_what_could_be_written(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        opens_or_not(&seal(&bytes).unwrap());
        opens_or_not(&bytes.into());
    }
}
