"""What changes on a curve, as it happens: server-sent events from a real server."""

import asyncio
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from functools import partial

import psycopg
import pytest

from api import store, store_events
from api.app import create_app
from api.context import Context
from api.live import Listener, live_response
from api.refusals import DatabaseAway
from api.store_events import Position
from schemas.ids import OrderId
from tests.api_world import (
    BOX_LOGGER,
    OTHER_LOGGER,
    T0,
    World,
    every,
    iso,
    minutes,
    ms,
    running_world,
)
from tests.sse import SILENCE_S, Said, stream


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


def times_of(said: Said) -> list[int]:
    assert said.event == "points"
    return [
        t
        for consignment in said.data["consignments"]
        for segment in consignment["segments"]
        for t in segment["points"]["t_ms"]
    ]


def hear_at(world: World, *at: datetime) -> None:
    world.hear(BOX_LOGGER, [(when, 2.0) for when in at])


LIVE = "/orders/order-1/live"


def test_new_readings_come_as_points(world: World) -> None:
    world.shipped_order()
    hear_at(world, T0)
    with stream(world, LIVE) as said:
        assert next(said).event == "ready"
        hear_at(world, T0 + minutes(1))
        points = next(said)
    assert times_of(points) == [ms(T0 + minutes(1))]
    (consignment,) = points.data["consignments"]
    assert consignment["consignment_id"] == "order-1.chilled"


def test_readings_of_others_are_not_told(world: World) -> None:
    world.shipped_order()
    hear_at(world, T0)
    with stream(world, LIVE) as said:
        next(said)
        world.hear(OTHER_LOGGER, [(T0, 9.0)])
        hear_at(world, T0 + minutes(1))
        assert times_of(next(said)) == [ms(T0 + minutes(1))]


def test_a_place_is_silent_while_the_box_speaks(world: World) -> None:
    begun = (world.clock() - minutes(10)).replace(microsecond=0)  # readings have milliseconds
    world.shipped_order(begun=begun)
    world.place()
    world.logger(OTHER_LOGGER)
    world.bind(OTHER_LOGGER, begun, place_id="van-1")
    stay = {"consignment_id": "order-1.chilled", "place_id": "van-1", "from_at": iso(begun)}
    world.post("/stays", stay)
    world.hear(BOX_LOGGER, every(timedelta(seconds=30), 20, start=begun))
    world.hear(OTHER_LOGGER, every(timedelta(seconds=30), 20, start=begun))
    with stream(world, LIVE) as said:
        next(said)
        world.hear(OTHER_LOGGER, [(begun + minutes(9.8), 3.0)])
        assert times_of(next(said)) == []
        ahead = world.get("/orders/order-1/curve", to=iso(world.clock() + minutes(60)))
    (consignment,) = ahead["consignments"]
    assert {segment["source"]["kind"] for segment in consignment["segments"]} == {"box"}
    assert consignment["gaps"] == []


def test_a_client_that_comes_back_misses_nothing(world: World) -> None:
    world.shipped_order()
    hear_at(world, T0)
    with stream(world, LIVE) as said:
        next(said)
        hear_at(world, T0 + minutes(1))
        # The first reading may come on the stream, too, where its commit is seen late.
        last = next(one.id for one in said if ms(T0 + minutes(1)) in times_of(one))
    hear_at(world, T0 + minutes(2))
    hear_at(world, T0 + minutes(3))
    with stream(world, LIVE, **{"Last-Event-ID": last}) as said:
        assert next(said).event == "ready"
        assert times_of(next(said)) == [ms(T0 + minutes(m)) for m in (2, 3)]
        hear_at(world, T0 + minutes(4))
        assert times_of(next(said)) == [ms(T0 + minutes(4))]


def test_between_a_curve_and_its_stream_nothing_is_lost(world: World) -> None:
    world.shipped_order()
    hear_at(world, T0)
    position = world.client.get("/orders/order-1/curve").headers["live-position"]
    hear_at(world, T0 + minutes(1))
    with stream(world, f"{LIVE}?after={position}") as said:
        next(said)
        assert times_of(next(said)) == [ms(T0 + minutes(1))]


def test_a_transaction_that_commits_late_is_not_passed_over(world: World) -> None:
    """Its event has the lower id and becomes visible after a higher one: a trap of serial ids."""
    world.shipped_order()
    hear_at(world, T0)
    with stream(world, LIVE) as said, psycopg.connect(world.settings.database_url) as slow:
        next(said)
        slow.execute(
            "INSERT INTO events (at, type, order_id, from_at, to_at) "
            "VALUES (%s, 'frostline.order.milestone', 'order-1', %s, %s)",
            (T0, T0, T0),
        )
        hear_at(world, T0 + minutes(1))
        slow.execute("NOTIFY frostline")
        slow.commit()
        told = next(said)
    # Both at once: the quick one had to wait for the slow one.
    assert told.event == "reload"


def test_a_milestone_asks_for_a_reload(world: World) -> None:
    world.shipped_order()
    hear_at(world, T0)
    with stream(world, LIVE) as said:
        next(said)
        world.put("/orders/order-1/milestones/packed", {"at": iso(T0)})
        assert next(said).event == "reload"


