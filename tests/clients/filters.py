"""Filters: each operator over each type of attribute, and the same question asked of plain rows."""

import itertools
import operator
import random
import re
import unittest

import turbopuffer

from node import both, ids
from proofs import proves

DAYS = [f"2024-03-0{day}T00:00:00.000000000Z" for day in range(1, 6)]
UUIDS = [f"00000000-0000-4000-8000-00000000000{digit}" for digit in range(5)]
SCHEMA = {"day": "datetime", "uuid": "uuid", "count": "uint", "days": "[]datetime"}
# Or the first of them, which may be empty, would tell nothing and be nothing.
SCHEMA |= {"tags": "[]string", "numbers": "[]int"}

# Of each attribute what it may be, in order; a row may also have none.
SCALARS = {
    "n": [-2, -1, 0, 1, 2],
    "count": [0, 1, 2**63, 2**64 - 1],
    "f": [-1.5, 0.0, 0.5, 2.0],
    "s": ["", "B", "a", "b", "é"],
    "day": DAYS,
    "uuid": UUIDS,
}
TRUTH = [False, True]
ARRAYS = {"tags": ["a", "b", "c"], "numbers": [1, 2, 3], "days": DAYS[:3]}

ORDERS = {"Lt": operator.lt, "Lte": operator.le, "Gt": operator.gt, "Gte": operator.ge}


def sample():
    dice = random.Random(7)
    rows = []
    for id in range(120):
        row = {"id": id, "b": dice.choice(TRUTH)}
        row |= {name: dice.choice(values) for name, values in SCALARS.items()}
        for name, values in ARRAYS.items():
            row[name] = [value for value in values if dice.random() < 0.5]
        missing = [name for name in row if name != "id" and dice.random() < 0.2]
        rows.append({name: value for name, value in row.items() if name not in missing})
    return rows


# What glob, regular expressions and fuzzy questions are asked of.
WORDS = ["", "walrus", "Walrus", "walruses", "a walrus", "wal/rus", "seal", "sea*l", "SEALS", "ééé"]


def holds(test, row):
    """What a filter means. The values of these attributes sort as they are spelt."""
    if len(test) == 2:
        word, below = test
        if word == "Not":
            return not holds(below, row)
        return {"And": all, "Or": any}[word](holds(each, row) for each in below)
    name, word, operand, *rest = test
    value = row.get(name)
    if word.startswith("Not"):
        return not holds((name, word.removeprefix("Not"), operand, *rest), row)
    if word == "Eq":
        return value == operand
    if word == "In":
        if isinstance(value, list):
            return bool(set(value) & set(operand))
        return value is not None and value in operand
    if word in ("Contains", "ContainsAny"):
        wanted = {operand} if word == "Contains" else set(operand)
        return bool(set(value or ()) & wanted)
    if word.startswith("Any"):
        return any(ORDERS[word.removeprefix("Any")](each, operand) for each in value or ())
    if word in LIKE:
        texts = value if isinstance(value, list) else [value]
        return any(LIKE[word](text, operand, *rest) for text in texts if text is not None)
    if operand is None:
        return False
    if value is None:
        return word in ("Lt", "Lte")
    return ORDERS[word](value, operand)


def glob(pattern):
    """A glob as a regular expression."""
    parts = {"*": ".*", "?": ".", "{": "(?:", "}": ")", ",": "|", "[": "[", "]": "]"}
    made = ""
    for token in re.findall(r"\\.|\[!|\*+|.", pattern, re.DOTALL):
        if token == "[!":
            made += "[^"
        elif token.startswith("\\"):
            made += re.escape(token[1:])
        elif token[0] in parts and (token != "," or "{" in pattern):
            made += parts[token[0]]
        else:
            made += token if token == "-" else re.escape(token)
    return made


