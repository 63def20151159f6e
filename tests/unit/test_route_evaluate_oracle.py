"""docs/route-rules.md is enough to write the evaluator: this one was, another way.

It keeps a clock and a log of what happens, and reads times, costs and broken rules off the log
afterwards. It shares no code with `routing.day`, but the values of problems and drafts.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.evaluate import evaluate
from routing.plan import Draft, Tour, Visit
from routing.problem import Break, Order, Problem, Vehicle
from tests.routing_world import random_draft, random_problem

PARTS = 1_048_576


class Served(NamedTuple):
    """A line of the log: whose trip, how many doors it had opened before, when."""

    visit: Visit
    trip: int
    doors: int
    came_s: int
    began_s: int
    ended_s: int


@dataclass
class Log:
    problem: Problem
    vehicle: Vehicle
    now_s: int
    served: list[Served] = field(default_factory=list)
    left_s: dict[int, int] = field(default_factory=dict)
    paid_from_s: dict[int, int] = field(default_factory=dict)
    home_s: dict[int, int] = field(default_factory=dict)
    metres: Counter[int] = field(default_factory=Counter)
    rests: list[tuple[int, Break]] = field(default_factory=list)

    @property
    def next_rest(self) -> Break | None:
        taken = len(self.rests)
        return self.vehicle.breaks[taken] if taken < len(self.vehicle.breaks) else None

    def rest(self, rest: Break) -> None:
        self.now_s = max(self.now_s, rest.earliest_s)
        self.rests.append((self.now_s, rest))
        self.now_s += rest.duration_s

    def stand_until(self, until_s: int) -> None:
        """Stand, and take each break whose window opens until one is done with standing."""
        while (rest := self.next_rest) and rest.earliest_s <= max(until_s, self.now_s):
            self.rest(rest)
        self.now_s = max(self.now_s, until_s)

    def wait_at_door(self, opens_s: int) -> None:
        """Wait, with each break that ends by the time the door opens."""
        while rest := self.next_rest:
            if max(self.now_s, rest.earliest_s) + rest.duration_s > opens_s:
                break
            self.rest(rest)
        self.now_s = max(self.now_s, opens_s)


def leg(log: Log, origin: str, destination: str) -> tuple[int, tuple[int, ...]]:
    names = [place.id for place in log.problem.places]
    return log.problem.travel.leg(log.vehicle.mode, names.index(origin), names.index(destination))


def arrives_s(log: Log, at_s: int, seconds: tuple[int, ...]) -> int:
    starts_s = log.problem.travel.starts_s(log.vehicle.mode)
    ends_s = (*starts_s[1:], None)
    left = PARTS
    for begins, ends, takes in zip(starts_s, ends_s, seconds, strict=True):
        if ends is not None and at_s >= ends:
            continue
        assert at_s >= begins
        arrives = at_s + (left * takes + PARTS - 1) // PARTS
        if ends is None or arrives <= ends:
            return arrives
        left -= (ends - at_s) * PARTS // takes
        at_s = ends
    raise AssertionError


def where(problem: Problem, visit: Visit) -> str:
    order = problem.orders[visit.order]
    return order.locker.place if visit.to_locker and order.locker else order.place


def drive(log: Log, trip: int, visits: tuple[Visit, ...], place: str, doors: int) -> None:
    home = next(d.place for d in log.problem.depots if d.id == log.vehicle.depot)
    for visit in visits:
        origin, place = place, where(log.problem, visit)
        metres, seconds = leg(log, origin, place)
        log.metres[trip] += metres
        log.now_s = came_s = arrives_s(log, log.now_s, seconds)
        order = log.problem.orders[visit.order]
        log.wait_at_door(order.not_before_s)
        began_s = log.now_s
        to_locker = order.locker if visit.to_locker else None
        log.now_s += to_locker.service_s if to_locker else order.service_s
        log.served.append(Served(visit, trip, doors, came_s, began_s, log.now_s))
        log.stand_until(log.now_s)
        doors += 1
    if log.vehicle.returns:
        metres, seconds = leg(log, place, home)
        log.metres[trip] += metres
        log.now_s = arrives_s(log, log.now_s, seconds)
    log.home_s[trip] = log.now_s


def lived(problem: Problem, vehicle: Vehicle, tours: tuple[Tour, ...]) -> Log:
    log = Log(problem, vehicle, max(vehicle.start_s, problem.now_s))
    depot = next(d for d in problem.depots if d.id == vehicle.depot)
    if vehicle.current:
        log.now_s = log.paid_from_s[0] = vehicle.current.free_s
        log.left_s[0] = vehicle.current.departed_s
        log.stand_until(log.now_s)
        drive(log, 0, tours[0].visits, vehicle.current.place, vehicle.current.stops_made)
    for trip, tour in enumerate(tours):
        if not tour.visits or (trip == 0 and vehicle.current):
            continue
        if log.home_s:
            log.now_s += vehicle.reload_s
        picked_s = max(problem.orders[v.order].ready_s for v in tour.visits) + depot.picking_s
        log.stand_until(max(picked_s, tour.not_before_s))
        opens_s = problem.orders[tour.visits[0].order].not_before_s
        _, seconds = leg(log, depot.place, where(problem, tour.visits[0]))
        log.stand_until(log.now_s + max(0, opens_s - arrives_s(log, log.now_s, seconds)))
        log.left_s[trip] = log.paid_from_s[trip] = log.now_s
        drive(log, trip, tour.visits, depot.place, 0)
    return log


def cost_units(log: Log) -> int:
    vehicle = log.vehicle
    units = 18 * vehicle.cost_per_km * sum(log.metres.values())
    units += 5 * vehicle.cost_per_h * sum(log.home_s[k] - log.paid_from_s[k] for k in log.home_s)
    units += 18_000 * vehicle.fixed_cost * bool(log.home_s and not vehicle.current)
    for row in log.served:
        order = log.problem.orders[row.visit.order]
        aboard_s = row.began_s - log.left_s[row.trip]
        units += 300 * order.late_cost_per_min * max(0, row.began_s - order.due_s)
        units += 300 * order.onboard_cost_per_min * aboard_s
        if order.warm_after_s is not None:
            over_s = aboard_s + row.doors * vehicle.door_s - order.warm_after_s
            units += 300 * order.warm_cost_per_min * max(0, over_s)
        units += 18_000 * vehicle.cost_per_order
        if row.visit.to_locker and order.locker:
            units += 18_000 * order.locker.cost
        if order.known_vehicle and order.known_vehicle != vehicle.id:
            units += 18_000 * order.move_cost
    return units


def order_rules(log: Log, row: Served, order: Order) -> Iterator[str]:
    vehicle, current = log.vehicle, log.vehicle.current
    exposure_s = row.began_s - log.left_s[row.trip] + row.doors * vehicle.door_s
    if row.began_s > order.latest_s:
        yield "promise"
    if order.hold_s is not None and exposure_s > order.hold_s:
        yield "cold"
    if order.skills - vehicle.skills:
        yield "skill"
    if order.only_vehicle and order.only_vehicle != vehicle.id:
        yield "pin"
    carriers = {name: v.id for v in log.problem.vehicles if v.current for name in v.current.aboard}
    under_way = current is not None and row.trip == 0
    if under_way != (order.id in carriers) or (under_way and carriers[order.id] != vehicle.id):
        yield "pin"
    if not under_way and vehicle.depot not in order.depots:
        yield "stock"


def vehicle_rules(log: Log) -> set[str]:
    if not log.home_s:
        return set()
    vehicle, current = log.vehicle, log.vehicle.current
    ended_s = max(log.home_s.values())
    started = len(log.home_s) - (current is not None)
    first = tuple(log.problem.orders[row.visit.order].id for row in log.served if row.trip == 0)
    way_m = vehicle.driven_m + sum(log.metres.values())
    untaken = vehicle.breaks[len(log.rests) :]
    broken = {
        "pin": current is not None and first[: len(current.locked)] != current.locked,
        "shift": ended_s > vehicle.end_s
        or started > vehicle.max_trips
        or (len(log.home_s) > 1 and not vehicle.returns),
        "range": vehicle.range_m is not None and way_m > vehicle.range_m,
        "break": any(began_s > rest.latest_s for began_s, rest in log.rests)
        or any(rest.latest_s < ended_s for rest in untaken),
    }
    return {rule for rule, is_broken in broken.items() if is_broken} | set(loading_rules(log))


def loading_rules(log: Log) -> Iterator[str]:
    for trip in log.home_s:
        if trip == 0 and log.vehicle.current:
            continue
        for zone, limit in enumerate(log.vehicle.capacity.by_zone()):
            rows = [row for row in log.served if row.trip == trip]
            weights = [log.problem.orders[row.visit.order].load.by_zone()[zone] for row in rows]
            if sum(weights) > limit:
                yield "capacity" if limit else "compartment"


def overpicked(problem: Problem, leaving: Counter[tuple[str, int]]) -> bool:
    for depot in problem.depots:
        limits = depot.orders_per_hour
        hours = {hour: orders for (name, hour), orders in leaving.items() if name == depot.id}
        if limits and any(orders > limits[hour % 24] for hour, orders in hours.items()):
            return True
    return False


def judged(problem: Problem, draft: Draft) -> tuple[int, set[tuple[str, str]], list[Any]]:
    """Return a draft's cost, its broken rules by vehicle, and when everything happens."""
    logs = [lived(problem, *row) for row in zip(problem.vehicles, draft, strict=True)]
    served = {row.visit.order for log in logs for row in log.served}
    units = sum(cost_units(log) for log in logs)
    units += sum(18_000 * o.drop_cost for k, o in enumerate(problem.orders) if k not in served)
    broken = {(log.vehicle.id, rule) for log in logs for rule in vehicle_rules(log)}
    leaving: Counter[tuple[str, int]] = Counter()
    for log in logs:
        for row in log.served:
            order = problem.orders[row.visit.order]
            broken.update((log.vehicle.id, rule) for rule in order_rules(log, row, order))
            if row.trip or not log.vehicle.current:
                leaving[log.vehicle.depot, log.left_s[row.trip] // 3600] += 1
    if overpicked(problem, leaving):
        broken.add(("", "picking"))
    times = [
        (problem.orders[row.visit.order].id, row.came_s, row.began_s, row.ended_s)
        for log in logs
        for row in log.served
    ]
    return units, broken, sorted(times)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 1_000_000))
def test_who_follows_the_rules_as_written_comes_to_the_same(seed: int) -> None:
    """To the second, the unit and the rule, for any draft, most of which break several."""
    problem = random_problem(seed)
    draft = random_draft(problem, seed)
    evaluation = evaluate(problem, draft)
    times = [
        (stop.order, stop.arrives_s, stop.starts_s, stop.leaves_s)
        for route in evaluation.routes
        for trip in route.trips
        for stop in trip.stops
    ]
    broken = {(violation.vehicle, violation.reason) for violation in evaluation.violations}
    assert judged(problem, draft) == (evaluation.cost.total, broken, sorted(times))
