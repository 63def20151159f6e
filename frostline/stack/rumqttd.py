"""What does the demo run where no mosquitto can be had?

rumqttd out of the Python package `iotcore`: MQTT 5 and passwords, but no access rules, and sessions
end with the process. Good enough to show the main job, not to keep its promises.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from frostline.stack.processes import Child, Program

# A [v5.1] section, or rumqttd speaks only MQTT 3.1.1; its default caps a payload at 20 kB.
_CONFIGURATION: Final = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "frostline"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 1000
dynamic_filters = true

[v5.1.connections.auth]
"""
_RUN: Final = (
    "import sys; from iotcore import Broker; Broker(config_path=sys.argv[1]).run_forever()"
)


def is_installed() -> bool:
    """Whether the fall-back is there."""
    return find_spec("iotcore") is not None


@dataclass(frozen=True)
class Rumqttd:
    """The fall-back."""

    enforces_acl: bool = False

    def write_files(
        self, folder: Path, *, port: int, max_queued_messages: int, passwords: Mapping[str, str]
    ) -> None:
        """Write the configuration with the passwords; its queue is bounded by segments of bytes."""
        del max_queued_messages
        folder.chmod(0o700)
        users = (f"{json.dumps(user)} = {json.dumps(word)}\n" for user, word in passwords.items())
        (folder / "rumqttd.toml").write_text(_CONFIGURATION.format(port=port) + "".join(users))

    def program(self, folder: Path) -> Program:
        """Return what to run; as ourselves, for another account may not reach our Python."""
        command = (sys.executable, "-c", _RUN, str(folder / "rumqttd.toml"))
        return Program("rumqttd", command, environ=dict(os.environ))

    def reload(self, child: Child) -> None:
        """Stop it: it reads passwords only when it starts."""
        child.stop()
