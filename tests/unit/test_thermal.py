"""The ensemble's physics: what a guess of a box must do."""

import numpy as np
import pytest

from gateway.rules.forecast_prior import known_of, prior_of
from gateway.rules.forecast_record import BoxRecord, Packing, PackKind
from gateway.rules.thermal import (
    AHEAD_ENDS_S,
    DRAWS,
    PARAMETERS,
    STEP_S,
    Ensemble,
    advance,
    draw_ensemble,
    look_ahead,
    standard_draws,
)

ICE = Packing(wall_w_per_k=0.6, pack_kind=PackKind.ICE, pack_kg=2.0, product_kg=4.0)


def guesses(packing: Packing, *, first_c: float = 2.0, ambient_c: float = 25.0) -> Ensemble:
    box = BoxRecord(
        packing=packing,
        packed_at_ms=0,
        lower_c=0.0,
        upper_c=4.0,
        at_ms=np.array([0]),
        temperature_c=np.array([first_c]),
        ambient_at_ms=np.array([0]),
        ambient_c=np.array([ambient_c]),
    )
    prior = prior_of(
        known_of([box]),
        limits_c=np.array([[0.0], [4.0]]),
        logger_c=np.array([first_c]),
        ambient_c=np.array([ambient_c]),
        earlier_s=np.zeros(1),
    )
    return draw_ensemble(prior, standard_draws(PARAMETERS))


def live(ensemble: Ensemble, hours: float, ambient_c: float) -> None:
    for _ in range(round(hours * 3600 / STEP_S)):
        advance(ensemble, np.full((1, 1), ambient_c, np.float32))


def test_draws_are_standard_normals_in_every_dimension() -> None:
    draws = standard_draws(PARAMETERS)[:, 0]
    assert draws.shape == (PARAMETERS, DRAWS)
    assert draws.mean(axis=1) == pytest.approx(np.zeros(PARAMETERS), abs=1e-5)
    assert draws.std(axis=1) == pytest.approx(np.ones(PARAMETERS), abs=1e-5)


def test_a_box_without_a_pack_ends_at_the_ambient() -> None:
    # The slowest guess: 14 kJ/K of goods times e^(2.5 x 0.2) over 0.6 W/K times e^(-2.5 x 0.2):
    # 63,000 s. Ten of them leave less than 0.01 °C of 23 °C.
    ensemble = guesses(Packing(wall_w_per_k=0.6, pack_kind=PackKind.NONE, product_kg=4.0))
    live(ensemble, 200, 25.0)
    assert ensemble.logger_c - ensemble.ambient_offset_c == pytest.approx(25.0, abs=0.1)


def test_ice_melts_by_the_heat_that_comes_through_the_wall() -> None:
    # In balance, wall x (ambient - air) is what the ice takes up. An hour at 25 °C outside and
    # about 1 °C inside: 0.6 W/K x 24 K x 3600 s = 52 kJ in the median guess; its goods give a
    # little more.
    ensemble = guesses(ICE)
    live(ensemble, 3, 25.0)  # goods and pack come into balance first
    before_j = ensemble.frozen_j.copy()
    live(ensemble, 1, 25.0)
    assert np.median(before_j - ensemble.frozen_j) == pytest.approx(52e3, rel=0.15)


def test_a_melting_pack_holds_the_air_and_a_melted_one_does_not() -> None:
    ensemble = guesses(ICE)
    live(ensemble, 3, 25.0)
    held_c = float(np.median(ensemble.logger_c))
    live(ensemble, 40, 25.0)
    assert held_c < 4.0
    assert float(np.median(ensemble.logger_c)) > 15.0


def test_a_step_of_twenty_minutes_is_about_two_of_ten() -> None:
    coarse, fine = guesses(ICE), guesses(ICE)
    live(coarse, 3, 25.0)
    live(fine, 3, 25.0)
    for _ in range(6):
        advance(coarse, np.full((1, 1), 25.0, np.float32), 2)
    live(fine, 2, 25.0)
    assert np.median(coarse.logger_c) == pytest.approx(np.median(fine.logger_c), abs=0.1)


def test_shares_that_have_left_never_fall_and_each_guess_leaves_once() -> None:
    ensemble = guesses(ICE)
    weights = np.full((1, DRAWS), 1 / DRAWS, np.float32)
    limits_c = np.array([[0.0], [4.0]], np.float32)
    outlook = look_ahead(
        ensemble, weights, np.zeros_like(weights), np.array([38.0], np.float32), limits_c
    )
    assert outlook.by_upper.shape == (1, 1 + len(AHEAD_ENDS_S))
    left = (outlook.by_upper + outlook.by_lower)[0]
    assert (np.diff(left) >= -1e-6).all()
    assert left[-1] <= 1 + 1e-6


def test_looking_ahead_covers_seven_hours() -> None:
    assert AHEAD_ENDS_S[-1] == 7 * 3600
