"""What holds a day up, and what ends it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from frostline.day.clock import DayClock
from frostline.day.roles import DayStuck, RoleEnded, Roles, running_roles
from frostline.local import Addresses
from gateway.ingest.errors import SchemaMissing

BEGAN = datetime(2026, 7, 22, tzinfo=UTC)


def run_with_roles(database_url: str, broker: Any, folder: Path, script: Any) -> None:
    """Run a script with roles that may be started."""
    addresses = Addresses(
        database_url=database_url,
        broker_url=broker.url,
        ingest_password=broker.password("ingest"),
        gateway_passwords={},
    )

    async def run() -> None:
        async with running_roles(addresses, folder, DayClock(BEGAN)) as roles:
            await script(roles)

    asyncio.run(run())


def test_a_role_that_ends_by_itself_ends_the_day_with_its_reason(
    empty_database_url: str, broker: Any, tmp_path: Path
) -> None:
    """An ingestor finds no schema; whoever waits for anything hears of it, and doesn't wait on."""

    async def script(roles: Roles) -> None:
        await roles.start_ingest()
        with pytest.raises(RoleEnded, match="ingest has ended") as ended:
            await roles.until(lambda: False, "what never comes")
        assert isinstance(ended.value.__cause__, SchemaMissing)

    run_with_roles(empty_database_url, broker, tmp_path, script)


def test_what_does_not_come_is_named(database_url: str, broker: Any, tmp_path: Path) -> None:
    """A barrier that is never passed says what it waited for; one that is passed says nothing."""

    async def script(roles: Roles) -> None:
        await roles.start_ingest()
        await roles.until(lambda: True, "what is there")
        with pytest.raises(DayStuck, match=r"waited 0\.05 s for a train"):
            await roles.until(lambda: False, "a train", timeout_s=0.05)
        assert await roles.deciding(lambda: 6 * 7) == 42

    run_with_roles(database_url, broker, tmp_path, script)
