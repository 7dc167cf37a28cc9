"""Flaws: requests with one thing wrong in each, which must change nothing.

A flaw is a function of what is there, and nothing where it cannot be. The oracle says which status
is right; the names here only see to it that each is drawn often enough.
"""

import draw_values as values
from flaws_about import NAMES, TOLD
from flaws_aggregations import AGGREGATIONS
from flaws_asked import BY_ID, FILTERS, PAGES, QUERIES, RANKS, asked, ranked
from flaws_own import OWN
from flaws_written import ABSENT, SCHEMAS, WRITES

DEEP = 20_000
MALFORMED = ["{", '{"upsert_rows": [}', '{"limit": 1,}', '{"limit": 01}']


class Flaws:
    def __init__(self, dice, plan, namespace, path):
        self.dice = dice
        self.plan = plan
        self.namespace = namespace
        self.path = path
        self.known = namespace.schema.attributes

    def name(self, test):
        """Some attribute that is so, or a reason to draw another flaw."""
        names = [name for name, one in self.known.items() if test(one)]
        if not names:
            raise LookupError
        return self.dice.choice(names)

    def id(self):
        return values.any_id(self.dice, self.plan.id_type)

    def kind(self, *kinds):
        return self.name(lambda one: one.kind in kinds)

    def plain(self, *kinds):
        return self.name(lambda one: one.kind in kinds and one.filterable)

    def draw(self, kinds, words):
        """(one of these, the request), the rarer the likelier; or nothing, where none is
        possible."""
        for _ in range(50):
            word = self.dice.rare("flaw", words, kinds)
            place, make = TABLE[word]
            try:
                made = make(self)
            except LookupError:
                self.dice.count("flaw", word, kinds, -1)
                continue
            return word, self.request(place, made)
        return None, None

    def request(self, place, made):
        below = {"write": "", "query": "/query"}
        if place in ("aggregation", "own"):
            contract, body = made if place == "aggregation" else ("/v1", made)
            path = f"{contract}/namespaces/{self.path}/query"
            return {"method": "POST", "path": path, "body": body}
        if place in below:
            return {
                "method": "POST",
                "path": f"/v2/namespaces/{self.path}{below[place]}",
                "body": made,
            }
        if place == "schema":
            return {"method": "POST", "path": f"/v1/namespaces/{self.path}/schema", "body": made}
        if place == "raw":
            below = self.dice.choice(["", "/query"])
            return {"method": "POST", "path": f"/v2/namespaces/{self.path}{below}", "raw": made}
        if place == "deep":
            path = f"/v2/namespaces/{self.path}/query"
            raw = f'{{"rank_by":["id","asc"],"limit":1,"filters":{made}}}'
            return {"method": "POST", "path": path, "raw": raw, "kind": "too deep"}
        if place == "names":
            path = f"/v1/namespaces?prefix={self.path}&{made}"
            return {"method": "GET", "path": path, "pages": True}
        method, version, rest, body = made
        path = f"/{version}/namespaces/{self.path}{'-absent' * (place == 'absent')}{rest}"
        return {"method": method, "path": path} | ({"body": body} if body is not None else {})


def page(said):
    return lambda f: {word: value for word, value in (BY_ID | said).items() if value is not None}


def filtered(make):
    return lambda f: asked(make(f))


def expression(make):
    return lambda f: ranked(make(f))


TABLE = (
    {word: ("write", make) for word, make in WRITES.items()}
    | {word: ("schema", make) for word, make in SCHEMAS.items()}
    | {word: ("query", filtered(make)) for word, make in FILTERS.items()}
    | {word: ("query", expression(make)) for word, make in RANKS.items()}
    | {word: ("query", page(said)) for word, said in PAGES.items()}
    | {word: ("query", make) for word, make in QUERIES.items()}
    | {word: ("own", make) for word, make in OWN.items()}
    | {word: ("aggregation", make) for word, make in AGGREGATIONS.items()}
    | {word: ("told", make) for word, make in TOLD.items()}
    | {word: ("names", make) for word, make in NAMES.items()}
    | {word: ("absent", make) for word, make in ABSENT.items()}
    | {
        "malformed JSON": ("raw", lambda f: f.dice.choice(MALFORMED)),
        # As text: to read it as JSON is what a depth forbids.
        "filter too deep": ("deep", lambda f: '["Not",' * DEEP + '["id","Eq",1]' + "]" * DEEP),
    }
)
