"""How warm are the day's boxes and compartments, wherever they are?

The physics is `firmware_sim.haul`'s; here boxes and compartments have their names. Rows of boxes
are those of `plans`.
"""

from typing import Final

import numpy as np

from firmware_sim.haul import Haul, Surroundings
from frostline.day.boxes import (
    NO_PACK,
    PACK_W_PER_K,
    BoxPlan,
    PackedBox,
    PackingRule,
    crate_w_per_k,
    draw_boxes,
    for_cooled,
)
from frostline.day.fleet import FleetVehicle, compartments_design
from frostline.day.goods import policy_name
from frostline.day.happenings import Zone
from frostline.day.scenarios import Scenario
from frostline.day.spoiling import Spoiling, shipped_rules
from frostline.day.weather import outside_c, sun_k

STREET: Final = 0
COLD_ROOMS: Final[dict[Zone, int]] = {"frozen": 1, "chilled": 2, "ambient": 3}
_ROOMS_C: Final = (-22.0, 2.0, 17.0)


class Cold:
    """Boxes and compartments of a day."""

    def __init__(
        self, plans: list[BoxPlan], fleet: tuple[FleetVehicle, ...], scenario: Scenario, seed: int
    ) -> None:
        self._scenario = scenario
        self._plans = plans
        self._rule = rule = PackingRule(
            hold_percent=scenario.hold_percent,
            extra_packs=scenario.extra_packs,
            badly_frozen=scenario.badly_frozen,
        )
        design, core, self.packed = draw_boxes(plans, rule, seed=seed)
        self._walls_w_per_k = design.wall_w_per_k.copy()
        compartments = compartments_design(fleet)
        random = np.random.default_rng([seed, 0xC01D])
        self._haul = Haul(
            design,
            core,
            compartments,
            since_defrost_s=random.uniform(1200.0, 4 * 3600.0, len(compartments)),
            room=STREET,
        )
        policies = [policy_name(plan.zone, plan.product_class) for plan in plans]
        self.spoiling = Spoiling(policies, shipped_rules())
        self._judged = np.zeros(len(plans), dtype=np.bool_)
        self._met_failure = np.zeros(len(plans), dtype=np.bool_)

    def pack(self, row: int, *, cooled: bool = False) -> PackedBox:
        """Pack a box, maybe for a vehicle that cools; it stands in its cold room."""
        packed = self.packed[row]
        if cooled:
            packed = for_cooled(self._plans[row], packed, self._rule)
        has_pack = packed.pack_kind != NO_PACK
        self._haul.boxes.pack_w_per_k[row] = PACK_W_PER_K if has_pack else 0.0
        self._haul.boxes.wall_w_per_k[row] = (
            self._walls_w_per_k[row] if has_pack else crate_w_per_k(self._plans[row])
        )
        self._haul.pack(row, goods_c=packed.goods_c, pack_j=packed.pack_j, air_c=packed.air_c)
        self._haul.put(row, room=COLD_ROOMS[self._plans[row].zone])
        self.spoiling.begin(row)
        self._judged[row] = True
        return packed

    def load(self, row: int, compartment: int) -> None:
        """Bring a box into a compartment."""
        self._haul.put(row, compartment=compartment)

    def unload(self, row: int) -> None:
        """Carry a box out into the street."""
        self._haul.put(row, room=STREET)

    def store(self, row: int) -> None:
        """Bring a box back into its cold room."""
        self._haul.put(row, room=COLD_ROOMS[self._plans[row].zone])

    def hand_over(self, row: int) -> None:
        """Let a box be the member's; nobody judges its goods any more."""
        self._judged[row] = False

    def open_door(self, compartment: int, *, is_open: bool) -> None:
        """Open or close a compartment's door."""
        self._haul.open_door(compartment, is_open=is_open)

    def fail(self, compartment: int) -> None:
        """Let a compartment's unit stop for good."""
        self._haul.fail(compartment)

    def advance(self, now_s: float, until_s: float) -> None:
        """Let time pass."""
        air_c = outside_c(self._scenario, now_s)
        skin_c = air_c + sun_k(self._scenario, now_s)
        surroundings = Surroundings(
            rooms_c=np.array([air_c, *_ROOMS_C]),
            around_compartments_c=np.full(len(self._haul.compartments), skin_c),
        )
        haul = self._haul
        haul.advance(surroundings, until_s - now_s)
        inside = haul.where >= 0
        failed = haul.compartment_state.failed[np.maximum(haul.where, 0)]
        self._met_failure |= inside & failed & self._judged
        goods_c = haul.box_state.product_c
        self.spoiling.count(goods_c, self._judged, until_s=until_s, seconds=until_s - now_s)

    def box_case_c(self, row: int) -> float:
        """Return the temperature of the case of a box's logger."""
        return float(self._haul.box_state.logger_c[row])

    def compartment_case_c(self, compartment: int) -> float:
        """Return the temperature of the case of a compartment's logger."""
        return float(self._haul.compartment_state.logger_c[compartment])

    def met_failure(self, row: int) -> bool:
        """Say whether a box was aboard a compartment that had failed."""
        return bool(self._met_failure[row])
