"""What texts come to, worked out by hand: tokens, fragments, and queries of `/v1` by words."""

import math
import unittest

from analyzer import EMOJI, words
from highlights import Fragments
from matched import plain
from schema import FULL_TEXT
from space import Space

TEXT = {"type": "string", "full_text_search": True}


def tokens(text, **options):
    return [token for _, token, _, _ in words(text, FULL_TEXT | options)]


class Tokens(unittest.TestCase):
    def test_each_tokenizer_has_words_of_its_own(self):
        text = f"don't 漢字 3.14 {EMOJI} b2b"
        for tokenizer, wanted in [
            ("word_v0", ["don", "t", "漢字", "3", "14", "b2b"]),
            ("word_v1", ["don", "t", "漢字", "3", "14", EMOJI, "b2b"]),
            ("word_v2", ["don", "t", "漢", "字", "3", "14", EMOJI, "b2b"]),
            ("word_v4", ["don't", "漢", "字", "3.14", "b2b"]),
        ]:
            self.assertEqual(tokens(text, tokenizer=tokenizer), wanted, tokenizer)

    def test_a_language_has_its_own_stems_and_stop_words(self):
        said = {"language": "german", "stemming": True, "remove_stopwords": True}
        self.assertEqual(tokens("Häuser und the", **said), ["haus", "the"])
        self.assertEqual(tokens("Häuser und the", **said | {"language": "english"})[1:], ["und"])
        self.assertEqual(tokens("ΔΡΌΜΟΣ", language="greek"), ["δρόμοσ"])


