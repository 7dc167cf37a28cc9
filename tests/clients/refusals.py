"""Refusals: each is an exception of the client's own, and says what to do."""

import unittest

import turbopuffer

from node import Case, Keyed, both, key
from proofs import proves

BY_ID = {"rank_by": ("id", "asc"), "limit": 1}


@both
class Refusals:
    @proves("1.5", "the body of a refusal", "an unknown namespace")
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

    @proves("1.5", "a name with other characters", "a name of more than 128 characters")
    def test_a_name_that_is_none_is_told_as_text(self):
        for name, told in [
            ("a b", "Invalid URL: Namespace contains invalid characters, must be [A-Za-z0-9-_.]"),
            ("x" * 129, "is too long, limit is currently 128 characters"),
        ]:
            ns = self.way.client().namespace(name)
            self.refused(turbopuffer.BadRequestError, told, ns.query, **BY_ID)

    @proves(
        "1.5",
        "rows are no list",
        "a row without an id",
        "an id of a wrong JSON type in a row",
        "an id of a wrong JSON type in deletes",
        "consistency as a text",
        "an unknown consistency level",
        "an unknown vector_encoding",
        "an unknown distance_metric",
        "a malformed rank_by",
        "a malformed limit",
        "a schema object without a type",
    )
    @proves("11", "refusals: the status first, then the words")
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

    @proves("1.4", "what is not offered is a 400, once")
    @proves("1.5", "a malformed KMS key")
    @proves("2.1", "copy_from_namespace", "branch_from_namespace", "sharding")
    @proves("2.1", "encryption: customer-managed", "encryption: cmek")
    @proves("5.8", "copies from another region", "other modes of encryption")
    @proves("6.1", "shards")
    @proves("11", "copies, branches and their polls")
    def test_what_is_not_offered_is_named_and_asked_for_once(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": 1}])
        other = self.fresh()
        row = {"upsert_rows": [{"id": 2}]}
        far = {"source_namespace": ns.id, "source_region": "aws-eu-west-1"}
        key = "Malformed Cloud KMS crypto key: mykey"
        managed = {"mode": "customer-managed", "key_name": "mykey"}
        for told, ask in [
            ("copy", lambda: other.write(copy_from_namespace=far)),
            ("copy_from_namespace", lambda: other.write(copy_from_namespace=ns.id)),
            ("branch_from_namespace", lambda: other.write(branch_from_namespace=ns.id)),
            ("sharding", lambda: other.write(sharding={"num_shards": 2}, **row)),
            (key, lambda: other.write(encryption=managed, **row)),
            (key, lambda: other.write(encryption={"cmek": {"key_name": "mykey"}}, **row)),
            ("unknown field `upserts`", lambda: ns.write(extra_body={"upserts": []})),
        ]:
            with self.subTest(told):
                self.refused(turbopuffer.BadRequestError, told, ask)
        self.assertFalse(other.exists())

    @proves("1.7", "copy_from", "branch_from")
    @proves("11", "copies, branches and their polls")
    def test_there_are_no_copies_yet(self):
        ns, other = self.fresh(), self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": 1}])
        for told, ask in [("copy", other.copy_from), ("branch", other.branch_from)]:
            self.refused(turbopuffer.BadRequestError, told, ask, source_namespace=ns.id)
        self.assertFalse(other.exists())

    @proves("1.7", "start_copy_from", "poll_copy_from")
    @proves("11", "copies, branches and their polls")
    def test_there_are_no_copies_to_wait_for_yet(self):
        ns, other = self.fresh(), self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": 1}])
        bad = turbopuffer.BadRequestError
        self.refused(bad, "", other.start_copy_from, source_namespace=ns.id)
        self.refused(bad, "", other.poll_copy_from, "token")
        self.assertFalse(other.exists())

    @proves("1.5", "malformed JSON", "an id of a wrong JSON type in a column")
    @proves("11", "refusals: the status first, then the words")
    def test_what_cannot_be_read_says_where(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1}])
        columns = {"id": [1.5], "a": [1]}
        self.refused(
            turbopuffer.UnprocessableEntityError, "enum IdVec", ns.write, upsert_columns=columns
        )
        told = self.refused(
            turbopuffer.BadRequestError,
            "Failed to parse the request body as JSON: ",
            self.way.client().post,
            f"/v2/namespaces/{ns.id}/query",
            cast_to=object,
            content=b'{"rank_by": ]',
        )
        self.assertEqual(told.status_code, 400)


class Keys(Case):
    way = Keyed

    @proves("5.8", "API keys")
    def test_only_a_key_that_is_known_comes_in(self):
        name = self.unused()
        row = {"upsert_rows": [{"id": 1}]}
        self.assertEqual(Keyed.namespace(name, "write").write(**row).rows_affected, 1)
        other = Keyed.connected(api_key="another")
        ns = other.namespace(name)
        for ask in (ns.schema, ns.delete_all, lambda: ns.query(**BY_ID), other.namespaces):
            error = self.refused(turbopuffer.AuthenticationError, "API key", ask)
            self.assertEqual(error.status_code, 401)

    @proves("5.8", "keys that may read, write, list or do what an owner does")
    def test_a_key_may_what_it_lists(self):
        name = self.unused()
        asks = self.asks()
        asks["write"](Keyed.connected(api_key=key("write")), name)
        # Whoever owns it ends it.
        for scope in ("write", "read", "list", "admin"):
            client = Keyed.connected(api_key=key(scope))
            for needed, ask in asks.items():
                with self.subTest(scope=scope, needed=needed):
                    if needed == scope:
                        ask(client, name)
                    else:
                        self.refused(turbopuffer.PermissionDeniedError, "", ask, client, name)

    @proves("5.8", "keys of some namespaces")
    def test_a_key_may_do_it_to_some_names(self):
        mine, other = f"some-{self.unused()}", self.unused()
        all_asks = self.asks()
        for name in (mine, other):
            all_asks["write"](Keyed.connected(api_key=key("write")), name)
        some = Keyed.connected(api_key=key("some"))
        self.assertIn(mine, [each.id for each in some.namespaces()])
        self.assertEqual(some.namespaces(prefix=other), [])
        for needed, ask in all_asks.items():
            with self.subTest(needed):
                ask(some, mine)
                if needed != "list":
                    # Be it there or not.
                    for name in (other, f"{other}-never"):
                        self.refused(turbopuffer.PermissionDeniedError, "", ask, some, name)

    @staticmethod
    def asks():
        """What needs each scope, of a client and a name."""
        row = {"upsert_rows": [{"id": 1}]}
        return {
            "write": lambda client, name: client.namespace(name).write(**row),
            "read": lambda client, name: client.namespace(name).query(**BY_ID),
            "list": lambda client, name: client.namespaces(prefix=name),
            "admin": lambda client, name: client.namespace(name).delete_all(),
        }


if __name__ == "__main__":
    unittest.main()
