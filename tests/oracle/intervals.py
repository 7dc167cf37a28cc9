"""Intervals: which part of a calendar, or of fixed length, a moment lies in, and which is the next.

Days and what is longer begin when the clocks of the zone first show it. Minutes, hours and fixed
lengths are told by the clocks too, but never reach back over a change of theirs: an hour that comes
twice is two.
"""

import datetime
import re

from refusal import EITHER, expect
from zones import DAY, HOUR, MILLISECOND, MINUTE, SECOND

UNITS = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
LENGTH_MAX = 10_000 * DAY
LENGTH = re.compile(r"([0-9]+)(ms|s|m|h|d)")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
CALENDAR = ("minute", "hour", "day", "week", "month", "quarter", "year")
SHORT = dict(zip(("1m", "1h", "1d", "1w", "1M", "1q", "1y"), CALENDAR))
# 1 January 1970 was a Thursday.
MONDAY = -3 * DAY
EPOCH = datetime.date(1970, 1, 1)
# The calendar repeats itself after so many years, which have so many days.
ROUND_YEARS, ROUND_DAYS = 400, 146_097


def date_of(days):
    """(year, month, day), of any year there is."""
    rounds, days = divmod(days, ROUND_DAYS)
    date = EPOCH + datetime.timedelta(days=days)
    return date.year + rounds * ROUND_YEARS, date.month, date.day


def days_of(year, month):
    """The first day of a month, as days since 1970."""
    rounds, year = divmod(year - 1970, ROUND_YEARS)
    return (datetime.date(year + 1970, month, 1) - EPOCH).days + rounds * ROUND_DAYS


class Length:
    """Parts of one length each, of a minute and an hour of the calendar as well."""

    def __init__(self, length, zone, fixed):
        self.length = length
        self.zone = zone
        self.fixed = fixed

    def floor(self, moment):
        zone = self.zone
        shown = zone.local(moment) // self.length * self.length
        begun = shown - zone.offset(moment)
        change = zone.change(moment)
        if change is None or begun >= change[0]:
            return begun
        before = zone.offset(change[0] - 1)
        if self.fixed and shown >= change[0] + before:
            return change[0]
        return self.floor(change[0] - MILLISECOND)

    def after(self, key):
        """The first moment that lies in a later part: parts are in the order of their moments, and
        begin with a millisecond.
        """
        early, late = key, key + self.length
        if self.zone.change(early) == self.zone.change(late):
            return self.floor(late)
        while self.floor(late) <= key:
            late += self.length
        while late - early > MILLISECOND:
            middle = early + (late - early) // (2 * MILLISECOND) * MILLISECOND
            if self.floor(middle) <= key:
                early = middle
            else:
                late = middle
        return late

    def longest(self):
        """No part of the calendar is longer than that, a change of the clocks aside."""
        return self.length


class Days:
    """Parts of whole days: the clocks show the midnight that each begins with."""

    def __init__(self, unit, zone):
        self.unit = unit
        self.zone = zone

    def cut(self, shown):
        if self.unit == "day":
            return shown // DAY * DAY
        if self.unit == "week":
            return (shown - MONDAY) // (7 * DAY) * (7 * DAY) + MONDAY
        months = MONTHS[self.unit]
        year, month, _ = date_of(shown // DAY)
        return days_of(year, (month - 1) // months * months + 1) * DAY

    def next_cut(self, shown):
        if self.unit in ("day", "week"):
            return self.cut(shown) + (7 if self.unit == "week" else 1) * DAY
        year, month, _ = date_of(self.cut(shown) // DAY)
        more, month = divmod(month - 1 + MONTHS[self.unit], 12)
        return days_of(year + more, month + 1) * DAY

    def floor(self, moment):
        return self.zone.first_showing(self.cut(self.zone.local(moment)))

    def after(self, key):
        return self.zone.first_showing(self.next_cut(self.zone.local(key)))

    def longest(self):
        return {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}[self.unit] * DAY


def calendar(word, zone):
    expect(isinstance(word, str), "aggregation option shape", EITHER, names=["calendar_interval"])
    unit = SHORT.get(word, word)
    expect(unit in CALENDAR, "aggregation interval")
    lengths = {"minute": MINUTE, "hour": HOUR}
    return Length(lengths[unit], zone, fixed=False) if unit in lengths else Days(unit, zone)


def length_of(word, option):
    """A positive length of at most 10,000 days."""
    expect(isinstance(word, str), "aggregation option shape", EITHER, names=[option])
    parts = LENGTH.fullmatch(word)
    expect(parts is not None, "aggregation interval")
    length = int(parts[1]) * UNITS[parts[2]]
    expect(0 < length <= LENGTH_MAX, "aggregation interval")
    return length


def fixed(word, zone):
    return Length(length_of(word, "fixed_interval"), zone, fixed=True)


def shift(word):
    """How much later each part begins than it would."""
    expect(isinstance(word, str), "aggregation option shape", EITHER, names=["offset"])
    sign = word[:1] if word[:1] in ("+", "-") else ""
    length = length_of(word[len(sign) :], "offset")
    return -length if sign == "-" else length


class Shifted:
    """The same parts in a time that is behind."""

    def __init__(self, parts, by):
        self.parts = parts
        self.by = by

    def floor(self, moment):
        return self.parts.floor(moment - self.by) + self.by

    def after(self, key):
        return self.parts.after(key - self.by) + self.by

    def longest(self):
        return self.parts.longest()
