"""What is on the air?

The only door to bleak. A scan may die without an exception (a restarted bluetoothd gives no advert
and no error), so a watchdog counts silence from the scan's start: it begins anew, and in the end
gives up, for the supervisor to restart the process.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from bleak import BleakScanner
from bleak.args.bluez import BlueZScannerArgs, OrPattern
from bleak.assigned_numbers import AdvertisementDataType
from bleak.exc import BleakError

from edge.advert import Advert
from edge.metrics import SCANNER_STARTS

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData, BaseBleakScanner

log = logging.getLogger(__name__)

# BlueZ wants to know what a passive scan is for: any flags a peripheral sends, and the frames of
# loggers that send none (Ruuvi's company id, BTHome's and Xiaomi's services).
_PASSIVE_PATTERNS: Final = [
    *(OrPattern(0, AdvertisementDataType.FLAGS, bytes([flags])) for flags in (2, 4, 5, 6, 0x1A)),
    OrPattern(0, AdvertisementDataType.MANUFACTURER_SPECIFIC_DATA, b"\x99\x04"),
    OrPattern(0, AdvertisementDataType.SERVICE_DATA_UUID16, b"\xd2\xfc"),
    OrPattern(0, AdvertisementDataType.SERVICE_DATA_UUID16, b"\x95\xfe"),
]
# bleak and its D-Bus library raise these when the adapter or bluetoothd is away.
_RADIO_ERRORS: Final = (BleakError, OSError, EOFError, TimeoutError)
_BACKOFF_FIRST_S: Final = 1.0
_BACKOFF_MAX_S: Final = 60.0
_START_TIMEOUT_S: Final = 30.0
_STOP_TIMEOUT_S: Final = 5.0
_LOOK_S: Final = 1.0
# bleak remembers every address since the scan began; random ones never end.
_DEVICES_LIMIT: Final = 20_000


class RadioSilent(RuntimeError):
    """No advert at all, though the scan was begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """How to scan: `silence_s` 0 never gives up; `restarts` scans begun anew before that."""

    mode: Literal["passive", "active"] = "passive"
    adapter: str = ""
    silence_s: float = 120.0
    restarts: int = 2


class Radio:
    """Feeds `hear` with every advert until stopped."""

    def __init__(
        self,
        hear: Callable[[Advert], object],
        *,
        backend: "type[BaseBleakScanner] | None",
        plan: ScanPlan,
    ) -> None:
        self._hear = hear
        self._backend = backend
        self._plan = plan
        self._mode = plan.mode
        self._bug: BaseException | None = None
        self._heard_at_s = 0.0
        self._adverts = 0

    async def run(self) -> None:
        """Scan until cancelled; raise RadioSilent, or whatever `hear` raised."""
        failures = silent_scans = 0
        while True:
            try:
                heard = await self._scan_once()
            except _RADIO_ERRORS as error:
                failures += 1
                await self._back_off(failures, error)
                continue
            failures = 0
            silent_scans = 0 if heard else silent_scans + 1
            if self._plan.silence_s and silent_scans > self._plan.restarts:
                raise RadioSilent(f"no advert in {silent_scans} scans; is the adapter alive?")

    async def _scan_once(self) -> bool:
        """Scan until it must begin anew; say whether anything was heard."""
        scanner = self._scanner()
        SCANNER_STARTS.inc()
        try:
            if not await self._start(scanner):
                return False
            log.info("scan begun", extra={"mode": self._mode})
            return await self._watch(scanner)
        finally:
            await self._stop(scanner)

    async def _start(self, scanner: BleakScanner) -> bool:
        """Start scanning; False where bluetoothd took the call and never answered it."""
        limit_s = min(_START_TIMEOUT_S, self._plan.silence_s or _START_TIMEOUT_S)
        limit = asyncio.timeout(limit_s)
        try:
            async with limit:
                await scanner.start()
        except TimeoutError:
            if not limit.expired():
                raise  # the radio's own
            log.error("scan does not begin; begun anew", extra={"waited_s": limit_s})  # noqa: TRY400
            return False
        return True

    async def _watch(self, scanner: BleakScanner) -> bool:
        """Return when the scan fell silent (False if it never spoke), or remembers too much."""
        loop = asyncio.get_running_loop()
        look_s = min(_LOOK_S, self._plan.silence_s / 4) if self._plan.silence_s else _LOOK_S
        self._heard_at_s, self._adverts = loop.time(), 0
        while True:
            await asyncio.sleep(look_s)
            if self._bug is not None:
                raise self._bug
            silent_s = loop.time() - self._heard_at_s
            if 0 < self._plan.silence_s <= silent_s:
                log.error("radio is silent; scan begins anew", extra={"silent_s": silent_s})
                return self._adverts > 0
            if len(scanner.discovered_devices) > _DEVICES_LIMIT:
                return True

    def _scanner(self) -> BleakScanner:
        bluez = BlueZScannerArgs()
        if self._plan.adapter:
            bluez["adapter"] = self._plan.adapter
        if self._mode == "passive":
            bluez["or_patterns"] = list(_PASSIVE_PATTERNS)
        return BleakScanner(
            self._on_advert, scanning_mode=self._mode, bluez=bluez, backend=self._backend
        )

    async def _back_off(self, failures: int, error: BaseException) -> None:
        if self._mode == "passive":
            log.warning("passive scan refused; scanning actively", extra={"reason": str(error)})
            self._mode = "active"
            return
        delay_s = min(_BACKOFF_MAX_S, _BACKOFF_FIRST_S * 2 ** min(failures - 1, 10))
        delay_s *= random.uniform(0.5, 1)  # noqa: S311  # spreads reconnects; no secret
        log.error("radio is not there", extra={"reason": str(error), "again_in_s": delay_s})
        await asyncio.sleep(delay_s)
        self._mode = self._plan.mode

    async def _stop(self, scanner: BleakScanner) -> None:
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await scanner.stop()
        except _RADIO_ERRORS as error:
            log.warning("scan did not stop cleanly", extra={"reason": str(error)})

    def _on_advert(self, device: "BLEDevice", data: "AdvertisementData") -> None:
        self._heard_at_s = asyncio.get_running_loop().time()
        self._adverts += 1
        try:
            self._hear(
                Advert(
                    device.address.upper(),
                    data.rssi,
                    data.manufacturer_data,
                    data.service_data,
                    tuple(data.service_uuids),
                    data.local_name,
                )
            )
        except Exception as bug:
            # Backends call this inside their own handlers and may swallow it; `run` will not.
            self._bug = bug
            raise
