"""The client of PyPI as it was: what all versions can say, asked of a node of today."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import turbopuffer

from node import both, everything, ids, rows
from proofs import Runner, proves
from truth import Texts, agrees, words

COSINE = {"distance_metric": "cosine_distance"}
SCHEMA = {"text": {"type": "string", "full_text_search": True}}
ROWS = [
    {"id": 1, "vector": [0.1, 0.7], "text": "a walrus on the ice", "n": 3, "tags": ["a", "b"]},
    {"id": 2, "vector": [1.5, 0.5], "text": "the sea and the ice", "n": 1},
    {"id": 3, "vector": [0.5, 0.5], "text": "walrus walrus", "n": 2, "tags": ["b"]},
]


@both
class Common:
    def setUp(self):
        self.ns = self.fresh()
        self.ns.write(**COSINE, schema=SCHEMA, upsert_rows=ROWS)

    @proves("1.7", "write", "query", "delete_all", "exists")
    @proves("2.1", "upsert_rows", "upsert_columns", "patch_rows", "patch_columns", "deletes")
    @proves("2.1", "distance_metric", "schema")
    @proves("2.3", "[N]f32 as base64", "[N]f32 as numbers")
    @proves("2.8", "status and message", "rows_affected")
    def test_what_is_written_is_there(self):
        self.assertEqual(everything(self.ns), ROWS)
        columns = {"id": [4, 5], "vector": [[1, 2], [0.5, 1.5]], "n": [4, None]}
        self.assertEqual(self.ns.write(**COSINE, upsert_columns=columns).rows_affected, 2)
        self.ns.write(patch_rows=[{"id": 1, "n": 7, "tags": None}])
        self.ns.write(patch_columns={"id": [2, 3], "n": [8, 9]})
        self.assertEqual(self.ns.write(deletes=[4]).rows_affected, 1)
        first = {name: ROWS[0][name] for name in ROWS[0] if name != "tags"} | {"n": 7}
        expected = [first, ROWS[1] | {"n": 8}, ROWS[2] | {"n": 9}, {"id": 5, "vector": [0.5, 1.5]}]
        self.assertEqual(everything(self.ns), expected)
        self.assertTrue(self.ns.exists())
        self.ns.delete_all()
        self.assertFalse(self.ns.exists())

    @proves("2.1", "delete_by_filter", "upsert_condition", "patch_condition", "delete_condition")
    @proves("2.5", "$ref_new", "a document that is there")
    def test_what_is_written_may_depend_on_what_is_there(self):
        newer = ("n", "Lt", {"$ref_new": "n"})
        documents = [
            {"id": 1, "vector": [0.5, 0.5], "n": 2},
            {"id": 2, "vector": [0.5, 0.5], "n": 2},
        ]
        self.assertEqual(
            self.ns.write(upsert_rows=documents, upsert_condition=newer).rows_affected, 1
        )
        patch = [{"id": 3, "n": 1}]
        self.assertEqual(self.ns.write(patch_rows=patch, patch_condition=newer).rows_affected, 0)
        gone = self.ns.write(deletes=[1, 2], delete_condition=("n", "Gt", 2))
        self.assertEqual(gone.rows_affected, 1)
        self.assertEqual(self.ns.write(delete_by_filter=("n", "Eq", 2)).rows_affected, 2)
        self.assertEqual(everything(self.ns), [])

    @proves("3.1", "rank_by", "top_k", "filters", "include_attributes: true", "vector_encoding")
    @proves("3.1", "include_attributes: a list", "consistency: strong", "consistency: eventual")
    @proves("3.2", "ANN", "asc and desc", "BM25", "Sum", "Product")
    @proves("3.4", "Eq", "NotEq", "In", "Gte", "And", "Or", "Not", "ContainsAllTokens", "Glob")
    @proves("3.10", "rows", "performance.server_total_ms")
    def test_what_is_asked_for_is_found(self):
        by_id = {"rank_by": ("id", "asc"), "top_k": 9}
        near = self.ns.query(rank_by=("vector", "ANN", [0.5, 0.5]), top_k=2)
        self.assertEqual(ids(near), [3, 2])
        self.assertAlmostEqual(near.rows[0]["$dist"], 0, delta=1e-6)
        self.assertEqual(ids(self.ns.query(rank_by=("n", "desc"), top_k=9)), [1, 3, 2])
        for test, expected in [
            (("n", "Eq", 1), [2]),
            (("n", "NotEq", 1), [1, 3]),
            (("n", "In", [1, 2]), [2, 3]),
            (("And", [("n", "Gte", 2), ("Not", ("tags", "In", ["a"]))]), [3]),
            (("Or", [("n", "Eq", 1), ("id", "Eq", 3)]), [2, 3]),
            (("text", "ContainsAllTokens", "ice walrus"), [1]),
        ]:
            self.assertEqual(ids(self.ns.query(**by_id, filters=test)), expected, test)
        self.ns.write(patch_rows=[{"id": 2, "name": "sea lion"}])
        self.assertEqual(ids(self.ns.query(**by_id, filters=("name", "Glob", "sea*"))), [2])
        shown = self.ns.query(**by_id, include_attributes=["n"], consistency={"level": "eventual"})
        self.assertEqual(len(shown.rows), 3)
        packed = self.ns.query(
            **by_id,
            include_attributes=["vector"],
            vector_encoding="base64",
            consistency={"level": "strong"},
        )
        self.assertEqual(packed.rows[0].vector, "zczMPTMzMz8=")
        self.assertGreater(packed.performance.server_total_ms, 0)
        texts = Texts({row["id"]: words(row["text"]) for row in ROWS})
        found = self.ns.query(rank_by=("text", "BM25", "walrus ice"), top_k=9)
        agrees(self, found, texts.scores(["walrus", "ice"]))
        score = ("Sum", [("text", "BM25", "walrus"), ("Product", 2, ("text", "BM25", "sea"))])
        truth = {id: texts.score(id, ["walrus"]) + 2 * texts.score(id, ["sea"]) for id in (1, 2, 3)}
        agrees(self, self.ns.query(rank_by=score, top_k=9), truth)

    @proves("1.7", "multi_query")
    @proves("3.1", "aggregate_by", "group_by", "queries")
    @proves("3.7", "Count", "group_by")
    @proves("3.9", "results in their order")
    def test_what_is_asked_for_is_counted(self):
        count = {"aggregate_by": {"count": ("Count",)}}
        self.assertEqual(self.ns.query(**count).aggregations, {"count": 3})
        answer = self.ns.multi_query(
            queries=[{"rank_by": ("id", "desc"), "top_k": 2}, count | {"group_by": ["n"]}]
        )
        last, groups = answer.results
        self.assertEqual(rows(last), [{"id": 3}, {"id": 2}])
        found = [
            group if isinstance(group, dict) else group.to_dict()
            for group in groups.aggregation_groups
        ]
        self.assertEqual(found, [{"n": n, "count": 1} for n in (1, 2, 3)])

    @proves("1.5", "an unknown namespace", "a filter on an unknown attribute")
    @proves("1.7", "namespaces", "schema", "update_schema", "metadata", "hint_cache_warm")
    @proves("1.7", "recall", "explain_query")
    @proves("5.1", "prefix", "page_size")
    def test_what_there_is_is_told(self):
        schema = self.ns.schema()
        self.assertEqual((schema["id"].type, schema["vector"].type), ("uint", "[2]f32"))
        changed = self.ns.update_schema(schema={"name": {"type": "string", "regex": True}})
        self.assertEqual(changed["name"].type, "string")
        self.assertEqual(self.ns.metadata().schema_["n"].type, "int")
        self.assertIn(self.ns.hint_cache_warm().status, ("ACCEPTED", "OK"))
        self.assertEqual(self.ns.recall(num=1, top_k=2).avg_recall, 1.0)
        self.assertTrue(self.ns.explain_query(rank_by=("id", "asc"), top_k=1).plan_text)
        listed = self.way.client().namespaces(prefix=self.ns.id, page_size=1)
        self.assertEqual([namespace.id for namespace in listed], [self.ns.id])
        asked = {"rank_by": ("id", "asc"), "top_k": 1}
        self.refused(turbopuffer.NotFoundError, "was not found", self.fresh().query, **asked)
        self.refused(
            turbopuffer.BadRequestError,
            "attribute not found",
            self.ns.query,
            **asked,
            filters=("colour", "Eq", 1),
        )


if __name__ == "__main__":
    unittest.main(testRunner=Runner)
