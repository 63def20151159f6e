"""How much of the time or heat that goods may stand over their whole life is used up?

Not only excursions use it: every minute beyond the budget's temperature counts. More than allowed
breaks it; all that is allowed does not.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.rules.breaches import Breach, breach_until_return
from gateway.rules.figures import rounded
from gateway.rules.judgement import BudgetUse
from gateway.rules.line import Line, Temperatures, line_of
from gateway.rules.policy import Budget, Policy

Float64s = npt.NDArray[np.float64]

MS_PER_S: Final = 1000.0
MS_PER_MINUTE: Final = 60_000.0
_NEVER: Final = np.empty(0, dtype=np.int64)
# Heat is a sum of floats: what differs by less is equal.
_LEAST_DIFFERENCE: Final = 1e-6


def budget_uses(policy: Policy, temperatures: Temperatures | None) -> tuple[BudgetUse, ...]:
    """Return how much of each budget is used up, along a track that has all that was judged."""
    return tuple(_use(budget, temperatures) for budget in policy.budgets)


def budget_breach(
    line: Line, budget: Budget, closed_by_operator_ms: Sequence[int]
) -> Breach | None:
    """Return from where a budget was used up until the end of the life, None where it was not.

    What is used up does not come back; only an operator's word ends it sooner.
    """
    used = _used_by_reading(line, budget)
    most = _allowed(budget) + _LEAST_DIFFERENCE
    if used[-1] <= most:
        return None
    first = int(np.argmax(line.beyond))
    broken = int(np.searchsorted(used, most, side="right"))
    return breach_until_return(line.track, first, broken, _NEVER, closed_by_operator_ms)


def _use(budget: Budget, temperatures: Temperatures | None) -> BudgetUse:
    line = line_of(budget, temperatures) if temperatures is not None else None
    used = 0.0 if line is None else float(_used_by_reading(line, budget)[-1])
    return BudgetUse(
        name=budget.name,
        used=rounded(used),
        allowed=_allowed(budget),
        unit="degree_minutes" if budget.allowed_s is None else "s",
    )


def _allowed(budget: Budget) -> float:
    return float(budget.allowed_s or budget.allowed_degree_minutes or 0)


def _used_by_reading(line: Line, budget: Budget) -> Float64s:
    """Return what was used up before each reading, and (n + 1) in all, in the budget's unit."""
    used = np.zeros(len(line.beyond) + 1)
    if budget.allowed_s is not None:
        np.cumsum(np.where(line.beyond, line.track.held_ms, 0) / MS_PER_S, out=used[1:])
    else:
        beyond_c = np.abs(line.temperature_c - budget.limit_c)
        heat = np.where(line.beyond, beyond_c, 0.0) * line.track.held_ms / MS_PER_MINUTE
        np.cumsum(heat, out=used[1:])
    return used
