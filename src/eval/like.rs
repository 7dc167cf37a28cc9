//! A pattern bound to an attribute: whether its text is like it, of a row and of a block.
//!
//! The two find the texts each in its own way, and hold them against the same pattern. Null is
//! like nothing.

use std::iter;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

use super::bind::{Binder, Bound, Item, spelt};
use super::cell::Cell;
use super::cost::Cost;
use super::field::{Field, Found, complaint, find, mismatch};
use super::halt::Halt;
use super::made::Made;
use super::pattern::{Desk, Manner, Matcher, READY_BYTES_MAX, Reader, check_edits};
use crate::error::{Error, Result};
use crate::model::{
    AttrType, FullText, Given, Operand, Options, Pattern, Row, Scalar, Searched, Value,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Like {
    pub(super) field: Field,
    kind: AttrType,
    wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Ready(Matcher),
    /// To be made of each incoming document.
    Made(Made, Source),
}

/// Where in the incoming document the question of a pattern is found.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Field(Field),
    Items(Vec<Item>),
}

const STRING: AttrType = AttrType::Scalar(Scalar::String);
const STRINGS: AttrType = AttrType::Array(Scalar::String);

impl Binder<'_> {
    pub(super) fn like(&mut self, name: &str, pattern: &Pattern) -> Result<Bound> {
        let Some(found) = find(self.schema, name)? else { return Ok(Bound::NOTHING) };
        if matches!(pattern, Pattern::Glob { .. } | Pattern::Regex { .. }) {
            self.budget.spend()?;
        }
        let manner = manner(name, &found, pattern)?;
        let expected = if manner.takes_tokens() { STRINGS } else { STRING };
        let odd = |got: &str| mismatch(name, pattern.word(), expected, got);
        let wanted = match operand(pattern) {
            Operand::Literal(given) | Operand::Key(given) => {
                let question = texts(given, expected).ok_or_else(|| odd(&given.to_string()))?;
                let ready = manner.ready(&question, READY_BYTES_MAX);
                Wanted::Ready(ready.map_err(|why| complaint(name, &why))?)
            }
            Operand::New(other) => {
                let Some(new) = self.incoming(name, other)? else { return Ok(Bound::NOTHING) };
                if new.kind != expected {
                    return Err(odd(&format!("$ref_new {other} of {}", new.kind)));
                }
                Wanted::Made(Made::of(manner), Source::Field(new.field))
            }
            Operand::Items(items) if expected == STRINGS => {
                let items = self.items(name, Scalar::String, items, || odd(&spelt(items)))?;
                let Some(items) = items else { return Ok(Bound::NOTHING) };
                Wanted::Made(Made::of(manner), Source::Items(items))
            }
            Operand::Items(items) => return Err(odd(&spelt(items))),
        };
        Ok(Bound::Like(Like { field: found.field, kind: found.kind, wanted }))
    }
}

impl Like {
    /// The desk is of the old row alone.
    pub(super) fn holds(&self, old: &Row, new: Option<&Row>, desk: &mut Desk) -> bool {
        let Some(value) = Cell::of(old, self.field) else { return false };
        let scratch = desk.of(self.field);
        match &self.wanted {
            Wanted::Ready(matcher) => matcher.finds(0, value.texts(), scratch),
            Wanted::Made(made, source) => source
                .texts(new)
                .is_some_and(|question| made.finds(&question, 0, value.texts(), scratch)),
        }
    }

    pub(super) fn cost(&self) -> Cost {
        match &self.wanted {
            Wanted::Ready(matcher) => matcher.cost(),
            Wanted::Made(made, _) => made.cost(),
        }
    }

