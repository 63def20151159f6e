"""What does the api ask of a city's vehicles: where they are, what they carry, what comes next?"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from api.dispatch import store_disruptions
from api.dispatch.outlook import outlook_of
from api.dispatch.resources import NextStop, VehicleNow
from api.store import Connection, Row, many
from schemas.ids import CityId

# With the shift that it is on or comes next, and its newest fix.
VEHICLES: Final = """
SELECT v.vehicle_id, v.kind, v.role, v.depot_id, v.frozen_g, v.chilled_g, v.ambient_g,
       s.from_at, s.until_at, s.drivers, p.at, p.lat_deg, p.lon_deg, p.speed_m_s
FROM vehicles v
LEFT JOIN LATERAL (
    SELECT from_at, until_at, drivers
    FROM shifts
    WHERE vehicle_id = v.vehicle_id AND until_at > %(now)s AND cancelled_at IS NULL
    ORDER BY from_at
    LIMIT 1
) s ON true
LEFT JOIN LATERAL (
    SELECT at, lat_deg, lon_deg, speed_m_s
    FROM positions
    WHERE gateway_id = v.gateway_id AND at <= %(now)s
    ORDER BY at DESC
    LIMIT 1
) p ON true
WHERE v.city_id = %(city_id)s AND v.retired_at IS NULL
ORDER BY v.vehicle_id
"""

# Newest fixes alone, for the stream.
POSITIONS: Final = """
SELECT v.vehicle_id, p.at, p.lat_deg, p.lon_deg, p.speed_m_s
FROM vehicles v
JOIN LATERAL (
    SELECT at, lat_deg, lon_deg, speed_m_s
    FROM positions
    WHERE gateway_id = v.gateway_id AND at <= %(now)s
    ORDER BY at DESC
    LIMIT 1
) p ON true
WHERE v.city_id = %(city_id)s AND v.retired_at IS NULL
ORDER BY v.vehicle_id
"""

COMPARTMENTS: Final = """
SELECT c.vehicle_id, c.zone, c.place_id, r.temperature_c, r.measured_at,
       (SELECT min(f.since) FROM failed_compartments f WHERE f.place_id = c.place_id)
           AS failed_since
FROM (
    SELECT vehicle_id, 'frozen' AS zone, frozen_place_id AS place_id FROM vehicles
    WHERE city_id = %(city_id)s
    UNION ALL
    SELECT vehicle_id, 'chilled', chilled_place_id FROM vehicles WHERE city_id = %(city_id)s
    UNION ALL
    SELECT vehicle_id, 'ambient', ambient_place_id FROM vehicles WHERE city_id = %(city_id)s
) c
LEFT JOIN LATERAL (
    SELECT l.temperature_c, l.measured_at
    FROM bindings b
    JOIN latest_readings l USING (logger_id)
    WHERE b.place_id = c.place_id AND b.during @> %(now)s::timestamptz
    ORDER BY l.measured_at DESC
    LIMIT 1
) r ON true
WHERE c.place_id IS NOT NULL
ORDER BY c.vehicle_id, c.zone
"""

# Whether an order `d` went back, all of it, and was not handed out again since.
_WENT_BACK: Final = """EXISTS (
    SELECT FROM handovers b
    WHERE b.order_id = d.order_id AND b.step IN ('refused', 'returned')
      AND (b.consignment_id IS NULL OR NOT EXISTS (
        SELECT FROM consignments c WHERE c.order_id = d.order_id AND c.closed_at IS NULL))
      AND NOT EXISTS (
        SELECT FROM handovers a
        WHERE a.order_id = d.order_id AND a.step IN ('loaded', 'departed') AND a.at > b.at))"""

# On which vehicle an order was loaded last, unless its journey has ended. Nothing travels for two
# weeks: older orders need no look.
ABOARD: Final = f"""
SELECT d.order_id, h.vehicle_id, d.frozen_g, d.chilled_g, d.ambient_g
FROM deliveries d
JOIN LATERAL (
    SELECT v.vehicle_id
    FROM handovers l
    JOIN vehicles v ON l.place_id IN (v.frozen_place_id, v.chilled_place_id, v.ambient_place_id)
    WHERE l.order_id = d.order_id AND l.step = 'loaded'
    ORDER BY l.at DESC, l.handover_id DESC
    LIMIT 1
) h ON true
WHERE d.city_id = %(city_id)s AND d.requested_at > %(now)s - interval '14 days'
  AND NOT EXISTS (
    SELECT FROM milestones m
    WHERE m.order_id = d.order_id AND m.milestone IN ('delivered', 'cancelled'))
  AND NOT {_WENT_BACK}
