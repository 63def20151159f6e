"""Is this advert a new measurement, or one that was heard before?

A logger repeats each measurement in many adverts. With a counter, a measurement is new when its
counter is, or when an old counter comes with other values (a reboot, or the counter went round).
Without one, it is new when its values change, or when the record interval has passed. An advert
that comes too soon is left undecided: it counts if it is still repeated once the interval has
passed. Identical bytes are never decoded twice.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from edge.advert import Sample

# A new measurement may come this early: adverts come with a random delay, and are lost. One that
# was heard too soon waits for the whole interval.
_INTERVAL_SHARE: Final = 0.9
# A logger without a counter whose values stay as they are is recorded this often at least.
_UNCHANGED_AGAIN_MS: Final = 30_000
# A counter seen again after this long unheard is another measurement.
ABSENT_MS: Final = 15 * 60 * 1000
# Delayed repeats arrive behind newer measurements; how many of those are remembered.
_REMEMBERED: Final = 8
# The advertising interval is learned as a moving average over about this many adverts.
_INTERVAL_WEIGHT: Final = 8
_INTERVAL_OUTLIER: Final = 3
_INTERVAL_SHORTEST_MS: Final = 20  # Bluetooth Core 5.4, vol 6 part B, 4.4.2.2

Payload = tuple[Mapping[int, bytes], Mapping[str, bytes]]


class _Seen(NamedTuple):
    sequence: int | None
    temperature_c: float
    humidity_pct: float | None


class Track:
    """What is remembered of one logger. Times are monotonic milliseconds."""

    __slots__ = (
        "_has_counter",
        "_payload",
        "_recent",
        "_record_interval_ms",
        "_recorded_ms",
        "_undecided",
        "heard_ms",
        "interval_ms",
        "rssi_dbm",
        "sample",
    )

    def __init__(self, record_interval_s: float) -> None:
        self._record_interval_ms = record_interval_s * 1000
        self._payload: Payload | None = None
        self._undecided = False  # the payload, or one before it, came too soon to be looked at
        self._recent: tuple[_Seen, ...] = ()
        self._recorded_ms: int | None = None
        self._has_counter = False
        self.heard_ms: int | None = None
        self.interval_ms: float | None = None  # between adverts, learned
        self.rssi_dbm: int | None = None
        self.sample: Sample | None = None  # the last recorded

    @classmethod
    def resumed(cls, record_interval_s: float, sample: Sample, recorded_ms: int) -> "Track":
        """Return a track that remembers one measurement, recorded before a restart."""
        track = cls(record_interval_s)
        track.record(sample, None)
        track._recorded_ms = recorded_ms
        return track

    def may_be_new(self, payload: Payload, now_ms: int) -> bool:
        """Note that an advert was heard; say whether decoding it could give a new measurement."""
        gap_ms = None if self.heard_ms is None else now_ms - self.heard_ms
        changed = payload != self._payload
        late = self._undecided and not changed
        self.heard_ms, self._payload = now_ms, payload
        self._undecided = self._undecided or changed
        if gap_ms is not None and gap_ms >= ABSENT_MS:
            self._recent, self._undecided = (), True
        elif gap_ms is not None:
            self._learn_interval(gap_ms)
        since_ms = None if self._recorded_ms is None else now_ms - self._recorded_ms
        if since_ms is not None and self._is_too_soon(since_ms, late=late):
            return False
        undecided, self._undecided = self._undecided, False
        if undecided or since_ms is None:
            return True
        return not self._has_counter and self._unchanged_again(since_ms)

    def is_new(self, sample: Sample) -> bool:
        """Say whether a decoded sample is a measurement not heard before."""
        seen = _Seen(sample.sequence, sample.temperature_c, sample.humidity_pct)
        if sample.sequence is not None:
            return seen not in self._recent
        if self._recorded_ms is None or self.heard_ms is None or not self._recent:
            return True
        return seen != self._recent[-1] or self._unchanged_again(self.heard_ms - self._recorded_ms)

    def record(self, sample: Sample, rssi_dbm: int | None) -> None:
        """Note that the advert just heard was recorded as a measurement."""
        seen = _Seen(sample.sequence, sample.temperature_c, sample.humidity_pct)
        self._recent = (*self._recent[1 - _REMEMBERED :], seen)
        self._recorded_ms = self.heard_ms
        self._has_counter = sample.sequence is not None
        self.sample = sample
        self.rssi_dbm = rssi_dbm

    def _is_too_soon(self, since_ms: int, *, late: bool) -> bool:
        """Negative: the last record was stamped by a clock that was set back since."""
        return 0 <= since_ms < self._record_interval_ms * (1 if late else _INTERVAL_SHARE)

    def _unchanged_again(self, since_ms: float) -> bool:
        return since_ms >= (self._record_interval_ms * _INTERVAL_SHARE or _UNCHANGED_AGAIN_MS)

    def _learn_interval(self, gap_ms: int) -> None:
        if gap_ms < _INTERVAL_SHORTEST_MS:
            return  # the same advert, heard on two channels
        if self.interval_ms is None:
            self.interval_ms = float(gap_ms)
        # An absence is no interval: it counts as a short one.
        gap_ms = min(gap_ms, round(self.interval_ms * _INTERVAL_OUTLIER))
        self.interval_ms += (gap_ms - self.interval_ms) / _INTERVAL_WEIGHT
