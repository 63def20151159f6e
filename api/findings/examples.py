"""What do findings look like, for the documentation?"""

from typing import Final

from api.examples import CONSIGNMENT, ORDER

VERDICT: Final = {
    "verdict_id": 512,
    "subject_kind": "consignment",
    "subject_id": "2026-1121-0007.chilled",
    "revision": 2,
    "judged_at": "2026-11-21T03:10:04Z",
    "as_of": "2026-11-21T03:10:00Z",
    "found_late": False,
    "is_final": False,
    "outcome": "excursion",
    "policy_id": "chilled",
    "policy_version": 2,
    "readings": 141,
    "readings_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "summary": {"lowest_c": 1.9, "highest_c": 7.23, "mkt_c": 3.4},
}
EXCURSION: Final = {
    "excursion_id": 31,
    "revision": 1,
    "subject_kind": "consignment",
    "subject_id": "2026-1121-0007.chilled",
    "order_id": "2026-1121-0007",
    "place_id": None,
    "limit": "too-warm",
    "side": "upper",
    "severity": "critical",
    "source": "box",
    "state": "open",
    "from_at": "2026-11-21T02:38:00Z",
    "until_at": None,
    "extreme_c": 7.23,
    "degree_minutes": 54.1,
    "duration_s": 1920,
    "found_at": "2026-11-21T03:10:04Z",
    "found_late": False,
}
FORECAST: Final = {
    "consignment_id": "2026-1121-0007.chilled",
    "made_at": "2026-11-21T03:10:04Z",
    "leaves_in_s_q10": 1260.0,
    "leaves_in_s_q50": 2700.0,
    "leaves_in_s_q90": None,
    "chance_within_40_min": 0.44,
    "side": "upper",
    "at_risk": True,
    "spoil_cost": 19200,
}
JUDGED_ORDER: Final = {
    **ORDER,
    "consignments": [
        {**CONSIGNMENT, "verdict": VERDICT, "excursions": [EXCURSION], "forecast": FORECAST}
    ],
}
WATCH: Final = {
    **VERDICT,
    "subject_kind": "watch",
    "subject_id": "cold-room-3/2026-11-21",
}
NEW_CLOSING: Final = {
    "at": "2026-11-21T03:20:00Z",
    "comment": "The logger's battery died; the goods were measured by hand at 3.1 °C.",
    "by": "dispatcher-1",
}
CLOSING: Final = {"excursion_id": 31, **NEW_CLOSING}
