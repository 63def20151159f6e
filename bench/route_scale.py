"""How soon is a large city planned, how well, and with how much memory?

`python -m bench.route_scale --orders 5000 --seconds 120` plans one city by parts. `--compare` plans
it in several ways at the same time limit, to show what splitting costs. Memory is that of all
processes together, looked at ten times a second; pages that they share are counted in each.
"""

import argparse
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from bench.process import cost_of
from bench.report import progress, publish
from routing.city import city_day
from routing.engine import Budget, Engine, Found, Progress, Report
from routing.evaluate import evaluate
from routing.plan import Draft, minor_of
from routing.problem import Problem
from routing.scale import SplitSearch
from routing.scale.crew import Alone
from routing.scale.polish import Solver
from routing.scale.shares import Purse
from routing.search import compile_ahead, search

LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to plan one city. Costs are in fen, `peak_mb` in 10^6 bytes."""

    way: str
    orders: int
    vehicles: int
    seed: int
    processes: int
    seconds: float
    first_plan_seconds: float | None
    first_plan_cost: int | None
    cost: int
    unserved: int
    late_minutes: float
    iterations: int
    peak_mb: float


@dataclass(kw_only=True)
class Told:
    """What a search said while it ran."""

    way: str
    began_s: float = field(default_factory=time.perf_counter)
    first_s: float | None = None
    first_total: int | None = None

    def __call__(self, told: Progress) -> None:
        """Keep the first plan's time and cost."""
        elapsed_s = time.perf_counter() - self.began_s
        if told.total is not None and self.first_s is None:
            self.first_s, self.first_total = elapsed_s, told.total
        total = "" if told.total is None else f" {minor_of(told.total):,} fen"
        progress(f"{elapsed_s:7.1f} s {self.way}: {told.phase}{total}")


def parts_only(
    problem: Problem, *, budget: Budget, seed: int, start: Draft | None, report: Report
) -> Found:
    """Search the parts for all of the time and polish nothing: what a plain split comes to."""
    solver = Solver(
        problem=problem,
        crew=Alone(search),
        purse=Purse(budget),
        seed=seed,
        report=report,
        first_share=1.0,
        first_most_s=math.inf,
    )
    return solver.solve(start)


WAYS: Final[dict[str, tuple[Engine, int]]] = {
    "whole": (search, 1),
    "parts only": (parts_only, 1),
    "split and polished": (SplitSearch(workers=1), 1),
}


def measure(
    problem: Problem, way: str, engine: Engine, *, processes: int, seconds: float, seed: int
) -> Row:
    """Plan a city, and say how it went."""
    told = Told(way=way)
    with _watched() as peak_mb:
        found = engine(
            problem, budget=Budget(time_limit_s=seconds), seed=seed, start=None, report=told
        )
        took_s = time.perf_counter() - told.began_s
    judged = evaluate(problem, found.draft)
    if not judged.feasible:
        raise AssertionError(judged.violations[0].sentence)
    served = sum(len(trip.stops) for route in judged.routes for trip in route.trips)
    return Row(
        way=way,
        orders=len(problem.orders),
        vehicles=len(problem.vehicles),
        seed=seed,
        processes=processes,
        seconds=round(took_s, 1),
        first_plan_seconds=told.first_s and round(told.first_s, 1),
        first_plan_cost=None if told.first_total is None else minor_of(told.first_total),
        cost=judged.cost.total_minor,
        unserved=len(problem.orders) - served,
        late_minutes=round(judged.totals.late_s / 60, 1),
        iterations=found.iterations,
        peak_mb=round(max(peak_mb), 0),
    )


def run(args: argparse.Namespace) -> None:
    """Measure what was asked for."""
    processes = args.workers or len(os.sched_getaffinity(0))
    problem = city_day(orders=args.compare or args.orders, seed=args.seed, scenario=args.scenario)
    compile_ahead()
    ways = dict(WAYS) if args.compare else {}
    ways[f"split and polished, {processes} processes"] = (
        SplitSearch(workers=args.workers, cluster=args.cluster),
        processes,
    )
    rows = [
        measure(problem, way, engine, processes=hands, seconds=args.seconds, seed=args.seed)
        for way, (engine, hands) in ways.items()
    ]
    if args.json:
        publish("", {"rows": [asdict(row) for row in rows]}, json=True)
        return
    for row in rows:
        publish(row.way, asdict(row), json=False)


@contextmanager
def _watched() -> Iterator[list[float]]:
    """Look at the memory of this process and its descendants while something runs."""
    peak_mb, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(LOOK_EVERY_S):
            peak_mb.append(max(peak_mb.pop(), sum(_resident_mb(os.getpid()))))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak_mb
    finally:
        done.set()
        watcher.join()


def _resident_mb(pid: int) -> Iterator[float]:
    """Yield what a process and its descendants hold now."""
    try:
        yield cost_of(pid).resident_mb
        children = [
            int(child)
            for task in (Path("/proc") / str(pid) / "task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, KeyError, ProcessLookupError):  # it has ended meanwhile
        return
    for child in children:
        yield from _resident_mb(child)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Plan a large city by parts.")
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", default="normal")
    parser.add_argument("--workers", type=int, help="processes; one a core if not given")
    parser.add_argument("--cluster", help="address of a Ray cluster")
    parser.add_argument("--compare", type=int, metavar="ORDERS", help="whole and split, same time")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    run(_parsed())
