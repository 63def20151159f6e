"""Which loggers are there, where, and what happens to them?

Everything follows from the settings, so that a demo can register and bind the loggers before the
simulator runs.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmware_sim.frame import FrameFormat
from firmware_sim.settings import SimSettings
from schemas.ids import LoggerId
from schemas.reading import Zone

_ADDRESS_PREFIX: Final = 0xC4F057 << 24  # the two highest bits set: a static random address
_GOLDEN_ANGLE: Final = math.pi * (3.0 - math.sqrt(5.0))
_REACH_M: Final = {"demo": 6.0, "fleet": 25.0}  # a van; a hall
_FLEET_LOGGERS_A_PLACE: Final = 50
_ZONES: Final = (Zone.CHILLED, Zone.FROZEN, Zone.AMBIENT)


class Role(StrEnum):
    """What a logger watches."""

    BOX = "box"
    PLACE = "place"  # a refrigerated compartment


class Story(StrEnum):
    """What becomes of a logger's box."""

    STEADY = "steady"
    LID_OPENED = "lid-opened"  # now and then, for 40 s
    WARMING = "warming"  # packed with too little ice: gone after less than two hours


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedLogger:
    """One logger of a scenario. `order`: 1, 2, … of the scenario's orders, None for other goods."""

    logger_id: LoggerId
    zone: Zone
    role: Role
    name: str
    frame_format: FrameFormat
    order: int | None
    position_m: tuple[float, float]
    story: Story = Story.STEADY


@dataclass(frozen=True, slots=True, kw_only=True)
class LidOpening:
    """A lid that opens again and again; seconds since the simulation began."""

    logger_id: LoggerId
    first_s: float
    every_s: float
    open_s: float


def loggers_of(settings: SimSettings) -> list[SimulatedLogger]:
    """Return the scenario's loggers; the same settings give the same list."""
    if settings.scenario == "demo":
        return _demo(settings.loggers)
    return [_of_fleet(number, settings.loggers) for number in range(settings.loggers)]


def lid_openings_of(loggers: list[SimulatedLogger]) -> list[LidOpening]:
    """Return what happens by itself: a first opening soon, so that a minute's demo shows it."""
    return [
        LidOpening(logger_id=logger.logger_id, first_s=12.0, every_s=300.0, open_s=40.0)
        for logger in loggers
        if logger.story is Story.LID_OPENED
    ]


_NAMED: Final[tuple[tuple[str, int | None, Zone, Role, FrameFormat, Story], ...]] = (
    ("order 1, frozen", 1, Zone.FROZEN, Role.BOX, FrameFormat.RUUVI, Story.STEADY),
    ("order 1, chilled", 1, Zone.CHILLED, Role.BOX, FrameFormat.BTHOME, Story.LID_OPENED),
    ("order 1, ambient", 1, Zone.AMBIENT, Role.BOX, FrameFormat.RUUVI, Story.STEADY),
    ("order 2, frozen", 2, Zone.FROZEN, Role.BOX, FrameFormat.BTHOME, Story.STEADY),
    ("order 2, chilled", 2, Zone.CHILLED, Role.BOX, FrameFormat.RUUVI, Story.WARMING),
    ("order 2, ambient", 2, Zone.AMBIENT, Role.BOX, FrameFormat.BTHOME, Story.STEADY),
    ("van, chilled compartment", None, Zone.CHILLED, Role.PLACE, FrameFormat.RUUVI, Story.STEADY),
)


def _demo(count: int) -> list[SimulatedLogger]:
    named = [
        SimulatedLogger(
            logger_id=_address(number),
            zone=zone,
            role=role,
            name=name,
            frame_format=frame_format,
            order=order,
            position_m=_position(number, count, _REACH_M["demo"]),
            story=story,
        )
        for number, (name, order, zone, role, frame_format, story) in enumerate(_NAMED)
    ]
    others = [_other_box(number, count, _REACH_M["demo"]) for number in range(len(_NAMED), count)]
    return named + others


def _of_fleet(number: int, count: int) -> SimulatedLogger:
    if number % _FLEET_LOGGERS_A_PLACE != _FLEET_LOGGERS_A_PLACE - 1:
        return _other_box(number, count, _REACH_M["fleet"])
    return SimulatedLogger(
        logger_id=_address(number),
        zone=Zone.CHILLED,
        role=Role.PLACE,
        name=f"compartment {number}",
        frame_format=FrameFormat.RUUVI,
        order=None,
        position_m=_position(number, count, _REACH_M["fleet"]),
    )


def _other_box(number: int, count: int, reach_m: float) -> SimulatedLogger:
    return SimulatedLogger(
        logger_id=_address(number),
        zone=_ZONES[number % len(_ZONES)],
        role=Role.BOX,
        name=f"box {number}",
        frame_format=FrameFormat.BTHOME if number % 2 else FrameFormat.RUUVI,
        order=None,
        position_m=_position(number, count, reach_m),
    )


def _address(number: int) -> LoggerId:
    digits = f"{_ADDRESS_PREFIX + number + 1:012X}"
    return LoggerId(":".join(digits[i : i + 2] for i in range(0, 12, 2)))


def _position(number: int, count: int, reach_m: float) -> tuple[float, float]:
    """Spread the loggers evenly on a disc around the origin (a sunflower's pattern)."""
    radius_m = reach_m * math.sqrt((number + 0.5) / count)
    angle = number * _GOLDEN_ANGLE
    return radius_m * math.cos(angle), radius_m * math.sin(angle)
