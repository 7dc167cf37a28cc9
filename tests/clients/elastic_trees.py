"""Aggregations at random, of all kinds in each other, built by the client of Elasticsearch."""

import random
import unittest

from elasticsearch.dsl import A, Q, Search

from elastic import SCHEMA, Asked, documents
from elastic_dates import ZONES
from figures import METRICS
from node import both

TREES = 120
DEPTH = 4
SCALARS = [name for name in SCHEMA if name not in ("raw", "wild")]
NUMBERS = ["size", "sizes", "price", "prices"]
FIELDS = {
    "cardinality": SCALARS,
    "value_count": SCALARS,
    "terms": SCALARS,
    "histogram": NUMBERS,
    "date_histogram": ["seen", "times"],
    "range": [*NUMBERS, "seen", "times", "count"],
}
BUCKETS = ["terms", "histogram", "date_histogram", "range", "filters"]
MISSING = {"color": "red", "size": 3, "price": 0.5, "seen": "2012-05-05", "sizes": 0}
FILTERS = [
    Q("term", color="red"),
    Q("terms", tags=["x", "z"]),
    Q("range", price={"gte": 0}),
    Q("exists", field="seen"),
    Q("prefix", color="b"),
    ~Q("term", flag=True),
    Q("term", size=1) | Q("term", size=2),
    Q("term", tags="y") & Q("range", size={"lt": 3}),
]
MONTHS = ["2011-11-01", "2012-03-25T01:00:00Z", 1_340_000_000_000, "2012-10-28T01:30:00Z"]


class Trees:
    """The same trees for the same seed."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self._names = iter(range(10**6))

    def search(self):
        search = Search()
        for _ in range(self.dice.randrange(1, 4)):
            search.aggs.bucket(self.name(), self.draw(1))
        return search

    def name(self):
        return f"{self.dice.choice('abc')}{next(self._names)}"

    def draw(self, depth):
        dice = self.dice
        if depth == DEPTH or dice.random() < 0.3:
            return self.metric()
        kind = dice.choice(BUCKETS)
        options, below = getattr(self, f"_{kind}")(), {}
        for _ in range(dice.randrange(3)):
            below[self.name()] = self.draw(depth + 1)
        if kind not in ("range", "filters") and dice.random() < 0.6:
            order = self.order(below)
            options |= {"order": order} if order else {}
        built = A(kind, **options)
        for name, each in below.items():
            built.bucket(name, each)
        return built

    def metric(self):
        dice = self.dice
        kind = dice.choice(METRICS)
        options = self.field(kind, [*NUMBERS, "count", "seen", "wild"])
        if kind == "percentiles" and dice.random() < 0.5:
            options["percents"] = dice.sample([0, 1, 12.5, 50, 75, 99.9, 100], k=3)
            options["keyed"] = dice.random() < 0.5
        if kind == "extended_stats" and dice.random() < 0.5:
            options["sigma"] = dice.choice([0, 1, 2.5])
        return A(kind, **options)

    def field(self, kind, usual=()):
        name = self.dice.choice(FIELDS.get(kind, usual))
        given = name in MISSING and self.dice.random() < 0.3
        return {"field": name} | ({"missing": MISSING[name]} if given else {})

    def order(self, below):
        """By words, or by a metric that has one figure, or by one of several."""
        words = ["_count", "_key"]
        for name, built in below.items():
            figures = {"stats": [".max", ".count"], "extended_stats": [".variance"]}
            if built.name in ("avg", "min", "sum", "cardinality", "value_count"):
                words.append(name)
            words += [f"{name}{figure}" for figure in figures.get(built.name, ())]
        order = [
            {word: self.dice.choice(["asc", "desc"])}
            for word in self.dice.sample(words, k=self.dice.randrange(3))
        ]
        return order[0] if len(order) == 1 and self.dice.random() < 0.5 else order

    def _terms(self):
        sizes = {"size": self.dice.choice([1, 3, 100])} if self.dice.random() < 0.6 else {}
        least = {"min_doc_count": 2} if self.dice.random() < 0.3 else {}
        return self.field("terms") | sizes | least

    def _histogram(self):
        options = self.field("histogram") | {"interval": self.dice.choice([1, 2.5, 7])}
        if self.dice.random() < 0.3:
            options["offset"] = self.dice.choice([-1, 0.25])
        return options | self._layout({"min": -9, "max": 12})

    def _date_histogram(self):
        dice = self.dice
        calendar = {"calendar_interval": dice.choice(["week", "month", "quarter", "year"])}
        options = self.field("date_histogram")
        options |= dice.choice([calendar, {"fixed_interval": dice.choice(["10d", "1000h"])}])
        if dice.random() < 0.7:
            options["time_zone"] = dice.choice(ZONES)
        if dice.random() < 0.3:
            options["offset"] = dice.choice(["6h", "-1d"])
        return options | self._layout({"min": "2011-11-11", "max": 1_356_000_000_000})

    def _layout(self, bounds):
        dice = self.dice
        options = {"keyed": True} if dice.random() < 0.3 else {}
        if dice.random() < 0.4:
            return options | {"min_doc_count": dice.choice([1, 3])}
        return options | ({"extended_bounds": bounds} if dice.random() < 0.3 else {})

    def _range(self):
        dice, options = self.dice, self.field("range")
        moments = SCHEMA[options["field"]].endswith("datetime")
        ends = MONTHS if moments else [-3, 0, 2.5, 9]
        low, high = sorted(dice.sample(range(len(ends)), k=2))
        ranges = [{"to": ends[high]}, {"from": ends[low], "key": "rest"}]
        ranges.append({"from": ends[low], "to": ends[high]})
        options["ranges"] = dice.sample(ranges, k=dice.randrange(1, 4))
        return options | ({"keyed": True} if dice.random() < 0.3 else {})

    def _filters(self):
        dice = self.dice
        chosen = dice.sample(FILTERS, k=dice.randrange(1, 4))
        other = dice.choice([{}, {"other_bucket": True}, {"other_bucket_key": "rest"}])
        named = {f"{dice.choice('zyx')}{at}": each for at, each in enumerate(chosen)}
        keyed = {"keyed": False} if dice.random() < 0.3 else {}
        return {"filters": named} | other | keyed


@both
class AtRandom(Asked):
    def test_whatever_stands_in_what_is_counted(self):
        self.fill(documents(120, seed=5))
        size = {"field": "size", "op": "gte", "value": -1}
        some = [row for row in self.rows if row.get("size", -9) >= -1]
        for seed in range(TREES):
            search = Trees(seed).search()
            with self.subTest(seed):
                if seed % 3:
                    self.agrees(search)
                else:
                    self.agrees(search, rows=some, filter=size)


if __name__ == "__main__":
    unittest.main()
