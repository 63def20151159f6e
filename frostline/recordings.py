"""What did radios hear, according to a file?

Three kinds: a text capture of `hcidump --raw` (no times), a CSV of readings (made into RuuviTag
frames again), JSON lines of frames. Each becomes frames in order of time.
"""

import csv
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from bluetooth_data_tools import parse_advertisement_data_bytes

from firmware_sim import ruuvi
from frostline.errors import CommandRefused
from schemas.ids import LoggerId, parse_logger_id
from schemas.reading import COUNTER_WRAP, MEASURED_AT_RANGE_MS, TEMPERATURE_RANGE_C

NumberT = TypeVar("NumberT", int, float)

# Bluetooth Core 5.4, vol 4 part E, 7.7.65: LE Meta event, Advertising Report.
_LE_META_EVENT: Final = b"\x04\x3e"
_ADVERTISING_REPORT: Final = 0x02
_REPORT_HEAD_BYTES: Final = 9  # event type, address type, address, data length

# Names that logger apps give the columns of their exports.
_COLUMNS: Final = {
    "at": ("measured_at", "iso8601", "timestamp", "datetime", "time", "date"),
    "temperature": ("temperature_c", "цельсий", "temperature (°c)", "temperature", "celsius"),
    "humidity": (
        "humidity_pct",
        "относительная влажность (%)",
        "humidity (%)",
        "relative humidity (%)",
        "humidity",
    ),
    "sequence": ("sequence", "порядковый номер измерения", "measurement sequence number"),
    "logger": ("logger_id", "mac", "address"),
}
_HEADER_MAX_CHARS: Final = 10_000
_AHEAD: Final = timedelta(days=1)  # what ingest believes of a clock (docs/ingest.md)
# What a malformed line raises.
_MALFORMED: Final = (ValueError, OverflowError, csv.Error)
_REQUIRED: Final = ("at", "temperature")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One advert as a radio hands it over."""

    at_ms: int  # UTC
    logger_id: LoggerId
    rssi_dbm: int
    manufacturer_data: dict[int, bytes] = field(default_factory=dict)
    service_data: dict[str, bytes] = field(default_factory=dict)
    local_name: str | None = None


def read_recording(
    path: Path, *, start: datetime | None, interval_s: float, logger: str | None
) -> list[Frame]:
    """Read a file of any of the three kinds; raise CommandRefused with the line and the reason."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandRefused(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandRefused(f"{path} is not text: {error.reason}.") from error
    if re.search(r"^> 04 [0-9A-F]{2}", text, re.MULTILINE):
        begin = start or datetime.fromtimestamp(path.stat().st_mtime, UTC)
        frames = list(_from_hcidump(text, _utc(begin), interval_s))
    elif text.lstrip().startswith("{"):
        frames = list(_from_json_lines(text))
    else:
        address = parse_logger_id(logger) if logger else address_of_name(path.stem)
        frames = list(_from_csv(text, address))
    if not frames:
        raise CommandRefused(f"{path} holds no adverts and no readings.")
    latest = datetime.fromtimestamp(max(frame.at_ms for frame in frames) / 1000, UTC)
    if latest > datetime.now(UTC) + _AHEAD:
        raise CommandRefused(
            f"{path} goes on until {latest:%Y-%m-%d %H:%M} UTC, which lies ahead: ingest would "
            "refuse that; mend the file's times, or --start and --interval."
        )
    return sorted(frames, key=lambda frame: frame.at_ms)


def address_of_name(name: str) -> LoggerId:
    """Return the random static address that stands for a file which names no logger."""
    digits = f"{zlib.crc32(name.encode()):08X}"
    return parse_logger_id(f"C0F5{digits}")  # the two top bits set: Core 5.4, vol 6 part B, 1.3.2.1


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _from_hcidump(text: str, start: datetime, interval_s: float) -> Iterator[Frame]:
    start_ms = round(start.timestamp() * 1000)
    for number, packet in enumerate(_packets(text)):
        at_ms = start_ms + round(number * interval_s * 1000)
        if packet[:2] == _LE_META_EVENT and packet[3:4] == bytes([_ADVERTISING_REPORT]):
            yield from _reports(packet[4:], at_ms)


def _packets(text: str) -> Iterator[bytes]:
    """Return what the controller sent: a line that begins with '>' and its continuations."""
    for block in re.findall(r"^> ((?:[0-9A-F]{2}\s+)+)", text + "\n", re.MULTILINE):
        yield bytes.fromhex(block)


