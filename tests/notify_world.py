"""What the notifier's tests share: a receiver, endpoints and events in a database, a notifier."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from gateway.notify.notify import Notifier
from gateway.notify.settings import NotifySettings
from gateway.notify.store import Store

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OPENED = "frostline.excursion.opened"
T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Request:
    """What a receiver was sent."""

    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.body)
        return message

    @property
    def step(self) -> Any:
        """Which event of its order it tells."""
        return self.message["data"]["step"]


@dataclass
class Reply:
    """What a receiver answers, with what it writes after the headers; status 0: only that."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: Callable[[Any], object] = lambda _: None


class Receiver:
    """A real HTTP server on loopback that answers as the test says."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.reply: Callable[[Request], Reply] = lambda _: Reply()
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                if not body or len(body) < length:
                    return  # the notifier was killed in the middle of it
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.path, headers, body)
                with receiver._lock:
                    receiver.requests.append(request)
                reply = receiver.reply(request)
                try:
                    if reply.status:
                        self.send_response(reply.status)
                        for name, value in reply.headers.items():
                            self.send_header(name, value)
                        self.end_headers()
                    reply.body(self.wfile)
                except OSError:
                    return  # the notifier has left, as it may

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, args=[0.01])
        self._thread.start()

    def url(self, host: str = "127.0.0.1", path: str = "/hooks") -> str:
        return f"http://{host}:{self.port}{path}"

    def steps(self, order_id: str = "order-1") -> list[Any]:
        """Return which events of an order came, in the order in which they did."""
        with self._lock:
            return [r.step for r in self.requests if r.message["data"]["order_id"] == order_id]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


class World:
    """A database with endpoints and events, and a notifier whose clock the test sets."""

    def __init__(self, settings: NotifySettings, store: Store) -> None:
        self.database_url = settings.database_url
        self.store = store
        self.now = T0
        self.notifier = Notifier(settings, clock=self.clock)

    def clock(self) -> datetime:
        return self.now

    def sql(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        return run_sql(self.database_url, statement, **values)

    def add_endpoint(self, url: str, *types: str, endpoint_id: str = "shop", **more: Any) -> None:
        add_endpoint(self.database_url, url, *types, endpoint_id=endpoint_id, at=self.now, **more)
        self.notifier.step(self.store)  # it begins now

    def tell(self, *steps: int, order_id: str | None = "order-1", type_: str = OPENED) -> None:
        for step in steps:
            data = {"order_id": order_id, "step": step}
            tell(self.database_url, data, type_=type_, at=self.now)

    def run(self, *, rounds: int = 1, later_s: float = 0) -> None:
        """Do what is due so many seconds later, and wait for its end."""
        self.now += timedelta(seconds=later_s)
        for _ in range(rounds):
            self.notifier.step(self.store)
            self.notifier.finish(self.store)

    def deliveries(self) -> list[tuple[str, int]]:
        """Return how each delivery stands, with its attempts."""
        rows: list[tuple[str, int]] = self.sql(
            """SELECT CASE WHEN next_attempt_at IS NOT NULL THEN 'waiting'
                           WHEN given_up_at IS NOT NULL THEN 'given up' ELSE 'delivered' END,
                      attempts
               FROM webhook_deliveries ORDER BY endpoint_id, sequence"""
        )
        return rows

    def attempts(self) -> list[tuple[int | None, str | None]]:
        """Return status and error of each attempt."""
        rows: list[tuple[int | None, str | None]] = self.sql(
            "SELECT status, error FROM webhook_attempts ORDER BY delivery_id, attempt"
        )
        return rows


@contextmanager
def shared_database(server_dsn: str, template: str) -> Iterator[str]:
    """Make a migrated database for many tests."""
    name = f"frostline_notify_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_dsn, autocommit=True) as admin:
        copy = "CREATE DATABASE {} TEMPLATE {}"
        admin.execute(sql.SQL(copy).format(*map(sql.Identifier, (name, template))))
        yield make_conninfo(server_dsn, dbname=name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def forget_everything(database_url: str) -> None:
    run_sql(
        database_url,
        """DELETE FROM webhook_deliveries; DELETE FROM webhook_positions;
           DELETE FROM webhook_endpoints; DELETE FROM events""",
    )


def run_sql(database_url: str, statement: str, **values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def add_endpoint(
    database_url: str,
    url: str,
    *types: str,
    endpoint_id: str = "shop",
    at: datetime,
    secrets: tuple[str, ...] = (SECRET,),
    old_secret_until: datetime | None = None,
) -> None:
    run_sql(
        database_url,
        """INSERT INTO webhook_endpoints
               (endpoint_id, url, event_types, secrets, old_secret_until, created_at)
           VALUES (%(id)s, %(url)s, %(types)s, %(secrets)s, %(until)s, %(at)s)""",
        id=endpoint_id,
        url=url,
        types=list(types),
        secrets=list(secrets),
        until=old_secret_until,
        at=at,
    )


def tell(database_url: str, data: dict[str, Any], *, type_: str = OPENED, at: datetime) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        tell_by(connection, data, type_=type_, at=at)


def tell_by(
    connection: psycopg.Connection, data: dict[str, Any], *, type_: str = OPENED, at: datetime
) -> None:
    """Append an event, and wake who listens."""
    connection.execute(
        "INSERT INTO events (at, type, order_id, data) VALUES (%s, %s, %s, %s)",
        (at, type_, data["order_id"], Jsonb(data)),
    )
    connection.execute("NOTIFY frostline")


def settings_for(database_url: str, **changes: Any) -> NotifySettings:
    values = {"allow_http": True, "allow_private_addresses": True, "parallel": 8}
    return NotifySettings(database_url=database_url, **(values | changes))


@contextmanager
def notifying(database_url: str, **changes: Any) -> Iterator[World]:
    """Give a notifier at work that does only what the test tells it to."""
    with Store.connect(database_url) as store:
        assert store.try_lock()
        world = World(settings_for(database_url, **changes), store)
        try:
            yield world
        finally:
            world.notifier.close()
