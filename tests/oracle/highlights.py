"""Highlights: the fragments of a text that are worth something, those that are worth most first,
and where in them is what was asked for.

Where one ends the contract says in a word, so the fuzzed texts have sentences and paragraphs about
which no two readers differ, but for whose the space between them is.
"""

import dataclasses
import re

from analyzer import tokens, words
from filters import TOKENS, prefix_asked, question
from matched import Loose, near
from refusal import EITHER, expect, refuse
from schema import Attribute
from scores import Score, Scorer, rarity

PIECES = {"sentence": re.compile(r"[!?] |\n\n"), "paragraph": re.compile(r"\n\n")}
CUTS = ("none", "sentence", "paragraph", "word")
OFFSETS = ("utf-8", "utf-16", "codepoints")
OPTIONS = {"fragment_by", "fragment_limit", "include_offsets", "rank_fragments_by"}
LIMIT, LIMIT_MAX = 3, 1024
FRAGMENT = "$fragment"


@dataclasses.dataclass
class Fragment:
    source: str
    start: int
    end: int
    # Where something is that was asked for.
    matches: list
    worth: float


class Fragments(Loose):
    """What is told of one document: so many of these, the space around them aside."""

    def __init__(self, fragments, options, sure):
        self.fragments = fragments
        self.limit = options.get("fragment_limit", LIMIT)
        self.cut = options.get("fragment_by", "sentence")
        self.offsets = options.get("include_offsets")
        # Whether it is said what each is worth.
        self.sure = sure
        best = sorted(fragments, key=lambda one: -one.worth)[: self.limit]
        self.worths = [one.worth for one in best]
        self.shown = [self.show(one, one.start, one.end) for one in best]

    def place(self, source, at):
        if self.offsets == "utf-8":
            return len(source[:at].encode())
        return len(source[:at].encode("utf-16-le")) // 2 if self.offsets == "utf-16" else at

    def span(self, source, start, end):
        return [self.place(source, start), self.place(source, end)]

    def show(self, one, start, end):
        told = {"text": one.source[start:end]}
        if self.offsets:
            told["fragment_range"] = self.span(one.source, start, end)
            told["match_ranges"] = [self.span(one.source, *match) for match in one.matches]
        return told

    def is_one(self, told, one):
        if not isinstance(told, dict) or not isinstance(told.get("text"), str):
            return False
        text, start, end = told["text"], one.start, one.end
        if self.cut in PIECES:
            start -= len(text) - len(text.lstrip())
            end += len(text) - len(text.rstrip())
        return start >= 0 and told == self.show(one, start, end)

    def holds(self, found):
        if not isinstance(found, list) or len(found) != len(self.shown):
            return False
        left, worths = list(self.fragments), []
        for told in found:
            one = next((one for one in left if self.is_one(told, one)), None)
            if one is None:
                return False
            left.remove(one)
            worths.append(one.worth)
        return not self.sure or all(map(near, worths, self.worths))


class Fragmented:
    """The schema of a fragment, which has one text: of that, anything may be asked."""

    def __init__(self, attribute):
        self.text = Attribute(
            "string", full_text=attribute.full_text, regex=True, glob=True, fuzzy=True
        )

    def get(self, name):
        return self.text if name == FRAGMENT else refuse("fragments by something else")


class Ranking(Scorer):
    """Scores of fragments, as of documents; but what BM25 is."""

    def __init__(self, attribute, rare):
        super().__init__(Fragmented(attribute), docs=())
        # How rare a token is among the texts of the attribute.
        self.rare = rare

    def text(self, given):
        asked = super().text(given).text
        return Score(shared(self.schema.text, asked, self.rare), text=asked)


def shared(attribute, questions, rare):
    """A function of a fragment: how rare are the tokens that it shares with any of these questions,
    each once; of one that begins so, 1."""
    rarities = {token: rare(token) for _, asked, _ in questions for token in sorted(set(asked))}
    begun = {prefix for _, _, prefix in questions if prefix is not None}

    def of(fragment):
        found = {token for _, token in tokens(fragment[FRAGMENT], attribute)}
        parts = [rarities[token] for token in rarities if token in found]
        return sum(parts) + sum(any(one.startswith(prefix) for one in found) for prefix in begun)

    return of


