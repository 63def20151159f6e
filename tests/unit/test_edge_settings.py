"""Edge settings that cannot work are refused by the name of their environment variable."""

from pathlib import Path

import pytest

from edge.settings import EdgeSettings


def test_only_the_gateways_name_is_needed() -> None:
    assert EdgeSettings(gateway_id="truck-17").record_interval_s == 30


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"broker_url": "http://broker"}, "FROSTLINE_EDGE_BROKER_URL"),
        ({"broker_url": "mqtt://broker:99999"}, "FROSTLINE_EDGE_BROKER_URL.*65535"),
        ({"broker_url": "mqtt://broker:0"}, "FROSTLINE_EDGE_BROKER_URL.*65535"),
        ({"broker_url": "mqtt://broker:abc"}, "FROSTLINE_EDGE_BROKER_URL.*65535"),
        ({"broker_url": "mqtt://[::1"}, "FROSTLINE_EDGE_BROKER_URL"),
        ({"broker_url": "mqtt://"}, "FROSTLINE_EDGE_BROKER_URL.*no host"),
        ({"broker_url": "mqtts://:8883"}, "FROSTLINE_EDGE_BROKER_URL.*no host"),
        ({"broker_url": "mqtt://me:secret@broker"}, "FROSTLINE_EDGE_BROKER_USERNAME"),
        ({"gpsd_url": "127.0.0.1:2947"}, "FROSTLINE_EDGE_GPSD_URL.*gpsd://127.0.0.1:2947"),
        ({"gpsd_url": "gpsd://here:0"}, "FROSTLINE_EDGE_GPSD_URL.*65535"),
        ({"position_every_s": -1.0}, "FROSTLINE_EDGE_POSITION_EVERY_S"),
        ({"metrics_port": 65_536}, "FROSTLINE_EDGE_METRICS_PORT.*65535"),
        ({"metrics_port": -1}, "FROSTLINE_EDGE_METRICS_PORT"),
        ({"record_interval_s": float("inf")}, "FROSTLINE_EDGE_RECORD_INTERVAL_S"),
        ({"radio_silence_s": float("nan")}, "FROSTLINE_EDGE_RADIO_SILENCE_S"),
        ({"calibration": ("C4:A5:E3:00:00:01=nan",)}, "FROSTLINE_EDGE_CALIBRATION"),
        ({"calibration": ("C4:A5:E3:00:00:01=-inf",)}, "FROSTLINE_EDGE_CALIBRATION"),
        ({"commit_interval_s": 1.0}, "FROSTLINE_EDGE_COMMIT_INTERVAL_S"),
        ({"uplink_window": 0}, "FROSTLINE_EDGE_UPLINK_WINDOW"),
        ({"record_interval_s": -1.0}, "FROSTLINE_EDGE_RECORD_INTERVAL_S"),
        ({"batch_max_readings": 10_001}, "FROSTLINE_EDGE_BATCH_MAX_READINGS"),
        ({"cert_file": Path("cert.pem")}, "FROSTLINE_EDGE_KEY_FILE"),
        ({"calibration": ("C4:A5:E3:00:00:01",)}, "FROSTLINE_EDGE_CALIBRATION"),
        ({"calibration": ("C4:A5:E3:00:00:01=warm",)}, "FROSTLINE_EDGE_CALIBRATION"),
        ({"bind_keys": ("C4:A5:E3:00:00:01=xyz",)}, "FROSTLINE_EDGE_BIND_KEYS"),
        ({"bind_keys": ("C4:A5:E3:00:00:01=0f1e",)}, "FROSTLINE_EDGE_BIND_KEYS"),
        ({"allow": ("truck",)}, "FROSTLINE_EDGE_ALLOW"),
        ({"gateway_id": "truck/17"}, "FROSTLINE_EDGE_GATEWAY_ID"),
    ],
)
def test_a_setting_that_cannot_work_is_named(changes: dict[str, object], message: str) -> None:
    values: dict[str, object] = {"gateway_id": "truck-17"}
    with pytest.raises(ValueError, match=message):
        EdgeSettings(**(values | changes))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", ("broker", 1883)),  # the ports that IANA gave to MQTT
        ("mqtts://broker", ("broker", 8883)),
        ("mqtt://broker:65535", ("broker", 65_535)),
        ("mqtt://[::1]:1", ("::1", 1)),
    ],
)
def test_a_brokers_address_is_read(url: str, address: tuple[str, int]) -> None:
    assert EdgeSettings(gateway_id="truck-17", broker_url=url).broker_address() == address


def test_entries_are_read_by_logger() -> None:
    settings = EdgeSettings(
        gateway_id="truck-17",
        calibration=("c4-a5-e3-00-00-01=-0.25",),
        bind_keys=("C4:A5:E3:00:00:01=231d39c1d7cc1ab1aee224cd096db932",),
        allow=("c4a5e3000001",),
    )
    logger_id = "C4:A5:E3:00:00:01"
    assert settings.calibration_c() == {logger_id: -0.25}
    assert settings.bind_keys_by_logger()[logger_id][:2] == b"\x23\x1d"
    assert settings.allowed() == {logger_id}
