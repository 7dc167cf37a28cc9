"""A refusal: the oracle says which statuses are right, and of what kind the mistake is.

Texts are left to other tests, but for what they are promised to name. Where the contract does not
say whether something is a mistake of shape or of meaning, both statuses are right.
"""

MEANING = frozenset({400})
SHAPE = frozenset({422})
EITHER = MEANING | SHAPE
ABSENT = frozenset({404})


class Refused(Exception):
    def __init__(self, kind, statuses=MEANING, names=(), code=None):
        super().__init__(kind)
        self.kind = kind
        self.statuses = statuses
        # One of them stands in the text.
        self.names = names
        self.code = code


class Unsure(Exception):
    """Nobody says what is right, only which statuses may come of it."""

    def __init__(self, statuses):
        super().__init__(statuses)
        self.statuses = frozenset(statuses)


def refuse(kind, statuses=MEANING, names=(), code=None):
    raise Refused(kind, statuses, names, code)


def expect(holds, kind, statuses=MEANING, names=(), code=None):
    if not holds:
        raise Refused(kind, statuses, names, code)