def test_a_logger_bound_while_listening_is_listened_to(world: World) -> None:
    world.shipped_order()
    hear_at(world, T0)
    world.logger(OTHER_LOGGER)
    world.hear(OTHER_LOGGER, [(T0, 3.0)])
    with stream(world, LIVE) as said:
        next(said)
        world.bind(OTHER_LOGGER, T0 + minutes(5), consignment_id="order-1.chilled")
        assert next(said).event == "reload"
        world.hear(OTHER_LOGGER, [(T0 + minutes(6), 3.0)])
        assert times_of(next(said)) == [ms(T0 + minutes(6))]


def test_the_first_reading_of_a_logger_never_heard_is_told(world: World) -> None:
    world.shipped_order()
    with stream(world, LIVE) as said:
        next(said)
        hear_at(world, T0)
        assert next(said).event == "reload"
        hear_at(world, T0 + minutes(1))
        assert times_of(next(said)) == [ms(T0 + minutes(1))]


@pytest.mark.parametrize("position", ["0-0", "4000000000000-1"])
def test_a_position_that_is_too_old_or_of_another_database_asks_for_a_reload(
    world: World, position: str
) -> None:
    world.shipped_order()
    with stream(world, LIVE, **{"Last-Event-ID": position}) as said:
        next(said)
        assert next(said).event == "reload"


def test_a_stream_ends_with_its_link(world: World) -> None:
    world.shipped_order()
    link = world.link("order-1", expires_at=world.clock() + timedelta(seconds=2))
    with stream(world, f"{link}/live") as said:
        assert next(said).event == "ready"
        # On a busy machine the order's own commit may be seen as news first.
        assert next(one.event for one in said if one.event != "reload") == "end"
        assert list(said) == []


def test_a_stream_ends_with_its_token(world: World) -> None:
    world.shipped_order()
    token = world.token("curves:read", expires_at=world.clock() + timedelta(seconds=2))
    with stream(world, LIVE, Authorization=f"Bearer {token}") as said:
        assert [next(said).event, next(said).event] == ["ready", "end"]


def test_a_stream_beats_and_ends_when_its_token_is_revoked(database_url: str) -> None:
    with running_world(database_url, live_heartbeat_s=1) as world:
        world.shipped_order()
        hear_at(world, T0)
        headers = world.bearer("curves:read")
        with stream(world, LIVE, **headers) as said:
            assert next(said).data == {"heartbeat_s": 1}
            assert next(said).event == "heartbeat"
            world.sql("UPDATE tokens SET revoked_at = now()")
            assert "end" in {event.event for event in said}


def test_a_client_that_is_too_slow_is_not_told_that_its_token_has_ended(database_url: str) -> None:
    with running_world(database_url, live_queue_events=1) as world:
        world.shipped_order()
        with stream(world, LIVE) as said:
            next(said)
            with psycopg.connect(database_url) as writer:
                writer.execute(
                    "INSERT INTO events (at, type, order_id, from_at, to_at) "
                    "SELECT %(t)s, 'frostline.order.milestone', 'order-1', %(t)s, %(t)s "
                    "FROM generate_series(1, 3)",
                    {"t": T0},
                )
                writer.execute("NOTIFY frostline")
            told = list(said)
        assert [event.event for event in told if event.event != "heartbeat"] == ["reload"]
        with stream(world, LIVE, **{"Last-Event-ID": told[-1].id}) as said:
            assert [next(said).event, next(said).event] == ["ready", "reload"]


def test_a_logger_bound_just_before_the_stream_begins_is_listened_to(world: World) -> None:
    """The order is looked at first, then the hub; what is bound in between is not passed over."""
    world.order()
    world.logger()
    hear_at(world, T0)

    async def begin() -> list[str]:
        app = create_app(world.settings)
        async with app.router.lifespan_context(app):
            context: Context = app.state.context
            await until_it_reads(context, Position(0, 0))
            listener = Listener(
                order_id=OrderId("order-1"),
                since=None,
                expires_at=None,
                still_allowed=always,
            )
            response = await live_response(context, listener)
            bind = partial(world.bind, BOX_LOGGER, T0, consignment_id="order-1.chilled")
            await asyncio.to_thread(bind)
            await until_it_reads(context, await position_now(context))
            async with asyncio.timeout(SILENCE_S), aclosing(response.body_iterator) as said:
                return [(await anext(said)).event for _ in range(2)]

    assert asyncio.run(begin()) == ["ready", "reload"]


async def always() -> bool:
    return True


async def position_now(context: Context) -> Position:
    async with store.transaction(context.pool) as db:
        return await store_events.live_position(db)


async def until_it_reads(context: Context, least: Position) -> None:
    """Wait until the hub has read as far as that."""
    async with asyncio.timeout(SILENCE_S):
        while True:
            with suppress(DatabaseAway):
                if context.hub.require_position() >= least:
                    return
            await asyncio.sleep(0.02)


def test_streams_are_counted_while_they_are_open(world: World) -> None:
    world.shipped_order()
    with stream(world, LIVE) as said:
        next(said)
        assert "frostline_api_live_streams 1.0" in world.client.get("/metrics").text
