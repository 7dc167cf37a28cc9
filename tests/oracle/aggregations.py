"""Aggregations: a tree of questions about documents, and what each of them comes to.

A contract reads a request into nodes, and prints what they tell. What they come to is the same in
both.
"""

import dataclasses

import figures
from buckets import Bucket, Filters, Keyed
from refusal import Unsure, refuse

DEPTH_MAX = 4
NODES_MAX = 64
BUCKETS_MAX = 65_536
SINGLE = ("avg", "min", "max", "sum", "value_count", "cardinality")
METRICS = (*SINGLE, "stats", "extended_stats", "percentiles")
BUCKETS = ("terms", "histogram", "date_histogram", "range", "filters")
WORDS = (*METRICS, *BUCKETS)
# What is not exact any more.
BINNED, SKETCHED = "percentiles of more than 4,096", "cardinality above its threshold"
MET = (BINNED, SKETCHED)


@dataclasses.dataclass
class Node:
    """An aggregation that is understood."""

    word: str
    # Its name behind those that it stands below.
    path: str
    field: str | None = None
    # The type of its values, one by one.
    kind: str | None = None
    missing: object = None
    options: dict = dataclasses.field(default_factory=dict)
    # What makes its buckets, if it has any.
    maker: object = None
    below: dict = dataclasses.field(default_factory=dict)

    def elements(self, doc):
        """The values of a document: of moments microseconds, of zeros the one without a sign."""
        held = doc.get(self.field)
        held = held if isinstance(held, tuple) else () if held is None else (held,)
        if self.kind == "datetime":
            held = tuple(value // 1000 for value in held)
        if self.kind == "float":
            held = tuple(value + 0.0 for value in held)
        return held or (() if self.missing is None else (self.missing,))

    def comparable(self, doc):
        """The values as the nearest f64, moments as microseconds."""
        held = self.elements(doc)
        return held if self.kind == "datetime" else tuple(map(float, held))

    def walk(self):
        yield self
        for node in self.below.values():
            yield from node.walk()


@dataclasses.dataclass
class Told:
    """What a node comes to: figures, or buckets and how many documents stand in others."""

    node: Node
    figures: object = None
    buckets: list | None = None
    others: int = 0


class Budget:
    """How many buckets one request may have."""

    def __init__(self, nodes):
        self.paths = [node.path for node in nodes if node.maker is not None]
        self.sure = 0
        # With those of which nobody says whether they count.
        self.most = 0
        # What else was met on the way.
        self.met = set()

    def foresee(self, count):
        if self.sure + count > BUCKETS_MAX:
            refuse("too many buckets", names=self.paths, code="invalid")

    def spend(self, count, doubted=False):
        self.foresee(0 if doubted else count)
        self.most += count
        self.sure += 0 if doubted else count
        if self.most > BUCKETS_MAX:
            raise Unsure({200, 400})


def ask(nodes, docs):
    """({name: what it tells}, what was met on the way)"""
    budget = Budget([node for root in nodes.values() for node in root.walk()])
    return {name: Asking(budget).of(node, docs) for name, node in nodes.items()}, budget.met


class Asking:
    """Where a node is asked: what stands in no bucket that is told is counted, and not told."""

    def __init__(self, budget, told=True, filler=False, within=False):
        self.budget = budget
        self.told = told
        # Whether it is below a bucket that fills a gap, or below any.
        self.filler = filler
        self.within = within

    def below(self, told, filler):
        return Asking(self.budget, self.told and told, self.filler or filler, within=True)

    def of(self, node, docs):
        if node.maker is None:
            return self.measured(node, docs) if self.told else None
        if isinstance(node.maker, Keyed):
            return self.keyed(node, docs)
        return self.apart(node, docs)

    def measured(self, node, docs):
        told = measure(node, docs)
        if node.word == "percentiles" and any(one.binned for one in told.values()):
            self.budget.met.add(BINNED)
        if node.word == "cardinality" and told.rough:
            self.budget.met.add(SKETCHED)
        return Told(node, figures=told)

    def apart(self, node, docs):
        """Buckets that are there whatever stands in them."""
        made = node.maker.buckets(node, docs)
        # Nobody says whether these count below an empty one of their kind, or an empty rest does.
        doubted = self.within and not docs and not self.filler
        for bucket in made:
            rest = isinstance(node.maker, Filters) and bucket is made[-1] and not bucket.docs
            self.budget.spend(1, doubted or (rest and node.maker.other is not None))
            self.fill(node, bucket, self.below(True, False))
        return Told(node, buckets=made)

    def keyed(self, node, docs):
        maker, budget = node.maker, self.budget
        known = maker.buckets(node, docs)
        budget.spend(len(known))
        if not self.told:
            for bucket in known.values():
                self.fill(node, bucket, self.below(False, False))
            return None
        made = list(known.values())
        if maker.fills:
            for place in maker.gaps(known, budget.foresee):
                budget.spend(1)
                made.append(Bucket(maker.key(place), [], filler=True))
        return self.chosen(node, made)

    def chosen(self, node, made):
        """In their order, those that are told."""
        maker = node.maker
        made = ordered(node, made)
        kept = [bucket for bucket in made if len(bucket.docs) >= maker.least][: maker.size]
        shown = set(map(id, kept))
        for bucket in made:
            if not bucket.filler:
                self.fill(node, bucket, self.below(id(bucket) in shown, False))
        self.fill_alike(node, [bucket for bucket in kept if bucket.filler])
        others = sum(len(bucket.docs) for bucket in made if id(bucket) not in shown)
        return Told(node, buckets=kept, others=others)

    def fill_alike(self, node, gaps):
        """What stands below nothing is the same everywhere: it is asked once, and counted each
        time."""
        before = self.budget.sure
        for number, bucket in enumerate(gaps):
            if number == 0:
                self.fill(node, bucket, self.below(True, True))
                spent = self.budget.sure - before
            else:
                self.budget.spend(spent)
                bucket.below = gaps[0].below

    @staticmethod
    def fill(node, bucket, asking):
        for name, one in node.below.items():
            bucket.below[name] = asking.of(one, bucket.docs)


def measure(node, docs):
    """A figure, several by their names, or of percentiles by their percents."""
    values = [value for doc in docs for value in node.elements(doc)]
    if node.word == "value_count":
        return figures.counted(len(values))
    if node.word == "cardinality":
        return figures.cardinality(values, node.options["precision_threshold"])
    if node.word == "percentiles":
        ranked = sorted(map(float, values))
        percents = node.options["percents"]
        return {percent: figures.percentile(node.kind, ranked, percent) for percent in percents}
    sums = figures.Sums(node.kind, values)
    return {
        "stats": sums.stats,
        "extended_stats": sums.extended,
        "avg": sums.average,
        "sum": sums.total,
        "min": lambda: sums.extreme(min),
        "max": lambda: sums.extreme(max),
    }[node.word]()


def ordered(node, made):
    """Buckets by what their node says, then by their keys."""
    made = sorted(made, key=lambda bucket: bucket.key)
    for by, downwards in reversed(node.maker.order):
        if by == "_key":
            made.sort(key=lambda bucket: bucket.key, reverse=downwards)
        elif by == "_count":
            made.sort(key=lambda bucket: len(bucket.docs), reverse=downwards)
        else:
            made = by_figure(made, downwards, measured(node, made, by))
    return made


def measured(node, made, by):
    name, figure = by
    told = [measure(node.below[name], bucket.docs) for bucket in made]
    told = [one if figure is None else one[figure] for one in told]
    if len(told) > 1 and any(one.rough for one in told):
        raise Unsure({200})
    return {id(bucket): one.order for bucket, one in zip(made, told)}


def by_figure(made, downwards, orders):
    """What has no figure comes last, in either direction."""
    with_one = [bucket for bucket in made if orders[id(bucket)] is not None]
    with_one.sort(key=lambda bucket: orders[id(bucket)], reverse=downwards)
    return with_one + [bucket for bucket in made if orders[id(bucket)] is None]
