"""Where a vehicle is, and what it is bound to, on a straight street driven at 10 m/s.

Three doors at 3, 6 and 9 km; the planned trip leaves at 9:00, comes to them at 9:05, 9:13 and 9:21,
and stays for 3 minutes at each. Home is 9 km away, 15 minutes.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest

from routing.check import check
from routing.dispatch.cold import limits_of
from routing.dispatch.problem_of import stand
from routing.dispatch.rows import stops_of
from routing.dispatch.standing import FREE, Bound, Standing, Transfer, Ways
from routing.dispatch.state import (
    CityOrder,
    CityState,
    Disruption,
    Pin,
    PlannedStop,
    Shift,
    Stage,
    Visited,
)
from routing.dispatch.travelling import TravelOf
from routing.evaluate import evaluate
from routing.problem import CurrentTrip, Place, Vehicle
from routing.travel import UNREACHABLE_S, GreatCircle, Matrices, ModeMatrix, Pace
from routing.travel_places import great_circle
from schemas.disruptions import BreakdownDetails, DelayDetails
from tests.dispatch_streets import (
    AS_PLANNED,
    VAN,
    minute,
    order,
    point,
    position,
    stop,
    street,
    vehicle,
)

KMH_36 = Pace(speed_kmh=(36.0,), road_factor=1.0)


def straight(places: Sequence[Place], disruptions: Sequence[Disruption]) -> GreatCircle:
    """Drive straight on at 10 m/s."""
    del disruptions
    return great_circle(places, {"van": KMH_36})


WAYS = Ways(travel_of=straight, book=AS_PLANNED, cold=partial(limits_of, loop=True))
SHIFT = Shift(from_at=minute(-60), until_at=minute(600), drivers=("Wang",))
A, B, C = (order(name, north_m) for name, north_m in (("a", 3000), ("b", 6000), ("c", 9000)))
TRIP = (
    stop("load", -10, 0, place=0),
    stop("deliver", 5, 8, place=1, order_id="a"),
    stop("deliver", 13, 16, place=2, order_id="b"),
    stop("deliver", 21, 24, place=3, order_id="c"),
    stop("return", 39, 39, place=4),
)
STAFFED = vehicle(shifts=(SHIFT,))


def seen(at_min: float, left_min: float | None, order_id: str | None, north_m: float) -> Visited:
    """Return a visit of the van to a door, or to its depot."""
    lat_deg, lon_deg = point(north_m)
    return Visited(
        vehicle_id=VAN,
        order_id=order_id,
        depot_id=None if order_id else "d1",
        arrived_at=minute(at_min),
        left_at=None if left_min is None else minute(left_min),
        source="position",
        lat_deg=lat_deg,
        lon_deg=lon_deg,
    )


def out(now_min: float, *orders: CityOrder, **changes: Any) -> CityState:
    """Return the van on its trip."""
    values: dict[str, Any] = {"vehicles": (STAFFED,), "stops": TRIP}
    return street(*(orders or (A, B, C)), now_min=now_min, **(values | changes))


def trouble(kind: str, details: Any, **changes: Any) -> Disruption:
    """Return what happened to the van at 9:00."""
    one = Disruption(
        id="x",
        kind=kind,
        vehicle_id=VAN,
        details=details,
        from_at=minute(0),
        until_at=None,
        recorded_at=minute(0),
    )
    return replace(one, **changes)


def stood(state: CityState, bound: Bound = FREE) -> Standing:
    """Return a standing that was checked."""
    standing = stand(state, WAYS, bound)
    check(standing.problem)
    assert evaluate(standing.problem, standing.start).feasible
    return standing


def first(standing: Standing) -> tuple[Vehicle, CurrentTrip]:
    """Return the first vehicle, which is on a trip."""
    current = standing.problem.vehicles[0].current
    assert current is not None
    return standing.problem.vehicles[0], current


def rows(standing: Standing) -> dict[str | None, PlannedStop]:
    """Return the rows of the start by order; the way home has none."""
    stops = stops_of(standing, evaluate(standing.problem, standing.start).routes)
    return {row.order_id: row for row in stops}


def seconds(at_min: float) -> int:
    return 9 * 3600 + round(at_min * 60)


# On its way ---------------------------------------------------------------------------------------


def test_who_drives_to_a_stop_is_locked_to_it() -> None:
    """It left the first door at 9:10, two minutes late: 5 minutes later it is at the second."""
    state = out(12, B, C, visits=(seen(7, 10, "a", 3000),))
    _, current = first(stood(state))
    assert (current.place, current.free_s) == ("order:b", seconds(15))
    assert (current.aboard, current.locked, current.stops_made) == (("b", "c"), ("b",), 1)
    assert current.departed_s == seconds(0)


def test_a_fix_says_how_far_the_way_still_is() -> None:
    """4 km from the depot at 9:12: 2 km, 200 s before the door."""
    van = replace(STAFFED, position=position(12, 4000))
    standing = stood(out(12, B, C, vehicles=(van,), visits=(seen(7, 10, "a", 3000),)))
    _, current = first(standing)
    assert (current.place, current.free_s, current.locked) == ("vehicle:van-1", seconds(12), ("b",))
    assert abs(rows(standing)["b"].arrives_at - minute(12 + 200 / 60)) <= timedelta(seconds=1)


def test_a_fix_of_long_ago_says_nothing() -> None:
    van = replace(STAFFED, position=position(6, 3500))
    _, current = first(stood(out(12, vehicles=(van,))))
    assert current.place == "order:a"


def test_who_stands_at_a_door_is_free_after_the_rest_of_the_stop() -> None:
    """It came at 9:05; of 3 minutes 2 are over. Then 5 minutes to the next door."""
    standing = stood(out(7, visits=(seen(5, None, "a", 3000),)))
    _, current = first(standing)
    assert (current.place, current.free_s, current.locked) == ("order:a", seconds(7), ("a",))
    told = rows(standing)
    assert (told["a"].arrives_at, told["a"].leaves_at) == (minute(5), minute(8))
    assert told["b"].arrives_at == minute(13)


def test_a_door_where_it_was_already_is_not_where_it_drives_to() -> None:
    """Nobody opened at the first one: it stays aboard, and the van is on its way to the second."""
    _, current = first(stood(out(10, visits=(seen(5, 8, "a", 3000),))))
    assert current.locked == ("b",)
    assert set(current.aboard) == {"a", "b", "c"}


def test_what_is_aboard_beside_the_plan_is_brought_last() -> None:
    stray = order("d", 1000)
    standing = stood(out(2, A, B, C, stray))
    assert first(standing)[1].aboard == ("a", "b", "c", "d")
    assert set(rows(standing)) >= {"a", "b", "c", "d"}


def test_who_is_late_brings_everything_all_the_same() -> None:
    """Due at 8:00, given up at 10:00, shift over at 9:20: none of that counts at 11:00."""
    van = replace(STAFFED, shifts=(replace(SHIFT, until_at=minute(20)),))
    late = [replace(each, due_at=minute(-60)) for each in (A, B, C)]
    told = rows(stood(out(120, *late, vehicles=(van,))))
    assert {"a", "b", "c"} <= set(told)


def test_a_vehicle_that_brought_everything_drives_home() -> None:
    """It left the last door at 9:24 and has 9 km to go: home 15 minutes later by the plan."""
    state = out(26, replace(C, stage="delivered"), visits=(seen(21, 24, "c", 9000),))
    van, current = first(
        stood(replace(state, vehicles=(replace(STAFFED, position=position(26, 8000)),)))
    )
    assert (current.place, current.aboard) == ("vehicle:van-1", ())
    assert van.max_trips == 2
    home = first(stood(state))[1]
    assert home.place == "depot:d1"


def test_a_vehicle_that_is_back_reloads() -> None:
    """Back at 9:39, it may leave after ten minutes; one of three trips is made."""
    back = (seen(21, 24, "c", 9000), seen(39, None, None, 0))
    van = stood(out(41, replace(C, stage="delivered"), visits=back)).problem.vehicles[0]
    assert (van.current, van.start_s, van.max_trips) == (None, seconds(49), 2)


def test_the_shift_in_which_nobody_works_is_no_vehicle() -> None:
    van = replace(STAFFED, shifts=(replace(SHIFT, until_at=minute(10)),))
    waiting = replace(A, stage="waiting", aboard=None, departed_at=None)
    standing = stood(out(20, waiting, vehicles=(van,), stops=()))
    assert standing.problem.vehicles == ()


def test_a_second_shift_is_another_vehicle_of_the_problem() -> None:
    later = Shift(from_at=minute(660), until_at=minute(800), drivers=("Li",))
    standing = stood(out(2, vehicles=(replace(STAFFED, shifts=(SHIFT, later)),)))
    assert [v.id for v in standing.problem.vehicles] == [VAN, "van-1#2"]
    assert standing.problem.vehicles[1].start_s == seconds(660)
    assert [crew.vehicle_id for crew in standing.crews] == [VAN, VAN]


# Loading ------------------------------------------------------------------------------------------

WAITING = [replace(each, stage="waiting", aboard=None, departed_at=None) for each in (A, B, C)]


@pytest.mark.parametrize(("now_min", "loads"), [(-11, False), (-10, True)])
def test_a_trip_that_leaves_within_ten_minutes_is_being_loaded(
    now_min: int, *, loads: bool
) -> None:
    standing = stood(out(now_min, *WAITING))
    assert (standing.problem.vehicles[0].current is not None) == loads


def test_a_trip_that_loads_keeps_its_orders_and_may_change_their_sequence() -> None:
    _, current = first(stood(out(-5, *WAITING)))
    assert (current.place, current.departed_s, current.free_s) == (
        "depot:d1",
        seconds(0),
        seconds(0),
    )
    assert (current.aboard, current.locked) == (("a", "b", "c"), ())


def test_what_was_not_loaded_by_the_departure_goes_with_the_next_trip() -> None:
    standing = stood(out(3, A, B, WAITING[2]))
    assert first(standing)[1].aboard == ("a", "b")
    told = rows(standing)
    assert [told[id_].trip for id_ in ("a", "b", "c")] == [1, 1, 2]


def test_an_order_that_is_pinned_to_another_leaves_a_trip_that_loads() -> None:
    other = replace(STAFFED, id="van-2")
    pin = Pin(order_id="c", kind="pin", vehicle_id="van-2", hold_until=None, price=0, by="Li")
    standing = stood(out(-5, *WAITING, vehicles=(STAFFED, other), pins=(pin,)))
    assert first(standing)[1].aboard == ("a", "b")
    assert standing.problem.orders[2].only_vehicle == "van-2"


def test_a_hold_keeps_the_door_closed_until_then() -> None:
    pin = Pin(order_id="a", kind="hold", vehicle_id=None, hold_until=minute(90), price=0, by="Li")
    standing = stood(out(-30, *WAITING, pins=(pin,)))
    assert standing.problem.orders[0].not_before_s == seconds(90)


# What goes wrong ----------------------------------------------------------------------------------


def test_who_broke_down_keeps_what_is_on_its_way_until_a_relay_comes() -> None:
    standing = stood(out(6, disruptions=(trouble("breakdown", BreakdownDetails()),)))
    assert standing.problem.vehicles == ()
    assert [row.order_id for row in standing.left_out] == ["a", "b", "c"]
    assert standing.left_out[0].sentence == "van-1 stands with it."


@pytest.mark.parametrize("stage", ["waiting", "loaded"])
def test_what_has_not_left_goes_with_another(stage: Stage) -> None:
    aboard = VAN if stage == "loaded" else None
    there = [replace(each, stage=stage, aboard=aboard, departed_at=None) for each in (A, B, C)]
    van_2 = replace(STAFFED, id="van-2")
    breakdown = trouble("breakdown", BreakdownDetails())
    standing = stood(out(1, *there, vehicles=(STAFFED, van_2), disruptions=(breakdown,)))
    assert standing.left_out == ()
    told = rows(standing)
    assert {id_: told[id_].vehicle_id for id_ in "abc"} == dict.fromkeys("abc", "van-2")


def test_a_repair_that_ends_is_a_delay() -> None:
    breakdown = trouble("breakdown", BreakdownDetails(), until_at=minute(45))
    van = replace(STAFFED, position=position(6, 2000))
    _, current = first(stood(out(6, vehicles=(van,), disruptions=(breakdown,))))
    assert (current.place, current.free_s) == ("vehicle:van-1", seconds(45))


def test_a_delay_counts_from_when_it_began() -> None:
    """20 minutes from 9:00: at 9:06 it stands for another 14."""
    van = replace(STAFFED, position=position(6, 2000))
    delay = trouble("delay", DelayDetails(delay_s=1200))
    _, current = first(stood(out(6, vehicles=(van,), disruptions=(delay,))))
    assert current.free_s == seconds(20)
    over = stood(
        out(25, vehicles=(replace(van, position=position(25, 2000)),), disruptions=(delay,))
    )
    assert first(over)[1].free_s == seconds(25)


def cut_at(north_m: float) -> TravelOf:
    """Return what travels as `straight`, but never across a line."""

    def travel_of(places: Sequence[Place], disruptions: Sequence[Disruption]) -> Matrices:
        everywhere = range(len(places))
        metres, times = straight(places, disruptions).matrix("van", everywhere, everywhere)
        beyond = np.array([(place.lat_deg or 0.0) > point(north_m)[0] for place in places])
        times[:, beyond[:, None] != beyond] = UNREACHABLE_S
        return Matrices({"van": ModeMatrix(metres, times)})

    return travel_of


def test_what_is_cut_off_is_left_out_until_there_is_a_way() -> None:
    """Beyond 7 km nobody comes: one door is there."""
    ways = replace(WAYS, travel_of=cut_at(7000))
    for state in (out(2), out(-5, *WAITING), out(-30, *WAITING)):
        standing = stand(state, ways)
        check(standing.problem)
        assert [(row.order_id, row.reason) for row in standing.left_out] == [("c", "unreachable")]
        assert evaluate(standing.problem, standing.start).feasible


def test_a_vehicle_that_has_no_way_on_is_no_vehicle() -> None:
    """It stands at 8 km: neither to its doors nor home is there a way."""
    van = replace(STAFFED, position=position(2, 8000))
    standing = stand(out(2, A, vehicles=(van,)), replace(WAYS, travel_of=cut_at(7000)))
    check(standing.problem)
    assert standing.problem.vehicles == ()
    assert [row.order_id for row in standing.left_out] == ["a"]


# Meetings -----------------------------------------------------------------------------------------

RELAY = replace(STAFFED, id="relay-1", role="relay")


def meeting(**changes: Any) -> Transfer:
    """Return a meeting at 4 km, from 9:10 to 9:13."""
    lat_deg, lon_deg = point(4000)
    values: dict[str, Any] = {
        "orders": ("b", "c"),
        "giver": VAN,
        "taker": "relay-1",
        "lat_deg": lat_deg,
        "lon_deg": lon_deg,
        "meets_at": minute(10),
        "until": minute(13),
    }
    return Transfer(**(values | changes))


def test_a_relay_vehicle_is_kept_free() -> None:
    assert [v.id for v in stood(out(6, vehicles=(RELAY, STAFFED))).problem.vehicles] == [VAN]


def test_who_takes_over_brings_them_from_where_they_met() -> None:
    """From 4 km at 9:13 it is 2 km to the next door: 9:16:20."""
    state = out(6, vehicles=(RELAY, STAFFED))
    standing = stood(state, Bound(transfers=(meeting(),)))
    relay, van = standing.problem.vehicles
    assert relay.current is not None
    assert van.current is not None
    assert (relay.current.aboard, relay.current.free_s) == (("b", "c"), seconds(13))
    assert (relay.max_trips, van.current.aboard) == (0, ("a",))
    stops = stops_of(standing, evaluate(standing.problem, standing.start).routes)
    met = [(row.vehicle_id, row.order_id) for row in stops if row.kind == "meet"]
    assert met == [("relay-1", "b"), ("relay-1", "c"), (VAN, "b"), (VAN, "c")]
    brings = {row.order_id: row for row in stops if row.kind == "deliver"}
    assert brings["b"].vehicle_id == "relay-1"
    assert abs(brings["b"].arrives_at - minute(13 + 200 / 60)) <= timedelta(seconds=1)


def test_a_meeting_stands_in_the_plan_until_it_is_over() -> None:
    state = out(6, vehicles=(RELAY, STAFFED))
    standing = stood(state, Bound(transfers=(meeting(),)))
    stops = stops_of(standing, evaluate(standing.problem, standing.start).routes)
    again = stood(replace(state, now=minute(8), plan=replace(state.plan, stops=stops)))
    assert [(t.orders, t.giver, t.taker) for t in again.transfers] == [
        (("b",), VAN, "relay-1"),
        (("c",), VAN, "relay-1"),
    ]
    assert again.problem.vehicles[0].current is not None
    assert again.problem.vehicles[0].current.aboard == ("b", "c")
    over = [A, *(replace(each, aboard="relay-1") for each in (B, C))]
    after = stood(replace(state, orders=tuple(over), plan=replace(state.plan, stops=stops)))
    assert after.transfers == ()
    assert after.problem.vehicles[0].id == "relay-1"


@pytest.mark.parametrize(("now_min", "stands"), [(33, True), (33.1, False)])
def test_a_meeting_that_has_not_been_is_missed(now_min: float, *, stands: bool) -> None:
    """It was to be over at 9:13; 20 minutes later the giver brings what it has."""
    state = out(6, vehicles=(RELAY, STAFFED))
    standing = stood(state, Bound(transfers=(meeting(),)))
    stops = stops_of(standing, evaluate(standing.problem, standing.start).routes)
    again = stood(replace(state, now=minute(now_min), plan=replace(state.plan, stops=stops)))
    assert bool(again.transfers) == stands
    carried = {v.id: set(v.current.aboard) for v in again.problem.vehicles if v.current}
    assert ({"b", "c"} <= carried[VAN]) != stands


def test_who_breaks_down_takes_nothing_over() -> None:
    broke = trouble("breakdown", BreakdownDetails(), vehicle_id="relay-1")
    state = out(6, vehicles=(RELAY, STAFFED), disruptions=(broke,))
    standing = stood(state, Bound(transfers=(meeting(),)))
    assert standing.transfers == ()
    assert first(standing)[1].aboard == ("a", "b", "c")


def test_a_broken_van_is_relieved() -> None:
    state = out(
        6, vehicles=(RELAY, STAFFED), disruptions=(trouble("breakdown", BreakdownDetails()),)
    )
    standing = stood(state, Bound(transfers=(meeting(orders=("a", "b", "c")),)))
    assert [v.id for v in standing.problem.vehicles] == ["relay-1"]
    assert standing.left_out == ()


def test_a_relay_stands_in_while_a_vehicle_that_would_be_at_work_is_broken_down() -> None:
    """It makes as many trips as any other: the second one begins before the first is forgotten."""
    spare = replace(vehicle(id="relay-1", role="relay", gateway_id=None), shifts=(SHIFT,))
    for until_min, works in ((600, True), (5, False)):
        shift = replace(SHIFT, until_at=minute(until_min))
        broken = replace(STAFFED, shifts=(shift,))
        trouble_ = trouble("breakdown", BreakdownDetails())
        state = out(6, *WAITING, vehicles=(spare, broken), disruptions=(trouble_,), stops=())
        standing = stand(state, WAYS)
        assert [v.id for v in standing.problem.vehicles] == (["relay-1"] if works else [])
        assert all(v.max_trips == 3 for v in standing.problem.vehicles)
    rested = stand(replace(state, disruptions=()), WAYS)
    assert "relay-1" not in {v.id for v in rested.problem.vehicles}


def test_what_comes_back_is_not_delivered() -> None:
    standing = stood(out(6), Bound(returning=frozenset({"b"})))
    assert first(standing)[1].aboard == ("a", "c")
    assert [row.order_id for row in standing.left_out] == ["b"]


# Breaks -------------------------------------------------------------------------------------------


def test_a_crew_that_stood_long_enough_has_had_its_break() -> None:
    """20 minutes more than the leg from the first door to the second takes."""
    rest = (minute(9), minute(120), 1200)
    van = replace(STAFFED, shifts=(replace(SHIFT, breaks=(rest,)),))
    leg = replace(seen(33, 36, "b", 6000), leg_planned_s=300, leg_actual_s=1500)
    rested = stood(out(37, C, vehicles=(van,), visits=(seen(5, 8, "a", 3000), leg)))
    assert rested.problem.vehicles[0].breaks == ()
    quick = replace(leg, leg_actual_s=300)
    hurried = stood(out(37, C, vehicles=(van,), visits=(seen(5, 8, "a", 3000), quick)))
    assert len(hurried.problem.vehicles[0].breaks) == 1


def test_a_crew_that_stays_where_all_is_done_rests() -> None:
    """At A from 9:05, three minutes of service: at 9:20 it rests since 9:09, for half an hour."""
    rest = (minute(9), minute(120), 1800)
    van = replace(STAFFED, shifts=(replace(SHIFT, breaks=(rest,)),))
    here = replace(seen(5, None, "a", 3000), stop_planned_s=180)
    van_, current = first(stood(out(20, B, C, vehicles=(van,), visits=(here,))))
    assert (current.free_s, van_.breaks) == (seconds(39), ())
    gone = replace(here, left_at=minute(19))
    van_, current = first(stood(out(20, B, C, vehicles=(van,), visits=(gone,))))
    assert len(van_.breaks) == 1


def test_a_crew_that_waits_at_its_depot_rests_as_soon_as_it_may() -> None:
    """From 9:00 for half an hour: at 9:10 it is free at 9:30, at 9:40 it has rested."""
    rest = (minute(0), minute(120), 1800)
    van = replace(STAFFED, shifts=(replace(SHIFT, breaks=(rest,)),))
    resting = stood(out(10, *WAITING, vehicles=(van,), stops=())).problem.vehicles[0]
    assert (resting.start_s, resting.breaks) == (seconds(30), ())
    rested = stood(out(40, *WAITING, vehicles=(van,), stops=())).problem.vehicles[0]
    assert rested.breaks == ()
    assert rested.start_s <= seconds(40)
