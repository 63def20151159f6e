"""What do requests and answers about changing hands look like, for the documentation?"""

from typing import Final

NEW_HANDOVER: Final = {
    "step": "checked",
    "at": "2026-11-21T03:38:00Z",
    "consignment_id": "2026-1121-0007.chilled",
    "person": "courier-12",
    "temperature_c": 3.4,
}
HANDOVER: Final = {
    "handover_id": 88,
    "order_id": "2026-1121-0007",
    **NEW_HANDOVER,
    "place_id": None,
    "comment": None,
    "recorded_at": "2026-11-21T03:38:02Z",
}

NEW_ARRIVAL_ESTIMATE: Final = {"arrives_at": "2026-11-21T03:35:00Z", "by": "dispatcher-1"}
ARRIVAL_ESTIMATE: Final = {
    "order_id": "2026-1121-0007",
    "estimated_at": "2026-11-21T03:05:00Z",
    **NEW_ARRIVAL_ESTIMATE,
}

NEW_COMPLAINT: Final = {
    "complaint_id": "c-1907",
    "order_id": "2026-1121-0007",
    "severity": "minor",
    "about": "other",
    "consignment_id": "2026-1121-0007.chilled",
    "at": "2026-11-21T05:10:00Z",
    "amount": 1500,
    "comment": "The strawberries were bruised.",
    "by": "service-desk-3",
}
COMPLAINT: Final = {**NEW_COMPLAINT, "answered_at": None, "answer": None}
ANSWER: Final = {"answer": "We are sorry. 15 yuan were paid back."}
ANSWERED_COMPLAINT: Final = {
    **COMPLAINT,
    **ANSWER,
    "answered_at": "2026-11-21T06:00:00Z",
}

NEW_INTAKE: Final = {
    "intake_id": "in-2026-1121-31",
    "supplier": "North Sea Salmon",
    "batch": "L-20261118-4",
    "logger_id": "C4:A5:E3:00:00:07",
    "policy_id": "chilled",
    "from_at": "2026-11-18T04:00:00Z",
    "until_at": "2026-11-21T01:30:00Z",
    "by": "door-2",
}
INTAKE: Final = {
    **{name: value for name, value in NEW_INTAKE.items() if name != "by"},
    "policy_version": 2,
    "requested_at": "2026-11-21T01:31:00Z",
    "requested_by": "door-2",
    "decision": {
        "revision": 1,
        "decided_at": "2026-11-21T01:31:01Z",
        "accepted": False,
        "reason_code": "excursion",
        "reason": "Above 4 °C for 52 minutes on 2026-11-19, at most 9.1 °C.",
    },
}
WAITING_INTAKE: Final = {**INTAKE, "decision": None}
