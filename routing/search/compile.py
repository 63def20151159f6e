"""How is the search compiled, and where is the compiled code kept?

numba compiles at the first call and keeps the machine code in the user's cache, in a folder named
after a hash of these sources: numba itself would not see that a callee in another file changed.
Where no such folder can be written, every process compiles anew.

Compiled functions allocate nothing (`_nrt=False`): without this, numba counts references to every
array at every call, which costs three quarters of the speed.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import numba
import platformdirs

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS: Final[dict[str, Any]] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "_nrt": False,
}

_INNER: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Nothing but compiled code calls these: code by which Python could would take half the time."""


def compiled(function: Function) -> Function:
    """Compile a function that others call."""
    return _compile(function, _INNER)


def inlined(function: Function) -> Function:
    """Compile a function into each of its callers: a call costs more than a short function."""
    return _compile(function, {**_INNER, "forceinline": True})


def pasted(function: Function) -> Function:
    """Paste a function's source into its callers: quick to compile, slower to run."""
    return _compile(function, {**_INNER, "inline": "always"})


def entry(function: Function) -> Function:
    """Compile a function that Python calls, and keep it in the cache."""
    if _FOLDER is None:
        return _compile(function, {})
    settings: Any = numba.config
    before, settings.CACHE_DIR = settings.CACHE_DIR, str(_FOLDER)
    try:
        return _compile(function, {"cache": True})
    finally:
        settings.CACHE_DIR = before


def _compile(function: Function, options: dict[str, Any]) -> Function:
    dispatcher: Function = numba.njit(**_OPTIONS, **options)(function)
    return dispatcher


def _cache_folder() -> Path | None:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = platformdirs.user_cache_path("frostline") / "search" / version
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


_FOLDER: Final = _cache_folder()


def is_kept() -> bool:
    """Return whether compiled code is in the cache, so that a search begins at once."""
    return _FOLDER is not None and any(_FOLDER.rglob("*.nbc"))
