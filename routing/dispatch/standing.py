"""What is a city's plan, as something to be planned on?

`Standing` is a routing problem with what remains of the living plan as its start, and what it takes
to read a new plan back as stops. `Bound` is what the next plan has to heed beside the state: what
was decided a moment ago and is no row yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from routing.dispatch.cold import Cold
from routing.dispatch.learning import TimeBook
from routing.dispatch.state import CityState, PlannedUnserved, Shift
from routing.dispatch.times import Clock
from routing.dispatch.travelling import TravelOf
from routing.plan import Draft
from routing.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What a standing is made with beside the state."""

    travel_of: TravelOf
    book: TimeBook
    cold: Cold


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Two vehicles meet, and orders go from one to the other; both make for it at once."""

    orders: tuple[str, ...]
    giver: str
    taker: str
    lat_deg: float
    lon_deg: float
    meets_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What the next plan has to heed. `returning` orders are brought back, not delivered."""

    transfers: tuple[Transfer, ...] = ()
    returning: frozenset[str] = frozenset()


FREE = Bound()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Which vehicle of the city a vehicle of the problem is, in which shift.

    `first_trip` is the number of its first tour, counted over the day. A `departed` one is out.
    """

    vehicle_id: str
    shift: Shift
    first_trip: int
    departed: bool = False


class Here(NamedTuple):
    """An order whose door the vehicle stands at, and since when."""

    order_id: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A problem, and the rest of the living plan as its start, which breaks no rule of it.

    `crews` are in the order of the problem's vehicles. `left_out` orders are none of the problem's:
    no vehicle can bring them as things are.
    """

    state: CityState
    clock: Clock
    ways: Ways
    problem: Problem
    start: Draft
    crews: tuple[Crew, ...]
    transfers: tuple[Transfer, ...] = ()
    left_out: tuple[PlannedUnserved, ...] = ()
    here: tuple[Here, ...] = ()
    dropped: frozenset[str] = field(default=frozenset())
    """Orders that the living plan served and the start can't serve any more."""
    just_promised: Mapping[str, str] = field(default_factory=dict)
    """Orders that were put into the start a moment ago, and their depots."""

    @property
    def book(self) -> TimeBook:
        """Return what was learned of legs and stops."""
        return self.ways.book

    @property
    def for_lockers(self) -> frozenset[str]:
        """Return the orders that wished for a locker: it is their door."""
        return frozenset(
            order.id for order in self.problem.orders if order.place.startswith("locker:")
        )

    def since_at_door(self, order_id: str) -> datetime | None:
        """Return since when a vehicle stands at an order's door."""
        return next((here.since for here in self.here if here.order_id == order_id), None)

    def vehicle_of(self, name: str) -> str:
        """Return the city's vehicle that a vehicle of the problem is."""
        for crew, vehicle in zip(self.crews, self.problem.vehicles, strict=True):
            if vehicle.id == name:
                return crew.vehicle_id
        raise KeyError(name)
