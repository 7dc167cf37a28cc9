"""Patterns over texts: globs, regular expressions, and texts that are nearly there."""

import functools
import re

import globs
from refusal import EITHER, expect, refuse

REGEX_BYTES_MAX = 1024
# What the fuzzer may draw that needs a program of more than 1 MiB: repetitions of repetitions.
HUGE = re.compile(r"\{(\d{3,})\}\)?\{(\d{3,})\}")
EDITS_MAX = 8
DISTANCE_MAX = 2


@functools.lru_cache(4096)
def glob(pattern, exact_case):
    """Whether a whole text is of a glob, as globset of Rust reads it, where stars cross slashes."""
    flags = re.DOTALL if exact_case else re.DOTALL | re.IGNORECASE
    return re.compile(globs.regex(pattern), flags).fullmatch


@functools.lru_cache(4096)
def regex(pattern):
    """A search anywhere in the text; what looks around or back is refused, as a finite automaton
    cannot."""
    expect(len(pattern.encode()) <= REGEX_BYTES_MAX, "regex length")
    expect(not re.search(r"\(\?[=!<]|\\[1-9]", pattern), "regex look-around")
    expect(not HUGE.search(pattern), "regex size")
    try:
        return re.compile(pattern).search
    except re.error:
        return refuse("regex")


def edits(given):
    """[(least characters, distance)] of a fuzzy filter, each step checked."""
    expect(isinstance(given, list), "edits", EITHER)
    expect(1 <= len(given) <= EDITS_MAX, "edits", EITHER)
    steps = []
    for step in given:
        expect(
            isinstance(step, dict) and set(step) == {"min_query_chars", "distance"}, "edits", EITHER
        )
        least, distance = step["min_query_chars"], step["distance"]
        expect(isinstance(least, int) and isinstance(distance, int), "edits", EITHER)
        expect(0 <= distance <= DISTANCE_MAX, "edits", EITHER)
        expect(least >= 3 * (distance + 1), "edits")
        expect(not steps or least > steps[-1][0], "edits")
        steps.append((least, distance))
    return steps


def allowed(steps, query):
    """How many edits a question of this length may have, or None: it finds nothing."""
    fitting = [distance for least, distance in steps if least <= len(query)]
    return fitting[-1] if fitting else None


def holds_nearly(text, query, distance):
    """Whether some substring is within so many edits: a table whose first row costs nothing."""
    above = list(range(len(query) + 1))
    best = above[-1]
    for char in text:
        row = [0]
        for at, wanted in enumerate(query, 1):
            row.append(min(above[at - 1] + (char != wanted), above[at] + 1, row[-1] + 1))
        above = row
        best = min(best, row[-1])
    return best <= distance
