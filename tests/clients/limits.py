"""Limits: what is at one is taken, and what is one beyond it is refused by its name."""

import asyncio
import contextlib
import math
import random
import time
import unittest

import turbopuffer

from node import LOOP, Case, Crowded, both, everything, ids
from proofs import proves

DIMENSIONS_MAX = 10_752
WEIGHTS_MAX = 1024
ROWS_MAX = 10_000
FRAGMENTS_MAX = 1024
CROWD = 40
WAIT_SECONDS = 0.8
VECTORS_MAX = 1024
BY_ID = {"rank_by": ("id", "asc")}


@both
class Limits:
    def beyond(self, told, ask, *args, **kwargs):
        self.refused(turbopuffer.BadRequestError, told, ask, *args, **kwargs)

    @proves("6.1", "10,752 dimensions", "1,024 dimensions of a sparse vector")
    def test_a_vector_has_so_many_dimensions(self):
        ns = self.fresh()
        longest = [0.5] * DIMENSIONS_MAX
        widest = {f"k{number}": 0.5 for number in range(WEIGHTS_MAX)}
        sparse = {"type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"}}
        ns.write(
            distance_metric="euclidean_squared",
            schema={"sparse": sparse},
            upsert_rows=[{"id": 1, "vector": longest, "sparse": widest}],
        )
        self.assertEqual(everything(ns), [{"id": 1, "vector": longest, "sparse": widest}])
        found = ns.query(rank_by=("vector", "ANN", longest), limit=1)
        self.assertEqual((ids(found), found.rows[0]["$dist"]), ([1], 0.0))
        found = ns.query(rank_by=("sparse", "SparseKNN", widest), limit=1)
        self.assertEqual(found.rows[0]["$dist"], WEIGHTS_MAX / 4)
        wider = widest | {"one more": 0.5}
        self.beyond("1024", ns.write, upsert_rows=[{"id": 2, "vector": None, "sparse": wider}])
        other = {"vector": {"type": f"[{DIMENSIONS_MAX + 1}]f32", "ann": True}}
        asked = {"distance_metric": "euclidean_squared", "upsert_rows": [{"id": 1}]}
        self.beyond(str(DIMENSIONS_MAX), self.fresh().write, schema=other, **asked)

    @proves("6.1", "10,000 groups", "a limit of 10,000")
    def test_an_answer_has_so_many_rows_or_groups(self):
        ns = self.fresh()
        numbers = list(range(ROWS_MAX + 1))
        ns.write(upsert_columns={"id": numbers, "n": numbers})
        self.assertEqual(ids(ns.query(**BY_ID, limit=ROWS_MAX)), numbers[:ROWS_MAX])
        self.beyond("10000", ns.query, **BY_ID, limit=ROWS_MAX + 1)
        groups = {"aggregate_by": {"count": ("Count",)}, "group_by": ["n"]}
        found = ns.query(**groups, limit=ROWS_MAX).aggregation_groups
        self.assertEqual([group["n"] for group in found], numbers[:ROWS_MAX])
        self.beyond("10000", ns.query, **groups, limit=ROWS_MAX + 1)

    @proves("6.1", "1,024 fragments of a highlight")
    def test_a_highlight_has_so_many_fragments(self):
        ns = self.fresh()
        schema = {"text": {"type": "string", "full_text_search": True, "filterable": False}}
        text = "A walrus. " * (FRAGMENTS_MAX + 1)
        ns.write(schema=schema, upsert_rows=[{"id": 1, "text": text}])

        def fragments(limit):
            highlight = ("Highlight", "text", {"fragment_limit": limit})
            rank = ("text", "BM25", "walrus")
            found = ns.query(rank_by=rank, limit=1, compute_attributes={"it": highlight})
            return found.rows[0].to_dict()["it"]

        self.assertEqual(len(fragments(FRAGMENTS_MAX)), FRAGMENTS_MAX)
        self.beyond("1024", fragments, FRAGMENTS_MAX + 1)

    @proves("6.1", "8 attributes to order by", "a namespace's name of 128 characters")
    def test_an_order_and_a_name_are_of_some_length(self):
        ns = self.way.client().namespace(self.fresh().id.ljust(128, "x"))
        ns.write(upsert_rows=[{"id": id, "a": 1} for id in (2, 1)])
        by_a, by_id = ("a", "asc"), ("id", "asc")
        self.assertEqual(ids(ns.query(rank_by=[by_a] * 7 + [by_id], limit=9)), [1, 2])
        self.beyond("8", ns.query, rank_by=[by_a] * 8 + [by_id], limit=9)
        longer = self.way.client().namespace(ns.id + "x")
        self.beyond("128 characters", longer.query, **BY_ID, limit=9)

    @proves("6.1", "recall@10 of at least 90 %")
    def test_nearly_all_of_the_nearest_are_found(self):
        dice = random.Random(10)
        ns, vectors = self.fresh(), [vector(dice) for _ in range(2000)]
        for start in range(0, 2000, 500):
            rows = [{"id": id, "vector": vectors[id]} for id in range(start, start + 500)]
            ns.write(distance_metric="cosine_distance", upsert_rows=rows)
        found = 0
        for asked in [vector(dice) for _ in range(20)]:
            nearest = sorted(range(2000), key=lambda id: -cosine(asked, vectors[id]))[:10]
            told = ids(ns.query(rank_by=("vector", "ANN", asked), limit=10))
            found += len(set(nearest) & set(told))
        self.assertGreaterEqual(found / 200, 0.9)
        # What the server says of itself.
        told = ns.recall(num=20, top_k=10)
        self.assertGreaterEqual(told.avg_recall, 0.9)
        self.assertEqual(told.avg_exhaustive_count, 10)


