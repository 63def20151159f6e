"""Which of what we offer does the client prefer? Examples from RFC 9110, 12.5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.negotiate import best_language, best_media_type

OFFERED = ("application/json", "text/csv", "image/svg+xml")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("image/*", "image/svg+xml"),
        ("text/csv;q=0.5, image/svg+xml;q=0.9", "image/svg+xml"),
        ("text/*;q=0.3, text/csv;q=0, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/html", None),
        ("application/json;q=nonsense", None),
    ],
)
def test_the_most_specific_range_tells_how_much_a_type_is_liked(
    accept: str, chosen: str | None
) -> None:
    assert best_media_type(accept, OFFERED) == chosen


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.4, en;q=0.7", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("de, zh-TW;q=0.5", "zh"),
    ],
)
def test_a_language_that_is_named_first_wins_and_strangers_read_english(
    accepted: str, chosen: str
) -> None:
    assert best_language(accepted, ("en", "zh"), otherwise="zh") == chosen


@given(st.text(max_size=80))
def test_any_header_gives_an_offer_or_none(header: str) -> None:
    assert best_media_type(header, OFFERED) in {*OFFERED, None}
    assert best_language(header, ("en", "zh"), otherwise="zh") in {"en", "zh"}
