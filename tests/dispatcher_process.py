"""A city's dispatcher as its own process, over the database of a test's api."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tests.api_world import World
from tests.conftest import WaitUntil


@contextmanager
def dispatching(
    world: World, city_id: str, wait_until: WaitUntil, log: Path, **settings: str
) -> Iterator[None]:
    """Run the dispatcher until the block is left; it must end well. `settings` are the rest."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("FROSTLINE_")}
    environ["FROSTLINE_DISPATCH_DATABASE_URL"] = world.settings.database_url
    environ |= {f"FROSTLINE_DISPATCH_{name.upper()}": text for name, text in settings.items()}
    command = [sys.executable, "-m", "frostline", "dispatch", "run", "--city", city_id]
    with log.open("wb") as stderr, subprocess.Popen(command, env=environ, stderr=stderr) as process:
        try:
            plan = f"/cities/{city_id}/plan"
            wait_until(
                lambda: world.get(plan)["dispatcher_lives"], timeout_s=60, what="the dispatcher"
            )
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)
    assert process.returncode == 0, log.read_text(encoding="utf-8")


def zone_where_it_is_ten(now: datetime) -> str:
    """Return a time zone in which it is ten in the morning: promises end with the day."""
    ahead_h = (10 - now.hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead_h:+d}" if ahead_h else "Etc/GMT"
