"""How is a plan changed, and a change taken back?

After the stops of a row were changed, `refresh` walks the vehicle's day from there and remakes all
that insertion reads: when each stop can at the latest be reached, how much cold is left, and what a
second of delay costs.
"""

import numpy as np

from routing.search.compile import compiled, pasted
from routing.search.layout import (
    ARRIVE_S,
    BEST,
    BOARD_U,
    COLD_S,
    FAR,
    KEPT,
    LATE_U,
    LATEST_S,
    LEAVE_S,
    LEAVING,
    LIMIT,
    PLAN,
    START_S,
    STOP,
    WARM_U,
    WAY_M,
    Facts,
    Record,
    Scalar,
    State,
)
from routing.search.walk import begin, end, hour_of, walk_trip


@pasted
def tally(facts: Facts, state: State, row: int) -> None:
    """Add up what a row's stops weigh, and when the last of them is ready."""
    record = state.row[row]
    record.ready_s = record.frozen_g = record.chilled_g = record.ambient_g = 0
    for q in range(1, record.n + 1):
        node = facts.node[state.spot[STOP, row, q]]
        order = facts.order[node.order]
        record.ready_s = max(record.ready_s, node.ready_s)
        record.frozen_g += order.frozen_g
        record.chilled_g += order.chilled_g
        record.ambient_g += order.ambient_g
        state.task[node.order].row = row
        state.task[node.order].at = q


@pasted
def close_ends(facts: Facts, state: State, row: int) -> None:
    """Write where a row begins and ends around its stops."""
    record = state.row[row]
    vehicle = facts.vehicle[record.vehicle]
    state.spot[STOP, row, 0] = vehicle.place if record.current else vehicle.depot_node
    state.spot[STOP, row, record.n + 1] = vehicle.end_node


@pasted
def _after(facts: Facts, state: State, vehicle: int, rank: int) -> tuple[Scalar, Scalar]:
    """Return when a trip must end at the latest, and what each second of delay costs after it."""
    if rank + 1 == state.day[vehicle].trips:
        return facts.vehicle[vehicle].end_s, 0
    row = state.trips[PLAN, vehicle, rank + 1]
    follower, reload_s = state.row[row], facts.vehicle[vehicle].reload_s
    at_once = follower.departs_s == follower.free_s + reload_s
    return follower.latest_out_s - reload_s, state.rate[LATE_U, row, 1] if at_once else 0


@pasted
def _rate_stop(facts: Facts, state: State, row: int, q: int) -> None:
    """Carry the limits and rates of position q + 1 back to position q."""
    record = state.row[row]
    vehicle, node = facts.vehicle[record.vehicle], facts.node[state.spot[STOP, row, q]]
    starts_s = state.spot[START_S, row, q]
    gap_s = state.spot[ARRIVE_S, row, q + 1] - starts_s
    state.spot[LATEST_S, row, q] = min(node.latest_s, state.spot[LATEST_S, row, q + 1] - gap_s)
    exposure_s = starts_s - record.departs_s + (record.doors + q - 1) * vehicle.door_s
    wait_s = state.spot[START_S, row, q + 1] - state.spot[ARRIVE_S, row, q + 1]
    state.spot[COLD_S, row, q] = min(
        node.hold_s - exposure_s, state.spot[COLD_S, row, q + 1] + wait_s
    )
    passes_on = wait_s == 0
    record.last_wait = max(record.last_wait, 0 if passes_on else q + 1)
    state.rate[LATE_U, row, q] = (node.late_u if starts_s >= node.due_s else 0) + (
        state.rate[LATE_U, row, q + 1] if passes_on else 0
    )
    state.rate[BOARD_U, row, q] = node.board_u + (
        state.rate[BOARD_U, row, q + 1] if passes_on else 0
    )
    state.rate[WARM_U, row, q] = (node.warm_u if exposure_s >= node.warm_after_s else 0) + (
        state.rate[WARM_U, row, q + 1] if passes_on else 0
    )


