"""Aggregations: any of them over what can be asked so, nested, with options that fit the documents.

What is drawn is never too much: each knows how many buckets may yet stand in one of its own.
"""

import draw_steps as steps
import draw_values as values
from aggregation_options import KINDS
from aggregations import MET, METRICS, SINGLE, WORDS
from draw_filters import Filters
from draw_own import OwnFilters
from figures import EXTENDED, STATS
from printed import number
from spelt_aggregations import Asked
from values import element

OPTIONS = {
    "extended_stats": ("sigma",),
    "percentiles": ("percents",),
    "cardinality": ("precision_threshold",),
    "terms": ("size", "order", "min_doc_count"),
    "histogram": ("offset", "min_doc_count", "extended_bounds", "order"),
    "date_histogram": ("time_zone", "offset", "min_doc_count", "extended_bounds", "order"),
    "range": ("key",),
    "filters": (),
}
# Those of one contract.
OWN_OPTIONS = {
    "terms": ("shard_size",),
    "histogram": ("keyed",),
    "date_histogram": ("keyed", "format"),
    "range": ("keyed",),
    "filters": ("keyed", "other_bucket", "other_bucket_key", "list"),
    "percentiles": ("keyed",),
}
TAGS = [
    f"{word}.{option}"
    for word in WORDS
    for option in (
        *OPTIONS.get(word, ()),
        *OWN_OPTIONS.get(word, ()),
        *(["missing"] if word != "filters" else []),
    )
] + ["date_histogram.calendar_interval", "date_histogram.fixed_interval"]
ORDERS = ("_count", "_key", "metric", "figure", "percentile", "several")
FRAMES = (
    "/v1",
    "/v2",
    "alone",
    "beside rows",
    "one of several",
    "four deep",
    *MET,
)
NAMES = ["a", "b", "c", "by", "größe", "x y", "n" * 128, "漢", "_a", "1", "a-b"]
# What a bucket says of itself, which is taken below another only.
TOP_NAMES = ["key", "doc_count", "count", "p.q"]
DEPTH, WIDTH, ROOM = 4, 4, 2_000
# An attribute with so many elements in one document is asked once on the way down.
WIDE = 20
INEXACT = (*["percentiles"] * 4, "cardinality")
FIGURED = ("stats", "extended_stats")
SIGMAS = [0, 0.5, 1, 2, 2.5, 3, 1e308]
PERCENTS = [0, 1, 5, 25, 50, 75, 95, 99, 100, 99.9, 12.5, 33.3, 1e-5]
THRESHOLDS = [0, 1, 3, 100, 3_000, 40_000, 50_000]


