"""What do people say to the api on a simulated day? Members, packers, drivers and dispatchers.

Everything goes over HTTP, as it would from the app, the packing station and the drivers' handhelds.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from frostline.day.door import ApiRefused, Door
from frostline.day.happenings import (
    BoxPacked,
    DayOrder,
    Handover,
    Happening,
    Instruction,
    Put,
    Reported,
    Zone,
)
from frostline.day.loggers import READINGS_EVERY_S

_BY: Final = "simulated day"
_REFUSALS: Final = range(400, 500)  # what was asked can't be; anything else ends the day


class DayTime(Protocol):
    """The day's second as a time, and back."""

    def time_of(self, second: float) -> datetime:
        """Return the time (aware)."""


class Desk:
    """Speaks for everybody; one call at a time."""

    def __init__(self, door: Door, times: DayTime, city_id: str) -> None:
        self._door = door
        self._times = times
        self._city_id = city_id
        self._midnight = times.time_of(0.0)
        self._registered: set[str] = set()
        self.refused: dict[str, str] = {}
        """Orders that the api did not take, with its words."""

    def set_up(self, puts: Iterable[Put]) -> None:
        """Register what stands before the day begins."""
        for put in puts:
            key = f"day-{put.path}-{len(self._registered)}" if put.method == "POST" else None
            self._door.send(put.method, put.path, put.body, key=key)
            if put.path.startswith("/loggers/"):
                self._registered.add(put.path.removeprefix("/loggers/"))

    def place(self, order: DayOrder) -> bool:
        """Ask for an order, without waiting for the answer; return whether it was taken."""
        try:
            self._door.send("POST", "/orders?wait_s=0", order.body, key=f"day-{order.order_id}")
        except ApiRefused as error:
            if error.status not in _REFUSALS:
                raise
            self.refused[order.order_id] = str(error)
            return False
        return True

    def accept(self, order_id: str, offer: int) -> None:
        """Say yes to an offer."""
        self._door.send("POST", f"/orders/{order_id}/offer?wait_s=0", {"offer": offer})

    def tell(self, happening: Happening) -> None:
        """Say what happened."""
        match happening:
            case Handover():
                self._hand_over(happening)
            case BoxPacked():
                self._pack(happening)
            case Reported():
                self._door.send("PUT", f"/disruptions/{happening.disruption_id}", happening.body)

    def instructions(self) -> Mapping[str, Sequence[Instruction]]:
        """Return the living plan as drivers read it."""
        plan = self._door.send("GET", f"/cities/{self._city_id}/plan")
        stops: dict[str, list[Instruction]] = {}
        for trip in plan["trips"]:
            mine = stops.setdefault(trip["vehicle_id"], [])
            mine += [self._instruction(trip["trip"], stop) for stop in trip["stops"]]
        return stops

    def failed_compartments(self) -> frozenset[tuple[str, Zone]]:
        """Return the vehicles and zones that cool no more, as far as the judge has seen."""
        rows = self._door.send("GET", f"/cities/{self._city_id}/vehicles?next_stops=0")
        return frozenset(
            (row["vehicle_id"], room["zone"])
            for row in rows
            for room in row["compartments"]
            if room["failed_since"] is not None
        )

    def _instruction(self, trip: int, stop: Mapping[str, Any]) -> Instruction:
        return Instruction(
            trip=trip,
            kind=stop["kind"],
            arrives_s=self._second(stop["arrives_at"]),
            leaves_s=self._second(stop["leaves_at"]),
            order_id=stop["order_id"],
            depot_id=stop["depot_id"],
            to_locker=stop["to_locker"],
            lat_deg=stop.get("lat_deg"),
            lon_deg=stop.get("lon_deg"),
        )

    def _second(self, text: str) -> float:
        return (datetime.fromisoformat(text) - self._midnight).total_seconds()

    def _time(self, second: float) -> str:
        return self._times.time_of(second).isoformat()

    def _hand_over(self, handover: Handover) -> None:
        body = {
            "step": handover.step,
            "at": self._time(handover.at_s),
            "person": handover.person,
            "consignment_id": handover.consignment_id,
            "place_id": handover.place_id,
            "comment": handover.comment,
        }
        self._door.send("POST", f"/orders/{handover.order_id}/handovers", body)

    def _pack(self, packed: BoxPacked) -> None:
        at = self._time(packed.at_s)
        if packed.logger_id not in self._registered:
            self._registered.add(packed.logger_id)
            logger = {"label": packed.consignment_id, "record_interval_s": READINGS_EVERY_S}
            self._door.send("PUT", f"/loggers/{packed.logger_id}", logger)
        packing = {
            "packed_at": at,
            "box_material": packed.box_material,
            "wall_w_per_k": packed.wall_w_per_k,
            "pack_kind": packed.pack_kind,
            "pack_kg": packed.pack_kg,
            "product_kg": packed.product_kg,
        }
        self._door.send("PUT", f"/consignments/{packed.consignment_id}/packing", packing)
        binding = {
            "logger_id": packed.logger_id,
            "consignment_id": packed.consignment_id,
            "from_at": at,
            "by": _BY,
        }
        self._door.send("POST", "/bindings", binding)
