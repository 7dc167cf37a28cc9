"""Queries that aggregate: with rows or without, in either contract, and as much as may be asked."""

from aggregations import METRICS, NODES_MAX
from draw_aggregations import DEPTH, Aggregations
from draw_own import OwnQueries
from draw_queries import Queries
from spelt_aggregations import Asked, spelt

# These take long, and are asked seldom.
LIMITS = ("sixty-four", "full of buckets")
AT_A_LIMIT = 0.01
# What is larger is no score.
SCORE_MAX = 1e30


def sixty_four(aggregations):
    """As many as one request may have."""
    one = lambda: aggregations.one(DEPTH, 0, aggregations.wide, METRICS)
    return aggregations.top({f"m{number}": one() for number in range(NODES_MAX)})


def full(field, more=0):
    """As many buckets as one request may have, of no documents; or some more."""
    steps = Asked("histogram", field, {"interval": 1, "extended_bounds": {"min": 0, "max": 255}})
    steps.below["b"] = Asked("range", field, {"ranges": [{"from": n} for n in range(255 + more)]})
    return {"a": steps}


NOTHING = {"/v1": {"filter": {"field": "id", "op": "exists", "value": False}}}
NOTHING["/v2"] = {"filters": ["id", "Eq", None]}


def at_a_limit(dice, namespace, tags, contract):
    """What is as much as may be asked."""
    aggregations = Aggregations(dice, namespace, tags, contract)
    fields = aggregations.names("histogram", aggregations.wide)
    word = dice.rare("limit", LIMITS) if fields else "sixty-four"
    tags.append(f"aggregation limit:{word}")
    if word == "sixty-four":
        return spelt(contract, sixty_four(aggregations))
    return NOTHING[contract] | spelt(contract, full(dice.choice(fields)))


def body_of(dice, namespace, tags, contract):
    """A whole query of one contract, with rows or without."""
    tags.append(f"aggregation frame:{contract}")
    if dice.chance(AT_A_LIMIT):
        return at_a_limit(dice, namespace, tags, contract)
    drawn = Aggregations(dice, namespace, tags, contract).draw()
    alone = dice.chance(0.5)
    tags.append(f"aggregation frame:{'alone' if alone else 'beside rows'}")
    if contract == "/v1":
        body = OwnQueries(dice, namespace, tags).draw()
        body[dice.choice(["aggs", "aggs", "aggregations"])] = spelt(contract, drawn)["aggs"]
        return body | ({"top_k": 0} if alone else {})
    queries = Queries(dice, namespace, tags)
    body = {} if alone else queries.ranked() if calm(namespace) else queries.ordered()
    # Of long arrays it takes many to be inexact.
    if alone and dice.chance(0.2 if "wide" in drawn else 0.5):
        body["filters"] = queries.filters()
    said = spelt(contract, drawn)["aggregate_by"]
    if dice.chance(0.2):
        said |= {"plain": ["Count"]}
    body |= {"aggregate_by": said}
    if dice.chance(0.2):
        tags.append("aggregation frame:one of several")
        return {"queries": dice.sample([body, queries.ordered()], 2)}
    return body


def calm(namespace):
    """Whether no number is beyond what a score can be."""
    floats = [name for name, one in namespace.schema.attributes.items() if one.kind == "float"]
    docs = namespace.docs.values()
    return all(abs(doc.get(name) or 0) <= SCORE_MAX for doc in docs for name in floats)


def draw(dice, namespace, name, tags):
    """A request."""
    contract = dice.rare("contract", ["/v1", "/v2"])
    body = body_of(dice, namespace, tags, contract)
    return {"method": "POST", "path": f"{contract}/namespaces/{name}/query", "body": body}
