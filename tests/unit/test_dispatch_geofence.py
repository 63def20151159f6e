"""When a vehicle came and left, by its fixes, in whatever order these came."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.dispatch.geofence import DWELL, FENCE_M, LOOK_BACK, Point, Seen, distance_m, look
from routing.dispatch.state import VISITS_FOR, CityOrder, CityState, Position, Visited
from tests.dispatch_streets import VAN, minute, order, point, position, stop, street

# The day: from the depot at minute 0, 10 m/s; at A (6,000 m) from 10 to 14, at B (9,000 m) from 19
# to 21, back at 36.
A, B = order("a", 6000), order("b", 9000)
PLAN = (
    stop("load", -10, 0, place=0),
    stop("deliver", 10, 13, place=1, order_id="a"),
    stop("deliver", 18, 21, place=2, order_id="b"),
    stop("return", 36, 36, place=3),
)
_WAY = ((-60, 0), (0, 0), (10, 6000), (14, 6000), (19, 9000), (21, 9000), (36, 0), (60, 0))


def north_m(at_min: float) -> float:
    """Return where the van truly is."""
    for (from_min, from_m), (to_min, to_m) in pairwise(_WAY):
        if at_min <= to_min:
            return from_m + (to_m - from_m) * (at_min - from_min) / (to_min - from_min)
    return _WAY[-1][1]


def fixes(from_min: float, until_min: float, *, every_min: float = 0.25) -> list[Position]:
    count = round((until_min - from_min) / every_min) + 1
    times = [from_min + k * every_min for k in range(count)]
    return [position(at_min, north_m(at_min)) for at_min in times]


def flat_pace(mode: str, origin: Point, destination: Point, departs_at: datetime) -> int:
    del mode, departs_at
    return round(distance_m(origin, destination) / 12)


class Watch:
    """A dispatcher that keeps visits and tracks, as its store does."""

    def __init__(self, *orders: CityOrder) -> None:
        self.state = street(*(orders or (A, B)), stops=PLAN, now_min=0)
        self.known: list[Position] = []

    def hear(self, *heard: Position) -> Seen:
        """Take fixes in, as they come, and look."""
        self.known = sorted({fix.at: fix for fix in (*self.known, *heard)}.values(), key=_at)
        since = min(fix.at for fix in heard) - LOOK_BACK
        track = tuple(fix for fix in self.known if fix.at >= since)
        state: CityState = replace(self.state, now=self.known[-1].at, tracks={VAN: track})
        seen = look(state, flat_pace)
        gone = {_key(visit) for visit in (*seen.visits, *seen.withdrawn)}
        kept = [visit for visit in state.visits if _key(visit) not in gone]
        visits = sorted([*kept, *seen.visits], key=lambda visit: visit.arrived_at)
        self.state = replace(state, visits=tuple(visits))
        return seen

    def visits(self) -> list[tuple[str | None, float, float | None]]:
        return [
            (visit.order_id, _minutes(visit.arrived_at), _minutes(visit.left_at))
            for visit in self.state.visits
        ]


def _at(fix: Position) -> datetime:
    return fix.at


def _key(visit: Visited) -> tuple[object, ...]:
    return (visit.order_id, visit.depot_id, visit.arrived_at)


def _minutes(at: datetime | None) -> float:
    return -1.0 if at is None else (at - minute(0)).total_seconds() / 60


# 60 m before a door at 10 m/s are 6 s; fixes come each 15 s: the first inside is at the door. The
# depot's fence is 120 m (left beyond 180 m): 15 s after 0 the van is 150 m off, and last inside.
DAY = [(None, 0.0, 0.25), ("a", 10.0, 14.0), ("b", 19.0, 21.0), (None, 36.0, -1.0)]


def test_a_day_is_seen_as_it_was() -> None:
    watch = Watch()
    watch.hear(*fixes(-5, 40))
    assert watch.visits()[1:] == DAY[1:]
    assert watch.visits()[0][2] == DAY[0][2]


def test_fix_by_fix_it_is_the_same() -> None:
    watch, at_once = Watch(), Watch()
    for fix in fixes(-5, 40):
        watch.hear(fix)
    at_once.hear(*fixes(-5, 40))
    assert watch.state.visits == at_once.state.visits


def test_legs_are_measured_from_door_to_door() -> None:
    watch = Watch()
    watch.hear(*fixes(-5, 40))
    legs = {visit.order_id: visit for visit in watch.state.visits if visit.order_id}
    # Depot to A: left at 0.25, there at 10: 585 s; 6,000 m at 12 m/s are 500 s.
    assert (legs["a"].leg_planned_s, legs["a"].leg_actual_s) == (500, 585)
    # A to B: 14 to 19; 3,000 m at 12 m/s.
    assert (legs["b"].leg_planned_s, legs["b"].leg_actual_s) == (250, 300)
    assert legs["a"].stop_planned_s == 180


def test_an_arrival_is_known_after_a_dwell_not_before() -> None:
    watch = Watch()
    watch.hear(*fixes(-5, 10.5))
    assert [order_id for order_id, _, _ in watch.visits()] == [None]
    assert watch.hear(*fixes(10.75, 10.75)).visits[-1].arrived_at == minute(10)
    assert DWELL.total_seconds() == 45


def test_passing_by_is_no_visit() -> None:
    by = order("c", 3000)  # which the van passes at 10 m/s, twice
    watch = Watch(A, B, by)
    plan = (*PLAN[:3], stop("deliver", 30, 33, place=4, order_id="c"))
    watch.state = replace(watch.state, plan=replace(watch.state.plan, stops=plan))
    watch.hear(*fixes(-5, 40))
    assert "c" not in [order_id for order_id, _, _ in watch.visits()]


def test_a_door_of_a_later_trip_or_aboard_another_is_not_watched() -> None:
    later = order("later", 6000, stage="waiting", aboard=None)
    elsewhere = order("elsewhere", 6000, aboard="van-2")
    watch = Watch(A, B, later, elsewhere)
    plan = (
        *PLAN,
        stop("deliver", 80, 83, place=1, order_id="later", trip=2),
        stop("deliver", 12, 15, place=5, order_id="elsewhere"),
    )
    watch.state = replace(watch.state, plan=replace(watch.state.plan, stops=plan))
    watch.hear(*fixes(-5, 40))
    assert {order_id for order_id, _, _ in watch.visits()} == {None, "a", "b"}


def test_what_is_aboard_may_be_brought_though_the_plan_gave_it_to_another() -> None:
    watch = Watch()
    watch.state = replace(watch.state, plan=replace(watch.state.plan, stops=()))
    watch.hear(*fixes(-5, 40))
    assert watch.visits()[1:] == DAY[1:]


def test_fixes_of_an_outage_heal_what_was_seen() -> None:
    watch = Watch()
    watch.hear(*fixes(-5, 9))
    seen = watch.hear(*fixes(25, 40))  # 16 minutes are missing, with both doors
    assert [order_id for order_id, _, _ in watch.visits()] == [None, None]
    assert seen.withdrawn == ()
    watch.hear(*fixes(9.25, 24.75))
    assert watch.visits()[1:] == DAY[1:]
    legs = [visit.leg_actual_s for visit in watch.state.visits if visit.order_id]
    assert legs == [585, 300]


def test_a_late_fix_moves_an_arrival_and_withdraws_the_old_one() -> None:
    watch = Watch()
    day = fixes(-5, 40)
    early = [fix for fix in day if not minute(9.9) < fix.at < minute(11)]
    watch.hear(*early)
    assert ("a", 11.0, 14.0) in watch.visits()
    seen = watch.hear(*(fix for fix in day if fix not in early))
    assert [visit.arrived_at for visit in seen.withdrawn] == [minute(11)]
    assert watch.visits()[1:] == DAY[1:]


@given(st.permutations(range(6)))
def test_the_order_in_which_parts_of_a_day_come_does_not_matter(parts: list[int]) -> None:
    watch, at_once = Watch(), Watch()
    day = fixes(-5, 40)
    at_once.hear(*day)
    for part in parts:
        watch.hear(*day[part * 31 : (part + 1) * 31])
    assert watch.visits() == at_once.visits()


def test_an_open_visit_ends_though_its_order_is_gone() -> None:
    watch = Watch()
    watch.hear(*fixes(-5, 13))
    without_a = replace(watch.state.plan, stops=(PLAN[0], *PLAN[2:]))
    watch.state = replace(watch.state, orders=(B,), plan=without_a)
    for at_min in (13.25, 14.0, 14.25, 14.5):
        watch.hear(*fixes(at_min, at_min))
    assert ("a", 10.0, 14.0) in watch.visits()


def test_wandering_about_the_edge_is_not_leaving() -> None:
    watch = Watch()
    watch.hear(*fixes(-5, 11))
    edge_m = 6000 + FENCE_M
    watch.hear(position(11.5, edge_m + 25), position(12, edge_m - 1), position(13, edge_m + 25))
    assert watch.visits()[-1] == ("a", 10.0, -1.0)
    watch.hear(position(13.5, edge_m + 35))
    assert watch.visits()[-1] == ("a", 10.0, 13.0)


def test_two_doors_in_one_fence_teach_nothing() -> None:
    neighbour = order("n", 6020)
    watch = Watch(A, B, neighbour)
    plan = (*PLAN, stop("deliver", 13, 16, place=4, order_id="n"))
    watch.state = replace(watch.state, plan=replace(watch.state.plan, stops=plan))
    watch.hear(*fixes(-5, 16))
    pair = [visit for visit in watch.state.visits if visit.order_id]
    assert [visit.order_id for visit in pair] == ["a", "n"]
    assert [visit.stop_planned_s for visit in pair] == [None, None]
    assert [visit.leg_actual_s for visit in pair] == [585, None]


def said(state: CityState) -> Sequence[Visited]:
    return look(state, flat_pace).visits


def test_a_vehicle_without_fixes_is_where_its_driver_says() -> None:
    arrived = replace(A, arrived_at=minute(11))
    [visit] = said(street(arrived, B, stops=PLAN, now_min=12))
    assert (visit.source, visit.arrived_at, visit.left_at) == ("handover", minute(11), None)
    over = replace(arrived, delivered_at=minute(15), stage="delivered")
    [visit] = said(street(over, B, stops=PLAN, now_min=16, visits=(visit,)))
    assert visit.left_at == minute(15)
    assert said(street(over, B, stops=PLAN, now_min=17, visits=(visit,))) == ()


def test_a_word_older_than_the_visits_that_are_read_tells_nothing_new() -> None:
    arrived = replace(A, arrived_at=minute(11))
    day_min = VISITS_FOR.total_seconds() / 60
    assert said(street(arrived, B, stops=PLAN, now_min=11 + day_min - 1))
    assert said(street(arrived, B, stops=PLAN, now_min=11 + day_min)) == ()


def test_a_drivers_word_does_not_double_what_was_seen() -> None:
    watch = Watch()
    watch.hear(*fixes(-5, 12))
    state = replace(watch.state, tracks={}, orders=(replace(A, arrived_at=minute(11)), B))
    assert said(state) == ()


def test_a_word_and_a_fix_of_the_same_second_are_one_visit() -> None:
    """The driver's word came first; the fixes of the same arrival come with its delivery."""
    watch = Watch()
    watch.hear(*fixes(-5, 12))
    [seen] = [visit for visit in watch.state.visits if visit.order_id == "a"]
    word = replace(seen, source="handover", left_at=None, leg_planned_s=None, leg_actual_s=None)
    over = replace(A, arrived_at=word.arrived_at, delivered_at=minute(15))
    late = street(over, B, stops=PLAN, now_min=16, visits=(word,))
    found = said(replace(late, tracks=watch.state.tracks))
    keys = [(v.vehicle_id, v.order_id, v.depot_id, v.arrived_at) for v in found]
    assert len(keys) == len(set(keys))


