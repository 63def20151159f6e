"""The air on its socket, with bleak's own scanner on the other end."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import fmean

import pytest
from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bthome_ble import BTHomeBluetoothDeviceData
from home_assistant_bluetooth import BluetoothServiceInfoBleak
from ruuvitag_ble.df5_decoder import DataFormat5Decoder

from firmware_sim import air_wire as wire
from firmware_sim.air import (
    AirControl,
    AirRefused,
    AirServer,
    AirTaken,
    Beacon,
    Channel,
    LedgerView,
    NoAir,
    Row,
    scanner_for,
)
from firmware_sim.frame import FrameFormat
from firmware_sim.logger import Sample, frame_of
from firmware_sim.scenarios import loggers_of
from firmware_sim.settings import SimSettings
from schemas.ids import LoggerId

LOGGER = LoggerId("C4:F0:57:00:00:01")
CLEAR = Channel(loss=0.0, duplicates=0.0, delay_max_s=0.0)
Heard = list[tuple[str, AdvertisementData]]

# What an edge is to the air: it scans, and says what it heard.
LISTENING_PROCESS = """
import asyncio, sys
from pathlib import Path
from bleak import BleakScanner
from firmware_sim.air import scanner_for
async def main():
    said = lambda device, data: print(device.address, flush=True)
    async with BleakScanner(said, backend=scanner_for(Path(sys.argv[1]), "truck-1")):
        await asyncio.Event().wait()
asyncio.run(main())
"""

SIMULATING_PROCESS = """
import asyncio, sys
from pathlib import Path
from firmware_sim.settings import SimSettings
from firmware_sim.simulator import run
settings = SimSettings(air_path=Path(sys.argv[1]), seed=7, sample_interval_s=0.25,
                       advert_interval_s=0.05)
asyncio.run(run(settings, asyncio.Event()))
"""


def run(main: Coroutine[object, object, None]) -> None:
    """Run to the end, or fail after a minute."""
    asyncio.run(asyncio.wait_for(main, 60.0))


async def eventually(condition: Callable[[], object], what: str) -> None:
    clock = asyncio.get_running_loop().time
    deadline_s = clock() + 20.0
    while not condition():
        if clock() > deadline_s:
            pytest.fail(f"never happened: {what}")
        await asyncio.sleep(0.005)


def answers(path: Path) -> bool:
    """Return whether somebody listens there: the socket's file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(wire.socket_name(path)) == 0


def hears(heard: Heard, count: int) -> Callable[[], bool]:
    return lambda: len(heard) == count


@asynccontextmanager
async def open_air(path: Path, channel: Channel = CLEAR, seed: int = 1) -> AsyncIterator[AirServer]:
    air = AirServer(path, channel, seed=seed)
    await air.start()
    try:
        yield air
    finally:
        await air.close()


@asynccontextmanager
async def listening(
    path: Path, gateway_id: str = "truck-1", position: tuple[float, float] = (0.0, 0.0)
) -> AsyncIterator[Heard]:
    heard: Heard = []

    def note(device: BLEDevice, data: AdvertisementData) -> None:
        heard.append((device.address, data))

    async with BleakScanner(note, backend=scanner_for(path, gateway_id, position)):
        yield heard


async def radios(air: AirServer, count: int) -> None:
    await eventually(lambda: air.statistics().radios == count, f"{count} radios")


def beacon_with(air: AirServer, sequence: int = 0) -> Beacon:
    """Return a logger 5 m away that advertises one measurement."""
    sample = Sample(
        boot=0,
        uptime_ms=0,
        sequence=sequence,
        temperature_c=4.32,
        humidity_pct=50.0,
        battery_mv=3000,
    )
    return Beacon(
        LOGGER,
        (3.0, 4.0),
        frame_of(LOGGER, FrameFormat.RUUVI, sample),
        air.ledger.take(LOGGER, FrameFormat.RUUVI, sample, 1_800_000_000_000),
    )


async def process(program: str, path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(path), stdout=asyncio.subprocess.PIPE
    )


