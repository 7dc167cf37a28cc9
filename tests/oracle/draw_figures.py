"""Namespaces to aggregate over: numbers at the edges of what is exact, moments at which clocks
change, and arrays so long that not all is exact any more.
"""

import dataclasses
import uuid

import draw_schemas as schemas
import draw_values as values
import zones
from printed import moment

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    # Half an hour of summer; two hours of it; a summer that is the rule.
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Europe/Dublin",
    # Midnights that are not there, or come twice; an hour that begins a minute late.
    "America/Sao_Paulo",
    "America/Havana",
    "Africa/Cairo",
    "America/St_Johns",
    # Days that are not there; offsets that are no whole hours.
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
)
# Those whose clocks have changed since.
CHANGING = [name for name in ZONES if name != "Asia/Kolkata"]
# What a zone says before that has seconds, in places.
WHOLE_MINUTES_FROM = -20 * 365 * zones.DAY
NEAR = [-zones.DAY, -2 * zones.HOUR, -zones.HOUR, -1, 0, 1, 30 * zones.MINUTE, zones.HOUR]
INTS = [*values.INTS, 7, 10, -50, 99, 2**31, 2**53 - 1, -(2**53) - 1, *range(-12, 13)]
UINTS = [*values.UINTS, 10, 63, 64, 2**53, 2**63 + 1, *range(13)]
FLOATS = [
    *values.FLOATS,
    -0.0,
    0.3,
    1 / 3,
    -7.75,
    99.99,
    1e16,
    1e-7,
    1e300,
    -1e300,
    1.7976931348623157e308,
    5e-324,
    -1e-310,
] + [n / 4 for n in range(-10, 11)]
LONGEST = 1_000


def instant(dice):
    """Around a change of some clock, and long ago now and then."""
    if dice.chance(0.2):
        return values.instant(dice)
    if dice.chance(0.04):
        return f"{dice.randint(1880, 1940)}-07-0{dice.randint(1, 9)}T12:34:56.789Z"
    changes = zones.place(dice.choice(CHANGING)).moments
    micros = dice.choice([one for one in changes if one >= WHOLE_MINUTES_FROM])
    micros += dice.choice(NEAR) + dice.choice([0, 0, 1_500, 999_999])
    return f"{moment(micros)[:-1]}{micros % 1000:03}Z"


POOLS = values.POOLS | {"int": INTS, "uint": UINTS, "float": FLOATS, "datetime": instant}
MANY = {
    "[]int": lambda dice: dice.randint(-60_000, 60_000),
    "[]uint": lambda dice: dice.randint(0, 2**40),
    "[]float": lambda dice: dice.gauss(0, 1) * 10 ** dice.randint(-3, 6),
    "[]string": lambda dice: f"w{dice.randint(0, 9_999)}",
    "[]uuid": lambda dice: str(uuid.UUID(int=dice.randint(0, 9_999))),
    "[]datetime": lambda dice: moment(dice.randint(0, 2 * 10**12) * 1000),
}
NUMBERS = {"n": "int", "u": "uint", "f": "float", "d": "datetime"}
ARRAYS = {
    "ia": "[]int",
    "fa": "[]float",
    "da": "[]datetime",
    "sa": "[]string",
    "ua": "[]uint",
    "ga": "[]uuid",
}


def plan(dice):
    drawn = schemas.plan(dice)
    known = dict.fromkeys((*drawn.schema, *drawn.left))
    own = NUMBERS | {name: ARRAYS[name] for name in dice.some(ARRAYS, 2, 3)}
    schema = drawn.schema | {name: kind for name, kind in own.items() if name not in known}
    if dice.chance(0.3):
        return dataclasses.replace(drawn, schema=schema, pools=POOLS)
    return dataclasses.replace(drawn, schema=schema, pools=POOLS | MANY, longest=LONGEST)
