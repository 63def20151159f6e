"""What is found of one curve under one policy? The words of the answer `excursions.py` gives."""

from dataclasses import dataclass
from typing import Literal

from schemas.events import Severity, Side
from schemas.segments import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What must be known besides readings and policy; times in ms UTC.

    Only what was measured until `as_of_ms` counts. For a life that has ended that is its end, so
    that the same readings give the same judgement whenever they come.
    """

    life: Window
    as_of_ms: int
    packed_at_ms: tuple[int, ...] = ()  # begins of the policy's ignore periods
    loaded_at_ms: tuple[int, ...] = ()
    suspended: tuple[Window, ...] = ()  # planned maintenance
    closed_by_operator_ms: tuple[int, ...] = ()  # an excursion open at such a time ends there


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion:
    """A stretch beyond a limit for longer than tolerated. `until_ms` None: it still goes on."""

    limit: str
    side: Side
    severity: Severity
    source: Literal["box", "place"]
    state: Literal["open", "closed", "lost", "closed_by_operator"]
    from_ms: int
    until_ms: int | None
    broken_at_ms: int  # when the tolerated time was used up
    extreme_c: float
    degree_minutes: float  # beyond the limit
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """How much of a budget is used up; both in seconds, or in degree minutes."""

    name: str
    used: float
    allowed: float
    unit: Literal["s", "degree_minutes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The curve in numbers; None where nothing was measured."""

    readings: int
    lowest_c: float | None
    highest_c: float | None
    mean_c: float | None  # weighted by time
    mkt_c: float | None
    newest_c: float | None
    newest_at_ms: int | None
    rate_c_per_h: float | None  # over the last 30 minutes
    measured_s: int
    unknown_s: int  # of the life until `as_of_ms`, outside suspensions
    lid_openings: int
    shelf_life_left_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found. `look_again_ms`: when time alone may change it, None: never."""

    outcome: Literal["in_range", "excursion", "unknown"]
    excursions: tuple[Excursion, ...]  # in order of time
    budgets: tuple[BudgetUse, ...]
    statistics: Statistics
    gaps: tuple[Window, ...]
    look_again_ms: int | None
