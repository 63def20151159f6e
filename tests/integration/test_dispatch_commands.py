"""A dispatcher's word is followed or refused, has its price, stands, and can be taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from routing.dispatcher import Dispatcher
from tests.dispatch_world import DispatchWorld, dispatch_world, minutes


@pytest.fixture
def world(database_url: str) -> Iterator[DispatchWorld]:
    """Plan three orders in one direction: one van brings them all, the other stays at home."""
    with dispatch_world(database_url) as world:
        world.city()
        for number in range(1, 4):
            world.order(f"order-{number}", east_km=1.0 + number / 10)
        world.step()
        world.step(after_min=0.1)
        (busy,) = world.planned()
        assert sorted(world.planned()[busy]) == ["order-1", "order-2", "order-3"]
        yield world


def idle_van(world: DispatchWorld) -> str:
    (busy,) = world.planned()
    return "van-1" if busy == "van-2" else "van-2"


def vehicle_of(world: DispatchWorld, order_id: str) -> str:
    (found,) = (vehicle for vehicle, orders in world.planned().items() if order_id in orders)
    return found


def pins(world: DispatchWorld) -> list[tuple[object, ...]]:
    return world.sql(
        "SELECT order_id, kind, vehicle_id FROM pins WHERE to_version IS NULL ORDER BY 1, 2"
    )


def test_a_pin_is_followed_at_its_price_and_stands(world: DispatchWorld) -> None:
    van = idle_van(world)
    world.command("command-1", "pin", order_id="order-2", vehicle_id=van)
    world.step()
    accepted, _, price = world.outcome("command-1")
    # The others go along, for a second van's shift costs 60 yuan: two drivers' words, at 3 yuan.
    assert (accepted, price) == (True, 600)
    assert pins(world) == [("order-2", "pin", van)]
    for _ in range(3):
        world.step(after_min=3)
        assert vehicle_of(world, "order-2") == van
    ((shown,),) = world.sql("SELECT pins_cost FROM plans WHERE reason = 'command'")
    assert shown == price


def test_a_look_follows_ten_words(world: DispatchWorld) -> None:
    """The eleventh is read at once, and is about a version that stands no more by then."""
    van = idle_van(world)
    for number in range(11):
        world.command(f"command-{number:02}", "pin", order_id="order-2", vehicle_id=van)
    outcomes = "SELECT count(*), count(*) FILTER (WHERE accepted) FROM command_outcomes"
    assert world.step() == 0.0
    assert world.sql(outcomes) == [(10, 10)]
    assert world.step() == world.settings.poll_s
    assert world.sql(outcomes) == [(11, 10)]


def pins_costs(world: DispatchWorld) -> list[int]:
    return [cost for (cost,) in world.sql("SELECT pins_cost FROM plans ORDER BY version")]


def test_an_insertion_carries_on_what_the_pins_cost(world: DispatchWorld) -> None:
    world.command("command-1", "pin", order_id="order-2", vehicle_id=idle_van(world))
    world.step()
    assert pins_costs(world)[-1] == 600
    world.dispatcher = Dispatcher(
        world.store, replace(world.settings, batch_s=20.0), lambda: world.now
    )
    world.order("order-4")
    world.step()
    assert world.sql("SELECT engine FROM plans ORDER BY version DESC LIMIT 1") == [("insertion",)]
    assert pins_costs(world)[-1] == 600


def test_what_is_promised_beside_a_pin_is_not_what_it_costs(world: DispatchWorld) -> None:
    """Pinned to the van that brings it anyway, while orders on the other side are promised."""
    (busy,) = world.planned()
    world.command("command-1", "pin", order_id="order-2", vehicle_id=busy)
    for number in range(4, 8):
        world.order(f"order-{number}", east_km=-float(number), north_km=6.0)
    world.step()
    assert world.outcome("command-1")[2] == 0
    assert pins_costs(world)[-1] == 0


def test_a_release_gives_the_price_back(world: DispatchWorld) -> None:
    until = world.now + minutes(5 * 60)  # an hour past the promise, and late is dear
    world.command("command-1", "hold", order_id="order-2", hold_until=until)
    world.step()
    held = world.outcome("command-1")
    world.command("command-2", "release", order_id="order-2")
    world.step()
    released = world.outcome("command-2")
    # 60 minutes late cost 15 yuan; a trip of its own for it comes on top.
    assert held[0]
    assert (held[2] or 0) >= 1500
    assert released[0]
    assert (released[2] or 0) <= -1500
    assert pins(world) == []


def test_a_move_is_followed_and_leaves_no_pin(world: DispatchWorld) -> None:
    van = idle_van(world)
    world.command("command-1", "move", order_id="order-1", vehicle_id=van)
    world.step()
    assert world.outcome("command-1")[0]
    assert vehicle_of(world, "order-1") == van
    assert pins(world) == []


def test_a_held_order_is_not_brought_before(world: DispatchWorld) -> None:
    until = world.now + minutes(90)
    world.command("command-1", "hold", order_id="order-3", hold_until=until)
    world.step()
    assert world.outcome("command-1")[0]
    ((begins_at,),) = world.sql(
        "SELECT leaves_at - interval '180 s' FROM plan_stops WHERE order_id = 'order-3' "
        "AND to_version IS NULL"
    )
    assert begins_at >= until


def test_a_hold_for_years_is_refused_and_the_city_goes_on(world: DispatchWorld) -> None:
    until = world.now + timedelta(days=26_000)
    world.command("command-1", "hold", order_id="order-3", hold_until=until)
    world.step()
    accepted, reason, _ = world.outcome("command-1")
    assert not accepted
    assert "order-3" in reason
    assert vehicle_of(world, "order-3")


def test_an_undo_takes_a_version_s_command_back(world: DispatchWorld) -> None:
    van = idle_van(world)
    world.command("command-1", "pin", order_id="order-2", vehicle_id=van)
    world.step()
    world.command("command-2", "undo", undo_version=world.version())
    world.step()
    assert world.outcome("command-2")[0]
    assert pins(world) == []
    assert vehicle_of(world, "order-2") == van  # nothing is saved by telling drivers again


@pytest.mark.parametrize("first", ["pin", "hold"])
def test_an_undo_leaves_what_other_versions_did_for_the_order(
    world: DispatchWorld, first: str
) -> None:
    van, until = vehicle_of(world, "order-2"), world.now + minutes(90)
    words: dict[str, dict[str, object]] = {
        "pin": {"vehicle_id": van},
        "hold": {"hold_until": until},
    }
    versions = {}
    for kind in (first, *(words.keys() - {first})):
        world.command(kind, kind, order_id="order-2", **words[kind])
        world.step()
        accepted, reason, _ = world.outcome(kind)
        assert accepted, reason
        versions[kind] = world.version()
    world.command("undo", "undo", undo_version=versions["hold"])
    world.step()
    assert world.outcome("undo")[0]
    assert pins(world) == [("order-2", "pin", van)]


def test_an_undone_move_goes_back_to_its_vehicle(world: DispatchWorld) -> None:
    before, van = vehicle_of(world, "order-1"), idle_van(world)
    world.command("command-1", "move", order_id="order-1", vehicle_id=van)
    world.step()
    world.command("command-2", "undo", undo_version=world.version())
    world.step()
    assert world.outcome("command-2")[0]
    assert vehicle_of(world, "order-1") == before


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        ("pin", {"order_id": "order-1", "vehicle_id": "van-1", "base_version": 0}, "version 0"),
        ("release", {"order_id": "order-1"}, "neither pinned nor held"),
        ("undo", {"undo_version": 1}, "not made by a command"),
    ],
)
def test_what_can_not_be_followed_is_refused_with_the_reason(
    world: DispatchWorld, kind: str, values: dict[str, object], reason: str
) -> None:
    version = world.version()
    world.command("command-1", kind, **values)
    world.step()
    accepted, why, _ = world.outcome("command-1")
    assert not accepted
    assert reason in why
    assert world.version() == version


def test_a_word_that_leaves_its_order_behind_is_refused(world: DispatchWorld) -> None:
    van = idle_van(world)
    world.sql("UPDATE vehicles SET chilled_g = 0 WHERE vehicle_id = %s", (van,))
    world.command("command-1", "pin", order_id="order-3", vehicle_id=van)
    world.step()
    accepted, why, _ = world.outcome("command-1")
    assert not accepted
    assert why.startswith("order-3 would stay behind. ")
    assert pins(world) == []


def test_what_is_being_loaded_can_not_be_held(world: DispatchWorld) -> None:
    (busy,) = world.planned()
    world.now += minutes(25)  # picked by 10:30, and loaded in the ten minutes before
    world.command("command-1", "hold", order_id="order-3", hold_until=world.now + minutes(60))
    world.step()
    assert world.outcome("command-1")[:2] == (False, f"order-3 is being loaded onto {busy}.")


def test_what_is_aboard_stays_aboard(world: DispatchWorld) -> None:
    (busy,) = world.planned()
    other = idle_van(world)
    world.leave("order-1", busy)
    world.command("command-1", "move", order_id="order-1", vehicle_id=other)
    world.step()
    assert world.outcome("command-1")[:2] == (
        False,
        f"order-1 is aboard {busy}: only a relay can take it over.",
    )


def test_of_two_words_at_once_the_second_stands_on_the_first(world: DispatchWorld) -> None:
    van = idle_van(world)
    world.command("command-1", "pin", order_id="order-1", vehicle_id=van)
    world.command("command-2", "pin", order_id="order-2", vehicle_id=van)
    world.step()
    # With the first all three change hands, the other two at 3 yuan each. With the second only
    # one changes hands that was not told to.
    assert world.outcome("command-1")[::2] == (True, 600)
    assert world.outcome("command-2")[::2] == (True, -300)
    assert len(pins(world)) == 2
