//! What can be fuzzed.

use elacsym::error::{Error, ErrorKind};

use crate::random::Random;

pub(crate) trait Target {
    /// What its corpus is called.
    fn name(&self) -> &'static str;

    /// Of its inputs, where they are text.
    fn ending(&self) -> &'static str {
        "txt"
    }

    /// Inputs to begin with, beside those of its corpus.
    fn seeds(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Another input, from a good one and maybe with a piece of the other.
    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8>;

    /// What comes of it, or which law it breaks. A panic breaks one, too.
    fn judge(&self, input: &[u8]) -> Result<Answer, String>;
}

/// What was said, in words: without what differs from one input to the next, as numbers do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted(String),
    Refused(String),
}

/// That it was refused as it may be.
pub(crate) fn refused(error: &Error, kinds: &[ErrorKind]) -> Result<Answer, String> {
    let (kind, chain) = (error.kind(), error.chain());
    if !kinds.contains(&kind) {
        return Err(format!("refused as {kind:?}, where {kinds:?} is due: {chain}"));
    }
    let words = chain.split(' ').filter(|word| !word.contains(char::is_numeric));
    Ok(Answer::Refused(words.collect::<Vec<_>>().join(" ")))
}

/// Of a text, what is neither quoted nor a name, a path or a number.
pub(crate) fn skeleton(text: &str) -> String {
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase());
    let bare = text.split(['`', '\'', '"']).step_by(2).flat_map(|part| part.split(' '));
    let words = bare.map(|word| word.trim_end_matches([',', ':', ';', '.'])).filter(is_word);
    words.take(12).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_skeleton_has_no_words_of_the_input() {
    for (text, expected) in [
        ("unknown field `é`", "unknown field"),
        (
            "schema.a.type: invalid type: integer `7`, expected a boolean",
            "invalid type integer expected a boolean",
        ),
        ("attribute 'x y' expects [3]f32, but got 2 numbers", "attribute expects but got numbers"),
        ("", ""),
    ] {
        assert_eq!(skeleton(text), expected);
    }
}
