"""How warm does it get in a refrigerated compartment?

Many at once, one array entry each. Air and cargo are lumped nodes as in `firmware_sim.box`; a
thermostat with hysteresis runs the compressor; a defrost stops it and heats; an open door lets
outside air in by its weight (Gosney and Olama 1975, as in the ASHRAE Handbook, Refrigeration,
"Infiltration by air exchange"); a failed unit does nothing. Moisture and its latent heat are left
out.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MAX_STEP_S: Final = 1.0
_AIR_J_PER_KG_K: Final = 1005.0
_AIR_DENSITY_KG_K_PER_M3: Final = 353.05  # ideal gas at 1013.25 hPa: density = this / T
_GRAVITY_M_PER_S2: Final = 9.80665
_KELVIN: Final = 273.15


@dataclass(frozen=True, slots=True, kw_only=True)
class ReeferDesign:
    """What a compartment and its unit are; each array has one entry a compartment."""

    wall_w_per_k: Floats
    air_j_per_k: Floats  # air, evaporator, inner lining
    cargo_w_per_k: Floats
    cargo_j_per_k: Floats
    cooling_w: Floats
    setpoint_c: Floats
    hysteresis_c: Floats  # on above setpoint + half of it, off below setpoint - half
    min_pause_s: Floats  # the compressor rests so long before it starts again
    defrost_interval_s: Floats
    defrost_s: Floats
    defrost_heat_w: Floats  # the heater's heat that reaches the air
    door_width_m: Floats
    door_height_m: Floats
    logger_time_constant_s: Floats

    def __len__(self) -> int:
        return len(self.wall_w_per_k)


@dataclass(slots=True, kw_only=True)
class ReeferState:
    """What changes."""

    air_c: Floats
    cargo_c: Floats
    logger_c: Floats
    cooling: Bools
    paused_s: Floats  # since the compressor stopped
    since_defrost_s: Floats  # since the last one began
    door_open: Bools
    failed: Bools
    heat_in_j: Floats  # walls, door and heater minus the unit, since the beginning


def at_setpoint(design: ReeferDesign, since_defrost_s: Floats) -> ReeferState:
    """Return compartments in mid-journey: at their setpoints, compressors just stopped."""
    size = len(design)
    return ReeferState(
        air_c=design.setpoint_c.copy(),
        cargo_c=design.setpoint_c.copy(),
        logger_c=design.setpoint_c.copy(),
        cooling=np.zeros(size, dtype=np.bool_),
        paused_s=np.zeros(size),
        since_defrost_s=since_defrost_s.copy(),
        door_open=np.zeros(size, dtype=np.bool_),
        failed=np.zeros(size, dtype=np.bool_),
        heat_in_j=np.zeros(size),
    )


def advance(design: ReeferDesign, state: ReeferState, outside_c: Floats, seconds: float) -> None:
    """Let time pass in all compartments, in place."""
    steps = max(1, int(np.ceil(seconds / MAX_STEP_S)))
    for _ in range(steps):
        _step(design, state, outside_c, seconds / steps)


def door_w_per_k(design: ReeferDesign, inside_c: Floats, outside_c: Floats) -> Floats:
    """Return what an open door passes per kelvin, sensible heat only.

    q = 0.221 A cp dT rho_cold sqrt(1 - rho_warm/rho_cold) sqrt(g H) Fm,
    Fm = (2 / (1 + (rho_cold/rho_warm)^(1/3)))^1.5; A in m², rho in kg/m³, steady exchange.
    """
    densities = (
        _AIR_DENSITY_KG_K_PER_M3 / (_KELVIN + inside_c),
        _AIR_DENSITY_KG_K_PER_M3 / (_KELVIN + outside_c),
    )
    cold, warm = np.maximum(*densities), np.minimum(*densities)
    area_m2 = design.door_width_m * design.door_height_m
    density_factor = (2.0 / (1.0 + np.cbrt(cold / warm))) ** 1.5
    flow_kg_per_s = (
        0.221
        * area_m2
        * cold
        * np.sqrt(1.0 - warm / cold)
        * np.sqrt(_GRAVITY_M_PER_S2 * design.door_height_m)
        * density_factor
    )
    return flow_kg_per_s * _AIR_J_PER_KG_K


def stored_j(design: ReeferDesign, state: ReeferState) -> Floats:
    """Return the heat in air and cargo, above an arbitrary zero."""
    return design.air_j_per_k * state.air_c + design.cargo_j_per_k * state.cargo_c


def _step(design: ReeferDesign, state: ReeferState, outside_c: Floats, dt_s: float) -> None:
    defrosting = _run_controls(design, state, dt_s)
    source_j = (defrosting * design.defrost_heat_w - state.cooling * design.cooling_w) * dt_s
    door = state.door_open * door_w_per_k(design, state.air_c, outside_c)
    # As in firmware_sim.box: joules a kelvin over the whole step.
    wall = (design.wall_w_per_k + door) * dt_s
    cargo = design.cargo_w_per_k * dt_s
    through = cargo * design.cargo_j_per_k / (cargo + design.cargo_j_per_k)
    air_c = (
        design.air_j_per_k * state.air_c + wall * outside_c + through * state.cargo_c + source_j
    ) / (design.air_j_per_k + wall + through)
    to_cargo_j = through * (air_c - state.cargo_c)
    state.cargo_c = state.cargo_c + to_cargo_j / design.cargo_j_per_k
    state.heat_in_j = state.heat_in_j + wall * (outside_c - air_c) + source_j
    state.air_c = air_c
    left = np.exp(-dt_s / design.logger_time_constant_s)
    state.logger_c = air_c + (state.logger_c - air_c) * left


def _run_controls(design: ReeferDesign, state: ReeferState, dt_s: float) -> Bools:
    """Switch compressors, in place; return which compartments are defrosting."""
    since_s = state.since_defrost_s + dt_s
    state.since_defrost_s = np.where(since_s >= design.defrost_interval_s, 0.0, since_s)
    defrosting = (state.since_defrost_s < design.defrost_s) & ~state.failed
    state.paused_s = np.where(state.cooling, 0.0, state.paused_s + dt_s)
    half_c = design.hysteresis_c / 2.0
    wants = np.where(
        state.cooling,
        state.air_c > design.setpoint_c - half_c,
        (state.air_c > design.setpoint_c + half_c) & (state.paused_s >= design.min_pause_s),
    )
    state.cooling = wants & ~defrosting & ~state.failed
    return defrosting
