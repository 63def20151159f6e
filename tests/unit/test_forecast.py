"""When a box will leave its zone."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules import forecast
from gateway.rules.forecast import (
    BoxRecord,
    HoldForecast,
    Model,
    Packing,
    PackKind,
    chance_within,
    forecast_boxes,
    quantiles_min,
    warning_chance,
)

MINUTE_MS = 60_000
NOW_MS = 1_790_000_000_000
ICE = Packing(
    box_material="epp", wall_w_per_k=0.6, pack_kind=PackKind.ICE, pack_kg=2.5, product_kg=4.0
)
NOTHING_KNOWN = Packing(
    box_material=None, wall_w_per_k=None, pack_kind=None, pack_kg=None, product_kg=None
)


def box(temperature_c: np.ndarray, *, packing: Packing = ICE, every_min: int = 2) -> BoxRecord:
    """Return a chilled box at 28 °C with one reading every two minutes, the last one now."""
    count = len(temperature_c)
    at_ms = NOW_MS - np.arange(count)[::-1] * every_min * MINUTE_MS
    return BoxRecord(
        packing=packing,
        packed_at_ms=int(at_ms[0]) - MINUTE_MS,
        lower_c=0.0,
        upper_c=4.0,
        at_ms=at_ms,
        temperature_c=temperature_c.astype(np.float64),
        ambient_at_ms=at_ms[::3],
        ambient_c=np.full(len(at_ms[::3]), 28.0),
    )


def steady(level_c: float = 1.8, hours: float = 2.0) -> np.ndarray:
    return np.full(round(hours * 30), level_c)


def warming_box() -> BoxRecord:
    """Return a box with little ice: two hours at 2 °C, then up to 3.8 °C within the last hour."""
    course_c = np.concatenate((steady(2.0), np.linspace(2.0, 3.8, 30)))
    return box(course_c, packing=replace(ICE, pack_kg=0.7))


def one(record: BoxRecord, now_ms: int = NOW_MS) -> HoldForecast:
    (answer,) = forecast_boxes([record], now_ms=now_ms)
    assert answer is not None
    return answer


def test_a_box_that_nears_its_limit_is_at_risk_and_a_steady_one_is_not() -> None:
    warming, calm = one(warming_box()), one(box(steady()))
    assert warming.at_risk
    assert warming.side == "upper"
    assert warming.leaves_in_s.q50 < 3600
    assert not calm.at_risk
    assert calm.leaves_in_s.q50 > 2 * warming.leaves_in_s.q50
    assert calm.chance_within_40_min < 0.1 < warming.chance_within_40_min


def test_a_box_that_sinks_towards_its_lower_limit_is_threatened_there() -> None:
    winter = replace(
        box(np.linspace(16.5, 15.2, 60), packing=replace(ICE, pack_kind=PackKind.PARAFFIN_15)),
        lower_c=15.0,
        upper_c=18.0,
        ambient_c=np.full(20, 5.0),
    )
    assert one(winter).side == "lower"


@pytest.mark.parametrize("level_c", [5.0, -1.0])
def test_a_box_that_is_out_has_no_time_left(level_c: float) -> None:
    answer = one(box(np.concatenate((steady(2.0), np.full(6, level_c)))))
    assert answer.leaves_in_s == (0, 0, 0)
    assert answer.chance_within_40_min == 1


def test_one_peak_of_five_minutes_is_not_out() -> None:
    answer = one(box(np.concatenate((steady(2.0), np.full(2, 5.0)))))
    assert answer.leaves_in_s.q90 > 0


def test_nothing_is_said_of_a_box_with_one_step_of_readings() -> None:
    assert forecast_boxes([box(np.full(2, 2.0))], now_ms=NOW_MS) == [None]
    assert forecast_boxes([box(np.full(6, 2.0))], now_ms=NOW_MS) != [None]


@pytest.mark.parametrize(("silent_min", "says"), [(29, True), (31, False)])
def test_nothing_is_said_of_a_box_that_has_been_silent_for_half_an_hour(
    silent_min: int, *, says: bool
) -> None:
    (answer,) = forecast_boxes([box(steady())], now_ms=NOW_MS + silent_min * MINUTE_MS)
    assert (answer is not None) == says


def test_nothing_is_said_of_a_box_without_limits_or_readings() -> None:
    free = replace(box(steady()), lower_c=None, upper_c=None)
    mute = replace(box(steady()), at_ms=np.empty(0, np.int64), temperature_c=np.empty(0))
    assert forecast_boxes([free, mute], now_ms=NOW_MS) == [None, None]
    assert forecast_boxes([], now_ms=NOW_MS) == []


def test_the_less_is_known_the_wider_the_answer() -> None:
    unknown = replace(
        box(steady(), packing=NOTHING_KNOWN),
        ambient_at_ms=np.empty(0, np.int64),
        ambient_c=np.empty(0),
    )
    known, blind = one(box(steady())).leaves_in_s, one(unknown).leaves_in_s
    assert blind.q10 < known.q10


@pytest.mark.parametrize(
    ("kind", "lower_c", "upper_c", "level_c"),
    [
        (PackKind.BRINE, None, -18.0, -20.0),
        (PackKind.DRY_ICE, None, -18.0, -45.0),
        (PackKind.PARAFFIN_15, 15.0, 18.0, 16.0),
        (PackKind.NONE, 0.0, 4.0, 2.0),
    ],
)
def test_every_way_of_packing_has_a_forecast(
    kind: PackKind, lower_c: float | None, upper_c: float, level_c: float
) -> None:
    record = replace(
        box(steady(level_c), packing=replace(ICE, pack_kind=kind)), lower_c=lower_c, upper_c=upper_c
    )
    low, middle, high = one(record).leaves_in_s
    assert 0 <= low <= middle <= high


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_order_and_repetition_of_readings_change_nothing(data: st.DataObject) -> None:
    record = warming_box()
    count = len(record.at_ms)
    extra = data.draw(st.lists(st.integers(0, count - 1), max_size=20))
    order = np.array(data.draw(st.permutations([*range(count), *extra])))
    shuffled = replace(record, at_ms=record.at_ms[order], temperature_c=record.temperature_c[order])
    assert one(shuffled) == one(record)


@settings(max_examples=40, deadline=None)
@given(
    temperature_c=st.lists(st.floats(-90, 60), max_size=60),
    ages_min=st.lists(st.integers(-30, 900), min_size=60, max_size=60),
    packed_min=st.integers(-10, 900),
    lower_c=st.none() | st.floats(-30, 10),
    upper_c=st.none() | st.floats(11, 20),
    packing=st.builds(
        Packing,
        box_material=st.sampled_from([None, "eps", "vip", "straw"]),
        wall_w_per_k=st.none() | st.floats(0.01, 5),
        pack_kind=st.none() | st.sampled_from(PackKind),
        pack_kg=st.none() | st.floats(0, 20),
        product_kg=st.none() | st.floats(0, 100),
    ),
)
def test_whatever_was_measured_the_answer_is_none_or_in_order(
    temperature_c: list[float],
    ages_min: list[int],
    packed_min: int,
    lower_c: float | None,
    upper_c: float | None,
    packing: Packing,
) -> None:
    at_ms = NOW_MS - np.array(ages_min[: len(temperature_c)], np.int64) * MINUTE_MS
    record = BoxRecord(
        packing=packing,
        packed_at_ms=NOW_MS - packed_min * MINUTE_MS,
        lower_c=lower_c,
        upper_c=upper_c,
        at_ms=at_ms,
        temperature_c=np.array(temperature_c),
        ambient_at_ms=at_ms[::2],
        ambient_c=np.array(temperature_c)[::2] + 20,
    )
    (answer,) = forecast_boxes([record], now_ms=NOW_MS)
    if answer is not None:
        low, middle, high = answer.leaves_in_s
        assert 0 <= low <= middle <= high
        assert 0 <= answer.chance_within_40_min <= 1


def test_a_forecast_does_not_depend_on_the_boxes_beside_it() -> None:
    records = [box(steady(2.0, hours)) for hours in (0.5, 1.0, 3.0, 7.0)] + [warming_box()]
    together = forecast_boxes(records, now_ms=NOW_MS)
    assert together == [one(record) for record in records]
    assert forecast_boxes(records[::-1], now_ms=NOW_MS) == together[::-1]


def test_readings_from_after_now_or_before_packing_are_not_looked_at() -> None:
    record = warming_box()
    earlier_ms = NOW_MS - 20 * MINUTE_MS
    known = record.at_ms <= earlier_ms
    cut = replace(record, at_ms=record.at_ms[known], temperature_c=record.temperature_c[known])
    assert one(record, earlier_ms) == one(cut, earlier_ms)
    before = replace(
        record,
        at_ms=np.append(record.packed_at_ms - 10 * MINUTE_MS, record.at_ms),
        temperature_c=np.append(30.0, record.temperature_c),
    )
    assert one(before).leaves_in_s == one(record).leaves_in_s


def test_a_box_that_is_opened_before_it_would_leave_is_not_at_risk() -> None:
    record = warming_box()
    assert not one(replace(record, due_at_ms=NOW_MS)).at_risk
    assert one(replace(record, due_at_ms=NOW_MS + 600 * MINUTE_MS)).at_risk


def test_a_box_that_is_long_overdue_is_not_taken_for_opened() -> None:
    assert one(replace(warming_box(), due_at_ms=NOW_MS - 300 * MINUTE_MS)).at_risk


def test_quantiles_are_read_off_the_chances() -> None:
    # 0.2 by 10 min and 0.6 by 30 min: 0.1 is half of the first stretch; 0.5 is three quarters of
    # the second; 0.9 is never reached.
    low, middle, high = quantiles_min(
        np.array([[0.2, 0.6]]), np.array([10.0, 30.0]), (0.1, 0.5, 0.9)
    )[:, 0]
    assert (low, middle, high) == (pytest.approx(5), pytest.approx(25), math.inf)
    # Half of the way from 10 to 30 min.
    assert chance_within(np.array([[0.2, 0.6]]), np.array([10.0, 30.0]), 20)[0] == pytest.approx(
        0.4
    )
    assert chance_within(np.array([[0.2, 0.6]]), np.array([10.0, 30.0]), 5)[0] == pytest.approx(0.1)


def test_a_warning_counts_what_comes_soon_and_before_the_box_is_opened() -> None:
    chance, ends_min = np.array([[0.2, 0.5, 0.9]]), np.array([10.0, 20.0, 60.0])
    never, late, now = (
        warning_chance(chance, ends_min, np.array([due]), within_min=20)[0]
        for due in (math.inf, 500.0, 0.0)
    )
    assert never == pytest.approx(0.5)  # the third stretch ends after 20 minutes
    assert late == pytest.approx(0.5, abs=0.001)
    # Due now, width 3: 5 min count 2 / (1 + e^(1.702 x 5 / 3)) = 0.111, 15 min nothing.
    assert now == pytest.approx(0.2 * 0.111, abs=0.001)
    # An hour overdue, width 123: 5 and 15 min count (1 + e^0.83) / (1 + e^0.8995) = 0.953 and
    # (1 + e^0.83) / (1 + e^1.0378) = 0.862.
    overdue = warning_chance(chance, ends_min, np.array([-60.0]), within_min=20)[0]
    assert overdue == pytest.approx(0.2 * 0.953 + 0.3 * 0.862, abs=0.001)
    # Due in 15 minutes, width 3 + 0.08 x 15 = 4.2: the second stretch's middle, 15 min, counts
    # half; the first's, 5 min, 1 / (1 + e^(1.702 x -10 / 4.2)) = 0.983; both over 1 / (1 +
    # e^(-1.702 x 15 / 4.2)) = 0.998. In all 0.2 x 0.985 + 0.3 x 0.501 = 0.347.
    due = warning_chance(chance, ends_min, np.array([15.0]), within_min=20)[0]
    assert due == pytest.approx(0.347, abs=0.001)


def test_a_model_for_other_signs_is_refused() -> None:
    path = Path(forecast.__file__).with_name("forecast_model.json")
    stored = json.loads(path.read_text())
    stored["signs"] = stored["signs"][:-1]
    with pytest.raises(ValueError, match=r"bench\.forecast_fit"):
        Model.from_json(json.dumps(stored))
