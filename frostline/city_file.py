"""What does a file say of a city: its policy and areas, depots, lockers, fleet and shifts?

TOML; areas may stand beside it as GeoJSON and addresses as CSV. Each value is checked as the API
checks it, and refused with its line. docs/intake.md shows one.
"""

import csv
import json
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from api.intake.loading import WholeCity
from frostline.errors import CommandRefused
from gateway.rules.toml_lines import BadFile, TomlFile

_ADDRESS_COLUMNS: Final = ("address", "lat_deg", "lon_deg")


def read_city_file(path: Path) -> WholeCity:
    """Read a file and those that it names. Raises CommandRefused."""
    try:
        return _city(TomlFile(_text(path), name=str(path)), path.parent)
    except BadFile as refusal:
        raise CommandRefused(str(refusal)) from refusal


def _city(toml: TomlFile, folder: Path) -> WholeCity:
    values: dict[str, Any] = dict(toml.values)
    if isinstance(values.get("addresses"), str):
        values["addresses"] = _addresses(folder / values["addresses"])
    policy = values.get("policy")
    if isinstance(policy, dict) and isinstance(policy.get("areas"), str):
        values["policy"] = policy | {"areas": _areas(folder / policy["areas"])}
    try:
        return WholeCity.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        loc = first["loc"]
        named = next((part for part in reversed(loc) if isinstance(part, str)), "")
        why = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            why = "is not known here"
        raise toml.refuse(loc, f"{named}: {why}" if named else why) from error


def _areas(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise CommandRefused(f"{path}:{error.lineno}: no JSON: {error.msg}") from error


def _addresses(path: Path) -> list[dict[str, Any]]:
    """Return a CSV file's lines; its first names the columns."""
    reader = csv.DictReader(_text(path).splitlines(), strict=True)
    if tuple(reader.fieldnames or ()) != _ADDRESS_COLUMNS:
        raise CommandRefused(f"{path}:1: the columns are {', '.join(_ADDRESS_COLUMNS)}")
    try:
        return list(reader)
    except csv.Error as error:
        raise CommandRefused(f"{path}:{reader.line_num}: no CSV: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandRefused(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandRefused(f"{path} is not UTF-8; save it as UTF-8") from error
