"""What do cities, depots, lockers, vehicles and shifts look like, for the documentation?"""

from typing import Any, Final

POLICY: Final[dict[str, Any]] = {
    "tiers": [
        {
            "hours": 2,
            "levels": ["diamond", "V4", "V5"],
            "areas": ["centre"],
            "late_cost_per_min": 25,
            "drop_cost": 6000,
        },
        {
            "hours": 4,
            "levels": ["diamond", "V4", "V5", "gold"],
            "areas": [],
            "late_cost_per_min": 15,
            "drop_cost": 5000,
        },
    ],
    "areas": {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"area": "centre"},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [
                            [121.40, 31.15],
                            [121.55, 31.15],
                            [121.55, 31.30],
                            [121.40, 31.30],
                            [121.40, 31.15],
                        ]
                    ],
                },
            }
        ],
    },
    "opens_s": 28800,
    "closes_s": 82800,
    "latest_after_s": 7200,
    "window_s": 7200,
}
CITY_DETAILS: Final = {"name": "Shanghai", "time_zone": "Asia/Shanghai", "policy": POLICY}
CITY: Final = {"city_id": "shanghai", **CITY_DETAILS, "loaded_at": "2026-11-20T06:00:00Z"}
CITY_HEAD: Final = {name: value for name, value in CITY.items() if name != "policy"}
NEW_ADDRESSES: Final = {
    "addresses": [
        {"address": "12 Xinzha Road, block 3", "lat_deg": 31.2371, "lon_deg": 121.4612},
        {"address": "8 Yan'an Road", "lat_deg": 31.2296, "lon_deg": 121.4708},
    ]
}
ADDRESSES_KNOWN: Final = {"city_id": "shanghai", "given": 2, "known": 2}
ADDRESS: Final = {"address": "12 xinzha road, block 3", "lat_deg": 31.2371, "lon_deg": 121.4612}

DEPOT_DETAILS: Final = {
    "city_id": "shanghai",
    "kind": "front_warehouse",
    "name": "Xinzha Road",
    "lat_deg": 31.2402,
    "lon_deg": 121.4575,
    "picking_s": 900,
    "orders_per_hour": None,
    "closed_at": None,
}
STOCK_COUNT: Final = {"available_g": 480_000, "counted_at": "2026-11-21T00:30:00Z"}
DEPOT: Final = {
    "depot_id": "depot-1",
    **DEPOT_DETAILS,
    "stock": [{"zone": "chilled", **STOCK_COUNT}],
}
LOCKER_DETAILS: Final = {
    "city_id": "shanghai",
    "name": "Jing'an metro, exit 4",
    "lat_deg": 31.2239,
    "lon_deg": 121.4456,
    "compartments": 24,
    "place_id": None,
    "closed_at": None,
}
LOCKER: Final = {"locker_id": "locker-4", **LOCKER_DETAILS}

VEHICLE_DETAILS: Final = {
    "depot_id": "depot-1",
    "kind": "van",
    "role": "regular",
    "mode": "van",
    "frozen_g": 60_000,
    "chilled_g": 110_000,
    "ambient_g": 60_000,
    "range_m": 180_000,
    "max_trips": 4,
    "reload_s": 900,
    "door_s": 90,
    "returns": True,
    "fixed_cost": 6000,
    "cost_per_km": 100,
    "cost_per_h": 3500,
    "cost_per_order": 0,
    "gateway_id": "truck-17",
    "frozen_place_id": None,
    "chilled_place_id": None,
    "ambient_place_id": None,
    "retired_at": None,
}
VEHICLE: Final = {"vehicle_id": "van-17", "city_id": "shanghai", **VEHICLE_DETAILS}
SHIFT_DETAILS: Final = {
    "vehicle_id": "van-17",
    "from_at": "2026-11-21T00:00:00Z",
    "until_at": "2026-11-21T08:00:00Z",
    "drivers": ["Li Wei", "Wang Fang"],
    "breaks": [
        {
            "earliest_at": "2026-11-21T03:00:00Z",
            "latest_at": "2026-11-21T05:00:00Z",
            "duration_s": 1800,
        }
    ],
    "cancelled_at": None,
}
SHIFT: Final = {"shift_id": "van-17-early", **SHIFT_DETAILS}
