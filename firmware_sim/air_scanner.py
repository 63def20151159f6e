"""How does an edge listen to the air instead of to an adapter?

A backend for `bleak.BleakScanner`: the edge runs the same bleak classes as on real hardware and
cannot tell the difference. It reconnects for as long as it scans.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final, Literal

from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)

from firmware_sim import air_wire as wire
from schemas.ids import GatewayId, parse_gateway_id

log = logging.getLogger(__name__)

_RECONNECT_S: Final = (0.1, 1.0)  # first and longest pause
_READ_BYTES: Final = 1 << 16


class AirScanner(BaseBleakScanner):
    """Hands the air's adverts to bleak's callbacks. Make a usable class with `scanner_for`."""

    air_path: ClassVar[Path]
    gateway_id: ClassVar[GatewayId]
    position_m: ClassVar[tuple[float, float]]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None = None,
        service_uuids: list[str] | None = None,
        scanning_mode: Literal["active", "passive"] = "active",
        **_platform: object,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self.scanning_mode = scanning_mode  # the air has no scan responses: both are the same
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, now or as soon as there is an air."""
        name = wire.socket_name(self.air_path)
        self.seen_devices = {}
        self._listening = asyncio.create_task(self._listen_for_ever(name))

    async def stop(self) -> None:
        """Disconnect from the air."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
            self._listening = None

    async def _listen_for_ever(self, name: str) -> None:
        pause_s = _RECONNECT_S[0]
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(name)
            except OSError as error:
                if pause_s == _RECONNECT_S[0]:
                    log.warning("no air to listen to", extra={"path": name, "reason": str(error)})
            else:
                pause_s = _RECONNECT_S[0]
                try:
                    await self._listen(reader, writer)
                finally:
                    writer.close()
            await asyncio.sleep(pause_s)
            pause_s = min(2.0 * pause_s, _RECONNECT_S[1])

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        splitter = wire.Splitter(wire.MAX_FROM_AIR_BYTES)
        heard = 0
        try:
            writer.write(wire.pack(wire.RadioHello(self.gateway_id, *self.position_m)))
            while data := await reader.read(_READ_BYTES):
                for body in splitter.feed(data):
                    # Each in its own turn, as from D-Bus: a callback that raises goes to the
                    # loop's exception handler and does not silence the radio.
                    loop.call_soon(self._hear, wire.parse(wire.advert_decoder, body))
                    heard += 1
                loop.call_soon(_confirmer(writer, heard))
        except ConnectionError:
            pass
        except wire.MalformedMessage as error:
            log.warning("the air sent nonsense", extra={"reason": str(error)})
        log.warning("lost the air", extra={"path": str(self.air_path), "heard": heard})

    def _hear(self, advert: wire.Advert) -> None:
        data = AdvertisementData(
            local_name=advert.local_name,
            manufacturer_data=advert.manufacturer_data,
            service_data=advert.service_data,
            service_uuids=list(advert.service_data),
            tx_power=None,
            rssi=advert.rssi_dbm,
            platform_data=(),
        )
        device = self.create_or_update_device(
            advert.logger_id, advert.logger_id, advert.local_name, None, data
        )
        if self.is_allowed_uuid(data.service_uuids):
            self.call_detection_callbacks(device, data)


def _confirmer(writer: asyncio.StreamWriter, heard: int) -> Callable[[], None]:
    """Return what tells the air, once the callbacks before it have run, that they have."""

    def confirm() -> None:
        if not writer.is_closing():
            writer.write(wire.pack(wire.Confirmed(heard)))

    return confirm


def scanner_for(
    path: Path, gateway_id: str, position: tuple[float, float] = (0.0, 0.0)
) -> type[BaseBleakScanner]:
    """Return a class for `BleakScanner(callback, backend=...)`; `position` in metres."""

    class ScannerOfThisGateway(AirScanner):
        air_path = path

    ScannerOfThisGateway.gateway_id = parse_gateway_id(gateway_id)
    ScannerOfThisGateway.position_m = position
    return ScannerOfThisGateway
