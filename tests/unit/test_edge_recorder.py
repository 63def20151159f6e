"""Adverts of real radios become the readings they hold, each once, at the time of a given clock."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from edge.advert import Advert, Refusal
from edge.outbox import Outbox
from edge.recorder import Outcome, Recorder
from edge.settings import EdgeSettings
from frostline.recordings import read_recording
from schemas.reading import ClockConfidence, Reading

CAPTURES = Path(__file__).parents[1] / "data/ble"
NOON = 1_790_000_000_000
A, B = "C4:A5:E3:00:00:01", "C4:A5:E3:00:00:02"
RUUVI = 0x0499
# docs.ruuvi.com, data format 5, "valid data": 24.3 °C, sequence 205
DF5 = bytes.fromhex("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F")


@dataclass
class FileClock:
    """A clock that a replay drives by its file's times."""

    at_ms: int = NOON
    began_ms: int = NOON - 60_000
    state: ClockConfidence | None = ClockConfidence.SYNCHRONISED
    boot_id: UUID = field(default_factory=lambda: UUID(int=1))

    def wall_ms(self) -> int:
        return self.at_ms

    def monotonic_ms(self) -> int:
        return self.at_ms - self.began_ms

    def confidence(self) -> ClockConfidence | None:
        return self.state


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox", boot_id=UUID(int=1))
    yield opened
    opened.close()


def recorder_for(outbox: Outbox, clock: FileClock, **changes: object) -> Recorder:
    values: dict[str, object] = {"gateway_id": "truck-17", "record_interval_s": 0.0}
    settings = EdgeSettings(**(values | changes))  # type: ignore[arg-type]  # checked at run time
    return Recorder(settings, clock=clock, outbox=outbox)


def kept(outbox: Outbox) -> list[Reading]:
    outbox.cut(max_readings=10_000, partial=True)
    return [r for b in outbox.waiting(1000) for r in outbox.readings_of(b.batch_id)]


def ruuvi(sequence: int, logger_id: str = A, *, raw_temperature: int = 0x12FC) -> Advert:
    temperature = raw_temperature.to_bytes(2, "big")
    frame = DF5[:1] + temperature + DF5[3:16] + sequence.to_bytes(2, "big") + DF5[18:]
    return Advert(logger_id, -60, {RUUVI: frame}, {})


@pytest.mark.parametrize(
    ("name", "readings", "loggers"), [("hcidump-2.x.txt", 44, 6), ("hcidump-3.x.txt", 6, 1)]
)
def test_a_capture_of_a_real_radio_gives_each_measurement_once(
    outbox: Outbox, name: str, readings: int, loggers: int
) -> None:
    """tests/data/README.md: 44 frames of 6 tags; 11 frames of one tag, 6 distinct sequences."""
    clock = FileClock()
    recorder = recorder_for(outbox, clock)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for frame in read_recording(CAPTURES / name, start=start, interval_s=0.5, logger=None):
        clock.at_ms = frame.at_ms
        manufacturer, service = frame.manufacturer_data, frame.service_data
        recorder.hear(Advert(frame.logger_id, frame.rssi_dbm, manufacturer, service))
    assert recorder.flush() == readings
    assert len({reading.logger_id for reading in kept(outbox)}) == loggers


def test_a_reading_has_the_time_at_which_its_first_advert_was_heard(outbox: Outbox) -> None:
    clock = FileClock()
    recorder = recorder_for(outbox, clock)
    assert recorder.hear(ruuvi(1)) is Outcome.RECORDED
    clock.at_ms += 700
    assert recorder.hear(ruuvi(1)) is Outcome.REPEATED
    recorder.flush()
    assert [(r.measured_at_ms, r.sequence, r.rssi_dbm) for r in kept(outbox)] == [(NOON, 1, -60)]


