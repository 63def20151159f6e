"""What the air does to an advert."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import chance
from firmware_sim.channel import Channel

DRAWS = 20_000


def receptions(channel: Channel, mean_rssi_dbm: float = -60.0) -> list[tuple[bool, int, int]]:
    key = chance.key_of("channel")
    return [channel.receive(mean_rssi_dbm, chance.bits(key, n))[:3] for n in range(DRAWS)]


def test_signal_falls_by_ten_times_the_exponent_each_decade_of_distance() -> None:
    channel = Channel(rssi_at_1m_dbm=-46.0, path_loss_exponent=2.7)

    assert channel.mean_rssi_dbm(1.0) == -46.0
    assert channel.mean_rssi_dbm(10.0) == pytest.approx(-73.0)
    assert channel.mean_rssi_dbm(100.0) == pytest.approx(-100.0)


def test_a_radio_on_top_of_a_logger_is_no_mathematical_error() -> None:
    assert math.isfinite(Channel().mean_rssi_dbm(0.0))


@pytest.mark.parametrize("loss", [0.0, 0.15, 0.5, 1.0])
def test_as_many_adverts_are_lost_as_told(loss: float) -> None:
    lost = sum(copies == 0 for _, copies, _ in receptions(Channel(loss=loss)))
    deviation = math.sqrt(DRAWS * loss * (1.0 - loss))

    assert abs(lost - DRAWS * loss) <= 4.0 * deviation


def test_as_many_are_reported_twice_as_told() -> None:
    copies = [copies for _, copies, _ in receptions(Channel(loss=0.0, duplicates=0.1))]

    assert set(copies) == {1, 2}
    assert abs(copies.count(2) - 2000) < 4 * math.sqrt(20_000 * 0.1 * 0.9)


def test_fading_spreads_the_signal_around_its_mean() -> None:
    signals = [rssi for _, _, rssi in receptions(Channel(fading_db=4.0))]
    mean = sum(signals) / DRAWS
    spread = math.sqrt(sum((rssi - mean) ** 2 for rssi in signals) / DRAWS)

    assert mean == pytest.approx(-60.0, abs=0.15)
    assert spread == pytest.approx(4.0, abs=0.15)


def test_half_of_the_adverts_are_faint_at_the_edge_of_reach() -> None:
    # Whole dBm: what rounds to -95 is still heard, so the border is at -95.5.
    faint = sum(is_faint for is_faint, _, _ in receptions(Channel(), mean_rssi_dbm=-95.5))

    assert abs(faint - DRAWS / 2) < 4 * math.sqrt(DRAWS) / 2


def test_nothing_is_heard_far_out_of_reach_and_nothing_faint_near() -> None:
    assert all(is_faint for is_faint, _, _ in receptions(Channel(), mean_rssi_dbm=-120.0))
    assert not any(is_faint for is_faint, _, _ in receptions(Channel(), mean_rssi_dbm=-60.0))


@given(st.integers(0, 2**64 - 1))
def test_delay_is_within_its_limit(bits: int) -> None:
    reception = Channel(loss=0.0, delay_max_s=0.02).receive(-60.0, bits)

    assert 0.0 <= reception.delay_s < 0.02
