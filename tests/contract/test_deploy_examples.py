"""The examples in deploy/ are accepted as they stand."""

import tomllib
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from api.settings import ApiSettings
from edge.settings import EdgeSettings
from frostline.city_file import read_city_file
from frostline.order_file import read_order_file
from gateway.ingest.settings import IngestSettings
from gateway.judge.settings import JudgeSettings
from gateway.notify.settings import NotifySettings
from gateway.seal.settings import SealSettings
from schemas.settings import BadSetting, build_settings

DEPLOY = Path(__file__).parents[2] / "deploy"


TABLES = tomllib.loads((DEPLOY / "frostline.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("role", "cls"),
    [
        ("edge", EdgeSettings),
        ("ingest", IngestSettings),
        ("judge", JudgeSettings),
        ("seal", SealSettings),
        ("notify", NotifySettings),
    ],
)
def test_the_settings_file_is_read(role: str, cls: type) -> None:
    assert build_settings(cls, role=role, environ={}, table=TABLES[role])


def test_only_the_link_secret_must_be_changed() -> None:
    """Who forgets to would sign members' links with a secret that everyone can read."""
    with pytest.raises(BadSetting, match="fewer than 32 characters"):
        build_settings(ApiSettings, role="api", environ={}, table=TABLES["api"])
    changed = TABLES["api"] | {"link_secrets": ["0" * 32]}
    assert build_settings(ApiSettings, role="api", environ={}, table=changed)


@pytest.mark.parametrize("role", ["edge", "ingest", "judge", "seal", "notify", "api"])
def test_each_unit_starts_its_role(role: str) -> None:
    unit = (DEPLOY / f"systemd/frostline-{role}.service").read_text(encoding="utf-8")
    assert f"/frostline {role}\n" in unit


def test_the_city_to_try_is_read_and_its_vehicles_are_staffed_around_the_clock() -> None:
    """Whoever tries it, and when, finds a vehicle with a driver."""
    city = read_city_file(DEPLOY / "city/city.toml")
    now = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)  # 23:30 there
    shifts = sorted(city.shifts_of(now, 2), key=lambda shift: (shift.vehicle_id, shift.from_at))
    for vehicle in city.vehicles:
        ours = [shift for shift in shifts if shift.vehicle_id == vehicle.vehicle_id]
        assert ours[0].from_at == datetime(2026, 2, 28, 16, tzinfo=UTC)
        assert ours[-1].until_at == datetime(2026, 3, 2, 16, tzinfo=UTC)
        assert all(one.until_at == other.from_at for one, other in pairwise(ours))


def test_the_orders_to_try_are_read() -> None:
    lines = read_order_file(DEPLOY / "city/orders.csv").lines
    assert [fault for line in lines for fault in line.faults] == []
    assert {line.order.delivery.wish for line in lines if line.order and line.order.delivery} == {
        "fastest",
        "locker",
    }