async def end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()


# Hearing -------------------------------------------------------------------------------------


def test_bleak_hears_what_a_logger_sends(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_air(tmp_path / "air") as air, listening(tmp_path / "air") as heard:
            await radios(air, 1)
            air.transmit(beacon_with(air, sequence=17))
            await eventually(lambda: heard, "an advert")
            address, data = heard[0]
            decoded = DataFormat5Decoder(data.manufacturer_data[0x0499])
            assert address == LOGGER
            assert decoded.temperature_celsius == 4.32
            assert decoded.measurement_sequence_number == 17

    run(main())


def test_a_service_filter_keeps_other_adverts_out(tmp_path: Path) -> None:
    async def main() -> None:
        heard: list[str] = []
        bthome = "0000fcd2-0000-1000-8000-00805f9b34fb"
        path = tmp_path / "air"
        async with (
            open_air(path) as air,
            BleakScanner(
                lambda d, _: heard.append(d.address), [bthome], backend=scanner_for(path, "a")
            ),
        ):
            await radios(air, 1)
            air.transmit(beacon_with(air))
            ours = beacon_with(air)
            ours.logger_id = LoggerId("C4:F0:57:00:00:02")
            sample = Sample(
                boot=0, uptime_ms=0, sequence=1, temperature_c=1.0, humidity_pct=1.0, battery_mv=1
            )
            ours.frame = frame_of(ours.logger_id, FrameFormat.BTHOME, sample)
            air.transmit(ours)
            await eventually(lambda: heard, "an advert")
            assert heard == ["C4:F0:57:00:00:02"]

    run(main())


def test_the_nearer_radio_hears_louder_and_the_far_one_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with (
            open_air(path) as air,
            listening(path, "near", (3.0, 3.0)) as near,
            listening(path, "middle", (30.0, 4.0)) as middle,
            listening(path, "far", (10_000.0, 0.0)) as far,
        ):
            await radios(air, 3)
            beacon = beacon_with(air)
            for _ in range(200):
                air.transmit(beacon)
            await eventually(lambda: len(near) == 200, "all adverts near")
            counts = air.statistics()
            await eventually(
                lambda: air.statistics().delivered == counts.in_range, "all that is in range"
            )
            await eventually(lambda: len(near) + len(middle) == counts.in_range, "all callbacks")
            # 1 m: -46 dBm; 27 m: -46 - 27 log10(27) = -84.6 dBm, 4 dB of fading over sqrt(200).
            assert abs(fmean(data.rssi for _, data in near) + 46.0) < 1.2
            assert abs(fmean(data.rssi for _, data in middle) + 84.6) < 1.2
            assert not far

    run(main())


def test_a_radio_that_moves_hears_from_where_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with (
            open_air(path) as air,
            listening(path, "truck-1", (10_000.0, 0.0)) as heard,
            AirControl(path) as control,
        ):
            await radios(air, 1)
            beacon = beacon_with(air)
            air.transmit(beacon)
            assert air.statistics().faint == 1
            await control.move_radio("truck-1", 3.0, 3.0)
            air.transmit(beacon)
            await eventually(lambda: heard, "an advert")
            assert len(heard) == 1

    run(main())


def test_as_many_adverts_are_lost_as_the_channel_says(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        channel = Channel(loss=0.15, duplicates=0.0, delay_max_s=0.0)
        async with open_air(path, channel) as air, listening(path) as heard:
            await radios(air, 1)
            beacon = beacon_with(air)
            for _ in range(2000):
                air.transmit(beacon)
            counts = air.statistics()
            # Binomial, 2000 x 0.15: 300 and a standard deviation of 16; four of them.
            assert 236 <= counts.lost <= 364
            assert counts.in_range == 2000
            await eventually(lambda: len(heard) == 2000 - counts.lost, "the others")

    run(main())


def test_the_same_seed_loses_the_same_adverts_whenever_the_radio_came(tmp_path: Path) -> None:
    path = tmp_path / "air"

    async def heard_with(seed: int, *, before: int) -> list[int]:
        async with open_air(path, Channel(loss=0.5, duplicates=0.0), seed) as air:
            beacons = [beacon_with(air, sequence) for sequence in range(100)]
            for number, beacon in enumerate(beacons):
                beacon.adverts = number
            for beacon in beacons[:before]:
                air.transmit(beacon)
            async with listening(path) as heard:
                await radios(air, 1)
                for beacon in beacons[before:]:
                    air.transmit(beacon)
                counts = air.statistics()
                await eventually(lambda: len(heard) == counts.in_range - counts.lost, "all adverts")
                return [
                    DataFormat5Decoder(data.manufacturer_data[0x0499]).measurement_sequence_number
                    for _, data in heard
                ]

    async def main() -> None:
        first = await heard_with(1, before=0)
        assert await heard_with(1, before=50) == [sequence for sequence in first if sequence >= 50]
        assert await heard_with(2, before=0) != first

    run(main())


def test_a_duplicate_is_reported_twice_and_measured_once(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        channel = Channel(loss=0.0, duplicates=1.0)
        async with open_air(path, channel) as air, listening(path) as heard:
            await radios(air, 1)
            air.transmit(beacon_with(air))
            await eventually(lambda: len(heard) == 2, "both copies")
            await air.freeze()
            assert air.statistics().measured == 1

    run(main())


def test_delay_lets_no_advert_overtake_another(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        channel = Channel(loss=0.0, duplicates=0.0, delay_max_s=0.1)
        async with open_air(path, channel) as air, listening(path) as heard:
            await radios(air, 1)
            for sequence in range(200):
                air.transmit(beacon_with(air, sequence))
            await eventually(lambda: len(heard) == 200, "all adverts")
            sequences = [
                DataFormat5Decoder(data.manufacturer_data[0x0499]).measurement_sequence_number
                for _, data in heard
            ]
            assert sequences == list(range(200))

    run(main())


# The ledger ----------------------------------------------------------------------------------


def test_what_a_radio_heard_that_is_killed_at_once_does_not_count(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with open_air(path) as air:
            child = await process(LISTENING_PROCESS, path)
            try:
                await radios(air, 1)
                air.transmit(beacon_with(air))
                assert child.stdout is not None
                assert (await child.stdout.readline()).decode().strip() == LOGGER
            finally:
                await end(child)
            await air.freeze()
            counts = air.statistics()
            assert (counts.delivered, counts.measured, counts.unheard) == (1, 0, 1)

    run(main())


def test_what_a_radio_heard_that_is_killed_later_counts(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with open_air(path) as air:
            child = await process(LISTENING_PROCESS, path)
            try:
                await radios(air, 1)
                air.transmit(beacon_with(air))
                await eventually(lambda: air.statistics().measured == 1, "a measured reading")
            finally:
                await end(child)
            await radios(air, 0)
            assert air.statistics().measured == 1

    run(main())


def test_what_waits_unread_at_a_stopped_radio_is_unheard_until_it_reads(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with open_air(path) as air:
            child = await process(LISTENING_PROCESS, path)
            try:
                await radios(air, 1)
                os.kill(child.pid, signal.SIGSTOP)
                stopped, clock = beacon_with(air, 1), asyncio.get_running_loop().time
                air.transmit(stopped)
                await eventually(lambda: air.statistics().delivered == 1, "a delivery")
                until_s = clock() + 1.5
                await eventually(lambda: clock() > until_s, "more than the ledger's second")
                assert air.statistics().measured == 0
                os.kill(child.pid, signal.SIGCONT)
                await eventually(lambda: air.statistics().measured == 1, "it reads again")
            finally:
                await end(child)

    run(main())


def test_a_measurement_that_no_radio_was_there_for_is_unheard(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with open_air(path) as air, AirControl(path) as control:
            air.transmit(beacon_with(air, sequence=3))
            await control.freeze()
            ledger = await control.ledger()
            assert ledger.final
            (row,) = ledger.rows
            assert (row.logger_id, row.frame_format) == (LOGGER, "ruuvi-df5")
            assert (row.sequence, row.temperature_c) == (3, 4.32)
            assert row.sampled_at_ms == 1_800_000_000_000
            assert not row.measured

    run(main())


def test_a_long_ledger_comes_in_pages(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with open_air(path) as air, AirControl(path) as control:
            for sequence in range(25_000):
                beacon_with(air, sequence)
            rows = (await control.ledger()).rows
            assert [row.sequence for row in rows] == list(range(25_000))

    run(main())


# Guests that misbehave -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\0\0\0\x03abc",
        b"GET / HTTP/1.1\r\n\r\n",
        wire.pack(wire.RadioHello("../../etc", 0.0, 0.0)),
        wire.pack(wire.RadioHello("truck-1", float("nan"), 0.0)),
        wire.pack(wire.RadioHello("truck-1", float("inf"), 0.0)),
        wire.pack(wire.RadioHello("truck-1", 0.0, 0.0)) + wire.pack(wire.Confirmed(1)),
        wire.pack(wire.RadioHello("truck-1", 0.0, 0.0)) + wire.pack(wire.Confirmed(-1)),
        wire.pack(wire.RadioHello("truck-1", 0.0, 0.0)) + wire.pack(wire.Freeze()),
        wire.pack(wire.ControlHello()) + wire.pack(wire.Confirmed(0)),
        wire.pack(wire.Freeze()),
    ],
)
def test_nonsense_ends_its_own_connection_only(tmp_path: Path, sent: bytes) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with open_air(path) as air, listening(path) as heard:
            await radios(air, 1)
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(sent)
            assert await reader.read() == b""  # closed by the air
            writer.close()
            await writer.wait_closed()
            assert air.statistics().malformed == 1
            air.transmit(beacon_with(air))
            await eventually(lambda: heard, "an advert for the others")

    run(main())


def test_a_radio_that_does_not_read_loses_adverts_and_holds_nobody_up(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with open_air(path) as air, listening(path) as heard:
            _, writer = await asyncio.open_unix_connection(str(path))
            writer.write(wire.pack(wire.RadioHello("stuck", 0.0, 0.0)))
            await radios(air, 2)
            beacon = beacon_with(air)
            for total in range(4000, 32_001, 4000):
                for _ in range(4000):
                    air.transmit(beacon)
                await eventually(hears(heard, total), "all for the other")
            assert air.statistics().overrun > 4000
            writer.close()
            await radios(air, 1)

    run(main())


def test_a_callback_that_raises_does_not_silence_the_radio(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: faults.append(context.get("exception"))
        )

        def fail(_: BLEDevice, __: AdvertisementData) -> None:
            raise RuntimeError

        async with open_air(path) as air, BleakScanner(fail, backend=scanner_for(path, "truck-1")):
            await radios(air, 1)
            for sequence in range(3):
                air.transmit(beacon_with(air, sequence))
            await eventually(lambda: len(faults) == 3, "three faults")

    run(main())


# Coming and going ------------------------------------------------------------------------------


def test_a_scanner_waits_for_the_air_and_finds_it_again(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with listening(path) as heard:
            for count in (1, 2):
                async with open_air(path) as air:
                    await radios(air, 1)
                    air.transmit(beacon_with(air))
                    await eventually(hears(heard, count), "an advert")

    run(main())


def test_a_socket_is_served_once(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        async with open_air(path):
            with pytest.raises(AirTaken, match="another simulator"):
                await AirServer(path).start()
            async with AirControl(path) as control:
                assert (await control.statistics()).malformed == 0

    run(main())


def test_a_dead_simulators_socket_is_taken_over(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        child = await process(SIMULATING_PROCESS, path)
        await eventually(lambda: answers(path), "the simulator")
        await end(child)
        assert path.exists()
        with pytest.raises(NoAir):
            await AirControl(path).__aenter__()
        async with open_air(path):
            pass

    run(main())


# The whole simulator -----------------------------------------------------------------------------


def test_what_two_processes_say_agrees(tmp_path: Path) -> None:
    """What the simulator says was measured is what the well-kept parsers read at the radio."""

    async def main() -> None:
        path = tmp_path / "air"
        child = await process(SIMULATING_PROCESS, path)
        try:
            await eventually(lambda: answers(path), "the simulator")
            async with listening(path) as heard, AirControl(path) as control:
                await eventually(lambda: len(heard) > 2000, "some traffic")
                await control.freeze()
                ledger = await control.ledger()
                counts = await control.statistics()
        finally:
            await end(child)
        measured = {
            (row.logger_id, row.sequence, row.temperature_c) for row in ledger.rows if row.measured
        }
        assert ledger.final
        assert measured == {_read(address, data) for address, data in heard}
        assert len(measured) == counts.measured > 200
        assert 0.10 < counts.lost_share < 0.20
        assert counts.duplicated > 0
        assert counts.overrun == counts.malformed == counts.forgotten == 0

    run(main())


def test_a_control_directs_loggers_and_is_refused_what_is_not_there(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "air"
        loggers = loggers_of(SimSettings(air_path=path))
        child = await process(SIMULATING_PROCESS, path)
        try:
            await eventually(lambda: answers(path), "the simulator")
            async with AirControl(path) as control, listening(path) as heard:
                rebooted, stopped, opened = (logger.logger_id for logger in loggers[:3])
                await eventually(lambda: len({a for a, _ in heard}) == len(loggers), "all loggers")
                await control.stop_logger(stopped)
                await control.reboot_logger(rebooted)
                await control.open_lid(opened, 5.0)
                for bad in (
                    control.stop_logger("00:00:00:00:00:00"),
                    control.reboot_logger("nonsense"),
                    control.open_lid(opened, float("nan")),
                    control.move_radio("nobody", 0.0, 0.0),
                ):
                    with pytest.raises(AirRefused):
                        await bad
                before = _rows_of(await control.ledger())
                heard.clear()
                await eventually(lambda: len(heard) > 1000, "more adverts")
                await control.freeze()
                after = _rows_of(await control.ledger())
        finally:
            await end(child)
        assert len(after[stopped]) == len(before[stopped])
        assert len(after[opened]) > len(before[opened])
        assert {row.boot for row in after[rebooted]} == {0, 1}
        assert {row.boot for row in after[opened]} == {0}

    run(main())


def _rows_of(ledger: LedgerView) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for row in ledger.rows:
        rows.setdefault(row.logger_id, []).append(row)
    return rows


def test_an_edge_that_listens_to_the_air_loads_no_numpy() -> None:
    async def main() -> None:
        program = "import sys, firmware_sim.air; sys.exit('numpy' in sys.modules)"
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        assert await child.wait() == 0

    run(main())


def _read(address: str, data: AdvertisementData) -> tuple[str, int, float]:
    """Return address, sequence and temperature as the parsers give them."""
    if 0x0499 in data.manufacturer_data:
        decoded = DataFormat5Decoder(data.manufacturer_data[0x0499])
        assert decoded.temperature_celsius is not None
        return address, decoded.measurement_sequence_number, decoded.temperature_celsius
    info = BluetoothServiceInfoBleak(
        name=data.local_name or address,
        address=address,
        rssi=data.rssi,
        manufacturer_data={},
        service_data=data.service_data,
        service_uuids=data.service_uuids,
        source="local",
        device=BLEDevice(address, data.local_name, None),
        advertisement=data,
        connectable=False,
        time=0.0,
        tx_power=None,
    )
    update = BTHomeBluetoothDeviceData().update(info)
    values = {key.key: value.native_value for key, value in update.entity_values.items()}
    sequence, temperature_c = values["packet_id"], values["temperature"]
    assert isinstance(sequence, float | int)
    assert isinstance(temperature_c, float | int)
    return address, int(sequence), float(temperature_c)
