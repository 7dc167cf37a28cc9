"""Buckets: which documents stand together, and which are there although none stands in them.

A document stands in a bucket once, however many of its values lead there.
"""

import dataclasses
import math

from refusal import expect

WHOLE_MAX = 2**53


@dataclasses.dataclass
class Bucket:
    """Some documents, and what is told of them."""

    key: object
    docs: list
    # Where a range begins and ends.
    ends: tuple = (None, None)
    # Whether it is there only because its neighbours are.
    filler: bool = False
    below: dict = dataclasses.field(default_factory=dict)


class Keyed:
    """A bucket for each key that a value has, in an order, and not each of them told."""

    # Whether there is a bucket for what lies between two others.
    fills = False

    def __init__(self, order, least, size=None):
        # [(what of a bucket, whether downwards)], as the node understands it.
        self.order = order
        # So many documents a bucket that is told must have.
        self.least = least
        self.size = size

    def buckets(self, node, docs):
        """Those that have documents, by their keys."""
        groups, known = {}, {}
        for doc in docs:
            places = set()
            for value in node.elements(doc):
                if value not in known:
                    known[value] = self.place(value)
                places.add(known[value])
            for place in places:
                groups.setdefault(place, []).append(doc)
        return {place: Bucket(self.key(place), groups[place]) for place in sorted(groups)}


class Terms(Keyed):
    """A bucket for each different value."""

    def place(self, value):
        return value

    def key(self, place):
        return place


class Steps(Keyed):
    """Buckets side by side, and those between them, unless each must have documents."""

    def __init__(self, order, least, bounds):
        super().__init__(order, least)
        # Values that have to lie between the first bucket and the last.
        self.bounds = bounds

    @property
    def fills(self):
        return self.least == 0

    def gaps(self, places, foresee):
        """The places without documents from the first to the last.

        `foresee` is told how many there are at least, before each is made.
        """
        ends = [*places, *map(self.place, self.bounds)]
        if not ends:
            return
        place, last = min(ends), max(ends)
        foresee(self.fewest(place, last) - len(places))
        while place <= last:
            if place not in places:
                yield place
            place = self.after(place)


class Numbers(Steps):
    """Steps of one width: a place is how many of them lie below it."""

    def __init__(self, interval, offset, order, least, bounds):
        super().__init__(order, least, bounds)
        self.interval = interval
        self.offset = offset

    def place(self, value):
        steps = (float(value) - self.offset) / self.interval
        expect(abs(steps) < 2 * WHOLE_MAX, "histogram step")
        steps = math.floor(steps)
        expect(abs(steps) <= WHOLE_MAX, "histogram step")
        return steps

    def after(self, place):
        return place + 1

    def fewest(self, first, last):
        return last - first + 1

    def key(self, place):
        return place * self.interval + self.offset


class Moments(Steps):
    """Parts of a calendar: a place is when one begins."""

    def __init__(self, parts, zone, order, least, bounds):
        super().__init__(order, least, bounds)
        self.parts = parts
        self.zone = zone

    def place(self, value):
        return self.parts.floor(value)

    def after(self, place):
        return self.parts.after(place)

    def fewest(self, first, last):
        """Not all of them: to count them would take too long where there are too many."""
        return (last - first) // (2 * self.parts.longest())

    def key(self, place):
        return place


class Ranges:
    """From the first of two values on, and up to the second."""

    def __init__(self, ranges):
        # [(key, from, to)], in their order.
        self.ranges = ranges

    def buckets(self, node, docs):
        values = [(doc, node.comparable(doc)) for doc in docs]

        def within(low, high):
            def holds(value):
                return (low is None or low <= value) and (high is None or value < high)

            return [doc for doc, held in values if any(map(holds, held))]

        return [Bucket(key, within(low, high), (low, high)) for key, low, high in self.ranges]


class Filters:
    """One for each filter, and perhaps one for what none holds for."""

    def __init__(self, tests, other):
        # [(name or None, a function of a document)]
        self.tests = tests
        # The name of the last one, "" for one without, or None.
        self.other = other

    def buckets(self, node, docs):
        made = [Bucket(name, [doc for doc in docs if test(doc)]) for name, test in self.tests]
        if self.other is not None:
            rest = [doc for doc in docs if not any(test(doc) for _, test in self.tests)]
            made.append(Bucket(self.other or None, rest))
        return made
