"""Why an order stays behind, on the street: a kilometre takes 100 s, the van is free at 8:00.

Each remedy is applied and judged: the order is then served, and no rule is broken.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing.evaluate import evaluate
from routing.plan import Draft, Reason, Tour, Visit
from routing.problem import Break, CurrentTrip, Depot, Load, Locker, Problem
from routing.trial import Tries
from routing.unserved import Finding, explain_unserved, find_unserved
from tests.routing_street import EIGHT, draft, order, street, tour, van
from tests.routing_world import random_problem

NO_TOURS: Draft = ((),)
SEEDS = st.integers(0, 10_000)
FEW = 300
"""Days that are walked for a random problem."""


def the_only(problem: Problem, plan: Draft = NO_TOURS) -> Finding:
    """Return what is found of the only order that is left, once each remedy has shown to work."""
    [finding] = find_unserved(problem, plan)
    check_remedies(problem, plan, finding)
    return finding


def check_remedies(problem: Problem, plan: Draft, finding: Finding) -> None:
    """With a remedy applied, the order is served, no rule is broken, and it is no dearer."""
    for remedy in finding.remedies:
        mended, better = remedy.applied(problem, plan)
        evaluation = evaluate(mended, better)
        assert evaluation.violations == ()
        stops = {s.order: s for r in evaluation.routes for t in r.trips for s in t.stops}
        assert stops[finding.unserved.order].starts_s == remedy.starts_s
        before = evaluate(mended, (*plan, ())[: len(better)])
        assert evaluation.cost.total <= before.cost.total
        for change in remedy.changes:
            assert change.wish in finding.unserved.remedy


def alone(changes: dict[str, Any], vehicle: dict[str, Any] | None = None) -> Finding:
    """Return what is found of an order at km 5, 500 s away, for which the van has all day."""
    return the_only(street(order(0, 5, **changes), vehicles=(van(**(vehicle or {})),)))


# Not even alone


@pytest.mark.parametrize(
    ("changes", "vehicle", "reason", "remedy"),
    [
        # There at 8:08:20, 60 s too late.
        ({"latest_s": EIGHT + 440}, {}, "promise", "1 min later (latest_s 29,300)"),
        ({"hold_s": 490}, {}, "cold", "its box held 10 s longer (hold_s 500)"),
        # 10 km there and back.
        ({}, {"range_m": 9000}, "range", "van could drive 1,000 m further (range_m 10,000)"),
        # Home at 8:16:40, 1000 s after 8:00.
        ({}, {"end_s": EIGHT + 940}, "shift", "ended 1 min later (end_s 29,800)"),
        ({"skills": frozenset({"stairs"})}, {}, "skill", "van had stairs"),
        ({"only_vehicle": "gone"}, {}, "pin", "it were not pinned to gone"),
        (
            {"load": Load(frozen_g=3000)},
            {"capacity": Load(chilled_g=1)},
            "compartment",
            "van had 3,000 g more frozen room",
        ),
        ({"load": Load(chilled_g=102_000)}, {}, "capacity", "van had 2,000 g more chilled room"),
        ({"depots": ("elsewhere",)}, {}, "stock", "depot had it"),
    ],
)
def test_a_rule_that_stands_in_the_way_of_all_is_the_reason(
    changes: dict[str, Any], vehicle: dict[str, Any], reason: Reason, remedy: str
) -> None:
    finding = alone(changes, vehicle)
    assert finding.unserved.reason == reason
    assert finding.unserved.sentence.startswith("Not even alone: ")
    assert remedy in finding.unserved.remedy


def test_a_break_may_stand_in_the_way() -> None:
    """The break may begin from 8:00:01 to 8:05, the stop ends at 8:08:20, 200 s too late.

    Resting first, the van would be half an hour late: that would be far more to ask for.
    """
    rest = Break(earliest_s=EIGHT + 1, latest_s=EIGHT + 300, duration_s=1800)
    finding = alone({"latest_s": EIGHT + 500}, {"breaks": (rest,)})
    assert finding.unserved.reason == "break"
    assert "a break of van could begin 3 min 20 s later" in finding.unserved.remedy


def test_a_break_that_can_be_taken_first_stands_in_no_way() -> None:
    rest = Break(earliest_s=EIGHT + 1, latest_s=EIGHT + 300, duration_s=1800)
    assert alone({}, {"breaks": (rest,)}).unserved.reason == "search"


def test_a_depot_that_picks_nothing_is_in_the_way() -> None:
    shut = Depot(id="depot", place="km0", orders_per_hour=(0,) * 24)
    finding = the_only(street(order(0, 5), depots=(shut,)))
    assert finding.unserved.reason == "picking"
    assert "depot picked 1 order instead of 0 from 08:00" in finding.unserved.remedy


def test_a_place_without_a_way_has_no_remedy() -> None:
    problem = street(order(0, 3))
    problem.travel.by_mode["van"].duration_s[0, :, 3] = 10_000_000
    finding = the_only(problem)
    assert finding.unserved.reason == "unreachable"
    assert finding.remedies == ()


@pytest.mark.parametrize(("range_m", "reason"), [(9000, "shift"), (9900, "range")])
def test_the_smallest_move_in_proportion_is_the_reason(range_m: int, reason: Reason) -> None:
    """50 s more than a shift of 950 s is 5 %. 1,000 m more than 9,000 is 11 %, 100 m 1 %."""
    vehicles = van("short", range_m=range_m), van("early", end_s=EIGHT + 950)
    problem = street(order(0, 5), vehicles=vehicles)
    assert the_only(problem, ((), ())).unserved.reason == reason


def test_all_that_is_needed_is_named() -> None:
    """60 s late, 1 m too far, and 4.50 to serve what costs 1.00 to drop."""
    finding = alone(
        {"latest_s": EIGHT + 440, "drop_cost": 100}, {"range_m": 9999, "cost_per_km": 45}
    )
    assert finding.unserved.remedy == (
        "van serves it at 08:08:20 for 4.50 more, if its latest time were 1 min later "
        "(latest_s 29,300) and van could drive 1 m further (range_m 10,000) and its drop cost "
        "were 4.50 (drop_cost 450)."
    )


def test_a_break_that_is_too_late_moves_alone() -> None:
    """A first break from 500 s to 600 s is in time, a second at 600 s is 100 s too late."""
    first = Break(earliest_s=EIGHT + 1, latest_s=EIGHT + 500, duration_s=100)
    second = Break(earliest_s=EIGHT + 2, latest_s=EIGHT + 500, duration_s=3600)
    finding = alone({"latest_s": EIGHT + 500}, {"breaks": (first, second)})
    assert "a break of van could begin 1 min 40 s later" in finding.unserved.remedy
    [change] = finding.remedies[0].changes
    assert change.value == (first, replace(second, latest_s=EIGHT + 600))


def test_another_depots_stock_is_the_last_resort() -> None:
    """The depot that has it has a van without stairs; the other one's van could climb them."""
    near = van("near", skills=frozenset({"stairs"}), depot="other")
    problem = street(
        order(0, 5, skills=frozenset({"stairs"})),
        vehicles=(near, van()),
        depots=(Depot(id="depot", place="km0"), Depot(id="other", place="km4")),
    )
    assert the_only(problem, ((), ())).unserved.reason == "skill"


