"""Highlights: of what a ranking asks of a text, or by an expression of their own."""

from types import SimpleNamespace

import draw_values as values
from analyzer import words
from draw_filters import Filters, able
from filters import NEGATIONS, OPERATORS, TOKENS
from highlights import CUTS, FRAGMENT, OFFSETS, spans, texts
from schema import Attribute

OWN = ("rank_fragments_by", "question", "filter", "token filter", "both")
DRAWN = (*CUTS, "fragment_limit", "array", *OWN)
FORMS = ("Sum", "Max", "Product", "Saturate", "Decay")
# Texts of which the fragments are looked at, to ask for one that is there.
TEXTS_MAX = 5


def asked_of(rank, name):
    """All that a ranking asks of the texts of an attribute."""
    if not isinstance(rank, list) or not rank:
        return []
    if len(rank) > 1 and rank[1] == "BM25":
        return [rank] if rank[0] == name else []
    return [one for part in rank for one in asked_of(part, name)]


class Highlights:
    def __init__(self, dice, namespace, tags):
        self.dice = dice
        self.tags = tags
        self.docs = namespace.docs.values()
        known = namespace.schema.attributes
        self.texts = {
            name: one for name, one in known.items() if one.full_text and not one.pre_tokenized
        }

    def tag(self, word):
        self.tags.append(f"highlight:{word}")

    def draw(self, rank):
        dice = self.dice
        asked = [name for name in self.texts if asked_of(rank, name)]
        name = dice.choice(asked if asked and dice.chance(0.7) else list(self.texts))
        if self.texts[name].kind != "string":
            self.tag("array")
        options = self.options()
        cut = options.get("fragment_by", "sentence")
        self.tag(cut)
        questions = asked_of(rank, name)
        if not questions or dice.chance(0.3):
            options["rank_fragments_by"] = self.ranked(name, cut, questions)
        return ["Highlight", name, options] if options else ["Highlight", name]

    def options(self):
        dice, options = self.dice, {}
        if dice.chance(0.8):
            options["fragment_by"] = dice.rare("cut", CUTS)
        if dice.chance(0.5):
            self.tag("fragment_limit")
            options["fragment_limit"] = dice.choice([1, 1, 2, 5, 1024])
        if dice.chance(0.6):
            options["include_offsets"] = dice.choice(OFFSETS)
        return options

    def ranked(self, name, cut, known):
        """An expression over fragments, at times with a question of the ranking."""
        tests = FragmentTests(self.dice, self.texts[name], self.pieces(name, cut))
        drawn = set()

        def part(depth):
            dice = self.dice
            form = dice.choice(["question", "filter", *(FORMS if depth else ("filter",))])
            if form == "question":
                drawn.add(form)
                asked = known and dice.chance(0.5)
                return [FRAGMENT, *dice.choice(known)[1:]] if asked else self.question(name)
            if form == "filter":
                drawn.add(form)
                return tests.draw(drawn)
            if form == "Product":
                return ["Product", *dice.sample([dice.choice([0, 0.5, 2, 2]), part(depth - 1)], 2)]
            if form in ("Saturate", "Decay"):
                curve = {"midpoint": dice.choice([0.5, 1, 2])}
                return [form, part(depth - 1), curve | dice.choice([{}, {"exponent": 2}])]
            parts = [part(depth - 1) for _ in range(dice.choice([1, 2, 2, 3]))]
            return [form, parts + [dice.choice([0, 0.25, 1])] * dice.chance(0.2)]

        expression = part(2)
        both = ["both"] * (drawn >= {"question", "filter"})
        for word in ["rank_fragments_by", *sorted(drawn), *both]:
            self.tag(word)
        return expression

    def pieces(self, name, cut):
        """Fragments that are there, or none."""
        held = [text for doc in self.docs for text in texts(doc.get(name))]
        return [
            text[start:end]
            for text in self.dice.some(held, 1, TEXTS_MAX)
            for start, end in spans(text, cut, words(text, self.texts[name].full_text))
        ]

    def question(self, name):
        """Words of some document, or any: of words at random few fragments have two."""
        held = [doc[name] for doc in self.docs if doc.get(name)]
        if not held or self.dice.chance(0.3):
            return [FRAGMENT, "BM25", values.text(self.dice, self.texts[name], 4)]
        text = self.dice.choice(held)
        words = (text if isinstance(text, str) else " ".join(text)).split()
        return [FRAGMENT, "BM25", " ".join(self.dice.some(words, 2, 5))]


class FragmentTests:
    """Filters over fragments, which hold now and then: of words at random, few do."""

    def __init__(self, dice, attribute, pieces):
        self.dice = dice
        self.one = Attribute(
            "string", full_text=attribute.full_text, regex=True, glob=True, fuzzy=True
        )
        self.pieces = pieces
        docs = {at: {FRAGMENT: piece} for at, piece in enumerate(pieces)}
        schema = SimpleNamespace(attributes={FRAGMENT: self.one}, id_type="uint")
        # What is asked of fragments is told of no document.
        self.filters = Filters(dice, SimpleNamespace(schema=schema, docs=docs), [])
        self.others = [word for word in OPERATORS if able(word, self.one) and word not in TOKENS]

    def draw(self, drawn, depth=2):
        dice = self.dice
        if depth and dice.chance(0.25):
            word = dice.choice(["And", "Or", "Not"])
            if word == "Not":
                return ["Not", self.draw(drawn, depth - 1)]
            return [word, [self.draw(drawn, depth - 1) for _ in range(dice.choice([0, 2, 2, 3]))]]
        if dice.chance(0.4):
            drawn.add("token filter")
            word = dice.choice(TOKENS)
        else:
            word = dice.rare("fragment", self.others)
        positive = NEGATIONS.get(word, word)
        asked = self.filters.operands(FRAGMENT, self.one, positive)
        if self.pieces and dice.chance(0.6) and positive in ("Eq", "In", "Lt", "Lte", "Gt", "Gte"):
            piece = dice.choice(self.pieces)
            asked = [[piece, "cat"]] if positive == "In" else [piece]
        return [FRAGMENT, word, *asked]
