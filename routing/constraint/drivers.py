"""Who drives which shift?

A vehicle's shift needs a driver who has its licence, is there for the whole of it, has hours left,
and rests between two shifts. CP-SAT covers as many shifts as can be, as cheaply as can be. For each
that stays open it is said how near anybody came to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from ortools.sat.python import cp_model

from routing.problem import VehicleKind

sat: Any = cp_model

HOUR_S: Final = 3600
DETERMINISTIC_LIMIT: Final = 10.0
"""CP-SAT's own seconds, the same on each machine."""

Lack = Literal["licence", "availability", "busy", "rest", "hours"]
"""What everybody lacks for a shift, from far to near: a licence for it; a window that holds it;
time, for another shift is driven then; rest before or after another; hours that are left."""

LACKS: Final[tuple[Lack, ...]] = get_args(Lack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One vehicle's shift. Seconds count from one midnight on, over as many days as it takes."""

    id: str
    kind: VehicleKind
    start_s: int
    end_s: int

    @property
    def length_s(self) -> int:
        """Return how long it is."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Who may drive what, and when.

    A shift lies within one of the windows `available_s`. All shifts come to `max_s` at most, with
    `rest_s` between two. `cost_per_h` is in the currency's smallest unit.
    """

    id: str
    licences: frozenset[VehicleKind]
    available_s: tuple[tuple[int, int], ...]
    max_s: int
    rest_s: int = 0
    cost_per_h: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """Driver by shift, and what is lacking for the rest. The cost is rounded up once, in all."""

    driver_of: Mapping[str, str]
    uncovered: Mapping[str, Lack]
    cost_minor: int


def assign_drivers(shifts: Iterable[Shift], drivers: Iterable[Driver]) -> Rota:
    """Return who drives what: as many shifts as possible, then as cheaply as possible."""
    shifts, drivers = tuple(shifts), tuple(drivers)
    model = sat.CpModel()
    flags = {
        (s, d): model.new_bool_var("")
        for s, shift in enumerate(shifts)
        for d, driver in enumerate(drivers)
        if _lack(shift, driver, ()) is None
    }
    for s in range(len(shifts)):
        model.add_at_most_one(flag for (shift, _), flag in flags.items() if shift == s)
    for d, driver in enumerate(drivers):
        his = [(shifts[s], flag) for (s, it), flag in flags.items() if it == d]
        model.add(sum(shift.length_s * flag for shift, flag in his) <= driver.max_s)
        model.add_no_overlap(list(_with_rest(model, driver, his)))
    costs = {key: drivers[key[1]].cost_per_h * shifts[key[0]].length_s for key in flags}
    dearest: dict[int, int] = {}
    for (shift, _), cost in costs.items():
        dearest[shift] = max(cost, dearest.get(shift, 0))
    uncovered = 1 + sum(dearest.values())  # one shift more is worth any cost
    model.minimize(sum((costs[key] - uncovered) * flag for key, flag in flags.items()))
    solver = sat.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = DETERMINISTIC_LIMIT
    if solver.solve(model) not in {sat.OPTIMAL, sat.FEASIBLE}:
        raise RuntimeError(f"CP-SAT found no rota: {solver.status_name()} {model.validate()}")
    taken = [key for key, flag in flags.items() if solver.boolean_value(flag)]
    return _rota(shifts, drivers, taken, sum(costs[key] for key in taken))


def _with_rest(model: Any, driver: Driver, his: list[tuple[Shift, Any]]) -> Iterator[Any]:
    """Yield each shift that a driver may have, with the rest after it."""
    for shift, flag in his:
        yield model.new_optional_fixed_size_interval_var(
            shift.start_s, shift.length_s + driver.rest_s, flag, ""
        )


def _rota(
    shifts: tuple[Shift, ...],
    drivers: tuple[Driver, ...],
    taken: list[tuple[int, int]],
    cost: int,
) -> Rota:
    driver_of = {shifts[s].id: drivers[d].id for s, d in taken}
    work = {d: [shifts[s] for s, it in taken if it == d] for d in range(len(drivers))}
    uncovered = {}
    for shift in shifts:
        if shift.id not in driver_of:
            lacks = [_lack(shift, driver, work[d]) for d, driver in enumerate(drivers)]
            nearest = max((LACKS.index(lack) for lack in lacks if lack is not None), default=0)
            uncovered[shift.id] = LACKS[nearest]
    return Rota(driver_of=driver_of, uncovered=uncovered, cost_minor=-(-cost // HOUR_S))


def _lack(shift: Shift, driver: Driver, work: Iterable[Shift]) -> Lack | None:
    """Return what a driver who has this work lacks for a shift, if anything."""
    work = tuple(work)
    checks: dict[Lack, bool] = {
        "licence": shift.kind in driver.licences,
        "availability": any(
            start_s <= shift.start_s and shift.end_s <= end_s
            for start_s, end_s in driver.available_s
        ),
        "busy": not any(_meet(shift, it, 0) for it in work),
        "rest": not any(_meet(shift, it, driver.rest_s) for it in work),
        "hours": shift.length_s + sum(it.length_s for it in work) <= driver.max_s,
    }
    return next((lack for lack in LACKS if not checks[lack]), None)


def _meet(one: Shift, other: Shift, rest_s: int) -> bool:
    """Return whether less than a rest lies between two shifts."""
    return one.start_s < other.end_s + rest_s and other.start_s < one.end_s + rest_s
