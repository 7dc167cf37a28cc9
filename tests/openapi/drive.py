"""Requests that schemathesis draws from `/openapi.json`, to every route that the document tells.

    drive.py REQUESTS [--seed S] [--processes P] [--most M]

No answer may be a 5xx, have a status that the document does not tell, or another type or shape than
it tells. What is found is made small and printed as curl. Each process has a server of its own.
"""

import argparse
import collections
import itertools
import multiprocessing
import random
import sys
import time

import hypothesis
import requests
from hypothesis import HealthCheck, Phase, Verbosity
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.errors import UnsupportedSchema
from schemathesis.core.failures import FailureGroup

from contract import Contract
from server import Server

SHAPES = [content_type_conformance, response_schema_conformance, status_code_conformance]
LATE, DEADLINE = 504, "deadline_ms"
# How often the path is that of what is there, and not drawn like the rest.
THERE = 0.75
ANSWER_SECONDS = 60
# Once in some ten thousand requests schemathesis would break what it says itself that it cannot.
UNDRAWN_MAX = 10


class Broken(Exception):
    """What a request has come to, and is to be made smaller."""


class Drive:
    """Rounds over all operations, with the same namespace before each."""

    def __init__(self, seed, number, most):
        self.server = Server()
        self.contract = Contract(self.server.url)
        self.dice = random.Random(f"{seed}-{number}")
        self.most = most
        self.tally = collections.Counter()
        self.asked = 0
        self.undrawn = 0
        # `(operation, status, what it is)`: (words, curl), so that none is told twice.
        self.found = {}

    def run(self, requests_max):
        self.show()
        covered = {each.label: self.shuffled(each) for each in self.contract.operations}
        while True:
            operations = list(self.contract.operations)
            self.dice.shuffle(operations)
            for operation in operations:
                left = min(self.contract.weight(operation), requests_max - self.asked)
                if left <= 0 or self.is_over():
                    return self
                self.contract.prepare()
                self.draw(operation, left)
                left = max(0, min(left, requests_max - self.asked))
                for case in itertools.islice(covered[operation.label], left):
                    case.path_parameters.update(self.path(operation))
                    self.judge(case)

    def show(self):
        for operation in self.contract.operations:
            for case in self.contract.shown(operation):
                if self.is_over():
                    return
                self.contract.prepare()
                self.judge(case)

    def is_over(self):
        """Before its time: a server that died is a request that was not answered."""
        return len(self.found) >= self.most or not self.server.alive()

    def shuffled(self, operation):
        cases = list(self.contract.covered(operation))
        self.dice.shuffle(cases)
        return iter(cases)

    def path(self, operation):
        return self.contract.usual(operation) if self.dice.random() < THERE else {}

    def draw(self, operation, examples):
        @hypothesis.seed(self.dice.getrandbits(64))
        @hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @hypothesis.given(case=self.contract.drawn(operation, self.path(operation)))
        def ask(case):
            if fresh := self.faults(case):
                failed.append((case, fresh))
                raise Broken

        failed = []
        try:
            ask()
        except (Broken, hypothesis.errors.FlakyFailure):
            # The last is the smallest. What came of what was asked before comes once, and is flaky.
            self.note(*failed[-1])
        except UnsupportedSchema:
            self.undrawn += 1
            if self.undrawn > UNDRAWN_MAX:
                raise

    def judge(self, case):
        self.note(case, self.faults(case))

    def note(self, case, faults):
        for fault, words in faults.items():
            self.found[fault] = words, case.as_curl_command()

    def faults(self, case):
        """What is wrong with the answer to it, and not found yet."""
        label = case.operation.label
        self.asked += 1
        try:
            answer = case.call(session=self.contract.session, timeout=ANSWER_SECONDS)
        except requests.RequestException as error:
            self.tally[label, 0] += 1
            return self.fresh({(label, 0, "No answer"): str(error)})
        self.tally[label, answer.status_code] += 1
        # Whoever says how long an answer may take is told that it took longer.
        asked = isinstance(case.body, dict) and DEADLINE in case.body
        is_late = asked and answer.status_code == LATE
        checks = SHAPES if is_late else [*SHAPES, not_a_server_error]
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as group:
            told = [((label, answer.status_code, each.title), each) for each in group.exceptions]
            return self.fresh({fault: each.message for fault, each in told})
        return {}

    def fresh(self, faults):
        return {fault: words for fault, words in faults.items() if fault not in self.found}


def work(seed, number, requests_max, most):
    drive = Drive(seed, number, most).run(requests_max)
    drive.server.stop()
    return drive.tally, drive.found, drive.contract.successes(), drive.undrawn


def table(tally):
    """How often each operation was asked, and with which status it was answered."""
    rows = collections.defaultdict(dict)
    for (label, status), count in sorted(tally.items()):
        rows[label][status] = count
    width = max(map(len, rows))
    for label, statuses in rows.items():
        told = "  ".join(f"{status or 'none'}: {count}" for status, count in statuses.items())
        yield f"{label:{width}}  {sum(statuses.values()):6}  {told}"


def arguments():
    reader = argparse.ArgumentParser(description="Requests drawn from /openapi.json.")
    reader.add_argument("requests", type=int)
    reader.add_argument("--seed", default="1")
    reader.add_argument("--processes", type=int, default=2)
    reader.add_argument("--most", type=int, default=1, help="failures of a process, then it ends")
    return reader.parse_args()


def main():
    said = arguments()
    print(f"seed {said.seed}", flush=True)
    began = time.monotonic()
    share = [len(range(n, said.requests, said.processes)) for n in range(said.processes)]
    with multiprocessing.get_context("spawn").Pool(said.processes) as pool:
        jobs = [(said.seed, number, count, said.most) for number, count in enumerate(share)]
        done = pool.starmap(work, jobs, chunksize=1)
    tally, found, silent, undrawn = collections.Counter(), {}, set(), 0
    for own, faults, successes, given_up in done:
        tally.update(own)
        found |= faults
        silent |= successes
        undrawn += given_up
    silent -= {label for label, status in tally if 200 <= status < 300}
    print("\n".join(table(tally)))
    for (label, status, what), (words, curl) in found.items():
        print(f"FAILED: {label}: {status or 'none'}: {what}\n{words.strip()}\n{curl}")
    for label in sorted(silent):
        print(f"FAILED: {label}: nothing but refusals")
    if undrawn:
        print(f"{undrawn} rounds ended before their time: schemathesis could not draw what it wanted to")
    asked = sum(tally.values())
    a_second = asked / (time.monotonic() - began)
    print(f"{asked} requests, {a_second:.0f} a second, seed {said.seed}: {len(found)} failures")
    return bool(found or silent)


if __name__ == "__main__":
    sys.exit(main())
