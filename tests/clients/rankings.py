"""Rankings: scores made of texts, filters, numbers and vectors, each worked out over plain rows."""

import datetime
import math
import random
import unittest

import turbopuffer

from filters import holds
from node import both, ids
from proofs import proves
from truth import Texts, agrees, words

UTC = datetime.timezone.utc
ORIGIN = datetime.datetime(2026, 9, 1, tzinfo=UTC)
SPELT = "2026-09-01T00:00:00Z"
MS = {"s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7, "w": 6.048e8}
SCHEMA = {
    "text": {"type": "string", "full_text_search": True},
    "title": {"type": "string", "full_text_search": True},
    "views": "uint",
    "points": "int",
    "price": "float",
    "seen": "datetime",
    "sparse": {"type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"}},
    "tags": "[]string",
}


def sample(count=80):
    dice = random.Random(count)
    rows = []
    for id in range(count):
        row = {
            "text": " ".join(
                dice.choices(["walrus", "sea", "ice", "seal"], k=dice.randrange(1, 6))
            ),
            "title": " ".join(dice.choices(["walrus", "north", "sea"], k=dice.randrange(1, 3))),
            "views": dice.randrange(100),
            "points": dice.randrange(-50, 50),
            "price": dice.randrange(-400, 400) / 8,
            "seen": spelt(ORIGIN + datetime.timedelta(hours=dice.randrange(-500, 500))),
            "kind": dice.choice(["a", "b", "c"]),
            "pinned": dice.random() < 0.3,
            "tags": dice.sample(["x", "y", "z"], k=dice.randrange(3)),
            "sparse": {key: dice.randrange(-8, 9) / 4 for key in "pqrs" if dice.random() < 0.6},
        }
        rows.append({"id": id} | {name: row[name] for name in row if dice.random() < 0.85})
    return rows


def spelt(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def number(value):
    """What an attribute is worth as a number: a moment its milliseconds."""
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value).timestamp() * 1e3
    return value


def shows_all(score):
    """Whether a score is of all documents, those that it is nothing for among them."""
    parts = score if isinstance(score, (list, tuple)) else ()
    return bool(parts) and (parts[0] in ("Attribute", "Dist") or any(map(shows_all, parts)))


class Truth:
    """Scores of plain rows."""

    def __init__(self, rows):
        self.rows = rows
        self.texts = {
            name: Texts({row["id"]: words(row[name]) for row in rows if name in row})
            for name in ("text", "title")
        }

    def scores(self, score):
        found = {row["id"]: self.of(score, row) for row in self.rows}
        return {id: it for id, it in found.items() if it or shows_all(score)}

    def of(self, score, row):
        if isinstance(score, (int, float)):
            return score
        match score:
            case ("Sum" | "Max" as word, *parts):
                parts = parts[0] if isinstance(parts[0], list) else parts
                return {"Sum": math.fsum, "Max": max}[word](self.of(part, row) for part in parts)
            case ("Product", one, other):
                return self.of(one, row) * self.of(other, row)
            case ("Attribute", name):
                return number(row.get(name, 0))
            case ("Dist", ("Attribute", name), origin):
                return abs(number(row[name]) - number(origin)) if name in row else 0
            case ("Saturate" | "Decay" as word, part, curve):
                return self.curved(word, part, curve, row)
            case (name, "BM25", question):
                return self.texts[name].score(row["id"], words(question))
            case (name, "SparseKNN", asked):
                own = row.get(name, {})
                return math.fsum(weight * asked.get(key, 0) for key, weight in own.items())
            case test:
                return 1 if holds(test, row) else 0

    def curved(self, word, part, curve, row):
        if part[0] == "Dist" and part[1][1] not in row:
            return 0
        power = curve.get("exponent", 1)
        midpoint = curve["midpoint"]
        if isinstance(midpoint, str):
            midpoint = float(midpoint[:-1]) * MS[midpoint[-1]]
        x, m = max(0, self.of(part, row)) ** power, midpoint**power
        return (x if word == "Saturate" else m) / (x + m)


