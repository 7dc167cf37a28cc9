//! The parts of a text that speak of what is asked for.
//!
//! A text is cut into fragments, and those are kept in which a token is that some question asks
//! for: a question of the ranking over this attribute, or one over `$fragment`. The best come
//! first: by the score over `$fragment`, in which a question is worth how rare those of its tokens
//! are that the fragment has; or by how rare all those are that it has. Ties go by place. Of an
//! array, the elements come one after the other, and places are those within the element.

use std::ops::Range;

use arrow_array::Array;

use super::leaf::Leaf;
use super::matches::Part;
use super::ranking::Ranking;
use super::score::{Above, Tree};
use super::text::{Question, Questions, Texts, each_text};
use crate::error::{Error, Result};
use crate::eval::Halt;
use crate::index::text::{paragraphs, sentences};
use crate::model::{
    AttrNo, FRAGMENT, FRAGMENTS_MAX, Fragment, Fragments, Highlight, Offsets, PRE_TOKENIZED,
    Places, Schema, Score,
};

pub(super) struct Highlighter {
    number: AttrNo,
    fragments: Fragments,
    limit: usize,
    offsets: Option<Offsets>,
    asked: Vec<Question>,
    rank: Option<Tree<Question>>,
}

impl Highlighter {
    pub(super) fn bind(
        highlight: &Highlight,
        rank: Option<&Ranking>,
        schema: &Schema,
        asked: &mut Questions,
    ) -> Result<Self> {
        let Highlight { attribute: name, fragments, limit, offsets, rank: own } = highlight;
        let found = schema.attribute(name)?;
        let refused = |why: &str| Error::invalid(format!("Highlight of '{name}' {why}"));
        match &found.options.full_text {
            None => return Err(refused("needs an attribute with full_text_search")),
            Some(options) if *options.tokenizer == *PRE_TOKENIZED => {
                return Err(refused(&format!("has no text to show under {PRE_TOKENIZED}")));
            }
            Some(_) => {}
        }
        if !(1..=FRAGMENTS_MAX).contains(limit) {
            return Err(refused(&format!("has 1 to {FRAGMENTS_MAX} fragments, not {limit}")));
        }
        let number = found.number;
        let own =
            own.as_ref().map(|score| over_fragments(score, name, schema, asked)).transpose()?;
        let asked: Vec<Question> = match &own {
            Some(tree) => tree.leaves().into_iter().cloned().collect(),
            None => questions(rank, number).cloned().collect(),
        };
        if asked.is_empty() {
            return Err(refused("needs a BM25 over it in rank_by, or rank_fragments_by"));
        }
        let (fragments, limit, offsets) = (*fragments, *limit, *offsets);
        Ok(Self { number, fragments, limit, offsets, asked, rank: own })
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
        for range in self.cut(text, texts) {
            halt.check()?;
            let finding = texts.find(self.number, &asked, &text[range.clone()]);
            if finding.places.is_empty() && !crate::slip!("a fragment needs no match") {
                continue;
            }
            let worth = match &self.rank {
                None => texts.worth(self.number, &finding),
                Some(rank) => {
                    let leaf = |question: &Question| Ok(vec![texts.worth_of(question, &finding)]);
                    rank.scores(1, halt, &leaf)?[0]
                }
            };
            let places = ruler.as_mut().map(|ruler| {
                let start = ruler.at(range.start);
                let mut matches = Vec::with_capacity(finding.places.len());
                for place in &finding.places {
                    let from = ruler.at(range.start + place.start);
                    matches.push(from..ruler.at(range.start + place.end));
                }
                Places { fragment: start..ruler.at(range.end), matches }
            });
            found.push((worth, Fragment { text: text[range].into(), places }));
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
            Fragments::Whole => std::iter::once(0..text.len()).collect(),
            Fragments::Sentences => sentences(text),
            Fragments::Paragraphs => paragraphs(text),
            Fragments::Words => texts.words(self.number, text),
        }
    }
}

