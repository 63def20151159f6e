"""What came of a day? Its rows, counted from outside of what is judged here.

What is spoiled and what was delivered when is the world's own truth. What members and partners were
told is what the receiver of webhooks heard. Only plans, and what the judge found, are read from the
database: the judge's count stands beside the truth, and never in its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from frostline.day.driver import Told
from frostline.day.ears import Heard
from frostline.day.happenings import BoxTruth, Put, VehicleUse
from frostline.day.store import CHANGES, VERSIONS, DayStore
from frostline.day.truth import World

_PROMISED: Final = "frostline.order.promised"
_AT_RISK: Final = "frostline.promise.at_risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order's day, seconds since midnight. `due_s` is what its member was promised first."""

    order_id: str
    tier_h: int | None
    placed_s: int
    state: str
    due_s: float | None
    delivered_s: float | None
    announced_s: float | None
    compensation: int
    is_open: bool = False
    """Neither delivered nor due when the day was cut off."""

    @property
    def is_promised(self) -> bool:
        """Whether it was promised, and its promise was kept or broken."""
        return self.due_s is not None and self.state != "cancelled" and not self.is_open

    @property
    def is_on_time(self) -> bool:
        """Whether its promise was kept. The promised second itself is in time."""
        return (
            self.due_s is not None
            and self.delivered_s is not None
            and self.delivered_s <= self.due_s
        )

    @property
    def was_announced(self) -> bool:
        """Whether its member knew before the promise broke."""
        return self.due_s is not None and (
            self.announced_s is not None and self.announced_s <= self.due_s
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRow:
    """What became of a box, and what the judge says of it."""

    truth: BoxTruth
    judged_excursion: bool
    judged_spoiled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRow:
    """What a vehicle did, and what it costs (smallest currency unit)."""

    use: VehicleUse
    kind: str
    role: str
    fixed_cost: int
    cost_per_km: int
    cost_per_h: int
    cost_per_order: int
    shifts: tuple[tuple[float, float], ...]

    @property
    def cost(self) -> float:
        """Return what its day cost; a vehicle that stood still costs nothing."""
        if not self.use.trips:
            return 0.0
        return (
            self.fixed_cost
            + self.cost_per_km * self.use.driven_m / 1000.0
            + self.cost_per_h * self.use.busy_s / 3600.0
            + self.cost_per_order * self.use.deliveries
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A box in question at a second of the day, what was chosen for it, and why."""

    at_s: float
    order_id: str
    consignment_id: str
    cause: str
    chosen: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLedger:
    """All that a report is made of."""

    orders: tuple[OrderRow, ...]
    boxes: tuple[BoxRow, ...]
    vehicles: tuple[VehicleRow, ...]
    changes: tuple[tuple[str, int, int], ...]
    """What, how often, of how many orders."""
    versions: tuple[tuple[str, int], ...]
    questions: tuple[Question, ...]
    heard: tuple[tuple[str, int], ...]
    """Webhooks by type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What was said on the day, by members and to the outside."""

    told: Told
    refused: Mapping[str, str]
    heard: Sequence[Heard]


def count_day(world: World, puts: Sequence[Put], store: DayStore, words: Words) -> DayLedger:
    """Count a day that is over, while its database still runs."""
    truth = world.truth()
    excursions = {row.consignment_id: row for row in store.excursions()}
    boxes = tuple(
        BoxRow(
            truth=box,
            judged_excursion=box.consignment_id in excursions,
            judged_spoiled=box.consignment_id in excursions
            and excursions[box.consignment_id].is_spoiled,
        )
        for box in sorted(truth, key=lambda box: box.consignment_id)
    )
    city_id = world.city_id
    return DayLedger(
        orders=_orders(world, store, words, truth),
        boxes=boxes,
        vehicles=_vehicles(world, puts),
        changes=tuple((row[0], row[1], row[2]) for row in store.counts(CHANGES, city_id)),
        versions=tuple((row[0], row[1]) for row in store.counts(VERSIONS, city_id)),
        questions=_questions(world, store),
        heard=_by_type(words.heard),
    )


def _by_type(heard: Sequence[Heard]) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for message in heard:
        counts[message.type] = counts.get(message.type, 0) + 1
    return tuple(sorted(counts.items()))


def _questions(world: World, store: DayStore) -> tuple[Question, ...]:
    midnight = world.time_of(0.0)
    return tuple(
        Question(
            at_s=(row.decided_at - midnight).total_seconds(),
            order_id=row.order_id,
            consignment_id=row.consignment_id,
            cause=row.cause,
            chosen=row.chosen,
            why=row.why,
        )
        for row in store.questions(world.city_id)
    )


def _orders(
    world: World, store: DayStore, words: Words, truth: Sequence[BoxTruth]
) -> tuple[OrderRow, ...]:
    midnight = world.time_of(0.0)
    promised = _first(words.heard, _PROMISED)
    warned = _first(words.heard, _AT_RISK)
    states = {row.order_id: row.state for row in store.promises(world.city_id)}
    tiers = store.tiers(world.city_id)
    paid = {row.order_id: row.amount for row in store.compensations()}
    delivered = _delivered(truth)

    def seconds(at: datetime | None) -> float | None:
        return None if at is None else (at - midnight).total_seconds()

    def due(order_id: str) -> datetime | None:
        message = promised.get(order_id)
        return None if message is None else datetime.fromisoformat(message.data["due_at"])

    def warned_at(order_id: str) -> datetime | None:
        message = warned.get(order_id)
        return None if message is None else message.at

    return tuple(
        OrderRow(
            order_id=order.order_id,
            tier_h=tiers.get(order.order_id),
            placed_s=order.placed_s,
            state=_state(order.order_id, states, words),
            due_s=seconds(due(order.order_id)),
            delivered_s=delivered.get(order.order_id),
            announced_s=seconds(warned_at(order.order_id)),
            compensation=paid.get(order.order_id, 0),
            is_open=_is_open(
                seconds(due(order.order_id)), delivered.get(order.order_id), world.now_s
            ),
        )
        for order in world.orders
    )


def _is_open(due_s: float | None, delivered_s: float | None, now_s: float) -> bool:
    return delivered_s is None and due_s is not None and due_s > now_s


def _state(order_id: str, states: Mapping[str, str], words: Words) -> str:
    if order_id in words.refused:
        return "refused"
    if order_id not in words.told.placed:
        return "not_placed"
    return states.get(order_id, "requested")


def _first(heard: Sequence[Heard], type_: str) -> dict[str, Heard]:
    """Return the first message of a type for each order; they come in order of time."""
    first: dict[str, Heard] = {}
    for message in heard:
        if message.type == type_:
            first.setdefault(message.data["order_id"], message)
    return first


def _delivered(truth: Sequence[BoxTruth]) -> dict[str, float]:
    """Return when the last box of each order was delivered; one that misses a box was not."""
    last: dict[str, float] = {}
    missing: set[str] = set()
    for box in truth:
        if box.delivered_s is None:
            missing.add(box.order_id)
        else:
            last[box.order_id] = max(last.get(box.order_id, 0.0), box.delivered_s)
    return {order_id: at_s for order_id, at_s in last.items() if order_id not in missing}


def _vehicles(world: World, puts: Sequence[Put]) -> tuple[VehicleRow, ...]:
    midnight = world.time_of(0.0)
    bodies: dict[str, Mapping[str, Any]] = {}
    shifts: dict[str, list[tuple[float, float]]] = {}
    for put in puts:
        if put.path.startswith("/vehicles/"):
            bodies[put.path.removeprefix("/vehicles/")] = put.body
        elif put.path.startswith("/shifts/"):
            span = [_second(put.body[name], midnight) for name in ("from_at", "until_at")]
            shifts.setdefault(put.body["vehicle_id"], []).append((span[0], span[1]))
    return tuple(
        VehicleRow(
            use=use,
            kind=bodies[use.vehicle_id]["kind"],
            role=bodies[use.vehicle_id].get("role", "regular"),
            fixed_cost=bodies[use.vehicle_id].get("fixed_cost", 0),
            cost_per_km=bodies[use.vehicle_id].get("cost_per_km", 0),
            cost_per_h=bodies[use.vehicle_id].get("cost_per_h", 0),
            cost_per_order=bodies[use.vehicle_id].get("cost_per_order", 0),
            shifts=tuple(sorted(shifts.get(use.vehicle_id, ()))),
        )
        for use in sorted(world.use(), key=lambda use: use.vehicle_id)
    )


def _second(value: object, midnight: datetime) -> float:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (at - midnight).total_seconds()
