"""One measurement, in a process of its own: `python -m bench.route_child`, a task on its input.

So no engine finds another's memory, threads or caches. The clock runs from the problem to the
draft: building an engine's model counts, for everyone. Importing, compiling, judging and repairing
don't; the first two are timed apart.
"""

import resource
import sys
import time
from typing import NamedTuple

import msgspec

from bench.peers.asked import Answer
from bench.peers.second_chance import offer_again
from bench.route_cases import Case, case_of
from bench.route_rows import Row, Task
from bench.route_ways import Way, load
from routing.evaluate import Evaluation, evaluate
from routing.plan import UNITS_PER_MINOR, Draft
from routing.problem import Problem
from routing.repair import repair


class Timed(NamedTuple):
    """An answer, and what it took."""

    way: str | None
    answer: Answer
    wall_s: float
    cpu_s: float


def measure(task: Task) -> Row:
    """Ask an engine in each of its ways; return its best answer."""
    case = case_of(task)
    began_s = time.perf_counter()
    engine = load(task.engine)
    loaded_s = time.perf_counter()
    engine.compile_ahead(task)
    compiled_s = time.perf_counter()
    rows = [_judged(task, case, timed(way)) for way in engine.ways(case.problem, task)]
    best = min(rows, key=lambda row: row.cost if row.cost is not None else float("inf"))
    first = [row.first_answer_seconds for row in rows if row.first_answer_seconds is not None]
    return msgspec.structs.replace(
        best,
        first_answer_seconds=min(first, default=None),
        load_seconds=round(loaded_s - began_s, 3),
        compile_seconds=round(compiled_s - loaded_s, 3),
    )


def timed(way: Way) -> Timed:
    """Run the clock."""
    wall_s, cpu_s = time.perf_counter(), _cpu_s()
    answer = way.ask()
    return Timed(way.name, answer, time.perf_counter() - wall_s, _cpu_s() - cpu_s)


def settle(problem: Problem, answer: Answer) -> tuple[Evaluation, int, int]:
    """Judge an answer in its best reading, repaired if it must be.

    Returns how that is, orders unserved, and how many rules it broke.
    """
    return min(
        (_settled(problem, draft) for draft in dict.fromkeys(answer.drafts)),
        key=lambda settled: (not settled[0].feasible, settled[0].cost.total),
    )


def _settled(problem: Problem, draft: Draft) -> tuple[Evaluation, int, int]:
    found = evaluate(problem, draft)
    broken = len(found.violations)
    if broken:
        draft = offer_again(problem, repair(problem, draft))
        found = evaluate(problem, draft)
    return found, len(problem.orders) - _served(draft), broken


def _judged(task: Task, case: Case, timed: Timed) -> Row:
    found, unserved, broken = settle(case.problem, timed.answer)
    row = Row(
        problem_class=task.problem_class,
        orders=len(case.problem.orders),
        seed=task.seed,
        engine=task.engine,
        seconds=round(timed.wall_s, 3),
        cost=None,
        unserved=unserved,
        late_minutes=round(found.totals.late_s / 60, 1),
        repaired=broken,
        first_answer_seconds=_rounded(timed.answer.first_answer_s),
        cpu_seconds=round(timed.cpu_s, 3),
        instance=task.instance and case.name,
        best_known=case.best_known,
        way=timed.way,
    )
    if not found.feasible:
        return msgspec.structs.replace(row, failure=found.violations[0].sentence)
    return msgspec.structs.replace(row, **_costs(case, found, unserved))


def _costs(case: Case, found: Evaluation, unserved: int) -> dict[str, float | str]:
    """Return the cost of a repaired answer, or of a public instance its way and gap."""
    if case.best_known is None:
        less = found.cost.total - found.cost.drops - found.cost.lateness
        return {
            "cost": found.cost.total_minor,
            "cost_without_drops_and_lateness": round(less / UNITS_PER_MINOR),
        }
    if unserved:
        return {"failure": f"{unserved} customers unserved"}
    distance = found.totals.distance_m / case.metres_per_unit
    gap = (distance / case.best_known - 1) * 100
    return {"cost": distance, "gap_percent": round(gap, 3)}


def _served(draft: Draft) -> int:
    return sum(len(tour.visits) for tours in draft for tour in tours)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    answered = msgspec.json.encode(measure(asked))
    sys.stdout.buffer.write(answered)
