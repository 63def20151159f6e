"""A message's body is less than 20 kB, and its id tells one event from all others."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.notify.bodies import Event, body_of, message_id_of

AT = datetime(2026, 11, 22, 8, 30, 0, 250_000, tzinfo=UTC)
# What PostgreSQL's jsonb holds: no NUL, no halves of surrogate pairs.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120)
VALUES = st.none() | st.integers() | TEXTS | st.lists(st.booleans(), max_size=3)


def event(data: dict[str, Any] | None = None, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "xid": 7,
        "event_id": 3,
        "at": AT,
        "type": "frostline.excursion.opened",
        "order_id": "order-1",
        "data": data or {},
    }
    return Event(**(values | changes))


def padded_to(size: int) -> dict[str, Any]:
    """Return data that makes a body of so many bytes."""
    empty = len(body_of(event({"order_id": "order-1", "reason": ""}), 1).encode())
    return {"order_id": "order-1", "reason": "x" * (size - empty)}


def test_a_body_says_what_when_and_in_which_order() -> None:
    body = body_of(event({"order_id": "order-1", "limit": "超温"}), 42)
    assert body == (
        '{"type":"frostline.excursion.opened","timestamp":"2026-11-22T08:30:00.250Z",'
        '"sequence":42,"data":{"order_id":"order-1","limit":"超温"}}'
    )


def test_a_body_under_20_kb_stays_whole() -> None:
    body = body_of(event(padded_to(19_999)), 1)
    assert len(body.encode()) == 19_999
    assert "truncated" not in json.loads(body)


def test_a_body_of_20_kb_is_cut_down_to_ids() -> None:
    message = json.loads(body_of(event(padded_to(20_000)), 1))
    assert message["truncated"] is True
    assert message["data"] == {"order_id": "order-1"}
    assert message["type"] == "frostline.excursion.opened"


def test_the_limit_counts_bytes() -> None:
    """7,000 Chinese characters are 21,000 bytes of UTF-8."""
    assert json.loads(body_of(event({"reason": "冷" * 7000}), 1))["truncated"] is True


@given(st.dictionaries(TEXTS.map(lambda name: f"{name}_id"), VALUES, max_size=12))
def test_any_event_makes_a_body_below_the_limit(data: dict[str, Any]) -> None:
    big = data | {"reason": "x" * 20_000}
    assert json.loads(body_of(event(data), 1))["sequence"] == 1
    assert len(body_of(event(big), 1).encode()) < 20_000


def test_even_the_worst_ids_fit() -> None:
    """JSON makes six bytes of a control character."""
    control = "\x01"
    data = {f"{control * 90}{number:02}_id": control * 100 for number in range(30)}
    assert len(body_of(event(data | {"reason": "x" * 20_000}), 1).encode()) < 20_000


def test_the_id_is_the_event_s_own() -> None:
    one = message_id_of(event())
    assert one == message_id_of(event({"order_id": "order-1"}))
    assert one == message_id_of(event(at=AT.astimezone(timezone(timedelta(hours=8)))))
    others = [event(xid=8), event(event_id=4), event(at=AT + timedelta(milliseconds=1))]
    assert len({one, *map(message_id_of, others)}) == 4
