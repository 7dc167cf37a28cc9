//! How well texts answer questions (BM25).
//!
//! Of each attribute that is asked of, every living text is read once, for all questions together:
//! of the tokens that somebody asks for, where they are and how often. The statistics are those of
//! the view, whatever the query filters by: N is how many documents have a value there, and the
//! mean length is that of theirs in tokens. With
//!
//! ```text
//! idf = ln(1 + (N - df + 0.5) / (df + 0.5))
//! ```
//!
//! a token that is `q` times in the question and `tf` times in a document of `dl` tokens is worth
//!
//! ```text
//! idf * tf (k1 + 1) / (tf + k1 (1 - b + b dl / mean)) * q (k3 + 1) / (q + k3)
//! ```
//!
//! and the parts are added in the order of the question. Where the last token stands for all that
//! begin with it, it is worth one if there is any, and nothing else.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::BooleanBuffer;

use crate::error::{Error, Result};
use crate::eval::Halt;
use crate::index::text::{Analyzer, Reading};
use crate::model::{
    AttrNo, AttrType, FullText, Given, LastToken, PRE_TOKENIZED, Schema, TEXT_QUERY_CHARS_MAX,
    TextQuery,
};
use crate::namespace::view::Living;

/// What is asked of a text, by the numbers that its tokens have among all that are asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) number: AttrNo,
    /// Each once, with how often it is asked for.
    terms: Vec<(usize, u32)>,
    prefix: Option<usize>,
}

/// All questions of one query.
#[derive(Debug, Default)]
pub(super) struct Questions {
    fields: BTreeMap<AttrNo, Field>,
}

/// The tokens that are asked for in one attribute.
#[derive(Debug)]
struct Field {
    analyzer: Analyzer,
    options: FullText,
    terms: HashMap<Box<str>, usize>,
    prefixes: Vec<Box<str>>,
    /// Whether somebody wants to know how often they are in the texts of the view.
    is_counted: bool,
}

/// What the texts of a view have of that.
pub(super) struct Texts {
    fields: BTreeMap<AttrNo, Counts>,
}

struct Counts {
    field: Field,
    /// How many documents have a value.
    documents: u64,
    tokens: u64,
    /// How many tokens each row of each block has; nothing for a block without the column.
    lengths: Vec<Vec<u32>>,
    /// Of each term, in the order of blocks and rows.
    terms: Vec<Vec<Posting>>,
    prefixes: Vec<Vec<Posting>>,
}

#[derive(Clone, Copy, Debug)]
struct Posting {
    block: usize,
    row: usize,
    times: u32,
}

/// What of a question is in a text, and where.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub(super) places: Vec<Range<usize>>,
    terms: BTreeSet<usize>,
    prefixes: BTreeSet<usize>,
}

impl Questions {
    /// What texts are ranked by.
    pub(super) fn ask(
        &mut self,
        schema: &Schema,
        name: &str,
        query: &TextQuery,
    ) -> Result<Question> {
        let question = self.look_for(schema, name, query)?;
        if let Some(field) = self.fields.get_mut(&question.number) {
            field.is_counted = true;
        }
        Ok(question)
    }

    /// What is looked for in the texts that are shown, and in no others.
    pub(super) fn look_for(
        &mut self,
        schema: &Schema,
        name: &str,
        query: &TextQuery,
    ) -> Result<Question> {
        let attribute = schema.attribute(name)?;
        let Some(options) = &attribute.options.full_text else {
            let kind = attribute.kind;
            return Err(Error::invalid(match kind.is_text() {
                true => format!(
                    "attribute '{name}' has to be declared with full_text_search to be ranked by BM25"
                ),
                false => format!(
                    "attribute '{name}' is of type {kind}: BM25 ranks texts that are declared with \
                     full_text_search"
                ),
            }));
        };
        let texts = texts(name, options, &query.text)?;
        let number = attribute.number;
        let field = self.field(number, options);
        let mut tokens: Vec<Box<str>> = Vec::new();
        for text in texts {
            field.analyzer.tokens(text, &mut |token| tokens.push(token.text.into()));
        }
        let last = match query.last {
            LastToken::Itself => None,
            LastToken::Prefix if crate::slip!("the last token of BM25 is whole") => None,
            LastToken::Prefix => tokens.pop(),
        };
        let prefix = last.map(|last| field.prefix(last));
        let mut terms: Vec<(usize, u32)> = Vec::new();
        for token in tokens {
            let term = field.term(token);
            match terms.iter_mut().find(|(known, _)| *known == term) {
                Some((_, times)) => *times += 1,
                None => terms.push((term, 1)),
            }
        }
        Ok(Question { number, terms, prefix })
    }

    /// Texts of this attribute are to be cut, whether anything is looked for in them or not.
    pub(super) fn open(&mut self, number: AttrNo, options: &FullText) {
        self.field(number, options);
    }

    fn field(&mut self, number: AttrNo, options: &FullText) -> &mut Field {
        self.fields.entry(number).or_insert_with(|| Field::of(options))
    }

