"""How does an edge hear a recording?

Through a scanner backend of bleak's own kind, and with a clock that each frame sets.
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)

from frostline.recordings import Frame
from schemas.reading import ClockConfidence

_FRAMES_A_TURN: Final = 100
_TURN_S: Final = 0.01  # the edge commits meanwhile


class Recording:
    """Frames that are heard once, and the clock they set: an edge.clock.EdgeClock."""

    def __init__(self, file: Path, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.heard = 0
        self.boot_id: UUID = uuid5(NAMESPACE_URL, file.resolve().as_uri())
        self._now_ms = frames[0].at_ms

    @property
    def is_over(self) -> bool:
        """Whether every frame was heard."""
        return self.heard == len(self.frames)

    def unheard(self) -> Iterator[Frame]:
        """Yield what was not yet heard, with the clock set to it."""
        while not self.is_over:
            frame = self.frames[self.heard]
            self._now_ms = frame.at_ms
            yield frame
            self.heard += 1

    def wall_ms(self) -> int:
        """Return the time of the frame at hand, UTC."""
        return self._now_ms

    def monotonic_ms(self) -> int:
        """Return the time since the first frame."""
        return self._now_ms - self.frames[0].at_ms

    def confidence(self) -> ClockConfidence:
        """Trust the file."""
        return ClockConfidence.SYNCHRONISED


def scanner_of(recording: Recording) -> type[BaseBleakScanner]:
    """Return a scanner backend that hears a recording."""

    class Scanner(RecordedScanner):
        recorded = recording

    return Scanner


class RecordedScanner(BaseBleakScanner):
    """Hears `recorded` as fast as the edge takes it."""

    recorded: Recording

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None = None,
        service_uuids: list[str] | None = None,
        scanning_mode: Literal["active", "passive"] = "active",
        **_platform: object,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self.scanning_mode = scanning_mode  # a recording is neither
        self._feeding: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin where an earlier scan ended."""
        self.seen_devices = {}
        self._feeding = asyncio.create_task(self._feed())

    async def stop(self) -> None:
        """Hear no more."""
        if self._feeding is not None:
            self._feeding.cancel()

    async def _feed(self) -> None:
        for frame in self.recorded.unheard():
            self._hear(frame)
            if self.recorded.heard % _FRAMES_A_TURN == 0:
                await asyncio.sleep(_TURN_S)

    def _hear(self, frame: Frame) -> None:
        advert = AdvertisementData(
            local_name=frame.local_name,
            manufacturer_data=frame.manufacturer_data,
            service_data=frame.service_data,
            service_uuids=list(frame.service_data),
            tx_power=None,
            rssi=frame.rssi_dbm,
            platform_data=(),
        )
        device = self.create_or_update_device(
            frame.logger_id, frame.logger_id, frame.local_name, None, advert
        )
        self.call_detection_callbacks(device, advert)
