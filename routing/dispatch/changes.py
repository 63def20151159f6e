"""What does a new version of the plan change for each order, and why?

By comparing two plans' rows, with what the state says of the order and its vehicles: the first
cause that fits is named. Times that move by less than `TOLERANCE` are no change.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from routing.dispatch.decision import Change, What
from routing.dispatch.standing import Standing
from routing.dispatch.state import (
    CityOrder,
    Disruption,
    PlannedStop,
    PlannedUnserved,
)
from routing.dispatch.times import wall_clock
from routing.dispatch.world import holding
from schemas.disruptions import DelayDetails, RoadClosedDetails, WeatherDetails

TOLERANCE: Final = timedelta(minutes=3)


def changes_of(
    standing: Standing, stops: Sequence[PlannedStop], unserved: Sequence[PlannedUnserved]
) -> tuple[Change, ...]:
    """Return what the new rows change of the living plan, by order."""
    return tuple(_Comparison(standing, stops, unserved).changes())


def is_other_plan(
    standing: Standing, stops: Sequence[PlannedStop], unserved: Sequence[PlannedUnserved]
) -> bool:
    """Return whether new rows say something else than the living plan: a version is worth it.

    Beside changes of orders these are trips that end, begin to load, or are no longer to be.
    """
    old = standing.state.plan
    if changes_of(standing, stops, unserved):
        return True
    if _trips(old.stops) != _trips(stops) or _meetings(old.stops) != _meetings(stops):
        return True
    return {row.order_id for row in old.unserved} != {row.order_id for row in unserved}


def _trips(stops: Sequence[PlannedStop]) -> set[tuple[str, int, bool]]:
    return {(stop.vehicle_id, stop.trip, stop.locked) for stop in stops if stop.kind == "load"}


def _meetings(stops: Sequence[PlannedStop]) -> set[tuple[str, str | None]]:
    return {(stop.vehicle_id, stop.order_id) for stop in stops if stop.kind == "meet"}


def _doors(stops: Sequence[PlannedStop]) -> dict[str, PlannedStop]:
    return {
        stop.order_id: stop
        for stop in stops
        if stop.kind == "deliver" and stop.order_id is not None
    }


@dataclass(slots=True)
class _Comparison:
    """Two plans, order by order."""

    standing: Standing
    stops: Sequence[PlannedStop]
    unserved: Sequence[PlannedUnserved]
    old: dict[str, PlannedStop] = field(init=False)
    new: dict[str, PlannedStop] = field(init=False)
    orders: dict[str, CityOrder] = field(init=False)

    def __post_init__(self) -> None:
        self.old = _doors(self.standing.state.plan.stops)
        self.new = _doors(self.stops)
        self.orders = {order.id: order for order in self.standing.state.orders}

    def changes(self) -> Iterator[Change]:
        """Yield each order's change."""
        sequence = self._resequenced()
        for order_id in sorted({*self.old, *self.new}):
            before, after = self.old.get(order_id), self.new.get(order_id)
            what = self._what(order_id, before, after, sequence)
            if what is not None:
                yield Change(
                    order_id=order_id,
                    what=what,
                    from_vehicle=before.vehicle_id if before else None,
                    to_vehicle=after.vehicle_id if after else None,
                    from_at=before.arrives_at if before else None,
                    to_at=after.arrives_at if after else None,
                    why=self._why(order_id, what),
                )

    def _what(
        self,
        order_id: str,
        before: PlannedStop | None,
        after: PlannedStop | None,
        resequenced: set[str],
    ) -> What | None:
        if before is None or after is None:
            return "planned" if before is None else self._gone(order_id)
        if before.vehicle_id != after.vehicle_id:
            return "moved"
        if before.trip != after.trip or order_id in resequenced:
            return "resequenced"
        moved = after.arrives_at - before.arrives_at
        if abs(moved) < TOLERANCE or self.standing.since_at_door(order_id) is not None:
            return None
        return "delayed" if moved > timedelta(0) else "earlier"

    def _gone(self, order_id: str) -> What:
        order = self.orders.get(order_id)
        return "done" if order is None or order.stage in {"delivered", "ended"} else "dropped"

    def _resequenced(self) -> set[str]:
        """Return the orders that come after another than before, of those of the same trip."""
        before, after = self._followers(self.old, self.new), self._followers(self.new, self.old)
        return {order_id for order_id, prior in after.items() if before.get(order_id) != prior}

    @staticmethod
    def _followers(
        rows: Mapping[str, PlannedStop], others: Mapping[str, PlannedStop]
    ) -> dict[str, str | None]:
        """Return what each order comes after, among those that both plans have on one vehicle."""
        common = sorted(
            (
                row
                for order_id, row in rows.items()
                if order_id in others and others[order_id].vehicle_id == row.vehicle_id
            ),
            key=lambda row: (row.vehicle_id, row.trip, row.position),
        )
        found = {row.order_id or "": None for row in common[:1]}
        for prior, row in pairwise(common):
            same = prior.vehicle_id == row.vehicle_id
            found[row.order_id or ""] = prior.order_id if same else None  # type: ignore[assignment]
        return found  # type: ignore[return-value]

    # Why

    def _why(self, order_id: str, what: What) -> str:
        order = self.orders.get(order_id)
        if what == "done":
            return self._why_done(order)
        if what == "dropped":
            rows = (row.sentence for row in self.unserved if row.order_id == order_id)
            return next(rows, "It is not to be delivered any more.")
        causes = (*self._own(order_id), *self._of_vehicles(order_id), *self._of_the_city())
        return next(iter(causes), None) or self._otherwise(order_id, what)

    def _why_done(self, order: CityOrder | None) -> str:
        if order is None or order.stage != "delivered":
            return "It was cancelled, refused or brought back."
        at = order.delivered_at
        return f"Delivered at {self._clock(at)}." if at else "Delivered."

    def _own(self, order_id: str) -> Iterator[str]:
        """Yield causes that lie in the order: a pin, a hold, a hand-over, its box."""
        for pin in self.standing.state.pins:
            if pin.order_id == order_id and self._is_new_to(pin.vehicle_id, order_id):
                if pin.kind == "pin":
                    yield f"{pin.by} pinned it to {pin.vehicle_id}."
                elif pin.hold_until is not None:
                    yield f"{pin.by} holds it until {self._clock(pin.hold_until)}."
        for each in self.standing.transfers:
            if order_id in each.orders:
                yield f"{each.giver} hands it over to {each.taker}."
        order = self.orders.get(order_id)
        if order and any(box.forecast and box.forecast.at_risk for box in order.boxes):
            yield "Its box is forecast to leave its zone."

    def _is_new_to(self, vehicle: str | None, order_id: str) -> bool:
        before = self.old.get(order_id)
        return before is None or vehicle is None or before.vehicle_id != vehicle

    def _of_vehicles(self, order_id: str) -> Iterator[str]:
        """Yield what happened to the vehicle that had it, or has it now."""
        rows = (self.old.get(order_id), self.new.get(order_id))
        vehicles = list(dict.fromkeys(row.vehicle_id for row in rows if row is not None))
        for one in self._news():
            if one.vehicle_id in vehicles:
                yield _said_of(one)

    def _of_the_city(self) -> Iterator[str]:
        for one in self._news():
            if one.vehicle_id is None:
                yield _said_of(one)

    def _news(self) -> Iterator[Disruption]:
        """Yield what holds now and did not when the living plan was made."""
        made_at = self.standing.state.plan.made_at
        for one in holding(self.standing.state):
            if made_at is None or max(one.recorded_at, one.from_at) >= made_at:
                yield one

    def _otherwise(self, order_id: str, what: What) -> str:
        order, after = self.orders.get(order_id), self.new.get(order_id)
        who = after.vehicle_id if after else "its vehicle"
        if what == "planned":
            due_at = order.due_at if order else None
            until = f" by {self._clock(due_at)}" if due_at else ""
            return f"Promised{until}; {who} brings it."
        if what == "delayed":
            return self._room_for(order_id) or f"{who} is later than planned."
        if what == "earlier":
            return f"{who} is earlier than planned."
        return self._room_for(order_id) or "It costs less this way, as things are now."

    def _room_for(self, order_id: str) -> str | None:
        """Return the news that it made room for, on the vehicle that had it or has it."""
        rows = (self.old.get(order_id), self.new.get(order_id))
        vehicles = {row.vehicle_id for row in rows if row is not None}
        news = sorted(
            id_
            for id_, row in self.new.items()
            if id_ not in self.old and row.vehicle_id in vehicles
        )
        if not news:
            return None
        more = f" and {len(news) - 1} more" if len(news) > 1 else ""
        return f"It makes room for {news[0]}{more}."

    def _clock(self, at: datetime) -> str:
        return wall_clock(at, self.standing.state.city.time_zone)


def _said_of(one: Disruption) -> str:
    details = one.details
    if isinstance(details, DelayDetails):
        return f"{one.vehicle_id} loses {round(details.delay_s / 60)} min."
    if isinstance(details, WeatherDetails):
        return f"{details.weather.capitalize()}: roads at {details.speed_percent} % of their speed."
    if isinstance(details, RoadClosedDetails):
        return "A road on the way is closed."
    if one.kind == "breakdown":
        return f"{one.vehicle_id} broke down."
    return f"{one.vehicle_id} cools no more."
