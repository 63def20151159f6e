"""What does an advert measure?

The well-kept Home Assistant parsers decode; this module picks the parser, keeps one for each
logger, and turns whatever they do with bytes from strangers into a sample or a counted refusal.
A parser is imported when its first frame is heard: together they cost 30 MB.
"""

import logging
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from itertools import count
from typing import Any, Final, NamedTuple, Protocol, cast

from edge.recent import Recent
from schemas.reading import (
    BATTERY_RANGE_MV,
    COUNTER_WRAP,
    HUMIDITY_RANGE_PCT,
    TEMPERATURE_RANGE_C,
)

RUUVI_COMPANY_ID: Final = 0x0499
_RUUVI_DF5: Final = 5
_BTHOME_V2_UUID: Final = "0000fcd2-0000-1000-8000-00805f9b34fb"

# Parsers of loggers that have decoded; a parser holds a few kB.
_PARSERS_LIMIT: Final = 20_000
# Parsers of loggers that have not decoded yet: some need two adverts, random addresses never do.
_PROBATION_LIMIT: Final = 256

# What parsers were seen to raise, or may, on bytes they did not expect.
_PARSER_ERRORS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
    struct.error,
)


class Advert(NamedTuple):
    """One advert as heard."""

    logger_id: str  # the sender's Bluetooth address, in capitals
    rssi_dbm: int
    manufacturer_data: Mapping[int, bytes]
    service_data: Mapping[str, bytes]
    service_uuids: tuple[str, ...] = ()
    local_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a frame says."""

    frame_format: str
    temperature_c: float
    humidity_pct: float | None = None
    battery_mv: int | None = None
    sequence: int | None = None


class Refusal(StrEnum):
    """Why an advert gives no sample. The values are labels of a metric."""

    UNKNOWN = "unknown"  # no parser for such frames: phones, watches, beacons
    MALFORMED = "malformed"  # of a known kind, but its parser gave up
    ENCRYPTED = "encrypted"  # and no key, or the wrong one
    NO_TEMPERATURE = "no_temperature"  # a frame without one: a button, a battery level
    OUT_OF_RANGE = "out_of_range"  # no sensor at work measures that


class Decoders:
    """One parser for each logger.

    `bind_keys` are the keys of loggers that encrypt.
    """

    def __init__(self, bind_keys: Mapping[str, bytes] | None = None) -> None:
        self._bind_keys = bind_keys or {}
        self._known: Recent[str, _Parser] = Recent(_PARSERS_LIMIT)
        self._probation: Recent[str, _Parser] = Recent(_PROBATION_LIMIT)

    def decode(self, advert: Advert) -> Sample | Refusal:
        """Decode one advert; never raise, whatever its bytes."""
        family = _family_of(advert)
        if family is None:
            return Refusal.UNKNOWN
        try:
            decoded = self._decode(family, advert)
        except _PARSER_ERRORS:
            return Refusal.MALFORMED
        return _checked(decoded) if isinstance(decoded, Sample) else decoded

    def _decode(self, family: str, advert: Advert) -> Sample | Refusal:
        if family == "ruuvitag-ble":
            payload = advert.manufacturer_data[RUUVI_COMPANY_ID]
            if payload[0] == _RUUVI_DF5:
                return _ruuvi_df5(payload)
        parser = self._known.get(advert.logger_id)
        if parser is not None and parser.family == family:
            return parser.decode(advert)
        return self._decode_first(family, advert)

    def _decode_first(self, family: str, advert: Advert) -> Sample | Refusal:
        parser = self._probation.get(advert.logger_id)
        if parser is None or parser.family != family:
            parser = _Parser(family, self._bind_keys.get(advert.logger_id))
            self._probation.put(advert.logger_id, parser)
        decoded = parser.decode(advert)
        if isinstance(decoded, Sample):
            self._probation.drop(advert.logger_id)
            self._known.put(advert.logger_id, parser)
        return decoded


# Choosing a parser -------------------------------------------------------------------------------

_BY_COMPANY: Final = {
    RUUVI_COMPANY_ID: "ruuvitag-ble",
    0xEC88: "govee-ble",
    0x8801: "govee-ble",
    9289: "inkbird-ble",
    12628: "inkbird-ble",
    12884: "inkbird-ble",
}
_BY_SERVICE: Final = {
    _BTHOME_V2_UUID: "bthome-ble",
    "0000181c-0000-1000-8000-00805f9b34fb": "bthome-ble",
    "0000181e-0000-1000-8000-00805f9b34fb": "bthome-ble",
    "0000fe95-0000-1000-8000-00805f9b34fb": "xiaomi-ble",
    "0000fd50-0000-1000-8000-00805f9b34fb": "xiaomi-ble",
    "ef090000-11d6-42ba-93b8-9dd7ec090aa9": "sensorpush-ble",
    "ef090000-11d6-42ba-93b8-9dd7ec090ab0": "sensorpush-ble",
}
# These makers put their values where the company id belongs; only the name tells them.
_BY_NAME: Final = (
    (("govee", "gvh", "gv5", "b5178", "ihoment"), "govee-ble"),
    (("sps", "tps", "inkbird", "ibbq", "xbbq", "ink@", "ibs-", "ith-"), "inkbird-ble"),
    (("sensorpush",), "sensorpush-ble"),
    (("tp35", "tp39", "tp96", "tp97"), "thermopro-ble"),
)


def _family_of(advert: Advert) -> str | None:
    for company_id in advert.manufacturer_data:
        if company_id in _BY_COMPANY:
            return _BY_COMPANY[company_id]
    for uuid in (*advert.service_data, *advert.service_uuids):
        if uuid in _BY_SERVICE:
            return _BY_SERVICE[uuid]
    return _family_named(advert.local_name.lower()) if advert.local_name else None


def _family_named(name: str) -> str | None:
    for prefixes, family in _BY_NAME:
        if name.startswith(prefixes):
            return family
    return None


# RuuviTag data format 5 --------------------------------------------------------------------------


def _ruuvi_df5(payload: bytes) -> Sample | Refusal:
    """Decode by the parser's own class, which knows the counter; the parser itself hides it."""
    frame = _imported("ruuvitag_ble.df5_decoder").DataFormat5Decoder(payload)
    temperature_c = frame.temperature_celsius
    if temperature_c is None:
        return Refusal.NO_TEMPERATURE
    sequence = frame.measurement_sequence_number
    return Sample(
        frame_format="ruuvi-df5",
        temperature_c=temperature_c,
        humidity_pct=frame.humidity_percentage,
        battery_mv=frame.battery_voltage_mv,
        sequence=sequence if sequence < COUNTER_WRAP["ruuvi-df5"] else None,
    )


