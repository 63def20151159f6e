"""What roads does an OpenStreetMap extract hold?

pyrosm parses it. It and what it stands on are large, and come with `pip install 'frostline[roads]'`
alone: they are imported when a file is parsed, not before.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from routing.roads.network import Network, Point, Way, cut_at_junctions

TAGS: Final = (
    "highway",
    "access",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "bicycle",
    "foot",
    "oneway",
    "oneway:bicycle",
    "cycleway",
    "cycleway:left",
    "cycleway:right",
    "cycleway:both",
    "junction",
    "maxspeed",
    "maxspeed:forward",
    "maxspeed:backward",
)
"""What `routing.roads.rules` reads. Whoever changes them raises `routing.roads.cache.FORMAT`."""


class UnreadableMap(Exception):
    """A map can't be had, and why."""


def read_network(file: Path) -> Network:
    """Parse an .osm.pbf file. Raises `UnreadableMap`."""
    try:
        import pyrosm  # type: ignore[import-untyped] # noqa: PLC0415  # heavy, and an extra
    except ImportError as error:
        raise UnreadableMap(
            f"reading {file.name} takes pyrosm: pip install 'frostline[roads]'"
        ) from error
    try:
        nodes, segments = _parse(pyrosm, file)
    except Exception as error:
        # A damaged file ends in errors of zlib, protobuf, Cython or pandas, as it happens.
        raise UnreadableMap(f"{file.name} is no OpenStreetMap extract: {error}") from error
    if segments is None:
        raise UnreadableMap(f"{file.name} has no roads")
    pairs = zip(nodes["lat"].tolist(), nodes["lon"].tolist(), strict=True)
    point_of: dict[int, Point] = dict(zip(nodes["id"].tolist(), pairs, strict=True))
    return cut_at_junctions(_ways(segments), point_of)


def _parse(pyrosm: Any, file: Path) -> tuple[Any, Any]:
    """Return data frames of nodes, and of the segments between two nodes of a way."""
    with warnings.catch_warnings():
        # pyrosm warns of a file without roads, of which we have our own word, and as its own
        # libraries grow old. Neither is anything that its caller here could change.
        warnings.simplefilter("ignore")
        # Its other engine keeps files of its own under /tmp.
        extract = pyrosm.OSM(str(file), engine="in_memory", keep_metadata=False, progress=False)
        nodes, segments = extract.get_network("all", nodes=True, tags_to_keep=list(TAGS))
    return nodes, segments


def _ways(segments: Any) -> Iterator[Way]:
    """Join the segments of each way again; they stand one after another."""
    keys = [key for key in TAGS if key in segments.columns]
    columns = [segments[key].tolist() for key in keys]
    ids, tails, heads = (segments[name].tolist() for name in ("id", "u", "v"))
    nodes: list[int] = []
    for k, (way, tail, head) in enumerate(zip(ids, tails, heads, strict=True)):
        if not nodes:
            nodes = [tail]
        nodes.append(head)
        is_last = k + 1 == len(ids) or ids[k + 1] != way or tails[k + 1] != head
        if is_last:
            yield Way(nodes, _tags(keys, [column[k] for column in columns]))
            nodes = []


def _tags(keys: Sequence[str], values: Sequence[object]) -> dict[str, str]:
    """Return the tags that a way has; a data frame fills what is missing with NaN or None."""
    pairs = zip(keys, values, strict=True)
    return {key: value for key, value in pairs if isinstance(value, str)}
