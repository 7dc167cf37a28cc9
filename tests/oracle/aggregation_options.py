"""The options of aggregations, read: what is wrong with one is refused, and an unknown one named.

Both contracts have them under the same names. How an order and a filter are written is their own.
"""

import math
import re

import intervals
import zones
from aggregations import METRICS, SINGLE
from buckets import Filters, Moments, Numbers, Ranges, Terms
from figures import EXTENDED, STATS
from printed import moment, number
from refusal import EITHER, expect, refuse
from values import is_number, kept_instant, scalar

NUMBERS = ("int", "uint", "float", "datetime")
KEYS = (*NUMBERS, "string", "bool", "uuid")
KINDS = dict.fromkeys(METRICS, NUMBERS) | {
    "value_count": (*KEYS, "bytes"),
    "cardinality": (*KEYS, "bytes"),
    "terms": KEYS,
    "histogram": ("int", "uint", "float"),
    "date_histogram": ("datetime",),
    "range": NUMBERS,
}
STEPPED = {"offset", "min_doc_count", "extended_bounds", "order", "missing"}
OPTIONS = dict.fromkeys(METRICS, {"missing"}) | {
    "extended_stats": {"sigma", "missing"},
    "percentiles": {"percents", "missing"},
    "cardinality": {"precision_threshold", "missing"},
    "terms": {"size", "order", "min_doc_count", "missing"},
    "histogram": {"interval"} | STEPPED,
    "date_histogram": {"calendar_interval", "fixed_interval", "time_zone"} | STEPPED,
    "range": {"ranges", "missing"},
    "filters": {"filters", "other_bucket", "other_bucket_key"},
}
DEFAULT_PERCENTS = [1, 5, 25, 50, 75, 95, 99]
SIZE, SIZE_MAX = 10, 10_000
THRESHOLD = 3_000
RANGES_MAX = FILTERS_MAX = 256
PERCENTS_MAX = 100
OTHER = "_other_"
# Behind the time of a day; between the parts of a date stand dashes, too.
OFFSET = re.compile(r"[Tt ].*([Zz]|[+-]\d\d(:?\d\d)?)$")


def shaped(holds, *names):
    """Whether an option is of its shape; what is told names it, or what of it is not."""
    expect(holds, "aggregation option shape", EITHER, names=names)


def ranged(holds):
    expect(holds, "aggregation option range")


class Options:
    """What is said of one aggregation; null says nothing."""

    def __init__(self, given, known):
        expect(isinstance(given, dict), "aggregation option shape", EITHER)
        self.given = {name: said for name, said in given.items() if said is not None}
        for name in self.given:
            expect(name in known, "aggregation option", names=[name])

    def whole(self, name, default, least, most=math.inf):
        said = self.given.get(name, default)
        shaped(isinstance(said, int) and not isinstance(said, bool), name)
        # What is below 0 may be said to be no such number.
        expect(said >= 0, "aggregation option range", EITHER)
        ranged(least <= said <= most)
        return said

    def figure(self, name, default=None):
        said = self.given.get(name, default)
        shaped(is_number(said), name)
        return float(said)

    def truth(self, name, default=False):
        said = self.given.get(name, default)
        shaped(isinstance(said, bool), name)
        return said

    def text(self, name, default):
        said = self.given.get(name, default)
        shaped(said is default or isinstance(said, str), name)
        return said

    def items(self, name):
        said = self.given.get(name)
        shaped(isinstance(said, list), name)
        return said


