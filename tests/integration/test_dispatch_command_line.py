"""`frostline dispatch` says what it needs, and how its cities do."""

import pytest
from typer.testing import CliRunner

from frostline.cli import app
from frostline.errors import CommandRefused
from tests.dispatch_world import CITY, dispatch_world


def test_a_dispatcher_without_a_city_is_refused(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_DISPATCH_DATABASE_URL", database_url)
    result = CliRunner().invoke(app, ["dispatch", "run"])
    assert isinstance(result.exception, CommandRefused)
    assert "give --city" in str(result.exception)


def test_a_travel_file_that_is_not_there_is_refused(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_DISPATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("FROSTLINE_DISPATCH_TRAVEL_FILE", "/nowhere/travel.json")
    result = CliRunner().invoke(app, ["dispatch", "run", "--city", CITY])
    assert isinstance(result.exception, CommandRefused)
    assert "/nowhere/travel.json" in str(result.exception)


def test_the_status_names_plan_orders_and_dispatcher(database_url: str) -> None:
    with dispatch_world(database_url) as world:
        world.city()
        world.order("order-1")
        world.step()
        world.order("order-2")
        command = ["dispatch", "status", "--database-url", database_url]
        alone = CliRunner().invoke(app, command).stdout
        assert "none is running" in alone
        assert "version 1" in alone
        assert "1 planned, 0 left behind" in alone
        assert "1 orders, 0 commands" in alone
        assert world.store.try_lock(CITY)
        assert "frostline dispatch, last heard" in CliRunner().invoke(app, command).stdout
        nowhere = CliRunner().invoke(app, [*command, "--city", "atlantis"]).stdout
        assert "no such city" in nowhere
