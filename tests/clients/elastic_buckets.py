"""Buckets as the client of Elasticsearch asks for them and reads them: terms, steps, ranges and
filters, in each other and in an order."""

import unittest

from elasticsearch.dsl import A, Boolean, Date, Document, Keyword, Q, Search, aggs

from buckets import answers
from elastic import Asked, documents
from node import both

ORDERS = [
    {"_count": "asc"},
    {"_key": "asc"},
    {"_key": "desc"},
    [{"_count": "desc"}, {"_key": "desc"}],
    {"price": "desc"},
    {"price": "asc"},
    [{"about.max": "asc"}, {"_count": "asc"}],
    {"spread.std_deviation_sampling": "desc"},
    {"part.90": "asc"},
    {"kinds": "desc"},
]


class Row(Document):
    """What a client knows of the types of its documents."""

    color = Keyword()
    flag = Boolean()
    seen = Date()


def of(**named):
    """A search for these, by their names."""
    search = Search()
    for name, built in named.items():
        search.aggs.bucket(name, built)
    return search


def measured(built):
    """The same, with metrics below that it may be ordered by."""
    built.metric("price", "avg", field="price").metric("about", "stats", field="sizes")
    built.metric("spread", "extended_stats", field="price")
    built.metric("part", "percentiles", field="prices", percents=[90])
    built.metric("kinds", "cardinality", field="tags")
    return built


