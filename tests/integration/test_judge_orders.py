"""What is stored of an order's box becomes verdicts, excursions and events, each once."""

from collections.abc import Iterator

import pytest

from tests.judge_world import T0, JudgeWorld, judge_world, minutes, steady


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        yield world


def test_a_box_in_its_range_has_one_verdict_however_often_it_is_judged(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(2.0, end=30))
    world.judge_all(T0 + minutes(30))
    world.hear(steady(2.5, start=30, end=60))
    world.judge_all(T0 + minutes(60))
    assert world.verdicts() == [(1, "in_range", False, 30)]


def test_an_excursion_opens_once_and_closes_as_a_revision_of_itself(world: JudgeWorld) -> None:
    """Above 4 °C from minute 10 on: after half an hour, at minute 40, that is an excursion."""
    world.shipped()
    world.hear(steady(2.0, end=10) + steady(6.0, start=10, end=45))
    world.judge_all(T0 + minutes(45))
    world.hear(steady(6.0, start=45, end=50))
    world.judge_all(T0 + minutes(50))
    assert world.excursions() == [(1, "open", 10, None)]
    world.hear(steady(3.0, start=50, end=60))
    world.judge_all(T0 + minutes(60))
    assert world.excursions() == [(1, "open", 10, None), (2, "closed", 10, 50)]
    assert world.events("frostline.excursion%") == ["excursion.opened", "excursion.closed"]
    assert [row[:2] for row in world.verdicts()] == [(1, "excursion"), (2, "excursion")]
