"""Which second of the city's day is a moment?

Seconds since a local midnight, as in `routing.problem`. They count what really passes, so on the
two nights a year in which clocks are changed they are an hour off a wall clock. A day begins at
`DAY_BEGINS`: who works past midnight still works on the day before.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from routing.dispatch.state import CityState

DAY_BEGINS: Final = timedelta(hours=4)
_DAY_S: Final = 86_400
_TO_TOMORROW: Final = timedelta(hours=36)  # noon, on nights in which clocks are changed, too
LAST_S: Final = 10 * 86_400
"""What is later is planned as then: the rest of `check_values.MAX_TIME_S` is for the way after."""
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """The seconds of one day of a city."""

    midnight: datetime

    def second_of(self, at: datetime) -> int:
        """Return the second that a moment lies in; yesterday's are 0, and none is past `LAST_S`."""
        return min(max(0, (at - self.midnight) // _SECOND), LAST_S)

    def time_of(self, second: int) -> datetime:
        """Return the moment at which a second begins."""
        return self.midnight + timedelta(seconds=second)


def wall_clock(at: datetime, time_zone: str) -> str:
    """Return a moment as people in the zone say it, `15:30`."""
    return at.astimezone(ZoneInfo(time_zone)).strftime("%H:%M")


def clock_of(state: CityState) -> Clock:
    """Return the clock of the day that a state is read on."""
    return clock_at(state.now, state.city.time_zone)


def clock_at(now: datetime, time_zone: str) -> Clock:
    """Return the clock of a moment's day. Midnight keeps the zone of `now`."""
    zone = ZoneInfo(time_zone)
    day = (now.astimezone(zone) - DAY_BEGINS).date()
    return Clock(datetime.combine(day, time(), tzinfo=zone).astimezone(now.tzinfo))


# The day that orders ask for ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskedDay:
    """From when until when orders are brought that ask now, and until when vehicles are planned."""

    opens_at: datetime
    closes_at: datetime
    ends_at: datetime
    is_next: bool
    """Whether it is the day after the one that is under way."""


def asked_day_of(state: CityState) -> AskedDay:
    """Return today until the city closes, and then, all night, the day that comes.

    A city that is open around the clock closes with the day's shifts.
    """
    policy, clock = state.city.policy, clock_of(state)
    is_next = state.now >= clock.time_of(policy.closes_s)
    if is_next:
        clock = clock_at(clock.midnight + _TO_TOMORROW, state.city.time_zone)
    ends_at = clock.midnight + timedelta(days=1) + DAY_BEGINS
    is_always_open = policy.opens_s == 0 and policy.closes_s == _DAY_S
    closes_at = ends_at if is_always_open else clock.time_of(policy.closes_s)
    return AskedDay(clock.time_of(policy.opens_s), closes_at, ends_at, is_next)
