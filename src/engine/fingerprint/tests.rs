//! That two requests have one fingerprint only if they are one.

use super::*;
use crate::model::{Omission, Searched};

fn text(text: &str) -> Given {
    Given::Text(text.into())
}

fn row(id: i64, values: &[(&str, Given)]) -> GivenRow {
    let values = values.iter().map(|(name, given)| ((*name).into(), given.clone())).collect();
    GivenRow { id: Given::Int(id), values }
}

fn upsert(rows: &[GivenRow]) -> Write {
    Write { upserts: rows.to_vec(), ..Write::default() }
}

fn valued(value: Given) -> Write {
    upsert(&[row(1, &[("a", value)])])
}

fn test(attribute: &str, op: Op, operand: Operand) -> Filter {
    Filter::Test { attribute: attribute.into(), op, operand }
}

fn on(condition: Filter) -> Write {
    Write { upsert_condition: Some(condition), ..Write::default() }
}

fn matching(filter: Filter, excess: Excess) -> ByFilter {
    ByFilter { filter, excess }
}

fn deleting(by_filter: ByFilter) -> Write {
    Write { delete_by_filter: Some(by_filter), ..Write::default() }
}

fn patching(matching: ByFilter, value: Given) -> Write {
    let values = vec![("a".into(), value)];
    let patch_by_filter = Some(PatchByFilter { matching, values });
    Write { patch_by_filter, ..Write::default() }
}

fn like(pattern: Pattern) -> Write {
    on(Filter::Like { attribute: "a".into(), pattern })
}

fn declared(change: impl FnOnce(&mut Declaration)) -> Write {
    let mut declaration = Declaration::of(AttrType::Scalar(Scalar::String));
    change(&mut declaration);
    let schema = vec![("a".into(), SchemaChange::Declare(declaration))];
    Write { schema, ..Write::default() }
}

fn worded(change: impl FnOnce(&mut FullText)) -> Write {
    let mut words = FullText::default();
    change(&mut words);
    declared(|declaration| declaration.full_text = Some(Some(words)))
}

/// Receipts on the store hold these numbers.
#[test]
fn the_recipe_never_changes() {
    assert_eq!(of_key("k"), 0xdd43_667a_f567_cd66_18b9_24e8_ceb0_bc5c);
    let write = upsert(&[row(1, &[("a", text("b"))])]);
    assert_eq!(of_write(&write), 0x36a3_d9e0_757b_8b05_8fc0_0d02_6a42_56a5);
}

#[test]
fn a_request_that_comes_again_is_recognised() {
    let long = || text(&"x".repeat(3 * PIECE_BYTES));
    let write = || Write { deletes: vec![Given::Int(2)], ..valued(long()) };
    assert_eq!(of_write(&write()), of_write(&write()));
}

/// A key answers for what was done under it, whichever contract let in the rows, and however they lay.
#[test]
fn which_omissions_are_mistakes_is_not_what_a_request_does() {
    let write = upsert(&[row(1, &[]), row(2, &[])]);
    for rows in [0, 1, 2] {
        let strict = Write { omission: Omission::Mistake { rows }, ..write.clone() };
        assert_eq!(of_write(&strict), of_write(&write));
    }
}

#[test]
fn no_two_requests_have_one_fingerprint() {
    let writes = [plain(), conditional(), declaring()].concat();
    let mut prints: Vec<u128> = writes.iter().map(of_write).collect();
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), writes.len());
}

/// Documents, and what is said of the namespace.
fn plain() -> Vec<Write> {
    let pinned = |replicas| {
        let replicas = std::num::NonZeroU32::new(replicas);
        let pinning = Some(replicas.map_or(Pinning::None, Pinning::Replicas));
        Write { pinning, ..Write::default() }
    };
    vec![
        Write::default(),
        Write { create: Create::Always, ..Write::default() },
        Write { create: Create::Never, ..Write::default() },
        Write { create: Create::New, ..Write::default() },
        Write { id_type: Some(IdType::Uuid), ..Write::default() },
        Write { id_type: Some(IdType::String), ..Write::default() },
        Write { id_type: Some(IdType::Int), ..Write::default() },
        Write { metric: Some(Metric::Cosine), ..Write::default() },
        Write { metric: Some(Metric::DotProduct), ..Write::default() },
        Write { read_only: Some(ReadOnly::Yes), ..Write::default() },
        Write { read_only: Some(ReadOnly::No), ..Write::default() },
        Write { deletes: vec![Given::Int(1)], ..Write::default() },
        Write { deletes: vec![Given::Uint(1)], ..Write::default() },
        Write { patches: vec![row(1, &[])], ..Write::default() },
        upsert(&[row(1, &[])]),
        upsert(&[row(1, &[]), row(2, &[])]),
        upsert(&[row(2, &[]), row(1, &[])]),
        upsert(&[row(1, &[("a", Given::Null)]), row(2, &[])]),
        upsert(&[row(1, &[]), row(2, &[("a", Given::Null)])]),
        upsert(&[row(1, &[("ab", text("c"))])]),
        upsert(&[row(1, &[("a", text("bc"))])]),
        valued(Given::Null),
        valued(Given::Bool(false)),
        valued(Given::Bool(true)),
        valued(Given::Int(0)),
        valued(Given::Float(0.0)),
        valued(Given::Float(-0.0)),
        valued(text("")),
        valued(Given::List(vec![])),
        valued(Given::List(vec![Given::List(vec![]), Given::Null])),
        valued(Given::List(vec![Given::List(vec![Given::Null])])),
        valued(Given::Map(vec![])),
        valued(Given::Map(vec![("b".into(), Given::Null)])),
        pinned(0),
        pinned(1),
        pinned(2),
    ]
}

