"""Where is mosquitto, and what does it run with?"""

import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frostline.stack.accounts import give, server_account
from frostline.stack.cache import Cache
from frostline.stack.debian import library_path, obtain_packages
from frostline.stack.passwords import password_line
from frostline.stack.private import write_privately
from frostline.stack.processes import Child, Program, plain_environ

ACL: Final = Path(__file__).with_name("mosquitto.acl")
_SYSTEM_FOLDERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"  # rarely on an ordinary user's PATH

_CONFIGURATION: Final = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
persistence true
persistence_location {folder}/
autosave_interval 10
# The default, 1000, drops what an ingestor that is away for a while has not fetched.
max_queued_messages {max_queued_messages}
# An MQTT 5 client's own receive maximum counts up to this.
max_inflight_messages 1000
max_packet_size 1048576
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
"""


def find_mosquitto() -> str | None:
    """Return the machine's own mosquitto, or None."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")


def fetch_mosquitto(cache: Cache) -> "Mosquitto":
    """Return Debian's mosquitto out of the cache; raise PartUnavailable."""
    root = obtain_packages(cache, "mosquitto")
    return Mosquitto(str(root / "usr/sbin/mosquitto"), library_path(root))


@dataclass(frozen=True)
class Mosquitto:
    """A mosquitto that can be run."""

    executable: str
    library_path: str | None = None  # of an unpacked package
    enforces_acl: bool = True

    def write_files(
        self, folder: Path, *, port: int, max_queued_messages: int, passwords: Mapping[str, str]
    ) -> None:
        """Write configuration, passwords and access rules; readable by the broker alone."""
        account = server_account()
        folder.chmod(0o700)
        give(folder, account)
        text = _CONFIGURATION.format(
            folder=folder, port=port, max_queued_messages=max_queued_messages
        )
        lines = [password_line(user, password) for user, password in passwords.items()]
        # Each as a whole: the broker may be reading it.
        write_privately(folder / "mosquitto.conf", text, account)
        write_privately(folder / "acl", ACL.read_text(), account)
        write_privately(folder / "passwords", "".join(f"{line}\n" for line in lines), account)

    def program(self, folder: Path) -> Program:
        """Return what to run."""
        environ = plain_environ()
        if self.library_path:
            environ["LD_LIBRARY_PATH"] = self.library_path
        return Program(
            "mosquitto",
            (self.executable, "-c", str(folder / "mosquitto.conf")),
            environ=environ,
            account=server_account(),
        )

    def reload(self, child: Child) -> None:
        """Let a running broker read its passwords again, see mosquitto(8)."""
        os.kill(child.pid, signal.SIGHUP)
