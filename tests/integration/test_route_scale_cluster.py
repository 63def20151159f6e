"""Parts searched by two nodes of a real Ray cluster, one of which is lost."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster as Nodes

from routing.city import city_day
from routing.engine import Budget, Found, Report, never
from routing.evaluate import evaluate
from routing.plan import Draft
from routing.problem import Problem
from routing.scale import SplitSearch
from routing.scale.cluster import Cluster
from routing.scale.crew import Task
from routing.search import compile_ahead, search

pytestmark = pytest.mark.soak  # Ray takes both cores of a small machine for half a minute

CITY = city_day(orders=60, seed=1)
SOON, LATE = Budget(iterations=20), Budget(time_limit_s=2.0)


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[Any, Any]]:
    """Start a cluster of two nodes of one core each; return it and the second of them."""
    compile_ahead()
    small = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster = Nodes(initialize_head=True, head_node_args={**small, "include_dashboard": False})
        yield cluster, cluster.add_node(**small)
        cluster.shutdown()


def marked(
    folder: Path,
    problem: Problem,
    *,
    budget: Budget,
    seed: int,
    start: Draft | None,
    report: Report,
) -> Found:
    """Leave a mark that says which node searches what, and search."""
    node = ray.get_runtime_context().get_node_id()
    (folder / f"{seed}-{node}-{time.monotonic_ns()}").touch()
    return search(problem, budget=budget, seed=seed, start=start, report=report)


def test_a_cluster_finds_what_one_process_finds(nodes: tuple[Any, Any]) -> None:
    asked = {"budget": Budget(iterations=400), "seed": 1, "start": None, "report": lambda _: None}
    found = SplitSearch(cluster=nodes[0].address)(CITY, **asked)
    assert found == SplitSearch(workers=1)(CITY, **asked)


def test_a_lost_node_s_part_is_searched_again(nodes: tuple[Any, Any], tmp_path: Path) -> None:
    cluster, doomed = nodes
    tasks = [Task(CITY, budget, seed, None) for seed, budget in enumerate([SOON, LATE, LATE])]
    with Cluster(partial(marked, tmp_path), cluster.address) as crew:
        assert crew.hands == 2
        answers = crew.search(tasks, never)
        found = dict([next(answers)])
        on_it = _wait_for(tmp_path, f"[12]-{doomed.node_id}-*")
        cluster.remove_node(doomed, allow_graceful=False)
        found.update(answers)
    assert sorted(found) == [0, 1, 2]
    assert all(evaluate(CITY, answer.draft).feasible for answer in found.values())
    seed = on_it.name[0]
    assert len(list(tmp_path.glob(f"{seed}-*"))) == 2
    assert len(list(tmp_path.glob(f"{seed}-{doomed.node_id}-*"))) == 1


def _wait_for(folder: Path, pattern: str) -> Path:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for path in folder.glob(pattern):
            return path
        time.sleep(0.02)
    raise AssertionError(f"no {pattern} within 30 s")
