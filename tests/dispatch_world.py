"""What the dispatcher's tests share: a city as the api writes it, and a clock of the test's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from routing.dispatch.settings import DispatchSettings
from routing.dispatch.store import Store
from routing.dispatcher import Dispatcher

# A fixed morning: 10:00 in Shanghai.
T0 = datetime(2026, 1, 21, 2, 0, tzinfo=UTC)
CITY = "shanghai"
DEPOT = (31.20, 121.40)
SMALL_SEARCH = 50
"""Iterations: enough to see that a plan is searched for, in some hundredths of a second."""

POLICY = {
    "tiers": [
        {
            "hours": hours,
            "levels": [level],
            "late_cost_per_min": 25,
            "drop_cost": 6000,
        }
        for hours, level in ((2, "diamond"), (4, "gold"), (6, "silver"))
    ],
    "areas": {"type": "FeatureCollection", "features": []},
}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


class DispatchWorld:
    """A database with a city in it: a depot, two vans, and orders as a test wishes."""

    def __init__(self, database_url: str, *, now: datetime = T0, **changes: Any) -> None:
        self.database_url = database_url
        self.now = now
        values: dict[str, Any] = {"iterations": SMALL_SEARCH, "batch_s": 0.0}
        self.settings = DispatchSettings(database_url=database_url, city=CITY, **(values | changes))
        self.db = psycopg.connect(database_url, autocommit=True)
        self.store = Store.connect(database_url)
        self.dispatcher = Dispatcher(self.store, self.settings, lambda: self.now)

    def close(self) -> None:
        self.store.close()
        self.db.close()

    def sql(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        cursor = self.db.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []

    def step(self, after_min: float = 0) -> float:
        """Let time pass, and the dispatcher look."""
        self.now += minutes(after_min)
        return self.dispatcher.step()

    # What the api writes ------------------------------------------------------------------------

    def city(self, *, vans: int = 2, shift_h: float = 12, time_zone: str = "Asia/Shanghai") -> None:
        self.sql(
            "INSERT INTO cities (city_id, name, time_zone, policy, loaded_at) "
            "VALUES (%s, 'Shanghai', %s, %s, %s)",
            (CITY, time_zone, Jsonb(POLICY), self.now),
        )
        self.sql(
            "INSERT INTO depots (depot_id, city_id, kind, name, lat_deg, lon_deg, picking_s) "
            "VALUES ('depot-1', %s, 'front_warehouse', 'One', %s, %s, 1800)",
            (CITY, *DEPOT),
        )
        for number in range(1, vans + 1):
            self.van(f"van-{number}", shift_h=shift_h)

    def van(self, vehicle_id: str, *, shift_h: float = 12) -> None:
        for zone in ("frozen", "chilled"):
            self.sql(
                "INSERT INTO places (place_id, kind, name, zone) VALUES (%s, 'vehicle', %s, %s)",
                (f"{vehicle_id}.{zone}", vehicle_id, zone),
            )
        self.sql(
            "INSERT INTO vehicles (vehicle_id, city_id, depot_id, kind, mode, frozen_g, chilled_g, "
            "ambient_g, max_trips, reload_s, door_s, fixed_cost, cost_per_km, cost_per_h, "
            "gateway_id, frozen_place_id, chilled_place_id) VALUES (%s, %s, 'depot-1', 'van', "
            "'van', 60000, 110000, 60000, 6, 600, 60, 6000, 100, 3500, %s, %s, %s)",
            (
                vehicle_id,
                CITY,
                f"edge-{vehicle_id}",
                f"{vehicle_id}.frozen",
                f"{vehicle_id}.chilled",
            ),
        )
        self.sql(
            "INSERT INTO shifts (shift_id, vehicle_id, from_at, until_at, drivers) "
            "VALUES (%s, %s, %s, %s, '{Wang}')",
            (
                f"shift-{vehicle_id}",
                vehicle_id,
                self.now - minutes(60),
                self.now + minutes(60 * shift_h),
            ),
        )

    def order(
        self,
        order_id: str,
        *,
        east_km: float = 1.0,
        north_km: float = 0.0,
        level: str = "gold",
        **changes: object,
    ) -> None:
        """Request an order so far from the depot, now."""
        self.sql(
            "INSERT INTO orders (order_id, member_id, member_level, time_zone, placed_at, "
            "delivery_fee) VALUES (%s, 'm-1', %s, 'Asia/Shanghai', %s, 900)",
            (order_id, level, self.now),
        )
        self.sql(
            "INSERT INTO consignments (consignment_id, order_id, zone, policy_id, policy_version, "
            "opened_at, goods_value) VALUES (%s, %s, 'chilled', 'chilled', 1, %s, 10000)",
            (f"{order_id}.chilled", order_id, self.now),
        )
        # A degree of latitude is 111.2 km, one of longitude at 31.2° N 95.1 km.
        delivery: dict[str, object] = {
            "order_id": order_id,
            "city_id": CITY,
            "lat_deg": DEPOT[0] + north_km / 111.2,
            "lon_deg": DEPOT[1] + east_km / 95.1,
            "tier_h": {"diamond": 2, "gold": 4, "silver": 6}[level],
            "chilled_g": 5000,
            "service_s": 180,
            "wish": "fastest",
            "requested_at": self.now,
        } | changes
        names = ", ".join(delivery)
        slots = ", ".join(f"%({name})s" for name in delivery)
        self.sql(f"INSERT INTO deliveries ({names}) VALUES ({slots})", delivery)  # noqa: S608

    def handover(self, order_id: str, step: str, *, place_id: str | None = None) -> None:
        self.sql(
            "INSERT INTO handovers (order_id, step, at, place_id, person, recorded_at) "
            "VALUES (%s, %s, %s, %s, 'Wang', %s)",
            (order_id, step, self.now, place_id, self.now),
        )

    def milestone(self, order_id: str, milestone: str) -> None:
        self.sql("INSERT INTO milestones VALUES (%s, %s, %s)", (order_id, milestone, self.now))

    def leave(self, order_id: str, vehicle_id: str = "van-1") -> None:
        """Load an order, and depart."""
        self.handover(order_id, "loaded", place_id=f"{vehicle_id}.chilled")
        self.handover(order_id, "departed")

    def command(self, command_id: str, kind: str, **values: object) -> None:
        row = {
            "command_id": command_id,
            "city_id": CITY,
            "base_version": self.version(),
            "kind": kind,
            "commanded_at": self.now,
            "commanded_by": "Li",
        } | values
        names = ", ".join(row)
        slots = ", ".join(f"%({name})s" for name in row)
        self.sql(f"INSERT INTO dispatch_commands ({names}) VALUES ({slots})", row)  # noqa: S608

    # What the dispatcher wrote ------------------------------------------------------------------

    def version(self) -> int:
        ((version,),) = self.sql("SELECT COALESCE(max(version), 0) FROM plans")
        return int(version)

    def promise(self, order_id: str) -> dict[str, Any]:
        rows = self.sql("SELECT to_jsonb(p) FROM promises p WHERE order_id = %s", (order_id,))
        found: dict[str, Any] = rows[0][0] if rows else {}
        return found

    def planned(self) -> dict[str, list[str]]:
        """Return which orders each vehicle brings, in order."""
        rows = self.sql(
            "SELECT vehicle_id, order_id FROM plan_stops WHERE to_version IS NULL "
            "AND kind = 'deliver' ORDER BY vehicle_id, trip, position"
        )
        plan: dict[str, list[str]] = {}
        for vehicle_id, order_id in rows:
            plan.setdefault(vehicle_id, []).append(order_id)
        return plan

    def outcome(self, command_id: str) -> tuple[bool, str, int | None]:
        ((accepted, reason, price),) = self.sql(
            "SELECT accepted, reason, price FROM command_outcomes WHERE command_id = %s",
            (command_id,),
        )
        return accepted, reason, price


@contextmanager
def dispatch_world(
    database_url: str, *, now: datetime = T0, **changes: Any
) -> Iterator[DispatchWorld]:
    world = DispatchWorld(database_url, now=now, **changes)
    try:
        yield world
    finally:
        world.close()


def noon_zone(now: datetime) -> str:
    """Return a time zone in which it is between 11:30 and 12:30 now, for real processes."""
    east_h = 12 - round(now.hour + now.minute / 60)
    return f"Etc/GMT{-east_h:+d}"  # POSIX counts them to the west
