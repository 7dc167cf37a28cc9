"""The oracle against itself: what it says is judged right, and bent a little it is judged wrong.

So is the fuzzer: what it draws without a flaw is accepted, each flaw is refused, and a failure is
made smaller.
"""

import json
import math
import unittest

import draw_schemas as schemas
from compare import judge, judge_rows
from compare_about import judge_moments
from dice import Dice
from fuzz import Walk
from lives import Life
from matched import Moment, Wrong, plain
from namespace import Standing
from own_queries import Page
from queries import Ranked, single, stored
from shrink import Shrinker, renamed, replay
from values import show
from world import World


class Mirror:
    """A server that answers as the oracle would, and then, if it is told to, a little otherwise."""

    def __init__(self, bend=None):
        self.world = World()
        self.bend = bend

    def alive(self):
        return True

    def ask(self, request):
        expected = self.world.ask(request)
        status = min(expected.statuses)
        body = printed(expected.told) if expected.told else refusal(expected)
        body = json.loads(json.dumps(body))
        return (status, body) if self.bend is None else (status, self.bend(body))


def refusal(expected):
    return {"error": f"{expected.kind} {' '.join(expected.names)}", "code": expected.code}


def printed(told):
    kind, said = told
    if kind == "write":
        bill = {"billable_logical_bytes_written": said["written_bytes"]}
        return {"status": "OK", "billing": bill} | said
    if kind == "schema":
        return said.show()
    if kind in TOLD:
        return TOLD[kind](said)
    if kind == "several":
        return {"results": [printed(("query", one)) for one in said]}
    told = {word: plain(one) for word, one in said.items() if word != "rows"}
    if "rows" not in said:
        return told
    rows = [printed_row(said["rows"], doc) for doc in said["rows"].page]
    return told | ({"results": list(map(printed_own, rows))} if kind == "own" else {"rows": rows})


def printed_metadata(told):
    """All that there is counts, and time stands still."""
    moment = "2026-11-22T07:00:00.123Z"
    standing, body = told.standing, {"schema": told.schema, "encryption": told.encryptions[0]}
    body |= {"approx_logical_bytes": told.bytes, "approx_row_count": told.documents}
    body |= {word: moment for word in ("created_at", "updated_at", "last_write_at")}
    body |= {"index": {"status": "up-to-date"}} | ({"read_only": True} if standing.read_only else {})
    if standing.replicas is None:
        return body
    status = {"ready_replicas": 0, "utilization": 0.0, "updated_at": moment}
    status["replicas"] = standing.replicas
    return body | {"pinning": {"replicas": standing.replicas, "status": status}}


def printed_names(told):
    names, size = told
    pages = [names[at : at + size] for at in range(0, len(names), size)] or [[]]
    return {"pages": [{"namespaces": [{"id": name} for name in page]} for page in pages]}


def printed_recall(told):
    counts = dict.fromkeys(("avg_exhaustive_count", "avg_ann_count"), told.count)
    body = {"avg_recall": 1.0} | counts
    if not told.shown:
        return body
    sample = (told.stored[0] if told.asked is None else told.asked).tolist()
    nearest = told.nearest_to(sample)
    rows = [printed_row(nearest, doc) for doc in nearest.page]
    return body | {"ground_truth": [{"query_vector": sample, "nearest_neighbors": rows}]}


TOLD = {
    "metadata": printed_metadata,
    "names": printed_names,
    "recall": printed_recall,
    "usage": lambda told: told,
    "hint": lambda _: {"status": "ACCEPTED", "message": "soon"},
    "done": lambda _: {"status": "OK"},
}


def printed_own(row):
    """As the other contract prints it."""
    places = {"id": "id", "$dist": "score", "vector": "vector"}
    told = {places[name]: value for name, value in row.items() if name in places}
    rest = {name: value for name, value in row.items() if name not in places}
    return {"score": 0.0} | told | {"attributes": rest}


def printed_row(ranked, doc):
    row = {"id": doc["id"]}
    if ranked.scores is not None:
        row["$dist"] = single(ranked.scores[doc["id"]])
    for name, (kind, value) in stored(ranked, doc).items():
        row[name] = show(kind, value)
    for name, one in ranked.computed.items():
        value = one.of(doc)
        if value is not None:
            row[name] = plain(value)
    return row


def counts_of(tree):
    """The places that say of how many documents something is told."""
    if isinstance(tree, dict):
        for word in ("count", "doc_count", "sum_other_doc_count", "other_count"):
            if type(tree.get(word)) is int:
                yield tree, word
    for one in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from counts_of(one)


