"""Values: what an id, a name and a value may be, how large, and in which forms they are taken."""

import base64
import datetime
import random
import struct
import unittest
import uuid

import turbopuffer

from node import both, everything, ids
from proofs import proves

KIB, MIB = 1 << 10, 1 << 20
COSINE = {"distance_metric": "cosine_distance"}


@both
class Values:
    @proves("2.2", "an id is a uint", "an id is a string of at most 64 bytes", "ids of one type")
    @proves("2.2", "an id is never null", "an id is a uuid, in any case")
    @proves("6.1", "an id of 64 bytes")
    @proves("11", "implicit creation, the type of ids, an id twice, columns")
    def test_ids_are_all_of_one_kind(self):
        for first, others in [
            (1, ["a", -1, None]),
            ("é" * 32, [1, "x" * 65, "é" * 33, None]),
        ]:
            ns = self.fresh()
            ns.write(upsert_rows=[{"id": first}])
            for other in others:
                with self.subTest(first=first, other=other):
                    self.invalid("", ns.write, upsert_rows=[{"id": other}])
                    if other is not None:
                        self.invalid("", ns.write, deletes=[other])
            self.assertEqual([row["id"] for row in everything(ns)], [first])
        ns = self.fresh()
        one = uuid.UUID(int=0xABCDEF)
        ns.write(schema={"id": "uuid"}, upsert_rows=[{"id": str(one).upper(), "a": 1}])
        ns.write(patch_rows=[{"id": str(one), "a": 2}])
        self.assertEqual(everything(ns), [{"id": str(one), "a": 2}])
        self.invalid("", ns.write, upsert_rows=[{"id": "no uuid"}])

    @proves("2.2", "an id twice in one request")
    @proves("11", "implicit creation, the type of ids, an id twice, columns")
    def test_an_id_stands_once_in_a_request(self):
        ns = self.fresh()
        ns.write(schema={"id": "uuid"}, upsert_rows=[{"id": str(uuid.UUID(int=1))}])
        one = str(uuid.UUID(int=0xABCDEF))
        row, again = {"id": one}, {"id": one.upper()}
        for asked in [
            {"upsert_rows": [row, again]},
            {"upsert_rows": [row], "deletes": [again["id"]]},
            {"upsert_rows": [row], "patch_rows": [again]},
            {"upsert_columns": {"id": [one, one]}},
            {"upsert_rows": [row], "upsert_columns": {"id": [one]}},
            {"deletes": [one, one]},
        ]:
            with self.subTest(asked):
                self.refused(turbopuffer.BadRequestError, "", ns.write, **asked)
        self.assertEqual(len(everything(ns)), 1)

    @proves("2.2", "a name of at most 128 bytes", "a name does not begin with $")
    @proves("2.2", "at most 1,024 attributes")
    @proves("6.1", "a name of an attribute of 128 bytes", "1,024 attributes")
    def test_names_are_short_and_not_without_number(self):
        ns = self.fresh()
        longest = {"id": 1, "x" * 128: 1, "é" * 64: 2, "a b.c": 3}
        ns.write(upsert_rows=[longest])
        self.assertEqual(everything(ns), [longest])
        for odd in ["x" * 129, "é" * 65, "$dist", ""]:
            with self.subTest(odd):
                self.invalid("", ns.write, upsert_rows=[{"id": 2, odd: 1}])
        many = {f"a{number}": number for number in range(1021)}
        ns.write(upsert_rows=[{"id": 3} | many])
        self.refused(turbopuffer.BadRequestError, "1024", ns.write, upsert_rows=[{"id": 4, "b": 1}])
        ns.write(upsert_rows=[{"id": 4, "a7": 1}])

    @proves("2.2", "a value of at most 8 MiB", "a filterable value of at most 4 KiB")
    @proves("6.1", "a value of 8 MiB", "a filterable value of 4 KiB")
    def test_values_are_of_some_size(self):
        ns = self.fresh()
        hidden = {"type": "string", "filterable": False}
        ns.write(schema={"big": hidden, "s": "string"}, upsert_rows=[{"id": 1, "s": "x" * 4 * KIB}])
        ns.write(upsert_rows=[{"id": 2, "big": "x" * 8 * MIB}])
        ns.write(upsert_rows=[{"id": 3, "tags": ["x" * 4 * KIB] * 3}])
        for odd in [
            {"s": "x" * (4 * KIB + 1)},
            {"s": "é" * (2 * KIB + 1)},
            {"big": "x" * (8 * MIB + 1)},
            {"tags": ["", "x" * (4 * KIB + 1)]},
        ]:
            (name,) = odd
            self.refused(turbopuffer.BadRequestError, name, ns.write, upsert_rows=[{"id": 9} | odd])
        self.assertEqual([row["id"] for row in everything(ns)], [1, 2, 3])

    @proves("2.2", "a document of at most 64 MiB")
    @proves("6.1", "a document of 64 MiB")
    def test_a_document_is_of_some_size(self):
        # To pack so much takes seconds.
        ns = self.way.connected(compression=False).namespace(self.unused())
        names = [f"a{number}" for number in range(9)]
        schema = {name: {"type": "string", "filterable": False} for name in names}
        # What packs too well is taken for a bomb.
        text = random.Random(64).randbytes(4 * MIB).hex()
        large = dict.fromkeys(names, text)
        self.refused(
            turbopuffer.BadRequestError,
            str(64 * MIB),
            ns.write,
            schema=schema,
            upsert_rows=[{"id": 1} | large],
        )
        self.assertFalse(ns.exists())

    @proves("2.2", "datetimes as clients send them")
    @proves("3.3", "a datetime in UTC")
    @proves("4.1", "datetime")
    def test_moments_are_taken_in_many_forms(self):
        ns = self.fresh()
        zone = datetime.timezone(datetime.timedelta(hours=2))
        noon = "2024-03-01T12:00:00.000000000Z"
        forms = [
            (datetime.datetime(2024, 3, 1, 12), noon),
            (datetime.datetime(2024, 3, 1, 14, tzinfo=zone), noon),
            ("2024-03-01T12:00:00.000Z", noon),
            ("2024-03-01T12:00:00", noon),
            ("2024-03-01T13:30:00+01:30", noon),
            ("2024-03-01", "2024-03-01T00:00:00.000000000Z"),
            ("2024-03-01T12:00:00.5Z", "2024-03-01T12:00:00.500000000Z"),
        ]
        rows = [{"id": id, "at": given} for id, (given, _) in enumerate(forms)]
        ns.write(schema={"at": "datetime"}, upsert_rows=rows)
        self.assertEqual([row["at"] for row in everything(ns)], [told for _, told in forms])
        found = ns.query(rank_by=("id", "asc"), limit=9, filters=("at", "Eq", forms[1][0]))
        self.assertEqual(ids(found), [0, 1, 2, 3, 4])
        for odd in ["yesterday", "2024-13-01", 7.5, True]:
            self.invalid("", ns.write, upsert_rows=[{"id": 99, "at": odd}])

    @proves("2.2", "arrays hold no null")
    @proves("4.1", "[]string", "[]int", "{}f16", "[][N]f32")
    def test_arrays_hold_values_of_one_type(self):
        ns = self.fresh()
        sparse = {"type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"}}
        late = {"type": "[][2]f32", "ann": {"late_interaction": True}}
        schema = {"tags": "[]string", "numbers": "[]int", "sparse": sparse, "late": late}
        row = {"id": 1, "tags": [], "numbers": [], "late": None}
        ns.write(**COSINE, schema=schema, upsert_rows=[row])
        self.assertEqual(everything(ns), [{"id": 1, "tags": [], "numbers": []}])
        many = {f"k{number}": 0.5 for number in range(1025)}
        for odd in [
            {"tags": ["a", None]},
            {"tags": [["a"]]},
            {"tags": "a"},
            {"numbers": [1, "a"]},
            {"numbers": [0.5]},
            {"numbers": [2**63]},
            {"sparse": {"a": "x"}},
            {"sparse": many},
            {"late": [[0.5, 1.5], [0.5]]},
            {"late": [0.5, 1.5]},
        ]:
            with self.subTest(odd):
                self.invalid("", ns.write, upsert_rows=[{"id": 2, "late": None} | odd])

    @proves("4.1", "uint", "int", "float", "bool", "uuid", "bytes", "string")
    def test_a_value_is_of_its_type(self):
        kinds = ["uint", "int", "float", "bool", "uuid", "bytes", "string"]
        ns = self.fresh()
        ns.write(schema={kind: kind for kind in kinds}, upsert_rows=[{"id": 1, "float": 3}])
        self.assertEqual(everything(ns), [{"id": 1, "float": 3.0}])
        for kind, odd in [
            ("uint", -1),
            ("uint", 0.5),
            ("int", 2**63),
            ("int", "7"),
            ("float", "0.5"),
            ("bool", 1),
            ("uuid", "7"),
            ("bytes", "no base64!"),
            ("string", 7),
        ]:
            with self.subTest(kind=kind, odd=odd):
                self.invalid(kind, ns.write, upsert_rows=[{"id": 2, kind: odd}])

    @proves("2.3", "[N]f32 as base64", "[N]f32 as numbers", "[N]f16 as base64", "[N]i8 as base64")
    @proves("2.1", "upsert_columns")
    @proves("11", "base64 of f32 in rows and columns, for f32, f16 and i8")
    def test_columns_hold_vectors_in_either_form(self):
        ns = self.fresh()
        packed = base64.b64encode(struct.pack("<2f", 3.0, 4.0)).decode()
        ns.write(
            **COSINE,
            schema={
                "half": {"type": "[2]f16", "ann": True},
                "byte": {"type": "[2]i8", "ann": True},
            },
            upsert_columns={
                "id": [1, 2, 3],
                "vector": [[0.1, 0.7], packed, [1, 2]],
                "half": [packed, [1.5, 2.5], None],
                "byte": [packed, [-128, 127], None],
            },
        )
        self.assertEqual(
            everything(ns),
            [
                {"id": 1, "vector": [0.1, 0.7], "half": [3.0, 4.0], "byte": [3, 4]},
                {"id": 2, "vector": [3.0, 4.0], "half": [1.5, 2.5], "byte": [-128, 127]},
                {"id": 3, "vector": [1.0, 2.0]},
            ],
        )


if __name__ == "__main__":
    unittest.main()
