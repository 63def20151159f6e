"""A city is read at one moment; a decision is written whole, once, or not at all."""

from collections.abc import Iterator

import pytest
from tests.dispatch_world import CITY, T0, DispatchWorld, dispatch_world

from routing.dispatch.state import CityState
from routing.dispatch.store_read import look


@pytest.fixture
def world(database_url: str) -> Iterator[DispatchWorld]:
    with dispatch_world(database_url) as world:
        world.city()
        yield world


def state_of(world: DispatchWorld) -> CityState:
    return look(world.store, CITY, now=world.now, stored_since=None).state


def test_a_requested_order_is_read_with_its_boxes(world: DispatchWorld) -> None:
    world.order("order-1")
    (order,) = state_of(world).orders
    assert (order.id, order.stage, order.tier_h, order.load.chilled_g) == (
        "order-1",
        "requested",
        4,
        5000,
    )
    assert [box.id for box in order.boxes] == ["order-1.chilled"]
    assert order.requested_at == T0


def test_a_step_on_a_city_writes_nothing_that_the_database_refuses(world: DispatchWorld) -> None:
    world.order("order-1")
    world.step()
    world.step(after_min=1)
    assert world.version() >= 0
