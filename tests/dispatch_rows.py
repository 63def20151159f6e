"""What a dispatcher, a gateway and an intake write of a city, row by row, for tests of the api."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from schemas.dispatch_lock import lock_key
from tests.api_world import T0, World, minutes

CITY = "shanghai"
# A square of 0.2 degrees, and what is promised in it.
POLICY: dict[str, Any] = {
    "tiers": [{"hours": 2, "levels": ["gold"], "late_cost_per_min": 50}],
    "areas": {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"area": "centre"},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[121.4, 31.1], [121.6, 31.1], [121.6, 31.3], [121.4, 31.3], [121.4, 31.1]]
                    ],
                },
            }
        ],
    },
}


class CityRows:
    """A city of depot `xuhui` with vehicles, orders and plans, in a test's database."""

    def __init__(self, world: World, city_id: str = CITY, *, begun: datetime = T0) -> None:
        self.world, self.city_id, self.begun = world, city_id, begun
        world.sql(
            "INSERT INTO cities (city_id, name, time_zone, policy, loaded_at) "
            "VALUES (%s, 'Shanghai', 'Asia/Shanghai', %s, %s)",
            city_id,
            json.dumps(POLICY),
            begun,
        )
        world.sql(
            "INSERT INTO depots (depot_id, city_id, kind, name, lat_deg, lon_deg, picking_s) "
            "VALUES (%s, %s, 'front_warehouse', 'Xuhui', 31.19, 121.44, 600)",
            self.depot_id,
            city_id,
        )

    @property
    def depot_id(self) -> str:
        return "xuhui" if self.city_id == CITY else f"depot-of-{self.city_id}"

    def vehicle(self, vehicle_id: str, *, kind: str = "van", role: str = "regular") -> None:
        """Add a vehicle that is on shift from the beginning on for 8 h, with a chilled room."""
        self.world.sql(
            "INSERT INTO places (place_id, kind, name, zone) VALUES (%s, 'vehicle', %s, 'chilled')",
            f"{vehicle_id}.chilled",
            vehicle_id,
        )
        self.world.sql(
            "INSERT INTO vehicles (vehicle_id, city_id, depot_id, kind, role, mode, chilled_g, "
            "gateway_id, chilled_place_id) VALUES (%s, %s, %s, %s, %s, 'van', 200000, %s, %s)",
            vehicle_id,
            self.city_id,
            self.depot_id,
            kind,
            role,
            f"edge-{vehicle_id}",
            f"{vehicle_id}.chilled",
        )
        self.world.sql(
            "INSERT INTO shifts (shift_id, vehicle_id, from_at, until_at, drivers) "
            "VALUES (%s, %s, %s, %s, %s)",
            f"shift-{vehicle_id}",
            vehicle_id,
            self.begun,
            self.begun + minutes(480),
            [f"driver-{vehicle_id}"],
        )

    def position(self, vehicle_id: str, at: datetime, lat_deg: float, lon_deg: float) -> None:
        """Let a vehicle's edge say where it was."""
        self.world.sql(
            "INSERT INTO positions (gateway_id, at, lat_deg, lon_deg, speed_m_s, stored_at) "
            "VALUES (%s, %s, %s, %s, 7.5, %s)",
            f"edge-{vehicle_id}",
            at,
            lat_deg,
            lon_deg,
            at,
        )

    def order(
        self,
        order_id: str,
        *,
        lat_deg: float = 31.2,
        lon_deg: float = 121.45,
        due_at: datetime | None = None,
    ) -> None:
        """Let an order be placed; promised where there is a due time."""
        self.world.order(order_id, placed_at=self.begun)
        self.world.sql(
            "INSERT INTO deliveries (order_id, city_id, lat_deg, lon_deg, tier_h, chilled_g, "
            "wish, requested_at) VALUES (%s, %s, %s, %s, 2, 3500, 'fastest', %s)",
            order_id,
            self.city_id,
            lat_deg,
            lon_deg,
            self.begun,
        )
        if due_at is not None:
            self.world.sql(
                "INSERT INTO promises (order_id, city_id, state, due_at, depot_id, reason, "
                "version, decided_at) VALUES (%s, %s, 'promised', %s, %s, 'it fits', 1, %s)",
                order_id,
                self.city_id,
                due_at,
                self.depot_id,
                self.begun,
            )

    def plan(self, version: int, *, reason: str = "orders", at: datetime | None = None) -> None:
        """Begin a version of the plan."""
        self.world.sql(
            "INSERT INTO plans (city_id, version, made_at, reason, engine, seed, iterations, "
            "problem_sha256, cost, took_ms) "
            "VALUES (%s, %s, %s, %s, 'search', 7, 4000, '\\x00', %s, 640)",
            self.city_id,
            version,
            at or self.begun + minutes(version),
            reason,
            json.dumps({"distance": 41200}),
        )

    def stop(self, vehicle_id: str, order_id: str | None, **more: Any) -> None:
        """Put a stop into the plan; `order_id` None: the loading of a trip."""
        arrives_at = more.pop("arrives_at", self.begun + minutes(60))
        columns = {
            "city_id": self.city_id,
            "vehicle_id": vehicle_id,
            "trip": 1,
            "position": 0 if order_id is None else 1,
            "kind": "load" if order_id is None else "deliver",
            "order_id": order_id,
            "depot_id": self.depot_id if order_id is None else None,
            "arrives_at": arrives_at,
            "earliest_at": arrives_at - minutes(4),
            "latest_at": arrives_at + minutes(8),
            "leaves_at": arrives_at + minutes(3),
            "locked": False,
            "from_version": 1,
            **more,
        }
        self._insert("plan_stops", columns)

    def unserved(self, order_id: str, *, from_version: int = 1) -> None:
        """Let the plan leave an order behind."""
        self._insert(
            "plan_unserved",
            {
                "city_id": self.city_id,
                "order_id": order_id,
                "from_version": from_version,
                "reason": "shift",
                "sentence": "Every vehicle has ended its shift by then.",
                "remedy": "A shift of van-1 that ends 25 minutes later.",
            },
        )

    def change(self, version: int, order_id: str, what: str = "moved") -> None:
        """Let a version say what it changed for an order."""
        self._insert(
            "plan_changes",
            {
                "city_id": self.city_id,
                "version": version,
                "order_id": order_id,
                "what": what,
                "from_vehicle": "van-1",
                "to_vehicle": "van-2",
                "from_at": self.begun + minutes(60),
                "to_at": self.begun + minutes(64),
                "why": "van-2 passes 400 m from here.",
            },
        )

    def rescue(self, order_id: str, options: Sequence[dict[str, Any]], chosen: str) -> None:
        """Let a box have been a question."""
        self._insert(
            "rescues",
            {
                "city_id": self.city_id,
                "version": 1,
                "order_id": order_id,
                "consignment_id": f"{order_id}.chilled",
                "cause": "forecast",
                "options": json.dumps(options),
                "chosen": chosen,
                "why": "Brought forward it arrives 8 minutes before it is likely to leave.",
                "decided_at": self.begun + minutes(20),
            },
        )

    def outcome(self, command_id: str, *, accepted: bool, reason: str) -> None:
        """Decide a command as the dispatcher does."""
        self.world.sql(
            "INSERT INTO command_outcomes (command_id, accepted, reason, version, price, "
            "decided_at) VALUES (%s, %s, %s, %s, 260, %s)",
            command_id,
            accepted,
            reason,
            2 if accepted else None,
            self.begun + minutes(2),
        )
        self.world.sql("NOTIFY frostline")

    def tell(self, type_: str, data: dict[str, Any], order_id: str | None = None) -> None:
        """Append an event as the dispatcher does."""
        self.world.sql(
            "INSERT INTO events (at, type, order_id, data) VALUES (%s, %s, %s, %s)",
            self.world.clock(),
            type_,
            order_id,
            json.dumps(data),
        )
        self.world.sql("NOTIFY frostline")

    def world_connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect to the test's database."""
        return psycopg.connect(self.world.settings.database_url, autocommit=True)

    def dispatcher(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as a living dispatcher of the city; leaving the block ends it."""
        connection = self.world_connection()
        connection.execute("SELECT pg_advisory_lock(%s, %s)", lock_key(self.city_id))
        return connection

    def _insert(self, table: str, columns: dict[str, Any]) -> None:
        names = ", ".join(columns)
        holes = ", ".join(["%s"] * len(columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({holes})"  # noqa: S608  # tests' own
        self.world.sql(statement, *columns.values())


def city_with_an_order(world: World) -> CityRows:
    """Write a city whose plan, version 1, brings order-1 by van-1; van-2 is free."""
    city = CityRows(world)
    city.vehicle("van-1")
    city.vehicle("van-2")
    city.order("order-1", due_at=T0 + minutes(120))
    city.plan(1)
    city.stop("van-1", "order-1")
    return city
