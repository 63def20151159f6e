"""How warm is it where each logger is?

Joins the boxes, the compartments and the weather of a scenario; draws what differs from box to box
from the seed. Boxes stand in unrefrigerated bays: nothing but their packs keeps them cold.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from firmware_sim import box, reefer
from firmware_sim.scenarios import Role, SimulatedLogger, Story
from schemas.reading import Zone

Floats = npt.NDArray[np.float64]

# Goods, walls and packs by zone; docs/simulator.md says where each number comes from.
_SURFACE_M2: Final = 0.73
_PRODUCT_J_PER_KG_K: Final = {Zone.FROZEN: 2700.0, Zone.CHILLED: 3500.0, Zone.AMBIENT: 3500.0}
_PACK_MATERIALS: Final = {"ice": box.ICE, "brine": box.BRINE, "paraffin_15": box.PARAFFIN_15}
_PACK_W_PER_K: Final = 8.0
_LID_W_PER_K: Final = 5.0
_AIR_J_PER_K: Final = 500.0  # 50 l of air (60 J/K) and the inner skin
_OUTSIDE_C: Final = 30.0
_LOG_SD: Final = {"wall": 0.25, "product": 0.35, "logger": 0.4}
# A probe in the air for named boxes and places of the demo, a puck among the goods elsewhere.
_PROBE_TIME_CONSTANT_S: Final = 45.0
_PUCK_TIME_CONSTANT_S: Final = 480.0

_VAPOUR_HPA: Final = 6.1  # dew point near 0 °C: a wet box, or a compartment's evaporator


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """How a box was packed, as a packer would write it down."""

    box_material: str
    wall_w_per_m2_k: float
    pack_kind: str
    pack_kg: float
    product_kg: float


_PACKED: Final = {
    Zone.FROZEN: Packed(
        box_material="vip", wall_w_per_m2_k=0.28, pack_kind="brine", pack_kg=4.0, product_kg=5.0
    ),
    Zone.CHILLED: Packed(
        box_material="epp", wall_w_per_m2_k=0.9, pack_kind="ice", pack_kg=2.0, product_kg=5.0
    ),
    Zone.AMBIENT: Packed(
        box_material="epp",
        wall_w_per_m2_k=0.9,
        pack_kind="paraffin_15",
        pack_kg=2.0,
        product_kg=5.0,
    ),
}
# Ice for less than two hours: 4 °C is passed 2 h after packing.
_WARMING: Final = Packed(
    box_material="vip", wall_w_per_m2_k=0.28, pack_kind="ice", pack_kg=0.0905, product_kg=3.0
)


def packed(logger: SimulatedLogger) -> Packed:
    """Return how the box of a logger was packed; of its goods this is the nominal mass."""
    return _WARMING if logger.story is Story.WARMING else _PACKED[logger.zone]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a logger is: the index among the boxes, or among the compartments."""

    role: Role
    index: int


class World:
    """All boxes and compartments. Logger i of the scenario has row i of `air`."""

    def __init__(self, loggers: list[SimulatedLogger], seed: int, *, packed_s: float = 0.0) -> None:
        """Begin when the boxes were packed, so long before second 0."""
        rng = np.random.default_rng(seed)
        boxes = [logger for logger in loggers if logger.role is Role.BOX]
        compartments = [logger for logger in loggers if logger.role is Role.PLACE]
        self._places = _places_of(loggers)
        self._box_design = _design_boxes(boxes, rng)
        self._box_outside_c = _outside_c(boxes, rng)
        self._boxes = box.steady_state(
            self._box_design, self._box_outside_c, _melted_shares(boxes, rng)
        )
        self._reefer_design = _design_reefers(len(compartments))
        self._reefer_outside_c = np.full(len(compartments), _OUTSIDE_C)
        interval_s = self._reefer_design.defrost_interval_s
        self._reefers = reefer.at_setpoint(
            self._reefer_design,
            # After a defrost and long before the next.
            interval_s * rng.uniform(0.2, 0.6, len(compartments)),
        )
        self._open_until_s: dict[int, float] = {}
        self._box_rows, self._reefer_rows = (
            np.array([i for i, p in enumerate(self._places) if p.role is role], dtype=np.intp)
            for role in (Role.BOX, Role.PLACE)
        )
        self.now_s = -packed_s

    def advance_to(self, now_s: float) -> None:
        """Let time pass until `now_s`, in seconds since the simulation began."""
        for row in [row for row, until_s in self._open_until_s.items() if until_s <= now_s]:
            del self._open_until_s[row]
            self._set_open(row, is_open=False)
        seconds = now_s - self.now_s
        self.now_s = now_s
        if len(self._box_rows):
            box.advance(self._box_design, self._boxes, self._box_outside_c, seconds)
        if len(self._reefer_rows):
            reefer.advance(self._reefer_design, self._reefers, self._reefer_outside_c, seconds)

    def open_lid(self, row: int, seconds: float) -> None:
        """Open the lid, or the door, where logger `row` is."""
        self._open_until_s[row] = self.now_s + seconds
        self._set_open(row, is_open=True)

    def loggers_c(self) -> Floats:
        """Return the temperature in each logger's case."""
        temperatures = np.empty(len(self._places))
        temperatures[self._box_rows] = self._boxes.logger_c
        temperatures[self._reefer_rows] = self._reefers.logger_c
        return temperatures

    def _set_open(self, row: int, *, is_open: bool) -> None:
        place = self._places[row]
        if place.role is Role.BOX:
            self._boxes.lid_open[place.index] = is_open
        else:
            self._reefers.door_open[place.index] = is_open


