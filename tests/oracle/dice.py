"""Dice that favour what was seldom drawn, so that no operator is left to luck."""

import random


# The more, the less does it matter to how often something can be drawn at all.
EVENLY = 12


class Dice(random.Random):
    def __init__(self, seed):
        super().__init__(seed)
        self.drawn = {}

    def chance(self, likely):
        return self.random() < likely

    def rare(self, family, options, kinds=None):
        """One of the options, one that was drawn less often being likelier by far.

        `kinds` are classes of options: one of a large class is worth a fifth of one that is alone.
        """
        counts = self.drawn.setdefault(family, {})
        by_kind = self.drawn.setdefault(f"{family} by kind", {})
        kinds = kinds or {}

        def often(option):
            own = counts.get(option, 0)
            kind = kinds.get(option)
            return own if kind is None else min(by_kind.get(kind, 0), 5 * own)

        weights = [1 / (1 + often(option)) ** EVENLY for option in options]
        (drawn,) = self.choices(options, weights)
        self.count(family, drawn, kinds, 1)
        return drawn

    def scarce(self, family, options):
        """One of the options that are drawn elsewhere, likelier by far if that was seldom; not counted."""
        counts = self.drawn.get(family, {})
        weights = [1 / (1 + counts.get(option, 0)) ** EVENLY for option in options]
        return self.choices(options, weights)[0]

    def seldom(self, family, kinds, likely=0.5):
        """One of {name: its kind}, so often of a kind that was seldom drawn so."""
        names = list(kinds)
        if self.chance(likely):
            kind = self.rare(family, list(dict.fromkeys(kinds.values())))
            names = [name for name in names if kinds[name] == kind]
        return self.choice(names)

    def count(self, family, option, kinds, more):
        """What was drawn in vain is taken back."""
        for table, key in ((family, option), (f"{family} by kind", kinds.get(option))):
            counts = self.drawn[table]
            counts[key] = counts.get(key, 0) + more

    def some(self, options, least, most):
        """So many of them or less, each once, in their order."""
        options = list(options)
        count = min(len(options), self.randint(least, most))
        return [options[at] for at in sorted(self.sample(range(len(options)), count))]
