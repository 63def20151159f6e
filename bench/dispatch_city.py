"""A city with orders, as the api would have written it, for the dispatcher's bench.

Homes, weights, depots and fleet are those of `routing.city`. It is noon there, whatever the hour
here, and every vehicle is at work for ten hours. The orders that are there before are booked into
windows over the rest of the day; those that come wish for the fastest of their tier.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from routing.city import city_day
from routing.problem import Order, Problem, Vehicle

CITY: Final = "bench"
_DAY_H: Final = 10
_WINDOW_H: Final = 2
_TIERS: Final = {"diamond": 2, "gold": 4, "silver": 6}
_POLICY: Final = {
    "tiers": [
        {"hours": hours, "levels": [level], "late_cost_per_min": 25, "drop_cost": 6000}
        for level, hours in _TIERS.items()
    ],
    "areas": {"type": "FeatureCollection", "features": []},
}


@dataclass(frozen=True, slots=True)
class BenchCity:
    """A city's database, and the day that it is made of."""

    db: psycopg.Connection
    day: Problem

    @classmethod
    def make(cls, database_url: str, *, orders: int, seed: int) -> "BenchCity":
        """Write a city with depots and fleet, and no orders yet."""
        city = cls(
            psycopg.connect(database_url, autocommit=True), city_day(orders=orders, seed=seed)
        )
        now = datetime.now(UTC)
        city.insert(
            "cities",
            city_id=CITY,
            name="Bench",
            time_zone=noon_zone(now),
            policy=json.dumps(_POLICY),
            loaded_at=now,
        )
        for depot in city.day.depots:
            city.insert(
                "depots",
                depot_id=depot.id,
                city_id=CITY,
                kind=depot.kind,
                name=depot.id,
                picking_s=depot.picking_s,
                orders_per_hour=list(depot.orders_per_hour) if depot.orders_per_hour else None,
                **city.point_of(depot.place),
            )
        for vehicle in city.day.vehicles:
            city._staff(vehicle, now)
        return city

    def _staff(self, vehicle: Vehicle, now: datetime) -> None:
        self.insert(
            "vehicles",
            vehicle_id=vehicle.id,
            city_id=CITY,
            depot_id=vehicle.depot,
            kind=vehicle.kind,
            mode=vehicle.mode,
            frozen_g=vehicle.capacity.frozen_g,
            chilled_g=vehicle.capacity.chilled_g,
            ambient_g=vehicle.capacity.ambient_g,
            max_trips=8,
            reload_s=vehicle.reload_s,
            door_s=vehicle.door_s,
            returns=vehicle.returns,
            fixed_cost=vehicle.fixed_cost,
            cost_per_km=vehicle.cost_per_km,
            cost_per_h=vehicle.cost_per_h,
            cost_per_order=vehicle.cost_per_order,
        )
        self.insert(
            "shifts",
            shift_id=f"{vehicle.id}/1",
            vehicle_id=vehicle.id,
            from_at=now,
            until_at=now + timedelta(hours=_DAY_H),
            drivers=["one"],
        )

    # What comes in

    def book(self, number: int) -> None:
        """Write an order for one of the day's windows."""
        windows = _DAY_H // _WINDOW_H - 1
        from_at = datetime.now(UTC) + timedelta(hours=1 + _WINDOW_H * (number % windows))
        self._order(
            self.day.orders[number % len(self.day.orders)],
            f"booked-{number}",
            wish="window",
            window_from=from_at,
            window_until=from_at + timedelta(hours=_WINDOW_H),
        )

    def request(self, number: int) -> str:
        """Write an order that wishes for the fastest, and wake the dispatcher; return its id."""
        order_id = f"order-{number}"
        self._order(self.day.orders[number % len(self.day.orders)], order_id, wish="fastest")
        self.wake()
        return order_id

    def cancel(self, order_id: str) -> None:
        """Take an order back."""
        self.insert("milestones", order_id=order_id, milestone="cancelled", at=datetime.now(UTC))

    def disrupt(self, disruption_id: str, kind: str, vehicle_id: str | None, details: Any) -> None:
        """Write a disruption that holds from now on, and wake the dispatcher."""
        now = datetime.now(UTC)
        self.insert(
            "disruptions",
            disruption_id=disruption_id,
            city_id=CITY,
            kind=kind,
            vehicle_id=vehicle_id,
            details=json.dumps(details),
            from_at=now,
            until_at=now + timedelta(hours=6),
            recorded_at=now,
            recorded_by="bench",
        )
        self.wake()

    def end(self, kind: str) -> None:
        """Let all disruptions of a kind be over, and wake the dispatcher."""
        self.db.execute(
            "UPDATE disruptions SET until_at = %(now)s WHERE kind = %(kind)s "
            "AND until_at > %(now)s",
            {"now": datetime.now(UTC), "kind": kind},
        )
        self.wake()

    def wake(self) -> None:
        """Say that something was committed."""
        self.db.execute("NOTIFY frostline")

    def _order(self, order: Order, order_id: str, **delivery: object) -> None:
        now = datetime.now(UTC)
        level = list(_TIERS)[sum(map(ord, order_id)) % len(_TIERS)]
        with self.db.transaction():
            self.insert(
                "orders",
                order_id=order_id,
                member_id="bench",
                member_level=level,
                time_zone="Asia/Shanghai",
                placed_at=now,
                delivery_fee=900,
            )
            self.insert(
                "deliveries",
                order_id=order_id,
                city_id=CITY,
                tier_h=_TIERS[level],
                frozen_g=order.load.frozen_g,
                chilled_g=order.load.chilled_g,
                ambient_g=order.load.ambient_g,
                service_s=order.service_s,
                requested_at=now,
                **self.point_of(order.place),
                **delivery,
            )

    def point_of(self, place_id: str) -> dict[str, float | None]:
        """Return where a place of the day is."""
        place = next(place for place in self.day.places if place.id == place_id)
        return {"lat_deg": place.lat_deg, "lon_deg": place.lon_deg}

    def insert(self, table: str, **row: object) -> None:
        """Write one row."""
        names, slots = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({slots})".encode(), row)  # noqa: S608

    def one(self, statement: str, values: Mapping[str, object]) -> Any:
        """Return the first column of the first row, or None."""
        row = self.db.execute(statement.encode(), values).fetchone()
        return None if row is None else row[0]


def noon_zone(now: datetime) -> str:
    """Return a time zone in which it is about noon now."""
    east_h = 12 - round(now.hour + now.minute / 60)
    return f"Etc/GMT{-east_h:+d}"  # POSIX counts them to the west
