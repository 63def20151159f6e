"""Which measurements count."""

from firmware_sim.frame import FrameFormat
from firmware_sim.ledger import Ledger, Measurement
from firmware_sim.logger import Sample
from schemas.ids import LoggerId


def enter(ledger: Ledger, sequence: int = 0) -> Measurement:
    sample = Sample(
        boot=0,
        uptime_ms=0,
        sequence=sequence,
        temperature_c=4.0,
        humidity_pct=50.0,
        battery_mv=3000,
    )
    return ledger.take(LoggerId("C4:F0:57:00:00:01"), FrameFormat.RUUVI, sample, 1_000)


def settle(ledger: Ledger, now_s: float) -> None:
    ledger.settle(ledger.due(now_s))


def test_what_was_heard_by_a_radio_that_lived_a_second_longer_is_measured() -> None:
    ledger = Ledger()
    ledger.radio_came(1)
    measurement = enter(ledger)
    ledger.delivered(measurement, 1, confirmed_at_s=10.0, delivered_at_ms=5)

    settle(ledger, 10.999)
    assert ledger.measured == 0
    settle(ledger, 11.0)
    assert ledger.measured == 1
    assert measurement.delivered_at_ms == 5


def test_what_was_heard_by_a_radio_that_died_within_the_second_is_unheard() -> None:
    ledger = Ledger()
    ledger.radio_came(1)
    measurement = enter(ledger)
    ledger.delivered(measurement, 1, confirmed_at_s=10.0, delivered_at_ms=5)
    ledger.radio_went(1)
    settle(ledger, 11.0)

    assert not measurement.measured
    assert (ledger.taken, ledger.measured) == (1, 0)


def test_a_death_after_the_second_changes_nothing() -> None:
    ledger = Ledger()
    ledger.radio_came(1)
    measurement = enter(ledger)
    ledger.delivered(measurement, 1, confirmed_at_s=10.0, delivered_at_ms=5)
    settle(ledger, 11.0)
    ledger.radio_went(1)

    assert measurement.measured


def test_one_living_radio_of_several_is_enough() -> None:
    ledger = Ledger()
    ledger.radio_came(1)
    ledger.radio_came(2)
    measurement = enter(ledger)
    ledger.delivered(measurement, 1, confirmed_at_s=10.0, delivered_at_ms=5)
    ledger.delivered(measurement, 2, confirmed_at_s=10.1, delivered_at_ms=6)
    ledger.radio_went(1)
    settle(ledger, 12.0)

    assert measurement.delivered_at_ms == 6


def test_a_radio_that_comes_again_does_not_revive_its_old_connection() -> None:
    ledger = Ledger()
    ledger.radio_came(1)
    measurement = enter(ledger)
    ledger.delivered(measurement, 1, confirmed_at_s=10.0, delivered_at_ms=5)
    ledger.radio_went(1)
    ledger.radio_came(2)
    settle(ledger, 11.0)

    assert not measurement.measured


def test_a_later_advert_of_the_same_measurement_may_still_be_heard() -> None:
    ledger = Ledger()
    ledger.radio_came(1)
    measurement = enter(ledger)
    ledger.delivered(measurement, 1, confirmed_at_s=10.0, delivered_at_ms=5)
    ledger.radio_went(1)
    settle(ledger, 11.0)
    ledger.radio_came(2)
    ledger.delivered(measurement, 2, confirmed_at_s=12.0, delivered_at_ms=7)
    settle(ledger, 13.0)

    assert measurement.delivered_at_ms == 7


def test_the_first_delivery_that_counts_gives_the_time() -> None:
    ledger = Ledger()
    ledger.radio_came(1)
    ledger.radio_came(2)
    measurement = enter(ledger)
    # Radio 2 was sent it earlier, but confirmed it later.
    ledger.delivered(measurement, 1, confirmed_at_s=10.0, delivered_at_ms=9)
    ledger.delivered(measurement, 2, confirmed_at_s=10.1, delivered_at_ms=5)
    settle(ledger, 12.0)

    assert measurement.delivered_at_ms == 5
    assert ledger.measured == 1


def test_a_full_ledger_forgets_the_oldest_and_says_so() -> None:
    ledger = Ledger(capacity=3)
    for sequence in range(5):
        enter(ledger, sequence)

    assert [row.sequence for row in ledger.rows()] == [2, 3, 4]
    assert ledger.forgotten == 2


def test_a_closed_ledger_changes_no_more() -> None:
    ledger = Ledger()
    ledger.radio_came(1)
    measurement = enter(ledger)
    ledger.close()
    ledger.delivered(measurement, 1, confirmed_at_s=10.0, delivered_at_ms=5)
    settle(ledger, 20.0)

    assert not measurement.measured
