"""The fuzzer: the same random requests to a server and to the oracle, until they disagree.

    fuzz.py REQUESTS [--seed S] [--processes P] [--least L] [--most M] [--only aggregations]
    fuzz.py --replay FILE …

A disagreement is made smaller and printed, a request a line: such lines are what `--replay` takes,
and what tests/oracle/cases keeps. Those are asked first. docs/TESTING.md says how to read the
table.
"""

import argparse
import itertools
import json
import multiprocessing
import sys
import time
from pathlib import Path

import bounds
import draw_aggregated as aggregated
from compare import judge
from dice import Dice
from draw_about import About
from draw_flaws import Flaws
from draw_own import OwnQueries
from draw_queries import Queries
from draw_writes import Writes
from lives import ONLY, life
from matched import Exact
from server import Server
from shrink import Shrinker, replay
from tally import GUARDED_FLAW, WHOLE_RUN, Tally
from world import World

CASES = Path(__file__).parent / "cases"
LEAST = 300
# Of all that is asked of a namespace that is read only, what writes to it or opens it.
GUARDED = 0.6
# Of all queries without aggregations, those of `/v1`.
OWN = 0.25


class Walk:
    """Random requests of one namespace after the other."""

    def __init__(self, server, seed, number, most, only=None):
        self.server = server
        self.dice = Dice(f"{seed}-{number}")
        self.prefix = f"o{number}"
        self.numbers = itertools.count()
        self.only = only
        self.tally = Tally(only)
        self.most = most
        self.found = []

    def run(self, requests):
        while self.tally.asked < requests and len(self.found) < self.most and self.server.alive():
            number = next(self.numbers)
            lived = life(self.dice, number, self.only)
            lived.requests = min(lived.requests, requests - self.tally.asked)
            self.live(f"{self.prefix}-{number}", lived)
        return self

    def live(self, name, lived):
        """The life of one namespace, which ends early where there is a disagreement."""
        world, history = World(), []
        for _ in range(lived.requests):
            tags = []
            request, flaw = self.draw(world.namespaces, lived, name, tags)
            history.append(request)
            expected = self.expected(world, history)
            status, body = self.server.ask(request)
            self.tally.asked += 1
            wrong = judge(expected, status, body)
            if wrong:
                self.disagree(history, wrong)
                break
            if status < 300:
                self.tally.accept([*tags, *met(expected)])
            else:
                self.tally.refuse(status, expected.kind, flaw)
        for left in {name, *world.namespaces}:
            self.server.ask({"method": "DELETE", "path": f"/v2/namespaces/{left}"})

    @staticmethod
    def expected(world, history):
        """What the oracle says; a mistake of its own is told with what led to it."""
        try:
            return world.ask(history[-1])
        except Exception:
            tell("the oracle failed", history)
            raise

    def draw(self, there, lived, name, tags):
        """(a request, the name of its flaw or None)"""
        dice, namespace = self.dice, there.get(name)
        path = f"/v2/namespaces/{name}"
        writes = Writes(dice, lived.plan, namespace, tags)
        if namespace is None:
            return {"method": "POST", "path": path, "body": writes.first()}, None
        if namespace.standing.read_only and dice.chance(GUARDED):
            about = About(dice, namespace, name, there, tags)
            return self.guarded(about, writes)
        chance = dice.random()
        if chance < lived.flawed:
            flaws = Flaws(dice, lived.plan, namespace, name)
            flaw, request = flaws.draw(self.tally.kinds, self.tally.wanted.flaws)
            if request:
                return request, flaw
        chance -= lived.flawed
        if chance < lived.written:
            flaw = GUARDED_FLAW if namespace.standing.read_only else None
            return {"method": "POST", "path": path, "body": writes.draw()}, flaw
        chance -= lived.written
        if chance < lived.about:
            return About(dice, namespace, name, there, tags).draw(), None
        if chance - lived.about < lived.aggregated:
            return aggregated.draw(dice, namespace, name, tags), None
        if dice.chance(OWN):
            body = OwnQueries(dice, namespace, tags).draw()
            return {"method": "POST", "path": f"/v1/namespaces/{name}/query", "body": body}, None
        body = Queries(dice, namespace, tags).draw()
        return {"method": "POST", "path": f"{path}/query", "body": body}, None

    def guarded(self, about, writes):
        """What is read only is written to in vain, or opened."""
        chance = self.dice.random()
        change = about.schema("schema written") if chance < 0.2 else None
        if change:
            return change, GUARDED_FLAW
        if chance < 0.7:
            return about.request("POST", "v2", body=writes.draw()), GUARDED_FLAW
        return about.patch({"read_only": False}), None

    def disagree(self, history, wrong):
        smaller = Shrinker(self.server, f"{self.prefix}-less-{len(self.found)}").shrink(
            history, wrong
        )
        self.found.append((wrong, smaller))
        tell(wrong, smaller)


