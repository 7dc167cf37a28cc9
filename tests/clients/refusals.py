"""Refusals: each is an exception of the client's own, and says what to do."""

import unittest

import turbopuffer

from node import Case, Node, both, options

BY_ID = {"rank_by": ("id", "asc"), "limit": 1}


@both
class Refusals:
    def test_what_is_not_there_is_not_found(self):
        ns = self.fresh()
        count = {"aggregate_by": {"n": ("Count",)}}
        for ask in [
            lambda: ns.query(**BY_ID),
            lambda: ns.query(**count),
            lambda: ns.multi_query(queries=[count]),
            lambda: ns.metadata(),
            lambda: ns.schema(),
            lambda: ns.hint_cache_warm(),
            lambda: ns.delete_all(),
        ]:
            error = self.refused(
                turbopuffer.NotFoundError, f"🤷 namespace '{ns.id}' was not found", ask
            )
            self.assertEqual((error.status_code, error.body["status"]), (404, "error"))
            self.assertEqual(error.body["code"], "not_found")
            self.assertEqual(error.body["request_id"], error.response.headers["x-request-id"])
        self.assertFalse(ns.exists())

    def test_a_name_that_is_none_is_told_as_text(self):
        for name, told in [
            ("a b", "Invalid URL: Namespace contains invalid characters, must be [A-Za-z0-9-_.]"),
            ("x" * 129, "is too long, limit is currently 128 characters"),
        ]:
            ns = self.way.client().namespace(name)
            self.refused(turbopuffer.BadRequestError, told, ns.query, **BY_ID)

    def test_what_has_another_shape_is_unprocessable(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1}])
        shape = "Failed to deserialize the JSON body into the target type: "
        for told, ask in [
            ("upsert_rows[0]: missing field `id`", lambda: ns.write(upsert_rows=[{"a": 1}])),
            ("untagged enum Id at line 1", lambda: ns.write(upsert_rows=[{"id": True}])),
            ("untagged enum IdVec", lambda: ns.write(deletes=[1.5])),
            (
                "upsert_rows: invalid type: map, expected a sequence",
                lambda: ns.write(extra_body={"upsert_rows": {}}),
            ),
            ("unknown variant `manhattan`", lambda: ns.write(distance_metric="manhattan")),
            ("schema.a: missing field `type`", lambda: ns.write(schema={"a": {}})),
            (
                'invalid type: string "eventual", expected struct Consistency',
                lambda: ns.query(**BY_ID, consistency="eventual"),
            ),
            (
                "expected `strong` or `eventual`",
                lambda: ns.query(**BY_ID, consistency={"level": "x"}),
            ),
            ("expected `float` or `base64`", lambda: ns.query(**BY_ID, vector_encoding="hex")),
            ("enum RankInput", lambda: ns.query(rank_by=("a", "up"), limit=1)),
            ("enum LimitInput", lambda: ns.query(rank_by=("id", "asc"), limit="ten")),
        ]:
            with self.subTest(told):
                error = self.refused(turbopuffer.UnprocessableEntityError, told, ask)
                self.assertTrue(error.body["error"].startswith(shape), error.body)

    def test_what_is_not_built_or_not_known_is_named(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": 1}])
        for told, ask in [
            ("`delete_by_filter` is not", lambda: ns.write(delete_by_filter=("a", "Eq", 1))),
            (
                "`patch_by_filter` is not",
                lambda: ns.write(patch_by_filter={"filters": ("a", "Eq", 1), "patch": {"a": 2}}),
            ),
            (
                "`copy_from_namespace` is not",
                lambda: ns.copy_from(source_namespace="elsewhere"),
            ),
            (
                "`branch_from_namespace` is not",
                lambda: ns.branch_from(source_namespace="elsewhere"),
            ),
            (
                "Malformed Cloud KMS crypto key: mykey",
                lambda: ns.write(encryption={"mode": "customer-managed", "key_name": "mykey"}),
            ),
            ("unknown field `upserts`", lambda: ns.write(extra_body={"upserts": []})),
        ]:
            with self.subTest(told):
                self.refused(turbopuffer.BadRequestError, told, ask)


class Keys(Case):
    def test_only_a_key_that_is_known_comes_in(self):
        node = Node(ELACSYM_API_KEYS="first,second")
        self.addCleanup(node.stop)
        with turbopuffer.Turbopuffer(**options(node) | {"api_key": "second"}) as client:
            client.namespace("a").write(upsert_rows=[{"id": 1}])
            self.assertEqual([namespace.id for namespace in client.namespaces()], ["a"])
        with turbopuffer.Turbopuffer(**options(node) | {"api_key": "third"}) as client:
            ns = client.namespace("a")
            for ask in (ns.schema, ns.delete_all, lambda: ns.query(**BY_ID), client.namespaces):
                error = self.refused(turbopuffer.AuthenticationError, "API key", ask)
                self.assertEqual(error.status_code, 401)


if __name__ == "__main__":
    unittest.main()
