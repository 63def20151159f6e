"""What is left of a city's day is a problem that can be planned, from a start that holds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.check import check
from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import Why, replan
from routing.dispatch.standing import FREE, Standing
from routing.dispatch.state import Box, CityState, CityVehicle, Disruption, Pin, Position
from routing.dispatch.world import World
from routing.evaluate import evaluate
from schemas.disruptions import (
    BreakdownDetails,
    CoolingFailedDetails,
    DelayDetails,
    RoadClosedDetails,
    WeatherDetails,
)
from tests.living_city import WAYS, city_state, later, with_plan

SCENARIOS = ("normal", "shifts", "lockers", "stock", "storm")
NEWS = Why(reason="orders")


def driven(state: CityState, minutes: list[int]) -> CityState:
    """Return a state after it was planned and driven for so long, again and again."""
    for each in minutes:
        state = with_plan(state, replan(stand(state, WAYS), NEWS, seed=1, iterations=30))
        state = later(state, state.now + timedelta(minutes=each))
    return state


def disruption(state: CityState, kind: str, vehicle: str | None, details: Any) -> Disruption:
    """Return something that holds since a minute ago."""
    since = state.now - timedelta(minutes=1)
    return Disruption(
        id=f"{kind}-{vehicle}",
        kind=kind,
        vehicle_id=vehicle,
        details=details,
        from_at=since,
        until_at=None,
        recorded_at=since,
    )


def assert_holds(standing: Standing) -> None:
    """Assert that a problem can be planned, and that its start breaks no rule of it."""
    check(standing.problem)
    found = evaluate(standing.problem, standing.start)
    assert found.feasible, found.violations


class Day(NamedTuple):
    """How a state is made: what was driven, and what then goes wrong. Numbers choose, modulo."""

    orders: int
    seed: int
    scenario: str
    driven_min: list[int]
    then_min: int
    troubles: list[str]
    vehicle: int
    delay_s: int
    pins: list[tuple[int, int]]
    lost: list[int]

    def state(self) -> CityState:
        """Return a city in the middle of its day, where much goes wrong."""
        state = city_state(orders=self.orders, seed=self.seed, scenario=self.scenario)
        state = driven(state, self.driven_min)
        state = later(state, state.now + timedelta(minutes=self.then_min))
        return replace(
            state,
            disruptions=tuple(self._disruptions(state)),
            pins=tuple(self._pins(state)),
            vehicles=tuple(self._vehicles(state)),
        )

    def _disruptions(self, state: CityState) -> Iterator[Disruption]:
        who = state.vehicles[self.vehicle % len(state.vehicles)].id
        where = state.orders[self.vehicle % len(state.orders)]
        closed = RoadClosedDetails(lat_deg=where.lat_deg, lon_deg=where.lon_deg, radius_m=400)
        snow = WeatherDetails(weather="snow", speed_percent=50, extra_service_s=120)
        details = {
            "breakdown": (who, BreakdownDetails()),
            "delay": (who, DelayDetails(delay_s=self.delay_s)),
            "cooling_failed": (who, CoolingFailedDetails()),
            "weather": (None, snow),
            "road_closed": (None, closed),
        }
        for kind in self.troubles:
            yield disruption(state, kind, *details[kind])
            if kind == "weather":
                yield self._later_storm(state)

    def _later_storm(self, state: CityState) -> Disruption:
        details = WeatherDetails(weather="storm", speed_percent=70)
        storm = disruption(state, "weather", None, details)
        from_at = state.now + timedelta(seconds=self.delay_s)
        return replace(storm, id="z", from_at=from_at, until_at=from_at + timedelta(hours=2))

    def _pins(self, state: CityState) -> Iterator[Pin]:
        pins = {order % len(state.orders): vehicle for order, vehicle in self.pins}
        for order, vehicle in pins.items():
            yield Pin(
                order_id=state.orders[order].id,
                kind="pin",
                vehicle_id=state.vehicles[vehicle % len(state.vehicles)].id,
                hold_until=None,
                price=0,
                by="Li",
            )

    def _vehicles(self, state: CityState) -> Iterator[CityVehicle]:
        """Yield the vehicles, some of them somewhere else than planned."""
        where = state.orders[0]
        astray = Position(at=state.now, lat_deg=where.lat_deg, lon_deg=where.lon_deg)
        for k, vehicle in enumerate(state.vehicles):
            yield replace(vehicle, position=astray) if k in self.lost else vehicle


TROUBLES = ("breakdown", "delay", "cooling_failed", "weather", "road_closed")


def days(troubles: Sequence[str] = TROUBLES, *, astray: int = 2) -> st.SearchStrategy[Day]:
    """Draw days on which these things may go wrong."""
    small = st.integers(0, 40)
    return st.builds(
        Day,
        orders=st.integers(3, 24),
        seed=st.integers(1, 9),
        scenario=st.sampled_from(SCENARIOS),
        driven_min=st.lists(st.integers(3, 70), max_size=3),
        then_min=st.integers(0, 90),
        troubles=st.lists(st.sampled_from(troubles), max_size=3, unique=True),
        vehicle=small,
        delay_s=st.integers(60, 5400),
        pins=st.lists(st.tuples(small, small), max_size=2),
        lost=st.lists(small, max_size=astray),
    )


MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(days())
def test_every_standing_can_be_planned_and_its_start_holds(day: Day) -> None:
    state = day.state()
    assert_holds(stand(state, WAYS))


@MANY
@given(days())
def test_no_order_gets_lost(day: Day) -> None:
    """Each order that is promised and not done is in the problem, or said to be left out."""
    state = day.state()
    standing = stand(state, WAYS)
    known = {order.id for order in standing.problem.orders}
    left = [row.order_id for row in standing.left_out]
    promised = {o.id for o in state.orders if o.stage not in {"requested", "delivered", "ended"}}
    assert known | set(left) == promised
    assert len(known) + len(left) == len(promised)


@MANY
@given(days())
def test_what_is_aboard_is_brought_by_its_vehicle(day: Day) -> None:
    state = day.state()
    standing = stand(state, WAYS)
    plan = replan(standing, NEWS, seed=1, iterations=20)
    if plan is None:
        return
    left = {row.order_id for row in plan.unserved}
    brings = {stop.order_id: stop.vehicle_id for stop in plan.stops if stop.kind == "deliver"}
    for order in state.orders:
        if order.stage == "out" and order.id not in {row.order_id for row in standing.left_out}:
            assert order.id not in left
            assert brings[order.id] == order.aboard


@MANY
@given(days(), st.integers(0, 2**31))
def test_the_order_of_rows_does_not_matter(day: Day, seed: int) -> None:
    state = day.state()
    r = Random(seed)
    shuffled: dict[str, Any] = {
        name: tuple(r.sample(list(getattr(state, name)), len(getattr(state, name))))
        for name in ("orders", "vehicles", "depots", "lockers", "pins", "disruptions", "visits")
    }
    other = replace(state, **shuffled)
    first, second = (
        replan(stand(each, WAYS), NEWS, seed=3, iterations=20) for each in (state, other)
    )
    assert first == second


@MANY
@given(days())
def test_a_pin_holds_or_the_order_waits(day: Day) -> None:
    """What is on another vehicle already can't be moved by a word."""
    state = day.state()
    standing = stand(state, WAYS)
    plan = replan(standing, NEWS, seed=1, iterations=20)
    brings = {
        stop.order_id: stop.vehicle_id
        for stop in (plan.stops if plan else state.plan.stops)
        if stop.kind == "deliver"
    }
    aboard = {order.id for order in state.orders if order.stage in {"loaded", "out"}}
    done = {order.id for order in state.orders if order.stage in {"delivered", "ended"}}
    for pin in state.pins:
        if pin.order_id not in aboard | done:
            assert brings.get(pin.order_id) in {None, pin.vehicle_id}