def _reports(body: bytes, at_ms: int) -> Iterator[Frame]:
    """Split an event's reports. One cut short is left out: a capture may end anywhere."""
    rest = body[1:]
    for _ in range(body[0] if body else 0):
        if len(rest) < _REPORT_HEAD_BYTES:
            return
        length = rest[8]
        report, rest = (
            rest[: _REPORT_HEAD_BYTES + length + 1],
            rest[_REPORT_HEAD_BYTES + length + 1 :],
        )
        if len(report) < _REPORT_HEAD_BYTES + length + 1:
            return
        name, _uuids, services, makers, _power = parse_advertisement_data_bytes(report[9:-1])
        yield Frame(
            at_ms=at_ms,
            logger_id=parse_logger_id(report[7:1:-1].hex()),
            rssi_dbm=int.from_bytes(report[-1:], signed=True),
            manufacturer_data=dict(makers),
            service_data=dict(services),
            local_name=name,
        )


def _from_json_lines(text: str) -> Iterator[Frame]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            yield Frame(
                at_ms=_milliseconds(str(fields["at"])),
                logger_id=parse_logger_id(fields["logger_id"]),
                rssi_dbm=int(fields.get("rssi_dbm", -60)),
                manufacturer_data={
                    int(company): bytes.fromhex(data)
                    for company, data in fields.get("manufacturer_data", {}).items()
                },
                service_data={
                    uuid: bytes.fromhex(data)
                    for uuid, data in fields.get("service_data", {}).items()
                },
                local_name=fields.get("local_name"),
            )
        except (*_MALFORMED, TypeError, AttributeError, KeyError, RecursionError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise CommandRefused(f"line {number} is not a frame: {reason}.") from error


def _from_csv(text: str, address: LoggerId) -> Iterator[Frame]:
    """Make each reading a RuuviTag frame again, with a running sequence where there is none."""
    lines = text.splitlines()
    top, columns = _find_header(lines)
    sequence: dict[LoggerId, int] = {}
    for number, line in enumerate(lines[top + 1 :], top + 2):
        if not line.strip():
            continue
        try:
            row = _split(line)
            logger_id = _cell(row, columns, "logger")
            tag = parse_logger_id(logger_id) if logger_id else address
            running = (sequence.get(tag, -1) + 1) % COUNTER_WRAP["ruuvi-df5"]
            given = _cell(row, columns, "sequence")
            sequence[tag] = int(given) if given else running
            yield _ruuvi_frame(row, columns, tag, sequence[tag])
        except (*_MALFORMED, IndexError) as error:
            raise CommandRefused(f"line {number} is not a reading: {error}.") from error


def _split(line: str) -> list[str]:
    return next(csv.reader([line]), [])


def _ruuvi_frame(row: list[str], columns: dict[str, int], tag: LoggerId, sequence: int) -> Frame:
    humidity = _cell(row, columns, "humidity")
    temperature_c = float(row[columns["temperature"]])
    measurement = ruuvi.RawV2(
        temperature_c=_inside(temperature_c, TEMPERATURE_RANGE_C, "temperature"),
        humidity_pct=float(humidity) if humidity else None,
        sequence=sequence,
    )
    return Frame(
        at_ms=_milliseconds(row[columns["at"]]),
        logger_id=tag,
        rssi_dbm=-60,
        manufacturer_data={ruuvi.COMPANY: ruuvi.encode(measurement)},
    )


def _find_header(lines: list[str]) -> tuple[int, dict[str, int]]:
    """Return the header's line and where the columns stand; some exports put a title first."""
    for top, line in enumerate(lines[:5]):
        names = [name.strip().casefold() for name in _split(line[:_HEADER_MAX_CHARS])]
        columns = {
            wanted: names.index(spelled)
            for wanted, spellings in _COLUMNS.items()
            if (spelled := next((s for s in spellings if s in names), None)) is not None
        }
        if all(name in columns for name in _REQUIRED):
            return top, columns
    raise CommandRefused(
        "the file is no hcidump capture, no JSON lines, and has no CSV header with a time and a "
        "temperature; name them measured_at (ISO 8601) and temperature_c."
    )


def _cell(row: list[str], columns: dict[str, int], name: str) -> str:
    text = row[columns[name]].strip() if name in columns else ""
    return "" if text == "-" else text


def _milliseconds(text: str) -> int:
    """Read ISO 8601 with a zone (or milliseconds since 1970) as UTC milliseconds."""
    if text.isdigit():
        return _inside(int(text), MEASURED_AT_RANGE_MS, "time")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone; write 2026-11-21T08:00:00Z")
    return _inside(round(moment.timestamp() * 1000), MEASURED_AT_RANGE_MS, "time")


def _inside(value: NumberT, limits: tuple[NumberT, NumberT], what: str) -> NumberT:
    if not limits[0] <= value <= limits[1]:
        raise ValueError(f"the {what} {value} is not between {limits[0]} and {limits[1]}")
    return value
