"""Adverts become samples by the well-kept parsers, or a counted refusal; nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.advert import Advert, Decoders, Refusal, Sample

LOGGER = "CB:B8:33:4C:88:4F"
BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"
XIAOMI = "0000fe95-0000-1000-8000-00805f9b34fb"
SENSORPUSH = "ef090000-11d6-42ba-93b8-9dd7ec090ab0"
RUUVI = 0x0499

# docs.ruuvi.com, data format 5, "valid data"
DF5 = bytes.fromhex("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F")
# bthome.io, "40 (BTHome v2), 02 temperature, 03 humidity" behind its length and AD type
BTHOME_V2 = bytes.fromhex("4002C40903BF13")


def ruuvi(payload: bytes, logger_id: str = LOGGER) -> Advert:
    return Advert(logger_id, -60, {RUUVI: payload}, {})


def bthome(payload: bytes, logger_id: str = LOGGER) -> Advert:
    return Advert(logger_id, -60, {}, {BTHOME: payload})


def test_the_official_ruuvi_frame_is_decoded_with_its_counter() -> None:
    """24.3 °C, 53.49 %, 2977 mV, sequence 205: docs.ruuvi.com."""
    assert Decoders().decode(ruuvi(DF5)) == Sample(
        frame_format="ruuvi-df5",
        temperature_c=24.3,
        humidity_pct=53.49,
        battery_mv=2977,
        sequence=205,
    )


@pytest.mark.parametrize(("counter", "sequence"), [("FFFE", 65534), ("FFFF", None)])
def test_ruuvis_last_counter_value_means_not_available(counter: str, sequence: int | None) -> None:
    frame = DF5[:16] + bytes.fromhex(counter) + DF5[18:]
    decoded = Decoders().decode(ruuvi(frame))
    assert isinstance(decoded, Sample)
    assert decoded.sequence == sequence


def test_ruuvis_invalid_temperature_is_no_temperature() -> None:
    """docs.ruuvi.com, "invalid values": 0x8000."""
    frame = bytes.fromhex("058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF")
    assert Decoders().decode(ruuvi(frame)) is Refusal.NO_TEMPERATURE


@pytest.mark.parametrize("length", [0, 1, 12, 23, 25, 26])
def test_a_ruuvi_frame_of_a_wrong_length_is_malformed(length: int) -> None:
    assert Decoders().decode(ruuvi((DF5 + b"\0\0")[:length])) is Refusal.MALFORMED


def test_an_older_ruuvi_format_goes_to_the_parser() -> None:
    """Data format 3, "valid data" of docs.ruuvi.com: 26.3 °C, 20.5 %, 2899 mV."""
    frame = bytes.fromhex("03291A1ECE1EFC18F94202CA0B53")
    assert Decoders().decode(ruuvi(frame)) == Sample(
        frame_format="ruuvitag-ble", temperature_c=26.3, humidity_pct=20.5, battery_mv=2899
    )


def test_the_official_bthome_frame_is_decoded() -> None:
    """25.00 °C, 50.55 %: bthome.io/format."""
    assert Decoders().decode(bthome(BTHOME_V2)) == Sample(
        frame_format="bthome-v2", temperature_c=25.0, humidity_pct=50.55
    )


def test_bthomes_packet_id_and_voltage_are_kept() -> None:
    """Packet id 9; 0C 02 0C = 3.074 V (bthome.io/format)."""
    decoded = Decoders().decode(bthome(bytes.fromhex("40000902C4090C020C")))
    assert decoded == Sample(
        frame_format="bthome-v2", temperature_c=25.0, battery_mv=3074, sequence=9
    )


def test_a_frame_without_temperature_does_not_repeat_the_one_before() -> None:
    """The parser itself does: it keeps what earlier frames said."""
    decoders = Decoders()
    decoders.decode(bthome(BTHOME_V2))
    assert decoders.decode(bthome(bytes.fromhex("400161"))) is Refusal.NO_TEMPERATURE


def test_a_frame_without_humidity_does_not_repeat_the_one_before() -> None:
    decoders = Decoders()
    decoders.decode(bthome(BTHOME_V2))
    decoded = decoders.decode(bthome(bytes.fromhex("4002C409")))
    assert decoded == Sample(frame_format="bthome-v2", temperature_c=25.0)


def test_a_rebooted_bthome_logger_is_heard_at_once() -> None:
    """Its packet id starts again at 0; the parser alone would drop it for 4 s as older."""
    decoders = Decoders()
    decoders.decode(bthome(bytes.fromhex("40006402C409")))
    decoded = decoders.decode(bthome(bytes.fromhex("40000002C509")))
    assert isinstance(decoded, Sample)
    assert (decoded.sequence, decoded.temperature_c) == (0, 25.01)


ENCRYPTED = bytes.fromhex("41A47266C95F730011223378237214")
BIND_KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")


def test_an_encrypted_frame_without_a_key_is_refused_as_such() -> None:
    assert Decoders().decode(bthome(ENCRYPTED, "54:48:E6:8F:80:A5")) is Refusal.ENCRYPTED


def test_an_encrypted_frame_with_the_wrong_key_is_refused_as_such() -> None:
    decoders = Decoders({"54:48:E6:8F:80:A5": bytes(16)})
    assert decoders.decode(bthome(ENCRYPTED, "54:48:E6:8F:80:A5")) is Refusal.ENCRYPTED


def test_an_encrypted_frame_with_its_key_is_decoded() -> None:
    """bthome.io/encryption: MAC 5448E68F80A5, this key, 25.06 °C and 50.55 %."""
    decoders = Decoders({"54:48:E6:8F:80:A5": BIND_KEY})
    assert decoders.decode(bthome(ENCRYPTED, "54:48:E6:8F:80:A5")) == Sample(
        frame_format="bthome-v2", temperature_c=25.06, humidity_pct=50.55
    )


def test_an_encrypted_xiaomi_frame_without_a_key_is_refused_as_such() -> None:
    """Frame control 0x5858: version 5, encrypted, with object and MAC; product 0x055B."""
    payload = bytes.fromhex("58585b05db184bf838c1a472c3faff0a2c3c3c3c3c3c3c3c")
    advert = Advert("A4:C1:38:F8:4B:18", -60, {}, {XIAOMI: payload})
    assert Decoders().decode(advert) is Refusal.ENCRYPTED


def test_a_thermopro_is_told_by_its_name() -> None:
    """Its values stand where the company id belongs: C2 F5 00 3A 02 2C is 24.5 °C, 58 %."""
    advert = Advert(LOGGER, -60, {0xF5C2: bytes.fromhex("003a022c")}, {}, (), "TP357 (2142)")
    assert Decoders().decode(advert) == Sample(
        frame_format="thermopro-ble", temperature_c=24.5, humidity_pct=58.0
    )


def test_a_govee_is_decoded_below_freezing() -> None:
    """H5075: 24 bits, the highest is the sign, temperature in 0.1 °C times 1000, humidity below.

    -18.2 °C and 45.3 %: 182 * 1000 + 453 = 182453 = 0x02C8B5, with the sign 0x82C8B5.
    """
    advert = Advert(LOGGER, -60, {0xEC88: bytes.fromhex("0082C8B56400")}, {}, (), "GVH5075_0001")
    assert Decoders().decode(advert) == Sample(
        frame_format="govee-ble", temperature_c=-18.2, humidity_pct=45.3
    )


@pytest.mark.parametrize(
    "advert",
    [
        Advert(LOGGER, -60, {0x004C: bytes.fromhex("10050718e29b18")}, {}),  # a phone
        Advert(LOGGER, -60, {}, {"0000fd6f-0000-1000-8000-00805f9b34fb": bytes(20)}),
        Advert(LOGGER, -60, {}, {}, (), "TV"),
        Advert(LOGGER, -60, {}, {}),
    ],
)
def test_what_is_no_logger_is_unknown(advert: Advert) -> None:
    assert Decoders().decode(advert) is Refusal.UNKNOWN


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("4E20", 100.0),  # 20000 x 0.005 °C, the limit
        ("4E22", Refusal.OUT_OF_RANGE),  # 100.01 °C
        ("B1E0", -100.0),
        ("B1DE", Refusal.OUT_OF_RANGE),
    ],
)
def test_a_temperature_that_no_sensor_measures_is_refused(
    raw: str, expected: float | Refusal
) -> None:
    decoded = Decoders().decode(ruuvi(DF5[:1] + bytes.fromhex(raw) + DF5[3:]))
    assert (decoded.temperature_c if isinstance(decoded, Sample) else decoded) == expected


@pytest.mark.parametrize(("raw", "humidity_pct"), [("9C40", 100.0), ("9C44", None)])
def test_an_impossible_humidity_is_left_out(raw: str, humidity_pct: float | None) -> None:
    """40000 x 0.0025 % is the limit; a wet sensor says more."""
    decoded = Decoders().decode(ruuvi(DF5[:3] + bytes.fromhex(raw) + DF5[5:]))
    assert isinstance(decoded, Sample)
    assert decoded.humidity_pct == humidity_pct


addresses = st.sampled_from([LOGGER, "A4:C1:38:00:00:01"])
companies = st.sampled_from([RUUVI, 0xEC88, 0x8801, 1, 9289, 12628, 12884]) | st.integers(0, 65535)
services = st.sampled_from(
    [
        BTHOME,
        XIAOMI,
        SENSORPUSH,
        "0000181c-0000-1000-8000-00805f9b34fb",
        "0000181e-0000-1000-8000-00805f9b34fb",
        "0000fd50-0000-1000-8000-00805f9b34fb",
    ]
)
names = st.none() | st.sampled_from(
    ["GVH5075_1", "Govee_H5074_1", "GVH5178_1", "sps", "tps", "iBBQ", "xBBQ", "Ink@IAM-T1",
     "SensorPush HT.w", "s", "TP357 (1)", "TP960R (0000)", "TP972 (1)", "ATC_000001"]
)  # fmt: skip
frames = (
    st.binary(max_size=40)
    | st.binary(max_size=30).map(lambda tail: b"\x05" + tail)
    | st.binary(max_size=30).map(lambda tail: b"\x40" + tail)
    | st.binary(max_size=30).map(lambda tail: b"\x41" + tail)
    | st.binary(max_size=30).map(lambda tail: bytes.fromhex("50205b0501") + tail)
)
adverts = st.builds(
    Advert,
    addresses,
    st.integers(-128, 127),
    st.dictionaries(companies, frames, max_size=2),
    st.dictionaries(services, frames, max_size=2),
    st.lists(services, max_size=1).map(tuple),
    names,
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(adverts, min_size=1, max_size=8))
def test_any_bytes_give_a_sample_or_a_counted_refusal(heard: list[Advert]) -> None:
    decoders = Decoders({"A4:C1:38:00:00:01": bytes(16)})
    for advert in heard:
        decoded = decoders.decode(advert)
        if isinstance(decoded, Sample):
            assert -100 <= decoded.temperature_c <= 100
            assert decoded.humidity_pct is None or 0 <= decoded.humidity_pct <= 100
        else:
            assert decoded in Refusal


def test_random_addresses_are_forgotten() -> None:
    """A device that never decodes holds a parser only until 256 others came after it."""
    decoders = Decoders()
    for number in range(1000):
        address = f"00:00:00:00:{number >> 8:02X}:{number & 255:02X}"
        decoders.decode(bthome(bytes.fromhex("400161"), address))
    assert len(decoders._probation) == 256
    assert len(decoders._known) == 0
