"""Aggregations as `/v1` has them, in words and shape those of Elasticsearch: `aggs` of a query."""

from aggregation_trees import Tree
from aggregations import WORDS, ask
from buckets import Moments, Steps
from figures import bounds
from matched import Exact, Ordered, Text
from own_filters import bind_any
from printed import Format, moment, number, usual
from refusal import EITHER, expect

KEYED = {"keyed"}


class Tree1(Tree):
    MORE = {
        "terms": {"shard_size"},
        "histogram": KEYED,
        "date_histogram": KEYED | {"format"},
        "range": KEYED,
        "filters": KEYED,
        "percentiles": KEYED,
    }

    def taken_apart(self, said):
        expect(isinstance(said, dict), "aggregation shape", EITHER)
        said = {name: one for name, one in said.items() if one is not None}
        words = [name for name in said if name not in ("aggs", "aggregations")]
        for word in words:
            expect(word in WORDS, "unknown aggregation", EITHER, names=[word])
        expect(len(words) == 1, "aggregation shape", EITHER)
        (word,) = words
        given = said[word]
        expect(isinstance(given, dict), "aggregation shape", EITHER)
        field = given.get("field")
        given = {name: one for name, one in given.items() if word == "filters" or name != "field"}
        return word, field, given, one_of_both(said)

    def pairs(self, order):
        order = order if isinstance(order, list) else [order]
        for one in order:
            fits = isinstance(one, dict) and len(one) == 1
            expect(fits, "aggregation option shape", EITHER, names=["order"])
        return [pair for one in order for pair in one.items()]

    def bind(self, test):
        return bind_any(self.schema, test)

    def finish(self, node, options):
        named = isinstance(options.given.get("filters"), dict)
        keyed = node.word == "percentiles" or named
        node.options["keyed"] = options.truth("keyed", keyed)
        node.options["named"] = named
        if isinstance(node.maker, Moments):
            node.options["format"] = Format(options.given.get("format"))


def one_of_both(given):
    """What stands under `aggs` or `aggregations`."""
    said = [given[word] for word in ("aggs", "aggregations") if given.get(word) is not None]
    expect(len(said) <= 1, "aggregations twice", EITHER)
    return said[0] if said else None


def bind(schema, given):
    """A function of documents that gives {name: what is told of them}."""
    nodes = Tree1(schema).all(given)

    def count(docs):
        told, met = ask(nodes, docs)
        return {name: Exact(printed(one), met) for name, one in told.items()}

    return count


def with_text(name, figure):
    """A figure, and beside it its text if it is a moment."""
    said = {name: figure.v1}
    return said | ({f"{name}_as_string": figure.text()} if figure.micros is not None else {})


def printed(told):
    node = told.node
    if told.buckets is not None:
        return printed_buckets(told)
    if node.word == "percentiles":
        return {"values": printed_percentiles(node, told.figures)}
    if not isinstance(told.figures, dict):
        return with_text("value", told.figures)
    said = {}
    for name, figure in told.figures.items():
        said |= with_text(name, figure)
    if node.word == "extended_stats":
        said["std_deviation_bounds"] = bounds(told.figures, node.options["sigma"])
    return said


def printed_percentiles(node, figures):
    if not node.options["keyed"]:
        return [{"key": at} | with_text("value", figure) for at, figure in figures.items()]
    said = {}
    for at, figure in figures.items():
        said |= with_text(number(at), figure)
    return said


def printed_buckets(told):
    node = told.node
    made = [printed_bucket(node, bucket) for bucket in told.buckets]
    if node.options["keyed"]:
        names = [key_text(node, bucket) for bucket in told.buckets]
        apart = len(set(names)) == len(names)
        expect(apart, "two buckets of a name", names=[f"`{node.path}`"], code="invalid")
        made = Ordered(zip(names, made))
    said = {"buckets": made}
    if node.word == "terms":
        said |= {"doc_count_error_upper_bound": 0, "sum_other_doc_count": told.others}
    return said


def printed_bucket(node, bucket):
    said = printed_key(node, bucket) | {"doc_count": len(bucket.docs)}
    for name, end in zip(("from", "to"), bucket.ends):
        if end is not None and node.kind == "datetime":
            said |= {name: end / 1000, f"{name}_as_string": moment_text(end)}
        elif end is not None:
            said[name] = end
    return said | {name: printed(told) for name, told in bucket.below.items()}


def moment_text(micros):
    text = moment(micros)
    return text if usual(micros, 0) else Text(text)


def printed_key(node, bucket):
    key = bucket.key
    if node.word in ("range", "filters"):
        told = not node.options["keyed"] and (node.word == "range" or node.options["named"])
        return {"key": key} if told else {}
    if isinstance(node.maker, Moments):
        text = key_text(node, bucket)
        fits = usual(key, node.maker.zone.offset(key))
        return {"key": key // 1000, "key_as_string": text if fits else Text(text)}
    if isinstance(node.maker, Steps):
        return {"key": key}
    if node.kind == "bool":
        return {"key": int(key), "key_as_string": "true" if key else "false"}
    if node.kind == "datetime":
        return {"key": key // 1000, "key_as_string": moment_text(key)}
    return {"key": key}


def key_text(node, bucket):
    """What a bucket is called in an object of them."""
    key = bucket.key
    if isinstance(node.maker, Moments):
        return node.options["format"].print(key, node.maker.zone.offset(key))
    return number(key) if isinstance(node.maker, Steps) else key
