"""How far is it, says an OSRM server.

Its table service is asked (https://project-osrm.org/docs/v5.24.0/api/#table-service) in squares
that it takes, once for each profile, before planning begins: a server that fails in the middle of a
search would have two kinds of legs in one plan.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import httpcore
import msgspec
import numpy as np
from numpy.typing import NDArray

from routing.check_travel import MAX_LEG_M, MAX_LEG_S
from routing.deadline import Deadline
from routing.problem import Place
from routing.travel import UNREACHABLE_S, IntArray, Matrices, ModeMatrix, Pace
from routing.travel_places import great_circle, names_of
from routing.travel_values import OsrmSource, ServerRule

MOST_PLACES: Final = 5000
"""What is asked of a server: 2,500 squares of 100 x 100 a profile."""

_OK: Final = 200
_MOST_BYTES: Final = 1 << 28
_MOST_WORDS: Final = 200  # characters
_FAILURES: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


class ServerFailed(Exception):
    """A server gave no tables, and why."""


class _Waypoint(msgspec.Struct, frozen=True):
    """Where a place was moved to, by how many metres."""

    distance: float = 0.0


_Cells = list[list[float | None]]


class _Answer(msgspec.Struct, frozen=True):
    """What a server says; null or nothing where the code is another than `Ok`."""

    code: str
    message: str | None = None
    durations: _Cells | None = None
    distances: _Cells | None = None
    sources: list[_Waypoint] | None = None


@dataclass(frozen=True)
class Table:
    """One profile: metres and seconds between all places, and by how much each was moved."""

    metres: IntArray
    seconds: IntArray
    moved_m: NDArray[np.float64]


def fetch_table(source: OsrmSource, profile: str, places: Sequence[Place]) -> Table:
    """Ask a server for everything between `places`. Raises `ServerFailed`."""
    if len(places) > MOST_PLACES:
        raise ServerFailed(f"{len(places)} places are more than the {MOST_PLACES} we ask it for")
    table = Table(
        metres=np.zeros((len(places), len(places)), np.int32),
        seconds=np.zeros((len(places), len(places)), np.int32),
        moved_m=np.zeros(len(places)),
    )
    try:
        base, deadline = _base(source.url), Deadline()
        with httpcore.ConnectionPool(network_backend=deadline) as pool:
            for origins, destinations in product(_chunks(source, len(places)), repeat=2):
                target = _target(profile, places, origins, destinations)
                url = _join(base, target)
                deadline.until_s = time.monotonic() + source.timeout_s
                _fill(table, origins, destinations, _get(pool, url))
    except _FAILURES as failure:
        raise ServerFailed(_sentence(failure, source)) from failure
    np.fill_diagonal(table.metres, 0)  # whoever stays needs no road
    np.fill_diagonal(table.seconds, 0)
    return table


def _chunks(source: OsrmSource, places: int) -> list[range]:
    """Cut the places so that any two chunks together are one table for the server."""
    size = source.table_size
    return [range(start, min(start + size, places)) for start in range(0, places, size)]


def _target(profile: str, places: Sequence[Place], origins: range, destinations: range) -> str:
    """Return path and query for one part of the table."""
    named = [*origins] if origins == destinations else [*origins, *destinations]
    points = ";".join(f"{places[k].lon_deg:.6f},{places[k].lat_deg:.6f}" for k in named)
    starts, ends = range(len(origins)), range(len(named) - len(destinations), len(named))
    return (
        f"/table/v1/{profile}/{points}?annotations=duration,distance"
        f"&sources={_joined(starts)}&destinations={_joined(ends)}"
    )


def _joined(numbers: range) -> str:
    return ";".join(map(str, numbers))


def _base(url: str) -> httpcore.URL:
    try:
        return httpcore.URL(url.rstrip("/"))
    except (TypeError, ValueError) as error:
        raise ServerFailed(f"{url} is no URL: {error}") from error


def _join(base: httpcore.URL, target: str) -> httpcore.URL:
    path = base.target.rstrip(b"/") + target.encode()
    return httpcore.URL(scheme=base.scheme, host=base.host, port=base.port, target=path)


def _get(pool: httpcore.ConnectionPool, url: httpcore.URL) -> _Answer:
    """Ask once."""
    body = bytearray()
    with pool.stream("GET", url, headers=[(b"Host", _host(url))]) as response:
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise ServerFailed(f"its answer is longer than {_MOST_BYTES} bytes")
    return _read(response.status, bytes(body))


def _host(url: httpcore.URL) -> bytes:
    return url.host if url.port is None else url.host + f":{url.port}".encode()


def _read(status: int, body: bytes) -> _Answer:
    """Read an answer. An error is one of OSRM's own, or of what stands before it."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ServerFailed(f"status {status}, and no answer of OSRM") from error
    if answer.code != "Ok":
        raise ServerFailed(_printable(f"{answer.code}: {answer.message or 'no reason given'}"))
    if status != _OK:
        raise ServerFailed(f"status {status}")
    return answer


