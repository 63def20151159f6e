"""Where does gpsd say that we are?

gpsd speaks JSON over TCP, a line a report (gpsd_json(5), "Core Protocol Responses"). We ask it to
WATCH, and read its TPV reports: a time, a position, and how they are known. It may come and go.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Final
from urllib.parse import urlsplit

import msgspec

from edge.metrics import GPSD_CONNECTED, GPSD_FAILURES
from schemas.position import Fix

log = logging.getLogger(__name__)

PORT: Final = 2947
_WATCH: Final = b'?WATCH={"enable":true,"json":true};\n'
_TWO_DIMENSIONS: Final = 2  # the least `mode` that has latitude and longitude
_SILENCE_S: Final = 60.0  # a receiver reports each second, with a fix or without one
_CONNECT_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GpsdTiming:
    """Real seconds; a test's are shorter."""

    silence_s: float = _SILENCE_S
    reconnect_first_s: float = 1.0
    reconnect_max_s: float = 60.0


class _Report(msgspec.Struct):
    """A TPV report, as far as it is read. What is missing is not known."""

    class_: str = msgspec.field(name="class", default="")
    mode: int = 0
    time: str = ""
    lat: float | None = None
    lon: float | None = None
    speed: float | None = None
    eph: float | None = None
    epx: float | None = None
    epy: float | None = None


_decoder = msgspec.json.Decoder(_Report)


def fix_of(line: bytes) -> Fix | None:
    """Return the fix in a line of gpsd; None: another report, no fix yet, or nothing readable."""
    try:
        report = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if report.class_ != "TPV" or report.mode < _TWO_DIMENSIONS:
        return None
    at_ms = _milliseconds(report.time)
    if at_ms is None or report.lat is None or report.lon is None:
        return None
    if not (-90 <= report.lat <= 90 and -180 <= report.lon <= 180):
        return None
    return Fix(
        at_ms=at_ms,
        lat_deg=report.lat,
        lon_deg=report.lon,
        speed_m_s=report.speed,
        accuracy_m=_accuracy_m(report),
    )


def _milliseconds(text: str) -> int | None:
    """Return what gpsd's ISO 8601 time (UTC) says; None: no time, or none that is one."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


def _accuracy_m(report: _Report) -> float | None:
    """Return the horizontal error; receivers before gpsd 3.20 give it by axis."""
    errors = [report.eph] if report.eph is not None else [report.epx, report.epy]
    known = [error for error in errors if error is not None and isfinite(error)]
    return max(known, default=None)


def parse_gpsd_url(url: str) -> tuple[str, int]:
    """Return host and port of `gpsd://host:port`; raise ValueError with what to change."""
    parts = urlsplit(url)
    if parts.scheme != "gpsd" or not parts.hostname:
        raise ValueError(f"{url!r} is no address of gpsd; it looks like gpsd://127.0.0.1:{PORT}")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("has a port that is no number from 1 to 65535") from error
    if port == 0:
        raise ValueError("has port 0; it is a number from 1 to 65535")
    return parts.hostname, port or PORT


class Gpsd:
    """A position source that connects, and connects again, until it is not asked any more."""

    def __init__(self, url: str, timing: GpsdTiming | None = None) -> None:
        self._host, self._port = parse_gpsd_url(url)
        self._timing = timing or GpsdTiming()

    async def fixes(self) -> AsyncIterator[Fix]:
        """Yield what gpsd reports, whenever it is there."""
        failures = 0
        words: str | None = None
        while True:
            try:
                async with aclosing(self._one_connection()) as reported:
                    async for fix in reported:
                        failures, words = 0, None
                        yield fix
            except (OSError, ValueError) as error:  # TimeoutError is one; ValueError: no line ends
                failures += 1
                GPSD_FAILURES.inc()
                if str(error) != words:  # once for each reason, not for each attempt
                    words = str(error)
                    log.warning("no gpsd; positions are missing", extra={"reason": words})
            await asyncio.sleep(self._delay_s(failures))

    async def _one_connection(self) -> AsyncGenerator[Fix, None]:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(_WATCH)
            await writer.drain()
            GPSD_CONNECTED.set(1)
            while line := await self._line(reader):
                fix = fix_of(line)
                if fix is not None:
                    yield fix
        finally:
            GPSD_CONNECTED.set(0)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        raise ConnectionError("gpsd closed the connection")

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        try:
            async with asyncio.timeout(self._timing.silence_s):
                return await reader.readline()
        except TimeoutError as error:
            raise ConnectionError(f"gpsd said nothing for {self._timing.silence_s:g} s") from error

    def _delay_s(self, failures: int) -> float:
        longest_s = self._timing.reconnect_first_s * 2 ** min(failures, 16)
        delay_s: float = min(longest_s, self._timing.reconnect_max_s)
        return delay_s * random.uniform(0.5, 1)  # noqa: S311  # spreads a fleet; no secret