def test_fixes_that_come_after_a_drivers_word_take_its_place() -> None:
    """The van is at A from minute 10 to 14; its driver says so at 11, its fixes come at 15."""
    watch = Watch(replace(A, arrived_at=minute(11)), B)
    watch.hear(*fixes(-5, 8))
    assert [v.source for v in watch.state.visits if v.order_id == "a"] == ["handover"]
    watch.hear(*fixes(8, 15))
    [visit] = [visit for visit in watch.state.visits if visit.order_id == "a"]
    assert (visit.source, visit.left_at, visit.stop_planned_s) == ("position", minute(14), 180)


@pytest.mark.parametrize(("opens_min", "planned_s"), [(9, 180), (10, 180), (10.5, None)])
def test_a_wait_at_a_door_is_no_service(opens_min: float, planned_s: int | None) -> None:
    watch = Watch(replace(A, not_before=minute(opens_min)), B)
    watch.hear(*fixes(-5, 15))
    [visit] = [visit for visit in watch.state.visits if visit.order_id == "a"]
    assert visit.stop_planned_s == planned_s


@pytest.mark.parametrize(("north", "metres"), [(0, 0), (111_195, 111_195), (60, 60)])
def test_distances_are_great_circles(north: float, metres: float) -> None:
    assert distance_m(point(0), point(north)) == pytest.approx(metres, abs=0.1)
