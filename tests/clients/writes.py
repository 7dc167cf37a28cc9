"""Writes: what a request changes, what it leaves, and that it does all of it or nothing."""

import datetime
import unittest
import uuid

import turbopuffer

from node import both, everything, ids
from proofs import proves

COSINE = {"distance_metric": "cosine_distance"}


@both
class Writes:
    @proves("1.7", "write")
    @proves("2.1", "upsert_rows", "distance_metric")
    @proves("2.3", "[N]f32 as base64", "[N]f32 as numbers")
    @proves(
        "2.8",
        "status and message",
        "rows_affected",
        "rows_upserted",
        "billing.billable_logical_bytes_written",
        "performance.server_total_ms",
    )
    @proves("3.3", "what is missing is absent", "vectors as floats")
    @proves("6.2", "a strong query sees what was acknowledged")
    def test_rows_are_there_as_they_were_written(self):
        ns = self.fresh()
        written = ns.write(
            **COSINE,
            upsert_rows=[
                # Floats travel as base64, integers as a list; a null is no value.
                {"id": 1, "vector": [0.1, 0.7], "title": "first", "tags": ["a", "b"]},
                {"id": 2, "vector": [1, 2], "title": None, "public": False, "size": -7},
            ],
        )
        self.assertEqual(written.status, "OK")
        self.assertEqual((written.rows_affected, written.rows_upserted), (2, 2))
        self.assertIsNone(written.rows_deleted)
        # Ids and numbers 8, of a vector 4 for each dimension, a truth 1, texts as they are.
        billed = (8 + 8 + 5 + 2) + (8 + 8 + 1 + 8)
        self.assertEqual(written.billing.billable_logical_bytes_written, billed)
        self.assertGreater(written.performance.server_total_ms, 0)
        self.assertEqual(
            everything(ns),
            [
                {"id": 1, "vector": [0.1, 0.7], "title": "first", "tags": ["a", "b"]},
                {"id": 2, "vector": [1.0, 2.0], "public": False, "size": -7},
            ],
        )

    @proves("2.1", "upsert_columns", "patch_columns")
    def test_columns_are_rows_that_lie_across(self):
        ns = self.fresh()
        columns = {"id": ["a", "b"], "vector": [[0.5, 0.25], [1.5, 2.5]], "title": ["x", None]}
        self.assertEqual(ns.write(**COSINE, upsert_columns=columns).rows_upserted, 2)
        ns.write(patch_columns={"id": ["b", "a"], "title": ["y", None]})
        self.assertEqual(
            everything(ns),
            [{"id": "a", "vector": [0.5, 0.25]}, {"id": "b", "vector": [1.5, 2.5], "title": "y"}],
        )
        uneven = {"id": ["a", "b"], "title": ["x"]}
        self.refused(turbopuffer.BadRequestError, "same length", ns.write, upsert_columns=uneven)

    @proves("2.1", "upsert_rows")
    def test_an_upsert_takes_the_place_of_the_whole_document(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": 1, "b": 1}, {"id": 2, "a": 2}])
        ns.write(upsert_rows=[{"id": 1, "b": 3}])
        self.assertEqual(everything(ns), [{"id": 1, "b": 3}, {"id": 2, "a": 2}])

    @proves("2.1", "upsert_rows", "upsert_columns")
    def test_an_upsert_names_every_vector_or_says_null(self):
        ns = self.fresh()
        near, bare = {"id": 1, "vector": [0.5, 1.5]}, {"id": 2, "a": 2}
        told = "upsert_rows[1]: vector attribute 'vector' must be given"
        bad = turbopuffer.BadRequestError
        self.refused(bad, told, ns.write, **COSINE, upsert_rows=[near, bare])
        self.assertFalse(ns.exists())
        late = {"late": {"type": "[][2]f32", "ann": {"late_interaction": True}}}
        ns.write(**COSINE, schema=late, upsert_rows=[near | {"late": [[0.5, 1.5]]}])
        before = everything(ns)
        for told, asked in [
            ("upsert_rows[0]: vector attribute 'vector'", {"upsert_rows": [bare | {"late": None}]}),
            ("upsert_rows[0]: vector attribute 'late'", {"upsert_rows": [near]}),
            (
                "upsert_columns: vector attribute 'vector'",
                {"upsert_columns": {"id": [2, 3], "late": [None, None]}},
            ),
        ]:
            with self.subTest(told):
                self.refused(bad, told, ns.write, **asked)
                self.assertEqual(everything(ns), before)
        ns.write(upsert_rows=[{"id": 1, "vector": None, "late": None}])
        columns = {"id": [2, 3], "vector": [None, [0.5, 2.5]], "late": [None, None]}
        ns.write(upsert_columns=columns)
        expected = [{"id": 1}, {"id": 2}, {"id": 3, "vector": [0.5, 2.5]}]
        self.assertEqual(everything(ns), expected)

    @proves("2.1", "patch_rows")
    @proves("2.8", "rows_patched", "upserted_ids, patched_ids, deleted_ids")
    def test_a_patch_changes_what_it_names_of_what_is_there(self):
        ns = self.fresh()
        row = {"id": 1, "vector": [0.5, 1.5], "a": 1, "b": "x", "c": True}
        ns.write(**COSINE, upsert_rows=[row])
        patched = ns.write(
            patch_rows=[{"id": 1, "a": 2, "b": None}, {"id": 9, "a": 9}], return_affected_ids=True
        )
        self.assertEqual((patched.rows_affected, patched.rows_patched), (1, 1))
        self.assertEqual(patched.patched_ids, [1])
        after = [{"id": 1, "vector": [0.5, 1.5], "a": 2, "c": True}]
        self.assertEqual(everything(ns), after)
        self.refused(
            turbopuffer.BadRequestError,
            "'vector'",
            ns.write,
            patch_rows=[{"id": 1, "vector": [0.5, 2.5]}],
        )
        self.assertEqual(everything(ns), after)

    @proves("2.1", "deletes", "return_affected_ids")
    @proves("2.8", "rows_deleted", "a namespace without documents stays")
    def test_deleted_documents_are_gone_and_their_namespace_stays(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": number, "a": number} for number in range(5)])
        deleted = ns.write(deletes=[1, 3], return_affected_ids=True)
        self.assertEqual((deleted.rows_deleted, sorted(deleted.deleted_ids)), (2, [1, 3]))
        self.assertEqual([row["id"] for row in everything(ns)], [0, 2, 4])
        ns.write(deletes=[0, 2, 4])
        self.assertEqual(everything(ns), [])
        self.assertTrue(ns.exists())

    @proves("2.1", "return_affected_ids")
    @proves("2.8", "rows_affected", "upserted_ids, patched_ids, deleted_ids")
    @proves("11", "patches, deletes, writes by filter, conditions, affected ids")
    def test_one_request_does_all_that_it_holds(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": 1}, {"id": 2, "a": 2}])
        written = ns.write(
            upsert_rows=[{"id": 3, "a": 3}],
            upsert_columns={"id": [4], "a": [4]},
            patch_rows=[{"id": 1, "a": 10}],
            deletes=[2],
            return_affected_ids=True,
        )
        self.assertEqual(written.rows_affected, 4)
        counts = (written.rows_upserted, written.rows_patched, written.rows_deleted)
        self.assertEqual(counts, (2, 1, 1))
        self.assertEqual(sorted(written.upserted_ids), [3, 4])
        self.assertEqual(everything(ns), [{"id": 1, "a": 10}, {"id": 3, "a": 3}, {"id": 4, "a": 4}])

    @proves("2.2", "an id twice in one request", "ids of one type")
    @proves("2.3", "a wrong length")
    @proves("2.4", "all of a request or nothing")
    @proves("6.2", "a write is one batch")
    def test_a_request_with_one_bad_document_does_nothing(self):
        ns = self.fresh()
        ns.write(**COSINE, upsert_rows=[{"id": 1, "vector": [0.5, 1.5], "a": 1}])
        before = everything(ns)
        good = {"id": 7, "vector": [0.5, 1.5], "a": 7}
        for told, bad in [
            ("twice", {"id": 7, "vector": [1.5, 1.5]}),
            ("3 numbers", {"id": 8, "vector": [0.5, 1.5, 2.5]}),
            ("expects int", {"id": 8, "vector": [0.5, 1.5], "a": "eight"}),
            ("eight", {"id": "eight", "vector": [0.5, 1.5]}),
        ]:
            with self.subTest(told):
                self.refused(turbopuffer.BadRequestError, told, ns.write, upsert_rows=[good, bad])
                self.assertEqual(everything(ns), before)
        self.refused(
            turbopuffer.BadRequestError, "twice", ns.write, upsert_rows=[good], deletes=[7]
        )
        self.assertEqual(everything(ns), before)

    @proves("2.1", "upsert_condition", "patch_condition", "delete_condition")
    @proves(
        "2.5",
        "a document that is there",
        "an upsert of a missing document",
        "a patch or delete of a missing document",
        "$ref_new",
        "what is passed over is not counted",
    )
    @proves("3.4", "null under Lt and Lte")
    def test_a_condition_is_asked_of_the_document_that_is_there(self):
        ns = self.fresh()
        newer = ("version", "Lt", {"$ref_new": "version"})
        ns.write(upsert_rows=[{"id": 1, "version": 5, "a": "old"}, {"id": 2, "a": "old"}])
        written = ns.write(
            # Older than what is there, newer than nothing, and not there at all.
            upsert_rows=[{"id": number, "version": 4, "a": "new"} for number in (1, 2, 3)],
            upsert_condition=newer,
            return_affected_ids=True,
        )
        self.assertEqual((written.rows_affected, sorted(written.upserted_ids)), (2, [2, 3]))
        patched = ns.write(
            patch_rows=[{"id": 1, "version": 6}, {"id": 2, "version": 3}], patch_condition=newer
        )
        self.assertEqual(patched.rows_affected, 1)
        deleted = ns.write(deletes=[1, 2, 9], delete_condition=("version", "Gte", 6))
        self.assertEqual(deleted.rows_affected, 1)
        new = {"version": 4, "a": "new"}
        self.assertEqual(everything(ns), [{"id": 2, **new}, {"id": 3, **new}])

    @proves("2.5", "insert if absent")
    def test_a_document_is_inserted_only_where_there_is_none(self):
        ns = self.fresh()
        insert = {"upsert_condition": ("id", "Eq", None)}
        first = ns.write(upsert_rows=[{"id": "x", "a": 1}], **insert)
        second = ns.write(upsert_rows=[{"id": "x", "a": 2}, {"id": "y", "a": 2}], **insert)
        self.assertEqual((first.rows_affected, second.rows_affected), (1, 1))
        self.assertEqual(everything(ns), [{"id": "x", "a": 1}, {"id": "y", "a": 2}])

    def test_a_key_is_answered_as_it_was_the_first_time(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": 1}])
        asked = {
            "upsert_rows": [{"id": 2, "a": 2}],
            "upsert_condition": ("id", "Eq", None),
            "extra_headers": {"Idempotency-Key": "k1"},
        }
        # Without the key, the second of them would find its condition broken by the first.
        self.assertEqual([ns.write(**asked).rows_affected for _ in range(2)], [1, 1])
        asked["upsert_rows"] = [{"id": 2, "a": 3}]
        self.refused(turbopuffer.UnprocessableEntityError, "key", ns.write, **asked)
        self.assertEqual(everything(ns), [{"id": 1, "a": 1}, {"id": 2, "a": 2}])

    @proves("2.1", "create_namespace")
    def test_a_namespace_is_created_when_it_is_asked_for(self):
        ns = self.fresh()
        row = {"upsert_rows": [{"id": 1, "a": 1}]}
        self.refused(turbopuffer.NotFoundError, ns.id, ns.write, **row, create_namespace=False)
        self.assertFalse(ns.exists())
        self.refused(turbopuffer.BadRequestError, "`schema.id`", ns.write, create_namespace=True)
        ns.write(create_namespace=True, schema={"id": "uint"})
        self.assertTrue(ns.exists())
        self.assertEqual(ns.write(create_namespace=True).rows_affected, 0)
        self.assertEqual(everything(ns), [])
        ns.write(**row, create_namespace=False)
        self.assertEqual(everything(ns), row["upsert_rows"])

    def test_many_documents_are_one_request(self):
        ns = self.fresh()
        many = [{"id": number, "a": f"row {number}"} for number in range(5000)]
        self.assertEqual(ns.write(upsert_rows=many).rows_affected, len(many))
        self.assertEqual(everything(ns), many)

    @proves("2.2", "datetimes as clients send them")
    @proves(
        "2.3",
        "[][N]f32 as lists",
        "{}f16 as an object",
        "[N]f16 as base64",
        "[N]i8 as integers",
    )
    @proves("3.3", "a datetime in UTC")
    @proves(
        "4.1",
        "string",
        "int",
        "uint",
        "float",
        "bool",
        "uuid",
        "datetime",
        "bytes",
        "[]string",
        "[]int",
        "[]uint",
        "[]float",
        "[]bool",
        "[]uuid",
        "[]datetime",
        "[N]f32",
        "[N]f16",
        "[N]i8",
        "{}f16",
        "[][N]f32",
    )
    @proves("4.2", "ann: true", "ann.late_interaction", "sparse_knn")
    def test_a_value_of_every_type_comes_back(self):
        ns = self.fresh()
        utc = datetime.timezone.utc
        plain = {
            "string": ("string", "é\n🐘"),
            "int": ("int", -(2**63)),
            "uint": ("uint", 2**64 - 1),
            "float": ("float", 0.1),
            "bool": ("bool", True),
            "uuid": ("uuid", "0f8fad5b-d9cb-469f-a165-70867728950e"),
            "datetime": ("datetime", "2024-03-01T18:30:00.123000000Z"),
            "bytes": ("bytes", "AQID"),
            "strings": ("[]string", ["", "b"]),
            "ints": ("[]int", [2, -1]),
            "uints": ("[]uint", [2**64 - 1]),
            "floats": ("[]float", [0.1, 2.0]),
            "bools": ("[]bool", [True, False]),
            "uuids": ("[]uuid", ["00000000-0000-0000-0000-00000000000a"]),
            "datetimes": ("[]datetime", ["1969-12-31T23:59:59.999000000Z"]),
        }
        vectors = {
            "vector": ("[3]f32", [0.1, 0.7, -2.5]),
            "half": ("[2]f16", [0.5, -1.75]),
            "byte": ("[2]i8", [-128, 127]),
        }
        schema = {name: kind for name, (kind, _) in plain.items()}
        schema |= {name: {"type": kind, "ann": True} for name, (kind, _) in vectors.items()}
        schema["sparse"] = {"type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"}}
        schema["late"] = {"type": "[][2]f32", "ann": {"late_interaction": True}}
        row = {"id": 1, "sparse": {"a": 0.5, "b": 2.0}, "late": [[0.1, 0.2], [1.5, 2.5]]}
        row |= {name: value for name, (_, value) in (plain | vectors).items()}
        given = row | {
            "datetime": datetime.datetime(2024, 3, 1, 18, 30, 0, 123999, tzinfo=utc),
            "uuid": row["uuid"].upper(),
        }
        none = {"id": 2} | dict.fromkeys([*vectors, "late"])
        ns.write(**COSINE, schema=schema, upsert_rows=[given, none])
        self.assertEqual(everything(ns), [row, {"id": 2}])

    @proves("1.8", "ids up to 2^64-1")
    @proves(
        "2.2",
        "an id is a uint",
        "an id is a string of at most 64 bytes",
        "an id is a uuid, in any case",
        "an id is an int, where the schema says so",
    )
    @proves("3.4", "id is filterable")
    @proves("4.1", "the type of id")
    def test_ids_are_numbers_texts_or_uuids(self):
        small, large = uuid.UUID(int=1), uuid.UUID("FFFFFFFF-0000-4000-8000-00000000000A")
        for id_type, given, kept in [
            ("uint", [0, 2**64 - 1], [0, 2**64 - 1]),
            ("string", ["b" * 64, "B"], ["B", "b" * 64]),
            ("uuid", [str(large).upper(), str(small)], [str(small), str(large)]),
            ("int", [2**63 - 1, -1, -(2**63), 0], [-(2**63), -1, 0, 2**63 - 1]),
        ]:
            with self.subTest(id_type):
                ns = self.fresh()
                ns.write(schema={"id": id_type}, upsert_rows=[{"id": id} for id in given])
                self.assertEqual(ids(ns.query(rank_by=("id", "asc"), limit=9)), kept)
                for id in kept:
                    found = ns.query(rank_by=("id", "asc"), limit=9, filters=("id", "Eq", id))
                    self.assertEqual(ids(found), [id])


if __name__ == "__main__":
    unittest.main()
