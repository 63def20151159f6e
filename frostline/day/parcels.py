"""What has become of each order: picked, aboard, delivered, given back, called off?

Everything that happens to goods happens here, and is told.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from firmware_sim import chance
from frostline.day.boxes import BoxPlan
from frostline.day.city import PICKING_S
from frostline.day.cold import Cold
from frostline.day.demand import Ordered
from frostline.day.fleet import FleetVehicle, logger_id
from frostline.day.happenings import BoxPacked, BoxTruth, Handover, Happening, LoggerNow, Step, Zone
from schemas.ids import GatewayId, LoggerId

_PICKING_SHARE: Final = 0.7  # of what the depot says that it needs
_PICKING_LOG_SD: Final = 0.2
_FIRST_LOGGER: Final = 0x1000  # compartments have the numbers below

End = Literal["delivered", "returned", "cancelled"]
Tell = Callable[[Happening], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of an order: its row in the physics, and its logger."""

    row: int
    zone: Zone
    consignment_id: str
    logger_id: LoggerId


@dataclass(slots=True, kw_only=True)
class Parcel:
    """An order's boxes on their way. `aboard` is the vehicle that has them."""

    ordered: Ordered
    boxes: tuple[Box, ...]
    depot_id: str | None = None
    not_before_s: float = 0.0
    ready_s: float | None = None
    packed_s: float | None = None
    loaded_s: float | None = None
    aboard: str | None = None
    end: End | None = None
    ended_s: float | None = None

    @property
    def waits(self) -> bool:
        """Whether it is still at its depot, and to be delivered."""
        return self.aboard is None and self.end is None

    def compartments(self, vehicle: FleetVehicle) -> set[int]:
        """Return the compartments of a vehicle that hold its boxes."""
        return {row for box in self.boxes if (row := row_of(vehicle, box.zone)) is not None}


def row_of(vehicle: FleetVehicle, zone: Zone) -> int | None:
    """Return the compartment for goods of a zone; where there is none, any that there is."""
    found = vehicle.compartments.get(zone)
    if found is None:
        found = next(iter(vehicle.compartments.values()), None)
    return None if found is None else found.row


def parcels_of(orders: tuple[Ordered, ...]) -> tuple[dict[str, Parcel], list[BoxPlan]]:
    """Return the parcels by order, and the boxes to be packed, row by row."""
    plans: list[BoxPlan] = []
    parcels: dict[str, Parcel] = {}
    for ordered in orders:
        boxes = []
        for zone, kg in ordered.kg.items():
            row = len(plans)
            product_class = ordered.product_class[zone]
            plans.append(BoxPlan(zone=zone, product_class=product_class, product_kg=kg))
            boxes.append(
                Box(
                    row=row,
                    zone=zone,
                    consignment_id=ordered.consignment(zone),
                    logger_id=logger_id(_FIRST_LOGGER + row),
                )
            )
        parcels[ordered.id] = Parcel(ordered=ordered, boxes=tuple(boxes))
    return parcels, plans