ORDER BY d.order_id
"""  # noqa: S608  # of constants

# What is still to come of the plan that stands, at the times that were estimated since. A loading
# that is over stands as long as its trip.
STOPS_TO_COME: Final = f"""
SELECT s.vehicle_id, s.trip, s.position, s.kind, s.order_id, s.depot_id, s.to_locker, s.locked,
       COALESCE(e.arrives_at, s.arrives_at) AS arrives_at,
       COALESCE(e.earliest_at, e.arrives_at, s.earliest_at) AS earliest_at,
       COALESCE(e.latest_at, e.arrives_at, s.latest_at) AS latest_at,
       s.leaves_at + COALESCE(e.arrives_at - s.arrives_at, interval '0') AS leaves_at,
       s.due_at, s.lat_deg, s.lon_deg
FROM placed_stops s
JOIN plans p ON p.city_id = s.city_id AND p.version = s.from_version
LEFT JOIN LATERAL (
    SELECT arrives_at, earliest_at, latest_at
    FROM arrival_estimates
    WHERE order_id = s.order_id AND s.kind = 'deliver'
      AND estimated_at > p.made_at AND estimated_at <= %(now)s
    ORDER BY estimated_at DESC
    LIMIT 1
) e ON true
WHERE s.city_id = %(city_id)s AND s.to_version IS NULL
  AND NOT (s.kind = 'load' AND s.locked AND s.leaves_at <= %(now)s)
  AND NOT EXISTS (
    SELECT FROM milestones f
    WHERE f.order_id = s.order_id AND f.milestone IN ('delivered', 'cancelled'))
  AND NOT EXISTS (SELECT FROM deliveries d WHERE d.order_id = s.order_id AND {_WENT_BACK})
  AND NOT EXISTS (
    SELECT FROM stop_visits t
    WHERE t.vehicle_id = s.vehicle_id AND t.order_id = s.order_id AND t.left_at IS NOT NULL)
ORDER BY s.vehicle_id, s.trip, s.position
"""  # noqa: S608  # of constants

_ZONES: Final = ("frozen_g", "chilled_g", "ambient_g")


async def vehicles(
    db: Connection, city_id: CityId, *, now: datetime, next_stops: int
) -> list[VehicleNow]:
    """Return every vehicle of a city as it is now, with so many of its next stops."""
    values = {"city_id": city_id, "now": now}
    compartments = _by_vehicle(await many(db, COMPARTMENTS, values))
    aboard = _by_vehicle(await many(db, ABOARD, values))
    stops = _by_vehicle(await many(db, STOPS_TO_COME, values))
    disruptions = await store_disruptions.of_vehicles(db, city_id, now=now)
    return [
        VehicleNow.model_validate(
            {
                **row,
                "shift": row if row["from_at"] else None,
                "position": row if row["at"] else None,
                "capacity": row,
                "aboard": _total(aboard[row["vehicle_id"]]),
                "orders_aboard": [order["order_id"] for order in aboard[row["vehicle_id"]]],
                "compartments": compartments[row["vehicle_id"]],
                "disruptions": [d for d in disruptions if d.vehicle_id == row["vehicle_id"]],
                "stops_left": len(stops[row["vehicle_id"]]),
                "next_stops": [next_stop(s) for s in stops[row["vehicle_id"]][:next_stops]],
            }
        )
        for row in await many(db, VEHICLES, values)
    ]


async def positions(db: Connection, city_id: CityId, *, now: datetime) -> list[dict[str, Any]]:
    """Return the newest fix of each vehicle that was ever seen."""
    return [dict(row) for row in await many(db, POSITIONS, {"city_id": city_id, "now": now})]


def next_stop(row: Row) -> NextStop:
    """Return a row of STOPS_TO_COME with its outlook."""
    return NextStop.model_validate({**row, "outlook": outlook_of(row)})


def _total(orders: Iterable[Row]) -> dict[str, int]:
    orders = list(orders)
    return {zone: sum(order[zone] for order in orders) for zone in _ZONES}


def _by_vehicle(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["vehicle_id"]].append(row)
    return grouped
