"""Namespaces: that they are there or not, their list, and what is told of one."""

import datetime
import unittest

import turbopuffer

from node import both, everything

ROW = {"upsert_rows": [{"id": 1, "a": 1}]}


@both
class Namespaces:
    def test_a_namespace_is_there_from_its_first_document_until_it_is_deleted(self):
        ns = self.fresh()
        self.assertFalse(ns.exists())
        ns.write(**ROW)
        self.assertTrue(ns.exists())
        self.assertEqual(ns.delete_all().status, "OK")
        self.assertFalse(ns.exists())
        for ask in (ns.delete_all, ns.metadata, ns.schema, ns.hint_cache_warm):
            self.refused(turbopuffer.NotFoundError, f"namespace '{ns.id}' was not found", ask)

    def test_a_name_begins_anew_after_its_end(self):
        ns = self.fresh()
        for a in ("text", 7, [0.5]):
            for ids in ([1, 2], [3]):
                ns.write(upsert_rows=[{"id": id, "a": a} for id in ids])
            self.assertEqual(everything(ns), [{"id": id, "a": a} for id in (1, 2, 3)])
            ns.delete_all()
        ns.write(upsert_rows=[{"id": "now a text"}])
        self.assertEqual(everything(ns), [{"id": "now a text"}])

    def test_names_are_listed_in_order_page_by_page(self):
        prefix = f"{self.fresh().id}-list"
        client = self.way.client()
        names = [f"{prefix}-{number:02}" for number in range(12)]
        for name in reversed(names):
            client.namespace(name).write(**ROW)
        for page_size in (5, 12, 100):
            listed = client.namespaces(prefix=prefix, page_size=page_size)
            self.assertEqual([namespace.id for namespace in listed], names)
        client.namespace(names[3]).delete_all()
        del names[3]
        self.assertEqual([each.id for each in client.namespaces(prefix=prefix)], names)
        self.assertEqual(list(client.namespaces(prefix=f"{prefix}-none")), [])

    def test_metadata_tell_of_a_namespace(self):
        ns = self.fresh()
        ns.write(**ROW)
        told = ns.metadata()
        for moment in (told.created_at, told.updated_at):
            age = datetime.datetime.now(datetime.timezone.utc) - moment
            self.assertLess(abs(age), datetime.timedelta(hours=1))
        self.assertEqual(told.encryption.to_dict(), {"mode": "default"})
        self.assertEqual(told.index.to_dict(), {"status": "up-to-date"})
        self.assertEqual(told.schema_["a"].type, "int")
        self.assertIsNone(told.read_only)
        if not self.way.folds:
            # As the contract has it: documents count when they are indexed.
            self.assertEqual((told.approx_row_count, told.approx_logical_bytes), (0, 0))

    def test_what_is_read_only_is_not_written_to(self):
        ns = self.fresh()
        ns.write(**ROW)
        self.assertTrue(ns.update_metadata(read_only=True).read_only)
        for ask in [
            lambda: ns.write(upsert_rows=[{"id": 2}]),
            lambda: ns.write(deletes=[1]),
            lambda: ns.update_schema(schema={"b": "int"}),
        ]:
            self.refused(turbopuffer.BadRequestError, "read-only", ask)
        self.assertEqual(everything(ns), ROW["upsert_rows"])
        self.assertIsNone(ns.update_metadata(read_only=False).read_only)
        ns.write(deletes=[1])
        self.assertEqual(everything(ns), [])

    def test_a_hint_to_warm_up_is_taken(self):
        ns = self.fresh()
        ns.write(**ROW)
        self.assertIn(ns.hint_cache_warm().status, ("ACCEPTED", "OK"))


if __name__ == "__main__":
    unittest.main()
