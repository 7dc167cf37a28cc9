"""Queries: which documents, in which order, how many of them, and what of each."""

import math

import numpy

import aggregates
import computed
import filters
from matched import Text, near
from refusal import EITHER, SHAPE, expect, refuse
from schema import METRICS
from scores import NEAREST, Scorer, nearest
from values import SCALARS

LIMIT_MAX = 10_000
ORDER_KEYS_MAX = 8
QUERIES_MAX = 16

ALONE = {"consistency", "vector_encoding", "rerank_by", "limit", "offset"}
EXTENSIONS = {"min_seq", "deadline_ms", "allow_partial", "explain", "disable_cache"}
FIELDS = {
    "rank_by",
    "limit",
    "top_k",
    "offset",
    "filters",
    "include_attributes",
    "exclude_attributes",
    "aggregate_by",
    "group_by",
    "compute_attributes",
    "rerank_by",
    "distance_metric",
    "vector_encoding",
    "consistency",
} | EXTENSIONS


class Ranked:
    """Documents in their order, each with its score, and which of them are on the page."""

    def __init__(self, docs, scores=None, ascending=False, exact=True):
        self.docs = docs
        # Of each id, in full; an order by attributes has none.
        self.scores = scores
        # How far from each another is right, where that is known of each.
        self.slacks = None
        self.ascending = ascending
        self.exact = exact
        self.page = docs
        self.limit = None
        self.computed = {}
        # Whether vectors come as base64.
        self.packed = False
        # {attribute: its type} that a row shows, by id.
        self.names_of = lambda id: {}
        # Those that were fused, if the places that were counted are themselves in doubt.
        self.pools = None
        # The ids of documents that may be left out, or not.
        self.close = set()

    def doubtful(self):
        """Whether arithmetic in another order could put them into another order."""
        if self.pools is not None:
            return True
        if self.scores is None:
            return False
        ids = [doc["id"] for doc in self.docs]
        return any(self.unsettled(*pair) for pair in zip(ids, ids[1:]))

    def unsettled(self, *pair):
        one, other = (self.scores[id] for id in pair)
        if self.slacks is None:
            return near(one, other) and (one != other or not self.exact)
        slack = sum(self.slacks[id] for id in pair)
        return slack > 0 and abs(one - other) <= slack

    def right(self, id, shown):
        """Whether this may be shown for its score, which is a float of 32 bits."""
        if self.slacks is None:
            return near(shown, self.scores[id])
        return abs(single(shown) - self.scores[id]) <= self.slacks[id]

    def whole(self, id, least):
        """Whether it is this to the last digit, however it was counted."""
        score = self.scores[id]
        return score == single(score) == least and not (self.slacks and self.slacks[id])

    def alike(self, id, other):
        """Whether one may stand where the other should."""
        one, two = self.scores[id], self.scores[other]
        if self.slacks is None:
            return near(one, two)
        # As far as two that lie between them may have moved.
        return abs(one - two) <= 2 * max(self.slacks.values())


class Limit:
    def __init__(self, schema, body):
        given = body.get("limit", body.get("top_k"))
        self.per, self.per_limit = [], None
        if isinstance(given, dict):
            expect("total" in given and set(given) <= {"total", "per"}, "limit shape", EITHER)
            if given.get("per") is not None:
                self.read_per(schema, given["per"])
            given = given["total"]
        self.total = given
        if given is not None:
            expect(isinstance(given, int) and not isinstance(given, bool), "limit shape", SHAPE)
            expect(given >= 0, "limit range", EITHER)
            expect(1 <= given <= LIMIT_MAX, "limit range")
        self.offset = body.get("offset", 0)
        expect(isinstance(self.offset, int) and self.offset >= 0, "offset shape", EITHER)
        expect(self.offset + (self.total or 0) <= LIMIT_MAX, "offset range")

    def read_per(self, schema, per):
        expect(isinstance(per, dict) and set(per) == {"attributes", "limit"}, "limit shape", EITHER)
        self.per, self.per_limit = per["attributes"], per["limit"]
        expect(
            isinstance(self.per, list) and isinstance(self.per_limit, int), "limit shape", EITHER
        )
        expect(self.per_limit >= 1, "per limit", EITHER)
        expect(1 <= len(self.per) <= ORDER_KEYS_MAX, "per attributes", EITHER)
        for name in self.per:
            expect(schema.get(name).kind in SCALARS, "per type")

    def page(self, docs):
        """Greedily in their order: a document whose combination is used up is passed over."""
        if self.per:
            seen, kept = {}, []
            for doc in docs:
                key = tuple(doc.get(name) for name in self.per)
                seen[key] = seen.get(key, 0) + 1
                if seen[key] <= self.per_limit:
                    kept.append(doc)
            docs = kept
        return docs[self.offset : self.offset + self.total]


