"""Where does a passing run keep its files, and who clears up after a run that was killed?"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from frostline.errors import CommandRefused
from frostline.stack.cache import state_folder

_LOCK: Final = "in-use"


@contextmanager
def passing_folder(purpose: str, *, within: Path | None = None) -> Iterator[Path]:
    """Make a folder for one run, and delete it at the end; delete those of killed runs now."""
    parent = make_folder((within or state_folder(os.environ)) / "runs")
    _clear(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=parent))
    folder.chmod(0o711)
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel lets go of it when we die
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def make_folder(folder: Path) -> Path:
    """Make a folder for servers' data; raise CommandRefused where that can't be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder.parent, folder):
            path.chmod(0o711)  # the database's own account walks through
    except OSError as error:
        raise CommandRefused(
            f"{folder} cannot be used: {error.strerror}; name another place with FROSTLINE_STATE."
        ) from error
    return folder


def _clear(parent: Path) -> None:
    for folder in parent.iterdir():
        try:
            with (folder / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except (BlockingIOError, FileNotFoundError):
            continue  # in use, or just being made
