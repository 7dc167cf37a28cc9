"""What is around a request: packing, headers and parameters, what a strict client needs, repeats."""

import inspect
import unittest

import turbopuffer

from node import LOOP, Case, Keyed, both, ids, rows
from proofs import CLIENT, proves

BY_ID = {"rank_by": ("id", "asc"), "limit": 100}
# So many requests at once are too many for who may ask twice in a second.
REQUESTS_MAX = 1000


@both
class Transport:
    def setUp(self):
        self.ns = self.fresh()
        self.rows = [{"id": id, "text": "walrus " * 30} for id in range(50)]
        self.ns.write(upsert_rows=self.rows)

    def answered(self, compression, **asked):
        """What a client with or without compression is answered, headers and all."""
        client = self.way.connected(compression=compression)
        return client.namespace(self.ns.id).with_raw_response.query(**asked)

    @proves("1.3", "Accept-Encoding: gzip", "Accept-Encoding: identity")
    @proves("1.3", "a small answer is not packed")
    @proves("11", "gzip of requests, and of answers on request only")
    def test_an_answer_is_packed_for_who_asks(self):
        large = {"rank_by": ("id", "asc"), "limit": 50, "include_attributes": True}
        for compression, told in [(True, "gzip"), (False, None)]:
            answer = self.answered(compression, **large)
            accepted = answer.http_request.headers["Accept-Encoding"]
            self.assertEqual(accepted, told or "identity")
            self.assertEqual(answer.headers.get("Content-Encoding"), told)
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            self.assertEqual(rows(self.parsed(answer)), self.rows)
        small = self.answered(True, rank_by=("id", "asc"), limit=1)
        self.assertIsNone(small.headers.get("Content-Encoding"))

    def parsed(self, answer):
        """An answer without its headers, which the asynchronous client reads only now."""
        read = answer.parse()
        return LOOP.run_until_complete(read) if inspect.isawaitable(read) else read

    @proves("1.3", "Content-Encoding: gzip")
    @proves("11", "gzip of requests, and of answers on request only")
    def test_a_request_is_packed_if_it_is_long(self):
        many = ("id", "NotIn", list(range(10, 1000)))
        for compression, filters, told in [
            (True, many, "gzip"),
            (True, ("id", "Lt", 10), None),
            (False, many, None),
        ]:
            asked = {"rank_by": ("id", "asc"), "limit": 99, "filters": filters}
            answer = self.answered(compression, **asked)
            self.assertEqual(answer.http_request.headers.get("Content-Encoding"), told)
            self.assertEqual(ids(self.parsed(answer)), list(range(10)))

    @proves("1.3", "prefer: respond-async is no promise")
    @proves("1.3", "unknown parameters of the URL", "unknown headers")
    @proves("11", "any bearer, any namespace, parameters and headers passed over")
    def test_a_request_may_carry_more_than_is_asked_for(self):
        answer = self.answered(
            False,
            rank_by=("id", "asc"),
            limit=2,
            extra_query={"stainless_overload": "query", "x": "1"},
            extra_headers={
                "Prefer": "respond-async",
                "X-Turbopuffer-Client-Telemetry": "[]",
                "X-Never-Heard-Of": "1",
            },
        )
        self.assertIn("x=1", str(answer.http_request.url))
        self.assertEqual(answer.http_request.headers["Prefer"], "respond-async")
        self.assertEqual(ids(self.parsed(answer)), [0, 1])
        self.assertIsNone(answer.headers.get("Preference-Applied"))

    @proves("1.1", "a base URL without a region")
    @proves("1.3", "any bearer token")
    @proves("11", "any bearer, any namespace, parameters and headers passed over")
    def test_any_key_will_do_where_there_are_none(self):
        for key in ("x", "tpuf_" + "y" * 64):
            ns = self.way.connected(api_key=key).namespace(self.ns.id)
            self.assertEqual(len(ids(ns.query(**BY_ID))), 50)

    @proves("1.1", "a region in the base URL")
    def test_a_region_may_stand_in_the_url(self):
        host, port = self.way.node().url.removeprefix("http://").split(":")
        there = self.way.connected(base_url=f"http://{{region}}:{port}", region=host)
        self.assertEqual(len(ids(there.namespace(self.ns.id).query(**BY_ID))), 50)


@both
class Answers:
    @proves("1.8", "the fields that a strict client needs")
    def test_a_client_that_checks_answers_finds_what_it_needs(self):
        strict = self.way.connected(_strict_response_validation=True)
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
        client = self.way.connected(max_retries=4, default_headers={"X-Request-Id": "one"})
        ns = client.namespace(self.fresh().id)
        for ask in [
            lambda: ns.write(copy_from_namespace="elsewhere"),
            lambda: ns.write(upsert_rows=[{"id": 1}], sharding={"num_shards": 2}),
        ]:
            error = self.refused(turbopuffer.BadRequestError, "", ask)
            asked.append(error.response.request.headers["x-stainless-retry-count"])
        self.assertEqual(asked, ["0", "0"])

class Again(Case):
    @proves("1.4", "what is over a limit is a 429, and asked for again")
    @proves("1.5", "too many requests")
    def test_what_is_over_a_limit_is_asked_for_again(self):
        once = Keyed.namespace(self.unused(), CLIENT)
        once.write(upsert_rows=[{"id": 1}])
        asked = {"rank_by": ("id", "asc"), "limit": 1}

        def too_often():
            for _ in range(REQUESTS_MAX):
                once.query(**asked)

        error = self.refused(turbopuffer.RateLimitError, "", too_often)
        self.assertGreater(float(error.response.headers["Retry-After"]), 0)
        patient = Keyed.namespace(once.id, CLIENT, max_retries=4)
        answer = patient.with_raw_response.query(**asked)
        self.assertEqual(ids(answer.parse()), [1])
        self.assertGreater(int(answer.http_request.headers["x-stainless-retry-count"]), 0)


if __name__ == "__main__":
    unittest.main()
