"""Lateness against the promise, predicted and real."""

from gateway.rules.lateness import Lateness, judge_lateness

DUE = 1_795_348_800_000
MINUTE = 60_000


def judge(
    *,
    now_ms: int,
    arrives_at_ms: int | None = None,
    delivered_at_ms: int | None = None,
    cancelled_at_ms: int | None = None,
) -> Lateness:
    return judge_lateness(
        due_at_ms=DUE,
        arrives_at_ms=arrives_at_ms,
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


def test_an_estimate_after_the_promise_puts_it_at_risk() -> None:
    assert judge(now_ms=DUE - MINUTE, arrives_at_ms=DUE).state == "expected"
    at_risk = judge(now_ms=DUE - MINUTE, arrives_at_ms=DUE + 20 * MINUTE)
    assert (at_risk.state, at_risk.late_s, at_risk.look_again_ms) == ("at_risk", 1200, DUE + 1)


def test_a_broken_promise_is_late_by_the_clock_or_by_the_estimate_whichever_is_more() -> None:
    assert judge(now_ms=DUE + MINUTE, arrives_at_ms=DUE + 20 * MINUTE).late_s == 1200
    assert judge(now_ms=DUE + 30 * MINUTE, arrives_at_ms=DUE + 20 * MINUTE).late_s == 1800


def test_a_delivery_in_time_ends_the_risk() -> None:
    kept = judge(now_ms=DUE, arrives_at_ms=DUE + MINUTE, delivered_at_ms=DUE - MINUTE)
    assert (kept.state, kept.late_s) == ("kept", 0)


def test_a_cancelled_order_and_one_without_a_promise_are_never_late() -> None:
    assert judge(now_ms=DUE + MINUTE, cancelled_at_ms=DUE - MINUTE).state == "not_promised"
    unpromised = judge_lateness(
        due_at_ms=None,
        arrives_at_ms=DUE,
        delivered_at_ms=None,
        cancelled_at_ms=None,
        now_ms=DUE,
    )
    assert unpromised == Lateness(state="not_promised", late_s=0, look_again_ms=None)
