"""In which order do absent orders come back, and where?

Each goes where it costs least at that moment, so the order decides: it is drawn anew each time from
a few that put the hardest first in one way or another. An order whose drop cost is less than any
place stays absent.
"""

from routing.search.chance import uniform
from routing.search.compile import compiled, pasted
from routing.search.insert import find_place
from routing.search.layout import (
    Facts,
    State,
)
from routing.search.rows import add_trip, insert, touch


@compiled
def recreate(facts: Facts, state: State, blink: float) -> None:
    """Bring every absent order that is worth it."""
    now = state.now[0]
    _sort_absent(facts, state)
    left = 0
    for k in range(now.absent):
        order = state.task[k].absent
        find_place(facts, state, order, blink)
        if state.now[0].bid.row == -1:
            state.task[left].absent = order
            left += 1
        else:
            _accept_bid(facts, state)
    now.absent = left


@pasted
def _accept_bid(facts: Facts, state: State) -> None:
    bid = state.now[0].bid
    row, at, vehicle = bid.row, bid.at, bid.vehicle
    if row >= 0:
        vehicle = state.row[row].vehicle
    touch(state, vehicle)
    if row < 0:
        row, at = add_trip(facts, state, vehicle, bid.rank), 0
        state.row[row].not_before_s = bid.not_before_s
    insert(facts, state, row, at, bid.node)


@pasted
def _hardness(facts: Facts, order: int, by: float) -> float:
    """Return by what an order is sorted, smallest first; `by` draws the rule."""
    record = facts.order[order]
    if by < 0.2:
        return -float(record.frozen_g + record.chilled_g + record.ambient_g)
    if by < 0.35:
        return -float(record.far_m)
    if by < 0.45:
        return float(record.far_m)
    if by < 0.6:
        return float(record.slack_s)
    if by < 0.7:
        return float(record.due_s)
    return 0.0


@pasted
def _sort_absent(facts: Facts, state: State) -> None:
    """Sort the absent orders by a rule that is drawn; ties by chance."""
    by = uniform(state.now[0])
    for k in range(state.now[0].absent):
        order = state.task[k].absent
        key = _hardness(facts, order, by) + uniform(state.now[0])
        j = k - 1
        while j >= 0 and state.task[j].key > key:
            state.task[j + 1].key = state.task[j].key
            state.task[j + 1].absent = state.task[j].absent
            j -= 1
        state.task[j + 1].key = key
        state.task[j + 1].absent = order
