"""The constraint engine keeps what every engine owes, and recombination finds what is better."""

from dataclasses import replace
from itertools import permutations

import pytest

from routing.constraint import Options, recombine, search
from routing.constraint.fleet import alike, enough
from routing.engine import Budget, Progress
from routing.evaluate import Judge, evaluate
from routing.plan import Column, Tour, Visit
from routing.problem import CurrentTrip
from routing.repair import repair
from tests.routing_world import EVERY, PLAIN, random_draft, random_problem

FEW = Budget(iterations=3000)


def silent(_: Progress) -> None:
    """Report to nobody."""


@pytest.mark.parametrize("seed", range(12))
def test_a_found_plan_breaks_no_rule_and_totals_never_rise(seed: int):
    problem = random_problem(seed, orders=10, features=EVERY)
    told: list[Progress] = []
    found = search(problem, budget=FEW, seed=seed, start=None, report=told.append)
    judged = evaluate(problem, found.draft)
    assert judged.feasible
    totals = [it.total for it in told]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] == judged.cost.total
    served = sum(len(tour.visits) for tours in found.draft for tour in tours)
    assert told[-1].unserved == len(problem.orders) - served


@pytest.mark.parametrize("seed", range(6))
def test_a_warm_start_never_ends_worse(seed: int):
    problem = random_problem(seed, orders=10, features=EVERY)
    start = repair(problem, random_draft(problem, seed))
    found = search(problem, budget=FEW, seed=seed, start=start, report=silent)
    assert evaluate(problem, found.draft).feasible
    assert evaluate(problem, found.draft).cost.total <= evaluate(problem, start).cost.total


def test_a_start_that_breaks_rules_is_mended_first():
    problem = random_problem(3, orders=10, features=EVERY)
    start = random_draft(problem, 3)
    assert not evaluate(problem, start).feasible
    found = search(problem, budget=Budget(iterations=1), seed=0, start=start, report=silent)
    assert evaluate(problem, found.draft).feasible


def test_same_seed_and_iterations_give_the_same_draft():
    problem = random_problem(5, orders=12, features=EVERY)
    runs = [search(problem, budget=FEW, seed=7, start=None, report=silent) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0].iterations == 3000


def test_the_best_of_all_plans_of_four_orders_is_found():
    """Every assignment and sequence on two vehicles is tried by hand; the engine finds no worse."""
    whole = random_problem(2, orders=4, features=PLAIN)
    problem = replace(whole, vehicles=whole.vehicles[:2])
    best = min(
        judged.cost.total
        for judged in (evaluate(problem, draft) for draft in every_draft(4))
        if judged.feasible
    )
    found = search(problem, budget=Budget(iterations=20_000), seed=0, start=None, report=silent)
    assert evaluate(problem, found.draft).cost.total == best


def every_draft(orders: int):
    """Yield each way to bring some of the orders with two vehicles, one trip each."""
    for cut in range(orders + 1):
        for end in range(cut, orders + 1):
            for row in permutations(range(orders)):
                yield tuple(
                    (Tour(tuple(map(Visit, part))),) if part else ()
                    for part in (row[:cut], row[cut:end])
                )


def test_other_strategies_of_or_tools_can_be_asked_for():
    problem = random_problem(1, orders=8, features=PLAIN)
    options = Options(
        first_solution="SAVINGS", metaheuristic="SIMULATED_ANNEALING", spare_vehicles=None
    )
    found = search(problem, budget=FEW, seed=0, start=None, report=silent, options=options)
    assert evaluate(problem, found.draft).feasible
    unknown = Options(first_solution="BEST_OF_ALL")
    with pytest.raises(ValueError, match="BEST_OF_ALL"):
        search(problem, budget=FEW, seed=0, start=None, report=silent, options=unknown)


def test_a_budget_of_nothing_is_refused():
    problem = random_problem(1, orders=3, features=PLAIN)
    with pytest.raises(ValueError, match="seconds or iterations"):
        search(problem, budget=Budget(), seed=0, start=None, report=silent)


