"""Queries: the nearest vectors and the orders, what comes with a row, and counts."""

import base64
import math
import random
import struct
import time
import unittest

import turbopuffer

from node import both, everything, ids, rows
from proofs import proves

DIMS = 16
NEAR = 1e-5


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def distance(metric, a, b):
    """What a metric means, in double precision."""
    if metric == "euclidean_squared":
        return math.fsum((x - y) ** 2 for x, y in zip(a, b))
    if metric == "dot_product":
        return -dot(a, b)
    return 1 - dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))


def vectors(count, element="f32"):
    dice = random.Random(count)
    if element == "i8":
        return [[dice.randrange(-128, 128) for _ in range(DIMS)] for _ in range(count)]
    # Eighths, which every kind of float holds.
    return [[dice.randrange(-64, 64) / 8 for _ in range(DIMS)] for _ in range(count)]


@both
class Queries:
    def space(self, metric="cosine_distance", element="f32", count=300):
        """A namespace of vectors, written in several requests, and what is in it."""
        ns = self.fresh()
        schema = {"vector": {"type": f"[{DIMS}]{element}", "ann": True}}
        documents = [
            {"id": id, "vector": vector, "kind": id % 7}
            for id, vector in enumerate(vectors(count, element))
        ]
        for start in range(0, count, 64):
            some = documents[start : start + 64]
            ns.write(distance_metric=metric, schema=schema, upsert_rows=some)
        return ns, documents

    def nearest(self, found, documents, metric, target):
        """Checks an answer against all documents, each looked at."""
        truth = {row["id"]: distance(metric, row["vector"], target) for row in documents}
        best = sorted(truth.values())[: len(found.rows)]
        tolerance = NEAR * max(1, *map(abs, best))
        for row, wanted in zip(found.rows, best):
            self.assertAlmostEqual(row["$dist"], wanted, delta=tolerance)
            self.assertAlmostEqual(row["$dist"], truth[row.id], delta=tolerance)
        dists = [row["$dist"] for row in found.rows]
        self.assertEqual(dists, sorted(dists))
        self.assertEqual(len(set(ids(found))), len(found.rows))

    @proves("1.7", "query")
    @proves("3.1", "rank_by", "limit as a number")
    @proves("3.2", "ANN", "cosine_distance", "euclidean_squared")
    @proves("3.3", "$dist of a ranking by score")
    @proves("3.10", "rows")
    @proves("11", "all rankings")
    def test_the_nearest_are_the_nearest_of_all(self):
        for metric in ("cosine_distance", "euclidean_squared", "dot_product"):
            for element in ("f32", "f16", "i8"):
                with self.subTest(metric=metric, element=element):
                    ns, documents = self.space(metric, element)
                    (target,) = vectors(1)
                    found = ns.query(rank_by=("vector", "ANN", target), limit=20)
                    self.assertEqual(len(found.rows), 20)
                    self.nearest(found, documents, metric, target)

    @proves("1.5", "kNN without filters")
    @proves("3.1", "filters")
    @proves("3.2", "kNN")
    def test_a_filter_comes_before_the_limit(self):
        ns, documents = self.space()
        (target,) = vectors(1)
        some = [row for row in documents if row["kind"] == 3]
        for word in ("ANN", "kNN"):
            found = ns.query(rank_by=("vector", word, target), limit=10, filters=("kind", "Eq", 3))
            self.assertEqual(len(found.rows), 10)
            self.nearest(found, some, "cosine_distance", target)
        self.refused(
            turbopuffer.BadRequestError,
            "kNN requires filters",
            ns.query,
            rank_by=("vector", "kNN", target),
            limit=10,
        )

    @proves("3.2", "ties by id")
    def test_what_is_equally_near_goes_by_id(self):
        ns = self.fresh()
        points = {5: [1.0, 0.0], 3: [0.0, 1.0], 4: [-1.0, 0.0], 1: [0.0, -1.0], 2: [0.0, 0.0]}
        for id, vector in points.items():
            row = {"id": id, "vector": vector}
            ns.write(distance_metric="euclidean_squared", upsert_rows=[row])
        found = ns.query(rank_by=("vector", "ANN", [0.0, 0.0]), limit=4)
        expected = [(2, 0.0), (1, 1.0), (3, 1.0), (4, 1.0)]
        self.assertEqual([(row.id, row["$dist"]) for row in found.rows], expected)

    def test_documents_without_a_vector_have_no_neighbours(self):
        ns = self.fresh()
        ns.write(
            distance_metric="euclidean_squared",
            upsert_rows=[
                {"id": 1, "vector": [1.5, 2.5]},
                {"id": 2, "vector": None},
                {"id": 3, "vector": None, "a": 1},
            ],
        )
        self.assertEqual(ids(ns.query(rank_by=("vector", "ANN", [0.5, 0.5]), limit=9)), [1])
        self.assertEqual(ids(ns.query(rank_by=("id", "asc"), limit=9)), [1, 2, 3])

    @proves("3.1", "top_k", "limit as an object")
    @proves(
        "3.2",
        "asc and desc",
        "order by several attributes",
        "nulls first in asc, last in desc",
        "ties by id",
    )
    @proves("3.3", "no $dist of an order")
    def test_an_order_has_nulls_lowest_and_ties_by_id(self):
        ns = self.fresh()
        for id, (a, b) in enumerate(zip([2, None, 1, 2, 1, None], "bababb"), 1):
            ns.write(upsert_rows=[{"id": id, "a": a, "b": b}])
        for order, expected in [
            (("id", "asc"), [1, 2, 3, 4, 5, 6]),
            (("id", "desc"), [6, 5, 4, 3, 2, 1]),
            (("a", "asc"), [2, 6, 3, 5, 1, 4]),
            (("a", "desc"), [1, 4, 3, 5, 2, 6]),
            ([("b", "asc"), ("a", "desc")], [4, 2, 1, 3, 5, 6]),
            ([("a", "asc"), ("id", "desc")], [6, 2, 5, 3, 4, 1]),
        ]:
            with self.subTest(order):
                found = ns.query(rank_by=order, limit=10)
                self.assertEqual(rows(found), [{"id": id} for id in expected])
                self.assertEqual(ids(ns.query(rank_by=order, top_k=2)), expected[:2])
                self.assertEqual(ids(ns.query(rank_by=order, limit={"total": 3})), expected[:3])

    def test_the_newest_version_of_a_document_is_the_only_one(self):
        ns, documents = self.space("euclidean_squared", count=100)
        (target,) = vectors(1)
        for row in documents[::3]:
            row["kind"] = 100
            row["vector"] = [-number for number in row["vector"]]
        ns.write(upsert_rows=documents[::3])
        gone = [row["id"] for row in documents[1::3]]
        ns.write(deletes=gone)
        left = [row for row in documents if row["id"] not in gone]
        self.assertEqual(everything(ns), left)
        found = ns.query(rank_by=("vector", "ANN", target), limit=1000)
        self.assertEqual(len(found.rows), len(left))
        self.nearest(found, left, "euclidean_squared", target)
        counted = ns.query(aggregate_by={"n": ("Count",)}, filters=("kind", "Eq", 100))
        self.assertEqual(counted.aggregations, {"n": len(documents[::3])})

    @proves("1.5", "include and exclude together", "an unknown attribute in include_attributes")
    @proves(
        "3.1",
        "include_attributes: true",
        "include_attributes: false",
        "include_attributes: a list",
        "exclude_attributes",
        "vector_encoding",
    )
    @proves("3.3", "vectors as base64")
    @proves("11", "limit.per, offset, include and exclude")
    def test_what_comes_with_a_row_is_what_was_asked_for(self):
        ns = self.fresh()
        ns.write(
            distance_metric="cosine_distance",
            upsert_rows=[{"id": 1, "vector": [0.1, 0.7], "a": 1, "b": "x"}],
        )
        by_id = {"rank_by": ("id", "asc"), "limit": 1}
        a, b, vector = {"a": 1}, {"b": "x"}, {"vector": [0.1, 0.7]}
        for asked, expected in [
            ({}, {}),
            ({"include_attributes": False}, {}),
            ({"include_attributes": []}, {}),
            ({"include_attributes": ["id", "a"]}, a),
            ({"include_attributes": ["vector"]}, vector),
            ({"include_attributes": True}, a | b | vector),
            ({"exclude_attributes": ["vector", "unknown"]}, a | b),
        ]:
            with self.subTest(asked):
                self.assertEqual(rows(ns.query(**by_id, **asked)), [{"id": 1} | expected])
        packed = ns.query(**by_id, include_attributes=["vector"], vector_encoding="base64")
        numbers = struct.unpack("<2f", base64.b64decode(packed.rows[0].vector))
        self.assertEqual(numbers, struct.unpack("<2f", struct.pack("<2f", 0.1, 0.7)))
        for told, asked in [
            ('"c" not found', {"include_attributes": ["c"]}),
            ("both", {"include_attributes": True, "exclude_attributes": ["a"]}),
        ]:
            self.refused(turbopuffer.BadRequestError, told, ns.query, **by_id, **asked)

    @proves("3.1", "aggregate_by")
    @proves("3.7", "Count", "several labels", "a filter that nothing matches")
    @proves("3.10", "aggregations")
    def test_documents_are_counted(self):
        ns, documents = self.space(count=100)
        answer = ns.query(
            aggregate_by={"n": ("Count",), "again": ("Count",)}, filters=("kind", "In", [1, 2])
        )
        count = sum(row["kind"] in (1, 2) for row in documents)
        self.assertEqual(answer.aggregations, {"n": count, "again": count})
        self.assertIsNone(answer.rows)
        none = ns.query(aggregate_by={"n": ("Count",)}, filters=("kind", "Eq", -1))
        self.assertEqual(none.aggregations, {"n": 0})

    @proves("1.7", "multi_query")
    @proves("3.1", "queries")
    @proves("3.9", "results in their order")
    def test_several_queries_see_one_moment(self):
        ns, documents = self.space()
        (target,) = vectors(1)
        answer = ns.multi_query(
            queries=[
                {"rank_by": ("vector", "ANN", target), "limit": 5},
                {"rank_by": ("id", "desc"), "limit": 2, "include_attributes": ["kind"]},
                {"aggregate_by": {"n": ("Count",)}},
            ]
        )
        nearest, last, counted = answer.results
        self.nearest(nearest, documents, "cosine_distance", target)
        self.assertEqual(rows(last), [{"id": 299, "kind": 299 % 7}, {"id": 298, "kind": 298 % 7}])
        self.assertEqual((counted.rows, counted.aggregations), (None, {"n": 300}))
        self.assertGreater(answer.performance.server_total_ms, 0)

    @proves("3.1", "consistency: strong", "consistency: eventual", "max_staleness_seconds")
    def test_a_query_may_be_content_with_less_than_the_newest(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1}])
        eventual = {"level": "eventual"}
        for consistency in [{"level": "strong"}, eventual, eventual | {"max_staleness_seconds": 5}]:
            found = ns.query(rank_by=("id", "asc"), limit=1, consistency=consistency)
            self.assertEqual(ids(found), [1])

    @proves(
        "3.10",
        "billing.billable_logical_bytes_queried",
        "billing.billable_logical_bytes_returned",
        "performance.cache_hit_ratio",
        "performance.cache_temperature",
        "performance.server_total_ms",
        "performance.query_execution_ms",
        "performance.exhaustive_search_count",
        "performance.approx_namespace_size",
        "performance.last_included_write_at",
    )
    @proves("11", "strong reads at once, an exact exhaustive_search_count")
    def test_an_answer_says_what_it_took(self):
        ns = self.fresh()
        ns.write(
            distance_metric="cosine_distance",
            upsert_rows=[{"id": 1, "vector": [0.1, 0.2]}, {"id": 2, "vector": [0.3, 0.4]}],
        )
        answer = ns.query(rank_by=("vector", "ANN", [0.1, 0.2]), limit=9)
        performance = answer.performance
        self.assertIsInstance(performance.cache_hit_ratio, float)
        self.assertIn(performance.cache_temperature, ("hot", "warm", "cold"))
        self.assertGreater(performance.server_total_ms, 0)
        self.assertGreater(performance.query_execution_ms, 0)
        self.assertEqual(performance.approx_namespace_size, 2)
        if not self.way.folds:
            self.assertEqual(performance.exhaustive_search_count, 2)
            # There is nothing to read.
            self.assertEqual(performance.cache_hit_ratio, 1.0)
            self.assertEqual(performance.cache_temperature, "hot")
        path = f"/v2/namespaces/{ns.id}/metadata"
        written = self.way.client().get(path, cast_to=object)["last_write_at"]
        included = performance.to_dict()["last_included_write_at"]
        self.assertEqual(included[: len(written) - 1], written[:-1])
        self.assertEqual(answer.billing.billable_logical_bytes_returned, 24)
        self.assertGreaterEqual(answer.billing.billable_logical_bytes_queried, 256_000_000)

    @proves("3.10", "server times above 2 ms")
    def test_no_time_is_told_as_longer_than_it_was(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1}])
        for _ in range(20):
            begun = time.perf_counter()
            told = ns.query(rank_by=("id", "asc"), limit=1).performance
            waited_ms = (time.perf_counter() - begun) * 1000
            self.assertGreaterEqual(told.query_execution_ms, 1)
            self.assertGreaterEqual(told.server_total_ms, told.query_execution_ms)
            # What has begun counts as a whole one.
            self.assertLess(told.server_total_ms, waited_ms + 1)

    @proves("1.5", "no limit", "a limit out of range", "rank_by is empty")
    @proves("3.1", "distance_metric")
    @proves("3.2", "arrays are no order")
    def test_what_is_no_query_is_refused(self):
        ns, _ = self.space(count=3)
        ns.write(schema={"tags": "[]string"})
        by_id = {"rank_by": ("id", "asc")}
        for told, asked in [
            ("must specify top_k or limit", by_id),
            ("between 1 and 10000", by_id | {"limit": 0}),
            ("between 1 and 10000", by_id | {"limit": 10_001}),
            ("rank_by or aggregate_by", {"filters": ("kind", "Eq", 1)}),
            ("rank_by cannot be empty", {"rank_by": [], "limit": 1}),
            ("2 numbers", {"rank_by": ("vector", "ANN", [1.0, 2.0]), "limit": 1}),
            ("mismatch", by_id | {"limit": 1, "distance_metric": "euclidean_squared"}),
            ("full_text_search", {"rank_by": ("kind", "BM25", "x"), "limit": 1}),
            ("tags", {"rank_by": ("tags", "asc"), "limit": 1}),
            ("8", {"rank_by": [("kind", "asc")] * 9, "limit": 1}),
        ]:
            with self.subTest(told):
                self.refused(turbopuffer.BadRequestError, told, ns.query, **asked)

    @proves("1.7", "explain_query")
    @proves("3.10", "explain_query: plan_text")
    @proves("11", "lists, warm hints, recall, explain, delete")
    def test_a_query_may_be_explained(self):
        ns, _ = self.space(count=3)
        for asked in [
            {"rank_by": ("vector", "ANN", vectors(1)[0]), "limit": 3},
            {"rank_by": ("id", "asc"), "limit": 3, "filters": ("kind", "Eq", 1)},
            {"aggregate_by": {"n": ("Count",)}, "group_by": ["kind"]},
        ]:
            plan = ns.explain_query(**asked).plan_text
            self.assertIsInstance(plan, str)
            self.assertTrue(plan.strip())
        asked = {"rank_by": ("id", "asc"), "limit": 3, "filters": ("colour", "Eq", 1)}
        self.refused(turbopuffer.BadRequestError, "not found", ns.explain_query, **asked)

    @proves("3.1", "disable_cache")
    def test_a_cache_may_be_passed_over(self):
        ns, _ = self.space(count=3)
        asked = {"rank_by": ("id", "asc"), "limit": 3, "extra_body": {"disable_cache": True}}
        self.assertEqual(ids(ns.query(**asked)), [0, 1, 2])

    @proves("2.3", "[N]f16 as numbers", "[N]i8 as base64", "the vector of a query as base64")
    def test_vectors_may_be_packed_or_not(self):
        numbers = {"f16": [[1.5, -2.5], [3, 4]], "i8": [[7, -128], [3, 4]]}
        for element, (first, second) in numbers.items():
            ns = self.fresh()
            packed = base64.b64encode(struct.pack("<2f", *first)).decode()
            schema = {"v": {"type": f"[2]{element}", "ann": True}}
            ns.write(
                distance_metric="euclidean_squared",
                schema=schema,
                upsert_rows=[{"id": 1, "v": packed}, {"id": 2, "v": second}],
            )
            self.assertEqual([row["v"] for row in everything(ns)], [first, second])
            for asked in (first, packed):
                found = ns.query(rank_by=("v", "ANN", asked), limit=2)
                self.assertEqual((ids(found), found.rows[0]["$dist"]), ([1, 2], 0.0))
            raw = ns.query(
                rank_by=("id", "asc"), limit=1, include_attributes=["v"], vector_encoding="base64"
            )
            self.assertEqual(raw.rows[0]["v"], packed)

    @proves("2.3", "a wrong length", "NaN and infinity", "a vector of zeros under the cosine")
    @proves("3.2", "cosine_distance")
    def test_vectors_are_finite_and_as_long_as_the_rest(self):
        ns = self.fresh()
        documents = [{"id": 1, "vector": [0.0, 0.0]}, {"id": 2, "vector": [0.1, 0.7]}]
        ns.write(distance_metric="cosine_distance", upsert_rows=documents)
        found = ns.query(rank_by=("vector", "ANN", [0.1, 0.7]), limit=2)
        self.assertEqual(ids(found), [2, 1])
        self.assertGreaterEqual(found.rows[0]["$dist"], 0)
        self.assertAlmostEqual(found.rows[0]["$dist"], 0, delta=NEAR)
        self.assertEqual(found.rows[1]["$dist"], 1.0)
        for odd in (math.nan, math.inf):
            packed = base64.b64encode(struct.pack("<2f", odd, 1)).decode()
            self.invalid("", ns.write, upsert_rows=[{"id": 3, "vector": packed}])
        short = base64.b64encode(struct.pack("<1f", 1)).decode()
        for odd in ([0.5], short, "no base64!"):
            self.invalid("", ns.write, upsert_rows=[{"id": 3, "vector": odd}])
        self.assertEqual(len(everything(ns)), 2)

    @proves("1.5", "a vector where the namespace has none")
    def test_a_namespace_without_vectors_stays_without(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1}])
        self.refused(
            turbopuffer.BadRequestError,
            "ector",
            ns.write,
            distance_metric="cosine_distance",
            upsert_rows=[{"id": 2, "vector": [0.5, 1.5]}],
        )
        self.invalid("", ns.query, rank_by=("vector", "ANN", [0.5, 1.5]), limit=1)

    @proves("6.2", "a strong query sees what was acknowledged")
    @proves("11", "strong reads at once, an exact exhaustive_search_count")
    def test_a_query_sees_every_write_before_it(self):
        ns = self.fresh()
        for number in range(30):
            ns.write(upsert_rows=[{"id": number}])
            counted = ns.query(aggregate_by={"n": ("Count",)})
            self.assertEqual(counted.aggregations, {"n": number + 1})


if __name__ == "__main__":
    unittest.main()
