"""How long is an arc of a run, how long does it take, and what does it cost?

Arrays from node to node. Vehicles that can't be told apart share them.
"""

import numpy as np

from routing.constraint.layout import Int64Array, Layout
from routing.day import PER_H, PER_KM
from routing.plan import UNITS_PER_MINOR
from routing.problem import Vehicle


class Legs:
    """The arcs of one layout, kept once for each kind of run."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._matrices: dict[tuple[str, int], tuple[Int64Array, Int64Array]] = {}
        self._services_s = layout.services_s()[:, None]
        self._is_stop = (np.arange(len(layout.places)) < len(layout.stops))[:, None]
        self._known = {it.known_vehicle for it in layout.problem.orders if it.move_cost}

    def way_m(self, run: int) -> Int64Array:
        """Return metres."""
        return self._of(run)[0]

    def time_s(self, run: int) -> Int64Array:
        """Return seconds, with the service at the beginning."""
        return self._of(run)[1] + self._services_s

    def exposure_s(self, run: int) -> Int64Array:
        """Return seconds, with the service and the door at the beginning."""
        return self.time_s(run) + self.doors_s(run)

    def doors_s(self, run: int) -> Int64Array:
        """Return what opening the door at the beginning adds to exposure."""
        doors_s = np.where(self._is_stop, self._layout.vehicle(run).door_s, 0)
        return np.broadcast_to(doors_s, self._of(run)[0].shape).astype(np.int64)

    def cost(self, run: int) -> Int64Array:
        """Return units: the way, the time, and what the stop at the end costs."""
        vehicle = self._layout.vehicle(run)
        per_m, per_s = vehicle.cost_per_km * PER_KM, vehicle.cost_per_h * PER_H
        return self.way_m(run) * per_m + self.time_s(run) * per_s + self._charges(vehicle)

    def kind(self, run: int) -> tuple[str, int]:
        """Return what the seconds of a run depend on."""
        return self._layout.vehicle(run).mode, self._layout.runs[run].time_slice

    def cost_kind(self, run: int) -> tuple[object, ...]:
        """Return what the costs of a run depend on."""
        it = self._layout.vehicle(run)
        named = it.id if it.id in self._known else None
        return (*self.kind(run), it.cost_per_km, it.cost_per_h, it.cost_per_order, named)

    def _of(self, run: int) -> tuple[Int64Array, Int64Array]:
        kind = self.kind(run)
        if kind not in self._matrices:
            self._matrices[kind] = self._layout.matrices(*kind)
        return self._matrices[kind]

    def _charges(self, vehicle: Vehicle) -> Int64Array:
        """Return what each stop costs if this vehicle makes it: piece, locker, change."""
        charges = np.zeros(len(self._layout.places), dtype=np.int64)
        for stop, visit in enumerate(self._layout.stops):
            order = self._layout.order(stop)
            minor = vehicle.cost_per_order
            if visit.to_locker and order.locker is not None:
                minor += order.locker.cost
            if order.known_vehicle not in {None, vehicle.id}:
                minor += order.move_cost
            charges[stop] = minor * UNITS_PER_MINOR
        return charges
