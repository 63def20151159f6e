"""What is locked is served where it can be: at its door, or else at its locker."""

import pytest

from routing.check import ImpossibleProblem, check
from routing.evaluate import Judge, evaluate
from routing.locked import NoFeasiblePlan, locked_draft
from routing.plan import Visit
from routing.problem import CurrentTrip, Locker, Problem
from routing.repair import repair
from tests.routing_street import EIGHT, draft, order, street, tour, van


def underway(latest_s: int) -> Problem:
    """Return a van at km 1 that must bring o0 next: its door is 900 s away, its locker 300 s."""
    locked = order(0, 10, due_s=latest_s, latest_s=latest_s, locker=Locker(place="km4"))
    current = CurrentTrip(
        departed_s=EIGHT, place="km1", free_s=EIGHT, aboard=("o0",), locked=("o0",)
    )
    return street(locked, vehicles=(van(current=current),))


def test_a_door_that_can_be_reached_comes_before_the_locker() -> None:
    [[first]] = locked_draft(Judge(underway(EIGHT + 900)))
    assert first.visits == (Visit(0, to_locker=False),)


def test_a_locker_serves_where_the_door_is_too_far() -> None:
    problem = underway(EIGHT + 899)
    check(problem)
    [[first]] = locked_draft(Judge(problem))
    assert first.visits == (Visit(0, to_locker=True),)


def test_a_trip_that_is_late_everywhere_is_refused_with_its_place() -> None:
    problem = underway(EIGHT + 299)
    with pytest.raises(ImpossibleProblem, match=r"^vehicles\[0\]\.current: can't be finished"):
        check(problem)
    with pytest.raises(NoFeasiblePlan, match="o0"):
        locked_draft(Judge(problem))


def test_a_draft_without_the_locked_stop_gets_it_where_it_can_be() -> None:
    problem = underway(EIGHT + 899)
    mended = repair(problem, draft(tour()))
    assert mended[0][0].visits == (Visit(0, to_locker=True),)
    assert evaluate(problem, mended).violations == ()
