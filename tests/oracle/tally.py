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
from draw_filters import REFERRED
from draw_flaws import TABLE
from draw_highlights import DRAWN
from draw_own import ORDERS, SAID
from draw_queries import AGGREGATES, FRAMES
from draw_ranks import FORMS, VARIANTS
from draw_values import DIMS, KEPT
from draw_writes import BESIDE, VERBS
from flaws_aggregations import AGGREGATIONS
from schema import LANGUAGES, METRICS, TOKENIZERS

# Where a namespace is read only, a write is refused that is otherwise right.
GUARDED_FLAW = "write to what is read only"
# Of more dimensions than a lane has.
MEASURED = [*KEPT, *METRICS, "sparse of many"]
# So many requests are worth so many of each.
WHOLE_RUN = 100_000


@dataclasses.dataclass
class Part:
    """What belongs together, and whether it is most of a run or one part in so many."""

    # Families of what is accepted, and the flaws of what is refused.
    expected: dict
    flaws: list
    rarer: int = 1


GENERAL = Part(
    {
        "operator": [*filters.OPERATORS, "And", "Or", "Not", "$ref_new", "last_as_prefix"],
        "ranking": [*FORMS, *VARIANTS],
        "aggregate": AGGREGATES,
        "frame": FRAMES,
        "write": VERBS,
    },
    [flaw for flaw in TABLE if flaw not in AGGREGATIONS],
)
RARE = Part(
    {
        "highlight": DRAWN,
        "beside": BESIDE,
        "reference": REFERRED,
        "rows of /v1": [*ORDERS, *SAID],
        "language": LANGUAGES,
        "tokenizer": TOKENIZERS,
        "dimensions": DIMS,
        "vector": MEASURED,
        "about": ABOUT,
    },
    [GUARDED_FLAW],
    rarer=4,
)
AGGREGATED = Part(
    {
        "aggregation": WORDS,
        "aggregation option": aggregations.TAGS,
        "aggregation order": aggregations.ORDERS,
        "aggregation frame": aggregations.FRAMES,
        "filter of Elasticsearch": own_filters.QUERIES,
    },
    list(AGGREGATIONS),
    rarer=4,
)
ALONE = Part(
    AGGREGATED.expected | {"rows of /v1": ORDERS, "aggregation limit": aggregated.LIMITS},
    AGGREGATED.flaws,
)
# What a run asks, by the name of what it asks alone.
PARTS = {None: (GENERAL, RARE, AGGREGATED), "aggregations": (ALONE,)}


class Tally:
    def __init__(self, only=None):
        self.parts = PARTS[only]
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
        """(part, family, what, how often), what was never drawn included."""
        counts = collections.Counter()
        for (_, kind), count in self.refused.items():
            counts[kind] += count
        told = set()
        for part in self.parts:
            for family, words in part.expected.items():
                for word in words:
                    yield part, family, word, self.accepted[f"{family}:{word}"]
            # A kind that several have is counted with the first.
            kinds = {self.kinds[flaw] for flaw in part.flaws if flaw in self.kinds} - told
            told |= kinds
            for kind in sorted(kinds):
                yield part, "refusal", kind, counts[kind]
            for flaw in part.flaws:
                if flaw not in self.kinds:
                    yield part, "flaw", flaw, 0

    def scarce(self, least):
        return [
            (family, word, count, least // part.rarer)
            for part, family, word, count in self.rows()
            if count < least // part.rarer
        ]

    def table(self):
        lines = [f"{self.asked} requests"]
        for _, family, word, count in self.rows():
            if family != "refusal":
                lines.append(f"{count:8}  {family} {word}")
        for (status, kind), count in sorted(self.refused.items()):
            lines.append(f"{count:8}  refusal {status} {kind}")
        return "\n".join(lines)
