"""Texts of `/v1`: BM25 of a field or of several, and how one is fused with a ranking by likeness."""

from queries import by_score
from refusal import EITHER, expect
from scores import Scorer
from values import is_number

FIELDS = {"field", "fields", "query", "weight", "weights"}
FIELDS_MAX = 64
# Of each of two rankings, if nothing is said.
WEIGHT = 0.5
FUSION = {"k": 60, "vector_weight": WEIGHT}


class Question:
    """A text that is asked for: what it scores, and what it weighs beside a vector."""

    def __init__(self, parts, weight):
        # (what it weighs, its BM25) of each field.
        self.parts = parts
        self.weight = weight

    def of(self, doc):
        return sum(weight * score.of(doc) for weight, score in self.parts)

    def found(self, docs):
        return [doc for doc in docs if self.of(doc) != 0]

    def ranked(self, docs):
        found = self.found(docs)
        return by_score(found, {doc["id"]: self.of(doc) for doc in found}, False, True)


def without_nulls(given, known):
    expect(isinstance(given, dict), "own text shape", EITHER)
    given = {name: said for name, said in given.items() if said is not None}
    for name in given:
        expect(name in known, "unknown field", names=[name])
    return given


def check_weight(weight):
    expect(is_number(weight), "weights", EITHER)
    expect(weight >= 0, "weights", EITHER)


def read(schema, docs, given):
    """A question, bound to a schema and to all documents of the view."""
    said = without_nulls(given, FIELDS)
    one = "field" in said
    expect(one != ("fields" in said) and "query" in said, "own text shape", EITHER)
    expect(not one or "weights" not in said, "own text shape", EITHER)
    names = [said["field"]] if one else said["fields"]
    shaped = isinstance(names, list) and all(isinstance(name, str) for name in names)
    expect(shaped, "own text shape", EITHER)
    expect(1 <= len(names) <= FIELDS_MAX, "how many fields", EITHER)
    weights = weights_of(names, said.get("weights", {}))
    weight = said.get("weight", WEIGHT)
    check_weight(weight)
    scorer = Scorer(schema, docs)
    scores = [scorer.text([name, "BM25", said["query"]]) for name in names]
    return Question(list(zip(weights, scores)), weight)


def weights_of(names, given):
    """As many as there are fields, or some by their names."""
    expect(isinstance(given, (list, dict)), "weights", EITHER)
    if isinstance(given, list):
        expect(len(given) == len(names), "weights", EITHER)
    else:
        expect(set(given) <= set(names), "weights", EITHER)
        given = [given.get(name, 1) for name in names]
    for weight in given:
        check_weight(weight)
    return given


def read_fusion(given):
    said = FUSION | without_nulls(given, FUSION)
    expect(is_number(said["k"]) and said["k"] >= 0, "rank constant", EITHER)
    check_weight(said["vector_weight"])
    return said
