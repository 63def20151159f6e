"""Which measurements must end in the database?

Those of which at least one advert was delivered to a radio whose connection to the air was still
alive 1.0 s after it: an edge that heard one has that long to put it on disk. *Delivered* means that
the radio's program confirmed that its callbacks ran; what stood unread in a dead program's socket
was never heard. A radio that is alive at the end counts as having heard all that it was given: an
edge cannot pass by saying nothing. All others are unheard. The ledger stands outside the edges and
outlives them.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from firmware_sim.frame import FrameFormat
from firmware_sim.logger import Sample
from schemas.ids import LoggerId

SETTLING_S: Final = 1.0


@dataclass(slots=True, kw_only=True)
class Measurement:
    """One measurement of a logger and what became of its adverts. Times: wall clock, UTC."""

    logger_id: LoggerId
    frame_format: FrameFormat
    boot: int
    sequence: int
    sampled_at_ms: int
    temperature_c: float  # as encoded on the air
    delivered_at_ms: int | None = None  # when the first delivery that counts left the air

    @property
    def measured(self) -> bool:
        """Whether it must be found in the database."""
        return self.delivered_at_ms is not None


@dataclass(frozen=True, slots=True)
class _Delivery:
    confirmed_at_s: float  # monotonic
    radio: int
    measurement: Measurement
    delivered_at_ms: int


class Ledger:
    """Every measurement, oldest first, at most `capacity` of them; older ones are forgotten."""

    def __init__(self, capacity: int = 1_000_000) -> None:
        self._measurements: deque[Measurement] = deque(maxlen=capacity)
        self._settling: deque[_Delivery] = deque()
        self._living: set[int] = set()
        self.taken = 0
        self.measured = 0
        self.closed = False

    @property
    def forgotten(self) -> int:
        """How many measurements no longer fit."""
        return self.taken - len(self._measurements)

    @property
    def settling(self) -> int:
        """How many confirmed deliveries are younger than a second."""
        return len(self._settling)

    def rows(self) -> list[Measurement]:
        """Return what is kept, oldest first."""
        return list(self._measurements)

    def take(
        self,
        logger_id: LoggerId,
        frame_format: FrameFormat,
        sample: Sample,
        sampled_at_ms: int,
    ) -> Measurement:
        """Enter a measurement, unheard until adverts of it are delivered."""
        measurement = Measurement(
            logger_id=logger_id,
            frame_format=frame_format,
            boot=sample.boot,
            sequence=sample.sequence,
            sampled_at_ms=sampled_at_ms,
            temperature_c=sample.temperature_c,
        )
        self._measurements.append(measurement)
        self.taken += 1
        return measurement

    def radio_came(self, radio: int) -> None:
        """Note a connection as alive; the caller numbers them and never repeats a number."""
        self._living.add(radio)

    def radio_went(self, radio: int) -> None:
        """Note a connection as dead: what it heard in its last second does not count."""
        self._living.discard(radio)

    def delivered(
        self, measurement: Measurement, radio: int, *, confirmed_at_s: float, delivered_at_ms: int
    ) -> None:
        """Note that an advert was heard; calls come in the order of `confirmed_at_s`."""
        if not (measurement.measured or self.closed):
            self._settling.append(_Delivery(confirmed_at_s, radio, measurement, delivered_at_ms))

    def due(self, now_s: float) -> int:
        """Return how many deliveries are old enough to be judged."""
        oldest_young_s = now_s - SETTLING_S
        count = 0
        for delivery in self._settling:
            if delivery.confirmed_at_s > oldest_young_s:
                break
            count += 1
        return count

    def settle(self, count: int) -> None:
        """Judge the `count` oldest deliveries by who is alive now."""
        for _ in range(count):
            delivery = self._settling.popleft()
            measurement = delivery.measurement
            if delivery.radio not in self._living:
                continue
            if measurement.delivered_at_ms is None:
                measurement.delivered_at_ms = delivery.delivered_at_ms
                self.measured += 1
            elif delivery.delivered_at_ms < measurement.delivered_at_ms:
                measurement.delivered_at_ms = delivery.delivered_at_ms

    def close(self) -> None:
        """Judge nothing any more: the ledger is final."""
        self.closed = True
        self._settling.clear()
