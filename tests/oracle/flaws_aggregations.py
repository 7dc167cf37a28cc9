"""Flaws of aggregations: of what they are asked over, of their options, names and numbers.

A flaw is a tree that either contract can write, or a body of one of them.
"""

from aggregation_options import KINDS
from draw_aggregated import NOTHING, full
from spelt_aggregations import Asked, spelt
from values import SCALARS, element, is_array, is_vector

FOREIGN = {
    "int": "one",
    "uint": "one",
    "float": "x",
    "string": 1,
    "bool": "true",
    "uuid": "no-uuid",
    "datetime": "yesterday",
    "bytes": 1,
}
# What Elasticsearch has, and neither contract.
GIVEN_UP = [
    ("terms", "include", "a.*"),
    ("terms", "exclude", ["a"]),
    ("terms", "script", {"source": "1"}),
    ("terms", "show_term_doc_count_error", True),
    ("histogram", "hard_bounds", {"min": 0, "max": 1}),
    ("date_histogram", "hard_bounds", {"min": 0, "max": 1}),
    ("date_histogram", "interval", "1d"),
    ("percentiles", "hdr", {"number_of_significant_value_digits": 3}),
    ("percentiles", "tdigest", {"compression": 100}),
    ("cardinality", "rehash", True),
    ("avg", "script", {"source": "1"}),
    ("stats", "sigma", 2),
    ("sum", "format", "0.0"),
    ("range", "format", "yyyy"),
]
SIZES = [0, -1, 10_001]
LENGTHS = ["0d", "1w", "1M", "1.5h", "10001d", "-1d", "d", "day", ""]
UNITS = ["2d", "fortnight", "days", "1ms", "1Y", ""]
ZONES = ["Mars/Phobos", "+25:00", "+1", "Berlin", "utc+1", "+01:60", "../etc/passwd", ""]
SHIFTS = ["soon", "1w", "+", "6", "--6h"]
FORMATS = ["QQ", "yyyy-'MM", "yy", "MMM", "hh:mm", "X"]
# What an option cannot be, whatever it says.
SHAPELESS = [
    *(("terms", "size", wrong) for wrong in ("ten", 1.5, [1])),
    *(("date_histogram", option, 1) for option in ("fixed_interval", "time_zone", "offset")),
    *(("terms", "min_doc_count", wrong) for wrong in ("1", 0.5)),
    ("histogram", "interval", "1"),
    ("extended_stats", "sigma", "2"),
    *(("cardinality", "precision_threshold", wrong) for wrong in ("x", 0.5)),
]
PERCENTS = [[], [101], [-0.5], [50, 50.0], [n / 2 for n in range(101)]]
WAYS = ["up", "ASC", "", 1]


def field(flaws, word):
    """Some attribute that this may be asked over."""
    return flaws.name(lambda one: element(one.kind) in KINDS[word])


def one(flaws, word, **options):
    """It alone, with what it cannot do without."""
    needed = {
        "histogram": {"interval": 10},
        "date_histogram": {"fixed_interval": "1d"},
        "range": {"ranges": [{"from": 1}]},
        "filters": {"filters": test("id")},
        "percentiles": {"percents": [50]},
    }
    name = None if word == "filters" else field(flaws, word)
    return Asked(word, name, needed.get(word, {}) | options)


def test(name):
    return {"a": {"field": name, "op": "exists"}}


def over(flaws, test, *words):
    """Something over an attribute that it is not made for."""
    word = flaws.dice.choice(words)
    return Asked(word, flaws.name(test), {"interval": 1} if word == "histogram" else {})


def over_other(flaws):
    return over(flaws, lambda one: one.kind in ("string", "bool", "uuid", "bytes"), "avg", "stats")


def option(word, name, *wrong):
    return lambda f: one(f, word, **{name: f.dice.choice(wrong)})


def shapeless(flaws):
    word, name, value = flaws.dice.choice(SHAPELESS)
    return one(flaws, word, **{name: value})


def given_up(flaws):
    word, name, value = flaws.dice.choice(GIVEN_UP)
    return one(flaws, word, **{name: value})