    /// Which of these rows are like it. No other is looked at. The desk is of the rows of this column.
    pub(super) fn select(
        &self,
        column: Option<&dyn Array>,
        rows: &BooleanBuffer,
        halt: &Halt,
        desk: &mut Desk,
    ) -> Result<BooleanBuffer> {
        let Wanted::Ready(matcher) = &self.wanted else {
            return Err(Error::internal("a block has no incoming documents"));
        };
        let Some(column) = column else { return Ok(BooleanBuffer::new_unset(rows.len())) };
        let there = match column.nulls() {
            Some(nulls) => rows & nulls.inner(),
            None => rows.clone(),
        };
        let scratch = desk.of(self.field);
        if let Some(texts) = column.as_string_opt::<i32>() {
            let bytes = spanned(texts.value_offsets());
            return hits(&there, bytes, halt, |row| {
                matcher.finds(row, iter::once(texts.value(row)), scratch)
            });
        }
        let lists = column.as_list_opt::<i32>();
        let lists = lists.and_then(|lists| Some((lists, lists.values().as_string_opt::<i32>()?)));
        let Some((lists, texts)) = lists else {
            let (kind, odd) = (self.kind, column.data_type());
            return Err(Error::internal(format!("a pattern on {kind} met a column of {odd}")));
        };
        // A slice has the texts of the whole, which are more than its own.
        let offsets = lists.value_offsets();
        let own = offsets[0] as usize..=offsets[offsets.len() - 1] as usize;
        hits(&there, spanned(&texts.value_offsets()[own]), halt, |row| {
            let span = offsets[row] as usize..offsets[row + 1] as usize;
            matcher.finds(row, span.map(|at| texts.value(at)), scratch)
        })
    }
}

/// Those of the rows for which `hit` is true; they come to so many bytes.
fn hits(
    rows: &BooleanBuffer,
    bytes: usize,
    halt: &Halt,
    mut hit: impl FnMut(usize) -> bool,
) -> Result<BooleanBuffer> {
    let mut hits = BooleanBufferBuilder::new(rows.len());
    hits.append_n(rows.len(), false);
    halt.try_each_of(rows, bytes, |row| {
        if hit(row) {
            hits.set_bit(row, true);
        }
        Ok(())
    })?;
    Ok(hits.finish())
}

/// How far it is from the first offset to the last.
fn spanned(offsets: &[i32]) -> usize {
    (offsets[offsets.len() - 1] - offsets[0]) as usize
}

impl Source {
    /// What the document has there; of a list, what it has of it.
    fn texts<'a>(&'a self, new: Option<&'a Row>) -> Option<Vec<&'a str>> {
        let held = |field: &Field| new.and_then(|new| Cell::of(new, *field));
        match self {
            Self::Field(field) => held(field).map(|cell| cell.texts().collect()),
            Self::Items(items) => {
                let text = |item: &'a Item| match item {
                    Item::Value(Value::String(text)) => Some(&**text),
                    Item::Value(_) => None,
                    Item::New(field) => held(field)?.texts().next(),
                };
                Some(items.iter().filter_map(text).collect())
            }
        }
    }
}

/// How the texts of an attribute are held against a pattern, if its options allow that at all.
fn manner(name: &str, found: &Found<'_>, pattern: &Pattern) -> Result<Manner> {
    let word = pattern.word();
    let applies = match pattern {
        Pattern::Regex { .. } => found.kind == STRING,
        Pattern::Glob { .. } | Pattern::Fuzzy { .. } | Pattern::Tokens { .. } => {
            found.kind.is_text()
        }
    };
    if !applies {
        return Err(complaint(name, &format!("{word} does not apply to {}", found.kind)));
    }
    let has = |option: fn(&Options) -> bool| found.options.is_some_and(option);
    let (manner, needs) = match pattern {
        Pattern::Glob { case, .. } => {
            let may = found.filterable || has(|options| options.glob || options.regex);
            (may.then_some(Manner::Glob(*case)), "`glob` or `filterable` (in /v1 `indexed`)")
        }
        Pattern::Regex { of, .. } => {
            let declared = has(|options| options.regex);
            let (may, needs) = match of {
                Searched::Declared => (declared, "`regex`"),
                Searched::Filtered => {
                    (declared || found.filterable, "`regex` or `filterable` (in /v1 `indexed`)")
                }
            };
            (may.then_some(Manner::Regex), needs)
        }
        Pattern::Fuzzy { edits, case, .. } => {
            check_edits(edits).map_err(|why| complaint(name, &why))?;
            let manner = has(|options| options.fuzzy).then(|| Manner::Fuzzy(edits.clone(), *case));
            (manner, "`fuzzy`")
        }
        Pattern::Tokens { which, last, .. } => {
            let full_text: Option<&FullText> =
                found.options.and_then(|options| options.full_text.as_ref());
            let manner = full_text.map(|full_text| Manner::Tokens {
                reader: Reader::of(full_text),
                which: *which,
                last: *last,
            });
            (manner, "`full_text_search`")
        }
    };
    manner.ok_or_else(|| {
        complaint(name, &format!("{word} needs {needs} in the schema of the attribute"))
    })
}

