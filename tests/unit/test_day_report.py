"""A day's report is arithmetic over its ledger, worked by hand here."""

from dataclasses import replace

import pytest

from frostline.day.happenings import BoxTruth, VehicleUse
from frostline.day.ledger import BoxRow, DayLedger, OrderRow, Question, VehicleRow
from frostline.day.report import document_of, hash_of, report_of
from frostline.day.report_html import day_page

HOUR_S = 3600
DAY = {"orders": 4, "scenario": "tested", "seed": 1, "loop": True}


def order(order_id: str, **changes: object) -> OrderRow:
    """Return an order of 10:00, due and delivered at 12:00."""
    row = OrderRow(
        order_id=order_id,
        tier_h=2,
        placed_s=10 * HOUR_S,
        state="promised",
        due_s=12.0 * HOUR_S,
        delivered_s=12.0 * HOUR_S,
        announced_s=None,
        compensation=0,
    )
    return replace(row, **changes)  # type: ignore[arg-type]  # each test's own


def box(consignment_id: str, *, judged: str = "", **changes: object) -> BoxRow:
    """Return a box worth 100 that came to no harm; `judged` is what the judge says of it."""
    truth = BoxTruth(
        order_id=consignment_id.partition(".")[0],
        consignment_id=consignment_id,
        zone="chilled",
        goods_value=100,
        packed_s=1.0,
        loaded_s=2.0,
        delivered_s=3.0,
        spoiled_s=None,
        broke=None,
        warmest_c=3.0,
        compartment_failed=False,
    )
    return BoxRow(
        truth=replace(truth, **changes),  # type: ignore[arg-type]  # each test's own
        judged_excursion=judged in {"excursion", "spoiled"},
        judged_spoiled=judged == "spoiled",
    )


def vehicle(vehicle_id: str, *, role: str = "regular", **use: float) -> VehicleRow:
    """Return a van, staffed from 10 to 14, at 5000 a day, 100 a km, 3600 an hour, 10 an order."""
    did = {
        "staffed_s": 4.0 * HOUR_S,
        "busy_s": 3.0 * HOUR_S,
        "driven_m": 20_000.0,
        "driving_s": 0.0,
        "serving_s": 0.0,
        "loading_s": 0.0,
        "trips": 2,
        "deliveries": 6,
    }
    return VehicleRow(
        use=VehicleUse(vehicle_id=vehicle_id, **(did | use)),  # type: ignore[arg-type]  # mixed
        kind="van",
        role=role,
        fixed_cost=5000,
        cost_per_km=100,
        cost_per_h=3600,
        cost_per_order=10,
        shifts=((10.0 * HOUR_S, 14.0 * HOUR_S),),
    )


def ledger(**changes: object) -> DayLedger:
    """Return a day on which nothing was."""
    empty = DayLedger(
        orders=(), boxes=(), vehicles=(), changes=(), versions=(), questions=(), heard=()
    )
    return replace(empty, **changes)  # type: ignore[arg-type]  # each test's own


def test_the_promised_second_is_in_time_and_the_next_is_not() -> None:
    """Two promises, one kept to the second, one broken by a second: half are on time."""
    late = order("b", delivered_s=12.0 * HOUR_S + 1)
    kept = report_of(DAY, ledger(orders=(order("a"), late))).punctuality
    assert (kept.promised, kept.on_time, kept.broken, kept.rate) == (2, 1, 1, 0.5)
    assert (kept.late_s_mean, kept.late_s_most) == (1.0, 1.0)
    assert kept.finished_s == 12 * HOUR_S + 1


def test_a_promise_whose_goods_never_came_is_broken() -> None:
    """It has no lateness to average, but it is broken."""
    kept = report_of(DAY, ledger(orders=(order("a", delivered_s=None),))).punctuality
    assert (kept.broken, kept.rate, kept.late_s_mean) == (1, 0.0, 0.0)


def test_broken_counts_as_announced_only_if_its_member_knew_before() -> None:
    """Announced at the due second counts, a second later it does not, never does not."""
    due_s = 12.0 * HOUR_S
    broken = [
        order(name, delivered_s=due_s + 60, announced_s=announced_s)
        for name, announced_s in (("a", due_s), ("b", due_s + 1), ("c", None))
    ]
    kept = order("d", announced_s=due_s - 60)  # at risk for a while, and then in time
    row = report_of(DAY, ledger(orders=(*broken, kept))).punctuality
    assert (row.broken, row.announced_before_broken) == (3, 1)
    assert [(tier.tier_h, tier.promised, tier.announced) for tier in row.tiers] == [(2, 4, 1)]


def test_what_was_never_promised_is_no_broken_promise() -> None:
    """Impossible, refused and cancelled orders are demand that was not met, not unkept promises."""
    orders = (
        order("a", state="impossible", due_s=None, delivered_s=None),
        order("b", state="refused", due_s=None, delivered_s=None, tier_h=None),
        order("c", state="cancelled", delivered_s=None),
        order("d"),
    )
    report = report_of(DAY, ledger(orders=orders))
    demand = report.demand
    found = (demand.orders, demand.impossible, demand.refused, demand.cancelled, demand.promised)
    assert found == (4, 1, 1, 1, 1)
    assert report.punctuality.rate == 1.0


