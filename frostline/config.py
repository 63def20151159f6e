"""Where do settings come from?

The one place that reads the environment and the file: FROSTLINE_CONFIG or --config, else
/etc/frostline.toml where it exists.
"""

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar

from schemas.settings import BadSetting, build_settings

SettingsT = TypeVar("SettingsT")

ROLES: Final = ("api", "dispatch", "edge", "ingest", "judge", "notify", "seal", "sim")
_LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
_DEFAULT_FILE: Final = Path("/etc/frostline.toml")
# Variables that are no role's setting.
_OTHERS: Final = (
    "FROSTLINE_CACHE",
    "FROSTLINE_CONFIG",
    "FROSTLINE_LOG_LEVEL",
    "FROSTLINE_STATE",
    "FROSTLINE_TEST_",
)


def load_settings(
    cls: type[SettingsT], *, role: str, file: Path | None = None, **given: object
) -> SettingsT:
    """Make a role's settings; `given` (from the command line; None: not given) wins over all."""
    _refuse_unknown_variables()
    tables = _read_tables(file)
    table = tables.get(role, {})
    if not isinstance(table, dict):
        raise BadSetting(f"[{role}] in the settings file is not a table")
    chosen = {name: value for name, value in given.items() if value is not None}
    prefix = f"FROSTLINE_{role.upper()}_"
    environ = {
        variable: text
        for variable, text in os.environ.items()
        if variable.removeprefix(prefix).lower() not in chosen
    }
    return build_settings(cls, role=role, environ=environ, table={**table, **chosen})


def value_of(role: str, name: str, *, file: Path | None) -> str | None:
    """Return one setting as it stands in the environment or in the file, or None."""
    table = _read_tables(file).get(role, {})
    value = table.get(name) if isinstance(table, dict) else None
    return os.environ.get(f"FROSTLINE_{role.upper()}_{name.upper()}") or value


def log_level() -> str:
    """Return FROSTLINE_LOG_LEVEL, INFO where it is not set."""
    level = os.environ.get("FROSTLINE_LOG_LEVEL", "INFO").upper()
    if level not in _LOG_LEVELS:
        raise BadSetting(f"FROSTLINE_LOG_LEVEL is {level}; it is one of {', '.join(_LOG_LEVELS)}")
    return level


def _read_tables(file: Path | None) -> dict[str, object]:
    named = file or (Path(text) if (text := os.environ.get("FROSTLINE_CONFIG")) else None)
    path = named or _DEFAULT_FILE
    if named is None and not path.exists():
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSetting(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} is not TOML: {error}") from error
    for name in tables:
        if name not in ROLES:
            near = get_close_matches(name, ROLES, n=1)
            hint = f"did you mean [{near[0]}]?" if near else f"known are {', '.join(ROLES)}"
            raise BadSetting(f"[{name}] in {path} is no role; {hint}")
    return tables


def _refuse_unknown_variables() -> None:
    known = (*_OTHERS, *(f"FROSTLINE_{role.upper()}_" for role in ROLES))
    for variable in os.environ:
        if variable.startswith("FROSTLINE_") and not variable.startswith(known):
            near = get_close_matches(variable, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}…?" if near else ""
            raise BadSetting(f"{variable} is not a setting{hint}")
