"""Metrics as the client of Elasticsearch asks for them and reads them: exact, whatever they are of."""

import random
import unittest

from elasticsearch.dsl import Search

from elastic import SCHEMA, Asked, documents
from node import both

NUMBERS = [name for name, kind in SCHEMA.items() if kind.strip("[]") in ("int", "uint", "float")]
MOMENTS = ["seen", "times"]
OTHERS = ["color", "tags", "flag", "uuid", "raw"]
# So many values a percentile sorts; of more it puts each into a bin.
SORTED_MAX = 4096
BIN_ERROR = 1 / 256
MANY = 9000


def metrics(*asked):
    """A search for each of these: `(kind, options)`."""
    search = Search()
    for at, (kind, options) in enumerate(asked):
        search.aggs.metric(f"{kind}-{at}", kind, **options)
    return search


@both
class Figures(Asked):
    def setUp(self):
        self.fill(documents(150))

    def test_each_metric_of_each_number_is_exact(self):
        for kind in ("avg", "sum", "min", "max", "value_count", "stats", "extended_stats"):
            with self.subTest(kind):
                self.agrees(metrics(*((kind, {"field": name}) for name in NUMBERS + MOMENTS)))

    def test_what_has_no_value_may_be_given_one(self):
        given = [(kind, {"field": "size", "missing": 40}) for kind in ("avg", "min", "stats")]
        given += [("sum", {"field": "prices", "missing": 0.1})]
        given += [("max", {"field": "seen", "missing": "2030-01-01T00:00:00.5Z"})]
        given += [("value_count", {"field": "tags", "missing": "none"})]
        self.agrees(metrics(*given))

    def test_of_nothing_there_is_nothing(self):
        nothing = {"filter": {"field": "size", "op": "gt", "value": 99}}
        kinds = ["avg", "sum", "min", "max", "value_count", "stats", "extended_stats"]
        kinds += ["percentiles", "cardinality"]
        for name in ("price", "seen"):
            search = metrics(*((kind, {"field": name}) for kind in kinds))
            self.agrees(search, rows=[], **nothing)

    def test_bounds_are_so_many_deviations_away(self):
        sigmas = [({"field": "price", "sigma": sigma}) for sigma in (0, 0.5, 3)]
        found = self.agrees(metrics(*(("extended_stats", options) for options in sigmas)))
        first = found["extended_stats-0"]
        self.assertEqual(first.std_deviation_bounds.upper, first.avg)

    def test_percentiles_lie_between_two_values(self):
        asked = [("percentiles", {"field": name}) for name in NUMBERS + MOMENTS]
        asked += [
            ("percentiles", {"field": "price", "percents": [0, 33.3, 50, 99.9, 100]}),
            ("percentiles", {"field": "price", "percents": [50, 2.5], "keyed": False}),
            ("percentiles", {"field": "seen", "percents": [50], "keyed": False}),
            ("percentiles", {"field": "sizes", "missing": 7}),
        ]
        self.agrees(metrics(*asked))

    def test_different_values_are_counted(self):
        names = NUMBERS + MOMENTS + OTHERS
        self.agrees(metrics(*(("cardinality", {"field": name}) for name in names)))
        self.agrees(metrics(*(("value_count", {"field": name}) for name in names)))

    def test_a_filter_is_asked_first(self):
        size = {"filter": {"field": "size", "op": "gte", "value": 0}}
        rows = [row for row in self.rows if row.get("size", -1) >= 0]
        self.agrees(metrics(("stats", {"field": "price"})), rows=rows, **size)


@both
class Read(Asked):
    """Figures that a reader can work out, under the names that a client has for them."""

    def setUp(self):
        prices = [1, 2, 3, 4]
        rows = [{"id": n, "price": float(price)} for n, price in enumerate(prices)]
        rows[0]["seen"] = "2015-01-01T00:00:00.250Z"
        self.fill(rows, {"price": "float", "seen": "datetime"})

    def test_a_client_finds_each_figure_under_its_name(self):
        search = Search()
        search.aggs.metric("n", "value_count", field="price").metric("avg", "avg", field="price")
        search.aggs.metric("spread", "extended_stats", field="price", sigma=1)
        search.aggs.metric("half", "percentiles", field="price", percents=[50])
        search.aggs.metric("last", "max", field="seen")
        found = self.answered(search)
        self.assertEqual((found.n.value, found.avg.value), (4, 2.5))
        self.assertEqual((found.spread.variance, found.spread.sum_of_squares), (1.25, 30.0))
        self.assertEqual(found.spread.variance_sampling, 5 / 3)
        bounds = found.spread.std_deviation_bounds
        self.assertEqual(bounds.upper - bounds.lower, 2 * 1.25**0.5)
        self.assertEqual(found.half["values"]["50.0"], 2.5)
        self.assertEqual(found.last.value, 1_420_070_400_250.0)
        self.assertEqual(found.last.value_as_string, "2015-01-01T00:00:00.250Z")


@both
class Many(Asked):
    """More values than are sorted, and more than are told apart one by one."""

    def test_of_many_values_an_answer_is_as_near_as_is_promised(self):
        dice = random.Random(3)
        rows = [{"id": id, "n": dice.lognormvariate(3, 2)} for id in range(MANY)]
        self.fill(rows, {"n": "float"}, step=3000)
        search = Search()
        search.aggs.metric("part", "percentiles", field="n", percents=[0, 1, 50, 99, 100])
        search.aggs.metric("exact", "cardinality", field="n", precision_threshold=MANY)
        search.aggs.metric("near", "cardinality", field="n", precision_threshold=100)
        found = self.answered(search)
        self.assertEqual(found.exact.value, MANY)
        self.assertAlmostEqual(found.near.value, MANY, delta=MANY * 0.05)
        self.assertGreater(MANY, SORTED_MAX)
        ordered = sorted(row["n"] for row in rows)
        for percent, told in found.part["values"].to_dict().items():
            lies = ordered[int(float(percent) / 100 * (MANY - 1))]
            self.assertAlmostEqual(told, lies, delta=lies * BIN_ERROR, msg=percent)
        self.assertEqual(found.part["values"]["0.0"], ordered[0])
        self.assertEqual(found.part["values"]["100.0"], ordered[-1])


if __name__ == "__main__":
    unittest.main()
