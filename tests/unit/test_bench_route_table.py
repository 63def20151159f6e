"""What the rows of the router's bench come to."""

import math

import msgspec
import pytest

from bench.route import Asked, Wrong, asked_for, tasks
from bench.route_rows import Row
from bench.route_table import compare, figures, first_answers, mean_gaps

DAY = {"problem_class": "own", "orders": 50, "seed": 1, "seconds": 1.0, "unserved": 0}


def row(**changes) -> Row:
    return Row(**{**DAY, "engine": "ours", "cost": 100.0, **changes})


def instance(engine: str, name: str, gap: float | None) -> Row:
    cost = None if gap is None else 1000 + 10 * gap
    return row(problem_class="public", engine=engine, instance=name, cost=cost, gap_percent=gap)


def test_a_mean_gap_is_over_all_instances() -> None:
    rows = [instance("ours", "R1", 0.5), instance("ours", "C1", 0.0), instance("pyvrp", "R1", 1.0)]
    assert mean_gaps(rows) == {"ours": 0.25, "pyvrp": 1.0}


def test_an_engine_that_missed_an_instance_has_no_mean_gap() -> None:
    assert mean_gaps([instance("vroom", "R1", 1.0), instance("vroom", "C1", None)]) == {}


def test_a_ratio_is_the_geometric_mean_over_days() -> None:
    rows = [
        row(seed=1, cost=90.0),
        row(seed=2, cost=80.0),
        row(seed=1, cost=100.0, engine="pyvrp"),
        row(seed=2, cost=50.0, engine="pyvrp"),
    ]
    (one,) = compare(rows)
    # sqrt(0.9 * 1.6) = 1.2: cheaper on one of two days, and dearer by 60 % at worst.
    assert one.cost_ratio == pytest.approx(math.sqrt(0.9 * 1.6))
    assert (one.cheaper, one.problems, one.worst_ratio) == (1, 2, 1.6)


@pytest.mark.parametrize(("unserved", "holds"), [(2, True), (3, False)])
def test_a_lower_cost_claims_nothing_with_more_orders_unserved(unserved: int, holds: bool) -> None:
    rows = [row(unserved=unserved), row(engine="ortools", cost=200.0, unserved=2)]
    assert [one.holds for one in compare(rows)] == [holds]


def test_days_that_a_peer_did_not_answer_are_not_compared() -> None:
    assert compare([row(), row(engine="vroom", cost=None, failure="no answer")]) == []


def test_figures_have_the_names_that_others_rely_on() -> None:
    found = figures([row(), instance("ours", "R1", 0.5)])
    assert found["public"] == {"mean_gap_percent": {"ours": 0.5}}
    rows = msgspec.json.decode(msgspec.json.encode(found))["rows"]
    expected = {"class", "orders", "seed", "engine", "seconds", "cost", "unserved"}
    expected |= {"cost_without_drops_and_lateness", "late_minutes", "repaired"}
    expected |= {"load_seconds", "compile_seconds", "first_answer_seconds"}
    assert all(expected <= set(one) for one in rows)


def test_the_longest_wait_counts() -> None:
    rows = [
        row(first_answer_seconds=0.2),
        row(seed=2, first_answer_seconds=0.7),
        row(engine="vroom"),
    ]
    assert first_answers(rows) == {"50.ours": 0.7, "50.vroom": None}


def test_every_engine_is_asked_about_every_day() -> None:
    asked = Asked(classes=("own", "plain"), engines=("ours", "pyvrp"), orders=(50, 60), seeds=3)
    found = {(task.problem_class, task.orders, task.seed, task.engine) for task in tasks(asked)}
    assert len(found) == 2 * 2 * 3 * 2


@pytest.mark.parametrize(
    "wrong", [{"class": "others"}, {"engines": "ours,excel"}, {"orders": "many"}, {"orders": "0"}]
)
def test_what_can_not_be_measured_is_refused(wrong: dict[str, str]) -> None:
    words = {"class": "own", "engines": "ours", "orders": "50", **wrong}
    with pytest.raises(Wrong, match=r"is none of|are no numbers"):
        asked_for(words, seeds=1, seconds=1, instances=None)


def test_a_folder_without_instances_is_refused(tmp_path) -> None:
    words = {"class": "public", "engines": "ours", "orders": ""}
    with pytest.raises(Wrong, match=r"best-known\.json"):
        asked_for(words, seeds=1, seconds=1, instances=tmp_path)
