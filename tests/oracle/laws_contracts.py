"""What aggregations must hold of any documents: both contracts tell the same, buckets hold all of
them, and two halves make the whole.
"""

import unittest

import draw_figures
import draw_schemas
from aggregations import METRICS
from dice import Dice
from draw_aggregations import Aggregations
from draw_writes import Writes
from matched import plain
from spelt_aggregations import Asked, spelt
from world import World


def lived(seed, plan):
    """A namespace after some writes."""
    dice, world = Dice(seed), World()
    plan = plan.plan(dice)
    plan.longest = min(plan.longest, 40)
    for _ in range(6):
        here = world.namespaces.get("n")
        writes = Writes(dice, plan, here, [])
        body = writes.draw() if here else writes.first()
        world.ask({"method": "POST", "path": "/v2/namespaces/n", "body": body})
    return dice, world


class Random(unittest.TestCase):
    def each(self, count=12):
        for seed in range(count):
            plan = draw_figures if seed % 2 else draw_schemas
            dice, world = lived(f"laws {seed}", plan)
            if world.namespaces["n"].docs:
                yield dice, world, world.namespaces["n"]

    def ask(self, world, contract, drawn, **more):
        body = spelt(contract, drawn) | more
        request = {"method": "POST", "path": f"{contract}/namespaces/n/query", "body": body}
        expected = world.ask(request)
        self.assertIsNone(expected.kind, body)
        return expected.told and expected.told[1]["aggregations"]

    def test_both_contracts_tell_the_same(self):
        compared = 0
        for dice, world, here in self.each(20):
            for _ in range(8):
                drawn = Aggregations(dice, here, []).draw()
                said, theirs = (self.ask(world, one, drawn) for one in ("/v1", "/v2"))
                if said is None or theirs is None:
                    continue
                for name, asked in drawn.items():
                    compared += 1
                    alike(self, asked, plain(said[name]), plain(theirs[name]))
        self.assertGreater(compared, 200)

    def test_buckets_hold_all_documents_that_have_a_value(self):
        for _, world, here in self.each():
            for name, one in here.schema.attributes.items():
                if one.kind not in ("int", "uint", "datetime", "string", "bool"):
                    continue
                below = {"n": Asked("value_count", name)}
                drawn = {"t": Asked("terms", name, {"size": 10_000}, below), "n": below["n"]}
                if one.kind in ("int", "uint", "datetime"):
                    below["s"] = Asked("sum", name, {"missing": 0})
                    drawn["s"] = below["s"]
                found = {word: plain(one) for word, one in self.ask(world, "/v2", drawn).items()}
                buckets = found["t"]["buckets"]
                self.assertEqual(sum(one["count"] for one in buckets), found["n"])
                if one.kind in ("int", "uint"):
                    self.assertEqual(sum(one["s"] for one in buckets), found["s"])

    def test_two_halves_make_the_whole(self):
        """Counts and sums of documents are those of any part of them and of the rest."""
        for dice, world, here in self.each():
            cut = dice.choice(list(here.docs))
            parts = [["id", "Lte", cut], ["id", "Gt", cut]]
            for name, one in here.schema.attributes.items():
                if one.kind not in ("int", "uint", "[]int", "[]uint"):
                    continue
                drawn = {"s": Asked("stats", name), "t": Asked("terms", name, {"size": 10_000})}
                whole = self.ask(world, "/v2", drawn)
                halves = [self.ask(world, "/v2", drawn, filters=test) for test in parts]
                whole, *halves = [
                    {word: plain(one) for word, one in said.items()} for said in (whole, *halves)
                ]
                for word, join in (("count", sum), ("sum", sum), ("min", min), ("max", max)):
                    figures_of = [half["s"][word] for half in halves]
                    known = [figure for figure in figures_of if figure is not None]
                    if known:
                        self.assertEqual(join(known), whole["s"][word])
                counts = {}
                for bucket in (bucket for half in halves for bucket in half["t"]["buckets"]):
                    counts[bucket["key"]] = counts.get(bucket["key"], 0) + bucket["count"]
                found = {one["key"]: one["count"] for one in whole["t"]["buckets"]}
                self.assertEqual(found, counts)


def alike(case, asked, own, theirs):
    """What `/v1` tells beside what `/v2` does, without what only one of them says."""
    if asked.word in METRICS:
        if asked.word == "percentiles":
            own = {at: one for at, one in own["values"].items() if not at.endswith("_as_string")}
        elif asked.word not in ("stats", "extended_stats"):
            own, theirs = {"value": own["value"]}, {"value": theirs}
        for name, figure in theirs.items():
            if not isinstance(figure, str):
                case.assertEqual(rounded(own[name]), rounded(figure), (asked, name))
        return
    case.assertEqual(len(own["buckets"]), len(theirs["buckets"]))
    if asked.word == "terms":
        case.assertEqual(own["sum_other_doc_count"], theirs["other_count"])
    buckets = own["buckets"]
    if isinstance(buckets, dict):
        case.assertEqual(list(buckets), [one["key"] for one in theirs["buckets"]])
        buckets = list(buckets.values())
    for one, other in zip(buckets, theirs["buckets"]):
        case.assertEqual(one["doc_count"], other["count"])
        for name, below in asked.below.items():
            alike(case, below, one[name], other[name])


def rounded(figure):
    if isinstance(figure, dict):
        return {name: rounded(one) for name, one in figure.items()}
    return figure if figure is None else float(figure)


if __name__ == "__main__":
    unittest.main()
