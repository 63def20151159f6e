"""A relay that was chosen is driven: dispatch and the world of a day, minute by minute."""

from dataclasses import replace

import pytest

from frostline.day.scenarios import SCENARIOS
from frostline.day.truth import World
from routing.dispatch.state import FailedPlace
from routing.roads.made_up import made_up_streets
from tests.dispatched_day import DispatchedDay

CALM = replace(SCENARIOS["normal"], breakdowns=0, delays=0, closed_roads=0, fleet_percent=300)
DEAR_FEN = 100_000
"""So much a box, and without a pack: worth a relay's way, and less than four promises."""


@pytest.fixture(scope="module")
def day() -> DispatchedDay:
    """Let a day pass on which a van's compartment is found dead, out with chilled boxes."""
    world = World(5, 24, CALM, made_up_streets(5))
    relay = next(each for each in world.fleet if each.role == "relay")
    van = next(
        each
        for each in world.fleet
        if each.model.kind == "van" and each.role == "regular" and each.depot_id == relay.depot_id
    )
    chilled = [each for each in world.ordered if "chilled" in each.kg and each.window_s is None]
    world.advance(max(float(van.shifts[0].from_s), float(chilled[5].placed_s)) + 60.0)
    day = DispatchedDay.of(world, [van, relay], chilled[:6])
    while {each.stage for each in day.state.orders} != {"out"}:
        day.step()
    boxes_dear = tuple(
        replace(order, boxes=tuple(replace(box, spoil_cost=DEAR_FEN) for box in order.boxes))
        for order in day.state.orders
    )
    failed = FailedPlace(place_id=f"{van.id}.chilled", since=day.state.now)
    day.state = replace(day.state, orders=boxes_dear, failed_places=(failed,))
    ends_s = world.now_s + 3 * 3600
    while world.now_s < ends_s and {each.stage for each in day.state.orders} != {"delivered"}:
        day.step()
    return day


def test_a_relay_that_was_chosen_is_driven(day: DispatchedDay) -> None:
    chosen = {r.order_id for d in day.decisions for r in d.rescues if r.chosen == "relay"}
    signed = {e.order_id: e.vehicle_id for e in day.told if e.step == "signed"}
    (relay,) = (each for each in day.world.use() if each.vehicle_id.startswith("relay"))

    assert chosen
    assert {signed[order] for order in chosen} == {relay.vehicle_id}
    assert relay.trips == 1
    assert relay.driven_m > 0


def test_everything_is_brought(day: DispatchedDay) -> None:
    assert {each.stage for each in day.state.orders} == {"delivered"}


def test_a_meeting_stands_in_each_version_until_it_has_been(day: DispatchedDay) -> None:
    """From the version that arranges it to the last one before the box changes hands."""
    order = next(r.order_id for d in day.decisions for r in d.rescues if r.chosen == "relay")
    taken_s = next(
        e.at_s
        for e in day.told
        if e.step == "loaded" and e.order_id == order and (e.vehicle_id or "").startswith("relay")
    )
    taken_at = day.world.time_of(taken_s)
    before = [d.plan for d in day.decisions if d.plan is not None and d.now < taken_at]
    meets = [{(s.vehicle_id, s.order_id) for s in p.stops if s.kind == "meet"} for p in before]
    arranged = next(k for k, found in enumerate(meets) if order in {o for _, o in found})

    assert all(order in {o for _, o in found} for found in meets[arranged:])
