"""How near vectors are to one that is asked for, and how far from that rounding may take a server.

All is counted in doubles here. Who counts in floats of 32 bits rounds each of the terms and each
sum of them, in whatever order: the result is off by as many half units of the last place as there
are terms, each of the sum of their magnitudes, and by a few for what is done before and after.
Where all terms are multiples of one power of two, and their sum has room in a float, nothing is
rounded at all, and one answer is right.
"""

import math
from typing import NamedTuple

import numpy

# Half a unit of the last place of a number between one and two.
ROUNDING = 2.0**-24
# To take a difference, to square it, and to print the sum; a part more, for errors of errors.
AROUND_SUM = 4
# Two roots, their product, a quotient, a difference, and to print that.
AROUND_ANGLE = 8
# Nothing is further away than this: no float of 32 bits can tell it.
FURTHEST = float(numpy.finfo(numpy.float32).max)
# Whole numbers, eighths, and products of two of these.
GRIDS = (0, 3, 6)


class Measured(NamedTuple):
    """A number, and how far from it another is right, too."""

    value: float
    slack: float = 0.0


def whole(terms):
    """Whether sums of them are exact in any order."""
    for bits in GRIDS:
        scaled = terms * 2.0**bits
        if (scaled == numpy.rint(scaled)).all():
            return bool(abs(scaled).sum() <= 1 / ROUNDING)
    return False


def summed(terms):
    slack = 0.0 if whole(terms) else (len(terms) + AROUND_SUM) * ROUNDING * abs(terms).sum()
    return ended(float(terms.sum()), float(slack))


def ended(value, slack):
    """What is beyond the last float ends there, wherever in its slack it is."""
    beyond = abs(value) - FURTHEST
    if beyond <= 0:
        return Measured(value, slack)
    return Measured(math.copysign(FURTHEST, value), max(0.0, slack - beyond))


def cosine(one, other):
    product, lengths = one * other, (one**2, other**2)
    length = math.sqrt(lengths[0].sum() * lengths[1].sum())
    if not length:
        return Measured(0.0)
    # The magnitudes of a product are no more than the length; half an error is in the root of it.
    parts = [(product, 1), *((squares, 0.5) for squares in lengths)]
    rounded = sum(share * len(one) for terms, share in parts if not whole(terms))
    return Measured(float(product.sum()) / length, (AROUND_ANGLE + rounded) * ROUNDING)


def similarity(metric, one, other):
    """The more the nearer."""
    if metric == "cosine_distance":
        return cosine(one, other)
    if metric == "dot_product":
        return summed(one * other)
    distance = summed((one - other) ** 2)
    return Measured(-distance.value, distance.slack)


def distance(attribute, asked):
    """Of a stored vector to the one that is asked for."""
    metric = attribute.metric

    def of(held):
        near = similarity(metric, held.astype(numpy.float64), asked)
        if metric == "cosine_distance":
            return Measured(max(0.0, 1 - near.value), near.slack)
        return Measured(-near.value, near.slack)

    return of


def likeness(attribute, asked):
    """MaxSim: of each vector that is asked for the best among those of the document, summed."""

    def of(held):
        held = held.astype(numpy.float64)
        alike = [[similarity(attribute.metric, one, other) for other in held] for one in asked]
        best = numpy.array([max(row).value for row in alike])
        slack = sum(max(near.slack for near in row) for row in alike)
        total = summed(best)
        return ended(total.value, total.slack + slack)

    return of


def root(measured):
    """The distance of which this is the square."""
    value, slack = measured
    if not slack and math.isqrt(int(value * 4096)) ** 2 == value * 4096:
        return Measured(math.sqrt(value))
    off = math.sqrt(value) - math.sqrt(max(0.0, value - slack))
    return Measured(math.sqrt(value), off + 2 * ROUNDING * math.sqrt(value))
