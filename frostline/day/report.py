"""What does a day's report say?

Pure arithmetic over the ledger. Everything in it follows from the day's seed: its hash is the same
when the same day runs again. How long the machine took stands beside it, not in it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from frostline.day.ledger import BoxRow, DayLedger, OrderRow, Question, VehicleRow

_HOUR_S: Final = 3600
_DIGITS: Final = 6  # a sum's last bits may differ between machines


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRow:
    """A clock hour: what was ordered, delivered, and could have been."""

    hour: int
    ordered: int
    delivered: int
    staffed_vehicles: float
    capacity: float
    """Deliveries that the staffed vehicles make in an hour, at this day's pace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRow:
    """How promises of one tier were kept."""

    tier_h: int
    orders: int
    promised: int
    on_time: int
    announced: int
    """Of the broken ones: how many were announced before."""

    @property
    def broken(self) -> int:
        """How many promises were broken."""
        return self.promised - self.on_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What became of the orders."""

    orders: int
    refused: int
    impossible: int
    cancelled: int
    promised: int
    under_way: int
    """Promised, but neither delivered nor due when the day was cut off."""
    delivered: int
    hours: tuple[HourRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuality:
    """How promises were kept; the rate is of those that were made."""

    promised: int
    on_time: int
    broken: int
    announced_before_broken: int
    rate: float
    late_s_mean: float
    late_s_most: float
    finished_s: float
    tiers: tuple[TierRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Driving:
    """What vehicles did. `use` is busy over staffed time, without relays, which wait by design."""

    vehicles: int
    vehicles_used: int
    trips: int
    distance_km: float
    use: float
    relay_trips: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What the day cost, smallest currency unit. Compensation is what the rules decided."""

    vehicles: float
    relays: float
    compensation: int
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What became of the boxes: by the truth, and by the judge's readings beside it."""

    boxes: int
    spoiled: int
    spoiled_value: int
    spoiled_in_failed_compartments: int
    spoiled_by_judge: int
    spoiled_found_by_judge: int
    excursions_by_judge: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How much the plan moved. `changed` are changes that a driver or a member could notice."""

    versions: int
    by_reason: dict[str, int]
    changes: dict[str, int]
    changed_per_order: float
    rescues: dict[str, int]
    questions: tuple[Question, ...]
    """Each of the rescues, in order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """A day in figures."""

    day: dict[str, Any]
    demand: Demand
    punctuality: Punctuality
    driving: Driving
    money: Money
    goods: Goods
    stability: Stability
    webhooks: dict[str, int]


def report_of(day: dict[str, Any], ledger: DayLedger) -> DayReport:
    """Make a day's report. `day` says which it was."""
    return DayReport(
        day=day,
        demand=_demand(ledger),
        punctuality=_punctuality(ledger.orders),
        driving=_driving(ledger.vehicles),
        money=_money(ledger),
        goods=_goods(ledger.boxes),
        stability=_stability(ledger),
        webhooks=dict(ledger.heard),
    )


def document_of(report: DayReport) -> dict[str, Any]:
    """Return a report as plain values, rounded."""
    rounded = _rounded(asdict(report))
    assert isinstance(rounded, dict)  # noqa: S101  # for the type checker: it went in as one
    return rounded


