"""Small rules of the api: taking a logger over, reading a position, taking a token apart."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import tokens
from api.bindings import find_same, to_take_over
from api.hub import READINGS_STORED, Interest, gather, parse_position
from api.refusals import BadQuery, BindingOverlaps
from api.resources import Binding, NewBinding
from api.store import TokenRow
from api.store_events import EventRow, Position
from api.tokens import Presented
from schemas.ids import ConsignmentId, LoggerId, OrderId

T0 = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOGGER = LoggerId("C4:A5:E3:00:00:01")


def standing(from_at: datetime, until_at: datetime | None = None) -> Binding:
    return Binding(
        binding_id=7,
        logger_id=LOGGER,
        consignment_id=ConsignmentId("order-1.chilled"),
        place_id=None,
        from_at=from_at,
        until_at=until_at,
        bound_by="desk",
        closed_by=None,
        closed_why=None,
    )


def asked(
    from_at: datetime, *, takeover: bool = True, target: str = "order-2.chilled"
) -> NewBinding:
    return NewBinding(
        logger_id=LOGGER, consignment_id=ConsignmentId(target), from_at=from_at, takeover=takeover
    )


def test_a_binding_that_began_before_is_taken_over() -> None:
    assert to_take_over([standing(T0)], asked(T0 + HOUR)) == [standing(T0)]


@pytest.mark.parametrize("later", [timedelta(0), HOUR])
def test_a_binding_that_begins_no_earlier_cannot_end_where_the_new_one_begins(
    later: timedelta,
) -> None:
    with pytest.raises(BindingOverlaps, match="bind until then"):
        to_take_over([standing(T0 + later)], asked(T0))


def test_without_takeover_nothing_is_taken_over() -> None:
    with pytest.raises(BindingOverlaps, match="takeover=true"):
        to_take_over([standing(T0)], asked(T0 + HOUR, takeover=False))


def test_a_request_that_is_already_true_is_found() -> None:
    assert find_same([standing(T0)], asked(T0, target="order-1.chilled")) == standing(T0)
    assert find_same([standing(T0)], asked(T0)) is None
    assert find_same([standing(T0, T0 + HOUR)], asked(T0, target="order-1.chilled")) is None


# Positions and events ----------------------------------------------------------------------------


@given(xid=st.integers(0, 2**62), event_id=st.integers(0, 10**17))
def test_a_position_is_read_as_it_is_written(xid: int, event_id: int) -> None:
    position = Position(xid, event_id)
    assert parse_position(str(position)) == position


@pytest.mark.parametrize("text", ["", "7", "7-", "-7", "7-8-9", "7 8", "a-b", "1" * 30 + "-1"])
def test_any_other_position_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse_position(text)


INTEREST = Interest(
    order_id=OrderId("order-1"),
    logger_keys=frozenset({4, 5}),
    place_ids=frozenset({"van-1"}),
    unheard=False,
)


def event(event_id: int, kind: str = READINGS_STORED, **changes: object) -> EventRow:
    row: dict[str, object] = {
        "order_id": None,
        "logger_keys": [5],
        "from_at": T0,
        "to_at": T0 + HOUR,
        "place_id": None,
    }
    return EventRow(xid=9, event_id=event_id, type=kind, **(row | changes))  # type: ignore[arg-type]  # a test's row


@pytest.mark.parametrize(
    ("changes", "concerned"),
    [
        ({"logger_keys": [1, 5]}, True),
        ({"logger_keys": [1]}, False),
        ({"order_id": "order-1", "logger_keys": None}, True),
        ({"order_id": "order-2", "logger_keys": [5]}, False),
        ({"place_id": "van-1", "logger_keys": [1]}, True),
        ({"place_id": "van-2", "logger_keys": [5]}, False),
    ],
)
def test_an_event_concerns_an_order_by_its_id_its_loggers_or_its_places(
    changes: dict[str, object], concerned: bool
) -> None:
    assert INTEREST.concerns(event(1, **changes)) is concerned


def test_readings_are_gathered_into_one_range_up_to_the_last_event() -> None:
    news = gather(
        [event(1, from_at=T0 + HOUR), event(2, to_at=T0 + 2 * HOUR), event(3, logger_keys=[1])],
        INTEREST,
    )
    assert news is not None
    assert (news.position, news.reload) == (Position(9, 2), False)
    assert (news.from_at, news.to_at) == (T0, T0 + 2 * HOUR)


def test_anything_but_readings_asks_for_a_reload() -> None:
    news = gather([event(1), event(2, "frostline.order.milestone", order_id="order-1")], INTEREST)
    assert news is not None
    assert news.reload


def test_what_concerns_nobody_is_no_news() -> None:
    assert gather([event(1, logger_keys=[1])], INTEREST) is None


# Tokens ------------------------------------------------------------------------------------------


@given(st.text(max_size=120))
def test_any_text_is_a_token_or_not(text: str) -> None:
    presented = tokens.parse(text)
    assert presented is None or text == f"frostline_{presented.token_id}_{presented.secret}"


def row(**changes: object) -> TokenRow:
    good: dict[str, object] = {
        "token_id": "0" * 12,
        "name": "a test",
        "scopes": ["orders:read"],
        # sha256 of "secret", by `printf secret | sha256sum`
        "secret_sha256": bytes.fromhex(
            "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
        ),
        "created_at": T0,
        "expires_at": T0 + HOUR,
        "revoked_at": None,
    }
    return TokenRow(**(good | changes))  # type: ignore[arg-type]  # a test's row


@pytest.mark.parametrize(
    ("secret", "found", "now", "valid"),
    [
        ("secret", row(), T0, True),
        ("secret", row(expires_at=None), T0 + 1000 * HOUR, True),
        ("secret", row(), T0 + HOUR, False),
        ("secret", row(revoked_at=T0), T0, False),
        ("Secret", row(), T0, False),
        ("secret", None, T0, False),
    ],
)
def test_a_token_is_valid_by_its_secret_until_it_expires_or_is_revoked(
    secret: str, found: TokenRow | None, now: datetime, valid: bool
) -> None:
    presented = Presented(token_id="0" * 12, secret=secret)
    assert tokens.is_valid(presented, found, now=now) is valid
