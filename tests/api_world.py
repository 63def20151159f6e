"""A real api on loopback over a real database, and what a test does to both."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import uvicorn

from api import links, tokens
from api.app import create_app
from api.settings import ApiSettings
from schemas.reading import COUNTER_WRAP

SECRET = "a secret of the tests, long enough to be one"
BOX_LOGGER = "C4:A5:E3:00:00:01"
OTHER_LOGGER = "C4:A5:E3:00:00:02"
# A fixed morning: 10:00 in Shanghai.
T0 = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def iso(at: datetime) -> str:
    return at.isoformat()


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


# What comes along with a migration stays, and so do the tokens that tests show.
_WIPE = """
DO $$
DECLARE full_tables text;
BEGIN
    SELECT string_agg(quote_ident(name), ', ') INTO full_tables
    FROM (
        SELECT tablename AS name
        FROM pg_tables
        WHERE schemaname = 'public'
          AND tablename NOT IN ('schema_migrations', 'policies', 'rulebooks', 'tokens')
    ) named
    WHERE (xpath('//c/text()', query_to_xml(
        'SELECT count(*) AS c FROM (SELECT FROM ' || quote_ident(name) || ' LIMIT 1) one',
        false, true, '')))[1]::text = '1';
    IF full_tables IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || full_tables || ' RESTART IDENTITY CASCADE';
    END IF;
