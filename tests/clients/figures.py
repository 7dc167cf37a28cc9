"""What is said of the values of documents, worked out over plain rows with exact fractions, in the
shape in which Elasticsearch tells it.

A row is a document as it was written. Of a moment what counts is its microseconds since 1970.
"""

import datetime
import math
import sys
from fractions import Fraction

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICRO = datetime.timedelta(microseconds=1)
MILLI = datetime.timedelta(milliseconds=1)
MOMENTS = ("datetime", "[]datetime")
PERCENTS = [1, 5, 25, 50, 75, 95, 99]
SIGMA = 2
SPREAD = ("variance", "variance_population", "variance_sampling")
DEVIATION = ("std_deviation", "std_deviation_population", "std_deviation_sampling")
KINDS = ("population", "sampling")
METRICS = (
    "avg",
    "cardinality",
    "extended_stats",
    "max",
    "min",
    "percentiles",
    "stats",
    "sum",
    "value_count",
)


def micros(given):
    """Of a moment, which is a whole number of milliseconds: that, or a text of ISO, which is of UTC if
    it says nothing else, and of which what is finer is cut off."""
    if isinstance(given, int):
        return given * 1000
    at = datetime.datetime.fromisoformat(given)
    return (at.replace(tzinfo=at.tzinfo or datetime.UTC) - EPOCH) // MILLI * 1000


def spelt(ms, ahead=0):
    """A moment as a text, on a clock that is so many seconds ahead."""
    zone = datetime.timezone(datetime.timedelta(seconds=ahead))
    text = (EPOCH + datetime.timedelta(milliseconds=ms)).astimezone(zone)
    return text.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rounded(exact):
    """To the nearest float, and what is beyond the largest to that one."""
    try:
        return float(exact)
    except OverflowError:
        return sys.float_info.max if exact > 0 else -sys.float_info.max


class Attribute:
    """An attribute of some rows, as an aggregation looks at it."""

    def __init__(self, schema, options):
        self.name = options["field"]
        self.kind = schema[self.name]
        self.is_moment = self.kind in MOMENTS
        self._missing = options.get("missing")

    def values(self, row):
        """All elements of it."""
        held = row.get(self.name)
        if held is None or held == []:
            held = [] if self._missing is None else [self._missing]
        return [self.value(each) for each in (held if isinstance(held, list) else [held])]

    def value(self, given):
        if self.is_moment:
            return micros(given)
        # There is one zero.
        return 0.0 if isinstance(given, float) and given == 0 else given

    def all(self, rows):
        return [value for row in rows for value in self.values(row)]

    def figure(self, value):
        return Fraction(value, 1000) if self.is_moment else Fraction(value)

    def told(self, name, number):
        """A figure, and if it is a moment its text."""
        if number is None or not self.is_moment:
            return {name: number}
        return {name: number, f"{name}_as_string": spelt(math.floor(number))}


def metric(kind, options, schema, rows):
    """An aggregation without buckets, as it is answered."""
    attribute = Attribute(schema, options)
    values = attribute.all(rows)
    if kind == "value_count":
        return {"value": len(values)}
    if kind == "cardinality":
        return {"value": len(set(values))}
    if kind == "percentiles":
        return {"values": percentiles(attribute, values, options)}
    found = stats(attribute, values)
    if kind in found:
        return attribute.told("value", found[kind])
    answer = {"count": found["count"]}
    for name in ("min", "max", "avg", "sum"):
        answer |= attribute.told(name, found[name])
    if kind == "extended_stats":
        answer |= spread(attribute, values, found["avg"], options.get("sigma", SIGMA))
    return answer


def stats(attribute, values):
    figures = [attribute.figure(value) for value in values]
    total = sum(figures, Fraction(0))
    return {
        "count": len(figures),
        "min": rounded(min(figures)) if figures else None,
        "max": rounded(max(figures)) if figures else None,
        "avg": rounded(total / len(figures)) if figures else None,
        "sum": rounded(total),
    }


def spread(attribute, values, average, sigma):
    figures = [attribute.figure(value) for value in values]
    count, total = len(figures), sum(figures, Fraction(0))
    squares = sum((figure * figure for figure in figures), Fraction(0))
    apart = count * squares - total * total
    variances = {
        "population": rounded(apart / count**2) if count else None,
        "sampling": rounded(apart / (count * (count - 1))) if count > 1 else None,
    }
    answer = {"sum_of_squares": rounded(squares) if count else None, "std_deviation_bounds": {}}
    for kind in KINDS:
        variance = variances[kind]
        deviation = None if variance is None else math.sqrt(variance)
        names = [f"_{kind}", ""] if kind == "population" else [f"_{kind}"]
        for name in names:
            answer[f"variance{name}"] = variance
            answer[f"std_deviation{name}"] = deviation
            ends = {"upper": None, "lower": None}
            if deviation is not None:
                ends["upper"] = average + sigma * deviation
                ends["lower"] = average - sigma * deviation
            bounds = {f"{end}{name}": number for end, number in ends.items()}
            answer["std_deviation_bounds"] |= bounds
    return answer


def percentiles(attribute, values, options):
    ordered = sorted(map(float, values))
    answer, listed = {}, []
    for percent in sorted(map(float, options.get("percents", PERCENTS))):
        found = percentile(ordered, percent)
        if found is not None and attribute.is_moment:
            found /= 1000.0
        answer |= attribute.told(repr(percent), found)
        listed.append({"key": percent} | attribute.told("value", found))
    return answer if options.get("keyed", True) else listed


def percentile(ordered, percent):
    """Of at most 4,096 values, which are not put into bins."""
    if not ordered:
        return None
    position = (percent / 100.0) * (len(ordered) - 1)
    before = math.floor(position)
    part = position - before
    if part == 0 or ordered[before] == ordered[before + 1]:
        return ordered[before]
    gap = ordered[before + 1] - ordered[before]
    if math.isinf(gap):
        return ordered[before] * (1 - part) + ordered[before + 1] * part
    return ordered[before] + part * gap


def ordered_by(answer, path):
    """The figure of a nested metric that buckets are put in an order by."""
    found = answer[path[0]]
    if len(path) == 1:
        return found["value"]
    figure = ".".join(path[1:])
    if "values" not in found:
        return found[figure]
    values = found["values"]
    listed = values if isinstance(values, list) else ()
    keyed = {repr(each["key"]): each["value"] for each in listed} or values
    return keyed[repr(float(figure))]
