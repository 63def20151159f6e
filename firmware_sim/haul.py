"""How warm are boxes that move: cold rooms, compartments that may fail, the street, a doorstep?

Boxes (`firmware_sim.box`) and compartments (`firmware_sim.reefer`), and the heat between them: what
a box takes from the air of its compartment, that air loses. Everything else around a box (a cold
room, the street) has a temperature of its own, which no box changes. Goods have a core below their
surface: what `firmware_sim.box` calls the goods is the surface, which warms first. Many at once:
boxes and compartments are rows of arrays.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from firmware_sim import box, reefer
from firmware_sim.box import BoxDesign, BoxState
from firmware_sim.reefer import ReeferDesign, ReeferState

Floats = npt.NDArray[np.float64]

STEP_S: Final = 15.0
"""The longest time for which a box feels the same air of its compartment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What no box changes: temperatures of rooms (the street is one), and around compartments."""

    rooms_c: Floats
    around_compartments_c: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What lies below the surface of goods, one entry a box."""

    j_per_k: Floats
    w_per_k: Floats  # between surface and core


class Haul:
    """Boxes and compartments. A box is in room r (`~r`), or in compartment k (`k`)."""

    def __init__(
        self,
        boxes: BoxDesign,
        core: Core,
        compartments: ReeferDesign,
        *,
        since_defrost_s: Floats,
        room: int,
    ) -> None:
        """Begin with all boxes in one room, empty of cold, and compartments at their setpoints."""
        self.boxes = boxes
        self.core = core
        self.core_c = np.zeros(len(boxes))
        self.compartments = compartments
        self.box_state = _at(boxes, 0.0)
        self.compartment_state: ReeferState = reefer.at_setpoint(compartments, since_defrost_s)
        self.where = np.full(len(boxes), ~room, dtype=np.intp)
        self._exchanged_j = 0.0

    def pack(self, row: int, *, goods_c: float, pack_j: float, air_c: float) -> None:
        """Fill a box: goods and pack as they come from the cold room, air as in the packing room.

        `pack_j` is the enthalpy of the pack: 0 where it is frozen through, at its melting point.
        """
        state = self.box_state
        state.product_c[row] = self.core_c[row] = goods_c
        state.pack_j[row] = pack_j
        state.air_c[row] = state.logger_c[row] = air_c

    def put(self, row: int, *, compartment: int | None = None, room: int = 0) -> None:
        """Bring a box into a compartment, or into a room."""
        self.where[row] = ~room if compartment is None else compartment

    def open_door(self, compartment: int, *, is_open: bool) -> None:
        """Open or close a compartment's door."""
        self.compartment_state.door_open[compartment] = is_open

    def fail(self, compartment: int) -> None:
        """Let a compartment's unit stop for good."""
        self.compartment_state.failed[compartment] = True

    def advance(self, surroundings: Surroundings, seconds: float) -> None:
        """Let time pass."""
        steps = max(1, int(np.ceil(seconds / STEP_S)))
        for _ in range(steps):
            self._step(surroundings, seconds / steps)

    def heat_in_j(self) -> float:
        """Return what came in from rooms, through walls and doors, and by units, until now."""
        boxes_j = float(self.box_state.heat_in_j.sum())
        return boxes_j + float(self.compartment_state.heat_in_j.sum()) - self._exchanged_j

    def stored_j(self) -> float:
        """Return all heat above an arbitrary zero."""
        in_boxes_j = float(box.stored_j(self.boxes, self.box_state).sum())
        in_boxes_j += float((self.core.j_per_k * self.core_c).sum())
        return in_boxes_j + float(reefer.stored_j(self.compartments, self.compartment_state).sum())

    def _step(self, surroundings: Surroundings, dt_s: float) -> None:
        state, compartments = self.box_state, self.compartment_state
        # Rooms from the end, so that ~r finds room r.
        air_c = np.concatenate([compartments.air_c, surroundings.rooms_c[::-1]])
        before_j = state.heat_in_j
        box.advance(self.boxes, state, air_c[self.where], dt_s)
        self._even_out(dt_s)
        inside = self.where >= 0
        taken_j = np.bincount(
            self.where[inside],
            weights=(state.heat_in_j - before_j)[inside],
            minlength=len(self.compartments),
        )
        compartments.air_c = compartments.air_c - taken_j / self.compartments.air_j_per_k
        self._exchanged_j += float(taken_j.sum())
        reefer.advance(self.compartments, compartments, surroundings.around_compartments_c, dt_s)

    def _even_out(self, dt_s: float) -> None:
        """Let heat pass between surface and core: two lumps alone, exactly."""
        surface, core = self.boxes.product_j_per_k, self.core.j_per_k
        difference_k = self.box_state.product_c - self.core_c
        rate = self.core.w_per_k * (1 / surface + 1 / core)
        passed_j = difference_k * surface * core / (surface + core) * -np.expm1(-rate * dt_s)
        self.box_state.product_c = self.box_state.product_c - passed_j / surface
        self.core_c = self.core_c + passed_j / core


def _at(design: BoxDesign, temperature_c: float) -> BoxState:
    same = np.full(len(design), temperature_c)
    return BoxState(
        air_c=same.copy(),
        product_c=same.copy(),
        pack_j=np.zeros(len(design)),
        logger_c=same.copy(),
        lid_open=np.zeros(len(design), dtype=np.bool_),
        heat_in_j=np.zeros(len(design)),
    )
