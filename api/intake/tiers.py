"""Which tier does a member's level give at a place, and may a window be booked?

Pure: a policy and facts in, a tier or a sentence out.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api.intake.fleet_resources import PolicyDetails, TierDetails

_DAY_S: Final = 86_400


def tier_for(policy: PolicyDetails, level: str, areas: Sequence[str]) -> TierDetails | None:
    """Return the first tier that names the level and one of the areas; None: there is none."""
    for tier in policy.tiers:
        if level in tier.levels and (not tier.areas or set(tier.areas) & set(areas)):
            return tier
    return None


def area_of(tier: TierDetails, areas: Sequence[str]) -> str:
    """Return the area by which a tier holds, of those that a place lies in."""
    return next((area for area in areas if area in tier.areas), areas[0])


def window_refusal(
    policy: PolicyDetails, window: tuple[datetime, datetime], time_zone: str, *, now: datetime
) -> str | None:
    """Return why a window cannot be booked; None: it can."""
    from_at, until_at = window
    if until_at <= now:
        return f"The window until {until_at.isoformat()} is over."
    length_s = (until_at - from_at).total_seconds()
    if length_s < policy.window_s:
        return f"The shortest window is {policy.window_s} s; this one has {length_s:.0f} s."
    zone = ZoneInfo(time_zone)
    begins, ends = from_at.astimezone(zone), until_at.astimezone(zone)
    ends_s = seconds_of(ends.time()) or _DAY_S
    if begins.date() != (ends - timedelta(microseconds=1)).date():
        return f"The window goes over midnight in {time_zone}; book it within one day."
    if seconds_of(begins.time()) < policy.opens_s or ends_s > policy.closes_s:
        return (
            f"The window {begins:%H:%M} to {clock_of(ends_s)} leaves the opening hours, "
            f"{clock_of(policy.opens_s)} to {clock_of(policy.closes_s)} in {time_zone}."
        )
    return None


def seconds_of(clock: time) -> int:
    """Return the seconds that a clock has gone since midnight."""
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def clock_of(seconds: int) -> str:
    """Return what a clock shows so many seconds after midnight."""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"
