"""A part as a problem of its own: the same legs, the same costs, a share of the picking."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from routing.city import city_day
from routing.evaluate import evaluate
from routing.plan import Draft, Tour, Visit
from routing.problem import CurrentTrip, Problem
from routing.scale.picking import leaving_by_hour, proportional, share_picking
from routing.scale.split import split
from routing.scale.view import Part, inside, outside, view
from routing.scale.whole import Whole, merge
from routing.scale.windows import Windows
from tests.routing_split_world import VAN, doors, street
from tests.routing_world import EVERY, random_draft, random_problem


def whole_picking(problem: Problem) -> dict[str, tuple[int, ...] | None]:
    return {depot.id: depot.orders_per_hour for depot in problem.depots}


def check_legs(problem: Problem, part_problem: Problem) -> None:
    where = {place.id: k for k, place in enumerate(problem.places)}
    there = [where[place.id] for place in part_problem.places]
    here = range(len(there))
    for mode in part_problem.travel.modes:
        assert part_problem.travel.starts_s(mode) == problem.travel.starts_s(mode)
        for mine, theirs in zip(
            part_problem.travel.matrix(mode, here, here),
            problem.travel.matrix(mode, there, there),
            strict=True,
        ):
            np.testing.assert_array_equal(mine, theirs)
        for a in (0, len(there) - 1):
            leg = part_problem.travel.leg(mode, a, len(there) // 2)
            assert leg == problem.travel.leg(mode, there[a], there[len(there) // 2])


@pytest.mark.parametrize(
    "problem", [city_day(orders=60, seed=1), random_problem(1, orders=40)], ids=["city", "matrices"]
)
def test_a_part_drives_the_same_legs_as_the_whole(problem: Problem) -> None:
    for part in split(problem, most=20):
        mine = view(problem, part, whole_picking(problem))
        check_legs(problem, mine)
        check_legs(problem, pickle.loads(pickle.dumps(mine)))  # noqa: S301 (our own bytes)


def test_a_pickled_part_carries_its_own_matrix_and_not_the_whole_s() -> None:
    """20 of 203 places: 2 modes x (metres, 3 slices of seconds) x 20 x 20 x 4 bytes = 12,800.

    The rest is orders and vehicles; one slice of the whole is 164,836 bytes.
    """
    problem = random_problem(1, orders=200)
    part = Part(tuple(range(17)), (0, 1))
    sent = pickle.dumps(view(problem, part, whole_picking(problem)))
    assert len(sent) < 12_800 + 20_000


def test_a_part_has_only_the_places_that_it_needs() -> None:
    problem = city_day(orders=60, seed=1, scenario="normal")
    order = problem.orders[7]
    mine = view(problem, Part((7,), (0,)), whole_picking(problem))
    depots = {*order.depots, problem.vehicles[0].depot}
    assert {depot.id for depot in mine.depots} == depots
    assert {place.id for place in mine.places} == {order.place, *(d.place for d in mine.depots)}


@pytest.mark.parametrize("seed", range(30))
def test_costs_of_parts_add_up_to_the_whole_s(seed: int) -> None:
    problem = random_problem(seed, orders=30)
    draft = _loaded(problem, seed)
    parts = Windows(problem).cut(draft, most=8, angle=0.5, turn=seed)
    views = [view(problem, part, whole_picking(problem)) for part in parts]
    judged = [evaluate(mine, inside(part, draft)) for mine, part in zip(views, parts, strict=True)]
    whole = evaluate(problem, draft)
    assert sum(one.cost.total for one in judged) == whole.cost.total
    alone = sorted(v.sentence for one in judged for v in one.violations if v.reason != "picking")
    assert alone == sorted(v.sentence for v in whole.violations if v.reason != "picking")


@pytest.mark.parametrize("seed", range(10))
def test_parts_put_together_again_are_the_whole(seed: int) -> None:
    problem = random_problem(seed, orders=30)
    draft = _loaded(problem, seed)
    parts = Windows(problem).cut(draft, most=8, angle=1.0, turn=0)
    assert merge(problem, [(part, inside(part, draft)) for part in parts]) == draft
    for part in parts:
        assert outside(part, inside(part, draft)) == {k: draft[k] for k in part.vehicles}


def test_a_vehicle_of_no_part_makes_the_stops_that_it_is_bound_to() -> None:
    trip = CurrentTrip(departed_s=0, place="p0", free_s=0, aboard=("o1", "o0"), locked=("o1",))
    vans = [VAN, replace(VAN, id="out", current=trip), replace(VAN, id="in")]
    problem = street([100, 200, 300], doors(3), vans)
    known = (Part((2,), (2,)), ((Tour((Visit(0),)),),))
    assert merge(problem, [known]) == ((), (Tour((Visit(1),)),), (Tour((Visit(2),)),))


@pytest.mark.parametrize("seed", range(10))
def test_windows_hold_every_order_and_vehicle_once(seed: int) -> None:
    problem = city_day(orders=120, seed=seed)
    draft = random_draft(problem, seed)
    for turn in range(3):
        parts = Windows(problem).cut(draft, most=30, angle=0.4 * turn, turn=turn)
        assert sorted(k for p in parts for k in p.orders) == list(range(120))
        assert sorted(k for p in parts for k in p.vehicles) == list(range(len(problem.vehicles)))


def test_an_order_without_a_vehicle_joins_a_window_that_has_one() -> None:
    problem = city_day(orders=120, seed=1)
    draft: Draft = tuple(() for _ in problem.vehicles)
    for part in Windows(problem).cut(draft, most=5, angle=0.0, turn=0):
        depots = {problem.vehicles[k].depot for k in part.vehicles}
        for k in part.orders:
            assert depots & set(problem.orders[k].depots)


def test_shares_of_a_whole_number_leave_nothing_over() -> None:
    """10 at 1 : 1 : 1 are 3 1/3 each: the first has the tenth. 7 at 3 : 2 are 4.2 and 2.8."""
    assert proportional(10, [1, 1, 1]) == [4, 3, 3]
    assert proportional(7, [3, 2]) == [4, 3]
    assert proportional(5, [0, 0]) == [3, 2]
    assert proportional(5, [0, 1]) == [0, 5]


def test_the_fuller_of_two_days_same_hours_counts() -> None:
    leaving = leaving_by_hour([("d", 3600, 2), ("d", 7199, 3), ("d", 25 * 3600, 4)])
    assert leaving == {("d", 1): 5}


def test_parts_share_what_a_depot_picks_by_the_orders_that_may_leave_it() -> None:
    problem = city_day(orders=120, seed=1, scenario="normal")
    limited = replace(
        problem,
        depots=tuple(replace(depot, orders_per_hour=(31,) * 24) for depot in problem.depots),
    )
    parts = split(limited, most=20)
    shares = share_picking(limited, parts, [{} for _ in parts])
    for depot in limited.depots:
        for hour in range(24):
            assert sum(_hour(share, depot.id, hour) for share in shares) == 31
    for part, share in zip(parts, shares, strict=True):
        for depot in {limited.vehicles[k].depot for k in part.vehicles}:
            takers = sum(depot in limited.orders[k].depots for k in part.orders)
            assert bool(_hour(share, depot, 9)) == bool(takers)


def test_a_part_keeps_what_leaves_for_it_already() -> None:
    """Of 10 an hour, 6 and 2 leave; the 2 that are free go by the orders, one each."""
    problem = random_problem(1, orders=4)
    depots = (replace(problem.depots[0], orders_per_hour=(10,) * 24), problem.depots[1])
    orders = tuple(replace(order, depots=("depot0",)) for order in problem.orders)
    problem = replace(problem, depots=depots, orders=orders)
    parts = [Part((0, 1), (0,)), Part((2, 3), (2,))]
    first, second = share_picking(problem, parts, [{("depot0", 9): 6}, {("depot0", 9): 2}])
    assert _hour(first, "depot0", 9) == 7
    assert _hour(second, "depot0", 9) == 3
    assert _hour(first, "depot0", 10) == 5


def test_a_depot_without_a_limit_has_none_in_its_parts() -> None:
    problem = random_problem(1, orders=8, features=replace(EVERY, picking=False))
    (share,) = share_picking(problem, [Part(tuple(range(8)), tuple(range(5)))], [{}])
    assert share == {"depot0": None, "depot1": None}


@pytest.mark.parametrize("seed", range(20))
def test_the_whole_s_total_is_the_evaluator_s_after_every_offer(seed: int) -> None:
    problem = random_problem(seed, orders=24)
    plan = Whole(problem, merge(problem, []))
    other = _loaded(problem, seed)
    for part in Windows(problem).cut(other, most=6, angle=0.0, turn=0):
        before = plan.total
        taken = plan.offer(part, inside(part, other))
        assert plan.total <= before
        judged = evaluate(problem, plan.draft)
        assert judged.cost.total == plan.total
        assert judged.totals.late_s == plan.late_s
        if taken:
            assert inside(part, plan.draft) == inside(part, other)


def test_no_offer_breaks_a_rule_that_was_kept() -> None:
    taken = 0
    for seed in range(40):
        problem = random_problem(seed, orders=16)
        empty = merge(problem, [])
        if not evaluate(problem, empty).feasible:
            continue
        plan, other = Whole(problem, empty), _loaded(problem, seed)
        for part in Windows(problem).cut(other, most=3, angle=0.0, turn=0):
            taken += plan.offer(part, inside(part, other))
        assert evaluate(problem, plan.draft).feasible
    assert taken > 0


def test_a_depot_s_picking_is_kept_across_parts() -> None:
    """Two vans leave one depot at once; where it picks one order an hour, one of them can't."""
    vans = [replace(VAN, id=f"v{k}") for k in range(2)]
    orders = [replace(order, drop_cost=100_000) for order in doors(2)]
    plenty = street([100, 200], orders, vans)
    scarce = replace(
        plenty, depots=tuple(replace(d, orders_per_hour=(1,) * 24) for d in plenty.depots)
    )
    for problem, expected in ((plenty, [True, True]), (scarce, [True, False])):
        plan = Whole(problem, ((), ()))
        alone = ((Tour((Visit(0),)),),)
        assert [plan.offer(Part((k,), (k,)), alone) for k in range(2)] == expected
        assert evaluate(problem, plan.draft).feasible


def _hour(share: dict[str, tuple[int, ...] | None], depot: str, hour: int) -> int:
    hours = share[depot]
    assert hours is not None
    return hours[hour]


def _loaded(problem: Problem, seed: int) -> Draft:
    """Deal orders at random, but those aboard to no trip but theirs, which only has the locked."""
    index = {order.id: k for k, order in enumerate(problem.orders)}
    trips = {k: v.current for k, v in enumerate(problem.vehicles) if v.current}
    aboard = {index[order] for trip in trips.values() for order in trip.aboard}
    draft = [
        [Tour(tuple(v for v in tour.visits if v.order not in aboard)) for tour in tours]
        for tours in random_draft(problem, seed)
    ]
    for k, trip in trips.items():
        draft[k][0] = Tour(tuple(Visit(index[order]) for order in trip.locked))
    return tuple(tuple(tours) for tours in draft)
