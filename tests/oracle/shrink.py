"""A disagreement made smaller: without the requests, then the rows, that it does not need."""

import copy
import itertools
import re

from compare import judge
from world import World

TRIES_MAX = 600
# Where a path names a namespace, or what its name and others begin with.
NAMED = re.compile(r"^(/v\d/namespaces(?:/|\?prefix=))[^/.&]*?(?=-absent|[/.&]|$)")


def renamed(history, name):
    """The same requests of a namespace of another name."""
    for request in history:
        yield request | {"path": NAMED.sub(rf"\g<1>{name}", request["path"])}


def replay(server, history, name):
    """(how many requests until server and oracle disagree, about what), or None."""
    world = World()
    for number, request in enumerate(renamed(history, name), 1):
        status, body = server.ask(request)
        wrong = judge(world.ask(request), status, body)
        if wrong:
            return number, wrong
    return None


class Shrinker:
    def __init__(self, server, prefix):
        self.server = server
        self.names = (f"{prefix}-{number}" for number in itertools.count())
        self.left = TRIES_MAX
        # What a smaller history must show as well, or another disagreement would take its place.
        self.wanted = None

    def fails(self, history):
        """The part of it that fails in the same way, or None."""
        if self.left <= 0 or not self.server.alive():
            return None
        self.left -= 1
        name = next(self.names)
        found = replay(self.server, history, name)
        self.server.ask({"method": "DELETE", "path": f"/v2/namespaces/{name}"})
        return history[: found[0]] if found and sign(found[1]) == self.wanted else None

    def shrink(self, history, wrong):
        self.wanted = sign(wrong)
        best = self.fails(history)
        if best is None:
            return history
        best = self.fewer(best)
        for at in range(len(best)):
            best = self.smaller(best, at)
        return best

    def fewer(self, best):
        size = max(1, len(best) // 2)
        while size:
            at = 0
            while at < len(best) - 1:
                shorter = self.fails(best[:at] + best[min(at + size, len(best) - 1) :])
                if shorter and len(shorter) < len(best):
                    best = shorter
                else:
                    at += size
            size //= 2
        return best

    def smaller(self, best, at):
        """One request with fewer rows, and rows with fewer attributes."""
        if at >= len(best) or "body" not in best[at]:
            return best
        tried = True
        while tried:
            tried = False
            for body in without_one(best[at]["body"]):
                trial = best[:at] + [best[at] | {"body": body}] + best[at + 1 :]
                if self.fails(trial) == trial:
                    best, tried = trial, True
                    break
        return best


def sign(wrong):
    """A disagreement without its numbers, statuses apart."""
    if wrong.startswith("status"):
        return re.split(r"[:(]", wrong)[0]
    return " ".join(re.sub(r"\d+", "#", wrong).split()[:2])


def without_one(body):
    """The body without a field, a row, or an attribute of a row."""
    if not isinstance(body, dict):
        return
    for word in body:
        yield {name: said for name, said in body.items() if name != word}
    for word in ("upsert_rows", "patch_rows", "deletes", "queries"):
        rows = body.get(word)
        if isinstance(rows, list):
            for at in range(len(rows)):
                yield body | {word: rows[:at] + rows[at + 1 :]}
    for word in ("upsert_rows", "patch_rows", "queries"):
        for at, row in enumerate(body.get(word) or ()):
            if isinstance(row, dict):
                for name in row:
                    if name != "id":
                        rows = copy.copy(body[word])
                        rows[at] = {key: said for key, said in row.items() if key != name}
                        yield body | {word: rows}
    for word in ("schema", "compute_attributes"):
        if isinstance(body.get(word), dict):
            for name in body[word]:
                yield body | {word: {key: said for key, said in body[word].items() if key != name}}
    for word in ("aggregate_by", "aggs", "aggregations"):
        for tree in lesser(body.get(word)):
            yield body | {word: tree}


def lesser(tree):
    """A tree without one of its parts, the larger first."""
    if isinstance(tree, dict):
        for name in tree:
            yield {key: said for key, said in tree.items() if key != name}
        for name, said in tree.items():
            for one in lesser(said):
                yield tree | {name: one}
    if isinstance(tree, list):
        for at in range(len(tree)):
            yield tree[:at] + tree[at + 1 :]
        for at, said in enumerate(tree):
            for one in lesser(said):
                yield tree[:at] + [one] + tree[at + 1 :]
