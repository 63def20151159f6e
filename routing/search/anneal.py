"""How does the search go on: what is accepted, and how does it cool?"""

from typing import Final

from routing.search.chance import patience
from routing.search.compile import compiled, entry, pasted
from routing.search.layout import (
    Facts,
    State,
)
from routing.search.recreate import recreate
from routing.search.rows import forget, keep_best, settle, take_back, total
from routing.search.ruin import ruin
from routing.search.tails import swap_tails

BLINK: Final = 0.01
TAILS: Final = 30
"""How many tail swaps are proposed after each ruin."""


SETTLE, FILL, ANNEAL = range(3)
"""What `run` can be asked for. One entry for all of them is compiled in half the time."""


@entry
def run(
    facts: Facts, state: State, job: int, iterations: int, temperature: float, cooling: float
) -> float:
    """Take the loaded plan as it is, fill it, or anneal it; return the temperature afterwards."""
    if job == ANNEAL:
        for _ in range(iterations):
            temperature *= cooling
            _step(facts, state, temperature)
            swap_tails(facts, state, TAILS, temperature)
        state.now[0].iterations += iterations
    else:
        settle(facts, state)
        if job == FILL:
            _fill(facts, state)
    return temperature


@compiled
def _fill(facts: Facts, state: State) -> None:
    """Bring what is absent, and take the plan as current and best."""
    recreate(facts, state, 0.0)
    forget(state)
    state.now[0].current_u = total(facts, state)
    keep_best(state)


@compiled
def _step(facts: Facts, state: State, temperature: float) -> None:
    now = state.now[0]
    before = now.absent
    for k in range(before):
        state.task[k].was_absent = state.task[k].absent
    ruin(facts, state)
    recreate(facts, state, BLINK)
    change_u = _change_u(facts, state, before)
    if now.over == 0 and _keeps_rules(state) and change_u < patience(state.now[0], temperature):
        now.current_u += change_u
        forget(state)
        if now.current_u < now.best_u:
            keep_best(state)
        return
    take_back(facts, state)
    now.absent = before
    for k in range(before):
        state.task[k].absent = state.task[k].was_absent
        state.task[state.task[k].absent].row = -1
    _untouch(state)


@pasted
def _change_u(facts: Facts, state: State, before: int) -> int:
    """Return what the plan costs more than before it was ruined."""
    now, change_u = state.now[0], 0
    for k in range(now.absent):
        change_u += facts.order[state.task[k].absent].drop_u
    for k in range(before):
        change_u -= facts.order[state.task[k].was_absent].drop_u
    for k in range(now.touched):
        day = state.day[state.day[k].listed]
        change_u += day.cost_u - day.kept_u
    return change_u


@pasted
def _keeps_rules(state: State) -> bool:
    bad = 0
    for k in range(state.now[0].touched):
        bad += state.day[state.day[k].listed].bad
    return bad == 0


@pasted
def _untouch(state: State) -> None:
    for k in range(state.now[0].touched):
        state.day[state.day[k].listed].touched = 0
    state.now[0].touched = 0


def settle_rows(facts: Facts, state: State) -> None:
    """Make everything derived from the plan that was loaded."""
    run(facts, state, SETTLE, 0, 0.0, 0.0)


def fill(facts: Facts, state: State) -> None:
    """Bring what the loaded plan leaves absent, and take it as current and best."""
    run(facts, state, FILL, 0, 0.0, 0.0)


def anneal(
    facts: Facts, state: State, iterations: int, temperature: float, cooling: float
) -> float:
    """Ruin and recreate so many times; return the temperature afterwards."""
    return run(facts, state, ANNEAL, iterations, temperature, cooling)
