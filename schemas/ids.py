"""What may stand as an identity, and how is it spelled?

An id arrives from outside (a topic, a payload, a URL, a form) and is checked once, here.
"""

import re
from typing import NewType

LoggerId = NewType("LoggerId", str)  # a logger's Bluetooth address, "C4:A5:E3:00:00:01"
GatewayId = NewType("GatewayId", str)  # an edge device's name on MQTT, "truck-17"
OrderId = NewType("OrderId", str)
ConsignmentId = NewType("ConsignmentId", str)
PlaceId = NewType("PlaceId", str)
ComplaintId = NewType("ComplaintId", str)
IntakeId = NewType("IntakeId", str)  # a supplier's batch at the door
CityId = NewType("CityId", str)
DepotId = NewType("DepotId", str)
LockerId = NewType("LockerId", str)  # a pick-up point
ShiftId = NewType("ShiftId", str)
VehicleId = NewType("VehicleId", str)
DisruptionId = NewType("DisruptionId", str)
CommandId = NewType("CommandId", str)  # a dispatcher's word about the plan

_ADDRESS = re.compile(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}")
# One MQTT topic level: no '/', '+', '#'; short enough for a client id.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class MalformedId(ValueError):
    """A text that cannot be an id. The message says what one looks like."""

    def __init__(self, kind: str, text: str, expected: str) -> None:
        super().__init__(f"{text[:80]!r} is no {kind}; expected {expected}")
        self.kind = kind
        self.text = text


def parse_logger_id(text: str) -> LoggerId:
    """Return a Bluetooth address in capitals with colons; `c4-a5-…` and `c4a5…` are accepted."""
    digits = text.strip().upper().replace("-", "").replace(":", "")
    address = ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
    if not _ADDRESS.fullmatch(address):
        raise MalformedId("logger id", text, "a Bluetooth address such as C4:A5:E3:00:00:01")
    return LoggerId(address)


def parse_gateway_id(text: str) -> GatewayId:
    """Return a gateway's name, checked to fit one MQTT topic level."""
    return GatewayId(_name("gateway id", text))


def parse_order_id(text: str) -> OrderId:
    """Return an order's id."""
    return OrderId(_name("order id", text))


def parse_consignment_id(text: str) -> ConsignmentId:
    """Return a consignment's id."""
    return ConsignmentId(_name("consignment id", text))


def parse_place_id(text: str) -> PlaceId:
    """Return a place's id."""
    return PlaceId(_name("place id", text))


def parse_complaint_id(text: str) -> ComplaintId:
    """Return a complaint's id."""
    return ComplaintId(_name("complaint id", text))


def parse_intake_id(text: str) -> IntakeId:
    """Return an intake's id."""
    return IntakeId(_name("intake id", text))


def parse_city_id(text: str) -> CityId:
    """Return a city's id."""
    return CityId(_name("city id", text))


def parse_depot_id(text: str) -> DepotId:
    """Return a depot's id."""
    return DepotId(_name("depot id", text))


def parse_locker_id(text: str) -> LockerId:
    """Return a locker's id."""
    return LockerId(_name("locker id", text))


def parse_shift_id(text: str) -> ShiftId:
    """Return a shift's id."""
    return ShiftId(_name("shift id", text))


def parse_vehicle_id(text: str) -> VehicleId:
    """Return a vehicle's id."""
    return VehicleId(_name("vehicle id", text))


def parse_disruption_id(text: str) -> DisruptionId:
    """Return a disruption's id."""
    return DisruptionId(_name("disruption id", text))


def parse_command_id(text: str) -> CommandId:
    """Return a command's id."""
    return CommandId(_name("command id", text))


def _name(kind: str, text: str) -> str:
    if not _NAME.fullmatch(text):
        expected = "1 to 63 letters, digits, '-', '_' or '.', beginning with a letter or digit"
        raise MalformedId(kind, text, expected)
    return text
