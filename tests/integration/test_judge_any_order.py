"""However readings arrive and whenever they are judged, what stands at the end is the same."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.judge_world import BOX, T0, VAN, JudgeWorld, Reading, judge_world, minutes, steady

# Both loggers' readings of an hour. The box is too warm from minute 10 on, was not heard for a
# while, and stands in a van that was.
OF_THE_BOX = [
    *((BOX, reading) for reading in steady(3.0, end=10, step_s=150)),
    *((BOX, reading) for reading in steady(6.2, start=10, end=44, step_s=150)),
    *((BOX, reading) for reading in steady(3.1, start=52, end=60, step_s=150)),
]
OF_THE_VAN = [(VAN, reading) for reading in steady(3.4, start=1, end=60, step_s=300)]
ALL = OF_THE_BOX + OF_THE_VAN
END = T0 + minutes(60)
LONG_AFTER = T0 + timedelta(hours=10)
_EMPTY = (
    "DELETE FROM trigger_decisions; DELETE FROM triggers; DELETE FROM evidence; "
    "DELETE FROM excursions; DELETE FROM verdicts; DELETE FROM alert_log; DELETE FROM alerts; "
    "DELETE FROM events; DELETE FROM looks; DELETE FROM touched; DELETE FROM readings; "
    "DELETE FROM milestones; UPDATE consignments SET closed_at = NULL"
)


@dataclass(frozen=True)
class Arrival:
    """One flush, then a judge's run: which readings, and how long after the hour began."""

    rows: tuple[int, ...]
    judged_after_min: int


def arrivals() -> st.SearchStrategy[list[Arrival]]:
    """Return any splitting of any readings, repeated or not, with times of judging that rise."""
    one = st.builds(
        Arrival,
        rows=st.lists(st.integers(0, len(ALL) - 1), max_size=12).map(tuple),
        judged_after_min=st.integers(0, 300),
    )
    return st.lists(one, max_size=5).map(lambda a: sorted(a, key=lambda x: x.judged_after_min))


def final_state(world: JudgeWorld) -> dict[str, list[tuple[Any, ...]]]:
    """Return what stands, without when it was found and by which revisions."""
    return {
        "verdicts": world.sql(
            "SELECT subject_id, outcome, is_final, readings, readings_sha256, as_of, summary "
            "FROM current_verdicts WHERE subject_kind = 'consignment'"
        ),
        "excursions": world.sql(
            "SELECT limit_name, source, state, from_at, until_at, extreme_c, degree_minutes, "
            "duration_s FROM current_excursions "
            "WHERE order_id IS NOT NULL AND state <> 'withdrawn' ORDER BY from_at, limit_name"
        ),
        "evidence": world.sql(
            "SELECT cause, outcome, amount, encode(sha256, 'hex') FROM current_decisions "
            "JOIN evidence USING (evidence_id) WHERE outcome <> 'withdrawn' ORDER BY cause"
        ),
        "net": world.sql(
            "SELECT cause, sum(delta)::bigint FROM triggers JOIN trigger_decisions "
            "USING (trigger_id) GROUP BY cause HAVING sum(delta) <> 0 ORDER BY cause"
        ),
    }


def hear(world: JudgeWorld, rows: tuple[int, ...]) -> None:
    """Store readings, those of each logger as one flush."""
    for logger_id in (BOX, VAN):
        readings: list[Reading] = [ALL[row][1] for row in rows if ALL[row][0] == logger_id]
        world.hear(list(dict.fromkeys(readings)), logger_id)


def judged_as(world: JudgeWorld, plan: list[Arrival], *, closed_before: int) -> dict[str, Any]:
    """Let readings arrive as planned, then all of them; return what stands long after."""
    world.sql(_EMPTY)
    world.touch_order("order-1")
    for number, arrival in enumerate([*plan, Arrival(tuple(range(len(ALL))), 300)]):
        if number == min(closed_before, len(plan)):
            world.close_order(at=END)
        hear(world, arrival.rows)
        world.judge_all(max(T0 + minutes(arrival.judged_after_min), world.now))
    world.judge_all(LONG_AFTER)
    world.now = T0
    return final_state(world)


def test_any_arrival_of_the_same_readings_ends_in_the_same_verdict_and_compensation(
    database_url: str,
) -> None:
    with judge_world(database_url) as world:
        world.policy()
        world.place()
        world.bind(VAN, place_id="van-1")
        world.shipped()
        world.stay("order-1.chilled", "van-1", T0, None)
        world.now = T0
        expected = judged_as(world, [], closed_before=0)
        assert [row[1:4] for row in expected["verdicts"]] == [("excursion", True, len(ALL))]
        assert expected["net"] == [("spoiled:order-1.chilled", 15_000)]

        @settings(max_examples=40, deadline=None, database=None)
        @given(plan=arrivals(), closed_before=st.integers(0, 5))
        @example(plan=[Arrival(tuple(range(4, 18)), 45)], closed_before=1)
        def check(plan: list[Arrival], closed_before: int) -> None:
            assert judged_as(world, plan, closed_before=closed_before) == expected

        check()
