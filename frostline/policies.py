"""Where do policies come from: files that somebody wrote, and those that come along?"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from frostline.errors import CommandRefused
from gateway.rules.policy import Policy
from gateway.rules.policy_file import read_policy


def shipped_policies() -> dict[str, Traversable]:
    """Return the files that come along by name; examples have a folder: `examples/msupply`."""
    folder = files("gateway") / "policies"
    named = {"": folder, "examples/": folder / "examples"}
    return {
        prefix + file.name.removesuffix(".toml"): file
        for prefix, place in named.items()
        for file in sorted(place.iterdir(), key=_name)
        if file.name.endswith(".toml")
    }


def read_policy_file(file: Path | Traversable) -> Policy:
    """Return a file's policy. Raises BadFile, or CommandRefused where there is no such text."""
    name = str(file) if isinstance(file, Path) else file.name
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandRefused(f"{name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandRefused(f"{name} is not UTF-8; save it as UTF-8") from error
    return read_policy(text, name=name)


def _name(file: Traversable) -> str:
    return file.name
