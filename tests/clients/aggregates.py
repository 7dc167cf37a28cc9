"""Aggregates: counts and sums over what matches, and over groups of it."""

import itertools
import math
import random
import unittest

from filters import holds
from node import both
from proofs import proves

SCHEMA = {"count": "uint", "seen": "datetime", "uuid": "uuid", "price": "float", "tags": "[]string"}


def sample(count=80):
    dice = random.Random(count)
    rows = []
    for id in range(count):
        row = {
            "color": dice.choice(["red", "blue", "green"]),
            "size": dice.randrange(-3, 3),
            "count": dice.choice([0, 1, 2**56]),
            "price": dice.randrange(-80, 80) / 8,
            "flag": dice.random() < 0.5,
            "seen": f"2026-09-0{dice.randrange(1, 4)}T00:00:00.000000000Z",
            "uuid": f"00000000-0000-4000-8000-00000000000{dice.randrange(3)}",
            "tags": dice.choices(["x", "y", "z"], k=dice.randrange(4)),
        }
        rows.append({"id": id} | {name: row[name] for name in row if dice.random() < 0.8})
    return rows


def summed(rows, name):
    values = [row[name] for row in rows if name in row]
    return math.fsum(values) if name == "price" else sum(values)


def order(key):
    """Groups are sorted by their keys, and null comes last."""
    return [(value is None, value if value is not None else 0) for value in key]


def grouped(rows, keys):
    """Rows by key: an attribute's value, or, of `(attribute,)`, each different element."""
    groups = {}
    for row in rows:
        parts = [
            sorted(set(row.get(key[0]) or ())) if isinstance(key, tuple) else [row.get(key)]
            for key in keys
        ]
        for key in itertools.product(*parts):
            groups.setdefault(key, []).append(row)
    return {key: groups[key] for key in sorted(groups, key=order)}


@both
class Aggregates:
    def setUp(self):
        self.rows = sample()
        self.ns = self.fresh()
        for start in range(0, len(self.rows), 16):
            self.ns.write(schema=SCHEMA, upsert_rows=self.rows[start : start + 16])

    def groups(self, **asked):
        answer = self.ns.query(**asked)
        self.assertIsNone(answer.rows)
        return [
            group if isinstance(group, dict) else group.to_dict()
            for group in answer.aggregation_groups
        ]

    @proves("3.1", "aggregate_by", "filters")
    @proves("3.7", "Count", "Count of an attribute", "Sum of integers", "Sum of floats")
    @proves("3.7", "several labels")
    @proves("3.10", "aggregations")
    @proves("11", "aggregates, groups and ForEachUnique")
    def test_what_matches_is_counted_and_summed(self):
        for test in [None, ("color", "Eq", "red"), ("size", "Lt", 0), ("flag", "NotEq", True)]:
            matched = [row for row in self.rows if test is None or holds(test, row)]
            with self.subTest(test):
                answer = self.ns.query(
                    aggregate_by={
                        "n": ("Count",),
                        "colored": ("Count", "color"),
                        "size": ("Sum", "size"),
                        "counts": ("Sum", "count"),
                        "price": ("Sum", "price"),
                    },
                    **({"filters": test} if test else {}),
                )
                self.assertEqual(
                    answer.aggregations,
                    {
                        "n": len(matched),
                        "colored": sum("color" in row for row in matched),
                        "size": summed(matched, "size"),
                        "counts": summed(matched, "count"),
                        "price": summed(matched, "price"),
                    },
                )

    @proves("3.7", "a filter that nothing matches", "Sum of nothing")
    def test_of_nothing_there_is_nothing(self):
        nothing = {"filters": ("size", "Eq", 99)}
        sums = {"n": ("Count",), "sizes": ("Sum", "size"), "prices": ("Sum", "price")}
        answer = self.ns.query(aggregate_by=sums, **nothing)
        self.assertEqual(answer.aggregations, {"n": 0, "sizes": 0, "prices": 0})
        self.assertEqual(self.groups(aggregate_by=sums, group_by=["color"], **nothing), [])

    @proves("3.1", "group_by")
    @proves("3.7", "group_by", "group_by of several attributes", "the order of groups")
    @proves("3.10", "aggregation_groups")
    def test_groups_are_of_equal_values(self):
        labels = {"n": ("Count",), "sizes": ("Sum", "size")}
        for names in [
            ["color"],
            ["size"],
            ["flag"],
            ["count"],
            ["seen"],
            ["uuid"],
            ["color", "flag"],
            ["flag", "size", "color"],
        ]:
            expected = [
                dict(zip(names, key)) | {"n": len(rows), "sizes": summed(rows, "size")}
                for key, rows in grouped(self.rows, names).items()
            ]
            with self.subTest(names):
                self.assertEqual(self.groups(aggregate_by=labels, group_by=names), expected)

    @proves("3.7", "ForEachUnique")
    @proves("11", "aggregates, groups and ForEachUnique")
    def test_groups_may_be_of_elements(self):
        each = {"tag": ("ForEachUnique", "tags")}
        for group_by, names, keys in [
            ([each], ["tag"], [("tags",)]),
            (["color", each], ["color", "tag"], ["color", ("tags",)]),
            ([each, "flag"], ["tag", "flag"], [("tags",), "flag"]),
        ]:
            expected = [
                dict(zip(names, key)) | {"n": len(rows)}
                for key, rows in grouped(self.rows, keys).items()
            ]
            with self.subTest(names):
                found = self.groups(aggregate_by={"n": ("Count",)}, group_by=group_by)
                self.assertEqual(found, expected)

    @proves("3.7", "the limit of groups")
    def test_there_are_so_many_groups(self):
        count = {"aggregate_by": {"n": ("Count",)}, "group_by": ["size"]}
        whole = self.groups(**count)
        self.assertEqual(self.groups(**count, limit=3), whole[:3])
        self.assertEqual(self.groups(**count, top_k=2), whole[:2])
        self.assertEqual(self.groups(**count, limit=10_000), whole)
        single = self.ns.query(aggregate_by={"n": ("Count",)}, top_k=5)
        self.assertEqual(single.aggregations, {"n": len(self.rows)})

    @proves("3.7", "group_by", "Sum of integers", "ForEachUnique")
    def test_what_cannot_be_counted_is_refused(self):
        count = {"aggregate_by": {"n": ("Count",)}}
        for asked in [
            {"group_by": ["color"]},
            {"aggregate_by": {"s": ("Sum", "color")}},
            {"aggregate_by": {"s": ("Sum", "seen")}},
            {"aggregate_by": {"s": ("Sum", "colour")}},
            {"aggregate_by": {"s": ("Median", "size")}},
            count | {"group_by": ["colour"]},
            count | {"group_by": ["tags"]},
            count | {"group_by": [{"t": ("ForEachUnique", "color")}]},
            count | {"group_by": ["n", {"n": ("ForEachUnique", "tags")}]},
            count | {"group_by": ["color"], "limit": 10_001},
        ]:
            with self.subTest(asked):
                self.invalid("", self.ns.query, **asked)


if __name__ == "__main__":
    unittest.main()
