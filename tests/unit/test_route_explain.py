"""What is said of an order and of a plan, on the street: a kilometre takes 100 s."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.evaluate import evaluate
from routing.explain import (
    FullTrip,
    LateOrder,
    NoSuchOrder,
    PlanExplained,
    TightBox,
    explain,
    explain_plan,
)
from routing.plan import Draft, Plan, Unserved
from routing.problem import CurrentTrip, Load, Problem
from routing.words import clock, duration, money
from tests.routing_street import EIGHT, draft, order, street, tour, van
from tests.routing_world import random_draft, random_problem


def plan_of(problem: Problem, plan: Draft, *unserved: Unserved) -> Plan:
    judged = evaluate(problem, plan)
    return Plan(
        draft=plan,
        routes=judged.routes,
        unserved=unserved,
        cost=judged.cost,
        totals=judged.totals,
        engine="hand",
        seed=0,
        iterations=0,
    )


def said(problem: Problem, plan: Draft, order_id: str) -> list[str]:
    return explain(problem, plan_of(problem, plan), order_id).splitlines()


def two_vans(*orders: Any, **second: Any) -> Problem:
    return street(*orders, vehicles=(van("a", cost_per_km=45), van("b", cost_per_km=60, **second)))


def test_who_brings_an_order_and_how_well() -> None:
    """Km 2 at 200 s, km 5 at 500 s: 6 min 40 s before 8:15. One door of 40 s: 540 s of 900."""
    problem = two_vans(order(0, 2), order(1, 5, due_s=EIGHT + 900, hold_s=900))
    problem = street(*problem.orders, vehicles=(van("a", cost_per_km=45, door_s=40),))
    first, promise, warmth, _ = said(problem, draft(tour(0, 1)), "o1")
    assert first == (
        "o1 is brought to its door by a at 08:08:20: stop 2 of 2 of the trip that leaves at 08:00."
    )
    assert promise == "That is 6 min 40 s before its promise of 08:15."
    assert warmth == (
        "It is aboard for 8 min 20 s; with the doors opened before, 9 min or 60 % of the 15 min "
        "that its box holds are used up."
    )


def test_a_late_order_says_how_much_is_left() -> None:
    """There at 8:08:20, promised at 8:05, at the latest at 8:10."""
    problem = street(order(0, 5, due_s=EIGHT + 300, latest_s=EIGHT + 600))
    assert said(problem, draft(tour(0)), "o0")[1] == (
        "That is 3 min 20 s after its promise of 08:05, and 1 min 40 s before its latest time."
    )


def test_the_next_best_vehicle_is_named_with_what_it_costs_more() -> None:
    """Now 2 x 5 km at 0.45, 4.50; the other van would take 6.00."""
    problem = two_vans(order(0, 5))
    assert said(problem, ((tour(0),), ()), "o0")[3] == (
        "Serving it costs 4.50. Next best, b would bring it at 08:08:20 for 1.50 more."
    )
    assert said(problem, ((), (tour(0),)), "o0")[3] == (
        "Serving it costs 6.00. Next best, a would bring it at 08:08:20 for 1.50 less."
    )


def test_where_no_other_vehicle_can_the_rule_in_its_way_is_named() -> None:
    problem = two_vans(order(0, 5, skills=frozenset({"stairs"})))
    problem = street(*problem.orders, vehicles=(van("a", skills=frozenset({"stairs"})), van("b")))
    assert said(problem, ((tour(0),), ()), "o0")[3] == (
        "No other vehicle could bring it, as all else stands: b lacks stairs."
    )


def test_the_only_vehicle_has_no_other() -> None:
    assert said(street(order(0, 5)), draft(tour(0)), "o0")[3] == (
        "No other vehicle can come to it."
    )


def test_what_is_aboard_stays_aboard() -> None:
    current = CurrentTrip(departed_s=EIGHT, place="km5", free_s=EIGHT + 600, aboard=("o0",))
    problem = street(order(0, 6), vehicles=(van("a", current=current), van("b")))
    assert said(problem, ((tour(0),), ()), "o0")[3] == (
        "It is aboard already: no other vehicle can bring it."
    )


def test_an_order_that_is_not_served_has_its_reason_and_remedy() -> None:
    """There at 8:08:20, 20 s too late."""
    problem = street(order(0, 5, latest_s=EIGHT + 480))
    first, why, remedy = said(problem, ((),), "o0")
    assert first == "o0 is not served (promise)."
    assert why == (
        "Not even alone: van would begin to serve it at 08:08:20, 20 s after its latest time."
    )
    assert remedy == (
        "Remedy: van serves it at 08:08:20 for 0.00 more, "
        "if its latest time were 20 s later (latest_s 29,300)."
    )


def test_what_the_plan_says_of_an_unserved_order_is_repeated() -> None:
    row = Unserved(order="o0", reason="cold", sentence="Too warm.", remedy="Ice.")
    problem = street(order(0, 5))
    told = explain(problem, plan_of(problem, ((),), row), "o0")
    assert told == "o0 is not served (cold).\nToo warm.\nRemedy: Ice."


def test_an_order_that_there_is_not_is_refused_with_one_that_there_is() -> None:
    problem = street(order(0, 5))
    with pytest.raises(NoSuchOrder, match="o is not an order of this problem; did you mean o0"):
        explain(problem, plan_of(problem, ((),)), "o")


def test_a_plan_is_explained_by_its_parts_and_its_worst() -> None:
    """Out to km 2 and 5, and home: 10 km at 0.45 are 4.50.

    o1 is served at 500 s, 20 s late: 0.20 at 0.60 a minute. o2 costs 1.00 to drop. Of 10 kg chilled
    room 8 kg are used.
    """
    problem = street(
        order(0, 2, hold_s=800),
        order(
            1, 5, hold_s=1000, due_s=EIGHT + 480, late_cost_per_min=60, load=Load(chilled_g=7000)
        ),
        order(2, 3, drop_cost=100),
        vehicles=(van(cost_per_km=45, capacity=Load(chilled_g=10_000)),),
    )
    told = explain_plan(problem, plan_of(problem, draft(tour(0, 1))))
    assert told == PlanExplained(
        total=570 * 18_000,
        parts=(("distance", 450 * 18_000), ("lateness", 20 * 18_000), ("drops", 100 * 18_000)),
        late=(LateOrder(order="o1", vehicle="van", starts_s=EIGHT + 500, late_s=20),),
        tightest=(
            TightBox(order="o1", vehicle="van", exposure_s=500, hold_s=1000),
            TightBox(order="o0", vehicle="van", exposure_s=200, hold_s=800),
        ),
        fullest=(
            FullTrip(
                vehicle="van", departs_s=EIGHT, zone="chilled", load_g=8000, capacity_g=10_000
            ),
        ),
        sentences=(
            "Of 3 orders 2 are served, by 1 vehicle over 10.0 km.",
            "The plan costs 5.70: the way 4.50, orders not served 1.00, lateness 0.20.",
            "Late by 20 s in all: 1 order.",
        ),
    )


def test_a_plan_that_breaks_a_rule_says_so() -> None:
    problem = street(order(0, 5, latest_s=EIGHT))
    told = explain_plan(problem, plan_of(problem, draft(tour(0))))
    assert told.sentences[-1] == (
        "It breaks a rule (promise): van: o0: served at 29300 s, after 28800."
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_every_order_of_any_plan_can_be_explained(seed: int) -> None:
    """Served or not, and whatever rule is broken: its name comes first, and it ends a sentence."""
    problem = random_problem(seed, orders=8)
    plan = plan_of(problem, random_draft(problem, seed))
    for row in problem.orders:
        told = explain(problem, plan, row.id)
        assert told.startswith(f"{row.id} is ")
        assert told.endswith(".")
    assert sum(units for _, units in explain_plan(problem, plan).parts) == plan.cost.total


@pytest.mark.parametrize(
    ("at_s", "text"), [(0, "00:00"), (32_700, "09:05"), (32_720, "09:05:20"), (90_000, "25:00")]
)
def test_a_time_of_day(at_s: int, text: str) -> None:
    assert clock(at_s) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (740, "12 min 20 s"), (7501, "2 h 5 min 1 s")],
)
def test_a_length_of_time(seconds: int, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("units", "text"),
    [(0, "0.00"), (8999, "0.00"), (9000, "0.01"), (-9000, "-0.01"), (-8999, "0.00")],
)
def test_an_amount_of_money(units: int, text: str) -> None:
    """18,000 units are one fen, a hundredth of the currency."""
    assert money(units) == text
