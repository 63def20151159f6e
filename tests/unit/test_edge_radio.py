"""The radio scans for ever, begins anew when it falls silent, and in the end gives up."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import ClassVar, Literal

import pytest
from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)
from bleak.exc import BleakError

from edge.advert import Advert
from edge.radio import Radio, RadioSilent, ScanPlan
from frostline.stack.waiting import wait_until

ADVERT = AdvertisementData(None, {0x0499: b"\x05"}, {}, [], None, -60, ())
QUICK = ScanPlan(silence_s=0.05, restarts=2)


class Scanner(BaseBleakScanner):
    """A backend for bleak that hears what a test says."""

    begun: ClassVar[list["Scanner"]]
    refuse_passive: ClassVar[bool]

    def __init__(
        self,
        callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        mode: Literal["active", "passive"],
        **_platform: object,
    ) -> None:
        super().__init__(callback, service_uuids)
        self.mode = mode
        self.stopped = False

    async def start(self) -> None:
        if self.mode == "passive" and self.refuse_passive:
            raise BleakError("passive scanning on Linux requires BlueZ >= 5.56")
        self.begun.append(self)

    async def stop(self) -> None:
        self.stopped = True

    def hear(self, address: str = "c4:a5:e3:00:00:01") -> None:
        device = self.create_or_update_device(address, address, None, None, ADVERT)
        self.call_detection_callbacks(device, ADVERT)


@pytest.fixture
def backend() -> type[Scanner]:
    class Fresh(Scanner):
        begun: ClassVar[list[Scanner]] = []
        refuse_passive = False

    return Fresh


def run_radio(
    backend: type[Scanner],
    hear: Callable[[Advert], object],
    script: Callable[[], Coroutine[None, None, None]],
    plan: ScanPlan = QUICK,
) -> None:
    """Run a radio until the script ends; raise what the radio raises."""

    async def both() -> None:
        radio = asyncio.create_task(Radio(hear, backend=backend, plan=plan).run())
        acting = asyncio.create_task(script())
        async with asyncio.timeout(10):
            await asyncio.wait((radio, acting), return_when=asyncio.FIRST_COMPLETED)
        if not radio.done():
            radio.cancel()
            await asyncio.wait([radio])
        acting.cancel()
        await asyncio.wait([acting])
        if not radio.cancelled():
            radio.result()

    asyncio.run(both())


async def until(condition: Callable[[], object]) -> None:
    await asyncio.to_thread(wait_until, condition, what="the radio")


def test_adverts_are_handed_on_with_the_address_in_capitals(backend: type[Scanner]) -> None:
    heard: list[Advert] = []

    async def script() -> None:
        await until(lambda: backend.begun)
        backend.begun[0].hear()

    run_radio(backend, heard.append, script)
    assert heard == [Advert("C4:A5:E3:00:00:01", -60, {0x0499: b"\x05"}, {}, (), None)]
    assert backend.begun[0].stopped


def test_a_passive_scan_that_is_refused_becomes_an_active_one(backend: type[Scanner]) -> None:
    backend.refuse_passive = True

    async def script() -> None:
        await until(lambda: backend.begun)

    run_radio(backend, lambda _: None, script)
    assert [scan.mode for scan in backend.begun] == ["active"]


def test_a_silent_radio_begins_anew_and_then_gives_up(backend: type[Scanner]) -> None:
    """Three scans in all: the first, and two restarts."""

    async def script() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RadioSilent):
        run_radio(backend, lambda _: None, script)
    assert len(backend.begun) == 3
    assert all(scan.stopped for scan in backend.begun)


def test_a_scan_that_never_begins_counts_as_a_silent_one(backend: type[Scanner]) -> None:
    """A bluetoothd that hangs takes the call and never answers."""

    class Hanging(backend):  # type: ignore[misc, valid-type]  # a fixture's class
        async def start(self) -> None:
            await super().start()
            await asyncio.Event().wait()

    async def script() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RadioSilent):
        run_radio(Hanging, lambda _: None, script)
    assert len(backend.begun) == 3
    assert all(scan.stopped for scan in backend.begun)


def test_an_adapter_that_says_itself_that_it_timed_out_is_waited_for(
    backend: type[Scanner],
) -> None:
    """It is not silent but away: the edge tries again, and does not end."""

    class Refusing(backend):  # type: ignore[misc, valid-type]  # a fixture's class
        async def start(self) -> None:
            if len(self.begun) < 2:
                self.begun.append(self)
                raise TimeoutError
            await super().start()

    async def script() -> None:
        await until(lambda: len(backend.begun) == 3)

    run_radio(Refusing, lambda _: None, script, ScanPlan(silence_s=5.0, restarts=0))


def test_silence_counts_from_the_last_advert(backend: type[Scanner]) -> None:
    """While adverts are heard, one scan lasts for three times the limit."""

    async def script() -> None:
        await until(lambda: backend.begun)
        loop = asyncio.get_running_loop()
        end_s = loop.time() + 3 * QUICK.silence_s
        while loop.time() < end_s:
            backend.begun[0].hear()
            await asyncio.sleep(0)
        assert len(backend.begun) == 1
        await until(lambda: len(backend.begun) == 2)

    run_radio(backend, lambda _: None, script)


def begun_more_than(backend: type[Scanner], count: int) -> bool:
    return len(backend.begun) > count


def test_a_radio_that_spoke_again_has_all_its_restarts_again(backend: type[Scanner]) -> None:
    """Each of five scans hears one advert and falls silent: only two restarts in a row count."""
    heard: list[Advert] = []

    async def script() -> None:
        while len(backend.begun) < 5:
            await until(partial(begun_more_than, backend, len(heard)))
            backend.begun[-1].hear()

    run_radio(backend, heard.append, script)
    assert len(heard) >= 5


def test_a_bug_in_what_hears_ends_the_radio(backend: type[Scanner]) -> None:
    """Backends may swallow what their callback raises; the process must not live on deaf."""

    def hear(_: Advert) -> None:
        raise ZeroDivisionError

    async def script() -> None:
        await until(lambda: backend.begun)
        with pytest.raises(ZeroDivisionError):
            backend.begun[0].hear()
        await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        run_radio(backend, hear, script)


def test_a_scan_that_remembers_too_many_addresses_begins_anew(
    backend: type[Scanner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.radio._DEVICES_LIMIT", 10)

    async def script() -> None:
        await until(lambda: backend.begun)
        for number in range(11):
            backend.begun[0].hear(f"00:00:00:00:00:{number:02X}")
        while len(backend.begun) < 2:  # it is not silent meanwhile
            backend.begun[0].hear()
            await asyncio.sleep(0)

    run_radio(backend, lambda _: None, script, ScanPlan(silence_s=0.2))
