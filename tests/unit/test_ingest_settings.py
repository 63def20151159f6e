"""A combination of settings that cannot work is refused by the name of its variable."""

import pytest

from gateway.ingest.settings import IngestSettings
from schemas.settings import BadSetting, build_settings

REQUIRED = {
    "FROSTLINE_INGEST_BROKER_URL": "mqtt://broker:1883",
    "FROSTLINE_INGEST_DATABASE_URL": "postgresql://db/frostline",
}


def build(**changes: str) -> IngestSettings:
    environ = REQUIRED | {f"FROSTLINE_INGEST_{name}": text for name, text in changes.items()}
    return build_settings(IngestSettings, role="ingest", environ=environ, table={})


def test_two_flushes_fit_into_the_broker_s_window_by_default() -> None:
    settings = build()
    assert 2 * settings.flush_max_messages <= settings.receive_maximum


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("BROKER_URL", "http://broker", "mqtts://broker:8883"),
        ("CERT_FILE", "/etc/frostline/cert.pem", None),
        ("RECEIVE_MAXIMUM", "65536", "65535"),
        ("FLUSH_MAX_MESSAGES", "0", "1"),
        ("FLUSH_MAX_MESSAGES", "1001", "1000"),
        ("FLUSH_MAX_READINGS", "0", "1"),
        ("FLUSH_LINGER_S", "-0.1", "0"),
        ("FLUSH_LINGER_S", "60.1", "60"),
        ("DEAD_LETTERS_MAX", "0", "1"),
    ],
)
def test_each_limit_holds_on_both_sides(name: str, bad: str, good: str | None) -> None:
    with pytest.raises(BadSetting, match=f"FROSTLINE_INGEST_{name}"):
        build(**{name: bad})
    if good is not None:
        build(**{name: good})
