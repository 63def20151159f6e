"""Small random problems that use every rule of the router, for tests.

`random_problem` draws one from a seed; `Features` says which rules it may use.
"""

from dataclasses import dataclass, replace
from random import Random

import numpy as np

from routing.plan import Draft, Tour, Visit
from routing.problem import (
    Break,
    CurrentTrip,
    Depot,
    Load,
    Locker,
    Order,
    Place,
    Problem,
    Vehicle,
)
from routing.travel import Matrices, ModeMatrix

MORNING_S = 8 * 3600


@dataclass(frozen=True, kw_only=True)
class Features:
    """Which rules a random problem uses."""

    slices: bool = True
    breaks: bool = True
    windows: bool = True
    lockers: bool = True
    trips: bool = True
    current: bool = True
    picking: bool = True
    open_ends: bool = True


EVERY = Features()
PLAIN = Features(
    slices=False,
    breaks=False,
    windows=False,
    lockers=False,
    trips=False,
    current=False,
    picking=False,
    open_ends=False,
)


def random_problem(seed: int, *, orders: int = 12, features: Features = EVERY) -> Problem:
    """Draw a city of two depots, five vehicles and `orders` orders."""
    r = Random(seed)
    names = ["D0", "D1", "L0", *(f"P{k}" for k in range(orders))]
    depots = tuple(
        Depot(
            id=f"depot{k}",
            place=f"D{k}",
            picking_s=r.choice([0, 600, 1800]),
            orders_per_hour=_picking(r, orders) if features.picking else None,
        )
        for k in range(2)
    )
    drawn = [_order(r, k, features) for k in range(orders)]
    vehicles = [_vehicle(r, k, features) for k in range(5)]
    if features.current:
        vehicles[0] = _underway(r, vehicles[0], drawn)
    return Problem(
        places=tuple(Place(id=name) for name in names),
        orders=tuple(drawn),
        depots=depots,
        vehicles=tuple(vehicles),
        travel=_travel(r, len(names), features),
        now_s=MORNING_S - 1800,
    )


def random_draft(problem: Problem, seed: int) -> Draft:
    """Deal orders at random: a draft that breaks rules as often as not."""
    r = Random(seed)
    tours = [
        [[] for _ in range(vehicle.max_trips + (vehicle.current is not None))]
        for vehicle in problem.vehicles
    ]
    for k, order in enumerate(problem.orders):
        row = r.choice([row for rows in tours for row in rows] + [[]])
        row.insert(r.randint(0, len(row)), (k, order.locker is not None and r.random() < 0.5))
    return tuple(tuple(Tour(tuple(map(_visit, row))) for row in rows) for rows in tours)


def _visit(pair: tuple[int, bool]) -> Visit:
    return Visit(*pair)


def _picking(r: Random, orders: int) -> tuple[int, ...]:
    return tuple(r.randint(max(2, orders // 4), orders) for _ in range(24))


def _order(r: Random, k: int, features: Features) -> Order:
    ready_s = MORNING_S + r.randint(-1800, 3600)
    due_s = ready_s + r.choice([2, 4, 6]) * 3600
    frozen = r.choice([0, 0, 2000, 5000])
    has_locker = features.lockers and r.random() < 0.3
    return Order(
        id=f"order{k}",
        place=f"P{k}",
        load=Load(frozen_g=frozen, chilled_g=r.randint(0, 6000), ambient_g=r.choice([0, 3000])),
        depots=r.choice([("depot0",), ("depot1",), ("depot0", "depot1")]),
        ready_s=ready_s,
        not_before_s=ready_s + r.choice([0, 0, 5400]) if features.windows else 0,
        due_s=due_s,
        latest_s=due_s + r.choice([0, 3600]),
        late_cost_per_min=r.randint(0, 40),
        service_s=r.randint(60, 400),
        drop_cost=r.randint(3000, 20000),
        onboard_cost_per_min=r.randint(0, 3),
        hold_s=r.choice([None, r.randint(3000, 9000)]),
        warm_after_s=r.choice([None, r.randint(1000, 5000)]),
        warm_cost_per_min=r.randint(0, 30),
        locker=Locker(place="L0", service_s=90, cost=200) if has_locker else None,
        skills=frozenset({"stairs"}) if r.random() < 0.15 else frozenset(),
        known_vehicle=r.choice([None, None, "vehicle1", "vehicle3"]),
        move_cost=r.choice([0, 500]),
        only_vehicle="vehicle2" if r.random() < 0.08 else None,
    )


def _vehicle(r: Random, k: int, features: Features) -> Vehicle:
    small = k % 2 == 1
    start_s = MORNING_S + r.choice([0, 1800])
    returns = not features.open_ends or r.random() < 0.8
    lunch = Break(earliest_s=start_s + 5400, latest_s=start_s + 14400, duration_s=1800)
    return Vehicle(
        id=f"vehicle{k}",
        depot=f"depot{k % 2}",
        kind="tricycle" if small else "van",
        mode="trike" if small else "van",
        capacity=Load(frozen_g=0 if small else 15000, chilled_g=20000, ambient_g=12000),
        start_s=start_s,
        end_s=start_s + r.choice([6, 9]) * 3600,
        max_trips=r.randint(1, 3) if features.trips and returns else 1,
        reload_s=600,
        range_m=r.choice([None, 60000]) if small else None,
        door_s=r.choice([0, 60, 120]),
        breaks=(lunch,) if features.breaks and r.random() < 0.6 else (),
        returns=returns,
        skills=frozenset({"stairs"}) if r.random() < 0.6 else frozenset(),
        fixed_cost=r.choice([0, 700, 2500]),
        cost_per_km=r.choice([12, 45]),
        cost_per_h=r.choice([0, 2000]),
        cost_per_order=r.choice([0, 150]),
    )


def _underway(r: Random, vehicle: Vehicle, orders: list[Order]) -> Vehicle:
    """Put the first two orders aboard a vehicle that is on its way."""
    aboard = tuple(order.id for order in orders[:2])
    for k in range(2):
        orders[k] = replace(orders[k], only_vehicle=None, skills=frozenset())
    free_s = vehicle.start_s + 900
    place = orders[r.randrange(len(orders))].place
    locked = aboard[: r.randint(0, 1)]
    for k in range(len(locked)):  # what must be delivered next can be
        orders[k] = replace(orders[k], hold_s=None, latest_s=24 * 3600)
    current = CurrentTrip(
        departed_s=vehicle.start_s,
        place=place,
        free_s=free_s,
        aboard=aboard,
        locked=locked,
        stops_made=1,
    )
    later = vehicle.max_trips if vehicle.returns else 0
    return replace(vehicle, current=current, driven_m=2000, max_trips=later)


def _travel(r: Random, places: int, features: Features) -> Matrices:
    rng = np.random.default_rng(r.randrange(1 << 30))
    xy = rng.uniform(0, 9000, (places, 2))
    way = np.abs(xy[:, None] - xy[None]).sum(-1) * rng.uniform(1, 1.15, (places, places))
    np.fill_diagonal(way, 0)
    metres = way.astype(np.int32)
    starts_s = (0, 9 * 3600, 11 * 3600) if features.slices else (0,)
    by_mode = {}
    for mode, speed in (("van", 7.0), ("trike", 5.0)):
        paces = [speed, speed * 0.6, speed * 1.1][: len(starts_s)]
        seconds = np.stack([np.rint(metres / pace).astype(np.int32) for pace in paces])
        by_mode[mode] = ModeMatrix(metres, seconds, starts_s)
    return Matrices(by_mode)
