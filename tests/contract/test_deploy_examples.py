"""The examples in deploy/ are accepted as they stand."""

import tomllib
from pathlib import Path

import pytest

from api.settings import ApiSettings
from edge.settings import EdgeSettings
from gateway.settings import IngestSettings
from schemas.settings import build_settings

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.parametrize(
    ("role", "cls"), [("edge", EdgeSettings), ("ingest", IngestSettings), ("api", ApiSettings)]
)
def test_the_settings_file_is_read(role: str, cls: type) -> None:
    tables = tomllib.loads((DEPLOY / "frostline.toml").read_text(encoding="utf-8"))
    assert build_settings(cls, role=role, environ={}, table=tables[role])


@pytest.mark.parametrize("role", ["edge", "ingest", "api"])
def test_each_unit_starts_its_role(role: str) -> None:
    unit = (DEPLOY / f"systemd/frostline-{role}.service").read_text(encoding="utf-8")
    assert f"/frostline {role}\n" in unit
