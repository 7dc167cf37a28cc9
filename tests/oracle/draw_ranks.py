"""Rankings: every form of them, nested a little, over attributes that can be ranked so."""

import draw_values as values
from draw_filters import Filters
from schema import VECTORS_MAX
from values import NUMBERS, SCALARS, SPARSE, is_dense, is_late

EXPRESSIONS = (
    "BM25",
    "SparseKNN",
    "filter",
    "Sum",
    "Max",
    "Product",
    "Attribute",
    "Saturate",
    "Decay",
    "Dist",
)
FORMS = ("order", "orders", "ANN", "kNN", "MaxSim", *EXPRESSIONS)
# Counted as well, though each is drawn within another.
VARIANTS = ("BM25 list", "BM25 last_as_prefix", "duration", "variadic", "base64 question")
SPANS = {"s": 10_000, "m": 600, "h": 30, "d": 9, "w": 2}


class Ranks:
    def __init__(self, dice, namespace, tags):
        self.dice = dice
        self.namespace = namespace
        self.known = namespace.schema.attributes
        self.tags = tags
        # Whether the ranking must not stand without a filter.
        self.needs_filter = False

    def names(self, test):
        return [name for name, one in self.known.items() if test(one)]

    def tag(self, word):
        self.tags.append(f"ranking:{word}")

    def draw(self):
        able = ["order", "orders"]
        if self.names(lambda one: is_dense(one.kind)):
            able += ["ANN", "kNN"]
        if self.names(lambda one: is_late(one.kind)):
            able.append("MaxSim")
        form = self.dice.rare("ranking", able + self.expressions(2))
        if form in EXPRESSIONS:
            return self.expression(form, 2)
        self.tag(form)
        if form == "order":
            return self.key()
        if form == "orders":
            return [self.key() for _ in range(self.dice.randint(1, 4))]
        return self.nearest(form)

    def nearest(self, form):
        dice = self.dice
        word = "kNN" if form == "kNN" or (form == "MaxSim" and dice.chance(0.3)) else "ANN"
        self.needs_filter = word == "kNN"
        if form == "MaxSim":
            name = self.near(lambda one: is_late(one.kind))
            self.measured(name)
            return [name, word, values.vectors(dice, self.known[name].kind)]
        name = self.near(lambda one: is_dense(one.kind))
        return [name, word, self.question(name)]

    def near(self, test):
        """A vector column, in all numbers of dimensions about as often."""
        names = self.names(test)
        dims = {name: values.dims_of(self.known[name].kind) for name in names}
        return self.dice.seldom("dimensions asked", dims, 0.95)

    def measured(self, name):
        """Tags of how what is there is compared."""
        attribute = self.known[name]
        held = [doc[name] for doc in self.namespace.docs.values() if doc.get(name) is not None]
        self.tags += values.measured(attribute) + values.stored(attribute, held)
        full = len(self.namespace.schema.vectors()) == VECTORS_MAX
        self.tags += ["vector:one of eight columns"] * full

    def question(self, name):
        self.measured(name)
        numbers = values.question(self.dice, self.known[name].kind)
        if self.dice.chance(0.15):
            self.tag("base64 question")
            return values.packed(numbers)
        return numbers

    def key(self):
        names = self.names(lambda one: one.kind in SCALARS) + ["id"]
        return [self.dice.choice(names), self.dice.choice(["asc", "desc"])]

    def expressions(self, depth):
        able = ["filter"]
        if self.names(lambda one: one.full_text):
            able.append("BM25")
        if self.names(lambda one: one.kind == SPARSE):
            able.append("SparseKNN")
        if self.names(lambda one: one.kind in ("uint", "datetime")):
            able.append("Attribute")
        if self.names(lambda one: one.kind in (*NUMBERS, "datetime")):
            able.append("Dist")
        if depth:
            able += ["Sum", "Max", "Product", "Saturate", "Decay"]
        return able

    def inner(self, depth, guarded=False):
        """A part; a guarded one may be a number that is negative."""
        signed = self.names(lambda one: one.kind in ("int", "float"))
        if guarded and signed and self.dice.chance(0.6):
            self.tag("Attribute")
            return ["Attribute", self.dice.choice(signed)]
        return self.expression(self.dice.rare("part", self.expressions(depth)), depth)

    def expression(self, form, depth):
        dice = self.dice
        self.tag(form)
        if form == "filter":
            return Filters(dice, self.namespace, self.tags).draw(1)
        if form == "BM25":
            return self.text()
        if form == "SparseKNN":
            name = dice.choice(self.names(lambda one: one.kind == SPARSE))
            asked = values.asked_sparse(dice)
            self.tags += ["vector:sparse of many"] * (len(asked) > len(values.KEYS))
            return [name, "SparseKNN", asked]
        if form == "Attribute":
            return [
                "Attribute",
                dice.choice(self.names(lambda one: one.kind in ("uint", "datetime"))),
            ]
        if form == "Dist":
            return self.dist()
        if form == "Product":
            parts = [dice.choice([0, 0.5, 1, 2, 3.5]), self.inner(depth - 1)]
            return ["Product", *dice.sample(parts, 2)]
        if form in ("Saturate", "Decay"):
            return self.bent(form, depth)
        return self.combined(form, depth)

    def combined(self, form, depth):
        dice = self.dice
        constants = [dice.choice([0, 0.25, 1])] if dice.chance(0.4) else []
        guarded = form == "Max" and bool(constants)
        parts = [self.inner(depth - 1, guarded) for _ in range(dice.randint(1, 3))]
        parts = dice.sample(parts + constants, len(parts + constants))
        # A list is told from variadic parts by its own first word.
        if len(parts) > 1 and dice.chance(0.4):
            self.tag("variadic")
            return [form, *parts]
        return [form, parts]

    def bent(self, form, depth):
        dice = self.dice
        moments = self.names(lambda one: one.kind == "datetime")
        if moments and dice.chance(0.25):
            self.tag("Dist")
            part = self.dist(moments)
        else:
            part = self.inner(depth - 1, guarded=form == "Saturate")
        midpoint = dice.choice([0.5, 1, 2, 10])
        timed = part[0] == "Dist" and self.known[part[1][1]].kind == "datetime"
        if timed:
            midpoint = dice.choice([3_600_000, 8.64e7])
            if dice.chance(0.7):
                self.tag("duration")
                unit = dice.choice(list(SPANS))
                midpoint = f"{dice.randint(1, SPANS[unit])}{unit}"
        options = {"midpoint": midpoint}
        if dice.chance(0.5):
            options["exponent"] = dice.choice([0.5, 1, 2])
        return [form, part, options]

    def dist(self, names=None):
        dice = self.dice
        name = dice.choice(names or self.names(lambda one: one.kind in (*NUMBERS, "datetime")))
        origin = dice.choice([0, 1, 2.5, -3])
        if self.known[name].kind == "datetime":
            origin = values.instant(dice) if dice.chance(0.9) else 1_709_251_200_000
        return ["Dist", ["Attribute", name], origin]

    def text(self):
        dice = self.dice
        names = self.names(lambda one: one.full_text)
        name = dice.seldom("language asked", values.languages(self.known, names))
        one = self.known[name]
        self.tags += values.analyzed(one)
        if one.pre_tokenized:
            self.tag("BM25 list")
            asked = [values.word(dice, one) for _ in range(dice.randint(0, 4))]
        else:
            asked = values.text(dice, one, 5)
        if dice.chance(0.35):
            self.tag("BM25 last_as_prefix")
            if asked and dice.chance(0.7):
                cut = dice.randint(1, 3)
                listed = isinstance(asked, list)
                asked = (
                    [*asked[:-1], asked[-1][:cut]]
                    if listed
                    else asked + " " + values.word(dice, one)[:cut]
                )
            return [name, "BM25", asked, {"last_as_prefix": True}]
        return [name, "BM25", asked]