@both
class Buckets(Asked):
    def setUp(self):
        self.fill(documents(150, seed=2))

    def test_terms_are_counted_one_by_one(self):
        names = ["color", "tags", "size", "sizes", "count", "price", "wild", "flag", "uuid"]
        for name in [*names, "seen", "times"]:
            with self.subTest(name):
                whole, least = A("terms", field=name, size=1000), A("terms", field=name)
                few = aggs.Terms(field=name, size=2, min_doc_count=3, shard_size=5)
                self.agrees(of(whole=whole, least=least, few=few))

    def test_terms_come_in_the_order_that_is_asked_for(self):
        for order in ORDERS:
            with self.subTest(order):
                colors = measured(A("terms", field="color", order=order))
                sizes = measured(A("terms", field="size", order=order, size=4))
                self.agrees(of(colors=colors, sizes=sizes))

    def test_what_has_no_value_may_stand_in_a_bucket_of_its_own(self):
        given = {"color": "none", "size": 4, "price": 0.5, "flag": False, "tags": "x"}
        given |= {"seen": "2012-03-25T01:00:00Z", "uuid": "03000000-0000-0000-0000-000000000000"}
        built = {name: A("terms", field=name, missing=value) for name, value in given.items()}
        self.agrees(of(**built))

    def test_a_histogram_has_no_gaps(self):
        for options in [
            {"field": "size", "interval": 2},
            {"field": "sizes", "interval": 7, "offset": 3},
            {"field": "price", "interval": 0.3, "min_doc_count": 1},
            {"field": "price", "interval": 2.5, "offset": -0.25, "order": {"_key": "desc"}},
            {"field": "prices", "interval": 1, "order": {"_count": "desc"}},
            {"field": "size", "interval": 1, "keyed": True},
            {"field": "size", "interval": 3, "missing": 20},
            {"field": "size", "interval": 5, "extended_bounds": {"min": -22, "max": 31}},
            {"field": "size", "interval": 5, "extended_bounds": {"max": 31}},
        ]:
            with self.subTest(options):
                below = A("histogram", **options).metric("price", "avg", field="price")
                self.agrees(of(steps=below))

    def test_ranges_are_from_the_first_on_and_up_to_the_second(self):
        numbers = [{"to": 0}, {"from": 0, "to": 2.5, "key": "few"}, {"from": -1}, {"from": -3}]
        large = [{"from": 2**53 + 1}, {"to": 2**53 + 1}]
        moments = [{"to": "2012-03-25T01:00:00Z"}, {"from": 1_332_637_200_000, "key": "later"}]
        for options in [
            {"field": "size", "ranges": numbers},
            {"field": "prices", "ranges": numbers, "keyed": True},
            {"field": "price", "ranges": [*numbers, {}], "missing": 1},
            {"field": "count", "ranges": large},
            {"field": "seen", "ranges": moments},
            {"field": "times", "ranges": moments, "keyed": True},
        ]:
            with self.subTest(options):
                below = A("range", **options).metric("n", "value_count", field="color")
                self.agrees(of(parts=below))

    def test_a_bucket_may_have_a_filter_of_its_own(self):
        red, x = Q("term", color="red"), Q("terms", tags=["x", "y"])
        cheap = Q("range", price={"gte": -2, "lt": 2.5})
        queries = {
            "red": red,
            "either": red | x,
            "both": red & x,
            "not": ~red,
            "value": Q("term", size={"value": 2}),
            "range": cheap,
            "exists": Q("exists", field="tags"),
            "prefix": Q("prefix", color="gr"),
            "star": Q("prefix", color="*"),
            "wildcard": Q("wildcard", tags="?"),
            "none": Q("match_none"),
            "all": Q("match_all"),
            "many": Q("bool", filter=[cheap], should=[red, x], minimum_should_match=1),
            "some": Q("bool", must=[cheap], should=[red], must_not=[x]),
        }
        named = A("filters", filters=queries, other_bucket=True)
        pairs = A("filters", filters={"r": red, "x": x}, keyed=False, other_bucket_key="rest")
        for built in (named, pairs):
            built.metric("price", "sum", field="price")
        found = self.agrees(of(named=named, pairs=pairs))
        red = [row for row in self.rows if row.get("color") == "red"]
        self.assertEqual(found.named.buckets.red.doc_count, len(red))
        self.assertEqual([each.key for each in found.pairs.buckets], ["r", "x", "rest"])

    def test_filters_need_no_names(self):
        # Which the builder cannot say, for it takes what has names.
        queries = [each.to_dict() for each in (Q("term", color="red"), Q("exists", field="size"))]
        built = {"listed": {"filters": {"filters": queries, "other_bucket_key": "rest"}}}
        answer = self.post({"top_k": 0, "aggs": built})
        self.assertEqual(answer["aggregations"], answers(built, self.schema, self.rows))
        self.assertEqual(len(answer["aggregations"]["listed"]["buckets"]), 3)

    def test_buckets_stand_in_buckets_four_deep(self):
        search = Search()
        colors = search.aggs.bucket("colors", "terms", field="color", order={"price": "desc"})
        colors.metric("price", "max", field="price")
        months = colors.bucket("months", "date_histogram", field="seen", calendar_interval="month")
        parts = months.bucket("parts", "range", field="size", ranges=[{"to": 0}, {"from": 0}])
        parts.metric("sizes", "extended_stats", field="sizes")
        found = self.agrees(search)
        first = found.colors.buckets[0].months.buckets[0].parts.buckets[1]
        self.assertEqual(first.key, "0.0-*")
        self.assertGreaterEqual(first.sizes.count, 0)

    def test_a_client_reads_keys_as_values_of_its_documents(self):
        search = Row.search()
        search.aggs.bucket("flags", "terms", field="flag", order={"_key": "asc"})
        search.aggs.bucket("days", "date_histogram", field="seen", calendar_interval="day")
        found = self.answered(search)
        self.assertEqual([each.key for each in found.flags], [False, True])
        days = [each.key for each in found.days if each.doc_count]
        seen = {row["seen"][:10] for row in self.rows if "seen" in row}
        self.assertEqual([day.date().isoformat() for day in days], sorted(seen))

    def test_rows_may_come_beside_what_is_said_of_all(self):
        search = of(sizes=A("terms", field="size", size=20))
        built = search.to_dict()["aggs"]
        asked = {"top_k": 3, "sort": [{"field": "id"}], "include_attributes": ["size"]}
        answer = self.post(asked | {"aggregations": built})
        self.assertEqual([row["id"] for row in answer["results"]], [0, 1, 2])
        alone = self.post({"top_k": 0, "aggs": built})
        self.assertEqual(answer["aggregations"], alone["aggregations"])


@both
class Refused(Asked):
    """What the client can build and a node has not, which is refused by its name."""

    def test_what_is_not_there_is_named(self):
        self.fill(documents(3))
        for built, named in [
            (A("date_range", field="seen", ranges=[{"from": "now-1d"}]), "date_range"),
            (A("terms", field="color", include="r.*"), "include"),
            (A("terms", field="color", min_doc_count=0), "min_doc_count"),
            (A("histogram", field="size", interval=1, hard_bounds={"min": 0}), "hard_bounds"),
            (A("percentiles", field="price", tdigest={"compression": 100}), "tdigest"),
            (A("avg", field="price", script={"source": "1"}), "script"),
            (A("avg", field="price", meta={"a": 1}), "meta"),
            (A("avg", field="cost"), "cost"),
            (A("sum", field="color"), "color"),
        ]:
            with self.subTest(named):
                asked = {"top_k": 0, "aggs": of(a=built).to_dict()["aggs"]}
                status, refusal = self.sent(asked)
                self.assertEqual(status, 400)
                self.assertIn(named, refusal["error"])


if __name__ == "__main__":
    unittest.main()
