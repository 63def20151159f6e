"""Which limits would have to move, and how far, for a day that breaks them to be allowed?

A limit never steers a day's times; it is only held against them (`routing.day`). So a day that is
walked once says how far each limit is exceeded. Moved just so far, it holds, and nothing else
changes. That is what makes a remedy certain: it can be applied, and judged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

from routing.day import Day
from routing.plan import UNITS_PER_MINOR, Draft, Reason, Stop, Tour
from routing.problem import Break, Depot, Load, Order, Problem, Vehicle
from routing.words import clock, count, duration, money

WHOLE: Final = 1000
"""The share of a change that is no matter of degree, such as a skill. Shares are thousandths."""

ELSEWHERE: Final = 2 * WHOLE
"""The share of goods that would have to be brought to another depot first: the last resort."""

ZONES: Final = ("frozen", "chilled", "ambient")


class Change(NamedTuple):
    """One limit that is moved, of an order, a vehicle or a depot.

    `fact` says what breaks the limit now, `wish` what would have to be, after an "if".
    `share` is the move in thousandths of what the limit allows.
    """

    reason: Reason
    of: Literal["orders", "vehicles", "depots"]
    id: str
    field: str
    value: Any
    share: int
    fact: str
    wish: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A day that serves an order, and what has to change for it.

    `vehicle` is an index; `extra`, one more vehicle, comes after all others. `added` is what
    the day costs more than before, in units.
    """

    changes: tuple[Change, ...]
    vehicle: int
    tours: tuple[Tour, ...]
    starts_s: int
    added: int
    extra: Vehicle | None = None

    @property
    def share(self) -> int:
        """Return how far limits are moved in all."""
        return sum(change.share for change in self.changes)

    def applied(self, problem: Problem, draft: Draft) -> tuple[Problem, Draft]:
        """Return the problem as it would have to be, and the draft that serves the order."""
        vehicles = (*problem.vehicles, self.extra) if self.extra else problem.vehicles
        problem = replace(problem, vehicles=vehicles)
        for change in self.changes:
            rows = tuple(
                replace(row, **{change.field: change.value}) if row.id == change.id else row
                for row in getattr(problem, change.of)
            )
            moved: dict[str, Any] = {change.of: rows}
            problem = replace(problem, **moved)
        return problem, (*draft[: self.vehicle], self.tours, *draft[self.vehicle + 1 :])


def moves_no_limit(remedy: Remedy) -> bool:
    """Return whether a remedy breaks no rule as it is: all it may take is money."""
    return all(change.reason == "cost" for change in remedy.changes)


def changes_of(day: Day, orders: Mapping[str, Order], order: Order) -> tuple[Change, ...] | None:
    """Return the moves that would allow a day, or `None` where no limit is in its way but a fact.

    `orders` are the problem's by id; `order` is the one of which the sentences say "it".
    """
    stops = {stop.order: stop for trip in day.trips for stop in trip.stops}
    broken = {violation.reason for violation in day.violations}
    if "unreachable" in broken:
        return None
    changes: list[Change] = []
    for violation in day.violations:
        if violation.order is not None and violation.reason != "skill":
            other = orders[violation.order]
            whose = "it" if other is order else other.id
            change = _order_change(violation.reason, day, other, stops[other.id], whose)
            if change is None:
                return None
            changes.append(change)
    changes.extend(_vehicle_changes(broken, day, orders, stops))
    return tuple(changes)


def picking_change(depot: Depot, hour: int, orders: int) -> Change:
    """Return the move of a depot that is to pick so many orders in an hour."""
    limits = depot.orders_per_hour or (0,) * 24
    limit = limits[hour % 24]
    value = (*limits[: hour % 24], orders, *limits[hour % 24 + 1 :])
    return Change(
        reason="picking",
        of="depots",
        id=depot.id,
        field="orders_per_hour",
        value=value,
        share=_share(orders - limit, limit),
        fact=f"{count(orders, 'order')} would leave {depot.id} from {clock(hour * 3600)}, and it "
        f"picks {limit} in that hour",
        wish=f"{depot.id} picked {count(orders, 'order')} instead of {limit} from "
        f"{clock(hour * 3600)}",
    )