@pasted
def rate_trip(facts: Facts, state: State, vehicle: int, rank: int) -> None:
    """Make a row's limits and rates, from its end to its start."""
    row = state.trips[PLAN, vehicle, rank]
    record = state.row[row]
    last = record.n + 1
    state.spot[LATEST_S, row, last], state.rate[LATE_U, row, last] = _after(
        facts, state, vehicle, rank
    )
    state.spot[START_S, row, last] = state.spot[ARRIVE_S, row, last]
    state.spot[COLD_S, row, last] = FAR
    state.rate[BOARD_U, row, last] = state.rate[WARM_U, row, last] = record.last_wait = 0
    for q in range(record.n, 0, -1):
        _rate_stop(facts, state, row, q)
    first_leg_s = state.spot[ARRIVE_S, row, 1] - record.departs_s
    record.latest_out_s = state.spot[LATEST_S, row, 1] - first_leg_s


@pasted
def count_pick(facts: Facts, state: State, row: int) -> None:
    """Count a row's orders in the hour in which they now leave their depot."""
    record = state.row[row]
    depot = facts.vehicle[record.vehicle].depot
    _add_pick(state, depot, record.hour, -record.counted)
    record.hour = hour_of(record.departs_s)
    record.counted = 0 if record.current else record.n
    _add_pick(state, depot, record.hour, record.counted)


@pasted
def _add_pick(state: State, depot: int, hour: int, orders: int) -> None:
    limit, now = state.picked[LIMIT, depot, hour], state.now[0]
    now.over -= max(0, state.picked[LEAVING, depot, hour] - limit)
    state.picked[LEAVING, depot, hour] += orders
    now.over += max(0, state.picked[LEAVING, depot, hour] - limit)


@pasted
def _depart_plain(facts: Facts, state: State, row: int) -> Scalar:
    """Return when a vehicle's only trip leaves in a plain problem."""
    record, first = state.row[row], state.spot[STOP, row, 1]
    vehicle = facts.vehicle[record.vehicle]
    record.rank = record.taken = record.taken_after = 0
    record.free_s = vehicle.start_s
    ready_s = max(record.ready_s + vehicle.picking_s, record.not_before_s)
    record.base_s = max(vehicle.start_s, ready_s)
    there_s = record.base_s + facts.leg[vehicle.layer + 1, vehicle.depot_node, first]
    record.departs_s = record.base_s + max(0, facts.node[first].early_s - there_s)
    state.spot[LEAVE_S, row, 0] = record.base_s
    return record.departs_s


@pasted
def _refresh_plain(facts: Facts, state: State, row: int) -> None:
    """Do what `refresh` does for the only trip of a vehicle in a plain problem, but faster."""
    record = state.row[row]
    n, vehicle, day = record.n, facts.vehicle[record.vehicle], state.day[record.vehicle]
    layer, origin, way_m, bad = vehicle.layer, state.spot[STOP, row, 0], 0, 0
    now_s = _depart_plain(facts, state, row)
    for q in range(1, n + 2):
        stop = state.spot[STOP, row, q]
        leg_m = facts.leg[layer, origin, stop]
        now_s += facts.leg[layer + 1, origin, stop]
        way_m += leg_m
        state.spot[WAY_M, row, q - 1] = leg_m
        state.spot[ARRIVE_S, row, q] = now_s
        now_s = max(now_s, facts.node[stop].early_s)
        state.spot[START_S, row, q] = now_s
        bad += now_s > facts.node[stop].latest_s
        now_s += facts.node[stop].service_s
        state.spot[LEAVE_S, row, q] = now_s
        origin = stop
    latest_s = vehicle.end_s
    state.spot[LATEST_S, row, n + 1] = latest_s
    for q in range(n, 0, -1):
        latest_s -= state.spot[ARRIVE_S, row, q + 1] - state.spot[START_S, row, q]
        latest_s = min(latest_s, facts.node[state.spot[STOP, row, q]].latest_s)
        state.spot[LATEST_S, row, q] = latest_s
    record.latest_out_s = latest_s - state.spot[ARRIVE_S, row, 1] + record.departs_s
    record.ends_s, record.bad, record.way_m = now_s, bad, way_m
    record.cost_u = vehicle.km_u * way_m + vehicle.order_u * n
    day.way_m, day.cost_u = way_m, record.cost_u + vehicle.fixed_u
    day.bad = bad + (now_s > vehicle.end_s) + (way_m > vehicle.range_m)


