"""Where is a parsed map kept?

Beside the user's other caches, under the hash of its file and the version of our format. A file of
the cache that can't be read, whatever happened to it, is made again.
"""

import contextlib
import hashlib
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import platformdirs

from routing.roads.network import Network
from routing.roads.reading import UnreadableMap, read_network

FORMAT: Final = 1
"""Raised with every change of what is parsed or kept."""

_ARRAYS: Final = ("lat_deg", "lon_deg", "before_m", "first", "tail", "head", "tag_of")
_DAMAGE: Final = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged .npz ends in."""


def network_of(file: Path, *, folder: Path | None = None) -> Network:
    """Return a map's network, parsed once for each content of its file. Raises `UnreadableMap`."""
    kept = (folder or _folder()) / f"{_hash(file)}-{FORMAT}.npz"
    network = _load(kept)
    if network is None:
        network = read_network(file)
        _save(kept, network)
    return network


def _folder() -> Path:
    return platformdirs.user_cache_path("frostline") / "roads"


def _hash(file: Path) -> str:
    try:
        if not file.is_file():  # a device might never end
            raise UnreadableMap(f"{file} is no file")
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableMap(f"{file}: {error.strerror}") from error


def _load(kept: Path) -> Network | None:
    try:
        with kept.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            tags = msgspec.json.decode(arrays["tags"].tobytes(), type=tuple[dict[str, str], ...])
            numbers = {name: arrays[name] for name in _ARRAYS}
            return Network(**numbers, tags=tags, junctions=int(arrays["junctions"]))
    except _DAMAGE:
        return None


def _save(kept: Path, network: Network) -> None:
    """Write a network whole or not at all. A cache that can't be written is only slow."""
    arrays = {name: getattr(network, name) for name in _ARRAYS}
    tags = np.frombuffer(msgspec.json.encode(network.tags), np.uint8)
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            new = Path(folder) / "network.npz"
            np.savez_compressed(new, tags=tags, junctions=network.junctions, **arrays)
            new.replace(kept)
