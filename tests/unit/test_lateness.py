"""Lateness against the promise, predicted and real."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.lateness import Arrival, Lateness, judge_lateness

DUE = 1_795_348_800_000  # 2026-11-22 12:00:00 UTC
MINUTE = 60_000


def judge(
    *,
    now_ms: int,
    delivered_at_ms: int | None = None,
    cancelled_at_ms: int | None = None,
    **arrival: Any,
) -> Lateness:
    return judge_lateness(
        due_at_ms=DUE,
        arrival=Arrival(**arrival),
        delivered_at_ms=delivered_at_ms,
        cancelled_at_ms=cancelled_at_ms,
        now_ms=now_ms,
    )


def test_the_promised_moment_is_in_time_and_the_next_millisecond_is_late() -> None:
    assert judge(now_ms=DUE + MINUTE, delivered_at_ms=DUE).state == "kept"
    late = judge(now_ms=DUE + MINUTE, delivered_at_ms=DUE + 1)
    assert (late.state, late.late_s, late.look_again_ms) == ("broken", 1, None)
    assert judge(now_ms=DUE, delivered_at_ms=DUE + 90 * MINUTE).late_s == 5400


def test_an_undelivered_order_breaks_its_promise_by_time_alone() -> None:
    before = judge(now_ms=DUE)
    assert (before.state, before.late_s, before.look_again_ms) == ("expected", 0, DUE + 1)
    after = judge(now_ms=DUE + 1)
    assert (after.state, after.late_s, after.look_again_ms) == ("broken", 1, None)
    assert after.proposed_at_ms is None  # nobody has estimated anything


def test_an_estimate_after_the_promise_puts_it_at_risk() -> None:
    assert judge(now_ms=DUE - MINUTE, arrives_at_ms=DUE).state == "expected"
    at_risk = judge(now_ms=DUE - MINUTE, arrives_at_ms=DUE + 20 * MINUTE)
    assert (at_risk.state, at_risk.late_s, at_risk.look_again_ms) == ("at_risk", 1200, DUE + 1)


def test_an_estimate_that_may_well_be_late_puts_it_at_risk() -> None:
    hour = DUE - 60 * MINUTE
    in_time = {"arrives_at_ms": DUE - 30 * MINUTE}
    assert judge(now_ms=hour, latest_at_ms=DUE, **in_time).state == "expected"
    at_risk = judge(now_ms=hour, latest_at_ms=DUE + 7 * MINUTE, **in_time)
    assert (at_risk.state, at_risk.late_s) == ("at_risk", 420)


@pytest.mark.parametrize(("latest_min", "state"), [(-3, "expected"), (-2, "at_risk")])
def test_handing_over_takes_its_time(latest_min: int, state: str) -> None:
    # 180 s at the door: who comes three minutes before is in time to the second.
    latest_ms = DUE + latest_min * MINUTE
    assert judge(now_ms=DUE - 60 * MINUTE, latest_at_ms=latest_ms, service_s=180).state == state


def test_an_estimate_that_has_passed_says_nothing_more() -> None:
    missed = {"arrives_at_ms": DUE - 30 * MINUTE, "service_s": 600}
    assert judge(now_ms=DUE - 10 * MINUTE, **missed).state == "expected"
    assert judge(now_ms=DUE - 10 * MINUTE + 1, **missed).state == "at_risk"


def test_one_that_the_plan_leaves_behind_is_at_risk_whatever_was_estimated() -> None:
    left = judge(
        now_ms=DUE - 60 * MINUTE, arrives_at_ms=DUE - 30 * MINUTE, is_left_behind=True, service_s=60
    )
    assert (left.state, left.late_s, left.proposed_at_ms) == ("at_risk", 0, None)
    assert left.look_again_ms == DUE + 1


def test_a_new_time_is_proposed_in_steps_of_five_minutes() -> None:
    def proposed_min(latest_min: float) -> float:
        found = judge(now_ms=DUE - MINUTE, latest_at_ms=round(DUE + latest_min * MINUTE))
        assert found.proposed_at_ms is not None
        return (found.proposed_at_ms - DUE) / MINUTE

    assert [proposed_min(late) for late in (0.1, 5, 5.1, 20)] == [5, 5, 10, 20]


def test_a_broken_promise_gets_a_new_time_from_now_on() -> None:
    broken = judge(now_ms=DUE + 31 * MINUTE, arrives_at_ms=DUE - MINUTE)
    assert broken.proposed_at_ms == DUE + 35 * MINUTE


def test_a_broken_promise_is_late_by_the_clock_or_by_the_estimate_whichever_is_more() -> None:
    assert judge(now_ms=DUE + MINUTE, arrives_at_ms=DUE + 20 * MINUTE).late_s == 1200
    assert judge(now_ms=DUE + 30 * MINUTE, arrives_at_ms=DUE + 20 * MINUTE).late_s == 1800


def test_a_delivery_in_time_ends_the_risk() -> None:
    kept = judge(now_ms=DUE, arrives_at_ms=DUE + MINUTE, delivered_at_ms=DUE - MINUTE)
    assert (kept.state, kept.late_s, kept.proposed_at_ms) == ("kept", 0, None)


def test_a_cancelled_order_and_one_without_a_promise_are_never_late() -> None:
    assert judge(now_ms=DUE + MINUTE, cancelled_at_ms=DUE - MINUTE).state == "not_promised"
    unpromised = judge_lateness(
        due_at_ms=None,
        arrival=Arrival(arrives_at_ms=DUE),
        delivered_at_ms=None,
        cancelled_at_ms=None,
        now_ms=DUE,
    )
    assert unpromised == Lateness(state="not_promised", late_s=0, look_again_ms=None)


@given(
    arrives=st.none() | st.integers(-200, 60),
    spread=st.none() | st.integers(0, 60),
    service_s=st.integers(0, 900),
)
def test_a_delivery_is_at_risk_before_its_promise_breaks(
    arrives: int | None, spread: int | None, service_s: int
) -> None:
    """Whatever was estimated or not: looked at when it asks to be, and never else."""
    arrival = Arrival(
        arrives_at_ms=None if arrives is None else DUE + arrives * MINUTE,
        latest_at_ms=None
        if arrives is None or spread is None
        else DUE + (arrives + spread) * MINUTE,
        service_s=service_s,
    )
    now_ms, seen = DUE - 240 * MINUTE, list[str]()
    while "broken" not in seen:
        found = judge_lateness(
            due_at_ms=DUE,
            arrival=arrival,
            delivered_at_ms=None,
            cancelled_at_ms=None,
            now_ms=now_ms,
        )
        seen.append(found.state)
        assert found.look_again_ms is None or found.look_again_ms > now_ms
        now_ms = found.look_again_ms or now_ms
    assert seen[-2:] == ["at_risk", "broken"]
