"""What do alerts and maintenance look like, for the documentation?"""

from typing import Final

ALERT: Final = {
    "alert_id": 7,
    "cause": "excursion:2026-1121-0007.chilled:too-warm",
    "kind": "excursion",
    "severity": "critical",
    "state": "raised",
    "level": 1,
    "order_id": "2026-1121-0007",
    "consignment_id": "2026-1121-0007.chilled",
    "place_id": None,
    "logger_id": "C4:A5:E3:00:00:01",
    "facts": {"extreme_c": 7.23, "limit": "too-warm"},
    "raised_at": "2026-11-21T03:10:04Z",
    "escalates_at": "2026-11-21T03:25:04Z",
    "acknowledged_at": None,
    "ceased_at": None,
    "resolved_at": None,
}
ACKNOWLEDGEMENT: Final = {
    "comment": "Courier called: the box is being moved to the other van.",
    "by": "dispatcher-1",
}
_RAISED: Final = {
    "entry_id": 40,
    "at": "2026-11-21T03:10:04Z",
    "what": "raised",
    "level": 1,
    "by": "rules",
    "comment": None,
}
_ACKNOWLEDGED: Final = {
    "entry_id": 43,
    "at": "2026-11-21T03:12:40Z",
    "what": "acknowledged",
    "level": 1,
    **ACKNOWLEDGEMENT,
}
ALERT_WITH_TIMELINE: Final = {
    **ALERT,
    "state": "acknowledged",
    "acknowledged_at": "2026-11-21T03:12:40Z",
    "timeline": [_RAISED, _ACKNOWLEDGED],
}

NEW_MAINTENANCE: Final = {
    "place_id": "cold-room-3",
    "from_at": "2026-11-22T02:00:00Z",
    "until_at": "2026-11-22T04:00:00Z",
    "why": "The compressor is exchanged; the room is empty.",
    "by": "building-1",
}
MAINTENANCE: Final = {
    "maintenance_id": 3,
    **{name: value for name, value in NEW_MAINTENANCE.items() if name != "by"},
    "logger_id": None,
    "planned_by": "building-1",
    "planned_at": "2026-11-21T06:00:00Z",
}
