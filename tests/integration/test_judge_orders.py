"""What is stored of an order's box becomes verdicts, excursions, triggers and events, each once."""

from collections.abc import Iterator, Sequence

import msgspec
import pytest

from gateway.rules.evidence import judge_again
from tests.judge_world import BOX, T0, VAN, JudgeWorld, judge_world, minutes, steady, unpacked

# In range, then above 4 °C for 35 minutes, then in range: an excursion, broken at minute 40.
WARM_FOR_35_MIN = steady(3.0, end=10) + steady(6.0, start=10, end=45) + steady(3.0, start=45)


@pytest.fixture
def world(database_url: str) -> Iterator[JudgeWorld]:
    with judge_world(database_url) as world:
        world.policy()
        yield world


def net(world: JudgeWorld) -> list[tuple[str, int]]:
    """Return what the member gets for each cause."""
    return [
        (cause, int(amount))
        for cause, amount in world.sql(
            "SELECT cause, sum(delta) FROM triggers JOIN trigger_decisions USING (trigger_id) "
            "GROUP BY cause ORDER BY cause"
        )
    ]


def ledger(world: JudgeWorld) -> Sequence[tuple[object, ...]]:
    return world.sql(
        "SELECT revision, outcome, amount, delta FROM trigger_decisions "
        "ORDER BY trigger_id, revision"
    )


# Verdicts ----------------------------------------------------------------------------------------


def test_a_box_in_its_range_has_one_verdict_however_often_it_is_judged(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(2.0, end=30))
    world.judge_all(T0 + minutes(30))
    world.hear(steady(2.5, start=30, end=60))
    world.judge_all(T0 + minutes(60))
    assert world.verdicts() == [(1, "in_range", False, 30)]


def test_the_end_of_a_life_makes_the_verdict_final_and_later_readings_do_not_count(
    world: JudgeWorld,
) -> None:
    world.shipped()
    world.hear(steady(2.0, end=60))
    world.judge_all(T0 + minutes(60))
    world.close_order(at=T0 + minutes(60))
    world.hear(steady(20.0, start=60, end=90))
    world.judge_all(T0 + minutes(90))
    assert world.verdicts() == [(1, "in_range", False, 60), (2, "in_range", True, 60)]


