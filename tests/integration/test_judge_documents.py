"""A version of a policy or of rules is stored once, and stays what it was."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from frostline.cli import app
from frostline.errors import CommandRefused
from tests.judge_world import T0, JudgeWorld, judge_world, minutes, steady

CHILLED = files("gateway").joinpath("policies/chilled.toml").read_text(encoding="utf-8")
CHILLED_3 = CHILLED.replace("version = 2", "version = 3")


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        yield world


def run(world: JudgeWorld, *arguments: str) -> str:
    command = [*arguments, "--database-url", world.database_url]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_documents_that_come_along_are_there_after_migration(world: JudgeWorld) -> None:
    rows = world.sql("SELECT policy_id FROM policies WHERE document IS NOT NULL")
    assert {"frozen", "chilled", "ambient"} <= {row[0] for row in rows}
    assert world.sql("SELECT DISTINCT kind FROM rulebooks ORDER BY kind") == [
        ("alerting",),
        ("compensation",),
    ]


def test_a_new_version_is_stored_and_the_same_again_changes_nothing(
    world: JudgeWorld, tmp_path: Path
) -> None:
    file = tmp_path / "chilled.toml"
    file.write_text(CHILLED_3, encoding="utf-8")
    assert "policy chilled, version 3: stored" in run(world, "policy", "load", str(file))
    assert "was stored before" in run(world, "policy", "load", str(file))


def test_another_content_under_a_stored_version_is_refused(
    world: JudgeWorld, tmp_path: Path
) -> None:
    file = tmp_path / "chilled.toml"
    file.write_text(CHILLED.replace("upper_c = 4", "upper_c = 5"), encoding="utf-8")
    with pytest.raises(CommandRefused, match="give the changed one the next version"):
        run(world, "policy", "load", str(file))


def test_a_policy_is_tried_on_stored_curves_and_nothing_is_written(
    world: JudgeWorld, tmp_path: Path
) -> None:
    """At 6 °C from the 20th minute on: 40 minutes above 4 °C, and never above 8 °C."""
    world.shipped(policy_id="chilled")
    world.hear(steady(3.0, end=20) + steady(6.0, start=20))
    world.close_order(at=T0 + minutes(60))
    lenient = tmp_path / "lenient.toml"
    lenient.write_text(
        CHILLED_3.replace(
            'name = "warm"\nside = "upper"\nlimit_c = 4',
            'name = "warm"\nside = "upper"\nlimit_c = 7',
        ),
        encoding="utf-8",
    )
    shown = run(world, "policy", "try", str(lenient), "--orders", "order-1", "--json")
    assert '"consignment_id":"order-1.chilled"' in shown
    judged, tried = shown.split('"tried":')
    assert '"outcome":"excursion"' in judged
    assert '"outcome":"in_range"' in tried
    assert world.sql("SELECT count(*) FROM verdicts") == [(0,)]


def test_the_status_says_what_waits_and_what_was_found(world: JudgeWorld) -> None:
    world.policy()
    world.shipped()
    world.hear(steady(6.0))
    assert "3 marks" in run(world, "judge", "status")  # of the order, its binding, its readings
    world.judge_all()
    shown = run(world, "judge", "status")
    assert "0 marks" in shown
    assert "1 open" in shown
