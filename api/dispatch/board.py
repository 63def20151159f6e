"""What does the console say of a city, in a dispatcher's words?

From rows to what the page shows: values in, words out.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from api.dispatch import city_map
from api.dispatch.console_words import CONSOLE_WORDS, ConsoleWords
from api.dispatch.disruption_bodies import Disruption
from api.dispatch.resources import (
    Compartment,
    NextStop,
    Outlook,
    PlanChange,
    Rescue,
    Unserved,
    VehicleNow,
)
from api.dispatch.speech import Speech
from api.dispatch.store_console import Landmark
from api.dispatch.store_plan import City, Standing
from api.store_events import Position
from api.words import Language

_WARNINGS_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CityLook:
    """A city as it was behind a position in `events`."""

    city: City
    now: datetime
    position: Position
    version: int
    dispatcher_lives: bool
    standing: Standing
    vehicles: Sequence[VehicleNow]
    changes: Sequence[PlanChange]
    rescues: Sequence[Rescue]
    disruptions: Sequence[Disruption]
    landmarks: Sequence[Landmark]
    asking: int

    @property
    def now_ms(self) -> int:
        """The time of the look, for a page that counts on."""
        return round(self.now.timestamp() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of the page's head."""

    name: str
    number: int
    words: str
    mood: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """An order that is late or at risk."""

    order_id: str
    vehicle_id: str
    outlook: str
    outlook_words: str
    due: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRow:
    """A vehicle in the table."""

    vehicle_id: str
    colour: int
    kind: str
    mood: str
    state: str
    seen_at_ms: int | None
    load_percent: int
    compartments: tuple[str, ...]
    next_stop: str | None
    expected: str | None
    outlook: str | None
    outlook_words: str | None
    stops_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRow:
    """One way that was compared for a box."""

    words: str
    details: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueRow:
    """A box that became a question."""

    consignment_id: str
    at: str
    cause: str
    why: str
    options: tuple[OptionRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a list: when or what, and the rest of it."""

    head: str
    words: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All that the console shows."""

    headline: str
    mood: str
    plan: str
    figures: tuple[Figure, ...]
    map: str
    warnings: tuple[Warned, ...]
    more_warnings: str | None
    unserved: Sequence[Unserved]
    rescues: tuple[RescueRow, ...]
    vehicles: tuple[VehicleRow, ...]
    changes: tuple[Line, ...]
    disruptions: tuple[Line, ...]
    pins: tuple[Line, ...]


def board_of(look: CityLook, language: Language) -> Board:
    """Return what the console shows of a city."""
    say = Speech(console=CONSOLE_WORDS[language], zone=ZoneInfo(look.city.time_zone), now=look.now)
    deliveries = [
        (vehicle, stop)
        for vehicle in look.vehicles
        for stop in vehicle.next_stops
        if stop.kind == "deliver"
    ]
    warned = _warnings(deliveries, say)
    return Board(
        headline=_headline(look, warned, say),
        mood="warn" if warned or look.standing.unserved else "fine",
        plan=_plan(look, say),
        figures=_figures(look, len(deliveries), warned, say),
        map=_map(look, len(deliveries), say),
        warnings=warned[:_WARNINGS_SHOWN],
        more_warnings=_more(len(warned) - _WARNINGS_SHOWN, say),
        unserved=look.standing.unserved,
        rescues=tuple(_rescue(rescue, say) for rescue in look.rescues),
        vehicles=tuple(
            _vehicle(vehicle, number % city_map.COLOURS, say)
            for number, vehicle in enumerate(look.vehicles)
        ),
        changes=tuple(_change(change, say) for change in look.changes),
        disruptions=tuple(_disruption(disruption, say) for disruption in look.disruptions),
        pins=_pins(look, say),
    )


def _headline(look: CityLook, warned: Sequence[Warned], say: Speech) -> str:
    if not look.dispatcher_lives:
        return say.console.nobody
    late = sum(row.outlook == Outlook.LATE for row in warned)
    at_risk = len(warned) - late
    unserved = len(look.standing.unserved)
    parts = [
        say.console.late.format(n=late) if late else "",
        say.console.at_risk.format(n=at_risk) if at_risk else "",
        f"{unserved} {say.console.figures['unserved']}" if unserved else "",
    ]
    return " · ".join(part for part in parts if part) or say.console.all_well


def _plan(look: CityLook, say: Speech) -> str:
    made = look.standing.made
    if made is None:
        return say.console.no_plan
    return say.console.plan.format(
        version=made.version,
        time=say.clock(made.made_at),
        ms=made.took_ms,
        reason=say.console.reasons.get(made.reason, made.reason),
    )


def _figures(
    look: CityLook, to_come: int, warned: Sequence[Warned], say: Speech
) -> tuple[Figure, ...]:
    late = sum(row.outlook == Outlook.LATE for row in warned)
    numbers = {
        "to_come": (to_come, "plain"),
        "late": (late, "late"),
        "at_risk": (len(warned) - late, "at_risk"),
        "unserved": (len(look.standing.unserved), "late"),
        "asking": (look.asking, "at_risk"),
        "out": (sum(bool(vehicle.orders_aboard) for vehicle in look.vehicles), "plain"),
    }
    return tuple(
        Figure(
            name=name,
            number=number,
            words=say.console.figures[name],
            mood=mood if number else "plain",
        )
        for name, (number, mood) in numbers.items()
    )


def _map(look: CityLook, stops: int, say: Speech) -> str:
    areas = look.city.policy.get("areas")
    return city_map.draw(
        look.vehicles,
        look.landmarks,
        areas if isinstance(areas, dict) else {},
        title=say.console.map_title,
        says=say.console.map_says.format(vehicles=len(look.vehicles), stops=stops),
    )


def _warnings(deliveries: Sequence[tuple[VehicleNow, NextStop]], say: Speech) -> tuple[Warned, ...]:
    """Return late orders, then those at risk, each the most urgent first."""
    warned = [
        (stop.outlook is not Outlook.LATE, stop.due_at, vehicle, stop)
        for vehicle, stop in deliveries
        if stop.outlook in {Outlook.LATE, Outlook.AT_RISK} and stop.due_at is not None
    ]
    warned.sort(key=lambda row: (row[0], row[1], row[3].order_id or ""))
    return tuple(
        Warned(
            order_id=stop.order_id or "",
            vehicle_id=vehicle.vehicle_id,
            outlook=str(stop.outlook),
            outlook_words=say.console.outlooks[str(stop.outlook)],
            due=say.clock(due_at),
            expected=say.expected(stop),
        )
        for _, due_at, vehicle, stop in warned
    )


def _more(count: int, say: Speech) -> str | None:
    return say.console.more.format(n=count) if count > 0 else None


def _vehicle(vehicle: VehicleNow, colour: int, say: Speech) -> VehicleRow:
    stop = vehicle.next_stops[0] if vehicle.next_stops else None
    mood, state = _state(vehicle, say)
    kind = " · ".join(
        word for word in (say.console.kinds[vehicle.kind], say.console.roles[vehicle.role]) if word
    )
    outlook = _worst(vehicle.next_stops)
    return VehicleRow(
        vehicle_id=vehicle.vehicle_id,
        colour=colour,
        kind=kind,
        mood=mood,
        state=state,
        seen_at_ms=round(vehicle.position.at.timestamp() * 1000) if vehicle.position else None,
        load_percent=_load_percent(vehicle),
        compartments=tuple(_compartment(room, say) for room in vehicle.compartments),
        next_stop=(stop.order_id or stop.depot_id) if stop else None,
        expected=say.expected(stop) if stop else None,
        outlook=outlook,
        outlook_words=say.console.outlooks[outlook] if outlook else None,
        stops_left=vehicle.stops_left,
    )


def _state(vehicle: VehicleNow, say: Speech) -> tuple[str, str]:
    """Return the mood and words of what a vehicle does: what is wrong with it comes first."""
    if vehicle.disruptions:
        return "late", say.console.states[vehicle.disruptions[0].kind]
    if vehicle.orders_aboard:
        return "out", say.console.states["out"].format(n=len(vehicle.orders_aboard))
    if vehicle.shift is None:
        return "off", say.console.states["off"]
    if vehicle.shift.from_at > say.now:
        return "off", say.console.states["later"].format(time=say.clock(vehicle.shift.from_at))
    return "free", say.console.states["free"]


def _load_percent(vehicle: VehicleNow) -> int:
    """Return how full the fullest of its compartments is."""
    shares = (
        (vehicle.aboard.frozen_g, vehicle.capacity.frozen_g),
        (vehicle.aboard.chilled_g, vehicle.capacity.chilled_g),
        (vehicle.aboard.ambient_g, vehicle.capacity.ambient_g),
    )
    return max((round(100 * load / room) for load, room in shares if room), default=0)


def _compartment(room: Compartment, say: Speech) -> str:
    measured = "–" if room.temperature_c is None else f"{room.temperature_c:.1f} °C"
    failed = "" if room.failed_since is None else f", {say.console.states['cooling_failed']}"
    return f"{say.console.zones[room.zone]} {measured}{failed}"


def _worst(stops: Sequence[NextStop]) -> str | None:
    """Return the worst outlook of stops; None: nothing to say of them."""
    outlooks = {stop.outlook for stop in stops}
    for outlook in (Outlook.LATE, Outlook.AT_RISK):
        if outlook in outlooks:
            return str(outlook)
    return None


def _rescue(rescue: Rescue, say: Speech) -> RescueRow:
    options = sorted(rescue.options, key=lambda option: option.action != rescue.chosen)
    return RescueRow(
        consignment_id=rescue.consignment_id,
        at=say.clock(rescue.decided_at),
        cause=say.console.causes[rescue.cause],
        why=rescue.why,
        options=tuple(
            OptionRow(
                words=say.console.actions[option.action],
                details=" · ".join(
                    chain(
                        filter(None, [option.vehicle_id]),
                        [say.clock(option.arrives_at)] if option.arrives_at else [],
                        [
                            say.cost(option.cost),
                            say.console.spoils.format(percent=round(100 * option.spoil_chance)),
                        ],
                    )
                ),
                is_chosen=option.action == rescue.chosen,
            )
            for option in options
        ),
    )


def _change(change: PlanChange, say: Speech) -> Line:
    vehicles = dict.fromkeys(filter(None, (change.from_vehicle, change.to_vehicle)))
    times = dict.fromkeys(say.clock(at) for at in (change.from_at, change.to_at) if at)
    facts = (say.console.whats[change.what], " → ".join(vehicles), " → ".join(times))
    return Line(
        head=change.order_id,
        words=" · ".join(fact for fact in facts if fact),
        why=change.why,
    )


def _disruption(disruption: Disruption, say: Speech) -> Line:
    end = (
        say.console.until.format(time=say.clock(disruption.until_at))
        if disruption.until_at
        else say.console.open_end
    )
    facts = (disruption.vehicle_id, say.clock(disruption.from_at), end)
    return Line(
        head=say.console.disruptions[disruption.kind],
        words=" · ".join(fact for fact in facts if fact),
        why=_details(disruption, say.console),
    )


def _details(disruption: Disruption, words: ConsoleWords) -> str:
    details = disruption.details
    zone, weather = details.get("zone"), details.get("weather")
    said: defaultdict[str, object] = defaultdict(lambda: "–", details)
    said |= {
        "delay_min": round(details.get("delay_s", 0) / 60),
        "zone": words.zones[zone] if zone else words.all_rooms,
        "weather": words.weathers.get(weather or "", weather),
    }
    return words.details.get(disruption.kind, "").format_map(said)


def _pins(look: CityLook, say: Speech) -> tuple[Line, ...]:
    return tuple(
        Line(
            head=pin.by,
            words=say.pinned(pin),
            why=say.cost(pin.price),
        )
        for pin in look.standing.pins
    )
