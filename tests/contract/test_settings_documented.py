"""docs/settings.md names each setting with its default, and none that is not there."""

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from api.settings import ApiSettings
from edge.settings import EdgeSettings
from firmware_sim.settings import SimSettings
from gateway.ingest.settings import IngestSettings
from gateway.judge.settings import JudgeSettings
from gateway.notify.settings import NotifySettings
from gateway.seal.settings import SealSettings
from routing.dispatch.settings import DispatchSettings

TEXT = (Path(__file__).parents[2] / "docs/settings.md").read_text(encoding="utf-8")
ROLES = {
    "api": ApiSettings,
    "dispatch": DispatchSettings,
    "edge": EdgeSettings,
    "ingest": IngestSettings,
    "judge": JudgeSettings,
    "notify": NotifySettings,
    "seal": SealSettings,
    "sim": SimSettings,
}
NOTHING: tuple[object, ...] = (None, (), "")


def shown(default: object) -> str:
    if default is MISSING:
        return "required"
    if default in NOTHING:
        return "none"
    return str(default).lower() if isinstance(default, bool) else f"`{default}`"


@pytest.mark.parametrize("role", ROLES)
def test_each_setting_stands_there_with_its_default_and_no_other(role: str) -> None:
    pattern = rf"^\| `FROSTLINE_{role.upper()}_(\w+)` \| (.+?) \| (.+) \|$"
    documented = {
        name.lower(): default for name, default, _ in re.findall(pattern, TEXT, re.MULTILINE)
    }
    assert documented == {f.name: shown(f.default) for f in fields(ROLES[role])}
