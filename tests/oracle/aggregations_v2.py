"""Aggregations as `/v2` has them: `["Terms", "a", {…}]` under `aggregate_by`."""

import filters
from aggregation_trees import Tree
from aggregations import ask
from buckets import Moments
from figures import bounds, own
from matched import Exact, Moment, OneOf, Ordered, Text
from printed import moment, number, usual
from refusal import EITHER, expect
from values import show

WORDS = {
    "Avg": "avg",
    "Min": "min",
    "Max": "max",
    "Sum": "sum",
    "ValueCount": "value_count",
    "Cardinality": "cardinality",
    "Stats": "stats",
    "ExtendedStats": "extended_stats",
    "Percentiles": "percentiles",
    "Terms": "terms",
    "Histogram": "histogram",
    "DateHistogram": "date_histogram",
    "Range": "range",
    "Filters": "filters",
}


def is_ours(said):
    """Whether it is an aggregation, and not the `Count` or `Sum` of the contract."""
    words = isinstance(said, list) and said and isinstance(said[0], str)
    return bool(words) and said[0] in WORDS and (said[0] != "Sum" or len(said) > 2)


class Tree2(Tree):
    def taken_apart(self, said):
        known = isinstance(said, list) and said and isinstance(said[0], str)
        expect(bool(known), "aggregation shape", EITHER)
        expect(said[0] in WORDS, "unknown aggregation", EITHER)
        word, rest = WORDS[said[0]], said[1:]
        expect(bool(rest), "aggregation shape", EITHER)
        field, rest = rest[0], rest[1:]
        given = {}
        if word == "percentiles" and rest and isinstance(rest[0], list):
            given["percents"], rest = rest[0], rest[1:]
        if word == "filters":
            expect(isinstance(field, dict), "aggregation shape", EITHER)
            given["filters"], field = field, None
        expect(len(rest) <= 1, "aggregation shape", EITHER)
        if rest:
            expect(isinstance(rest[0], dict), "aggregation shape", EITHER)
            for name in ("percents", "filters"):
                expect(name not in rest[0], "aggregation option", EITHER, names=[name])
            given |= rest[0]
        below = given.pop("aggs", None)
        return word, field, given, below

    def pairs(self, order):
        expect(isinstance(order, list), "aggregation option shape", EITHER, names=["order"])
        pairs = order if order and isinstance(order[0], list) else [order]
        for pair in pairs:
            fits = isinstance(pair, list) and len(pair) == 2
            expect(fits, "aggregation option shape", EITHER, names=["order"])
        return pairs

    def bind(self, test):
        return filters.bind(self.schema, test)


def bind(schema, given):
    """A function of documents that gives {label: what is told of them}."""
    nodes = Tree2(schema).all(given)

    def count(docs):
        told, met = ask(nodes, docs)
        return {name: Exact(printed(one), met) for name, one in told.items()}

    return count


def printed(told):
    node = told.node
    if told.buckets is not None:
        said = {"buckets": [printed_bucket(node, bucket) for bucket in told.buckets]}
        return said | ({"other_count": told.others} if node.word == "terms" else {})
    if node.word == "percentiles":
        return Ordered({number(at): figure.v2 for at, figure in told.figures.items()})
    if isinstance(told.figures, dict):
        said = {name: figure.v2 for name, figure in told.figures.items()}
        if node.word == "extended_stats":
            said["std_deviation_bounds"] = bounds(told.figures, node.options["sigma"])
        return said
    return told.figures.v2


def printed_bucket(node, bucket):
    said = {"key": printed_key(node, bucket.key), "count": len(bucket.docs)}
    for name, end in zip(("from", "to"), bucket.ends):
        if end is not None:
            said[name] = printed_end(node, end)
    return said | {name: printed(told) for name, told in bucket.below.items()}


def printed_key(node, key):
    if isinstance(node.maker, Moments):
        offset = node.maker.zone.offset(key)
        text = moment(key, offset)
        return Moment(key, text) if usual(key, offset) else Text(text)
    if node.word == "terms":
        return own(node.kind, key)
    return key


def printed_end(node, end):
    """Of a moment: its text, or its milliseconds."""
    return (
        OneOf(own("datetime", end), end / 1000) if node.kind == "datetime" else show("float", end)
    )
