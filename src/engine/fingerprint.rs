//! By what a request is recognised that comes again under its idempotency key: a hash of all that it
//! says.
//!
//! A receipt keeps the hash on the store, and whoever reads it may be a newer version than whoever
//! wrote it. So the recipe is our own, field by field, and a test holds on to it. Each field has a
//! number, and is fed only where it says something: a field that is added changes no hash of a
//! request that does not use it. Whatever is fed tells where it ends, so no two requests feed the
//! same bytes.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use blake3::Hasher;

use crate::model::{
    Ann, AttrType, ByFilter, Case, Create, Declaration, Edits, Element, Excess, Filter, FullText,
    Given, GivenRow, IdType, LastToken, Metric, Op, Operand, PatchByFilter, Pattern, Pinning,
    ReadOnly, Scalar, SchemaChange, Which, Write,
};

const RECIPE: u8 = 1;
/// Behind the last field of what has any number of them.
const END: u8 = 0;
/// So many bytes are hashed at a time: in small pieces it takes ten times as long.
const PIECE_BYTES: usize = 64 << 10;

/// The hash of an idempotency key.
pub(super) fn of_key(key: &str) -> u128 {
    first(&blake3::hash(key.as_bytes()))
}

/// The hash of a request. It visits every value: for a large one it is not waited for by the network.
pub(super) fn of_write(write: &Write) -> u128 {
    let Write {
        upserts,
        patches,
        deletes,
        delete_by_filter,
        patch_by_filter,
        upsert_condition,
        patch_condition,
        delete_condition,
        schema,
        id_type,
        metric,
        read_only,
        pinning,
        create,
        // How long it waits is not what it does, nor is how its rows lay, or what its contract takes.
        pressure: _,
        omission: _,
        reserved: _,
    } = write;
    let mut feed = Feed::default();
    feed.byte(RECIPE);
    feed.several(1, upserts, Feed::row);
    feed.several(2, patches, Feed::row);
    feed.several(3, deletes, Feed::given);
    feed.said(4, upsert_condition.as_ref(), Feed::filter);
    feed.said(5, patch_condition.as_ref(), Feed::filter);
    feed.said(6, delete_condition.as_ref(), Feed::filter);
    feed.several(7, schema, |feed, (name, change)| {
        feed.text(name);
        feed.change(change);
    });
    feed.said(8, id_type.as_ref(), |feed, id_type| feed.byte(of_id_type(*id_type)));
    feed.said(9, metric.as_ref(), |feed, metric| feed.byte(of_metric(*metric)));
    feed.said(10, read_only.as_ref(), |feed, read_only| {
        feed.byte(match read_only {
            ReadOnly::Yes => 1,
            ReadOnly::No => 2,
        });
    });
    match create {
        Create::ByDocument => {}
        Create::Always => feed.bytes(&[11, 1]),
        Create::Never => feed.bytes(&[11, 2]),
        Create::New => feed.bytes(&[11, 3]),
    }
    feed.said(12, delete_by_filter.as_ref(), Feed::by_filter);
    feed.said(13, patch_by_filter.as_ref(), |feed, PatchByFilter { matching, values }| {
        feed.by_filter(matching);
        feed.values(values);
    });
    feed.said(14, pinning.as_ref(), |feed, pinning| {
        feed.number(match pinning {
            Pinning::None => 0,
            Pinning::Replicas(replicas) => replicas.get().into(),
        });
    });
    feed.finish()
}

fn first(hash: &blake3::Hash) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

#[derive(Default)]
struct Feed {
    hasher: Hasher,
    waiting: Vec<u8>,
}

