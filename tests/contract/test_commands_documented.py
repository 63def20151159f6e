"""docs/commands.md names each command, and none that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path

from typer.main import get_command

from frostline.cli import app

TEXT = (Path(__file__).parents[2] / "docs/commands.md").read_text(encoding="utf-8")


def commands(command: object, name: str) -> Iterator[str]:
    """Return the names of what can be called."""
    below = getattr(command, "commands", {})
    if not below or getattr(command, "invoke_without_command", False):
        yield name
    for part, sub in below.items():
        yield from commands(sub, f"{name} {part}")


def test_each_command_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(frostline[^`]*)` \|", TEXT, re.MULTILINE))
    assert documented == set(commands(get_command(app), "frostline"))


def test_every_command_says_what_it_does() -> None:
    for info in app.registered_commands:
        assert info.callback is not None
        assert info.callback.__doc__
