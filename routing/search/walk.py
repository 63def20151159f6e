"""How does a vehicle's day go? The compiled twin of `routing.day`.

`walk_trip` walks the trip in one row and writes its times to the same row, or to a scratch row when
a change is only tried. What is carried from trip to trip is `State.now`'s `clock`.
"""

import numpy as np

from routing.search.compile import compiled, inlined
from routing.search.layout import (
    ARRIVE_S,
    CLOSED_S,
    HOURS,
    IMPOSSIBLE,
    LEAVE_S,
    LEAVING,
    LIMIT,
    PLAN,
    START_S,
    STOP,
    WAY_M,
    Facts,
    Record,
    Scalar,
    State,
)
from routing.travel import LEG_PARTS


@inlined
def arrival_s(
    facts: Facts, vehicle: Record, origin: int, destination: int, departs_s: int
) -> Scalar:
    """Return when a leg ends, as `routing.travel.arrival_s` does."""
    first = vehicle.layer + 1
    if facts.slices == 1:
        return departs_s + facts.leg[first, origin, destination]
    starts_s = facts.slice_starts_s[vehicle.mode]
    k = 0
    while starts_s[k + 1] <= departs_s:
        k += 1
    now_s, left = departs_s, LEG_PARTS
    while True:
        duration_s = facts.leg[first + k, origin, destination]
        ends_s = now_s - (-left * duration_s // LEG_PARTS)
        if ends_s <= starts_s[k + 1]:
            return ends_s
        left -= (starts_s[k + 1] - now_s) * LEG_PARTS // duration_s
        now_s = starts_s[k + 1]
        k += 1


@inlined
def _take(clock: Record, rest: Record, from_s: int) -> Scalar:
    """Take a break; return when it ends."""
    starts_s = max(from_s, rest.earliest_s)
    clock.bad += starts_s > rest.latest_s
    clock.taken += 1
    return starts_s + rest.duration_s


@inlined
def stand(facts: Facts, clock: Record, vehicle: Record, from_s: int, until_s: int) -> Scalar:
    """Stand until at least `until_s`, taking what breaks are due by then."""
    while vehicle.first_break + clock.taken < vehicle.last_break:
        rest = facts.rest[vehicle.first_break + clock.taken]
        if rest.earliest_s > until_s:
            break
        from_s = _take(clock, rest, from_s)
        until_s = max(until_s, from_s)
    return until_s


@inlined
def _wait(facts: Facts, clock: Record, vehicle: Record, from_s: int, until_s: int) -> Scalar:
    """Wait at a door that opens at `until_s`, with the breaks that fit into the wait."""
    while vehicle.first_break + clock.taken < vehicle.last_break:
        rest = facts.rest[vehicle.first_break + clock.taken]
        if max(from_s, rest.earliest_s) + rest.duration_s > until_s:
            break
        from_s = _take(clock, rest, from_s)
    return max(from_s, until_s)


@inlined
def _depart(facts: Facts, state: State, src: int, dst: int) -> Scalar:
    """Leave the depot, or take up the current trip. Return when the vehicle's pay begins."""
    clock, plan, trip = state.now[0].clock, state.row[src], state.row[dst]
    vehicle = facts.vehicle[plan.vehicle]
    if plan.current:
        clock.free_s = stand(facts, clock, vehicle, vehicle.free_s, vehicle.free_s)
        trip.base_s, trip.departs_s = clock.free_s, vehicle.departed_s
        return vehicle.free_s
    first = state.spot[STOP, src, 1]
    free_s = clock.free_s + (vehicle.reload_s if clock.trips > 0 else 0)
    ready_s = max(plan.ready_s + vehicle.picking_s, plan.not_before_s)
    trip.base_s = stand(facts, clock, vehicle, free_s, max(free_s, ready_s))
    there_s = arrival_s(facts, vehicle, vehicle.depot_node, first, trip.base_s)
    early_s = max(0, facts.node[first].early_s - there_s)
    trip.departs_s = stand(facts, clock, vehicle, trip.base_s, trip.base_s + early_s)
    clock.free_s = trip.departs_s
    return trip.departs_s


@inlined
def moved_u(node: Record, vehicle: int) -> Scalar:
    """Return what it costs that an order is not on the vehicle that knows of it."""
    return 0 if node.known == -1 or node.known == vehicle else node.move_u  # noqa: PLR1714


@inlined
def _stop_u(node: Record, late_s: int, on_board_s: int, warm_s: int) -> Scalar:
    """Return what a stop costs by its times."""
    return node.late_u * max(0, late_s) + node.board_u * on_board_s + node.warm_u * max(0, warm_s)


@inlined
def _serve(facts: Facts, state: State, src: int, dst: int, q: int) -> None:
    """Serve the stop at position q, where the vehicle has just arrived."""
    clock, trip = state.now[0].clock, state.row[dst]
    vehicle = facts.vehicle[trip.vehicle]
    node = facts.node[state.spot[STOP, src, q]]
    starts_s = clock.free_s
    if starts_s < node.early_s:
        starts_s = _wait(facts, clock, vehicle, starts_s, node.early_s)
    on_board_s = starts_s - trip.departs_s
    exposure_s = on_board_s + (trip.doors + q - 1) * vehicle.door_s
    clock.bad += (starts_s > node.latest_s) + (exposure_s > node.hold_s)
    clock.cost_u += (
        _stop_u(node, starts_s - node.due_s, on_board_s, exposure_s - node.warm_after_s)
        + node.fee_u
        + moved_u(node, trip.vehicle)
        + vehicle.order_u
    )
    leaves_s = starts_s + node.service_s
    clock.free_s = stand(facts, clock, vehicle, leaves_s, leaves_s)
    state.spot[START_S, dst, q] = starts_s
    state.spot[LEAVE_S, dst, q] = clock.free_s


@compiled
def walk_trip(facts: Facts, state: State, src: int, dst: int) -> None:
    """Walk the trip in row `src` from where the clock stands; write its times to row `dst`."""
    clock, trip = state.now[0].clock, state.row[dst]
    n, vehicle = state.row[src].n, facts.vehicle[state.row[src].vehicle]
    trip.vehicle, trip.doors = state.row[src].vehicle, state.row[src].doors
    trip.free_s, trip.taken, before_u, bad = clock.free_s, clock.taken, clock.cost_u, clock.bad
    paid_from_s = _depart(facts, state, src, dst)
    state.spot[LEAVE_S, dst, 0] = trip.base_s
    origin, way_m = state.spot[STOP, src, 0], 0
    for q in range(1, n + 2):
        stop = state.spot[STOP, src, q]
        leg_m = facts.leg[vehicle.layer, origin, stop]
        leaves_s = clock.free_s
        clock.free_s = arrival_s(facts, vehicle, origin, stop, leaves_s)
        clock.bad += clock.free_s - leaves_s >= CLOSED_S
        state.spot[ARRIVE_S, dst, q] = clock.free_s
        state.spot[WAY_M, dst, q - 1] = leg_m
        way_m += leg_m
        if q <= n:
            _serve(facts, state, src, dst, q)
        origin = stop
    clock.cost_u += vehicle.time_u * (clock.free_s - paid_from_s) + vehicle.km_u * way_m
    clock.way_m += way_m
    clock.trips += 1
    trip.way_m, trip.ends_s, trip.taken_after = way_m, clock.free_s, clock.taken
    trip.cost_u, trip.bad = clock.cost_u - before_u, clock.bad - bad


@inlined
def begin(facts: Facts, state: State, vehicle: int, rank: int) -> None:
    """Set the clock to before a vehicle's trip number `rank`."""
    clock = state.now[0].clock
    clock.bad = clock.cost_u = clock.way_m = 0
    clock.trips = rank
    if rank == 0:
        clock.free_s, clock.taken = facts.vehicle[vehicle].start_s, 0
    else:
        before = state.row[state.trips[PLAN, vehicle, rank - 1]]
        clock.free_s, clock.taken = before.ends_s, before.taken_after


@inlined
def end(facts: Facts, state: State, vehicle: int) -> None:
    """Hold the end of the day, where the clock stands, against the shift and the breaks."""
    clock, record = state.now[0].clock, facts.vehicle[vehicle]
    if clock.trips == 0:
        return
    clock.bad += clock.free_s > record.end_s
    for k in range(record.first_break + clock.taken, record.last_break):
        clock.bad += facts.rest[k].latest_s < clock.free_s


@compiled
def price(facts: Facts, state: State, vehicle: int, rank: int, replaced: int) -> Scalar:
    """Return what the day costs more with the trip in the first scratch row at `rank`.

    The trip takes the place of `replaced` trips, none or one; without stops it falls away. The
    price is `IMPOSSIBLE` if the change breaks a rule.
    """
    clock, day, scratch = state.now[0].clock, state.day[vehicle], state.now[0].rows
    begin(facts, state, vehicle, rank)
    if state.row[scratch].n > 0 or state.row[scratch].current:
        walk_trip(facts, state, scratch, scratch)
        _note(facts, state, scratch, state.row[scratch].n)
    before_u = before_m = 0
    if replaced:
        before_u, before_m = _cost_of(state, vehicle, rank)
    k, same = rank + replaced, False
    while k < day.trips and clock.bad == 0 and not same:
        row = state.row[state.trips[PLAN, vehicle, k]]
        same = _is_same(facts, clock, row, k)
        if not same:
            walk_trip(facts, state, state.trips[PLAN, vehicle, k], scratch + 1)
            _note(facts, state, scratch + 1, row.n)
            before_u += row.cost_u
            before_m += row.way_m
            k += 1
    if not same:
        end(facts, state, vehicle)
    record = facts.vehicle[vehicle]
    if clock.bad > 0 or day.way_m - before_m + clock.way_m > record.range_m:
        return IMPOSSIBLE
    used = same or clock.trips > 0
    return clock.cost_u - before_u + record.fixed_u * (np.int64(used) - (day.trips > 0))


@inlined
def _cost_of(state: State, vehicle: int, rank: int) -> tuple[Scalar, Scalar]:
    row = state.row[state.trips[PLAN, vehicle, rank]]
    return row.cost_u, row.way_m


@inlined
def _is_same(facts: Facts, clock: Record, row: Record, rank: int) -> Scalar:
    """Return whether the day goes on from here as it did before."""
    return (
        not facts.limited
        and clock.trips == rank
        and clock.free_s == row.free_s
        and clock.taken == row.taken
    )


@inlined
def hour_of(departs_s: int) -> Scalar:
    """Return the column of `State.picked` in which a departure counts."""
    return min(HOURS - 1, departs_s // 3600)


@inlined
def _note(facts: Facts, state: State, row: int, orders: int) -> None:
    """Count a tried trip among what its depot picks in that hour."""
    if facts.limited and not state.row[row].current:
        clock, depot = state.now[0].clock, facts.vehicle[state.row[row].vehicle].depot
        hour = hour_of(state.row[row].departs_s)
        state.picked[LEAVING, depot, hour] += orders
        if state.picked[LEAVING, depot, hour] > state.picked[LIMIT, depot, hour]:
            clock.bad += 1
            clock.full_hour = hour
        state.row[state.now[0].noted].noted_place = depot * HOURS + hour
        state.row[state.now[0].noted].noted_orders = orders
        state.now[0].noted += 1


@inlined
def forget_notes(state: State) -> None:
    """Take back what `_note` counted."""
    for k in range(state.now[0].noted):
        place = state.row[k].noted_place
        state.picked[LEAVING, place // HOURS, place % HOURS] -= state.row[k].noted_orders
    state.now[0].noted = 0


@inlined
def lift(facts: Facts, state: State, vehicle: int, rank: int, sign: int) -> None:
    """Take a vehicle's trips from `rank` on out of what is picked (sign -1), or put them back."""
    if facts.limited:
        for k in range(rank, state.day[vehicle].trips):
            row = state.row[state.trips[PLAN, vehicle, k]]
            state.picked[LEAVING, facts.vehicle[vehicle].depot, row.hour] += sign * row.counted