def vector(dice):
    return [dice.gauss(0, 1) for _ in range(16)]


def cosine(one, other):
    dot = sum(a * b for a, b in zip(one, other))
    return dot / (math.hypot(*one) * math.hypot(*other))


class Crowds(Case):
    # Blocking, a client asks from few threads.
    way = Crowded

    def setUp(self):
        late = {"type": "[][16]f32", "ann": {"late_interaction": True}}
        rows = [{"id": id, "late": [[1] * 16] * 32} for id in range(3000)]
        self.ns = self.fresh()
        self.ns.write(distance_metric="cosine_distance", schema={"late": late}, upsert_rows=rows)

    @proves("6.1", "16 queries at once")
    def test_a_crowd_is_served(self):
        async def all_of_them():
            asked = [self.ns.later("query", **BY_ID, limit=2) for _ in range(CROWD)]
            return await asyncio.gather(*asked)

        for answer in LOOP.run_until_complete(all_of_them()):
            self.assertEqual(ids(answer), [0, 1])

    @proves("6.1", "16 queries at once", "aggregations count as 4 of them, kNN as 2")
    def test_who_finds_no_place_is_refused_after_a_while(self):
        one = BY_ID | {"limit": 1}
        exact = {
            "rank_by": ("late", "kNN", [[1] * 16]),
            "filters": ("id", "Gte", 0),
            "limit": 1,
        }
        count = {"aggregate_by": {"n": ("Count",)}}
        self.refused_beside(16, one)
        self.refused_beside(15, exact, one)
        self.refused_beside(13, count, exact)

    def refused_beside(self, taken, query, served=None):
        """While so many others are answered, a query is refused, and one that takes less is not."""
        vectors = 64
        told = None
        # What takes long enough is another question on each machine.
        while told is None and vectors <= VECTORS_MAX:
            rank = ("late", "ANN", [[0.5] * 16] * vectors)
            others = [{"rank_by": rank, "limit": 1}] * taken
            told = LOOP.run_until_complete(self.first_refusal(others, query, served))
            vectors *= 2
        self.assertIsNotNone(told, "no question took long enough")
        self.assertIn("Too many concurrent queries to a single namespace", told)

    async def first_refusal(self, others, query, served):
        """What is told to who asks again and again, until the others are answered."""
        # Nobody is there any more.
        await self.ns.later("multi_query", queries=[BY_ID | {"limit": 1}] * 16)
        others = LOOP.create_task(self.ns.later("multi_query", queries=others))
        try:
            while not others.done():
                if served:
                    await self.ns.later("query", **served)
                began = time.monotonic()
                await self.ns.later("query", **query)
        except turbopuffer.RateLimitError as error:
            self.assertGreaterEqual(time.monotonic() - began, WAIT_SECONDS)
            others.cancel()
            return error.body["error"]
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await others


if __name__ == "__main__":
    unittest.main()