class Judgement(unittest.TestCase):
    """Vectors are printed as numbers here, so what asks for base64 is left out."""

    def walk(self, bend, requests=900, **shares):
        wrong, server, dice = [], Mirror(bend), Dice("laws")
        walk = Walk(server, "laws", 0, 1)
        walk.dice = dice
        for number in range(requests // 60):
            name, lived = f"n{number}", Life(schemas.plan(dice), 60, **({"aggregated": 0.1} | shares))
            for _ in range(60):
                request, flaw = walk.draw(server.world.namespaces, lived, name, [])
                if "base64" in json.dumps(request):
                    continue
                before = dict(server.world.namespaces)
                status, body = server.ask(request)
                server.world.namespaces, after = before, server.world.namespaces
                expected = server.world.ask(request)
                server.world.namespaces = after
                self.assertEqual(bool(flaw), status != 200, request)
                wrong.append((judge(expected, status, body), body))
        return wrong

    def test_what_the_oracle_says_is_right(self):
        for told, _ in self.walk(None):
            self.assertIsNone(told)

    def test_an_answer_that_is_bent_is_wrong(self):
        def swapped(body):
            rows = body.get("rows")
            return (
                body | {"rows": [rows[1], rows[0], *rows[2:]], "bent": True}
                if rows and len(rows) > 1
                else body
            )

        def shorter(body):
            return body | {"rows": body["rows"][1:], "bent": True} if body.get("rows") else body

        def scored(body):
            rows = body.get("rows")
            if not rows or "$dist" not in rows[0]:
                return body
            score = rows[0]["$dist"]
            # Towards 0, as it may be the last number there is.
            less = score - math.copysign(1e-3 * (1 + abs(score)), score)
            return body | {"rows": [rows[0] | {"$dist": less}, *rows[1:]], "bent": True}

        def counted(body):
            return (
                body | {"rows_affected": body["rows_affected"] + 1, "bent": True}
                if "rows_affected" in body
                else body
            )

        def billed(body):
            if "billing" not in body:
                return body
            bill = {word: bytes + 1 for word, bytes in body["billing"].items()}
            return body | {"billing": bill, "bent": True}

        def summed(body):
            # The names at the top are what they were asked by, be it `doc_count`.
            counts = list(counts_of(list((body.get("aggregations") or {}).values())))
            if not counts:
                return body
            tree, word = counts[len(counts) // 2]
            tree[word] += 1
            return body | {"bent": True}

        for bend in (swapped, shorter, scored, counted, billed, summed):
            walked = self.walk(bend, flawed=0.4)
            judged = [told for told, body in walked if body.get("bent")]
            self.assertGreater(len(judged), 20, bend.__name__)
            self.assertTrue(all(judged), bend.__name__)

    def test_a_page_in_doubt_has_no_documents_but_those_that_can_be_on_it_as_they_are(self):
        docs = [{"id": id, "n": id} for id in range(5)]
        scores = {0: 0.9, 1: 0.8, 2: 0.7, 3: 0.5, 4: 0.5}
        rows = [{"id": id, "$dist": single(scores[id]), "n": id} for id in range(5)]

        def right(ranked, *rows):
            ranked.names_of = lambda id: {"n": "int"}
            try:
                judge_rows(ranked, rows)
                return True
            except Wrong:
                return False

        pool = Ranked(docs[:4], scores)
        pool.page = docs[:2]
        fused = Ranked(docs[:4], scores)
        fused.pools, fused.limit = [pool, pool], Page(3)
        for page in (rows[:2], rows[:3], rows[1:4]):
            self.assertTrue(right(fused, *page))
        other = rows[1] | {"n": 7}
        for page in (rows[:1], rows[:4], [rows[0], rows[4]], [rows[1], rows[0]], [rows[0], other]):
            self.assertFalse(right(fused, *page), page)

        cut = Ranked(docs, scores)
        cut.close, cut.limit = {3, 4}, Page(9)
        for page in (rows, rows[:4], [*rows[:3], rows[4]], rows[:3]):
            self.assertTrue(right(cut, *page))
        far = rows[3] | {"$dist": 0.4}
        for page in (rows[:2], rows[1:], [*rows[:3], far], [*rows[:3], rows[3] | {"n": 7}]):
            self.assertFalse(right(cut, *page), page)

    def test_a_moment_whose_zone_has_seconds_is_within_a_minute(self):
        moment = Moment(0, None)
        for found, held in [
            ("1970-01-01T00:09:21+00:09:21", True),
            ("1970-01-01T00:11:21+00:09:21", False),
            ("1971-01-01T00:09:21+00:09:21", False),
            ("1970-01-01T01:00:00+01:00", True),
            ("1970-01-01T01:00:01+01:00", False),
        ]:
            self.assertEqual(moment.holds(found), held, found)

    def test_what_is_told_of_a_namespace_and_bent_is_wrong(self):
        def more(word):
            def bend(body):
                return body | {word: body[word] + 1, "bent": True} if word in body else body

            return bend

        def unlisted(body):
            if "pages" not in body or not body["pages"][0]["namespaces"]:
                return body
            del body["pages"][0]["namespaces"][0]
            return body | {"bent": True}

        def unsaid(body):
            if "approx_row_count" not in body:
                return body
            del body["schema"]["id"]
            return body | {"bent": True}

        def elsewhere(body):
            truth = body.get("ground_truth")
            if not truth or not truth[0]["nearest_neighbors"]:
                return body
            truth[0]["nearest_neighbors"].pop()
            return body | {"bent": True}

        counts = ("approx_row_count", "approx_logical_bytes", "documents", "logical_bytes")
        bends = [more(word) for word in (*counts, "avg_recall", "avg_ann_count")]
        for bend in (*bends, unlisted, unsaid, elsewhere):
            walked = self.walk(bend, 420, flawed=0.02, written=0.15, about=0.75)
            # Of nothing nobody says how much of it is recalled.
            bent = [(told, body) for told, body in walked if body.get("bent")]
            judged = [told for told, body in bent if body.get("avg_ann_count", 1)]
            self.assertGreater(len(judged), 5)
            self.assertTrue(all(judged))

    def test_moments_stay_where_nothing_moves_them_and_never_go_back(self):
        words = ("created_at", "last_write_at", "updated_at")

        def judged(*told):
            """Whether each of these is right after those before it."""
            seen = {}
            for writes, changes, *seconds in told:
                body = {word: f"2026-11-22T07:00:{at:02}Z" for word, at in zip(words, seconds)}
                try:
                    judge_moments(Standing(changes=changes, writes=writes, seen=seen), body)
                    yield True
                except Wrong:
                    yield False

        right = [(0, 1, 1, 1, 1), (0, 1, 1, 1, 1), (1, 2, 1, 3, 3)]
        self.assertEqual(list(judged(*right)), [True] * 3)
        for wrong in (
            [(0, 1, 1, 2, 2)],
            [(1, 1, 3, 2, 4)],
            [(1, 1, 1, 3, 2)],
            [(1, 1, 1, 1, 1), (1, 1, 1, 1, 2)],
            [(1, 1, 1, 1, 1), (1, 2, 1, 2, 2)],
            [(1, 1, 1, 3, 3), (2, 2, 1, 2, 3)],
            [(1, 1, 1, 3, 3), (2, 2, 2, 3, 3)],
        ):
            self.assertEqual(list(judged(*wrong))[-1], False, wrong)

    def test_a_name_is_another_wherever_it_stands(self):
        for path, another in [
            ("/v2/namespaces/o0-1", "/v2/namespaces/n"),
            ("/v2/namespaces/o0-1/query", "/v2/namespaces/n/query"),
            ("/v1/namespaces/o0-1-absent/schema", "/v1/namespaces/n-absent/schema"),
            ("/v2/namespaces/o0-1.ab", "/v2/namespaces/n.ab"),
            ("/v1/namespaces?prefix=o0-1.&page_size=2", "/v1/namespaces?prefix=n.&page_size=2"),
            ("/v1/namespaces?prefix=o0-1", "/v1/namespaces?prefix=n"),
        ]:
            self.assertEqual([one["path"] for one in renamed([{"path": path}], "n")], [another])

    def test_a_failure_is_made_smaller(self):
        def bend(body):
            rows = body.get("rows") or []
            return body | {"rows": [row for row in rows if row["id"] != 3]} if rows else body

        path = "/v2/namespaces/n"
        history = [
            {"method": "POST", "path": path, "body": {"upsert_rows": [{"id": id, "n": id}]}}
            for id in range(9)
        ]
        query = {"rank_by": ["n", "desc"], "limit": 9, "filters": ["n", "Gte", 2]}
        ask = {"method": "POST", "path": f"{path}/query", "body": query}
        history += [ask | {"body": query | {"filters": ["n", "Lt", 3]}}, ask]
        smaller = Shrinker(Mirror(bend), "less").shrink(history, "6 rows, not 7")
        self.assertEqual(len(smaller), 2)
        self.assertEqual([row["id"] for row in smaller[0]["body"]["upsert_rows"]], [3])
        self.assertNotIn("filters", smaller[1]["body"])
        self.assertEqual(replay(Mirror(bend), smaller, "n")[0], 2)


if __name__ == "__main__":
    unittest.main()
