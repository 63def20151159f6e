"""Which of the days that a search met make the best plan together?

A search keeps whole plans, and loses good days of one vehicle that were part of bad plans. CP-SAT
chooses one day for each vehicle so that no order is served twice: set partitioning. Vehicles that
are alike share their days.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ortools.sat.python import cp_model

from routing.constraint.fleet import alike
from routing.evaluate import Judge
from routing.plan import UNITS_PER_MINOR, Column, Draft, Tour
from routing.problem import Problem

MOST_COLUMNS: Final = 3500
DEFAULT_TIME_S: Final = 5.0

sat: Any = cp_model


@dataclass(frozen=True, slots=True)
class _Choice:
    """A day that any vehicle of a group may have."""

    group: int
    tours: tuple[Tour, ...]
    orders: frozenset[int]
    total: int


def recombine(
    problem: Problem,
    pool: Iterable[Column],
    best: Draft,
    *,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    seed: int = 0,
) -> Draft | None:
    """Return a draft of the pool's and `best`'s days that is cheaper than `best`, or None.

    `deterministic_limit` counts CP-SAT's own seconds, which are the same on each machine.
    """
    judge = Judge(problem)
    before = judge.evaluate(best)
    own = [
        Column(k, tours, judge.day(problem.vehicles[k], tours).cost().total)
        for k, tours in enumerate(best)
        if tours
    ]
    groups = alike(problem)
    choices, kept = _choices(problem, groups, own, pool)
    model, picked = _model(judge, groups, choices, kept)
    solver = sat.CpSolver()
    _limit(solver.parameters, time_limit_s, deterministic_limit, seed)
    if solver.solve(model) not in {sat.OPTIMAL, sat.FEASIBLE}:
        return None
    chosen = [it for it, flag in zip(choices, picked, strict=True) if solver.boolean_value(flag)]
    draft = _draft(problem, groups, chosen)
    after = judge.evaluate(draft)
    if not after.feasible or (before.feasible and after.cost.total >= before.cost.total):
        return None
    return draft


def _choices(
    problem: Problem, groups: list[list[int]], own: list[Column], pool: Iterable[Column]
) -> tuple[list[_Choice], set[_Choice]]:
    """Return the days to choose from, the best draft's first, and which are the best draft's.

    Of days with the same orders the cheapest is enough.
    """
    group_of = {vehicle: k for k, group in enumerate(groups) for vehicle in group}
    kept = [_choice(group_of, column) for column in own]
    cheapest: dict[tuple[int, frozenset[int]], _Choice] = {}
    for it in (_choice(group_of, column) for column in pool):
        key = it.group, it.orders
        if key not in cheapest or it.total < cheapest[key].total:
            cheapest[key] = it
    for it in kept:
        same = cheapest.get((it.group, it.orders))
        if same is not None and same.total >= it.total:
            del cheapest[it.group, it.orders]
    prices = _prices(problem, kept)
    others = sorted(
        cheapest.values(), key=lambda it: it.total - sum(map(prices.__getitem__, it.orders))
    )
    return [*kept, *others[: max(0, MOST_COLUMNS - len(kept))]], set(kept)


def _choice(group_of: dict[int, int], column: Column) -> _Choice:
    orders = frozenset(visit.order for tour in column.tours for visit in tour.visits)
    return _Choice(group_of[column.vehicle], column.tours, orders, column.total)


def _prices(problem: Problem, kept: list[_Choice]) -> list[int]:
    """Return what each order costs in the best draft: its part of its day, or its drop."""
    prices = [order.drop_cost * UNITS_PER_MINOR for order in problem.orders]
    for it in kept:
        for order in it.orders:
            prices[order] = it.total // len(it.orders)
    return prices


def _model(
    judge: Judge, groups: list[list[int]], choices: list[_Choice], kept: set[_Choice]
) -> tuple[Any, list[Any]]:
    """Return the set partitioning, with the best draft as its hint."""
    problem, model = judge.problem, sat.CpModel()
    flags = [model.new_bool_var("") for _ in choices]
    serving: dict[int, list[Any]] = defaultdict(list)
    of_group: dict[int, list[Any]] = defaultdict(list)
    served = {order for it in kept for order in it.orders}
    for it, flag in zip(choices, flags, strict=True):
        model.add_hint(flag, it in kept)
        of_group[it.group].append(flag)
        for order in it.orders:
            serving[order].append(flag)
    # In fen: the solver's linear program likes small numbers, and the evaluator has the last word.
    costs = [it.total // UNITS_PER_MINOR * flag for it, flag in zip(choices, flags, strict=True)]
    for k, drop_cost in enumerate(order.drop_cost for order in problem.orders):
        dropped = model.new_bool_var("")
        model.add_hint(dropped, k not in served)
        model.add_exactly_one([*serving[k], dropped])
        costs.append(drop_cost * dropped)
    for group, its_flags in of_group.items():
        if problem.vehicles[groups[group][0]].current is not None:
            model.add_exactly_one(its_flags)
        else:
            model.add(sum(its_flags) <= len(groups[group]))
    for limit, leaving in _leaving(judge, groups, choices, flags):
        model.add(leaving <= limit)
    model.minimize(sum(costs))
    return model, flags


def _leaving(
    judge: Judge, groups: list[list[int]], choices: list[_Choice], flags: list[Any]
) -> Iterator[tuple[int, Any]]:
    """Yield, for each hour of a depot that limits it, how many orders leave."""
    hours: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for it, flag in zip(choices, flags, strict=True):
        vehicle = judge.problem.vehicles[groups[it.group][0]]
        if judge.depots[vehicle.depot].orders_per_hour is not None:
            for departs_s, orders in judge.day(vehicle, it.tours).loaded:
                hours[vehicle.depot, departs_s // 3600].append(orders * flag)
    for (depot, hour), terms in hours.items():
        limits = judge.depots[depot].orders_per_hour
        if limits is not None:
            yield limits[hour % 24], sum(terms)


def _limit(
    parameters: Any, time_limit_s: float | None, deterministic_limit: float | None, seed: int
) -> None:
    if deterministic_limit is not None:
        parameters.max_deterministic_time = deterministic_limit
    else:
        parameters.max_time_in_seconds = DEFAULT_TIME_S if time_limit_s is None else time_limit_s
    parameters.num_workers = 1
    parameters.random_seed = seed
    parameters.cp_model_probing_level = 0  # it takes longer than the rest
    parameters.linearization_level = 2


def _draft(problem: Problem, groups: list[list[int]], chosen: list[_Choice]) -> Draft:
    """Deal the chosen days to the vehicles of their groups."""
    days: list[tuple[Tour, ...]] = [() for _ in problem.vehicles]
    free = [iter(group) for group in groups]
    for it in chosen:
        days[next(free[it.group])] = it.tours
    return tuple(days)
