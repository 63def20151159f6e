"""How do all of Frostline's processes run together, on simulated loggers?

Each is a process of its own, started as anyone would start it. The demo, the benches and the tests
that kill things share this.
"""

import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from frostline.config import ROLES
from frostline.local import Addresses, Services, running_services
from frostline.stack.cache import Report
from frostline.stack.ports import free_port
from frostline.stack.processes import Child, Children, Program

EDGE: Final = "edge-1"
_REFUSED: Final = 2  # exit code of a command that a person must mend
# What another shell's settings would do to ours.
_ROLE_PREFIXES: Final = tuple(f"FROSTLINE_{role.upper()}_" for role in ROLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things of one run are."""

    folder: Path
    api_port: int
    listener_port: int  # of a receiver of webhooks
    link_secret: str

    @property
    def air(self) -> Path:
        """The simulated air's socket."""
        return self.folder / "air.sock"

    def outbox_of(self, name: str = EDGE) -> Path:
        """Return where an edge keeps its outbox."""
        return self.folder / f"outbox-{name}.db"

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def listener_url(self) -> str:
        """Where a receiver of webhooks listens."""
        return f"http://127.0.0.1:{self.listener_port}/"


class System:
    """Services and processes of one run; `start_…` may be called again after a death."""

    def __init__(self, layout: Layout, services: Services, children: Children) -> None:
        self.layout = layout
        self.services = services
        self._children = children

    @property
    def addresses(self) -> Addresses:
        """How to reach database and broker."""
        return self.services.addresses

    def check(self) -> None:
        """Raise ChildDied if anything has ended by itself."""
        self.services.check()
        self._children.check()

    def start_sim(self, environ: Mapping[str, str]) -> Child:
        """Start the simulator; it outlives the edges."""
        return self._start("sim", ("sim", "--air", str(self.layout.air)), environ)

    def start_edge(self, environ: Mapping[str, str] | None = None, *, name: str = EDGE) -> Child:
        """Start an edge on the simulated air."""
        settings = self.addresses.edge_environ(name, self.layout.outbox_of(name))
        settings |= environ or {}
        return self._start(name, ("edge", "--air", str(self.layout.air)), settings)

    def start_ingest(
        self, environ: Mapping[str, str] | None = None, *, shards: str = "00-3f"
    ) -> Child:
        """Start an ingestor for some shards."""
        settings = self.addresses.ingest_environ() | dict(environ or {})
        return self._start(f"ingest-{shards}", ("ingest", "--shards", shards), settings)

    def start_judge(self, environ: Mapping[str, str] | None = None) -> Child:
        """Start a judge."""
        return self._start("judge", ("judge",), self._database_of("judge") | dict(environ or {}))

    def start_dispatch(self, city_id: str, environ: Mapping[str, str] | None = None) -> Child:
        """Start a city's dispatcher."""
        settings = self._database_of("dispatch") | dict(environ or {})
        return self._start(f"dispatch-{city_id}", ("dispatch", "run", "--city", city_id), settings)

    def start_seal(self) -> Child:
        """Start the sealer."""
        return self._start("seal", ("seal",), self._database_of("seal"))

    def start_notify(self) -> Child:
        """Start a notifier that may tell this machine."""
        allowed = {
            "FROSTLINE_NOTIFY_ALLOW_HTTP": "true",
            "FROSTLINE_NOTIFY_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        return self._start("notify", ("notify",), self._database_of("notify") | allowed)

    @property
    def listener_log(self) -> Path:
        """What the receiver of webhooks prints."""
        return self.layout.folder / "logs" / "listener.log"

    def start_listener(self, secret: str) -> Child:
        """Start a receiver of webhooks; its log is a line of JSON a message."""
        port = str(self.layout.listener_port)
        command = ("webhooks", "listen", "--port", port, "--json")
        return self._start("listener", command, {"WEBHOOK_SECRET": secret})

    def is_listening(self) -> bool:
        """Whether the receiver of webhooks takes connections; raise ChildDied as `check` does."""
        self.check()
        try:
            socket.create_connection(("127.0.0.1", self.layout.listener_port), timeout=1).close()
        except OSError:
            return False
        return True

    def start_api(self) -> Child:
        """Start the API."""
        return self._start("api", ("api", "--port", str(self.layout.api_port)), self.api_environ())

    def is_ready(self) -> bool:
        """Whether the API answers; raise ChildDied if anything has ended by itself."""
        self.check()
        try:
            with urlopen(f"{self.layout.api_url}/readyz", timeout=1) as answer:  # noqa: S310  # ours
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    def api_environ(self) -> dict[str, str]:
        """Return the API's settings."""
        return self._database_of("api") | {
            "FROSTLINE_API_LINK_SECRETS": self.layout.link_secret,
            "FROSTLINE_API_PUBLIC_URL": self.layout.api_url,
            "FROSTLINE_API_WEBHOOKS_ALLOW_HTTP": "true",
        }

    def _database_of(self, role: str) -> dict[str, str]:
        return {f"FROSTLINE_{role.upper()}_DATABASE_URL": self.addresses.database_url}

    def _start(self, name: str, command: tuple[str, ...], settings: Mapping[str, str]) -> Child:
        return self._children.start(_frostline(name, command, settings))


def _frostline(name: str, command: tuple[str, ...], settings: Mapping[str, str]) -> Program:
    inherited = {
        variable: text
        for variable, text in os.environ.items()
        if not variable.startswith(_ROLE_PREFIXES)
    }
    return Program(
        name,
        (sys.executable, "-m", "frostline", *command),
        environ={**inherited, **settings},
    )


@contextmanager
def ingesting(addresses: Addresses, shards: str, log_folder: Path) -> Iterator[Callable[[], None]]:
    """Run an ingestor for a while; what is given raises ChildDied if it has failed.

    Where another one owns the shards, that one does the work.
    """
    with Children(log_folder) as children:
        command = ("ingest", "--shards", shards)
        child = children.start(_frostline("ingest", command, addresses.ingest_environ()))

        def check() -> None:
            if not child.is_running and child.wait(0) != _REFUSED:
                child.check()

        yield check


@contextmanager
def running_system(
    folder: Path,
    *,
    report: Report,
    gateways: tuple[str, ...] = (EDGE,),
    api_port: int = 0,
    durable: bool = True,
) -> Iterator[System]:
    """Run the services in `folder`; what is started on top is stopped before them."""
    layout = Layout(
        folder=folder,
        api_port=api_port or free_port(),
        listener_port=free_port(),
        link_secret=secrets.token_urlsafe(32),
    )
    with (
        running_services(folder, gateways=gateways, report=report, durable=durable) as services,
        Children(folder / "logs") as children,
    ):
        yield System(layout, services, children)
