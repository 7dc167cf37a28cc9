"""What is around a request: packing, headers and parameters, what a strict client needs, repeats."""

import gzip
import json
import unittest
import urllib.request

import turbopuffer

from node import Blocking, Case, both, ids, options
from proofs import proves

BY_ID = {"rank_by": ("id", "asc"), "limit": 100}


class Transport(Case):
    def setUp(self):
        self.ns = self.fresh()
        self.rows = [{"id": id, "text": "walrus " * 30} for id in range(50)]
        self.ns.write(upsert_rows=self.rows)

    def asked(self, body, **headers):
        """A query as no client would send it, and what comes back."""
        request = urllib.request.Request(
            f"{Blocking.node().url}/v2/namespaces/{self.ns.id}/query?stainless_overload=query&x=1",
            data=json.dumps(body).encode() if isinstance(body, dict) else body,
            headers={"Content-Type": "application/json"} | headers,
        )
        with urllib.request.urlopen(request) as answer:
            return answer.headers, answer.read()

    @proves("1.3", "Accept-Encoding: gzip", "Accept-Encoding: identity")
    @proves("1.3", "a small answer is not packed")
    @proves("11", "gzip of requests, and of answers on request only")
    def test_an_answer_is_packed_for_who_asks(self):
        large = {"rank_by": ["id", "asc"], "limit": 50, "include_attributes": True}
        headers, body = self.asked(large, **{"Accept-Encoding": "gzip"})
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(json.loads(gzip.decompress(body))["rows"], self.rows)
        headers, body = self.asked(large, **{"Accept-Encoding": "identity"})
        self.assertIsNone(headers["Content-Encoding"])
        self.assertEqual(json.loads(body)["rows"], self.rows)
        small = {"rank_by": ["id", "asc"], "limit": 1}
        headers, body = self.asked(small, **{"Accept-Encoding": "gzip"})
        self.assertIsNone(headers["Content-Encoding"])

    @proves("1.3", "Content-Encoding: gzip", "prefer: respond-async is no promise")
    @proves("1.3", "unknown parameters of the URL", "unknown headers")
    @proves(
        "11",
        "any bearer, any namespace, parameters and headers passed over",
        "gzip of requests, and of answers on request only",
    )
    def test_a_request_may_carry_more_than_is_asked_for(self):
        query = {"rank_by": ["id", "asc"], "limit": 2}
        packed = gzip.compress(json.dumps(query).encode())
        headers, body = self.asked(
            packed,
            **{
                "Content-Encoding": "gzip",
                "Prefer": "respond-async",
                "X-Stainless-Lang": "python",
                "X-Turbopuffer-Client-Telemetry": "[]",
                "X-Never-Heard-Of": "1",
            },
        )
        self.assertEqual([row["id"] for row in json.loads(body)["rows"]], [0, 1])
        self.assertIsNone(headers["Preference-Applied"])

    @proves("1.1", "a base URL without a region")
    @proves("1.3", "any bearer token")
    @proves("11", "any bearer, any namespace, parameters and headers passed over")
    def test_any_key_will_do_where_there_are_none(self):
        for key in ("x", "tpuf_" + "y" * 64):
            with turbopuffer.Turbopuffer(**options(Blocking.node()) | {"api_key": key}) as client:
                self.assertEqual(len(ids(client.namespace(self.ns.id).query(**BY_ID))), 50)


@both
class Answers:
    @proves("1.8", "the fields that a strict client needs")
    def test_a_client_that_checks_answers_finds_what_it_needs(self):
        strict = turbopuffer.Turbopuffer(
            **options(self.way.node()), _strict_response_validation=True
        )
        self.addCleanup(strict.close)
        ns = strict.namespace(self.fresh().id)
        ns.write(
            distance_metric="cosine_distance",
            schema={"text": {"type": "string", "full_text_search": True}},
            upsert_rows=[{"id": 1, "vector": [0.5, 1.5], "text": "walrus"}],
            return_affected_ids=True,
        )
        ns.write(delete_by_filter=("id", "Eq", 99))
        near = {"rank_by": ("vector", "ANN", [0.5, 1.5]), "limit": 3, "include_attributes": True}
        ns.query(**near)
        ns.query(aggregate_by={"n": ("Count",)}, group_by=["id"])
        ns.multi_query(queries=[near, near], rerank_by=("RRF",))
        ns.explain_query(**near)
        ns.recall(num=1, top_k=1, include_ground_truth=True)
        ns.metadata()
        ns.update_metadata(pinning=True)
        ns.schema()
        ns.update_schema(schema={"new": "uint"})
        ns.hint_cache_warm()
        self.assertTrue(list(strict.namespaces(prefix=ns.id)))
        ns.delete_all()

    @proves("1.8", "performance takes the client's own times")
    def test_a_client_adds_its_own_times(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1}])
        asked = {"rank_by": ("id", "asc"), "limit": 1}
        for answer in (ns.query(**asked), ns.multi_query(queries=[asked])):
            times = answer.performance.to_dict()
            self.assertGreater(times["client_total_ms"], 0)
            self.assertGreater(times["server_total_ms"], 0)

    @proves("1.4", "what is not offered is a 400, once")
    def test_what_is_not_offered_is_asked_for_once(self):
        asked = []
        client = turbopuffer.Turbopuffer(
            **options(self.way.node()) | {"max_retries": 4},
            default_headers={"X-Request-Id": "one"},
        )
        self.addCleanup(client.close)
        ns = client.namespace(self.fresh().id)
        for ask in [
            lambda: ns.copy_from(source_namespace="elsewhere"),
            lambda: ns.write(upsert_rows=[{"id": 1}], sharding={"num_shards": 2}),
        ]:
            error = self.refused(turbopuffer.BadRequestError, "", ask)
            asked.append(error.response.request.headers["x-stainless-retry-count"])
        self.assertEqual(asked, ["0", "0"])


if __name__ == "__main__":
    unittest.main()
