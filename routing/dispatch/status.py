"""How are the cities doing, for a person with a shell? Read from the database alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from routing.dispatch.store import LockHolder, Store

CITIES: Final = """
SELECT c.city_id, p.version, p.made_at, p.reason, p.took_ms,
       (SELECT count(DISTINCT order_id) FROM plan_stops s
        WHERE s.city_id = c.city_id AND s.to_version IS NULL AND s.kind = 'deliver') AS planned,
       (SELECT count(*) FROM plan_unserved u
        WHERE u.city_id = c.city_id AND u.to_version IS NULL) AS unserved,
       (SELECT count(*) FROM pins i
        WHERE i.city_id = c.city_id AND i.to_version IS NULL) AS pins,
       (SELECT count(*) FROM deliveries d
        WHERE d.city_id = c.city_id
          AND NOT EXISTS (SELECT FROM promises r WHERE r.order_id = d.order_id)
          AND NOT EXISTS (SELECT FROM milestones m
                          WHERE m.order_id = d.order_id AND m.milestone = 'cancelled')) AS waiting,
       (SELECT count(*) FROM dispatch_commands x
        WHERE x.city_id = c.city_id
          AND NOT EXISTS (SELECT FROM command_outcomes o
                          WHERE o.command_id = x.command_id)) AS commands
FROM cities c
LEFT JOIN LATERAL (
    SELECT version, made_at, reason, took_ms FROM plans
    WHERE plans.city_id = c.city_id ORDER BY version DESC LIMIT 1
) p ON true
WHERE %(city_id)s::text IS NULL OR c.city_id = %(city_id)s
ORDER BY c.city_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _City:
    city_id: str
    version: int | None
    made_at: datetime | None
    reason: str | None
    took_ms: int | None
    planned: int
    unserved: int
    pins: int
    waiting: int
    commands: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CityStatus:
    """One city: its dispatcher, its plan, and what nobody has answered yet."""

    city: _City
    holder: LockHolder | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchStatus:
    """All cities, or the one that was asked for."""

    at: datetime
    cities: Sequence[CityStatus]


def describe(database_url: str, *, city_id: str | None = None) -> DispatchStatus:
    """Ask the database."""
    with Store.connect(database_url, name="frostline dispatch status") as store:
        cities = store.all_as(_City, CITIES, {"city_id": city_id})
        found = [CityStatus(city=c, holder=store.lock_holder(c.city_id)) for c in cities]
    return DispatchStatus(at=datetime.now(UTC), cities=found)


def render(status: DispatchStatus) -> str:
    """Write it for a person."""
    if not status.cities:
        return "no such city; `frostline city load FILE` makes one"
    return "\n\n".join(_render(each, status.at) for each in status.cities)


def _render(status: CityStatus, at: datetime) -> str:
    city, holder = status.city, status.holder
    dispatcher = "none is running"
    if holder is not None:
        dispatcher = f"{holder.name}, last heard {holder.silent_s:.0f} s ago"
    plan = "none yet"
    if city.version is not None and city.made_at is not None:
        age_s = (at - city.made_at).total_seconds()
        plan = f"version {city.version}, {age_s:.0f} s old, for {city.reason} in {city.took_ms} ms"
    return "\n".join(
        [
            f"city        {city.city_id}",
            f"dispatcher  {dispatcher}",
            f"plan        {plan}",
            f"orders      {city.planned:,} planned, {city.unserved:,} left behind",
            f"pins        {city.pins:,}",
            f"waiting     {city.waiting:,} orders, {city.commands:,} commands",
        ]
    )
