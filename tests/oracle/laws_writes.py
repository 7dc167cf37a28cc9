"""What writes must hold, worked out by hand."""

import unittest

from space import Space
from values import kept_instant, printed_instant

GREEK = {
    "type": "string",
    "full_text_search": {"language": "greek", "remove_stopwords": True},
}


class Writes(unittest.TestCase):
    def test_filters_come_before_rows_and_deletes_before_patches(self):
        space = Space(upsert_rows=[{"id": id, "n": id} for id in range(4)])
        told = space.write(
            delete_by_filter=["n", "Lt", 2],
            patch_by_filter={"filters": ["n", "Lte", 2], "patch": {"n": 9}},
            patch_rows=[{"id": 0, "n": 5}, {"id": 3, "n": None}],
            upsert_rows=[{"id": 1, "n": 1}],
            return_affected_ids=True,
        )
        self.assertEqual(
            told,
            {
                "rows_affected": 5,
                # Two deletes, a patch by filter, one that brings a null alone, an upsert.
                "written_bytes": 2 * 8 + 16 + 8 + 16,
                "rows_upserted": 1,
                "rows_patched": 2,
                "rows_deleted": 2,
                "upserted_ids": [1],
                "patched_ids": [2, 3],
                "deleted_ids": [0, 1],
            },
        )
        self.assertEqual(
            space.world.namespaces["n"].sorted(), [{"id": 1, "n": 1}, {"id": 2, "n": 9}, {"id": 3}]
        )

    def test_a_condition_is_asked_of_what_is_there_and_not_of_what_is_missing(self):
        space = Space(upsert_rows=[{"id": 1, "v": 5}, {"id": 2}])
        newer = ["v", "Lt", {"$ref_new": "v"}]
        told = space.write(
            upsert_rows=[{"id": id, "v": 4} for id in (1, 2, 3)], upsert_condition=newer
        )
        self.assertEqual(told["rows_upserted"], 2)
        # A null that is asked for is below nothing, and in a delete every one is null.
        self.assertEqual(
            space.write(patch_rows=[{"id": 1, "w": 1}], patch_condition=newer)["rows_patched"], 0
        )
        self.assertEqual(space.write(deletes=[1, 2, 9], delete_condition=newer)["rows_deleted"], 0)
        self.assertEqual(
            space.write(upsert_rows=[{"id": 1}], upsert_condition=["id", "Eq", None])[
                "rows_upserted"
            ],
            0,
        )

    def test_a_value_is_billed_as_its_type_is_stored(self):
        schema = {"h": {"type": "[2]f16", "ann": {"distance_metric": "dot_product"}}, "y": "bytes"}
        row = {"id": "ab", "h": [1.0, 2.0], "y": "AQID", "s": "\u00e9", "t": ["a", "bc"], "n": None}
        space = Space(upsert_rows=[{"id": "x"}])
        space.world.namespaces.clear()
        told = space.write(schema=schema, upsert_rows=[row])
        self.assertEqual(told["written_bytes"], 2 + 2 * 2 + 3 + 2 + 3)
        told = space.write(patch_rows=[{"id": "ab", "s": None, "b": True}, {"id": "z", "s": "x"}])
        self.assertEqual(told["written_bytes"], 2 + 1)

    def test_what_a_filter_and_an_id_patch_is_patched_twice(self):
        space = Space(upsert_rows=[{"id": id, "n": id} for id in range(3)])
        told = space.write(
            patch_by_filter={"filters": ["n", "Gte", 1], "patch": {"n": 9}},
            patch_rows=[{"id": 0, "n": 5}, {"id": 2, "m": 1}],
            return_affected_ids=True,
        )
        self.assertEqual(
            told,
            {
                "rows_affected": 4,
                "rows_patched": 4,
                "patched_ids": [0, 1, 2, 2],
                "written_bytes": 64,
            },
        )

    def test_documents_are_asked_under_the_schema_that_a_request_leaves_behind(self):
        space = Space(
            upsert_rows=[{"id": 1, "n": 1, "s": "a cat"}, {"id": 2, "s": "a dog"}],
        )
        text = {"type": "string", "full_text_search": True}
        told = space.write(schema={"s": text}, delete_by_filter=["s", "ContainsAnyToken", "dog"])
        self.assertEqual(told["rows_deleted"], 1)
        told = space.write(
            upsert_rows=[{"id": id, "v": 1} for id in (1, 3)],
            upsert_condition=["v", "Lt", {"$ref_new": "v"}],
            patch_by_filter={"filters": ["v", "Eq", None], "patch": {"n": 2}},
        )
        self.assertEqual((told["rows_upserted"], told["rows_patched"]), (2, 1))
        dropped = {"schema": {"n": {"drop": True}}}
        refused = space.refused("", **dropped, delete_by_filter=["n", "Eq", 1])
        self.assertEqual(refused, "unknown attribute")
        # What comes anew is another attribute, and nothing that was there has it.
        told = space.write(
            **dropped, upsert_rows=[{"id": 4, "n": "x"}], delete_by_filter=["n", "Eq", None]
        )
        self.assertEqual(told["rows_deleted"], 2)
        self.assertEqual(space.found(["n", "Eq", "x"]), [4])

    def test_a_list_may_have_values_of_the_document_that_is_about_to_be(self):
        row = {"id": 1, "s": "a", "t": ["a", "b"], "v": 0}
        for word, name, operand, new, holds in [
            ("In", "s", ["b", {"$ref_new": "s"}], {"s": "a"}, True),
            ("In", "s", ["b", {"$ref_new": "s"}], {"s": "c"}, False),
            ("In", "s", ["b", {"$ref_new": "s"}], {}, False),
            ("NotIn", "s", [{"$ref_new": "s"}], {}, True),
            ("In", "s", {"$ref_new": "t"}, {"t": ["x", "a"]}, True),
            ("In", "s", {"$ref_new": "t"}, {}, False),
            ("In", "t", {"$ref_new": "s"}, {"s": "b"}, True),
            ("In", "t", {"$ref_new": "s"}, {"s": "ab"}, False),
            ("ContainsAny", "t", [{"$ref_new": "s"}, "x"], {"s": "b"}, True),
            ("NotContainsAny", "t", {"$ref_new": "t"}, {"t": ["c"]}, True),
        ]:
            space = Space(upsert_rows=[row])
            told = space.write(
                patch_rows=[{"id": 1, "v": 1} | new], patch_condition=[name, word, operand]
            )
            self.assertEqual(bool(told["rows_patched"]), holds, (word, operand, new))

    def test_what_is_refused_changes_nothing(self):
        space = Space(upsert_rows=[{"id": 1, "n": 1}])
        for body, kind in [
            ({"upsert_rows": [{"id": 2}, {"id": 3, "n": "x"}]}, "value type"),
            ({"upsert_rows": [{"id": 2, "z": 1}], "deletes": [2]}, "id twice"),
            ({"schema": {"z": "int", "n": "string"}}, "type change"),
            ({"upsert_rows": [{"id": 2, "vector": [1.0]}]}, "vector column added"),
            ({"schema": {"z": GREEK}}, "stop words of no list"),
            ({"upserts": []}, "unknown field"),
        ]:
            self.assertEqual(space.refused("", **body), kind)
            self.assertEqual(space.world.namespaces["n"].docs, {1: {"id": 1, "n": 1}})
            self.assertEqual(list(space.world.namespaces["n"].schema.attributes), ["n"])

    def test_ids_are_below_zero_where_the_schema_says_so(self):
        ids = [7, -1, 2**63 - 1, 0, -(2**63), -10]
        space = Space(schema={"id": "int"}, upsert_rows=[{"id": id, "n": 1} for id in ids])
        self.assertEqual(space.ids(), sorted(ids))
        self.assertEqual(space.found(["id", "Gt", -1.5]), [-1, 0, 7, 2**63 - 1])
        self.assertEqual(space.found(["id", "In", [-10, 7, 2.5, 2**63]]), [-10, 7])
        told = space.write(
            patch_rows=[{"id": -1, "n": -1}, {"id": -2, "n": -2}, {"id": 0, "n": 1}],
            patch_condition=["id", "Lte", {"$ref_new": "n"}],
            deletes=[-10],
            return_affected_ids=True,
        )
        self.assertEqual((told["patched_ids"], told["deleted_ids"]), ([-1, 0], [-10]))
        self.assertEqual(told["written_bytes"], 2 * (8 + 8) + 8)
        for odd, kind in [(2**63, "range"), (-(2**63) - 1, "range"), ("-1", "type")]:
            self.assertEqual(space.refused("", upsert_rows=[{"id": odd}]), f"id {kind}")
        self.assertEqual(space.refused("", schema={"id": "uint"}), "id type change")
        space.world.namespaces.clear()
        self.assertEqual(space.refused("", upsert_rows=[{"id": -1}]), "id range")

    def test_a_vector_has_a_metric_from_the_first_or_is_refused(self):
        late = {"type": "[][2]f32", "ann": {"late_interaction": True}}
        near = {"type": "[2]f32", "ann": {"distance_metric": "dot_product"}}
        bare = {"type": "[2]f32", "ann": True}
        space = Space(upsert_rows=[{"id": 1}])
        space.world.namespaces.clear()
        for schema in [{"a": late}, {"a": bare}, {"a": late, "b": bare}]:
            row = {"id": 1} | dict.fromkeys(schema)
            refused = space.refused("", schema=schema, upsert_rows=[row])
            self.assertEqual(refused, "vector without metric")
        for schema in [{"a": near, "b": late}, {"a": late, "b": near}, {"a": bare, "b": near}]:
            space = Space(schema=schema, upsert_rows=[{"id": 1} | dict.fromkeys(schema)])
            attributes = space.world.namespaces["n"].schema.attributes
            self.assertEqual({one.metric for one in attributes.values()}, {"dot_product"})

    def test_an_upsert_names_every_vector_or_is_refused(self):
        late = {"type": "[][2]f32", "ann": {"late_interaction": True}}
        schema = {"l": late, "w": "{}f16"}
        near = {"id": 1, "vector": [1.0, 2.0], "l": []}
        space = Space(schema=schema, distance_metric="dot_product", upsert_rows=[near])
        whole = {"id": 2, "vector": None, "l": None}
        insert = {"upsert_condition": ["id", "Eq", None]}
        for body in [
            {"upsert_rows": [whole, {"id": 3, "vector": [1.0, 2.0]}]},
            {"upsert_rows": [{"id": 3, "l": None, "w": {"a": 1}}, whole]},
            {"upsert_rows": [whole], "upsert_columns": {"id": [3], "l": [[]]}},
            {"upsert_columns": {"id": [2, 3], "vector": [None, None]}},
            {"upsert_rows": [{"id": 1, "vector": None}]} | insert,
        ]:
            self.assertEqual(space.refused("", **body), "vector left out")
        told = space.write(
            upsert_rows=[whole], upsert_columns={"id": [3], "vector": [None], "l": [None]}
        )
        self.assertEqual(told["rows_upserted"], 2)
        self.assertEqual(space.rows().page[1], {"id": 2})
        self.assertEqual(space.write(patch_rows=[{"id": 2, "n": 1}])["rows_patched"], 1)
        # All rows of a request say which vectors there are, and what is dropped is none.
        space.world.namespaces.clear()
        first = {"distance_metric": "dot_product"}
        near, bare = {"id": 1, "vector": [1.0, 2.0]}, {"id": 2, "n": 1}
        for rows in ([near, bare], [bare, near]):
            self.assertEqual(space.refused("", **first, upsert_rows=rows), "vector left out")
        told = space.write(**first, upsert_rows=[bare | {"vector": None}, near])
        self.assertEqual(told["rows_upserted"], 2)
        dropped = {"schema": {"vector": {"drop": True}}}
        self.assertEqual(space.write(**dropped, upsert_rows=[bare])["rows_upserted"], 1)

    def test_what_was_dropped_does_not_come_back_with_its_name(self):
        space = Space(upsert_rows=[{"id": 1, "n": 1, "s": "x"}])
        space.write(schema={"n": {"drop": True}})
        space.write(schema={"n": "string"})
        self.assertEqual(space.found(["n", "Eq", None]), [1])

    def test_moments_are_read_in_every_form_and_printed_in_one(self):
        for text, printed in [
            ("2024-03-01", "2024-03-01T00:00:00.000000000Z"),
            ("2024-03-01T02:00:00+02:00", "2024-03-01T00:00:00.000000000Z"),
            ("2024-02-29 19:00-0500", "2024-03-01T00:00:00.000000000Z"),
            ("2024-03-01t02:00:00.5+02", "2024-03-01T00:00:00.500000000Z"),
            ("1969-12-31T23:59:59.999z", "1969-12-31T23:59:59.999000000Z"),
            ("0000-02-29", "0000-02-29T00:00:00.000000000Z"),
            ("0001-01-01T00:00+01:00", "0000-12-31T23:00:00.000000000Z"),
            ("9999-12-31T23:59:59.999999999", "9999-12-31T23:59:59.999000000Z"),
        ]:
            self.assertEqual(printed_instant(kept_instant(text)), printed)
        for text in ["2024-02-30", "2024-03-01T24:00", "2024-03-01T00:00+24:00", "2024-03-01Z"]:
            self.assertIsNone(kept_instant(text))
        for text in ["0000-01-01T00:00+00:01", "9999-12-31T23:59:59-01:00"]:
            self.assertIsNone(kept_instant(text))

    def test_what_is_finer_than_a_millisecond_is_cut_off_towards_the_past(self):
        for text, printed in [
            ("2024-03-01T00:00:00.0019999", "2024-03-01T00:00:00.001000000Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999000000Z"),
            ("1969-12-31T23:59:59.000000001Z", "1969-12-31T23:59:59.000000000Z"),
        ]:
            self.assertEqual(printed_instant(kept_instant(text)), printed)

    def test_what_an_update_does_not_name_stays_as_it_is(self):
        kind = {"type": "string"}
        schema = {"id": "uint", "s": kind | {"regex": True, "fuzzy": True}}
        space = Space(schema=schema, create_namespace=True)
        shown = lambda: space.world.namespaces["n"].schema.attributes["s"].show()
        plain = kind | {"full_text_search": None}
        for said, after in [
            ({}, {"filterable": False, "regex": True, "fuzzy": True}),
            ({"regex": False}, {"filterable": False, "fuzzy": True}),
            ({"fuzzy": False}, {"filterable": True}),
            ({"glob": True}, {"filterable": True, "glob": True}),
            ({"filterable": False}, {"filterable": False, "glob": True}),
            ({"glob": False, "filterable": False}, {"filterable": False}),
        ]:
            space.write(schema={"s": kind | said})
            self.assertEqual(shown(), plain | after)

    def test_numbers_fit_where_what_they_are_rounded_to_fits(self):
        for kind, number, fits in [
            ("[1]f16", 65519, True),
            ("[1]f16", 65520, False),
            ("[1]f32", 3.4028235e38, True),
            ("[1]f32", 1e39, False),
            ("[1]i8", 127.0, True),
            ("[1]i8", 1.5, False),
        ]:
            schema = {"id": "uint", "v": {"type": kind, "ann": True}}
            space = Space(schema=schema, distance_metric="dot_product", create_namespace=True)
            refused = space.refused("", upsert_rows=[{"id": 1, "v": [number]}])
            self.assertEqual(refused, None if fits else "vector range")


if __name__ == "__main__":
    unittest.main()
