"""What was measured for an order, and by which logger?

Readings come as binary COPY straight into numpy columns.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from api.refusals import TooManyReadings
from api.store import Connection, TimeRange, all_as
from schemas.curve import Curve
from schemas.ids import ConsignmentId, LoggerId, OrderId, PlaceId

# Which loggers measured an order's boxes, and the places where they stood while they stood there. A
# place of another zone says nothing of a box.
RECORDINGS_OF_ORDER: Final = """
SELECT c.consignment_id, logger_id, NULL AS place_id, NULL AS place_name, b.during AS during,
       k.logger_key, k.counter_wrap, l.record_interval_s
FROM consignments c
JOIN bindings b USING (consignment_id)
JOIN loggers l USING (logger_id)
LEFT JOIN logger_keys k USING (logger_id)
WHERE c.order_id = %(order_id)s
UNION ALL
SELECT c.consignment_id, logger_id, p.place_id, p.name, b.during * s.during,
       k.logger_key, k.counter_wrap, l.record_interval_s
FROM consignments c
JOIN stays s USING (consignment_id)
JOIN places p ON p.place_id = s.place_id AND p.zone = c.zone
JOIN bindings b ON b.place_id = s.place_id AND b.during && s.during
JOIN loggers l USING (logger_id)
LEFT JOIN logger_keys k USING (logger_id)
WHERE c.order_id = %(order_id)s
ORDER BY consignment_id, during, logger_id
"""

# Binary, four columns without NULL: a row is 38 bytes, and numpy reads the whole answer at once.
READINGS: Final = """
COPY (
    SELECT measured_at, temperature_c, COALESCE(sequence, -1), boot_key
    FROM heard_readings
    WHERE logger_id = %(logger_id)s AND measured_at >= %(from_at)s AND measured_at < %(until_at)s
    ORDER BY measured_at
    LIMIT %(limit)s
) TO STDOUT (FORMAT binary)
"""

_POSTGRES_EPOCH_MS: Final = 946_684_800_000  # 2000-01-01, where binary timestamps begin
_COPY_HEADER_BYTES: Final = 19  # signature 11, flags 4, extension length 4
_COPY_TRAILER_BYTES: Final = 2
_COPY_ROW: Final = np.dtype(
    [
        ("fields", ">i2"),
        ("at_bytes", ">i4"),
        ("at_us", ">i8"),
        ("temperature_bytes", ">i4"),
        ("temperature_c", ">f4"),
        ("sequence_bytes", ">i4"),
        ("sequence", ">i4"),
        ("boot_bytes", ">i4"),
        ("boot_key", ">i4"),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRow:
    """A logger bound to a box, or to a place while the box stood there."""

    consignment_id: ConsignmentId
    logger_id: LoggerId
    place_id: PlaceId | None
    place_name: str | None
    during: TimeRange
    logger_key: int | None  # None: never heard
    counter_wrap: int | None
    record_interval_s: int | None


async def recordings_of_order(db: Connection, order_id: OrderId) -> list[RecordingRow]:
    """Return which loggers measured an order's boxes and their places, and when."""
    return await all_as(db, RecordingRow, RECORDINGS_OF_ORDER, {"order_id": order_id})


async def readings(
    db: Connection, logger_id: LoggerId, from_at: datetime, until_at: datetime, *, limit: int
) -> Curve:
    """Return a logger's readings in [from, until); raise TooManyReadings beyond `limit`."""
    values = {
        "logger_id": logger_id,
        "from_at": from_at,
        "until_at": until_at,
        "limit": limit + 1,
    }
    async with db.cursor() as cursor, cursor.copy(READINGS, values) as copy:
        raw = b"".join([bytes(block) async for block in copy])
    rows = np.frombuffer(raw[_COPY_HEADER_BYTES:-_COPY_TRAILER_BYTES], dtype=_COPY_ROW)
    if len(rows) > limit:
        raise TooManyReadings(limit)
    return Curve(
        measured_at_ms=rows["at_us"].astype(np.int64) // 1000 + _POSTGRES_EPOCH_MS,
        # Loggers measure hundredths; a 4-byte float shows them only after rounding.
        temperature_c=np.round(rows["temperature_c"].astype(np.float64), 2).astype(np.float64),
        sequence=rows["sequence"].astype(np.int64),
        heard_by=rows["boot_key"].astype(np.int64),
    )
