"""From gpsd to `positions`: a server that speaks gpsd, a real edge, a real broker, an ingestor."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from bleak.backends.scanner import BaseBleakScanner

from edge import agent
from edge.settings import EdgeSettings
from frostline.stack.broker import Broker
from frostline.stack.waiting import wait_until
from gateway.ingest.dead_letters import replay
from gateway.ingest.store import Store
from schemas.ids import GatewayId
from schemas.position import VERSION, Fix, Positions, encode_positions
from schemas.topics import Kind, topic_of
from tests.ingest_world import OTHER, TRUCK, Edge, edge_on, ingesting, query, settings_for

if TYPE_CHECKING:
    from tests.conftest import MakeBroker

BEGAN: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
# One degree of latitude is 6,371,008.8 m x pi / 180 = 111,195 m.
METRE_DEG: Final = 1 / 111_195


class Deaf(BaseBleakScanner):
    """A radio that hears nothing."""

    def __init__(self, callback: Any, uuids: Any, _mode: str, **_platform: object) -> None:
        super().__init__(callback, uuids)

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass


def line(second: int, **changes: object) -> dict[str, object]:
    """Return gpsd's report of a van that drives north at 10 m/s."""
    at = BEGAN + timedelta(seconds=second)
    return {
        "class": "TPV",
        "device": "/dev/ttyS0",
        "mode": 3,
        "time": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "lat": 31.2 + 10 * second * METRE_DEG,
        "lon": 121.5,
        "speed": 10.0,
        "eph": 4.0,
        **changes,
    }


class Gpsd:
    """A server that speaks as gpsd does: nothing before it is asked to watch.

    It says its lines, in parts: after each part but the last it closes the connection.
    """

    def __init__(self, parts: list[list[dict[str, object]]]) -> None:
        self.url = ""
        self.asked: list[dict[str, object]] = []
        self._parts = parts

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"gpsd://127.0.0.1:{port}"
        return server

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._say(writer, {"class": "VERSION", "release": "3.25", "proto_major": 3})
        watch = (await reader.readline()).decode()
        self.asked.append(json.loads(watch.removeprefix("?WATCH=").removesuffix(";\n")))
        self._say(writer, {"class": "WATCH", "enable": True, "json": True})
        self._say(writer, {"class": "TPV", "mode": 1})
        for report in self._parts.pop(0) if self._parts else []:
            self._say(writer, {"class": "SKY", "hdop": 0.9})
            self._say(writer, report)
        await writer.drain()
        if not self._parts:
            await reader.read()  # until the edge goes
        writer.close()

    def _say(self, writer: asyncio.StreamWriter, report: dict[str, object]) -> None:
        writer.write(json.dumps(report).encode() + b"\r\n")


@contextmanager
def driving(
    broker: Broker, folder: Path, parts: list[list[dict[str, object]]]
) -> Iterator[tuple[Gpsd, agent.Agent]]:
    """Run an edge beside a gpsd, in a thread of its own."""
    gpsd, agents = Gpsd(parts), list[agent.Agent]()
    loops, stops = list[asyncio.AbstractEventLoop](), list[asyncio.Event]()

    async def run() -> None:
        stop = asyncio.Event()
        server = await gpsd.serve()
        settings = EdgeSettings(
            gateway_id=TRUCK,
            broker_url=broker.url,
            broker_password=broker.password(TRUCK),
            outbox_path=folder / "outbox",
            gpsd_url=gpsd.url,
            position_every_s=5.0,
            radio_silence_s=0.0,
        )
        stops.append(stop)
        loops.append(asyncio.get_running_loop())
        await agent.run(settings, Deaf, stop, begun=agents.append)
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        wait_until(lambda: agents, what="the edge")
        yield gpsd, agents[0]
    finally:
        loops[0].call_soon_threadsafe(stops[0].set)
        thread.join(30)
    assert not thread.is_alive()


def stored(database_url: str) -> list[float]:
    """Return the stored fixes of the truck, by seconds."""
    found = query(database_url, "SELECT at FROM positions ORDER BY gateway_id, at")
    return [(at - BEGAN).total_seconds() for (at,) in found]


@pytest.fixture
def private_broker(make_broker: "MakeBroker") -> Broker:
    return make_broker()


def test_a_van_is_followed_though_gpsd_comes_and_goes(
    private_broker: Broker, database_url: str, tmp_path: Path
) -> None:
    parts = [[line(second) for second in range(60)], [line(second) for second in range(60, 121)]]
    with (
        ingesting(settings_for(private_broker, database_url)),
        driving(private_broker, tmp_path, parts) as (gpsd, _),
    ):
        wait_until(lambda: len(stored(database_url)) == 25, what="25 fixes")
        assert gpsd.asked == [{"enable": True, "json": True}] * 2
    assert stored(database_url) == list(range(0, 121, 5))
    newest = query(
        database_url,
        "SELECT lat_deg, lon_deg, speed_m_s, accuracy_m FROM positions ORDER BY at DESC LIMIT 1",
    )
    # 1,200 m are 1200 / 111,195 = 0.0107919 degrees.
    assert newest == [(pytest.approx(31.2107919, abs=1e-7), 121.5, 10.0, 4.0)]


def test_fixes_of_an_outage_come_once_the_broker_is_back(
    private_broker: Broker, database_url: str, tmp_path: Path
) -> None:
    with ingesting(settings_for(private_broker, database_url)):
        wait_until(lambda: query(database_url, "SELECT 1") == [(1,)], what="the ingestor")
        private_broker.kill()
        with driving(private_broker, tmp_path, [[line(second) for second in range(300)]]) as (
            _,
            van,
        ):
            wait_until(lambda: len(van._uplink.track) == 60, what="60 fixes kept")
            private_broker.start()
            wait_until(lambda: len(stored(database_url)) == 60, timeout_s=60, what="60 fixes")
            wait_until(lambda: van.is_settled, what="nothing left to tell")
    assert stored(database_url) == list(range(0, 300, 5))


