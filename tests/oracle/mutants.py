"""Faults that are built into the server, one at a time: whether the fuzzer finds each.

    mutants.py [REQUESTS] [--only PART] [--seed S] [--processes P]

ORACLE_BINARY is a build with the feature `mutants`, whose code has every `slip!`. What is kept in
cases is not asked: it is random requests that have to find a fault. They are asked once more of a
server without it, and must find nothing there: then it was the fault. Faults of aggregations are
hunted by requests that aggregate, which are few among all.
"""

import argparse
import multiprocessing
import re
import sys
import time

from fuzz import Walk
from lives import AGGREGATIONS
from server import ROOT, Server
from shrink import replay

REQUESTS_MAX = 10_000
FLAWED = 0.2
SLIP = re.compile(r'\bslip!\(\s*"([^"]+)"')
SOURCES = ROOT / "src"
AGGREGATING = SOURCES / "query" / "aggregation"
TOLD_CHARS = 100


def faults():
    """(its name, what alone is asked), as the code has them, anywhere but where the macro is made."""
    sources = [one for one in sorted(SOURCES.rglob("*.rs")) if one != SOURCES / "reach.rs"]
    return [
        (name, AGGREGATIONS if source.is_relative_to(AGGREGATING) else None)
        for source in sources
        for name in SLIP.findall(source.read_text())
    ]


class Hunt(Walk):
    """A walk that ends at the first disagreement, as it is: nobody will read the requests. Faults are
    in what is answered, and so fewer are refused."""

    def live(self, name, lived):
        lived.flawed = min(lived.flawed, FLAWED)
        super().live(name, lived)

    def disagree(self, history, wrong):
        self.found.append((wrong, history))


def hunt(job):
    """(the fault, how many requests were asked, what found it or None, what is odd about that)"""
    (fault, only), seed, number, requests = job
    server = Server(fault)
    walk = Hunt(server, seed, number, 1, only).run(requests)
    alive = server.alive()
    server.stop()
    if not alive:
        return fault, walk.tally.asked, None, "the server died"
    if not walk.found:
        return fault, walk.tally.asked, None, None
    wrong, history = walk.found[0]
    server = Server()
    without = replay(server, history, "without")
    server.stop()
    return fault, walk.tally.asked, wrong, without and f"found without it, too: {without[1]}"


def arguments():
    reader = argparse.ArgumentParser(description="Whether the fuzzer finds faults that are there.")
    reader.add_argument("requests", type=int, nargs="?", default=REQUESTS_MAX)
    reader.add_argument("--only", default="", help="a part of the names of faults")
    reader.add_argument("--seed", default="1")
    reader.add_argument("--processes", type=int, default=2)
    return reader.parse_args()


def main():
    said = arguments()
    # The numbers stay with their faults, and so do the requests, if only some are hunted.
    numbered = [(fault, said.seed, at, said.requests) for at, fault in enumerate(faults())]
    jobs = [job for job in numbered if said.only in job[0][0]]
    if not jobs:
        print(f"no fault is called anything like '{said.only}'")
        return 1
    began, missed, asked_most = time.monotonic(), [], 0
    print(f"{'fault':52} {'requests':>8}  found by")
    with multiprocessing.get_context("fork").Pool(said.processes) as pool:
        for fault, asked, wrong, odd in pool.imap(hunt, jobs, chunksize=1):
            told = odd or wrong or "NOT FOUND"
            print(f"{fault:52} {asked:8}  {' '.join(told.split())[:TOLD_CHARS]}", flush=True)
            asked_most = max(asked_most, asked)
            if odd or not wrong:
                missed.append(fault)
    seconds = time.monotonic() - began
    print(f"{len(jobs)} faults, at most {asked_most} requests, {seconds:.0f} s, seed {said.seed}")
    if missed:
        print(f"not found: {'; '.join(missed)}")
    return len(missed)


if __name__ == "__main__":
    sys.exit(int(bool(main())))