@compiled
def refresh(facts: Facts, state: State, vehicle: int, rank: int) -> None:
    """Walk a vehicle's day from trip number `rank` on, and remake everything derived."""
    if facts.plain and state.day[vehicle].trips == 1 and facts.vehicle[vehicle].current < 0:
        _refresh_plain(facts, state, state.trips[PLAN, vehicle, 0])
    else:
        _refresh_day(facts, state, vehicle, rank)


@compiled
def _refresh_day(facts: Facts, state: State, vehicle: int, rank: int) -> None:
    day, record, clock = state.day[vehicle], facts.vehicle[vehicle], state.now[0].clock
    begin(facts, state, vehicle, rank)
    for k in range(rank, day.trips):
        row = state.trips[PLAN, vehicle, k]
        state.row[row].rank = k
        walk_trip(facts, state, row, row)
        if facts.limited:
            count_pick(facts, state, row)
    clock.bad = 0
    end(facts, state, vehicle)
    day.way_m = 0
    day.cost_u = record.fixed_u if day.trips > 0 else 0
    for k in range(day.trips - 1, -1, -1):
        rate_trip(facts, state, vehicle, k)
        row_record = state.row[state.trips[PLAN, vehicle, k]]
        day.way_m += row_record.way_m
        day.cost_u += row_record.cost_u
        clock.bad += row_record.bad
    day.bad = clock.bad + (day.trips > 0 and day.way_m > record.range_m)


@pasted
def touch(state: State, vehicle: int) -> None:
    """Remember a vehicle's rows before they are changed for the first time."""
    day, now = state.day[vehicle], state.now[0]
    if day.touched:
        return
    day.touched = 1
    state.day[now.touched].listed = vehicle
    now.touched += 1
    day.kept_trips, day.kept_u = day.trips, day.cost_u
    for k in range(day.trips):
        row = state.trips[PLAN, vehicle, k]
        record = state.row[row]
        state.trips[KEPT, vehicle, k] = row
        record.kept_n, record.kept_not_before_s = record.n, record.not_before_s
        for q in range(1, record.n + 1):
            state.spot[KEPT, row, q] = state.spot[STOP, row, q]


@pasted
def activate(state: State, row: int) -> None:
    """List a row among those that have stops."""
    record, now = state.row[row], state.now[0]
    if record.slot < 0 and not record.current:
        record.slot = now.active
        state.row[now.active].active = row
        now.active += 1


@pasted
def deactivate(state: State, row: int) -> None:
    """Take a row off the list."""
    record, now = state.row[row], state.now[0]
    if record.slot >= 0:
        now.active -= 1
        last = state.row[now.active].active
        state.row[record.slot].active = last
        state.row[last].slot = record.slot
        record.slot = -1


@pasted
def free_row(facts: Facts, state: State, vehicle: int) -> Scalar:
    """Return a row of a vehicle that has room for another trip."""
    record = facts.vehicle[vehicle]
    row = record.first_row
    while state.row[row].n > 0 or state.row[row].current:
        row += 1
    return row


@pasted
def add_trip(facts: Facts, state: State, vehicle: int, rank: int) -> Scalar:
    """Make a free row a vehicle's trip number `rank`; return it. Its stops are still to come."""
    row, day = free_row(facts, state, vehicle), state.day[vehicle]
    for k in range(day.trips, rank, -1):
        state.trips[PLAN, vehicle, k] = state.trips[PLAN, vehicle, k - 1]
    state.trips[PLAN, vehicle, rank] = row
    state.row[row].rank = rank
    day.trips += 1
    activate(state, row)
    return row


@pasted
def drop_trip(facts: Facts, state: State, row: int) -> None:
    """Take a row without stops out of its vehicle's day."""
    record = state.row[row]
    vehicle, day = record.vehicle, state.day[record.vehicle]
    deactivate(state, row)
    if facts.limited:
        _uncount(facts, state, record)
    record.not_before_s = 0
    day.trips -= 1
    for k in range(record.rank, day.trips):
        state.trips[PLAN, vehicle, k] = state.trips[PLAN, vehicle, k + 1]
    if day.trips == 0:
        kind = facts.vehicle[vehicle].kind
        state.kind[kind].idle = min(state.kind[kind].idle, vehicle)


@pasted
def _uncount(facts: Facts, state: State, record: Record) -> None:
    _add_pick(state, facts.vehicle[record.vehicle].depot, record.hour, -record.counted)
    record.counted = 0


