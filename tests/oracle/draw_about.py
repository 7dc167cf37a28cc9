"""What is asked about a namespace: its schema, its metadata, its size, what one finds of it; and
which there are, with a few small ones beside it."""

import draw_schemas as schemas
from draw_filters import Filters
from draw_ranks import Ranks
from values import is_dense

WORDS = (
    "schema",
    "schema written",
    "metadata of /v1",
    "metadata of /v2",
    "metadata written",
    "pinning",
    "usage",
    "hint_cache_warm",
    "recall",
    "recall of a query",
    "ground truth",
    "names",
    "a name beside",
    "a name less",
)
DELETED = 0.03
# A name of more than one is a prefix of others.
BESIDE = (".a", ".b", ".ab")
PAGES = (1, 2, 3, 100, None)


class About:
    def __init__(self, dice, namespace, name, there, tags):
        self.dice = dice
        self.namespace = namespace
        self.standing = namespace.standing
        self.name = name
        # Names of all namespaces.
        self.there = there
        self.tags = tags

    def request(self, method, version, rest="", body=None):
        said = {"method": method, "path": f"/{version}/namespaces/{self.name}{rest}"}
        return said if body is None else said | {"body": body}

    def draw(self):
        """What is read only is not written to, and whether it may be deleted nobody says."""
        if not self.standing.read_only and self.dice.chance(DELETED):
            return self.request("DELETE", "v2")
        beside = [name for name in self.there if name != self.name]
        schema = self.namespace.schema
        dense = [name for name in schema.vectors() if is_dense(schema.attributes[name].kind)]
        able = [
            word
            for word in WORDS
            if (dense or word not in ("recall", "recall of a query", "ground truth"))
            and (beside or word != "a name less")
            and not (self.standing.read_only and word == "schema written")
        ]
        # What is beside it is a name less later on.
        lonely = not beside and self.dice.chance(0.15)
        word = "a name beside" if lonely else self.dice.rare("about", able)
        made = getattr(self, word.partition(" ")[0])(word)
        if made is None:
            word, made = "schema", self.schema("schema")
        self.tags.append(f"about:{word}")
        return made

    def schema(self, word):
        if word == "schema":
            return self.request("GET", "v1", "/schema")
        change = schemas.change(self.dice, self.namespace, self.tags)
        return change and self.request("POST", "v1", "/schema", change)

    def metadata(self, word):
        if word != "metadata written":
            return self.request("GET", word[-2:], "/metadata")
        dice = self.dice
        body = {"read_only": not self.standing.read_only} if dice.chance(0.7) else {}
        return self.patch(body | (self.pinned() if dice.chance(0.3) else {}))

    def patch(self, body):
        return self.request("PATCH", self.dice.choice(["v1", "v2"]), "/metadata", body)

    def pinned(self):
        said = [True, False, None, {"replicas": 1}, {"replicas": self.dice.randint(2, 5)}]
        return {"pinning": self.dice.choice(said)}

    def pinning(self, _):
        return self.patch(self.pinned())

    def usage(self, _):
        return self.request("GET", "v1", "/usage")

    def hint_cache_warm(self, _):
        return self.request("GET", "v1", "/hint_cache_warm")

    def recall(self, word, truth=False):
        dice, schema = self.dice, self.namespace.schema
        body = {"include_ground_truth": True} if truth else {}
        if dice.chance(0.8):
            body["top_k"] = dice.choice([1, 2, 3, 5, 100])
        if dice.chance(0.3):
            body["filters"] = Filters(dice, self.namespace, []).draw()
        if word == "recall of a query" or len(schema.vectors()) > 1 or (truth and dice.chance(0.5)):
            dense = [name for name in schema.vectors() if is_dense(schema.attributes[name].kind)]
            name = dice.choice(dense)
            body["rank_by"] = [name, "ANN", Ranks(dice, self.namespace, []).question(name)]
        elif dice.chance(0.8):
            body["num"] = dice.choice([1, 2, 3, 10])
        return self.request("POST", "v1", "/_debug/recall", body)

    def ground(self, word):
        return self.recall(word, truth=True)

    def names(self, _):
        size = self.dice.choice(PAGES)
        prefix = self.name + self.dice.choice(["", "", "", ".", *BESIDE])
        path = f"/v1/namespaces?prefix={prefix}" + (f"&page_size={size}" if size else "")
        return {"method": "GET", "path": path, "pages": True}

    def a(self, word):
        """Another namespace, whose name begins with that of this one; or its end."""
        path = f"/v2/namespaces/{self.name}"
        if word == "a name less":
            beside = self.dice.choice([name for name in self.there if name != self.name])
            return {"method": "DELETE", "path": f"/v2/namespaces/{beside}"}
        path += self.dice.choice(BESIDE)
        return {"method": "POST", "path": path, "body": {"upsert_rows": [{"id": 1}]}}
