"""Where does the local stack keep what it has fetched and built, and is it still what it was?

A part is built beside its place and renamed into it, so there is never half of one. Its manifest
holds a SHA-256 of each file; all are checked at each start (0.1 s for PostgreSQL), and a part that
has changed is built again. A lock lets one process build while others wait.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from frostline.stack.accounts import check_reachable, server_account
from frostline.stack.errors import StackError

Report = Callable[[str], None]
"""Takes a sentence about what is going on, for a progress display."""

_MANIFEST = "frostline-manifest.json"


def silent(sentence: str) -> None:
    """Report to nobody."""


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return FROSTLINE_CACHE, else the user's cache folder; root's is one that servers can read."""
    if given := environ.get("FROSTLINE_CACHE"):
        return Path(given).absolute()
    if os.geteuid() == 0:
        return Path(platformdirs.site_cache_dir("frostline"))
    return Path(platformdirs.user_cache_dir("frostline"))


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return FROSTLINE_STATE, else the user's state folder: databases, logs, passwords."""
    if given := environ.get("FROSTLINE_STATE"):
        return Path(given).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/frostline")
    return Path(platformdirs.user_state_dir("frostline"))


def open_cache(report: Report = silent) -> "Cache":
    """Return this machine's cache; raise StackError where servers' account can't read it."""
    folder = cache_folder(os.environ)
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)  # whatever the umask says
    except OSError as error:
        raise StackError(
            f"{folder} cannot be used: {error.strerror}; name another place with FROSTLINE_CACHE"
        ) from error
    check_reachable(folder, server_account())
    return Cache(folder, report)


class Cache:
    """A folder of parts."""

    def __init__(self, folder: Path, report: Report = silent) -> None:
        self.folder = folder
        self.report = report

    def obtain(self, name: str, build: Callable[[Path], None]) -> Path:
        """Return the part's folder, intact; `build` fills an empty one where it is needed."""
        place = self.folder / name
        if is_intact(place):  # without a lock: the cache may be another account's
            return place
        with self._locked(name):
            if is_intact(place):
                return place
            if place.exists():
                self.report(f"{name} has changed since it was installed; building it again")
            fresh = self.folder / f"{name}.new"
            shutil.rmtree(fresh, ignore_errors=True)  # of a run that was interrupted
            fresh.mkdir()
            build(fresh)
            write_manifest(fresh)
            make_readable(fresh)
            _put_in_place(fresh, place)
        return place

    def downloads(self, name: str) -> Path:
        """Return a folder for downloads that an interrupted build finds again."""
        folder = self.folder / "downloads" / name
        folder.mkdir(parents=True, exist_ok=True)
        for opened in (folder.parent, folder):
            opened.chmod(0o755)  # a server is tried inside
        return folder

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self.folder / f"{name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.report(f"another process is preparing {name}; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def write_manifest(folder: Path) -> None:
    """Write down what is in a folder."""
    entries = {str(path.relative_to(folder)): _digest(path) for path in _files(folder)}
    (folder / _MANIFEST).write_text(json.dumps(entries, indent=0, sort_keys=True))


def is_intact(folder: Path) -> bool:
    """Whether each file of the manifest is there and has its content; additions do no harm."""
    try:
        entries = json.loads((folder / _MANIFEST).read_text())
        return bool(entries) and all(
            _digest(folder / name) == digest for name, digest in entries.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_symlink() or path.is_file():
            yield path


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_readable(folder: Path) -> None:
    """Let every account read what is in a folder, and run what its owner may run."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        mode = path.stat().st_mode & 0o777
        runnable = 0o111 if path.is_dir() or mode & 0o100 else 0
        path.chmod(mode | 0o444 | runnable)


def _put_in_place(fresh: Path, place: Path) -> None:
    if place.exists():
        old = place.with_name(f"{place.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
        fresh.rename(place)
        shutil.rmtree(old)
    else:
        fresh.rename(place)