/// Conditions, and what is found by a filter.
fn conditional() -> Vec<Write> {
    let one = || Operand::Literal(Given::Int(1));
    let a = || test("a", Op::Eq, one());
    let glob = |case| like(Pattern::Glob { operand: one(), case });
    let fuzzy = |min_chars, distance| {
        let edits = vec![Edits { min_chars, distance }];
        like(Pattern::Fuzzy { operand: one(), edits, case: Case::Matters })
    };
    let tokens = |which, last| like(Pattern::Tokens { operand: one(), which, last });
    vec![
        on(a()),
        on(test("b", Op::Eq, one())),
        on(test("a", Op::NotEq, one())),
        on(test("a", Op::Eq, Operand::Literal(text("b")))),
        on(test("a", Op::Eq, Operand::New("b".into()))),
        on(Filter::Not(Box::new(a()))),
        on(Filter::And(vec![a()])),
        on(Filter::Or(vec![a()])),
        on(Filter::And(vec![a(), Filter::And(vec![])])),
        on(Filter::And(vec![Filter::And(vec![a()])])),
        on(test("a", Op::Contains, one())),
        on(test("a", Op::AnyGte, one())),
        on(test("a", Op::Eq, Operand::Items(vec![]))),
        on(test("a", Op::Eq, Operand::Items(vec![one()]))),
        on(test("a", Op::Eq, Operand::Items(vec![Operand::New("a".into())]))),
        glob(Case::Matters),
        glob(Case::Ignored),
        like(Pattern::Regex { operand: one(), of: Searched::Declared }),
        fuzzy(6, 1),
        fuzzy(1, 6),
        tokens(Which::All, LastToken::Itself),
        tokens(Which::All, LastToken::Prefix),
        tokens(Which::Any, LastToken::Itself),
        tokens(Which::Sequence, LastToken::Itself),
        deleting(matching(a(), Excess::Refused)),
        deleting(matching(a(), Excess::Left)),
        deleting(matching(Filter::And(vec![]), Excess::Refused)),
        patching(matching(a(), Excess::Refused), Given::Null),
        patching(matching(a(), Excess::Left), Given::Null),
        patching(matching(a(), Excess::Refused), Given::Int(1)),
        Write { patch_condition: Some(a()), ..Write::default() },
        Write { delete_condition: Some(a()), ..Write::default() },
    ]
}

/// Schemas.
fn declaring() -> Vec<Write> {
    let ann =
        |metric, late_interaction| declared(|it| it.ann = Some(Ann { metric, late_interaction }));
    let kind = |kind| declared(|it| it.kind = kind);
    vec![
        Write { schema: vec![("a".into(), SchemaChange::Drop)], ..Write::default() },
        declared(|_| {}),
        declared(|it| it.filterable = Some(true)),
        declared(|it| it.filterable = Some(false)),
        declared(|it| it.regex = Some(true)),
        declared(|it| it.glob = Some(true)),
        declared(|it| it.fuzzy = Some(true)),
        declared(|it| it.sparse_knn = Some(true)),
        declared(|it| it.sparse_knn = Some(false)),
        declared(|it| it.full_text = Some(None)),
        worded(|_| {}),
        worded(|words| words.language = "german".into()),
        worded(|words| words.tokenizer = "word_v3".into()),
        worded(|words| words.stemming = true),
        worded(|words| words.case_sensitive = true),
        worded(|words| words.remove_stopwords = true),
        worded(|words| words.ascii_folding = true),
        worded(|words| words.max_token_length = 40),
        worded(|words| words.k1 = 1.0),
        worded(|words| words.b = 1.0),
        worded(|words| words.k3 = 1.0),
        ann(None, false),
        ann(None, true),
        ann(Some(Metric::Cosine), false),
        ann(Some(Metric::EuclideanSquared), false),
        kind(AttrType::Scalar(Scalar::Int)),
        kind(AttrType::Array(Scalar::Int)),
        kind(AttrType::Vector { dims: 2, element: Element::F32 }),
        kind(AttrType::Vector { dims: 2, element: Element::F16 }),
        kind(AttrType::Vector { dims: 3, element: Element::F32 }),
        kind(AttrType::Vectors { dims: 2 }),
        kind(AttrType::Sparse),
    ]
}
