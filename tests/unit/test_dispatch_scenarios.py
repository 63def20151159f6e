"""What each kind of day does to a plan, and that the document says so."""

from dataclasses import replace
from pathlib import Path

import pytest

from routing.check import check
from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import searched
from routing.dispatch.scenarios import SCENARIOS, under
from routing.evaluate import evaluate
from tests.living_city import WAYS, at, city_state

CITY = city_state(orders=40, scenario="lockers")


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_planned(name: str) -> None:
    standing = stand(under(CITY, name), WAYS)
    check(standing.problem)
    plan = searched(standing, seed=1, iterations=20)
    assert evaluate(standing.problem, plan.draft).feasible


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_documented(name: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "dispatch-scenarios.md").read_text()
    assert f"`{name}`" in text


def test_a_storm_slows_everything_and_lengthens_stops() -> None:
    """At 70 % of the speed a leg takes 1 / 0.7 as long; each stop a minute more."""
    dry, wet = stand(CITY, WAYS).problem, stand(under(CITY, "storm"), WAYS).problem
    before = dry.travel.leg("van", 0, 10)
    after = wet.travel.leg("van", 0, 10)
    assert before.distance_m == after.distance_m
    assert after.durations_s[0] == pytest.approx(before.durations_s[0] / 0.7, abs=2)
    # As any stop, the minute more takes 1.09 times as long in the mean.
    assert wet.orders[0].service_s - dry.orders[0].service_s == pytest.approx(65.4, abs=1)


def test_a_storm_that_ends_slows_what_is_before_its_end() -> None:
    problem = stand(under(CITY, "storm", until=at("18:00")), WAYS).problem
    assert problem.travel.starts_s("van") == (0, 18 * 3600)
    slow_s, fast_s = problem.travel.leg("van", 0, 10).durations_s
    assert slow_s > fast_s


@pytest.mark.parametrize(("own_cost", "calls"), [(0, False), (100_000, True)])
def test_hired_carriers_come_only_where_they_pay(own_cost: int, *, calls: bool) -> None:
    """18 yuan an order: not where the own fleet costs nothing, but before 1,000 yuan."""
    own = tuple(
        replace(vehicle, fixed_cost=0, cost_per_km=0, cost_per_h=0, cost_per_order=own_cost)
        for vehicle in CITY.vehicles
        if vehicle.returns
    )
    standing = stand(under(replace(CITY, vehicles=own), "festival-peak"), WAYS)
    plan = searched(standing, seed=1, iterations=300)
    assert any("hired" in route.vehicle for route in plan.routes) == calls


def test_a_night_shift_ends_at_eleven() -> None:
    night = under(CITY, "night-shift")
    assert {max(s.until_at for s in v.shifts) for v in night.vehicles} == {at("23:00")}


def test_only_satellites_get_tricycles() -> None:
    state = under(CITY, "satellites")
    new = [vehicle for vehicle in state.vehicles if vehicle not in CITY.vehicles]
    satellites = {depot.id for depot in CITY.depots if depot.kind == "satellite"}
    assert {v.depot_id for v in new} == satellites
    assert len(new) == 3 * len(satellites)
