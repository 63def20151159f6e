"""Which goods are spoiled in truth, and since when?

Held against the critical limits and budgets of the policies that come along, by the goods' own true
temperature: no logger, no lag, no gap. Times are counted as `docs/policies.md` says: a limit is
broken once its duration is reached, a budget once it is overdrawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frostline.day.goods import policy_names
from frostline.policies import read_policy_file, shipped_policies
from gateway.rules.policy import Budget, Limit, Policy

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What spoils a policy's goods: beyond a temperature for so long, or for so many K minutes."""

    policy: str
    name: str
    sign: int  # +1: warmer is worse, -1: colder is
    limit_c: float
    allowed: float  # seconds, or kelvin minutes where `is_heat`
    in_a_row: bool
    is_heat: bool = False


def critical_rules(policies: Mapping[str, Policy]) -> tuple[Rule, ...]:
    """Return the rules that the policies call critical."""
    rules = []
    for name, policy in policies.items():
        limits: tuple[Limit | Budget, ...] = (*policy.limits, *policy.budgets)
        rules += [_rule(name, each) for each in limits if each.severity == "critical"]
    return tuple(rules)


def shipped_rules() -> tuple[Rule, ...]:
    """Return the rules of the policies that come along, for all goods of a day."""
    files = shipped_policies()
    return critical_rules({name: read_policy_file(files[name]) for name in policy_names()})


def _rule(policy: str, each: Limit | Budget) -> Rule:
    sign = 1 if each.side == "upper" else -1
    if isinstance(each, Limit):
        allowed, in_a_row, is_heat = float(each.duration_s), each.counting == "consecutive", False
    elif each.allowed_s is not None:
        allowed, in_a_row, is_heat = float(each.allowed_s), False, False
    else:
        allowed, in_a_row, is_heat = float(each.allowed_degree_minutes or 0.0), False, True
    return Rule(
        policy=policy,
        name=each.name,
        sign=sign,
        limit_c=each.limit_c,
        allowed=allowed,
        in_a_row=in_a_row,
        is_heat=is_heat,
    )


class Spoiling:
    """The goods of many boxes: what is used up of each rule, and who broke one first."""

    def __init__(self, policies: Sequence[str], rules: tuple[Rule, ...]) -> None:
        """Begin with fresh goods. `policies` has one entry a box."""
        self._rules = rules
        self._held_to = [np.array([name == rule.policy for name in policies]) for rule in rules]
        self._used = np.zeros((len(rules), len(policies)))
        self.spoiled_s = np.full(len(policies), np.nan)
        self._broke = np.full(len(policies), -1)
        self.warmest_c = np.full(len(policies), -np.inf)

    def count(self, goods_c: Floats, judged: Bools, *, until_s: float, seconds: float) -> None:
        """Count a stretch at these temperatures, of the boxes that are `judged`."""
        self.warmest_c = np.where(judged, np.maximum(self.warmest_c, goods_c), self.warmest_c)
        for k, rule in enumerate(self._rules):
            over_k = (goods_c - rule.limit_c) * rule.sign
            beyond = (over_k > 0) & judged & self._held_to[k]
            more = over_k * seconds / 60 if rule.is_heat else seconds
            used = self._used[k] + np.where(beyond, more, 0.0)
            if rule.in_a_row:
                used = np.where(beyond, used, 0.0)
            self._used[k] = used
            # A duration is reached, a budget overdrawn: they differ by less than a stretch.
            broken = beyond & (used >= rule.allowed) & np.isnan(self.spoiled_s)
            self.spoiled_s[broken], self._broke[broken] = until_s, k

    def begin(self, row: int) -> None:
        """Let fresh goods be in a box."""
        self._used[:, row] = 0.0
        self.spoiled_s[row], self._broke[row], self.warmest_c[row] = np.nan, -1, -np.inf

    def broke(self, row: int) -> str | None:
        """Return the name of the rule that a box's goods broke first."""
        k = int(self._broke[row])
        return None if k < 0 else self._rules[k].name
