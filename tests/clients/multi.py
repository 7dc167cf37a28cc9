"""Several queries in one request: their results, and what becomes one of them by rank."""

import random
import unittest

import turbopuffer

from node import both, ids, rows
from proofs import proves
from truth import close, single

QUERIES_MAX = 16


@both
class Multi:
    def setUp(self):
        dice = random.Random(5)
        self.ns = self.fresh()
        self.rows = [
            {
                "id": id,
                "vector": [dice.randrange(-32, 33) / 8 for _ in range(3)],
                "text": " ".join(dice.choices(["walrus", "sea", "ice", "fish"], k=4)),
                "kind": "ab"[id % 2],
            }
            for id in range(60)
        ]
        schema = {"text": {"type": "string", "full_text_search": True}}
        for start in range(0, 60, 13):
            self.ns.write(
                distance_metric="cosine_distance",
                schema=schema,
                upsert_rows=self.rows[start : start + 13],
            )
        self.queries = [
            {"rank_by": ("vector", "ANN", [0.5, 1.5, -2.5]), "limit": 20},
            {
                "rank_by": ("text", "BM25", "walrus fish"),
                "limit": 15,
                "filters": ("kind", "Eq", "a"),
            },
            {"rank_by": ("id", "desc"), "limit": 10},
        ]

    def fused(self, queries, weights=None, constant=60):
        """What reciprocal rank fusion means, from what each query finds by itself."""
        scores = {}
        for query, weight in zip(queries, weights or [1] * len(queries)):
            for rank, id in enumerate(ids(self.ns.query(**query)), 1):
                scores[id] = scores.get(id, 0) + weight / (constant + rank)
        scores = {id: single(score) for id, score in scores.items()}
        return sorted(scores.items(), key=lambda each: (-each[1], each[0]))

    def agree(self, expected, queries, **asked):
        answer = self.ns.multi_query(queries=queries, **asked)
        (result,) = answer.results
        self.assertEqual(ids(result), [id for id, _ in expected])
        for row, (_, score) in zip(result.rows, expected):
            close(self, row["$dist"], score)

    @proves("1.7", "multi_query")
    @proves("3.1", "queries")
    @proves("3.9", "results in their order", "one snapshot", "1 to 16 queries")
    @proves("6.1", "16 queries in one request")
    @proves("6.2", "several queries see one moment")
    @proves("11", "several queries on one snapshot, RRF with one result")
    def test_each_query_is_answered_as_if_it_were_alone(self):
        queries = [*self.queries, {"aggregate_by": {"n": ("Count",)}}]
        answer = self.ns.multi_query(queries=queries, consistency={"level": "strong"})
        for query, result in zip(self.queries, answer.results):
            self.assertEqual(rows(result), rows(self.ns.query(**query)))
        self.assertEqual(answer.results[-1].aggregations, {"n": 60})
        self.assertIsNone(answer.results[-1].rows)
        self.assertGreaterEqual(answer.billing.billable_logical_bytes_queried, 256_000_000)
        self.assertGreater(answer.performance.query_execution_ms, 0)
        many = [{"rank_by": ("id", "asc"), "limit": 1}] * QUERIES_MAX
        self.assertEqual(len(self.ns.multi_query(queries=many).results), QUERIES_MAX)
        for odd in ([], many + many[:1]):
            self.invalid("", self.ns.multi_query, queries=odd)
        self.refused(
            turbopuffer.BadRequestError,
            "filters",
            self.ns.multi_query,
            queries=many,
            extra_body={"filters": ("kind", "Eq", "a")},
        )

    @proves("3.9", "RRF", "RRF rank_constant", "RRF weights")
    @proves("11", "several queries on one snapshot, RRF with one result")
    def test_rankings_are_fused_by_rank(self):
        two = self.queries[:2]
        self.agree(self.fused(two), two, rerank_by=("RRF",))
        self.agree(self.fused(self.queries), self.queries, rerank_by=("RRF",))
        for constant, weights in [(1, None), (60, [1, 2, 0.5]), (7, [0.25, 3, 1])]:
            settings = {"rank_constant": constant} | ({"weights": weights} if weights else {})
            expected = self.fused(self.queries, weights, constant)
            self.agree(expected, self.queries, rerank_by=("RRF", settings))

    @proves("3.9", "RRF limit and offset")
    def test_what_was_fused_has_pages(self):
        whole = self.fused(self.queries)
        for asked, expected in [
            ({"limit": 7}, whole[:7]),
            ({"limit": {"total": 7}}, whole[:7]),
            ({"limit": 7, "offset": 4}, whole[4:11]),
            ({"limit": 100, "offset": 1000}, []),
        ]:
            with self.subTest(asked):
                self.agree(expected, self.queries, rerank_by=("RRF",), **asked)

    @proves("3.9", "RRF attributes")
    def test_a_fused_row_has_what_any_query_asked_for(self):
        first = {"rank_by": ("id", "asc"), "limit": 3, "include_attributes": ["text"]}
        second = {"rank_by": ("id", "asc"), "limit": 2, "include_attributes": ["kind", "vector"]}
        answer = self.ns.multi_query(queries=[first, second], rerank_by=("RRF",))
        (result,) = answer.results
        found = [{name: row[name] for name in row if name != "$dist"} for row in rows(result)]
        expected = [dict(row) for row in self.rows[:3]]
        expected[2] = {name: expected[2][name] for name in ("id", "text")}
        self.assertEqual(found, expected)

    @proves("3.9", "RRF of one query", "RRF of aggregates")
    def test_what_cannot_be_fused_is_refused(self):
        two, count = self.queries[:2], {"aggregate_by": {"n": ("Count",)}}
        for queries, asked in [
            (two[:1], {"rerank_by": ("RRF",)}),
            ([*two, count], {"rerank_by": ("RRF",)}),
            (two, {"rerank_by": ("RRF", {"weights": [1]})}),
            (two, {"rerank_by": ("RRF", {"weights": [1, 0]})}),
            (two, {"rerank_by": ("RRF", {"weights": [1, -1]})}),
            (two, {"rerank_by": ("RRF", {"rank_constant": 0})}),
            (two, {"rerank_by": ("Borda",)}),
            (two, {"offset": 5}),
        ]:
            with self.subTest(asked):
                self.invalid("", self.ns.multi_query, queries=queries, **asked)

    @proves("1.4", "what is not offered is a 400, once")
    @proves("3.1", "rerank_by a model")
    @proves("3.9", "a model")
    def test_without_a_model_nothing_is_reranked(self):
        model = {"rerank_by": {"model": "m", "attribute": "text", "query": "walrus"}}
        one = {"rank_by": ("id", "asc"), "limit": 3, "include_attributes": ["text"]}
        bad = turbopuffer.BadRequestError
        self.refused(bad, "model", self.ns.query, **one, **model)
        self.refused(bad, "model", self.ns.multi_query, queries=[one, one], **model)

    @proves("3.1", "vector_encoding", "consistency: eventual", "max_staleness_seconds")
    def test_what_is_said_once_is_for_all(self):
        query = {"rank_by": ("id", "asc"), "limit": 1, "include_attributes": ["vector"]}
        answer = self.ns.multi_query(
            queries=[query, query],
            vector_encoding="base64",
            consistency={"level": "eventual", "max_staleness_seconds": 5},
        )
        for result in answer.results:
            self.assertIsInstance(result.rows[0].vector, str)


if __name__ == "__main__":
    unittest.main()
