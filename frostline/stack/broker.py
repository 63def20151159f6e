"""How is a private MQTT broker run, with passwords and access rules?

It is mosquitto: the machine's own, else Debian's package out of the cache. Where none can be had,
the demo may fall back on another broker, which has no access rules, and says so.
"""

import json
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from frostline.stack import mqtt_probe, rumqttd
from frostline.stack.cache import Report, open_cache, silent
from frostline.stack.errors import PartUnavailable
from frostline.stack.mosquitto import Mosquitto, fetch_mosquitto, find_mosquitto
from frostline.stack.ports import free_port
from frostline.stack.private import write_privately
from frostline.stack.processes import Child, Program
from frostline.stack.waiting import wait_until

_START_TIMEOUT_S: Final = 20.0
_PROBE_USER: Final = "frostline-probe"  # nobody but us knows its password


class BrokerProgram(Protocol):
    """A broker that can be run."""

    @property
    def enforces_acl(self) -> bool:
        """Whether it keeps gateways from speaking for each other."""

    def write_files(
        self, folder: Path, *, port: int, max_queued_messages: int, passwords: Mapping[str, str]
    ) -> None:
        """Write what it runs with."""

    def program(self, folder: Path) -> Program:
        """Return what to run."""

    def reload(self, child: Child) -> None:
        """Let it read its passwords again; it may end for that."""


def prepare(*, require_acl: bool = True, report: Report = silent) -> BrokerProgram:
    """Return the machine's mosquitto, or the cache's, fetched if need be.

    Raise PartUnavailable where none can be had. With `require_acl=False` that is reported, and the
    fall-back returned if it is installed.
    """
    if found := find_mosquitto():
        return Mosquitto(found)
    try:
        return fetch_mosquitto(open_cache(report))
    except PartUnavailable as error:
        if require_acl or not rumqttd.is_installed():
            remedy = "install mosquitto (apt install mosquitto)"
            raise PartUnavailable(f"{remedy}; it could not be fetched: {error}") from error
        report(f"no mosquitto here; running rumqttd, which enforces no access rules. {error}")
        return rumqttd.Rumqttd()


class Broker:
    """A broker with its files in a folder. A user is made, with a password, when asked for."""

    def __init__(
        self,
        program: BrokerProgram,
        folder: Path,
        *,
        port: int | None = None,
        max_queued_messages: int = 1_000_000,
    ) -> None:
        self.port = port or free_port()
        self.enforces_acl = program.enforces_acl
        self._program = program
        self._max_queued_messages = max_queued_messages
        self._folder = folder
        self._files = folder / "broker"
        self._files.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o711)  # the broker's account walks through
        self._secrets = folder / "broker-passwords.json"
        self._passwords: dict[str, str] = {_PROBE_USER: secrets.token_urlsafe(24)}
        if self._secrets.exists():
            self._passwords = json.loads(self._secrets.read_text())
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"mqtt://127.0.0.1:{self.port}"

    def password(self, user: str) -> str:
        """Return the user's password; a new user may connect once this returns."""
        if user not in self._passwords:
            self._passwords[user] = secrets.token_urlsafe(24)
            if self._child is not None:
                self._write_files()
                self._program.reload(self._child)
                if not self._child.is_running:
                    self._run()
                self._wait_for(user, self._child)
        return self._passwords[user]

    def start(self) -> None:
        """Start the broker, and return once it lets users in."""
        self._write_files()
        self._run()

    def check(self) -> None:
        """Raise ChildDied if the broker has ended by itself."""
        if self._child is not None:
            self._child.check()

    def stop(self) -> None:
        """Stop the broker; mosquitto writes its sessions and queues to disk."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """Kill the broker (SIGKILL): what it took since it last saved is lost."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _write_files(self) -> None:
        write_privately(self._secrets, json.dumps(self._passwords))
        self._program.write_files(
            self._files,
            port=self.port,
            max_queued_messages=self._max_queued_messages,
            passwords=self._passwords,
        )

    def _run(self) -> None:
        self._child = Child(self._program.program(self._files), self._folder / "broker.log")
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._wait_for(_PROBE_USER, self._child)
            undo.pop_all()

    def _wait_for(self, user: str, child: Child) -> None:
        def is_let_in() -> bool:
            child.check()
            answer = mqtt_probe.reason_code(self.port, user, self._passwords[user])
            return answer == mqtt_probe.ACCEPTED

        wait_until(
            is_let_in,
            timeout_s=_START_TIMEOUT_S,
            what=f"the broker on port {self.port} to let {user} in",
        )