def test_a_verdict_carries_its_policy_and_the_figures(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(WARM_FOR_35_MIN)
    world.judge_all()
    ((policy_id, version, summary),) = world.sql(
        "SELECT policy_id, policy_version, summary FROM current_verdicts"
    )
    assert (policy_id, version) == ("tested", 9)
    assert (summary["statistics"]["lowest_c"], summary["statistics"]["highest_c"]) == (3.0, 6.0)


def test_an_order_of_three_boxes_has_three_verdicts(world: JudgeWorld) -> None:
    world.order(zones=("frozen", "chilled", "ambient"))
    for number, zone in enumerate(("frozen", "chilled", "ambient")):
        logger_id = f"C4:A5:E3:00:01:0{number}"
        world.bind(logger_id, consignment_id=f"order-1.{zone}")
        world.hear(steady(3.0), logger_id)
    world.judge_all()
    found = world.sql("SELECT subject_id, outcome FROM current_verdicts ORDER BY subject_id")
    assert found == [
        ("order-1.ambient", "in_range"),
        ("order-1.chilled", "in_range"),
        ("order-1.frozen", "in_range"),
    ]


def test_a_place_fills_what_the_box_did_not_measure_and_is_judged_with_it(
    world: JudgeWorld,
) -> None:
    world.place()
    world.bind(VAN, place_id="van-1")
    world.shipped()
    world.stay("order-1.chilled", "van-1", T0, None)
    world.hear(steady(3.0, end=30))
    world.hear(steady(3.0), VAN)
    world.judge_all()
    assert world.verdicts()[-1][1] == "in_range"
    world.hear(steady(6.0, start=61, end=100), VAN)
    world.judge_all(T0 + minutes(100))
    assert world.excursions() == [(1, "open", 61, None)]
    assert world.sql("SELECT source FROM excursions WHERE order_id IS NOT NULL") == [("place",)]


def test_the_air_of_a_place_of_another_zone_says_nothing_of_a_box(world: JudgeWorld) -> None:
    world.place("depot", zone="ambient")
    world.bind(VAN, place_id="depot")
    world.shipped()
    world.stay("order-1.chilled", "depot", T0, None)
    world.hear(steady(3.0, end=10))
    world.hear(steady(16.0), VAN)
    world.judge_all()
    assert world.excursions() == []
    assert world.verdicts()[-1][1:] == ("unknown", False, 10)


def test_what_a_gateway_heard_twice_counts_once(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(3.0))
    key = world.logger_key("C4:A5:E3:00:00:01")
    world.sql("UPDATE readings SET sequence = extract(minute FROM measured_at)")
    world.sql(
        "INSERT INTO readings (measured_at, logger_key, boot_key, temperature_c, sequence, "
        "source, clock) SELECT measured_at + interval '0.2 s', logger_key, 2, temperature_c, "
        "sequence, 0, 0 FROM readings WHERE logger_key = %s",
        (key,),
    )
    world.judge_all()
    assert world.verdicts()[-1][3] == 60


# Excursions --------------------------------------------------------------------------------------


def test_an_excursion_opens_once_and_closes_as_a_revision_of_itself(world: JudgeWorld) -> None:
    """Above 4 °C from minute 10 on: after half an hour, at minute 40, that is an excursion."""
    world.shipped()
    world.hear(steady(2.0, end=10) + steady(6.0, start=10, end=45))
    world.judge_all(T0 + minutes(45))
    world.hear(steady(6.0, start=45, end=50))
    world.judge_all(T0 + minutes(50))
    assert world.excursions() == [(1, "open", 10, None)]
    world.hear(steady(3.0, start=50, end=60))
    world.judge_all(T0 + minutes(60))
    assert world.excursions() == [(1, "open", 10, None), (2, "closed", 10, 50)]
    assert world.events("frostline.excursion%") == ["excursion.opened", "excursion.closed"]
    assert [row[:2] for row in world.verdicts()] == [(1, "excursion"), (2, "excursion")]


def test_late_readings_that_lengthen_an_excursion_revise_it(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(3.0, end=5) + steady(6.0, start=10, end=45))
    world.judge_all(T0 + minutes(45))
    world.hear(steady(6.0, start=5, end=10))
    world.judge_all(T0 + minutes(45))
    assert world.excursions() == [(1, "open", 10, None), (2, "open", 5, None)]
    assert world.events("frostline.excursion%") == ["excursion.opened", "excursion.revised"]


def test_late_readings_that_disprove_an_excursion_withdraw_it_and_what_was_paid(
    world: JudgeWorld,
) -> None:
    """Between the readings above the limit others turn up that were not: never half an hour."""
    world.shipped()
    world.hear(steady(6.0, end=45))
    world.judge_all(T0 + minutes(45))
    assert net(world) == [("spoiled:order-1.chilled", 15_000)]  # 150 % of 100 yuan
    world.hear([(at + minutes(0.5), 3.0) for at, _ in steady(6.0, end=45, step_s=300)])
    world.judge_all(T0 + minutes(46))
    assert [row[1] for row in world.excursions()] == ["open", "withdrawn"]
    assert ledger(world) == [(1, "approved", 15_000, 15_000), (2, "withdrawn", 0, -15_000)]
    assert world.events("frostline.compensation%") == [
        "compensation.triggered",
        "compensation.corrected",
    ]


def test_an_operators_word_ends_an_excursion(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(6.0, end=45))
    world.judge_all(T0 + minutes(45))
    world.sql(
        "INSERT INTO excursion_closings (excursion_id, at, by, comment) "
        "SELECT excursion_id, %s, 'ann', 'logger taken out' FROM excursions",
        (T0 + minutes(46),),
    )
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(47))
    assert world.excursions()[-1] == (2, "closed_by_operator", 0, 46)


# Late --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrives_min", "is_late"),
    # Broken at minute 30, over at minute 35; late is what broke more than 15 minutes ago.
    [(45, False), (46, True)],
)
def test_what_broke_long_ago_when_it_is_first_found_is_found_late(
    world: JudgeWorld, arrives_min: int, is_late: bool
) -> None:
    world.shipped()
    world.hear(steady(6.0, end=35) + steady(3.0, start=35, end=45))
    world.judge_all(T0 + minutes(arrives_min))
    assert world.sql("SELECT found_late FROM excursions") == [(is_late,)]
    assert world.sql("SELECT found_late FROM verdicts") == [(is_late,)]
    ((data,),) = world.sql("SELECT data FROM events WHERE type = 'frostline.excursion.opened'")
    assert data["found_late"] is is_late


def test_late_data_raises_no_live_alarm_for_the_past(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(6.0, end=35))  # and then nothing for an hour: it was lost sight of
    world.judge_all(T0 + minutes(100))
    assert [row[1] for row in world.excursions()] == ["lost"]
    assert world.sql("SELECT kind FROM alerts WHERE kind = 'excursion'") == []


def test_what_was_found_late_and_turns_out_to_go_on_raises_an_alert(world: JudgeWorld) -> None:
    """After an outage an edge delivers in order: its oldest batch is judged before its newest."""
    world.shipped()
    world.hear(steady(6.0, end=35))
    world.judge_all(T0 + minutes(100))
    world.hear(steady(6.0, start=35, end=100))
    world.judge_all(T0 + minutes(100))
    assert [row[:2] for row in world.excursions()] == [(1, "lost"), (2, "open")]
    assert world.sql("SELECT found_late FROM excursions ORDER BY revision") == [(True,), (False,)]
    assert world.sql("SELECT kind FROM alerts WHERE kind = 'excursion'") == [("excursion",)]