class Highlights(unittest.TestCase):
    def told(self, asked, rank=("t", "BM25", "cat fox")):
        text = "Cat! the fox, a cat? Dog\n\nfox"
        rows = [{"id": 0, "t": text}, {"id": 1, "t": "cat"}]
        space = Space(schema={"t": TEXT}, upsert_rows=rows)
        ranked = space.rows(list(rank), compute_attributes={"h": asked})
        return ranked.computed["h"].of(ranked.docs[[doc["id"] for doc in ranked.docs].index(0)])

    def texts(self, asked, **more):
        return [one["text"] for one in plain(self.told(asked, **more))]

    def test_fragments_are_told_by_what_they_are_worth(self):
        # A fox is rarer than a cat, and both are worth more than either.
        self.assertEqual(self.texts(["Highlight", "t"]), ["the fox, a cat?", "fox", "Cat!"])
        limited = ["Highlight", "t", {"fragment_limit": 1}]
        self.assertEqual(self.texts(limited), ["the fox, a cat?"])
        self.assertEqual(
            self.texts(["Highlight", "t", {"fragment_by": "paragraph"}]),
            ["Cat! the fox, a cat? Dog", "fox"],
        )
        self.assertEqual(
            self.texts(["Highlight", "t", {"fragment_by": "word"}]), ["fox", "fox", "Cat"]
        )

    def test_a_question_of_its_own_takes_the_place_of_the_ranking(self):
        own = {"rank_fragments_by": ["Product", 2, ["$fragment", "BM25", "dog"]]}
        told = self.texts(["Highlight", "t", own], rank=("id", "asc"))
        self.assertEqual(told, ["Dog"])

    def own(self, expression, rank=("id", "asc"), **options):
        options = {"rank_fragments_by": expression, "include_offsets": "codepoints"} | options
        told = plain(self.told(["Highlight", "t", options], rank))
        return [(one["text"], [tuple(match) for match in one["match_ranges"]]) for one in told]

    def shown(self, *expression):
        return [text for text, _ in self.own(list(expression), fragment_limit=9)]

    def test_a_fragment_is_a_text_like_another(self):
        cat, both, dog, fox = "Cat!", "the fox, a cat?", "Dog", "fox"
        fragment = lambda *asked: ["$fragment", *asked]
        for asked, wanted in [
            (fragment("Eq", "fox"), [fox]),
            (fragment("NotEq", None), [cat, both, dog, fox]),
            (fragment("In", ["Dog", "cat"]), [dog]),
            (fragment("Gt", "Dog"), [both, fox]),
            (fragment("Glob", "*o*"), [both, dog, fox]),
            (fragment("IGlob", "c*"), [cat]),
            (fragment("Regex", "[!?]$"), [cat, both]),
            # As the attribute is split, which minds no case.
            (fragment("ContainsAllTokens", "CAT a"), [both]),
            (fragment("ContainsAnyToken", "do", {"last_as_prefix": True}), [dog]),
            (fragment("ContainsTokenSequence", "the fox"), [both]),
            (["Not", fragment("Glob", "*o*")], [cat]),
            (["And", [fragment("Glob", "*o*"), fragment("NotIGlob", "d*")]], [both, fox]),
            (["And", []], [cat, both, dog, fox]),
        ]:
            self.assertEqual(self.shown(*asked), wanted, asked)

    def test_fragments_are_scored_like_documents(self):
        cat, both, dog, fox = "Cat!", "the fox, a cat?", "Dog", "fox"
        has_o, is_fox = ["$fragment", "Glob", "*o*"], ["$fragment", "Eq", "fox"]
        half = {"midpoint": 1}
        for asked, wanted in [
            (["Sum", [has_o, is_fox]], [fox, both, dog]),
            # A fox, which is in one of two documents, is worth less than 1.
            (["Sum", [["$fragment", "BM25", "fox"], ["Product", 2, is_fox]]], [fox, both]),
            (["Max", 0.5, is_fox], [fox, cat, both, dog]),
            (["Saturate", has_o, half], [both, dog, fox]),
            (["Decay", has_o, half], [cat, both, dog, fox]),
            (["Product", 0, has_o], None),
        ]:
            if wanted is None:
                options = {"rank_fragments_by": asked}
                self.assertIsNone(self.told(["Highlight", "t", options], ("id", "asc")))
            else:
                self.assertEqual(self.shown(*asked), wanted, asked)

    def test_marked_is_what_an_expression_looks_for_or_else_the_ranking(self):
        cats, foxes = ("t", "BM25", "cat"), ("t", "BM25", "fox")
        is_fox, in_fox = ["$fragment", "Eq", "fox"], ["$fragment", "ContainsAnyToken", "fox"]
        in_dog = ["$fragment", "ContainsAllTokens", "do", {"last_as_prefix": True}]
        for asked, rank, wanted in [
            (["$fragment", "BM25", "fox"], cats, [[(9, 12)], [(26, 29)]]),
            (in_fox, cats, [[(9, 12)], [(26, 29)]]),
            (["Or", [in_dog, is_fox]], cats, [[(21, 24)], []]),
            (["And", [is_fox, ["Not", in_dog]]], foxes, [[(26, 29)]]),
            (is_fox, foxes, [[(26, 29)]]),
            (is_fox, cats, [[]]),
            (is_fox, ("id", "asc"), [[]]),
        ]:
            told = self.own(asked, rank)
            self.assertEqual([matches for _, matches in told], wanted, asked)

    def test_nothing_but_a_fragment_is_asked(self):
        space = Space(schema={"t": TEXT}, upsert_rows=[{"id": 0, "t": "cat", "n": 1}])
        for odd in [
            ["t", "BM25", "cat"],
            ["id", "Eq", 0],
            ["Attribute", "n"],
            ["Not", ["Or", [["$fragment", "Eq", "cat"], ["n", "Eq", 1]]]],
        ]:
            computed = {"h": ["Highlight", "t", {"rank_fragments_by": odd}]}
            asked = {"rank_by": ["id", "asc"], "limit": 1, "compute_attributes": computed}
            self.assertEqual(space.refused("/query", **asked), "fragments by something else")

    def test_only_what_fits_is_right(self):
        options = {"fragment_limit": 2, "include_offsets": "utf-8"}
        told = self.told(["Highlight", "t", options])
        self.assertIsInstance(told, Fragments)
        one, other = plain(told)
        self.assertEqual(one["fragment_range"], [5, 20])
        self.assertEqual(one["match_ranges"], [[9, 12], [16, 19]])
        spaced = one | {"text": "the fox, a cat? ", "fragment_range": [5, 21]}
        self.assertTrue(told.holds([one, other]))
        self.assertTrue(told.holds([spaced, other]))
        for wrong in (
            [one],
            [other, one],
            [one, one],
            [one | {"text": "the fox"}, other],
            [one | {"match_ranges": [[9, 12]]}, other],
            [one | {"fragment_range": [5, 21]}, other],
            [{"text": one["text"]}, other],
        ):
            self.assertFalse(told.holds(wrong), wrong)


