"""How good are our plans beside those of OR-Tools, PyVRP and VROOM, in the same time?

Every problem is put to every engine in turn, each in a process of its own with one thread
(`bench.route_child`); every answer is judged by `routing.evaluate`. docs/bench-route.md says how
each peer is asked, and what it can't be told.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import msgspec
from rich.console import Console

from bench.report import progress, publish
from bench.route_cases import Wrong, instances_in
from bench.route_rows import CLASSES, ENGINES, NEEDS, Engine, ProblemClass, Row, Task
from bench.route_spawn import run as run_task
from bench.route_table import figures, first_answers, show

ORDERS = {"own": (50, 200, 500, 1000), "plain": (200, 500)}
FIRST_ORDERS = (500, 1000)

__all__ = ["Asked", "Wrong", "asked_for", "run", "run_first"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be measured. `orders` empty means each class's own numbers."""

    classes: tuple[ProblemClass, ...]
    engines: tuple[Engine, ...] = ENGINES
    orders: tuple[int, ...] = ()
    seeds: int = 3
    seconds: float = 10.0
    instances: Path | None = None


def asked_for(
    words: Mapping[str, str], *, seeds: int, seconds: float, instances: Path | None
) -> Asked:
    """Read what was asked for; raise `Wrong` if that can't be measured."""
    classes, engines = _split(words["class"]), _split(words["engines"])
    for name, known in (*((name, CLASSES) for name in classes), *((n, ENGINES) for n in engines)):
        if name not in known:
            raise Wrong(f"{name} is none of {', '.join(known)}")
    orders = _split(words["orders"])
    if not all(count.isdecimal() and int(count) > 0 for count in orders):
        raise Wrong(f"{words['orders']} are no numbers of orders: try 50,200")
    check_installed(engines)
    if "public" in classes:
        instances_in(instances)
    return Asked(
        classes=tuple(name for name in CLASSES if name in classes),
        engines=tuple(name for name in ENGINES if name in engines),
        orders=tuple(map(int, orders)),
        seeds=seeds,
        seconds=seconds,
        instances=instances,
    )


def _split(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def run(asked: Asked, *, json: bool) -> None:
    """Measure, saying each row as it comes; print one JSON object, or tables."""
    rows = measured(asked)
    if json:
        publish("route", figures(rows), json=True)
    else:
        show(rows, Console())


def run_first(asked: Asked, *, json: bool) -> None:
    """Measure how long each engine takes to its first plan."""
    own = replace(asked, classes=("own",), orders=asked.orders or FIRST_ORDERS)
    publish("longest wait for a first plan, s", first_answers(measured(own)), json=json)


def measured(asked: Asked) -> list[Row]:
    """Return a row for each problem and engine."""
    rows = []
    for task in tasks(asked):
        rows.append(run_task(task))
        progress(sentence(rows[-1]))
    return rows


def check_installed(engines: Iterable[str]) -> None:
    """Raise `Wrong` if an engine can't be imported."""
    for engine in engines:
        if engine in NEEDS and find_spec(NEEDS[engine]) is None:
            raise Wrong(f"{engine} is not installed: pip install 'frostline[peers]'")


def tasks(asked: Asked) -> Iterator[Task]:
    """Yield what to measure: problem by problem, and on each all engines one after the other."""
    for problem_class in asked.classes:
        for problem in _problems(asked, problem_class):
            for engine in asked.engines:
                yield msgspec.structs.replace(problem, engine=engine)


def _problems(asked: Asked, problem_class: ProblemClass) -> Iterator[Task]:
    base = Task(problem_class=problem_class, engine="ours", seed=0, seconds=asked.seconds)
    for seed in range(1, asked.seeds + 1):
        if problem_class == "public":
            for path in instances_in(asked.instances):
                yield msgspec.structs.replace(base, seed=seed, instance=str(path))
            continue
        for orders in asked.orders or ORDERS[problem_class]:
            yield msgspec.structs.replace(base, seed=seed, orders=orders)


def sentence(row: Row) -> str:
    """Say one row."""
    name = f"{row.problem_class} {row.instance or row.orders} seed {row.seed} {row.engine}"
    if row.cost is None:
        return f"{name}: {row.failure}"
    gap = "" if row.gap_percent is None else f", {row.gap_percent:.2f} % above the best known"
    broken = f", {row.repaired} rules broken and repaired" if row.repaired else ""
    way = f", {row.way}" if row.way else ""
    threads = row.cpu_seconds / max(row.seconds, 0.001)
    return (
        f"{name}: {row.cost:,.0f}{gap}, {row.unserved} unserved{broken}{way}"
        f" ({row.seconds:.1f} s, {threads:.2f} of a core)"
    )
