"""The buckets of a date histogram, worked out one moment after the other: when a day begins on the
clock of a time zone, and an hour, and what is of a fixed length.

Moments are microseconds since 1970. What a clock shows at one is a number of the same kind.
"""

import bisect
import datetime
import functools
import re
import zoneinfo

from figures import EPOCH, MICRO

# The database of the package, and not that of the machine.
zoneinfo.reset_tzpath(to=[])

MILLI = 1000
SECOND = 1000 * MILLI
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LENGTHS = {"ms": MILLI, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
SHORT = {"1m": "minute", "1h": "hour", "1d": "day", "1w": "week"}
SHORT |= {"1M": "month", "1q": "quarter", "1y": "year"}
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
# No clock is set twice within a day, and no test looks further.
KNOWN = range(1990, 2040)


def date(moment):
    """Of a clock that shows so much."""
    return EPOCH.replace(tzinfo=None) + datetime.timedelta(microseconds=moment)


def number(shown):
    return (shown - EPOCH.replace(tzinfo=None)) // MICRO


def length(text):
    """Of a duration with its unit, which may be below zero."""
    sign, digits, unit = re.fullmatch(r"([+-]?)(\d+)([a-z]+)", text).groups()
    return (-1 if sign == "-" else 1) * int(digits) * LENGTHS[unit]


class Zone:
    """How far a clock is ahead, and when it is set."""

    def __init__(self, name):
        self._zone = self._of(name)

    @staticmethod
    def _of(name):
        if name in ("Z", "UTC"):
            return datetime.UTC
        if fixed := OFFSET.fullmatch(name):
            sign, hours, minutes = fixed.groups()
            ahead = datetime.timedelta(hours=int(hours), minutes=int(minutes or 0))
            return datetime.timezone(-ahead if sign == "-" else ahead)
        return zoneinfo.ZoneInfo(name)

    def ahead(self, moment):
        at = EPOCH + datetime.timedelta(microseconds=moment)
        return at.astimezone(self._zone).utcoffset() // MICRO

    @functools.cached_property
    def changes(self):
        """[(when it is set, ahead until then, ahead from then on)]"""
        found, first = [], number(datetime.datetime(KNOWN.start, 1, 1))
        for day in range(first, number(datetime.datetime(KNOWN.stop, 1, 1)), DAY):
            low, high = day, day + DAY
            before, after = self.ahead(low), self.ahead(high)
            if before == after:
                continue
            while high - low > SECOND:
                middle = (low + high) // 2 // SECOND * SECOND
                low, high = (low, middle) if self.ahead(middle) == after else (middle, high)
            found.append((high, before, after))
        return found

    def last_change(self, moment):
        """(when, ahead until then) of the last one up to that moment, or None."""
        at = bisect.bisect_right(self.changes, moment, key=lambda change: change[0])
        return self.changes[at - 1][:2] if at else None

    def first_at(self, shown):
        """The first moment at which the clock shows so much, or more."""
        aheads = {self.ahead(shown - 2 * DAY), self.ahead(shown + 2 * DAY)}
        moments = [shown - ahead for ahead in aheads if self.ahead(shown - ahead) == ahead]
        for when, before, after in self.changes:
            if when + before <= shown <= when + after:
                moments.append(when)
        return min(moments)


@functools.cache
def zone(name):
    return Zone(name)


class Stretches:
    """What a date histogram cuts time into."""

    def __init__(self, options):
        self.zone = zone(options.get("time_zone", "UTC"))
        self._offset = length(options.get("offset", "0ms"))
        calendar = options.get("calendar_interval")
        self._unit = SHORT.get(calendar, calendar)
        self._is_fixed = calendar is None
        if self._is_fixed:
            self._length = length(options["fixed_interval"])
        else:
            self._length = {"minute": MINUTE, "hour": HOUR}.get(self._unit)
        self._begin = functools.cache(self._days if self._length is None else self._counted)

    def floor(self, moment):
        return self._begin(moment - self._offset) + self._offset

    def next(self, begin):
        begin -= self._offset
        if self._length is None:
            shown = date(begin + self.zone.ahead(begin))
            later = self.zone.first_at(number(self._following(self._midnight(shown))))
        else:
            later, step = begin, 0
            while later <= begin:
                step += 1
                later = self._begin(begin + step * self._length)
        return later + self._offset

    def _days(self, moment):
        shown = date(moment + self.zone.ahead(moment))
        return self.zone.first_at(number(self._midnight(shown)))

    def _midnight(self, shown):
        day = datetime.datetime(shown.year, shown.month, shown.day)
        match self._unit:
            case "week":
                return day - datetime.timedelta(days=day.weekday())
            case "month":
                return day.replace(day=1)
            case "quarter":
                return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
            case "year":
                return day.replace(month=1, day=1)
        return day

    def _following(self, midnight):
        """The one that the next unit begins with: none has more days than this."""
        longest = {"week": 7, "month": 31, "quarter": 92, "year": 366}.get(self._unit, 1)
        return self._midnight(midnight + datetime.timedelta(days=longest))

    def _counted(self, moment):
        ahead = self.zone.ahead(moment)
        shown = (moment + ahead) // self._length * self._length
        begin = shown - ahead
        change = self.zone.last_change(moment)
        if change is None or begin >= change[0]:
            return begin
        when, before = change
        if self._is_fixed and shown >= when + before:
            return when
        return self._counted(when - MILLI)
