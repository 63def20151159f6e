"""What do webhooks look like, for the documentation?"""

from typing import Any, Final

from schemas import events

NEW_ENDPOINT: Final = {
    "url": "https://erp.example/frostline",
    "event_types": ["frostline.excursion.*", "frostline.compensation.triggered"],
    "description": "The ERP's inbox",
}
ENDPOINT_CHANGE: Final = {"enabled": False}
ENDPOINT: Final = {
    "endpoint_id": "we_5f0c1d9e2a7b",
    **NEW_ENDPOINT,
    "enabled": True,
    "old_secret_until": None,
    "created_at": "2026-11-21T01:00:00Z",
    "disabled_at": None,
    "disabled_why": None,
}
ENDPOINT_WITH_SECRET: Final = {
    **ENDPOINT,
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
}
DELIVERY: Final = {
    "delivery_id": 610,
    "endpoint_id": "we_5f0c1d9e2a7b",
    "message_id": "msg_2c26b46b68ffc68ff99b453c1d304134",
    "type": events.EXCURSION_OPENED,
    "order_id": "2026-1121-0007",
    "sequence": 31,
    "state": "waiting",
    "created_at": "2026-11-21T03:10:04Z",
    "attempts": 1,
    "next_attempt_at": "2026-11-21T03:10:09Z",
    "delivered_at": None,
    "given_up_at": None,
}
DELIVERY_LOG: Final = {
    **DELIVERY,
    "body": '{"type":"frostline.excursion.opened","timestamp":"2026-11-21T03:10:04.000Z",'
    '"sequence":31,"data":{"excursion_id":31}}',
    "log": [
        {
            "attempt": 1,
            "at": "2026-11-21T03:10:04Z",
            "took_ms": 212,
            "status": 503,
            "error": None,
            "requested_by": None,
        }
    ],
}
REPLAY: Final = {
    "replay_id": 2,
    "delivery_id": 610,
    "requested_at": "2026-11-21T04:00:00Z",
    "requested_by": "a token's name",
}

_ORDER: Final = {"order_id": "2026-1121-0007"}
_BOX: Final = {**_ORDER, "consignment_id": "2026-1121-0007.chilled"}
# What is told of each kind of event.
TOLD: Final[dict[type, dict[str, Any]]] = {
    events.ExcursionEvent: {
        "excursion_id": 31,
        "revision": 1,
        "subject_kind": "consignment",
        "subject_id": "2026-1121-0007.chilled",
        "order_id": "2026-1121-0007",
        "place_id": None,
        "limit": "too-warm",
        "side": "upper",
        "severity": "critical",
        "state": "open",
        "source": "box",
        "from_at": "2026-11-21T02:38:00Z",
        "until_at": None,
        "extreme_c": 7.23,
        "degree_minutes": 54.1,
        "duration_s": 1920,
        "policy_id": "chilled",
        "policy_version": 2,
        "readings_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "found_late": False,
    },
    events.AtRisk: {
        **_BOX,
        "side": "upper",
        "made_at": "2026-11-21T02:20:00Z",
        "leaves_at_q10": "2026-11-21T02:31:00Z",
        "leaves_at_q50": "2026-11-21T02:44:00Z",
        "leaves_at_q90": None,
        "chance_within_40_min": 0.61,
    },
    events.Silent: {
        **_BOX,
        "logger_id": "C4:A5:E3:00:00:01",
        "place_id": None,
        "last_measured_at": "2026-11-21T02:14:30Z",
        "expected_interval_s": 30.0,
    },
    events.AlertEvent: {
        **_BOX,
        "alert_id": 7,
        "kind": "excursion",
        "cause": "excursion:2026-1121-0007.chilled:too-warm",
        "severity": "critical",
        "level": 1,
        "place_id": None,
        "logger_id": "C4:A5:E3:00:00:01",
        "on_duty": ["dispatcher-1"],
        "comment": None,
    },
    events.CompensationEvent: {
        **_BOX,
        "trigger_id": 19,
        "revision": 1,
        "cause": "spoiled:2026-1121-0007.chilled",
        "outcome": "approved",
        "amount": 19200,
        "delta": 19200,
        "currency": "CNY",
        "rulebook_id": "fresh-promise",
        "rulebook_version": 1,
        "clause": "1.1",
        "reason": "The box's own logger shows goods that spoiled (critical).",
        "needs_review": False,
        "found_late": False,
        "evidence_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    },
    events.PromiseEvent: {
        **_ORDER,
        "due_at": "2026-11-21T05:45:00Z",
        "arrives_at": "2026-11-21T06:35:00Z",
        "delivered_at": None,
        "late_s": 3780,
        "proposed_at": "2026-11-21T06:50:00Z",
        "compensation": 450,
        "currency": "CNY",
    },
    events.MilestoneEvent: {
        **_BOX,
        "step": "checked",
        "at": "2026-11-21T03:38:00Z",
        "place_id": None,
        "person": "courier-12",
        "temperature_c": 3.4,
    },
    events.PromisedEvent: {
        **_ORDER,
        "city_id": "shanghai",
        "due_at": "2026-11-21T05:45:00Z",
        "not_before": None,
        "depot_id": "xuhui",
        "reason": "van-3 reaches it at 05:12, 33 minutes before.",
    },
    events.OfferedEvent: {
        **_ORDER,
        "city_id": "shanghai",
        "offers": [
            {
                "due_at": "2026-11-21T07:45:00Z",
                "window_from": None,
                "locker_id": None,
                "depot_id": "xuhui",
            }
        ],
        "reason": "No vehicle with room reaches it before 05:58.",
    },
    events.PlanEvent: {
        "city_id": "shanghai",
        "version": 214,
        "reason": "orders",
        "changed": 3,
        "unserved": 0,
        "vehicle_ids": ["van-3", "van-5"],
    },
    events.RescueEvent: {
        **_BOX,
        "city_id": "shanghai",
        "version": 215,
        "cause": "forecast",
        "chosen": "bring_forward",
        "vehicle_id": "van-3",
        "arrives_at": "2026-11-21T02:36:00Z",
        "cost": 820,
        "spoil_chance": 0.18,
        "compared": 4,
        "why": "Brought forward it arrives 8 minutes before it is likely to leave its zone.",
    },
}