    /// Where nobody counts, no text of the view is read.
    pub(super) fn read(self, living: &[Living], halt: &Halt) -> Result<Texts> {
        let fields = self.fields.into_iter();
        let read = |(number, field): (AttrNo, Field)| -> Result<(AttrNo, Counts)> {
            Ok((number, Counts::of(field, number, living, halt)?))
        };
        Ok(Texts { fields: fields.map(read).collect::<Result<_>>()? })
    }
}

/// In the words of the contract, which clients match.
fn texts<'q>(name: &str, options: &FullText, given: &'q Given) -> Result<Vec<&'q str>> {
    let text = |given: &'q Given| match given {
        Given::Text(text) => Some(&**text),
        _ => None,
    };
    let (texts, expected) = match given {
        given if *options.tokenizer != *PRE_TOKENIZED => (text(given).map(|it| vec![it]), "string"),
        Given::List(items) => (items.iter().map(text).collect(), "[]string"),
        _ => (None, "[]string"),
    };
    let Some(texts) = texts else {
        return Err(Error::invalid(format!(
            "invalid input '{given}' for rank_by field \"{name}\", expecting {expected}"
        )));
    };
    if texts.iter().map(|text| text.chars().count()).sum::<usize>() > TEXT_QUERY_CHARS_MAX {
        return Err(Error::invalid(format!(
            "rank_by field \"{name}\" takes questions of at most {TEXT_QUERY_CHARS_MAX} characters"
        )));
    }
    Ok(texts)
}

impl Field {
    fn of(options: &FullText) -> Self {
        Self {
            analyzer: Analyzer::of(options),
            options: options.clone(),
            terms: HashMap::new(),
            prefixes: Vec::new(),
            is_counted: false,
        }
    }

    fn term(&mut self, token: Box<str>) -> usize {
        let next = self.terms.len();
        *self.terms.entry(token).or_insert(next)
    }

    fn prefix(&mut self, token: Box<str>) -> usize {
        let known = self.prefixes.iter().position(|known| *known == token);
        known.unwrap_or_else(|| {
            self.prefixes.push(token);
            self.prefixes.len() - 1
        })
    }

    /// Which of the prefixes a token begins with.
    fn begun(&self, token: &str) -> impl Iterator<Item = usize> {
        let prefixes = self.prefixes.iter().enumerate();
        prefixes.filter(move |(_, prefix)| token.starts_with(&***prefix)).map(|(at, _)| at)
    }
}

impl Counts {
    fn of(field: Field, number: AttrNo, living: &[Living], halt: &Halt) -> Result<Self> {
        let mut counts = Self {
            documents: 0,
            tokens: 0,
            lengths: Vec::with_capacity(living.len()),
            terms: vec![Vec::new(); field.terms.len()],
            prefixes: vec![Vec::new(); field.prefixes.len()],
            field,
        };
        if counts.field.is_counted {
            for (block, living) in living.iter().enumerate() {
                counts.read(block, number, living, halt)?;
            }
        }
        Ok(counts)
    }

    fn read(&mut self, block: usize, number: AttrNo, living: &Living, halt: &Halt) -> Result<()> {
        let Some((kind, column)) = living.rows.columns().get(&number) else {
            self.lengths.push(Vec::new());
            return Ok(());
        };
        let mut lengths = vec![0; living.rows.rows()];
        let mut terms = Tally::of(self.terms.len());
        let mut prefixes = Tally::of(self.prefixes.len());
        let dead_too = crate::slip!("BM25 knows what is deleted")
            .then(|| BooleanBuffer::new_set(living.rows.rows()));
        let alive = dead_too.as_ref().unwrap_or(&living.alive);
        let there = match column.nulls() {
            Some(nulls) => alive & nulls.inner(),
            None => alive.clone(),
        };
        let mut reading = Reading::default();
        halt.try_each_of(&there, text_bytes(&**column, *kind), |row| {
            let field = &self.field;
            let length: &mut u32 = &mut lengths[row];
            each_text(&**column, *kind, row, &mut |text| {
                field.analyzer.tokens_in(text, &mut reading, &mut |token| {
                    *length += 1;
                    if let Some(term) = field.terms.get(token.text) {
                        terms.count(*term);
                    }
                    field.begun(token.text).for_each(|prefix| prefixes.count(prefix));
                });
                Ok(())
            })?;
            self.documents += 1;
            self.tokens += u64::from(*length);
            terms.drain(|term, times| self.terms[term].push(Posting { block, row, times }));
            prefixes.drain(|at, times| self.prefixes[at].push(Posting { block, row, times }));
            Ok(())
        })?;
        self.lengths.push(lengths);
        Ok(())
    }

    fn idf(&self, term: usize) -> f64 {
        let (n, df) = (self.documents as f64, self.terms[term].len() as f64);
        (1.0 + (n - df + 0.5) / (df + 0.5)).ln()
    }
}

/// How often each of a few things was met, in one row after the other.
struct Tally {
    times: Vec<u32>,
    met: Vec<usize>,
}

impl Tally {
    fn of(things: usize) -> Self {
        Self { times: vec![0; things], met: Vec::new() }
    }

