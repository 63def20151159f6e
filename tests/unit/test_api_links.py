"""May the bearer of this link look at an order?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.links import LinkTooLong, console_link, order_link, verify, verify_console
from api.refusals import LinkRefused
from api.settings import ApiSettings
from schemas.ids import MalformedId

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
OLD, NEW, STRANGE = "o" * 32, "n" * 32, "s" * 32
SETTINGS = ApiSettings(
    database_url="postgresql://",
    link_secrets=(NEW,),
    public_url="https://cold.example/",
    link_max_age_s=7 * 86400,
)

order_ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", fullmatch=True)


def link_of(url: str) -> str:
    return url.removeprefix("https://cold.example/m/")


@given(order_id=order_ids, seconds=st.integers(1, 7 * 86400))
def test_a_link_names_its_order_and_its_end(order_id: str, seconds: int) -> None:
    expires_at = NOW + timedelta(seconds=seconds)
    url = order_link(SETTINGS, order_id, expires_at, now=NOW)
    assert url.startswith("https://cold.example/m/")
    member_link = verify(SETTINGS, link_of(url), now=NOW)
    assert (member_link.order_id, member_link.expires_at) == (order_id, expires_at)


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(LinkRefused):
        verify(SETTINGS, text, now=NOW)


@given(position=st.integers(0, 10**6), character=st.sampled_from("Aa0_-."))
def test_a_link_with_one_character_changed_is_refused(position: int, character: str) -> None:
    link = link_of(order_link(SETTINGS, "order-1", NOW + timedelta(hours=1), now=NOW))
    at = position % len(link)
    changed = link[:at] + character + link[at + 1 :]
    if changed == link:
        return
    try:
        found = verify(SETTINGS, changed, now=NOW)
    except LinkRefused:
        return
    # Base64 leaves the last bits of a group unused: such a twin means the same order.
    assert found.order_id == "order-1"


@pytest.mark.parametrize(("seconds", "good"), [(59, True), (60, False)])
def test_a_link_is_good_until_its_end(seconds: int, good: bool) -> None:
    link = link_of(order_link(SETTINGS, "order-1", NOW + timedelta(seconds=60), now=NOW))
    at = NOW + timedelta(seconds=seconds)
    if good:
        assert verify(SETTINGS, link, now=at).order_id == "order-1"
    else:
        with pytest.raises(LinkRefused):
            verify(SETTINGS, link, now=at)


def test_the_first_secret_signs_and_all_verify() -> None:
    before = replace(SETTINGS, link_secrets=(OLD,))
    rotating = replace(SETTINGS, link_secrets=(NEW, OLD))
    after = replace(SETTINGS, link_secrets=(NEW,))
    end = NOW + timedelta(hours=1)
    old_link = link_of(order_link(before, "order-1", end, now=NOW))
    new_link = link_of(order_link(rotating, "order-1", end, now=NOW))
    assert verify(rotating, old_link, now=NOW).order_id == "order-1"
    assert verify(after, new_link, now=NOW).order_id == "order-1"
    with pytest.raises(LinkRefused):
        verify(after, old_link, now=NOW)


def test_a_link_of_another_deployment_is_refused() -> None:
    foreign = replace(SETTINGS, link_secrets=(STRANGE,))
    link = link_of(order_link(foreign, "order-1", NOW + timedelta(hours=1), now=NOW))
    with pytest.raises(LinkRefused):
        verify(SETTINGS, link, now=NOW)


def test_a_link_longer_than_allowed_is_neither_made_nor_taken() -> None:
    generous = replace(SETTINGS, link_max_age_s=365 * 86400)
    end = NOW + timedelta(days=30)
    with pytest.raises(LinkTooLong):
        order_link(SETTINGS, "order-1", end, now=NOW)
    with pytest.raises(LinkRefused):
        verify(SETTINGS, link_of(order_link(generous, "order-1", end, now=NOW)), now=NOW)


def test_a_link_into_the_past_is_not_made() -> None:
    with pytest.raises(LinkTooLong):
        order_link(SETTINGS, "order-1", NOW, now=NOW)


def test_a_link_to_something_that_cannot_be_an_order_is_not_made() -> None:
    with pytest.raises(MalformedId):
        order_link(SETTINGS, "../secrets", NOW + timedelta(hours=1), now=NOW)


def test_a_link_with_any_other_last_character_is_refused() -> None:
    """Base64 leaves bits of the last character unused: four spellings decode alike."""
    link = link_of(order_link(SETTINGS, "order-1", NOW + timedelta(hours=1), now=NOW))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for character in alphabet.replace(link[-1], ""):
        with pytest.raises(LinkRefused):
            verify(SETTINGS, link[:-1] + character, now=NOW)


# Consoles ----------------------------------------------------------------------------------------


def console_key(url: str) -> str:
    return url.partition("?link=")[2]


@given(city_id=order_ids, seconds=st.integers(1, 7 * 86400))
def test_a_link_to_a_console_names_its_city_and_its_end(city_id: str, seconds: int) -> None:
    expires_at = NOW + timedelta(seconds=seconds)
    url = console_link(SETTINGS, city_id, expires_at, now=NOW)
    assert url.startswith(f"https://cold.example/cities/{city_id}/console?link=")
    allowed = verify_console(SETTINGS, console_key(url), now=NOW)
    assert (allowed.city_id, allowed.expires_at) == (city_id, expires_at)
    with pytest.raises(LinkRefused):
        verify_console(SETTINGS, console_key(url), now=expires_at)


@given(name=order_ids)
def test_a_link_of_one_kind_is_none_of_the_other(name: str) -> None:
    until = NOW + timedelta(hours=1)
    with pytest.raises(LinkRefused):
        verify(SETTINGS, console_key(console_link(SETTINGS, name, until, now=NOW)), now=NOW)
    with pytest.raises(LinkRefused):
        verify_console(SETTINGS, link_of(order_link(SETTINGS, name, until, now=NOW)), now=NOW)


@given(st.text(max_size=200))
def test_any_other_text_is_no_link_to_a_console(text: str) -> None:
    with pytest.raises(LinkRefused):
        verify_console(SETTINGS, text, now=NOW)


def test_a_link_to_a_console_may_not_outlive_the_settings() -> None:
    with pytest.raises(LinkTooLong, match="FROSTLINE_API_LINK_MAX_AGE_S"):
        console_link(SETTINGS, "shanghai", NOW + timedelta(days=8), now=NOW)
