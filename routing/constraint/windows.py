"""When can a stop begin, by what is known before any route is?

Bounds that follow from the rest of the model, said once more: the search rejects a hopeless
neighbour by them without trying it.
"""

from dataclasses import dataclass

import numpy as np

from routing.constraint.layout import NOWHERE, Int64Array, Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Who may make a stop, and when it can begin. It is closed if nobody can, or never."""

    runs: tuple[int, ...]
    opens_s: int
    closes_s: int

    @property
    def closed(self) -> bool:
        """Return whether the stop can't be made at all."""
        return not self.runs or self.opens_s > self.closes_s


def windows(layout: Layout) -> list[Window]:
    """Return the window of each stop."""
    reached_s = _Reached(layout)
    return [_window(layout, stop, reached_s) for stop in range(len(layout.stops))]


def needs_waiting(layout: Layout) -> bool:
    """Return whether a vehicle may come to a door before it opens."""
    return any(
        layout.order(stop).not_before_s > _leaves_s(layout, stop, run)
        for stop in range(len(layout.stops))
        for run in layout.carriers(stop)
    )


def _window(layout: Layout, stop: int, reached_s: "_Reached") -> Window:
    order = layout.order(stop)
    runs = []
    opens_s = order.latest_s + 1
    for run in layout.carriers(stop):
        arrives_s = max(
            order.not_before_s, _leaves_s(layout, stop, run) + int(reached_s.of(run)[stop])
        )
        if arrives_s <= order.latest_s:
            runs.append(run)
            opens_s = min(opens_s, arrives_s)
    return Window(runs=tuple(runs), opens_s=opens_s, closes_s=order.latest_s)


def _leaves_s(layout: Layout, stop: int, run: int) -> int:
    it = layout.runs[run]
    if it.current:
        return it.opens_s
    return max(it.opens_s, layout.order(stop).ready_s + layout.depot(run).picking_s)


class _Reached:
    """Seconds from where a run starts to each node by the quickest way over other stops."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._services_s = layout.services_s()
        self._legs: dict[tuple[str, int], Int64Array] = {}
        self._known: dict[tuple[str, int, int], Int64Array] = {}

    def of(self, run: int) -> Int64Array:
        """Return the seconds to each node."""
        mode, part = self._layout.vehicle(run).mode, self._layout.runs[run].time_slice
        start = self._layout.starts[run]
        if (mode, part) not in self._legs:
            way_s = self._layout.matrices(mode, part)[1]
            way_s += self._services_s[:, None]
            way_s[:, self._layout.places == NOWHERE] = np.iinfo(np.int64).max // 2
            self._legs[mode, part] = way_s
        if (mode, part, start) not in self._known:
            self._known[mode, part, start] = _quickest(self._legs[mode, part], start)
        return self._known[mode, part, start]


def _quickest(legs_s: Int64Array, start: int) -> Int64Array:
    """Return the shortest ways from one node (Dijkstra on a full matrix)."""
    far = np.iinfo(np.int64).max // 4
    done = np.zeros(len(legs_s), dtype=bool)
    best: Int64Array = np.minimum(legs_s[start], far)
    best[start], done[start] = 0, True
    for _ in range(len(legs_s) - 1):
        nearest = int(np.where(done, far, best).argmin())
        done[nearest] = True
        np.minimum(best, best[nearest] + legs_s[nearest], out=best)
    return best