def test_vehicles_are_alike_if_only_their_id_differs():
    problem = random_problem(0, orders=3, features=PLAIN)
    one = replace(problem.vehicles[0], id="one", current=None)
    two, dearer = replace(one, id="two"), replace(one, id="dearer", cost_per_km=99)
    named = replace(one, id="named")
    away = replace(
        one, id="away", current=CurrentTrip(departed_s=0, place="D0", free_s=one.start_s)
    )
    orders = (
        replace(problem.orders[0], known_vehicle="named", only_vehicle=None),
        *(replace(it, known_vehicle=None, only_vehicle=None) for it in problem.orders[1:]),
    )
    fleet = replace(problem, orders=orders, vehicles=(one, dearer, named, away, two))
    assert alike(fleet) == [[0, 4], [1], [2], [3]]
    draft = ((), (Tour((Visit(0),)),), (), (), (Tour((Visit(1),)),))
    assert enough(alike(fleet), draft, 0) == {1, 4}
    assert enough(alike(fleet), draft, 1) == {0, 1, 2, 3, 4}


def columns(problem, draft):
    """Return the days of a draft as a search's pool has them."""
    judge = Judge(problem)
    return [
        Column(k, tours, judge.day(problem.vehicles[k], tours).cost().total)
        for k, tours in enumerate(draft)
        if tours
    ]


def day(*orders: int) -> tuple[Tour, ...]:
    return (Tour(tuple(map(Visit, orders))),)


def two_good_halves():
    """Two identical vans, four orders: each plan has one good day; together they are the best.

    Orders 0 and 1 share one place, 2 and 3 another: each van should go to one place only.
    """
    plain = random_problem(0, orders=4, features=PLAIN)
    van = replace(plain.vehicles[0], cost_per_km=100, fixed_cost=0, range_m=None)
    orders = tuple(
        replace(
            it,
            place=plain.orders[k // 2].place,
            depots=("depot0",),
            hold_s=None,
            skills=frozenset(),
            known_vehicle=None,
            only_vehicle=None,
        )
        for k, it in enumerate(plain.orders)
    )
    return replace(plain, orders=orders, vehicles=(van, replace(van, id="twin")))


def test_recombination_joins_the_good_days_of_two_plans():
    problem = two_good_halves()
    best = (day(0, 2), day(1, 3))
    pool = [*columns(problem, (day(0, 1), ())), *columns(problem, (day(2, 3), ()))]
    joined = recombine(problem, pool, best, deterministic_limit=1, seed=0)
    assert joined is not None
    assert set(joined) == {day(0, 1), day(2, 3)}, "both days were the first van's"
    assert evaluate(problem, joined).feasible
    assert evaluate(problem, joined).cost.total < evaluate(problem, best).cost.total


def test_recombination_of_nothing_better_is_none():
    problem = two_good_halves()
    best = (day(0, 1), day(2, 3))
    pool = columns(problem, (day(0, 2), day(1, 3)))
    assert recombine(problem, pool, best, deterministic_limit=1, seed=0) is None
    assert recombine(problem, [], best, deterministic_limit=1, seed=0) is None


def test_recombination_serves_no_order_twice():
    problem = two_good_halves()
    best = (day(0, 2), ())
    pool = columns(problem, (day(0, 1, 2), day(2, 3)))
    joined = recombine(problem, pool, best, deterministic_limit=1, seed=0)
    assert joined is not None
    served = [visit.order for tours in joined for tour in tours for visit in tour.visits]
    assert len(served) == len(set(served))


@pytest.mark.parametrize(("limit", "leaving"), [(4, 4), (3, 2)])
def test_recombination_keeps_to_what_a_depot_can_pick(limit: int, leaving: int):
    """Two days of two orders leave in one hour: both may where four orders can be picked."""
    problem = two_good_halves()
    depots = tuple(replace(it, orders_per_hour=(limit,) * 24) for it in problem.depots)
    ready = tuple(replace(it, ready_s=problem.orders[0].ready_s) for it in problem.orders)
    problem = replace(problem, depots=depots, orders=ready)
    pool = columns(problem, (day(0, 1), day(2, 3)))
    joined = recombine(problem, pool, ((), ()), deterministic_limit=1, seed=0)
    assert joined is not None
    assert sum(len(tour.visits) for tours in joined for tour in tours) == leaving


def test_recombination_keeps_a_trip_under_way():
    problem = random_problem(4, orders=10, features=EVERY)
    starts = [repair(problem, random_draft(problem, seed)) for seed in range(8)]
    pool = [column for draft in starts for column in columns(problem, draft)]
    joined = recombine(problem, pool, starts[0], deterministic_limit=1, seed=0)
    assert joined is not None
    assert evaluate(problem, joined).feasible
    assert recombine(problem, pool, starts[0], deterministic_limit=1, seed=0) == joined