    fn count(&mut self, thing: usize) {
        if self.times[thing] == 0 {
            self.met.push(thing);
        }
        self.times[thing] += 1;
    }

    fn drain(&mut self, mut told: impl FnMut(usize, u32)) {
        for thing in self.met.drain(..) {
            told(thing, std::mem::take(&mut self.times[thing]));
        }
    }
}

impl Texts {
    /// One of each row of a block. A term is in all of them at the most: that is a moment.
    pub(super) fn scores(
        &self,
        question: &Question,
        block: usize,
        rows: usize,
        halt: &Halt,
    ) -> Result<Vec<f64>> {
        let counts = &self.fields[&question.number];
        let FullText { k1, b, k3, .. } = &counts.field.options;
        let (k1, b, k3) = (f64::from(*k1), f64::from(*b), f64::from(*k3));
        // Where there is a posting, there are documents and tokens.
        let mean = counts.tokens as f64 / counts.documents as f64;
        let more = if crate::slip!("a text is longer by a token") { 1.0 } else { 0.0 };
        let mut scores = vec![0.0; rows];
        for (term, asked) in &question.terms {
            halt.check()?;
            let asked = if crate::slip!("k3 is ignored") { 1.0 } else { f64::from(*asked) };
            let worth = counts.idf(*term) * asked * (k3 + 1.0) / (asked + k3);
            for posting in of_block(&counts.terms[*term], block) {
                let times = f64::from(posting.times);
                let length = f64::from(counts.lengths[block][posting.row]) + more;
                let most = times + k1 * (1.0 - b + b * length / mean);
                scores[posting.row] += worth * times * (k1 + 1.0) / most;
            }
        }
        if let Some(prefix) = question.prefix {
            for posting in of_block(&counts.prefixes[prefix], block) {
                scores[posting.row] += 1.0;
            }
        }
        Ok(scores)
    }

    /// What of these questions, which are all of that attribute, is in a text.
    pub(super) fn find(&self, number: AttrNo, asked: &[&Question], text: &str) -> Finding {
        let field = &self.fields[&number].field;
        let mut finding = Finding::default();
        field.analyzer.tokens(text, &mut |token| {
            let term = field.terms.get(token.text).copied();
            let term = term.filter(|term| asked.iter().any(|question| question.has(*term)));
            let mut found = term.is_some();
            finding.terms.extend(term);
            for prefix in field.begun(token.text) {
                if asked.iter().any(|question| question.prefix == Some(prefix)) {
                    found = true;
                    finding.prefixes.insert(prefix);
                }
            }
            if found {
                finding.places.push(token.bytes);
            }
        });
        finding
    }

    /// Where its words stand, whether they are asked for or not.
    pub(super) fn words(&self, number: AttrNo, text: &str) -> Vec<Range<usize>> {
        let mut words = Vec::new();
        let analyzer = &self.fields[&number].field.analyzer;
        analyzer.tokens(text, &mut |token| words.push(token.bytes));
        words
    }

    /// Each token that was found counts once, by how rare it is.
    pub(super) fn worth(&self, number: AttrNo, finding: &Finding) -> f64 {
        let counts = &self.fields[&number];
        let terms: f64 = finding.terms.iter().map(|term| counts.idf(*term)).sum();
        terms + finding.prefixes.len() as f64
    }

    /// The same, of what one question asks for.
    pub(super) fn worth_of(&self, question: &Question, finding: &Finding) -> f64 {
        let counts = &self.fields[&question.number];
        let terms = question.terms.iter().map(|(term, _)| *term);
        let found = terms.filter(|term| finding.terms.contains(term));
        let terms: f64 = found.map(|term| counts.idf(term)).sum();
        let begun = question.prefix.is_some_and(|prefix| finding.prefixes.contains(&prefix));
        terms + if begun { 1.0 } else { 0.0 }
    }
}

impl Question {
    fn has(&self, term: usize) -> bool {
        self.terms.iter().any(|(known, _)| *known == term)
    }
}

fn of_block(postings: &[Posting], block: usize) -> &[Posting] {
    let from = postings.partition_point(|posting| posting.block < block);
    let rest = &postings[from..];
    &rest[..rest.partition_point(|posting| posting.block == block)]
}

/// The texts of a row that has some.
pub(super) fn each_text(
    column: &dyn Array,
    kind: AttrType,
    row: usize,
    each: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<()> {
    match kind {
        AttrType::Array(_) => {
            let lists = column.as_list::<i32>();
            let texts = lists.values().as_string::<i32>();
            let offsets = lists.value_offsets();
            let mut own = offsets[row] as usize..offsets[row + 1] as usize;
            own.try_for_each(|at| each(texts.value(at)))
        }
        _ => each(column.as_string::<i32>().value(row)),
    }
}

/// How long the texts of all rows are, one with the other.
fn text_bytes(column: &dyn Array, kind: AttrType) -> usize {
    let texts = match kind {
        AttrType::Array(_) => column.as_list::<i32>().values().as_string::<i32>(),
        _ => column.as_string::<i32>(),
    };
    let offsets = texts.value_offsets();
    (offsets[offsets.len() - 1] - offsets[0]) as usize
}
