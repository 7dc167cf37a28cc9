"""Aggregations over plain rows, as Elasticsearch would tell them.

Decision 17 says what each comes to; nothing here is the server's. Rows are counted one by one.
"""

import datetime
import fnmatch
import math
import operator

from figures import METRICS, Attribute, metric, micros, ordered_by, rounded, spelt
from moments import Stretches

OTHER = "_other_"
TERMS = 10
ENDS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def answers(named, schema, rows):
    """`{name: {type: {…}, "aggs"?: {…}}}` as it is asked, and as it is answered of these rows."""
    return {name: _one(asked, schema, rows) for name, asked in named.items()}


def _one(asked, schema, rows):
    (kind,) = asked.keys() - {"aggs"}
    options = asked[kind]
    if kind in METRICS:
        return metric(kind, options, schema, rows)
    build = {
        "terms": _terms,
        "histogram": _histogram,
        "date_histogram": _dates,
        "range": _ranges,
        "filters": _filters,
    }[kind]
    return build(options, _Bucket(asked.get("aggs", {}), schema), schema, rows)


class _Bucket:
    """What each bucket is told with, beside its key."""

    def __init__(self, below, schema):
        self._below, self._schema = below, schema

    def of(self, key, rows):
        return key | {"doc_count": len(rows)} | answers(self._below, self._schema, rows)


def _order(buckets, given, usual):
    """`(sort key, bucket)` in the order that is asked for; of equals the lower key comes first."""
    words = [given] if isinstance(given, dict) else given or [usual]
    ordered = sorted(buckets, key=lambda each: each[0])
    for word in reversed(words):
        ((by, direction),) = word.items()
        backwards = direction == "desc"

        def place(each, by=by, backwards=backwards):
            if by == "_key":
                return each[0]
            if by == "_count":
                return each[1]["doc_count"]
            figure = ordered_by(each[1], by.split("."))
            # What is not there comes last, whatever comes first.
            return (figure is not None if backwards else figure is None, figure or 0)

        ordered.sort(key=place, reverse=backwards)
    return [bucket for _, bucket in ordered]


def _terms(options, bucket, schema, rows):
    attribute, groups = Attribute(schema, options), {}
    for row in rows:
        for value in set(attribute.values(row)):
            groups.setdefault(value, []).append(row)
    kept = [
        (value, bucket.of(_term(attribute, value), group))
        for value, group in groups.items()
        if len(group) >= options.get("min_doc_count", 1)
    ]
    told = _order(kept, options.get("order"), {"_count": "desc"})[: options.get("size", TERMS)]
    others = sum(map(len, groups.values())) - sum(each["doc_count"] for each in told)
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": told}


