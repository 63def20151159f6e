"""The physics of an insulated box, against closed forms and a measured curve."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import box
from firmware_sim.box import BoxDesign, BoxState

# A box as in the field: 0.66 W/K of walls, 5 kg of goods, 2 kg of ice.
TYPICAL: Mapping[str, float] = {
    "wall_w_per_k": 0.66,
    "lid_w_per_k": 5.0,
    "air_j_per_k": 500.0,
    "product_w_per_k": 2.6,
    "product_j_per_k": 17_500.0,
    "pack_w_per_k": 8.0,
    "pack_kg": 2.0,
    "melting_c": 0.0,
    "latent_j_per_kg": 335e3,
    "solid_j_per_kg_k": 2100.0,
    "liquid_j_per_kg_k": 4190.0,
    "logger_time_constant_s": 480.0,
}


def design(*boxes: Mapping[str, float]) -> BoxDesign:
    """Build boxes that differ from the typical one as told."""
    return BoxDesign(
        **{
            f.name: np.array([{**TYPICAL, **each}[f.name] for each in boxes or ({},)])
            for f in fields(BoxDesign)
        }
    )


def at(temperature_c: float, made: BoxDesign, pack_j: float = 0.0) -> BoxState:
    """Return boxes with everything but the pack at one temperature."""
    same = np.full(len(made), temperature_c)
    return BoxState(
        air_c=same.copy(),
        product_c=same.copy(),
        pack_j=np.full(len(made), pack_j),
        logger_c=same.copy(),
        lid_open=np.zeros(len(made), dtype=np.bool_),
        heat_in_j=np.zeros(len(made)),
    )


def outside(temperature_c: float, made: BoxDesign) -> box.Floats:
    return np.full(len(made), temperature_c)


def test_goods_without_a_pack_cool_as_newton_says() -> None:
    # Walls and air film in series: 1/(1/0.66 + 1/2.6) = 0.52638 W/K; with 17,500 J/K: 33,246 s.
    made = design({"pack_w_per_k": 0.0, "air_j_per_k": 1e-3})
    state = at(80.0, made)
    box.advance(made, state, outside(20.0, made), 33_246.0)

    # After one time constant 1/e of 60 K is left: 42.073 °C.
    assert state.product_c[0] == pytest.approx(42.073, abs=0.01)


def test_a_cooling_curve_has_the_time_constant_of_the_measured_one() -> None:
    # Measured in 74.6 °F, minutes 0, 10 .. 90; the logarithm's straight line gives tau 49.0 min.
    measured_f = np.array([182.0, 151.7, 133.9, 122.0, 113.1, 106.2, 101.1, 96.7, 93.5, 90.9])
    room_f = 74.6
    minutes = np.arange(0.0, 100.0, 10.0)
    measured_tau_min = -1.0 / np.polyfit(minutes, np.log(measured_f - room_f), 1)[0]
    assert measured_tau_min == pytest.approx(49.0, abs=0.05)

    conductance = 1.0 / (1.0 / 0.66 + 1.0 / 2.6)
    made = design(
        {
            "pack_w_per_k": 0.0,
            "air_j_per_k": 1e-3,
            "product_j_per_k": conductance * 49.0 * 60.0,
        }
    )
    state = at((182.0 - 32.0) / 1.8, made)
    simulated_f = []
    for _ in minutes:
        simulated_f.append(state.product_c[0] * 1.8 + 32.0)
        box.advance(made, state, outside((room_f - 32.0) / 1.8, made), 600.0)
    simulated_tau_min = -1.0 / np.polyfit(minutes, np.log(np.array(simulated_f) - room_f), 1)[0]

    assert simulated_tau_min == pytest.approx(measured_tau_min, rel=0.005)


def test_ice_holds_its_melting_point_for_latent_heat_over_heat_flow() -> None:
    # 2 kg x 335 kJ/kg = 670 kJ; walls and pack in series 0.66 x 8 / 8.66 = 0.60970 W/K, 30 K:
    # 18.291 W; 670,000 / 18.291 = 36,630 s, ten hours.
    made = design()
    state = box.steady_state(made, outside(30.0, made), np.zeros(1))
    box.advance(made, state, outside(30.0, made), 36_630.0 * 0.995)
    assert box.pack_c(made, state.pack_j)[0] == 0.0
    assert state.air_c[0] == pytest.approx(30.0 * 0.66 / 8.66, abs=1e-6)

    box.advance(made, state, outside(30.0, made), 36_630.0 * 0.01)
    assert box.pack_c(made, state.pack_j)[0] > 0.0


def test_a_frozen_pack_takes_its_sensible_heat_before_it_melts() -> None:
    # 2 kg of ice from -10 °C to 0 °C: 2 x 2100 x 10 = 42 kJ.
    made = design()

    assert box.pack_c(made, np.array([-42_000.0]))[0] == pytest.approx(-10.0)
    assert box.pack_c(made, np.array([0.0]))[0] == 0.0


def test_a_melted_pack_warms_as_water() -> None:
    # 670 kJ to melt 2 kg, and 2 x 4190 x 5 = 41.9 kJ to 5 °C.
    made = design()

    assert box.pack_c(made, np.array([670_000.0]))[0] == 0.0
    assert box.pack_c(made, np.array([711_900.0]))[0] == pytest.approx(5.0)


POSITIVE = st.floats(0.1, 10.0)


@given(
    wall=POSITIVE,
    product=st.floats(0.0, 10.0),
    pack=st.floats(0.0, 10.0),
    pack_kg=POSITIVE,
    start_c=st.floats(-30.0, 30.0),
    outside_c=st.floats(-20.0, 45.0),
    seconds=st.floats(0.0, 3600.0),
    lid_open=st.booleans(),
)
def test_heat_is_neither_made_nor_lost(
    *,
    wall: float,
    product: float,
    pack: float,
    pack_kg: float,
    start_c: float,
    outside_c: float,
    seconds: float,
    lid_open: bool,
) -> None:
    made = design(
        {
            "wall_w_per_k": wall,
            "product_w_per_k": product,
            "pack_w_per_k": pack,
            "pack_kg": pack_kg,
        }
    )
    state = at(start_c, made)
    state.lid_open[:] = lid_open
    before_j = box.stored_j(made, state)
    box.advance(made, state, outside(outside_c, made), seconds)
    gained_j = box.stored_j(made, state) - before_j

    assert gained_j == pytest.approx(state.heat_in_j, abs=1e-3)


@given(start_c=st.floats(-30.0, 30.0), outside_c=st.floats(-20.0, 45.0))
def test_nothing_gets_warmer_or_colder_than_what_is_around_it(
    start_c: float, outside_c: float
) -> None:
    made = design()
    state = at(start_c, made)
    low, high = min(start_c, outside_c, 0.0), max(start_c, outside_c, 0.0)
    for _ in range(20):
        box.advance(made, state, outside(outside_c, made), 300.0)
        for temperature in (state.air_c, state.product_c, state.logger_c):
            assert low - 1e-9 <= temperature[0] <= high + 1e-9


def test_a_steady_box_stays_as_it_is() -> None:
    made = design()
    state = box.steady_state(made, outside(30.0, made), np.array([0.3]))
    air_c = state.air_c.copy()
    box.advance(made, state, outside(30.0, made), 3600.0)

    assert state.air_c == pytest.approx(air_c, abs=1e-9)


def test_no_time_changes_nothing() -> None:
    made = design()
    state = at(12.0, made)
    box.advance(made, state, outside(30.0, made), 0.0)

    assert (state.air_c[0], state.product_c[0], state.logger_c[0]) == (12.0, 12.0, 12.0)


def test_an_open_lid_warms_the_air_and_a_closed_one_lets_it_recover() -> None:
    made = design()
    state = box.steady_state(made, outside(30.0, made), np.array([0.3]))
    before_c = state.air_c[0]
    state.lid_open[:] = True
    box.advance(made, state, outside(30.0, made), 60.0)
    open_c = state.air_c[0]
    state.lid_open[:] = False
    box.advance(made, state, outside(30.0, made), 1800.0)

    assert open_c > before_c + 4.0
    assert state.air_c[0] == pytest.approx(before_c, abs=0.3)


def test_a_logger_lags_the_air_by_its_own_time_constant() -> None:
    # Air held at 10 °C by its own mass: after one time constant 63.2 % of the step.
    made = design({"air_j_per_k": 1e12})
    state = at(10.0, made)
    state.logger_c[:] = 0.0
    box.advance(made, state, outside(10.0, made), 480.0)

    assert state.logger_c[0] == pytest.approx(6.321, abs=0.001)


def test_boxes_together_are_as_each_alone() -> None:
    kinds = [{}, {"pack_w_per_k": 0.0}, {"wall_w_per_k": 2.0, "pack_kg": 0.3}]
    together = design(*kinds)
    state = at(5.0, together, pack_j=1000.0)
    box.advance(together, state, outside(30.0, together), 7200.0)
    alone = []
    for kind in kinds:
        single = design(kind)
        single_state = at(5.0, single, pack_j=1000.0)
        box.advance(single, single_state, outside(30.0, single), 7200.0)
        alone.append(single_state.product_c[0])

    assert state.product_c == pytest.approx(np.array(alone), abs=1e-12)