def humidity_pct(temperature_c: Floats) -> Floats:
    """Return the relative humidity of air with the world's vapour pressure, 0 to 100.

    Magnus: e_s = 6.1094 hPa exp(17.625 t / (t + 243.04)), Alduchov and Eskridge 1996.
    """
    saturation_hpa = 6.1094 * np.exp(17.625 * temperature_c / (temperature_c + 243.04))
    return np.minimum(100.0, 100.0 * _VAPOUR_HPA / saturation_hpa)


def _places_of(loggers: list[SimulatedLogger]) -> list[_Place]:
    seen = dict.fromkeys(Role, 0)
    places = []
    for logger in loggers:
        places.append(_Place(logger.role, seen[logger.role]))
        seen[logger.role] += 1
    return places


def _design_boxes(boxes: list[SimulatedLogger], rng: np.random.Generator) -> box.BoxDesign:
    nominal = [packed(logger) for logger in boxes]
    logger_s = np.array([_time_constant_s(logger) for logger in boxes])
    product_kg = np.array([each.product_kg for each in nominal])
    # The named boxes of a demo are as designed; all others differ.
    spread = np.array([logger.order is None for logger in boxes], dtype=np.float64)
    product_kg = product_kg * _spread(rng, spread * _LOG_SD["product"])
    materials = [_PACK_MATERIALS[each.pack_kind] for each in nominal]
    ones = np.ones(len(boxes))
    return box.BoxDesign(
        wall_w_per_k=np.array([each.wall_w_per_m2_k for each in nominal])
        * _SURFACE_M2
        * _spread(rng, spread * _LOG_SD["wall"]),
        lid_w_per_k=ones * _LID_W_PER_K,
        air_j_per_k=ones * _AIR_J_PER_K,
        product_w_per_k=2.6 * np.sqrt(product_kg / 5.0),
        product_j_per_k=product_kg * [_PRODUCT_J_PER_KG_K[logger.zone] for logger in boxes],
        pack_w_per_k=ones * _PACK_W_PER_K,
        pack_kg=np.array([each.pack_kg for each in nominal]),
        logger_time_constant_s=logger_s * _spread(rng, spread * _LOG_SD["logger"]),
        **{
            field.name: np.array([getattr(material, field.name) for material in materials])
            for field in fields(box.PackMaterial)
        },
    )


def _time_constant_s(logger: SimulatedLogger) -> float:
    return _PUCK_TIME_CONSTANT_S if logger.order is None else _PROBE_TIME_CONSTANT_S


def _spread(rng: np.random.Generator, log_sd: Floats) -> Floats:
    return np.exp(log_sd * rng.standard_normal(len(log_sd)))


def _outside_c(boxes: list[SimulatedLogger], rng: np.random.Generator) -> Floats:
    spread_c = np.array([0.0 if logger.order is not None else 2.0 for logger in boxes])
    return _OUTSIDE_C + spread_c * rng.standard_normal(len(boxes))


def _melted_shares(boxes: list[SimulatedLogger], rng: np.random.Generator) -> Floats:
    shares = rng.uniform(0.1, 0.6, len(boxes))
    is_warming = np.array([logger.story is Story.WARMING for logger in boxes], dtype=np.bool_)
    return np.where(is_warming, 0.0, shares)


def _design_reefers(count: int) -> reefer.ReeferDesign:
    """Return vans' compartments: 6 m³, 20 m² at ATP's 0.40 W/(m² K), a 2 kW unit, a half door."""
    ones = np.ones(count)
    return reefer.ReeferDesign(
        wall_w_per_k=ones * 8.0,
        air_j_per_k=ones * 40e3,
        cargo_w_per_k=ones * 60.0,
        cargo_j_per_k=ones * 700e3,
        cooling_w=ones * 2000.0,
        setpoint_c=ones * 2.0,
        hysteresis_c=ones * 2.0,
        min_pause_s=ones * 120.0,
        defrost_interval_s=ones * 4.0 * 3600.0,
        defrost_s=ones * 900.0,
        defrost_heat_w=ones * 300.0,
        door_width_m=ones * 0.7,
        door_height_m=ones * 1.6,
        logger_time_constant_s=ones * _PROBE_TIME_CONSTANT_S,
    )
