"""Does a moment fall into hours that come again each day, such as a shift or the quiet hours?

Hours are those of the wall clock of a place. On a day when clocks are changed they are an hour
shorter or longer; a time that the change leaves out counts as the moment of the change plus what
lies behind it, a time that comes twice is the first of the two (PEP 495, fold 0).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from schemas.segments import Window

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From a time of day until another, on the days that it begins.

    An end not after its begin lies on the next day; "00:00" to "00:00" is the whole day.
    """

    from_time: str  # "22:00"
    until_time: str
    days: tuple[Day, ...] = DAYS


def hours_around(hours: Hours, *, at_ms: int, time_zone: str) -> Window | None:
    """Return the stretch of these hours that holds the moment, None: it lies outside."""
    zone = ZoneInfo(time_zone)
    today = (_EPOCH + at_ms * _MS).astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        if DAYS[day.weekday()] in hours.days:
            stretch = _stretch(hours, day, zone)
            if stretch.from_ms <= at_ms < (stretch.until_ms or 0):
                return stretch
    return None


def _stretch(hours: Hours, day: date, zone: ZoneInfo) -> Window:
    begin, end = time.fromisoformat(hours.from_time), time.fromisoformat(hours.until_time)
    last = day if end > begin else day + timedelta(days=1)
    return Window(from_ms=_unix_ms(day, begin, zone), until_ms=_unix_ms(last, end, zone))


def _unix_ms(day: date, at: time, zone: ZoneInfo) -> int:
    return (datetime.combine(day, at, tzinfo=zone).astimezone(UTC) - _EPOCH) // _MS
