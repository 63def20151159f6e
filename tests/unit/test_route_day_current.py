"""A trip that is under way goes on from where it is; what is aboard, and locked, stays so.

The van left its depot at 8:00, has opened two doors, and is free at km 5 at 8:10 (600 s).
"""

from typing import Any

import pytest

from routing.evaluate import MalformedDraft, evaluate
from routing.plan import Tour
from routing.problem import Break, CurrentTrip, Depot, Load, Problem
from tests.routing_street import EIGHT, draft, order, street, tour, van


def under_way(
    *orders: Any, aboard: tuple[str, ...] = ("o0", "o1"), locked: tuple[str, ...] = (), **van_: Any
) -> Problem:
    current = CurrentTrip(
        departed_s=EIGHT,
        place="km5",
        free_s=EIGHT + 600,
        aboard=aboard,
        locked=locked,
        stops_made=2,
    )
    orders = orders or (order(0, 6), order(1, 8))
    return street(*orders, vehicles=(van(current=current, **van_),), now_s=EIGHT + 550)


def reasons(problem: Problem, *tours: Tour) -> list[str]:
    return [violation.reason for violation in evaluate(problem, draft(*tours)).violations]


def test_it_goes_on_from_where_it_is() -> None:
    """From km 5 by km 6 and km 8 home: 11 km, until 600 + 1100 s."""
    [route] = evaluate(under_way(), draft(tour(0, 1))).routes
    [trip] = route.trips
    assert (trip.departs_s, trip.ends_s, trip.distance_m) == (EIGHT, EIGHT + 1700, 11_000)
    assert [stop.arrives_s for stop in trip.stops] == [EIGHT + 700, EIGHT + 900]


def test_exposure_began_when_it_left_with_all_the_doors_since() -> None:
    """At km 6 at 700 s, after two doors of 50 s; at km 8 at 900 s, after three."""
    [route] = evaluate(under_way(door_s=50), draft(tour(0, 1))).routes
    assert [stop.exposure_s for stop in route.trips[0].stops] == [800, 1050]


def test_only_what_is_left_of_it_is_paid() -> None:
    """11 km at 2 fen are 22 fen; 1100 s at 3600 fen an hour are 1100 fen; no fixed cost again."""
    problem = under_way(cost_per_km=2, cost_per_h=3600, fixed_cost=500)
    cost = evaluate(problem, draft(tour(0, 1))).cost
    assert (cost.distance, cost.time, cost.vehicles) == (22 * 18_000, 1100 * 18_000, 0)


@pytest.mark.parametrize(("range_m", "broken"), [(14_000, []), (13_999, ["range"])])
def test_its_way_so_far_counts_into_its_range(range_m: int, broken: list[str]) -> None:
    """3 km before, 11 km to come."""
    assert reasons(under_way(range_m=range_m, driven_m=3000), tour(0, 1)) == broken


def test_with_nothing_to_deliver_it_drives_home() -> None:
    """From km 5, and both orders that are aboard are dropped: 2 x 10,000 fen."""
    evaluation = evaluate(under_way(), draft(tour()))
    assert evaluation.feasible
    assert evaluation.routes[0].trips[0].distance_m == 5000
    assert evaluation.cost.total == 20_000 * 18_000


def test_its_tour_may_not_be_left_out() -> None:
    with pytest.raises(MalformedDraft, match="van is on its way"):
        evaluate(under_way(), draft())


@pytest.mark.parametrize(
    ("visits", "broken"),
    [((0, 1), []), ((0,), []), ((1, 0), ["pin"]), ((1,), ["pin"]), ((), ["pin"])],
)
def test_locked_stops_are_the_next_ones(visits: tuple[int, ...], broken: list[str]) -> None:
    assert reasons(under_way(locked=("o0",)), tour(*visits)) == broken


def test_no_order_joins_a_trip_that_has_left() -> None:
    problem = under_way(order(0, 6), order(1, 8), aboard=("o0",))
    assert reasons(problem, tour(0, 1)) == ["pin"]


def test_what_is_aboard_joins_no_other_trip() -> None:
    assert reasons(under_way(), tour(0), tour(1)) == ["pin"]
    problem = under_way()
    two = street(*problem.orders, vehicles=(*problem.vehicles, van("other")))
    assert [v.vehicle for v in evaluate(two, ((tour(0),), (tour(1),))).violations] == ["other"]


def test_another_trip_follows_it_after_a_reload() -> None:
    """Home at 600 + 700 s, 100 s of reload. It is the first that starts, though the second trip."""
    problem = under_way(order(0, 6), order(1, 8), aboard=("o0",), reload_s=100, max_trips=1)
    evaluation = evaluate(problem, draft(tour(0), tour(1)))
    assert evaluation.feasible
    assert evaluation.routes[0].trips[1].departs_s == EIGHT + 1400


def test_what_is_aboard_was_loaded_by_the_rules_of_then() -> None:
    """Neither stock, nor compartments, nor the depot's picking are asked about any more."""
    heavy = order(0, 6, depots=("elsewhere",), load=Load(frozen_g=1_000_000))
    problem = under_way(heavy, aboard=("o0",))
    busy = Depot(id="depot", place="km0", orders_per_hour=(0,) * 24)
    problem = street(heavy, vehicles=problem.vehicles, depots=(busy,))
    assert reasons(problem, tour(0)) == []


def test_promise_skill_and_hold_time_are_still_asked_about() -> None:
    changes = {"latest_s": EIGHT + 699, "hold_s": 699, "skills": frozenset({"stairs"})}
    assert reasons(under_way(order(0, 6, **changes)), tour(0)) == ["promise", "cold", "skill"]


def test_a_break_that_is_open_comes_before_the_next_stop() -> None:
    rest = Break(earliest_s=EIGHT + 600, latest_s=EIGHT + 700, duration_s=900)
    [route] = evaluate(under_way(breaks=(rest,)), draft(tour(0, 1))).routes
    assert route.breaks_s == (EIGHT + 600,)
    assert route.trips[0].stops[0].arrives_s == EIGHT + 1600


def test_without_return_it_ends_where_its_last_stop_is() -> None:
    [route] = evaluate(under_way(returns=False), draft(tour(0, 1))).routes
    assert (route.trips[0].distance_m, route.trips[0].ends_s) == (3000, EIGHT + 900)
