"""Peers are told what they are asked about, and their answers are read as they meant them.

On a plain day a peer's own cost must be the evaluator's, of the very same answer: then both know
the same ways, times, fares and drop costs.
"""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pyvrp", reason="frostline[peers] is not installed")
pytest.importorskip("vroom", reason="frostline[peers] is not installed")

from pyvrp.stop import MaxIterations

from bench.peers import ortools_vrptw, pyvrp_model, pyvrp_run, vroom_model
from bench.peers.asked import Answer, CannotAsk, kinds_of, seconds_over_shift
from bench.peers.second_chance import offer_again
from routing.city import city_day
from routing.evaluate import evaluate
from routing.plan import UNITS_PER_MINOR, Draft, Tour, Visit
from routing.problem import CurrentTrip, Depot, Load, Locker, Order, Place, Problem, Vehicle
from routing.travel import Matrices, ModeMatrix

ITERATIONS = 400
SECONDS = 20
"""Far more than VROOM takes for a dozen orders: it ends by itself."""


def line(*km: int) -> Matrices:
    """Places on a line, `km` from its begin: a kilometre takes 100 s."""
    metres = np.abs(np.subtract.outer(km, km)).astype(np.int32) * 1000
    return Matrices({"van": ModeMatrix(metres, (metres // 10)[None])})


def order(name: str, **changes) -> Order:
    return replace(
        Order(
            id=name,
            place=name,
            load=Load(chilled_g=1000),
            depots=("depot",),
            due_s=36_000,
            latest_s=36_000,
            service_s=60,
            drop_cost=10_000,
        ),
        **changes,
    )


def van(**changes) -> Vehicle:
    return replace(
        Vehicle(
            id="van",
            depot="depot",
            mode="van",
            capacity=Load(chilled_g=2000),
            start_s=0,
            end_s=40_000,
            fixed_cost=500,
            cost_per_km=90,
            cost_per_h=1800,
        ),
        **changes,
    )


def problem(orders: list[Order], vehicles: list[Vehicle]) -> Problem:
    """Put a depot at km 0, homes a to c at km 1 to 3, and a locker beside the depot."""
    return Problem(
        places=tuple(Place(id=name) for name in ("home", "a", "b", "c", "locker")),
        orders=tuple(orders),
        depots=(Depot(id="depot", place="home"),),
        vehicles=tuple(vehicles),
        travel=line(0, 1, 2, 3, 0),
    )


def by_pyvrp(asked: Problem, **tuning) -> Answer:
    return pyvrp_run.answer(
        asked, stop=MaxIterations(ITERATIONS), seed=1, tuning=pyvrp_model.Tuning(**tuning)
    )


def by_vroom(asked: Problem, **tuning) -> Answer:
    return vroom_model.answer(asked, seconds=SECONDS, tuning=vroom_model.Tuning(**tuning))


def served(draft: Draft) -> set[int]:
    return {visit.order for tours in draft for tour in tours for visit in tour.visits}


@pytest.mark.parametrize("seed", [1, 2])
def test_pyvrps_cost_of_a_plain_day_is_the_evaluators(seed: int) -> None:
    day = city_day(orders=25, seed=seed, scenario="plain")
    answer = by_pyvrp(day)
    judged = [evaluate(day, draft) for draft in answer.drafts]
    assert all(one.feasible for one in judged)
    assert min(one.cost.total for one in judged) == answer.own_total


@pytest.mark.parametrize("seed", [1, 2])
def test_vrooms_cost_of_a_plain_day_is_the_evaluators(seed: int) -> None:
    day = city_day(orders=25, seed=seed, scenario="plain")
    answer = by_vroom(day, shipments=True)
    judged = evaluate(day, answer.drafts[0])
    assert judged.feasible
    # VROOM rounds each route's cost to a whole unit of the currency.
    rounded = judged.totals.vehicles_used * UNITS_PER_MINOR
    assert answer.own_total == pytest.approx(judged.cost.total, abs=rounded)


def test_a_peer_is_charged_for_way_time_and_vehicle() -> None:
    # 6 km at 90 = 540; 600 s of driving and 180 of service at 1800 an hour = 390; the van 500.
    asked = problem([order("a"), order("b"), order("c")], [van(capacity=Load(chilled_g=9000))])
    for answer in (by_pyvrp(asked), by_vroom(asked)):
        assert answer.own_total == (540 + 390 + 500) * UNITS_PER_MINOR


def test_a_peer_drops_what_does_not_fit_and_is_charged_for_it() -> None:
    # Room for two of three. c is the farthest, but b is worth least.
    cheap = order("b", drop_cost=3000)
    asked = problem([order("a"), cheap, order("c")], [van()])
    for answer in (by_pyvrp(asked), by_vroom(asked)):
        assert served(answer.drafts[0]) == {0, 2}
        # 540 + (600 + 120) s at 1800 an hour = 360, and the van.
        assert answer.own_total == (540 + 360 + 500 + 3000) * UNITS_PER_MINOR


def test_pyvrp_loads_again() -> None:
    asked = problem(
        [order("a"), order("b"), order("c")], [van(max_trips=2, reload_s=600, fixed_cost=0)]
    )
    # Its penalties begin high, and come down to where a second trip looks like a gain.
    stop = MaxIterations(25_000)
    answer = pyvrp_run.answer(asked, stop=stop, seed=1, tuning=pyvrp_model.Tuning())
    (tours,) = answer.drafts[0]
    assert len(tours) == 2
    assert evaluate(asked, (tours,)).feasible


def test_vroom_loads_again_with_shipments() -> None:
    asked = problem(
        [order("a"), order("b"), order("c")], [van(max_trips=2, reload_s=600, fixed_cost=0)]
    )
    (tours,) = by_vroom(asked, shipments=True).drafts[0]
    assert len(tours) == 2
    assert evaluate(asked, (tours,)).feasible


def test_peers_leave_when_the_orders_are_picked() -> None:
    asked = problem([order("a", ready_s=7200)], [van()])
    for answer in (by_pyvrp(asked), by_vroom(asked, shipments=True)):
        judged = evaluate(asked, answer.drafts[0])
        assert judged.feasible
        assert judged.routes[0].trips[0].departs_s >= 7200


def test_pyvrp_chooses_a_locker() -> None:
    # The locker is at the depot: 200 for it is less than 2 km and 200 s of driving, 180 + 100,
    # and its service is as long as the door's.
    at_locker = order("a", locker=Locker(place="locker", service_s=60, cost=200))
    asked = problem([at_locker], [van(fixed_cost=0)])
    answer = by_pyvrp(asked)
    assert answer.drafts[0] == ((Tour((Visit(0, to_locker=True),)),),)
    # 200 for the locker, 60 s at 1800 an hour = 30.
    assert answer.own_total == 230 * UNITS_PER_MINOR


def test_peers_send_nobody_who_may_not() -> None:
    skilled = order("a", skills=frozenset({"stairs"}))
    pinned = order("b", only_vehicle="other")
    vehicles = [
        van(fixed_cost=0),
        van(id="other", fixed_cost=900),
        van(id="strong", fixed_cost=900, skills=frozenset({"stairs"})),
    ]
    asked = problem([skilled, pinned, order("c")], vehicles)
    for answer in (by_pyvrp(asked), by_vroom(asked)):
        assert evaluate(asked, answer.drafts[0]).feasible
        assert served(answer.drafts[0]) == {0, 1, 2}


def test_pay_by_the_order_is_counted() -> None:
    # 2 km without a way home, at 90; 300 for each order.
    carrier = van(
        returns=False, fixed_cost=0, cost_per_h=0, cost_per_order=300, capacity=Load(chilled_g=9000)
    )
    asked = problem([order("a"), order("b")], [carrier, van(id="dear", fixed_cost=90_000)])
    for answer in (by_pyvrp(asked), by_vroom(asked)):
        assert answer.own_total == (180 + 600) * UNITS_PER_MINOR


def test_a_day_under_way_is_not_asked_about() -> None:
    trip = CurrentTrip(departed_s=0, place="a", free_s=60)
    with pytest.raises(CannotAsk):
        kinds_of(problem([order("a")], [van(current=trip)]))


def test_peers_drive_at_the_mean_pace_of_the_shift() -> None:
    metres = np.array([[0, 1000], [1000, 0]], np.int32)
    seconds = np.array([[[0, 100], [100, 0]], [[0, 200], [200, 0]]], np.int32)
    asked = replace(
        problem([], []),
        places=(Place(id="home"), Place(id="a")),
        travel=Matrices({"van": ModeMatrix(metres, seconds, (0, 3600))}),
    )
    # One hour of the shift at 100 s, three at 200 s.
    _, mean_s = seconds_over_shift(asked, van(start_s=0, end_s=4 * 3600), [0, 1])
    assert mean_s[0, 1] == 175


def test_or_tools_solves_a_vrptw() -> None:
    vans = [van(id=f"van-{k}", cost_per_h=0, fixed_cost=0) for k in range(3)]
    asked = problem([order("a"), order("b"), order("c")], vans)
    answer = ortools_vrptw.answer(asked, seconds=0.5)
    judged = evaluate(asked, answer.drafts[0])
    assert judged.feasible
    # Two of three fit together. c with b, and a alone: 6 km and 2, 90 fen each.
    assert judged.cost.total == 720 * UNITS_PER_MINOR


def test_what_was_left_out_goes_where_it_costs_least() -> None:
    asked = problem(
        [order("a"), order("b"), order("c")], [van(capacity=Load(chilled_g=9000)), van(id="idle")]
    )
    found = offer_again(asked, ((Tour((Visit(0), Visit(2))),), ()))
    assert found == ((Tour((Visit(0), Visit(1), Visit(2))),), ())


def test_what_costs_more_than_its_drop_stays_out() -> None:
    # b lies on the way, and its minute at the door costs 30.
    for drop_cost, count in ((29, 2), (31, 3)):
        asked = problem(
            [order("a"), order("b", drop_cost=drop_cost), order("c")],
            [van(capacity=Load(chilled_g=9000))],
        )
        found = offer_again(asked, ((Tour((Visit(0), Visit(2))),),))
        assert len(served(found)) == count
