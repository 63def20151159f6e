"""Settings of the simulator, and who is in each scenario."""

from pathlib import Path

import pytest

from firmware_sim.frame import FrameFormat
from firmware_sim.scenarios import Role, Story, lid_openings_of, loggers_of
from firmware_sim.settings import SimSettings
from schemas.ids import parse_logger_id
from schemas.reading import Zone
from schemas.settings import BadSetting, build_settings

AIR = Path("/tmp/air")  # noqa: S108  # a name; nothing is opened


def test_settings_come_from_the_environment() -> None:
    settings = build_settings(
        SimSettings,
        role="sim",
        environ={
            "FROSTLINE_SIM_AIR_PATH": "/run/air",
            "FROSTLINE_SIM_SCENARIO": "fleet",
            "FROSTLINE_SIM_LOGGERS": "10000",
            "FROSTLINE_SIM_SAMPLE_INTERVAL_S": "30",
        },
        table={},
    )

    assert (settings.air_path, settings.loggers) == (Path("/run/air"), 10_000)
    assert (settings.sampling_s, settings.advertising_s) == (30.0, 1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCENARIO", "moon"),
        ("LOGGERS", "6"),
        ("LOSS", "1.01"),
        ("DUPLICATES", "-0.1"),
        ("ADVERT_INTERVAL_S", "0.019"),
        ("SAMPLE_INTERVAL_S", "-1"),
        ("SAMPLE_INTERVAL_S", "nan"),
        ("METRICS_PORT", "65536"),
    ],
)
def test_a_bad_setting_is_named_with_its_variable(name: str, value: str) -> None:
    environ = {"FROSTLINE_SIM_AIR_PATH": "/run/air", f"FROSTLINE_SIM_{name}": value}
    with pytest.raises(BadSetting, match=f"FROSTLINE_SIM_{name}"):
        build_settings(SimSettings, role="sim", environ=environ, table={})


def test_the_demo_has_two_orders_of_three_zones_and_a_place() -> None:
    loggers = loggers_of(SimSettings(air_path=AIR))
    zones = {
        order: {logger.zone for logger in loggers if logger.order == order} for order in (1, 2)
    }

    assert zones == {1: set(Zone), 2: set(Zone)}
    assert [logger.role for logger in loggers].count(Role.PLACE) == 1
    assert [logger.story for logger in loggers].count(Story.WARMING) == 1
    assert len(lid_openings_of(loggers)) == 1


def test_a_minute_of_the_demo_gives_a_thousand_measurements_even_at_half_speed() -> None:
    settings = SimSettings(air_path=AIR)

    assert settings.loggers * 30.0 / settings.sampling_s >= 1000


@pytest.mark.parametrize(("scenario", "count"), [("demo", 7), ("demo", 40), ("fleet", 10_000)])
def test_every_logger_has_an_address_of_its_own_that_a_device_may_choose(
    scenario: str, count: int
) -> None:
    loggers = loggers_of(SimSettings(air_path=AIR, scenario=scenario, loggers=count))
    addresses = {logger.logger_id for logger in loggers}

    assert len(addresses) == count
    assert all(parse_logger_id(address) == address for address in addresses)
    # A static random address: the two highest bits set (Bluetooth Core 5.4, vol 6 part B, 1.3.2.1).
    assert all(int(address[:2], 16) >> 6 == 0b11 for address in addresses)


def test_a_fleet_speaks_both_formats_and_has_places() -> None:
    loggers = loggers_of(SimSettings(air_path=AIR, scenario="fleet", loggers=1000))

    assert {logger.frame_format for logger in loggers} == set(FrameFormat)
    assert sum(logger.role is Role.PLACE for logger in loggers) == 20


def test_the_same_settings_give_the_same_loggers() -> None:
    settings = SimSettings(air_path=AIR)

    assert loggers_of(settings) == loggers_of(settings)