# In competition


def two_orders(
    first: dict[str, Any], second: dict[str, Any] | None = None, **vehicle: Any
) -> Finding:
    """Return what is found of a second order at km 2, while the first has the van's only trip."""
    problem = street(
        order(0, 2, **first),
        order(1, 2, **(first if second is None else second)),
        vehicles=(van(**vehicle),),
    )
    return the_only(problem, draft(tour(0)))


def test_a_full_vehicle_is_the_reason_for_what_it_could_carry_alone() -> None:
    """60 kg and 60 kg into 100 kg."""
    finding = two_orders({"load": Load(chilled_g=60_000)})
    assert finding.unserved.reason == "capacity"
    assert finding.unserved.sentence.startswith("Alone it could be served; in this plan ")
    assert "if van had 20,000 g more chilled room" in finding.unserved.remedy


def test_promises_that_can_be_kept_alone_may_exclude_each_other() -> None:
    """Each takes 60 s at km 2, and both are wanted by 8:03:20, when the van can be there."""
    finding = two_orders({"latest_s": EIGHT + 200, "service_s": 60})
    assert finding.unserved.reason == "promise"
    assert "latest time were 1 min later (latest_s 29,060)" in finding.unserved.remedy


def test_a_box_may_not_bear_the_doors_before_it() -> None:
    """200 s on board, and one door of 30 s; the service of the first takes no time."""
    finding = two_orders({"hold_s": 200}, door_s=30)
    assert finding.unserved.reason == "cold"
    assert "held 30 s longer (hold_s 230)" in finding.unserved.remedy


