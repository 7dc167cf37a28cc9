"""Computed attributes: what a row carries beside what is stored."""

import filters
import highlights
from matched import Within
from nearness import ROUNDING
from refusal import EITHER, expect
from scores import Scorer, nearest
from values import is_late

COMPUTED_MAX = 256


class Number:
    """A score of the document, there even if it is 0; or a distance, which is not where no vector
    is."""

    def __init__(self, of):
        self.of = of


class Truth:
    def __init__(self, of):
        self.of = of


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


def shown(measured):
    """A distance, of 32 bits or of 64."""
    value, slack = measured
    return Within(value, slack + ROUNDING * abs(value))


def one(schema, docs, said, questions):
    if said[0] == "Highlight":
        return highlights.bind(schema, docs, said, questions)
    if len(said) == 3 and said[1] == "VectorDist":
        expect(not is_late(schema.get(said[0]).kind), "not a vector")
        of, _ = nearest(schema, said[0], said[2])
        held = said[0]
        return Number(lambda doc: shown(of(doc[held])) if doc.get(held) is not None else None)
    if filters.is_filter(said):
        return Truth(filters.bind(schema, said))
    return Number(Scorer(schema, docs).bind(said).of)
