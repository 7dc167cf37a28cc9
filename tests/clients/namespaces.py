"""Namespaces: that they are there or not, their list, and what is told of one."""

import datetime
import unittest

import turbopuffer

from node import both, everything, field
from proofs import proves

ROW = {"upsert_rows": [{"id": 1, "a": 1}]}


@both
class Namespaces:
    @proves("1.7", "exists", "delete_all")
    def test_a_namespace_is_there_from_its_first_document_until_it_is_deleted(self):
        ns = self.fresh()
        self.assertFalse(ns.exists())
        ns.write(**ROW)
        self.assertTrue(ns.exists())
        self.assertEqual(ns.delete_all().status, "OK")
        self.assertFalse(ns.exists())
        for ask in (ns.delete_all, ns.metadata, ns.schema, ns.hint_cache_warm):
            self.refused(turbopuffer.NotFoundError, f"namespace '{ns.id}' was not found", ask)

    @proves("5.4", "the name may be used again")
    @proves("11", "lists, warm hints, recall, explain, delete")
    def test_a_name_begins_anew_after_its_end(self):
        ns = self.fresh()
        for a in ("text", 7, [0.5]):
            for ids in ([1, 2], [3]):
                ns.write(upsert_rows=[{"id": id, "a": a} for id in ids])
            self.assertEqual(everything(ns), [{"id": id, "a": a} for id in (1, 2, 3)])
            ns.delete_all()
        ns.write(upsert_rows=[{"id": "now a text"}])
        self.assertEqual(everything(ns), [{"id": "now a text"}])

    @proves("1.7", "namespaces")
    @proves("5.1", "prefix", "cursor", "page_size", "in order")
    @proves("11", "lists, warm hints, recall, explain, delete")
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

    @proves("1.7", "metadata")
    @proves(
        "5.2",
        "created_at and updated_at",
        "encryption",
        "index",
        "approx_row_count and approx_logical_bytes",
    )
    def test_metadata_tell_of_a_namespace(self):
        ns = self.fresh()
        ns.write(**ROW)
        told = ns.metadata()
        for moment in (told.created_at, told.updated_at):
            age = datetime.datetime.now(datetime.timezone.utc) - moment
            self.assertLess(abs(age), datetime.timedelta(hours=1))
        # The oldest asks under `/v1`.
        is_old = turbopuffer.__version__.startswith("1.")
        encryption = {"sse": True} if is_old else {"mode": "default"}
        self.assertEqual(told.encryption.to_dict(), encryption)
        self.assertEqual(told.index.to_dict(), {"status": "up-to-date"})
        self.assertEqual(told.schema_["a"].type, "int")
        self.assertIsNone(field(told, "read_only"))
        if not self.way.folds:
            # As the contract has it: documents count when they are indexed.
            self.assertEqual((told.approx_row_count, told.approx_logical_bytes), (0, 0))

    @proves("1.5", "a namespace that is read-only")
    @proves("1.7", "update_metadata")
    @proves("5.2", "read_only")
    @proves("5.3", "read_only")
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
        self.assertIsNone(field(ns.update_metadata(read_only=False), "read_only"))
        ns.write(deletes=[1])
        self.assertEqual(everything(ns), [])

    @proves("1.7", "hint_cache_warm")
    @proves("5.5", "status and message")
    @proves("11", "lists, warm hints, recall, explain, delete")
    def test_a_hint_to_warm_up_is_taken(self):
        ns = self.fresh()
        ns.write(**ROW)
        told = ns.hint_cache_warm()
        self.assertIn(told.status, ("ACCEPTED", "OK"))
        self.assertIsInstance(told.message, str)

    @proves("1.7", "_debug/warm_cache", "_debug/purge_cache")
    def test_what_a_node_keeps_is_read_and_put_away_when_it_is_told(self):
        ns, ask = self.fresh(), self.way.client().get
        documents = [{"id": id} for id in range(8)]
        for document in documents:
            ns.write(upsert_rows=[document])
        for _ in range(2):
            told = ask(f"/v1/namespaces/{ns.id}/_debug/purge_cache", cast_to=object)
            self.assertEqual(told["status"], "OK")
            self.warm(f"/v1/namespaces/{ns.id}/_debug/warm_cache")
            self.assertEqual(everything(ns), documents)
        for word in ("warm_cache", "purge_cache"):
            path = f"/v1/namespaces/{self.unused()}/_debug/{word}"
            self.refused(turbopuffer.NotFoundError, "not found", ask, path, cast_to=object)

    def warm(self, path):
        """Until there is nothing left to read: what is folded meanwhile is new."""
        for _ in range(20):
            try:
                told = self.way.client().get(path, cast_to=object)
            except turbopuffer.ConflictError as error:
                self.assertIn("warm already", error.body["error"])
                return
            self.assertEqual(told["status"], "OK")
        self.fail("it is never warm")

    def told(self, ns, version):
        """Metadata as they came, which clients of before ask for under `/v1`."""
        path = f"/{version}/namespaces/{ns.id}/metadata"
        return self.way.client().get(path, cast_to=object)

    @proves("5.2", "no other keys", "last_write_at", "encryption", "encryption under /v1")
    @proves("1.7", "metadata under /v1")
    @proves("11", "both shapes of a schema, both versions of metadata, changing them")
    def test_metadata_have_these_keys_and_no_others(self):
        ns = self.fresh()
        ns.write(**ROW)
        known = ["schema", "approx_logical_bytes", "approx_row_count", "created_at", "updated_at"]
        known += ["last_write_at", "encryption", "index"]
        for version, encryption in [("v2", {"mode": "default"}), ("v1", {"sse": True})]:
            told = self.told(ns, version)
            self.assertEqual(sorted(told), sorted(known))
            self.assertEqual(told["encryption"], encryption)
            self.assertLessEqual(told["last_write_at"], told["updated_at"])
        written = told["last_write_at"]
        ns.update_schema(schema={"b": "int"})
        told = self.told(ns, "v1")
        self.assertEqual(told["last_write_at"], written)
        self.assertGreaterEqual(told["updated_at"], written)

    @proves("5.2", "pinning")
    @proves("5.3", "pinning: true", "pinning: false", "pinning: replicas", "pinning: null")
    @proves("5.3", "what is not named stays")
    @proves("5.8", "pinning is told as it was set")
    @proves("11", "both shapes of a schema, both versions of metadata, changing them")
    def test_pinning_is_told_as_it_was_set(self):
        ns = self.fresh()
        ns.write(**ROW)
        for asked, replicas in [({"replicas": 2}, 2), (None, None), (True, 1), (False, None)]:
            told = ns.update_metadata(pinning=asked)
            again = ns.metadata()
            for metadata in (told, again):
                self.assertEqual(field(metadata, "pinning", "replicas"), replicas)
        ns.update_metadata(pinning={"replicas": 3})
        kept = ns.update_metadata(read_only=True)
        self.assertEqual((kept.pinning.replicas, kept.read_only), (3, True))

    @proves("1.7", "recall")
    @proves("5.6", "num", "top_k", "filters", "rank_by", "include_ground_truth")
    @proves("5.6", "a body without anything")
    @proves("11", "lists, warm hints, recall, explain, delete")
    def test_an_exact_search_recalls_everything(self):
        ns = self.fresh()
        vectors = {1: [0.5, 1.5], 2: [2.5, 0.5], 3: [-1.5, 0.25]}
        for id, vector in vectors.items():
            row = {"id": id, "vector": vector, "kind": "a" if id < 3 else "b"}
            ns.write(distance_metric="euclidean_squared", upsert_rows=[row])
        for asked, count in [
            ({}, 3),
            ({"num": 1, "top_k": 2}, 2),
            ({"num": 2, "top_k": 10, "filters": ("kind", "Eq", "a")}, 2),
            ({"rank_by": ("vector", "ANN", [0.5, 0.5]), "top_k": 1}, 1),
        ]:
            with self.subTest(asked):
                told = ns.recall(**asked)
                counts = (told.avg_exhaustive_count, told.avg_ann_count)
                self.assertEqual((told.avg_recall, *counts), (1.0, count, count))
                self.assertIsNone(told.ground_truth)
        told = ns.recall(num=1, top_k=2, include_ground_truth=True)
        (truth,) = told.ground_truth
        self.assertIn(truth.query_vector, list(vectors.values()))
        nearest = truth.nearest_neighbors
        self.assertEqual((len(nearest), nearest[0]["$dist"]), (2, 0.0))
        self.assertEqual(nearest[0].vector, truth.query_vector)
        told = ns.recall(rank_by=("vector", "ANN", [0.5, 0.5]), include_ground_truth=True)
        (truth,) = told.ground_truth
        self.assertEqual([row.id for row in truth.nearest_neighbors], [1, 2, 3])
        self.refused(turbopuffer.NotFoundError, "not found", self.fresh().recall)
        self.invalid("num", ns.recall, num=2, rank_by=("vector", "ANN", [0.5, 0.5]))

    def test_of_what_is_not_there_nothing_is_told(self):
        ns = self.fresh()
        for ask in [
            lambda: ns.update_metadata(read_only=True),
            lambda: ns.explain_query(rank_by=("id", "asc"), limit=1),
            lambda: ns.update_schema(schema={"a": "int"}),
        ]:
            self.refused(turbopuffer.NotFoundError, "not found", ask)


if __name__ == "__main__":
    unittest.main()
