"""What follows from a dossier follows from it alone, whatever order its parts came in."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.order_judgement import OrderJudgement, judge_order
from schemas.segments import Recording, Window
from tests.dossier_world import (
    MINUTE_MS,
    POLICY,
    RULES,
    box,
    complaint,
    dossier,
    minutes,
    recording,
    review,
)

WARM = [3.0] * 20 + [9.0] * 40 + [3.0] * 61  # 40 minutes above 8 °C


def outcomes(judgement: OrderJudgement) -> dict[str, str]:
    return {decision.cause: decision.outcome for decision in judgement.decisions}


def test_a_warm_box_spoils_and_a_cold_one_does_not() -> None:
    warm = box("order-1.a", own=(recording(WARM),))
    judged = judge_order(dossier(warm, box("order-1.b")))
    assert outcomes(judged) == {"spoiled:order-1.a": "approved"}
    found = {found.consignment_id: found for found in judged.consignments}
    assert found["order-1.a"].judgement.outcome == "excursion"
    assert found["order-1.b"].judgement.outcome == "in_range"
    assert found["order-1.b"].readings == 121


def test_a_places_logger_does_not_compensate_by_itself() -> None:
    by_place = box(own=(), places=(recording(WARM, place="van-1"),))
    judged = judge_order(dossier(by_place))
    assert outcomes(judged) == {"spoiled:order-1.chilled": "could_not_determine"}


def test_a_box_that_nobody_measured_is_unknown_only_once_it_is_over() -> None:
    nothing = box(own=())
    assert outcomes(judge_order(dossier(nothing))) == {
        "spoiled:order-1.chilled": "could_not_determine"
    }
    assert outcomes(judge_order(dossier(nothing, as_of_ms=minutes(119)))) == {}


def test_a_box_that_was_never_bound_or_has_not_begun_is_left_out() -> None:
    later = box("order-1.b", life=Window(from_ms=minutes(120), until_ms=None))
    judged = judge_order(dossier(box("order-1.a", life=None, own=()), later))
    assert judged.consignments == ()


def test_without_rules_nothing_is_decided() -> None:
    judged = judge_order(dossier(box(own=(recording(WARM),)), rules=None))
    assert judged.decisions == ()
    assert judged.consignments[0].judgement.outcome == "excursion"


def test_readings_after_the_end_of_a_life_change_no_finding() -> None:
    longer = box(own=(recording([3.0] * 121 + [20.0] * 300),))
    judged = judge_order(dossier(longer, as_of_ms=minutes(600), delivered_at_ms=minutes(120)))
    assert judged.consignments[0].judgement.outcome == "in_range"


@pytest.mark.parametrize(
    ("delivered_ms", "late_s"),
    [(minutes(120) - 1, -1), (minutes(120), 0), (minutes(120) + 999, 0), (minutes(180), 3600)],
)
def test_lateness_is_in_whole_seconds(delivered_ms: int, late_s: int) -> None:
    assert judge_order(dossier(delivered_at_ms=delivered_ms)).late_s == late_s


def test_an_order_on_its_way_is_looked_at_again_when_its_delay_reaches_a_step() -> None:
    under_way = dossier(delivered_at_ms=None, as_of_ms=minutes(100))
    assert judge_order(under_way).look_again_ms == minutes(180)
    assert judge_order(dossier()).look_again_ms is None


def test_what_the_database_adds_to_a_hundredth_of_a_degree_is_no_excursion() -> None:
    """8.1 as a `real` is 8.10000038: above a limit of 8.1, if it were taken for what it is not."""
    at_limit = [3.0] * 20 + [float(np.float32(8.1))] * 40 + [3.0] * 61
    assert at_limit[20] > 8.1
    policy = replace(POLICY, limits=(replace(POLICY.limits[0], limit_c=8.1),))
    judged = judge_order(dossier(box(policy=policy, own=(recording(at_limit),))))
    assert judged.consignments[0].judgement.outcome == "in_range"
    above = [8.11 if t > 8 else t for t in at_limit]
    judged = judge_order(dossier(box(policy=policy, own=(recording(above),))))
    assert judged.consignments[0].judgement.outcome == "excursion"


def test_the_readings_hash_changes_with_a_hundredth_of_a_degree_and_with_a_millisecond() -> None:
    def hash_of(own: Recording) -> str:
        return judge_order(dossier(box(own=(own,)))).consignments[0].readings_sha256

    first = recording([3.0] * 121)
    warmer = recording([3.0] * 60 + [3.01] + [3.0] * 60)
    at_ms = first.curve.measured_at_ms.copy()
    at_ms[60] += 1
    later = replace(first, curve=replace(first.curve, measured_at_ms=at_ms))
    assert len({hash_of(first), hash_of(warmer), hash_of(later)}) == 3
    assert hash_of(first) == hash_of(recording([3.0004] * 121))


@given(st.randoms(use_true_random=False), st.integers(1, 100))
def test_the_order_of_parts_and_the_cut_of_recordings_do_not_matter(random: Any, cut: int) -> None:
    """A box that changes its logger has two recordings: which is listed first says nothing."""
    whole = recording(WARM)
    rows = np.arange(len(WARM))
    first = replace(whole, curve=whole.curve.take(rows[:cut]))
    second = replace(whole, curve=whole.curve.take(rows[cut:]))
    order = dossier(
        box("order-1.a", own=(first, second)),
        box("order-1.b"),
        complaints=(complaint(500, "c-1"), complaint(1600, "c-2")),
        reviews=(review("late", "reject"), review("complaint:c-2", "approve")),
    )
    mixed = replace(
        order,
        consignments=(
            order.consignments[1],
            replace(order.consignments[0], own=tuple(random.sample([first, second], 2))),
        ),
        complaints=tuple(random.sample(order.complaints, 2)),
        reviews=tuple(random.sample(order.reviews, 2)),
    )
    assert judge_order(mixed) == judge_order(order)


def test_judged_step_by_step_or_at_once_the_end_is_the_same() -> None:
    """A judge that looked every 10 minutes decides at the end what one that looked once decides."""
    order = dossier(box(own=(recording(WARM),)), delivered_at_ms=minutes(190))
    amounts = []
    for now_min in range(10, 200, 10):
        seen = replace(
            order,
            as_of_ms=minutes(now_min),
            delivered_at_ms=minutes(190) if now_min >= 190 else None,
        )
        amounts.append(sum(decision.amount for decision in judge_order(seen).decisions))
    # 30 minutes above 8 °C, from minute 20 on, spoil the goods; the delay's first hour is over
    # at minute 180: 15,000 fen for the goods, then half of the fee of 600.
    assert amounts == [0] * 4 + [15_000] * 13 + [15_300] * 2
    assert RULES.late[0].late_s * 1000 == 60 * MINUTE_MS
