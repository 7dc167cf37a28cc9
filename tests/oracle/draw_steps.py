"""What makes the buckets of an aggregation that is drawn: no more than there is room for."""

import math
from bisect import bisect

from draw_figures import WHOLE_MINUTES_FROM, ZONES
from intervals import CALENDAR, SHORT, calendar, fixed
from printed import moment
from values import element, kept_instant
from zones import DAY, FIRST_YEAR, HOUR, LAST_YEAR, MINUTE, Zone, place

SIZES = [1, 2, 3, 10, 100, 10_000]
INTERVALS = [0.1, 0.5, 1, 2, 3, 7.5, 10, 100, 1e3, 1e6, 2.0**40, 2.0**60, 1e290, 1e300]
OFFSETS = [0.25, -3, 5, 1e3, -0.5]
# Further from the first one no step is known by its number.
STEPS_MAX = 2**50
LENGTHS = "1ms 250ms 1s 90s 7m 30m 1h 5h 12h 1d 3d 30d 1000d 10000d".split()
SHIFTS = "+6h -90m 1d +30d 45s -1ms 2h -3d".split()
OFFSET_ZONES = "UTC Z +05:30 -0330 +14 -00:15 +01:00".split()
FORMATS = [
    "yyyy-MM-dd",
    "uuuu/MM/dd HH:mm",
    "dd.MM.yyyy 'at' HH:mm:ss",
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "strict_date_optional_time",
    "epoch_millis",
    "epoch_second",
    "yyyy",
]
# Those that tell any two buckets apart.
APART = (None, "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "strict_date_optional_time", "epoch_millis")
# Between them it is known what the clocks of a place show, whatever is added.
YEAR = 365 * DAY
KNOWN_FROM, KNOWN_UNTIL = (FIRST_YEAR - 1970 + 10) * YEAR, (LAST_YEAR - 1970 - 90) * YEAR
FILTER_NAMES = ["b", "a", "é", "Z", "x y", "漢", "10", "9", "key"]


def elements(drawer, asked):
    """The values that are there, and what stands for one that is not: moments as microseconds."""
    held = drawer.held[asked.field]
    flat = [one for value in held for one in (value if isinstance(value, tuple) else (value,))]
    missing = asked.options.get("missing")
    if element(drawer.known[asked.field]) != "datetime":
        return flat if missing is None else [*flat, missing]
    flat = [one // 1000 for one in flat]
    if missing is not None:
        flat.append(kept_instant(missing) // 1000 if isinstance(missing, str) else missing * 1000)
    return flat


def terms(drawer, asked, _):
    dice = drawer.dice
    drawer.option(asked, "size", 0.5, lambda: dice.choice(SIZES))
    drawer.option(asked, "min_doc_count", 0.2, lambda: dice.choice([1, 2, 3]))
    if drawer.contract == "/v1":
        drawer.option(asked, "shard_size", 0.5, lambda: dice.choice([1, 10, 100]))
    asked.breadth = len(elements(drawer, asked))


def histogram(drawer, asked, room):
    dice = drawer.dice
    held = [float(one) for one in elements(drawer, asked)] or [0.0]
    low, high = min(held), max(held)
    offset = dice.choice(OFFSETS) if dice.chance(0.3) else 0
    furthest = max(abs(low), abs(high), abs(offset))
    able = [one for one in INTERVALS if furthest / one < STEPS_MAX]
    near = [one for one in able if (high - low) / one < room / 4]
    if 0.01 < high - low < 1e300 and furthest < STEPS_MAX:
        near.append((high - low) / 4)
    gapped = bool(near) and dice.chance(0.6)
    interval = dice.choice(near if gapped else able)
    asked.options["interval"] = interval
    if offset:
        drawer.option(asked, "offset", 1, lambda: offset)
    asked.breadth = math.ceil((high - low) / interval) + 2 if gapped else len(set(held))
    around = interval * dice.choice([0, 1, 3])
    ends = {"min": low - around, "max": high + around}
    steps(drawer, asked, gapped, ends)
    drawer.keyed(asked)


def steps(drawer, asked, gapped, ends):
    """What numbers and moments have in common: whether what is empty is told, and how far."""
    dice = drawer.dice
    if not gapped or dice.chance(0.3):
        least = dice.choice([0, 1, 2]) if gapped else 1
        drawer.option(asked, "min_doc_count", 1, lambda: least)
        if not gapped:
            asked.options["min_doc_count"] = least
    if not asked.options.get("min_doc_count"):
        one = dice.choice(["min", "max"])
        said = ends if dice.chance(0.6) else {one: ends[one]}
        drawer.option(asked, "extended_bounds", 0.5, lambda: said)
        asked.breadth += 8


def zone(drawer, held):
    """Half of those with changes have one near a moment that is there."""
    known = KNOWN_FROM < min(held) and max(held) < KNOWN_UNTIL
    near = [one for one in ZONES if known and any(changes_near(one, moment) for moment in held)]
    if near and drawer.dice.chance(0.5):
        return drawer.dice.choice(near)
    return drawer.dice.rare("zone", [*OFFSET_ZONES, *(ZONES if known else ())])


def changes_near(name, moment):
    changes = place(name).moments
    return bisect(changes, moment + 2 * HOUR) > bisect(changes, moment - 2 * HOUR)


def date_histogram(drawer, asked, room):
    dice = drawer.dice
    held = elements(drawer, asked) or [0]
    low, high = min(held), max(held)
    drawer.option(asked, "time_zone", 0.7, lambda: zone(drawer, held))
    word = dice.rare("interval", ["calendar_interval", "fixed_interval"])
    parts = calendar if word == "calendar_interval" else fixed
    able = [*CALENDAR, *SHORT] if word == "calendar_interval" else LENGTHS

    def longest(said):
        return parts(said, Zone(0)).longest()

    def count(said):
        # Parts of a calendar may be shorter than the longest of them.
        return math.ceil((high - low) / longest(said) * 1.2) + 2

    near = [one for one in able if count(one) < room / 4]
    gapped = bool(near) and dice.chance(0.7)
    # Where a clock is set by an hour, parts of about an hour show it.
    hours = [one for one in able if 30 * MINUTE <= longest(one) <= 12 * HOUR]
    hourly = not gapped and asked.options.get("time_zone") in ZONES and dice.chance(0.7)
    said = dice.rare("part", near if gapped else hours if hourly else able)
    drawer.option(asked, word, 1, lambda: said)
    asked.options[word] = said
    drawer.option(asked, "offset", 0.25, lambda: dice.choice(SHIFTS))
    asked.breadth = count(said) if gapped else len(set(held))
    around = longest(said) * dice.choice([0, 1, 2])
    ends = {"min": (low - around) // 1000, "max": (high + around) // 1000}
    if dice.chance(0.5):
        # Without an offset it is of the zone.
        said = "Z" if dice.chance(0.5) else ""
        ends = {name: moment(end * 1000)[:-1] + said for name, end in ends.items()}
    steps(drawer, asked, gapped, ends)
    if drawer.contract == "/v1":
        drawer.option(asked, "format", 0.4, lambda: dice.choice(FORMATS))
        # Two of a name would be refused.
        if asked.options.get("format") in APART and low > WHOLE_MINUTES_FROM + 2 * HOUR:
            drawer.keyed(asked)


def ranges(drawer, asked, room):
    """Between values that are there, and around them."""
    dice = drawer.dice
    pool = sorted(set(elements(drawer, asked)))
    pool = pool[:: max(1, len(pool) // 6)]
    moments = element(drawer.known[asked.field]) == "datetime"
    if moments:
        pool = [one // 1000 * 1000 for one in pool] + [1_709_251_200_000_000, 0]
    else:
        pool += [-3, 0, 0.5, 1, 2.5, 100]
    drawn = {}
    for number in range(dice.randint(1, max(1, min(5, room)))):
        low, high = sorted(dice.choice(pool) for _ in range(2))
        ends = {"from": low, "to": high}
        for name in dice.choice([[], [], [], ["from"], ["to"], ["from", "to"]]):
            del ends[name]
        # By the key that it has: no two may be alike.
        key = tuple(float(ends[name]) if name in ends else None for name in ("from", "to"))
        if moments and dice.chance(0.5):
            ends = {name: moment(end) for name, end in ends.items()}
        elif moments:
            ends = {name: end // 1000 for name, end in ends.items()}
        if dice.chance(0.3):
            drawer.tag("aggregation option", "range.key")
            key, ends["key"] = number, f"range {number}"
        drawn.setdefault(key, ends)
    asked.options["ranges"] = list(drawn.values())
    asked.breadth = len(drawn)
    drawer.keyed(asked)


def filters(drawer, asked, room):
    dice = drawer.dice
    tests = [drawer.filters() for _ in range(dice.randint(1, max(1, min(6, room))))]
    asked.breadth = len(tests) + 1
    if drawer.contract == "/v1":
        drawer.option(asked, "other_bucket", 0.5, lambda: dice.chance(0.8))
        if dice.chance(0.3):
            drawer.tag("aggregation option", "filters.list")
            asked.options["filters"] = tests
            return
        if asked.options.get("other_bucket") is not False:
            names = ["rest", "zzz", "é2"]
            drawer.option(asked, "other_bucket_key", 0.6, lambda: dice.choice(names))
        drawer.keyed(asked)
    asked.options["filters"] = dict(zip(dice.sample(FILTER_NAMES, len(tests)), tests))


DRAWN = {
    "terms": terms,
    "histogram": histogram,
    "date_histogram": date_histogram,
    "range": ranges,
    "filters": filters,
}
