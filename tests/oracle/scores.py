"""Scores: what a ranking expression is for each document, by exhaustion and in doubles.

An expression is bound to a schema, where all refusals are, and to the documents of the view, whose
statistics BM25 needs: all of them, whatever the filter of the query leaves.
"""

import math
import re

import numpy

import filters
from nearness import distance, likeness
from refusal import EITHER, SHAPE, expect, refuse
from values import (
    NUMBERS,
    SPARSE,
    asked_sparse,
    asked_vector,
    is_dense,
    is_late,
    is_number,
    kept_instant,
    late,
)

QUESTION_CHARS_MAX = 8192
SPANS = {"s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7, "w": 6.048e8}
SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
NEAREST = ("ANN", "kNN")


class Score:
    """A bound expression: `of(doc)` is its number. What its parts are decides what may stay at
    0."""

    def __init__(self, of, keeps_zero=False, moment=False, exact=True, text=()):
        self.of = of
        # An Attribute or a Dist somewhere: then all documents that match are in the answer.
        self.keeps_zero = keeps_zero
        # A Dist of a datetime, whose midpoint may be a duration.
        self.moment = moment
        # Whether equal scores are equal in any order of the same arithmetic.
        self.exact = exact
        self.text = list(text)


def moments(nanos):
    return nanos / 1e6


class Scorer:
    def __init__(self, schema, docs):
        self.schema = schema
        self.docs = docs

    def bind(self, given, inside=None):
        """`inside` is the word right above: where an Attribute that may be negative stands is a
        rule."""
        expect(isinstance(given, list) and given, "rank shape", SHAPE)
        if filters.is_filter(given):
            test = filters.bind(self.schema, given)
            return Score(lambda doc: 1.0 if test(doc) else 0.0)
        head = given[0]
        expect(isinstance(head, str), "rank shape", SHAPE)
        word = given[1] if len(given) > 1 else None
        if isinstance(word, str) and word in NEAREST:
            refuse("ANN inside")
        if word == "BM25":
            return self.text(given)
        if word == "SparseKNN":
            return self.sparse(given)
        makers = {
            "Sum": self.combined,
            "Max": self.combined,
            "Product": self.product,
            "Saturate": self.bent,
            "Decay": self.bent,
        }
        if head == "Attribute" and len(given) == 2:
            return self.attribute(given[1], inside)
        if head == "Dist" and len(given) == 3:
            return self.dist(given)
        if head in makers:
            return makers[head](given)
        return refuse("rank shape", SHAPE)

    def combined(self, given):
        word, parts = given[0], given[1:]
        expect(bool(parts), "rank shape", SHAPE)
        expect(parts != [[]], "sum of nothing")
        listed = len(parts) == 1 and isinstance(parts[0], list)
        if listed and not isinstance(parts[0][0], str):
            parts = parts[0]
        constants = [part for part in parts if is_number(part)]
        expect(all(constant >= 0 for constant in constants), "negative constant")
        guarded = word == "Max" and constants
        below = [
            self.bind(part, "guard" if guarded else None) for part in parts if not is_number(part)
        ]
        fold = sum if word == "Sum" else max

        def of(doc):
            return float(fold([one.of(doc) for one in below] + constants))

        return joined(of, below)

    def product(self, given):
        expect(len(given) == 3, "rank shape", SHAPE)
        weights = [part for part in given[1:] if is_number(part)]
        expect(len(weights) == 1, "product parts", EITHER)
        expect(weights[0] >= 0, "negative constant")
        (part,) = [part for part in given[1:] if not is_number(part)]
        below = self.bind(part)
        return joined(lambda doc: weights[0] * below.of(doc), [below])

    def bent(self, given):
        """Saturate grows to 1 with x, Decay falls from 1; both are a half at the midpoint."""
        expect(len(given) == 3 and isinstance(given[2], dict), "rank shape", EITHER)
        word, part, options = given
        expect(
            "midpoint" in options and set(options) <= {"midpoint", "exponent"}, "midpoint", EITHER
        )
        below = self.bind(part, "guard" if word == "Saturate" else None)
        midpoint, power = options["midpoint"], options.get("exponent", 1)
        if isinstance(midpoint, str):
            span = SPAN.fullmatch(midpoint)
            expect(span is not None, "midpoint", EITHER)
            expect(below.moment, "duration without datetime")
            midpoint = float(span[1]) * SPANS[span[2]]
        expect(is_number(midpoint) and is_number(power), "midpoint", EITHER)
        expect(midpoint > 0 and power > 0, "midpoint", EITHER)
        null = part[0] == "Dist"

        def of(doc):
            if null and doc.get(part[1][1]) is None:
                return 0.0
            x = below.of(doc)
            if x <= 0:
                return 0.0 if word == "Saturate" else 1.0
            # x^p / (x^p + m^p), without a power that overflows.
            ratio = (midpoint / x) ** power
            return (1.0 if word == "Saturate" else ratio) / (1 + ratio)

        return joined(of, [below])

    def attribute(self, name, inside):
        expect(isinstance(name, str), "rank shape", SHAPE)
        kind = self.schema.get(name).kind
        expect(kind in (*NUMBERS, "datetime"), "attribute type")
        expect(kind in ("uint", "datetime") or inside == "guard", "attribute may be negative")
        turn = moments if kind == "datetime" else float
        return Score(
            lambda doc: turn(doc[name]) if doc.get(name) is not None else 0.0, keeps_zero=True
        )

    def dist(self, given):
        part, origin = given[1:]
        expect(
            isinstance(part, list) and part[:1] == ["Attribute"] and len(part) == 2,
            "rank shape",
            EITHER,
        )
        kind = self.schema.get(part[1]).kind
        expect(kind in (*NUMBERS, "datetime"), "attribute type")
        if isinstance(origin, str):
            expect(kind == "datetime" and kept_instant(origin) is not None, "origin")
            origin = moments(kept_instant(origin))
        expect(is_number(origin), "origin", EITHER)
        turn = moments if kind == "datetime" else float

        def of(doc):
            value = doc.get(part[1])
            return 0.0 if value is None else abs(turn(value) - origin)

        return Score(of, keeps_zero=True, moment=kind == "datetime")

    def sparse(self, given):
        expect(len(given) == 3, "rank shape", SHAPE)
        name, _, asked = given
        attribute = self.schema.get(name)
        expect(attribute.kind == SPARSE and attribute.ranked, "needs sparse_knn")
        weights = asked_sparse(asked)

        def of(doc):
            held = doc.get(name) or {}
            return math.fsum(held[key] * weight for key, weight in weights.items() if key in held)

        return Score(of)

    def text(self, given):
        expect(3 <= len(given) <= 4, "rank shape", SHAPE)
        name, _, asked = given[:3]
        options = given[3] if len(given) == 4 else {}
        shaped = asked if isinstance(asked, list) else [asked]
        expect(all(isinstance(one, str) for one in shaped), "rank shape", SHAPE)
        attribute = self.schema.get(name)
        expect(not isinstance(asked, str) or len(asked) <= QUESTION_CHARS_MAX, "question length")
        question = [token for _, token in filters.question(attribute, asked)]
        prefix = question.pop() if filters.prefix_asked(options) and question else None
        weigh = weights(attribute, name, question, self.docs)

        def of(doc):
            held = doc.get(name)
            if held is None:
                return 0.0
            found = [token for _, token in filters.tokens(held, attribute)]
            begun = prefix is not None and any(token.startswith(prefix) for token in found)
            return weigh(found) + (1.0 if begun else 0.0)

        return Score(of, text=[(name, question, prefix)])


def joined(of, below):
    keeps_zero = any(one.keeps_zero for one in below)
    exact = all(one.exact for one in below)
    text = [part for one in below for part in one.text]
    return Score(of, keeps_zero=keeps_zero, exact=exact, text=text)


def rarity(documents, having):
    return math.log(1 + (documents - having + 0.5) / (having + 0.5))


def weights(attribute, name, question, docs):
    """BM25 of the tokens of a document, over all documents that have the attribute."""
    k1, b, k3 = (attribute.full_text[word] for word in ("k1", "b", "k3"))
    held = [doc[name] for doc in docs if doc.get(name) is not None]
    all_tokens = [[token for _, token in filters.tokens(value, attribute)] for value in held]
    length = sum(map(len, all_tokens))
    terms = []
    for token in sorted(set(question)):
        having = sum(token in found for found in all_tokens)
        rare = rarity(len(held), having)
        asked = question.count(token)
        terms.append((token, rare * asked * (k3 + 1) / (asked + k3)))

    def weigh(found):
        total = 0.0
        for token, weight in terms:
            often = found.count(token)
            if often:
                norm = k1 * (1 - b + b * len(found) * len(held) / length)
                total += weight * often * (k1 + 1) / (often + norm)
        return total

    return weigh


def nearest(schema, name, asked):
    """(what it is of a stored vector, with how far it may be off; whether less comes first)"""
    attribute = schema.get(name)
    kind = attribute.kind
    if isinstance(asked, list) and asked and asked[0] == "Embed":
        refuse("needs a model")
    expect(is_dense(kind) or is_late(kind), "not a vector")
    if is_late(kind):
        several = isinstance(asked, list) and asked and all(isinstance(one, list) for one in asked)
        expect(several, "vectors shape", EITHER)
        rows = late(kind, asked, "query vector").astype(numpy.float64)
        return likeness(attribute, rows), False
    expect(
        not (isinstance(asked, list) and asked and isinstance(asked[0], list)),
        "not several",
        EITHER,
    )
    return distance(attribute, asked_vector(kind, asked)), True