def test_what_still_goes_on_raises_an_alert_however_long_ago_it_broke(world: JudgeWorld) -> None:
    """An edge was offline for two hours, and its box is too warm still."""
    world.shipped()
    world.hear(steady(6.0, end=120))
    world.judge_all(T0 + minutes(120))
    assert world.sql("SELECT found_late FROM excursions") == [(False,)]
    assert world.sql("SELECT kind FROM alerts WHERE kind = 'excursion'") == [("excursion",)]


# Compensation ------------------------------------------------------------------------------------


def test_a_trigger_is_decided_once_with_evidence_that_proves_itself(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(WARM_FOR_35_MIN)
    world.close_order(at=T0 + minutes(60))
    world.judge_all()
    for _ in range(3):
        world.touch_order("order-1")
        world.hear(WARM_FOR_35_MIN)  # repeated
        world.judge_all()
    assert ledger(world) == [(1, "approved", 15_000, 15_000)]
    ((bundle, sha256),) = world.sql(
        "SELECT bundle, sha256 FROM evidence e JOIN trigger_decisions USING (evidence_id)"
    )
    _, judged = judge_again(unpacked(bundle, sha256))
    assert [decision.amount for decision in judged.decisions] == [15_000]


def test_an_order_that_is_over_leaves_its_curve_as_evidence(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(steady(3.0))
    world.judge_all()
    assert world.sql("SELECT count(*) FROM evidence") == [(0,)]
    world.close_order(at=T0 + minutes(60))
    world.judge_all()
    ((bundle, sha256),) = world.sql("SELECT bundle, sha256 FROM evidence")
    assert msgspec.json.decode(unpacked(bundle, sha256))["dossier"]["order_id"] == "order-1"


def test_a_persons_word_is_an_entry_of_the_ledger(world: JudgeWorld) -> None:
    world.shipped()
    world.hear(WARM_FOR_35_MIN)
    world.judge_all()
    world.sql(
        "INSERT INTO trigger_reviews (trigger_id, at, by, decision, amount, comment) "
        "SELECT trigger_id, %s, 'bob', 'amount', 9000, 'half of it' FROM triggers",
        (T0 + minutes(61),),
    )
    world.touch_order("order-1")
    world.judge_all(T0 + minutes(62))
    assert ledger(world) == [(1, "approved", 15_000, 15_000), (2, "approved", 9000, -6000)]


def test_a_promise_that_breaks_is_told_once_and_the_fee_given_back_step_by_step(
    world: JudgeWorld,
) -> None:
    """The rules: an hour late gives half the fee of 6 yuan back, two hours all of it."""
    world.shipped(due_at=T0 + minutes(60))
    for now_min in (60, 61, 119, 121, 181, 182):
        world.judge_all(T0 + minutes(now_min))
    assert world.events("frostline.promise%") == ["promise.broken"]
    assert ledger(world) == [(1, "approved", 300, 300), (2, "approved", 600, 300)]


# Forecast ----------------------------------------------------------------------------------------


def test_a_place_of_any_zone_is_the_air_around_a_box_in_its_forecast(world: JudgeWorld) -> None:
    world.policy("ranged", lower_c=0.0, upper_c=4.0)
    world.place("depot", zone="ambient")
    world.bind(VAN, place_id="depot")
    for order_id, logger_id in (("order-1", BOX), ("order-2", "C4:A5:E3:00:00:03")):
        world.shipped(order_id, logger_id, policy_id="ranged")
        world.hear(steady(2.0), logger_id)
    world.stay("order-1.chilled", "depot", T0, None)
    world.hear(steady(40.0), VAN)
    world.judge_all()
    [(hot,), (unknown,)] = world.sql(
        "SELECT leaves_in_s_q10 FROM forecasts ORDER BY consignment_id"
    )
    assert hot < unknown


def test_an_open_box_is_forecast_and_a_delivered_one_is_not(world: JudgeWorld) -> None:
    world.policy("ranged", lower_c=0.0, upper_c=4.0)
    world.shipped(policy_id="ranged")
    world.hear(steady(2.0))
    world.judge_all()
    ((consignment_id, spoil_cost),) = world.sql("SELECT consignment_id, spoil_cost FROM forecasts")
    assert (consignment_id, spoil_cost) == ("order-1.chilled", 15_000)
    world.close_order(at=T0 + minutes(60))
    world.judge_all()
    assert world.sql("SELECT * FROM forecasts") == []