def ordered(schema, keys, docs):
    expect(len(keys) <= ORDER_KEYS_MAX, "order keys")
    for key in keys:
        shaped = isinstance(key, list) and len(key) == 2 and key[1] in ("asc", "desc")
        expect(shaped and isinstance(key[0], str), "rank shape", SHAPE)
    for name, _ in keys:
        expect(schema.get(name).kind in SCALARS, "order type")
    docs = sorted(docs, key=lambda doc: doc["id"])
    for name, way in reversed(keys):
        # Nulls are lowest: first on the way up, last on the way down. The sort keeps ties as they
        # are.
        lowest = [doc for doc in docs if doc.get(name) is None]
        others = [doc for doc in docs if doc.get(name) is not None]
        others.sort(key=lambda doc: doc[name], reverse=way == "desc")
        docs = lowest + others if way == "asc" else others + lowest
    return Ranked(docs)


def single(number):
    return float(numpy.float32(number))


def by_score(docs, scores, ascending, exact):
    way = 1 if ascending else -1
    order = sorted(docs, key=lambda doc: (way * single(scores[doc["id"]]), doc["id"]))
    return Ranked(order, scores, ascending, exact)


def by_nearness(docs, name, of, ascending):
    """Those that have a vector there, be it one of several, by what is measured of it."""
    found = [doc for doc in docs if doc.get(name) is not None and len(doc[name])]
    measured = {doc["id"]: of(doc[name]) for doc in found}
    ranked = by_score(found, {id: one.value for id, one in measured.items()}, ascending, True)
    ranked.slacks = {id: one.slack for id, one in measured.items()}
    return ranked


def rank(schema, all_docs, docs, given, filtered):
    """(the documents in their order, the text that was asked for)"""
    expect(isinstance(given, list), "rank shape", SHAPE)
    expect(bool(given), "rank empty")
    if all(isinstance(key, list) for key in given):
        return ordered(schema, given, docs), []
    word = given[1] if len(given) > 1 else None
    if isinstance(word, str) and word in ("asc", "desc"):
        return ordered(schema, [given], docs), []
    if isinstance(word, str) and word in NEAREST:
        expect(len(given) == 3, "rank shape", SHAPE)
        of, ascending = nearest(schema, given[0], given[2])
        expect(word == "ANN" or filtered, "kNN without filters")
        return by_nearness(docs, given[0], of, ascending), []
    score = Scorer(schema, all_docs).bind(given)
    scores = {doc["id"]: score.of(doc) for doc in docs}
    found = [doc for doc in docs if score.keeps_zero or scores[doc["id"]] != 0]
    return by_score(found, scores, False, score.exact), score.text


def shown_names(schema, body):
    include, exclude = body.get("include_attributes"), body.get("exclude_attributes")
    expect(include is None or exclude is None, "include and exclude")
    if exclude is not None:
        expect(isinstance(exclude, list), "include shape", EITHER)
        return [name for name in schema.attributes if name not in exclude]
    if isinstance(include, list):
        for name in include:
            expect(isinstance(name, str), "include shape", EITHER)
            expect(name == "id" or name in schema.attributes, "include unknown")
        return [name for name in include if name != "id"]
    expect(include in (None, True, False), "include shape", EITHER)
    return list(schema.attributes) if include else []


