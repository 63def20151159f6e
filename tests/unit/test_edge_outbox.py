"""What the outbox has taken is neither lost nor doubled, whatever dies."""

import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.advert import Sample
from edge.clock import Stamp, Stamper
from edge.outbox import Measurement, Outbox
from edge.outbox_file import OutboxInUse, UnusableOutbox
from schemas.reading import ClockConfidence, Reading, Source
from schemas.wire import BatchId

BOOT, NEXT_BOOT, THIRD_BOOT = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = 1_790_000_000_000
DAY_MS = 86_400_000
A, B = "C4:A5:E3:00:00:01", "C4:A5:E3:00:00:02"
SYNC = ClockConfidence.SYNCHRONISED


def measured(at_ms: int | None, logger_id: str = A, *, monotonic_ms: int = 0) -> Measurement:
    return Measurement(
        logger_id=logger_id,
        sample=Sample(frame_format="bthome-v2", temperature_c=4.25),
        heard=Stamp(
            monotonic_ms=monotonic_ms,
            measured_at_ms=at_ms,
            confidence=None if at_ms is None else SYNC,
        ),
    )


def times(outbox: Outbox, logger_id: str = A) -> list[int]:
    """Cut everything and return one logger's times in the order of the rows."""
    outbox.cut(max_readings=1000, partial=True)
    return [r.measured_at_ms for r in readings(outbox) if r.logger_id == logger_id]