def test_a_shift_may_be_too_short_for_both() -> None:
    """200 s out, 60 s each, 200 s back."""
    finding = two_orders({"service_s": 60}, end_s=EIGHT + 460)
    assert finding.unserved.reason == "shift"
    assert "the shift of van ended 1 min later (end_s 29,320)" in finding.unserved.remedy


def test_a_range_may_be_too_short_for_both() -> None:
    """60 kg each, so two trips of 4 km, 100 m more than it can drive: less to ask than 20 kg."""
    finding = two_orders({"load": Load(chilled_g=60_000)}, max_trips=2, range_m=7900)
    assert finding.unserved.reason == "range"
    assert "van could drive 100 m further (range_m 8,000)" in finding.unserved.remedy


def test_a_vehicle_of_which_there_is_one_more_would_do_too() -> None:
    """It is paid: 9.00 for the van, and 2 x 2 km at 0.45."""
    finding = two_orders({"load": Load(chilled_g=60_000)}, fixed_cost=900, cost_per_km=45)
    assert finding.unserved.remedy.endswith(
        "; or one more vehicle like van serves it at 08:03:20 for 10.80 more."
    )


def test_what_stands_in_the_way_of_who_could_serve_it_alone_is_the_reason() -> None:
    """The cold van is full, and would also be a minute late: two limits to move.

    That the warm van has no room for frozen goods is only one, but no news.
    """
    frozen = {"load": Load(frozen_g=90_000), "latest_s": EIGHT + 200, "service_s": 60}
    vehicles = van("cold", capacity=Load(frozen_g=90_000)), van("warm", capacity=Load(chilled_g=1))
    problem = street(order(0, 2, **frozen), order(1, 2, **frozen), vehicles=vehicles)
    finding = the_only(problem, ((tour(0),), ()))
    assert finding.unserved.reason == "capacity"
    assert {change.id for change in finding.remedies[0].changes} <= {"cold", "o0", "o1"}


def test_the_rule_that_is_broken_most_is_the_reason() -> None:
    """60 s late of 440 is 14 %, 1 m of 9,999 far less; and the other way round."""
    assert alone({"latest_s": EIGHT + 440}, {"range_m": 9999}).unserved.reason == "promise"
    assert alone({"latest_s": EIGHT + 499}, {"range_m": 5000}).unserved.reason == "range"


@pytest.mark.parametrize("under_way", [False, True])
def test_a_trip_more_may_be_the_least(under_way: bool) -> None:
    """100 kg each: three trips where two may start is half as many more; twice 100 kg is double.

    A trip that is under way is none of those that may start.
    """
    current = CurrentTrip(departed_s=EIGHT - 900, place="km0", free_s=EIGHT)
    vehicle = van(max_trips=2, current=current if under_way else None)
    problem = street(
        *(order(k, 2, load=Load(chilled_g=100_000)) for k in range(3)), vehicles=(vehicle,)
    )
    tours = (tour(),) if under_way else ()
    finding = the_only(problem, draft(*tours, tour(0), tour(1)))
    assert finding.unserved.reason == "shift"
    assert "van could start 3 trips (max_trips 3)" in finding.unserved.remedy


