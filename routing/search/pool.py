"""Which good days of single vehicles did the search meet?

They are gathered between chunks from the plan under work, cheapest order of visits first, and given
to whoever recombines them (`routing.plan.Column`).
"""

from dataclasses import dataclass, field
from typing import Final

from routing.plan import Column, Tour
from routing.search.facts import Arrays
from routing.search.layout import PLAN, STOP, State
from routing.search.state import visits

MOST_COLUMNS: Final = 20_000
GOOD: Final = 1.02
"""A plan's days are gathered if it costs at most so many times the best."""


@dataclass
class Pool:
    """The cheapest day met for each vehicle and set of orders."""

    arrays: Arrays
    columns: dict[tuple[int, frozenset[int]], Column] = field(default_factory=dict)
    seen_u: dict[int, int] = field(default_factory=dict)

    def gather(self, state: State) -> None:
        """Take in what has changed since the last time."""
        now = state.now[0]
        if now["current_u"] > GOOD * now["best_u"] or len(self.columns) >= MOST_COLUMNS:
            return
        costs_u = state.day["cost_u"].tolist()
        for k, cost_u in enumerate(costs_u):
            if self.seen_u.get(k) != cost_u:
                self.seen_u[k] = cost_u
                self._add(state, k, cost_u)

    def _add(self, state: State, k: int, cost_u: int) -> None:
        tours = tuple(self._tours(state, k))
        key = k, frozenset(visit.order for tour in tours for visit in tour.visits)
        if key not in self.columns or cost_u < self.columns[key].total:
            self.columns[key] = Column(self.arrays.vehicles[k], tours, cost_u)

    def _tours(self, state: State, k: int) -> list[Tour]:
        rows = state.trips[PLAN, k, : state.day["trips"][k]].tolist()
        return [
            Tour(
                visits(
                    self.arrays.facts, state.spot[STOP, row, 1 : state.row["n"][row] + 1].tolist()
                ),
                int(state.row["not_before_s"][row]),
            )
            for row in rows
        ]
