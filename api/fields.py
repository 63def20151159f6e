"""What may stand in a field of a request?

Strict ids (`schemas.ids`), aware times in the years 2010 to 2100, short printable text: each
refusal says what to write instead.
"""

from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import available_timezones

from fastapi import Header, Path, Query
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints

from schemas.ids import (
    CityId,
    CommandId,
    ComplaintId,
    ConsignmentId,
    DepotId,
    DisruptionId,
    GatewayId,
    IntakeId,
    LockerId,
    LoggerId,
    OrderId,
    PlaceId,
    ShiftId,
    VehicleId,
    parse_city_id,
    parse_command_id,
    parse_complaint_id,
    parse_consignment_id,
    parse_depot_id,
    parse_disruption_id,
    parse_gateway_id,
    parse_intake_id,
    parse_locker_id,
    parse_logger_id,
    parse_order_id,
    parse_place_id,
    parse_shift_id,
    parse_vehicle_id,
)
from schemas.reading import MEASURED_AT_RANGE_MS

_EARLIEST, _LATEST = (datetime.fromtimestamp(ms / 1000, UTC) for ms in MEASURED_AT_RANGE_MS)
_ZONES: Final = frozenset(available_timezones())
_TIME_EXAMPLE: Final = "2026-11-21T10:00:00Z"


def _text_only(value: object) -> object:
    # A bare number would be read as seconds since 1970, and mean milliseconds to half the senders.
    if isinstance(value, str) and not value.strip().lstrip("+-").replace(".", "").isdigit():
        return value
    if isinstance(value, datetime):
        return value
    raise ValueError(f"expected a time with its zone, such as {_TIME_EXAMPLE}")


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(
            f"{value.isoformat()} has no time zone; write {value.isoformat()}Z, or its offset"
        )
    try:
        utc = value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"expected a time between {_EARLIEST:%Y} and {_LATEST:%Y}") from error
    if not _EARLIEST <= utc <= _LATEST:
        raise ValueError(f"expected a time between {_EARLIEST:%Y} and {_LATEST:%Y}")
    return utc


def _known_zone(name: str) -> str:
    if name not in _ZONES:
        raise ValueError(f"{name[:80]!r} is not an IANA time zone such as Asia/Shanghai")
    return name


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected printable text on one line")
    return text


def _to_hundredths(value: float) -> float:
    return round(value, 2)  # what anybody measures, and what a 4-byte float can hold


def _readable(text: str) -> str:
    if not all(line.isprintable() for line in text.split("\n")):
        raise ValueError("expected printable text; lines end with a newline alone")
    return text


UtcTime = Annotated[
    datetime,
    BeforeValidator(_text_only),
    AfterValidator(_aware),
    PlainSerializer(_iso, return_type=str),
    Field(
        description="RFC 3339 with a zone.",
        json_schema_extra={"type": "string", "format": "date-time"},
    ),
]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(_printable),
]
Comment = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000, strip_whitespace=True),
    AfterValidator(_readable),
    Field(description="In a person's words; blank is refused."),
]
TimeZoneName = Annotated[str, AfterValidator(_known_zone)]

LoggerIdField = Annotated[LoggerId, AfterValidator(parse_logger_id)]
OrderIdField = Annotated[OrderId, AfterValidator(parse_order_id)]
ConsignmentIdField = Annotated[ConsignmentId, AfterValidator(parse_consignment_id)]
PlaceIdField = Annotated[PlaceId, AfterValidator(parse_place_id)]
ComplaintIdField = Annotated[ComplaintId, AfterValidator(parse_complaint_id)]
IntakeIdField = Annotated[IntakeId, AfterValidator(parse_intake_id)]
CityIdField = Annotated[CityId, AfterValidator(parse_city_id)]
GatewayIdField = Annotated[GatewayId, AfterValidator(parse_gateway_id)]
DepotIdField = Annotated[DepotId, AfterValidator(parse_depot_id)]
LockerIdField = Annotated[LockerId, AfterValidator(parse_locker_id)]
ShiftIdField = Annotated[ShiftId, AfterValidator(parse_shift_id)]
VehicleIdField = Annotated[VehicleId, AfterValidator(parse_vehicle_id)]
DisruptionIdField = Annotated[DisruptionId, AfterValidator(parse_disruption_id)]
CommandIdField = Annotated[CommandId, AfterValidator(parse_command_id)]

LoggerIdPath = Annotated[
    LoggerIdField, Path(description="Bluetooth address, such as C4:A5:E3:00:00:01.")
]
OrderIdPath = Annotated[OrderIdField, Path(description="The order's id.")]
PlaceIdPath = Annotated[PlaceIdField, Path(description="The place's id.")]
ConsignmentIdPath = Annotated[ConsignmentIdField, Path(description="The consignment's id.")]
ComplaintIdPath = Annotated[ComplaintIdField, Path(description="The complaint's id.")]
IntakeIdPath = Annotated[IntakeIdField, Path(description="The intake's id.")]
DepotIdPath = Annotated[DepotIdField, Path(description="The depot's id.")]
LockerIdPath = Annotated[LockerIdField, Path(description="The locker's id.")]
ShiftIdPath = Annotated[ShiftIdField, Path(description="The shift's id.")]
CityIdPath = Annotated[CityIdField, Path(description="The city's id.")]
VehicleIdPath = Annotated[VehicleIdField, Path(description="The vehicle's id.")]
DisruptionIdPath = Annotated[DisruptionIdField, Path(description="The disruption's id.")]
CommandIdPath = Annotated[CommandIdField, Path(description="The command's id.")]
PolicyIdField = Annotated[
    str,
    Path(min_length=1, max_length=200, description="The policy's id."),
    AfterValidator(_printable),
]
RowIdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]

AfterId = Annotated[
    str,
    Query(max_length=63, description="The last id of the page before."),
    AfterValidator(_printable),
]
AfterText = Annotated[
    str,
    Query(max_length=200, description="The last one of the page before."),
    AfterValidator(_printable),
]
PageSize = Annotated[int, Query(ge=1, le=1000, description="Rows at most.")]
Amount = Annotated[
    int, Field(ge=0, le=10**12, description="In the currency's smallest unit: fen for CNY.")
]
Temperature = Annotated[
    float, Field(ge=-90, le=90, allow_inf_nan=False), AfterValidator(_to_hundredths)
]
Kilograms = Annotated[
    float, Field(ge=0, le=1000, allow_inf_nan=False), AfterValidator(_to_hundredths)
]
GoodsKilograms = Annotated[
    float, Field(ge=0.01, le=1000, allow_inf_nan=False), AfterValidator(_to_hundredths)
]
BeforeRow = Annotated[
    int | None,
    Query(ge=1, le=2**63 - 1, description="The last id of the page before: newest come first."),
]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own; the same key and body give the first answer again.",
    ),
]
