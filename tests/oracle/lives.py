"""Lives: for how long a namespace is asked things, what it is like, and how much of it is what."""

import dataclasses

import draw_figures as figures
import draw_schemas as schemas

AGGREGATIONS = "aggregations"
ONLY = (AGGREGATIONS,)
# Each so many-th life is a long one of many writes, or one of figures to aggregate over.
LONG, FIGURES, FIGURES_ONLY = 30, 7, 3


@dataclasses.dataclass
class Life:
    """Shares of what is asked once the namespace is there, one after the other; what is left are
    queries."""

    plan: schemas.Plan
    requests: int
    flawed: float = 0.66
    written: float = 0.13
    about: float = 0.065
    aggregated: float = 0.06


def life(dice, number, only):
    """The next life of a walk."""
    requests = dice.randint(25, 80)
    if only == AGGREGATIONS:
        plan = (figures if number % FIGURES_ONLY == 1 else schemas).plan(dice)
        return Life(plan, requests, flawed=0.3, written=0.12, aggregated=1)
    if number % FIGURES == 6:
        # No ordinary query: these numbers are beyond what scores are compared for.
        return Life(figures.plan(dice), requests, flawed=0.5, aggregated=1)
    plan = schemas.plan(dice)
    if number % LONG == 5:
        # So many segments as no short life has.
        return Life(plan, dice.randint(200, 400), flawed=0.35, written=0.4)
    return Life(plan, requests)
