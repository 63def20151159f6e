"""The policies that come along say what their sources say."""

from importlib.resources import files

import pytest

from frostline.policies import read_policy_file, shipped_policies
from gateway.rules.policy import Policy
from gateway.rules.policy_file import document_of_policy, policy_of_document
from gateway.rules.policy_text import duration_in_words, in_words
from schemas.reading import Zone
from tests.rules_world import Readings, each_minute, judge

SHIPPED = shipped_policies()


def shipped(name: str) -> Policy:
    return read_policy_file(SHIPPED[name])


def broken(name: str, readings: Readings) -> set[str]:
    """Return the names of the limits and budgets that readings, one a minute, break."""
    return {e.limit for e in judge(readings, shipped(name)).excursions}


@pytest.mark.parametrize("name", SHIPPED)
def test_each_can_be_read_and_stored_and_says_where_it_is_from(name: str) -> None:
    policy = shipped(name)
    assert policy_of_document(document_of_policy(policy)) == policy
    assert policy.policy_id == name.replace("examples/", "example-")
    assert policy.source in in_words(policy)


@pytest.mark.parametrize(
    ("zone", "lower_c", "upper_c"), [("frozen", None, -18), ("chilled", 0, 4), ("ambient", 15, 18)]
)
def test_each_zone_has_the_range_that_was_promised(
    zone: str, lower_c: float | None, upper_c: float
) -> None:
    policy = shipped(zone)
    assert (policy.zone, policy.version, policy.product_class) == (Zone(zone), 2, None)
    assert (policy.lower_c, policy.upper_c) == (lower_c, upper_c)


def test_examples_are_told_apart_from_what_is_loaded() -> None:
    names = {f.name.removesuffix(".toml") for f in (files("gateway") / "policies").iterdir()}
    assert {n for n in SHIPPED if "/" not in n} == names - {"examples"}


# WHO: above +8 °C for 10 hours; at or below -0.5 °C for 60 minutes. -------------------------------


@pytest.mark.parametrize(
    ("temperature_c", "minutes", "limits"),
    [
        (8.1, 599, set()),
        (8.1, 600, {"heat"}),
        (8.0, 700, set()),
        (-0.5, 59, set()),
        (-0.5, 60, {"freeze"}),
        (-0.4, 700, set()),
    ],
)
def test_who(temperature_c: float, minutes: int, limits: set[str]) -> None:
    curve = each_minute((5, 10), (temperature_c, minutes), (5, 10))
    assert broken("examples/who-vaccine", curve) == limits


# mSupply: hot 8 °C for 30 minutes, cold 2 °C for 20; cumulative 60 and 40. ------------------------


@pytest.mark.parametrize(
    ("stretches", "limits"),
    [
        ([(8, 29)], set()),
        ([(8, 30)], {"hot-consecutive"}),
        ([(2, 19)], set()),
        ([(2, 20)], {"cold-consecutive"}),
        ([(8, 20), (5, 30), (8, 20), (5, 30), (8, 19)], set()),
        ([(8, 20), (5, 30), (8, 20), (5, 30), (8, 20)], {"hot-cumulative"}),
        ([(2, 19), (5, 30), (2, 19), (5, 30), (2, 1)], set()),
        ([(2, 19), (5, 30), (2, 19), (5, 30), (2, 2)], {"cold-cumulative"}),
        ([(8, 60)], {"hot-consecutive", "hot-cumulative"}),
    ],
)
def test_msupply(stretches: list[tuple[float, int]], limits: set[str]) -> None:
    assert broken("examples/msupply", each_minute(*stretches, (5, 10))) == limits


# FDA: 4 hours above 5 °C; or 6 hours, if never above 21 °C. ---------------------------------------


@pytest.mark.parametrize(("minutes", "limits"), [(239, set()), (240, {"four-hours"})])
def test_fda_four_hours(minutes: int, limits: set[str]) -> None:
    assert broken("examples/fda-four-hours", each_minute((5, 5), (15, minutes), (5, 5))) == limits


