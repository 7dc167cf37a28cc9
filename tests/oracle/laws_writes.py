"""What writes must hold, worked out by hand."""

import unittest

from space import Space
from values import instant, printed_instant


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

    def test_what_is_refused_changes_nothing(self):
        space = Space(upsert_rows=[{"id": 1, "n": 1}])
        for body, kind in [
            ({"upsert_rows": [{"id": 2}, {"id": 3, "n": "x"}]}, "value type"),
            ({"upsert_rows": [{"id": 2, "z": 1}], "deletes": [2]}, "id twice"),
            ({"schema": {"z": "int", "n": "string"}}, "type change"),
            ({"upsert_rows": [{"id": 2, "vector": [1.0]}]}, "vector column added"),
            ({"upserts": []}, "unknown field"),
        ]:
            self.assertEqual(space.refused("", **body), kind)
            self.assertEqual(space.world.namespaces["n"].docs, {1: {"id": 1, "n": 1}})
            self.assertEqual(list(space.world.namespaces["n"].schema.attributes), ["n"])

    def test_a_vector_has_a_metric_from_the_first_or_is_refused(self):
        late = {"type": "[][2]f32", "ann": {"late_interaction": True}}
        near = {"type": "[2]f32", "ann": {"distance_metric": "dot_product"}}
        bare = {"type": "[2]f32", "ann": True}
        space = Space(upsert_rows=[{"id": 1}])
        space.world.namespaces.clear()
        for schema in [{"a": late}, {"a": bare}, {"a": late, "b": bare}]:
            refused = space.refused("", schema=schema, upsert_rows=[{"id": 1}])
            self.assertEqual(refused, "vector without metric")
        for schema in [{"a": near, "b": late}, {"a": late, "b": near}, {"a": bare, "b": near}]:
            space = Space(schema=schema, upsert_rows=[{"id": 1}])
            attributes = space.world.namespaces["n"].schema.attributes
            self.assertEqual({one.metric for one in attributes.values()}, {"dot_product"})

    def test_what_was_dropped_does_not_come_back_with_its_name(self):
        space = Space(upsert_rows=[{"id": 1, "n": 1, "s": "x"}])
        space.write(schema={"n": {"drop": True}})
        space.write(schema={"n": "string"})
        self.assertEqual(space.found(["n", "Eq", None]), [1])

    def test_moments_are_read_in_every_form_and_printed_in_one(self):
        for text, printed in [
            ("2024-03-01", "2024-03-01T00:00:00.000000000Z"),
            ("2024-03-01T02:00:00+02:00", "2024-03-01T00:00:00.000000000Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999000000Z"),
        ]:
            self.assertEqual(printed_instant(instant(text)), printed)
        self.assertIsNone(instant("2024-02-30"))


if __name__ == "__main__":
    unittest.main()