def read_moment(given, option, zone=None):
    """An ISO text, of a zone if it says no offset, or a whole number of milliseconds."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given * 1000
    shaped(isinstance(given, str), option)
    nanos = kept_instant(given)
    expect(nanos is not None, "aggregation option shape", EITHER)
    naive = zone is not None and not OFFSET.search(given)
    return zone.first_showing(nanos // 1000) if naive else nanos // 1000


def read_value(kind, given, option, zone=None):
    if kind == "datetime":
        return read_moment(given, option, zone)
    value = scalar(kind, given)
    shaped(value is not None, option)
    return value + 0.0 if kind == "float" else value


def read_end(kind, given, option, zone=None):
    """Where a range ends: as f64, or a moment."""
    if given is None:
        return None
    if kind == "datetime":
        return read_moment(given, option, zone)
    shaped(is_number(given), option)
    return float(given) + 0.0


def metric_options(word, options):
    if word == "extended_stats":
        sigma = options.figure("sigma", 2.0)
        ranged(sigma >= 0)
        return {"sigma": sigma}
    if word == "cardinality":
        return {"precision_threshold": options.whole("precision_threshold", THRESHOLD, 0)}
    if word == "percentiles":
        percents = options.given.get("percents", DEFAULT_PERCENTS)
        # Where they stand by themselves, they are known by their place.
        fits = isinstance(percents, list) and all(map(is_number, percents))
        shaped(fits, "percents", "[2]")
        expect(1 <= len(percents) <= PERCENTS_MAX, "aggregation percents")
        expect(all(0 <= one <= 100 for one in percents), "aggregation percents")
        percents = sorted(map(float, percents))
        expect(len(set(percents)) == len(percents), "aggregation percents")
        return {"percents": percents}
    return {}


def figure_meant(below, said):
    """(the name of a metric below, which of its figures or None) that an order speaks of."""
    for name, node in below.items():
        if said == name and node.word in SINGLE:
            return name, None
        if not said.startswith(name + "."):
            continue
        figure = said[len(name) + 1 :]
        if figure in {"stats": STATS, "extended_stats": EXTENDED}.get(node.word, ()):
            return name, figure
        if node.word == "percentiles":
            try:
                percent = float(figure)
            except ValueError:
                continue
            if percent in node.options["percents"]:
                return name, percent
    return refuse("aggregation order")


def read_order(pairs, below, default):
    """[(what, whether downwards)] of [(what, direction)], or of nothing."""
    if pairs is None:
        return [default]
    told = []
    for said, way in pairs:
        shaped(isinstance(said, str) and isinstance(way, str), "order")
        expect(way in ("asc", "desc"), "aggregation order", EITHER)
        by = said if said in ("_count", "_key") else figure_meant(below, said)
        told.append((by, way == "desc"))
    return told


def terms(_, options, pairs, below):
    size = options.whole("size", SIZE, 1, SIZE_MAX)
    options.whole("shard_size", 1, 1)
    least = options.whole("min_doc_count", 1, 1)
    return Terms(read_order(pairs, below, ("_count", True)), least, size)


def bounds_of(options, least, read):
    """The values of extended bounds."""
    given = options.given.get("extended_bounds")
    if given is None:
        return []
    shaped(isinstance(given, dict), "extended_bounds")
    for name in given:
        expect(name in ("min", "max"), "aggregation option", names=[name])
    low, high = (read(given.get(name)) for name in ("min", "max"))
    expect(low is None or high is None or low <= high, "aggregation bounds")
    expect(least == 0, "aggregation bounds")
    return [one for one in (low, high) if one is not None]


def histogram(_, options, pairs, below):
    shaped("interval" in options.given, "interval")
    interval = options.figure("interval")
    ranged(interval > 0)
    least = options.whole("min_doc_count", 0, 0)
    bounds = bounds_of(options, least, lambda said: read_end("float", said, "extended_bounds"))
    order = read_order(pairs, below, ("_key", False))
    made = Numbers(interval, options.figure("offset", 0.0), order, least, bounds)
    for bound in bounds:
        made.place(bound)
    return made


def zone_of(options):
    return zones.read(options.given.get("time_zone", "UTC"))


def date_histogram(_, options, pairs, below):
    zone = zone_of(options)
    said = [word for word in ("calendar_interval", "fixed_interval") if word in options.given]
    expect(len(said) == 1, "aggregation interval", EITHER)
    length = options.given[said[0]]
    parts = (intervals.calendar if said == ["calendar_interval"] else intervals.fixed)(length, zone)
    if "offset" in options.given:
        parts = intervals.Shifted(parts, intervals.shift(options.given["offset"]))
    least = options.whole("min_doc_count", 0, 0)
    bounds = bounds_of(
        options, least, lambda said: read_end("datetime", said, "extended_bounds", zone)
    )
    return Moments(parts, zone, read_order(pairs, below, ("_key", False)), least, bounds)


def ranges(kind, options, *_):
    given = options.items("ranges")
    expect(1 <= len(given) <= RANGES_MAX, "aggregation ranges")
    said = moment if kind == "datetime" else number
    told = []
    for one in given:
        shaped(isinstance(one, dict), "ranges")
        for name in one:
            expect(name in ("key", "from", "to"), "aggregation option", names=[name])
        low, high = (read_end(kind, one.get(name), name) for name in ("from", "to"))
        key = one.get("key")
        shaped(key is None or isinstance(key, str), "ranges")
        ends = ("*" if end is None else said(end) for end in (low, high))
        told.append((key if key is not None else "-".join(ends), low, high))
    expect(len({key for key, _, _ in told}) == len(told), "aggregation ranges")

    def place(one):
        _, low, high = one
        return (low is not None, low or 0, high is None, high or 0)

    return Ranges(sorted(told, key=place))


def filters(options, bind):
    given = options.given.get("filters")
    shaped(isinstance(given, (dict, list)), "filters")
    expect(1 <= len(given) <= FILTERS_MAX, "aggregation filters")
    named = isinstance(given, dict)
    # By the bytes of their names, which is by their code points.
    said = (
        [(name, given[name]) for name in sorted(given)] if named else [(None, one) for one in given]
    )
    key = options.text("other_bucket_key", None)
    other = options.truth("other_bucket", key is not None)
    tests = [(name, bind(one)) for name, one in said]
    return Filters(tests, (key or OTHER) if other and named else "" if other else None)


MAKERS = {
    "terms": terms,
    "histogram": histogram,
    "date_histogram": date_histogram,
    "range": ranges,
}


def make(node, options, pairs, bind):
    """What makes the buckets of a node, or None."""
    if node.word == "filters":
        return filters(options, bind)
    if node.word in MAKERS:
        return MAKERS[node.word](node.kind, options, pairs, node.below)
    node.options = metric_options(node.word, options)
    return None