def test_a_promise_that_is_not_due_when_the_day_is_cut_off_is_neither_kept_nor_broken() -> None:
    """Of two that are under way at the end only the one that was due counts."""
    under_way = order("a", delivered_s=None, is_open=True)
    overdue = order("b", delivered_s=None)
    report = report_of(DAY, ledger(orders=(under_way, overdue)))
    assert (report.punctuality.promised, report.punctuality.broken) == (1, 1)
    assert (report.demand.promised, report.demand.under_way) == (1, 1)


def test_capacity_is_staffed_vehicles_at_the_days_pace() -> None:
    """Two vans busy for 6 h in all made 2 deliveries: 1/3 an hour each, and both are staffed."""
    orders = (order("a"), order("b", delivered_s=13.0 * HOUR_S))
    report = report_of(DAY, ledger(orders=orders, vehicles=(vehicle("v"), vehicle("w"))))
    hours = {row.hour: row for row in report.demand.hours}
    assert sorted(hours) == [10, 11, 12, 13]
    assert [hours[h].ordered for h in (10, 11, 12, 13)] == [2, 0, 0, 0]
    assert [hours[h].delivered for h in (10, 11, 12, 13)] == [0, 0, 1, 1]
    assert hours[11].staffed_vehicles == pytest.approx(2.0)
    assert hours[11].capacity == pytest.approx(2 / 3)


def test_use_is_busy_over_staffed_without_the_relays_that_wait() -> None:
    """A van is busy for 3 of 4 h; the relay that waits all day changes nothing of it."""
    waiting = vehicle("r", role="relay", busy_s=0.0, driven_m=0.0, trips=0, deliveries=0)
    driving = report_of(DAY, ledger(vehicles=(vehicle("v"), waiting))).driving
    assert driving.use == pytest.approx(0.75)
    assert (driving.vehicles, driving.vehicles_used, driving.relay_trips) == (2, 1, 0)
    assert driving.distance_km == pytest.approx(20.0)


def test_cost_is_of_what_drove_and_of_what_members_got() -> None:
    """A van's day: 5000 + 20 km x 100 + 3 h x 3600 + 6 x 10 = 17,860. What stood costs nothing."""
    relay = vehicle("r", role="relay", busy_s=HOUR_S * 1.0, driven_m=1000.0, trips=1, deliveries=1)
    stood = vehicle("s", busy_s=0.0, driven_m=0.0, trips=0, deliveries=0)
    orders = (order("a", compensation=1500), order("b"))
    money = report_of(DAY, ledger(orders=orders, vehicles=(vehicle("v"), relay, stood))).money
    assert money.vehicles == pytest.approx(17_860.0)
    assert money.relays == pytest.approx(5000 + 100 + 3600 + 10)
    assert money.compensation == 1500
    assert money.total == pytest.approx(17_860.0 + 8710.0 + 1500.0)


def test_goods_are_spoiled_by_the_truth_and_the_judge_stands_beside() -> None:
    """One true loss that the judge found, one that it missed, and one that only it sees."""
    boxes = (
        box("a.chilled", spoiled_s=9.0, judged="spoiled", compartment_failed=True),
        box("b.chilled", spoiled_s=9.0, goods_value=250),
        box("c.chilled", judged="spoiled"),
        box("d.chilled", judged="excursion"),
        box("e.chilled", packed_s=None),  # never packed: no box
    )
    goods = report_of(DAY, ledger(boxes=boxes)).goods
    assert (goods.boxes, goods.spoiled, goods.spoiled_value) == (4, 2, 350)
    assert goods.spoiled_in_failed_compartments == 1
    assert (goods.spoiled_by_judge, goods.spoiled_found_by_judge) == (2, 1)
    assert goods.excursions_by_judge == 3


def question(consignment_id: str, chosen: str) -> Question:
    """Return a question of 14:10 that a forecast gave rise to."""
    return Question(
        at_s=14 * HOUR_S + 600.0,
        order_id=consignment_id.partition(".")[0],
        consignment_id=consignment_id,
        cause="forecast",
        chosen=chosen,
        why="it saves 12.00 yuan",
    )


def test_what_is_planned_first_or_done_is_no_change() -> None:
    """Of ten changes four are no news to anybody; six for three promised orders are two each."""
    day = ledger(
        orders=(order("a"), order("b"), order("c")),
        changes=(("delayed", 4, 3), ("done", 1, 1), ("moved", 2, 2), ("planned", 3, 3)),
        versions=(("at_risk", 1), ("orders", 4)),
        questions=(question("a.chilled", "relay"), question("b.chilled", "relay")),
    )
    stability = report_of(DAY, day).stability
    assert stability.changed_per_order == pytest.approx(2.0)
    assert stability.versions == 5
    assert stability.rescues == {"forecast: relay": 2}


def test_the_page_tells_of_each_box_in_question() -> None:
    """Its time, its box, what was chosen and why stand in the page, and no word of it is markup."""
    asked = replace(question("a.chilled", "swap"), why="saves <12> yuan")
    document = document_of(report_of(DAY, ledger(questions=(asked,))))
    page = day_page({"report": document, "hash": hash_of(document)})
    for words in ("14:10", "a.chilled", "forecast", "swap", "saves &lt;12&gt; yuan"):
        assert words in page


def test_the_hash_is_of_what_the_report_says_and_of_nothing_else() -> None:
    """The same ledger gives the same hash, one more second of lateness another one."""
    on_time, late = ledger(orders=(order("a"),)), ledger(orders=(order("a", delivered_s=43_201.0),))
    first, again, other = (
        hash_of(document_of(report_of(DAY, each))) for each in (on_time, on_time, late)
    )
    assert first == again != other
    assert hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1})
