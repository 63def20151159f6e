"""What does a logger put on the air?

The fields of one advert as an operating system hands them to a program; `air_bytes` tells whether
a radio could really send them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEGACY_ADVERT_BYTES: Final = 31  # Bluetooth Core 5.4, vol 6 part B, 2.3.1.1: AdvData
_FLAGS_BYTES: Final = 3  # length, type 0x01, flags: every connectable device sends them
_STRUCTURE_BYTES: Final = 2  # length and type of each field
_SHORT_UUID_BYTES: Final = 2


class FrameFormat(StrEnum):
    """The formats that simulated loggers speak, named as in `schemas.reading`."""

    RUUVI = "ruuvi-df5"
    BTHOME = "bthome-v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One advert's fields. Keys: Bluetooth company numbers, and 128-bit service UUIDs."""

    manufacturer_data: Mapping[int, bytes]
    service_data: Mapping[str, bytes]
    local_name: str | None = None

    @property
    def air_bytes(self) -> int:
        """How many bytes of AdvData these fields and the flags take (16-bit service UUIDs)."""
        makers = (_STRUCTURE_BYTES + 2 + len(data) for data in self.manufacturer_data.values())
        services = (
            _STRUCTURE_BYTES + _SHORT_UUID_BYTES + len(data) for data in self.service_data.values()
        )
        name = _STRUCTURE_BYTES + len(self.local_name.encode()) if self.local_name else 0
        return _FLAGS_BYTES + sum(makers) + sum(services) + name
