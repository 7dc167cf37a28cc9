"""Filters: each operator over each type of attribute, and the same question asked of plain rows."""

import itertools
import operator
import random
import unittest

import turbopuffer

from node import both, ids

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


def holds(test, row):
    """What a filter means. The values of these attributes sort as they are spelt."""
    if len(test) == 2:
        word, below = test
        if word == "Not":
            return not holds(below, row)
        return {"And": all, "Or": any}[word](holds(each, row) for each in below)
    name, word, operand = test
    value = row.get(name)
    if word == "Eq":
        return value == operand
    if word == "In":
        if isinstance(value, list):
            return bool(set(value) & set(operand))
        return value is not None and value in operand
    if word in ("NotEq", "NotIn"):
        return not holds((name, word.removeprefix("Not"), operand), row)
    if operand is None:
        return False
    if value is None:
        return word in ("Lt", "Lte")
    return ORDERS[word](value, operand)


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

    def test_arrays_are_equal_or_have_something_in_common(self):
        for name, values in ARRAYS.items():
            for word in ("Eq", "NotEq"):
                self.agree((name, word, values[:2]))
            for word in ("In", "NotIn"):
                self.agree((name, word, values[:1]))
                self.agree((name, word, values[1:]))
        # As the client's own tests ask it.
        self.assertEqual(self.found(("tags", "In", "a")), self.found(("tags", "In", ["a"])))

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

    def test_what_is_no_question_is_refused(self):
        for told, test in [
            ("attribute not found", ("colour", "Eq", "red")),
            ("key `n`: type mismatch, Eq expects int, but got 'x'", ("n", "Eq", "x")),
            ("In expects []string", ("tags", "In", [1])),
            ("does not apply to bool", ("b", "Lt", True)),
            ("unknown filter operator", ("n", "Like", 1)),
            ("`ContainsAny` is not supported", ("tags", "ContainsAny", ["a"])),
        ]:
            with self.subTest(told):
                self.refused(turbopuffer.BadRequestError, told, self.found, test)


if __name__ == "__main__":
    unittest.main()
