"""Computed attributes: scores, truths, distances and highlights that come with a row."""

import unittest

import turbopuffer

from node import both, ids
from proofs import proves
from truth import Texts, close, words

TEXT = "The ice was thin. A walrus sat on it! The sea was cold, said the walrus to a fish."
ROWS = [
    {"id": 1, "text": TEXT, "title": "walrus", "views": 7, "owner": "bob", "vector": [0.5, 1.5]},
    {
        "id": 2,
        "text": "A fish.\n\nA walrus ß🐘 walrus.",
        "title": "fish and walrus",
        "owner": "eve",
        "vector": None,
    },
    {"id": 3, "text": "Nothing at all.", "title": "sea", "views": 2, "vector": [2.5, 0.5]},
    {"id": 4, "vector": None},
]
RANK = {"rank_by": ("text", "BM25", "walrus"), "limit": 9}
BY_ID = {"rank_by": ("id", "asc"), "limit": 9}


@both
class Computed:
    def setUp(self):
        self.ns = self.fresh()
        full_text = {"type": "string", "full_text_search": True}
        schema = {"text": full_text, "title": full_text, "views": "uint"}
        for row in ROWS:
            self.ns.write(distance_metric="euclidean_squared", schema=schema, upsert_rows=[row])

    def computed(self, expression, **asked):
        answer = self.ns.query(**(asked or BY_ID), compute_attributes={"it": expression})
        return {row.id: row.to_dict().get("it") for row in answer.rows}

    def highlights(self, id, **settings):
        expression = ("Highlight", "text", settings) if settings else ("Highlight", "text")
        return self.computed(expression, **RANK)[id]

    @proves("3.1", "compute_attributes")
    @proves("3.8", "a score")
    @proves("11", "computed attributes and highlights")
    def test_a_score_comes_along_as_a_number(self):
        texts = Texts({row["id"]: words(row["title"]) for row in ROWS if "title" in row})
        found = self.computed(("title", "BM25", "walrus"))
        for id in (1, 2, 3, 4):
            close(self, found[id], texts.score(id, ["walrus"]))
        self.assertEqual(self.computed(("Attribute", "views")), {1: 7, 2: 0, 3: 2, 4: 0})
        near = ("Decay", ("Dist", ("Attribute", "views"), 2), {"midpoint": 5})
        for id, expected in [(1, 0.5), (2, 0), (3, 1), (4, 0)]:
            close(self, self.computed(near)[id], expected)
        self.assertEqual(
            self.computed(
                ("Sum", [("Attribute", "views"), ("Product", 2, ("owner", "Eq", "bob"))])
            ),
            {1: 9, 2: 0, 3: 2, 4: 0},
        )

    @proves("3.8", "a filter")
    def test_a_filter_comes_along_as_truth(self):
        found = self.computed(("owner", "Eq", "bob"))
        self.assertEqual(found, {1: True, 2: False, 3: False, 4: False})
        self.assertIs(self.computed(("Not", ("views", "Gte", 5)))[2], True)

    @proves("3.8", "VectorDist")
    def test_a_distance_comes_along_where_there_is_a_vector(self):
        found = self.computed(("vector", "VectorDist", [0.5, 0.5]))
        self.assertEqual(found, {1: 1.0, 2: None, 3: 4.0, 4: None})
        for odd in [("vector", "VectorDist", [1.5]), ("views", "VectorDist", [0.5, 0.5])]:
            self.invalid("", self.computed, odd)

    @proves("3.1", "compute_attributes")
    def test_what_is_computed_stands_beside_what_is_included(self):
        answer = self.ns.query(
            **RANK,
            include_attributes=["owner"],
            compute_attributes={"a": ("owner", "Eq", "bob"), "b": ("Attribute", "views")},
        )
        expected = [{"id", "$dist", "owner", "a", "b"}] * 2
        self.assertEqual([set(row.to_dict()) for row in answer.rows], expected)

    @proves("3.8", "Highlight", "fragment_by")
    @proves("11", "computed attributes and highlights")
    def test_the_best_fragments_are_shown(self):
        found = [part["text"].strip() for part in self.highlights(1)]
        sentences = ["A walrus sat on it!", "The sea was cold, said the walrus to a fish."]
        self.assertEqual(sorted(found), sorted(sentences))
        self.assertEqual(set(self.highlights(1)[0]), {"text"})
        for by, texts in [
            ("none", ["A fish.\n\nA walrus ß🐘 walrus."]),
            ("paragraph", ["A walrus ß🐘 walrus."]),
            ("sentence", ["A walrus ß🐘 walrus."]),
            ("word", ["walrus", "walrus"]),
        ]:
            found = self.highlights(2, fragment_by=by)
            self.assertEqual([part["text"].strip() for part in found], texts, by)
        self.invalid("", self.highlights, 1, fragment_by="chapter")

    @proves("3.8", "fragment_limit")
    def test_there_are_so_many_fragments(self):
        self.ns.write(upsert_rows=[{"id": 9, "vector": None, "text": "A walrus. " * 8}])
        self.assertEqual(len(self.highlights(9)), 3)
        for limit, count in [(1, 1), (5, 5), (1024, 8)]:
            self.assertEqual(len(self.highlights(9, fragment_limit=limit)), count)
        for odd in (0, 1025):
            self.invalid("", self.highlights, 9, fragment_limit=odd)

    @proves("3.8", "include_offsets")
    def test_places_are_counted_in_what_a_language_counts_in(self):
        text = ROWS[1]["text"]
        for unit, cut in [
            ("codepoints", lambda a, b: text[a:b]),
            ("utf-8", lambda a, b: text.encode()[a:b].decode()),
            ("utf-16", lambda a, b: text.encode("utf-16-le")[2 * a : 2 * b].decode("utf-16-le")),
        ]:
            for by in ("none", "paragraph", "sentence", "word"):
                for part in self.highlights(2, include_offsets=unit, fragment_by=by):
                    with self.subTest(unit=unit, by=by):
                        self.assertEqual(cut(*part["fragment_range"]), part["text"])
                        found = [cut(*place) for place in part["match_ranges"]]
                        self.assertEqual(set(found), {"walrus"})

    @proves("3.8", "rank_fragments_by")
    def test_fragments_may_be_ranked_by_another_question(self):
        ice, walrus = "The ice was thin.", "A walrus sat on it!"
        question = ("$fragment", "BM25", "walrus")
        phrase = ("$fragment", "ContainsTokenSequence", "ice was")
        for rank, texts in [
            (("$fragment", "BM25", "ice"), [ice]),
            (phrase, [ice]),
            (("$fragment", "Regex", "it!"), [walrus]),
            (("Not", ("$fragment", "Glob", "The*")), [walrus]),
            (("Sum", [question, ("Product", 9, phrase)]), [ice, walrus]),
        ]:
            with self.subTest(rank=rank):
                settings = {"rank_fragments_by": rank, "fragment_limit": 2}
                found = self.computed(("Highlight", "text", settings))[1]
                self.assertEqual([part["text"].strip() for part in found], texts)
        for odd in [("title", "BM25", "ice"), ("owner", "Eq", "bob"), ("Attribute", "views")]:
            highlight = ("Highlight", "text", {"rank_fragments_by": odd})
            self.invalid("$fragment", self.computed, highlight)

    @proves("3.8", "Highlight of no full text", "Highlight without a question")
    @proves("3.8", "names that are taken")
    @proves("6.1", "256 computed attributes")
    def test_what_cannot_be_computed_is_refused(self):
        highlight = ("Highlight", "text")
        for told, name, expression, asked in [
            ("full_text_search", "it", ("Highlight", "owner"), RANK),
            ("", "it", highlight, BY_ID),
            ("", "it", highlight, RANK | {"rank_by": ("title", "BM25", "walrus")}),
            ("", "it", ("vector", "ANN", [0.5, 0.5]), BY_ID),
            ("owner", "owner", ("Attribute", "views"), BY_ID),
            ("", "id", ("Attribute", "views"), BY_ID),
            ("", "$x", ("Attribute", "views"), BY_ID),
        ]:
            with self.subTest(name=name, expression=expression):
                self.invalid(told, self.ns.query, **asked, compute_attributes={name: expression})
        many = {f"c{number}": ("Attribute", "views") for number in range(257)}
        self.refused(
            turbopuffer.BadRequestError, "256", self.ns.query, **BY_ID, compute_attributes=many
        )
        del many["c256"]
        self.assertEqual(ids(self.ns.query(**BY_ID, compute_attributes=many)), [1, 2, 3, 4])


if __name__ == "__main__":
    unittest.main()
