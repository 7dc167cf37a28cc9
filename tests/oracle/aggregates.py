"""Aggregates: how many, how much, and by which group, over all documents that match."""

import math
import sys
from fractions import Fraction

import aggregations_v2
from refusal import EITHER, expect
from values import NUMBERS, SCALARS, SPARSE, element, is_array, is_vector, show

GROUPS_MAX = 10_000
KEYS_MAX = 8


def rounded(total):
    """The nearest float; what is beyond the largest is the largest."""
    try:
        return float(total)
    except OverflowError:
        return math.copysign(sys.float_info.max, total)


def bind_aggregate(schema, given):
    """A function of the documents that match."""
    expect(
        isinstance(given, list) and given and isinstance(given[0], str), "aggregate shape", EITHER
    )
    word = given[0]
    expect(word in ("Count", "Sum"), "unknown aggregate", EITHER)
    if word == "Count" and len(given) == 1:
        return len
    expect(len(given) == 2 and isinstance(given[1], str), "aggregate shape", EITHER)
    name = given[1]
    kind = schema.get(name).kind
    if word == "Count":
        return lambda docs: sum(doc.get(name) is not None for doc in docs)
    expect(kind in NUMBERS and name != "id", "sum type")

    def total(docs):
        numbers = [doc[name] for doc in docs if doc.get(name) is not None]
        return rounded(sum(map(Fraction, numbers))) if kind == "float" else sum(numbers)

    return total


def bind_all(schema, given, in_groups):
    """A function of the documents that match, which gives what each label stands for."""
    expect(isinstance(given, dict) and given, "aggregate shape", EITHER)
    ours = {label: said for label, said in given.items() if aggregations_v2.is_ours(said)}
    expect(not (ours and in_groups), "aggregation beside group_by")
    known = {
        label: bind_aggregate(schema, said) for label, said in given.items() if label not in ours
    }
    count = aggregations_v2.bind(schema, ours)
    return lambda docs: {label: of(docs) for label, of in known.items()} | count(docs)


def bind_keys(schema, given):
    """[(label, attribute, its type, whether each element is a key)]"""
    expect(isinstance(given, list) and given, "group shape", EITHER)
    expect(len(given) <= KEYS_MAX, "group keys")
    keys = []
    for said in given:
        if isinstance(said, str):
            kind = schema.get(said).kind
            expect(kind in SCALARS, "group type")
            keys.append((said, said, kind, False))
            continue
        expect(isinstance(said, dict) and len(said) == 1, "group shape", EITHER)
        ((label, word),) = said.items()
        expect(isinstance(word, list) and len(word) == 2, "group shape", EITHER)
        expect(word[0] == "ForEachUnique", "group shape", EITHER)
        kind = schema.get(word[1]).kind
        expect(kind != SPARSE and not is_vector(kind), "group type")
        expect(is_array(kind), "group type")
        keys.append((label, word[1], element(kind), True))
    return keys


def grouped(docs, keys):
    """{key: documents}: a document stands once under each of its distinct elements."""
    groups = {}
    for doc in docs:
        tuples = [()]
        for _, name, _, each in keys:
            held = sorted(set(doc.get(name) or ())) if each else [doc.get(name)]
            tuples = [key + (value,) for key in tuples for value in held]
        for key in tuples:
            groups.setdefault(key, []).append(doc)
    return groups


def nulls_last(key):
    return [(value is None, value if value is not None else 0) for value in key]


def group(docs, keys, count, limit):
    groups = grouped(docs, keys)
    told = []
    for key in sorted(groups, key=nulls_last)[: limit or GROUPS_MAX]:
        row = {
            label: None if value is None else show(kind, value)
            for (label, _, kind, _), value in zip(keys, key)
        }
        told.append(row | count(groups[key]))
    return told
