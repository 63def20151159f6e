"""One measurement of the router's bench, in a process of its own and in this one."""

import pytest

pytest.importorskip("pyvrp", reason="frostline[peers] is not installed")

from bench.peers.asked import Answer
from bench.route_cases import BUNDLED
from bench.route_child import settle
from bench.route_rows import Task
from bench.route_spawn import run
from routing.city import city_day
from routing.evaluate import evaluate
from routing.plan import Tour, Visit

TINY = Task(problem_class="plain", engine="pyvrp", seed=1, orders=8, seconds=0.3)


def test_a_row_is_what_a_process_of_its_own_found() -> None:
    row = run(TINY)
    assert row.failure is None
    assert (row.problem_class, row.orders, row.seed, row.engine) == ("plain", 8, 1, "pyvrp")
    assert row.cost is not None
    assert row.cost > 0
    assert (row.unserved, row.repaired) == (0, 0)
    # It was timed, and had no second thread: a core can't be used for longer than the clock ran.
    assert row.seconds >= 0.3
    assert row.cpu_seconds <= row.seconds * 1.1 + 0.05


@pytest.mark.parametrize("engine", ["ours", "ortools", "constraint", "vroom"])
def test_every_engine_answers(engine: str) -> None:
    row = run(Task(problem_class="own", engine=engine, seed=1, orders=6, seconds=0.3))
    assert row.failure is None
    assert row.cost is not None
    assert row.cost > 0
    assert row.load_seconds > 0


def test_a_public_instance_is_held_against_the_best_known() -> None:
    path = BUNDLED / "C109.vrp"
    row = run(Task(problem_class="public", engine="pyvrp", seed=1, seconds=1, instance=str(path)))
    assert row.best_known == 827.3
    assert row.cost is not None
    # Nobody has found a shorter way; the row says how much longer this one is.
    assert row.cost >= 827.3
    assert row.gap_percent == pytest.approx((row.cost / 827.3 - 1) * 100, abs=0.001)


def test_a_process_that_fails_says_why() -> None:
    row = run(Task(problem_class="public", engine="pyvrp", seed=1, seconds=0.3, instance="/no.vrp"))
    assert row.cost is None
    assert row.failure is not None
    assert "ended with 1" in row.failure


def test_a_process_that_does_not_come_back_is_given_up() -> None:
    row = run(TINY, patience_s=-2 * 2 * TINY.seconds + 0.01)
    assert row.failure == "no answer within 0 s"


def test_an_answer_that_breaks_rules_is_repaired_and_counted() -> None:
    day = city_day(orders=8, seed=1, scenario="plain")
    everything = Tour(tuple(Visit(k) for k in range(8)))
    draft = tuple((everything,) if k == 0 else () for k in range(len(day.vehicles)))
    broken = evaluate(day, draft).violations
    assert broken
    found, unserved, repaired = settle(day, Answer(drafts=(draft,)))
    assert found.feasible
    assert repaired == len(broken)
    assert unserved == 0  # what didn't fit went to another vehicle


def test_the_best_reading_of_an_answer_counts() -> None:
    day = city_day(orders=2, seed=1, scenario="plain")
    nobody = tuple(() for _ in day.vehicles)
    found, unserved, _ = settle(day, Answer(drafts=(nobody,)))
    assert unserved == 2
    best = settle(day, Answer(drafts=(nobody, *(_alone(day, k) for k in range(len(day.vehicles))))))
    assert best[0].cost.total < found.cost.total


def _alone(day, vehicle: int):
    both = (Tour((Visit(0), Visit(1))),)
    return tuple(both if k == vehicle else () for k in range(len(day.vehicles)))
