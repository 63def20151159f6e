"""Which settings does a process run with?

One frozen dataclass a role. Environment over file over default; an unknown name is an error that
names the nearest known one. Reading the environment and the file is the caller's.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import msgspec

SettingsT = TypeVar("SettingsT")


class BadSetting(ValueError):
    """A setting that is unknown, missing or malformed. The message names it and the remedy."""


def build_settings(
    cls: type[SettingsT],
    *,
    role: str,
    environ: Mapping[str, str],
    table: Mapping[str, object],
) -> SettingsT:
    """Make `cls` from `FROSTLINE_<ROLE>_*` in `environ` over the file's `[<role>]` table."""
    prefix = f"FROSTLINE_{role.upper()}_"
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]  # any dataclass
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    for name, value in table.items():
        _check_known(name, name, known, f"[{role}] ")
        values[name], names[name] = value, f"[{role}] {name}"
    for variable, text in environ.items():
        if not variable.startswith(prefix):
            continue
        name = variable.removeprefix(prefix).lower()
        _check_known(name, variable, known, "", prefix)
        values[name], names[name] = _from_text(get_type_hints(cls)[name], text), variable
    for name, field in known.items():
        if name not in values and _is_required(field):
            raise BadSetting(f"{prefix}{name.upper()} is not set; docs/settings.md says what it is")
    return _convert(cls, values, names)


def _check_known(
    name: str, shown: str, known: Mapping[str, object], before: str, prefix: str = ""
) -> None:
    if name in known:
        return
    near = get_close_matches(name, known, n=1)
    spelled = prefix + near[0].upper() if near and prefix else "".join(near)
    hint = f"did you mean {spelled}?" if near else "docs/settings.md lists them"
    raise BadSetting(f"{before}{shown} is not a setting; {hint}")


def _is_required(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _from_text(hint: object, text: str) -> object:
    """Split what a list is made of; msgspec turns single words into numbers and the like."""
    if getattr(hint, "__origin__", None) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _decode(kind: type, value: object) -> object:
    """Make what msgspec does not know: a path."""
    if issubclass(kind, Path) and isinstance(value, str | Path):
        return Path(value)
    raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")


def _convert(
    cls: type[SettingsT], values: Mapping[str, object], names: Mapping[str, str]
) -> SettingsT:
    hints = get_type_hints(cls)
    converted: dict[str, object] = {}
    for name, value in values.items():
        try:
            converted[name] = msgspec.convert(value, hints[name], strict=False, dec_hook=_decode)
        except msgspec.ValidationError as error:
            raise BadSetting(f"{names[name]} is {value!r}: {error}") from error
    try:
        return cls(**converted)
    except ValueError as error:
        raise BadSetting(str(error)) from error