class Own(unittest.TestCase):
    def setUp(self):
        self.space = Space(
            schema={"t": TEXT, "s": TEXT},
            distance_metric="dot_product",
            upsert_rows=[
                {"id": 1, "vector": [1.0], "t": "red cat", "s": "dog"},
                {"id": 2, "vector": [3.0], "t": "dog", "s": "cat"},
                {"id": 3, "vector": [2.0], "t": "fox"},
            ],
        )

    def ask(self, **body):
        request = {"method": "POST", "path": "/v1/namespaces/n/query", "body": body}
        expected = self.space.world.ask(request)
        return expected.told[1] if expected.told else expected.kind

    def scores(self, **body):
        rows = self.ask(**body)["rows"]
        return {doc["id"]: rows.scores[doc["id"]] for doc in rows.page}

    def test_scores_of_fields_are_added_as_they_are_weighed(self):
        one = self.scores(full_text={"field": "t", "query": "cat"})
        other = self.scores(full_text={"field": "s", "query": "cat"})
        asked = {"fields": ["t", "s"], "query": "cat"}
        self.assertEqual(self.scores(full_text=asked), other | one)
        for weights in ([2, 3], {"t": 2, "s": 3}):
            found = self.scores(full_text=asked | {"weights": weights})
            self.assertEqual(found, {1: 2 * one[1], 2: 3 * other[2]})
        self.assertEqual(list(self.scores(full_text=asked | {"weights": {"t": 0}})), [2])

    def test_two_rankings_are_made_one_by_ranks(self):
        asked = {"vector": [1.0], "full_text": {"field": "t", "query": "cat"}}
        self.assertEqual(
            self.scores(**asked), {1: 0.5 / 63 + 0.5 / 61, 2: 0.5 / 61, 3: 0.5 / 62}
        )
        asked["full_text"]["weight"] = 2
        found = self.scores(**asked, rrf={"k": 1, "vector_weight": 1}, top_k=1)
        self.assertEqual(found, {1: 1 / 4 + 2 / 2})
        self.assertEqual(list(self.scores(**asked, min_score=0.01)), [1])

    def test_what_scores_less_is_left_out_of_rows_alone(self):
        counted = {"aggs": {"n": {"value_count": {"field": "t"}}}}
        asked = {"full_text": {"field": "t", "query": "cat"}}
        self.assertEqual(self.scores(vector=[1.0], min_score=2), {2: 3.0, 3: 2.0})
        for body, rows, count in [
            (asked, 1, 1),
            (asked | {"min_score": 9}, 0, 1),
            (asked | {"vector": [1.0]}, 3, 3),
            ({"vector": [1.0], "min_score": 9}, 0, 3),
        ]:
            told = self.ask(**body, **counted)
            self.assertEqual(len(told["rows"].page), rows)
            self.assertEqual(plain(told["aggregations"])["n"], {"value": count})

    def test_what_says_nothing_is_refused(self):
        text = {"field": "t", "query": "cat"}
        for body, kind in [
            ({"full_text": text, "rrf": {}}, "fusion of one"),
            ({"min_score": 1}, "min_score of no score"),
            ({"vector": [1.0], "sort": [{"field": "id"}]}, "two orders"),
            ({"full_text": text, "sort": [], "min_score": 1}, "min_score of no score"),
            ({"full_text": text | {"fields": ["t"]}}, "own text shape"),
            ({"full_text": {"fields": ["t"], "query": "cat", "weights": [1, 1]}}, "weights"),
        ]:
            self.assertEqual(self.ask(**body), kind)

    def test_what_a_text_finds_may_be_in_another_order(self):
        text = {"field": "t", "query": "cat"}
        ways = [{"field": "id", "order": "desc"}]
        found = [doc["id"] for doc in self.ask(full_text=text)["rows"].page]
        turned = self.ask(full_text=text, sort=ways)["rows"]
        self.assertEqual([doc["id"] for doc in turned.page], sorted(found, reverse=True))
        self.assertIsNone(turned.scores)

    def test_rarity_is_of_all_documents(self):
        found = self.scores(full_text={"field": "t", "query": "cat"})
        rare = math.log(1 + 2.5 / 1.5)
        self.assertAlmostEqual(found[1], rare * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / (4 / 3))))


if __name__ == "__main__":
    unittest.main()