def answer(namespace, body, root=None):
    """{"rows": Ranked, "aggregations": …}, as far as the query asks for each."""
    schema, all_docs = namespace.schema, namespace.sorted()
    expect(set(body) <= FIELDS, "unknown field")
    check_frame(schema, root or body)
    ranked_by, counted_by = body.get("rank_by"), body.get("aggregate_by")
    expect(ranked_by is not None or counted_by is not None, "nothing asked")
    expect("group_by" not in body or counted_by is not None, "group_by alone")
    if "rerank_by" in body:
        refuse("rerank of one", EITHER)
    limit = Limit(schema, body)
    told, test = {"explain": Text("a plan")} if body.get("explain") else {}, None
    if body.get("filters") is not None:
        test = filters.bind(schema, body["filters"])
    docs = [doc for doc in all_docs if test is None or test(doc)]
    if ranked_by is not None:
        expect(limit.total is not None, "no limit")
        ranked, text = rank(schema, all_docs, docs, ranked_by, test is not None)
        names = {name: schema.attributes[name].kind for name in shown_names(schema, body)}
        ranked.names_of = lambda id: names
        ranked.computed = computed.bind(
            schema, all_docs, body.get("compute_attributes") or {}, text
        )
        ranked.packed = (root or body).get("vector_encoding") == "base64"
        ranked.limit = limit
        ranked.page = limit.page(ranked.docs)
        told["rows"] = ranked
    if counted_by is not None:
        count = aggregates.bind_all(schema, counted_by, "group_by" in body)
        if "group_by" in body:
            keys = aggregates.bind_keys(schema, body["group_by"])
            told["aggregation_groups"] = aggregates.group(docs, keys, count, limit.total)
        else:
            told["aggregations"] = count(docs)
    return told


def check_frame(schema, body):
    """What stands around a query, once at the root of several."""
    expect(body.get("vector_encoding", "float") in ("float", "base64"), "encoding word", SHAPE)
    consistency = body.get("consistency", {"level": "strong"})
    expect(isinstance(consistency, dict), "consistency shape", SHAPE)
    expect(consistency.get("level") in ("strong", "eventual"), "consistency word", SHAPE)
    metric = body.get("distance_metric")
    expect(metric is None or metric in METRICS, "metric word", SHAPE)
    known = {schema.attributes[name].metric for name in schema.vectors()}
    expect(metric is None or not known or metric in known, "metric mismatch")


def several(namespace, body):
    """(answers, how they are fused or None)"""
    queries = body["queries"]
    expect(isinstance(queries, list), "queries shape", SHAPE)
    expect(bool(queries), "how many queries", EITHER)
    expect(len(queries) <= QUERIES_MAX, "how many queries")
    allowed = ALONE | EXTENSIONS | {"queries"}
    expect(set(body) <= allowed, "field beside queries")
    fusion = read_fusion(body.get("rerank_by"), queries, namespace.schema, body)
    answers = [answer(namespace, query, root=body) for query in queries]
    return answers, fusion


class Fusion:
    def __init__(self, constant, weights, limit):
        self.constant = constant
        self.weights = weights
        self.limit = limit


def read_fusion(given, queries, schema, body):
    if given is None:
        return None
    if isinstance(given, dict):
        refuse("needs a model")
    expect(
        isinstance(given, list) and given[:1] == ["RRF"] and len(given) <= 2, "rerank shape", EITHER
    )
    options = given[1] if len(given) == 2 else {}
    expect(set(options) <= {"rank_constant", "weights"}, "rerank shape", EITHER)
    constant = options.get("rank_constant", 60)
    weights = options.get("weights", [1] * len(queries))
    expect(len(queries) >= 2, "rerank of one")
    expect(not any("aggregate_by" in query for query in queries), "rerank of aggregates")
    expect(constant > 0, "rank constant", EITHER)
    expect(all(weight > 0 for weight in weights), "weights", EITHER)
    expect(len(weights) == len(queries), "weights")
    return Fusion(constant, weights, Limit(schema, body))


def fused(answers, fusion):
    """One ranking of the documents of all: what counts is where each stands."""
    parts, docs, names = {}, {}, {}
    for told, weight in zip(answers, fusion.weights):
        for place, doc in enumerate(told["rows"].page, 1):
            parts.setdefault(doc["id"], []).append(weight / (fusion.constant + place))
            docs[doc["id"]] = doc
            names.setdefault(doc["id"], {}).update(told["rows"].names_of(doc["id"]))
    scores = {id: math.fsum(part) for id, part in parts.items()}
    ranked = by_score(list(docs.values()), scores, ascending=False, exact=True)
    ranked.names_of = names.get
    ranked.packed = answers[0]["rows"].packed
    ranked.limit = fusion.limit
    if fusion.limit.total is None:
        fusion.limit.total = LIMIT_MAX
    ranked.page = fusion.limit.page(ranked.docs)
    if any(told["rows"].doubtful() for told in answers):
        ranked.pools = [told["rows"] for told in answers]
    return ranked


def stored(ranked, doc):
    """What a row shows of its document: {attribute: (its type, its value)}."""
    names = ranked.names_of(doc["id"])
    return {name: (kind, doc[name]) for name, kind in names.items() if doc.get(name) is not None}
