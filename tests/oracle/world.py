"""The world as the oracle sees it: namespaces by name, and what each request must be answered."""

import json

import about
import own_queries
import queries
from namespace import Namespace, write
from refusal import ABSENT, EITHER, MEANING, Refused, Unsure, expect, refuse

READ_ONLY = ("read-only",)
HINTED = frozenset({200, 202})


class Expected:
    """The statuses that are right, what the answer says, and of what kind a refusal is."""

    def __init__(self, statuses=frozenset({200}), told=None, refused=None):
        self.statuses = statuses
        # ("write", counts), ("query", answer), ("several", answers), ("own", answer),
        # ("schema", attributes), what is told of a namespace or of several, or None.
        self.told = told
        self.kind = refused and refused.kind
        # What a refusal names, one of them, and its code, where they are promised.
        self.names = refused.names if refused else ()
        self.code = refused and refused.code


class World:
    def __init__(self):
        self.namespaces = {}

    def ask(self, request):
        try:
            told = self.answer(request)
            return Expected(HINTED, told) if told[0] == "hint" else Expected(told=told)
        except Refused as refused:
            return Expected(refused.statuses, refused=refused)
        except Unsure as unsure:
            return Expected(unsure.statuses)

    def answer(self, request):
        method, path = request["method"], request["path"]
        if path.startswith("/v1/namespaces?"):
            return "names", about.names(self.namespaces, path)
        _, version, _, name, *rest = path.split("/")
        if "raw" in request:
            refuse(request.get("kind", "malformed JSON"), EITHER if "kind" in request else MEANING)
        body = json.loads(json.dumps(request.get("body")))
        if (method, version, rest) == ("POST", "v2", []):
            before = self.namespaces.get(name)
            after, told = unless_read_only(before, lambda: write(before, body))
            self.namespaces[name] = after
            return "write", told
        expect(name in self.namespaces, "namespace absent", ABSENT)
        here = self.namespaces[name]
        if (method, version, rest) == ("POST", "v1", ["query"]):
            return "own", own_queries.answer(here, body)
        if (method, rest) == ("POST", ["query"]):
            return self.query(here, body)
        if rest == ["schema"]:
            if method == "POST":
                here = unless_read_only(here, lambda: declared(here, body))
                self.namespaces[name] = here
            return "schema", here.schema
        if rest == ["metadata"]:
            if method == "PATCH":
                here = Namespace(here.schema, here.docs, about.changed(here.standing, body))
                self.namespaces[name] = here
            return "metadata", about.metadata(here, version, method == "PATCH")
        if (method, version, rest) == ("GET", "v1", ["usage"]):
            return "usage", about.usage(name, here)
        if (method, version, rest) == ("GET", "v1", ["hint_cache_warm"]):
            return "hint", None
        if (method, version, rest) == ("POST", "v1", ["_debug", "recall"]):
            return "recall", about.Recall(here, body)
        assert (method, version, rest) == ("DELETE", "v2", []), request
        del self.namespaces[name]
        return "done", None

    @staticmethod
    def query(here, body):
        if "queries" not in body:
            return "query", queries.answer(here, body)
        answers, fusion = queries.several(here, body)
        if fusion is not None:
            answers = [{"rows": queries.fused(answers, fusion)}]
        return "several", answers


def declared(here, body):
    """The namespace under another schema."""
    schema = here.schema.copy()
    schema.declare(body)
    return Namespace(schema, schema.without_dropped(here.docs), here.standing.changed(0))


def unless_read_only(here, change):
    """What is wrong with a change as well may be told first."""
    if here is None or not here.standing.read_only:
        return change()
    try:
        change()
    except Refused as refused:
        refuse(refused.kind, refused.statuses | MEANING)
    return refuse("read-only", names=READ_ONLY)
