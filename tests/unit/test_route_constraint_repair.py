"""Repair takes out what breaks a rule, and nothing else."""

from dataclasses import replace

import pytest

from routing.evaluate import MalformedDraft, evaluate
from routing.plan import Draft, Tour, Visit
from routing.problem import CurrentTrip, Load, Locker
from routing.repair import repair
from tests.routing_street import EIGHT, order, street, van
from tests.routing_world import EVERY, PLAIN, random_draft, random_problem

HEAVY = Load(chilled_g=6000)


def visits(draft: Draft) -> set[Visit]:
    return {visit for tours in draft for tour in tours for visit in tour.visits}


def one_van(orders: int):
    """Return a van for 20 kg of chilled goods, and orders of 6 kg with no other limit."""
    problem = random_problem(0, orders=orders, features=PLAIN)
    van = replace(problem.vehicles[0], end_s=86_400, range_m=None)
    easy = tuple(
        replace(
            it,
            load=HEAVY,
            depots=("depot0",),
            latest_s=86_400,
            hold_s=None,
            skills=frozenset(),
            only_vehicle=None,
            drop_cost=50_000 + k,
        )
        for k, it in enumerate(problem.orders)
    )
    return replace(problem, orders=easy, vehicles=(van,))


@pytest.mark.parametrize("seed", range(40))
def test_a_mended_draft_breaks_no_rule_and_only_loses_visits(seed: int):
    problem = random_problem(seed, orders=14, features=EVERY)
    draft = random_draft(problem, seed)
    mended = repair(problem, draft)
    assert evaluate(problem, mended).feasible
    current = problem.vehicles[0].current
    locked = {Visit(k) for k, it in enumerate(problem.orders) if it.id in current.locked}
    assert {visit.order for visit in visits(mended)} <= {
        visit.order for visit in visits(draft) | locked
    }


def test_a_draft_that_breaks_nothing_stays_as_it_is():
    problem = random_problem(1, features=EVERY)
    mended = repair(problem, random_draft(problem, 1))
    assert repair(problem, mended) is mended


def test_an_overload_loses_the_cheapest_order_only():
    """Four orders of 6 kg are 4 kg too much for 20 kg: one goes, at least one too dear to go."""
    problem = one_van(4)
    cheap = replace(problem.orders[2], drop_cost=1)
    problem = replace(problem, orders=(*problem.orders[:2], cheap, problem.orders[3]))
    mended = repair(problem, ((Tour(tuple(map(Visit, range(4)))),),))
    assert mended == ((Tour((Visit(0), Visit(1), Visit(3))),),)


def test_three_orders_of_six_kilograms_fit_and_stay():
    problem = one_van(3)
    draft = ((Tour(tuple(map(Visit, range(3)))),),)
    assert repair(problem, draft) is draft


def test_what_only_one_visit_causes_costs_only_that_visit():
    problem = one_van(3)
    far = replace(problem.orders[1], depots=("depot1",))
    problem = replace(problem, orders=(problem.orders[0], far, problem.orders[2]))
    mended = repair(problem, ((Tour(tuple(map(Visit, range(3)))),),))
    assert mended == ((Tour((Visit(0), Visit(2))),),)


@pytest.mark.parametrize(("limit", "left"), [(3, 3), (2, 2)])
def test_a_depot_that_would_pick_too_much_gives_up_the_cheapest(limit: int, left: int):
    problem = one_van(3)
    depots = tuple(replace(it, orders_per_hour=(limit,) * 24) for it in problem.depots)
    cheap = replace(problem.orders[1], drop_cost=1)
    orders = (problem.orders[0], cheap, problem.orders[2])
    problem = replace(problem, depots=depots, orders=orders)
    mended = repair(problem, ((Tour(tuple(map(Visit, range(3)))),),))
    assert evaluate(problem, mended).feasible
    assert len(visits(mended)) == left
    assert (Visit(1) in visits(mended)) == (left == 3)


def test_locked_stops_come_back_to_the_head_of_their_trip():
    problem = next(
        problem
        for problem in (random_problem(seed, features=EVERY) for seed in range(20))
        if problem.vehicles[0].current and problem.vehicles[0].current.locked
    )
    number = {it.id: k for k, it in enumerate(problem.orders)}
    locked = tuple(number[it] for it in problem.vehicles[0].current.locked)
    nothing = ((Tour(()),), *(() for _ in problem.vehicles[1:]))
    mended = repair(problem, nothing)
    assert tuple(visit.order for visit in mended[0][0].visits) == locked
    elsewhere = ((Tour(()),), (Tour(tuple(map(Visit, locked))),), *nothing[2:])
    assert repair(problem, elsewhere) == mended


def test_a_locked_stop_is_made_where_it_can_be_if_not_where_the_draft_says():
    """At the door at km 20 it would be 2,000 s aboard, of 300 s; the locker stands at km 2."""
    locker = Locker(place="km2")
    current = CurrentTrip(
        departed_s=EIGHT, place="km0", free_s=EIGHT, aboard=("o0",), locked=("o0",)
    )
    problem = street(order(0, 20, hold_s=300, locker=locker), vehicles=(van(current=current),))
    mended = repair(problem, ((Tour((Visit(0),)),),))
    assert mended == ((Tour((Visit(0, to_locker=True),)),),)
    assert evaluate(problem, mended).feasible


def test_more_trips_than_a_vehicle_makes_lose_the_last():
    problem = one_van(2)
    draft = ((Tour((Visit(0),)), Tour((Visit(1),))),)
    assert repair(problem, draft) == ((Tour((Visit(0),)),),)


def test_an_order_twice_is_not_mended_but_refused():
    problem = one_van(2)
    with pytest.raises(MalformedDraft, match="twice"):
        repair(problem, ((Tour((Visit(0), Visit(0))),),))


def test_fifty_orders_a_vehicle_are_mended_too():
    problem = random_problem(3, orders=250, features=EVERY)
    mended = repair(problem, random_draft(problem, 3))
    assert evaluate(problem, mended).feasible
    assert len(visits(mended)) > 5
