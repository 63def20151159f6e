"""What a plan is: who brings what when, what it costs, and what stays behind and why.

A *draft* is what an engine decides: for each vehicle, in the problem's order, its tours and their
stops. Everything else follows from it and is the evaluator's to say (`routing.evaluate`).
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

UNITS_PER_MINOR: Final = 18_000
"""Costs are counted in units of 1/18,000 fen, so that rates by the kilometre (1,000 m), the hour
(3,600 s) and the minute (60 s) are whole numbers by the metre and the second."""


def minor_of(units: int) -> int:
    """Return units of cost in the smallest currency unit, rounded to the nearest."""
    return (units + UNITS_PER_MINOR // 2) // UNITS_PER_MINOR


Reason = Literal[
    "stock",
    "promise",
    "cold",
    "compartment",
    "capacity",
    "range",
    "shift",
    "break",
    "picking",
    "skill",
    "pin",
    "unreachable",
    "cost",
    "search",
]
"""What stands in an order's or a vehicle's way; `docs/route-problem.md` says each in a sentence.

`cost` and `search` stand in no plan's way, but leave an order behind: it costs more than its drop
cost, or the search ended before it found that it does not."""


class Visit(NamedTuple):
    """An order (its index in the problem), brought to its door or to its locker."""

    order: int
    to_locker: bool = False


class Tour(NamedTuple):
    """Stops in order, from one loading to the return. It leaves no earlier than `not_before_s`."""

    visits: tuple[Visit, ...]
    not_before_s: int = 0


Draft = tuple[tuple[Tour, ...], ...]
"""Tours of each vehicle. A vehicle with a current trip has it as its first tour, empty or not."""


class Stop(NamedTuple):
    """One delivery as it will happen."""

    order: str
    to_locker: bool
    arrives_s: int
    starts_s: int
    leaves_s: int
    late_s: int
    exposure_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One tour as it will happen. `ends_s` is the return, or the last stop's end without one."""

    departs_s: int
    ends_s: int
    distance_m: int
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One vehicle's day."""

    vehicle: str
    trips: tuple[Trip, ...]
    breaks_s: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a plan costs, part by part: `UNITS_PER_MINOR` units are one fen."""

    distance: int = 0
    time: int = 0
    vehicles: int = 0
    orders: int = 0
    lateness: int = 0
    on_board: int = 0
    warmth: int = 0
    changes: int = 0
    drops: int = 0

    @property
    def total(self) -> int:
        """Return the sum of the parts: what every engine minimises."""
        return (
            self.distance
            + self.time
            + self.vehicles
            + self.orders
            + self.lateness
            + self.on_board
            + self.warmth
            + self.changes
            + self.drops
        )

    @property
    def total_minor(self) -> int:
        """Return the total in the smallest currency unit, rounded to the nearest."""
        return minor_of(self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a plan does, in the units of its names."""

    distance_m: int = 0
    driving_and_service_s: int = 0
    late_s: int = 0
    late_orders: int = 0
    on_board_s: int = 0
    vehicles_used: int = 0
    orders_moved: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a draft breaks, and by whom."""

    reason: Reason
    vehicle: str
    order: str | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """An order that stays behind: why, found by trying, and what would serve it most cheaply."""

    order: str
    reason: Reason
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A judged answer. `draft` starts the next solve; `engine` says who found it."""

    draft: Draft
    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    cost: Cost
    totals: Totals
    engine: str
    seed: int
    iterations: int


class Column(NamedTuple):
    """One vehicle's whole day as a search met it, and its cost in units: what is recombined."""

    vehicle: int
    tours: tuple[Tour, ...]
    total: int
