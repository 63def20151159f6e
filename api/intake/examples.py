"""What do deliveries, promises and batches look like, for the documentation?"""

from typing import Any, Final

from fastapi import Body

from api import examples
from api.examples import Responses
from api.intake.resources import DeliveredOrder
from api.resources import Order

NEW_DELIVERY: Final = {
    "city_id": "shanghai",
    "lat_deg": 31.2371,
    "lon_deg": 121.4612,
    "address": None,
    "wish": "fastest",
    "window_from": None,
    "window_until": None,
    "locker_id": None,
    "frozen_g": 0,
    "chilled_g": 3500,
    "ambient_g": 0,
    "service_s": 180,
}
NEW_DELIVERED_ORDER: Final = {
    **{name: value for name, value in examples.NEW_ORDER.items() if name != "due_at"},
    "delivery": NEW_DELIVERY,
}
DELIVERY: Final = {
    **NEW_DELIVERY,
    "area": "centre",
    "tier_h": 4,
    "requested_at": "2026-11-21T01:45:02Z",
}
PROMISE: Final = {
    "order_id": "2026-1121-0007",
    "city_id": "shanghai",
    "state": "promised",
    "due_at": "2026-11-21T05:45:00Z",
    "not_before": None,
    "depot_id": "depot-1",
    "alternates": ["depot-2"],
    "offers": [],
    "accepted_offer": None,
    "reason": "4 h by level and area; van-17 arrives about 03:20.",
    "version": 118,
    "decided_at": "2026-11-21T01:45:03Z",
}
OFFERED: Final = {
    **PROMISE,
    "state": "offered",
    "due_at": None,
    "depot_id": None,
    "alternates": [],
    "offers": [
        {
            "due_at": "2026-11-21T07:45:00Z",
            "window_from": None,
            "locker_id": None,
            "depot_id": "depot-1",
        },
        {
            "due_at": "2026-11-21T05:45:00Z",
            "window_from": None,
            "locker_id": "locker-4",
            "depot_id": "depot-1",
        },
    ],
    "reason": "Every van is full until 05:10.",
}
WAITING: Final = {
    **PROMISE,
    "state": "requested",
    "due_at": None,
    "depot_id": None,
    "alternates": [],
    "reason": "The dispatcher has not answered yet; look again.",
    "version": None,
    "decided_at": None,
}
ACCEPTED: Final = {
    **OFFERED,
    "accepted_offer": 1,
    "reason": "The dispatcher has not answered yet; look again.",
}
OFFER_ANSWER: Final = {"offer": 1}
_ORDER: Final = examples.ORDER | {"due_at": None}
DELIVERED_ORDER: Final = {
    **_ORDER,
    "due_at": PROMISE["due_at"],
    "delivery": DELIVERY,
    "promise": PROMISE,
}
WAITING_ORDER: Final = {**_ORDER, "delivery": DELIVERY, "promise": WAITING}


def order_body() -> Any:
    """Return the `Body` of a new order: with a delivery, and without."""
    return Body(
        openapi_examples={
            "usual": {"summary": "To be delivered", "value": NEW_DELIVERED_ORDER},
            "plain": {"summary": "Delivered by others", "value": examples.NEW_ORDER},
        }
    )


def order_answers() -> Responses:
    """Return the `responses` to a new order."""
    return {
        201: {
            "model": Order | DeliveredOrder,
            "description": "Created; with delivery: answered by the dispatcher.",
            "content": {
                "application/json": {
                    "examples": {
                        "delivered": {"summary": "Promised", "value": DELIVERED_ORDER},
                        "plain": {"summary": "Delivered by others", "value": examples.ORDER},
                    }
                }
            },
        },
        202: {
            "model": DeliveredOrder,
            "description": "Created, and not answered yet: look again at Location.",
            "content": {"application/json": {"example": WAITING_ORDER}},
        },
    }


NEW_BATCH: Final = {
    "orders": [NEW_DELIVERED_ORDER, NEW_DELIVERED_ORDER | {"order_id": "2026-1121-0008"}],
    "all_or_nothing": False,
}
BATCH: Final = {
    "written": 1,
    "refused": 1,
    "orders": [
        {"order_id": "2026-1121-0007", "status": 201, "promise": PROMISE, "problem": None},
        {
            "order_id": "2026-1121-0008",
            "status": 409,
            "promise": None,
            "problem": {
                "type": "urn:frostline:problem:already-exists",
                "title": "The id is taken",
                "status": 409,
                "detail": "There is already a order 2026-1121-0008.",
            },
        },
    ],
}
