"""Which loggers are silent or unfit, and when must somebody look although nothing is heard?

A logger is looked at when it was heard, and at the moment when it would be silent. How often it
records is learned every so often and carried between, so that a look costs next to nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import msgspec
import numpy as np

from gateway.judge import store_facts, store_loggers
from gateway.judge.facts import MaintenanceRow
from gateway.judge.rounds import Next, Outcome, Round
from gateway.judge.store_loggers import BoundLogger, NewestReadings
from gateway.judge.subjects import Look, Subject
from gateway.judge.times import ms_of
from gateway.rules.alerting_plan import AlertingPlan
from gateway.rules.alerts import Condition
from gateway.rules.conditions import Concern, health_condition, silent_condition
from gateway.rules.logger_health import (
    READINGS_TO_JUDGE_BY,
    Voltage,
    battery_is_low,
    calibration_has_expired,
    clock_is_out_of_step,
)
from gateway.rules.silence import (
    READINGS_TO_LEARN_FROM,
    Rhythm,
    best_heard,
    learn_rhythm,
    silent_at_ms,
)
from schemas.reading import ClockConfidence

_LEARNED_FOR_S: Final = 15 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What is carried from look to look of a logger that is bound."""

    at_ms: int
    readings: int  # that it was learned from
    rhythm: Rhythm
    battery_is_low: bool
    clock_is_out_of_step: bool
    record_interval_s: int | None  # as registered then


@dataclass(frozen=True, slots=True)
class _Logger:
    """A logger with what is known of it."""

    row: BoundLogger
    learned: Learned
    excused_until_ms: int

    @property
    def concern(self) -> Concern:
        row = self.row
        return Concern(
            order_id=row.order_id,
            consignment_id=row.consignment_id,
            place_id=row.place_id,
            logger_id=row.logger_id,
        )

    @property
    def silent_at_ms(self) -> int:
        return silent_at_ms(
            self.learned.rhythm,
            last_measured_ms=_last_measured_ms(self.row),
            bound_from_ms=ms_of(self.row.bound_from),
            excused_until_ms=self.excused_until_ms,
        )


def judge_loggers(round_: Round, looks: Sequence[Look]) -> Outcome:
    """Judge loggers that are held. One that measures nothing now asks for nothing."""
    logger_ids = [look.id for look in looks]
    rows = store_loggers.bound_loggers(round_.store, logger_ids, round_.now)
    learned = _learn(round_, rows, {look.id: look for look in looks})
    excused = _excused_until_ms(round_, rows)
    loggers = [_Logger(row, learned[row.logger_id], excused.get(row.logger_id, 0)) for row in rows]
    plan = round_.documents.alerting_plan
    return Outcome(
        next_looks=_next_looks(round_, looks, loggers),
        conditions=tuple(
            condition
            for logger in loggers
            for condition in _conditions(logger, plan, round_.now_ms)
        ),
    )


def _learn(
    round_: Round, rows: Sequence[BoundLogger], looks: Mapping[str, Look]
) -> dict[str, Learned]:
    """Return what is known of each logger, learned anew where that was long ago."""
    carried = {row.logger_id: _carried(looks[row.logger_id]) for row in rows}
    fresh = {
        logger_id: known
        for logger_id, known in carried.items()
        if known is not None and _is_fresh(known, round_.now_ms)
    }
    due = [row for row in rows if not _still_holds(row, fresh.get(row.logger_id))]
    newest = store_loggers.newest_readings(round_.store, due, limit=READINGS_TO_LEARN_FROM)
    for row in due:
        readings = newest.get(row.logger_id, _NOTHING)
        fresh[row.logger_id] = _learned(row, readings, carried[row.logger_id], round_.now_ms)
    return fresh


def _carried(look: Look) -> Learned | None:
    """Return what was learned; None: nothing yet, or by a version that learned other things."""
    try:
        return msgspec.convert(dict(look.carried), Learned)
    except msgspec.ValidationError:
        return None


def _is_fresh(known: Learned, now_ms: int) -> bool:
    """Return whether it need not be learned again, as it must once there are twice the readings."""
    doubled_s = known.readings * known.rhythm.interval_s
    return now_ms - known.at_ms < min(doubled_s, _LEARNED_FOR_S) * 1000


def _still_holds(row: BoundLogger, known: Learned | None) -> bool:
    return known is not None and known.record_interval_s == row.record_interval_s


def _learned(
    row: BoundLogger, readings: NewestReadings, before: Learned | None, now_ms: int
) -> Learned:
    was_low = before is not None and before.battery_is_low
    low = battery_is_low(_voltages(readings), was_low=was_low)
    return Learned(
        at_ms=now_ms,
        readings=len(readings.measured_at_ms),
        rhythm=_rhythm(row, readings),
        battery_is_low=was_low if low is None else low,
        clock_is_out_of_step=_clock_is_out_of_step(row, readings),
        record_interval_s=row.record_interval_s,
    )