END $$
"""
_FORGET_POLICIES = "DELETE FROM policies WHERE loaded_at > %s"
_FORGET_RULEBOOKS = "DELETE FROM rulebooks WHERE loaded_at > %s"


class World:
    """The api, a client that may do everything, and the database behind it."""

    def __init__(self, database_url: str, port: int, **changes: Any) -> None:
        self.settings = ApiSettings(
            database_url=database_url,
            link_secrets=(SECRET,),
            port=port,
            public_url=f"http://127.0.0.1:{port}",
            **changes,
        )
        self.fixed_now: datetime | None = None
        self._came_along = datetime.now(UTC)
        self.client = httpx.Client(base_url=self.settings.public_url, timeout=20, trust_env=False)

    def become_client(self) -> None:
        """Let the client show a token that may do everything."""
        self.client.headers.update(self.bearer(*tokens.Scope))

    def clock(self) -> datetime:
        return self.fixed_now or datetime.now(UTC)

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.settings.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]  # tests' own
            return cursor.fetchall() if cursor.description else []

    def wipe(self) -> None:
        """Take away what a test before has left behind."""
        self.sql(_WIPE)
        self.sql(_FORGET_POLICIES, self._came_along)
        self.sql(_FORGET_RULEBOOKS, self._came_along)
        self.fixed_now = None

    # Doors --------------------------------------------------------------------------------------

    def token(self, *scopes: str, expires_at: datetime | None = None) -> str:
        with psycopg.connect(self.settings.database_url) as connection:
            return tokens.create(connection, "a test", scopes, expires_at)

    def bearer(self, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*scopes)}"}

    def link(self, order_id: str, *, expires_at: datetime | None = None) -> str:
        until = expires_at or self.clock() + timedelta(hours=1)
        return links.order_link(self.settings, order_id, until, now=self.clock())

    # What travels -------------------------------------------------------------------------------

    def put(self, path: str, body: object, *, status: int = 200) -> Any:
        return self._send("PUT", path, body, status)

    def post(self, path: str, body: object, *, status: int = 201, **headers: str) -> Any:
        return self._send("POST", path, body, status, headers)

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, order_id: str = "order-1", *zones: str, placed_at: datetime = T0) -> Any:
        body = {
            "order_id": order_id,
            "member_id": "m-1",
            "member_level": "gold",
            "placed_at": iso(placed_at),
            "consignments": [{"zone": zone} for zone in zones or ("chilled",)],
        }
        return self.post("/orders", body, **{"Idempotency-Key": f"key-{order_id}"})

    def logger(self, logger_id: str = BOX_LOGGER, *, interval_s: int | None = 30) -> None:
        self.put(f"/loggers/{logger_id}", {"record_interval_s": interval_s}, status=201)

    def place(self, place_id: str = "van-1", name: str = "Van 1", zone: str = "chilled") -> None:
        place = {"kind": "vehicle", "name": name, "zone": zone}
        self.put(f"/places/{place_id}", place, status=201)

    def bind(self, logger_id: str, from_at: datetime, *, status: int = 201, **more: Any) -> Any:
        body = {"logger_id": logger_id, "from_at": iso(from_at), **more}
        return self.post("/bindings", body, status=status)

    def shipped_order(self, order_id: str = "order-1", *, begun: datetime = T0) -> None:
        """Create an order with one chilled box, and bind BOX_LOGGER to it."""
        self.order(order_id, placed_at=begun)
        self.logger()
        self.bind(BOX_LOGGER, begun, consignment_id=f"{order_id}.chilled")

    # What is measured ---------------------------------------------------------------------------

    def hear(
        self,
        logger_id: str,
        readings: Sequence[tuple[datetime, float]],
        *,
        sequences: Sequence[int] | None = None,
        frame_format: str = "ruuvi-df5",
        heard_by: int = 1,
    ) -> None:
        """Store readings as ingest does: rows, an event, a wake-up, in one transaction."""
        with psycopg.connect(self.settings.database_url) as connection:
            key = self._heard(connection, logger_id, frame_format)
            rows = zip(readings, sequences or [None] * len(readings), strict=True)
            copy_into = (
                "COPY readings (measured_at, logger_key, boot_key, temperature_c, sequence, "
                "source, clock) FROM STDIN"
            )
            with connection.cursor() as cursor, cursor.copy(copy_into) as copy:
                for (at, temperature_c), sequence in rows:
                    copy.write_row((at, key, heard_by, temperature_c, sequence, 0, 0))
            connection.execute(
                "INSERT INTO events (at, type, logger_keys, from_at, to_at) "
                "VALUES (%s, 'frostline.readings.stored', %s, %s, %s)",
                (datetime.now(UTC), [key], readings[0][0], readings[-1][0]),
            )
            connection.execute("NOTIFY frostline")

    def _heard(
        self, connection: psycopg.Connection[tuple[Any, ...]], logger_id: str, frame_format: str
    ) -> int:
        connection.execute(
            "INSERT INTO heard_loggers (logger_id, frame_format, counter_wrap, first_heard_at) "
            "VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (logger_id, frame_format, COUNTER_WRAP.get(frame_format, 0), T0),
        )
        found = connection.execute(
            "SELECT logger_key FROM heard_loggers WHERE logger_id = %s", (logger_id,)
        ).fetchone()
        assert found is not None
        return int(found[0])

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        status: int,
        headers: dict[str, str] | None = None,
    ) -> Any:
        answer = self.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()


def every(
    step: timedelta, count: int, *, start: datetime = T0, temperature_c: float = 2.0
) -> list[tuple[datetime, float]]:
    """Return `count` readings at even steps, all of one temperature."""
    return [(start + step * index, temperature_c) for index in range(count)]


@contextmanager
def running_world(database_url: str, *, ready: bool = True, **changes: Any) -> Iterator[World]:
    """Run the api in a thread until the block is left; `changes` are to its settings.

    `ready` False: over a database that isn't migrated.
    """
    # Named TCP, asyncio sends small answers at once (TCP_NODELAY); else each waits 40 ms.
    with closing(socket.socket(proto=socket.IPPROTO_TCP)) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        world = World(database_url, listening.getsockname()[1], **changes)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(world.settings, clock=world.clock),
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with world.client:
                if ready:
                    world.become_client()
                    assert world.client.get("/readyz").text == "ready"
                yield world
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive()
