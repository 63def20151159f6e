"""A city's plan lives: orders are promised, brought by whoever is told to, and planned again."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dispatch_world import T0, DispatchWorld, dispatch_world, minutes


@pytest.fixture
def world(database_url: str) -> Iterator[DispatchWorld]:
    with dispatch_world(database_url) as world:
        world.city()
        yield world


def test_an_order_is_promised_by_its_tier_and_planned(world: DispatchWorld) -> None:
    world.order("order-1", level="diamond")
    world.step()
    promise = world.promise("order-1")
    assert (promise["state"], promise["depot_id"], promise["version"]) == (
        "promised",
        "depot-1",
        1,
    )
    # Two hours from 10:00 in Shanghai.
    assert promise["due_at"] == (T0 + minutes(120)).isoformat()
    assert [orders for orders in world.planned().values()] == [["order-1"]]
    assert [t for (t,) in world.sql("SELECT type FROM events ORDER BY event_id")] == [
        "frostline.order.promised",
        "frostline.plan.changed",
    ]


def test_a_quiet_city_gets_no_new_versions(world: DispatchWorld) -> None:
    world.order("order-1")
    world.step()
    world.step(after_min=0.1)
    version = world.version()
    for _ in range(5):
        world.step(after_min=0.1)
    assert world.version() == version
