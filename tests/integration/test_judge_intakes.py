"""A supplier's batch is accepted only if its logger shows that it was kept as its policy asks."""

from collections.abc import Iterator

import pytest

from tests.judge_world import T0, JudgeWorld, Reading, judge_world, minutes, steady


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        yield world


def decisions(world: JudgeWorld) -> list[tuple[int, bool, str]]:
    rows = world.sql("SELECT revision, accepted, reason_code FROM intake_decisions ORDER BY 1")
    return [(revision, accepted, code) for revision, accepted, code in rows]


@pytest.mark.parametrize(
    ("readings", "accepted", "code"),
    [
        (steady(3.0), True, "in_range"),
        (steady(3.0, end=10) + steady(6.0, start=10), False, "excursion"),
        (steady(3.0, end=10), False, "too_few_readings"),  # 50 of 60 minutes are unknown
        ([], False, "no_readings"),
    ],
)
def test_a_batch_is_accepted_or_refused_with_the_reason(
    world: JudgeWorld, readings: list[Reading], accepted: bool, code: str
) -> None:
    world.hear(readings)
    world.intake(from_at=T0, until_at=T0 + minutes(60))
    world.judge_all(T0 + minutes(61))
    assert decisions(world) == [(1, accepted, code)]


def test_what_comes_late_revises_the_decision(world: JudgeWorld) -> None:
    world.hear(steady(3.0, end=10))
    world.intake(from_at=T0, until_at=T0 + minutes(60))
    world.judge_all(T0 + minutes(61))
    world.hear(steady(3.0, start=10))
    world.judge_all(T0 + minutes(62))
    assert decisions(world) == [(1, False, "too_few_readings"), (2, True, "in_range")]
    assert [row[1:] for row in world.verdicts("in-1")] == [
        ("unknown", True, 10),
        ("in_range", True, 60),
    ]
