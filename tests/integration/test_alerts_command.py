"""`frostline alerts`: lists and timelines from the database, plans into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from frostline.commands.alerts import app
from tests.judge_world import BOX, T0, JudgeWorld, judge_world, minutes

BUNDLED = (Path(__file__).parents[2] / "gateway/alerting/default.toml").read_text("utf-8")


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        yield world


def run(world: JudgeWorld, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database-url", world.database_url])


def never_heard(world: JudgeWorld) -> None:
    """Let a logger of a registered minute be silent: after six records."""
    world.shipped()
    world.judge_all(T0)
    world.judge_all(T0 + minutes(6))


def test_open_alerts_are_listed_and_each_has_its_timeline(world: JudgeWorld) -> None:
    assert run(world, "list").stdout == "no alert is open\n"
    never_heard(world)
    listed = run(world, "list").stdout
    assert f"warning   level 1  raised        2026-01-21 02:06:00Z  silent:{BOX}:order-1" in listed
    shown = run(world, "show", listed.split()[0]).stdout.splitlines()
    assert shown[1:] == [
        "silent, warning, level 1, raised",
        "goes up at 2026-01-21 02:36:00Z",
        "  2026-01-21 02:06:00Z  raised        plan",
        "  2026-01-21 02:06:00Z  notified      plan  on duty: dispatcher, early shift",
    ]


def test_an_alert_that_is_not_there_is_refused(world: JudgeWorld) -> None:
    refused = run(world, "show", "1")
    assert str(refused.exception) == "there is no alert 1; see `alerts list --all`."


def test_a_plan_of_ones_own_holds_once_it_is_loaded(world: JudgeWorld, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(
        BUNDLED.replace('plan_id = "default"', 'plan_id = "ours"').replace(
            '[kinds.silent]\nseverity = "warning"', '[kinds.silent]\nseverity = "notice"'
        ),
        encoding="utf-8",
    )
    assert run(world, "plan", "load", str(file)).stdout == "alerting ours, version 1 is stored.\n"
    again = run(world, "plan", "load", str(file))
    assert again.stdout == "alerting ours, version 1 was stored before.\n"
    never_heard(world)
    assert "notice    level 1" in run(world, "list").stdout
    file.write_text(file.read_text("utf-8").replace("= 900", "= 901"), encoding="utf-8")
    changed = run(world, "plan", "load", str(file))
    assert "give the changed one the next version" in str(changed.exception)
    file.write_text("hold_down_s = -1", encoding="utf-8")
    bad = run(world, "plan", "load", str(file))
    assert str(bad.exception).startswith(f"{file}:1: ")
