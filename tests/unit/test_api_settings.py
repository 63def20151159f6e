"""Which settings does the api refuse?"""

import pytest

from api.settings import ApiSettings
from schemas.settings import BadSetting, build_settings

GOOD = {
    "FROSTLINE_API_DATABASE_URL": "postgresql:///frostline",
    "FROSTLINE_API_LINK_SECRETS": f"{'a' * 32},{'b' * 40}",
}


def build(**changes: str) -> ApiSettings:
    environ = GOOD | {f"FROSTLINE_API_{name}": value for name, value in changes.items()}
    return build_settings(ApiSettings, role="api", environ=environ, table={})


def test_secrets_are_listed_the_signing_one_first() -> None:
    assert build().link_secrets == ("a" * 32, "b" * 40)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINK_SECRETS", "too-short"),
        ("LINK_SECRETS", ""),
        ("PUBLIC_URL", "cold.example"),
        ("POOL_MAX_SIZE", "0"),
        ("LINK_MAX_AGE_S", "-1"),
        ("PORT", "eighty"),
        ("DEFAULT_TIME_ZONE", "Shanghai"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"FROSTLINE_API_{name}"):
        build(**{name: value})