def years_ahead(state: CityState) -> CityState:
    """Return a state in which whatever has an end ends years from now, and boxes hold as long."""
    years = state.now + timedelta(days=26_000)
    orders = tuple(
        replace(order, due_at=years, not_before=years, boxes=(heavy(order.id),))
        if order.stage in {"waiting", "packed"}
        else replace(order, boxes=(heavy(order.id),))
        for order in state.orders
    )
    vehicles = tuple(
        replace(
            vehicle,
            reload_s=86_400,
            shifts=tuple(replace(shift, until_at=years) for shift in vehicle.shifts),
        )
        for vehicle in state.vehicles
    )
    who = state.vehicles[0].id
    broken = replace(disruption(state, "breakdown", who, BreakdownDetails()), until_at=years)
    snow = WeatherDetails(weather="snow", speed_percent=5, extra_service_s=3600, hold_percent=500)
    storm = replace(disruption(state, "weather", None, snow), until_at=years)
    held = Pin(
        order_id=state.orders[0].id,
        kind="hold",
        vehicle_id=None,
        hold_until=years,
        price=0,
        by="Li",
    )
    return replace(
        state, orders=orders, vehicles=vehicles, disruptions=(broken, storm), pins=(held,)
    )


def heavy(order_id: str) -> Box:
    return replace(bare(order_id), pack_kind="dry_ice", pack_kg=1000.0, product_kg=1000.0)


