"""A refrigerated compartment."""

import itertools
from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import reefer
from firmware_sim.reefer import ReeferDesign, ReeferState

VAN: Mapping[str, float] = {
    "wall_w_per_k": 8.0,
    "air_j_per_k": 40e3,
    "cargo_w_per_k": 60.0,
    "cargo_j_per_k": 700e3,
    "cooling_w": 2000.0,
    "setpoint_c": 2.0,
    "hysteresis_c": 2.0,
    "min_pause_s": 120.0,
    "defrost_interval_s": 4 * 3600.0,
    "defrost_s": 900.0,
    "defrost_heat_w": 300.0,
    "door_width_m": 0.7,
    "door_height_m": 1.6,
    "logger_time_constant_s": 45.0,
}


def design(**differences: float) -> ReeferDesign:
    """Build one compartment."""
    values = {**VAN, **differences}
    return ReeferDesign(**{f.name: np.array([values[f.name]]) for f in fields(ReeferDesign)})


def running(made: ReeferDesign) -> ReeferState:
    """Return it at its setpoint, an hour after a defrost began."""
    return reefer.at_setpoint(made, np.array([3600.0]))


def air_by_second(
    made: ReeferDesign, state: ReeferState, seconds: int, outside_c: float = 30.0
) -> list[float]:
    air = []
    for _ in range(seconds):
        reefer.advance(made, state, np.array([outside_c]), 1.0)
        air.append(float(state.air_c[0]))
    return air


def test_the_air_cycles_around_the_setpoint_within_the_hysteresis() -> None:
    made = design()
    state = running(made)
    switched = []
    air = []
    for _ in range(2 * 3600):
        reefer.advance(made, state, np.array([30.0]), 1.0)
        air.append(float(state.air_c[0]))
        switched.append(bool(state.cooling[0]))
    starts = sum(now and not before for before, now in itertools.pairwise(switched))

    # 2 °C, on above 3, off below 1; 0.1 K for the second it takes to notice.
    assert min(air[600:]) > 0.9
    assert max(air[600:]) < 3.1
    assert starts >= 3


def test_a_compressor_rests_its_least_pause() -> None:
    # Without cargo 8 W/K x 28 K warm 40 kJ/K by 2 K in 357 s: a pause of 600 s must bind.
    made = design(cargo_w_per_k=0.0, min_pause_s=600.0)
    state = running(made)
    rests_s = []
    for _ in range(3 * 3600):
        was_cooling = bool(state.cooling[0])
        reefer.advance(made, state, np.array([30.0]), 1.0)
        if state.cooling[0] and not was_cooling:
            rests_s.append(float(state.paused_s[0]))

    assert len(rests_s) > 3
    assert min(rests_s) >= 600.0
    assert max(rests_s) <= 601.0


def test_a_failed_unit_lets_the_air_approach_the_outside_as_newton_says() -> None:
    # No cargo: tau = 40,000 / 8 = 5000 s; from 2 to 30 °C, after one tau 30 - 28/e = 19.699.
    made = design(cargo_w_per_k=0.0)
    state = running(made)
    state.failed[:] = True

    assert air_by_second(made, state, 5000)[-1] == pytest.approx(19.699, abs=0.01)


def test_a_defrost_stops_the_cooling_and_warms_the_air() -> None:
    made = design()
    state = running(made)
    state.since_defrost_s[:] = 4 * 3600.0 - 1.0
    air = air_by_second(made, state, 900)

    assert not state.cooling[0]
    assert air[-1] > 3.1  # above anything the thermostat allows
    after = air_by_second(made, state, 1800)
    assert after[-1] < 3.1


def test_an_open_door_passes_what_gosney_and_olama_say() -> None:
    # 1 x 2 m, 0 against 30 °C: densities 1.2925 and 1.1646 kg/m³; sqrt(1 - 0.90104) = 0.31458;
    # sqrt(9.80665 x 2) = 4.4287; Fm = (2 / 2.03534)^1.5 = 0.97407;
    # 0.221 x 2 x 1.2925 x 0.31458 x 4.4287 x 0.97407 = 0.77526 kg/s, x 1005 = 779.1 W/K.
    made = design(door_width_m=1.0, door_height_m=2.0)

    passed = reefer.door_w_per_k(made, np.array([0.0]), np.array([30.0]))
    assert passed[0] == pytest.approx(779.1, rel=0.001)


def test_an_open_door_between_equal_temperatures_passes_nothing() -> None:
    made = design()

    assert reefer.door_w_per_k(made, np.array([5.0]), np.array([5.0]))[0] == 0.0


def test_an_open_door_warms_the_air_quickly() -> None:
    made = design()
    state = running(made)
    state.door_open[:] = True

    assert air_by_second(made, state, 120)[-1] > 8.0


@given(
    outside_c=st.floats(-20.0, 45.0),
    seconds=st.integers(0, 1800),
    door_open=st.booleans(),
    failed=st.booleans(),
    since_defrost_s=st.floats(0.0, 4 * 3600.0),
)
def test_heat_is_neither_made_nor_lost(
    *, outside_c: float, seconds: int, door_open: bool, failed: bool, since_defrost_s: float
) -> None:
    made = design()
    state = reefer.at_setpoint(made, np.array([since_defrost_s]))
    state.door_open[:], state.failed[:] = door_open, failed
    before_j = reefer.stored_j(made, state)
    reefer.advance(made, state, np.array([outside_c]), float(seconds))

    assert reefer.stored_j(made, state) - before_j == pytest.approx(state.heat_in_j, abs=1e-2)