@pytest.mark.parametrize(("max_trips", "remedies"), [(1, 2), (0, 1)])
def test_where_too_much_would_have_to_change_one_more_vehicle_is_offered(
    max_trips: int, remedies: int
) -> None:
    """The van is out until 9:00, when its shift ends, with half its range: three limits to move.

    A fourth is that no other trip may start. A van that isn't out would do.
    """
    current = CurrentTrip(departed_s=EIGHT, place="km0", free_s=EIGHT + 3600)
    vehicle = van(
        current=current,
        range_m=10_000,
        driven_m=5000,
        end_s=EIGHT + 3600,
        max_trips=max_trips,
    )
    problem = street(order(0, 5, latest_s=EIGHT + 3600), vehicles=(vehicle,))
    finding = the_only(problem, draft(tour()))
    assert len(finding.remedies) == remedies
    assert finding.remedies[-1].extra is not None


def test_serving_adds_what_the_day_costs_more_than_before() -> None:
    """To km 5 and back is planned and paid for; km 7 adds 4 km at 0.45, and 1.50 for the order."""
    problem = street(order(0, 5), order(1, 7), vehicles=(van(cost_per_km=45, cost_per_order=150),))
    finding = the_only(problem, draft(tour(0)))
    assert finding.unserved.remedy == "van serves it at 08:11:40 for 3.30 more."


def test_an_hour_in_which_all_is_picked_that_can_be_is_a_reason() -> None:
    """One order leaves from eight to nine, and none after it."""
    hours = tuple(1 if hour == 8 else 0 for hour in range(24))
    busy = Depot(id="depot", place="km0", orders_per_hour=hours)
    problem = street(order(0, 2), order(1, 2), vehicles=(van("a"), van("b")), depots=(busy,))
    finding = the_only(problem, ((tour(0),), ()))
    assert finding.unserved.reason == "picking"
    assert "depot picked 2 orders instead of 1 from 08:00" in finding.unserved.remedy
    assert finding.remedies[0].changes[0].value == (*[0] * 8, 2, *[0] * 15)


def test_an_order_that_can_be_picked_an_hour_later_could_be_served() -> None:
    hours = tuple(1 if hour in {8, 9} else 0 for hour in range(24))
    busy = Depot(id="depot", place="km0", orders_per_hour=hours)
    problem = street(order(0, 2), order(1, 2), vehicles=(van("a"), van("b")), depots=(busy,))
    finding = the_only(problem, ((tour(0),), ()))
    assert finding.unserved.reason == "search"
    assert finding.remedies[0].tours[0].not_before_s == 9 * 3600


def test_an_order_may_cost_more_than_its_drop_cost() -> None:
    """2 x 5 km at 0.45 are 4.50."""
    finding = alone({"drop_cost": 449}, {"cost_per_km": 45})
    assert finding.unserved.reason == "cost"
    assert finding.unserved.sentence == (
        "Serving it by van costs 4.50 more, its drop cost is 4.49."
    )
    assert "if its drop cost were 4.50 (drop_cost 450)" in finding.unserved.remedy


def test_an_order_that_costs_less_was_not_found_by_the_search() -> None:
    finding = alone({"drop_cost": 450}, {"cost_per_km": 45})
    assert finding.unserved.reason == "search"
    assert finding.unserved.remedy == "van serves it at 08:08:20 for 4.50 more."


def test_a_locker_is_tried_too() -> None:
    changes = {"latest_s": EIGHT + 100, "locker": Locker(place="km1")}
    [remedy] = alone(changes).remedies
    assert remedy.tours == (Tour((Visit(0, to_locker=True),)),)


