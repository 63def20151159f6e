"""What did the gateway find of a box, a place or a batch?

As it stands in the database. A change of mind is a new revision, never an overwrite.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from schemas.events import ExcursionState, Severity, Side

SubjectKind = Literal["consignment", "watch", "intake"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRevision:
    """What was found of a box, a day of a place or a batch; unknown: too little was measured."""

    verdict_id: int
    subject_kind: SubjectKind
    subject_id: str
    revision: int
    judged_at: datetime
    as_of: datetime  # judged with what had been measured until then
    found_late: bool
    is_final: bool  # the box is closed, the day is over
    outcome: Literal["in_range", "excursion", "unknown"]
    policy_id: str
    policy_version: int
    readings: int
    readings_sha256: str
    summary: dict[str, Any]  # extremes, MKT, budgets, shelf life, gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundExcursion:
    """A stretch beyond a limit for longer than tolerated, in its newest revision."""

    excursion_id: int
    revision: int
    subject_kind: SubjectKind
    subject_id: str
    order_id: str | None
    place_id: str | None
    limit: str  # its name in the policy
    side: Side
    severity: Severity
    source: Literal["box", "place"]
    state: ExcursionState
    from_at: datetime
    until_at: datetime | None  # None: it goes on
    extreme_c: float
    degree_minutes: float
    duration_s: int
    found_at: datetime
    found_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When a box will leave its zone, with an 80 % interval; None: beyond the horizon."""

    consignment_id: str
    made_at: datetime
    leaves_in_s_q10: float | None
    leaves_in_s_q50: float | None
    leaves_in_s_q90: float | None
    chance_within_40_min: float
    side: Side | None
    at_risk: bool
    spoil_cost: int | None  # what its loss would cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is thought of one box now. `verdict` None: it was not judged yet."""

    verdict: VerdictRevision | None = None
    excursions: tuple[FoundExcursion, ...] = ()  # in order of time; withdrawn ones are left out
    forecast: Forecast | None = None


NOTHING_FOUND = Findings()
