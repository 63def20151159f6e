"""The boxes that a forecast is judged on."""

import numpy as np
import pytest

from bench.boxes import draw_journeys, leaving_minute
from bench.boxes_design import KINDS, draw_boxes
from bench.boxes_physics import Weather, advance, stored_j


def test_every_joule_that_enters_a_box_stays_in_it() -> None:
    random = np.random.default_rng(1)
    boxes = draw_boxes(random, random.uniform(5, 40, 50), np.full(50, 300.0))
    before_j = stored_j(boxes.design, boxes.state)
    weather = Weather(
        ambient_c=random.uniform(5, 40, 50),
        open_share=random.integers(0, 2, 50).astype(float),
        ajar=random.integers(0, 2, 50).astype(float),
        leaks=random.integers(0, 2, 50).astype(float),
    )
    advance(boxes.design, boxes.state, weather, minutes=60)
    gained_j = stored_j(boxes.design, boxes.state) - before_j
    assert gained_j == pytest.approx(boxes.state.heat_in_j, abs=1e-3)


@pytest.mark.parametrize(("minutes_out", "leaves"), [(9, None), (10, 100)])
def test_a_box_leaves_once_it_is_out_for_ten_minutes_in_a_row(
    minutes_out: int, leaves: int | None
) -> None:
    seen_c = np.full(200, 3.0)
    seen_c[100 : 100 + minutes_out] = 4.1
    assert leaving_minute(seen_c, 0.0, 4.0) == leaves


@pytest.mark.parametrize(("level_c", "leaves"), [(4.0, None), (4.01, 60), (0.0, None), (-0.01, 60)])
def test_a_box_on_its_limit_is_in_its_zone(level_c: float, leaves: int | None) -> None:
    assert leaving_minute(np.full(100, level_c), 0.0, 4.0) == leaves


def test_what_happens_before_departure_does_not_count() -> None:
    seen_c = np.full(100, 3.0)
    seen_c[40:55] = 9.0
    assert leaving_minute(seen_c, 0.0, 4.0) is None


@pytest.fixture(scope="module")
def journeys():
    return draw_journeys(50, seed=77)


def test_the_shares_are_those_of_the_issue(journeys) -> None:
    # 40 % of 50 leave, 30 % come near.
    assert sum(j.leaves_ms is not None for j in journeys) == 20
    assert sum(j.near for j in journeys) == 15


def test_the_same_seed_draws_the_same_journeys(journeys) -> None:
    again = draw_journeys(50, seed=77)
    assert [j.leaves_ms for j in again] == [j.leaves_ms for j in journeys]
    for one, other in zip(journeys, again, strict=True):
        assert np.array_equal(one.record.temperature_c, other.record.temperature_c)


def test_a_record_knows_nothing_of_later(journeys) -> None:
    journey = journeys[0]
    now_ms = journey.record.packed_at_ms + 5_400_000
    record = journey.until(now_ms)
    assert record.at_ms.max() <= now_ms
    assert record.ambient_at_ms.max(initial=0) <= now_ms


def test_ambient_sampling_and_loss_are_those_of_the_issue(journeys) -> None:
    for journey in journeys:
        ambient_c = journey.record.ambient_c
        # 5 to 40 °C, the vehicle's logger off by some 0.8 °C and noisy by 0.2 °C at most.
        assert ((ambient_c > 5 - 4) & (ambient_c < 40 + 4)).all()
        apart_min = np.diff(journey.record.at_ms) / 60e3
        assert apart_min.min() > 0.9
        assert 0.9 < np.median(apart_min) < 5.1


def test_all_ways_of_packing_have_shares_that_make_one() -> None:
    assert sum(kind.share for kind in KINDS) == pytest.approx(1.0)