fn over_fragments(
    score: &Score,
    name: &str,
    schema: &Schema,
    asked: &mut Questions,
) -> Result<Tree<Question>> {
    let mut leaf = |score: &Score, _: Above| -> Result<Question> {
        match score {
            Score::Text { attribute, query } if **attribute == *FRAGMENT => {
                asked.ask(schema, name, query)
            }
            _ => Err(Error::invalid(format!(
                "rank_fragments_by is made of BM25 over \"{FRAGMENT}\" and of nothing else"
            ))),
        }
    };
    Tree::bind(score, schema, &mut leaf)
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

#[cfg(test)]
mod tests {
    use super::super::samples::{ask, bm25, living, ranked, row, string, strings};
    use super::*;
    use crate::model::{Computed, LastToken, Made, Query, Rank, Row};

    const BOOK: &str = "The walrus sleeps. A seal and a walrus swim! Nobody swims?\n\n\
                        \u{1f600} Walruses are no seals.";

    fn rows() -> Vec<Row> {
        vec![
            row(1, &[("text", string(BOOK)), ("lines", strings(&["a walrus", "no", "b walrus"]))]),
            row(2, &[("text", string("walrus"))]),
            row(3, &[("lines", strings(&["walrus"]))]),
        ]
    }

    fn highlight(attribute: &str) -> Highlight {
        Highlight {
            attribute: attribute.into(),
            fragments: Fragments::Sentences,
            limit: 3,
            offsets: None,
            rank: None,
        }
    }

    fn query(rank: Score, highlight: Highlight) -> Query {
        let computed = vec![("hl".into(), Computed::Highlight(highlight))];
        Query { computed, ..ranked(Rank::Score(rank)) }
    }

    /// Of the document of that id.
    fn fragments(id: u64, query: &Query) -> Vec<Fragment> {
        let answer = ask(&living(&rows(), 2, &[]), query).unwrap();
        let hit = answer.rows.into_iter().find(|hit| hit.id == crate::model::DocId::Uint(id));
        match hit.unwrap().made.pop() {
            Some((_, Made::Fragments(fragments))) => fragments,
            other => panic!("{other:?}"),
        }
    }

    fn texts(fragments: &[Fragment]) -> Vec<&str> {
        fragments.iter().map(|fragment| &*fragment.text).collect()
    }

    fn about(text: &str) -> Score {
        bm25("text", text, LastToken::Itself)
    }

    #[test]
    fn the_fragments_that_have_more_of_what_is_rare_come_first() {
        let found = fragments(1, &query(about("walrus seal"), highlight("text")));
        assert_eq!(texts(&found), ["A seal and a walrus swim!", "The walrus sleeps."]);
        let one = Highlight { limit: 1, ..highlight("text") };
        let found = fragments(1, &query(about("walrus"), one));
        assert_eq!(texts(&found), ["The walrus sleeps."]);
        let prefix = bm25("text", "walrus", LastToken::Prefix);
        let found = fragments(1, &query(prefix, highlight("text")));
        assert_eq!(texts(&found)[2], "\u{1f600} Walruses are no seals.");
    }

    #[test]
    fn a_text_is_cut_as_it_is_asked() {
        let cut = |fragments: Fragments| Highlight { fragments, limit: 9, ..highlight("text") };
        let whole = fragments(1, &query(about("walrus"), cut(Fragments::Whole)));
        assert_eq!(texts(&whole), [BOOK]);
        let words = fragments(1, &query(about("walrus swim"), cut(Fragments::Words)));
        assert_eq!(texts(&words), ["swim", "walrus", "walrus"]);
        let paragraphs = fragments(1, &query(about("seals"), cut(Fragments::Paragraphs)));
        assert_eq!(texts(&paragraphs), ["\u{1f600} Walruses are no seals."]);
    }

    #[test]
    fn places_are_those_of_the_text_in_what_they_are_counted_in() {
        let places = |offsets| {
            let highlight = Highlight { offsets: Some(offsets), ..highlight("text") };
            let found = fragments(1, &query(about("seals"), highlight));
            found.into_iter().next().and_then(|fragment| fragment.places).unwrap()
        };
        let from = BOOK.find('\u{1f600}').unwrap();
        for (offsets, smile) in [(Offsets::Utf8, 4), (Offsets::Utf16, 2), (Offsets::CodePoints, 1)]
        {
            let Places { fragment, matches } = places(offsets);
            assert_eq!(fragment, from..from + smile + " Walruses are no seals.".len());
            let seals = from + smile + " Walruses are no ".len();
            assert_eq!(matches, std::slice::from_ref(&(seals..seals + 5)));
        }
    }

    #[test]
    fn elements_come_one_after_the_other_and_a_row_without_a_text_has_no_fragment() {
        let lines = |last| Score::Sum(vec![bm25("lines", "walrus", last), about("walrus")]);
        let highlight = Highlight { offsets: Some(Offsets::Utf8), ..highlight("lines") };
        let query = query(lines(LastToken::Itself), highlight);
        let found = fragments(1, &query);
        assert_eq!(texts(&found), ["a walrus", "b walrus"]);
        let places = Places { fragment: 0..8, matches: std::iter::once(2..8).collect() };
        assert!(found.iter().all(|fragment| fragment.places == Some(places.clone())));
        assert!(fragments(2, &query).is_empty());
    }

    #[test]
    fn fragments_may_be_ranked_by_another_question() {
        let over = |text: &str| bm25(FRAGMENT, text, LastToken::Itself);
        let rank = Score::Sum(vec![over("sleeps"), Score::Product(9.0, Box::new(over("swim")))]);
        let own = Highlight { rank: Some(rank), ..highlight("text") };
        // Whatever the documents are ranked by.
        let found = fragments(1, &query(bm25("lines", "no", LastToken::Itself), own));
        assert_eq!(texts(&found), ["A seal and a walrus swim!", "The walrus sleeps."]);
    }

    #[test]
    fn what_speaks_of_nothing_is_refused() {
        let refused = |rank: Score, highlight: Highlight| {
            ask(&[], &query(rank, highlight)).unwrap_err().to_string()
        };
        let lines = || bm25("lines", "walrus", LastToken::Itself);
        assert!(refused(lines(), highlight("text")).contains("needs a BM25 over it"));
        assert!(refused(lines(), highlight("s")).contains("full_text_search"));
        assert!(refused(lines(), highlight("words")).contains(PRE_TOKENIZED));
        assert!(refused(lines(), highlight("gone")).contains("attribute not found"));
        let none = Highlight { limit: 0, ..highlight("lines") };
        assert!(refused(lines(), none).contains("1 to 1024"));
        let of_text = Highlight { rank: Some(about("walrus")), ..highlight("text") };
        assert!(refused(lines(), of_text).contains("$fragment"));
    }

    #[test]
    fn places_are_counted_in_any_order() {
        let text = "aß😀b";
        for (unit, ends) in [
            (Offsets::Utf8, [1, 3, 7, 8]),
            (Offsets::Utf16, [1, 2, 4, 5]),
            (Offsets::CodePoints, [1, 2, 3, 4]),
        ] {
            let mut ruler = Ruler { text, unit, byte: 0, units: 0 };
            assert_eq!([1, 3, 7, 8].map(|byte| ruler.at(byte)), ends);
            assert_eq!(ruler.at(3), ends[1]);
        }
    }
}
