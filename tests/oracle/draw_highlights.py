"""Highlights: of what a ranking asks of a text, or of a question of their own."""

import draw_values as values
from highlights import CUTS, FRAGMENT, OFFSETS

DRAWN = (*CUTS, "fragment_limit", "rank_fragments_by", "array")


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
        # Of two that are not alike nobody says which of them has to be found.
        if not questions or (len(questions) == 1 and dice.chance(0.3)):
            self.tag("rank_fragments_by")
            options["rank_fragments_by"] = self.ranked(name, *questions)
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

    def ranked(self, name, known=None):
        dice = self.dice
        if known is not None:
            one = [FRAGMENT, *known[1:]]
            return dice.choice([one, ["Sum", [one]], ["Product", 2, one]])
        parts = [self.question(name) for _ in range(dice.choice([1, 1, 2]))]
        form = dice.choice(["alone", "Sum", "Max", "Product"])
        if form == "alone":
            return parts[0]
        if form == "Product":
            return dice.choice([["Product", 2, parts[0]], ["Product", parts[0], 0.5]])
        return [form, parts]

    def question(self, name):
        """Words of some document, or any: of words at random few fragments have two."""
        held = [doc[name] for doc in self.docs if doc.get(name)]
        if not held or self.dice.chance(0.3):
            return [FRAGMENT, "BM25", values.text(self.dice, self.texts[name], 4)]
        text = self.dice.choice(held)
        words = (text if isinstance(text, str) else " ".join(text)).split()
        return [FRAGMENT, "BM25", " ".join(self.dice.some(words, 2, 5))]
