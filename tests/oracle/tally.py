"""What was asked so far, how often: a run in which something was hardly asked has shown little of
it.
"""

import collections

import filters
from draw_flaws import TABLE
from draw_queries import AGGREGATES, FRAMES
from draw_ranks import FORMS, VARIANTS
from draw_writes import VERBS

EXPECTED = {
    "operator": [*filters.OPERATORS, "And", "Or", "Not", "$ref_new", "last_as_prefix"],
    "ranking": [*FORMS, *VARIANTS],
    "aggregate": AGGREGATES,
    "frame": FRAMES,
    "write": VERBS,
}
# So many requests are worth so many of each.
WHOLE_RUN = 100_000


class Tally:
    def __init__(self):
        self.accepted = collections.Counter()
        # (status, kind), and kind by the flaw that was drawn.
        self.refused = collections.Counter()
        self.kinds = {}
        self.asked = 0

    def accept(self, tags):
        self.accepted.update(set(tags))

    def refuse(self, status, kind, flaw):
        self.refused[status, kind] += 1
        if flaw:
            self.kinds[flaw] = kind

    def merge(self, other):
        self.accepted += other.accepted
        self.refused += other.refused
        self.kinds |= other.kinds
        self.asked += other.asked

    def rows(self):
        """(family, what, how often), what was never drawn included."""
        for family, words in EXPECTED.items():
            for word in words:
                yield family, word, self.accepted[f"{family}:{word}"]
        counts = collections.Counter()
        for (_, kind), count in self.refused.items():
            counts[kind] += count
        for kind in sorted({self.kinds[flaw] for flaw in TABLE if flaw in self.kinds}):
            yield "refusal", kind, counts[kind]
        for flaw in TABLE:
            if flaw not in self.kinds:
                yield "flaw", flaw, 0

    def scarce(self, least):
        return [(family, word, count) for family, word, count in self.rows() if count < least]

    def table(self):
        lines = [f"{self.asked} requests"]
        for family, word, count in self.rows():
            if family != "refusal":
                lines.append(f"{count:8}  {family} {word}")
        for (status, kind), count in sorted(self.refused.items()):
            lines.append(f"{count:8}  refusal {status} {kind}")
        return "\n".join(lines)
