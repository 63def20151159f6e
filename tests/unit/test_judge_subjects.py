"""What was touched is judged now, later, or by whoever holds it; never forgotten."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.judge.subjects import Look, Pace, Touch, sort_looks, touched_ms

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PACE = Pace(now=NOW, min_interval=timedelta(seconds=10), batch=3)


def look(name: str, *, judged_s_ago: float = 1e6, kind: str = "order", **changes: object) -> Look:
    values = {"looked_at": NOW - timedelta(seconds=judged_s_ago), "next_look_at": None}
    return Look(kind=kind, id=name, **(values | changes))  # type: ignore[arg-type]  # a test's


def touch(name: str, *, kind: str = "order", at_s: float = 0, lasts_s: float = 0) -> Touch:
    at = NOW + timedelta(seconds=at_s)
    until = at + timedelta(seconds=lasts_s)
    return Touch(kind=kind, id=name, from_at=at, to_at=until)  # type: ignore[arg-type]  # a test's


def test_what_was_judged_ten_seconds_ago_is_judged_again() -> None:
    held = [look("a", judged_s_ago=10)]
    assert sort_looks([], [touch("a")], held, PACE).now == tuple(held)


def test_what_was_judged_a_moment_less_ago_is_put_off_until_then() -> None:
    held = [look("a", judged_s_ago=9.9)]
    found = sort_looks([], [touch("a")], held, PACE)
    assert found.now == ()
    assert [later.next_look_at for later in found.later] == [NOW + timedelta(seconds=0.1)]


def test_an_earlier_look_is_not_put_off_by_a_touch() -> None:
    soon = NOW + timedelta(seconds=0.05)
    held = [look("a", judged_s_ago=9.9, next_look_at=soon)]
    assert sort_looks([], [touch("a")], held, PACE).later == ()


def test_an_intake_is_never_put_off() -> None:
    held = [look("i", judged_s_ago=0.1, kind="intake")]
    assert sort_looks([], [touch("i", kind="intake")], held, PACE).now == tuple(held)


def test_what_is_not_held_is_marked_again() -> None:
    touches = [touch("a"), touch("b"), touch("a")]
    found = sort_looks([], touches, [look("b")], PACE)
    assert found.elsewhere == (touches[0], touches[2])


def test_what_is_due_goes_first_and_what_does_not_fit_is_due_now() -> None:
    due = [look("d1", next_look_at=NOW), look("d2", next_look_at=NOW)]
    held = [look("t1"), look("t2")]
    found = sort_looks(due, [touch("t1"), touch("t2")], held, PACE)
    assert [one.id for one in found.now] == ["d1", "d2", "t1"]
    assert [(one.id, one.next_look_at) for one in found.later] == [("t2", NOW)]


def test_a_place_that_is_put_off_keeps_what_was_touched() -> None:
    held = [look("p", kind="place", judged_s_ago=1)]
    touches = [touch("p", kind="place", lasts_s=5), touch("p", kind="place", at_s=60)]
    (later,) = sort_looks([], touches, held, PACE).later
    at_ms = round(NOW.timestamp() * 1000)
    assert touched_ms(later) == ((at_ms, at_ms + 5000), (at_ms + 60_000, at_ms + 60_000))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 1000)), min_size=1, max_size=80))
def test_stretches_of_a_place_are_joined_and_none_is_lost(spans: list[tuple[int, int]]) -> None:
    held = [look("p", kind="place", judged_s_ago=1)]
    touches = [touch("p", kind="place", at_s=at_s, lasts_s=lasts_s) for at_s, lasts_s in spans]
    (later,) = sort_looks([], touches, held, PACE).later
    kept = touched_ms(later)
    begin_ms = round(NOW.timestamp() * 1000)
    assert len(kept) <= 32
    assert all(
        any(a <= begin_ms + at_s * 1000 and begin_ms + (at_s + s) * 1000 <= b for a, b in kept)
        for at_s, s in spans
    )