def mistyped_missing(flaws):
    word = flaws.dice.choice(["terms", "cardinality", "avg", "histogram"])
    asked = one(flaws, word)
    asked.options["missing"] = FOREIGN[element(flaws.known[asked.field].kind)]
    return asked


def ordered(flaws, order, **below):
    asked = one(flaws, flaws.dice.choice(["terms", "histogram"]), order=order)
    asked.below = {name: one(flaws, word) for name, word in below.items()}
    return asked


def bounded(flaws, **bounds):
    return one(flaws, "histogram", extended_bounds=bounds)


def deep(flaws):
    """A chain of one level more than there may be."""
    asked = one(flaws, "value_count")
    for _ in range(4):
        asked = Asked("filters", None, {"filters": test("id")}, {"below": asked})
    return asked


def many(flaws):
    name = field(flaws, "value_count")
    return {f"m{number}": Asked("value_count", name) for number in range(65)}


def named(flaws):
    name = flaws.dice.choice(["", "n" * 129, "é" * 65, "a[b", "a]b", "a>b"])
    return {name: one(flaws, "value_count")}


def taken(flaws):
    name = flaws.dice.choice(["key", "doc_count", "count", "from_as_string", "key_as_string", "to"])
    return Asked("filters", None, {"filters": test("id")}, {name: one(flaws, "value_count")})


def metric_with_more(flaws):
    asked = one(flaws, flaws.dice.choice(["avg", "stats", "percentiles", "cardinality"]))
    asked.below = {"b": one(flaws, "value_count")}
    return asked


def tests(flaws):
    """Filters that are too few or too many."""
    many = {f"f{number}": test("id")["a"] for number in range(257)}
    return Asked("filters", None, {"filters": flaws.dice.choice([{}, many])})


def number(flaws):
    return flaws.name(lambda one: element(one.kind) in ("int", "uint", "float"))


def too_many(flaws):
    """One bucket more than there may be, or many more."""
    most = Asked("histogram", number(flaws), {"interval": 1})
    most.options["extended_bounds"] = {"min": 0, "max": flaws.dice.choice([65_536, 10**9])}
    return flaws.dice.choice([{"a": most}, full(number(flaws), 1)])


def far(flaws):
    return one(flaws, "histogram", interval=1e-10, extended_bounds={"min": 1e10, "max": 1e10})