@both
class Rankings:
    def setUp(self):
        self.rows = sample()
        self.ns = self.fresh()
        for start in range(0, len(self.rows), 16):
            self.ns.write(schema=SCHEMA, upsert_rows=self.rows[start : start + 16])
        self.truth = Truth(self.rows)

    def agree(self, score):
        with self.subTest(score):
            found = self.ns.query(rank_by=score, limit=1000)
            agrees(self, found, self.truth.scores(score))
            agrees(self, self.ns.query(rank_by=score, limit=9), self.truth.scores(score), 9)

    def odd(self, told, score):
        with self.subTest(score):
            self.invalid(told, self.ns.query, rank_by=score, limit=9)

    @proves("3.2", "a filter", "rows that score 0", "ties by id")
    def test_a_filter_is_one_or_nothing(self):
        for test in [
            ("kind", "Eq", "a"),
            ("kind", "NotEq", "a"),
            ("views", "Gte", 50),
            ("tags", "ContainsAny", ["x", "y"]),
            ("Not", ("pinned", "Eq", True)),
            ("And", [("kind", "In", ["a", "b"]), ("points", "Lt", 0)]),
            ("Or", [("kind", "Eq", None), ("pinned", "Eq", True)]),
        ]:
            self.agree(test)
        self.odd("not found", ("colour", "Eq", "red"))

    @proves("3.2", "Sum", "Max", "Product", "BM25", "texts and filters and attributes mixed")
    @proves("11", "all rankings")
    def test_scores_are_made_of_scores(self):
        text, title = ("text", "BM25", "walrus sea"), ("title", "BM25", "walrus")
        fresh = ("Decay", ("Dist", ("Attribute", "seen"), SPELT), {"midpoint": "7d"})
        for score in [
            ("Sum", [text, title]),
            ("Max", [text, title]),
            ("Product", 3, title),
            ("Product", title, 0.5),
            ("Sum", [("Product", 2, ("pinned", "Eq", True)), title]),
            ("Sum", [("Max", [text, ("Product", 2.5, title)]), ("kind", "Eq", "b")]),
            ("Sum", [("Product", 3, title), text, ("Product", 0.5, fresh)]),
            ("Sum", [text, ("Attribute", "views")]),
            ("Product", 0, ("Attribute", "views")),
            ("Sum", [text, ("Product", 0, title)]),
        ]:
            self.agree(score)

    @proves("3.2", "Sum and Max of parts beside each other", "Max with a constant")
    def test_parts_may_stand_beside_each_other(self):
        text, title = ("text", "BM25", "walrus"), ("title", "BM25", "walrus")
        for score in [
            ("Sum", text, title),
            ("Max", text, title),
            ("Max", 0, ("Attribute", "points")),
            ("Max", ("Attribute", "price"), 2.5),
            ("Max", [("Attribute", "price"), 0]),
        ]:
            self.agree(score)

    @proves("3.2", "Attribute", "Attribute below zero", "rows that score 0")
    def test_a_number_is_a_score(self):
        for score in [
            ("Attribute", "views"),
            ("Product", 0.125, ("Attribute", "views")),
            ("Max", 0, ("Attribute", "points")),
            ("Saturate", ("Attribute", "points"), {"midpoint": 10}),
        ]:
            self.agree(score)
        for name in ("points", "price"):
            self.odd("Max", ("Attribute", name))
            self.odd("Max", ("Sum", [("Attribute", name), ("kind", "Eq", "a")]))
        for name in ("kind", "pinned", "tags"):
            self.odd(name, ("Attribute", name))
        self.odd("colour", ("Attribute", "colour"))

    @proves("3.2", "Saturate", "Decay", "Dist of a number", "Dist of a datetime")
    @proves("3.2", "a midpoint such as 6h")
    @proves("11", "all rankings")
    def test_a_number_may_be_bent(self):
        views, price = ("Attribute", "views"), ("Attribute", "price")
        near, time = ("Dist", views, 40), ("Dist", ("Attribute", "seen"), SPELT)
        for score in [
            near,
            ("Dist", price, -2.5),
            ("Dist", ("Attribute", "points"), 7),
            time,
            ("Dist", ("Attribute", "seen"), "2026-08-30T12:00:00Z"),
            ("Saturate", views, {"midpoint": 20}),
            ("Saturate", price, {"midpoint": 5, "exponent": 2}),
            ("Saturate", ("text", "BM25", "walrus sea"), {"midpoint": 0.5, "exponent": 0.5}),
            ("Decay", near, {"midpoint": 10}),
            ("Decay", near, {"midpoint": 10, "exponent": 3}),
            ("Decay", time, {"midpoint": 36e6}),
            ("Decay", time, {"midpoint": "90m"}),
            ("Decay", time, {"midpoint": "6h", "exponent": 2}),
            ("Saturate", time, {"midpoint": "2w"}),
            ("Sum", [("Decay", time, {"midpoint": "3600s"}), ("kind", "Eq", "a")]),
        ]:
            self.agree(score)
        for told, score in [
            ("midpoint", ("Saturate", views, {})),
            ("midpoint", ("Saturate", views, {"midpoint": 0})),
            ("midpoint", ("Decay", near, {"midpoint": "6h"})),
            ("midpoint", ("Decay", time, {"midpoint": "6 moons"})),
            ("exponent", ("Decay", near, {"midpoint": 1, "exponent": 0})),
            ("kind", ("Dist", ("Attribute", "kind"), 1)),
        ]:
            self.odd(told, score)

    @proves("3.2", "SparseKNN", "rows that score 0")
    def test_what_is_sparse_is_ranked_by_its_product(self):
        asked = ("sparse", "SparseKNN", {"p": 1.5, "r": -0.25})
        for score in [
            asked,
            ("sparse", "SparseKNN", {"q": 2}),
            ("sparse", "SparseKNN", {"unheard": 1}),
            ("Sum", [asked, ("text", "BM25", "walrus")]),
            ("Saturate", asked, {"midpoint": 1}),
            ("Product", 2, asked),
        ]:
            self.agree(score)
        self.odd("kind", ("kind", "SparseKNN", {"p": 1}))

    @proves("1.5", "a negative weight of a Product")
    @proves("3.2", "ANN in a Sum is refused")
    def test_what_is_no_score_is_refused(self):
        text = ("text", "BM25", "walrus")
        for told, score in [
            ("non-negative", ("Product", -1, text)),
            ("", ("Product", 1, 2)),
            ("", ("Product", text, text)),
            ("", ("Sum", [])),
            ("", ("Sum", [text, -1])),
            ("RRF", ("Sum", [text, ("vector", "ANN", [0.5, 0.5])])),
            ("RRF", ("Max", [text, ("vector", "ANN", [0.5, 0.5])])),
            ("full_text_search", ("kind", "BM25", "a")),
        ]:
            self.odd(told, score)
        deep = text
        for _ in range(100):
            deep = ("Sum", [deep])
        self.odd("", deep)