# Bad fixes ---------------------------------------------------------------------------------------


@pytest.fixture
def edge(private_broker: Broker) -> Iterator[Edge]:
    with edge_on(private_broker) as connected:
        yield connected


def fix(second: float, **changes: float) -> Fix:
    at_ms = round((BEGAN.timestamp() + second) * 1000)
    return Fix(at_ms=at_ms, **({"lat_deg": 31.2, "lon_deg": 121.5} | changes))


def message(*fixes: Fix, gateway_id: GatewayId = TRUCK) -> bytes:
    return encode_positions(Positions(v=VERSION, gateway_id=gateway_id, fixes=fixes))


def letters(database_url: str) -> list[str]:
    found = query(database_url, "SELECT reason FROM dead_letters ORDER BY dead_letter_id")
    return [reason for (reason,) in found]


def test_a_message_that_comes_twice_is_stored_once(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    settings = settings_for(private_broker, database_url)
    with ingesting(settings):
        for _ in range(2):
            edge.send_bytes(None, message(fix(0), fix(10)), Kind.POSITION)
        edge.send_bytes(None, message(fix(20)), Kind.POSITION)
        wait_until(lambda: len(stored(database_url)) == 3, what="three fixes")
    with ingesting(settings):  # which remembers nothing
        edge.send_bytes(None, message(fix(0), fix(10), fix(20), fix(30)), Kind.POSITION)
        wait_until(lambda: len(stored(database_url)) == 4, what="four fixes")
    assert query(database_url, "SELECT 1 FROM events WHERE type LIKE '%kept_out'") == []


def test_fixes_that_cannot_be_true_are_told_with_the_reason(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    nasty = [
        fix(0),
        fix(10, lat_deg=32.2),  # 111 km in 10 s
        fix(7200),  # an hour from now
        fix(-5),
        fix(20, lat_deg=0.0, lon_deg=0.0),
        fix(30),
    ]
    with ingesting(settings_for(private_broker, database_url)):
        edge.send_bytes(None, message(*nasty), Kind.POSITION)
        wait_until(lambda: len(stored(database_url)) == 2, what="two fixes")
    assert stored(database_url) == [0, 30]
    told = query(
        database_url,
        "SELECT data->>'gateway_id', data->>'reason', data->>'first' FROM events "
        "WHERE type = 'frostline.positions.kept_out' ORDER BY 2",
    )
    assert [row[:2] for row in told] == [
        (TRUCK, "backwards"),
        (TRUCK, "future"),
        (TRUCK, "jump"),
        (TRUCK, "nowhere"),
    ]
    assert told[2][2].startswith("111,195 m in 10 s from the last fix believed")


def test_an_unreadable_position_is_a_dead_letter(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    with ingesting(settings_for(private_broker, database_url)):
        edge.send_bytes(None, b"here", Kind.POSITION)
        edge.send_bytes(None, message(), Kind.POSITION)
        edge.send_bytes(None, message(fix(0, lat_deg=91.0)), Kind.POSITION)
        edge.send_bytes(None, message(fix(0), gateway_id=OTHER), Kind.POSITION)
        edge.send_bytes(None, message(fix(0, accuracy_m=1e308)), Kind.POSITION)
        edge.send_bytes(None, message(fix(0, speed_m_s=-5.0)), Kind.POSITION)
        wait_until(lambda: len(letters(database_url)) == 6, what="six letters")
    reasons = letters(database_url)
    assert reasons[0].startswith("not positions: ")
    assert reasons[1] == "0 fixes; there are 1 to 500"
    assert reasons[2] == "91.0, 121.5 is no place on Earth"
    assert reasons[3] == f"gateway_id is '{OTHER}', but the topic is {TRUCK}'s"
    assert reasons[4] == "accuracy_m is 1e+308; give 0 to 10000000, or null"
    assert reasons[5] == "speed_m_s is -5.0; give 0 to 1000, or null"
    assert stored(database_url) == []
    assert replay(database_url, None).refused.keys() == {1, 2, 3, 4, 5, 6}


def test_a_gateway_may_not_say_where_another_is(
    private_broker: Broker, database_url: str, edge: Edge
) -> None:
    with (
        ingesting(settings_for(private_broker, database_url)),
        edge_on(private_broker, OTHER) as other,
    ):
        other.client.publish(topic_of(TRUCK, Kind.POSITION), message(fix(0)), qos=1)
        other.send_bytes(None, message(fix(10), gateway_id=OTHER), Kind.POSITION)
        edge.send_bytes(None, message(fix(20)), Kind.POSITION)
        wait_until(lambda: len(stored(database_url)) == 2, what="their own fixes")
    found = query(database_url, "SELECT gateway_id, at FROM positions ORDER BY at")
    assert [(of, (at - BEGAN).total_seconds()) for of, at in found] == [(OTHER, 10), (TRUCK, 20)]


def test_old_positions_are_deleted(database_url: str) -> None:
    insert = (
        "INSERT INTO positions (gateway_id, at, lat_deg, lon_deg, stored_at) "
        "VALUES ('a', '2026-09-01Z', 31.2, 121.5, '2026-09-01Z'),"
        " ('a', '2026-09-02Z', 31.2, 121.5, '2026-09-02Z') RETURNING 1"
    )
    query(database_url, insert)
    with Store.connect(database_url) as store:
        store.trim_positions(datetime(2026, 9, 2, tzinfo=UTC))
    assert query(database_url, "SELECT at FROM positions") == [(datetime(2026, 9, 2, tzinfo=UTC),)]
