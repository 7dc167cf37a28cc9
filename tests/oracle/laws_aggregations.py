"""What aggregations must hold, worked out by hand."""

import math
import random
import sys
import unittest
from fractions import Fraction

import figures
from aggregations_v2 import is_ours
from draw_aggregated import full
from flaws_aggregations import test as exists
from matched import difference, plain
from own_filters import bind_any
from printed import moment
from refusal import Refused
from space import Space
from spelt_aggregations import Asked, spelt
from values import instant
from zones import DAY, MINUTE

LARGEST = sys.float_info.max


def rows(name, values):
    return [{"id": id} | ({} if one is None else {name: one}) for id, one in enumerate(values)]


def space(kind, values):
    return Space(schema={"a": kind}, upsert_rows=rows("a", values))


def told(asked, of, **more):
    """What `/v2` answers, without the places where more than one thing is right."""
    expected = of.ask("/query", {"aggregate_by": asked} | more)
    assert expected.told, expected.kind
    return {name: plain(one) for name, one in expected.told[1]["aggregations"].items()}


def own(asked, of):
    body = {"aggs": asked, "top_k": 0}
    expected = of.world.ask({"method": "POST", "path": "/v1/namespaces/n/query", "body": body})
    assert expected.told, expected.kind
    return {name: plain(one) for name, one in expected.told[1]["aggregations"].items()}


class Figures(unittest.TestCase):
    def test_sums_are_exact_whatever_their_order(self):
        of = space("float", [1e300, 1.0, -1e300, 2.0**-1074])
        self.assertEqual(told({"s": ["Sum", "a", {"missing": 0.0}]}, of), {"s": 1.0})
        ints = space("[]int", [[2**63 - 1, 2**63 - 1], [-1]])
        said = told({"s": ["Stats", "a"], "n": ["ValueCount", "a"]}, ints)
        self.assertEqual(said["n"], 3)
        self.assertEqual(
            said["s"],
            {
                "count": 3,
                "min": -1,
                "max": 2**63 - 1,
                "avg": float(Fraction(2**64 - 3, 3)),
                "sum": 2**64 - 3,
            },
        )

    def test_what_is_beyond_the_largest_is_the_largest(self):
        said = told({"s": ["ExtendedStats", "a"]}, space("float", [LARGEST, LARGEST, -1.0]))["s"]
        self.assertEqual((said["sum"], said["sum_of_squares"]), (LARGEST, LARGEST))
        self.assertEqual(said["variance"], LARGEST)
        self.assertEqual(said["std_deviation"], math.sqrt(LARGEST))

    def test_spread_is_that_of_the_population_and_of_a_sample(self):
        said = told({"s": ["ExtendedStats", "a", {"sigma": 1}]}, space("int", [1, 2, 3, 4]))["s"]
        self.assertEqual((said["variance"], said["variance_sampling"]), (1.25, 5 / 3))
        self.assertEqual(said["std_deviation_bounds"]["upper"], 2.5 + math.sqrt(1.25))
        self.assertEqual(said["std_deviation_bounds"]["lower_sampling"], 2.5 - math.sqrt(5 / 3))
        alone = told({"s": ["ExtendedStats", "a"]}, space("int", [7]))["s"]
        self.assertEqual((alone["variance"], alone["variance_sampling"]), (0.0, None))
        self.assertIsNone(alone["std_deviation_bounds"]["upper_sampling"])

    def test_of_nothing_there_is_no_figure_but_counts_and_sums(self):
        of = space("int", [None])
        said = told({word: [word, "a"] for word in ("Avg", "Min", "Stats", "Cardinality")}, of)
        self.assertEqual((said["Avg"], said["Min"], said["Cardinality"]), (None, None, 0))
        self.assertEqual(
            said["Stats"], {"count": 0, "min": None, "max": None, "avg": None, "sum": 0}
        )
        self.assertIsNone(own({"s": {"extended_stats": {"field": "a"}}}, of)["s"]["sum_of_squares"])

    def test_percentiles_lie_between_their_neighbours(self):
        of = space("int", [10, 20, 30, 40])
        said = told({"p": ["Percentiles", "a", [50, 0, 100, 10]]}, of)["p"]
        self.assertEqual(
            said, {"0.0": 10.0, "10.0": 10 + 0.1 * 3 * 10, "50.0": 25.0, "100.0": 40.0}
        )
        self.assertEqual(list(said), ["0.0", "10.0", "50.0", "100.0"])
        apart = space("float", [-LARGEST, LARGEST])
        self.assertEqual(told({"p": ["Percentiles", "a", [50]]}, apart)["p"], {"50.0": 0.0})

    def test_of_many_values_percentiles_are_nearly_right(self):
        dice = random.Random(1)
        ranked = sorted(dice.gauss(0, 1) * 10 ** dice.randint(-5, 5) for _ in range(5_000))
        for percent in (0, 0.1, 1, 33, 50, 99, 100):
            figure = figures.percentile("float", ranked, percent)
            exact = ranked[math.floor(percent / 100 * (len(ranked) - 1))]
            self.assertTrue(figure.binned)
            self.assertLessEqual(abs(figure.v1 - exact), abs(exact) / 256)
        self.assertEqual(figures.middle(1.0), 1 + 2**-8)
        self.assertEqual(figures.middle(-1e-310), 0.0)

    def test_a_missing_value_is_what_stands_for_it(self):
        of = space("[]float", [[-0.0, 0.0], [], None])
        said = {"n": ["ValueCount", "a"], "m": ["Avg", "a", {"missing": 3}]}
        said |= {"c": ["Cardinality", "a"]}
        self.assertEqual(told(said, of), {"n": 2, "m": 1.5, "c": 1})

    def test_a_moment_is_its_milliseconds(self):
        of = space("datetime", ["1970-01-01T00:00:00.001999Z", "1970-01-01T00:00:00.002Z"])
        said = own({"m": {"max": {"field": "a"}}, "a": {"avg": {"field": "a"}}}, of)
        self.assertEqual(said["a"], {"value": 1.5, "value_as_string": "1970-01-01T00:00:00.001Z"})
        self.assertEqual(said["m"]["value"], 2.0)


