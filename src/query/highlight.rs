//! The parts of a text that speak of what is asked for.
//!
//! A text is cut into fragments, and each has a score: that of `rank_fragments_by`, or else how rare
//! those of its tokens are that the ranking asks this attribute for. As of documents, the best come
//! first, and none that scores nothing is shown. Ties go by place.
//!
//! Of what is shown, each token is marked that is asked for: by the questions over `$fragment`, which
//! are the BM25s and the token filters that are to hold; or, if there are none, by the ranking. Of an
//! array, the elements come one after the other, and places are those within the element.

mod worth;

#[cfg(test)]
mod tests;

use std::ops::Range;

use arrow_array::Array;

use super::leaf::Leaf;
use super::matches::Part;
use super::ranking::Ranking;
use super::text::{Finding, Question, Questions, Texts, each_text};
use crate::error::{Error, Result};
use crate::eval::{BLOCK_ROWS, Budget, Halt};
use crate::index::text::{paragraphs, sentences};
use crate::model::{
    AttrNo, FRAGMENTS_MAX, Fragment, Fragments, Highlight, Offsets, PRE_TOKENIZED, Places, Schema,
};
use worth::Worth;

pub(super) struct Highlighter {
    number: AttrNo,
    fragments: Fragments,
    limit: usize,
    offsets: Option<Offsets>,
    /// Whose tokens are marked.
    asked: Vec<Question>,
    /// What is asked for instead of how rare those are.
    worth: Option<Worth>,
}

impl Highlighter {
    pub(super) fn bind(
        highlight: &Highlight,
        rank: Option<&Ranking>,
        schema: &Schema,
        asked: &mut Questions,
        budget: &mut Budget,
    ) -> Result<Self> {
        let Highlight { attribute: name, fragments, limit, offsets, rank: own } = highlight;
        let found = schema.attribute(name)?;
        let refused = |why: &str| Error::invalid(format!("Highlight of '{name}' {why}"));
        let options = match &found.options.full_text {
            None => return Err(refused("needs an attribute with full_text_search")),
            Some(options) if *options.tokenizer == *PRE_TOKENIZED => {
                return Err(refused(&format!("has no text to show under {PRE_TOKENIZED}")));
            }
            Some(options) => options,
        };
        if !(1..=FRAGMENTS_MAX).contains(limit) {
            return Err(refused(&format!("has 1 to {FRAGMENTS_MAX} fragments, not {limit}")));
        }
        let number = found.number;
        asked.open(number, options);
        let mut marked = Vec::new();
        let worth = own
            .as_ref()
            .map(|own| Worth::bind(own, number, options, asked, budget, &mut marked))
            .transpose()?;
        if marked.is_empty() {
            marked.extend(questions(rank, number).cloned());
        }
        if marked.is_empty() && worth.is_none() {
            return Err(refused("needs a BM25 over it in rank_by, or rank_fragments_by"));
        }
        let (fragments, limit, offsets) = (*fragments, *limit, *offsets);
        Ok(Self { number, fragments, limit, offsets, asked: marked, worth })
    }

    /// The best first. A row without a text has none.
    pub(super) fn fragments(
        &self,
        part: &Part<'_>,
        row: usize,
        texts: &Texts,
        halt: &Halt,
    ) -> Result<Vec<Fragment>> {
        let mut found: Vec<(f64, Fragment)> = Vec::new();
        let column = part.living.rows.columns().get(&self.number);
        if let Some((kind, column)) = column.filter(|(_, column)| column.is_valid(row)) {
            each_text(&**column, *kind, row, &mut |text| self.read(text, texts, &mut found, halt))?;
        }
        self.keep(&mut found);
        Ok(found.into_iter().map(|(_, fragment)| fragment).collect())
    }

    /// To read a fragment costs so much that whoever waits is asked for before each.
    fn read(
        &self,
        text: &str,
        texts: &Texts,
        found: &mut Vec<(f64, Fragment)>,
        halt: &Halt,
    ) -> Result<()> {
        let asked: Vec<&Question> = self.asked.iter().collect();
        let mut ruler = self.offsets.map(|unit| Ruler { text, unit, byte: 0, units: 0 });
        for ranges in self.cut(text, texts).chunks(BLOCK_ROWS) {
            let mut findings = Vec::with_capacity(ranges.len());
            for range in ranges {
                halt.check()?;
                findings.push(match asked.is_empty() {
                    true => Finding::default(),
                    false => texts.find(self.number, &asked, &text[range.clone()]),
                });
            }
            let worths: Vec<f64> = match &self.worth {
                None => findings.iter().map(|finding| texts.worth(self.number, finding)).collect(),
                Some(worth) => {
                    let fragments = ranges.iter().map(|range| &text[range.clone()]).collect();
                    worth.scores(fragments, &findings, texts, halt)?
                }
            };
            for ((range, finding), worth) in ranges.iter().zip(&findings).zip(worths) {
                if worth <= 0.0 && !crate::slip!("a fragment needs no match") {
                    continue;
                }
                let places = ruler.as_mut().map(|ruler| ruler.places(range, finding));
                found.push((worth, Fragment { text: text[range.clone()].into(), places }));
            }
            // A long text has more of them than anybody wants.
            if found.len() >= 2 * FRAGMENTS_MAX {
                self.keep(found);
            }
        }
        Ok(())
    }

    /// Sorting keeps what is equal in its order, which is that of places.
    fn keep(&self, found: &mut Vec<(f64, Fragment)>) {
        if !crate::slip!("fragments come as they stand in a text") {
            found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        }
        found.truncate(self.limit);
    }

    fn cut(&self, text: &str, texts: &Texts) -> Vec<Range<usize>> {
        match self.fragments {
            // What is empty is no fragment, however a text is cut.
            Fragments::Whole if text.is_empty() => Vec::new(),
            Fragments::Whole => std::iter::once(0..text.len()).collect(),
            Fragments::Sentences => sentences(text),
            Fragments::Paragraphs => paragraphs(text),
            Fragments::Words => texts.words(self.number, text),
        }
    }
}

fn questions(rank: Option<&Ranking>, number: AttrNo) -> impl Iterator<Item = &Question> {
    let leaves = match rank {
        Some(Ranking::Score(tree)) => tree.leaves(),
        _ => Vec::new(),
    };
    leaves.into_iter().filter_map(move |leaf| match leaf {
        Leaf::Text(question) if question.number == number => Some(question),
        _ => None,
    })
}

/// Counts along a text. Who asks for places in their order has it read once.
struct Ruler<'a> {
    text: &'a str,
    unit: Offsets,
    byte: usize,
    units: usize,
}

impl Ruler<'_> {
    fn places(&mut self, fragment: &Range<usize>, finding: &Finding) -> Places {
        let start = self.at(fragment.start);
        let mut matches = Vec::with_capacity(finding.places.len());
        for place in &finding.places {
            let from = self.at(fragment.start + place.start);
            matches.push(from..self.at(fragment.start + place.end));
        }
        Places { fragment: start..self.at(fragment.end), matches }
    }

    fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            (self.byte, self.units) = (0, 0);
        }
        let passed = &self.text[self.byte..byte];
        self.units += match self.unit {
            Offsets::Utf8 => passed.len(),
            Offsets::Utf16 => passed.chars().map(char::len_utf16).sum(),
            Offsets::CodePoints => passed.chars().count(),
        };
        self.byte = byte;
        self.units
    }
}
