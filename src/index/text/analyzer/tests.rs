//! Tokens, from the definition of each option; and any text, under any options.

use super::*;
use crate::model::{
    AttrType, LANGUAGES, LANGUAGES_WITHOUT_STOP_WORDS, PRE_TOKENIZED, Scalar, TOKENIZERS,
};

use proptest::prelude::*;

fn with(change: impl FnOnce(&mut FullText)) -> FullText {
    let mut options = FullText::default();
    change(&mut options);
    options
}

fn tokens(options: &FullText, text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    Analyzer::of(options).tokens(text, &mut |token| tokens.push(token.text.to_owned()));
    tokens
}

fn positions(options: &FullText, text: &str) -> Vec<(u32, String)> {
    let mut positions = Vec::new();
    let mut each = |token: Token<'_>| positions.push((token.position, token.text.to_owned()));
    Analyzer::of(options).tokens(text, &mut each);
    positions
}

#[test]
fn words_are_those_of_unicode() {
    for tokenizer in ["word_v4", "word_v3"] {
        let options = FullText::of(tokenizer);
        let cases: [(&str, &[&str]); 6] = [
            ("The quick-brown fox can't jump.", &["the", "quick", "brown", "fox", "can't", "jump"]),
            ("3.14 e.g. example.com a_b ___", &["3.14", "e.g", "example.com", "a_b"]),
            ("日本語 リンゴ", &["日", "本", "語", "リンゴ"]),
            ("hi👍🏽ho 👩\u{200d}👧", &["hi", "👍🏽", "ho", "👩\u{200d}👧"]),
            ("  \n\t!?", &[]),
            ("", &[]),
        ];
        for (text, words) in cases {
            assert_eq!(tokens(&options, text), words, "{tokenizer}");
        }
    }
}

#[test]
fn older_tokenizers_find_other_words() {
    let text = "日本 can't 👍";
    assert_eq!(tokens(&FullText::of("word_v4"), text), ["日", "本", "can't", "👍"]);
    assert_eq!(tokens(&FullText::of("word_v2"), text), ["日", "本", "can", "t", "👍"]);
    assert_eq!(tokens(&FullText::of("word_v1"), text), ["日本", "can", "t", "👍"]);
    assert_eq!(tokens(&FullText::of("word_v0"), text), ["日本", "can", "t"]);
}

/// UAX #29 keeps the two letters of a flag together, and counts them among no words.
#[test]
fn a_flag_is_a_word_to_the_older_tokenizers_alone() {
    let text = "hi 🇩🇪 🦭";
    let cases: [(&str, &[&str]); 5] = [
        ("word_v4", &["hi", "🦭"]),
        ("word_v3", &["hi", "🦭"]),
        ("word_v2", &["hi", "🇩🇪", "🦭"]),
        ("word_v1", &["hi", "🇩🇪", "🦭"]),
        ("word_v0", &["hi"]),
    ];
    for (tokenizer, words) in cases {
        assert_eq!(tokens(&FullText::of(tokenizer), text), words, "{tokenizer}");
    }
    // It leaves no place empty either: it is like what stands between words.
    let places = [(0, "hi".to_owned()), (1, "🦭".to_owned())];
    assert_eq!(positions(&FullText::of("word_v4"), text), places);
}

#[test]
fn a_token_says_where_it_stood() {
    let mut told = Vec::new();
    let analyzer = Analyzer::of(&with(|options| options.stemming = true));
    analyzer.tokens("Ça: RUNNING, cats", &mut |token| {
        told.push((token.text.to_owned(), token.position, token.bytes));
    });
    let expected = [("ça", 0, 0..3), ("run", 1, 5..12), ("cat", 2, 14..18)];
    assert_eq!(told, expected.map(|(text, at, bytes)| (text.to_owned(), at, bytes)));
}

#[test]
fn what_is_dropped_leaves_its_position_empty() {
    let options = with(|options| {
        options.remove_stopwords = true;
        options.max_token_length = 6;
    });
    let text = "The walrus and the carpenter, the END";
    let left = [(1, "walrus"), (6, "end")];
    assert_eq!(positions(&options, text), left.map(|(at, text)| (at, text.to_owned())));
    // What is no word has no position.
    assert_eq!(positions(&options, " -- end"), [(0, "end".to_owned())]);
}

#[test]
fn case_is_kept_if_it_counts() {
    assert_eq!(tokens(&FullText::default(), "Walrus ÉTÉ"), ["walrus", "été"]);
    let options = with(|options| options.case_sensitive = true);
    assert_eq!(tokens(&options, "Walrus ÉTÉ"), ["Walrus", "ÉTÉ"]);
}

#[test]
fn the_length_is_in_bytes_and_in_lower_case() {
    let options = with(|options| options.max_token_length = 3);
    assert_eq!(tokens(&options, "abcd abc éé é"), ["abc", "é"]);
    assert_eq!(tokens(&options, "ab\u{212a} ab\u{23a}"), ["abk"]);
    let endless = "a".repeat(1 << 20);
    assert_eq!(tokens(&with(|options| options.max_token_length = 254), &endless), [""; 0]);
}

#[test]
fn stop_words_go_before_stems_are_made() {
    let options = with(|options| {
        options.remove_stopwords = true;
        options.stemming = true;
    });
    // Of which "are" is the stem, and a stop word.
    assert_eq!(tokens(&options, "the are ares"), ["are"]);
}

