"""OR-Tools' objective is the evaluator's total: one rule said twice says the same."""

from dataclasses import replace
from itertools import pairwise

import pytest

from routing.constraint.build import build
from routing.constraint.layout import Layout
from routing.constraint.model import cp
from routing.constraint.neighbours import Walk
from routing.evaluate import evaluate
from routing.plan import UNITS_PER_MINOR, Draft, Tour, Visit
from routing.problem import CurrentTrip, Problem
from routing.repair import repair
from tests.routing_street import EIGHT, order, street, tour, van
from tests.routing_world import EVERY, PLAIN, Features, random_draft, random_problem

ONE_SLICE = replace(EVERY, slices=False, breaks=False)
SEEDS = range(60)


def read(problem: Problem, draft: Draft):
    """Give a draft to the model; return the model and OR-Tools' assignment, if there is one."""
    model = build(Layout(problem, set(range(len(problem.vehicles)))))
    parameters = cp.DefaultRoutingSearchParameters()
    parameters.disable_scheduling_beware_this_may_degrade_performance = True
    model.routing.CloseModelWithParameters(parameters)
    return model, model.routing.ReadAssignmentFromRoutes(model.routes(draft), True)


def feasible_draft(problem: Problem, seed: int) -> Draft:
    return repair(problem, random_draft(problem, seed))


@pytest.mark.parametrize(
    "features",
    [
        PLAIN,
        ONE_SLICE,
        replace(ONE_SLICE, windows=False),
        replace(ONE_SLICE, current=False),
        replace(ONE_SLICE, picking=False),
    ],
)
def test_objective_is_the_evaluators_total_to_the_unit(features: Features):
    for seed in SEEDS:
        problem = random_problem(seed, orders=9, features=features)
        draft = feasible_draft(problem, seed)
        model, assignment = read(problem, draft)
        assert assignment is not None, seed
        judged = evaluate(problem, model.draft(assignment, timed=True))
        assert judged.feasible, seed
        assert assignment.ObjectiveValue() == judged.cost.total, seed
        assert [[tour.visits for tour in tours] for tours in model.draft(assignment)] == [
            [tour.visits for k, tour in enumerate(tours) if tour.visits or (k == 0 and it.current)]
            for it, tours in zip(problem.vehicles, draft, strict=True)
        ]


def test_departures_are_the_evaluators_where_no_door_is_closed():
    """Without windows and picking limits nothing is gained by leaving later."""
    features = replace(ONE_SLICE, windows=False, picking=False)
    for seed in SEEDS:
        problem = random_problem(seed, orders=9, features=features)
        draft = feasible_draft(problem, seed)
        _, assignment = read(problem, draft)
        assert assignment.ObjectiveValue() == evaluate(problem, draft).cost.total, seed


def test_breaks_are_freer_than_the_evaluators_and_equal_where_nobody_needs_one():
    """Days that end before their break may begin have the same total; others never a higher one."""
    compared = 0
    for seed in SEEDS:
        problem = random_problem(seed, orders=6, features=replace(ONE_SLICE, breaks=True))
        draft = feasible_draft(problem, seed)
        model, assignment = read(problem, draft)
        timed = evaluate(problem, model.draft(assignment, timed=True))
        assert assignment.ObjectiveValue() <= timed.cost.total, seed
        if not any(route.breaks_s for route in evaluate(problem, draft).routes):
            assert assignment.ObjectiveValue() == timed.cost.total, seed
            compared += 1
    assert compared > len(SEEDS) // 4


@pytest.mark.parametrize("seed", range(20))
def test_what_the_evaluator_forbids_the_model_refuses(seed: int):
    """A random draft breaks rules as often as not; leaving later mends some of what is broken."""
    features = replace(ONE_SLICE, windows=False, picking=False)
    problem = random_problem(seed, orders=6, features=features)
    draft = random_draft(problem, seed)
    _, assignment = read(problem, draft)
    assert (assignment is not None) == evaluate(problem, draft).feasible


def test_a_locked_stop_comes_first_and_is_never_dropped():
    problem = next(
        problem
        for problem in (random_problem(seed, features=ONE_SLICE) for seed in range(20))
        if problem.vehicles[0].current and problem.vehicles[0].current.locked
    )
    nothing = tuple((Tour(()),) if it.current else () for it in problem.vehicles)
    assert read(problem, nothing)[1] is None
    locked = ((Tour((Visit(0),)),), *nothing[1:])
    assert (read(problem, locked)[1] is not None) == evaluate(problem, locked).feasible


@pytest.mark.parametrize("pin", [{"skills": frozenset({"stairs"})}, {"only_vehicle": "other"}])
def test_what_is_aboard_still_needs_its_skills_and_keeps_its_pin(pin: dict[str, object]):
    current = CurrentTrip(departed_s=EIGHT, place="km1", free_s=EIGHT, aboard=("o0",))
    problem = street(order(0, 2, **pin), vehicles=(van(current=current), van("other")))
    draft = ((tour(0),), ())
    assert not evaluate(problem, draft).feasible
    model, assignment = read(problem, draft)  # it leaves out what nobody may bring
    assert model.draft(assignment) == ((Tour(()),), ())


def least(problem: Problem, draft: Draft) -> int | None:
    """Add up what the walk says of each day, and the drops."""
    model = build(Layout(problem, set(range(len(problem.vehicles)))))
    after = list(range(model.routing.Size()))
    for run, route in enumerate(model.routes(draft)):
        indices = [model.start(run), *route, model.end(run)]
        for index, to in pairwise(indices):
            after[index] = to
    days = [Walk(model).day(vehicle, after) for vehicle in model.layout.runs_of]
    if None in days:
        return None
    served = {visit.order for tours in draft for tour in tours for visit in tour.visits}
    dropped = [it.drop_cost for k, it in enumerate(problem.orders) if k not in served]
    return sum(day for day in days if day is not None) + sum(dropped) * UNITS_PER_MINOR


def test_a_walk_is_exact_where_nobody_waits():
    features = replace(ONE_SLICE, windows=False, picking=False)
    for seed in SEEDS:
        problem = random_problem(seed, orders=9, features=features)
        draft = feasible_draft(problem, seed)
        assert least(problem, draft) == evaluate(problem, draft).cost.total, seed


def test_a_walk_never_says_more_than_a_day_costs():
    for seed in SEEDS:
        problem = random_problem(seed, orders=9, features=replace(EVERY, slices=False))
        draft = feasible_draft(problem, seed)
        bound = least(problem, draft)
        assert bound is not None, seed
        assert bound <= evaluate(problem, draft).cost.total, seed
