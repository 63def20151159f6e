"""In which areas does a place lie, which tier holds there, and which windows can be booked?"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.intake.areas import areas_at
from api.intake.fleet_resources import PolicyDetails
from api.intake.tiers import area_of, tier_for, window_refusal
from tests.intake_world import policy, square

T0 = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
# Two squares of 0.1 degrees side by side, from 31.20 N, 121.40 E.
CENTRE, SUBURB = square("centre", 121.40), square("suburb", 121.50)


def collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def areas(lat_deg: float, lon_deg: float, *features: dict[str, Any]) -> tuple[str, ...]:
    return areas_at(collection(*features or (CENTRE, SUBURB)), lat_deg=lat_deg, lon_deg=lon_deg)


inside = st.floats(min_value=0.001, max_value=0.099)


@given(north=inside, east=inside)
def test_a_place_within_a_square_lies_in_it(north: float, east: float) -> None:
    assert areas(31.20 + north, 121.40 + east) == ("centre",)
    assert areas(31.20 + north, 121.50 + east) == ("suburb",)


@given(north=st.floats(min_value=-5, max_value=5), east=st.floats(min_value=-5, max_value=5))
def test_areas_side_by_side_share_no_point(north: float, east: float) -> None:
    assert len(areas(31.20 + north, 121.50 + east)) <= 1


@given(north=inside)
def test_a_border_between_two_areas_belongs_to_one(north: float) -> None:
    assert len(areas(31.20 + north, 121.50)) == 1


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg"), [(31.19, 121.45), (31.31, 121.45), (31.25, 121.39), (31.25, 121.61)]
)
def test_beyond_each_side_is_outside(lat_deg: float, lon_deg: float) -> None:
    assert areas(lat_deg, lon_deg) == ()


def test_an_area_of_several_outlines_has_holes_in_each() -> None:
    outlines = [CENTRE["geometry"]["coordinates"], SUBURB["geometry"]["coordinates"]]
    hole = [[121.44, 31.24], [121.46, 31.24], [121.46, 31.26], [121.44, 31.26], [121.44, 31.24]]
    both = {
        "type": "Feature",
        "properties": {"area": "city"},
        "geometry": {"type": "MultiPolygon", "coordinates": [[*outlines[0], hole], outlines[1]]},
    }
    assert areas(31.25, 121.43, both) == ("city",)
    assert areas(31.25, 121.45, both) == ()
    assert areas(31.25, 121.55, both) == ("city",)


def test_where_areas_overlap_a_place_lies_in_both() -> None:
    assert areas(31.25, 121.45, CENTRE, square("north", 121.40), CENTRE) == ("centre", "north")


# Tiers -------------------------------------------------------------------------------------------

POLICY = PolicyDetails.model_validate(policy())


@pytest.mark.parametrize(
    ("level", "place", "hours"),
    [
        ("diamond", ("centre",), 2),
        ("diamond", ("suburb",), 4),
        ("diamond", ("suburb", "centre"), 2),
        ("gold", ("centre",), 4),
        ("silver", ("suburb",), 6),
        ("bronze", ("centre",), None),
    ],
)
def test_the_first_tier_that_names_level_and_area_holds(
    level: str, place: tuple[str, ...], hours: int | None
) -> None:
    tier = tier_for(POLICY, level, place)
    assert (tier.hours if tier else None) == hours


def test_the_area_is_the_one_by_which_the_tier_holds() -> None:
    named, everywhere = POLICY.tiers[0], POLICY.tiers[1]
    assert area_of(named, ("suburb", "centre")) == "centre"
    assert area_of(everywhere, ("suburb", "centre")) == "suburb"


# Windows -----------------------------------------------------------------------------------------


def refusal(from_h: float, until_h: float) -> str | None:
    """Ask for a window in hours of Shanghai's day; now is 10:00, open is 8:00 to 23:00."""
    begins, ends = (T0 + timedelta(hours=h - 10) for h in (from_h, until_h))
    return window_refusal(POLICY, (begins, ends), "Asia/Shanghai", now=T0)


SECOND_H = 1 / 3600


@pytest.mark.parametrize(
    ("possible", "impossible", "said"),
    [
        ((8, 10 + SECOND_H), (8, 10), "is over"),
        ((14, 16), (14, 16 - SECOND_H), "The shortest window is 7200 s"),
        ((21, 23), (21, 23 + SECOND_H), "leaves the opening hours"),
        ((32, 34), (32 - SECOND_H, 34), "leaves the opening hours"),
        ((20, 23), (22, 25), "goes over midnight"),
    ],
)
def test_a_window_is_possible_up_to_its_limit(
    possible: tuple[float, float], impossible: tuple[float, float], said: str
) -> None:
    assert refusal(*possible) is None
    assert said in (refusal(*impossible) or "")
