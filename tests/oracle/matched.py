"""What an answer must be to the last digit, and the few places where more than one is right."""

import json
import re

from values import instant

SHOWN_CHARS = 300
# An offset that has seconds has no spelling that all agree on.
SECONDS = re.compile(r"([+-]\d\d:\d\d):\d\d$")


class Wrong(Exception):
    """What is wrong with an answer."""


def check(holds, told):
    if not holds:
        raise Wrong(told)


TOLERANCE = 1e-6


def near(one, other):
    return abs(one - other) <= TOLERANCE * (1 + max(abs(one), abs(other)))


class Loose:
    """A place where several things are right: `shown` is one of them."""

    def holds(self, found):
        raise NotImplementedError

    def __repr__(self):
        return f"{type(self).__name__}({self.shown!r})"


class OneOf(Loose):
    def __init__(self, *allowed):
        self.allowed = allowed
        self.shown = allowed[0]

    def holds(self, found):
        return any(difference(one, found) is None for one in self.allowed)


class Within(Loose):
    """A number that may be off by so much."""

    def __init__(self, shown, error):
        self.shown = shown
        self.error = error

    def holds(self, found):
        number = isinstance(found, (int, float)) and not isinstance(found, bool)
        return number and abs(found - self.shown) <= self.error


class Text(Loose):
    """Any text, where nobody says which."""

    def __init__(self, shown):
        self.shown = shown

    def holds(self, found):
        return isinstance(found, str)


class Moment(Loose):
    """An ISO text of a moment, in whatever zone; to the millisecond, or as exact as it is."""

    def __init__(self, micros, shown):
        self.micros = micros
        self.shown = shown

    def holds(self, found):
        if not isinstance(found, str):
            return False
        exact = self.micros * 1000
        if SECONDS.search(found):
            moment = instant(without_seconds(found))
            return moment is not None and abs(moment - exact) < 60 * 10**9
        return instant(found) in (exact, exact // 10**6 * 10**6)


class Ordered(dict):
    """An object whose names stand in this order."""


class Exact:
    """A tree of JSON beside which others are compared roughly."""

    def __init__(self, tree, met=()):
        self.tree = tree
        # What a run has to have met now and then.
        self.met = met

    @property
    def shown(self):
        return plain(self.tree)


def plain(tree):
    """As JSON, one of what is right."""
    if isinstance(tree, (Loose, Exact)):
        return plain(tree.shown)
    if isinstance(tree, dict):
        return {name: plain(one) for name, one in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [plain(one) for one in tree]
    return tree


def difference(wanted, found, path=""):
    """Where a tree is another, and how; or None."""
    if isinstance(wanted, Loose):
        return None if wanted.holds(found) else told(path, found, wanted)
    if isinstance(wanted, dict) and isinstance(found, dict):
        return differing_objects(wanted, found, path)
    if isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return f"{path} has {len(found)} entries, not {len(wanted)}: {short(found)}"
        parts = enumerate(zip(wanted, found))
        return first(difference(one, other, f"{path}[{at}]") for at, (one, other) in parts)
    return None if same_leaf(wanted, found) else told(path, found, wanted)


def differing_objects(wanted, found, path):
    if isinstance(wanted, Ordered):
        spelt_so = dict(zip(map(without_seconds, found), found.values()))
        found = spelt_so if len(spelt_so) == len(found) else found
    if set(wanted) != set(found):
        return f"{path} has {sorted(found)}, not {sorted(wanted)}"
    if isinstance(wanted, Ordered) and list(wanted) != list(found):
        return f"{path} in the order {list(found)}, not {list(wanted)}"
    return first(difference(wanted[name], found[name], f"{path}.{name}") for name in wanted)


def without_seconds(name):
    """A moment as this oracle spells it."""
    return SECONDS.sub(r"\1", name)


def same_leaf(wanted, found):
    """True is no 1, a whole number is no fraction; a figure may be spelt as a whole number."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, int):
        return isinstance(found, int) and wanted == found
    if isinstance(wanted, float):
        return isinstance(found, (int, float)) and wanted == found
    return wanted == found


def first(differences):
    return next((one for one in differences if one is not None), None)


def told(path, found, wanted):
    return f"{path} is {short(found)}, not {short(wanted)}"


def short(tree):
    try:
        text = json.dumps(plain(tree))
    except TypeError:
        text = repr(tree)
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"