impl Feed {
    fn bytes(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE_BYTES {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
    }

    fn finish(mut self) -> u128 {
        self.hasher.update(&self.waiting);
        first(&self.hasher.finalize())
    }

    fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    fn truth(&mut self, truth: bool) {
        self.byte(u8::from(truth));
    }

    /// A field that may be absent.
    fn said<T: ?Sized>(&mut self, field: u8, value: Option<&T>, feed: impl FnOnce(&mut Self, &T)) {
        if let Some(value) = value {
            self.byte(field);
            feed(self, value);
        }
    }

    /// A field of many that may be none.
    fn several<T>(&mut self, field: u8, items: &[T], feed: impl FnMut(&mut Self, &T)) {
        if !items.is_empty() {
            self.byte(field);
            self.each(items, feed);
        }
    }

    fn each<T>(&mut self, items: &[T], mut feed: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|item| feed(self, item));
    }

    fn row(&mut self, row: &GivenRow) {
        let GivenRow { id, values } = row;
        self.given(id);
        self.values(values);
    }

    fn values(&mut self, values: &[(Arc<str>, Given)]) {
        self.each(values, |feed, (name, value)| {
            feed.text(name);
            feed.given(value);
        });
    }

    fn by_filter(&mut self, by_filter: &ByFilter) {
        let ByFilter { filter, excess } = by_filter;
        self.byte(match excess {
            Excess::Refused => 1,
            Excess::Left => 2,
        });
        self.filter(filter);
    }

    fn given(&mut self, given: &Given) {
        match given {
            Given::Null => self.byte(0),
            Given::Bool(false) => self.byte(1),
            Given::Bool(true) => self.byte(2),
            Given::Int(number) => {
                self.byte(3);
                self.bytes(&number.to_le_bytes());
            }
            Given::Uint(number) => {
                self.byte(4);
                self.number(*number);
            }
            Given::Float(number) => {
                self.byte(5);
                self.number(number.to_bits());
            }
            Given::Text(text) => {
                self.byte(6);
                self.text(text);
            }
            Given::List(items) => {
                self.byte(7);
                self.each(items, Self::given);
            }
            Given::Map(entries) => {
                self.byte(8);
                self.each(entries, |feed, (key, value)| {
                    feed.text(key);
                    feed.given(value);
                });
            }
        }
    }

    fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::And(filters) => {
                self.byte(1);
                self.each(filters, Self::filter);
            }
            Filter::Or(filters) => {
                self.byte(2);
                self.each(filters, Self::filter);
            }
            Filter::Not(filter) => {
                self.byte(3);
                self.filter(filter);
            }
            Filter::Test { attribute, op, operand } => {
                self.bytes(&[4, of_op(*op)]);
                self.text(attribute);
                self.operand(operand);
            }
            Filter::Like { attribute, pattern } => {
                self.byte(5);
                self.text(attribute);
                self.pattern(pattern);
            }
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            // Where the two are not the same, a literal is refused.
            Operand::Literal(given) | Operand::Key(given) => {
                self.byte(1);
                self.given(given);
            }
            Operand::New(attribute) => {
                self.byte(2);
                self.text(attribute);
            }
            Operand::Items(items) => {
                self.byte(3);
                self.each(items, Self::operand);
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Glob { operand, case } => {
                self.bytes(&[1, of_case(*case)]);
                self.operand(operand);
            }
            Pattern::Regex { operand, .. } => {
                self.byte(2);
                self.operand(operand);
            }
            Pattern::Fuzzy { operand, edits, case } => {
                self.bytes(&[3, of_case(*case)]);
                self.each(edits, |feed, Edits { min_chars, distance }| {
                    feed.number(*min_chars as u64);
                    feed.number(*distance as u64);
                });
                self.operand(operand);
            }
            Pattern::Tokens { operand, which, last } => {
                let which = match which {
                    Which::All => 1,
                    Which::Any => 2,
                    Which::Sequence => 3,
                };
                let last = match last {
                    LastToken::Itself => 1,
                    LastToken::Prefix => 2,
                };
                self.bytes(&[4, which, last]);
                self.operand(operand);
            }
        }
    }

    fn change(&mut self, change: &SchemaChange) {
        match change {
            SchemaChange::Drop => self.byte(1),
            SchemaChange::Declare(declaration) => {
                self.byte(2);
                self.declaration(declaration);
            }
        }
    }

    fn declaration(&mut self, declaration: &Declaration) {
        let Declaration { kind, filterable, full_text, ann, sparse_knn, regex, glob, fuzzy } =
            declaration;
        self.kind(*kind);
        self.said(1, filterable.as_ref(), |feed, truth| feed.truth(*truth));
        self.said(2, full_text.as_ref(), |feed, full_text| {
            feed.said(1, full_text.as_ref(), Self::full_text);
            feed.byte(END);
        });
        self.said(3, ann.as_ref(), |feed, ann| {
            let Ann { metric, late_interaction } = ann;
            feed.said(1, metric.as_ref(), |feed, metric| feed.byte(of_metric(*metric)));
            feed.said(2, late_interaction.then_some(&()), |_, ()| {});
            feed.byte(END);
        });
        self.said(4, sparse_knn.as_ref(), |feed, truth| feed.truth(*truth));
        self.said(5, regex.as_ref(), |feed, truth| feed.truth(*truth));
        self.said(6, glob.as_ref(), |feed, truth| feed.truth(*truth));
        self.said(7, fuzzy.as_ref(), |feed, truth| feed.truth(*truth));
        self.byte(END);
    }

    fn full_text(&mut self, full_text: &FullText) {
        let FullText {
            tokenizer,
            language,
            case_sensitive,
            stemming,
            remove_stopwords,
            ascii_folding,
            max_token_length,
            k1,
            b,
            k3,
        } = full_text;
        self.text(tokenizer);
        self.text(language);
        for truth in [case_sensitive, stemming, remove_stopwords, ascii_folding] {
            self.truth(*truth);
        }
        self.byte(*max_token_length);
        for weight in [k1, b, k3] {
            self.bytes(&weight.to_bits().to_le_bytes());
        }
        self.byte(END);
    }

    fn kind(&mut self, kind: AttrType) {
        match kind {
            AttrType::Scalar(scalar) => self.bytes(&[1, of_scalar(scalar)]),
            AttrType::Array(scalar) => self.bytes(&[2, of_scalar(scalar)]),
            AttrType::Vector { dims, element } => {
                self.bytes(&[3, of_element(element)]);
                self.number(dims.into());
            }
            AttrType::Sparse => self.byte(4),
            AttrType::Vectors { dims } => {
                self.byte(5);
                self.number(dims.into());
            }
        }
    }
}

fn of_op(op: Op) -> u8 {
    match op {
        Op::Eq => 1,
        Op::NotEq => 2,
        Op::In => 3,
        Op::NotIn => 4,
        Op::Lt => 5,
        Op::Lte => 6,
        Op::Gt => 7,
        Op::Gte => 8,
        Op::Contains => 9,
        Op::ContainsAny => 10,
        Op::AnyLt => 11,
        Op::AnyLte => 12,
        Op::AnyGt => 13,
        Op::AnyGte => 14,
    }
}

fn of_case(case: Case) -> u8 {
    match case {
        Case::Matters => 1,
        Case::Ignored => 2,
    }
}

fn of_id_type(id_type: IdType) -> u8 {
    match id_type {
        IdType::Uint => 1,
        IdType::Uuid => 2,
        IdType::String => 3,
        IdType::Int => 4,
    }
}

fn of_metric(metric: Metric) -> u8 {
    match metric {
        Metric::Cosine => 1,
        Metric::EuclideanSquared => 2,
        Metric::DotProduct => 3,
    }
}

fn of_scalar(scalar: Scalar) -> u8 {
    match scalar {
        Scalar::String => 1,
        Scalar::Int => 2,
        Scalar::Uint => 3,
        Scalar::Float => 4,
        Scalar::Bool => 5,
        Scalar::Uuid => 6,
        Scalar::DateTime => 7,
        Scalar::Bytes => 8,
    }
}

fn of_element(element: Element) -> u8 {
    match element {
        Element::F32 => 1,
        Element::F16 => 2,
        Element::I8 => 3,
    }
}
