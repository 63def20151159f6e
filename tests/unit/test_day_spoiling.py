"""When goods are spoiled in truth."""

import numpy as np

from frostline.day.spoiling import Rule, Spoiling, shipped_rules

TOO_WARM = Rule(
    policy="chilled", name="too-warm", sign=1, limit_c=8.0, allowed=1800.0, in_a_row=True
)
TIME_ABOVE = Rule(
    policy="chilled", name="time-above-4", sign=1, limit_c=4.0, allowed=7200.0, in_a_row=False
)
HEAT = Rule(
    policy="frozen",
    name="heat",
    sign=1,
    limit_c=-18.0,
    allowed=1080.0,
    in_a_row=False,
    is_heat=True,
)


def keep(spoiling: Spoiling, goods_c: float, *, from_s: float, minutes: int) -> float:
    """Keep the only box at a temperature, minute by minute; return the second after."""
    for minute in range(1, minutes + 1):
        spoiling.count(
            np.array([goods_c]), np.array([True]), until_s=from_s + 60.0 * minute, seconds=60.0
        )
    return from_s + 60.0 * minutes


def test_half_an_hour_too_warm_spoils_and_a_minute_less_does_not() -> None:
    spoiling = Spoiling(["chilled"], (TOO_WARM,))
    now_s = keep(spoiling, 8.1, from_s=0.0, minutes=29)
    assert np.isnan(spoiling.spoiled_s[0])

    keep(spoiling, 8.1, from_s=now_s, minutes=1)
    assert spoiling.spoiled_s[0] == 1800.0
    assert spoiling.broke(0) == "too-warm"


def test_the_limit_itself_spoils_nothing() -> None:
    spoiling = Spoiling(["chilled"], (TOO_WARM,))
    keep(spoiling, 8.0, from_s=0.0, minutes=120)

    assert np.isnan(spoiling.spoiled_s[0])


def test_a_cool_minute_begins_a_row_anew_but_not_a_budget() -> None:
    spoiling = Spoiling(["chilled"], (TOO_WARM, TIME_ABOVE))
    now_s = 0.0
    for _ in range(4):  # 4 x 29 = 116 minutes above 4 °C
        now_s = keep(spoiling, 9.0, from_s=now_s, minutes=29)
        now_s = keep(spoiling, 3.0, from_s=now_s, minutes=1)
    assert np.isnan(spoiling.spoiled_s[0])

    keep(spoiling, 5.0, from_s=now_s, minutes=4)
    assert spoiling.broke(0) == "time-above-4"


def test_heat_is_counted_in_kelvin_minutes() -> None:
    # 12 K above -18 °C use up 1,080 K min in 90 minutes.
    spoiling = Spoiling(["frozen"], (HEAT,))
    now_s = keep(spoiling, -6.0, from_s=0.0, minutes=89)
    assert np.isnan(spoiling.spoiled_s[0])
    keep(spoiling, -6.0, from_s=now_s, minutes=1)
    assert spoiling.spoiled_s[0] == 5400.0


def test_nobody_judges_what_is_the_members() -> None:
    spoiling = Spoiling(["chilled"], (TOO_WARM,))
    for minute in range(120):
        spoiling.count(np.array([30.0]), np.array([False]), until_s=60.0 * minute, seconds=60.0)

    assert np.isnan(spoiling.spoiled_s[0])


def test_the_rules_are_the_critical_ones_of_the_policies_that_come_along() -> None:
    # gateway/policies/*.toml: what has severity "critical".
    assert {(rule.policy, rule.name) for rule in shipped_rules()} == {
        ("frozen", "too-warm"),
        ("frozen", "thawing"),
        ("frozen", "heat-above-minus-18"),
        ("chilled", "too-warm"),
        ("chilled", "freezing"),
        ("chilled", "time-above-4"),
        ("ambient", "too-warm"),
        ("ambient", "too-cold"),
        ("chilled-fresh-fish", "too-warm"),
        ("chilled-fresh-fish", "freezing"),
        ("chilled-fresh-fish", "time-above-4"),
        ("chilled-fresh-meat", "too-warm"),
        ("chilled-fresh-meat", "time-above-4"),
        ("chilled-leafy-vegetables", "too-warm"),
        ("chilled-leafy-vegetables", "freezing"),
        ("frozen-ice-cream", "too-warm"),
        ("frozen-ice-cream", "time-above-minus-16"),
    }


def test_each_box_is_judged_by_its_own_policy() -> None:
    # 40 minutes at 6 °C: fish bears 5 °C for 30; meat bears 7 °C, and 4 °C for 120, as others do;
    # leaves bear 8 °C.
    policies = [
        "chilled-fresh-fish",
        "chilled-fresh-meat",
        "chilled-leafy-vegetables",
        "chilled",
    ]
    spoiling = Spoiling(policies, shipped_rules())
    everything = np.full(4, 6.0), np.full(4, fill_value=True)
    for minute in range(1, 41):
        spoiling.count(*everything, until_s=60.0 * minute, seconds=60.0)

    assert spoiling.spoiled_s[0] == 1800.0
    assert spoiling.broke(0) == "too-warm"
    assert np.isnan(spoiling.spoiled_s[1:]).all()


def test_ice_cream_bears_half_an_hour_above_minus_16_and_other_frozen_goods_more() -> None:
    # -15.5 °C: a budget of 1,800 s, overdrawn after it; others have 1,080 K min / 2.5 K = 432 min.
    spoiling = Spoiling(["frozen-ice-cream", "frozen"], shipped_rules())
    for minute in range(1, 61):
        spoiling.count(
            np.full(2, -15.5), np.full(2, fill_value=True), until_s=60.0 * minute, seconds=60.0
        )

    assert spoiling.broke(0) == "time-above-minus-16"
    assert np.isnan(spoiling.spoiled_s[1])
