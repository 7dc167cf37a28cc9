"""Tokens of a text, by the options of its attribute.

Words are those of UAX #29 as far as a line of code is exact: runs of letters and digits, and each
ideograph alone. So the fuzzed texts hold no apostrophes, no dots inside words, no underscores, no
marks and no emoji.
"""

import functools
import re

import snowballstemmer

WORD = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+")
STOPWORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then "
    "there these they this to was will with".split()
)
FOLDED = str.maketrans({"é": "e", "É": "E", "ü": "u", "ß": "ss"})
# No phrase crosses an element: no question has a gap as wide.
ELEMENT_GAP = 100

_stemmer = snowballstemmer.stemmer("english")


@functools.lru_cache(65536)
def stem(word):
    return _stemmer.stemWord(word)


def words(text, options):
    """(position, token, start, end) of one text: what is dropped leaves its position empty."""
    found = []
    for position, match in enumerate(WORD.finditer(text)):
        token = match[0] if options["case_sensitive"] else match[0].lower()
        if len(token.encode()) > options["max_token_length"]:
            continue
        if options["remove_stopwords"] and token in STOPWORDS:
            continue
        if options["stemming"]:
            token = stem(token)
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
        base += len(WORD.findall(text)) + ELEMENT_GAP
    return found