#[test]
fn folding_comes_last() {
    let stopped = with(|options| {
        options.remove_stopwords = true;
        options.ascii_folding = true;
    });
    assert_eq!(tokens(&stopped, "the thé"), ["the"]);
    let stemmed = with(|options| {
        options.language = "french".into();
        options.stemming = true;
        options.ascii_folding = true;
    });
    // Without its accent it would have another stem.
    assert_eq!(tokens(&stemmed, "chantée mangées"), ["chant", "mang"]);
}

#[test]
fn stop_words_and_stems_are_of_the_language() {
    let options = |language: &str| {
        with(|options| {
            options.language = language.into();
            options.remove_stopwords = true;
            options.stemming = true;
        })
    };
    assert_eq!(tokens(&options("german"), "Die Häuser und the cats"), ["haus", "the", "cat"]);
    assert_eq!(tokens(&options("english"), "und the cats"), ["und", "cat"]);
    // Of which there is no list: what an older release has let be declared so is read as ever.
    assert_eq!(tokens(&options("turkish"), "ve evler"), ["ve", "ev"]);
}

#[test]
fn with_case_only_the_lower_one_is_a_stop_word_or_has_a_stem() {
    let options = with(|options| {
        options.case_sensitive = true;
        options.remove_stopwords = true;
        options.stemming = true;
    });
    assert_eq!(tokens(&options, "The the RUNNING running"), ["The", "RUNNING", "run"]);
}

#[test]
fn a_token_that_is_given_is_not_cut() {
    let mut options = FullText::of(PRE_TOKENIZED);
    assert_eq!(positions(&options, "New York, N.Y."), [(0, "New York, N.Y.".to_owned())]);
    assert_eq!(tokens(&options, ""), [""]);
    // Be it a hash of 64 digits: it was dropped once, and such a document was never found.
    assert_eq!(tokens(&options, &"a".repeat(64)).len(), 1);
    options.ascii_folding = true;
    assert_eq!(tokens(&options, "São Paulo"), ["Sao Paulo"]);
}

fn any_options() -> impl Strategy<Value = FullText> {
    let tokenizer = prop::sample::select(TOKENIZERS.to_vec());
    let language = prop::sample::select(LANGUAGES.to_vec());
    let rest = (any::<[bool; 4]>(), prop_oneof![Just(39_u8), 1..255_u8]);
    (tokenizer, language, rest).prop_map(|(tokenizer, language, (flags, max_token_length))| {
        let [case_sensitive, stemming, remove_stopwords, ascii_folding] = flags;
        // What a given token cannot have.
        let given = tokenizer == PRE_TOKENIZED;
        let language = if given { "english" } else { language };
        let listed = !LANGUAGES_WITHOUT_STOP_WORDS.contains(&language);
        FullText {
            language: language.into(),
            case_sensitive: case_sensitive || given,
            stemming: stemming && !given,
            remove_stopwords: remove_stopwords && listed && !given,
            ascii_folding,
            max_token_length,
            ..FullText::of(tokenizer)
        }
    })
}

/// Words that the rules of the languages have something to say about, and whatever there is.
fn any_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        ".{0,12}",
        "[a-zA-Z']{1,14}",
        "[a-zà-öø-ÿğıİşőűăâîșț]{1,14}",
        "[α-ωά-ώΑ-Ω]{1,14}",
        "[а-яёА-Я]{1,14}",
        "[\u{621}-\u{652}]{1,14}",
        "[\u{b82}-\u{bcd}]{1,14}",
        "[\u{4e00}-\u{4e20}\u{3040}-\u{30ff}]{1,6}",
        "[\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}\u{1f44d}\u{200d}\u{fe0f}\u{2764}]{1,6}",
    ];
    let between = prop::sample::select(vec!["", " ", " ", "-", ", ", "\n", "\u{200d}", "\u{a0}"]);
    prop::collection::vec((word, between), 0..8).prop_map(|parts| {
        parts.into_iter().map(|(word, between)| word + between).collect::<String>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_text_has_tokens_in_order((options, text) in (any_options(), any_text())) {
        prop_assert_eq!(options.check(kind_of(&options)), Ok(()));
        let given = &*options.tokenizer == PRE_TOKENIZED;
        let as_it_stands =
            options.case_sensitive && !options.stemming && !options.ascii_folding;
        let mut last: Option<(u32, usize)> = None;
        let mut odd = None;
        Analyzer::of(&options).tokens(&text, &mut |token| {
            let Token { text: shown, position, bytes } = token.clone();
            let follows = last.is_none_or(|(before, end)| position > before && bytes.start >= end);
            last = Some((position, bytes.end));
            let right = text.get(bytes).is_some_and(|word| {
                let something = given || [word, shown].iter().all(|text| !text.is_empty());
                something && (shown == word || !as_it_stands)
            });
            if !(follows && right) {
                odd = Some(format!("{token:?}"));
            }
        });
        prop_assert_eq!(odd, None);
    }
}

proptest! {
    #[test]
    fn what_was_read_before_makes_no_difference(
        options in any_options(),
        texts in prop::collection::vec(any_text(), 2..5),
    ) {
        let (analyzer, mut reading) = (Analyzer::of(&options), Reading::default());
        for text in &texts {
            let (mut told, mut expected) = (Vec::new(), Vec::new());
            analyzer.tokens_in(text, &mut reading, &mut |Token { text, position, bytes }| {
                told.push((text.to_owned(), position, bytes));
            });
            analyzer.tokens(text, &mut |Token { text, position, bytes }| {
                expected.push((text.to_owned(), position, bytes));
            });
            prop_assert_eq!(told, expected);
        }
    }
}

fn kind_of(options: &FullText) -> AttrType {
    let given = &*options.tokenizer == PRE_TOKENIZED;
    if given { AttrType::Array(Scalar::String) } else { AttrType::Scalar(Scalar::String) }
}
