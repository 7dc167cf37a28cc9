"""What `/v1` has of its own: filters, those of Elasticsearch among them, and queries by likeness,
by words, by both or in an order.
"""

import draw_values as values
from draw_filters import REGEXES, Filters, able, attributes
from own_filters import OPERATORS, QUERIES
from own_queries import METRICS, alike
from own_queries import able as has_vector
from queries import single
from values import MILLISECOND, SCALARS, element, is_vector, kept_instant

WORDS = {theirs: ours for ours, theirs in OPERATORS.items()}
PREFIXES = ["", "a", "c", "cat", "x-", "el", "é"]
WILDCARDS = ["*", "a*", "*t", "c?t", "?", "*o*", "x-?*", "[a]*", "\\*", "é*"]


def own(drawn):
    """A filter of the other contract as an object, or None where there is no word for it."""
    if drawn[0] in ("And", "Or", "Not") and len(drawn) == 2:
        below = [drawn[1]] if drawn[0] == "Not" else drawn[1]
        below = [own(one) for one in below]
        if None in below:
            return None
        return {"type": drawn[0].lower(), "conditions": below}
    if len(drawn) != 3 or drawn[1] not in WORDS:
        return None
    name, word, operand = drawn
    if operand is None and word in ("Eq", "NotEq"):
        return {"field": name, "op": "exists", "value": word == "NotEq"}
    return {"field": name, "op": WORDS[word], "value": operand}


# How documents come, else by their ids; and what is said of it.
ORDERS = ("vector", "sort", "text", "texts", "both", "text in an order")
SAID = ("rrf", "weight", "weights", "weights by name", "min_score", "explain", "regex")
# Where a score is cut off, by what it is a score of.
LEAST = {
    "vector": [-2.5, -1, 0, 0.5, 1],
    "text": [0, 0.5, 1, 2],
    "texts": [0, 0.5, 1, 2],
    "both": [0.005, 0.01, 0.02],
}