# Every other maker -------------------------------------------------------------------------------


class _SensorValue(Protocol):
    native_value: object


class _HomeAssistantParser(Protocol):
    def update(self, data: Any) -> Any: ...  # typed by each parser


_PARSER_CLASSES: Final = {
    "bthome-ble": ("bthome_ble", "BTHomeBluetoothDeviceData"),
    "govee-ble": ("govee_ble", "GoveeBluetoothDeviceData"),
    "inkbird-ble": ("inkbird_ble", "INKBIRDBluetoothDeviceData"),
    "ruuvitag-ble": ("ruuvitag_ble", "RuuvitagBluetoothDeviceData"),
    "sensorpush-ble": ("sensorpush_ble", "SensorPushBluetoothDeviceData"),
    "thermopro-ble": ("thermopro_ble", "ThermoProBluetoothDeviceData"),
    "xiaomi-ble": ("xiaomi_ble", "XiaomiBluetoothDeviceData"),
}
_ENCRYPTING: Final = frozenset({"bthome-ble", "xiaomi-ble"})
# bthome-ble drops what looks older than the frame before within 4 s, by the frames' times, and so
# loses the first measurements after a reboot. Telling repeats apart is edge.dedupe's work: no two
# frames are that close here.
_PARSER_TICK_S: Final = 10.0