def drop_change(order: Order, added: int) -> Change:
    """Return the raise of an order's drop cost to what serving it adds, in units."""
    minor = -(-added // UNITS_PER_MINOR)
    leaving = order.drop_cost * UNITS_PER_MINOR
    return Change(
        reason="cost",
        of="orders",
        id=order.id,
        field="drop_cost",
        value=minor,
        share=_share(minor - order.drop_cost, order.drop_cost),
        fact=f"serving it costs {money(added)} more, and its drop cost is {money(leaving)}",
        wish=f"its drop cost were {money(minor * UNITS_PER_MINOR)} (drop_cost {minor:,})",
    )


def _order_change(reason: Reason, day: Day, order: Order, stop: Stop, whose: str) -> Change | None:
    """Return the move of an order's own limit."""
    its = "its" if whose == "it" else f"{whose}'s"
    vehicle = day.vehicle

    def change(field: str, value: Any, share: int, fact: str, wish: str) -> Change:
        return Change(reason, "orders", order.id, field, value, share, fact, wish)

    if reason == "promise":
        late_s = stop.starts_s - order.latest_s
        span_s = order.latest_s - max(order.ready_s, day.problem.now_s, vehicle.start_s)
        return change(
            "latest_s",
            stop.starts_s,
            _share(late_s, span_s),
            f"{vehicle.id} would begin to serve {whose} at {clock(stop.starts_s)}, "
            f"{duration(late_s)} after {its} latest time",
            f"{its} latest time were {duration(late_s)} later (latest_s {stop.starts_s:,})",
        )
    if reason == "cold":
        hold_s = order.hold_s or 0
        more_s = stop.exposure_s - hold_s
        return change(
            "hold_s",
            stop.exposure_s,
            _share(more_s, hold_s),
            f"with {vehicle.id} {its} box would be exposed for {duration(stop.exposure_s)}, "
            f"and holds for {duration(hold_s)}",
            f"{its} box held {duration(more_s)} longer (hold_s {stop.exposure_s:,})",
        )
    if reason == "stock":
        return change(
            "depots",
            (*order.depots, vehicle.depot),
            ELSEWHERE,
            f"{vehicle.depot}, the depot of {vehicle.id}, does not have {whose}",
            f"{vehicle.depot} had {whose}",
        )
    if reason == "pin" and order.only_vehicle not in {None, vehicle.id}:
        pin = order.only_vehicle
        return change(
            "only_vehicle",
            None,
            WHOLE,
            f"{whose} is pinned to {pin}",
            f"{whose} were not pinned to {pin}",
        )
    return None


def _vehicle_changes(
    broken: set[Reason], day: Day, orders: Mapping[str, Order], stops: Mapping[str, Stop]
) -> Iterator[Change]:
    """Yield the moves of a vehicle's limits."""
    if "skill" in broken:
        yield _skills(day.vehicle, [orders[name] for name in stops])
    if broken & {"capacity", "compartment"}:
        yield _room(day, orders)
    if "range" in broken:
        yield _range(day)
    if "shift" in broken:
        yield from _shift(day)
    if "break" in broken:
        yield _breaks(day)


def _of_vehicle(
    vehicle: Vehicle, reason: Reason, field: str, value: Any, share: int, words: tuple[str, str]
) -> Change:
    fact, wish = words
    return Change(reason, "vehicles", vehicle.id, field, value, share, f"{vehicle.id} {fact}", wish)


def _skills(vehicle: Vehicle, orders: list[Order]) -> Change:
    needed = frozenset[str]().union(*(order.skills for order in orders))
    missing = ", ".join(sorted(needed - vehicle.skills))
    return _of_vehicle(
        vehicle,
        "skill",
        "skills",
        vehicle.skills | needed,
        WHOLE,
        (f"lacks {missing}", f"{vehicle.id} had {missing}"),
    )


def _room(day: Day, orders: Mapping[str, Order]) -> Change:
    vehicle = day.vehicle
    had = vehicle.capacity.by_zone()
    trips = day.trips[vehicle.current is not None :]
    loads = [
        [sum(z) for z in zip(*(orders[s.order].load.by_zone() for s in trip.stops), strict=True)]
        for trip in trips
    ]
    needed = [max(limit, *zone) for limit, *zone in zip(had, *loads, strict=True)]
    missing = [
        (name, want, limit)
        for name, want, limit in zip(ZONES, needed, had, strict=True)
        if want > limit
    ]
    reason: Reason = "compartment" if any(not limit for *_, limit in missing) else "capacity"
    share = sum(_share(want - limit, limit) if limit else WHOLE for _, want, limit in missing)
    more = " and ".join(f"{want - limit:,} g more {name}" for name, want, limit in missing)
    loaded = " and ".join(f"{want:,} g {name} of {limit:,} g" for name, want, limit in missing)
    fact = f"would load {loaded}"
    wish = f"{vehicle.id} had {more} room"
    value = Load(frozen_g=needed[0], chilled_g=needed[1], ambient_g=needed[2])
    return _of_vehicle(vehicle, reason, "capacity", value, share, (fact, wish))


def _range(day: Day) -> Change:
    vehicle = day.vehicle
    way_m = vehicle.driven_m + sum(trip.distance_m for trip in day.trips)
    limit_m = vehicle.range_m or 0
    return _of_vehicle(
        vehicle,
        "range",
        "range_m",
        way_m,
        _share(way_m - limit_m, limit_m),
        (
            f"would drive {way_m:,} m of {limit_m:,} m",
            f"{vehicle.id} could drive {way_m - limit_m:,} m further (range_m {way_m:,})",
        ),
    )


def _shift(day: Day) -> Iterator[Change]:
    vehicle = day.vehicle
    later_s = day.free_s - vehicle.end_s
    if later_s > 0:
        yield _of_vehicle(
            vehicle,
            "shift",
            "end_s",
            day.free_s,
            _share(later_s, vehicle.end_s - vehicle.start_s),
            (
                f"would be done at {clock(day.free_s)}, {duration(later_s)} after its shift",
                f"the shift of {vehicle.id} ended {duration(later_s)} later (end_s {day.free_s:,})",
            ),
        )
    trips = len(day.trips) - (vehicle.current is not None)
    if trips > vehicle.max_trips:
        yield _of_vehicle(
            vehicle,
            "shift",
            "max_trips",
            trips,
            _share(trips - vehicle.max_trips, vehicle.max_trips),
            (
                f"would start {count(trips, 'trip')}, and may start {vehicle.max_trips}",
                f"{vehicle.id} could start {count(trips, 'trip')} (max_trips {trips})",
            ),
        )


def _breaks(day: Day) -> Change:
    vehicle = day.vehicle
    taken_s = (*day.breaks_taken_s, *[day.free_s] * len(vehicle.breaks))
    moved = tuple(
        replace(rest, latest_s=max(rest.latest_s, starts_s))
        for rest, starts_s in zip(vehicle.breaks, taken_s, strict=False)
    )
    late_s = max(
        new.latest_s - old.latest_s for new, old in zip(moved, vehicle.breaks, strict=True)
    )
    return _of_vehicle(
        vehicle,
        "break",
        "breaks",
        moved,
        _share(late_s, _window_s(vehicle.breaks)),
        (
            f"would come to its break {duration(late_s)} too late",
            f"a break of {vehicle.id} could begin {duration(late_s)} later",
        ),
    )


def _window_s(breaks: tuple[Break, ...]) -> int:
    return max(rest.latest_s - rest.earliest_s + rest.duration_s for rest in breaks)


def _share(move: int, limit: int) -> int:
    return -(-move * WHOLE // max(1, limit))
