"""The examples in deploy/ are accepted as they stand."""

import tomllib
from pathlib import Path

import pytest

from api.settings import ApiSettings
from edge.settings import EdgeSettings
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
