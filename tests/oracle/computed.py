"""Computed attributes: what a row carries beside what is stored."""

import filters
from analyzer import words
from refusal import EITHER, expect, refuse
from scores import Scorer, nearest

COMPUTED_MAX = 256


class Number:
    """A score of the document, there even if it is 0; or a distance, which is not where no vector
    is."""

    def __init__(self, of):
        self.of = of


class Truth:
    def __init__(self, of):
        self.of = of


class Highlight:
    """The whole text of an attribute, if a token that was asked for is in it."""

    def __init__(self, attribute, name, questions, offsets):
        self.attribute = attribute
        self.name = name
        self.questions = questions
        self.offsets = offsets

    def of(self, doc):
        """None where it is not said whether there is an empty list or nothing."""
        text = doc.get(self.name)
        if text is None:
            return None
        ranges = []
        for _, token, start, end in words(text, self.attribute.full_text):
            for _, asked, prefix in self.questions:
                if token in asked or (prefix is not None and token.startswith(prefix)):
                    ranges.append([self.place(text, start), self.place(text, end)])
                    break
        if not ranges:
            return None
        fragment = {"text": text}
        if self.offsets:
            fragment |= {"fragment_range": [0, self.place(text, len(text))], "match_ranges": ranges}
        return [fragment]

    def place(self, text, at):
        if self.offsets == "utf-8":
            return len(text[:at].encode())
        return len(text[:at].encode("utf-16-le")) // 2 if self.offsets == "utf-16" else at


def bind(schema, docs, given, questions):
    """{name: what it is of a document}. `questions` are those of the rank_by, for highlights."""
    expect(isinstance(given, dict), "compute shape", EITHER)
    expect(len(given) <= COMPUTED_MAX, "too many computed")
    bound = {}
    for name, said in given.items():
        taken = name == "id" or name.startswith("$") or name in schema.attributes
        expect(not taken, "computed name")
        expect(isinstance(said, list) and said, "compute shape", EITHER)
        bound[name] = one(schema, docs, said, questions)
    return bound


def one(schema, docs, said, questions):
    if said[0] == "Highlight":
        return highlight(schema, said, questions)
    if len(said) == 3 and said[1] == "VectorDist":
        of, _, _ = nearest(schema, said[0], said[2])
        held = said[0]
        return Number(lambda doc: of(doc[held]) if doc.get(held) is not None else None)
    if filters.is_filter(said):
        return Truth(filters.bind(schema, said))
    return Number(Scorer(schema, docs).bind(said).of)


def highlight(schema, said, questions):
    expect(2 <= len(said) <= 3 and isinstance(said[1], str), "compute shape", EITHER)
    name, options = said[1], said[2] if len(said) == 3 else {}
    attribute = schema.get(name)
    expect(bool(attribute.full_text) and not attribute.pre_tokenized, "needs full_text_search")
    asked = [question for question in questions if question[0] == name]
    expect(bool(asked), "highlight without BM25")
    if options.get("fragment_by") != "none":
        refuse("fragments are not drawn")
    return Highlight(attribute, name, asked, options.get("include_offsets"))
