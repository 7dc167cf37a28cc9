"""The oracle against itself: what it says is judged right, and bent a little it is judged wrong.

So is the fuzzer: what it draws without a flaw is accepted, each flaw is refused, and a failure is
made smaller.
"""

import json
import unittest

import draw_schemas as schemas
from compare import judge
from dice import Dice
from fuzz import Walk
from lives import Life
from matched import plain
from queries import single, stored
from shrink import Shrinker, replay
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
    if kind == "several":
        return {"results": [printed(("query", one)) for one in said]}
    told = {word: plain(one) for word, one in said.items() if word != "rows"}
    if "rows" not in said:
        return told
    rows = [printed_row(said["rows"], doc) for doc in said["rows"].page]
    return told | ({"results": list(map(printed_own, rows))} if kind == "own" else {"rows": rows})


def printed_own(row):
    """As the other contract prints it."""
    places = {"id": "id", "$dist": "score", "vector": "vector"}
    told = {places[name]: value for name, value in row.items() if name in places}
    rest = {name: value for name, value in row.items() if name not in places}
    return told | {"attributes": rest}


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

    def walk(self, bend, requests=600):
        wrong, server, dice = [], Mirror(bend), Dice("laws")
        walk = Walk(server, "laws", 0, 1)
        walk.dice = dice
        for number in range(requests // 60):
            name, lived = f"n{number}", Life(schemas.plan(dice), 60, aggregated=0.1)
            for _ in range(60):
                request, flaw = walk.draw(server.world.namespaces.get(name), lived, name, [])
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
            return body | {
                "rows": [rows[0] | {"$dist": score + 1e-3 * (1 + abs(score))}, *rows[1:]],
                "bent": True,
            }

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
            counts = list(counts_of(body.get("aggregations")))
            if not counts:
                return body
            tree, word = counts[len(counts) // 2]
            tree[word] += 1
            return body | {"bent": True}

        for bend in (swapped, shorter, scored, counted, billed, summed):
            judged = [told for told, body in self.walk(bend) if body.get("bent")]
            self.assertGreater(len(judged), 20, bend.__name__)
            self.assertTrue(all(judged), bend.__name__)

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
