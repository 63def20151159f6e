"""Frames as the makers define them, read back by the well-kept parsers."""

import pytest
from bleak.backends.device import BLEDevice
from bthome_ble import BTHomeBluetoothDeviceData
from home_assistant_bluetooth import BluetoothServiceInfoBleak
from hypothesis import given
from hypothesis import strategies as st
from ruuvitag_ble.df5_decoder import DataFormat5Decoder

from firmware_sim import bthome, ruuvi
from firmware_sim.bthome import BTHomeV2
from firmware_sim.frame import LEGACY_ADVERT_BYTES, FrameFormat
from firmware_sim.logger import Sample, frame_of
from firmware_sim.ruuvi import RawV2
from schemas.ids import LoggerId

LOGGER = LoggerId("CB:B8:33:4C:88:4F")
ADDRESS = bytes.fromhex("CBB8334C884F")


# The four test vectors of docs.ruuvi.com, data format 5.
@pytest.mark.parametrize(
    ("measurement", "payload"),
    [
        pytest.param(
            RawV2(
                temperature_c=24.3,
                humidity_pct=53.49,
                pressure_pa=100_044,
                acceleration_mg=(4, -4, 1036),
                battery_mv=2977,
                tx_power_dbm=4,
                movements=66,
                sequence=205,
                address=ADDRESS,
            ),
            "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F",
            id="valid",
        ),
        pytest.param(
            RawV2(
                temperature_c=163.835,
                humidity_pct=163.835,
                pressure_pa=115_534,
                acceleration_mg=(32_767, 32_767, 32_767),
                battery_mv=3646,
                tx_power_dbm=20,
                movements=254,
                sequence=65_534,
                address=ADDRESS,
            ),
            "057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F",
            id="maximum",
        ),
        pytest.param(
            RawV2(
                temperature_c=-163.835,
                humidity_pct=0.0,
                pressure_pa=50_000,
                acceleration_mg=(-32_767, -32_767, -32_767),
                battery_mv=1600,
                tx_power_dbm=-40,
                movements=0,
                sequence=0,
                address=ADDRESS,
            ),
            "058001000000008001800180010000000000CBB8334C884F",
            id="minimum",
        ),
        pytest.param(
            RawV2(), "058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF", id="not available"
        ),
    ],
)
def test_a_ruuvi_frame_is_the_makers_vector(measurement: RawV2, payload: str) -> None:
    assert ruuvi.encode(measurement).hex().upper() == payload


def test_a_ruuvi_frame_clips_what_overflows() -> None:
    # The page's own example: 170 °C becomes 163.835 °C, -40 g becomes -32.767 g.
    decoded = DataFormat5Decoder(
        ruuvi.encode(RawV2(temperature_c=170.0, acceleration_mg=(-40_000, 0, 0)))
    )

    assert decoded.data[1] == 32_767
    assert decoded.acceleration_vector_mg == (-32_767, 0, 0)


def test_a_bthome_frame_is_the_specifications_example() -> None:
    # bthome.io/format: 0A16D2FC4002C40903BF13, of which the service data begin after D2FC.
    payload = bthome.encode(BTHomeV2(temperature_c=25.0, humidity_pct=50.55))

    assert payload.hex().upper() == "4002C40903BF13"


def test_a_bthome_frame_has_its_objects_in_the_order_of_their_ids() -> None:
    payload = bthome.encode(
        BTHomeV2(
            packet_id=9, battery_pct=97, temperature_c=-18.5, humidity_pct=60.0, battery_mv=3000
        )
    )

    # 00 packet id, 01 battery, 02 temperature -1850 = F8C6, 03 humidity 6000 = 1770, 0C 3000 = 0BB8
    assert payload.hex().upper() == "400009016102C6F80370170CB80B"


def test_a_bthome_packet_id_wraps_at_256() -> None:
    assert bthome.encode(BTHomeV2(packet_id=256)) == bthome.encode(BTHomeV2(packet_id=0))


SAMPLES = st.builds(
    Sample,
    boot=st.just(0),
    uptime_ms=st.just(0),
    sequence=st.integers(0, 255),
    temperature_c=st.integers(-8000, 8000).map(lambda centi: centi / 100),
    humidity_pct=st.integers(0, 10_000).map(lambda centi: centi / 100),
    battery_mv=st.integers(1600, 3646),
)


@given(SAMPLES)
def test_what_ruuvis_parser_reads_is_what_was_measured(sample: Sample) -> None:
    frame = frame_of(LOGGER, FrameFormat.RUUVI, sample)
    decoded = DataFormat5Decoder(frame.manufacturer_data[0x0499])

    assert decoded.temperature_celsius == sample.temperature_c
    assert decoded.humidity_percentage == sample.humidity_pct
    assert decoded.battery_voltage_mv == sample.battery_mv
    assert decoded.measurement_sequence_number == sample.sequence
    assert decoded.mac == LOGGER


@given(SAMPLES)
def test_what_bthomes_parser_reads_is_what_was_measured(sample: Sample) -> None:
    frame = frame_of(LOGGER, FrameFormat.BTHOME, sample)
    assert _read_bthome(dict(frame.service_data)) == {
        "Packet Id": sample.sequence,
        "Temperature": sample.temperature_c,
        "Humidity": sample.humidity_pct,
        "Voltage": sample.battery_mv / 1000,
    }


@given(SAMPLES, st.sampled_from(FrameFormat))
def test_a_radio_could_send_every_frame(sample: Sample, frame_format: FrameFormat) -> None:
    assert frame_of(LOGGER, frame_format, sample).air_bytes <= LEGACY_ADVERT_BYTES


def _read_bthome(service_data: dict[str, bytes]) -> dict[str, object]:
    info = BluetoothServiceInfoBleak(
        name="FL-884F",
        address=LOGGER,
        rssi=-60,
        manufacturer_data={},
        service_data=service_data,
        service_uuids=list(service_data),
        source="local",
        device=BLEDevice(LOGGER, "FL-884F", None),
        advertisement=None,
        connectable=False,
        time=0.0,
        tx_power=None,
    )
    update = BTHomeBluetoothDeviceData().update(info)
    return {
        str(value.name): value.native_value
        for key, value in update.entity_values.items()
        if key.key != "signal_strength"
    }
