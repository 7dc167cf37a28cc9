"""What rankings, pages and aggregates must hold, worked out by hand."""

import math
import unittest

from space import Space

TEXT = {"type": "string", "full_text_search": True}


class Rankings(unittest.TestCase):
    def test_bm25_is_the_formula_that_is_written_down(self):
        texts = ["red cat cat", "blue cat", "dog", ""]
        rows = [{"id": id, "t": text} for id, text in enumerate(texts)] + [{"id": 9}]
        space = Space(schema={"t": TEXT}, upsert_rows=rows)
        # Four documents have a value, six tokens; two have a cat.
        idf = math.log(1 + (4 - 2 + 0.5) / (2 + 0.5))
        asked = 2 * 9 / (2 + 8)
        wanted = {
            0: idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 1.5)) * asked,
            1: idf * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 1.5)) * asked,
        }
        found = space.scores(["t", "BM25", "Cat CAT elephant"])
        self.assertEqual(set(found), {0, 1})
        for id, score in wanted.items():
            self.assertAlmostEqual(found[id], score, places=12)
        # Statistics are those of all documents, whatever a filter leaves.
        left = space.rows(["t", "BM25", "cat cat"], filters=["id", "Eq", 1]).scores
        self.assertAlmostEqual(left[1], wanted[1], places=12)

    def test_a_last_token_that_begins_another_is_worth_one(self):
        space = Space(
            schema={"t": TEXT}, upsert_rows=[{"id": 1, "t": "walrus"}, {"id": 2, "t": "cat"}]
        )
        self.assertEqual(space.scores(["t", "BM25", "wal", {"last_as_prefix": True}]), {1: 1.0})
        self.assertEqual(space.scores(["t", "BM25", "wal"]), {})

    def test_what_cannot_be_a_question_is_no_ranking(self):
        space = Space(schema={"t": TEXT}, upsert_rows=[{"id": 1, "t": "cat"}])
        for rank, kind in [
            (["t", "BM25", 5], "rank shape"),
            (["t", "BM25", [5]], "rank shape"),
            (["t", "BM25", ["cat"]], "operand type"),
            (["Sum"], "rank shape"),
            (["Sum", []], "sum of nothing"),
            (["Max", []], "sum of nothing"),
        ]:
            self.assertEqual(space.refused("/query", rank_by=rank, limit=1), kind, rank)

    def test_of_no_vectors_none_is_near(self):
        late = {"type": "[][2]f32", "ann": {"late_interaction": True}}
        space = Space(
            schema={"l": late},
            distance_metric="dot_product",
            upsert_rows=[
                {"id": 1, "l": []},
                {"id": 2, "l": [[1, 2], [3, 4]]},
                {"id": 3, "l": None},
            ],
        )
        self.assertEqual(space.rows(["l", "ANN", [[1, 1], [0, 1]]]).scores, {2: 11.0})
        self.assertEqual(space.found(["id", "NotEq", None]), [1, 2, 3])

    def test_curves_are_a_half_at_their_midpoint(self):
        space = Space(
            schema={"u": "uint", "d": "datetime"},
            upsert_rows=[{"id": 1, "u": 4, "d": "2024-03-01"}, {"id": 2, "u": 0}],
        )
        number = ["Attribute", "u"]
        self.assertEqual(space.rows(["Saturate", number, {"midpoint": 4}]).scores, {1: 0.5, 2: 0.0})
        self.assertEqual(
            space.rows(["Decay", number, {"midpoint": 4, "exponent": 2}]).scores, {1: 0.5, 2: 1.0}
        )
        day = ["Dist", ["Attribute", "d"], "2024-03-02"]
        self.assertEqual(space.rows(["Decay", day, {"midpoint": "1d"}]).scores, {1: 0.5, 2: 0.0})
        self.assertEqual(space.rows(day).scores, {1: 86_400_000.0, 2: 0.0})

    def test_what_scores_nothing_is_left_out_unless_a_number_ranks(self):
        space = Space(
            schema={"u": "uint"}, upsert_rows=[{"id": 1, "u": 1, "s": "a"}, {"id": 2, "u": 0}]
        )
        self.assertEqual(space.ids(["s", "Eq", "a"]), [1])
        self.assertEqual(space.ids(["Sum", [["s", "Eq", "b"], ["Attribute", "u"]]]), [1, 2])
        self.assertEqual(space.ids(["Product", 0, ["s", "Eq", "a"]]), [])

    def test_numbers_that_may_be_negative_are_guarded(self):
        space = Space(upsert_rows=[{"id": 1, "n": -3}, {"id": 2, "n": 2}])
        for rank, kind in [
            (["Attribute", "n"], "attribute may be negative"),
            (["Max", [["Attribute", "n"]]], "attribute may be negative"),
            (["Sum", [0, ["Attribute", "n"]]], "attribute may be negative"),
            (["Max", 0, ["Sum", [["Attribute", "n"]]]], "attribute may be negative"),
        ]:
            self.assertEqual(space.refused("/query", rank_by=rank, limit=1), kind)
        self.assertEqual(space.rows(["Max", 0, ["Attribute", "n"]]).scores, {1: 0.0, 2: 2.0})

    def test_distances_and_likenesses_are_those_of_the_contract(self):
        schema = {"lt": {"type": "[][2]f32", "ann": {"late_interaction": True}}}
        row = {"id": 1, "vector": [3.0, 4.0], "lt": [[1.0, 0.0], [0.0, 2.0]]}
        for metric, near, alike in [
            ("cosine_distance", 1 - 3 / 5, 1 + 1),
            ("euclidean_squared", 4 + 16, 0 - 1),
            ("dot_product", -3, 1 + 2),
        ]:
            space = Space(schema=schema, distance_metric=metric, upsert_rows=[row])
            self.assertAlmostEqual(space.rows(["vector", "ANN", [1.0, 0.0]]).scores[1], near)
            found = space.rows(["lt", "ANN", [[1.0, 0.0], [0.0, 1.0]]])
            self.assertAlmostEqual(found.scores[1], alike)
            self.assertFalse(found.ascending)

    def test_nulls_come_first_on_the_way_up_and_ties_by_id(self):
        rows = [
            {"id": id} | ({"n": n} if n is not None else {})
            for id, n in enumerate([2, None, 1, 2, None])
        ]
        space = Space(upsert_rows=rows)
        self.assertEqual(space.ids(["n", "asc"]), [1, 4, 2, 0, 3])
        self.assertEqual(space.ids(["n", "desc"]), [0, 3, 2, 1, 4])
        self.assertEqual(space.ids([["n", "desc"], ["id", "desc"]]), [3, 0, 2, 4, 1])

    def test_a_page_is_filled_greedily_and_offset_counts_after(self):
        rows = [{"id": id, "s": s} for id, s in enumerate(["a", "a", "b", None, None, "b"])]
        space = Space(upsert_rows=rows)
        per = {"total": 10, "per": {"attributes": ["s"], "limit": 1}}
        self.assertEqual(space.ids(limit=per), [0, 2, 3])
        self.assertEqual(space.ids(limit=per, offset=1), [2, 3])

    def test_ranks_are_fused_by_where_each_document_stands(self):
        space = Space(upsert_rows=[{"id": 7, "n": 1}, {"id": 8, "n": 2}])
        parts = [{"rank_by": ["n", "asc"], "limit": 2}, {"rank_by": ["n", "asc"], "limit": 1}]
        body = {"queries": parts, "rerank_by": ["RRF", {"weights": [1, 2]}], "limit": 10}
        ranked = space.ask("/query", body).told[1][0]["rows"]
        self.assertEqual([doc["id"] for doc in ranked.page], [7, 8])
        self.assertEqual(ranked.scores, {7: 1 / 61 + 2 / 61, 8: 1 / 62})


class Aggregates(unittest.TestCase):
    def test_groups_are_sorted_with_null_last_and_an_element_counts_once(self):
        space = Space(
            upsert_rows=[
                {"id": 1, "s": "b", "a": ["x", "x", "y"], "n": 1},
                {"id": 2, "a": ["x"], "n": 2},
                {"id": 3, "s": "a", "n": 4},
            ]
        )

        def told(**body):
            return space.ask(
                "/query", {"aggregate_by": {"n": ["Count"], "m": ["Sum", "n"]}} | body
            ).told[1]

        self.assertEqual(told(), {"aggregations": {"n": 3, "m": 7}})
        self.assertEqual(
            told(group_by=["s"])["aggregation_groups"],
            [{"s": "a", "n": 1, "m": 4}, {"s": "b", "n": 1, "m": 1}, {"s": None, "n": 1, "m": 2}],
        )
        self.assertEqual(
            told(group_by=[{"e": ["ForEachUnique", "a"]}], limit=1)["aggregation_groups"],
            [{"e": "x", "n": 2, "m": 3}],
        )
        self.assertEqual(told(filters=["id", "Gt", 9]), {"aggregations": {"n": 0, "m": 0}})


if __name__ == "__main__":
    unittest.main()
