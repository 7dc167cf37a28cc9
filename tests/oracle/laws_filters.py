"""What filters must hold: small worlds whose answers were worked out by hand, from the contract."""

import unittest

import filters
import patterns
from dice import Dice
from refusal import Refused
from schema import Schema
from space import Space


class Filters(unittest.TestCase):
    def test_what_is_null_is_lowest_and_equal_to_nothing_but_null(self):
        space = Space(upsert_rows=[{"id": 1, "n": 5}, {"id": 2}, {"id": 3, "n": 7}])
        for word, operand, ids in [
            ("Eq", None, [2]),
            ("NotEq", None, [1, 3]),
            ("NotEq", 5, [2, 3]),
            ("NotIn", [5], [2, 3]),
            ("Lt", 7, [1, 2]),
            ("Lte", 4, [2]),
            ("Gt", 4, [1, 3]),
            ("Lt", None, []),
            ("Lt", 5.5, [1, 2]),
        ]:
            self.assertEqual(space.found(["n", word, operand]), ids, (word, operand))

    def test_arrays_are_asked_element_by_element(self):
        space = Space(
            schema={"a": "[]int"},
            upsert_rows=[
                {"id": 1, "a": [1, 5]},
                {"id": 2, "a": []},
                {"id": 3},
                {"id": 4, "a": [9]},
            ],
        )
        for word, operand, ids in [
            ("Eq", [1, 5], [1]),
            ("Eq", [5, 1], []),
            ("Contains", 5, [1]),
            ("NotContains", 5, [2, 3, 4]),
            ("ContainsAny", [9, 1], [1, 4]),
            ("AnyGt", 4, [1, 4]),
            ("AnyLt", 4, [1]),
            ("In", [9], [4]),
            ("NotIn", [9], [1, 2, 3]),
        ]:
            self.assertEqual(space.found(["a", word, operand]), ids, (word, operand))

    def test_a_value_is_a_list_of_one(self):
        space = Space(upsert_rows=[{"id": 1, "n": 1, "a": [1, 2]}, {"id": 2, "n": 2}, {"id": 3}])
        for test, ids in [
            (["n", "In", 1], [1]),
            (["n", "NotIn", 1], [2, 3]),
            (["a", "In", 2], [1]),
            (["id", "In", 3], [3]),
        ]:
            self.assertEqual(space.found(test), ids, test)
        for test in [["n", "In", None], ["n", "In", "x"], ["a", "ContainsAny", 1]]:
            refused = space.refused("/query", rank_by=["id", "asc"], limit=1, filters=test)
            self.assertEqual(refused, "operand type", test)

    def test_what_is_referred_to_has_to_be_alike(self):
        space = Space(
            schema={"n": "int", "u": "uint", "s": "string", "a": "[]int", "d": "datetime"},
            upsert_rows=[{"id": 1, "n": 1}],
        )
        for name, word, other, alike in [
            ("n", "Eq", "u", True),
            ("n", "Eq", "s", False),
            ("n", "Lt", "d", False),
            ("n", "In", "a", True),
            ("n", "Eq", "a", False),
            ("a", "Contains", "s", False),
            ("s", "Glob", "n", False),
        ]:
            condition = [name, word, {"$ref_new": other}]
            refused = space.refused("", upsert_rows=[{"id": 1}], upsert_condition=condition)
            self.assertEqual(refused, None if alike else "reference type", condition)

    def test_two_stars_are_folders_where_slashes_or_ends_are_around_them(self):
        texts = ["a", "c", "/c", "a/c", "a/", "a/b/c", "abc"]
        for pattern, found in [
            ("**/c", ["c", "/c", "a/c", "a/b/c"]),
            ("/**/c", ["/c"]),
            ("a/**/c", ["a/c", "a/b/c"]),
            ("a/**/**/c", ["a/c", "a/b/c"]),
            ("a/**", ["a/c", "a/", "a/b/c"]),
            ("a**c", ["a/c", "a/b/c", "abc"]),
            ("{x,a/**}", ["a/c", "a/", "a/b/c"]),
            ("**/", texts),
        ]:
            holds = patterns.glob(pattern, True)
            self.assertEqual([text for text in texts if holds(text)], found, pattern)

    def test_globs_have_classes_and_alternatives_and_are_refused_without_their_ends(self):
        for pattern, text, holds in [
            ("a{,b}", "a", False),
            ("a{,b}", "ab", True),
            ("{,}", "", True),
            ("{a,{b,c}}", "c", True),
            ("[]a]", "]", True),
            ("[a-]", "-", True),
            ("[^a-c]", "b", False),
            ("[a-c-e]", "e", True),
            ("[\\]", "\\", True),
            ("{a\\,b}", "a,b", True),
        ]:
            self.assertEqual(bool(patterns.glob(pattern, True)(text)), holds, (pattern, text))
        for pattern in ["[b-a]", "[a", "[]", "{a", "a}", "a\\"]:
            with self.assertRaises(Refused):
                patterns.glob(pattern, True)

    def test_globs_match_the_whole_value(self):
        for pattern, text, exact, holds in [
            ("a*", "abc", True, True),
            ("a*", "xabc", True, False),
            ("?", "é", True, True),
            ("[!a]x", "bx", True, True),
            ("{cat,do?}", "dog", True, True),
            ("CAT", "cat", True, False),
            ("CAT", "cat", False, True),
            ("\\*", "*", True, True),
            ("a.c", "abc", True, False),
        ]:
            self.assertEqual(bool(patterns.glob(pattern, exact)(text)), holds, (pattern, text))

    def test_what_is_nearly_there_is_found_by_all_substrings(self):
        def distance(one, other):
            if not one or not other:
                return len(one) + len(other)
            return min(
                distance(one[1:], other[1:]) + (one[0] != other[0]),
                distance(one[1:], other) + 1,
                distance(one, other[1:]) + 1,
            )

        dice = Dice(1)
        for _ in range(150):
            text = "".join(dice.choice("ab") for _ in range(dice.randint(0, 4)))
            query = "".join(dice.choice("abc") for _ in range(dice.randint(1, 4)))
            parts = [
                text[start:end]
                for start in range(len(text) + 1)
                for end in range(start, len(text) + 1)
            ]
            least = min(distance(part, query) for part in parts)
            for most in range(3):
                self.assertEqual(
                    patterns.holds_nearly(text, query, most), least <= most, (text, query)
                )

    def test_a_sequence_keeps_the_gaps_of_what_is_dropped(self):
        text = {"type": "string", "full_text_search": {"remove_stopwords": True}}
        space = Space(
            schema={"t": text},
            upsert_rows=[
                {"id": 1, "t": "a cat of the house"},
                {"id": 2, "t": "cat house"},
                {"id": 3, "t": "the"},
            ],
        )
        self.assertEqual(space.found(["t", "ContainsTokenSequence", "cat is a house"]), [1])
        self.assertEqual(
            space.found(["t", "ContainsTokenSequence", "cat hou", {"last_as_prefix": True}]), [2]
        )
        self.assertEqual(space.found(["t", "ContainsAllTokens", "house the cat"]), [1, 2])
        self.assertEqual(space.found(["t", "ContainsAnyToken", "the"]), [])

    def test_no_sequence_crosses_an_element_unless_elements_are_tokens(self):
        space = Space(
            schema={
                "t": {"type": "[]string", "full_text_search": True},
                "p": {"type": "[]string", "full_text_search": {"tokenizer": "pre_tokenized_array"}},
            },
            upsert_rows=[{"id": 1, "t": ["red cat", "dog"], "p": ["Red", "cat"]}],
        )
        self.assertEqual(space.found(["t", "ContainsTokenSequence", "cat dog"]), [])
        self.assertEqual(space.found(["t", "ContainsTokenSequence", "RED cat"]), [1])
        self.assertEqual(space.found(["p", "ContainsTokenSequence", ["Red", "cat"]]), [1])
        self.assertEqual(space.found(["p", "ContainsAllTokens", ["red"]]), [])

    def test_an_option_that_is_missing_is_a_refusal(self):
        schema = Schema("uint")
        schema.declare(
            {"s": {"type": "string", "filterable": False}, "g": {"type": "string", "regex": True}}
        )
        for test, kind in [
            (["s", "Eq", "x"], "not filterable"),
            (["s", "Glob", "x"], "not filterable"),
            (["s", "Regex", "x"], "needs regex"),
            (["s", "ContainsAnyToken", "x"], "needs full_text_search"),
            (["unknown", "Eq", 1], "unknown attribute"),
        ]:
            with self.assertRaises(Refused) as caught:
                filters.bind(schema, test)
            self.assertEqual(caught.exception.kind, kind)
        filters.bind(schema, ["g", "Glob", "x"])


if __name__ == "__main__":
    unittest.main()