def fuzzy(text, question, settings):
    """Whether a part of a text is so near to a question, letter by letter."""
    fold = (lambda it: it) if settings.get("case_sensitive", True) else str.lower
    text, question = fold(text), fold(question)
    fitting = [
        entry["distance"]
        for entry in settings["max_edit_distance"]
        if entry["min_query_chars"] <= len(question)
    ]
    if not fitting:
        return False
    # Of the whole question to a part that ends here, wherever it began.
    column = list(range(len(question) + 1))
    least = column[-1]
    for letter in text:
        before, column[0] = 0, 0
        for at, asked in enumerate(question, 1):
            here = min(column[at] + 1, column[at - 1] + 1, before + (asked != letter))
            before, column[at] = column[at], here
        least = min(least, column[-1])
    return least <= fitting[-1]


LIKE = {
    "Glob": lambda text, pattern: re.fullmatch(glob(pattern), text, re.DOTALL),
    "IGlob": lambda text, pattern: re.fullmatch(glob(pattern), text, re.DOTALL | re.IGNORECASE),
    "Regex": lambda text, pattern: re.search(pattern, text),
    "Fuzzy": fuzzy,
}


@both
class Filters:
    def setUp(self):
        self.rows = sample()
        self.ns = self.fresh()
        # In several requests, so that they lie in several places.
        for start in range(0, len(self.rows), 17):
            self.ns.write(schema=SCHEMA, upsert_rows=self.rows[start : start + 17])

    def found(self, test):
        return ids(self.ns.query(rank_by=("id", "asc"), limit=1000, filters=test))

    def agree(self, test):
        with self.subTest(test):
            expected = [row["id"] for row in self.rows if holds(test, row)]
            self.assertEqual(self.found(test), expected)

    @proves(
        "3.4",
        "Eq",
        "NotEq",
        "In",
        "NotIn",
        "Lt",
        "Lte",
        "Gt",
        "Gte",
        "null under Lt and Lte",
        "id is filterable",
    )
    @proves("11", "all filters with their null rules")
    def test_scalars_are_compared(self):
        for name, values in (SCALARS | {"id": [0, 59, 119, 500]}).items():
            for word, value in itertools.product(["Eq", "NotEq", *ORDERS], values):
                self.agree((name, word, value))
            for word in ("In", "NotIn"):
                self.agree((name, word, values[1:3]))
                self.agree((name, word, []))

    def test_truth_is_equal_or_not(self):
        for word, value in itertools.product(["Eq", "NotEq"], TRUTH):
            self.agree(("b", word, value))
        self.agree(("b", "In", TRUTH))

    @proves("3.4", "Eq null", "NotEq null")
    @proves("11", "all filters with their null rules")
    def test_what_is_missing_is_null(self):
        for name in [*SCALARS, *ARRAYS, "b"]:
            self.agree((name, "Eq", None))
            self.agree((name, "NotEq", None))
        for word in ORDERS:
            self.agree(("n", word, None))

    def test_numbers_are_compared_with_numbers_of_any_kind(self):
        for name, word, value in [
            ("n", "Lt", 0.5),
            ("n", "Eq", 1.0),
            ("n", "Eq", 0.5),
            ("n", "Gt", -1.5),
            ("count", "Gt", -1),
            ("count", "Lt", 1.5),
            ("f", "Gte", 2),
            ("f", "Eq", 0),
        ]:
            self.agree((name, word, value))

    @proves("3.4", "Eq", "In", "NotIn", "In of a scalar")
    def test_arrays_are_equal_or_have_something_in_common(self):
        for name, values in ARRAYS.items():
            for word in ("Eq", "NotEq"):
                self.agree((name, word, values[:2]))
            for word in ("In", "NotIn"):
                self.agree((name, word, values[:1]))
                self.agree((name, word, values[1:]))
        # As the client's own tests ask it.
        self.assertEqual(self.found(("tags", "In", "a")), self.found(("tags", "In", ["a"])))

    @proves("3.4", "And", "Or", "Not", "And and Or of nothing")
    def test_filters_are_combined(self):
        small, red, odd = ("n", "Lt", 1), ("s", "Eq", "a"), ("tags", "In", ["b"])
        for test in [
            ("And", [small, odd]),
            ("Or", [red, odd]),
            ("Not", small),
            ("Not", ("Or", [small, ("And", [odd, ("Not", red)])])),
            ("And", []),
            ("Or", []),
        ]:
            self.agree(test)

    @proves("3.4", "Contains", "NotContains", "ContainsAny", "NotContainsAny")
    @proves("11", "all filters with their null rules")
    def test_arrays_contain_what_they_hold(self):
        for name, values in ARRAYS.items():
            for value in values:
                self.agree((name, "Contains", value))
                self.agree((name, "NotContains", value))
            for some in ([], values[:1], values[1:], values):
                self.agree((name, "ContainsAny", some))
                self.agree((name, "NotContainsAny", some))
            self.invalid("", self.found, (name, "Contains", None))
            self.invalid("", self.found, (name, "Contains", values))
        self.invalid("n", self.found, ("n", "Contains", 1))

    @proves("3.4", "AnyLt", "AnyLte", "AnyGt", "AnyGte")
    def test_one_element_is_enough(self):
        for name, values in ARRAYS.items():
            for word, value in itertools.product(ORDERS, values):
                self.agree((name, f"Any{word}", value))
        self.invalid("n", self.found, ("n", "AnyLt", 1))
        self.invalid("", self.found, ("numbers", "AnyLt", [1]))

    def patterns(self):
        """Texts in every attribute that an operator of theirs may need."""
        schema = {
            "word": "string",
            "globbed": {"type": "string", "glob": True},
            "searched": {"type": "string", "regex": True},
            "loose": {"type": "string", "fuzzy": True},
            "words": {"type": "[]string", "glob": True, "fuzzy": True},
            "plain": {"type": "string", "filterable": False},
        }
        names = [name for name in schema if name != "words"]
        self.rows = [{"id": id} | dict.fromkeys(names, text) for id, text in enumerate(WORDS)]
        for row, other in zip(self.rows, reversed(WORDS)):
            row["words"] = [row["word"], other]
        self.rows += [{"id": 100}, {"id": 101, "words": []}]
        self.ns = self.fresh()
        for start in range(0, len(self.rows), 5):
            self.ns.write(schema=schema, upsert_rows=self.rows[start : start + 5])

    @proves("3.4", "Glob", "NotGlob", "IGlob", "NotIGlob")
    @proves("4.2", "glob")
    @proves("11", "all filters with their null rules")
    def test_globs_are_of_the_whole_text(self):
        self.patterns()
        globs = ["walrus", "wal*", "*", "", "?alrus", "wal**s", "[vw]alrus", "[!w]*", "{seal,wal*}"]
        for pattern in [*globs, r"sea\*l", "*é?", "SEAL*", "[a-z]*s"]:
            for word in ("Glob", "NotGlob", "IGlob", "NotIGlob"):
                for name in ("word", "globbed", "searched", "words"):
                    self.agree((name, word, pattern))

    @proves("3.4", "Regex")
    @proves("4.2", "regex")
    def test_regular_expressions_look_anywhere(self):
        self.patterns()
        for pattern in [
            "wal",
            "^wal",
            "rus$",
            "^$",
            "[aeiou]{2}",
            "s?eal",
            "(?i)seal",
            "é+",
            "/|a ",
        ]:
            self.agree(("searched", "Regex", pattern))
            self.agree(("Not", ("searched", "Regex", pattern)))
        for odd in ["(", "(?=a)", r"(a)\1", "x" * 2000]:
            self.invalid("searched", self.found, ("searched", "Regex", odd))

    @proves("3.4", "Fuzzy")
    @proves("4.2", "fuzzy")
    def test_fuzzy_questions_forgive_a_few_letters(self):
        self.patterns()
        edits = [{"min_query_chars": 6, "distance": 1}, {"min_query_chars": 9, "distance": 2}]
        exact = [{"min_query_chars": 3, "distance": 0}]
        asked = [
            "walrus",
            "walrsu",
            "wallrus",
            "awlruses!",
            "sealss",
            "seal",
            "wolves",
            "ééé",
            "wa",
        ]
        for question, name in itertools.product(asked, ["loose", "words"]):
            for settings in [
                {"max_edit_distance": edits},
                {"max_edit_distance": exact, "case_sensitive": True},
                {"max_edit_distance": exact + edits, "case_sensitive": False},
            ]:
                self.agree((name, "Fuzzy", question, settings))
        for odd in [
            [],
            [{"min_query_chars": 9, "distance": 3}],
            [{"min_query_chars": 5, "distance": 1}],
            [{"min_query_chars": 2, "distance": 0}],
            list(reversed(edits)),
        ]:
            settings = {"max_edit_distance": odd}
            self.invalid("", self.found, ("loose", "Fuzzy", "walrus", settings))

    @proves("3.4", "what an operator needs", "what is not filterable")
    def test_an_operator_asks_for_what_it_needs(self):
        self.patterns()
        settings = {"max_edit_distance": [{"min_query_chars": 3, "distance": 0}]}
        for told, test in [
            ("regex", ("word", "Regex", "a")),
            ("fuzzy", ("word", "Fuzzy", "abc", settings)),
            ("full_text_search", ("word", "ContainsAllTokens", "a")),
            ("full_text_search", ("word", "ContainsAnyToken", "a")),
            ("full_text_search", ("word", "ContainsTokenSequence", "a")),
            ("glob", ("plain", "Glob", "a*")),
            ("filterable", ("plain", "Eq", "a")),
            ("filterable", ("loose", "In", ["a"])),
        ]:
            with self.subTest(test):
                self.refused(turbopuffer.BadRequestError, told, self.found, test)

    @proves("4.4", "regex, glob and fuzzy change")
    def test_what_an_operator_needs_may_come_later(self):
        self.patterns()
        settings = {"max_edit_distance": [{"min_query_chars": 6, "distance": 1}]}
        every = {"type": "string", "regex": True, "glob": True, "fuzzy": True}
        self.ns.update_schema(schema={"plain": every})
        for test in [("Regex", "s$"), ("Glob", "*s"), ("Fuzzy", "walrsu", settings)]:
            self.agree(("plain", *test))
        self.ns.update_schema(schema={"plain": every | {"regex": False, "fuzzy": False}})
        self.agree(("plain", "Glob", "*s"))
        self.refused(turbopuffer.BadRequestError, "regex", self.found, ("plain", "Regex", "s$"))

    def test_a_filter_has_an_end(self):
        deep = ("n", "Eq", 1)
        for _ in range(100):
            deep = ("Not", deep)
        self.invalid("", self.found, deep)
        self.invalid("", self.found, ("Or", [("n", "Eq", 1)] * 10_000))

    @proves("1.5", "a filter operand of a wrong type", "a filter on an unknown attribute")
    def test_what_is_no_question_is_refused(self):
        for told, test in [
            ("attribute not found", ("colour", "Eq", "red")),
            ("key `n`: type mismatch, Eq expects int, but got 'x'", ("n", "Eq", "x")),
            ("In expects []string", ("tags", "In", [1])),
            ("does not apply to bool", ("b", "Lt", True)),
            ("unknown filter operator", ("n", "Like", 1)),
            (
                "filter error in key `tags`: type mismatch, ContainsAny expects []string, "
                "but got 'python'",
                ("tags", "ContainsAny", "python"),
            ),
            (
                "ContainsAny expects []int, but got '[python, java]'",
                ("numbers", "ContainsAny", ["python", "java"]),
            ),
        ]:
            with self.subTest(told):
                self.refused(turbopuffer.BadRequestError, told, self.found, test)


if __name__ == "__main__":
    unittest.main()
