"""What does a dispatcher write, after it has looked?

All of a decision is written in one transaction, or nothing of it: where another dispatcher has
taken the version meanwhile, the work is thrown away (D10 of the plan, docs/dispatch.md).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from routing.dispatch import state
from routing.dispatch.state import Pin, PlannedStop, PlannedUnserved, PromiseState, Visited
from routing.plan import Cost

Offer: TypeAlias = state.Offer
What = Literal["planned", "moved", "resequenced", "delayed", "earlier", "dropped", "done"]
Action = Literal["keep", "bring_forward", "swap", "relay", "return", "accept"]
Cause = Literal["forecast", "cooling_failed", "breakdown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a version changes for an order, and why, in a sentence."""

    order_id: str
    what: What
    from_vehicle: str | None
    to_vehicle: str | None
    from_at: datetime | None
    to_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """A version of the living plan: `base + 1`. `pins_cost` is what pins cost more."""

    base: int
    reason: str
    why: dict[str, Any]
    engine: str
    seed: int
    iterations: int
    problem_sha256: bytes
    cost: Cost
    pins_cost: int
    took_ms: int
    stops: tuple[PlannedStop, ...]
    unserved: tuple[PlannedUnserved, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPromise:
    """The answer to an order: a due time, offers, or why it is impossible."""

    order_id: str
    state: PromiseState
    due_at: datetime | None
    not_before: datetime | None
    depot_id: str | None
    alternates: tuple[str, ...]
    offers: tuple[Offer, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a dispatcher's command, and its price."""

    command_id: str
    accepted: bool
    reason: str
    price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to deal with a warming box. Costs are against doing nothing else than planned."""

    action: Action
    vehicle_id: str | None
    arrives_at: datetime | None
    cost: int
    spoil_chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """A box that became a question, what was compared, and what was chosen."""

    order_id: str
    consignment_id: str
    cause: Cause
    options: tuple[Option, ...]
    chosen: Action
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A step of an order's journey that the dispatcher saw."""

    order_id: str
    milestone: Literal["next_stop", "arriving"]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """When an order is thought to arrive, with an 80 % interval."""

    order_id: str
    arrives_at: datetime
    earliest_at: datetime
    latest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event for streams and webhooks; `data` is one of `schemas.events`."""

    type: str
    order_id: str | None
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything that one look led to. `plan` None: the plan stands."""

    now: datetime
    plan: NewPlan | None = None
    promises: tuple[NewPromise, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    pins: tuple[Pin, ...] | None = None
    """All pins that stand from now on; None: as they were."""
    rescues: tuple[Rescue, ...] = ()
    visits: tuple[Visited, ...] = ()
    """New ones, and those that stand and have changed."""
    visits_withdrawn: tuple[Visited, ...] = ()
    """That late fixes have shown not to be, or to have begun at another time."""
    milestones: tuple[Milestone, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    told: tuple[Told, ...] = field(default=())