@compiled
def insert(facts: Facts, state: State, row: int, q: int, node: int) -> None:
    """Insert a node behind position q of a row, and refresh its vehicle."""
    record = state.row[row]
    for k in range(record.n + 1, q, -1):
        state.spot[STOP, row, k + 1] = state.spot[STOP, row, k]
    state.spot[STOP, row, q + 1] = node
    record.n += 1
    renew(facts, state, row)


@pasted
def renew(facts: Facts, state: State, row: int) -> None:
    """Remake everything derived after a row's stops were changed."""
    record = state.row[row]
    if record.n == 0 and not record.current:
        drop_trip(facts, state, row)
    else:
        close_ends(facts, state, row)
        tally(facts, state, row)
    refresh(facts, state, record.vehicle, record.rank)


@compiled
def take_back(facts: Facts, state: State) -> None:
    """Undo every change since the vehicles were touched."""
    for j in range(state.now[0].touched):
        _restore(facts, state, state.day[j].listed)
    for j in range(state.now[0].touched):
        refresh(facts, state, state.day[j].listed, 0)


@pasted
def _restore(facts: Facts, state: State, vehicle: int) -> None:
    day, kind = state.day[vehicle], facts.vehicle[vehicle].kind
    for k in range(day.trips):
        row = state.trips[PLAN, vehicle, k]
        deactivate(state, row)
        state.row[row].n = 0
        if facts.limited:
            _uncount(facts, state, state.row[row])
    day.trips = day.kept_trips
    if day.trips == 0:
        state.kind[kind].idle = min(state.kind[kind].idle, vehicle)
    for k in range(day.trips):
        _restore_row(facts, state, vehicle, k)


@pasted
def _restore_row(facts: Facts, state: State, vehicle: int, rank: int) -> None:
    row = state.trips[KEPT, vehicle, rank]
    record = state.row[row]
    state.trips[PLAN, vehicle, rank] = row
    record.n, record.not_before_s = record.kept_n, record.kept_not_before_s
    for q in range(1, record.n + 1):
        state.spot[STOP, row, q] = state.spot[KEPT, row, q]
    activate(state, row)
    close_ends(facts, state, row)
    tally(facts, state, row)


@pasted
def forget(state: State) -> None:
    """Let go of what was kept: the plan stays as it is now."""
    for j in range(state.now[0].touched):
        state.day[state.day[j].listed].touched = 0
        state.day[state.day[j].listed].changed = 1
    state.now[0].touched = 0


@compiled
def keep_best(state: State) -> None:
    """Copy what has changed since the last best plan into the best plan."""
    state.now[0].best_u = state.now[0].current_u
    for vehicle in range(len(state.day)):
        day = state.day[vehicle]
        if day.changed:
            _copy_day(state, vehicle, day)


@pasted
def _copy_day(state: State, vehicle: int, day: Record) -> None:
    day.changed, day.best_trips = 0, day.trips
    for k in range(day.trips):
        row = state.trips[PLAN, vehicle, k]
        record = state.row[row]
        state.trips[BEST, vehicle, k] = row
        record.best_n, record.best_not_before_s = record.n, record.not_before_s
        for q in range(1, record.n + 1):
            state.spot[BEST, row, q] = state.spot[STOP, row, q]


@compiled
def settle(facts: Facts, state: State) -> None:
    """Make everything derived from the stops that were loaded; list what is absent."""
    now = state.now[0]
    for vehicle in range(len(state.day)):
        for k in range(state.day[vehicle].trips):
            row = state.trips[PLAN, vehicle, k]
            state.row[row].rank = k
            activate(state, row)
            close_ends(facts, state, row)
            tally(facts, state, row)
        refresh(facts, state, vehicle, 0)
        state.day[vehicle].changed = 1
    now.absent = 0
    for order in range(facts.orders):
        if state.task[order].row < 0:
            state.task[now.absent].absent = order
            now.absent += 1
    now.current_u = total(facts, state)


@pasted
def total(facts: Facts, state: State) -> Scalar:
    """Return what the plan costs."""
    cost_u = np.int64(0)
    for vehicle in range(len(state.day)):
        cost_u += state.day[vehicle].cost_u
    for k in range(state.now[0].absent):
        cost_u += facts.order[state.task[k].absent].drop_u
    return cost_u
