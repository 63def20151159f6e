"""How is a plan put into arrays, and how is it read back?"""

from collections.abc import Iterator, Sequence

import numpy as np

from routing.plan import Draft, Tour, Visit
from routing.problem import Problem
from routing.search.chance import seeded
from routing.search.facts import Arrays, kinds
from routing.search.layout import (
    BEST,
    DAY,
    FAR,
    NOW,
    PLAN,
    RATES,
    ROW,
    SPOTS,
    STOP,
    TASK,
    Array,
    Facts,
    State,
)

SCRATCH_ROWS = 2


def allocate(facts: Facts, limits: Array, *, longest: int, seed: int) -> State:
    """Return a state without a plan. `longest` is the longest trip that a start already has."""
    vehicles, orders = len(facts.vehicle), facts.orders
    rows = int(facts.vehicle["last_row"].max(initial=0))
    width = max(_most_stops(facts), longest) + 3
    slots = int(facts.vehicle["max_trips"].max(initial=1))
    state = State(
        spot=np.zeros((SPOTS, rows + SCRATCH_ROWS, width), np.int32),
        rate=np.zeros((RATES, rows + SCRATCH_ROWS, width), np.int64),
        row=np.zeros(rows + SCRATCH_ROWS, ROW),
        day=np.zeros(vehicles, DAY),
        trips=np.zeros((SPOTS, vehicles, slots), np.int32),
        task=np.zeros(orders, TASK),
        kind=kinds(facts.vehicle),
        picked=np.stack([limits, np.zeros_like(limits)]),
        now=np.zeros(1, NOW),
    )
    state.task["row"] = -1
    state.now["chance"] = seeded(seed)
    state.now["rows"] = rows
    state.row["slot"] = -1
    for k, vehicle in enumerate(facts.vehicle):
        state.row["vehicle"][vehicle["first_row"] : vehicle["last_row"]] = k
    return state


def load(problem: Problem, arrays: Arrays, state: State, draft: Draft) -> None:
    """Put a draft into the rows. Times and costs are then to be made by `settle`."""
    for k, at in enumerate(arrays.vehicles):
        vehicle = arrays.facts.vehicle[k]
        row = rank = int(vehicle["first_row"])
        for j, tour in enumerate(draft[at]):
            current = j == 0 and vehicle["current"] >= 0
            if not (tour.visits or current):
                continue
            nodes = [_node(arrays.facts, visit) for visit in tour.visits]
            state.spot[STOP, row, 1 : len(nodes) + 1] = nodes
            state.row["n"][row] = len(nodes)
            state.row["not_before_s"][row] = 0 if current else tour.not_before_s
            state.trips[PLAN, k, row - rank] = row
            row += 1
        state.day["trips"][k] = row - rank
    _lock(problem, arrays, state)


def _lock(problem: Problem, arrays: Arrays, state: State) -> None:
    for k, at in enumerate(arrays.vehicles):
        current = problem.vehicles[at].current
        if current is not None:
            row = arrays.facts.vehicle["current"][k]
            state.row["current"][row] = 1
            state.row["doors"][row] = current.stops_made
            state.row["locked"][row] = len(current.locked)


def _node(facts: Facts, visit: Visit) -> int:
    return int(facts.order["locker"][visit.order]) if visit.to_locker else visit.order


def focus_on_absent(draft: Draft, state: State) -> None:
    """Let the search ruin first near the orders that a start leaves out."""
    planned = {visit.order for tours in draft for tour in tours for visit in tour.visits}
    absent = [order for order in range(len(state.task)) if order not in planned]
    state.task["focus"][: len(absent)] = absent
    state.now["focus"] = len(absent)


def best_draft(arrays: Arrays, state: State) -> Draft:
    """Return the best plan so far."""
    tours: list[tuple[Tour, ...]] = [()] * len(arrays.vehicles)
    for k, at in enumerate(arrays.vehicles):
        rows = state.trips[BEST, k, : state.day["best_trips"][k]]
        tours[at] = tuple(_tours(arrays.facts, state, rows))
    return tuple(tours)


def _tours(facts: Facts, state: State, rows: Array) -> Iterator[Tour]:
    for row in rows:
        nodes = state.spot[BEST, row, 1 : state.row["best_n"][row] + 1].tolist()
        yield Tour(visits(facts, nodes), int(state.row["best_not_before_s"][row]))


def visits(facts: Facts, nodes: Sequence[int]) -> tuple[Visit, ...]:
    """Return what is visited at each node."""
    order_of = facts.node["order"]
    return tuple(Visit(int(order_of[node]), node >= facts.orders) for node in nodes)


def _most_stops(facts: Facts) -> int:
    """Return the most stops of a trip: by weight, and by the time that their service takes."""
    orders = facts.order
    weights = np.sort(orders["frozen_g"] + orders["chilled_g"] + orders["ambient_g"])
    fleet = facts.vehicle
    capacity = (fleet["frozen_g"] + fleet["chilled_g"] + fleet["ambient_g"]).max(initial=0)
    by_weight = int(np.searchsorted(np.cumsum(weights), capacity, "right"))
    service_s = np.full(facts.orders, FAR)
    node = facts.node[facts.node["order"] >= 0]
    np.minimum.at(service_s, node["order"], node["service_s"])
    shift_s = (fleet["end_s"] - fleet["start_s"]).max(initial=0)
    by_time = int(np.searchsorted(np.cumsum(np.sort(service_s)), shift_s, "right"))
    aboard = int((orders["home"] >= 0).sum())
    return max(min(by_weight, by_time), aboard) + 1