def hash_of(document: object) -> str:
    """Return the SHA-256 of plain values, spelled in one way."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _rounded(value: object) -> object:
    match value:
        case float():
            return round(value, _DIGITS)
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
        case _:
            return value


# The parts ---------------------------------------------------------------------------------------


def _demand(ledger: DayLedger) -> Demand:
    orders = ledger.orders
    return Demand(
        orders=len(orders),
        refused=_count(order.state == "refused" for order in orders),
        impossible=_count(
            order.state in {"impossible", "offered", "requested"} and order.due_s is None
            for order in orders
        ),
        cancelled=_count(order.state == "cancelled" for order in orders),
        promised=_count(order.is_promised for order in orders),
        under_way=_count(order.is_open and order.state != "cancelled" for order in orders),
        delivered=_count(order.delivered_s is not None for order in orders),
        hours=_hours(orders, ledger.vehicles),
    )


def _hours(orders: Sequence[OrderRow], vehicles: Sequence[VehicleRow]) -> tuple[HourRow, ...]:
    busy_h = sum(vehicle.use.busy_s for vehicle in vehicles) / _HOUR_S
    delivered = [int(order.delivered_s // _HOUR_S) for order in orders if order.delivered_s]
    pace = len(delivered) / busy_h if busy_h else 0.0
    ordered = [order.placed_s // _HOUR_S for order in orders]
    rows = []
    for hour in range(min([*ordered, 24]), max([*ordered, *delivered, -1]) + 1):
        staffed = sum(_overlap_s(vehicle, hour) for vehicle in vehicles) / _HOUR_S
        rows.append(
            HourRow(
                hour=hour,
                ordered=ordered.count(hour),
                delivered=delivered.count(hour),
                staffed_vehicles=staffed,
                capacity=staffed * pace,
            )
        )
    return tuple(rows)


def _overlap_s(vehicle: VehicleRow, hour: int) -> float:
    """Return for how long a vehicle is staffed in an hour; a relay waits, and is no capacity."""
    if vehicle.role == "relay":
        return 0.0
    begin_s, end_s = hour * _HOUR_S, (hour + 1) * _HOUR_S
    return sum(max(0.0, min(end_s, until) - max(begin_s, since)) for since, until in vehicle.shifts)


def _punctuality(orders: Sequence[OrderRow]) -> Punctuality:
    promised = [order for order in orders if order.is_promised]
    on_time = _count(order.is_on_time for order in promised)
    late = [
        order.delivered_s - order.due_s
        for order in promised
        if order.delivered_s is not None and order.due_s is not None and not order.is_on_time
    ]
    return Punctuality(
        promised=len(promised),
        on_time=on_time,
        broken=len(promised) - on_time,
        announced_before_broken=_announced(promised),
        rate=on_time / len(promised) if promised else 1.0,
        late_s_mean=sum(late) / len(late) if late else 0.0,
        late_s_most=max(late, default=0.0),
        finished_s=max((order.delivered_s or 0.0 for order in orders), default=0.0),
        tiers=tuple(
            _tier(hours, orders) for hours in sorted({o.tier_h for o in orders if o.tier_h})
        ),
    )


def _tier(hours: int, orders: Sequence[OrderRow]) -> TierRow:
    ours = [order for order in orders if order.tier_h == hours]
    promised = [order for order in ours if order.is_promised]
    return TierRow(
        tier_h=hours,
        orders=len(ours),
        promised=len(promised),
        on_time=_count(order.is_on_time for order in promised),
        announced=_announced(promised),
    )


def _announced(promised: Sequence[OrderRow]) -> int:
    return _count(order.was_announced for order in promised if not order.is_on_time)


def _driving(vehicles: Sequence[VehicleRow]) -> Driving:
    used = [vehicle for vehicle in vehicles if vehicle.use.trips]
    working = [vehicle.use for vehicle in vehicles if vehicle.role == "regular"]
    staffed_s = sum(use.staffed_s for use in working)
    return Driving(
        vehicles=len(vehicles),
        vehicles_used=len(used),
        trips=sum(vehicle.use.trips for vehicle in vehicles),
        distance_km=sum(vehicle.use.driven_m for vehicle in vehicles) / 1000.0,
        use=sum(use.busy_s for use in working) / staffed_s if staffed_s else 0.0,
        relay_trips=sum(vehicle.use.trips for vehicle in vehicles if vehicle.role == "relay"),
    )


def _money(ledger: DayLedger) -> Money:
    vehicles = sum(vehicle.cost for vehicle in ledger.vehicles if vehicle.role != "relay")
    relays = sum(vehicle.cost for vehicle in ledger.vehicles if vehicle.role == "relay")
    compensation = sum(order.compensation for order in ledger.orders)
    return Money(
        vehicles=vehicles,
        relays=relays,
        compensation=compensation,
        total=vehicles + relays + compensation,
    )


def _goods(boxes: Sequence[BoxRow]) -> Goods:
    packed = [box for box in boxes if box.truth.packed_s is not None]
    spoiled = [box for box in packed if box.truth.spoiled_s is not None]
    return Goods(
        boxes=len(packed),
        spoiled=len(spoiled),
        spoiled_value=sum(box.truth.goods_value for box in spoiled),
        spoiled_in_failed_compartments=_count(box.truth.compartment_failed for box in spoiled),
        spoiled_by_judge=_count(box.judged_spoiled for box in packed),
        spoiled_found_by_judge=_count(box.judged_spoiled for box in spoiled),
        excursions_by_judge=_count(box.judged_excursion for box in packed),
    )


def _stability(ledger: DayLedger) -> Stability:
    changes = {what: count for what, count, _ in ledger.changes}
    noticed = sum(count for what, count in changes.items() if what not in {"planned", "done"})
    promised = _count(order.is_promised for order in ledger.orders)
    return Stability(
        versions=sum(count for _, count in ledger.versions),
        by_reason=dict(ledger.versions),
        changes=changes,
        changed_per_order=noticed / promised if promised else 0.0,
        rescues=_rescues(ledger.questions),
        questions=ledger.questions,
    )


def _rescues(questions: Sequence[Question]) -> dict[str, int]:
    """Return how often which cause led to what."""
    return dict(sorted(Counter(f"{each.cause}: {each.chosen}" for each in questions).items()))


def _count(conditions: Iterable[bool]) -> int:
    return sum(conditions)
