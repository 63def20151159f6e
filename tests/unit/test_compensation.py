"""What members get, by the rules that come with Frostline: fresh-promise, version 1.

Amounts are fen. 150 % of the goods, the fee back from 1 h (half) and 2 h (all) on, complaints up to
20 yuan an order at once, a person above 500 yuan, 2,000 yuan an order at most, 3,000 for V5.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.compensation import Decision, decide
from gateway.rules.compensation_claims import next_step_ms
from gateway.rules.dossier import Complaint, Dossier
from gateway.rules.judgement import Judgement
from schemas.money import share_of
from schemas.reading import Zone
from schemas.segments import Window
from tests.dossier_world import (
    MINUTE_MS,
    RULES,
    box,
    complaint,
    dossier,
    excursion,
    handover,
    judgement,
    minutes,
    review,
)

SPOILED = "spoiled:order-1.chilled"
WARM: Mapping[str, Judgement] = {"order-1.chilled": judgement(excursion())}
FINE: Mapping[str, Judgement] = {"order-1.chilled": judgement()}


def decided(order: Dossier, found: Mapping[str, Judgement] = WARM) -> dict[str, Decision]:
    return {decision.cause: decision for decision in decide(order, found, RULES)}


def spoiled(value: int | None = 10_000, **changes: Any) -> Decision:
    return decided(dossier(box(goods_value=value), **changes))[SPOILED]


# Rounding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "per_mille", "share"),
    [
        (10_000, 1500, 15_000),
        (333, 1500, 500),  # 499.5: a half goes to the member
        (1, 499, 0),  # 0.499
        (1, 500, 1),  # 0.5
        (0, 1500, 0),
    ],
)
def test_a_half_is_rounded_up(value: int, per_mille: int, share: int) -> None:
    assert share_of(value, per_mille) == share


# Spoiled goods -----------------------------------------------------------------------------------


def test_spoiled_goods_give_back_one_and_a_half_times_their_value() -> None:
    decision = spoiled()
    assert (decision.outcome, decision.amount, decision.currency) == ("approved", 15_000, "CNY")
    assert (decision.clause, decision.needs_review) == ("1.1", False)


@pytest.mark.parametrize("state", ["open", "lost", "closed", "closed_by_operator"])
def test_an_excursion_is_compensated_as_soon_as_it_exists(state: str) -> None:
    found = {"order-1.chilled": judgement(excursion(state=state))}
    under_way = dossier(
        box(life=Window(from_ms=minutes(0), until_ms=None)),
        delivered_at_ms=None,
        as_of_ms=minutes(60),
    )
    assert decided(under_way, found)[SPOILED].amount == 15_000


def test_a_severity_without_a_share_gives_nothing() -> None:
    found = {"order-1.chilled": judgement(excursion("warning"))}
    assert decided(dossier(box()), found) == {}


def test_the_largest_share_counts_once() -> None:
    lesser = replace(RULES.spoiled[0], severity="warning", per_mille=300)
    rules = replace(RULES, spoiled=(lesser, *RULES.spoiled))
    found = {"order-1.chilled": judgement(excursion("warning"), excursion(), excursion())}
    (decision,) = decide(dossier(box()), found, rules)
    assert decision.amount == 15_000
    found = {"order-1.chilled": judgement(excursion("warning"))}
    (decision,) = decide(dossier(box()), found, rules)
    assert decision.amount == 3_000


def test_goods_of_unknown_value_are_a_persons_to_decide() -> None:
    decision = spoiled(None)
    assert (decision.outcome, decision.amount) == ("could_not_determine", 0)
    assert decision.needs_review


def test_what_only_a_place_shows_is_a_persons_to_decide_once_the_journey_is_over() -> None:
    found = {"order-1.chilled": judgement(excursion(source="place"))}
    decision = decided(dossier(box()), found)[SPOILED]
    assert (decision.outcome, decision.clause) == ("could_not_determine", "1.2")
    assert decision.needs_review
    assert decided(dossier(box(), as_of_ms=minutes(120) - 1), found) == {}


def test_too_much_unknown_is_a_persons_to_decide_once_the_journey_is_over() -> None:
    unknown = {"order-1.chilled": judgement(outcome="unknown")}
    decision = decided(dossier(box()), unknown)[SPOILED]
    assert (decision.outcome, decision.clause) == ("could_not_determine", "1.2")
    assert decided(dossier(box(), as_of_ms=minutes(120) - 1), unknown) == {}
    still_open = box(life=Window(from_ms=minutes(0), until_ms=None))
    assert decided(dossier(still_open), unknown) == {}


@pytest.mark.parametrize(("unknown_s", "outcomes"), [(1800, []), (1801, ["could_not_determine"])])
def test_what_was_seen_does_not_hide_that_too_much_was_not(
    unknown_s: int, outcomes: list[str]
) -> None:
    """A quarter of 2 hours may be unknown; a notice, worth nothing by itself, changes nothing."""
    seen = judgement(excursion("notice"))
    figures = replace(seen.statistics, measured_s=7200 - unknown_s, unknown_s=unknown_s)
    found = {"order-1.chilled": replace(seen, statistics=figures)}
    assert [d.outcome for d in decided(dossier(box()), found).values()] == outcomes


def test_goods_of_a_zone_that_need_not_be_proven_may_be_unknown() -> None:
    unknown = {"order-1.chilled": judgement(outcome="unknown")}
    assert decided(dossier(box(zone=Zone.AMBIENT)), unknown) == {}


def test_a_box_without_a_logger_is_a_persons_to_decide_once_the_order_is_over() -> None:
    unbound = box(life=None, own=())
    assert decided(dossier(unbound), {})[SPOILED].outcome == "could_not_determine"
    assert decided(dossier(unbound, delivered_at_ms=None), {}) == {}


def test_of_a_cancelled_order_nobody_asks_what_cannot_be_told() -> None:
    gone: dict[str, Any] = {"cancelled_at_ms": minutes(10), "delivered_at_ms": None}
    unknown = {"order-1.chilled": judgement(outcome="unknown")}
    assert decided(dossier(box(), **gone), unknown) == {}
    assert decided(dossier(box(life=None, own=()), **gone), {}) == {}


def test_rules_in_another_currency_decide_nothing() -> None:
    decision = spoiled(currency="EUR")
    assert (decision.outcome, decision.amount) == ("could_not_determine", 0)
    assert decision.needs_review


# Late deliveries ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late_ms", "amount", "clause"),
    [
        (60 * MINUTE_MS - 1, None, None),
        (60 * MINUTE_MS, 300, "2.1"),
        (120 * MINUTE_MS - 1, 300, "2.1"),
        (120 * MINUTE_MS, 600, "2.2"),
    ],
)
@pytest.mark.parametrize("delivered", [True, False])
def test_the_fee_is_given_back_by_the_hour(
    late_ms: int, amount: int | None, clause: str | None, delivered: bool
) -> None:
    at_ms = minutes(120) + late_ms
    order = dossier(delivered_at_ms=at_ms if delivered else None, as_of_ms=at_ms)
    late = decided(order, {}).get("late")
    assert (late and late.amount, late and late.clause) == (amount, clause)


def test_an_order_without_a_promise_or_a_fee_is_never_late() -> None:
    late: dict[str, Any] = {"delivered_at_ms": minutes(600), "as_of_ms": minutes(600)}
    assert decided(dossier(due_at_ms=None, **late), {}) == {}
    assert decided(dossier(delivery_fee=0, **late), {}) == {}


def test_a_delay_ends_when_the_order_is_cancelled() -> None:
    rules = replace(RULES, blocked=())
    for cancelled_ms, causes in ((minutes(180) - 1, []), (minutes(180), ["late"])):
        order = dossier(delivered_at_ms=None, cancelled_at_ms=cancelled_ms, as_of_ms=minutes(1000))
        assert [decision.cause for decision in decide(order, {}, rules)] == causes


def test_an_undelivered_order_is_looked_at_again_at_each_step() -> None:
    under_way: dict[str, Any] = {"delivered_at_ms": None}
    at = {
        moment: next_step_ms(dossier(as_of_ms=minutes(moment), **under_way), RULES)
        for moment in (0, 179, 180, 239, 240)
    }
    one_hour, two_hours = minutes(180), minutes(240)
    assert at == {0: one_hour, 179: one_hour, 180: two_hours, 239: two_hours, 240: None}
    assert next_step_ms(dossier(), RULES) is None


# Complaints --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "outcome", "amount"), [(2000, "approved", 2000), (2001, "over_limit", 0)]
)
def test_a_small_complaint_is_settled_at_once_up_to_20_yuan(
    asked: int, outcome: str, amount: int
) -> None:
    decision = decided(dossier(complaints=(complaint(asked),)), {})["complaint:c-1"]
    assert (decision.outcome, decision.amount, decision.clause) == (outcome, amount, "3.1")
    assert decision.needs_review == (outcome == "over_limit")


def test_all_small_complaints_of_an_order_share_the_20_yuan_the_oldest_first() -> None:
    order = dossier(
        complaints=(
            complaint(900, "c-3", at_ms=minutes(183)),
            complaint(1200, "c-1", at_ms=minutes(181)),
            complaint(801, "c-2", at_ms=minutes(182)),
            complaint(800, "c-4", at_ms=minutes(184)),
        )
    )
    amounts = {cause: decision.amount for cause, decision in decided(order, {}).items()}
    assert amounts == {
        "complaint:c-1": 1200,
        "complaint:c-2": 0,  # 2001 in all
        "complaint:c-3": 0,
        "complaint:c-4": 800,  # 2000 in all
    }


@pytest.mark.parametrize("asked", [None, 0, 100])
def test_a_serious_complaint_is_a_persons_to_decide(asked: int | None) -> None:
    order = dossier(complaints=(complaint(asked, severity="serious"),))
    decision = decided(order, {})["complaint:c-1"]
    assert (decision.outcome, decision.clause, decision.amount) == ("over_limit", "3.2", 0)
    assert decision.needs_review


def test_a_complaint_that_names_no_amount_is_a_persons_to_decide() -> None:
    decision = decided(dossier(complaints=(complaint(None),)), {})["complaint:c-1"]
    assert (decision.outcome, decision.needs_review) == ("over_limit", True)


@pytest.mark.parametrize(
    ("about", "consignment_id", "outcome"),
    [
        ("spoiled", "order-1.chilled", "already_compensated"),
        ("spoiled", None, "already_compensated"),
        ("spoiled", "order-1.frozen", "approved"),
        ("late", None, "approved"),
        ("other", "order-1.chilled", "approved"),
    ],
)
def test_a_complaint_about_what_was_paid_is_compensated_already(
    about: Any, consignment_id: str | None, outcome: str
) -> None:
    asked = complaint(1000, about=about, consignment_id=consignment_id)
    decisions = decided(dossier(box(), complaints=(asked,)))
    assert decisions["complaint:c-1"].outcome == outcome
    assert decisions[SPOILED].amount == 15_000


def test_a_complaint_is_not_compensated_by_a_decision_that_pays_nothing() -> None:
    asked = complaint(1000, about="spoiled")
    decisions = decided(dossier(box(goods_value=None), complaints=(asked,)))
    assert decisions["complaint:c-1"].amount == 1000


def test_a_second_complaint_about_one_loss_is_compensated_already() -> None:
    order = dossier(
        complaints=(
            complaint(500, "c-1", about="late"),
            complaint(500, "c-2", about="late"),
            complaint(500, "c-3"),
            complaint(500, "c-4"),
        )
    )
    outcomes = [decision.outcome for decision in decided(order, {}).values()]
    assert outcomes == ["approved", "already_compensated", "approved", "approved"]


# Limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "outcome", "amount", "clause"),
    [
        (33_333, "approved", 50_000, "1.1"),  # 49,999.5 fen
        (33_334, "over_limit", 0, "4.1"),  # 50,001 fen
    ],
)
def test_a_person_confirms_what_is_above_the_automatic_limit(
    value: int, outcome: str, amount: int, clause: str
) -> None:
    decision = spoiled(value)
    assert (decision.outcome, decision.amount, decision.clause) == (outcome, amount, clause)
    assert decision.needs_review == (outcome == "over_limit")
    assert decision.due == share_of(value, 1500)
    assert ("500.01 yuan are due" in decision.reason) == (outcome == "over_limit")


@pytest.mark.parametrize(("level", "cap"), [("V1", 200_000), ("V5", 300_000)])
def test_nothing_is_paid_beyond_the_orders_cap_of_the_members_level(level: str, cap: int) -> None:
    boxes = [box(f"box-{i}", goods_value=30_000) for i in range(10)]  # 45,000 fen each
    found = {file.consignment_id: judgement(excursion()) for file in boxes}
    decisions = decided(dossier(*boxes, member_level=level), found)
    assert sum(decision.amount for decision in decisions.values()) == cap
    assert {decision.outcome for decision in decisions.values()} == {"approved"}


@pytest.mark.parametrize("amount", [200_000, 200_001])
def test_a_person_cannot_go_beyond_the_cap_either(amount: int) -> None:
    assert spoiled(reviews=(review(SPOILED, "amount", amount),)).amount == 200_000


def test_a_cancelled_order_is_blocked_for_goods_and_delay_but_not_for_complaints() -> None:
    order = dossier(
        box(),
        cancelled_at_ms=minutes(300),
        delivered_at_ms=None,
        as_of_ms=minutes(300),
        complaints=(complaint(1000),),
    )
    outcomes = {cause: decision.outcome for cause, decision in decided(order).items()}
    assert outcomes == {SPOILED: "blocked", "late": "blocked", "complaint:c-1": "approved"}
    assert decided(order)[SPOILED].clause == "4.3"


def test_an_order_refused_at_the_door_is_blocked_for_delay_only() -> None:
    order = dossier(box(), delivered_at_ms=minutes(300), handovers=(handover("refused"),))
    outcomes = {cause: decision.outcome for cause, decision in decided(order).items()}
    assert outcomes == {SPOILED: "approved", "late": "blocked"}


@pytest.mark.parametrize(
    ("refused", "outcome"), [("order-1.chilled", "blocked"), ("order-1.frozen", "approved")]
)
def test_goods_refused_by_themselves_block_only_themselves(refused: str, outcome: str) -> None:
    rule = replace(RULES.blocked[1], causes=("spoiled",))
    order = dossier(box(), handovers=(handover("refused", refused),))
    (decision,) = decide(order, WARM, replace(RULES, blocked=(rule,)))
    assert decision.outcome == outcome


# People ------------------------------------------------------------------------------------------


def test_a_person_approves_what_the_rule_gives() -> None:
    decision = spoiled(40_000, reviews=(review(SPOILED, "approve"),))
    assert (decision.outcome, decision.amount) == ("approved", 60_000)
    assert (decision.needs_review, decision.decided_by, decision.clause) == (False, "li", "4.1")


def test_a_person_rejects() -> None:
    decision = spoiled(reviews=(review(SPOILED, "reject"),))
    assert (decision.outcome, decision.amount, decision.decided_by) == ("blocked", 0, "li")
    assert not decision.needs_review


def test_a_person_names_an_amount_where_the_rule_knows_none() -> None:
    decision = spoiled(None, reviews=(review(SPOILED, "amount", 700),))
    assert (decision.outcome, decision.amount, decision.needs_review) == ("approved", 700, False)


def test_an_approval_without_an_amount_waits_for_one() -> None:
    decision = spoiled(None, reviews=(review(SPOILED, "approve"),))
    assert (decision.outcome, decision.needs_review) == ("could_not_determine", True)


def test_a_persons_newest_word_holds() -> None:
    words = (review(SPOILED, "reject", at_min=300), review(SPOILED, "amount", 700, at_min=299))
    assert spoiled(reviews=words).amount == 0
    assert spoiled(reviews=(*words, review(SPOILED, "approve", at_min=301))).amount == 15_000


def test_a_word_on_a_cause_that_is_not_there_decides_nothing() -> None:
    assert decided(dossier(box(), reviews=(review(SPOILED, "amount", 700),)), FINE) == {}


def test_what_a_person_gave_does_not_use_up_what_is_settled_at_once() -> None:
    order = dossier(
        complaints=(complaint(5000, "c-1"), complaint(2000, "c-2")),
        reviews=(review("complaint:c-1", "approve"),),
    )
    amounts = {cause: decision.amount for cause, decision in decided(order, {}).items()}
    assert amounts == {"complaint:c-1": 5000, "complaint:c-2": 2000}


# Properties --------------------------------------------------------------------------------------

BOXES = ("box-1", "box-2", "box-3")
CAUSES = [*(f"spoiled:{name}" for name in BOXES), "late", "complaint:c-0", "complaint:c-1"]
amounts = st.none() | st.integers(0, 400_000)


@st.composite
def complaints(draw: st.DrawFn, number: int) -> Complaint:
    return complaint(
        draw(amounts),
        f"c-{number}",
        severity=draw(st.sampled_from(["minor", "serious"])),
        at_ms=minutes(draw(st.integers(100, 103))),
        about=draw(st.sampled_from(["spoiled", "late", "other"])),
        consignment_id=draw(st.sampled_from([None, *BOXES])),
    )


@st.composite
def orders(draw: st.DrawFn) -> tuple[Dossier, dict[str, Judgement]]:
    files = [box(name, goods_value=draw(amounts)) for name in BOXES]
    found = {
        name: judgement(
            *draw(st.lists(st.sampled_from([excursion(), excursion("notice")]), max_size=2))
        )
        for name in BOXES
    }
    decision = st.sampled_from(["approve", "reject", "amount"])
    reviews = tuple(
        review(cause, word, draw(amounts.filter(bool)) if word == "amount" else None)
        for cause in draw(st.lists(st.sampled_from(CAUSES), max_size=3))
        for word in [draw(decision)]
    )
    order = dossier(
        *files,
        member_level=draw(st.sampled_from(["V1", "V5"])),
        delivered_at_ms=draw(st.none() | st.just(minutes(250))),
        cancelled_at_ms=draw(st.none() | st.just(minutes(260))),
        as_of_ms=minutes(260),
        complaints=tuple(draw(complaints(number)) for number in range(draw(st.integers(0, 3)))),
        reviews=reviews,
    )
    return order, found


@given(orders())
def test_the_net_is_within_the_cap(given_order: tuple[Dossier, dict[str, Judgement]]) -> None:
    order, found = given_order
    decisions = decide(order, found, RULES)
    assert all(decision.amount >= 0 for decision in decisions)
    assert sum(decision.amount for decision in decisions) <= RULES.cap.of(order.member_level)


@given(orders())
def test_each_cause_is_decided_once_and_only_an_approval_pays(
    given_order: tuple[Dossier, dict[str, Judgement]],
) -> None:
    order, found = given_order
    decisions = decide(order, found, RULES)
    causes = [decision.cause for decision in decisions]
    assert causes == sorted(set(causes))
    assert all(decision.amount == 0 for decision in decisions if decision.outcome != "approved")
    assert all(
        decision.needs_review == (decision.outcome in {"over_limit", "could_not_determine"})
        for decision in decisions
    )


@given(orders(), st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_listed_does_not_matter(
    given_order: tuple[Dossier, dict[str, Judgement]], random: Any
) -> None:
    order, found = given_order
    shuffled = replace(
        order,
        consignments=tuple(random.sample(order.consignments, len(order.consignments))),
        complaints=tuple(random.sample(order.complaints, len(order.complaints))),
        reviews=tuple(random.sample(order.reviews, len(order.reviews))),
    )
    assert decide(shuffled, found, RULES) == decide(order, found, RULES)
