"""What one write by filter does at most: past it nothing is done, or a part, and the rest remains.

Which part is left open, so no oracle says; the numbers do. It takes documents by the thousands, and
so is asked once of a run.
"""

PATCHED_MAX = 50_000
DELETED_MAX = 5_000_000
# Of rows at once, while a namespace is filled.
ROWS = 500_000
EVERY = ["id", "NotEq", None]


class Broken(Exception):
    """What was answered, and what should have been."""


class Bound:
    """A namespace with one document more than one write may change."""

    def __init__(self, server, name, most):
        self.server = server
        self.path = f"/v2/namespaces/{name}"
        self.most = most
        for first in range(0, most + 1, ROWS):
            ids = list(range(first, min(first + ROWS, most + 1)))
            self.ask({"upsert_columns": {"id": ids}}, rows_affected=len(ids))
        self.ask({"schema": {"n": "int"}}, rows_affected=0)

    def ask(self, body, below="", status=200, **wanted):
        request = {"method": "POST", "path": self.path + below, "body": body}
        found, said = self.server.ask(request)
        told = {word: said.get(word) for word in wanted} if isinstance(said, dict) else said
        if found != status or told != wanted:
            raise Broken(f"status {found}, {told}, not {status}, {wanted}: {str(said)[:300]}")

    def count(self, test, number):
        body = {"aggregate_by": {"n": ["Count"]}, "filters": test}
        self.ask(body, "/query", aggregations={"n": number})

    def check(self, verb, write, left):
        """All at once is refused; in parts it takes two, and the third finds nothing."""
        self.ask(write, status=400)
        self.count(left, self.most + 1)
        partly = write | {f"{verb}_by_filter_allow_partial": True}
        for part in (self.most, 1, 0):
            self.ask(partly, rows_affected=part, rows_remaining=part == self.most)
        self.count(left, 0)
        self.server.ask({"method": "DELETE", "path": self.path})


def patched(server):
    left = ["n", "Eq", None]
    write = {"patch_by_filter": {"filters": left, "patch": {"n": 1}}}
    Bound(server, "bound-patched", PATCHED_MAX).check("patch", write, left)


def deleted(server):
    write = {"delete_by_filter": EVERY}
    Bound(server, "bound-deleted", DELETED_MAX).check("delete", write, EVERY)


def broken(server, whole):
    """How many of the bounds do not hold. That of deletes takes a minute, and so a whole run."""
    wrong = 0
    for check in (patched, deleted) if whole else (patched,):
        try:
            check(server)
        except Broken as told:
            wrong += 1
            print(f"bounds.py: {check.__name__}: {told}", flush=True)
    return wrong