def _voltages(readings: NewestReadings) -> list[Voltage]:
    pairs = zip(readings.battery_mv, readings.temperature_c, strict=True)
    measured = [Voltage(battery_mv=mv, temperature_c=c) for mv, c in pairs if mv is not None]
    return measured[:READINGS_TO_JUDGE_BY]


def _clock_is_out_of_step(row: BoundLogger, readings: NewestReadings) -> bool:
    if row.measured_at is None or row.stored_at is None:
        return False
    return clock_is_out_of_step(
        [ClockConfidence(number) for number in readings.clock[:READINGS_TO_JUDGE_BY]],
        measured_at_ms=ms_of(row.measured_at),
        stored_at_ms=ms_of(row.stored_at),
    )


def _rhythm(row: BoundLogger, readings: NewestReadings) -> Rhythm:
    heard = best_heard(
        np.array(readings.measured_at_ms[::-1], dtype=np.int64),
        np.array(readings.boot_key[::-1], dtype=np.int64),
    )
    return learn_rhythm(heard, record_interval_s=row.record_interval_s)


def _excused_until_ms(round_: Round, rows: Sequence[BoundLogger]) -> dict[str, int]:
    """Return when planned work on a logger or its place last ended, or will."""
    if not rows:
        return {}
    about = {
        "place_ids": [row.place_id for row in rows if row.place_id is not None],
        "logger_ids": [row.logger_id for row in rows],
    }
    works = round_.store.all_as(MaintenanceRow, store_facts.MAINTENANCE, about)
    excused: dict[str, int] = {}
    for row in rows:
        for work in works:
            is_its = work.logger_id == row.logger_id or (
                work.place_id is not None and work.place_id == row.place_id
            )
            if is_its and work.until_at is not None and work.from_at <= round_.now:
                until_ms = max(excused.get(row.logger_id, 0), ms_of(work.until_at))
                excused[row.logger_id] = until_ms
    return excused


def _last_measured_ms(row: BoundLogger) -> int | None:
    """Return when a logger was last heard: not after that was stored, whatever its clock says."""
    if row.measured_at is None or row.stored_at is None:
        return None
    return ms_of(min(row.measured_at, row.stored_at))


def _conditions(logger: _Logger, plan: AlertingPlan, now_ms: int) -> Iterator[Condition]:
    row, learned, concern = logger.row, logger.learned, logger.concern
    if now_ms >= logger.silent_at_ms:
        yield silent_condition(
            learned.rhythm,
            concern,
            plan,
            since_ms=logger.silent_at_ms,
            last_measured_ms=_last_measured_ms(row),
        )
    if learned.battery_is_low:
        yield health_condition("battery_low", concern, plan, since_ms=learned.at_ms, facts={})
    if learned.clock_is_out_of_step:
        yield health_condition("clock", concern, plan, since_ms=learned.at_ms, facts={})
    due_at_ms = None if row.calibration_due_at is None else ms_of(row.calibration_due_at)
    if due_at_ms is not None and calibration_has_expired(due_at_ms=due_at_ms, now_ms=now_ms):
        facts = {"due_at_ms": due_at_ms}
        yield health_condition("calibration", concern, plan, since_ms=due_at_ms, facts=facts)


def _next_looks(
    round_: Round, looks: Sequence[Look], loggers: Sequence[_Logger]
) -> dict[Subject, Next]:
    found = {logger.row.logger_id: logger for logger in loggers}
    unbound = [look.id for look in looks if look.id not in found]
    coming = store_loggers.next_bound(round_.store, unbound, round_.now) if unbound else {}
    nexts = {
        Subject("logger", logger_id): Next(look_ms=ms_of(at)) for logger_id, at in coming.items()
    }
    return {look.subject: nexts.get(look.subject, Next(look_ms=None)) for look in looks} | {
        Subject("logger", logger_id): Next(
            look_ms=_look_ms(logger, round_.now_ms), carried=asdict(logger.learned)
        )
        for logger_id, logger in found.items()
    }


def _look_ms(logger: _Logger, now_ms: int) -> int | None:
    """Return when time alone changes what is said of a logger."""
    row = logger.row
    ends = [ms_of(at) for at in (row.calibration_due_at, row.bound_until) if at is not None]
    return min((at_ms for at_ms in (logger.silent_at_ms, *ends) if at_ms > now_ms), default=None)


_NOTHING: Final = NewestReadings(
    measured_at_ms=(), boot_key=(), clock=(), battery_mv=(), temperature_c=()
)