class Aggregations:
    """Draws what is asked, for one of the contracts or in a way that both have."""

    def __init__(self, dice, namespace, tags, contract="both"):
        self.dice = dice
        self.namespace = namespace
        self.tags = tags
        self.contract = contract
        self.known = {name: one.kind for name, one in namespace.schema.attributes.items()}
        docs = list(namespace.docs.values())
        self.held = {
            name: [doc[name] for doc in docs if doc.get(name) is not None] for name in self.known
        }
        self.wide = {
            name
            for name, held in self.held.items()
            if any(isinstance(one, tuple) and len(one) > WIDE for one in held)
        }

        # Whether something wide makes buckets already.
        self.spread = False

    def tag(self, family, word):
        self.tags.append(f"{family}:{word}")

    def draw(self):
        names = self.dice.some(NAMES + TOP_NAMES, 1, WIDTH)
        drawn = {name: self.one(1, ROOM, self.wide) for name in names}
        if self.wide and self.dice.chance(0.9):
            drawn["wide"] = self.one(1, 0, self.wide, [self.dice.choice(INEXACT)])
        return self.top(drawn)

    def top(self, drawn):
        """At the top of `/v2` a sum without options is that of the contract, which takes less."""
        for one in drawn.values():
            if one.word == "sum" and one.options.get("missing") is None:
                one.options["missing"] = self.value(element(self.known[one.field]))
        return drawn

    def names(self, word, wide, room=0):
        """What may be asked so. Of one request, one makes buckets of what is wide, as it makes
        thousands."""
        kinds = KINDS.get(word, ())
        able = [name for name, kind in self.known.items() if element(kind) in kinds]
        if word not in METRICS and (self.spread or room < ROOM):
            wide = ()
        return [name for name in able if name not in self.wide or name in wide]

    def one(self, depth, room, wide, words=WORDS):
        """`room` is how many buckets there may be, `wide` what may be asked of what is wide."""
        if room < 4:
            words = [word for word in words if word in METRICS]
        able = [word for word in words if word == "filters" or self.names(word, wide, room)]
        word = self.dice.rare("aggregation", able or ["filters"])
        self.tag("aggregation", word)
        if depth == DEPTH:
            self.tag("aggregation frame", "four deep")
        asked = Asked(word)
        if word != "filters":
            names = self.names(word, wide, room)
            first = [name for name in names if name in self.wide]
            asked.field = self.dice.choice(first if first and self.dice.chance(0.6) else names)
            self.spread = self.spread or (word not in METRICS and asked.field in self.wide)
        self.missing(asked)
        if word in METRICS:
            self.metric(asked)
        else:
            self.buckets(asked, depth, room, wide)
        return asked

    def option(self, asked, option, likely, value):
        """An option that is there as often as that, or as null, which says nothing."""
        if not self.dice.chance(likely):
            return
        if self.dice.chance(0.03):
            asked.options.setdefault(option, None)
            return
        asked.options[option] = value()
        self.tag("aggregation option", f"{asked.word}.{option}")

    def missing(self, asked):
        if asked.word == "filters":
            return
        kind = element(self.known[asked.field])
        self.option(asked, "missing", 0.3, lambda: self.value(kind))

    def value(self, kind):
        if kind == "datetime" and self.dice.chance(0.5):
            return self.dice.choice([0, -1, 1_709_251_200_000, 1_711_846_800_000])
        return values.plain(self.dice, kind)

    def metric(self, asked):
        dice, word = self.dice, asked.word
        if word == "extended_stats":
            self.option(asked, "sigma", 0.5, lambda: dice.choice(SIGMAS))
        if word == "cardinality":
            self.option(asked, "precision_threshold", 0.6, lambda: dice.choice(THRESHOLDS))
        if word == "percentiles":
            # The other contract does not say whether they may be left out there.
            likely = 0.6 if self.contract == "/v1" else 1
            percents = dice.some(PERCENTS, 1, 6)
            self.option(asked, "percents", likely, lambda: dice.sample(percents, len(percents)))
            if asked.options.get("percents") is None and likely == 1:
                asked.options["percents"] = percents
            self.keyed(asked)

    def keyed(self, asked, likely=0.6):
        if self.contract == "/v1":
            self.option(asked, "keyed", likely, lambda: self.dice.chance(0.5))

    def buckets(self, asked, depth, room, wide):
        wide = wide - self.wide if asked.field in self.wide else wide
        steps.DRAWN[asked.word](self, asked, room)
        left = room // max(1, asked.breadth)
        if depth < DEPTH and self.dice.chance(0.65 if depth > 1 else 0.6):
            words = METRICS if asked.field in self.wide else WORDS
            for name in self.dice.some(NAMES, 1, 2 if depth > 1 else WIDTH):
                asked.below[name] = self.one(depth + 1, left, wide, words)
        if asked.word in ("terms", "histogram", "date_histogram"):
            self.option(asked, "order", 0.5, lambda: self.order(asked.below, depth, wide))

    def order(self, below, depth, wide):
        """Of what there is below; what it speaks of is put there, if it is not."""
        ways = ["asc", "desc"]
        word = self.dice.rare("order", ORDERS)
        kinds = {"metric": SINGLE, "figure": FIGURED, "percentile": ("percentiles",)}.get(word, ())
        kinds = [one for one in kinds if self.names(one, wide)]
        if kinds and depth < DEPTH and not self.orders(word, below):
            below[self.dice.choice(NAMES)] = self.one(depth + 1, 0, wide, kinds)
        able = self.orders(word, below)
        if not able:
            word, able = "_count", ["_count"]
        self.tag("aggregation order", word)
        if word == "several":
            return [
                (by, self.dice.choice(ways)) for by in self.dice.sample(able, min(2, len(able)))
            ]
        return [(self.dice.choice(able), self.dice.choice(ways))]

    def orders(self, word, below):
        """What an order of this kind may speak of."""
        if word in ("_count", "_key"):
            return [word]
        if word == "metric":
            # Of one that is about right, nobody knows the order.
            sure = [name for name, one in below.items() if one.word in SINGLE]
            return [
                name for name in sure if (below[name].options.get("precision_threshold") or 9) > 3
            ]
        if word == "figure":
            figures = dict(zip(FIGURED, (STATS, EXTENDED)))
            return [
                f"{name}.{figure}"
                for name, one in below.items()
                for figure in figures.get(one.word, ())
            ]
        if word == "percentile":
            known = [(name, one) for name, one in below.items() if one.word == "percentiles"]
            return [
                f"{name}.{number(at)}"
                for name, one in known
                for at in one.options.get("percents") or [50]
            ]
        kinds = ("_count", "_key", "metric", "figure", "percentile")
        return [by for kind in kinds for by in self.orders(kind, below)]

    def filters(self):
        """One of the filters of a request, as its contract has them."""
        if self.contract == "/v2":
            return Filters(self.dice, self.namespace, self.tags).draw(1)
        own = OwnFilters(self.dice, self.namespace, self.tags)
        return own.any() if self.contract == "/v1" else own.draw()