class Buckets(unittest.TestCase):
    def test_a_document_stands_in_a_bucket_once_and_its_values_count_each(self):
        of = space("[]int", [[1, 1, 2], [2]])
        said = told({"t": ["Terms", "a", {"aggs": {"s": ["Sum", "a"]}}]}, of)["t"]
        self.assertEqual(
            said["buckets"], [{"key": 2, "count": 2, "s": 6}, {"key": 1, "count": 1, "s": 4}]
        )

    def test_what_is_not_told_is_counted_with_the_others(self):
        of = space("string", ["a", "b", "b", "c", "c", "c"])
        said = told({"t": ["Terms", "a", {"size": 1}]}, of)["t"]
        self.assertEqual(said, {"buckets": [{"key": "c", "count": 3}], "other_count": 3})
        said = told({"t": ["Terms", "a", {"min_doc_count": 2, "order": ["_key", "desc"]}]}, of)["t"]
        self.assertEqual([one["key"] for one in said["buckets"]], ["c", "b"])
        self.assertEqual(said["other_count"], 1)

    def test_what_has_no_figure_comes_last_in_both_directions(self):
        of = Space(upsert_rows=[{"id": id, "s": s} for id, s in enumerate("abc")])
        of.write(patch_rows=[{"id": 0, "n": 1}, {"id": 2, "n": 5}])
        for way, keys in (("asc", "acb"), ("desc", "cab")):
            asked = ["Terms", "s", {"order": ["m.max", way], "aggs": {"m": ["Stats", "n"]}}]
            found = told({"t": asked}, of)["t"]["buckets"]
            self.assertEqual("".join(one["key"] for one in found), keys)

    def test_steps_without_documents_are_told_unless_they_must_have_some(self):
        of = space("float", [-0.5, 1.0])
        steps = lambda **said: told({"h": ["Histogram", "a", {"interval": 0.5} | said]}, of)["h"]
        keys = lambda **said: [one["key"] for one in steps(**said)["buckets"]]
        self.assertEqual(keys(), [-0.5, 0.0, 0.5, 1.0])
        self.assertEqual(keys(min_doc_count=1), [-0.5, 1.0])
        self.assertEqual(keys(interval=1, offset=0.25), [-0.75, 0.25])
        self.assertEqual(keys(extended_bounds={"max": 2}), [-0.5, 0.0, 0.5, 1.0, 1.5, 2.0])

    def test_gaps_are_filled_with_what_dense_documents_would_stand_in(self):
        """Whenever clocks were changed meanwhile: there buckets are an hour short, or begin."""
        for place, said, first, last, apart in [
            ("America/New_York", "90d", "2016-05-01", "2024-05-20", DAY),
            ("Europe/Berlin", "100d", "2016-05-01", "2024-05-20", DAY),
            ("Australia/Sydney", "180d", "2016-05-01", "2024-05-20", DAY),
            ("Antarctica/Troll", "2h", "2024-03-30", "2024-04-01", 30 * MINUTE),
            ("Pacific/Apia", "7h", "2011-12-28", "2012-01-02", 60 * MINUTE),
            ("Australia/Lord_Howe", "17m", "2024-10-05T12:00:00Z", "2024-10-05T18:00:00Z", MINUTE),
            ("America/Sao_Paulo", "17m", "2018-11-04", "2018-11-04T06:00:00Z", MINUTE),
            ("America/Sao_Paulo", "17m", "2018-02-18", "2018-02-18T06:00:00Z", MINUTE),
        ]:
            first, last = (instant(text) // 1000 for text in (first, last))
            dense = [moment(at) for at in range(first, last + 1, apart)]
            options = {"fixed_interval": said, "time_zone": place}

            def keys(values, **more):
                asked = {"d": ["DateHistogram", "a", options | more]}
                buckets = told(asked, space("datetime", values))["d"]["buckets"]
                return [one["key"] for one in buckets]

            filled = keys([dense[0], dense[-1]])
            self.assertEqual(filled, keys(dense, min_doc_count=1), place)
            self.assertGreater(len(filled), 10, place)

    def test_ranges_are_told_from_the_first_to_the_last(self):
        of = space("int", [1, 2, 3])
        ranges = [{"from": 2}, {"to": 3}, {"from": 2, "to": 3}, {"key": "all"}]
        said = told({"r": ["Range", "a", {"ranges": ranges}]}, of)["r"]["buckets"]
        self.assertEqual(
            [(one["key"], one["count"]) for one in said],
            [("*-3.0", 2), ("all", 3), ("2.0-3.0", 1), ("2.0-*", 2)],
        )

    def test_filters_overlap_and_the_rest_comes_last(self):
        of = space("string", ["cat", "dog", None])
        tests = {"b": {"prefix": {"a": "c"}}, "a": {"wildcard": {"a": "*?t"}}}
        said = own({"f": {"filters": {"filters": tests, "other_bucket": True}}}, of)["f"]["buckets"]
        self.assertEqual(
            {name: one["doc_count"] for name, one in said.items()}, {"a": 1, "b": 1, "_other_": 2}
        )
        self.assertEqual(list(said), ["a", "b", "_other_"])

    def test_buckets_of_the_same_time_have_their_own_names(self):
        of = space("datetime", ["2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"])
        asked = {"field": "a", "calendar_interval": "1h", "time_zone": "Europe/Berlin"}
        said = own({"d": {"date_histogram": asked | {"keyed": True}}}, of)["d"]["buckets"]
        self.assertEqual(
            list(said), ["2024-10-27T02:00:00.000+02:00", "2024-10-27T02:00:00.000+01:00"]
        )

    def test_an_object_has_no_two_buckets_of_a_name(self):
        of = space("datetime", ["2023-12-31T12:00:00Z", "2024-01-01T12:00:00Z"])
        for word, format, keyed, kind in (
            ("day", "yyyy", True, None),
            ("day", "yyyy", False, None),
            ("1h", "yyyy", False, None),
            ("1h", "yyyy", True, "two buckets of a name"),
            # The noon of one day, and that of the next.
            ("1h", "HH:mm", True, "two buckets of a name"),
            ("1h", "dd HH", True, None),
        ):
            asked = {"field": "a", "calendar_interval": word, "format": format, "keyed": keyed}
            body = {"top_k": 0, "aggs": {"d": {"date_histogram": asked}}}
            request = {"method": "POST", "path": "/v1/namespaces/n/query", "body": body}
            expected = of.world.ask(request)
            self.assertEqual(expected.kind, kind, asked)
            self.assertEqual(expected.names, ["`d`"] if kind else ())

    def test_limits_are_what_is_written_down(self):
        of = space("int", [1])
        nothing = {"filters": ["id", "Eq", None]}
        for more, kind in ((0, None), (1, "too many buckets")):
            body = nothing | spelt("/v2", full("a", more))
            self.assertEqual(of.ask("/query", body).kind, kind)
        for depth, kind in ((3, None), (4, "aggregation depth")):
            asked = Asked("value_count", "a")
            for _ in range(depth):
                asked = Asked("filters", None, {"filters": exists("id")}, {"b": asked})
            self.assertEqual(of.ask("/query", spelt("/v2", {"a": asked})).kind, kind)
        for count, kind in ((64, None), (65, "too many aggregations")):
            many = {f"m{n}": ["Avg", "a"] for n in range(count)}
            self.assertEqual(of.ask("/query", {"aggregate_by": many}).kind, kind)


class Elastic(unittest.TestCase):
    def test_filters_of_elasticsearch_hold_for_one_element(self):
        docs = [{"id": 1, "a": ["x", "yz"]}, {"id": 2, "a": []}, {"id": 3, "n": 5}]
        of = Space(schema={"a": "[]string"}, upsert_rows=docs)
        here = of.world.namespaces["n"]
        for said, ids in [
            ({"match_all": {}}, [1, 2, 3]),
            ({"match_none": {}}, []),
            ({"term": {"a": "x"}}, [1]),
            ({"terms": {"a": ["yz", "w"]}}, [1]),
            ({"exists": {"field": "a"}}, [1, 2]),
            ({"prefix": {"a": {"value": "y"}}}, [1]),
            ({"wildcard": {"a": "?z"}}, [1]),
            ({"range": {"n": {"lt": 9}}}, [3]),
            ({"bool": {"must_not": [{"exists": {"field": "n"}}]}}, [1, 2]),
            ({"bool": {"should": [{"term": {"n": 5}}, {"term": {"a": "x"}}]}}, [1, 3]),
            ({"bool": {"filter": {"match_all": {}}, "should": [{"match_none": {}}]}}, [1, 2, 3]),
            ({"type": "not", "conditions": [{"field": "n", "op": "exists"}]}, [1, 2]),
        ]:
            test = bind_any(here.schema, said)
            self.assertEqual([doc["id"] for doc in here.sorted() if test(doc)], ids, said)


    def test_moments_are_called_by_their_milliseconds_too(self):
        docs = [{"id": 1, "d": "1970-01-01"}, {"id": 2, "d": "2024-03-01"}, {"id": 3, "n": 5}]
        of = Space(schema={"d": "datetime"}, upsert_rows=docs)
        here = of.world.namespaces["n"]
        for said, ids in [
            ({"term": {"d": 0}}, [1]),
            ({"terms": {"d": [0.0, "2024-03-01"]}}, [1, 2]),
            ({"range": {"d": {"gt": 0, "lte": 1709251200000}}}, [2]),
            ({"field": "d", "op": "not_in", "value": [0]}, [2, 3]),
            ({"field": "n", "op": "eq", "value": 5}, [3]),
        ]:
            test = bind_any(here.schema, said)
            self.assertEqual([doc["id"] for doc in here.sorted() if test(doc)], ids, said)
        for odd in (0.5, 1e300, True):
            with self.assertRaises(Refused):
                bind_any(here.schema, {"term": {"d": odd}})


class Differences(unittest.TestCase):
    def test_a_figure_that_is_another_is_found_by_its_place(self):
        wanted = {"buckets": [{"key": 1.0, "count": 2}]}
        self.assertIsNone(difference(wanted, {"buckets": [{"key": 1, "count": 2}]}))
        for found, place in [
            ({"buckets": [{"key": 1.5, "count": 2}]}, ".buckets[0].key"),
            ({"buckets": [{"key": 1, "count": 2.0}]}, ".buckets[0].count"),
            ({"buckets": [{"key": True, "count": 2}]}, ".buckets[0].key"),
            ({"buckets": [{"key": 1}]}, ".buckets[0] has"),
            ({"buckets": []}, ".buckets has 0"),
        ]:
            self.assertTrue(difference(wanted, found).startswith(place), found)

    def test_a_sum_of_the_contract_stays_its_own(self):
        self.assertFalse(is_ours(["Sum", "a"]) or is_ours(["Count"]))
        self.assertTrue(is_ours(["Sum", "a", {"missing": 0}]) and is_ours(["Avg", "a"]))


if __name__ == "__main__":
    unittest.main()