def wanted(attribute, given):
    """What the token filters of an expression look for, but for what must not be there."""
    if not isinstance(given, list) or given[:1] == ["Not"]:
        return []
    if given[:1] == [FRAGMENT] and given[1] in TOKENS:
        asked = [token for _, token in question(attribute, given[2])]
        prefixed = prefix_asked(given[3] if len(given) == 4 else {})
        prefix = asked.pop() if prefixed and asked else None
        return [(FRAGMENT, asked, prefix)]
    return [one for part in given for one in wanted(attribute, part)]


class Highlight:
    def __init__(self, attribute, name, docs, questions, options):
        self.attribute = attribute
        self.name = name
        self.options = options
        held = [doc[name] for doc in docs if doc.get(name) is not None]
        self.texts = [{token for _, token in tokens(value, attribute)} for value in held]
        # Of those that are ranked by.
        self.asked = questions
        scored = questions
        ranked = options.get("rank_fragments_by")
        if ranked is None:
            self.worth = shared(attribute, questions, self.rare)
        else:
            score = Ranking(attribute, self.rare).bind(ranked)
            self.worth, scored = score.of, score.text
            self.asked = score.text + wanted(attribute, ranked) or questions
        # What a beginning is worth nobody says.
        self.sure = all(prefix is None for _, _, prefix in scored)

    def rare(self, token):
        return rarity(len(self.texts), sum(token in found for found in self.texts))

    def of(self, doc):
        """None where it is not said whether there is an empty list or nothing."""
        found = [one for text in texts(doc.get(self.name)) for one in self.fragments(text)]
        return Fragments(found, self.options, self.sure) if found else None

    def marked(self, token):
        return any(
            token in asked or (prefix is not None and token.startswith(prefix))
            for _, asked, prefix in self.asked
        )

    def fragments(self, text):
        told = words(text, self.attribute.full_text)
        for start, end in spans(text, self.options.get("fragment_by", "sentence"), told):
            worth = self.worth({FRAGMENT: text[start:end]})
            if worth > 0:
                inside = [one for one in told if start <= one[2] < end]
                matches = [one[2:] for one in inside if self.marked(one[1])]
                yield Fragment(text, start, end, matches, worth)


def texts(value):
    return [value] if isinstance(value, str) else value or ()


def spans(text, cut, told):
    """Where fragments are, the space around them left out."""
    if cut == "none":
        return [(0, len(text))] if text else []
    if cut == "word":
        return [one[2:] for one in told]
    ends = [match.end() for match in PIECES[cut].finditer(text)]
    parts = zip([0, *ends], [*ends, len(text)])
    held = [(start, start + len(text[start:end].rstrip())) for start, end in parts]
    return [(start, end) for start, end in held if start < end]


def bind(schema, docs, said, questions):
    expect(2 <= len(said) <= 3 and isinstance(said[1], str), "compute shape", EITHER)
    name, options = said[1], said[2] if len(said) == 3 else {}
    expect(isinstance(options, dict) and set(options) <= OPTIONS, "highlight option", EITHER)
    attribute = schema.get(name)
    expect(bool(attribute.full_text) and not attribute.pre_tokenized, "needs full_text_search")
    expect(options.get("fragment_by", "none") in CUTS, "highlight option", EITHER)
    expect(options.get("include_offsets", "utf-8") in OFFSETS, "highlight option", EITHER)
    limit = options.get("fragment_limit", LIMIT)
    expect(isinstance(limit, int), "highlight option", EITHER)
    expect(limit <= LIMIT_MAX, "fragment limit")
    asked = [question for question in questions if question[0] == name]
    if not asked and options.get("rank_fragments_by") is None:
        refuse("highlight without BM25")
    return Highlight(attribute, name, docs, asked, options)
