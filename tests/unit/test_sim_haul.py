"""Boxes that move between compartments, rooms and the street."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.box import BoxDesign
from firmware_sim.haul import Core, Haul, Surroundings
from firmware_sim.reefer import ReeferDesign

STREET, COLD_ROOM = 0, 1
BOX = {
    "wall_w_per_k": 0.66,
    "lid_w_per_k": 5.0,
    "air_j_per_k": 500.0,
    "product_w_per_k": 2.6,
    "product_j_per_k": 5_500.0,
    "pack_w_per_k": 8.0,
    "pack_kg": 0.5,
    "melting_c": 0.0,
    "latent_j_per_kg": 335e3,
    "solid_j_per_kg_k": 2100.0,
    "liquid_j_per_kg_k": 4190.0,
    "logger_time_constant_s": 480.0,
}
COMPARTMENT = {
    "wall_w_per_k": 6.0,
    "air_j_per_k": 27e3,
    "cargo_w_per_k": 20.0,
    "cargo_j_per_k": 50e3,
    "cooling_w": 1500.0,
    "setpoint_c": 2.0,
    "hysteresis_c": 2.0,
    "min_pause_s": 120.0,
    "defrost_interval_s": 1e9,
    "defrost_s": 900.0,
    "defrost_heat_w": 300.0,
    "door_width_m": 0.14,
    "door_height_m": 1.2,
    "logger_time_constant_s": 45.0,
}


def haul(boxes: int = 1, compartments: int = 1) -> Haul:
    """Build boxes in the cold room, packed at 2 °C with frozen ice, and idle compartments."""
    made = Haul(
        BoxDesign(**{f.name: np.full(boxes, BOX[f.name]) for f in fields(BoxDesign)}),
        Core(j_per_k=np.full(boxes, 12_000.0), w_per_k=np.full(boxes, 3.0)),
        ReeferDesign(
            **{f.name: np.full(compartments, COMPARTMENT[f.name]) for f in fields(ReeferDesign)}
        ),
        since_defrost_s=np.full(compartments, 3600.0),
        room=COLD_ROOM,
    )
    for row in range(boxes):
        made.pack(row, goods_c=2.0, pack_j=0.0, air_c=6.0)
    return made


def surroundings(street_c: float = 38.0, compartments: int = 1) -> Surroundings:
    return Surroundings(
        rooms_c=np.array([street_c, 2.0]),
        around_compartments_c=np.full(compartments, street_c),
    )


def test_a_box_feels_the_room_that_it_is_in() -> None:
    made = haul(boxes=2)
    made.put(0, room=STREET)
    made.advance(surroundings(), 1800.0)

    # 38 °C against 2 °C: the street's box takes the more heat, and melts the more ice.
    assert made.box_state.heat_in_j[0] > 10 * made.box_state.heat_in_j[1]
    assert made.box_state.pack_j[0] > made.box_state.pack_j[1]


def test_a_compartment_that_cools_keeps_a_box_and_one_that_failed_does_not() -> None:
    made = haul(boxes=2, compartments=2)
    made.put(0, compartment=0)
    made.put(1, compartment=1)
    made.fail(1)
    made.advance(surroundings(compartments=2), 4 * 3600.0)

    assert made.compartment_state.air_c[0] < 4.0
    # Four hours of 6 W/K on 77 kJ/K: 36 K x (1 - exp(-14400 x 6 / 77000)) = 24 K, less the box.
    assert 20.0 < made.compartment_state.air_c[1] < 27.0
    assert made.box_state.product_c[0] < 4.0
    assert made.box_state.heat_in_j[1] > 3 * made.box_state.heat_in_j[0]


def test_an_open_door_lets_warm_air_in() -> None:
    made = haul(compartments=2)
    made.open_door(1, is_open=True)
    made.advance(surroundings(compartments=2), 60.0)

    assert made.compartment_state.air_c[1] > made.compartment_state.air_c[0] + 1.0


def test_a_badly_frozen_pack_is_spent_sooner() -> None:
    # 0.5 kg of ice are 167.5 kJ; 0.61 W/K from 38 °C are 23 W: two hours, or half of one.
    made = haul(boxes=2)
    made.pack(1, goods_c=2.0, pack_j=0.75 * 167_500.0, air_c=6.0)
    for row in (0, 1):
        made.put(row, room=STREET)
    made.advance(surroundings(), 1.5 * 3600.0)

    assert made.box_state.product_c[1] > 4.0 > made.box_state.product_c[0]


def test_the_surface_of_goods_warms_before_their_core() -> None:
    made = haul()
    made.pack(0, goods_c=2.0, pack_j=0.9 * 167_500.0, air_c=6.0)
    made.put(0, room=STREET)
    made.advance(surroundings(), 3600.0)

    assert made.box_state.product_c[0] > made.core_c[0] + 1.0 > 3.0


def test_surface_and_core_come_to_their_common_temperature() -> None:
    # 5.5 kJ/K at 10 °C and 12 kJ/K at 2 °C: (55 + 24) / 17.5 = 4.514 °C, with nothing else in play.
    made = haul()
    made.box_state.product_c[0], made.core_c[0] = 10.0, 2.0
    made._even_out(1e6)

    assert made.box_state.product_c[0] == pytest.approx(4.514, abs=1e-3)
    assert made.core_c[0] == pytest.approx(4.514, abs=1e-3)


@settings(deadline=None, max_examples=50)
@given(
    where=st.lists(st.integers(-2, 1), min_size=4, max_size=4),
    street_c=st.floats(-10.0, 45.0),
    is_open=st.booleans(),
    failed=st.booleans(),
    seconds=st.floats(1.0, 600.0),
)
def test_heat_is_neither_made_nor_lost(
    where: list[int], street_c: float, *, is_open: bool, failed: bool, seconds: float
) -> None:
    made = haul(boxes=4, compartments=2)
    for row, place in enumerate(where):
        made.put(row, compartment=place if place >= 0 else None, room=~place if place < 0 else 0)
    made.open_door(0, is_open=is_open)
    if failed:
        made.fail(0)
    before_j = made.stored_j()
    made.advance(surroundings(street_c, 2), seconds)

    assert made.stored_j() - before_j == pytest.approx(made.heat_in_j(), abs=1e-2)


def test_many_small_steps_end_where_few_large_ones_do() -> None:
    made, other = haul(compartments=1), haul(compartments=1)
    for each in (made, other):
        each.put(0, compartment=0)
        each.fail(0)
    for _ in range(240):
        made.advance(surroundings(), 15.0)
    other.advance(surroundings(), 3600.0)

    assert made.box_state.product_c[0] == pytest.approx(other.box_state.product_c[0])
