"""A problem that can't be planned is refused, with the place in it and what to change."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import pytest

from routing.check import ImpossibleProblem, check
from routing.check_values import MAX_COST, MAX_PER_MIN, MAX_TIME_S
from routing.plan import UNITS_PER_MINOR
from routing.problem import Break, CurrentTrip, Depot, Load, Locker, Place, Problem
from tests.routing_street import EIGHT, EVENING, order, street, van
from tests.routing_world import random_problem


def first_fault(problem: Problem, **options: Any) -> tuple[str, str]:
    with pytest.raises(ImpossibleProblem) as refused:
        check(problem, **options)
    return refused.value.where, refused.value.reason


def with_order(**changes: Any) -> Problem:
    """Return a street whose second order is another than usual."""
    return street(order(0, 1), order(1, 2, **changes))


def with_van(**changes: Any) -> Problem:
    return street(order(0, 1), vehicles=(van(**changes),))


def with_depot(**changes: Any) -> Problem:
    return street(order(0, 1), depots=(Depot(id="depot", place="km0", **changes),))


def with_trip(**changes: Any) -> Problem:
    """Return a street with a van that left at eight and is free at km 1 at ten past."""
    trip = {"departed_s": EIGHT, "place": "km1", "free_s": EIGHT + 600, "aboard": ("o0",)}
    return street(
        order(0, 1), order(1, 2), vehicles=(van(current=CurrentTrip(**(trip | changes))),)
    )


def with_break(earliest_s: int, latest_s: int, duration_s: int = 1800) -> Problem:
    rest = Break(earliest_s=earliest_s, latest_s=latest_s, duration_s=duration_s)
    return with_van(breaks=(rest,))


@pytest.mark.parametrize("seed", range(40))
def test_possible_problems_pass(seed: int) -> None:
    check(random_problem(seed))


def test_the_message_says_where_and_what_to_change() -> None:
    problem = street(*(order(k, 1) for k in range(3)), order(3, 1, load=Load(frozen_g=-5)))
    with pytest.raises(ImpossibleProblem) as refused:
        check(problem)
    assert str(refused.value) == "orders[3].load.frozen_g: is -5; give 0 or more"


def test_every_fault_is_reported_up_to_twenty() -> None:
    problem = street(*(order(k, 1, service_s=-1) for k in range(30)))
    with pytest.raises(ImpossibleProblem) as refused:
        check(problem)
    assert [fault.where for fault in refused.value.faults] == [
        f"orders[{k}].service_s" for k in range(20)
    ]
    assert len(str(refused.value).splitlines()) == 20


def test_a_refusal_comes_whole_from_another_process() -> None:
    with pytest.raises(ImpossibleProblem) as refused:
        check(street(order(0, 1, service_s=-1), order(1, 1, service_s=-2)))
    again = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 (our own)
    assert again.faults == refused.value.faults
    assert str(again) == str(refused.value)


NUMBERS: list[tuple[Callable[..., Problem], str, str, int]] = [
    *(
        (with_order, "orders[1]", name, limit)
        for name, limit in [
            ("service_s", 1_000_000),
            ("ready_s", 1_000_000),
            ("drop_cost", 100_000_000),
            ("move_cost", 100_000_000),
            ("late_cost_per_min", 10_000),
            ("onboard_cost_per_min", 10_000),
            ("warm_cost_per_min", 10_000),
            ("hold_s", 1_000_000),
            ("warm_after_s", 1_000_000),
        ]
    ),
    *(
        (with_van, "vehicles[0]", name, limit)
        for name, limit in [
            ("max_trips", 10_000),
            ("reload_s", 1_000_000),
            ("range_m", 100_000_000),
            ("driven_m", 100_000_000),
            ("door_s", 600),
            ("fixed_cost", 100_000_000),
            ("cost_per_order", 100_000_000),
            ("cost_per_km", 100_000),
            ("cost_per_h", 1_000_000),
        ]
    ),
    (with_depot, "depots[0]", "picking_s", 1_000_000),
]


@pytest.mark.parametrize(("make", "where", "name", "limit"), NUMBERS)
def test_a_number_lies_within_its_bounds(
    make: Callable[..., Problem], where: str, name: str, limit: int
) -> None:
    for possible in (0, limit):
        check(make(**{name: possible}))
    path = f"{where}.{name}"
    assert first_fault(make(**{name: -1})) == (path, "is -1; give 0 or more")
    more = f"is {limit + 1}; give at most {limit}"
    assert first_fault(make(**{name: limit + 1})) == (path, more)


@pytest.mark.parametrize(("make", "where", "name", "_limit"), NUMBERS)
@pytest.mark.parametrize("value", [nan, 1.0, True, "7", np.int32(7)], ids=repr)
def test_a_number_is_whole(
    make: Callable[..., Problem], where: str, name: str, _limit: int, value: object
) -> None:
    path, reason = first_fault(make(**{name: value}))
    assert path == f"{where}.{name}"
    assert reason.endswith("; give a whole number")


@pytest.mark.parametrize("zone", ["frozen_g", "chilled_g", "ambient_g"])
def test_loads_and_capacities_are_bounded_by_zone(zone: str) -> None:
    check(with_order(load=Load(**{zone: 10_000_000})))
    check(with_van(capacity=Load(**{zone: 100_000_000})))
    where, reason = first_fault(with_order(load=Load(**{zone: 10_000_001})))
    assert (where, reason) == (f"orders[1].load.{zone}", "is 10000001; give at most 10000000")
    where, _ = first_fault(with_van(capacity=Load(**{zone: 100_000_001})))
    assert where == f"vehicles[0].capacity.{zone}"


def test_no_time_lies_beyond_eleven_days() -> None:
    check(with_order(latest_s=1_000_000, due_s=1_000_000, not_before_s=1_000_000))
    assert first_fault(with_order(latest_s=1_000_001))[0] == "orders[1].latest_s"
    check(with_van(end_s=1_000_000))
    assert first_fault(with_van(end_s=1_000_001))[0] == "vehicles[0].end_s"
    assert first_fault(street(order(0, 1), now_s=-1)) == ("now_s", "is -1; give 0 or more")


def test_a_plan_at_every_bound_costs_less_than_2_to_the_63() -> None:
    """50,000 orders, each with its own trip, way out and way home; 20,000 vehicles."""
    orders, vehicles, per_min, per_h = (
        50_000,
        20_000,
        UNITS_PER_MINOR // 60,
        UNITS_PER_MINOR // 3600,
    )
    exposure_s = MAX_TIME_S + 600 * (orders + 10_000)  # doors opened, and opened before
    rates = per_min * MAX_PER_MIN * orders * (MAX_TIME_S + MAX_TIME_S + exposure_s)
    sums = UNITS_PER_MINOR * MAX_COST * (orders * 4 + vehicles)  # drop, move, order, locker; fixed
    way = UNITS_PER_MINOR // 1000 * 100_000 * 2_000_000 * 2 * orders
    hours = per_h * 1_000_000 * MAX_TIME_S * vehicles
    assert rates + sums + way + hours < 2**63


@pytest.mark.parametrize(
    ("changes", "where", "reason"),
    [
        (
            {"place": "km77"},
            "orders[1].place",
            'no place is called "km77"; did you mean "km7"?',
        ),
        ({"place": "moon"}, "orders[1].place", 'no place is called "moon"; give the id of a place'),
        (
            {"depots": ("depot", "depto")},
            "orders[1].depots[1]",
            'no depot is called "depto"; did you mean "depot"?',
        ),
        (
            {"depots": ()},
            "orders[1].depots",
            "is empty; name a depot that has the goods, or leave the order out",
        ),
        (
            {"only_vehicle": "vans"},
            "orders[1].only_vehicle",
            'no vehicle is called "vans"; did you mean "van"?',
        ),
        (
            {"known_vehicle": "vans"},
            "orders[1].known_vehicle",
            'no vehicle is called "vans"; did you mean "van"?',
        ),
        (
            {"locker": Locker(place="kn3")},
            "orders[1].locker.place",
            'no place is called "kn3"; did you mean "km3"?',
        ),
        (
            {"locker": Locker(place="km3", cost=-1)},
            "orders[1].locker.cost",
            "is -1; give 0 or more",
        ),
    ],
)
def test_an_order_names_what_there_is(changes: dict[str, Any], where: str, reason: str) -> None:
    assert first_fault(with_order(**changes)) == (where, reason)


def test_vehicles_and_depots_name_what_there_is() -> None:
    assert first_fault(with_van(depot="depott"))[0] == "vehicles[0].depot"
    nowhere = street(order(0, 1), depots=(Depot(id="depot", place="km-1"),))
    assert first_fault(nowhere)[0] == "depots[0].place"


def test_ids_differ_and_are_texts() -> None:
    assert first_fault(street(order(0, 1), order(1, 1), order(0, 2))) == (
        "orders[2].id",
        'is "o0" as of orders[0]; ids differ',
    )
    assert first_fault(street(vehicles=(van("a"), van("a"))))[0] == "vehicles[1].id"
    depots = (Depot(id="depot", place="km0"),) * 2
    assert first_fault(street(depots=depots))[0] == "depots[1].id"
    place = Place(id="km0")
    assert first_fault(replace(street(), places=(place, place)))[0] == "places[1].id"
    assert first_fault(street(order(0, 1, id=""))) == ("orders[0].id", 'is ""; give a text')
    assert first_fault(street(order(0, 1, id=["o0"])))[0] == "orders[0].id"


def test_a_window_closes_when_it_opens_or_later() -> None:
    check(with_order(not_before_s=EVENING, latest_s=EVENING))
    where, reason = first_fault(with_order(not_before_s=EVENING + 1, latest_s=EVENING))
    assert where == "orders[1].latest_s"
    assert reason == f"is {EVENING}, before not_before_s, {EVENING + 1}; open first"


def test_a_promise_is_due_before_its_hard_limit() -> None:
    check(with_order(due_s=EVENING, latest_s=EVENING))
    where, reason = first_fault(with_order(due_s=EVENING + 1, latest_s=EVENING))
    assert where == "orders[1].latest_s"
    assert reason == f"is {EVENING}, before due_s, {EVENING + 1}; give the promise or later"


def test_a_shift_ends_after_it_starts() -> None:
    check(with_van(start_s=EIGHT, end_s=EIGHT))
    assert first_fault(with_van(start_s=EIGHT, end_s=EIGHT - 1))[0] == "vehicles[0].end_s"


def test_a_break_closes_after_it_opens_and_while_it_can_be_taken() -> None:
    check(with_break(EIGHT, EIGHT))
    assert first_fault(with_break(EIGHT + 1, EIGHT)) == (
        "vehicles[0].breaks[0].latest_s",
        f"is {EIGHT}, before earliest_s, {EIGHT + 1}",
    )
    where, reason = first_fault(with_break(EIGHT - 9, EIGHT - 1))
    assert where == "vehicles[0].breaks[0].latest_s"
    assert reason.endswith("leave out a break that is over")
    assert first_fault(with_break(EIGHT, EIGHT, -1))[0] == "vehicles[0].breaks[0].duration_s"


def test_breaks_come_in_order() -> None:
    early = Break(earliest_s=EIGHT + 60, latest_s=EIGHT + 900, duration_s=60)
    late = replace(early, earliest_s=EIGHT + 120)
    check(with_van(breaks=(early, late)))
    assert first_fault(with_van(breaks=(late, early)))[0] == "vehicles[0].breaks[1].earliest_s"


def test_a_depot_picks_by_the_hour_of_the_clock() -> None:
    check(with_depot(orders_per_hour=(5,) * 24))
    assert first_fault(with_depot(orders_per_hour=(5,) * 23)) == (
        "depots[0].orders_per_hour",
        "has 23 numbers; give 24, one an hour",
    )
    assert first_fault(with_depot(orders_per_hour=(5,) * 25))[0] == "depots[0].orders_per_hour"
    bad = (5,) * 23 + (-1,)
    where, reason = first_fault(with_depot(orders_per_hour=bad))
    assert (where, reason) == ("depots[0].orders_per_hour[23]", "is -1; give 0 or more")


def test_one_that_does_not_return_makes_one_trip() -> None:
    check(with_van(returns=False, max_trips=1))
    where, reason = first_fault(with_van(returns=False, max_trips=2))
    assert where == "vehicles[0].max_trips"
    assert reason == "is 2; a vehicle that doesn't return makes one trip: give 1"
    trip = CurrentTrip(departed_s=EIGHT, place="km1", free_s=EIGHT)
    check(with_van(returns=False, max_trips=0, current=trip))
    where, reason = first_fault(with_van(returns=False, max_trips=1, current=trip))
    assert where == "vehicles[0].max_trips"
    assert reason.endswith("makes none after its current one: give 0")


@pytest.mark.parametrize(
    ("changes", "where", "reason"),
    [
        ({"place": "km99"}, "place", 'no place is called "km99"; did you mean "km9"?'),
        ({"aboard": ("o9",)}, "aboard[0]", 'no order is called "o9"; give its id'),
        ({"locked": ("o1",)}, "locked[0]", '"o1" is not in aboard; lock what is aboard'),
        ({"locked": ("o0", "o0")}, "locked[1]", '"o0" is locked already; give it once'),
        ({"stops_made": -1}, "stops_made", "is -1; give 0 or more"),
        ({"departed_s": -1}, "departed_s", "is -1; give 0 or more"),
        (
            {"free_s": EIGHT - 1},
            "free_s",
            f"is {EIGHT - 1}, before departed_s, {EIGHT}; give it or later",
        ),
        (
            {"aboard": ("o0", "o0")},
            "aboard[1]",
            '"o0" is aboard van already; it is in one place',
        ),
    ],
)
def test_a_trip_under_way_fits_the_problem(
    changes: dict[str, Any], where: str, reason: str
) -> None:
    check(with_trip())
    assert first_fault(with_trip(**changes)) == (f"vehicles[0].current.{where}", reason)


def test_no_vehicle_is_free_in_the_past() -> None:
    check(replace(with_trip(), now_s=EIGHT + 600))
    where, reason = first_fault(replace(with_trip(), now_s=EIGHT + 601))
    assert where == "vehicles[0].current.free_s"
    assert reason.endswith(f"before now_s, {EIGHT + 601}; give now_s or later")


def test_no_order_is_aboard_two_vehicles() -> None:
    trip = CurrentTrip(departed_s=EIGHT, place="km1", free_s=EIGHT, aboard=("o0",))
    vehicles = (van("a", current=trip), van("b"), van("c", current=trip))
    assert first_fault(street(order(0, 1), vehicles=vehicles)) == (
        "vehicles[2].current.aboard[0]",
        '"o0" is aboard a already; it is in one place',
    )


def test_locked_stops_that_no_longer_fit_are_said() -> None:
    """Free at km 1 at 8:10, the door at km 2 is reached 100 s later."""
    aboard = {"aboard": ("o1",), "locked": ("o1",)}
    for latest_s, possible in ((EIGHT + 700, True), (EIGHT + 699, False)):
        problem = with_trip(**aboard)
        problem = replace(
            problem,
            orders=(problem.orders[0], order(1, 2, due_s=EIGHT, latest_s=latest_s)),
        )
        if possible:
            check(problem)
        else:
            where, reason = first_fault(problem)
            assert where == "vehicles[0].current"
            assert reason.startswith("can't be finished: van: o1: served at ")


def test_a_locked_stop_may_still_fit_at_its_locker() -> None:
    """The door at km 9 is 800 s from km 1, the locker at km 2 is 100 s."""
    late = order(1, 9, due_s=EIGHT, latest_s=EIGHT + 700)
    problem = with_trip(aboard=("o1",), locked=("o1",))
    at_locker = replace(late, locker=Locker(place="km2"))
    check(replace(problem, orders=(problem.orders[0], at_locker)))
    assert first_fault(replace(problem, orders=(problem.orders[0], late)))[0] == (
        "vehicles[0].current"
    )


def test_too_many_orders_are_refused_with_the_number() -> None:
    problem = street(*(order(k, 1) for k in range(4)))
    check(problem, max_orders=4)
    assert first_fault(problem, max_orders=3) == (
        "orders",
        "has 4 orders; at most 3 are planned at once, split the city",
    )


def test_fifty_thousand_orders_are_the_most() -> None:
    problem = street(order(0, 1))
    assert first_fault(replace(problem, orders=problem.orders * 50_001))[0] == "orders"
    assert first_fault(replace(problem, orders=problem.orders * 50_000))[0] == "orders[1].id"


def test_twenty_thousand_vehicles_are_the_most() -> None:
    problem = street()
    assert first_fault(replace(problem, vehicles=problem.vehicles * 20_001))[0] == "vehicles"
    assert first_fault(replace(problem, vehicles=problem.vehicles * 20_000))[0] == "vehicles[1].id"


def test_order_without_any_vehicle_is_no_fault() -> None:
    """That it stays behind is part of a plan."""
    other = Depot(id="other", place="km9")
    depots = (Depot(id="depot", place="km0"), other)
    check(street(order(0, 1, depots=("other",)), depots=depots))
