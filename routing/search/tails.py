"""Could two trips swap their ends? The 2-opt* move (Potvin & Rousseau 1995), proposed at random.

An order and one near it are drawn from two vehicles' trips; the proposal drives from the first to
the second, and swaps all that follows. Most proposals fail their quote, which takes constant time;
the others are priced by walking both days, except in a plain problem.
"""

from typing import Final

from routing.search.chance import below, patience
from routing.search.compile import compiled, pasted
from routing.search.layout import (
    BOARD_U,
    FAR,
    IMPOSSIBLE,
    LATE_U,
    LATEST_S,
    LEAVE_S,
    START_S,
    STOP,
    WAY_M,
    Facts,
    Scalar,
    State,
)
from routing.search.rows import keep_best, renew
from routing.search.walk import forget_notes, lift, price

NEAREST: Final = 20


@pasted
def swap_tails(facts: Facts, state: State, proposals: int, temperature: float) -> None:
    """Make so many proposals; accept each as simulated annealing would."""
    now, count = state.now[0], min(NEAREST, facts.near.shape[1] - 1)
    if count < 1:
        return
    for _ in range(proposals):
        first = below(now, facts.orders)
        second = facts.near[first, 1 + below(now, count)]
        head, tail = state.task[first].row, state.task[second].row
        if head >= 0 and tail >= 0 and _may_swap(facts, state, head, tail):
            p, q = state.task[first].at, state.task[second].at
            way_u = _way_u(facts, state, head, p, tail, q)
            limit_u = patience(now, temperature)
            if way_u <= 0 or way_u < limit_u:
                _propose(facts, state, first, second, limit_u)


@pasted
def _may_swap(facts: Facts, state: State, head: int, tail: int) -> Scalar:
    """Return whether two rows are different vehicles' trips that drive alike."""
    a, b = state.row[head], state.row[tail]
    one, other = facts.vehicle[a.vehicle], facts.vehicle[b.vehicle]
    return (
        a.vehicle != b.vehicle
        and not a.current
        and not b.current
        and one.layer == other.layer
        and one.km_u == other.km_u
    )


@compiled
def _propose(facts: Facts, state: State, first: int, second: int, limit_u: float) -> None:
    """Swap the tails of two orders' trips, if it can be done for less than the limit."""
    head, tail, now = state.task[first].row, state.task[second].row, state.now[0]
    p, q = state.task[first].at, state.task[second].at
    quote_u = _way_u(facts, state, head, p, tail, q)
    quote_u += _time_u(facts, state, head, p, tail, q)
    quote_u += _time_u(facts, state, tail, q - 1, head, p + 1)
    if quote_u > 0 and quote_u >= limit_u:
        return
    if not _fits(facts, state, head, p, tail, q):
        return
    if not _fits(facts, state, tail, q - 1, head, p + 1):
        return
    if not _is_exact(facts, state, head, tail):
        quote_u = _price(facts, state, head, p, tail, q)
        if quote_u > 0 and quote_u >= limit_u:
            return
    _join(facts, state, head, p, tail, q)
    _set_aside(state)
    _join(facts, state, tail, q - 1, head, p + 1)
    _apply(facts, state, head, tail)
    now.current_u += quote_u
    if now.current_u < now.best_u:
        keep_best(state)


@pasted
def _is_exact(facts: Facts, state: State, head: int, tail: int) -> Scalar:
    """Return whether the quote is the price: for two alike vehicles of a plain problem."""
    a, b = state.row[head], state.row[tail]
    vehicle = facts.vehicle[a.vehicle]
    ready_s = max(a.ready_s, b.ready_s) + vehicle.picking_s
    return (
        facts.plain
        and vehicle.kind == facts.vehicle[b.vehicle].kind
        and vehicle.max_trips == 1
        and vehicle.range_m == FAR
        and min(a.base_s, b.base_s) >= ready_s
        and a.base_s == b.base_s
    )


@pasted
def _set_aside(state: State) -> None:
    """Copy the first scratch row into the second."""
    scratch = state.now[0].rows
    state.row[scratch + 1].n = state.row[scratch].n
    for k in range(1, state.row[scratch].n + 1):
        state.spot[STOP, scratch + 1, k] = state.spot[STOP, scratch, k]


@pasted
def _way_u(facts: Facts, state: State, head: int, p: int, tail: int, q: int) -> Scalar:
    """Return what the way costs more."""
    a, b = state.row[head], state.row[tail]
    vehicle, other = facts.vehicle[a.vehicle], facts.vehicle[b.vehicle]
    way_m = facts.leg[vehicle.layer]
    end, other_end = vehicle.end_node, other.end_node
    after = state.spot[STOP, head, p + 1] if p < a.n else other_end
    more_m = (
        way_m[state.spot[STOP, head, p], state.spot[STOP, tail, q]]
        + way_m[state.spot[STOP, tail, q - 1], after]
        - state.spot[WAY_M, head, p]
        - state.spot[WAY_M, tail, q - 1]
    )
    if end != other_end:
        last, other_last = state.spot[STOP, head, a.n], state.spot[STOP, tail, b.n]
        more_m += way_m[other_last, end] - way_m[other_last, other_end]
        if p < a.n:
            more_m += way_m[last, other_end] - way_m[last, end]
    emptied_u = other.fixed_u if q == 1 and p == a.n and state.day[b.vehicle].trips == 1 else 0
    return vehicle.km_u * more_m - emptied_u