def test_only_allowed_loggers_are_heard(outbox: Outbox) -> None:
    recorder = recorder_for(outbox, FileClock(), allow=(B.lower(),))
    assert recorder.hear(ruuvi(1, A)) is Outcome.NOT_ALLOWED
    assert recorder.hear(ruuvi(1, B)) is Outcome.RECORDED


def test_a_loggers_calibration_is_added(outbox: Outbox) -> None:
    recorder = recorder_for(outbox, FileClock(), calibration=(f"{A}=-0.25",))
    recorder.hear(ruuvi(1, A))
    recorder.hear(ruuvi(1, B))
    recorder.flush()
    assert [reading.temperature_c for reading in kept(outbox)] == [24.05, 24.3]


@pytest.mark.parametrize(
    ("raw", "outcome"), [(20_000 - 100, Outcome.RECORDED), (20_000 - 98, Refusal.OUT_OF_RANGE)]
)
def test_the_range_holds_for_the_calibrated_value(
    outbox: Outbox, raw: int, outcome: Outcome | Refusal
) -> None:
    """The raw unit is 0.005 °C: 99.50 + 0.5 is the limit of 100 °C, 99.51 + 0.5 beyond."""
    recorder = recorder_for(outbox, FileClock(), calibration=(f"{A}=0.5",))
    assert recorder.hear(ruuvi(1, raw_temperature=raw)) is outcome


def test_readings_heard_before_the_clock_was_set_get_their_time_from_it(outbox: Outbox) -> None:
    """One is in the outbox already, one not yet committed, when the clock is set 20 s later."""
    clock = FileClock(state=None)
    recorder = recorder_for(outbox, clock)
    recorder.hear(ruuvi(1))
    recorder.flush()
    clock.at_ms += 10_000
    recorder.hear(ruuvi(2))
    clock.at_ms += 10_000
    assert kept(outbox) == []
    clock.state = ClockConfidence.UNSYNCHRONISED
    recorder.flush()
    assert [(r.measured_at_ms, r.clock) for r in kept(outbox)] == [
        (NOON, ClockConfidence.UNSYNCHRONISED),
        (NOON + 10_000, ClockConfidence.UNSYNCHRONISED),
    ]


def test_what_does_not_decode_is_not_remembered(outbox: Outbox) -> None:
    recorder = recorder_for(outbox, FileClock())
    outcomes = Counter(
        recorder.hear(Advert(f"00:00:00:00:00:{i:02X}", -60, {company: b"\x05"}, {}))
        for i in range(100)
        for company in (RUUVI, 0x004C)
    )
    assert outcomes == {Refusal.MALFORMED: 100, Refusal.UNKNOWN: 100}
    assert list(recorder.tracks()) == []


def test_an_unavailable_signal_strength_is_left_out(outbox: Outbox) -> None:
    recorder = recorder_for(outbox, FileClock())
    recorder.hear(ruuvi(1)._replace(rssi_dbm=127))
    recorder.flush()
    assert kept(outbox)[0].rssi_dbm is None


def test_a_second_replay_of_a_file_gives_the_same_readings(tmp_path: Path) -> None:
    runs = []
    for name in ("first", "second"):
        clock = FileClock()
        outbox = Outbox(tmp_path / name, boot_id=UUID(int=1))
        recorder = recorder_for(outbox, clock)
        for sequence in range(50):
            clock.at_ms += 7
            recorder.hear(ruuvi(sequence))
        recorder.flush()
        runs.append(kept(outbox))
        outbox.close()
    assert runs[0] == runs[1]


def test_a_measurement_still_on_the_air_after_a_restart_is_not_recorded_again(
    tmp_path: Path,
) -> None:
    """The edge was killed after the commit; the logger repeats its sample until the next one."""
    clock = FileClock()
    for expected in (Outcome.RECORDED, Outcome.REPEATED):
        outbox = Outbox(tmp_path / "outbox", boot_id=UUID(int=1))
        recorder = recorder_for(outbox, clock)
        assert recorder.hear(ruuvi(205, raw_temperature=0x12FD)) is expected  # 24.305 °C
        recorder.flush()
        clock.at_ms += 4_000
        outbox.close()
    outbox = Outbox(tmp_path / "outbox", boot_id=UUID(int=2))  # the machine has restarted, too
    assert recorder_for(outbox, clock).hear(ruuvi(206)) is Outcome.RECORDED
    outbox.close()