def _printable(text: str) -> str:
    """Return a server's words for the terminal of whoever waits: one line, not too long."""
    return "".join(c if c.isprintable() else " " for c in text[:_MOST_WORDS])


def _fill(table: Table, origins: range, destinations: range, answer: _Answer) -> None:
    """Put an answer in its place."""
    part = np.ix_(origins, destinations)
    shape = len(origins), len(destinations)
    seconds = _cells(answer.durations, shape, "durations", MAX_LEG_S)
    metres = _cells(answer.distances, shape, "distances", MAX_LEG_M)
    has_way = np.isfinite(seconds) & np.isfinite(metres)
    table.metres[part] = np.rint(np.where(has_way, metres, 0))
    table.seconds[part] = np.where(has_way, np.ceil(seconds), UNREACHABLE_S)
    moved_m = [waypoint.distance for waypoint in answer.sources or ()]
    if len(moved_m) == len(origins):
        table.moved_m[origins] = moved_m


def _cells(
    cells: _Cells | None, shape: tuple[int, int], name: str, limit: int
) -> NDArray[np.float64]:
    """Return rows as an array, NaN where there's no way."""
    rows, columns = shape
    if cells is None or [len(row) for row in cells] != [columns] * rows:
        raise ServerFailed(f"its {name} are not {rows} x {columns} numbers")
    matrix = np.array(cells, np.float64)
    if not (np.isnan(matrix) | ((matrix >= 0) & (matrix <= limit))).all():
        raise ServerFailed(f"its {name} go beyond 0 to {limit}")
    return matrix


def _sentence(failure: Exception, source: OsrmSource) -> str:
    """Say what went wrong; time-outs have no words of their own."""
    if isinstance(failure, httpcore.TimeoutException):
        return f"no answer within {source.timeout_s:g} s"
    return str(failure) or type(failure).__name__


def server_travel(source: OsrmSource, places: Sequence[Place]) -> Matrices:
    """Return what a server says, at free roads. Raises `ServerFailed`."""
    tables = {
        profile: fetch_table(source, profile, places)
        for profile in dict.fromkeys(rule.profile for rule in source.modes.values())
    }
    by_mode, notes = {}, []
    for mode, rule in source.modes.items():
        table = tables[rule.profile]
        moved = np.flatnonzero(table.moved_m > rule.reach_m).tolist()
        by_mode[mode] = _with_straight_legs(table, rule, places, moved)
        if moved:
            names = names_of([places[k].id for k in moved])
            notes.append(f"{mode}: {names} beyond the server's map; legs there are great circles")
    return Matrices(by_mode, tuple(notes))


def _with_straight_legs(
    table: Table, rule: ServerRule, places: Sequence[Place], moved: Sequence[int]
) -> ModeMatrix:
    """Return a table where the legs of some places are great circles."""
    metres, seconds = table.metres.copy(), table.seconds.copy()
    straight = great_circle(places, {"": Pace((rule.fallback_kmh,))})
    every = range(len(places))
    for k in moved:
        for part in (np.ix_([k], every), np.ix_(every, [k])):
            way = straight.matrix("", part[0].ravel().tolist(), part[1].ravel().tolist())
            metres[part], seconds[part] = way[0], way[1][0]
    return ModeMatrix(metres, seconds[None])
