"""Tokens of a text, by the options of its attribute.

Words are those of each tokenizer as far as a line of code is exact, so the fuzzed texts hold no
underscores, no marks, an apostrophe between letters alone, a dot between digits alone, and one
emoji where it is said what becomes of it.
"""

import functools
import re

import snowballstemmer

EMOJI = "\U0001f98a"
IDEOGRAPH = "[\\u4e00-\\u9fff]"
RUN = r"[^\W_\u4e00-\u9fff]+"
# UAX #29: a run of letters and digits goes on beyond an apostrophe or a dot.
UAX_29 = re.compile(f"{IDEOGRAPH}|{RUN}(?:['.]{RUN})*")
WORDS = {
    "word_v0": re.compile(r"[^\W_]+"),
    "word_v1": re.compile(rf"{EMOJI}|[^\W_]+"),
    "word_v2": re.compile(f"{EMOJI}|{IDEOGRAPH}|{RUN}"),
    "word_v3": UAX_29,
    "word_v4": UAX_29,
}
ENGLISH = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then "
    "there these they this to was will with".split()
)
# Of other lists what the fuzzed texts may hold, or begin with; of a language without one here, stop
# words are not drawn, or are a flaw.
STOPWORDS = {
    "english": ENGLISH,
    "german": frozenset("an das der die in nicht und was will".split()),
}
FOLDED = str.maketrans("éÉüäöåøá", "eEuaoaoa") | {ord("ß"): "ss"}
# No phrase crosses an element: no question has a gap as wide.
ELEMENT_GAP = 100


@functools.cache
def stemmer(language):
    return snowballstemmer.stemmer(language)


@functools.lru_cache(65536)
def stem(word, language):
    return stemmer(language).stemWord(word)


def lowered(word):
    """Character by character: a sigma at the end is one like any other."""
    return "".join(char.lower() for char in word)


def pieces(text, options):
    return WORDS[options["tokenizer"]].finditer(text)


def words(text, options):
    """(position, token, start, end) of one text: what is dropped leaves its position empty."""
    found = []
    for position, match in enumerate(pieces(text, options)):
        token = match[0] if options["case_sensitive"] else lowered(match[0])
        if len(token.encode()) > options["max_token_length"]:
            continue
        if options["remove_stopwords"] and token in STOPWORDS[options["language"]]:
            continue
        if options["stemming"]:
            token = stem(token, options["language"])
        if options["ascii_folding"]:
            token = token.translate(FOLDED)
        found.append((position, token, match.start(), match.end()))
    return found


def tokens(given, attribute):
    """(position, token) of a value, or of a question: a text, or a list of them."""
    options = attribute.full_text
    if attribute.pre_tokenized:
        return list(enumerate(given))
    found, base = [], 0
    for text in [given] if isinstance(given, str) else given:
        own = [(base + position, token) for position, token, _, _ in words(text, options)]
        found += own
        base += sum(1 for _ in pieces(text, options)) + ELEMENT_GAP
    return found