fn operand(pattern: &Pattern) -> &Operand {
    match pattern {
        Pattern::Glob { operand, .. }
        | Pattern::Regex { operand, .. }
        | Pattern::Fuzzy { operand, .. }
        | Pattern::Tokens { operand, .. } => operand,
    }
}

/// A text as one of its own, a list as many.
fn texts<'a>(given: &'a Given, expected: AttrType) -> Option<Vec<&'a str>> {
    match given {
        Given::Text(text) if expected == STRING => Some(vec![&**text]),
        Given::List(items) if expected == STRINGS => {
            let text = |item: &'a Given| match item {
                Given::Text(text) => Some(&**text),
                _ => None,
            };
            items.iter().map(text).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::EXPRESSIONS_MAX;
    use super::super::halt::{BLOCK_ROWS, is_halted};
    use super::super::samples::{Columns, like, number, schema};
    use super::super::{Budget, Purpose, holds, select};
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{AttrNo, Case, DocId, Edits, Filter, IdType, LastToken, Which};

    fn text(text: &str) -> Operand {
        Operand::Literal(Given::Text(text.into()))
    }

    fn list(texts: &[&str]) -> Operand {
        Operand::Literal(Given::List(
            texts.iter().map(|text| Given::Text((*text).into())).collect(),
        ))
    }

    fn new(name: &str) -> Operand {
        Operand::New(name.into())
    }

    fn glob(operand: Operand) -> Pattern {
        Pattern::Glob { operand, case: Case::Matters }
    }

    fn regex(operand: Operand) -> Pattern {
        Pattern::Regex { operand, of: Searched::Declared }
    }

    fn of_filtered(operand: Operand) -> Pattern {
        Pattern::Regex { operand, of: Searched::Filtered }
    }

    fn fuzzy(operand: Operand) -> Pattern {
        let edits = [(3, 0), (6, 1)].map(|(min_chars, distance)| Edits { min_chars, distance });
        Pattern::Fuzzy { operand, edits: edits.to_vec(), case: Case::Ignored }
    }

    fn tokens(operand: Operand, which: Which) -> Pattern {
        Pattern::Tokens { operand, which, last: LastToken::Itself }
    }

    fn row(values: &[(&str, &[&str])]) -> Row {
        let value = |(name, texts): &(&str, &[&str])| {
            let value = match *name {
                "s" | "mute" => Value::String(texts[0].into()),
                _ => Value::Strings(texts.iter().map(|text| Box::<str>::from(*text)).collect()),
            };
            (number(name), value)
        };
        let mut values: Vec<(AttrNo, Value)> = values.iter().map(value).collect();
        values.sort_by_key(|(number, _)| *number);
        Row { id: DocId::String("id-1".into()), values }
    }

    fn bind(filter: &Filter, purpose: Purpose) -> Result<Bound> {
        Bound::bind(filter, &schema(IdType::String), purpose)
    }

    /// The answer of the row, which is also that of a block of it.
    fn answer(filter: &Filter, row: &Row) -> bool {
        let bound = bind(filter, Purpose::Query).unwrap();
        let answer = holds(&bound, row, None);
        let columns = Columns::of(std::slice::from_ref(row), IdType::String);
        assert_eq!(select(&bound, &columns.block()).unwrap().value(0), answer, "{filter:?}");
        answer
    }

    #[test]
    fn each_pattern_is_held_against_each_type_of_text() {
        let row = row(&[("s", &["Walrus, sleeping"]), ("ss", &["a cat", "Wallrus"]), ("k", &[])]);
        for (name, pattern, expected) in [
            ("s", glob(text("W*g")), true),
            ("s", glob(text("w*g")), false),
            ("s", Pattern::Glob { operand: text("w*G"), case: Case::Ignored }, true),
            ("ss", glob(text("W*s")), true),
            ("ss", glob(text("*,*")), false),
            ("k", glob(text("*")), false),
            ("id", glob(text("id-?")), true),
            ("s", regex(text("s, s")), true),
            ("s", regex(text("^s")), false),
            ("id", of_filtered(text("^id-.$")), true),
            ("id", of_filtered(text("^d")), false),
            ("s", fuzzy(text("wallrus")), true),
            ("s", fuzzy(text("wa")), false),
            ("ss", fuzzy(text("WALRUS")), true),
            ("ss", fuzzy(text("a dog")), false),
            ("s", tokens(text("sleeping walrus"), Which::All), true),
            ("s", tokens(text("sleeping walrus"), Which::Sequence), false),
            ("ss", tokens(text("wallrus cat"), Which::All), true),
            ("ss", tokens(text("cat wallrus"), Which::Sequence), false),
            ("ss", tokens(text("dog wallrus"), Which::Any), true),
            ("k", tokens(list(&["a"]), Which::Any), false),
            ("k", tokens(list(&[]), Which::All), false),
        ] {
            let filter = like(name, pattern);
            assert_eq!(answer(&filter, &row), expected, "{filter:?}");
            let not = Filter::Not(Box::new(filter));
            assert_eq!(answer(&not, &row), !expected, "{not:?}");
        }
    }

    #[test]
    fn null_is_like_nothing() {
        let row = row(&[]);
        for pattern in
            [glob(text("*")), regex(text("")), fuzzy(text("abc")), tokens(text("a"), Which::Any)]
        {
            let filter = like("s", pattern);
            assert!(!answer(&filter, &row), "{filter:?}");
            assert!(answer(&Filter::Not(Box::new(filter.clone())), &row), "not {filter:?}");
        }
    }

    #[test]
    fn only_the_rows_that_are_meant_are_looked_at_and_none_when_it_is_halted() {
        let rows = BooleanBuffer::collect_bool(5 * BLOCK_ROWS, |row| row % 7 == 0);
        let mut looked_at = Vec::new();
        let found = hits(&rows, 0, &Halt::default(), |row| {
            looked_at.push(row);
            row % 2 == 0
        });
        assert!(looked_at.iter().copied().eq(rows.set_indices()));
        let expected = BooleanBuffer::collect_bool(rows.len(), |row| row % 14 == 0);
        assert_eq!(found.unwrap(), expected);

        let (halt, mut looked_at) = (Halt::default(), 0);
        let told = hits(&rows, 0, &halt, |_| {
            looked_at += 1;
            halt.raise();
            true
        });
        assert!(is_halted(&told.unwrap_err()));
        assert!(looked_at <= BLOCK_ROWS, "{looked_at}");

        let row = row(&[("s", &["walrus"]), ("ss", &["walrus"])]);
        let columns = Columns::of(std::slice::from_ref(&row), IdType::String);
        let all = BooleanBuffer::new_set(1);
        for (name, pattern) in [
            ("s", glob(text("*"))),
            ("s", regex(text(""))),
            ("s", fuzzy(text("walrus"))),
            ("ss", tokens(text("walrus"), Which::Sequence)),
        ] {
            let bound = bind(&like(name, pattern), Purpose::Query).unwrap();
            let Bound::Like(like) = &bound else { panic!("{bound:?}") };
            let block = columns.block();
            let column = block.column(like.field);
            let told = like.select(column, &all, &halt, &mut Desk::default()).unwrap_err();
            assert!(is_halted(&told), "{like:?}");
        }
    }

    #[test]
    fn the_incoming_document_may_bring_the_pattern() {
        let old = row(&[("s", &["walrus"]), ("k", &["a", "b"])]);
        let with = |text: &'static str| row(&[("s", &[text]), ("k", &["b"])]);
        let held = |name: &str, pattern: Pattern, new: Option<&Row>| {
            holds(&bind(&like(name, pattern), Purpose::Condition).unwrap(), &old, new)
        };
        assert!(held("s", glob(new("s")), Some(&with("wal*"))));
        assert!(!held("s", glob(new("s")), Some(&with("bal*"))));
        // What it brings is no pattern, or it brings none.
        assert!(!held("s", glob(new("s")), Some(&with("[wal*"))));
        assert!(!held("s", regex(new("s")), Some(&with("(walrus"))));
        assert!(held("s", regex(new("s")), Some(&with("^walrus"))));
        assert!(!held("s", glob(new("s")), Some(&row(&[]))));
        assert!(!held("s", glob(new("s")), None));
        assert!(held("s", fuzzy(new("s")), Some(&with("Wallrus"))));
        assert!(held("s", tokens(new("s"), Which::All), Some(&with("WALRUS"))));
        assert!(held("k", tokens(new("k"), Which::All), Some(&with(""))));
        // A list in part: what is missing of it is not asked for.
        let items = || {
            let items = vec![Operand::Literal(Given::Text("a".into())), new("s")];
            tokens(Operand::Items(items), Which::All)
        };
        assert!(held("k", items(), Some(&with("b"))));
        assert!(!held("k", items(), Some(&with("c"))));
        assert!(held("k", items(), None));
    }

    #[test]
    fn a_block_has_no_incoming_document() {
        let bound = bind(&like("s", glob(new("s"))), Purpose::Condition).unwrap();
        let columns = Columns::of(&[row(&[])], IdType::String);
        let told = select(&bound, &columns.block()).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Internal);
    }

    #[test]
    fn a_refusal_names_what_is_missing() {
        let any = |operand| tokens(operand, Which::Any);
        let null = || Operand::Literal(Given::Null);
        for (name, pattern, told) in [
            ("gone", glob(text("a")), "attribute not found: `gone`"),
            ("i", glob(text("a")), "key `i`: Glob does not apply to int"),
            ("v", glob(text("a")), "key `v`: Glob does not apply to [2]f32"),
            ("ss", regex(text("a")), "key `ss`: Regex does not apply to []string"),
            ("is", fuzzy(text("a")), "key `is`: Fuzzy does not apply to []int"),
            ("mute", glob(text("a")), "key `mute`: Glob needs `glob` or `filterable`"),
            ("globbed", regex(text("a")), "key `globbed`: Regex needs `regex`"),
            ("id", regex(text("a")), "key `id`: Regex needs `regex` in"),
            (
                "mute",
                of_filtered(text("a")),
                "key `mute`: Regex needs `regex` or `filterable` (in /v1",
            ),
            ("mute", fuzzy(text("a")), "key `mute`: Fuzzy needs `fuzzy`"),
            ("mute", any(text("a")), "ContainsAnyToken needs `full_text_search`"),
            (
                "s",
                glob(Operand::Literal(Given::Int(5))),
                "filter error in key `s`: type mismatch, Glob expects string, but got '5'",
            ),
            ("s", glob(null()), "Glob expects string, but got 'null'"),
            ("ss", glob(list(&["a"])), "Glob expects string, but got '[a]'"),
            ("s", any(list(&["a", "b"])), "ContainsAnyToken expects string, but got '[a, b]'"),
            ("k", any(text("a")), "ContainsAnyToken expects []string, but got 'a'"),
            ("s", glob(text("[a")), "key `s`: a glob has a `[`"),
            ("s", regex(text("(?=a)")), "key `s`: no regular expression: look-around"),
            ("s", regex(new("s")), "key `s`: $ref_new has a meaning only in"),
            (
                "s",
                Pattern::Fuzzy { operand: text("a"), edits: vec![], case: Case::Matters },
                "1 to 8",
            ),
        ] {
            let filter = like(name, pattern);
            let error = bind(&filter, Purpose::Query).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(told), "{error}");
        }
        for (name, pattern, told) in [
            ("s", glob(new("ss")), "Glob expects string, but got '$ref_new ss of []string'"),
            ("k", any(new("s")), "expects []string, but got '$ref_new s of string'"),
            ("s", any(Operand::Items(vec![new("s")])), "expects string, but got '[$ref_new s]'"),
            ("k", any(Operand::Items(vec![new("i")])), "expects []string, but got '[$ref_new i]'"),
        ] {
            let error = bind(&like(name, pattern), Purpose::Condition).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
        assert!(bind(&like("globbed", glob(text("a"))), Purpose::Query).is_ok());
    }

    #[test]
    fn filters_have_so_many_expressions_together_and_no_more() {
        let many = |count| Filter::Or(vec![like("s", glob(text("a"))); count]);
        assert!(bind(&many(EXPRESSIONS_MAX), Purpose::Query).is_ok());
        let told = bind(&many(EXPRESSIONS_MAX + 1), Purpose::Query).unwrap_err().to_string();
        assert!(told.contains("at most 64 globs"), "{told}");

        let (mut budget, schema) = (Budget::default(), schema(IdType::String));
        let mut bind = |count| {
            Bound::bind_within(&mut budget, &many(count), &schema, Purpose::Query).map(|_| ())
        };
        assert!(bind(EXPRESSIONS_MAX - 1).is_ok() && bind(1).is_ok());
        assert_eq!(bind(1).unwrap_err().to_string(), told);
        assert!(bind(0).is_ok());
    }
}
