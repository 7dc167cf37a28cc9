"""Figures and moments as text: where they are keys, and beside a number that is a moment."""

import re

from intervals import date_of
from refusal import EITHER, expect
from zones import DAY, HOUR, MILLISECOND, MINUTE, SECOND

# What makes a pattern: each letter that stands for something, as often as it is written.
PARTS = re.compile(r"yyyy|uuuu|MM|dd|HH|mm|ss|SSS|XXX|'([^']*)'|([^A-Za-z'])")
YEAR_MAX = 9999
NAMED = ("epoch_millis", "epoch_second", "strict_date_optional_time")
ISO = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"


def number(figure):
    """Its shortest digits, at least one of them after the point."""
    digits, power, exponent = repr(float(figure)).partition("e")
    return f"{digits}e{int(exponent)}" if power else digits


def zone_of(offset):
    if offset == 0:
        return "Z"
    sign, size = ("-", -offset) if offset < 0 else ("+", offset)
    return f"{sign}{size // HOUR:02}:{size // MINUTE % 60:02}"


def usual(moment, offset):
    """Whether everybody would print it alike: four digits of a year, an offset without seconds."""
    year = date_of((moment + offset) // DAY)[0]
    return 0 < year <= YEAR_MAX and offset % MINUTE == 0


class Format:
    """A pattern of dates, or the name of one."""

    def __init__(self, given=None):
        self.given = given
        if given is None or given == "strict_date_optional_time":
            given = ISO
        expect(isinstance(given, str), "aggregation option shape", EITHER, names=["format"])
        if given in NAMED:
            return
        self.parts, at = [], 0
        while at < len(given):
            part = PARTS.match(given, at)
            expect(part is not None, "aggregation format")
            self.parts.append(part)
            at = part.end()
        expect(bool(self.parts), "aggregation format")

    def print(self, moment, offset=0):
        if self.given == "epoch_millis":
            return str(moment // MILLISECOND)
        if self.given == "epoch_second":
            return str(moment // SECOND)
        shown = moment + offset
        year, month, day = date_of(shown // DAY)
        said = {
            "yyyy": f"{year:04}",
            "uuuu": f"{year:04}",
            "MM": f"{month:02}",
            "dd": f"{day:02}",
            "HH": f"{shown // HOUR % 24:02}",
            "mm": f"{shown // MINUTE % 60:02}",
            "ss": f"{shown // SECOND % 60:02}",
            "SSS": f"{shown // MILLISECOND % 1000:03}",
            "XXX": zone_of(offset),
        }

        def told(part):
            quoted, other = part.groups()
            return said[part[0]] if quoted is None and other is None else quoted or other or ""

        return "".join(told(part) for part in self.parts)


PLAIN = Format()


def moment(micros, offset=0):
    """With milliseconds, those of the past cut towards it; and its offset."""
    return PLAIN.print(micros, offset)
