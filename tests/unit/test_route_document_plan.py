"""A plan as JSON: what was decided is read again, and a plan for another problem is refused."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.evaluate import evaluate
from routing.plan import Draft, Plan, Tour, Unserved, Visit
from routing.plan_document import UnreadablePlan, read_draft, write_plan
from routing.problem import CurrentTrip, Locker, Problem
from tests.routing_street import EIGHT, draft, order, street, tour, van
from tests.routing_world import random_draft, random_problem


def plan_of(problem: Problem, decided: Draft) -> Plan:
    """Return the judged plan of a draft."""
    judged = evaluate(problem, decided)
    return Plan(
        draft=decided,
        routes=judged.routes,
        unserved=(),
        cost=judged.cost,
        totals=judged.totals,
        engine="search",
        seed=7,
        iterations=1000,
    )


def without_idle(problem: Problem, decided: Draft) -> Draft:
    """Return a draft without trips that bring nothing."""
    return tuple(
        tuple(t for k, t in enumerate(tours) if t.visits or (k == 0 and vehicle.current))
        for vehicle, tours in zip(problem.vehicles, decided, strict=True)
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_is_read_again_as_the_draft_it_came_from(seed: int) -> None:
    problem = random_problem(seed)
    decided = random_draft(problem, seed)
    decided = tuple(
        tuple(t._replace(not_before_s=EIGHT + 60 * k) for k, t in enumerate(tours))
        for tours in decided
    )
    data = write_plan(plan_of(problem, decided), problem)
    again = read_draft(data, problem)
    assert without_idle(problem, again) == without_idle(problem, decided)
    assert evaluate(problem, again) == evaluate(problem, decided)


STREET = street(order(0, 2, service_s=60), order(1, 5, service_s=90, locker=Locker(place="km4")))


def test_a_plan_says_what_happens_and_what_it_costs() -> None:
    """2 km, 3 km and 5 km home at 10 m/s, 150 s of service; 1 fen a kilometre are 10 fen."""
    problem = replace(STREET, vehicles=(van(cost_per_km=1, cost_per_h=1),))
    behind = Unserved(order="o9", reason="cold", sentence="Too warm.", remedy="A colder box.")
    plan = replace(plan_of(problem, draft(tour(0, 1))), unserved=(behind,))
    document = json.loads(write_plan(plan, problem))
    assert list(document) == [
        *("engine", "seed", "iterations", "cost", "totals"),
        *("violations", "notes", "unserved", "routes"),
    ]
    assert (document["engine"], document["seed"], document["iterations"]) == ("search", 7, 1000)
    assert document["violations"] == []
    assert list(document["cost"])[:2] == ["distance", "time"]
    assert list(document["cost"])[-2:] == ["drops", "total"]
    assert document["cost"]["distance"] == {"minor": 10.0, "units": 180_000}
    assert document["cost"]["time"] == {"minor": 0.32, "units": 1150 * 5}
    assert document["cost"]["total"]["units"] == 180_000 + 1150 * 5
    assert document["totals"]["distance_m"] == 10_000
    assert document["unserved"] == [
        {"order": "o9", "reason": "cold", "sentence": "Too warm.", "remedy": "A colder box."}
    ]
    [route] = document["routes"]
    [trip] = route["trips"]
    assert (route["vehicle"], route["breaks_s"]) == ("van", [])
    assert (trip["departs_s"], trip["ends_s"], trip["distance_m"]) == (EIGHT, EIGHT + 1150, 10_000)
    assert trip["stops"][0] == {
        "order": "o0",
        "to_locker": False,
        "arrives_s": EIGHT + 200,
        "starts_s": EIGHT + 200,
        "leaves_s": EIGHT + 260,
        "late_s": 0,
        "exposure_s": 200,
    }


def route(*orders: Any, **changes: Any) -> dict[str, Any]:
    trip = {"stops": [{"order": name} for name in orders]} | changes
    return {"vehicle": "van", "trips": [trip]}


def read(*routes: Any, problem: Problem = STREET) -> Draft:
    return read_draft(json.dumps({"routes": routes}).encode(), problem)


def test_a_plan_by_hand_needs_only_what_is_decided() -> None:
    assert read(route("o1", "o0")) == draft(tour(1, 0))
    assert read(route("o1", not_before_s=9)) == draft(tour(1, not_before_s=9))
    to_locker = {"vehicle": "van", "trips": [{"stops": [{"order": "o1", "to_locker": True}]}]}
    assert read(to_locker) == draft(Tour((Visit(1, True),)))
    assert read() == ((),)


UNDER_WAY = replace(
    STREET,
    vehicles=(
        van(current=CurrentTrip(departed_s=EIGHT, place="km1", free_s=EIGHT, aboard=("o0",))),
    ),
)


def test_the_trip_under_way_is_the_one_that_is_marked() -> None:
    assert read(route("o0", current=True), problem=UNDER_WAY) == draft(tour(0))
    assert read(route("o1"), problem=UNDER_WAY) == draft(tour(), tour(1))
    assert read(problem=UNDER_WAY) == draft(tour())
    assert read(route(current=True), problem=UNDER_WAY) == draft(tour())


@pytest.mark.parametrize(
    ("routes", "where", "reason"),
    [
        (
            [{"vehicle": "vans", "trips": []}],
            "routes[0].vehicle",
            'no vehicle of the problem is called "vans"; did you mean "van"?',
        ),
        (
            [{"vehicle": "truck", "trips": []}],
            "routes[0].vehicle",
            'no vehicle of the problem is called "truck"; is the plan for another one?',
        ),
        ([route("o0"), route("o1")], "routes[1].vehicle", '"van" has a route already'),
        (
            [route("o0", "p7")],
            "routes[0].trips[0].stops[1].order",
            'no order of the problem is called "p7"; is the plan for another one?',
        ),
        (
            [route("o0", "o1", "o0")],
            "routes[0].trips[0].stops[2].order",
            '"o0" is served at routes[0].trips[0].stops[0] too',
        ),
        (
            [{"vehicle": "van", "trips": [{"stops": [{"order": "o0", "to_locker": True}]}]}],
            "routes[0].trips[0].stops[0].to_locker",
            '"o0" has no locker',
        ),
        (
            [route("o0", current=True)],
            "routes[0].trips[0].current",
            "van has no such trip under way in this problem",
        ),
        (
            [route("o0", not_before_s=-1)],
            "routes[0].trips[0].not_before_s",
            "is -1; give 0 or more",
        ),
        (
            [route("o0", not_before_s=1_000_001)],
            "routes[0].trips[0].not_before_s",
            "is 1000001; give at most 1000000",
        ),
        (
            [route("o0", stop=1)],
            "routes[0].trips[0].stop",
            "is not known here; did you mean stops?",
        ),
        ([{"trips": []}], "routes[0].vehicle", "is missing; give it"),
        (["van"], "routes[0]", "is a text; give an object"),
    ],
)
def test_a_plan_for_another_problem_is_refused(routes: Any, where: str, reason: str) -> None:
    with pytest.raises(UnreadablePlan) as error:
        read(*routes)
    assert (error.value.where, error.value.reason) == (where, reason)
    assert str(error.value) == f"{where}: {reason}"


def test_only_the_first_trip_can_be_under_way() -> None:
    trips = [{"stops": [], "current": True}, {"stops": [], "current": True}]
    with pytest.raises(UnreadablePlan, match=r"routes\[0\].trips\[1\].current: van has no such"):
        read({"vehicle": "van", "trips": trips}, problem=UNDER_WAY)


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadablePlan):
        read_draft(data, STREET)


@given(st.data())
def test_a_damaged_plan_is_read_or_refused(data: st.DataObject) -> None:
    text = write_plan(plan_of(STREET, draft(tour(0, 1))), STREET)
    at = data.draw(st.integers(0, len(text) - 3))
    with pytest.raises(UnreadablePlan):
        read_draft(text[:at], STREET)
    damaged = text[:at] + data.draw(st.binary(min_size=1, max_size=2)) + text[at + 1 :]
    with suppress(UnreadablePlan):
        assert len(read_draft(damaged, STREET)) == 1
