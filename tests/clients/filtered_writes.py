"""Writes by filter and under conditions: which documents they are done to, in which order."""

import unittest

import turbopuffer

from node import both, everything, ids
from proofs import proves

PATCHED_MAX = 50_000
COSINE = {"distance_metric": "cosine_distance"}


def numbered(count):
    return [{"id": id, "n": id, "kind": "ab"[id % 2]} for id in range(count)]


def new(name):
    """In a condition: what the document that comes has there."""
    return {"$ref_new": name}


@both
class FilteredWrites:
    @proves("2.1", "delete_by_filter")
    @proves("2.8", "rows_affected", "rows_deleted", "billing.query")
    @proves("11", "patches, deletes, writes by filter, conditions, affected ids")
    def test_what_matches_is_deleted(self):
        ns = self.fresh()
        for start in range(0, 30, 10):
            ns.write(upsert_rows=numbered(30)[start : start + 10])
        deleted = ns.write(delete_by_filter=("And", [("kind", "Eq", "a"), ("n", "Gte", 10)]))
        gone = list(range(10, 30, 2))
        self.assertEqual((deleted.rows_affected, deleted.rows_deleted), (10, 10))
        self.assertIsNone(deleted.deleted_ids)
        self.assertEqual(deleted.billing.query.billable_logical_bytes_queried, 256_000_000)
        self.assertEqual(deleted.billing.billable_logical_bytes_written, 10 * 8)
        self.assertEqual(
            [row["id"] for row in everything(ns)], [id for id in range(30) if id not in gone]
        )
        again = ns.write(delete_by_filter=("n", "Eq", 12), return_affected_ids=True)
        self.assertEqual((again.rows_affected, again.rows_deleted), (0, 0))
        named = ns.write(delete_by_filter=("n", "Lt", 3), return_affected_ids=True)
        self.assertEqual(sorted(named.deleted_ids), [0, 1, 2])

    @proves("2.1", "patch_by_filter")
    @proves("2.8", "rows_patched")
    @proves("11", "patches, deletes, writes by filter, conditions, affected ids")
    def test_what_matches_is_patched(self):
        ns = self.fresh()
        row = {"id": 100, "n": 100, "kind": "a", "vector": [0.5, 1.5]}
        ns.write(**COSINE, upsert_rows=[row])
        others = [row | {"vector": None} for row in numbered(30)]
        for start in range(0, 30, 10):
            ns.write(upsert_rows=others[start : start + 10])
        patched = ns.write(
            patch_by_filter={
                "filters": ("kind", "Eq", "a"),
                "patch": {"kind": "c", "n": None, "new": 7},
            },
            return_affected_ids=True,
        )
        self.assertEqual((patched.rows_affected, patched.rows_patched), (16, 16))
        self.assertEqual(sorted(patched.patched_ids), [*range(0, 30, 2), 100])
        expected = [
            row if row["id"] % 2 else {"id": row["id"], "kind": "c", "new": 7}
            for row in numbered(30)
        ]
        expected.append({"id": 100, "kind": "c", "new": 7, "vector": [0.5, 1.5]})
        self.assertEqual(everything(ns), expected)
        for told, patch in [("vector", {"vector": [0.5, 2.5]}), ("id", {"id": 7})]:
            asked = {"filters": ("kind", "Eq", "c"), "patch": patch}
            self.invalid(told, ns.write, patch_by_filter=asked)
        self.assertEqual(everything(ns), expected)

    @proves("2.4", "deletes by filter, patches by filter, rows")
    def test_one_request_goes_by_filters_before_it_goes_by_rows(self):
        ns = self.fresh()
        ns.write(upsert_rows=numbered(8))
        written = ns.write(
            delete_by_filter=("n", "Lt", 3),
            patch_by_filter={"filters": ("n", "Lt", 5), "patch": {"n": 50}},
            # What was deleted a moment ago comes back, or is not there to be patched.
            upsert_rows=[{"id": 0, "n": 1}, {"id": 9, "n": 0}],
            patch_rows=[{"id": 1, "kind": "z"}, {"id": 3, "kind": "z"}],
            deletes=[7],
        )
        self.assertEqual(written.rows_upserted, 2)
        self.assertEqual(
            everything(ns),
            [
                {"id": 0, "n": 1},
                {"id": 3, "n": 50, "kind": "z"},
                {"id": 4, "n": 50, "kind": "a"},
                {"id": 5, "n": 5, "kind": "b"},
                {"id": 6, "n": 6, "kind": "a"},
                {"id": 9, "n": 0},
            ],
        )

    @proves("2.1", "patch_by_filter_allow_partial")
    @proves("2.4", "too much without allow_partial", "too much with allow_partial")
    @proves("2.4", "rows_remaining")
    @proves("6.1", "50,000 documents of a patch_by_filter")
    def test_too_much_at_once_is_done_in_parts_or_not_at_all(self):
        ns = self.fresh()
        count = PATCHED_MAX + 1
        ns.write(upsert_columns={"id": list(range(count)), "n": [0] * count})
        patch = {"patch_by_filter": {"filters": ("n", "Eq", 0), "patch": {"n": 1}}}
        patched = ("n", "Eq", 1)

        def done():
            found = ns.query(aggregate_by={"n": ("Count",)}, filters=patched)
            return found.aggregations["n"]

        self.refused(turbopuffer.BadRequestError, "partial", ns.write, **patch)
        self.assertEqual(done(), 0)
        some = ns.write(**patch, patch_by_filter_allow_partial=True)
        self.assertEqual((some.rows_affected, some.rows_remaining), (PATCHED_MAX, True))
        self.assertEqual(done(), PATCHED_MAX)
        rest = ns.write(**patch, patch_by_filter_allow_partial=True)
        self.assertEqual(rest.rows_affected, 1)
        self.assertFalse(rest.rows_remaining)
        self.assertEqual(done(), count)
        most = {"filters": ("id", "Lt", PATCHED_MAX), "patch": {"n": 2}}
        self.assertEqual(ns.write(patch_by_filter=most).rows_affected, PATCHED_MAX)

    @proves("2.1", "delete_by_filter_allow_partial")
    @proves("2.4", "rows_remaining")
    def test_what_is_not_too_much_leaves_nothing(self):
        ns = self.fresh()
        ns.write(upsert_rows=numbered(20))
        deleted = ns.write(delete_by_filter=("n", "Gte", 5), delete_by_filter_allow_partial=True)
        self.assertEqual(deleted.rows_affected, 15)
        self.assertFalse(deleted.rows_remaining)
        self.assertEqual(len(everything(ns)), 5)

    @proves("2.4", "all of a request or nothing")
    def test_a_filter_that_is_refused_leaves_its_request_undone(self):
        ns = self.fresh()
        ns.write(upsert_rows=numbered(4))
        before = everything(ns)
        row = {"upsert_rows": [{"id": 50, "n": 50}]}
        for told, asked in [
            ("not found", {"delete_by_filter": ("colour", "Eq", 1)}),
            ("mismatch", {"delete_by_filter": ("n", "Eq", "one")}),
            (
                "not found",
                {"patch_by_filter": {"filters": ("colour", "Eq", 1), "patch": {"n": 1}}},
            ),
            ("n", {"patch_by_filter": {"filters": ("n", "Eq", 1), "patch": {"n": "one"}}}),
            ("", {"patch_by_filter": {"filters": ("n", "Eq", 1)}}),
        ]:
            with self.subTest(asked):
                self.invalid(told, ns.write, **row, **asked)
                self.assertEqual(everything(ns), before)

    @proves("2.5", "$ref_new", "$ref_new of a delete is null")
    @proves("2.5", "conditions leave writes by filter alone")
    def test_a_condition_asks_what_comes_by_every_operator(self):
        text = {"type": "string", "glob": True, "regex": True, "fuzzy": True}
        words = {"type": "string", "full_text_search": True}
        tokens = {"type": "[]string", "full_text_search": {"tokenizer": "pre_tokenized_array"}}
        schema = {"tags": "[]string", "text": text, "k": "uint", "words": words, "tokens": tokens}
        schema |= {"numbers": "[]int"}
        row = {"id": 1, "n": 5, "text": "walrus", "tags": ["a", "b"], "k": 3}
        row |= {"numbers": [2, 4], "words": "the walrus sleeps", "tokens": ["New York", "new"]}
        edits = {"max_edit_distance": [{"min_query_chars": 6, "distance": 1}]}
        for condition, coming, expected in [
            (("n", "Lt", new("n")), {"n": 6}, True),
            (("n", "Lt", new("n")), {"n": 5}, False),
            (("n", "Lte", new("n")), {"n": 5}, True),
            (("n", "Gt", new("k")), {"k": 4}, True),
            (("n", "Eq", new("n")), {}, False),
            (("n", "NotEq", new("n")), {}, True),
            (("text", "Glob", new("text")), {"text": "wal*"}, True),
            (("text", "Glob", new("text")), {"text": "sea*"}, False),
            (("text", "Glob", new("text")), {"text": "WAL*"}, False),
            (("text", "NotGlob", new("text")), {"text": "wal*"}, False),
            (("text", "NotGlob", new("text")), {"text": "WAL*"}, True),
            (("text", "IGlob", new("text")), {"text": "WAL*"}, True),
            (("text", "IGlob", new("text")), {"text": "SEA*"}, False),
            (("text", "NotIGlob", new("text")), {"text": "WAL*"}, False),
            (("text", "NotIGlob", new("text")), {"text": "SEA*"}, True),
            (("text", "Regex", new("text")), {"text": "us$"}, True),
            (("text", "Regex", new("text")), {"text": "^us"}, False),
            (("text", "Fuzzy", new("text"), edits), {"text": "walros"}, True),
            (("text", "Fuzzy", new("text"), edits), {"text": "wolros"}, False),
            (("text", "Fuzzy", new("text"), edits), {"text": "walru"}, False),
            (("tags", "Contains", new("text")), {"text": "b"}, True),
            (("tags", "Contains", new("text")), {"text": "z"}, False),
            (("tags", "NotContains", new("text")), {"text": "b"}, False),
            (("tags", "NotContains", new("text")), {"text": "z"}, True),
            (("tags", "ContainsAny", new("tags")), {"tags": ["z", "a"]}, True),
            (("tags", "ContainsAny", new("tags")), {"tags": ["z", "y"]}, False),
            (("tags", "NotContainsAny", new("tags")), {"tags": ["z", "a"]}, False),
            (("tags", "NotContainsAny", new("tags")), {"tags": ["z", "y"]}, True),
            (("numbers", "AnyLt", new("n")), {"n": 3}, True),
            (("numbers", "AnyLt", new("n")), {"n": 2}, False),
            (("numbers", "AnyLte", new("n")), {"n": 2}, True),
            (("numbers", "AnyLte", new("n")), {"n": 1}, False),
            (("numbers", "AnyGt", new("n")), {"n": 3}, True),
            (("numbers", "AnyGt", new("n")), {"n": 4}, False),
            (("numbers", "AnyGte", new("n")), {"n": 4}, True),
            (("numbers", "AnyGte", new("n")), {"n": 5}, False),
            (("words", "ContainsAllTokens", new("text")), {"text": "Sleeps the"}, True),
            (("words", "ContainsAllTokens", new("text")), {"text": "sleeps not"}, False),
            (("words", "ContainsAnyToken", new("text")), {"text": "sleeps not"}, True),
            (("words", "ContainsAnyToken", new("text")), {"text": "not"}, False),
            (("words", "ContainsTokenSequence", new("text")), {"text": "the walrus"}, True),
            (("words", "ContainsTokenSequence", new("text")), {"text": "walrus the"}, False),
            (("tokens", "ContainsAllTokens", new("tags")), {"tags": ["New York"]}, True),
            (("tokens", "ContainsAllTokens", new("tags")), {"tags": ["new", "York"]}, False),
            (("tokens", "ContainsAnyToken", new("tags")), {"tags": ["new", "York"]}, True),
            (("tokens", "ContainsAnyToken", new("tags")), {"tags": ["york"]}, False),
            (("n", "In", [1, new("k")]), {"k": 5}, True),
            (("n", "NotIn", [1, new("k")]), {"k": 5}, False),
            (
                ("And", [("n", "Eq", 5), ("Not", ("k", "Gte", new("k")))]),
                {"k": 9},
                True,
            ),
        ]:
            with self.subTest(condition=condition, coming=coming):
                ns = self.fresh()
                ns.write(schema=schema, upsert_rows=[row])
                asked = {"upsert_rows": [{"id": 1, "mark": 1} | coming]}
                written = ns.write(**asked, upsert_condition=condition)
                self.assertEqual(written.rows_affected, int(expected))
        ns = self.fresh()
        ns.write(schema=schema, upsert_rows=[row])
        # Of a delete nothing comes, so this asks whether the value is missing.
        deleted = ns.write(deletes=[1], delete_condition=("n", "Eq", new("n")))
        self.assertEqual(deleted.rows_affected, 0)
        never = ("n", "Eq", -1)
        both_ways = ns.write(delete_by_filter=("n", "Eq", 5), deletes=[7], delete_condition=never)
        self.assertEqual(both_ways.rows_affected, 1)
        self.assertEqual(everything(ns), [])

    @proves("2.5", "vectors are compared")
    def test_a_condition_may_ask_for_another_vector(self):
        ns = self.fresh()
        ns.write(**COSINE, upsert_rows=[{"id": 1, "vector": [0.5, 1.5], "n": 0}])
        other = ("vector", "NotEq", new("vector"))
        for vector, affected in [([0.5, 1.5], 0), ([0.5, 2.5], 1), ([0.5, 2.5], 0)]:
            row = {"id": 1, "vector": vector, "n": 1}
            written = ns.write(upsert_rows=[row], upsert_condition=other)
            self.assertEqual(written.rows_affected, affected)

    @proves("2.8", "billing.query", "upserted_ids, patched_ids, deleted_ids")
    @proves("2.5", "what is passed over is not counted")
    @proves("11", "patches, deletes, writes by filter, conditions, affected ids")
    def test_what_was_passed_over_is_not_named(self):
        ns = self.fresh()
        ns.write(upsert_rows=numbered(4))
        plain = ns.write(upsert_rows=[{"id": 10, "n": 10}])
        self.assertIsNone(plain.billing.query)
        self.assertIsNone(plain.upserted_ids)
        written = ns.write(
            upsert_rows=[{"id": 0, "n": 9}, {"id": 20, "n": 9}],
            upsert_condition=("n", "Gt", 100),
            patch_rows=[{"id": 1, "n": 9}, {"id": 30, "n": 9}],
            patch_condition=("n", "Eq", 1),
            deletes=[2, 3, 40],
            delete_condition=("n", "Eq", 3),
            return_affected_ids=True,
        )
        self.assertEqual(written.upserted_ids, [20])
        self.assertEqual(written.patched_ids, [1])
        self.assertEqual(written.deleted_ids, [3])
        self.assertEqual(written.rows_affected, 3)
        self.assertGreater(written.billing.query.billable_logical_bytes_queried, 0)

    @proves("2.1", "disable_backpressure", "encryption: default")
    @proves("2.8", "an empty write")
    @proves("5.8", "encryption.mode: default")
    def test_a_write_may_say_more_and_do_no_more(self):
        ns = self.fresh()
        row = {"upsert_rows": [{"id": 1, "n": 1}]}
        ns.write(**row, disable_backpressure=True, encryption={"mode": "default"})
        self.assertEqual(ids(ns.query(rank_by=("id", "asc"), limit=9)), [1])
        nothing = ns.write()
        self.assertEqual((nothing.status, nothing.rows_affected), ("OK", 0))
        self.assertEqual(len(everything(ns)), 1)


if __name__ == "__main__":
    unittest.main()
