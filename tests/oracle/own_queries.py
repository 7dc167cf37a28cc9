"""Queries of `/v1`: documents by likeness, by the words of their texts, by both, or in an order;
and what is said of all that match.
"""


import aggregations_v1
import own_filters
import own_texts
from matched import Text
from nearness import ROUNDING, Measured, root
from queries import LIMIT_MAX, Fusion, by_nearness, fused, ordered, single
from refusal import EITHER, SHAPE, expect
from scores import nearest
from values import is_dense, is_number

FIELDS = {
    "vector",
    "full_text",
    "rrf",
    "min_score",
    "explain",
    "sort",
    "filter",
    "top_k",
    "aggs",
    "aggregations",
    "metric",
    "include_attributes",
    "include_vector",
    "min_seq",
}
VECTOR = "vector"
METRICS = {"cosine": "cosine_distance", "l2": "euclidean_squared", "dot": "dot_product"}
TOP_K = 10
# As deep as each of two rankings goes at least.
FUSED_LEAST = 100


def similar(angle):
    """One less the distance, which is rounded once more, unless it was not at all."""
    return Measured(1 - angle.value, angle.slack and angle.slack + ROUNDING)


def below_zero(distance):
    return Measured(-distance.value, distance.slack)


LIKENESSES = {
    "cosine_distance": similar,
    "euclidean_squared": lambda square: below_zero(root(square)),
    "dot_product": below_zero,
}


class Page:
    """What a ranking is cut to, as the other contract has it."""

    per = ()
    offset = 0

    def __init__(self, total):
        self.total = total

    def page(self, docs):
        return docs[: self.total]


def alike(schema, docs, body):
    """By likeness to the vector that is asked for."""
    of, _ = nearest(schema, VECTOR, body["vector"])
    likeness = LIKENESSES[schema.attributes[VECTOR].metric]
    return by_nearness(docs, VECTOR, lambda held: likeness(of(held)), False)


def in_order(schema, docs, body):
    sort = body.get("sort") or [{"field": "id"}]
    expect(isinstance(sort, list), "rank shape", SHAPE)
    for key in sort:
        fits = isinstance(key, dict) and set(key) <= {"field", "order"} and "field" in key
        expect(fits, "rank shape", EITHER)
    return ordered(schema, [[key["field"], key.get("order", "asc")] for key in sort], docs)


def ranked(schema, docs, body, text):
    """What is asked for, of these documents; a text is bound, or None."""
    both = "vector" in body and text is not None
    expect("rrf" not in body or both, "fusion of one", EITHER)
    fusion = own_texts.read_fusion(body.get("rrf", {}))
    expect(not {"vector", "sort"} <= set(body), "two orders")
    if "sort" in body or (text is None and "vector" not in body):
        expect("min_score" not in body, "min_score of no score", EITHER)
        return in_order(schema, docs if text is None else text.found(docs), body)
    parts = [alike(schema, docs, body)] if "vector" in body else []
    parts += [text.ranked(docs)] if text is not None else []
    if not both:
        return parts[0]
    deep = Page(max(body.get("top_k", TOP_K), FUSED_LEAST))
    for part in parts:
        part.page = deep.page(part.docs)
    weights = [fusion["vector_weight"], text.weight]
    return fused([{"rows": part} for part in parts], Fusion(fusion["k"], weights, Page(None)))


def leave_out(rows, least):
    """What scores less; close to it nobody knows on which side a score is that is rounded."""
    expect(is_number(least), "min_score", EITHER)
    if rows.pools is not None:
        rows.close = {doc["id"] for doc in rows.docs}
        return
    close = [doc["id"] for doc in rows.docs if rows.right(doc["id"], least)]
    if rows.exact and all(rows.whole(id, least) for id in close):
        close = []
    rows.close = set(close)

    def stays(doc):
        return doc["id"] in rows.close or single(rows.scores[doc["id"]]) >= least

    rows.docs = [doc for doc in rows.docs if stays(doc)]


def shown(schema, body):
    names = body.get("include_attributes")
    if names is None:
        names = list(schema.attributes)
        return names if body.get("include_vector") else [name for name in names if name != VECTOR]
    for name in names:
        expect(name == "id" or name in schema.attributes, "include unknown")
    more = [VECTOR] if body.get("include_vector") and VECTOR in schema.attributes else []
    return [name for name in names if name != "id"] + more


def answer(namespace, body):
    """{"rows": Ranked, "aggregations": …}"""
    schema = namespace.schema
    expect(isinstance(body, dict), "body shape", EITHER)
    body = {name: said for name, said in body.items() if said is not None}
    for name in body:
        expect(name in FIELDS, "unknown field", names=[name])
    asked = aggregations_v1.one_of_both(body)
    count = aggregations_v1.bind(schema, asked) if asked else None
    top_k = body.get("top_k", TOP_K)
    expect(isinstance(top_k, int), "limit shape", SHAPE)
    expect((0 if asked else 1) <= top_k <= LIMIT_MAX, "limit range", EITHER)
    metric = body.get("metric")
    expect(metric is None or metric in METRICS, "metric word", EITHER)
    known = {schema.attributes[name].metric for name in schema.vectors()}
    expect(metric is None or METRICS[metric] in known, "metric mismatch")
    test = own_filters.bind(schema, body["filter"]) if "filter" in body else None
    all_docs = namespace.sorted()
    docs = [doc for doc in all_docs if test is None or test(doc)]
    text = own_texts.read(schema, all_docs, body["full_text"]) if "full_text" in body else None
    rows = ranked(schema, docs, body, text)
    if "min_score" in body:
        leave_out(rows, body["min_score"])
    names = {name: schema.attributes[name].kind for name in shown(schema, body)}
    rows.names_of = lambda id: names
    rows.limit = Page(top_k)
    rows.page = rows.limit.page(rows.docs)
    explained = body.get("explain", False)
    expect(isinstance(explained, bool), "flag shape", EITHER)
    told = {"rows": rows, "explain": Text("a plan")} if explained else {"rows": rows}
    if count is not None:
        counted = text is not None and "vector" not in body
        told["aggregations"] = count(text.found(docs) if counted else docs)
    return told


def able(schema):
    """Whether documents have a vector that is asked for by likeness here."""
    return VECTOR in schema.attributes and is_dense(schema.attributes[VECTOR].kind)