@pytest.mark.parametrize("driven_min", [[], [45, 30]])
def test_what_ends_years_ahead_can_be_planned(driven_min: list[int]) -> None:
    state = driven(city_state(orders=12), driven_min)
    standing = stand(years_ahead(state), WAYS)
    assert_holds(standing)
    assert replan(standing, NEWS, seed=1, iterations=20) is not None


def with_bare_boxes(state: CityState) -> CityState:
    """Return a city whose chilled orders are packed without ice, and whose vans cool."""
    vehicles = tuple(
        replace(vehicle, compartments={"chilled": f"{vehicle.id}.chilled"})
        for vehicle in state.vehicles
    )
    orders = tuple(
        replace(order, stage="packed", packed_at=state.now, alternates=(), boxes=(bare(order.id),))
        if order.load.chilled_g
        else order
        for order in state.orders
    )
    return replace(state, vehicles=vehicles, orders=orders)


def bare(order_id: str) -> Box:
    return Box(
        id=f"{order_id}.chilled",
        zone="chilled",
        goods_value=10_000,
        packed_at=None,
        box_material="epp",
        pack_kind="none",
        pack_kg=0.0,
        product_kg=4.0,
        spoil_cost=15_000,
    )


def without_cold(state: CityState, failed: Sequence[str] = ()) -> tuple[int, set[str]]:
    """Plan a state; return how many orders without ice go with vehicles that cool, and the rest.

    The rest are those that another vehicle brings, though one of their depot cools.
    """
    vehicles = {vehicle.id: vehicle for vehicle in state.vehicles}
    cool = {v.id for v in state.vehicles if v.kind in {"van", "carrier"} and v.id not in failed}
    depots = {vehicles[id_].depot_id for id_ in cool}
    plan = replan(stand(state, WAYS), NEWS, seed=1, iterations=30)
    stops = plan.stops if plan else state.plan.stops
    orders = {order.id: order for order in state.orders if order.boxes}
    by = {s.order_id: s.vehicle_id for s in stops if s.kind == "deliver" and s.order_id in orders}
    astray = {id_ for id_, v in by.items() if v not in cool and vehicles[v].depot_id in depots}
    return sum(vehicle in cool for vehicle in by.values()), {str(id_) for id_ in astray}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_has_no_ice_goes_with_a_vehicle_that_cools(seed: int) -> None:
    cooled, astray = without_cold(with_bare_boxes(city_state(orders=30, seed=seed)))
    assert cooled > 0
    assert not astray


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_van_that_cools_no_more_is_given_nothing_without_ice(seed: int) -> None:
    state = with_bare_boxes(city_state(orders=30, seed=seed))
    state = with_plan(state, replan(stand(state, WAYS), NEWS, seed=1, iterations=30))
    van = next(
        s.vehicle_id for s in state.plan.stops if s.kind == "deliver" and "van" in s.vehicle_id
    )
    details = CoolingFailedDetails(zone="chilled")
    state = replace(state, disruptions=(disruption(state, "cooling_failed", van, details),))
    assert_holds(stand(state, WAYS))
    assert not without_cold(state, failed=[van])[1]


def test_what_has_no_ice_costs_where_nothing_cools_it_any_more() -> None:
    """Once all vans have failed; as long as one cools it needs that, and costs none."""
    state = with_bare_boxes(city_state(orders=30, seed=1))
    assert not any(order.warm_cost_per_min for order in stand(state, WAYS).problem.orders)
    vans = [each.id for each in state.vehicles if each.kind in {"van", "carrier"}]
    details = CoolingFailedDetails(zone="chilled")
    troubles = tuple(
        replace(disruption(state, "cooling_failed", van, details), id=van) for van in vans
    )
    bare = {order.id for order in state.orders if order.load.chilled_g}
    for order in stand(replace(state, disruptions=troubles), WAYS).problem.orders:
        assert bool(order.warm_cost_per_min) == (order.id in bare)
        assert not order.skills


@MANY
@given(days())
def test_a_plan_that_stands_needs_no_new_version(day: Day) -> None:
    """Planned again at once, with nothing new, the plan says the same."""
    state = day.state()
    plan = replan(stand(state, WAYS), NEWS, seed=1, iterations=200)
    again = with_plan(state, plan)
    standing = stand(again, WAYS)
    assert standing.dropped == frozenset()
    second = replan(standing, NEWS, seed=1, iterations=0)
    assert second is None, second.changes


def test_of_two_words_on_hold_times_the_shorter_counts() -> None:
    """One heat that is reported twice is one heat."""
    state = city_state()
    told = tuple(
        disruption(state, "weather", None, WeatherDetails(weather="heat", hold_percent=percent))
        for percent in (75, 75, 90)
    )
    world = World(replace(state, disruptions=told), WAYS, FREE)
    assert world.weather() == (0, 75)
