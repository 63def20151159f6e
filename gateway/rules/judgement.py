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
    """A stretch beyond a limit for longer than tolerated, or beyond a budget.

    `until_ms` None: it goes on, or nobody knows (lost).
    """

    limit: str  # the name of a limit or a budget
    side: Side
    severity: Severity
    source: Literal["box", "place"]
    state: Literal["open", "closed", "lost", "closed_by_operator"]
    from_ms: int
    until_ms: int | None
    broken_at_ms: int  # when the tolerated time was used up
    extreme_c: float
    degree_minutes: float  # beyond the limit, as far as it was measured
    duration_s: int  # measured beyond the limit, between from_ms and until_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """How much of a budget is used up; both in seconds, or in degree minutes."""

    name: str
    used: float
    allowed: float
    unit: Literal["s", "degree_minutes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The judged readings in numbers; None where there are none.

    The life until `as_of_ms` is measured, unknown or suspended. Temperatures are the air's; the
    mean and MKT are weighted by time.
    """

    readings: int
    measured_s: int
    unknown_s: int  # in gaps
    suspended_s: int  # ignored after packing or loading, maintenance, defrosts
    lid_openings: int
    lowest_c: float | None = None
    highest_c: float | None = None
    mean_c: float | None = None
    mkt_c: float | None = None
    newest_c: float | None = None
    newest_at_ms: int | None = None
    rate_c_per_h: float | None = None  # over the 30 minutes before the newest reading
    shelf_life_left_s: int | None = None  # at the policy's reference temperature


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found. `look_again_ms`: when time alone may change it, None: never."""

    outcome: Literal["in_range", "excursion", "unknown"]
    excursions: tuple[Excursion, ...]  # in order of time
    budgets: tuple[BudgetUse, ...]
    statistics: Statistics
    gaps: tuple[Window, ...]
    look_again_ms: int | None
