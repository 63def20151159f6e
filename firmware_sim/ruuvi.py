"""How does a RuuviTag write a measurement (data format 5, "RAWv2")?

Source: docs.ruuvi.com/communication/bluetooth-advertisements/data-format-5-rawv2. Big-endian;
what overflows is clipped to the nearest value; "not available" is the largest unsigned, the
smallest signed number, and all bits of the address.
"""

import struct
from dataclasses import dataclass
from typing import Final

COMPANY: Final = 0x0499  # Ruuvi Innovations Ltd., Bluetooth assigned numbers
_LAYOUT: Final = struct.Struct(">BhHHhhhHBH6s")
_DATA_FORMAT: Final = 5
_NO_SIGNED: Final = -0x8000
_NO_SHORT: Final = 0xFFFF
_NO_BYTE: Final = 0xFF
_NO_VOLTAGE: Final = 0x7FF  # 11 bits
_NO_TX_POWER: Final = 0x1F  # 5 bits
_NO_ADDRESS: Final = b"\xff" * 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RawV2:
    """One measurement; None is sent as "not available"."""

    temperature_c: float | None = None
    humidity_pct: float | None = None
    pressure_pa: float | None = None
    acceleration_mg: tuple[int, int, int] | None = None
    battery_mv: int | None = None
    tx_power_dbm: int | None = None
    movements: int | None = None
    sequence: int | None = None
    address: bytes | None = None


def encode(measurement: RawV2) -> bytes:
    """Return the 24 bytes that stand in the manufacturer data of company 0x0499."""
    return _LAYOUT.pack(
        _DATA_FORMAT,
        _signed(measurement.temperature_c, 200),
        _unsigned(measurement.humidity_pct, scale=400),
        _unsigned(measurement.pressure_pa, offset=50_000),
        *(_signed(axis) for axis in measurement.acceleration_mg or (None, None, None)),
        _power(measurement.battery_mv, measurement.tx_power_dbm),
        _unsigned(measurement.movements, missing=_NO_BYTE),
        _unsigned(measurement.sequence),
        measurement.address or _NO_ADDRESS,
    )


def _signed(value: float | None, scale: int = 1) -> int:
    if value is None:
        return _NO_SIGNED
    return max(-0x7FFF, min(0x7FFF, round(value * scale)))


def _unsigned(
    value: float | None, *, scale: float = 1, offset: int = 0, missing: int = _NO_SHORT
) -> int:
    """Scale, and clip to the values below the one that means "not available"."""
    if value is None:
        return missing
    return max(0, min(missing - 1, round((value - offset) * scale)))


def _power(battery_mv: int | None, tx_power_dbm: int | None) -> int:
    voltage = _unsigned(battery_mv, offset=1600, missing=_NO_VOLTAGE)
    tx_power = _unsigned(tx_power_dbm, scale=0.5, offset=-40, missing=_NO_TX_POWER)
    return voltage << 5 | tx_power
