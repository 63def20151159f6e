"""Settings of a notifier that cannot work are refused by the name of their variable."""

import pytest

from gateway.notify.settings import NotifySettings
from schemas.settings import BadSetting, build_settings


def build(**changes: str) -> NotifySettings:
    environ = {"FROSTLINE_NOTIFY_DATABASE_URL": "postgresql://db/frostline"}
    environ |= {f"FROSTLINE_NOTIFY_{name}": text for name, text in changes.items()}
    return build_settings(NotifySettings, role="notify", environ=environ, table={})


def test_by_default_only_https_in_public() -> None:
    settings = build()
    assert not settings.allow_http
    assert not settings.allow_private_addresses


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("PARALLEL", "257", "256"),
        ("PARALLEL_PER_ENDPOINT", "0", "1"),
        ("PARALLEL_PER_ENDPOINT", "33", "32"),
        ("CONNECT_TIMEOUT_S", "0", "0.1"),
        ("CONNECT_TIMEOUT_S", "15.1", "15"),
        ("DELIVERIES_DAYS", "0", "0.1"),
    ],
)
def test_each_limit_holds_on_both_sides(name: str, bad: str, good: str) -> None:
    with pytest.raises(BadSetting, match=f"FROSTLINE_NOTIFY_{name}"):
        build(**{name: bad})
    assert str(getattr(build(**{name: good}), name.lower())).removesuffix(".0") == good


def test_one_at_a_time_is_possible() -> None:
    assert build(PARALLEL="1", PARALLEL_PER_ENDPOINT="1").parallel == 1
    with pytest.raises(BadSetting, match="FROSTLINE_NOTIFY_PARALLEL"):
        build(PARALLEL="0")
