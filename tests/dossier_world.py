"""Dossiers and judgements for tests of what follows from them. Times count from a morning."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from gateway.rules.compensation_file import read_rules
from gateway.rules.compensation_rules import CompensationRules
from gateway.rules.dossier import Complaint, ConsignmentFile, Dossier, Handover, Review
from gateway.rules.judgement import Excursion, Judgement, Statistics
from gateway.rules.policy import Counting, Limit, Measured, Policy
from schemas.curve import Curve
from schemas.events import Severity
from schemas.ids import LoggerId, PlaceId
from schemas.reading import Zone
from schemas.segments import Recording, Source, Window

FRESH_PROMISE: Final = (
    Path(__file__).parents[1] / "gateway/compensation/fresh-promise.toml"
).read_text(encoding="utf-8")
RULES: Final[CompensationRules] = read_rules(FRESH_PROMISE, name="fresh-promise.toml")
MORNING_MS: Final = 1_795_305_600_000  # 2026-11-22 00:00 UTC
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS

# 8 °C for half an hour, as mSupply's default for hot breaches has it.
POLICY: Final = Policy(
    policy_id="chilled-test",
    version=1,
    zone=Zone.CHILLED,
    product_class=None,
    source="mSupply's default",
    lower_c=0.0,
    upper_c=4.0,
    limits=(
        Limit(
            name="hot",
            side="upper",
            limit_c=8.0,
            counts_at_limit=False,
            duration_s=1800,
            counting=Counting.CONSECUTIVE,
            window_s=None,
            hysteresis_c=0.0,
            verify_normal_s=0,
            measured=Measured.AIR,
            severity="critical",
        ),
    ),
)


def minutes(count: float) -> int:
    """Return a time in ms UTC, so many minutes after the morning."""
    return MORNING_MS + int(count * MINUTE_MS)


def recording(
    temperatures_c: list[float],
    *,
    place: str | None = None,
    begin_min: int = 0,
    logger_id: str = "C4:A5:E3:00:00:01",
) -> Recording:
    """Return a recording with a reading a minute."""
    count = len(temperatures_c)
    kind: Any = "box" if place is None else "place"
    return Recording(
        source=Source(
            kind=kind,
            logger_id=LoggerId(logger_id),
            place_id=None if place is None else PlaceId(place),
            place_name=place,
        ),
        record_interval_s=60,
        curve=Curve(
            measured_at_ms=minutes(begin_min) + MINUTE_MS * np.arange(count, dtype=np.int64),
            temperature_c=np.array(temperatures_c, dtype=np.float64),
            sequence=np.arange(count, dtype=np.int64),
            heard_by=np.zeros(count, dtype=np.int64),
        ),
    )


def box(consignment_id: str = "order-1.chilled", **changes: Any) -> ConsignmentFile:
    """Return a box worth 100 yuan that was under way for 2 hours."""
    file = ConsignmentFile(
        consignment_id=consignment_id,
        zone=Zone.CHILLED,
        policy=POLICY,
        goods_value=10_000,
        life=Window(from_ms=minutes(0), until_ms=minutes(120)),
        own=(recording([3.0] * 121),),
        places=(),
    )
    return replace(file, **changes)


def dossier(*boxes: ConsignmentFile, **changes: Any) -> Dossier:
    """Return an order with a delivery fee of 6 yuan, delivered on time after 2 hours."""
    order = Dossier(
        order_id="order-1",
        member_level="V1",
        time_zone="Asia/Shanghai",
        currency="CNY",
        delivery_fee=600,
        placed_at_ms=minutes(-60),
        due_at_ms=minutes(120),
        delivered_at_ms=minutes(120),
        cancelled_at_ms=None,
        as_of_ms=minutes(120),
        consignments=boxes,
        handovers=(),
        complaints=(),
        reviews=(),
        rules=RULES,
    )
    return replace(order, **changes)


def excursion(severity: Severity = "critical", **changes: Any) -> Excursion:
    """Return an excursion of the box's own logger."""
    found = Excursion(
        limit="hot",
        side="upper",
        severity=severity,
        source="box",
        state="closed",
        from_ms=minutes(10),
        until_ms=minutes(50),
        broken_at_ms=minutes(40),
        extreme_c=9.0,
        degree_minutes=40.0,
        duration_s=2400,
    )
    return replace(found, **changes)


def judgement(*excursions: Excursion, **changes: Any) -> Judgement:
    """Return what is found of a box with these excursions."""
    found = Judgement(
        outcome="excursion" if excursions else "in_range",
        excursions=excursions,
        budgets=(),
        statistics=Statistics(
            readings=121,
            lowest_c=3.0,
            highest_c=3.0,
            mean_c=3.0,
            mkt_c=3.0,
            newest_c=3.0,
            newest_at_ms=minutes(120),
            rate_c_per_h=0.0,
            measured_s=7200,
            suspended_s=0,
            unknown_s=0,
            lid_openings=0,
            shelf_life_left_s=None,
        ),
        gaps=(),
        look_again_ms=None,
    )
    return replace(found, **changes)


def complaint(amount: int | None, complaint_id: str = "c-1", **changes: Any) -> Complaint:
    """Return a minor complaint of the order, about nothing in particular."""
    made = Complaint(complaint_id=complaint_id, severity="minor", at_ms=minutes(180), amount=amount)
    return replace(made, **changes)


def review(cause: str, decision: Any, amount: int | None = None, at_min: int = 200) -> Review:
    """Return a person's word."""
    return Review(cause=cause, at_ms=minutes(at_min), by="li", decision=decision, amount=amount)


def handover(step: str, consignment_id: str | None = None) -> Handover:
    """Return a step at the door."""
    return Handover(
        step=step,
        at_ms=minutes(120),
        consignment_id=consignment_id,
        place_id=None,
        person="wang",
        temperature_c=None,
    )
