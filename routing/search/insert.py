"""Where does an order go most cheaply?

A position is first quoted from what `routing.search.rows` keeps ready: the detour, and what its
delay costs at the present rates. Rates are exact until an order turns late, warm, or meets a closed
door, so the quote says what is worth a closer look, and the day is walked to know. In a plain
problem, where only the way costs, the quote is exact and nothing is walked.

The best so far is `NOW.bid`. A would-be winner is passed over now and then (a *blink*), so that the
same orders do not always end up the same way.
"""

import numpy as np

from routing.search.chance import uniform
from routing.search.compile import compiled, inlined, pasted
from routing.search.layout import (
    ARRIVE_S,
    BOARD_U,
    COLD_S,
    IMPOSSIBLE,
    LATE_U,
    LATEST_S,
    LEAVE_S,
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
from routing.search.rows import close_ends
from routing.search.walk import forget_notes, lift, moved_u, price

NEAR_ORDERS = 30
"""An order is offered to the trips of so many nearest orders, nearest first. The others are hardly
ever cheaper, and scanning them takes most of the time in a large city."""

ONE = np.uint64(1)
"""Indices are unsigned where it counts: signed ones are compared with 0, as Python wants."""

LATER_HOURS = 6
"""How many hours a new trip may be put off when its depot can't pick it sooner."""


@inlined
def _shift_s(facts: Facts, state: State, row: int, node: Record) -> Scalar:
    """Return by how much later a trip leaves if this order has to come along."""
    record = state.row[row]
    if record.current:
        return 0
    ready_s = node.ready_s + facts.vehicle[record.vehicle].picking_s
    return max(0, ready_s - record.departs_s)


@inlined
def _fits(facts: Facts, state: State, row: int, node: Record) -> Scalar:
    """Return whether a row's vehicle may bring an order, has room, and can leave late enough."""
    record, order = state.row[row], facts.order[node.order]
    vehicle = facts.vehicle[record.vehicle]
    if record.current:
        return facts.allowed[node.order, vehicle.class_]
    return (
        facts.allowed[node.order, vehicle.class_]
        and record.frozen_g + order.frozen_g <= vehicle.frozen_g
        and record.chilled_g + order.chilled_g <= vehicle.chilled_g
        and record.ambient_g + order.ambient_g <= vehicle.ambient_g
        and record.n + 3 < state.spot.shape[2]
        and state.spot[ARRIVE_S, row, 1] + _shift_s(facts, state, row, node)
        <= state.spot[LATEST_S, row, 1]
    )


@inlined
def _drive_layer(facts: Facts, vehicle: Record, at_s: int) -> Scalar:
    """Return the layer of the seconds that a vehicle drives by at a time."""
    layer = vehicle.layer + 1
    if facts.slices > 1:
        k = 1
        while facts.slice_starts_s[vehicle.mode, k] <= at_s:
            k += 1
        layer += k - 1
    return layer


@inlined
def _leaves_s(facts: Facts, state: State, row: int, q: int, node: Record) -> Scalar:
    """Return when the vehicle leaves position q once the order has come along."""
    record = state.row[row]
    if q > 0 or record.current:
        return state.spot[LEAVE_S, row, q] + _shift_s(facts, state, row, node)
    return max(record.base_s, node.ready_s + facts.vehicle[record.vehicle].picking_s)


@inlined
def _quote(facts: Facts, state: State, stop: int, row: int, q: int) -> Scalar:
    """Return what time adds to the cost of a stop behind position q, or `IMPOSSIBLE`."""
    record, node = state.row[row], facts.node[stop]
    vehicle = facts.vehicle[record.vehicle]
    layer = _drive_layer(facts, vehicle, state.spot[LEAVE_S, row, q])
    there_s = facts.leg_to[layer, stop, state.spot[STOP, row, q]]
    starts_s = max(_leaves_s(facts, state, row, q, node) + there_s, node.early_s)
    next_s = starts_s + node.service_s + facts.leg[layer, stop, state.spot[STOP, row, q + 1]]
    if starts_s > node.latest_s or next_s > state.spot[LATEST_S, row, q + 1]:
        return IMPOSSIBLE
    if facts.plain:
        return 0
    shift_s = _shift_s(facts, state, row, node)
    if q == 0 and not record.current:
        shift_s = starts_s - there_s - record.departs_s
    opens_s = facts.node[state.spot[STOP, row, q + 1]].early_s
    delay_s = max(next_s, opens_s) - state.spot[START_S, row, q + 1]
    on_board_s = starts_s - record.departs_s - shift_s
    own_u = _own_u(facts, record, node, starts_s, on_board_s, q)
    return own_u + _others_u(facts, state, row, q, delay_s, shift_s)


@inlined
def _own_u(
    facts: Facts, record: Record, node: Record, starts_s: int, on_board_s: int, q: int
) -> Scalar:
    """Return what the times of the new stop cost."""
    exposure_s = on_board_s + (record.doors + q) * facts.vehicle[record.vehicle].door_s
    if exposure_s > node.hold_s:
        return IMPOSSIBLE
    return (
        node.late_u * max(0, starts_s - node.due_s)
        + node.board_u * on_board_s
        + node.warm_u * max(0, exposure_s - node.warm_after_s)
    )


@inlined
def _others_u(facts: Facts, state: State, row: int, q: int, delay_s: int, shift_s: int) -> Scalar:
    """Return what it costs the other stops, and in pay, that the next one is served later."""
    record = state.row[row]
    vehicle = facts.vehicle[record.vehicle]
    longer_s = delay_s - shift_s
    if longer_s + vehicle.door_s > state.spot[COLD_S, row, q + 1]:
        return IMPOSSIBLE
    before_u = (
        (state.rate[LATE_U, row, 1] - state.rate[LATE_U, row, q + 1]) * shift_s if q > 0 else 0
    )
    paid_s = delay_s if q + 1 >= record.last_wait else 0
    return (
        before_u
        + state.rate[LATE_U, row, q + 1] * delay_s
        + state.rate[BOARD_U, row, q + 1] * longer_s
        + state.rate[WARM_U, row, q + 1] * (longer_s + vehicle.door_s)
        + vehicle.time_u * (paid_s - shift_s)
    )


@inlined
def given_u(facts: Facts, node: Record, vehicle: int) -> Scalar:
    """Return what bringing an order costs whatever the way."""
    return node.fee_u + facts.vehicle[vehicle].order_u + moved_u(node, vehicle)


@inlined
def _wins(state: State, blink: float) -> Scalar:
    return blink == 0.0 or uniform(state.now[0]) >= blink


@inlined
def _scan(facts: Facts, state: State, stop: int, row: int, blink: float) -> None:
    """Bid for the cheapest position of a row."""
    bid, record, node = state.now[0].bid, state.row[row], facts.node[stop]
    if not _fits(facts, state, row, node):
        return
    vehicle = facts.vehicle[record.vehicle]
    layer, km_u = vehicle.layer, vehicle.km_u
    room_m = vehicle.range_m - state.day[record.vehicle].way_m
    given = base_u = given_u(facts, node, record.vehicle)
    if not facts.doors_close:  # then nobody waits, and each second of service is paid
        base_u += vehicle.time_u * node.service_s
    best_u = bid.cost_u
    stops, ways_m = state.spot[STOP, row], state.spot[WAY_M, row]
    from_m, to_m = facts.leg[layer, stop], facts.leg_to[layer, stop]
    before_m = to_m[np.uint64(stops[record.locked])]
    for k in range(np.uint64(record.locked), np.uint64(record.n + 1)):
        next_stop = np.uint64(stops[k + ONE])
        extra_m = before_m + from_m[next_stop] - ways_m[k]
        before_m = to_m[next_stop]
        cost_u = km_u * extra_m + base_u
        if cost_u >= best_u or extra_m > room_m:
            continue
        q: Scalar = np.int64(k)
        cost_u = km_u * extra_m + given + _quote(facts, state, stop, row, q)
        if cost_u < best_u and not facts.plain:
            cost_u = _exact(facts, state, stop, row, q)
        if cost_u < best_u and _wins(state, blink):
            best_u = cost_u
            bid.cost_u, bid.node, bid.row, bid.at = cost_u, stop, row, q


@compiled
def _exact(facts: Facts, state: State, stop: int, row: int, q: int) -> Scalar:
    """Return what a stop behind position q of a row costs, by walking."""
    scratch, record = state.now[0].rows, state.row[row]
    trial = state.row[scratch]
    trial.vehicle, trial.n, trial.current = record.vehicle, record.n + 1, record.current
    trial.doors, trial.not_before_s = record.doors, record.not_before_s
    trial.ready_s = max(record.ready_s, facts.node[stop].ready_s)
    for k in range(q + 1):
        state.spot[STOP, scratch, k] = state.spot[STOP, row, k]
    state.spot[STOP, scratch, q + 1] = stop
    for k in range(q + 1, record.n + 2):
        state.spot[STOP, scratch, k + 1] = state.spot[STOP, row, k]
    lift(facts, state, record.vehicle, record.rank, -1)
    cost_u = price(facts, state, record.vehicle, record.rank, 1)
    forget_notes(state)
    lift(facts, state, record.vehicle, record.rank, 1)
    return cost_u


@compiled
def _bid_new_trip(
    facts: Facts, state: State, stop: int, vehicle: int, rank: int, blink: float
) -> None:
    """Bid for a trip of its own; it is put off where the depot can't pick it sooner."""
    bid, scratch, clock = state.now[0].bid, state.now[0].rows, state.now[0].clock
    trial = state.row[scratch]
    trial.vehicle, trial.n, trial.current, trial.doors = vehicle, 1, 0, 0
    trial.ready_s, trial.not_before_s = facts.node[stop].ready_s, 0
    state.spot[STOP, scratch, 1] = stop
    close_ends(facts, state, scratch)
    lift(facts, state, vehicle, rank, -1)
    cost_u = IMPOSSIBLE
    for _ in range(LATER_HOURS):
        clock.full_hour = -1
        cost_u = price(facts, state, vehicle, rank, 0)
        forget_notes(state)
        if cost_u < IMPOSSIBLE or clock.full_hour < 0:
            break
        trial.not_before_s = 3600 * (clock.full_hour + 1)
    lift(facts, state, vehicle, rank, 1)
    if cost_u < bid.cost_u and _wins(state, blink):
        bid.cost_u, bid.node, bid.row = cost_u, stop, -2
        bid.vehicle, bid.rank, bid.not_before_s = vehicle, rank, trial.not_before_s


@inlined
def _new_trip_u(facts: Facts, state: State, stop: int, vehicle: int, rank: int) -> Scalar:
    """Quote a trip to one stop."""
    record, node = facts.vehicle[vehicle], facts.node[stop]
    free_s = record.start_s
    if rank > 0:
        free_s = state.row[state.trips[PLAN, vehicle, rank - 1]].ends_s + record.reload_s
    departs_s = max(free_s, node.ready_s + record.picking_s)
    layer = _drive_layer(facts, record, departs_s)
    there_s = facts.leg[layer, record.depot_node, stop]
    back_s = facts.leg[layer, stop, record.end_node]
    starts_s = max(departs_s + there_s, node.early_s)
    if starts_s > node.latest_s or there_s > node.hold_s:
        return IMPOSSIBLE
    metres = facts.leg[record.layer, record.depot_node, stop]
    metres += facts.leg[record.layer, stop, record.end_node]
    return (
        record.km_u * metres
        + record.time_u * (there_s + node.service_s + back_s)
        + node.board_u * there_s
        + node.late_u * max(0, starts_s - node.due_s)
        + given_u(facts, node, vehicle)
        + _delayed_u(facts, state, vehicle, rank, starts_s + node.service_s + back_s)
    )


@inlined
def _delayed_u(facts: Facts, state: State, vehicle: int, rank: int, ends_s: int) -> Scalar:
    """Quote what it costs the vehicle's later trips that a new one before them ends so late."""
    record, day = facts.vehicle[vehicle], state.day[vehicle]
    if rank == day.trips:
        return 0 if ends_s <= record.end_s else IMPOSSIBLE
    row = state.trips[PLAN, vehicle, rank]
    follower = state.row[row]
    if ends_s + record.reload_s > follower.latest_out_s:
        return IMPOSSIBLE
    return state.rate[LATE_U, row, 1] * max(0, ends_s + record.reload_s - follower.departs_s)


@inlined
def _may_carry(facts: Facts, order: int, vehicle: int) -> Scalar:
    record, goods = facts.vehicle[vehicle], facts.order[order]
    return (
        facts.allowed[order, record.class_]
        and goods.frozen_g <= record.frozen_g
        and goods.chilled_g <= record.chilled_g
        and goods.ambient_g <= record.ambient_g
        and record.first_row + (record.current >= 0) < record.last_row
    )


@inlined
def _bid_idle(facts: Facts, state: State, stop: int, vehicle: int, blink: float) -> None:
    """Bid for the first trip of a vehicle that has none."""
    if _may_carry(facts, facts.node[stop].order, vehicle):
        quote_u = _new_trip_u(facts, state, stop, vehicle, 0) + facts.vehicle[vehicle].fixed_u
        if quote_u < state.now[0].bid.cost_u:
            _bid_new_trip(facts, state, stop, vehicle, 0, blink)


@compiled
def bid_idle_vehicles(facts: Facts, state: State, stop: int, blink: float) -> None:
    """Bid for one idle vehicle of each kind, and for the one that knows of the order."""
    for kind in range(len(state.kind)):
        vehicle, last = state.kind[kind].idle, state.kind[kind].last
        while vehicle < last and state.day[vehicle].trips > 0:
            vehicle += 1
        state.kind[kind].idle = vehicle
        if vehicle < last:
            _bid_idle(facts, state, stop, vehicle, blink)
    known = facts.node[stop].known
    if 0 <= known < len(state.day) and state.day[known].trips == 0:
        _bid_idle(facts, state, stop, known, blink)


@compiled
def bid_more_trips(facts: Facts, state: State, stop: int, blink: float) -> None:
    """Bid for another trip of each vehicle that may still make one."""
    order = facts.node[stop].order
    for vehicle in range(len(state.day)):
        record, trips = facts.vehicle[vehicle], state.day[vehicle].trips
        if not 0 < trips < record.max_trips or not _may_carry(facts, order, vehicle):
            continue
        for rank in range(record.current >= 0, trips + 1):
            quote_u = _new_trip_u(facts, state, stop, vehicle, rank)
            if quote_u < state.now[0].bid.cost_u:
                _bid_new_trip(facts, state, stop, vehicle, rank, blink)


@inlined
def _row_to_scan(facts: Facts, state: State, order: int, k: int) -> Scalar:
    """Return the k-th row to scan for an order, or -1: those of its nearest orders come first."""
    home = facts.order[order].home
    if home >= 0:
        return home
    near = min(NEAR_ORDERS, facts.near.shape[1])
    if k >= near:
        return state.row[k - near].active
    row = state.task[facts.near[order, k]].row
    return -1 if row >= 0 and state.row[row].current else row


@compiled
def bid_rows(facts: Facts, state: State, stop: int, blink: float) -> None:
    """Bid for a node in the trips of its nearest orders; in all others only if none of them bids.

    The scan stands here once, inside the loop: a call for each row would cost more than the scan.
    """
    now, order = state.now[0], facts.node[stop].order
    now.stamp += 1
    near = min(NEAR_ORDERS, facts.near.shape[1])
    count = near + now.active
    if facts.order[order].home >= 0:
        count = 1
    for k in range(count):
        if k == near and now.bid.row >= 0:
            break
        row = _row_to_scan(facts, state, order, k)
        if row >= 0 and state.row[row].stamp != now.stamp:
            state.row[row].stamp = now.stamp
            _scan(facts, state, stop, row, blink)


@pasted
def find_place(facts: Facts, state: State, order: int, blink: float) -> None:
    """Leave in `NOW.bid` the cheapest way to bring an order, if that is cheaper than not to."""
    bid, record = state.now[0].bid, facts.order[order]
    bid.cost_u, bid.row = record.drop_u, -1
    stop = order
    while stop >= 0:
        bid_rows(facts, state, stop, blink)
        if record.home < 0:
            bid_idle_vehicles(facts, state, stop, blink)
            if facts.several:
                bid_more_trips(facts, state, stop, blink)
        stop = record.locker if stop == order else -1