class _Parser:
    """One logger's parser, and what it said before."""

    def __init__(self, family: str, bind_key: bytes | None) -> None:
        self.family = family
        self._parser = _new_parser(family, bind_key)
        self._said: dict[str, _SensorValue] = {}
        self._ticks = count()

    def decode(self, advert: Advert) -> Sample | Refusal:
        """Decode one advert; raise what the parser raises."""
        update = self._parser.update(_service_info(advert, next(self._ticks) * _PARSER_TICK_S))
        fresh = self._fresh_values(update.entity_values)
        temperature_c = fresh.get("temperature", fresh.get("temperature_1"))
        if not isinstance(temperature_c, float | int):
            return Refusal.ENCRYPTED if self._is_locked() else Refusal.NO_TEMPERATURE
        is_bthome_v2 = _BTHOME_V2_UUID in advert.service_data and self.family == "bthome-ble"
        return Sample(
            frame_format="bthome-v2" if is_bthome_v2 else self.family,
            temperature_c=float(temperature_c),
            humidity_pct=_number(fresh.get("humidity")),
            battery_mv=_battery_mv(_number(fresh.get("voltage")), self.family),
            sequence=_whole(fresh.get("packet_id")) if is_bthome_v2 else None,
        )

    def _fresh_values(self, values: Mapping[Any, _SensorValue]) -> dict[str, object]:
        """Return what this very frame said: parsers repeat what earlier frames said as well.

        A parser makes a new object each time it decodes a value, equal or not.
        """
        now = {key.key: value for key, value in values.items() if key.device_id is None}
        fresh = {
            key: value.native_value
            for key, value in now.items()
            if self._said.get(key) is not value
        }
        self._said = now
        return fresh

    def _is_locked(self) -> bool:
        if self.family not in _ENCRYPTING:
            return False
        parser = cast("Any", self._parser)
        return parser.encryption_scheme.value != "none" and not parser.bindkey_verified


def _new_parser(family: str, bind_key: bytes | None) -> _HomeAssistantParser:
    module_name, class_name = _PARSER_CLASSES[family]
    parser: Callable[..., _HomeAssistantParser] = getattr(_imported(module_name), class_name)
    return parser(bindkey=bind_key) if family in _ENCRYPTING else parser()


def _imported(module_name: str) -> Any:
    module = _modules.get(module_name)
    if module is None:
        # Parsers log each frame they dislike, and strangers choose the frames; we count instead.
        logging.getLogger(module_name.partition(".")[0]).setLevel(logging.CRITICAL)
        module = _modules[module_name] = import_module(module_name)
    return module


_modules: dict[str, Any] = {}


def _service_info(advert: Advert, time_s: float) -> object:
    return _imported("habluetooth").BluetoothServiceInfoBleak(
        name=advert.local_name or advert.logger_id,
        address=advert.logger_id,
        rssi=advert.rssi_dbm,
        manufacturer_data=dict(advert.manufacturer_data),
        service_data=dict(advert.service_data),
        service_uuids=list(advert.service_uuids),
        source="local",
        device=None,
        advertisement=None,
        connectable=False,
        time=time_s,
        tx_power=None,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, float | int) else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, float | int) else None


def _battery_mv(voltage: float | None, family: str) -> int | None:
    if voltage is None:
        return None
    return round(voltage) if family == "ruuvitag-ble" else round(voltage * 1000)


# What can be true --------------------------------------------------------------------------------


def _checked(sample: Sample) -> Sample | Refusal:
    """Refuse an impossible temperature (NaN as well); leave out what else is impossible."""
    if not _within(sample.temperature_c, TEMPERATURE_RANGE_C):
        return Refusal.OUT_OF_RANGE
    humidity_fits = sample.humidity_pct is None or _within(sample.humidity_pct, HUMIDITY_RANGE_PCT)
    battery_fits = sample.battery_mv is None or _within(sample.battery_mv, BATTERY_RANGE_MV)
    if humidity_fits and battery_fits:
        return sample
    return Sample(
        frame_format=sample.frame_format,
        temperature_c=sample.temperature_c,
        humidity_pct=sample.humidity_pct if humidity_fits else None,
        battery_mv=sample.battery_mv if battery_fits else None,
        sequence=sample.sequence,
    )


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
