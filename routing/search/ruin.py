"""Which orders are taken out, to be put back better?

Strings of neighbouring stops from the trips around one order (Christiaens & Vanden Berghe 2020,
"Slack Induction by String Removals"): on average `RUINED` orders, at most `LONGEST` from one trip.
Every other string is split: it leaves some stops in its middle where they are.
"""

from typing import Final

import numpy as np

from routing.search.chance import below, uniform
from routing.search.compile import compiled, pasted
from routing.search.layout import (
    STOP,
    Facts,
    State,
)
from routing.search.rows import renew, touch

RUINED: Final = 15.0
LONGEST: Final = 10.0
SPLIT: Final = 0.5
SPLIT_ON: Final = 0.5


@compiled
def ruin(facts: Facts, state: State) -> None:
    """Take strings out of the trips near a random order."""
    now, chance = state.now[0], state.now[0]
    served = facts.orders - now.absent
    longest = max(1.0, min(LONGEST, served / max(1, now.active)))
    strings = np.int64(uniform(chance) * (4.0 * RUINED / (1.0 + longest) - 1.0) + 1.0)
    centre = below(chance, facts.orders)
    if now.focus > 0 and uniform(chance) < 0.5:
        centre = state.task[below(chance, now.focus)].focus
    now.stamp += 1
    for k in range(facts.near.shape[1]):
        order = np.int64(facts.near[centre, k])
        row = state.task[order].row
        if row < 0 or state.row[row].stamp == now.stamp:
            continue
        if state.task[order].at <= state.row[row].locked:
            continue
        state.row[row].stamp = now.stamp
        _take_string(facts, state, row, state.task[order].at, longest)
        strings -= 1
        if strings == 0:
            break


@pasted
def _take_string(facts: Facts, state: State, row: int, at: int, longest: float) -> None:
    """Take a string out of a row that has position `at` in it."""
    record, chance = state.row[row], state.now[0]
    free = record.n - record.locked
    length = min(free, np.int64(uniform(chance) * min(float(free), longest) + 1.0))
    left = 0
    if length < free and uniform(chance) < SPLIT:
        left = 1
        while length + left < free and uniform(chance) < SPLIT_ON:
            left += 1
    span = length + left
    first = max(record.locked + 1, at - span + 1)
    start = first + below(chance, min(at, record.n - span + 1) - first + 1)
    stays = start + below(chance, span - left + 1)
    touch(state, record.vehicle)
    _remove(facts, state, row, (start, start + span), (stays, stays + left))
    renew(facts, state, row)


@pasted
def _remove(
    facts: Facts, state: State, row: int, string: tuple[int, int], stays: tuple[int, int]
) -> None:
    """Remove a string of stops but for those that stay: both from a position to before one."""
    record, now = state.row[row], state.now[0]
    to = string[0]
    for q in range(string[0], record.n + 1):
        stop = state.spot[STOP, row, q]
        if q < string[1] and not stays[0] <= q < stays[1]:
            order = facts.node[stop].order
            state.task[now.absent].absent = order
            now.absent += 1
            state.task[order].row = -1
        else:
            state.spot[STOP, row, to] = stop
            to += 1
    record.n = to - 1
