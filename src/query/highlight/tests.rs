//! Fragments of a few texts: which are shown, in which order, and what is marked in them.

use super::super::plan::Plan;
use super::super::samples::{
    ask, bm25, is_halted, living, number, ranked, row, schema, string, strings,
};
use super::*;
use crate::error::ErrorKind;
use crate::model::{
    Case, Computed, Curve, Direction, Edits, FILTER_NODES_MAX, FRAGMENT, Filter, FullText, Given,
    LastToken, Made, Op, Operand, Pattern, Query, Rank, Row, Score, Searched, Which,
};

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
    fragments_of(&rows(), id, query)
}

fn fragments_of(rows: &[Row], id: u64, query: &Query) -> Vec<Fragment> {
    let answer = ask(&living(rows, 2, &[]), query).unwrap();
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

const SLEEPS: &str = "The walrus sleeps.";
const SWIM: &str = "A seal and a walrus swim!";
const NOBODY: &str = "Nobody swims?";
const NO_SEALS: &str = "\u{1f600} Walruses are no seals.";

fn said(text: &str) -> Operand {
    Operand::Literal(Given::Text(text.into()))
}

fn asks(op: Op, operand: Operand) -> Filter {
    Filter::Test { attribute: FRAGMENT.into(), op, operand }
}

fn like(pattern: Pattern) -> Filter {
    Filter::Like { attribute: FRAGMENT.into(), pattern }
}

fn glob(text: &str) -> Filter {
    like(Pattern::Glob { operand: said(text), case: Case::Matters })
}

fn regex(text: &str) -> Filter {
    like(Pattern::Regex { operand: said(text), of: Searched::Declared })
}

fn tokens(text: &str, which: Which) -> Filter {
    like(Pattern::Tokens { operand: said(text), which, last: LastToken::Itself })
}

fn over(text: &str) -> Score {
    bm25(FRAGMENT, text, LastToken::Itself)
}

fn by(own: Score) -> Highlight {
    Highlight { limit: 9, rank: Some(own), ..highlight("text") }
}

/// Of documents that are ranked by nothing that could be marked.
fn ordered(highlight: Highlight) -> Query {
    let computed = vec![("hl".into(), Computed::Highlight(highlight))];
    Query { computed, ..ranked(Rank::Order(vec![("id".into(), Direction::Ascending)])) }
}

fn shown(own: Score) -> Vec<String> {
    let found = fragments(1, &ordered(by(own)));
    found.into_iter().map(|fragment| fragment.text.into_string()).collect()
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

/// Where no match is needed, an empty one would be shown of whatever is empty.
#[test]
fn what_is_empty_is_no_fragment_however_it_is_cut() {
    let cuts = [Fragments::Whole, Fragments::Sentences, Fragments::Paragraphs, Fragments::Words];
    for fragments in cuts {
        let all = Highlight { fragments, ..by(Score::Filter(glob("*"))) };
        let rows = [row(1, &[("text", string(""))]), row(2, &[("text", string("walrus"))])];
        let answer = ask(&living(&rows, 2, &[]), &ordered(all)).unwrap();
        let made = answer.rows.into_iter().map(|hit| hit.made.into_iter().next().unwrap().1);
        let many: Vec<usize> = made
            .map(|made| match made {
                Made::Fragments(fragments) => fragments.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(many, [0, 1], "{fragments:?}");
    }
}

#[test]
fn places_are_those_of_the_text_in_what_they_are_counted_in() {
    let places = |offsets| {
        let highlight = Highlight { offsets: Some(offsets), ..highlight("text") };
        let found = fragments(1, &query(about("seals"), highlight));
        found.into_iter().next().and_then(|fragment| fragment.places).unwrap()
    };
    let from = BOOK.find('\u{1f600}').unwrap();
    for (offsets, smile) in [(Offsets::Utf8, 4), (Offsets::Utf16, 2), (Offsets::CodePoints, 1)] {
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
    let rank = Score::Sum(vec![over("sleeps"), Score::Product(9.0, Box::new(over("swim")))]);
    let own = Highlight { rank: Some(rank), ..highlight("text") };
    // Whatever the documents are ranked by.
    let found = fragments(1, &query(bm25("lines", "no", LastToken::Itself), own));
    assert_eq!(texts(&found), [SWIM, SLEEPS]);
}

#[test]
fn a_fragment_may_be_asked_whatever_a_text_may_be_asked() {
    let all = || vec![SLEEPS, SWIM, NOBODY, NO_SEALS];
    let null = || Operand::Literal(Given::Null);
    let two = [NOBODY, SLEEPS].map(|text| Given::Text(text.into()));
    let two = Operand::Literal(Given::List(two.to_vec()));
    let iglob = Pattern::Glob { operand: said("NOBODY*"), case: Case::Ignored };
    let edits = vec![Edits { min_chars: 6, distance: 1 }];
    let fuzzy = Pattern::Fuzzy { operand: said("wallrus"), edits, case: Case::Matters };
    for (filter, expected) in [
        (asks(Op::Eq, said(NOBODY)), vec![NOBODY]),
        (asks(Op::NotEq, said(NOBODY)), vec![SLEEPS, SWIM, NO_SEALS]),
        (asks(Op::Eq, null()), vec![]),
        (asks(Op::NotEq, null()), all()),
        (asks(Op::In, two), vec![SLEEPS, NOBODY]),
        (asks(Op::Lt, said("B")), vec![SWIM]),
        (glob("*swim*"), vec![SWIM, NOBODY]),
        (like(iglob), vec![NOBODY]),
        (regex("[.]$"), vec![SLEEPS, NO_SEALS]),
        (like(fuzzy), vec![SLEEPS, SWIM]),
        // As the attribute has its tokens.
        (tokens("WALRUS a", Which::All), vec![SWIM]),
        (tokens("swims sleeps", Which::Any), vec![SLEEPS, NOBODY]),
        (tokens("a walrus", Which::Sequence), vec![SWIM]),
        (Filter::Not(Box::new(glob("*swim*"))), vec![SLEEPS, NO_SEALS]),
        (Filter::And(vec![glob("*swim*"), regex("[?]")]), vec![NOBODY]),
        (Filter::Or(vec![glob("*swim*"), regex("[.]$")]), all()),
        (Filter::And(vec![]), all()),
        (Filter::Or(vec![]), vec![]),
    ] {
        assert_eq!(shown(Score::Filter(filter.clone())), expected, "{filter:?}");
    }
}

#[test]
fn filters_and_questions_stand_in_one_expression() {
    let swim = || Score::Filter(glob("*swim*"));
    let ends = || Box::new(Score::Filter(regex("[.]$")));
    let curve = || Curve { midpoint: Given::Int(1), exponent: 1.0 };
    for (own, expected) in [
        (
            Score::Sum(vec![over("sleeps"), Score::Product(9.0, Box::new(swim()))]),
            vec![SWIM, NOBODY, SLEEPS],
        ),
        (Score::Saturate(ends(), curve()), vec![SLEEPS, NO_SEALS]),
        (Score::Decay(ends(), curve()), vec![SWIM, NOBODY, SLEEPS, NO_SEALS]),
        (Score::Max(vec![Score::Constant(0.5), swim()]), vec![SWIM, NOBODY, SLEEPS, NO_SEALS]),
        // What has a score is shown, and nothing else is.
        (
            Score::Sum(vec![Score::Constant(1.0), over("seal")]),
            vec![SWIM, SLEEPS, NOBODY, NO_SEALS],
        ),
        (Score::Product(0.0, Box::new(over("walrus"))), vec![]),
    ] {
        assert_eq!(shown(own.clone()), expected, "{own:?}");
    }
}

#[test]
fn marked_is_what_the_expression_asks_for_or_else_the_ranking() {
    let marked = |rank: Score, own: Score| {
        let highlight = Highlight { offsets: Some(Offsets::Utf8), ..by(own) };
        let found = fragments(1, &query(rank, highlight));
        let places = found.into_iter().map(|fragment| fragment.places.unwrap().matches);
        places
            .map(|matches| matches.into_iter().map(|place| &BOOK[place]).collect())
            .collect::<Vec<Vec<&str>>>()
    };
    let (seal, walrus) = (|| about("seal"), || about("walrus"));
    let swims = Filter::And(vec![tokens("swims", Which::Any)]);
    let either = Filter::Or(vec![tokens("sleeps", Which::All), swims]);
    let operand = said("wal");
    let begun = Pattern::Tokens { operand, which: Which::Any, last: LastToken::Prefix };
    let both = vec![over("sleeps"), Score::Filter(tokens("a walrus", Which::Sequence))];
    for (rank, own, expected) in [
        (seal(), over("walrus"), vec![vec!["walrus"], vec!["walrus"]]),
        (walrus(), Score::Filter(either), vec![vec!["sleeps"], vec!["swims"]]),
        (
            walrus(),
            Score::Filter(like(begun)),
            vec![vec!["walrus"], vec!["walrus"], vec!["Walruses"]],
        ),
        (walrus(), Score::Sum(both), vec![vec!["A", "a", "walrus"], vec!["walrus", "sleeps"]]),
        // What is not to be there is not looked for.
        (
            seal(),
            Score::Filter(Filter::Not(Box::new(tokens("sleeps", Which::Any)))),
            vec![vec!["seal"], vec![], vec![]],
        ),
        (walrus(), Score::Filter(glob("*swim*")), vec![vec!["walrus"], vec![]]),
        (
            bm25("lines", "no", LastToken::Itself),
            Score::Filter(glob("*swim*")),
            vec![vec![], vec![]],
        ),
    ] {
        assert_eq!(marked(rank, own.clone()), expected, "{own:?}");
    }
}

#[test]
fn an_element_is_a_fragment_and_what_is_missing_has_none() {
    let is_no = Score::Filter(asks(Op::Eq, said("no")));
    let highlight = Highlight { offsets: Some(Offsets::Utf8), ..highlight("lines") };
    let found = fragments(1, &ordered(Highlight { rank: Some(is_no), ..highlight }));
    let places = Some(Places { fragment: 0..2, matches: Vec::new() });
    assert_eq!(found, [Fragment { text: "no".into(), places }]);
    let is_there = asks(Op::NotEq, Operand::Literal(Given::Null));
    assert!(fragments(3, &ordered(by(Score::Filter(is_there)))).is_empty());
}

#[test]
fn a_text_may_have_more_fragments_than_are_scored_at_once() {
    let words: Vec<String> = (0..3000).map(|at| format!("w{at}")).collect();
    let text = words.join(" ");
    let rows = [row(1, &[("text", string(&text))])];
    let of_words = |own: Score, limit: usize| {
        let (fragments, offsets) = (Fragments::Words, Some(Offsets::Utf8));
        let highlight = Highlight { fragments, limit, offsets, ..by(own) };
        let found = fragments_of(&rows, 1, &ordered(highlight));
        for Fragment { text: word, places } in &found {
            assert_eq!(&text[places.clone().unwrap().fragment], &**word);
        }
        found.into_iter().map(|fragment| fragment.text.into_string()).collect::<Vec<String>>()
    };
    let few = ["w0", "w1023", "w1024", "w2999"];
    let these = Given::List(few.map(|word| Given::Text(word.into())).to_vec());
    let within = Score::Filter(asks(Op::In, Operand::Literal(these)));
    assert_eq!(of_words(within, 9), few);
    let last = Score::Filter(asks(Op::Eq, said("w2999")));
    let first = Score::Sum(vec![Score::Constant(1.0), last]);
    assert_eq!(of_words(first, 2), ["w2999", "w0"]);
}

#[test]
fn a_fragment_is_scored_for_as_long_as_somebody_waits() {
    let (mut asked, mut marked) = (Questions::default(), Vec::new());
    let (own, options) = (Score::Filter(tokens("walrus", Which::All)), FullText::default());
    let budget = &mut Budget::default();
    let worth =
        Worth::bind(&own, number("text"), &options, &mut asked, budget, &mut marked).unwrap();
    let halt = Halt::default();
    let texts = asked.read(&[], &halt).unwrap();
    let scores = || {
        let findings = [Finding::default(), Finding::default()];
        worth.scores(vec!["walrus", "seal"], &findings, &texts, &halt)
    };
    assert_eq!(scores().unwrap(), [1.0, 0.0]);
    halt.raise();
    assert!(is_halted(&scores().unwrap_err()));
}

/// To count what a token filter asks for would take all texts of the view.
#[test]
fn only_for_a_score_is_a_text_read_that_is_not_shown() {
    let halt = Halt::default();
    halt.raise();
    let reads = |own: Score| {
        let Plan { questions, .. } = Plan::of(&ordered(by(own)), &schema()).unwrap();
        questions.read(&living(&rows(), 2, &[]), &halt).is_err()
    };
    assert!(!reads(Score::Filter(glob("*swim*"))));
    assert!(!reads(Score::Filter(tokens("walrus", Which::All))));
    assert!(reads(over("walrus")));
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
}

#[test]
fn nothing_but_a_fragment_is_asked() {
    let refused = |own: Score| {
        let told = ask(&[], &ordered(by(own.clone()))).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Invalid, "{own:?}");
        told.to_string()
    };
    let of = |name: &str| Filter::Test { attribute: name.into(), op: Op::Eq, operand: said("x") };
    let deeper = Filter::Or(vec![of(FRAGMENT), Filter::Not(Box::new(of("id")))]);
    for own in [
        about("walrus"),
        Score::Attribute("u".into()),
        Score::Dist { attribute: "u".into(), origin: Given::Int(1) },
        Score::Sparse { attribute: FRAGMENT.into(), weights: Given::Map(Vec::new()) },
        Score::Filter(of("s")),
        Score::Filter(of("id")),
        Score::Sum(vec![over("walrus"), Score::Filter(deeper)]),
    ] {
        let told = refused(own);
        let words = "rank_fragments_by is made of BM25 and of filters over \"$fragment\"";
        assert!(told.contains(words), "{told}");
    }
    let contains = refused(Score::Filter(asks(Op::Contains, said("x"))));
    assert!(contains.contains("`$fragment`: Contains does not apply to string"), "{contains}");
    let unread = refused(Score::Filter(regex("(")));
    assert!(unread.contains("`$fragment`"), "{unread}");
    let many = Filter::Or(vec![asks(Op::Eq, said("x")); FILTER_NODES_MAX]);
    let many = refused(Score::Filter(many));
    assert!(many.contains("4096"), "{many}");
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
