"""Queries: a ranking, or counts, with all that may stand around them; and several at once."""

from draw_filters import Filters
from draw_highlights import Highlights
from draw_ranks import Ranks
from values import NUMBERS, SCALARS, is_array, is_dense

AGGREGATES = ("Count", "Count attribute", "Sum", "group_by", "ForEachUnique", "beside rank_by")
FRAMES = [
    "limit.per",
    "offset",
    "top_k",
    "include",
    "exclude",
    "vector_encoding",
    "compute number",
    "compute truth",
] + ["VectorDist", "Highlight", "several", "RRF", "RRF weights", "explain"]


class Queries:
    def __init__(self, dice, namespace, tags):
        self.dice = dice
        self.namespace = namespace
        self.known = namespace.schema.attributes
        self.tags = tags

    def frame(self, word):
        self.tags.append(f"frame:{word}")

    def draw(self):
        chance = self.dice.random()
        if chance < 0.3:
            return self.several()
        if chance < 0.4:
            return self.fused()
        return self.one()

    def one(self, encoded=True):
        if self.dice.chance(0.22):
            return self.counted()
        body = self.ranked()
        self.around(body)
        if encoded and self.dice.chance(0.15):
            self.frame("vector_encoding")
            body["vector_encoding"] = self.dice.choice(["float", "base64"])
        if self.dice.chance(0.1):
            self.tags.append("aggregate:beside rank_by")
            body["aggregate_by"] = self.aggregates()
        if encoded and self.dice.chance(0.2):
            self.frame("explain")
            body["explain"] = True
        return body

    def filters(self):
        return Filters(self.dice, self.namespace, self.tags).draw()

    def ranked(self):
        ranks = Ranks(self.dice, self.namespace, self.tags)
        body = {"rank_by": ranks.draw()}
        if ranks.needs_filter or self.dice.chance(0.5):
            body["filters"] = self.filters()
        body |= self.limit()
        return body

    def ordered(self):
        rank = Ranks(self.dice, self.namespace, self.tags).key()
        return {"rank_by": rank, "filters": self.filters()} | self.limit()

    def limit(self):
        dice = self.dice
        total = dice.choice([1, 2, 3, 5, 10, 100, 10_000])
        said = {"limit": total}
        if dice.chance(0.15):
            self.frame("top_k")
            said = {"top_k": total}
        elif dice.chance(0.3):
            said = {"limit": {"total": total}}
            if dice.chance(0.8):
                self.frame("limit.per")
                names = [name for name, one in self.known.items() if one.kind in SCALARS] + ["id"]
                some = dice.some(names, 1, 2)
                said["limit"]["per"] = {"attributes": some, "limit": dice.randint(1, 3)}
        if dice.chance(0.2):
            self.frame("offset")
            said["offset"] = dice.choice([0, 1, 2, 5]) if total < 10_000 else 0
        return said

    def around(self, body):
        dice = self.dice
        names = [*self.known, "id"]
        if dice.chance(0.5):
            self.frame("include")
            body["include_attributes"] = dice.choice([True, False, [], dice.some(names, 1, 4)])
        elif dice.chance(0.3):
            self.frame("exclude")
            body["exclude_attributes"] = dice.some([*self.known, "unknown"], 0, 3)
        if dice.chance(0.55):
            body["compute_attributes"] = self.computed(body["rank_by"])

    def computed(self, rank):
        dice, known = self.dice, self.known
        dense = any(is_dense(one.kind) for one in known.values())
        words = ["compute number", "compute truth"] + ["VectorDist"] * dense
        highlights = Highlights(dice, self.namespace, self.tags)
        words += ["Highlight"] * bool(highlights.texts)
        said = {}
        for number in range(dice.randint(1, 3)):
            word = dice.rare("computed", words)
            self.frame(word)
            ranks = Ranks(dice, self.namespace, self.tags)
            if word == "compute truth":
                drawn = self.filters()
            elif word == "VectorDist":
                name = ranks.near(lambda one: is_dense(one.kind))
                drawn = [name, "VectorDist", ranks.question(name)]
            elif word == "Highlight":
                drawn = highlights.draw(rank)
            else:
                # A filter alone would be a truth.
                able = [form for form in ranks.expressions(2) if form != "filter"]
                drawn = ranks.expression(dice.rare("part", able), 2)
            said[f"c{number}"] = drawn
        return said

    def aggregates(self):
        dice = self.dice
        numbers = [name for name, one in self.known.items() if one.kind in NUMBERS]
        said = {}
        for number in range(dice.randint(1, 3)):
            word = dice.rare("aggregate", ["Count", "Count attribute"] + ["Sum"] * bool(numbers))
            self.tags.append(f"aggregate:{word}")
            if word == "Sum":
                said[f"l{number}"] = ["Sum", dice.choice(numbers)]
            else:
                said[f"l{number}"] = (
                    ["Count"] if word == "Count" else ["Count", dice.choice(list(self.known))]
                )
        return said

    def counted(self):
        dice = self.dice
        body = {"aggregate_by": self.aggregates()}
        if dice.chance(0.6):
            body["filters"] = self.filters()
        if dice.chance(0.6):
            scalars = [
                name
                for name, one in self.known.items()
                if one.kind in SCALARS and one.kind != "bytes"
            ]
            arrays = [name for name, one in self.known.items() if is_array(one.kind)]
            keys = dice.some(scalars, 1, 2)
            self.tags.append("aggregate:group_by")
            if arrays and dice.chance(0.5):
                self.tags.append("aggregate:ForEachUnique")
                keys = dice.some(keys, 0, 1) + [{"each": ["ForEachUnique", dice.choice(arrays)]}]
            body["group_by"] = dice.sample(keys, len(keys))
            if dice.chance(0.3):
                body["limit"] = dice.choice([1, 2, 100])
        return body

    def several(self):
        self.frame("several")
        count = self.dice.randint(1, 6)
        body = {"queries": [self.one(encoded=False) for _ in range(count)]}
        if self.dice.chance(0.2):
            body["vector_encoding"] = "base64"
        return body

    def fused(self):
        dice = self.dice
        self.frame("RRF")
        parts = [self.ranked() for _ in range(dice.randint(2, 3))]
        for part in parts:
            if dice.chance(0.4):
                part["include_attributes"] = dice.choice([True, dice.some(self.known, 1, 3)])
        options = {}
        if dice.chance(0.4):
            options["rank_constant"] = dice.choice([1, 10, 60])
        if dice.chance(0.7):
            self.frame("RRF weights")
            options["weights"] = [dice.choice([0.5, 1, 2, 3]) for _ in parts]
        body = {"queries": parts, "rerank_by": ["RRF", options] if options else ["RRF"]}
        total = dice.choice([1, 3, 10, 100])
        body["limit"] = dice.choice([total, {"total": total}])
        if dice.chance(0.2):
            body["offset"] = dice.choice([0, 1, 2])
        return body
