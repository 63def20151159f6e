"""Time and heat that goods may stand over their whole life, and no more."""

import pytest

from gateway.rules.policy import Budget, Measured
from tests.rules_world import Case, each_minute, judge, limit, minute, policy, recording, told

HALF_HOUR = Budget(name="time", side="upper", limit_c=8, allowed_s=1800, severity="critical")
HEAT = Budget(name="heat", side="upper", limit_c=8, allowed_degree_minutes=60, severity="critical")
# No limit is ever broken here: only budgets are.
NEVER = limit(name="never", limit_c=90)


@pytest.mark.parametrize(("second", "found"), [(20, False), (21, True)])
def test_all_that_is_allowed_may_be_used_and_no_more(second: int, *, found: bool) -> None:
    rules = policy(NEVER, budgets=(HALF_HOUR,))
    judgement = judge(each_minute((9, 10), (5, 60), (9, second), (5, 10)), rules)
    assert [(e.limit, *told(e)) for e in judgement.excursions] == (
        [("time", "open", 0, None, 31)] if found else []
    )
    [use] = judgement.budgets
    assert (use.name, use.used, use.allowed, use.unit) == ("time", (10 + second) * 60, 1800, "s")


def test_it_is_broken_by_the_reading_until_which_more_was_used() -> None:
    rules = policy(NEVER, budgets=(HALF_HOUR,))
    [excursion] = judge(each_minute((5, 10), (9, 60)), rules).excursions
    assert (minute(excursion.from_ms), minute(excursion.broken_at_ms)) == (10, 41)


@pytest.mark.parametrize(("warm_c", "used", "found"), [(11.0, 60, False), (11.1, 62, True)])
def test_heat_is_degrees_beyond_times_minutes(warm_c: float, used: float, *, found: bool) -> None:
    # Twenty minutes, 3.0 or 3.1 °C above 8 °C.
    judgement = judge(each_minute((5, 5), (warm_c, 20), (5, 5)), policy(NEVER, budgets=(HEAT,)))
    assert bool(judgement.excursions) is found
    assert judgement.budgets[0].used == used
    assert judgement.budgets[0].unit == "degree_minutes"


def test_a_lower_budget_counts_the_cold() -> None:
    cold = Budget(
        name="cold", side="lower", limit_c=0, allowed_degree_minutes=10, severity="notice"
    )
    judgement = judge(each_minute((2, 5), (-1.5, 8), (2, 5)), policy(NEVER, budgets=(cold,)))
    assert judgement.budgets[0].used == 12
    assert [(e.limit, e.extreme_c) for e in judgement.excursions] == [("cold", -1.5)]


def test_a_budget_of_the_goods_counts_their_temperature() -> None:
    goods = Budget(
        name="time",
        side="upper",
        limit_c=8,
        allowed_s=1800,
        severity="critical",
        measured=Measured.PRODUCT,
    )
    rules = policy(NEVER, budgets=(goods,), product_time_constant_s=3600)
    # 12 - 10 e^(-t/60) > 8 from 54.98 minutes on: of 60 minutes five count.
    assert judge(each_minute((2, 1), (12, 60)), rules).budgets[0].used == 240


def test_what_is_used_up_stays_so_until_the_life_ends() -> None:
    rules = policy(NEVER, budgets=(HALF_HOUR,))
    curve = each_minute((9, 40), (5, 20))
    [excursion] = judge(curve, rules, until=60, as_of=60).excursions
    assert told(excursion) == ("closed", 0, 60, 40)


def test_nothing_is_used_up_in_a_gap() -> None:
    rules = policy(NEVER, budgets=(HALF_HOUR,))
    curve = [*each_minute((9, 16)), *each_minute((9, 15), begin=100), (115, 5.0)]
    assert judge(curve, rules).budgets[0].used == 1800


@pytest.mark.parametrize(
    ("own", "van", "source"),
    [(40, 20, "box"), (20, 40, "place"), (20, 20, "place"), (10, 20, None)],
)
def test_a_budget_takes_the_box_and_its_places_together(
    own: int, van: int, source: str | None
) -> None:
    case = Case(
        policy=policy(NEVER, budgets=(HALF_HOUR,)),
        own=[recording(each_minute((9, own), (5, 1)))],
        places=[recording(each_minute((9, van), (5, 1), begin=100), kind="place")],
        as_of=101 + van,
    )
    judgement = case.judgement()
    assert judgement.budgets[0].used == (own + van) * 60
    assert [e.source for e in judgement.excursions] == ([source] if source else [])


def test_nothing_measured_has_used_nothing() -> None:
    judgement = Case(policy=policy(NEVER, budgets=(HALF_HOUR, HEAT)), as_of=60).judgement()
    assert [(use.name, use.used) for use in judgement.budgets] == [("time", 0), ("heat", 0)]
