"""What was asked so far, how often: a run in which something was hardly asked has shown little of
it.
"""

import collections
import dataclasses

import draw_aggregated as aggregated
import draw_aggregations as aggregations
import filters
import own_filters
from aggregations import WORDS
from draw_about import WORDS as ABOUT
from draw_filters import OPERANDS, REFERRED
from draw_flaws import TABLE
from draw_highlights import DRAWN
from draw_own import ORDERS, SAID
from draw_queries import AGGREGATES, FRAMES
from draw_ranks import FORMS, VARIANTS
from draw_schemas import CHANGES
from draw_values import DIMS, KEPT
from draw_writes import BESIDE, VERBS
from flaws_aggregations import AGGREGATIONS
from schema import ID_TYPES, LANGUAGES, METRICS, TOKENIZERS

# Where a namespace is read only, a write is refused that is otherwise right.
GUARDED_FLAW = "write to what is read only"
# Of more dimensions than a lane has; and what else is told of what is measured.
MEASURED = [*KEPT, *METRICS, "sparse of many", "beyond the last float", "none of several"]
MEASURED += ["one of eight columns", "null"]
# So many requests are worth so many of each.
WHOLE_RUN = 100_000


@dataclasses.dataclass
class Wanted:
    """What a run has to ask: families of what is accepted, and the flaws of what is refused; some
    are what a request meets, and not its own."""

    expected: dict
    flaws: list
    met: tuple = ()


AGGREGATED = {
    "aggregation": WORDS,
    "aggregation option": aggregations.TAGS,
    "aggregation order": aggregations.ORDERS,
    "aggregation frame": aggregations.FRAMES,
    "filter of Elasticsearch": own_filters.QUERIES,
}
ALL = AGGREGATED | {
    "operator": [*filters.OPERATORS, "And", "Or", "Not", *OPERANDS],
    "ranking": [*FORMS, *VARIANTS],
    "aggregate": AGGREGATES,
    "frame": FRAMES,
    "write": VERBS,
    "highlight": DRAWN,
    "beside": BESIDE,
    "id": ID_TYPES,
    "reference": REFERRED,
    "rows of /v1": [*ORDERS, *SAID],
    "language": LANGUAGES,
    "tokenizer": TOKENIZERS,
    "dimensions": DIMS,
    "vector": MEASURED,
    "about": ABOUT,
    "change": CHANGES,
}
ALONE = AGGREGATED | {"rows of /v1": ORDERS, "aggregation limit": aggregated.LIMITS}
# By the name of what is asked alone.
RUNS = {
    None: Wanted(ALL, list(TABLE), met=(GUARDED_FLAW,)),
    "aggregations": Wanted(ALONE, list(AGGREGATIONS)),
}


class Tally:
    def __init__(self, only=None):
        self.wanted = RUNS[only]
        self.accepted = collections.Counter()
        # By kind, with which statuses, and the kind by the flaw that was drawn.
        self.refused = collections.Counter()
        self.statuses = collections.defaultdict(set)
        self.kinds = {}
        self.asked = 0

    def accept(self, tags):
        self.accepted.update(set(tags))

    def refuse(self, status, kind, flaw):
        self.refused[kind] += 1
        self.statuses[kind].add(status)
        if flaw:
            self.kinds[flaw] = kind

    def merge(self, other):
        self.accepted += other.accepted
        self.refused += other.refused
        for kind, statuses in other.statuses.items():
            self.statuses[kind] |= statuses
        self.kinds |= other.kinds
        self.asked += other.asked

    def rows(self):
        """(family, what, how often), what was never drawn included."""
        for family, words in self.wanted.expected.items():
            for word in words:
                yield family, word, self.accepted[f"{family}:{word}"]
        for kind in sorted(self.refused):
            statuses = " or ".join(map(str, sorted(self.statuses[kind])))
            yield "refusal", f"{statuses} {kind}", self.refused[kind]
        for flaw in (*self.wanted.flaws, *self.wanted.met):
            if flaw not in self.kinds:
                yield "flaw", flaw, 0

    def scarce(self, least):
        return [row for row in self.rows() if row[-1] < least]

    def table(self):
        lines = [f"{count:8}  {family} {word}" for family, word, count in self.rows()]
        return "\n".join([f"{self.asked} requests", *lines])
