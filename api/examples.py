"""What do requests and answers look like, for the documentation?

A contract test holds each against its schema.
"""

from typing import Any, Final

from fastapi import Body

Responses = dict[int | str, dict[str, Any]]

LOGGER_DETAILS: Final = {
    "label": "Box 17",
    "model": "RuuviTag",
    "record_interval_s": 30,
    "calibration_due_at": "2027-11-01T00:00:00Z",
}
LOGGER: Final = {
    "logger_id": "C4:A5:E3:00:00:01",
    **LOGGER_DETAILS,
    "registered_at": "2026-11-20T06:00:00Z",
    "frame_format": "ruuvi-df5",
    "first_heard_at": "2026-11-20T06:00:04Z",
    "unassigned": False,
    "newest_at": "2026-11-21T02:14:30Z",
    "newest_temperature_c": 2.41,
}
PLACE_DETAILS: Final = {"kind": "cold_room", "name": "Cold room 3", "zone": "chilled"}
PLACE: Final = {"place_id": "cold-room-3", **PLACE_DETAILS}

BINDING: Final = {
    "binding_id": 41,
    "logger_id": "C4:A5:E3:00:00:01",
    "consignment_id": "2026-1121-0007.chilled",
    "place_id": None,
    "from_at": "2026-11-21T02:00:00Z",
    "until_at": None,
    "bound_by": "packing-desk-2",
    "closed_by": None,
    "closed_why": None,
}
BINDING_END: Final = {"at": "2026-11-21T03:40:00Z", "why": "box unpacked", "by": "packing-desk-2"}
ENDED_BINDING: Final = {
    **BINDING,
    "until_at": "2026-11-21T03:40:00Z",
    "closed_by": "packing-desk-2",
    "closed_why": "box unpacked",
}
NEW_BINDING: Final = {
    "logger_id": "C4:A5:E3:00:00:01",
    "consignment_id": "2026-1121-0007.chilled",
    "from_at": "2026-11-21T02:00:00Z",
    "by": "packing-desk-2",
}
BINDING_OPENED: Final = {
    "binding": BINDING,
    "closed": [
        {
            **ENDED_BINDING,
            "binding_id": 38,
            "consignment_id": "2026-1120-0912.chilled",
            "from_at": "2026-11-20T09:10:00Z",
            "until_at": "2026-11-21T02:00:00Z",
            "closed_why": "taken over by consignment 2026-1121-0007.chilled",
        }
    ],
}

NEW_STAY: Final = {
    "consignment_id": "2026-1121-0007.chilled",
    "place_id": "cold-room-3",
    "from_at": "2026-11-21T02:05:00Z",
}
STAY: Final = {"stay_id": 12, **NEW_STAY, "until_at": None}
STAY_END: Final = {"at": "2026-11-21T02:30:00Z"}
ENDED_STAY: Final = {**STAY, "until_at": "2026-11-21T02:30:00Z"}

PACKING: Final = {
    "packed_at": "2026-11-21T01:58:00Z",
    "box_serial": "EPP-0417",
    "box_material": "epp",
    "wall_w_per_k": None,
    "pack_kind": "ice",
    "pack_kg": 1.2,
    "product_kg": 3.5,
}
_POLICY: Final = {"policy_id": "chilled", "version": 1, "lower_c": 0.0, "upper_c": 4.0}
NEW_ORDER: Final = {
    "order_id": "2026-1121-0007",
    "member_id": "m-58211",
    "member_level": "gold",
    "time_zone": "Asia/Shanghai",
    "placed_at": "2026-11-21T01:45:00Z",
    "due_at": "2026-11-21T05:45:00Z",
    "currency": "CNY",
    "delivery_fee": 600,
    "consignments": [{"zone": "chilled", "goods_value": 12800, "packing": PACKING}],
}
ORDER_HEAD: Final = {name: value for name, value in NEW_ORDER.items() if name != "consignments"}
CONSIGNMENT: Final = {
    "consignment_id": "2026-1121-0007.chilled",
    "zone": "chilled",
    "policy": _POLICY,
    "product_class": None,
    "goods_value": 12800,
    "packing": PACKING,
    "opened_at": "2026-11-21T01:45:00Z",
    "closed_at": None,
    "bindings": [BINDING],
    "stays": [STAY],
}
ORDER: Final = {
    **ORDER_HEAD,
    "milestones": [{"milestone": "placed", "at": "2026-11-21T01:45:00Z"}],
    "consignments": [CONSIGNMENT],
}
MILESTONE_TIME: Final = {"at": "2026-11-21T02:10:00Z"}
NEW_LINK: Final = {"expires_at": "2026-11-22T05:45:00Z"}
LINK: Final = {
    "url": "https://cold.example/m/WyIyMDI2LTExMjEtMDAwNyIsMTc5NTMyMDMwMF0.c2lnbmF0dXJl",
    "expires_at": "2026-11-22T05:45:00Z",
}

_BOX: Final = {
    "kind": "box",
    "logger_id": "C4:A5:E3:00:00:01",
    "place_id": None,
    "place_name": None,
}
_POINTS: Final = {
    "t_ms": [1795226400000, 1795226430000, 1795226460000],
    "temperature_c": [2.53, 2.49, 2.41],
}
CURVE: Final = {
    "order_id": "2026-1121-0007",
    "time_zone": "Asia/Shanghai",
    "consignments": [
        {
            "consignment_id": "2026-1121-0007.chilled",
            "zone": "chilled",
            "policy": _POLICY,
            "from_ms": 1795226400000,
            "until_ms": None,
            "readings": 3,
            "newest": {
                "source": _BOX,
                "measured_at_ms": 1795226460000,
                "temperature_c": 2.41,
                "verdict": "in_range",
            },
            "segments": [{"source": _BOX, "gap_limit_s": 90.0, "readings": 3, "points": _POINTS}],
            "gaps": [],
            "verdict": None,
            "excursions": [],
            "forecast": None,
        }
    ],
}
CURVE_CSV: Final = (
    "consignment_id,zone,source,logger_id,place_id,measured_at,temperature_c\r\n"
    "2026-1121-0007.chilled,chilled,box,C4:A5:E3:00:00:01,,2026-11-21T02:00:00.000Z,2.53\r\n"
)
CURVE_SVG: Final = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 284">…</svg>'
LIVE: Final = (
    'id: 740-0\nevent: ready\ndata: {"heartbeat_s":15}\n\n'
    'id: 741-12\nevent: points\ndata: {"consignments":[{"consignment_id":"2026-1121-0007.chilled",'
    '"segments":[{"source":{"kind":"box","logger_id":"C4:A5:E3:00:00:01","place_id":null,'
    '"place_name":null},"points":{"t_ms":[1795226490000],"temperature_c":[2.38]}}]}]}\n\n'
)


def body(example: dict[str, Any]) -> Any:
    """Return the `Body` of a request with its example."""
    return Body(openapi_examples={"usual": {"summary": "The usual case", "value": example}})


def answers(
    model: Any, example: object, *, status: int = 200, also: int | None = None
) -> Responses:
    """Return the `responses` of an operation's success: its model, with an example."""
    described = {200: "Done.", 201: "Created."}
    return {
        code: {
            "model": model,
            "description": described[code],
            "content": {"application/json": {"example": example}},
        }
        for code in (status, also)
        if code is not None
    }


def text(example: str, *, status: int = 200) -> Responses:
    """Return the `responses` of an operation that answers in plain text."""
    return {
        status: {
            "description": example.strip().capitalize() if status != 200 else "Done.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": example}},
        }
    }
