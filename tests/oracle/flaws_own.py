"""Flaws of queries of `/v1`: of the text that is asked for, and of what stands beside it."""

from draw_own import METRICS
from draw_values import dims_of
from flaws_asked import lists, other_metric, words
from own_queries import VECTOR
from values import is_dense


def asked(flaws, **said):
    """A text that would be found, but for what is said; what is None is not there."""
    text = {"field": words(flaws), "query": "cat"} | said
    return {"full_text": {name: one for name, one in text.items() if one is not None}}


def several(flaws, **said):
    name = words(flaws)
    return asked(flaws, **({"field": None, "fields": [name]} | said))


def vector(flaws):
    known = flaws.known.get(VECTOR)
    if known is None or not is_dense(known.kind):
        raise LookupError
    return {VECTOR: [1.0] * dims_of(known.kind)}


def another(flaws):
    metric = other_metric(flaws)
    words = [word for word, known in METRICS.items() if known == metric]
    return vector(flaws) | {"metric": words[0]}


def shapeless(flaws):
    name = words(flaws)
    some = [asked(flaws, field=None), asked(flaws, query=None), asked(flaws, fields=[name])]
    return flaws.dice.choice([*some, {"full_text": "cat"}])


def forgotten(flaws):
    """Null is a value, and whoever means it says it."""
    word = flaws.dice.choice(["eq", "ne", "gt", "lte", "in", "not_in", "contains", "glob"])
    condition = {"field": flaws.dice.choice(["id", words(flaws)]), "op": word}
    return asked(flaws) | {"filter": condition}


def weighed(flaws):
    wrong = [[1, 1], [-1], {"unknown": 1}, "1"]
    some = [several(flaws, weights=said) for said in wrong]
    return flaws.dice.choice([*some, asked(flaws, weight=-1)])


def fused(flaws):
    wrong = [{"k": -1}, {"vector_weight": -1}, {"k": "60"}]
    return asked(flaws) | vector(flaws) | {"rrf": flaws.dice.choice(wrong)}


def misspelt(flaws):
    one = asked(flaws)
    some = [asked(flaws, last_as_prefix=True), one | {"limit": 3}]
    return flaws.dice.choice([*some, one | {"vector": [1.0], "rrf": {"rank_constant": 60}}])


OWN = {
    "text of nothing": lambda f: {"full_text": {"field": "unknown", "query": "cat"}},
    "text without words": lambda f: {
        "full_text": {"field": f.name(lambda one: not one.full_text), "query": "cat"}
    },
    "text of another shape": shapeless,
    "text of too few or too many": lambda f: several(
        f, fields=f.dice.choice([[], [words(f)] * 65])
    ),
    "text as a list": lambda f: asked(f, query=["cat"]),
    "list as a text": lambda f: {"full_text": {"field": lists(f), "query": "cat"}},
    "text too long": lambda f: asked(f, query="cat " * 2049),
    "condition without a value": forgotten,
    "text weighed": weighed,
    "score in an order": lambda f: asked(f) | {"sort": [{"field": "id"}], "min_score": 0.5},
    "vector in an order": lambda f: vector(f) | {"sort": [{"field": "id"}]},
    "vector too short": lambda f: {VECTOR: vector(f)[VECTOR][1:]},
    "metric of /v1": another,
    "fusion of a text": lambda f: asked(f) | {"rrf": {"k": 60}},
    "fusion out of range": fused,
    "score of nothing": lambda f: {"min_score": 0.5},
    "score as text": lambda f: asked(f) | {"min_score": "0.5"},
    "explain as text": lambda f: asked(f) | {"explain": "yes"},
    "top_k of /v1": lambda f: asked(f) | {"top_k": f.dice.choice([0, 10_001, "ten"])},
    "unknown field of /v1": misspelt,
}
