"""A city of the tests, and what orders in it look like.

The city's area `centre` is the square of 0.10 degrees from 31.20 N, 121.40 E; `suburb` is the
square of the same size east of it.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg

from schemas.dispatch_lock import lock_key
from tests.api_world import T0, World, iso

CITY = "shanghai"
HOME = {"lat_deg": 31.25, "lon_deg": 121.45}
SUBURB_HOME = {"lat_deg": 31.25, "lon_deg": 121.55}


def square(area: str, west_deg: float, south_deg: float = 31.20) -> dict[str, Any]:
    east_deg, north_deg = round(west_deg + 0.1, 2), round(south_deg + 0.1, 2)
    ring = [
        [west_deg, south_deg],
        [east_deg, south_deg],
        [east_deg, north_deg],
        [west_deg, north_deg],
        [west_deg, south_deg],
    ]
    return {
        "type": "Feature",
        "properties": {"area": area},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def policy(**changes: Any) -> dict[str, Any]:
    return {
        "tiers": [
            {"hours": 2, "levels": ["diamond"], "areas": ["centre"]},
            {"hours": 4, "levels": ["diamond", "gold"]},
            {"hours": 6, "levels": ["silver"]},
        ],
        "areas": {
            "type": "FeatureCollection",
            "features": [square("centre", 121.40), square("suburb", 121.50)],
        },
        **changes,
    }


def put_city(world: World, city_id: str = CITY, *, status: int = 201, **changes: Any) -> Any:
    body = {"name": "Shanghai", "time_zone": "Asia/Shanghai", "policy": policy(**changes)}
    return world.put(f"/cities/{city_id}", body, status=status)


def depot(**changes: Any) -> dict[str, Any]:
    return {"city_id": CITY, "kind": "store", "name": "Jing'an", **HOME, **changes}


def locker(**changes: Any) -> dict[str, Any]:
    return {"city_id": CITY, "name": "Metro", "compartments": 4, **HOME, **changes}


def vehicle(**changes: Any) -> dict[str, Any]:
    return {"depot_id": "depot-1", "kind": "van", "mode": "van", "chilled_g": 90_000, **changes}


def shift(**changes: Any) -> dict[str, Any]:
    until_at = T0 + timedelta(hours=8)
    drivers = {"vehicle_id": "van-1", "drivers": ["Li Wei"]}
    return {**drivers, "from_at": iso(T0), "until_at": iso(until_at), **changes}


def order(order_id: str = "order-1", *, level: str = "gold", **delivery: Any) -> dict[str, Any]:
    """Return an order to be delivered; `delivery` changes its delivery."""
    return {
        "order_id": order_id,
        "member_id": "m-1",
        "member_level": level,
        "placed_at": iso(T0),
        "consignments": [{"zone": "chilled", "goods_value": 12_800}],
        "delivery": {"city_id": CITY, **HOME, "chilled_g": 3500, **delivery},
    }


@contextmanager
def dispatcher(world: World, city_id: str = CITY) -> Iterator[psycopg.Connection[Any]]:
    """Hold the lock of a city as a living dispatcher does; lend its connection."""
    with closing(psycopg.connect(world.settings.database_url, autocommit=True)) as connection:
        connection.execute("SELECT pg_advisory_lock(%s, %s)", lock_key(city_id))
        yield connection


PROMISE = """
INSERT INTO promises (order_id, city_id, state, due_at, depot_id, offers, reason, version,
                      decided_at)
VALUES (%(order_id)s, %(city_id)s, %(state)s, %(due_at)s, %(depot_id)s, %(offers)s, 'a test', 7,
        %(at)s)
ON CONFLICT (order_id) DO UPDATE
SET state = excluded.state, due_at = excluded.due_at, offers = excluded.offers,
    decided_at = excluded.decided_at
"""


def answer(
    connection: psycopg.Connection[Any],
    order_id: str,
    *,
    at: datetime,
    due_at: datetime | None = None,
    offers: str = "[]",
) -> None:
    """Write a promise (or offers) as the dispatcher does, and wake whoever waits."""
    state = "promised" if due_at else "offered"
    values = {"order_id": order_id, "city_id": CITY, "state": state, "due_at": due_at, "at": at}
    with connection.transaction():
        connection.execute(PROMISE, values | {"offers": offers, "depot_id": "depot-1"})
        connection.execute("NOTIFY frostline")