@pasted
def _time_u(facts: Facts, state: State, head: int, p: int, tail: int, q: int) -> Scalar:
    """Return what it costs about that the tail from q is served after position p of the head."""
    a, b = state.row[head], state.row[tail]
    vehicle = facts.vehicle[a.vehicle]
    stop = state.spot[STOP, tail, q]
    drive_s = facts.leg[vehicle.layer + 1, state.spot[STOP, head, p], stop]
    there_s = state.spot[LEAVE_S, head, p] + drive_s
    if q > b.n:
        return 0
    if there_s > state.spot[LATEST_S, tail, q]:
        return IMPOSSIBLE
    if facts.plain:
        return 0
    delay_s = max(there_s, facts.node[stop].early_s) - state.spot[START_S, tail, q]
    longer_s = delay_s - a.departs_s + b.departs_s
    return (
        state.rate[LATE_U, tail, q] * delay_s
        + state.rate[BOARD_U, tail, q] * longer_s
        + vehicle.time_u * delay_s
    )


@pasted
def _fits(facts: Facts, state: State, head: int, p: int, tail: int, q: int) -> Scalar:
    """Return whether a vehicle can carry its own stops to p and the other's from q."""
    a, b = state.row[head], state.row[tail]
    if p + b.n - q + 3 >= state.spot.shape[2]:
        return False
    vehicle = facts.vehicle[a.vehicle]
    alike = vehicle.class_ == facts.vehicle[b.vehicle].class_
    frozen_g = chilled_g = ambient_g = 0
    for k in range(1, p + 1):
        order = facts.order[facts.node[state.spot[STOP, head, k]].order]
        frozen_g += order.frozen_g
        chilled_g += order.chilled_g
        ambient_g += order.ambient_g
    for k in range(q, b.n + 1):
        order_index = facts.node[state.spot[STOP, tail, k]].order
        if not (alike or facts.allowed[order_index, vehicle.class_]):
            return False
        order = facts.order[order_index]
        frozen_g += order.frozen_g
        chilled_g += order.chilled_g
        ambient_g += order.ambient_g
    return (
        frozen_g <= vehicle.frozen_g
        and chilled_g <= vehicle.chilled_g
        and ambient_g <= vehicle.ambient_g
    )


@pasted
def _join(facts: Facts, state: State, head: int, p: int, tail: int, q: int) -> None:
    """Put the head to p and the tail from q into the first scratch row."""
    scratch = state.now[0].rows
    a, b, trial = state.row[head], state.row[tail], state.row[scratch]
    trial.vehicle, trial.current, trial.doors = a.vehicle, 0, 0
    trial.not_before_s, trial.ready_s = a.not_before_s, 0
    trial.n = p + b.n - q + 1
    for k in range(p + 1):
        state.spot[STOP, scratch, k] = state.spot[STOP, head, k]
    for k in range(q, b.n + 1):
        state.spot[STOP, scratch, p + 1 + k - q] = state.spot[STOP, tail, k]
    state.spot[STOP, scratch, trial.n + 1] = facts.vehicle[a.vehicle].end_node
    for k in range(1, trial.n + 1):
        trial.ready_s = max(trial.ready_s, facts.node[state.spot[STOP, scratch, k]].ready_s)


@compiled
def _price(facts: Facts, state: State, head: int, p: int, tail: int, q: int) -> Scalar:
    """Return what the swap costs, by walking both days."""
    a, b = state.row[head], state.row[tail]
    lift(facts, state, a.vehicle, a.rank, -1)
    lift(facts, state, b.vehicle, b.rank, -1)
    _join(facts, state, head, p, tail, q)
    change_u = price(facts, state, a.vehicle, a.rank, 1)
    _join(facts, state, tail, q - 1, head, p + 1)
    if change_u < IMPOSSIBLE:
        change_u += price(facts, state, b.vehicle, b.rank, 1)
    forget_notes(state)
    lift(facts, state, a.vehicle, a.rank, 1)
    lift(facts, state, b.vehicle, b.rank, 1)
    return change_u


@pasted
def _apply(facts: Facts, state: State, head: int, tail: int) -> None:
    """Take the two scratch rows over: the second is the head's."""
    scratch = state.now[0].rows
    for row, source in ((head, scratch + 1), (tail, scratch)):
        record = state.row[row]
        record.n = state.row[source].n
        for k in range(1, record.n + 1):
            state.spot[STOP, row, k] = state.spot[STOP, source, k]
        state.day[record.vehicle].changed = 1
        renew(facts, state, row)
