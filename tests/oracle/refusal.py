"""A refusal: the oracle says which statuses are right, and of what kind the mistake is.

Texts are left to other tests. Where the contract does not say whether something is a mistake of
shape or of meaning, both statuses are right.
"""

MEANING = frozenset({400})
SHAPE = frozenset({422})
EITHER = MEANING | SHAPE
ABSENT = frozenset({404})


class Refused(Exception):
    def __init__(self, kind, statuses=MEANING):
        super().__init__(kind)
        self.kind = kind
        self.statuses = statuses


def refuse(kind, statuses=MEANING):
    raise Refused(kind, statuses)


def expect(holds, kind, statuses=MEANING):
    if not holds:
        raise Refused(kind, statuses)