@pytest.mark.parametrize(
    ("temperature_c", "minutes", "limits"),
    [
        (21, 359, set()),
        (21, 360, {"six-hours"}),
        # In air of 25 °C the food is above 21 °C once 20 e^(-t/30) < 4: after 48.3 minutes.
        (25, 48, set()),
        (25, 49, {"never-above-21"}),
    ],
)
def test_fda_six_hours(temperature_c: float, minutes: int, limits: set[str]) -> None:
    curve = each_minute((5, 5), (temperature_c, minutes), (5, 5))
    assert broken("examples/fda-six-hours", curve) == limits


# The chilled default -----------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "limits"), [(9, set()), (10, {"warm"})])
def test_chilled_goods_warn_after_ten_minutes_above_4(minutes: int, limits: set[str]) -> None:
    assert broken("chilled", each_minute((3, 60), (6, minutes), (3, 60))) == limits


def test_chilled_goods_have_two_hours_above_4() -> None:
    # In air of 7 °C the goods pass 4 °C when 4 e^(-t/30) < 3, after 8.6 minutes: at the ninth.
    # The last reading, 129 minutes later, makes it 120 minutes; more than that breaks it.
    at_most = each_minute((3, 60), (7, 1 + 9 + 120))
    more = each_minute((3, 60), (7, 1 + 9 + 121))
    assert broken("chilled", at_most) == {"warm"}
    assert broken("chilled", more) == {"warm", "time-above-4"}


def test_a_short_lid_opening_breaks_nothing_of_chilled_goods() -> None:
    assert broken("chilled", each_minute((3, 60), (14, 8), (3, 60))) == set()


# Places ------------------------------------------------------------------------------------------

# An ordinary defrost of a compartment, as the simulator's: a quarter of an hour above 4 °C, three
# minutes of it above 8 °C. A door that stands open for ten minutes: twelve above 8 °C.
DEFROST = each_minute((2, 60), (5, 3), (7, 4), (8.4, 3), (7, 3), (5, 2), (2, 60))
OPEN_DOOR = each_minute((2, 60), (15, 12), (5, 2), (2, 60))


@pytest.mark.parametrize("curve", [DEFROST, OPEN_DOOR])
def test_a_defrost_or_an_open_door_breaks_nothing_of_a_chilled_place(curve: Readings) -> None:
    assert broken("places-chilled", curve) == set()


@pytest.mark.parametrize(
    ("name", "temperature_c", "minutes", "limits"),
    [
        ("places-chilled", 4.1, 29, set()),
        ("places-chilled", 4.1, 30, {"warm"}),
        ("places-chilled", 8.1, 19, set()),
        ("places-chilled", 8.1, 20, {"too-warm"}),
        ("places-chilled", -1.1, 30, {"freezing"}),
        ("places-frozen", -14.9, 44, set()),
        ("places-frozen", -14.9, 45, {"too-warm"}),
        ("places-frozen", -17.9, 60, {"warm"}),
        ("places-ambient", 25.1, 59, set()),
        ("places-ambient", 25.1, 60, {"too-warm"}),
        ("places-ambient", 14.9, 120, {"cold"}),
    ],
)
def test_a_place_that_stays_out_of_its_range_is_noticed(
    name: str, temperature_c: float, minutes: int, limits: set[str]
) -> None:
    normal_c = {"places-chilled": 2, "places-frozen": -20, "places-ambient": 16}[name]
    curve = each_minute((normal_c, 10), (temperature_c, minutes), (normal_c, 10))
    assert broken(name, curve) == limits


@pytest.mark.parametrize("zone", ["frozen", "chilled", "ambient"])
def test_a_place_has_the_range_of_its_zone(zone: str) -> None:
    place, goods = shipped(f"places-{zone}"), shipped(zone)
    assert (place.zone, place.product_class) == (goods.zone, "place")
    assert (place.lower_c, place.upper_c) == (goods.lower_c, goods.upper_c)


# In words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (5400, "1 h 30 min"),
        (86_400, "1 d"),
        (90_061, "1 d 1 h 1 min 1 s"),
    ],
)
def test_durations_are_told_in_their_largest_units(seconds: int, words: str) -> None:
    assert duration_in_words(seconds) == words


def test_a_policy_in_words() -> None:
    words = in_words(shipped("examples/who-vaccine")).splitlines()
    assert words[0] == "example-who-vaccine, version 1: vaccine, 2 to 8 °C"
    assert "  critical heat: the air above 8 °C for 10 h" in words
    assert "  critical freeze: the air at or below -0.5 °C for 1 h" in words
