"""How does an advert become a reading in the outbox?

Decode, tell repeats, calibrate, stamp, commit. No radio, no broker, no event loop: the agent feeds
it what its scanner hears, by the agent's clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from edge.advert import Advert, Decoders, Refusal, Sample
from edge.clock import EdgeClock, Stamp, Stamper
from edge.dedupe import ABSENT_MS, Track
from edge.metrics import ADVERTS, READINGS
from edge.outbox import Measurement, Outbox
from edge.recent import Recent
from edge.settings import EdgeSettings
from schemas.reading import RSSI_RANGE_DBM, TEMPERATURE_RANGE_C, ClockConfidence

# Loggers remembered, some 1 kB each; a truck hears tens, a warehouse some thousands. Fewer than are
# on the air would make every advert a new measurement.
_LOGGERS_LIMIT: Final = 20_000


class Outcome(StrEnum):
    """What became of an advert that was not refused by its decoder."""

    RECORDED = "recorded"
    REPEATED = "repeated"  # heard before, or too soon after the one before
    NOT_ALLOWED = "not_allowed"


class Recorder:
    """Hears adverts (`hear`) and commits what they measured (`flush`).

    `hear` only remembers; what it recorded is safe once a `flush` has returned.
    """

    def __init__(self, settings: EdgeSettings, *, clock: EdgeClock, outbox: Outbox) -> None:
        self._clock = clock
        self._outbox = outbox
        self._allow = settings.allowed()
        self._offsets_c: Mapping[str, float] = settings.calibration_c()
        self._record_interval_s = settings.record_interval_s
        self._decoders = Decoders(settings.bind_keys_by_logger())
        self._stamper = Stamper(clock, last_ms=outbox.last_measured_at_ms())
        self._tracks: Recent[str, Track] = Recent(_LOGGERS_LIMIT)
        self._heard: list[Measurement] = []
        self._resume()

    def hear(self, advert: Advert) -> Outcome | Refusal:
        """Take one advert, heard just now; say what became of it."""
        outcome = self._hear(advert)
        _COUNTERS[outcome].inc()
        return outcome

    def tracks(self) -> Iterator[tuple[str, Track]]:
        """Yield what is remembered of each logger that has decoded."""
        return self._tracks.items()

    @property
    def pending(self) -> bool:
        """Whether something was heard that is not yet committed."""
        return bool(self._heard)

    def can_place(self) -> bool:
        """Whether a commit, even of nothing, would give waiting readings their time."""
        return self._outbox.unplaced > 0 and self._clock.confidence() is not None

    def flush(self) -> int:
        """Commit what was heard; return how many readings."""
        return self.commit(self.take())

    def take(self) -> list[Measurement]:
        """Hand over what was heard, to be committed."""
        heard, self._heard = self._heard, []
        return heard

    def commit(self, heard: list[Measurement]) -> int:
        """Commit what `take` gave. Safe to call from the outbox's thread."""
        confidence = self._clock.confidence()
        if confidence is not None and (
            self._outbox.unplaced or any(m.heard.measured_at_ms is None for m in heard)
        ):
            now_ms, monotonic_ms = self._clock.wall_ms(), self._clock.monotonic_ms()
            self._outbox.place(wall_ms=now_ms, monotonic_ms=monotonic_ms, confidence=confidence)
            heard = [_placed(m, now_ms - monotonic_ms, confidence) for m in heard]
        self._outbox.append(heard)
        READINGS.inc(len(heard))
        return len(heard)

    def _resume(self) -> None:
        """Remember what was recorded last: loggers may still be repeating it."""
        if self._clock.confidence() is None:
            return
        now_ms, monotonic_ms = self._clock.wall_ms(), self._clock.monotonic_ms()
        for logger_id, at_ms, sample in self._outbox.last_samples(since_ms=now_ms - ABSENT_MS):
            # A stamp ahead of a clock that was set back is taken to be of this very moment.
            recorded_ms = min(monotonic_ms, monotonic_ms - (now_ms - at_ms))
            track = Track.resumed(self._record_interval_s, sample, recorded_ms)
            self._tracks.put(logger_id, track)

    def _hear(self, advert: Advert) -> Outcome | Refusal:
        logger_id = advert.logger_id
        if self._allow and logger_id not in self._allow:
            return Outcome.NOT_ALLOWED
        now_ms = self._clock.monotonic_ms()
        known = self._tracks.get(logger_id)
        track = known or Track(self._record_interval_s)
        if not track.may_be_new((advert.manufacturer_data, advert.service_data), now_ms):
            return Outcome.REPEATED
        sample = self._decoders.decode(advert)
        if isinstance(sample, Refusal):
            return sample
        if logger_id in self._offsets_c:
            sample = _calibrated(sample, self._offsets_c[logger_id])
        if not TEMPERATURE_RANGE_C[0] <= sample.temperature_c <= TEMPERATURE_RANGE_C[1]:
            return Refusal.OUT_OF_RANGE
        if known is None:
            self._tracks.put(logger_id, track)
        if not track.is_new(sample):
            return Outcome.REPEATED
        track.record(sample, advert.rssi_dbm)
        self._heard.append(
            Measurement(
                logger_id=logger_id,
                sample=sample,
                heard=self._stamper.stamp(monotonic_ms=now_ms),
                rssi_dbm=_rssi(advert.rssi_dbm),
            )
        )
        return Outcome.RECORDED


_COUNTERS: Final = {outcome: ADVERTS.labels(outcome.value) for outcome in (*Outcome, *Refusal)}


def _calibrated(sample: Sample, offset_c: float) -> Sample:
    return replace(sample, temperature_c=sample.temperature_c + offset_c)


def _placed(m: Measurement, offset_ms: int, confidence: ClockConfidence) -> Measurement:
    """Give a measurement its time that was heard just before the clock was set."""
    if m.heard.measured_at_ms is not None:
        return m
    heard = Stamp(
        monotonic_ms=m.heard.monotonic_ms,
        measured_at_ms=m.heard.monotonic_ms + offset_ms,
        confidence=confidence,
    )
    return replace(m, heard=heard)


def _rssi(rssi_dbm: int) -> int | None:
    """Return None for what is no signal strength: Bluetooth says 127 for "not available"."""
    return rssi_dbm if RSSI_RANGE_DBM[0] <= rssi_dbm <= RSSI_RANGE_DBM[1] else None
