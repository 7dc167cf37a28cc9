"""Zones: what the clocks of a place show at a moment, and when it is that they show something.

All times are whole microseconds: moments since 1970, what a clock shows as if it were UTC. The
changes of a zone are those of the offset alone, whatever else its name or its summer does then.
They are found by asking every other day of the years that tests speak of.
"""

import bisect
import datetime
import functools
import re
import zoneinfo

from refusal import EITHER, expect

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# What lies outside is asked of zones that never change.
FIRST_YEAR, LAST_YEAR = 1875, 2125
# No two changes of a zone are as near.
STEP_SECONDS = 2 * 86_400
OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d))?")

# The release that requirements.txt names, and not what the machine has.
zoneinfo.reset_tzpath(())


class Zone:
    """Offsets from UTC: one, and those that took its place."""

    def __init__(self, first, changes=()):
        self.first = first
        # [(moment, the offset from then on)], each other than the one before.
        self.changes = list(changes)
        self.moments = [moment for moment, _ in self.changes]

    def offset(self, moment):
        known = self.change(moment)
        return known[1] if known else self.first

    def local(self, moment):
        return moment + self.offset(moment)

    def change(self, moment):
        """The last change at or before a moment, or None."""
        at = bisect.bisect_right(self.moments, moment)
        return self.changes[at - 1] if at else None

    def spans(self):
        """(from, until, offset), in their order; the first has no beginning, the last no end."""
        begins = [None] + self.moments
        offsets = [self.first] + [offset for _, offset in self.changes]
        return zip(begins, begins[1:] + [None], offsets)

    def first_showing(self, local):
        """The first moment at which the clocks show this or more."""
        for begin, end, offset in self.spans():
            moment = local - offset if begin is None else max(begin, local - offset)
            if end is None or moment < end:
                return moment
        raise AssertionError("the last span has no end")


def micros(passed):
    return passed // datetime.timedelta(microseconds=1)


def offset_of(place, seconds):
    at = datetime.datetime.fromtimestamp(seconds, place)
    return micros(at.utcoffset())


def changed(place, before, after):
    """The first second of an interval at which its last offset holds."""
    last = offset_of(place, after)
    while after - before > 1:
        middle = (before + after) // 2
        if offset_of(place, middle) == last:
            after = middle
        else:
            before = middle
    return after


@functools.lru_cache(maxsize=None)
def place(name):
    """A zone of the IANA."""
    try:
        known = zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
    epoch = datetime.datetime(1970, 1, 1)
    begin, end = (
        (datetime.datetime(year, 1, 1) - epoch).days * 86_400 for year in (FIRST_YEAR, LAST_YEAR)
    )
    first = offset_of(known, begin)
    changes, held = [], first
    for after in range(begin + STEP_SECONDS, end, STEP_SECONDS):
        offset = offset_of(known, after)
        if offset != held:
            changes.append((changed(known, after - STEP_SECONDS, after) * SECOND, offset))
            held = offset
    return Zone(first, changes)


def read(given):
    """The zone that a request names."""
    expect(isinstance(given, str), "aggregation option shape", EITHER, names=["time_zone"])
    if given in ("Z", "UTC"):
        return Zone(0)
    parts = OFFSET.fullmatch(given)
    if parts:
        sign, hours, minutes = parts.groups()
        expect(int(minutes or 0) < 60 and int(hours) < 24, "aggregation zone")
        passed = int(hours) * HOUR + int(minutes or 0) * MINUTE
        return Zone(passed if sign == "+" else -passed)
    known = place(given) if re.fullmatch(r"[A-Za-z_+\-/0-9]+", given) else None
    expect(known is not None, "aggregation zone")
    return known