@both
class Vectors:
    @proves("3.2", "ANN of several vectors", "kNN of several vectors")
    @proves("4.2", "ann.late_interaction")
    @proves("11", "all rankings")
    def test_several_vectors_are_as_similar_as_their_best(self):
        dice = random.Random(3)

        def some(count):
            return [[dice.randrange(-8, 9) / 4 + 0.125 for _ in range(4)] for _ in range(count)]

        rows = [{"id": id, "late": some(dice.randrange(1, 5))} for id in range(40)]
        rows += [{"id": 100, "late": None}, {"id": 101, "late": []}]
        asked = some(3)

        def dot(a, b):
            return math.fsum(x * y for x, y in zip(a, b))

        def similar(metric, a, b):
            if metric == "euclidean_squared":
                return -math.fsum((x - y) ** 2 for x, y in zip(a, b))
            return dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))

        for metric in ("cosine_distance", "euclidean_squared"):
            ns = self.fresh()
            schema = {"late": {"type": "[][4]f32", "ann": {"late_interaction": True}}}
            for start in range(0, len(rows), 15):
                ns.write(
                    schema=schema,
                    distance_metric=metric,
                    upsert_rows=rows[start : start + 15],
                )
            truth = {
                row["id"]: math.fsum(
                    max(similar(metric, own, each) for own in row["late"]) for each in asked
                )
                for row in rows
                if row.get("late")
            }
            agrees(self, ns.query(rank_by=("late", "ANN", asked), limit=100), truth)
            agrees(self, ns.query(rank_by=("late", "ANN", asked), limit=5), truth, 5)
            even = ("id", "In", list(range(0, 40, 2)))
            found = ns.query(rank_by=("late", "kNN", asked), limit=100, filters=even)
            agrees(self, found, {id: it for id, it in truth.items() if id < 40 and id % 2 == 0})
            self.invalid("", ns.query, rank_by=("late", "ANN", [[0.5, 0.5]]), limit=1)
            self.invalid("", ns.query, rank_by=("late", "ANN", []), limit=1)

    @proves("3.2", "ANN", "ties by id")
    @proves("4.1", "up to 8 vectors")
    @proves("6.1", "8 vector attributes")
    def test_each_vector_of_several_is_searched(self):
        ns = self.fresh()
        names = ["vector", *(f"v{number}" for number in range(7))]
        schema = {name: {"type": "[2]f32", "ann": True} for name in names}
        rows = [
            {"id": id} | {name: [float(id == at), 1.0] for at, name in enumerate(names)}
            for id in range(8)
        ]
        ns.write(distance_metric="euclidean_squared", schema=schema, upsert_rows=rows)
        for at, name in enumerate(names):
            found = ns.query(rank_by=(name, "ANN", [1.0, 1.0]), limit=3)
            rest = [id for id in range(8) if id != at]
            self.assertEqual(ids(found), [at, *rest[:2]])
            self.assertEqual([row["$dist"] for row in found.rows], [0.0, 1.0, 1.0])
        many = schema | {"v7": {"type": "[2]f32", "ann": True}}
        asked = {"distance_metric": "cosine_distance", "schema": many}
        self.refused(
            turbopuffer.BadRequestError, "8", self.fresh().write, **asked, upsert_rows=[{"id": 1}]
        )

    @proves("3.2", "ANN of Embed")
    @proves("4.2", "embed")
    @proves("1.4", "what is not offered is a 400, once")
    def test_without_a_model_nothing_is_embedded(self):
        ns = self.fresh()
        ns.write(distance_metric="cosine_distance", upsert_rows=[{"id": 1, "vector": [0.5, 1.5]}])
        for embed in [("Embed", "a text"), ("Embed", "a text", {"model": "m"})]:
            asked = {"rank_by": ("vector", "ANN", embed), "limit": 1}
            self.refused(turbopuffer.BadRequestError, "model", ns.query, **asked)
        schema = {"text": {"type": "string", "embed": "m"}}
        self.refused(turbopuffer.BadRequestError, "embed", ns.write, schema=schema)


if __name__ == "__main__":
    unittest.main()
