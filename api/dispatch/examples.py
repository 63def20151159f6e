"""What do plans, vehicles, commands and disruptions look like, for the documentation?"""

from typing import Any, Final

from fastapi import Body

STOP: Final = {
    "position": 1,
    "kind": "deliver",
    "order_id": "2026-1121-0007",
    "depot_id": None,
    "to_locker": False,
    "arrives_at": "2026-11-21T05:12:00Z",
    "earliest_at": "2026-11-21T05:07:00Z",
    "latest_at": "2026-11-21T05:21:00Z",
    "leaves_at": "2026-11-21T05:15:00Z",
    "locked": False,
    "due_at": "2026-11-21T05:45:00Z",
    "outlook": "on_time",
    "lat_deg": 31.2013,
    "lon_deg": 121.4452,
}
LOADING: Final = {
    **STOP,
    "position": 0,
    "kind": "load",
    "order_id": None,
    "depot_id": "xuhui",
    "arrives_at": "2026-11-21T04:40:00Z",
    "earliest_at": "2026-11-21T04:40:00Z",
    "latest_at": "2026-11-21T04:44:00Z",
    "leaves_at": "2026-11-21T04:50:00Z",
    "due_at": None,
    "outlook": None,
    "lat_deg": 31.1968,
    "lon_deg": 121.4379,
}
MADE: Final = {
    "version": 214,
    "made_at": "2026-11-21T04:31:07Z",
    "reason": "orders",
    "why": {"orders": ["2026-1121-0007"]},
    "engine": "search",
    "seed": 214,
    "iterations": 4000,
    "problem_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "cost": {"distance": 41200, "time": 38900, "lateness": 0},
    "pins_cost": 260,
    "took_ms": 640,
}
VERSION: Final = {**MADE, "changed": 3, "unserved": 1}
PLAN: Final = {
    "city_id": "shanghai",
    "version": 214,
    "is_newest": True,
    "dispatcher_lives": True,
    "made": MADE,
    "trips": [{"vehicle_id": "van-3", "trip": 2, "stops": [LOADING, STOP]}],
    "unserved": [
        {
            "order_id": "2026-1121-0019",
            "reason": "shift",
            "sentence": "Every vehicle that could bring it has ended its shift by then.",
            "remedy": "A shift of van-5 that ends 25 minutes later.",
        }
    ],
    "pins": [
        {
            "order_id": "2026-1121-0011",
            "kind": "pin",
            "vehicle_id": "van-5",
            "hold_until": None,
            "price": 260,
            "by": "dispatcher-1",
        }
    ],
}
CHANGE: Final = {
    "version": 214,
    "order_id": "2026-1121-0011",
    "what": "moved",
    "from_vehicle": "van-3",
    "to_vehicle": "van-5",
    "from_at": "2026-11-21T05:20:00Z",
    "to_at": "2026-11-21T05:24:00Z",
    "why": "2026-1121-0007 takes its place on van-3; van-5 passes 400 m from here.",
}
RESCUE: Final = {
    "rescue_id": 8,
    "version": 215,
    "order_id": "2026-1121-0007",
    "consignment_id": "2026-1121-0007.chilled",
    "cause": "forecast",
    "options": [
        {
            "action": "keep",
            "vehicle_id": "van-3",
            "arrives_at": "2026-11-21T02:52:00Z",
            "cost": 14100,
            "spoil_chance": 0.73,
        },
        {
            "action": "bring_forward",
            "vehicle_id": "van-3",
            "arrives_at": "2026-11-21T02:36:00Z",
            "cost": 4300,
            "spoil_chance": 0.18,
        },
    ],
    "chosen": "bring_forward",
    "why": "Brought forward it arrives 8 minutes before it is likely to leave its zone.",
    "decided_at": "2026-11-21T02:20:01Z",
}
DISRUPTION: Final = {
    "disruption_id": "storm-1121",
    "city_id": "shanghai",
    "kind": "weather",
    "vehicle_id": None,
    "details": {
        "weather": "storm",
        "speed_percent": 70,
        "extra_service_s": 60,
        "hold_percent": 130,
    },
    "from_at": "2026-11-21T04:00:00Z",
    "until_at": None,
    "recorded_at": "2026-11-21T03:55:00Z",
    "recorded_by": "dispatcher-1",
}
DISRUPTION_END: Final = {"at": "2026-11-21T07:30:00Z"}
ENDED_DISRUPTION: Final = {**DISRUPTION, "until_at": "2026-11-21T07:30:00Z"}
_SINCE: Final = {"city_id": "shanghai", "from_at": "2026-11-21T04:00:00Z", "by": "dispatcher-1"}
_NEW_DISRUPTIONS: Final[dict[str, dict[str, Any]]] = {
    "weather": {**_SINCE, "kind": "weather", "details": DISRUPTION["details"]},
    "road_closed": {
        **_SINCE,
        "kind": "road_closed",
        "details": {"lat_deg": 31.195, "lon_deg": 121.437, "radius_m": 300},
    },
    "breakdown": {**_SINCE, "kind": "breakdown", "vehicle_id": "van-3", "details": {}},
    "delay": {**_SINCE, "kind": "delay", "vehicle_id": "van-3", "details": {"delay_s": 900}},
    "cooling_failed": {
        **_SINCE,
        "kind": "cooling_failed",
        "vehicle_id": "van-3",
        "details": {"zone": "chilled"},
    },
}
_LOAD: Final = {"frozen_g": 4000, "chilled_g": 11500, "ambient_g": 9000}
VEHICLE: Final = {
    "vehicle_id": "van-3",
    "kind": "van",
    "role": "regular",
    "depot_id": "xuhui",
    "shift": {
        "from_at": "2026-11-21T00:00:00Z",
        "until_at": "2026-11-21T08:00:00Z",
        "drivers": ["courier-12", "courier-31"],
    },
    "position": {
        "at": "2026-11-21T04:58:10Z",
        "lat_deg": 31.1952,
        "lon_deg": 121.4368,
        "speed_m_s": 7.5,
    },
    "capacity": {"frozen_g": 120000, "chilled_g": 240000, "ambient_g": 240000},
    "aboard": _LOAD,
    "orders_aboard": ["2026-1121-0007"],
    "compartments": [
        {
            "zone": "chilled",
            "place_id": "van-3.chilled",
            "temperature_c": 2.8,
            "measured_at": "2026-11-21T04:58:00Z",
            "failed_since": None,
        }
    ],
    "disruptions": [],
    "stops_left": 1,
    "next_stops": [{**STOP, "trip": 2}],
}
NEW_COMMAND: Final = {
    "command_id": "cmd-0412",
    "base_version": 214,
    "kind": "pin",
    "order_id": "2026-1121-0011",
    "vehicle_id": "van-5",
    "comment": "The driver knows the doorman.",
    "by": "dispatcher-1",
}
COMMAND: Final = {
    "command_id": "cmd-0412",
    "city_id": "shanghai",
    "base_version": 214,
    "kind": "pin",
    "order_id": "2026-1121-0011",
    "vehicle_id": "van-5",
    "hold_until": None,
    "undo_version": None,
    "comment": "The driver knows the doorman.",
    "commanded_at": "2026-11-21T04:32:00Z",
    "commanded_by": "dispatcher-1",
    "outcome": {
        "accepted": True,
        "reason": "2026-1121-0011 stays on van-5.",
        "version": 215,
        "price": 260,
        "decided_at": "2026-11-21T04:32:01Z",
    },
    "waits_for": None,
}
WAITING_COMMAND: Final = {
    **COMMAND,
    "outcome": None,
    "waits_for": "The dispatcher has not decided yet; look again at Location.",
}
NEW_CONSOLE_LINK: Final = {"expires_at": "2026-11-21T16:00:00Z"}
CONSOLE_LINK: Final = {
    "url": "https://cold.example/cities/shanghai/console?link=WyJzaGFuZ2hhaSIsMTc5Nl0.c2lnbmF0",
    "expires_at": "2026-11-21T16:00:00Z",
}
STREAM: Final = (
    'event: ready\nid: 740-0\ndata: {"heartbeat_s":15,"version":214}\n\n'
    'event: event\nid: 741-12\ndata: {"type":"frostline.plan.changed",'
    '"at":"2026-11-21T04:32:01Z","order_id":null,"data":{"city_id":"shanghai","version":215}}\n\n'
    'event: positions\ndata: {"vehicles":[{"vehicle_id":"van-3","at":"2026-11-21T04:58:10Z",'
    '"lat_deg":31.1952,"lon_deg":121.4368,"speed_m_s":7.5}]}\n\n'
)


def disruption_bodies() -> Any:
    """Return the `Body` of a disruption, with an example of each kind."""
    return Body(
        openapi_examples={
            kind: {"summary": kind.replace("_", " ").capitalize(), "value": value}
            for kind, value in _NEW_DISRUPTIONS.items()
        }
    )
