"""Which orders a new plan moved for nothing."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba", reason="frostline[routing] is not installed")

from bench.route_replan import moved_needlessly
from routing.plan import Draft, Tour, Visit
from routing.problem import Depot, Load, Order, Place, Problem, Vehicle
from routing.travel import Matrices, ModeMatrix


def world(*, move_cost: int, room_g: int = 9000, fixed_cost: int = 0) -> Problem:
    """Two vans, and two homes at the same corner, 1 km from the depot; the first knows both."""
    metres = np.array([[0, 1000, 1000], [1000, 0, 0], [1000, 0, 0]], np.int32)
    van = Vehicle(
        id="first",
        depot="depot",
        mode="van",
        capacity=Load(chilled_g=room_g),
        start_s=0,
        end_s=40_000,
        cost_per_km=100,
        fixed_cost=fixed_cost,
    )
    order = Order(
        id="a",
        place="a",
        load=Load(chilled_g=5000),
        depots=("depot",),
        due_s=30_000,
        latest_s=30_000,
        drop_cost=10_000,
        known_vehicle="first",
        move_cost=move_cost,
    )
    return Problem(
        places=(Place(id="home"), Place(id="a"), Place(id="b")),
        orders=(order, replace(order, id="b", place="b", load=Load(chilled_g=4000))),
        depots=(Depot(id="depot", place="home"),),
        vehicles=(van, replace(van, id="second")),
        travel=Matrices({"van": ModeMatrix(metres, (metres // 10)[None])}),
    )


APART: Draft = ((Tour((Visit(0),)),), (Tour((Visit(1),)),))
TOGETHER: Draft = ((Tour((Visit(0), Visit(1))),), ())


def test_an_order_that_could_go_back_for_less_moved_needlessly() -> None:
    # b shares a's way: its own 2 km and the change are for nothing.
    assert moved_needlessly(world(move_cost=300), APART) == ["b"]


def test_an_order_that_stayed_did_not_move() -> None:
    assert moved_needlessly(world(move_cost=300), TOGETHER) == []


@pytest.mark.parametrize(("room_g", "moved"), [(9000, ["b"]), (8999, [])])
def test_an_order_that_has_no_room_any_more_had_to_move(room_g: int, moved: list[str]) -> None:
    # Both weigh 9 kg; one trip a vehicle, so that there is no second.
    assert moved_needlessly(world(move_cost=300, room_g=room_g), APART) == moved


def test_an_order_did_not_move_needlessly_if_going_back_costs_more() -> None:
    # Both on the second van: one alone would need the first van again, for 500 and 2 km more, and
    # saves but 300.
    both: Draft = ((), (Tour((Visit(0), Visit(1))),))
    assert moved_needlessly(world(move_cost=300, fixed_cost=500), both) == []
    assert moved_needlessly(world(move_cost=700, fixed_cost=500), both) == ["a", "b"]
