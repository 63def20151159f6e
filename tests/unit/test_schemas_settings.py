"""Settings: environment over file over default, and a mistake names its remedy."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.settings import BadSetting, build_settings


@dataclass(frozen=True)
class Settings:
    broker_url: str
    outbox_path: Path = Path("outbox.db")
    window: int = 16
    linger_s: float = 5.0
    allow: tuple[str, ...] = ()


def build(environ: dict[str, str], table: dict[str, object]) -> Settings:
    return build_settings(Settings, role="edge", environ=environ, table=table)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default() -> None:
    settings = build(
        {"FROSTLINE_EDGE_BROKER_URL": "mqtt://env", "FROSTLINE_EDGE_WINDOW": "8"},
        {"broker_url": "mqtt://file", "outbox_path": "/var/lib/outbox.db"},
    )
    assert settings == Settings("mqtt://env", Path("/var/lib/outbox.db"), window=8)


def test_a_list_is_comma_separated_in_the_environment() -> None:
    environ = {"FROSTLINE_EDGE_BROKER_URL": "mqtt://x", "FROSTLINE_EDGE_ALLOW": "a, b,"}
    assert build(environ, {}).allow == ("a", "b")


def test_another_roles_variables_are_not_this_roles_business() -> None:
    environ = {"FROSTLINE_EDGE_BROKER_URL": "mqtt://x", "FROSTLINE_API_PORT": "1"}
    assert build(environ, {}).broker_url == "mqtt://x"


@pytest.mark.parametrize(
    ("environ", "table", "message"),
    [
        (
            {"FROSTLINE_EDGE_BROKER_URI": "mqtt://x"},
            {},
            "FROSTLINE_EDGE_BROKER_URI is not a setting; did you mean FROSTLINE_EDGE_BROKER_URL?",
        ),
        ({}, {"windw": 3}, r"\[edge\] windw is not a setting; did you mean window?"),
        ({}, {}, "FROSTLINE_EDGE_BROKER_URL is not set"),
        (
            {"FROSTLINE_EDGE_BROKER_URL": "mqtt://x", "FROSTLINE_EDGE_WINDOW": "many"},
            {},
            "FROSTLINE_EDGE_WINDOW is 'many': Expected `int`",
        ),
        ({}, {"broker_url": "mqtt://x", "outbox_path": 3}, r"\[edge\] outbox_path is 3: expected"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(
    environ: dict[str, str], table: dict[str, object], message: str
) -> None:
    with pytest.raises(BadSetting, match=message):
        build(environ, table)
