"""An aggregation before it is written: the same request in the words of either contract."""

import dataclasses

import own_filters
from aggregations_v2 import WORDS
from draw_own import in_text

NAMES = {ours: theirs for theirs, ours in WORDS.items()}


@dataclasses.dataclass
class Asked:
    """Options stand under the names that both contracts have; an order is a list of pairs, and
    filters are those of the contract they are drawn for, or of ours in `/v1` for both."""

    word: str
    field: str | None = None
    options: dict = dataclasses.field(default_factory=dict)
    below: dict = dataclasses.field(default_factory=dict)
    # About how many buckets it makes, or more.
    breadth: int = 1


def in_v1(asked):
    options = dict(asked.options)
    if isinstance(options.get("order"), list):
        pairs = [{what: way} for what, way in options["order"]]
        options["order"] = pairs[0] if len(pairs) == 1 else pairs
    field = {} if asked.field is None else {"field": asked.field}
    said = {asked.word: field | options}
    if asked.below:
        said["aggs"] = {name: in_v1(one) for name, one in asked.below.items()}
    return said


def in_v2(asked):
    options = dict(asked.options)
    if isinstance(options.get("order"), list):
        pairs = [list(pair) for pair in options["order"]]
        options["order"] = pairs[0] if len(pairs) == 1 else pairs
    said = [NAMES.get(asked.word, asked.word)]
    if asked.word == "filters":
        known = options.pop("filters", None)
        said.append(known if not isinstance(known, dict) else dict(map(as_list, known.items())))
    else:
        said.append(asked.field)
    if "percents" in options:
        said.append(options.pop("percents"))
    if asked.below:
        options["aggs"] = {name: in_v2(one) for name, one in asked.below.items()}
    return [*said, options] if options else said


def as_list(named):
    name, test = named
    return name, in_text(own_filters.as_list(test)) if isinstance(test, dict) else test


def spelt(contract, drawn):
    """Aggregations as a query without rows."""
    if contract == "/v1":
        return {"top_k": 0, "aggs": {name: in_v1(one) for name, one in drawn.items()}}
    return {"aggregate_by": {name: in_v2(one) for name, one in drawn.items()}}