# A tree by the flaw of it, or {name: tree}.
TREES = {
    "aggregation of nothing": lambda f: Asked("avg", "unknown"),
    "aggregation of id": lambda f: Asked(f.dice.choice(["terms", "cardinality", "min"]), "id"),
    "aggregation of a vector": lambda f: over(
        f, lambda one: is_vector(one.kind), "cardinality", "terms"
    ),
    "figures of a text": over_other,
    "terms of bytes": lambda f: over(f, lambda one: one.kind == "bytes", "terms"),
    "histogram of moments": lambda f: over(
        f, lambda one: element(one.kind) in ("datetime", "string"), "histogram"
    ),
    "calendar of numbers": lambda f: Asked(
        "date_histogram", number(f), {"calendar_interval": "day"}
    ),
    "given up": given_up,
    "option of another shape": shapeless,
    "option of another": lambda f: one(f, "terms", percents=[50]),
    "size": option("terms", "size", *SIZES),
    "min_doc_count": lambda f: one(
        f, f.dice.choice(["terms", "histogram"]), min_doc_count=-1
    ),
    "min_doc_count 0 of terms": option("terms", "min_doc_count", 0),
    "order by nothing": lambda f: ordered(f, [("unknown", "asc")]),
    "order by several figures": lambda f: ordered(f, [("b", "desc")], b="stats"),
    "order by another figure": lambda f: ordered(f, [("b.median", "desc")], b="stats"),
    "order by buckets": lambda f: ordered(f, [("b", "asc")], b="terms"),
    "order by another percent": lambda f: ordered(f, [("b.49", "asc")], b="percentiles"),
    "order up": lambda f: ordered(f, [("_count", f.dice.choice(WAYS))]),
    "interval": option("histogram", "interval", 0, -1),
    "no width": option("histogram", "interval", None),
    "offset": option("histogram", "offset", "1", [1]),
    "bounds of what must have documents": lambda f: one(
        f, "histogram", extended_bounds={"min": 1, "max": 2}, min_doc_count=1
    ),
    "bounds upside down": lambda f: bounded(f, min=2, max=1),
    "bounds of another name": lambda f: bounded(f, **{"from": 1}),
    "step too far": far,
    "too many buckets": too_many,
    "no interval": lambda f: Asked("date_histogram", field(f, "date_histogram")),
    "two intervals": option("date_histogram", "calendar_interval", "day"),
    "calendar interval": lambda f: Asked(
        "date_histogram", field(f, "date_histogram"), {"calendar_interval": f.dice.choice(UNITS)}
    ),
    "fixed interval": option("date_histogram", "fixed_interval", *LENGTHS),
    "zone": option("date_histogram", "time_zone", *ZONES),
    "shift": option("date_histogram", "offset", *SHIFTS),
    "ranges": lambda f: Asked("range", number(f), {"ranges": f.dice.choice(RANGES)}),
    "ranges of another shape": lambda f: Asked(
        "range", number(f), {"ranges": f.dice.choice(SHAPELESS_RANGES)}
    ),
    "filters": tests,
    "filters that are a number": lambda f: Asked("filters", None, {"filters": 3}),
    "filter on nothing below": lambda f: Asked(
        "filters", None, {"filters": {"a": {"field": "unknown", "op": "eq", "value": 1}}}
    ),
    "percents": option("percentiles", "percents", *PERCENTS),
    "percents of another shape": option("percentiles", "percents", ["50"], 50),
    "threshold": option("cardinality", "precision_threshold", -1),
    "sigma": option("extended_stats", "sigma", -1),
    "missing of another type": mistyped_missing,
    "five deep": deep,
    "sixty-five": many,
    "name": named,
    "name that is taken": taken,
    "metric with aggregations": metric_with_more,
}
RANGES = [
    [],
    [{"from": n} for n in range(257)],
    [{"from": 1, "to": 2}, {"from": 1, "to": 2}],
    [{"from": 1, "to": 2}, {"key": "1.0-2.0"}],
    [{"key": "a", "from": 1}, {"key": "a", "to": 1}],
]
SHAPELESS_RANGES = [
    [{"until": 1}],
    [{"from": "x"}],
    [{"key": 1, "from": 1}],
    [1],
    {"from": 1},
]


def in_own(said):
    return lambda f: {"aggs": said(f), "top_k": 0}


def counted(flaws, **more):
    return {"value_count": {"field": field(flaws, "value_count")}} | more


def filtered(flaws, test):
    return {"a": {"filters": {"filters": {"a": test}}}}


def ranged_array(flaws):
    name = flaws.name(lambda one: is_array(one.kind) and one.filterable)
    return filtered(flaws, {"range": {name: {"gt": 1}}})


def number_prefix(flaws):
    return filtered(flaws, {"prefix": {flaws.plain("int", "float", "uint"): "1"}})


def called_the_same(flaws):
    """An object of buckets that a format does not tell apart, though nothing is in them."""
    dice = flaws.dice
    interval, format, first, last = dice.choice(
        [
            ({"calendar_interval": "month"}, "yyyy", "2024-03-01", "2024-04-30"),
            ({"fixed_interval": "12h"}, "HH 'h'", "2024-03-01", "2024-03-03"),
            ({"fixed_interval": "250ms"}, "epoch_second", 0, 999),
            # An hour that comes twice.
            (
                {"calendar_interval": "1h", "time_zone": "Europe/Berlin"},
                "uuuu/MM/dd HH:mm",
                "2024-10-27T00:30:00Z",
                "2024-10-27T01:30:00Z",
            ),
        ]
    )
    steps = {"extended_bounds": {"min": first, "max": last}, "format": format, "keyed": True}
    days = {"date_histogram": {"field": field(flaws, "date_histogram")} | interval | steps}
    below = {"aggs": {"days": days}, "filters": {"filters": test("id")}}
    asked = dice.choice([{"days": days}, {"a": below}])
    return NOTHING["/v1"] | {"top_k": 0, "aggs": asked}


