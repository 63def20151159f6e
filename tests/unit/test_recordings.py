"""Recorded reality becomes frames in order of time, or one sentence that says what is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruuvitag_ble.df5_decoder import DataFormat5Decoder

from frostline.errors import CommandRefused
from frostline.recordings import Frame, address_of_name, read_recording
from schemas.ids import LoggerId

DATA = Path(__file__).parents[1] / "data/ble"
RUUVI = 0x0499
START = datetime(2026, 11, 1, 8, tzinfo=UTC)


def read(path: Path, *, logger: str | None = None) -> list[Frame]:
    return read_recording(path, start=START, interval_s=0.5, logger=logger)


def df5_of(frames: list[Frame]) -> list[Frame]:
    return [frame for frame in frames if frame.manufacturer_data.get(RUUVI, b"")[:1] == b"\x05"]


def refuse(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "recording"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandRefused, match=message):
        read(path)


@pytest.mark.parametrize(
    ("name", "frames", "loggers", "sequences"),
    [("hcidump-2.x.txt", 44, 6, 44), ("hcidump-3.x.txt", 11, 1, 6)],
)
def test_a_capture_of_a_real_radio_is_read_whole(
    name: str, frames: int, loggers: int, sequences: int
) -> None:
    """The counts are those of the captures' own description, tests/data/README.md."""
    found = df5_of(read(DATA / name))
    decoded = [(f.logger_id, DataFormat5Decoder(f.manufacturer_data[RUUVI])) for f in found]
    assert len(found) == frames
    assert len({frame.logger_id for frame in found}) == loggers
    assert len({(logger, tag.measurement_sequence_number) for logger, tag in decoded}) == sequences


def test_a_capture_without_times_begins_at_start_and_steps_by_interval(tmp_path: Path) -> None:
    """Two packets of DATA/hcidump-3.x.txt's kind: an empty report from 01:02:03:04:05:06."""
    packet = "> 04 3E 0C 02 01 04 01 06 05 04 03 02 01 00 C4 \n"
    path = tmp_path / "capture.txt"
    path.write_text("HCI sniffer\n" + packet * 2)
    start_ms = 1_793_520_000_000  # 2026-11-01T08:00:00Z
    assert read(path) == [
        Frame(at_ms=at_ms, logger_id=LoggerId("01:02:03:04:05:06"), rssi_dbm=-60)
        for at_ms in (start_ms, start_ms + 500)
    ]


def test_a_capture_that_breaks_off_gives_what_is_whole(tmp_path: Path) -> None:
    whole = "> 04 3E 0C 02 01 04 01 06 05 04 03 02 01 00 C4 \n"
    path = tmp_path / "capture.txt"
    path.write_text(
        whole + "> 04 3E 2B 02 01 03 01 06 05 04 03 02 01 1F 02 01\n> 04 3E 2B 02 01 03"
    )
    assert len(read(path)) == 1


def test_readings_of_an_export_become_frames_at_their_millisecond() -> None:
    """The first and last rows of the file, read with the eye."""
    frames = read(DATA / "ruuvi-0233.csv")
    first, last = (DataFormat5Decoder(frames[i].manufacturer_data[RUUVI]) for i in (0, -1))
    assert len(frames) == len({frame.at_ms for frame in frames}) == 1419
    assert datetime.fromtimestamp(frames[0].at_ms / 1000, UTC).isoformat() == (
        "2020-10-08T14:46:31.805000+00:00"
    )
    assert (first.temperature_celsius, first.humidity_percentage) == (24.83, 54.46)
    assert first.measurement_sequence_number == 500
    assert (last.temperature_celsius, last.humidity_percentage) == (28.12, 43.95)


def test_a_file_that_names_no_logger_has_a_random_static_address() -> None:
    address = address_of_name("ruuvi-0233")
    assert int(address[:2], 16) & 0b1100_0000 == 0b1100_0000  # Core 5.4, vol 6 part B, 1.3.2.1
    assert address == address_of_name("ruuvi-0233") != address_of_name("ruuvi-0234")


def test_a_plain_csv_and_json_lines_are_read_too(tmp_path: Path) -> None:
    csv_file, lines = tmp_path / "a.csv", tmp_path / "a.jsonl"
    csv_file.write_text("measured_at,temperature_c\n2026-11-01T09:00:00+01:00,-18.5\n")
    lines.write_text(
        '{"at": "2026-11-01T08:00:00Z", "logger_id": "c4a5e3000001", "rssi_dbm": -70, '
        '"manufacturer_data": {"1177": "05"}}\n'
    )
    (reading,) = read(csv_file, logger="C4:A5:E3:00:00:01")
    (frame,) = read(lines)
    assert DataFormat5Decoder(reading.manufacturer_data[RUUVI]).temperature_celsius == -18.5
    assert reading.at_ms == frame.at_ms == 1_793_520_000_000
    assert reading.logger_id == frame.logger_id
    assert frame.manufacturer_data == {RUUVI: b"\x05"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name them measured_at"),
        ("a,b\n1,2\n", "name them measured_at"),
        ("measured_at,temperature_c\n", "holds no adverts and no readings"),
        ("measured_at,temperature_c\nyesterday,4\n", "line 2 is not a reading"),
        ("measured_at,temperature_c\n2026-11-01T08:00:00,4\n", "has no time zone"),
        ("measured_at,temperature_c\n2026-11-01T08:00:00Z,warm\n", "line 2 is not a reading"),
        ("measured_at,temperature_c\n2026-11-01T08:00:00Z\n", "line 2 is not a reading"),
        ("measured_at,temperature_c\n2026-11-01T08:00:00Z,inf\n", "line 2 is not a reading"),
        ("measured_at,temperature_c\n2026-11-01T08:00:00Z,1e9\n", "is not between -100"),
        ("measured_at,temperature_c\n99999999999999999,4\n", "line 2 is not a reading"),
        ("measured_at,temperature_c\n0001-01-01T00:00:00Z,4\n", "line 2 is not a reading"),
        ("measured_at,temperature_c\n" + "9" * 200_000 + ",4\n", "line 2 is not a reading"),
        ('{"at": ' + "[" * 100_000, "line 1 is not a frame"),
        (
            '{"at": "2026-11-01T08:00:00Z", "logger_id": "c4a5e3000001", "rssi_dbm": 1e400}',
            "line 1",
        ),
        ('{"at": 1', "line 1 is not a frame"),
        ('{"at": "2026-11-01T08:00:00Z"}', "line 1 is not a frame: no 'logger_id'"),
        ('{"at": "2026-11-01T08:00:00Z", "logger_id": 7}', "line 1 is not a frame"),
    ],
)
def test_a_file_that_cannot_be_read_says_the_line_and_the_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    refuse(tmp_path, text, message)


def test_a_recording_of_days_to_come_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, "measured_at,temperature_c\n2099-01-01T00:00:00Z,4\n", "which lies ahead")


def test_a_missing_or_binary_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandRefused, match="cannot be read: No such file"):
        read(tmp_path / "nothing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(CommandRefused, match="is not text"):
        read(tmp_path / "binary")
