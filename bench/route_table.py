"""What do the rows come to: mean gaps, and how much cheaper than each peer?"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Final

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench.route_rows import Engine, ProblemClass, Row

NOT_TOLD: Final[Mapping[Engine, str]] = {
    "ortools": "nothing is left out on these days; the model is routing.constraint's",
    "constraint": "routing.constraint as it is: OR-Tools with our filter of neighbours",
    "pyvrp": "not told what lateness and time on board cost, nor how long a box holds",
    "vroom": "not told what lateness, time on board and dropping cost, how long a box holds, how "
    "many trips a vehicle may make, nor that an order has a second depot",
}
"""What a peer can't be told of our own days."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Ours beside one peer, on the same problems.

    `cost_ratio` is ours to the peer's, the geometric mean over the problems that both answered;
    `cheaper` counts those on which ours is below it. `holds` says whether ours left no more orders
    unserved than the peer; otherwise a lower cost claims nothing.
    """

    problem_class: ProblemClass = msgspec.field(name="class")
    orders: int
    peer: Engine
    problems: int
    cost_ratio: float
    cheaper: int
    worst_ratio: float
    unserved_ours: int
    unserved_peer: int
    holds: bool


def mean_gaps(rows: Iterable[Row]) -> dict[str, float]:
    """Return each engine's mean gap to the best known, if it answered every instance."""
    gaps: dict[str, list[float]] = defaultdict(list)
    failed = set()
    for row in rows:
        if row.problem_class == "public":
            gaps[row.engine].append(row.gap_percent or 0.0)
            if row.gap_percent is None:
                failed.add(row.engine)
    return {
        engine: round(fmean(values), 3) for engine, values in gaps.items() if engine not in failed
    }


def compare(rows: Sequence[Row]) -> list[Comparison]:
    """Return ours beside each peer, by class and number of orders."""
    found = []
    answered = {_problem(row): row for row in rows if row.engine == "ours" and row.cost}
    theirs: dict[tuple[ProblemClass, int, Engine], list[Row]] = defaultdict(list)
    for row in rows:
        comparable = row.problem_class != "public" and row.engine != "ours"
        if comparable and row.cost and _problem(row) in answered:
            theirs[row.problem_class, row.orders, row.engine].append(row)
    for (problem_class, orders, peer), peers in sorted(theirs.items()):
        pairs = [(answered[_problem(row)], row) for row in peers]
        ratios = [(ours.cost or 0) / (row.cost or 1) for ours, row in pairs]
        unserved = [sum(row.unserved or 0 for row in side) for side in zip(*pairs, strict=True)]
        found.append(
            Comparison(
                problem_class=problem_class,
                orders=orders,
                peer=peer,
                problems=len(pairs),
                cost_ratio=round(math.exp(fmean(map(math.log, ratios))), 4),
                cheaper=sum(ratio < 1 for ratio in ratios),
                worst_ratio=round(max(ratios), 4),
                unserved_ours=unserved[0],
                unserved_peer=unserved[1],
                holds=unserved[0] <= unserved[1],
            )
        )
    return found


def figures(rows: Sequence[Row]) -> dict[str, object]:
    """Return everything as what JSON knows."""
    found: dict[str, object] = {}
    gaps = mean_gaps(rows)
    if any(row.problem_class == "public" for row in rows):
        found["public"] = {"mean_gap_percent": gaps}
    if any(row.problem_class == "own" for row in rows):
        found["own"] = {"not_told": dict(NOT_TOLD)}
    found["ratios"] = msgspec.to_builtins(compare(rows))
    found["rows"] = msgspec.to_builtins(rows)
    return found


def first_answers(rows: Iterable[Row]) -> dict[str, object]:
    """Return the longest time to a first plan, by orders and engine."""
    longest: dict[str, object] = {}
    for row in rows:
        name = f"{row.orders}.{row.engine}"
        known = longest.get(name, 0.0)
        if row.first_answer_seconds is None or not isinstance(known, float):
            longest[name] = None
        else:
            longest[name] = max(known, row.first_answer_seconds)
    return longest


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the tables."""
    if any(row.problem_class == "public" for row in rows):
        console.print(_gap_table(rows))
    comparisons = compare(rows)
    days = [row for row in rows if row.problem_class != "public"]
    if days:
        console.print(_cost_table(days))
    for engine in dict.fromkeys(row.engine for row in days if row.problem_class == "own"):
        if engine in NOT_TOLD:
            console.print(f"own, {engine}: {NOT_TOLD[engine]}")
    if comparisons:
        console.print(_ratio_table(comparisons))


def _gap_table(rows: Sequence[Row]) -> Table:
    table = Table(title="public instances: mean gap to the best known, %")
    table.add_column("engine")
    table.add_column("gap", justify="right")
    gaps = mean_gaps(rows)
    for engine in dict.fromkeys(row.engine for row in rows if row.problem_class == "public"):
        gap = gaps.get(engine)
        table.add_row(engine, "not all answered" if gap is None else f"{gap:.2f}")
    return table


def _cost_table(rows: Sequence[Row]) -> Table:
    table = Table(
        box=SIMPLE,
        title="mean over the seeds",
        caption="* without drops and lateness; left: unserved; broken: rules, before the repair",
    )
    names = ("orders", "engine", "cost", "cost*", "left", "late min", "broken", "first s", "s")
    for name in names:
        table.add_column(name, justify="left" if name in {"orders", "engine"} else "right")
    groups: dict[tuple[ProblemClass, int, Engine], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.problem_class, row.orders, row.engine].append(row)
    for (problem_class, orders, engine), group in groups.items():
        columns = (
            _mean(row.cost for row in group),
            _mean(row.cost_without_drops_and_lateness for row in group),
            _mean((row.unserved for row in group), digits=1),
            _mean(row.late_minutes for row in group),
            _mean((row.repaired for row in group), digits=1),
            _mean((row.first_answer_seconds for row in group), digits=2),
            _mean((row.seconds for row in group), digits=1),
        )
        table.add_row(f"{problem_class} {orders}", engine, *columns)
    return table


def _mean(values: Iterable[float | None], *, digits: int = 0) -> str:
    known = list(values)
    if not known or any(value is None for value in known):
        return "-"
    return f"{fmean(value for value in known if value is not None):,.{digits}f}"


def _ratio_table(comparisons: Sequence[Comparison]) -> Table:
    table = Table(title="our cost as a part of theirs")
    for name in ("class", "orders", "peer", "ratio", "worst", "cheaper", "unserved", ""):
        table.add_column(name, justify="left" if name in {"class", "peer", ""} else "right")
    for one in comparisons:
        table.add_row(
            one.problem_class,
            str(one.orders),
            one.peer,
            f"{one.cost_ratio:.3f}",
            f"{one.worst_ratio:.3f}",
            f"{one.cheaper} of {one.problems}",
            f"{one.unserved_ours} : {one.unserved_peer}",
            "" if one.holds else "claims nothing: more unserved",
        )
    return table


def _problem(row: Row) -> tuple[ProblemClass, int, int, str | None]:
    return row.problem_class, row.orders, row.seed, row.instance