@dataclass
class Goods:
    """All parcels of a day, their physics, and whoever is told."""

    parcels: dict[str, Parcel]
    cold: Cold
    seed: int
    tell: Tell
    cooled: frozenset[tuple[str, Zone]] = frozenset()
    """Orders and zones that are planned to ride where it is cooled: the packing bench sees that."""
    _picking: set[str] = field(default_factory=set)

    def pick(self, order_id: str, depot_id: str, now_s: float) -> None:
        """Let a depot pick an order. What was picked elsewhere stays there."""
        parcel = self.parcels[order_id]
        if not parcel.waits or parcel.depot_id == depot_id:
            return
        key = chance.key_of(self.seed, "picking", order_id)
        luck = math.exp(_PICKING_LOG_SD * chance.normal(key, 0))
        parcel.depot_id, parcel.packed_s = depot_id, None
        parcel.ready_s = now_s + PICKING_S * _PICKING_SHARE * luck
        self._picking.add(order_id)

    def pack_until(self, until_s: float) -> None:
        """Pack what is ready by then."""
        due = [o for o in self._picking if (self.parcels[o].ready_s or 0.0) <= until_s]
        for order_id in sorted(due, key=lambda o: (self.parcels[o].ready_s or 0.0, o)):
            self._picking.discard(order_id)
            parcel = self.parcels[order_id]
            if parcel.end is None:
                self._pack(parcel, parcel.ready_s or until_s)

    def call_off(self, order_id: str, now_s: float) -> None:
        """Deliver an order no more. One that is aboard comes back with its vehicle."""
        parcel = self.parcels[order_id]
        if parcel.end is None:
            self._end(parcel, "cancelled", now_s)

    def load(self, order_id: str, vehicle: FleetVehicle, driver: str, now_s: float) -> None:
        """Bring an order's boxes aboard."""
        parcel = self.parcels[order_id]
        parcel.aboard = vehicle.id
        parcel.loaded_s = now_s if parcel.loaded_s is None else parcel.loaded_s
        for box in parcel.boxes:
            row = row_of(vehicle, box.zone)
            if row is not None:
                self.cold.load(box.row, row)
            place = vehicle.compartments.get(box.zone)
            place = place or next(iter(vehicle.compartments.values()))
            self.tell(
                Handover(
                    at_s=now_s,
                    order_id=order_id,
                    step="loaded",
                    person=driver,
                    vehicle_id=vehicle.id,
                    consignment_id=box.consignment_id,
                    place_id=place.place_id,
                )
            )

    def say(self, order_id: str, step: Step, vehicle_id: str, driver: str, now_s: float) -> None:
        """Tell a step of a whole order."""
        self.tell(
            Handover(at_s=now_s, order_id=order_id, step=step, person=driver, vehicle_id=vehicle_id)
        )

    def carry_out(self, order_id: str) -> None:
        """Carry an order's boxes from the vehicle to the door."""
        for box in self.parcels[order_id].boxes:
            self.cold.unload(box.row)

    def sign(self, order_id: str, vehicle_id: str, driver: str, now_s: float) -> None:
        """Let the member have an order."""
        self.say(order_id, "signed", vehicle_id, driver, now_s)
        self._end(self.parcels[order_id], "delivered", now_s)

    def give_back(self, order_id: str, vehicle_id: str, driver: str, now_s: float) -> None:
        """Bring an order back to its depot."""
        parcel = self.parcels[order_id]
        if parcel.end is None:
            self.say(order_id, "returned", vehicle_id, driver, now_s)
            self._end(parcel, "returned", now_s)
        parcel.aboard = None
        for box in parcel.boxes:
            self.cold.store(box.row)

    def loggers(self, gateway_of: Callable[[str], GatewayId]) -> list[LoggerNow]:
        """Return the loggers of boxes that are packed and not the member's yet."""
        found = []
        for parcel in self.parcels.values():
            here = parcel.aboard or parcel.depot_id
            if parcel.packed_s is None or here is None:
                continue
            if parcel.end is not None and parcel.aboard is None:
                continue
            gateway_id = gateway_of(here)
            found += [
                LoggerNow(
                    logger_id=box.logger_id,
                    case_c=self.cold.box_case_c(box.row),
                    gateway_id=gateway_id,
                )
                for box in parcel.boxes
            ]
        return found

    def packed_at(self, depot_id: str) -> list[Ordered]:
        """Return the orders that wait in a depot's cold room, in the order of their placing."""
        return [
            parcel.ordered
            for parcel in self.parcels.values()
            if parcel.waits and parcel.depot_id == depot_id and parcel.packed_s is not None
        ]

    def truth(self) -> tuple[BoxTruth, ...]:
        """Return what became of each box."""
        return tuple(
            self._truth_of(parcel, box) for parcel in self.parcels.values() for box in parcel.boxes
        )

    def _pack(self, parcel: Parcel, at_s: float) -> None:
        parcel.packed_s = at_s
        person = f"packer-{parcel.depot_id}"
        order_id = parcel.ordered.id
        for box in parcel.boxes:
            packed = self.cold.pack(box.row, cooled=(order_id, box.zone) in self.cooled)
            self.tell(
                BoxPacked(
                    at_s=at_s,
                    order_id=order_id,
                    consignment_id=box.consignment_id,
                    logger_id=box.logger_id,
                    box_material=packed.box_material,
                    wall_w_per_k=packed.wall_w_per_k,
                    pack_kind=packed.pack_kind,
                    pack_kg=packed.pack_kg,
                    product_kg=packed.product_kg,
                )
            )
        self.tell(Handover(at_s=at_s, order_id=order_id, step="packed", person=person))

    def _end(self, parcel: Parcel, end: End, now_s: float) -> None:
        parcel.end, parcel.ended_s = end, now_s
        if end == "delivered":
            parcel.aboard = None
        for box in parcel.boxes:
            self.cold.hand_over(box.row)

    def _truth_of(self, parcel: Parcel, box: Box) -> BoxTruth:
        spoiling = self.cold.spoiling
        spoiled_s = float(spoiling.spoiled_s[box.row])
        warmest_c = float(spoiling.warmest_c[box.row])
        return BoxTruth(
            order_id=parcel.ordered.id,
            consignment_id=box.consignment_id,
            zone=box.zone,
            product_class=parcel.ordered.product_class[box.zone],
            goods_value=parcel.ordered.value[box.zone],
            packed_s=parcel.packed_s,
            loaded_s=parcel.loaded_s,
            delivered_s=parcel.ended_s if parcel.end == "delivered" else None,
            spoiled_s=None if math.isnan(spoiled_s) else spoiled_s,
            broke=spoiling.broke(box.row),
            warmest_c=warmest_c if math.isfinite(warmest_c) else None,
            compartment_failed=self.cold.met_failure(box.row),
        )
