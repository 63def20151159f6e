"""What does a plan look like as rows of the living plan?

One row a stop: the loading, meetings, doors, the way home. An interval stands around each arrival,
as wide as the legs and stops before it make it (`eta.Spread`); what is locked is past changing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from routing.dispatch.eta import Spread
from routing.dispatch.standing import Crew, Standing
from routing.dispatch.state import PlannedStop, PlannedUnserved, StopKind
from routing.dispatch.whereabouts import LOADING
from routing.plan import Plan, Route, Stop, Trip
from routing.problem import Vehicle


def stops_of(standing: Standing, routes: Sequence[Route]) -> tuple[PlannedStop, ...]:
    """Return a plan's stops, by vehicle, trip and position."""
    by_vehicle = {route.vehicle: route for route in routes}
    next_trip: dict[str, int] = {}
    found: list[PlannedStop] = []
    for_lockers = standing.for_lockers
    for crew, vehicle in zip(standing.crews, standing.problem.vehicles, strict=True):
        day = _Day(standing, crew, vehicle, for_lockers)
        number = max(crew.first_trip, next_trip.get(crew.vehicle_id, 1))
        route = by_vehicle.get(vehicle.id)
        for trip in route.trips if route else ():
            found += day.rows(trip, number)
            number += 1
        next_trip[crew.vehicle_id] = number
    return tuple(sorted(found, key=lambda row: (row.vehicle_id, row.trip, row.position)))


def unserved_of(standing: Standing, plan: Plan) -> tuple[PlannedUnserved, ...]:
    """Return what stays behind, by order."""
    found = [
        PlannedUnserved(
            order_id=row.order, reason=row.reason, sentence=row.sentence, remedy=row.remedy
        )
        for row in plan.unserved
    ]
    return tuple(sorted((*found, *standing.left_out), key=lambda row: row.order_id))


@dataclass(slots=True)
class _Day:
    """The rows of one shift. How unsure its times are adds up, and waits take it up again."""

    standing: Standing
    crew: Crew
    vehicle: Vehicle
    for_lockers: frozenset[str]
    spread: Spread = field(default_factory=Spread)
    number: int = 0
    position: int = 0
    under_way: bool = False
    at_s: int | None = None

    def rows(self, trip: Trip, number: int) -> Iterator[PlannedStop]:
        """Yield a trip's loading, its meetings, its doors, and the way home."""
        self.number, self.position = number, 0
        is_next = self.at_s is None
        self.under_way = is_next and self.vehicle.current is not None
        if self.at_s is not None:
            self.spread.absorb(trip.departs_s - self.at_s - self.vehicle.reload_s)
        self.at_s = self._begins_s(trip)
        yield self._load(trip, is_next=is_next)
        yield from self._meetings()
        for stop in trip.stops:
            yield self._door(stop)
        if self.vehicle.returns:
            yield self._home(trip)

    def _begins_s(self, trip: Trip) -> int:
        current = self.vehicle.current
        return current.free_s if self.under_way and current is not None else trip.departs_s

    def _load(self, trip: Trip, *, is_next: bool) -> PlannedStop:
        leaves_at = self._at(trip.departs_s)
        loads = is_next and leaves_at - LOADING <= self.standing.state.now
        departed = self.under_way and self.crew.departed
        row = self._row("load", leaves_at if departed else leaves_at - LOADING, leaves_at)
        return replace(row, depot_id=self.vehicle.depot, locked=self.under_way or loads)

    def _meetings(self) -> Iterator[PlannedStop]:
        """Yield a row for each order that is handed over, by this vehicle or to it."""
        if not (self.under_way and self.crew.departed):
            return
        for each in self.standing.transfers:
            if self.crew.vehicle_id in {each.giver, each.taker}:
                for order in each.orders:
                    row = self._row("meet", each.meets_at, each.until)
                    row = replace(row, lat_deg=each.lat_deg, lon_deg=each.lon_deg)
                    yield replace(row, order_id=order, locked=True)

    def _door(self, stop: Stop) -> PlannedStop:
        self._drive_until(stop.arrives_s)
        row = self._row("deliver", self._at(self._arrives_s(stop)), self._at(stop.leaves_s))
        since = self.standing.since_at_door(stop.order)
        if since is not None:
            row = replace(row, arrives_at=since, earliest_at=since, latest_at=since)
        self.spread.absorb(stop.starts_s - stop.arrives_s)
        self.spread.add(stop.leaves_s - stop.starts_s, self.standing.book.stop_ratio())
        self.at_s = stop.leaves_s
        current = self.vehicle.current
        return replace(
            row,
            order_id=stop.order,
            to_locker=stop.to_locker or stop.order in self.for_lockers,
            locked=self.under_way and current is not None and stop.order in current.locked,
        )

    def _arrives_s(self, stop: Stop) -> int:
        """Return when it is there: where a trip under way is headed, a rest comes after that."""
        current = self.vehicle.current
        heads_here = self.under_way and current is not None and stop.order in current.locked
        if current is None or not heads_here or current.place.startswith("vehicle:"):
            return stop.arrives_s
        return current.free_s

    def _home(self, trip: Trip) -> PlannedStop:
        self._drive_until(trip.ends_s)
        ends_at = self._at(trip.ends_s)
        return replace(self._row("return", ends_at, ends_at), depot_id=self.vehicle.depot)

    def _drive_until(self, arrives_s: int) -> None:
        left_s = arrives_s if self.at_s is None else self.at_s
        self.spread.add(arrives_s - left_s, self.standing.book.leg_ratio(self.vehicle.mode))
        self.at_s = arrives_s

    def _row(self, kind: StopKind, arrives_at: datetime, leaves_at: datetime) -> PlannedStop:
        early_s, late_s = self.spread.ends_s()
        row = PlannedStop(
            vehicle_id=self.crew.vehicle_id,
            trip=self.number,
            position=self.position,
            kind=kind,
            order_id=None,
            depot_id=None,
            to_locker=False,
            arrives_at=arrives_at,
            earliest_at=arrives_at - timedelta(seconds=round(early_s)),
            latest_at=arrives_at + timedelta(seconds=round(late_s)),
            leaves_at=leaves_at,
            locked=False,
        )
        self.position += 1
        return row

    def _at(self, second: int) -> datetime:
        return self.standing.clock.time_of(second)
