"""Pages of an answer: offsets, how many of a kind, and the pages that a client makes of filters."""

import random
import unittest

from node import both, ids
from proofs import proves
from truth import Texts, words

DIMS = 4


def sample(count=70):
    dice = random.Random(count)
    rows = []
    for id in range(count):
        row = {
            "id": id,
            "vector": [dice.randrange(-16, 17) / 8 for _ in range(DIMS)],
            "owner": dice.choice(["ada", "bob", "eve", None]),
            "kind": dice.randrange(3),
            "text": " ".join(dice.choices(["walrus", "sea", "ice"], k=dice.randrange(1, 6))),
            "tags": ["x"],
        }
        rows.append({name: value for name, value in row.items() if value is not None})
    return rows


def shared(ranked, rows, names, limit):
    """The first so many of each kind, in their order."""
    left, taken = {}, []
    for id in ranked:
        key = tuple(rows[id].get(name) for name in names)
        left[key] = left.get(key, 0) + 1
        if left[key] <= limit:
            taken.append(id)
    return taken


@both
class Pages:
    def setUp(self):
        self.rows = sample()
        self.ns = self.fresh()
        schema = {"text": {"type": "string", "full_text_search": True}}
        for start in range(0, len(self.rows), 12):
            self.ns.write(
                distance_metric="euclidean_squared",
                schema=schema,
                upsert_rows=self.rows[start : start + 12],
            )
        # A key of a map is no list.
        target = (0.5,) * DIMS
        self.near = ("vector", "ANN", target)
        near = [
            (sum((a - b) ** 2 for a, b in zip(row["vector"], target)), row["id"])
            for row in self.rows
        ]
        texts = Texts({row["id"]: words(row["text"]) for row in self.rows})
        scores = texts.scores(["walrus", "ice"])
        self.text = ("text", "BM25", "walrus ice")
        # Of two that are too near to be told apart, the answer says which is first.
        first = ids(self.ns.query(rank_by=self.text, limit=100))
        self.assertEqual(set(first), set(scores))
        self.ranked = {
            ("kind", "asc"): sorted(range(70), key=lambda id: (self.rows[id]["kind"], id)),
            self.near: [id for _, id in sorted(near)],
            self.text: first,
        }

    def found(self, rank, **asked):
        return ids(self.ns.query(rank_by=rank, **asked))

    @proves("3.1", "offset")
    @proves("3.6", "offset")
    @proves("11", "limit.per, offset, include and exclude")
    def test_pages_are_parts_of_the_whole(self):
        for rank, whole in self.ranked.items():
            for offset, limit in [(0, 5), (3, 10), (60, 30), (69, 1), (500, 5)]:
                with self.subTest(rank=rank, offset=offset, limit=limit):
                    found = self.found(rank, offset=offset, limit=limit)
                    self.assertEqual(found, whole[offset : offset + limit])
        some = self.found(("id", "asc"), offset=2, limit=3, filters=("kind", "Eq", 1))
        self.assertEqual(some, [row["id"] for row in self.rows if row["kind"] == 1][2:5])
        self.assertEqual(self.found(("id", "asc"), offset=2, top_k=2), [2, 3])
        self.assertEqual(self.found(("id", "asc"), offset=2, limit={"total": 2}), [2, 3])

    @proves("3.6", "offset and limit of at most 10,000")
    def test_an_offset_has_an_end(self):
        self.assertEqual(self.found(("id", "asc"), offset=9_999, limit=1), [])
        for offset in (10_000, -1):
            self.invalid("offset", self.found, ("id", "asc"), offset=offset, limit=1)
        self.invalid("", self.found, ("id", "asc"), offset=1)

    @proves("3.5", "of an order", "of ANN and kNN", "of a text", "of several attributes")
    @proves("3.5", "null is a value")
    @proves("3.1", "limit as an object")
    @proves("11", "limit.per, offset, include and exclude")
    def test_there_are_so_many_of_a_kind(self):
        for rank, whole in self.ranked.items():
            for names, per, total in [
                (["owner"], 1, 100),
                (["owner"], 3, 7),
                (["kind"], 2, 4),
                (["owner", "kind"], 1, 100),
                (["id"], 1, 10),
            ]:
                with self.subTest(rank=rank, names=names, per=per):
                    limit = {"total": total, "per": {"attributes": names, "limit": per}}
                    expected = shared(whole, self.rows, names, per)
                    self.assertEqual(self.found(rank, limit=limit), expected[:total])
                    some = self.found(rank, limit=limit | {"total": 2}, offset=1)
                    self.assertEqual(some, expected[1:3])
        exact = self.found(
            ("vector", "kNN", self.near[2]),
            limit={"total": 9, "per": {"attributes": ["owner"], "limit": 1}},
            filters=("kind", "Eq", 1),
        )
        nearest = [id for id in self.ranked[self.near] if self.rows[id]["kind"] == 1]
        self.assertEqual(exact, shared(nearest, self.rows, ["owner"], 1))

    @proves("3.5", "of several attributes")
    def test_what_is_no_kind_is_refused(self):
        for names, per in [
            (["tags"], 1),
            (["vector"], 1),
            (["colour"], 1),
            ([], 1),
            (["kind"] * 9, 1),
            (["kind"], 0),
        ]:
            limit = {"total": 9, "per": {"attributes": names, "limit": per}}
            with self.subTest(limit):
                self.invalid("", self.found, ("id", "asc"), limit=limit)

    @proves("3.6", "Gt of the last value", "NotIn of what was seen")
    @proves("5.7", "pages by id")
    def test_a_client_makes_pages_of_filters(self):
        read, last = [], None
        while True:
            after = {} if last is None else {"filters": ("id", "Gt", last)}
            page = self.ns.query(rank_by=("id", "asc"), limit=16, include_attributes=True, **after)
            if not page.rows:
                break
            read += [row.to_dict() for row in page.rows]
            last = read[-1]["id"]
        self.assertEqual(read, self.rows)
        seen = []
        while more := self.found(self.text, limit=9, filters=("id", "NotIn", seen)):
            seen += more
        self.assertEqual(seen, self.ranked[self.text])


if __name__ == "__main__":
    unittest.main()
