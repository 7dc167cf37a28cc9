"""Metrics: the exact figure of some values, rounded once.

Values are whole numbers of a unit: integers of 1, moments of a thousandth of a millisecond, floats
of the smallest there is. So sums and squares are exact, whatever their order, and the quotient of
two whole numbers is rounded once by Python.
"""

import dataclasses
import math
import struct
import sys
from fractions import Fraction

from matched import Moment, OneOf, Text, Within
from printed import moment, usual
from values import show

LARGEST = sys.float_info.max
TINIEST = sys.float_info.min
UNITS = {"int": 1, "uint": 1, "datetime": 1000, "float": 2**1074}
EXACT_PERCENTILES_MAX = 4096
THRESHOLD_MAX = 40_000
# A sketch does not tell a count to the last one.
ERROR_OF_COUNT = 0.05
PART_BITS = 45
STATS = ("count", "min", "max", "avg", "sum")
VARIANCES = ("variance", "variance_population", "variance_sampling")
DEVIATIONS = ("std_deviation", "std_deviation_population", "std_deviation_sampling")
EXTENDED = (*STATS, "sum_of_squares", *VARIANCES, *DEVIATIONS)


@dataclasses.dataclass
class Figure:
    """A number of a metric: as buckets are ordered by it, and as each contract tells it."""

    order: float | None = None
    v1: object = None
    v2: object = None
    # The thousands of it, exactly, if it is a moment: it has its text beside it.
    micros: Fraction | None = None
    # Whether it is only about right, and whether it is what is right of a rougher value.
    rough: bool = False
    binned: bool = False

    def text(self):
        """Of the milliseconds as told, or as they are: a large sum has no fraction left."""
        parts = {Fraction(self.v1) // 1, self.micros // 1000}
        texts = [moment(part * 1000) for part in sorted(parts)]
        return OneOf(*texts) if all(usual(part * 1000, 0) for part in parts) else Text(texts[0])


NOTHING = Figure()


def rounded(number, parts):
    """The nearest f64 to a quotient, or the largest there is of its sign."""
    try:
        return number / parts
    except OverflowError:
        return LARGEST if number > 0 else -LARGEST


def capped(figure):
    return max(-LARGEST, min(LARGEST, figure))


def whole(kind, value):
    """A value as a whole number of its unit."""
    if kind != "float":
        return value
    number, parts = value.as_integer_ratio()
    return number * (UNITS[kind] // parts)


def own(kind, value):
    """A value as the second contract tells it."""
    if kind != "datetime":
        return show(kind, value)
    text = moment(value)
    return Moment(value, text) if usual(value, 0) else Text(text)


def counted(number):
    return Figure(float(number), number, number)


class Sums:
    """How many values there are, and the exact sums of them and of their squares."""

    def __init__(self, kind, values):
        self.kind = kind
        self.values = values
        self.unit = UNITS[kind]
        wholes = [whole(kind, value) for value in values]
        self.count = len(wholes)
        self.sum = sum(wholes)
        self.squares = sum(one * one for one in wholes)

    def moment(self, number, parts, v2=None):
        """A figure that is a moment if the values are."""
        told = rounded(number, parts * self.unit)
        micros = Fraction(number, parts) if self.kind == "datetime" else None
        return Figure(told, told, told if v2 is None else v2, micros)

    def total(self):
        return self.moment(self.sum, 1, self.sum if self.kind in ("int", "uint") else None)

    def average(self):
        return self.moment(self.sum, self.count) if self.count else NOTHING

    def extreme(self, choose):
        if not self.values:
            return NOTHING
        value = choose(self.values)
        return self.moment(whole(self.kind, value), 1, own(self.kind, value))

    def spread(self, parts):
        """The squares of the distances from the average, over so many parts."""
        if parts <= 0:
            return NOTHING
        above = self.count * self.squares - self.sum * self.sum
        told = rounded(above, self.count * parts * self.unit * self.unit)
        return Figure(told, told, told)

    def sum_of_squares(self):
        if not self.count:
            return NOTHING
        told = rounded(self.squares, self.unit * self.unit)
        return Figure(told, told, told)

    def stats(self):
        return {
            "count": counted(self.count),
            "min": self.extreme(min),
            "max": self.extreme(max),
            "avg": self.average(),
            "sum": self.total(),
        }

    def extended(self):
        population, sample = self.spread(self.count), self.spread(self.count - 1)
        variances = (population, population, sample)
        return (
            self.stats()
            | {"sum_of_squares": self.sum_of_squares()}
            | dict(zip(VARIANCES, variances))
            | dict(zip(DEVIATIONS, map(root, variances)))
        )


def root(variance):
    told = None if variance.order is None else math.sqrt(variance.order)
    return Figure(told, told, told)


def bounds(figures, sigma):
    """Of extended stats: so many deviations around the average."""
    told = {}
    for ending in ("", "_population", "_sampling"):
        deviation = figures["std_deviation" + ending].order
        for word, sign in (("upper", 1), ("lower", -1)):
            told[word + ending] = (
                None
                if deviation is None
                else capped(figures["avg"].order + sign * (sigma * deviation))
            )
    return told


def percentile(kind, ranked, percent):
    """The figure at a percent: exact up to so many values, and of more the middle of a part."""
    if not ranked:
        return NOTHING
    at = percent / 100.0 * (len(ranked) - 1)
    if len(ranked) <= EXACT_PERCENTILES_MAX:
        told = between(ranked, at)
    elif percent in (0, 100):
        told = ranked[0 if percent == 0 else -1]
    else:
        value = ranked[math.floor(at)]
        told = max(ranked[0], min(ranked[-1], middle(value)))
        if 0 < abs(value) < TINIEST:
            about = Within(told, TINIEST)
            return Figure(told, about, about, binned=True)
    binned = len(ranked) > EXACT_PERCENTILES_MAX
    if kind == "datetime":
        told /= 1000.0
        return Figure(told, told, told, Fraction(told) * 1000, binned=binned)
    return Figure(told, told, told, binned=binned)


def between(ranked, at):
    below = math.floor(at)
    part = at - below
    low = ranked[below]
    if part == 0 or low == ranked[below + 1]:
        return low
    high = ranked[below + 1]
    apart = high - low
    return low * (1 - part) + high * part if math.isinf(apart) else low + part * apart


def middle(value):
    """The middle of the values that have its sign, its exponent and 7 bits of its fraction."""
    if abs(value) < TINIEST:
        return 0.0
    (bits,) = struct.unpack("<Q", struct.pack("<d", abs(value)))
    bits = bits >> PART_BITS << PART_BITS | 1 << (PART_BITS - 1)
    (size,) = struct.unpack("<d", struct.pack("<Q", bits))
    return math.copysign(size, value)


def cardinality(values, threshold):
    different = len(set(values))
    if different <= min(threshold, THRESHOLD_MAX):
        return counted(different)
    about = Within(different, max(1, different * ERROR_OF_COUNT))
    return Figure(float(different), about, about, rough=True)