@pytest.mark.parametrize(
    ("later_ms", "expected"),
    [(15 * 60_000, Outcome.REPEATED), (15 * 60_000 + 1, Outcome.RECORDED)],
)
def test_an_equal_counter_long_after_a_restart_is_another_measurement(
    tmp_path: Path, later_ms: int, expected: Outcome
) -> None:
    clock = FileClock()
    outbox = Outbox(tmp_path / "outbox", boot_id=UUID(int=1))
    before = recorder_for(outbox, clock)
    before.hear(ruuvi(205))
    before.flush()
    clock.at_ms += later_ms
    assert recorder_for(outbox, clock).hear(ruuvi(205)) is expected
    outbox.close()


@pytest.mark.parametrize(("record_interval_s", "deaf_ms"), [(0.0, 0), (30.0, 27_000)])
def test_an_edge_restarted_under_a_clock_set_back_goes_on_hearing(
    tmp_path: Path, record_interval_s: float, deaf_ms: int
) -> None:
    """The clock is set back by an hour while the edge is off; it is deaf for no hour."""
    clock = FileClock()
    outbox = Outbox(tmp_path / "outbox", boot_id=UUID(int=1))
    before = recorder_for(outbox, clock, record_interval_s=record_interval_s)
    before.hear(ruuvi(205))
    before.flush()
    clock.at_ms, clock.began_ms = NOON - 3_600_000, NOON - 3_660_000
    after = recorder_for(outbox, clock, record_interval_s=record_interval_s)
    assert after.hear(ruuvi(205)) is Outcome.REPEATED
    clock.at_ms += deaf_ms
    assert after.hear(ruuvi(206)) is Outcome.RECORDED
    outbox.close()


def test_one_reading_of_a_year_too_far_does_not_carry_later_ones_there(tmp_path: Path) -> None:
    """The clock said 2044 once. It is right again, and the edge restarts before B is heard."""
    clock = FileClock(at_ms=2_340_000_000_000)
    outbox = Outbox(tmp_path / "outbox", boot_id=UUID(int=1))
    recorder = recorder_for(outbox, clock)
    recorder.hear(ruuvi(1, A))
    recorder.hear(ruuvi(1, B))
    recorder.flush()
    clock.at_ms, clock.began_ms = NOON, NOON - 120_000
    recorder.hear(ruuvi(2, A))
    recorder.flush()
    clock.at_ms += 1000
    after = recorder_for(outbox, clock)
    after.hear(ruuvi(2, B))
    after.flush()
    assert [(r.logger_id, r.measured_at_ms, r.clock) for r in kept(outbox)][2:] == [
        (A, NOON, ClockConfidence.SYNCHRONISED),
        (B, NOON + 1000, ClockConfidence.SYNCHRONISED),
    ]
    outbox.close()


def test_what_was_heard_but_not_committed_before_the_clock_was_set_leaves_a_year_too_far(
    outbox: Outbox,
) -> None:
    clock = FileClock(at_ms=2_340_000_000_000)
    before = recorder_for(outbox, clock)
    before.hear(ruuvi(1))
    before.flush()
    clock = FileClock(state=None)
    recorder = recorder_for(outbox, clock)
    recorder.hear(ruuvi(2))
    clock.at_ms += 10_000
    clock.state = ClockConfidence.SYNCHRONISED
    recorder.hear(ruuvi(3))
    recorder.flush()
    assert [r.measured_at_ms for r in kept(outbox)][1:] == [NOON, NOON + 10_000]