def readings(outbox: Outbox) -> list[Reading]:
    return [r for batch in outbox.waiting(1000) for r in outbox.readings_of(batch.batch_id)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite3"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    opened = Outbox(path, boot_id=BOOT)
    yield opened
    opened.close()


# Readings ----------------------------------------------------------------------------------------


def test_a_reading_comes_back_as_it_was_taken(outbox: Outbox) -> None:
    sample = Sample(
        frame_format="ruuvi-df5",
        temperature_c=-18.37,
        humidity_pct=53.49,
        battery_mv=2977,
        sequence=205,
    )
    heard = Stamp(monotonic_ms=5, measured_at_ms=NOON, confidence=ClockConfidence.SLEWED)
    outbox.append([Measurement(logger_id=A, sample=sample, heard=heard, rssi_dbm=-71)])
    outbox.cut(max_readings=10, partial=True)
    assert readings(outbox) == [
        Reading(
            logger_id=A,  # type: ignore[arg-type]  # an id
            frame_format="ruuvi-df5",
            measured_at_ms=NOON,
            temperature_c=-18.37,
            humidity_pct=53.49,
            battery_mv=2977,
            rssi_dbm=-71,
            sequence=205,
            source=Source.LIVE,
            clock=ClockConfidence.SLEWED,
        )
    ]


def test_a_loggers_time_never_stands_still_or_runs_back(outbox: Outbox) -> None:
    outbox.append([measured(NOON), measured(NOON), measured(NOON - 5000), measured(NOON + 9)])
    assert times(outbox) == [NOON, NOON + 1, NOON + 2, NOON + 9]


def test_two_loggers_may_measure_at_the_same_time(outbox: Outbox) -> None:
    outbox.append([measured(NOON, A), measured(NOON, B)])
    assert (times(outbox, A), times(outbox, B)) == ([NOON], [NOON])


def test_time_does_not_run_back_over_a_restart(path: Path) -> None:
    first = Outbox(path, boot_id=BOOT)
    first.append([measured(NOON)])
    first.cut(max_readings=10, partial=True)
    first.confirm([batch.batch_id for batch in first.waiting(10)])
    first.close()
    second = Outbox(path, boot_id=BOOT)
    second.append([measured(NOON - 60_000)])
    assert times(second) == [NOON + 1]
    assert second.last_measured_at_ms() == NOON + 1
    second.close()


# The clock steps back ----------------------------------------------------------------------------


def stepped(at_ms: int, logger_id: str = A) -> Measurement:
    heard = Stamp(monotonic_ms=0, measured_at_ms=at_ms, confidence=SYNC, begins_epoch=True)
    return replace(measured(at_ms, logger_id), heard=heard)


def test_after_a_step_back_every_logger_goes_on_from_there(path: Path) -> None:
    """Also one that is heard again only after a restart."""
    outbox = Outbox(path, boot_id=BOOT)
    outbox.append([measured(NOON + 9 * DAY_MS, A), measured(NOON + 9 * DAY_MS, B)])
    outbox.append([stepped(NOON, A), measured(NOON, A)])
    outbox.close()
    outbox = Outbox(path, boot_id=BOOT)
    assert outbox.last_measured_at_ms() == NOON + 1
    outbox.append([measured(NOON + 5, B), measured(NOON + 5, B)])
    assert times(outbox, A) == [NOON + 9 * DAY_MS, NOON, NOON + 1]
    assert times(outbox, B) == [NOON + 9 * DAY_MS, NOON + 5, NOON + 6]
    outbox.close()


def test_a_time_that_was_given_before_the_step_is_not_given_again(path: Path) -> None:
    """The clock ran a little over a day ahead; true time reaches those readings later.

    Also where they have been confirmed since, and where wrong and right lie in one commit.
    """
    outbox = Outbox(path, boot_id=BOOT)
    ahead = NOON + DAY_MS + 2
    outbox.append([measured(ahead), measured(ahead + 1), stepped(NOON), measured(NOON + 1)])
    assert times(outbox) == [ahead, ahead + 1, NOON, NOON + 1]
    outbox.confirm([batch.batch_id for batch in outbox.waiting(10)])
    outbox.close()
    outbox = Outbox(path, boot_id=BOOT)
    outbox.append([measured(ahead - 1), measured(ahead), measured(ahead), measured(ahead, B)])
    assert times(outbox, A) == [ahead - 1, ahead + 2, ahead + 3]
    assert times(outbox, B) == [ahead]
    outbox.close()


def test_readings_that_waited_are_not_placed_into_a_year_too_far(path: Path) -> None:
    """An outbox of 2103 boots with an unset clock, which is then set to NOON, 60 s after boot."""
    outbox = Outbox(path, boot_id=BOOT)
    outbox.append([measured(4_200_000_000_000)])
    outbox.close()
    outbox = Outbox(path, boot_id=NEXT_BOOT)
    outbox.append([measured(None, monotonic_ms=2_000), measured(None, monotonic_ms=5_000)])
    outbox.place(wall_ms=NOON, monotonic_ms=60_000, confidence=SYNC)
    assert times(outbox)[1:] == [NOON - 58_000, NOON - 55_000]
    outbox.append([stepped(NOON)])
    assert times(outbox)[3:] == [NOON]
    outbox.close()


@dataclass
class JumpingClock:
    """A clock that is set wrong and right again."""

    wall: int = NOON
    monotonic: int = 0
    boot_id: UUID = BOOT

    def wall_ms(self) -> int:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.monotonic

    def confidence(self) -> ClockConfidence | None:
        return SYNC


# Whole and half days, a few ms around them: so that epochs meet each other's times.
JUMPS_MS = st.builds(
    lambda halves, ms: halves * DAY_MS // 2 + ms, st.integers(-6, 6), st.integers(-2, 2)
)


@given(st.lists(st.tuples(JUMPS_MS, st.integers(0, 3), st.booleans(), st.booleans()), max_size=30))
@settings(deadline=None)
def test_no_two_readings_of_a_logger_have_one_time_however_the_clock_jumps(
    moves: list[tuple[int, int, bool, bool]],
) -> None:
    """Jump, time passed, whether A or B is heard, whether the edge restarts."""
    clock = JumpingClock()
    given_times: list[tuple[str, int]] = []
    with tempfile.TemporaryDirectory(prefix="frostline-outbox-") as folder:
        outbox = Outbox(Path(folder) / "outbox", boot_id=BOOT)
        stamper = Stamper(clock)
        for jump_ms, elapsed_ms, is_a, restarts in moves:
            if restarts:
                outbox.close()
                outbox = Outbox(Path(folder) / "outbox", boot_id=BOOT)
                stamper = Stamper(clock, last_ms=outbox.last_measured_at_ms())
            clock.wall += jump_ms + elapsed_ms
            clock.monotonic += elapsed_ms
            heard = stamper.stamp(monotonic_ms=clock.monotonic)
            outbox.append([replace(measured(0, A if is_a else B), heard=heard)])
        outbox.cut(max_readings=1000, partial=True)
        given_times = [(r.logger_id, r.measured_at_ms) for r in readings(outbox)]
        outbox.close()
    assert len(given_times) == len(moves) == len(set(given_times))


# The clock is set late ---------------------------------------------------------------------------


def test_readings_of_this_boot_get_their_exact_time_once_the_clock_is_set(outbox: Outbox) -> None:
    """Heard 2 s and 5 s after the boot; at 60 s after it, the clock is set to NOON."""
    outbox.append([measured(None, monotonic_ms=2_000), measured(None, monotonic_ms=5_000)])
    assert outbox.unplaced == 2
    assert times(outbox) == []
    outbox.place(wall_ms=NOON, monotonic_ms=60_000, confidence=SYNC)
    assert times(outbox) == [NOON - 58_000, NOON - 55_000]
    assert {reading.clock for reading in readings(outbox)} == {SYNC}
    assert outbox.unplaced == 0


def test_readings_of_boots_without_a_clock_are_placed_in_order_before_this_one(path: Path) -> None:
    """Boot 3 began at NOON - 60 s; 2 and 1 ended before it, the distances within each are kept."""
    for boot_id, heard_ms in ((BOOT, (1_000, 4_000)), (NEXT_BOOT, (2_000, 9_000))):
        outbox = Outbox(path, boot_id=boot_id)
        outbox.append([measured(None, monotonic_ms=ms) for ms in heard_ms])
        outbox.close()
    outbox = Outbox(path, boot_id=THIRD_BOOT)
    outbox.append([measured(None, monotonic_ms=30_000)])
    outbox.place(wall_ms=NOON, monotonic_ms=60_000, confidence=SYNC)
    began = NOON - 60_000
    assert times(outbox) == [
        began - 1 - 7_000 - 2_000 - 1 - 3_000,
        began - 1 - 7_000 - 2_000 - 1,
        began - 1 - 7_000,
        began - 1,
        NOON - 30_000,
    ]
    estimated = ClockConfidence.ESTIMATED
    assert [reading.clock for reading in readings(outbox)] == [estimated] * 4 + [SYNC]
    assert [batch.boot_id for batch in outbox.waiting(10)] == [BOOT, NEXT_BOOT, THIRD_BOOT]
    outbox.close()


def test_placed_readings_come_after_what_the_logger_measured_before(outbox: Outbox) -> None:
    outbox.append([measured(NOON), measured(None, monotonic_ms=1)])
    outbox.place(wall_ms=NOON - 5_000, monotonic_ms=60_000, confidence=SYNC)
    assert times(outbox) == [NOON, NOON + 1]


# Batches -----------------------------------------------------------------------------------------


def sizes(outbox: Outbox) -> list[int]:
    return [batch.readings for batch in outbox.waiting(1000)]


@pytest.mark.parametrize(
    ("count", "full", "all_of_it"),
    [(9, [], [9]), (10, [10], [10]), (11, [10], [10, 1]), (25, [10, 10], [10, 10, 5])],
)
def test_full_batches_are_cut_at_once_and_others_when_asked(
    outbox: Outbox, count: int, full: list[int], all_of_it: list[int]
) -> None:
    outbox.append([measured(NOON + i) for i in range(count)])
    outbox.cut(max_readings=10, partial=False)
    assert sizes(outbox) == full
    outbox.cut(max_readings=10, partial=True)
    assert sizes(outbox) == all_of_it


def test_a_batch_never_spans_two_boots(path: Path) -> None:
    first = Outbox(path, boot_id=BOOT)
    first.append([measured(NOON), measured(NOON + 1)])
    first.close()
    second = Outbox(path, boot_id=NEXT_BOOT)
    second.append([measured(NOON + 2)])
    second.cut(max_readings=10, partial=False)
    assert [(b.boot_id, b.readings) for b in second.waiting(10)] == [(BOOT, 2)]
    second.cut(max_readings=10, partial=True)
    assert [(b.boot_id, b.readings) for b in second.waiting(10)] == [(BOOT, 2), (NEXT_BOOT, 1)]
    second.close()


def test_a_batch_once_cut_keeps_its_id_and_rows_over_a_restart(path: Path) -> None:
    first = Outbox(path, boot_id=BOOT)
    first.append([measured(NOON)])
    first.cut(max_readings=10, partial=True)
    before = first.waiting(10)
    first.close()
    second = Outbox(path, boot_id=NEXT_BOOT)
    second.append([measured(NOON + 1)])
    second.cut(max_readings=10, partial=True)
    assert second.waiting(10)[0] == before[0]
    second.close()


def test_the_newest_batches_can_be_asked_for(outbox: Outbox) -> None:
    outbox.append([measured(NOON + i) for i in range(5)])
    outbox.cut(max_readings=1, partial=True)
    assert [b.batch_id.first_row for b in outbox.waiting(2)] == [1, 2]
    assert [b.batch_id.first_row for b in outbox.newest_waiting(2)] == [5, 4]


def test_a_stored_batch_is_deleted_and_its_row_ids_are_not_used_again(path: Path) -> None:
    first = Outbox(path, boot_id=BOOT)
    first.append([measured(NOON), measured(NOON + 1)])
    first.cut(max_readings=10, partial=True)
    assert first.confirm([batch.batch_id for batch in first.waiting(10)]) == 1
    assert (first.waiting(10), first.holdings().readings) == ([], 0)
    first.close()
    second = Outbox(path, boot_id=BOOT)
    second.append([measured(NOON + 2)])
    second.cut(max_readings=10, partial=True)
    assert second.waiting(10)[0].batch_id.first_row == 3
    second.close()


def test_another_outboxs_ids_change_nothing(outbox: Outbox) -> None:
    """An outbox was deleted while a `stored` was still queued: the row numbers are the same."""
    outbox.append([measured(NOON)])
    outbox.cut(max_readings=10, partial=True)
    theirs = [BatchId(outbox=uuid4(), first_row=1, last_row=1)]
    assert outbox.confirm(theirs, theirs) == 0
    assert sizes(outbox) == [1]


@pytest.mark.parametrize("limits", [(1, 1), (2, 3), (1, 4), (7, 9)])
def test_ids_of_no_batch_of_ours_change_nothing(outbox: Outbox, limits: tuple[int, int]) -> None:
    outbox.append([measured(NOON + i) for i in range(3)])
    outbox.cut(max_readings=10, partial=True)
    wrong = BatchId(outbox=outbox.uuid, first_row=limits[0], last_row=limits[1])
    assert outbox.confirm([wrong]) == 0
    assert len(readings(outbox)) == 3


def test_a_dead_lettered_batch_is_kept_and_not_sent_again(outbox: Outbox) -> None:
    outbox.append([measured(NOON)])
    outbox.cut(max_readings=10, partial=True)
    (batch,) = outbox.waiting(10)
    assert outbox.confirm([], [batch.batch_id]) == 1
    assert outbox.waiting(10) == []
    assert len(outbox.readings_of(batch.batch_id)) == 1
    assert (outbox.holdings().readings, outbox.holdings().dead_lettered) == (0, 1)


def test_counts_survive_a_restart(path: Path) -> None:
    first = Outbox(path, boot_id=BOOT)
    first.append([measured(NOON + i) for i in range(5)] + [measured(None)])
    first.cut(max_readings=2, partial=False)
    first.confirm([first.waiting(1)[0].batch_id], [first.waiting(2)[1].batch_id])
    before, unplaced = first.holdings(), first.unplaced
    first.close()
    second = Outbox(path, boot_id=BOOT)
    assert (second.holdings(), second.unplaced) == (before, unplaced)
    assert (before.readings, before.dead_lettered, before.uncut, unplaced) == (2, 2, 1, 1)
    second.close()


# Trouble -----------------------------------------------------------------------------------------


def fill(outbox: Outbox, count: int, *, first: int = 0) -> None:
    for start in range(first, first + count, 1000):
        outbox.append([measured(NOON + i) for i in range(start, start + 1000)])
        outbox.cut(max_readings=500, partial=False)


def test_a_full_outbox_drops_the_oldest_whole_batches_and_counts_them(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """1 MiB holds some 25,000 readings; 60,000 are taken, and the newest are all there."""
    outbox = Outbox(path, boot_id=BOOT, max_mb=1)
    fill(outbox, 60_000)
    held = outbox.holdings()
    assert held.dropped > 0
    assert held.readings + held.dropped == 60_000
    assert outbox.bytes_used() <= 1024 * 1024
    kept = [r for b in outbox.waiting(1000) for r in outbox.readings_of(b.batch_id)]
    expected = range(NOON + held.dropped, NOON + 60_000)
    assert [reading.measured_at_ms for reading in kept] == list(expected)
    assert "outbox is full; oldest readings dropped" in caplog.messages
    outbox.close()
    again = Outbox(path, boot_id=BOOT, max_mb=1)
    assert again.holdings() == held
    again.close()


def test_dead_letters_are_dropped_first_and_not_counted_as_lost(path: Path) -> None:
    outbox = Outbox(path, boot_id=BOOT, max_mb=1)
    fill(outbox, 1000)
    outbox.confirm([], [batch.batch_id for batch in outbox.waiting(10)])
    while outbox.holdings().dead_lettered:
        fill(outbox, 1000, first=100_000)
    assert outbox.holdings().dropped == 0
    outbox.close()


def test_a_file_of_another_kind_is_left_alone(path: Path) -> None:
    path.write_text("measured_at,temperature_c\n")
    with pytest.raises(UnusableOutbox, match="a file of another kind"):
        Outbox(path, boot_id=BOOT)
    assert path.read_text() == "measured_at,temperature_c\n"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("keep_bytes", [0, 100, 4096])
def test_a_corrupt_outbox_is_set_aside_and_a_new_one_begun(
    path: Path, keep_bytes: int, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(path, boot_id=BOOT)
    fill(outbox, 5000)
    before = outbox.uuid
    outbox.close()
    content = path.read_bytes()
    path.write_bytes(content[:keep_bytes] + b"\xa5" * (len(content) - keep_bytes))
    again = Outbox(path, boot_id=BOOT)
    again.append([measured(NOON)])
    assert again.uuid != before
    assert again.holdings().readings == 1
    assert len(list(path.parent.glob("*.corrupt-*"))) == 1
    assert any(record.levelno == logging.CRITICAL for record in caplog.records)
    again.close()


def test_an_outbox_that_turns_corrupt_while_it_is_used_is_replaced(path: Path) -> None:
    outbox = Outbox(path, boot_id=BOOT)
    fill(outbox, 20_000)
    other = sqlite3.connect(path)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    for _ in range(3):
        outbox.append([measured(NOON)])
        outbox.cut(max_readings=10, partial=True)
        outbox.waiting(10)
    assert outbox.holdings().readings in {1, 2, 3}
    assert len(list(path.parent.glob("*.corrupt-*"))) == 1
    outbox.close()


def test_two_edges_cannot_share_an_outbox(path: Path, outbox: Outbox) -> None:
    with pytest.raises(OutboxInUse, match="FROSTLINE_EDGE_OUTBOX_PATH"):
        Outbox(path, boot_id=BOOT)
    assert outbox.holdings().readings == 0


@pytest.mark.parametrize("inside", ["outbox.sqlite3", "deeper/outbox.sqlite3"])
def test_an_outbox_that_cannot_be_made_is_named(tmp_path: Path, inside: str) -> None:
    (tmp_path / "a file").write_text("not a folder")
    with pytest.raises(UnusableOutbox, match=r"a file.*FROSTLINE_EDGE_OUTBOX_PATH"):
        Outbox(tmp_path / "a file" / inside, boot_id=BOOT)


def test_a_folder_is_no_outbox(path: Path) -> None:
    path.mkdir()
    with pytest.raises(UnusableOutbox, match="FROSTLINE_EDGE_OUTBOX_PATH"):
        Outbox(path, boot_id=BOOT)


ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from uuid import UUID
sys.path.insert(0, sys.argv[2])
from test_edge_outbox import BOOT, NOON, measured
from edge.outbox import Outbox

# No file may grow beyond 300 kB: what a full disk does, without filling one.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
outbox = Outbox(Path(sys.argv[1]), boot_id=BOOT)
count = 0
while not outbox.holdings().held_in_memory:
    outbox.append([measured(NOON + count + i) for i in range(100)])
    count += 100
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
outbox.append([measured(NOON + count)])
after = outbox.holdings()
print(after.readings - count, after.held_in_memory, after.dropped)
"""


def test_readings_are_held_in_memory_while_the_disk_takes_nothing(path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["1", "0", "0"]  # all, and the one after; none held or lost


APPEND_FOR_EVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_edge_outbox import BOOT, NOON, measured
from edge.outbox import Outbox

outbox = Outbox(Path(sys.argv[1]), boot_id=BOOT)
i = 0
while True:
    outbox.append([measured(NOON + i)])
    i += 1
    print(i, flush=True)
"""


def test_what_append_returned_from_survives_a_kill(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", APPEND_FOR_EVER, str(path), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for _ in range(50):
        child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    said = 50 + len([line for line in child.stdout.read().split("\n") if line])
    child.wait()
    child.stdout.close()
    outbox = Outbox(path, boot_id=NEXT_BOOT)
    # One more may have been committed than it lived to say.
    assert outbox.holdings().readings in {said, said + 1}
    assert times(outbox) == list(range(NOON, NOON + outbox.holdings().readings))
    outbox.close()


# Any interleaving --------------------------------------------------------------------------------


class AnyInterleaving(RuleBasedStateMachine):
    """Append, cut, confirm, crash, in any order: nothing is lost or doubled."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="frostline-outbox-"))
        self.crashes = 0
        self.taken = 0
        self.kept: set[int] = set()  # times of what must still be there
        self.dead: set[int] = set()
        self.ids: dict[BatchId, list[int]] = {}
        self.outbox = self.open(self.folder / "0")

    def open(self, folder: Path) -> Outbox:
        folder.mkdir(exist_ok=True)
        return Outbox(folder / "outbox", boot_id=UUID(int=self.crashes // 2))

    @rule(count=st.integers(1, 7))
    def append(self, count: int) -> None:
        new = range(NOON + self.taken, NOON + self.taken + count)
        self.outbox.append([measured(at_ms) for at_ms in new])
        self.taken += count
        self.kept.update(new)

    @rule(max_readings=st.integers(1, 5), partial=st.booleans())
    def cut(self, max_readings: int, partial: bool) -> None:
        self.outbox.cut(max_readings=max_readings, partial=partial)

    @rule(data=st.data(), dead=st.booleans())
    def confirm(self, data: st.DataObject, dead: bool) -> None:
        waiting = [batch.batch_id for batch in self.outbox.waiting(1000)]
        if not waiting:
            return
        chosen = data.draw(st.lists(st.sampled_from(waiting), unique=True))
        answered = {r.measured_at_ms for b in chosen for r in self.outbox.readings_of(b)}
        foreign = [BatchId(outbox=uuid4(), first_row=1, last_row=1)]
        self.outbox.confirm(*(foreign, chosen) if dead else (chosen + foreign,))
        self.kept -= answered
        self.dead |= answered if dead else set()

    @rule()
    def restart(self) -> None:
        self.outbox.close()
        self.crashes += 1
        self.outbox = self.open(self.folder / str((self.crashes - 1) // 1000))

    @precondition(lambda self: self.crashes < 20)
    @rule()
    def crash(self) -> None:
        """Go on with the files as they are on the disk, the log not yet folded in."""
        crashed = Path(tempfile.mkdtemp(dir=self.folder))
        for file in (self.folder / "0").glob("outbox*"):
            if not file.name.endswith(("-shm", ".lock")):
                shutil.copy(file, crashed / file.name)
        self.outbox.close()
        shutil.rmtree(self.folder / "0")
        crashed.rename(self.folder / "0")
        self.crashes += 1
        self.outbox = self.open(self.folder / "0")

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        batches = self.outbox.waiting(1000)
        held = [r.measured_at_ms for b in batches for r in self.outbox.readings_of(b.batch_id)]
        holdings = self.outbox.holdings()
        assert len(held) == len(set(held))
        assert set(held) <= self.kept
        assert holdings.readings == len(self.kept)
        assert holdings.uncut == len(self.kept) - len(held)
        assert (holdings.dead_lettered, holdings.dropped) == (len(self.dead), 0)

    @invariant()
    def a_batch_id_means_the_same_rows_for_ever(self) -> None:
        for batch in self.outbox.waiting(1000):
            rows = [r.measured_at_ms for r in self.outbox.readings_of(batch.batch_id)]
            assert self.ids.setdefault(batch.batch_id, rows) == rows

    def teardown(self) -> None:
        self.outbox.cut(max_readings=1000, partial=True)
        assert {r.measured_at_ms for r in readings(self.outbox)} == self.kept
        self.outbox.close()
        shutil.rmtree(self.folder)


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
