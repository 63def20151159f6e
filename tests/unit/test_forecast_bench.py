"""How the forecast's trees are grown, and how it is scored."""

import math

import numpy as np
import pytest

from bench.forecast import measure
from bench.forecast_boost import Recipe, grow, outcomes
from bench.forecast_linear import minutes_left
from bench.forecast_score import Scored, coverage_by_bin, coverage_of, covered, narrowest
from gateway.rules.forecast import BoxRecord, Packing
from gateway.rules.forecast_trees import Trees, chance_by_stretch

NEVER = math.inf


def test_trees_add_the_leaves_that_their_questions_lead_to() -> None:
    # One tree of two questions: is sign 0 above 1 (leaf + 1), is sign 1 above 2 (leaf + 2)?
    trees = Trees(
        sign=np.array([[0, 1]]),
        threshold=np.array([[1.0, 2.0]]),
        leaves=np.array([[[0.0], [10.0], [20.0], [30.0]]]),
        base=np.array([0.5]),
    )
    signs = np.array([[1.0, 2.0], [1.1, 2.0], [1.0, 2.1], [1.1, 2.1]])
    assert trees.logits(signs)[:, 0].tolist() == [0.5, 10.5, 20.5, 30.5]


def test_hazards_add_up_to_chances() -> None:
    # Two even chances one after the other: half, then half of the rest.
    assert chance_by_stretch(np.array([[0.0, 0.0]]))[0].tolist() == [0.5, 0.75]


def test_a_journey_counts_for_the_stretches_that_it_was_seen_through() -> None:
    ends_min = np.array([10.0, 20.0, 30.0])
    leaves = np.array([15.0, NEVER, NEVER])
    ends = np.array([40.0, 25.0, 30.0])
    left, seen = outcomes(leaves, ends, ends_min)
    assert left.tolist() == [[False, True, False], [False] * 3, [False] * 3]
    # It left in the second; its end cut the third short; it was seen through all.
    assert seen.tolist() == [[True, True, False], [True, True, False], [True, True, True]]


def test_grown_trees_find_the_sign_that_matters() -> None:
    random = np.random.default_rng(0)
    signs = random.normal(size=(4000, 3)).astype(np.float32)
    left = (random.random(4000) < np.where(signs[:, 1] > 0, 0.8, 0.1))[:, None]
    recipe = Recipe(trees=40, depth=2, rate=0.3, ridge=1.0, rows=0.8, signs=1.0)
    trees = grow(signs, left, np.ones_like(left), recipe=recipe, random=random)
    chance = chance_by_stretch(trees.logits(np.array([[0.0, -1.0, 0.0], [0.0, 1.0, 0.0]])))[:, 0]
    assert chance == pytest.approx([0.1, 0.8], abs=0.08)


def scored(**columns: list[float]) -> Scored:
    one = {
        "low_min": [30.0],
        "median_min": [50.0],
        "high_min": [90.0],
        "chance_at_end": [0.5],
        "leaves_min": [NEVER],
        "ends_min": [60.0],
        "line_min": [40.0],
    } | columns
    return Scored(**{name: np.array(values) for name, values in one.items()}, tail=0.1)


@pytest.mark.parametrize(
    ("leaves_min", "share"), [(29.0, 0.0), (30.0, 1.0), (90.0, 1.0), (91.0, 0.0)]
)
def test_a_box_that_left_is_covered_if_it_did_in_the_interval(
    leaves_min: float, share: float
) -> None:
    assert coverage_of(scored(leaves_min=[leaves_min]))[0] == share


@pytest.mark.parametrize(
    ("chance_at_end", "share"),
    # Of what was left at its end, the part up to 0.9: (0.9 - 0.5) / 0.5; nothing; (0.9 - 0.1) /
    # 0.95.
    [(0.5, 0.8), (0.9, 0.0), (0.97, 0.0), (0.05, 0.8 / 0.95)],
)
def test_a_box_that_never_left_is_covered_in_part(chance_at_end: float, share: float) -> None:
    assert coverage_of(scored(chance_at_end=[chance_at_end]))[0] == pytest.approx(share)


def test_coverage_is_reported_by_the_predicted_median() -> None:
    found = coverage_by_bin(scored(leaves_min=[40.0]))
    assert found["30-60 min"] == 1
    assert found["all"] == 1
    assert math.isnan(found["0-30 min"])
    assert coverage_by_bin(scored(median_min=[60.0]))["60-120 min"] == pytest.approx(0.8)


def test_the_line_covers_as_much_with_the_least_width() -> None:
    # Boxes leave at 1, 2 and 4 times the line's 10 minutes. Two in three: from 1 to 2 times it.
    line, leaves, ends = np.full(3, 10.0), np.array([10.0, 20.0, 40.0]), np.full(3, 100.0)
    low, high = narrowest(line, leaves, ends, coverage=2 / 3)
    assert low == pytest.approx(10.0)
    assert high == pytest.approx(20.0, rel=0.11)  # multiples are tried in steps of 10 %
    assert covered(low, high, leaves, ends).sum() == 2


def test_an_interval_that_ends_before_the_journey_did_is_wrong_if_the_box_never_left() -> None:
    low, high, never = np.zeros(2), np.array([50.0, 70.0]), np.full(2, NEVER)
    assert covered(low, high, never, np.full(2, 60.0)).tolist() == [False, True]


def test_a_straight_line_meets_the_limit() -> None:
    # 1 °C an hour, and 2 °C to go from the level of the last ten minutes, five minutes ago on
    # average: (4 - (2 - 5/60)) / 1 h = 125 min.
    at_ms = np.arange(0, 3_600_001, 60_000)
    record = BoxRecord(
        packing=Packing(),
        packed_at_ms=0,
        lower_c=None,
        upper_c=4.0,
        at_ms=at_ms,
        temperature_c=1.0 + at_ms / 3.6e6,
        ambient_at_ms=np.empty(0, np.int64),
        ambient_c=np.empty(0),
    )
    assert minutes_left(record, 3_600_000) == pytest.approx(125.0)
    falling = BoxRecord(
        packing=Packing(),
        packed_at_ms=0,
        lower_c=None,
        upper_c=4.0,
        at_ms=at_ms,
        temperature_c=1.0 - at_ms / 3.6e6,
        ambient_at_ms=np.empty(0, np.int64),
        ambient_c=np.empty(0),
    )
    assert minutes_left(falling, 3_600_000) == 420


def test_the_report_is_not_made_on_boxes_that_the_model_was_fitted_to() -> None:
    with pytest.raises(ValueError, match="report on another"):
        measure(10, seed=1001)