# Bodies of `/v1`.
OWN = {
    "two of a kind": in_own(lambda f: {"a": counted(f, avg={"field": "id"})}),
    "no kind": in_own(lambda f: {"a": {}}),
    "kind of Elasticsearch": in_own(
        lambda f: {"a": {f.dice.choice(["geo_bounds", "top_hits", "nested"]): {"field": "x"}}}
    ),
    "meta": in_own(lambda f: {"a": counted(f, meta={"x": 1})}),
    "aggs twice": lambda f: {"aggs": {"a": counted(f)}, "aggregations": {"a": counted(f)}},
    "nothing at all": lambda f: {"top_k": 0},
    "aggs as a list": lambda f: {"aggs": [counted(f)]},
    "aggregation as a list": in_own(lambda f: {"a": [counted(f)]}),
    "options as text": in_own(lambda f: {"a": {"terms": "x"}}),
    "format": in_own(
        lambda f: {
            "a": {
                "date_histogram": {
                    "field": field(f, "date_histogram"),
                    "fixed_interval": "1d",
                    "format": f.dice.choice(FORMATS),
                }
            }
        }
    ),
    "two buckets of a name": called_the_same,
    "shard_size": in_own(lambda f: {"a": {"terms": {"field": field(f, "terms"), "shard_size": 0}}}),
    "keyed as text": in_own(
        lambda f: {"a": {"percentiles": {"field": field(f, "percentiles"), "keyed": "yes"}}}
    ),
    "filter of another Elasticsearch": in_own(
        lambda f: filtered(f, {f.dice.choice(["fuzzy", "match", "regexp"]): {"s": "a"}})
    ),
    "two filters in one": in_own(lambda f: filtered(f, {"match_all": {}, "match_none": {}})),
    "term of two": in_own(lambda f: filtered(f, {"term": {"s": "a", "t": "b"}})),
    "terms of one": in_own(lambda f: filtered(f, {"terms": {f.plain("int", "string"): 1}})),
    "term of nothing": in_own(lambda f: filtered(f, {"term": {"unknown": 1}})),
    "range of an array": in_own(ranged_array),
    "prefix of a number": in_own(number_prefix),
    "bool of another name": in_own(lambda f: filtered(f, {"bool": {"may": []}})),
}


def by(make):
    return lambda f: {"aggregate_by": make(f)}


# Bodies of `/v2`.
THEIRS = {
    "aggregation beside group_by": lambda f: {
        "aggregate_by": {"a": ["ValueCount", field(f, "value_count")]},
        "group_by": [f.kind(*SCALARS)],
    },
    "count below": by(lambda f: {"a": ["Terms", field(f, "terms"), {"aggs": {"n": ["Count"]}}]}),
    "options as a list": by(lambda f: {"a": ["Avg", field(f, "avg"), [1]]}),
    "one too many": by(lambda f: {"a": ["Avg", field(f, "avg"), {"missing": None}, {}]}),
    "filter of another shape": by(
        lambda f: {"a": ["Filters", {"a": f.dice.choice([3, "x", {}, ["id"], ["And", 3]])}]}
    ),
    "nothing asked over": by(lambda f: {"a": [f.dice.choice(["Avg", "Terms", "Filters"])]}),
    "option of the other contract": by(
        lambda f: {
            "a": f.dice.choice(
                [
                    ["Terms", field(f, "terms"), {"shard_size": 3}],
                    ["Range", field(f, "range"), {"ranges": [{"key": "a"}], "keyed": True}],
                    ["Percentiles", field(f, "percentiles"), [50], {"keyed": True}],
                ]
            )
        }
    ),
    "word of the other contract": by(lambda f: {"a": ["avg", field(f, "avg")]}),
}


def tree(make):
    """A flaw of either contract, in one of them."""

    def made(flaws):
        drawn = make(flaws)
        contract = flaws.dice.choice(["/v1", "/v2"])
        drawn = drawn if isinstance(drawn, dict) else {"a": drawn}
        limited = any(one.word == "histogram" for one in drawn.values())
        alone = NOTHING[contract] if limited else {}
        return contract, alone | spelt(contract, drawn)

    return made


def of(contract, make):
    return lambda flaws: (contract, make(flaws))


AGGREGATIONS = (
    {word: tree(make) for word, make in TREES.items()}
    | {word: of("/v1", make) for word, make in OWN.items()}
    | {word: of("/v2", make) for word, make in THEIRS.items()}
)
