"""How does a BTHome device write a measurement (version 2, not encrypted)?

Source: bthome.io/format. Little-endian; each object is its id and its value, in the order of the
ids. What overflows is clipped; what is None is left out.
"""

import struct
from dataclasses import dataclass
from typing import Final

SERVICE: Final = "0000fcd2-0000-1000-8000-00805f9b34fb"  # 16-bit UUID 0xFCD2, Allterco Robotics
_DEVICE_INFORMATION: Final = 0x40  # version 2 in bits 5 to 7, sends regularly, not encrypted


@dataclass(frozen=True, slots=True, kw_only=True)
class BTHomeV2:
    """One measurement."""

    packet_id: int | None = None
    battery_pct: int | None = None
    temperature_c: float | None = None
    humidity_pct: float | None = None
    battery_mv: int | None = None


def encode(measurement: BTHomeV2) -> bytes:
    """Return what stands in the service data of 0xFCD2."""
    packet_id = measurement.packet_id
    return b"".join(
        (
            bytes([_DEVICE_INFORMATION]),
            _object("<BB", 0x00, None if packet_id is None else packet_id % 256),
            _object("<BB", 0x01, measurement.battery_pct, limits=(0, 100)),
            _object("<Bh", 0x02, measurement.temperature_c, 100, (-0x8000, 0x7FFF)),
            _object("<BH", 0x03, measurement.humidity_pct, 100, (0, 0xFFFF)),
            _object("<BH", 0x0C, measurement.battery_mv, 1, (0, 0xFFFF)),
        )
    )


def _object(
    layout: str,
    object_id: int,
    value: float | None,
    scale: int = 1,
    limits: tuple[int, int] = (0, 255),
) -> bytes:
    if value is None:
        return b""
    return struct.pack(layout, object_id, max(limits[0], min(limits[1], round(value * scale))))