def met(expected):
    """What an answer came to tell that no draw can promise."""
    kind, told = expected.told or (None, None)
    if kind == "write":
        ids = told.get("patched_ids", [])
        return ["beside:patched twice"] * (len(set(ids)) < len(ids))
    said = told.get("aggregations", {}).values() if kind in ("query", "own") else ()
    marks = {mark for one in said if isinstance(one, Exact) for mark in one.met}
    return [f"aggregation frame:{mark}" for mark in marks]


def tell(wrong, history):
    lines = [json.dumps({"wrong": wrong}), *(json.dumps(request) for request in history)]
    print("DISAGREEMENT\n" + "\n".join(lines), flush=True)


def requests_of(file):
    """The requests of a file of lines; a line without a path is a remark."""
    lines = [json.loads(line) for line in Path(file).read_text().splitlines() if line.strip()]
    return [line for line in lines if "path" in line]


def replayed(server, files):
    """How many of the files are answered otherwise than the oracle says."""
    wrong = 0
    for number, file in enumerate(files):
        found = replay(server, requests_of(file), f"case-{number}")
        if found:
            wrong += 1
            print(f"{file}: request {found[0]}: {found[1]}", flush=True)
    return wrong


def work(seed, number, requests, most, only):
    server = Server()
    walk = Walk(server, seed, number, most, only).run(requests)
    alive = server.alive()
    server.stop()
    return walk.tally, len(walk.found), alive


def arguments():
    reader = argparse.ArgumentParser(description="Random requests to a server and to the oracle.")
    reader.add_argument("requests", type=int, nargs="?", default=0)
    reader.add_argument("--seed", default="1")
    reader.add_argument("--processes", type=int, default=2)
    reader.add_argument("--least", type=int, help=f"of each kind; {LEAST} in {WHOLE_RUN} requests")
    reader.add_argument(
        "--most", type=int, default=1, help="disagreements of a process, then it ends"
    )
    reader.add_argument("--only", choices=ONLY, help="what alone is asked, beside writes")
    reader.add_argument("--replay", nargs="+", metavar="FILE", help="instead of random requests")
    return reader.parse_args()


def main():
    said = arguments()
    server = Server()
    wrong = replayed(server, said.replay or sorted(CASES.glob("*.json")))
    if not said.replay and not said.only:
        wrong += bounds.broken(server, whole=said.requests >= WHOLE_RUN)
    server.stop()
    if said.replay or wrong:
        return wrong
    began = time.monotonic()
    share = [
        said.requests // said.processes + (n < said.requests % said.processes)
        for n in range(said.processes)
    ]
    with multiprocessing.get_context("fork").Pool(said.processes) as pool:
        jobs = [
            (said.seed, number, count, said.most, said.only) for number, count in enumerate(share)
        ]
        done = pool.starmap(work, jobs, chunksize=1)
    tally, found, alive = Tally(said.only), 0, True
    for own, more, lives in done:
        tally.merge(own)
        found += more
        alive = alive and lives
    print(tally.table())
    print(f"{tally.asked / (time.monotonic() - began):.0f} requests a second, seed {said.seed}")
    return verdict(said, tally, found, alive)


def least_of(requests):
    """How often each kind must have been asked; in a short run chance has more of a say."""
    share = LEAST * requests // WHOLE_RUN
    return share if requests >= WHOLE_RUN else share // 2


def verdict(said, tally, found, alive):
    if not alive:
        print("a server died")
        return 1
    if found:
        print(f"{found} disagreements")
        return 1
    least = said.least if said.least is not None else least_of(said.requests)
    scarce = tally.scarce(least)
    for family, word, count in scarce:
        print(f"too few: {family} {word}: {count}, not {least}")
    return bool(scarce)


if __name__ == "__main__":
    sys.exit(int(bool(main())))
