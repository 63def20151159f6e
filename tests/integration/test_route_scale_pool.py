"""Parts searched by real processes: the same plan, whoever dies."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest

from routing.city import city_day
from routing.engine import Budget, Found, never
from routing.evaluate import evaluate
from routing.scale import SplitSearch
from routing.scale.crew import Alone, CrewLost, Task
from routing.scale.pool import Pool
from routing.search import compile_ahead, search

CITY = city_day(orders=40, seed=1)
TASKS = [Task(CITY, Budget(iterations=200), seed, None) for seed in range(4)]

ENDLESS = """
import multiprocessing
from routing.city import city_day
from routing.engine import Budget, never
from routing.scale.crew import Task
from routing.scale.pool import Pool
from routing.search import search

if __name__ == "__main__":
    city = city_day(orders=40, seed=1)
    soon = Task(city, Budget(iterations=10), 1, None)
    late = Task(city, Budget(time_limit_s=600.0), 1, None)
    with Pool(search, 2) as pool:
        for number, found in pool.search([soon, late, late], never):
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compile_ahead()


def test_processes_find_what_one_finds_alone() -> None:
    with Pool(search, 2) as pool:
        found = dict(pool.search(TASKS, never))
        again = dict(pool.search(TASKS[:1], never))
    assert found == dict(Alone(search).search(TASKS, never))
    assert again == {0: found[0]}


def test_a_number_of_iterations_gives_the_same_plan_whatever_the_crew() -> None:
    plans = [
        SplitSearch(workers=workers)(
            CITY, budget=Budget(iterations=400), seed=1, start=None, report=lambda _: None
        )
        for workers in (1, 2)
    ]
    assert plans[0] == plans[1]


def test_a_dead_worker_s_part_is_searched_again() -> None:
    """Both workers are killed after the first answer; every part is answered all the same."""
    with Pool(search, 2) as pool:
        answers = pool.search(TASKS, never)
        found = dict([next(answers)])
        for child in multiprocessing.active_children():
            os.kill(child.pid or 0, signal.SIGKILL)
        found.update(answers)
    assert sorted(found) == [0, 1, 2, 3]
    assert all(evaluate(CITY, answer.draft).feasible for answer in found.values())


def test_workers_that_always_die_are_given_up() -> None:
    with Pool(_die, 2) as pool, pytest.raises(CrewLost, match="workers died 3 times; 4 parts"):
        list(pool.search(TASKS, never))


def test_a_search_that_is_called_off_ends_at_once_with_what_it_has() -> None:
    """Two of four parts would take ten minutes; it is called off after the first answer."""
    late = Task(CITY, Budget(time_limit_s=600.0), 1, None)
    found: list[int] = []
    with Pool(search, 2) as pool:
        for k, _ in pool.search([*TASKS[:2], late, late], lambda: bool(found)):
            found.append(k)
    assert 0 < len(found) <= 2


def test_workers_that_only_begin_are_ended_too() -> None:
    """Called off before a worker is there: nobody waits for the half minute that it would search.

    A search asks twice before it looks at its workers; they need a second to be there.
    """
    asked: list[None] = []

    def third_time() -> bool:
        asked.append(None)
        return len(asked) > 2

    began_s = perf_counter()
    with Pool(search, 2) as pool:
        late = Task(CITY, Budget(time_limit_s=30.0), 1, None)
        assert list(pool.search([late, late], third_time)) == []
    assert perf_counter() - began_s < 20


def test_an_engine_s_error_is_not_hidden() -> None:
    with Pool(_fail, 2) as pool, pytest.raises(ZeroDivisionError):
        list(pool.search(TASKS, never))


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Start a process whose two workers would search for ten minutes; return it and their ids."""
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    with subprocess.Popen(
        [sys.executable, str(script)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, [int(pid) for pid in process.stdout.readline().split()]
        process.kill()


def test_ctrl_c_ends_workers_at_once(endless: tuple[subprocess.Popen[str], list[int]]) -> None:
    process, workers = endless
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody
    _, error = process.communicate(timeout=20)
    assert error.count("Traceback") == 1  # this process's own, and no worker's
    assert "KeyboardInterrupt" in error
    assert len(workers) == 2
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def test_workers_end_with_their_parent(endless: tuple[subprocess.Popen[str], list[int]]) -> None:
    """The workers hold the parent's pipes: those are closed when all of them are gone."""
    process, workers = endless
    process.kill()
    process.communicate(timeout=20)
    assert len(workers) == 2


def _die(*_args: object, **_kwargs: object) -> Found:
    os._exit(1)


def _fail(*_args: object, **_kwargs: object) -> Found:
    raise ZeroDivisionError
