"""What happens around a box on its way: ambient, truck doors, and its own lid?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

COLDEST_C: Final = 5.0
HOTTEST_C: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Minute by minute, all (minutes, boxes)."""

    ambient_c: Floats
    open_share: Floats  # of the minute, the lid is open
    ajar: Floats  # 1 while the lid stands ajar
    leaks: Floats  # 1 from when the lid leaks


def draw_course(random: np.random.Generator, boxes: int, minutes: int) -> Course:
    """Return what so many boxes meet."""
    stops = _stops(random, boxes, minutes)
    return Course(
        ambient_c=_ambient_c(random, stops),
        open_share=_open_share(random, stops),
        ajar=_ajar(random, boxes, minutes),
        leaks=_leaks(random, boxes, minutes),
    )


def _stops(random: np.random.Generator, boxes: int, minutes: int) -> npt.NDArray[np.bool_]:
    """Return the minutes in which the vehicle stops and its door opens: one in 20 to 60."""
    every_min = random.uniform(20, 60, boxes)
    return random.random((minutes, boxes)) < 1 / every_min


def _ambient_c(random: np.random.Generator, stops: npt.NDArray[np.bool_]) -> Floats:
    """Return the ambient: a day's course, slow wandering, and what comes in by the door."""
    minutes, boxes = stops.shape
    base_c = random.uniform(COLDEST_C, HOTTEST_C, boxes)
    swing_c = random.uniform(0, 4, boxes)
    phase = random.uniform(0, 2 * np.pi, boxes)
    day_c = swing_c * np.sin(2 * np.pi * np.arange(minutes)[:, None] / 1440 + phase)
    door_c = random.normal(0, 4, boxes)
    wander_sd_c = random.uniform(0.2, 1.0, boxes)
    steps_c = random.normal(0, 1, stops.shape) * wander_sd_c * np.sqrt(2 / 90)
    extra_c = np.zeros(boxes)
    wander_c = random.normal(0, 1, boxes) * wander_sd_c
    ambient_c = np.empty(stops.shape)
    for minute in range(minutes):
        # A door lets in up to half the difference; the compartment recovers in 15 minutes.
        extra_c = extra_c * np.exp(-1 / 15) + stops[minute] * 0.5 * (door_c - extra_c)
        wander_c = wander_c * np.exp(-1 / 90) + steps_c[minute]
        ambient_c[minute] = base_c + day_c[minute] + wander_c + extra_c
    return np.clip(ambient_c, COLDEST_C, HOTTEST_C)


def _open_share(random: np.random.Generator, stops: npt.NDArray[np.bool_]) -> Floats:
    """Return how long the lid is open: at one stop in eight, for 20 s to 3 minutes."""
    minutes, boxes = stops.shape
    left_s = np.zeros(boxes)
    share = np.zeros(stops.shape)
    chosen = stops & (random.random(stops.shape) < 1 / 8)
    lasts_s = random.uniform(20, 180, stops.shape)
    for minute in range(30, minutes):
        left_s = np.where(chosen[minute], lasts_s[minute], left_s)
        share[minute] = np.minimum(left_s, 60) / 60
        left_s = np.maximum(left_s - 60, 0)
    return share


def _ajar(random: np.random.Generator, boxes: int, minutes: int) -> Floats:
    """Return when a lid stands ajar: in 4 % of boxes, for 15 to 90 minutes."""
    begins = random.uniform(60, minutes, boxes)
    begins = np.where(random.random(boxes) < 0.04, begins, np.inf)
    ends = begins + random.uniform(15, 90, boxes)
    minute = np.arange(minutes)[:, None]
    return ((minute >= begins) & (minute < ends)).astype(np.float64)


def _leaks(random: np.random.Generator, boxes: int, minutes: int) -> Floats:
    """Return when a lid leaks: 12 % of boxes, half of them from the start."""
    begins = np.where(random.random(boxes) < 0.5, 0.0, random.uniform(0, minutes, boxes))
    begins = np.where(random.random(boxes) < 0.12, begins, np.inf)
    return (np.arange(minutes)[:, None] >= begins).astype(np.float64)
