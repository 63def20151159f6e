"""Many loggers in one process, with time handed to them."""

import itertools
from collections import Counter
from pathlib import Path

import pytest

from firmware_sim.air import Beacon, Ledger, UnknownLogger
from firmware_sim.fleet import Fleet, Setup
from firmware_sim.scenarios import Story, lid_openings_of, loggers_of
from firmware_sim.settings import SimSettings
from firmware_sim.world import World
from schemas.ids import LoggerId
from schemas.reading import Zone

BEGAN_MS = 1_800_000_000_000


class Run:
    """A fleet whose time the test moves, and what it sent."""

    def __init__(self, **settings: object) -> None:
        chosen = SimSettings(air_path=Path("air"), **settings)  # type: ignore[arg-type]
        self.loggers = loggers_of(chosen)
        self.ledger = Ledger()
        self.sent: list[tuple[float, LoggerId, int]] = []
        self.now_s = 0.0
        world = World(self.loggers, chosen.seed, packed_s=chosen.packed_s)
        world.advance_to(0.0)
        self.fleet = Fleet(
            self.loggers,
            world,
            Setup(
                sample_interval_s=chosen.sampling_s,
                advert_interval_s=chosen.advertising_s,
                log_capacity=chosen.log_capacity,
                seed=chosen.seed,
            ),
            self.hear,
            self.ledger,
        )

    def hear(self, beacon: Beacon) -> None:
        assert beacon.measurement is not None
        self.sent.append((self.now_s, beacon.logger_id, beacon.measurement.sequence))
        beacon.adverts += 1

    def until(self, end_s: float, step_s: float = 0.01) -> None:
        while self.now_s < end_s:
            self.fleet.tick(self.now_s, BEGAN_MS + round(self.now_s * 1000))
            self.now_s += step_s

    def temperatures_of(self, logger_id: LoggerId) -> list[float]:
        return [r.temperature_c for r in self.ledger.rows() if r.logger_id == logger_id]


def test_each_logger_samples_at_its_interval_and_repeats_the_sample_in_each_advert() -> None:
    run = Run(scenario="fleet", loggers=20)
    run.until(60.0)
    samples = Counter(row.logger_id for row in run.ledger.rows())
    repeats = Counter((logger_id, sequence) for _, logger_id, sequence in run.sent)

    assert set(samples.values()) == {6}  # one in each 10 s
    # Adverts 1 s apart and up to 10 ms more: 9 or 10 between two samples.
    complete = [count for (_, sequence), count in repeats.items() if 0 < sequence < 5]
    assert set(complete) <= {9, 10}


def test_adverts_are_an_interval_and_up_to_ten_milliseconds_apart() -> None:
    run = Run(scenario="fleet", loggers=1)
    run.until(120.0, step_s=0.0005)
    times = [when for when, _, _ in run.sent]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]

    assert min(gaps) >= 1.0 - 0.001
    assert max(gaps) <= 1.01 + 0.001
    assert max(gaps) - min(gaps) > 0.005  # it does vary


def test_the_same_seed_gives_the_same_ledger_and_another_seed_another() -> None:
    def rows(seed: int) -> list[tuple[object, ...]]:
        run = Run(seed=seed)
        run.until(5.0)
        return [
            (r.logger_id, r.sequence, r.sampled_at_ms, r.temperature_c) for r in run.ledger.rows()
        ]

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)


def test_a_process_that_was_held_up_does_not_shout_what_it_missed() -> None:
    run = Run(scenario="fleet", loggers=10)
    run.until(20.0)
    before = len(run.sent)
    run.now_s = 3620.0
    run.until(3620.01)

    assert len(run.sent) - before <= 10


def test_a_stopped_logger_is_silent_and_the_others_are_not() -> None:
    run = Run(scenario="fleet", loggers=5)
    run.until(20.0)
    dead = run.loggers[0].logger_id
    run.fleet.stop_logger(dead)
    run.sent.clear()
    run.until(40.0)

    assert {logger_id for _, logger_id, _ in run.sent} == {
        logger.logger_id for logger in run.loggers[1:]
    }


def test_a_rebooted_logger_begins_its_sequence_again() -> None:
    run = Run(scenario="fleet", loggers=1)
    run.until(35.0)
    run.fleet.reboot_logger(run.loggers[0].logger_id)
    run.until(45.0)

    boots = [(row.boot, row.sequence) for row in run.ledger.rows()]
    first = [sequence for boot, sequence in boots if boot == 0]
    assert first == list(range(len(first)))
    assert len(first) >= 3
    assert boots[len(first) :] == [(1, 0), (1, 1)]  # at once, and 10 s after the one before


def test_a_frozen_fleet_does_nothing() -> None:
    run = Run()
    run.until(3.0)
    run.fleet.freeze()
    taken, sent = run.ledger.taken, len(run.sent)
    run.until(10.0)

    assert (run.ledger.taken, len(run.sent)) == (taken, sent)


def test_an_unknown_logger_cannot_be_directed() -> None:
    run = Run()
    for direct in (run.fleet.stop_logger, run.fleet.reboot_logger):
        with pytest.raises(UnknownLogger, match="00:00:00:00:00:00"):
            direct(LoggerId("00:00:00:00:00:00"))


def test_an_opened_box_warms_and_its_neighbour_does_not() -> None:
    run = Run(scenario="fleet", loggers=2, sample_interval_s=1.0)
    run.until(5.0)
    opened, other = (logger.logger_id for logger in run.loggers)
    run.fleet.open_lid(opened, 120.0)
    run.until(130.0)
    rise = {
        logger_id: max(run.temperatures_of(logger_id)) - run.temperatures_of(logger_id)[0]
        for logger_id in (opened, other)
    }

    assert rise[opened] > 0.5
    assert rise[other] < 0.2


def test_the_demos_first_minute_shows_an_opened_lid_and_a_box_that_leaves_its_range() -> None:
    run = Run()
    run.fleet.schedule(lid_openings_of(run.loggers))
    run.until(60.0)
    by_story = {logger.story: logger.logger_id for logger in run.loggers if logger.order}
    lid, warming = (
        run.temperatures_of(by_story[story]) for story in (Story.LID_OPENED, Story.WARMING)
    )

    assert max(lid[:12]) < 3.0
    assert max(lid) > 4.0
    assert min(warming[:10]) < 4.0
    assert max(warming) > 4.0


def test_the_demos_other_boxes_keep_their_zones() -> None:
    run = Run()
    run.until(60.0)
    ranges_c = {Zone.FROZEN: (-25, -18), Zone.CHILLED: (0, 4), Zone.AMBIENT: (15, 18)}
    for logger in run.loggers:
        if logger.order and logger.story is Story.STEADY:
            low, high = ranges_c[logger.zone]
            assert all(low <= t <= high for t in run.temperatures_of(logger.logger_id))