def test_what_is_aboard_is_tried_on_its_own_vehicle_alone() -> None:
    """At km 5, free at 8:10, left at 8:00: km 6 is reached at 700 s. The other van has all day."""
    current = CurrentTrip(departed_s=EIGHT, place="km5", free_s=EIGHT + 600, aboard=("o0",))
    problem = street(order(0, 6, hold_s=600), vehicles=(van("other"), van(current=current)))
    finding = the_only(problem, ((), (tour(),)))
    assert finding.unserved.reason == "cold"
    assert finding.unserved.remedy == (
        "van serves it at 08:11:40 for 0.00 more, if its box held 1 min 40 s longer (hold_s 700)."
    )


def test_where_very_many_are_left_they_are_tried_alone() -> None:
    """1,001 orders: the even ones come too late by their promise."""
    orders = [order(k, 5, latest_s=EIGHT + 499 + k % 2) for k in range(1001)]
    found = explain_unserved(street(*orders), NO_TOURS)
    assert [row.order for row in found] == [row.id for row in orders]
    assert [row.reason for row in found[:4]] == ["promise", "search", "promise", "search"]


def test_all_are_served() -> None:
    assert explain_unserved(street(order(0, 5)), draft(tour(0))) == ()


# In any city


def grown(problem: Problem, orders: int) -> Draft:
    """Return a draft that breaks no rule, and serves some orders beside those that are locked."""
    number = {row.id: k for k, row in enumerate(problem.orders)}
    plan: Draft = tuple(
        (tour(*(number[name] for name in row.current.locked)),) if row.current else ()
        for row in problem.vehicles
    )
    for _ in range(orders):
        better = (
            f for f in find_unserved(problem, plan, tries=FEW) if f.unserved.reason == "search"
        )
        found = next(better, None)
        if found is not None:
            plan = found.remedies[0].applied(problem, plan)[1]
    return plan


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 6))
def test_each_remedy_serves_its_order(seed: int, orders: int) -> None:
    """Whatever the city, and however full its plan."""
    problem = random_problem(seed)
    plan = grown(problem, orders)
    assume(evaluate(problem, plan).feasible)
    found = list(find_unserved(problem, plan, tries=FEW))
    for finding in found:
        check_remedies(problem, plan, finding)
        assert finding.remedies
    served = {visit.order for tours in plan for t in tours for visit in t.visits}
    assert len(found) == len(problem.orders) - len(served)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_same_is_found_again(seed: int) -> None:
    problem = random_problem(seed)
    plan = grown(problem, 2)
    first = explain_unserved(problem, plan, tries=FEW)
    assert explain_unserved(problem, plan, tries=FEW) == first


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_who_has_a_rule_in_its_way_alone_breaks_one_wherever_it_is_put(seed: int) -> None:
    """What is impossible alone is impossible in the plan: `Not even alone` is never a guess."""
    problem = random_problem(seed)
    plan = grown(problem, 0)
    for finding in find_unserved(problem, plan, tries=FEW):
        if finding.unserved.sentence.startswith("Not even alone"):
            k = next(n for n, o in enumerate(problem.orders) if o.id == finding.unserved.order)
            for v, tours in enumerate(plan):
                day = replace_day(plan, v, (*tours, Tour((Visit(k),))))
                assert not evaluate(problem, day).feasible


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 6))
def test_what_fits_is_a_remedy_that_moves_no_limit(seed: int, orders: int) -> None:
    problem = random_problem(seed)
    plan = grown(problem, orders)
    assume(evaluate(problem, plan).feasible)
    tries = Tries(problem, plan)
    served = {visit.order for tours in plan for t in tours for visit in t.visits}
    for k in set(range(len(problem.orders))) - served:
        for spot in tries.planned(k, FEW):
            remedy = tries.remedy(k, spot)
            without = None if remedy is None or remedy.changes else remedy
            assert tries.fit(k, spot) == without


def replace_day(plan: Draft, vehicle: int, tours: tuple[Tour, ...]) -> Draft:
    return (*plan[:vehicle], tours, *plan[vehicle + 1 :])