def _term(attribute, value):
    if isinstance(value, bool):
        return {"key": int(value), "key_as_string": str(value).lower()}
    if attribute.is_moment:
        return {"key": value // 1000, "key_as_string": spelt(value // 1000)}
    return {"key": value}


def _steps(options, bucket, rows, attribute, floor, following, key):
    """Buckets of equal steps, and between them those that are empty. `key(n)` is `{"key": …}`."""
    groups = {}
    for row in rows:
        for number in {floor(value) for value in attribute.values(row)}:
            groups.setdefault(number, []).append(row)
    least = options.get("min_doc_count", 0)
    bounds = options.get("extended_bounds", {})
    ends = [*groups, *(floor(attribute.value(end)) for end in bounds.values())]
    if least == 0 and ends:
        number, last = min(ends), max(ends)
        while number <= last:
            groups.setdefault(number, [])
            number = following(number)
    told = [(n, bucket.of(key(n), group)) for n, group in groups.items() if len(group) >= least]
    return _order(told, options.get("order"), {"_key": "asc"})


def _histogram(options, bucket, schema, rows):
    interval, offset = float(options["interval"]), float(options.get("offset", 0))
    told = _steps(
        options,
        bucket,
        rows,
        Attribute(schema, options),
        lambda value: math.floor((float(value) - offset) / interval),
        lambda number: number + 1,
        lambda number: {"key": number * interval + offset},
    )
    return {"buckets": _shown(options, told, lambda each: repr(float(each["key"])))}


def _dates(options, bucket, schema, rows):
    stretches = Stretches(options)

    def key(begin):
        text = _format(options.get("format"), begin // 1000, stretches.zone.ahead(begin))
        return {"key_as_string": text, "key": begin // 1000}

    if "missing" in options:
        options = options | {"missing": _zoned(options["missing"], stretches.zone)}
    bounds = options.get("extended_bounds", {})
    bounds = {end: _zoned(given, stretches.zone) for end, given in bounds.items()}
    options = options | {"extended_bounds": bounds}
    attribute = Attribute(schema, options)
    told = _steps(options, bucket, rows, attribute, stretches.floor, stretches.next, key)
    return {"buckets": _shown(options, told, lambda each: each["key_as_string"])}


def _zoned(given, zone):
    """A moment, of this zone if it says none."""
    if not isinstance(given, str) or datetime.datetime.fromisoformat(given).tzinfo:
        return given
    return spelt(zone.first_at(micros(given)) // 1000)


def _format(pattern, ms, ahead):
    text = spelt(ms, ahead // 1_000_000)
    if pattern is None:
        return text
    if pattern == "epoch_millis":
        return str(ms)
    parts = {"yyyy": text[:4], "MM": text[5:7], "dd": text[8:10], "HH": text[11:13]}
    for letters, digits in parts.items():
        pattern = pattern.replace(letters, digits)
    return pattern


def _shown(options, buckets, name):
    return {name(each): each for each in buckets} if options.get("keyed") else buckets


def _ranges(options, bucket, schema, rows):
    attribute, told = Attribute(schema, options), []
    number = int if attribute.is_moment else float
    for asked in options["ranges"]:
        low, high = (
            None if asked.get(end) is None else number(attribute.value(asked[end]))
            for end in ("from", "to")
        )

        def lies(value, low=low, high=high):
            return (low is None or value >= low) and (high is None or value < high)

        group = [row for row in rows if any(lies(number(x)) for x in attribute.values(row))]
        ends = {}
        for name, end in (("from", low), ("to", high)):
            if end is not None:
                ends |= attribute.told(name, rounded(attribute.figure(end)))
        texts = [ends.get(f"{n}_as_string", _text(ends.get(n))) for n in ("from", "to")]
        name = asked.get("key", "-".join(texts))
        place = (low is not None, low or 0, high is None, high or 0)
        told.append((place, name, bucket.of(ends, group)))
    told.sort(key=lambda each: each[0])
    if options.get("keyed"):
        return {"buckets": {name: each for _, name, each in told}}
    return {"buckets": [{"key": name} | each for _, name, each in told]}


def _text(number):
    return "*" if number is None else repr(number)


def _filters(options, bucket, schema, rows):
    filters = options["filters"]
    is_named = isinstance(filters, dict)
    # Python puts texts in an order by their characters, which is that of their bytes.
    listed = sorted(filters.items()) if is_named else [(None, each) for each in filters]
    told = [(name, [row for row in rows if holds(each, row)]) for name, each in listed]
    name = options.get("other_bucket_key")
    if options.get("other_bucket", name is not None):
        rest = [row for row in rows if not any(holds(each, row) for _, each in listed)]
        told.append((name or OTHER, rest))
    if not is_named:
        return {"buckets": [bucket.of({}, group) for _, group in told]}
    if options.get("keyed", True):
        return {"buckets": {name: bucket.of({}, group) for name, group in told}}
    return {"buckets": [bucket.of({"key": name}, group) for name, group in told]}


def holds(query, row):
    """Whether a query of Elasticsearch holds for a row: of an array, for one element of it."""
    ((kind, asked),) = query.items()
    if kind in ("match_all", "match_none"):
        return kind == "match_all"
    if kind == "exists":
        return row.get(asked["field"]) is not None
    if kind == "bool":
        return _all_of(asked, row)
    ((name, wanted),) = asked.items()
    held = row.get(name)
    elements = held if isinstance(held, list) else [] if held is None else [held]
    if kind != "range" and isinstance(wanted, dict):
        wanted = wanted["value"]
    match kind:
        case "term":
            return wanted in elements
        case "terms":
            return any(element in wanted for element in elements)
        case "prefix":
            return any(element.startswith(wanted) for element in elements)
        case "wildcard":
            return any(fnmatch.fnmatchcase(element, wanted) for element in elements)
    return held is not None and all(ENDS[word](held, end) for word, end in wanted.items())


def _all_of(asked, row):
    clauses = {
        word: given if isinstance(given, list) else [given]
        for word, given in asked.items()
        if word != "minimum_should_match"
    }
    must = [*clauses.get("must", ()), *clauses.get("filter", ())]
    should = clauses.get("should", [])
    least = asked.get("minimum_should_match", int(not must and bool(should)))
    return (
        all(holds(each, row) for each in must)
        and not any(holds(each, row) for each in clauses.get("must_not", ()))
        and sum(holds(each, row) for each in should) >= least
    )
