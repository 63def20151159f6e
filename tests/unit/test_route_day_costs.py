"""What a day costs, part by part. Rates are whole fen: 18,000 units each."""

from typing import Any

import pytest

from routing.evaluate import evaluate
from routing.plan import Cost, Visit
from routing.problem import Break, Locker
from tests.routing_street import EIGHT, draft, order, street, tour, van

FEN = 18_000


def test_the_way_is_paid_by_the_metre() -> None:
    """2 x 3 km at 45 fen: 270 fen."""
    problem = street(order(0, 3), vehicles=(van(cost_per_km=45),))
    assert evaluate(problem, draft(tour(0))).cost == Cost(distance=270 * FEN)


def test_time_is_paid_from_departure_to_return_with_waits_and_breaks() -> None:
    """1400 s at 1800 fen an hour are 700 fen.

    Picked at 8:10, unpaid. Out to km 1 (100 s), a break (900 s), on to km 2 (100 s), whose door
    opens 100 s later, and home (200 s).
    """
    rest = Break(earliest_s=EIGHT + 601, latest_s=EIGHT + 3600, duration_s=900)
    problem = street(
        order(0, 1, ready_s=EIGHT + 600),
        order(1, 2, not_before_s=EIGHT + 1800),
        vehicles=(van(cost_per_h=1800, breaks=(rest,)),),
    )
    evaluation = evaluate(problem, draft(tour(0, 1)))
    assert evaluation.routes[0].breaks_s == (EIGHT + 700,)
    assert evaluation.cost == Cost(time=700 * FEN)
    assert evaluation.totals.driving_and_service_s == 1400


def test_a_reload_is_not_paid() -> None:
    """Two trips of 200 s, at 3600 fen an hour."""
    vehicle = van(max_trips=2, reload_s=900, cost_per_h=3600)
    problem = street(order(0, 1), order(1, 1), vehicles=(vehicle,))
    assert evaluate(problem, draft(tour(0), tour(1))).cost == Cost(time=400 * FEN)


def test_a_vehicle_is_paid_once_if_it_is_used() -> None:
    problem = street(order(0, 1), order(1, 1), vehicles=(van(max_trips=2, fixed_cost=900),))
    assert evaluate(problem, draft(tour(0), tour(1))).cost == Cost(vehicles=900 * FEN)
    assert evaluate(problem, draft()).cost.vehicles == 0


def test_each_order_and_each_locker_is_paid() -> None:
    """2 x 150 fen by order, and 200 for the locker."""
    problem = street(
        order(0, 1),
        order(1, 5, locker=Locker(place="km2", cost=200)),
        vehicles=(van(cost_per_order=150),),
    )
    visits = (Visit(0), Visit(1, to_locker=True))
    assert evaluate(problem, draft(tour()._replace(visits=visits))).cost == Cost(orders=500 * FEN)


@pytest.mark.parametrize(("due_s", "fen"), [(300, 0), (299, 1), (180, 120)])
def test_lateness_is_paid_by_the_second(due_s: int, fen: int) -> None:
    """Served at 300 s; 60 fen a minute are 1 fen a second."""
    problem = street(order(0, 3, due_s=EIGHT + due_s, late_cost_per_min=60))
    evaluation = evaluate(problem, draft(tour(0)))
    assert evaluation.feasible
    assert evaluation.cost == Cost(lateness=fen * FEN)
    assert evaluation.totals.late_s == 300 - due_s
    assert evaluation.totals.late_orders == (due_s < 300)


def test_a_late_service_is_late_by_when_it_begins() -> None:
    """The van is there at 300 s; the door opens at 400 s, 100 s after the promise."""
    problem = street(
        order(0, 1), order(1, 3, due_s=EIGHT + 300, not_before_s=EIGHT + 400, late_cost_per_min=60)
    )
    assert evaluate(problem, draft(tour(0, 1))).cost == Cost(lateness=100 * FEN)


def test_time_on_board_is_paid_without_the_doors() -> None:
    """o0 is aboard for 100 s, o1 for 100 + 60 + 200 s: 460 s at 6 fen a minute are 46 fen."""
    rate = {"onboard_cost_per_min": 6}
    problem = street(
        order(0, 1, service_s=60, **rate), order(1, 3, **rate), vehicles=(van(door_s=50),)
    )
    evaluation = evaluate(problem, draft(tour(0, 1)))
    assert evaluation.cost == Cost(on_board=46 * FEN)
    assert evaluation.totals.on_board_s == 460


@pytest.mark.parametrize(("warm_after_s", "fen"), [(350, 0), (349, 1), (200, 150), (None, 0)])
def test_warmth_is_paid_by_the_exposure_with_the_doors(warm_after_s: int | None, fen: int) -> None:
    """o1 is aboard for 300 s, after one door of 50 s: 350 s of exposure."""
    problem = street(
        order(0, 1),
        order(1, 3, warm_after_s=warm_after_s, warm_cost_per_min=60),
        vehicles=(van(door_s=50),),
    )
    assert evaluate(problem, draft(tour(0, 1))).cost == Cost(warmth=fen * FEN)


@pytest.mark.parametrize(
    ("known", "fen", "moved"), [("other", 700, 1), ("van", 0, 0), (None, 0, 0)]
)
def test_an_order_that_another_driver_knows_costs_its_move(
    known: str | None, fen: int, moved: int
) -> None:
    problem = street(order(0, 1, known_vehicle=known, move_cost=700))
    evaluation = evaluate(problem, draft(tour(0)))
    assert evaluation.cost == Cost(changes=fen * FEN)
    assert evaluation.totals.orders_moved == moved


def test_an_order_that_stays_behind_costs_its_drop_and_no_move() -> None:
    problem = street(order(0, 1, known_vehicle="other", move_cost=700, drop_cost=2500))
    assert evaluate(problem, draft()).cost == Cost(drops=2500 * FEN)


def test_a_total_is_rounded_to_the_nearest_fen() -> None:
    """Half a fen (9,000 units) is a whole one, a unit less is none."""
    assert Cost(time=FEN * 7 + 9000).total_minor == 8
    assert Cost(time=FEN * 7 + 8999).total_minor == 7


def test_every_part_counts_in_the_total() -> None:
    parts: dict[str, Any] = {name: 2**k for k, name in enumerate(Cost.__slots__)}
    assert len(parts) == 9
    assert Cost(**parts).total == 2**9 - 1