class Millis(int):
    """A moment as buckets are called. The other contract has its text alone."""

    def __new__(cls, text):
        made = super().__new__(cls, kept_instant(text) // MILLISECOND)
        made.text = text
        return made


def in_text(drawn):
    if isinstance(drawn, list):
        return [in_text(one) for one in drawn]
    return drawn.text if isinstance(drawn, Millis) else drawn


class OwnFilters:
    """Filters of `/v1`, and where an aggregation takes them those of Elasticsearch."""

    def __init__(self, dice, namespace, tags):
        self.dice = dice
        self.namespace = namespace
        self.known = attributes(namespace)
        self.tags = tags

    def draw(self):
        for _ in range(20):
            tags = []
            drawn = own(Filters(self.dice, self.namespace, tags).draw(1))
            if drawn is not None:
                self.tags += tags
                return self.called(drawn)
        return {"field": "id", "op": "exists"}

    def alone(self):
        """One that the other contract may refuse: a regular expression of what is filtered by."""
        texts = [name for name, one in self.known.items() if one.kind == "string"]
        able = [name for name in texts if self.known[name].filterable or self.known[name].regex]
        if not able or self.dice.chance(0.9):
            return self.draw()
        self.tags.append("rows of /v1:regex")
        name, said = self.dice.choice(able), self.dice.choice(REGEXES)
        return {"field": name, "op": "regex", "value": said}

    def any(self, depth=1):
        """For an aggregation: of either kind."""
        return self.alone() if self.dice.chance(0.4) else self.elastic(depth)

    def elastic(self, depth):
        plain = [
            name
            for name, one in self.known.items()
            if one.filterable and not is_vector(one.kind) and one.kind != "{}f16" and name != "id"
        ]
        texts = [name for name in plain if element(self.known[name].kind) == "string"]
        able_words = {
            "term": plain,
            "terms": plain,
            "range": [name for name in plain if able("Lt", self.known[name])],
            "exists": plain,
            "prefix": texts,
            "wildcard": texts,
        }
        words = [word for word in QUERIES if able_words.get(word, True)]
        if not depth:
            words.remove("bool")
        word = self.dice.rare("elastic", words)
        self.tags.append(f"filter of Elasticsearch:{word}")
        if word in ("match_all", "match_none"):
            return {word: {}}
        if word == "bool":
            return {word: self.combined(depth - 1)}
        return {word: getattr(self, word)(self.dice.choice(able_words[word]))}

    def operand(self, name):
        one = self.known[name]
        if one.full_text:
            return Filters(self.dice, self.namespace, []).literal(one, element(one.kind))
        return self.key(one, values.plain(self.dice, element(one.kind)))

    def called(self, drawn):
        """The same, with some of its moments as buckets are called."""
        if "conditions" in drawn:
            return drawn | {"conditions": [self.called(one) for one in drawn["conditions"]]}
        if drawn["field"] == "id" or drawn["op"] == "exists":
            return drawn
        return drawn | {"value": self.key(self.known[drawn["field"]], drawn["value"])}

    def key(self, attribute, drawn):
        if isinstance(drawn, list):
            return [self.key(attribute, one) for one in drawn]
        moment = element(attribute.kind) == "datetime" and isinstance(drawn, str)
        return Millis(drawn) if moment and self.dice.chance(0.4) else drawn

    def term(self, name):
        value = self.operand(name)
        return {name: value if self.dice.chance(0.5) else {"value": value}}

    def terms(self, name):
        return {name: [self.operand(name) for _ in range(self.dice.randint(0, 4))]}

    def range(self, name):
        ways = [["gt"], ["gte"], ["lt"], ["lte"], ["gte", "lt"], ["gt", "lte"], []]
        words = self.dice.choice(ways)
        return {name: {word: self.operand(name) for word in words}}

    def exists(self, name):
        return {"field": name}

    def prefix(self, name):
        said = self.dice.choice(PREFIXES)
        return {name: said if self.dice.chance(0.5) else {"value": said}}

    def wildcard(self, name):
        said = self.dice.choice(WILDCARDS)
        return {name: said if self.dice.chance(0.5) else {"value": said}}

    def combined(self, depth):
        said = {}
        for word in self.dice.some(["must", "filter", "should", "must_not"], 1, 3):
            said[word] = [self.elastic(depth) for _ in range(self.dice.randint(1, 2))]
        if "should" in said and self.dice.chance(0.3):
            said["minimum_should_match"] = self.dice.choice([0, 1])
        return said


class OwnQueries:
    def __init__(self, dice, namespace, tags):
        self.dice = dice
        self.namespace = namespace
        self.known = namespace.schema.attributes
        self.tags = tags

    def draw(self):
        dice = self.dice
        body = {} if dice.chance(0.3) else {"top_k": dice.choice([1, 2, 3, 10, 100, 10_000])}
        if dice.chance(0.5):
            body["filter"] = OwnFilters(dice, self.namespace, self.tags).alone()
        form = dice.rare("rows of /v1", self.able())
        if form != "id":
            self.tag(form)
        if form in ("vector", "both"):
            body |= self.vector()
        if form in ("text", "texts", "both", "text in an order"):
            likely = {"texts": 1, "text": 0}.get(form, 0.3)
            body["full_text"] = self.text(dice.chance(likely))
        if form in ("sort", "text in an order"):
            body["sort"] = self.sort()
        if form == "both" and dice.chance(0.6):
            self.tag("rrf")
            body["rrf"] = {"k": dice.choice([1, 10, 60])} if dice.chance(0.7) else {}
            if dice.chance(0.6):
                body["rrf"]["vector_weight"] = dice.choice([0.25, 0.5, 1, 3])
        if form in LEAST and dice.chance(0.3):
            self.tag("min_score")
            body["min_score"] = self.least(form, body)
        if dice.chance(0.1):
            self.tag("explain")
            body["explain"] = True
        if dice.chance(0.3):
            body["include_attributes"] = dice.some([*self.known, "id"], 0, 4)
        # Beside names it is one more of them, and must be there.
        if has_vector(self.namespace.schema) and dice.chance(0.2):
            body["include_vector"] = dice.chance(0.6)
        return body

    def tag(self, word):
        self.tags.append(f"rows of /v1:{word}")

    def able(self):
        texts = self.texts()
        near = has_vector(self.namespace.schema)
        words = ["id", "sort"] + ["vector"] * near
        words += ["text", "text in an order"] * bool(texts)
        several = any(not self.known[name].pre_tokenized for name in texts)
        return words + ["texts"] * several + ["both"] * (near and bool(texts))

    def texts(self):
        return [name for name, one in self.known.items() if one.full_text]

    def vector(self):
        dice = self.dice
        attribute = self.known["vector"]
        self.tags += values.measured(attribute)
        body = {"vector": values.question(dice, attribute.kind)}
        if dice.chance(0.3):
            body["metric"] = next(
                word for word, known in METRICS.items() if known == attribute.metric
            )
        return body

    def least(self, form, body):
        """Where scores are cut off; of vectors, often just at one of them."""
        if form == "vector" and self.dice.chance(0.5):
            scores = alike(self.namespace.schema, self.namespace.sorted(), body).scores
            if scores:
                return single(self.dice.choice(list(scores.values())))
        return self.dice.choice(LEAST[form])

    def sort(self):
        dice = self.dice
        names = [name for name, one in self.known.items() if one.kind in SCALARS] + ["id"]
        keys = [{"field": name} for name in dice.some(names, 1, 2)]
        return [
            key | ({"order": dice.choice(["asc", "desc"])} if dice.chance(0.7) else {})
            for key in keys
        ]

    def text(self, several):
        """One field, or some of those that take a text."""
        dice = self.dice
        words = [name for name in self.texts() if not self.known[name].pre_tokenized]
        names = dice.some(words, 1, 3) if several and words else [dice.choice(self.texts())]
        one = self.known[names[0]]
        self.tags += [tag for name in names for tag in values.analyzed(self.known[name])]
        if one.pre_tokenized:
            query = [values.word(dice, one) for _ in range(dice.randint(0, 4))]
        else:
            query = values.text(dice, one, 5)
        if not several or not words:
            said = {"field": names[0], "query": query}
        else:
            said = {"fields": names, "query": query} | self.weights(names)
        if dice.chance(0.3):
            self.tag("weight")
            said["weight"] = dice.choice([0.25, 0.5, 1, 2])
        return said

    def weights(self, names):
        dice = self.dice
        drawn = {name: dice.choice([0, 0.5, 1, 2.5]) for name in names}
        if dice.chance(0.3):
            self.tag("weights")
            return {"weights": list(drawn.values())}
        if dice.chance(0.4):
            self.tag("weights by name")
            return {"weights": {name: drawn[name] for name in dice.some(names, 0, 3)}}
        return {}
