"""The world as the oracle sees it: namespaces by name, and what each request must be answered."""

import json

import own_queries
import queries
from namespace import Namespace, write
from refusal import ABSENT, EITHER, MEANING, Refused, Unsure, expect, refuse


class Expected:
    """The statuses that are right, what the answer says, and of what kind a refusal is."""

    def __init__(self, statuses=frozenset({200}), told=None, refused=None):
        self.statuses = statuses
        # ("write", counts), ("query", answer), ("several", answers), ("own", answer),
        # ("schema", attributes) or None.
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
            return Expected(told=self.answer(request))
        except Refused as refused:
            return Expected(refused.statuses, refused=refused)
        except Unsure as unsure:
            return Expected(unsure.statuses)

    def answer(self, request):
        method, path = request["method"], request["path"]
        _, version, _, name, *rest = path.split("/")
        if "raw" in request:
            refuse(request.get("kind", "malformed JSON"), EITHER if "kind" in request else MEANING)
        body = json.loads(json.dumps(request.get("body")))
        if (method, version, rest) == ("POST", "v2", []):
            after, told = write(self.namespaces.get(name), body)
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
                schema = here.schema.copy()
                schema.declare(body)
                here = Namespace(schema, schema.without_dropped(here.docs))
                self.namespaces[name] = here
            return "schema", here.schema
        assert (method, version, rest) == ("DELETE", "v2", []), request
        del self.namespaces[name]
        return None

    @staticmethod
    def query(here, body):
        if "queries" not in body:
            return "query", queries.answer(here, body)
        answers, fusion = queries.several(here, body)
        if fusion is not None:
            answers = [{"rows": queries.fused(answers, fusion)}]
        return "several", answers
