"""The receiver for trying out accepts what verifies, and fails as often as it was asked to."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from frostline.errors import CommandRefused
from frostline.listen import Received, Receiver, as_json, as_line

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = (
    b'{"type":"frostline.order.milestone","timestamp":"2026-11-22T08:00:00.000Z","sequence":3,'
    b'"data":{"order_id":"order-1"}}'
)


def headers(message_id: str = "msg_1", *, age: timedelta = timedelta()) -> dict[str, str]:
    at = datetime.now(UTC) - age
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(message_id, at, BODY.decode()),
    }


def receiver(fail_first: int = 0) -> tuple[Receiver, list[Received]]:
    received: list[Received] = []
    return Receiver(SECRET, fail_first=fail_first, on_received=received.append), received


def test_a_signed_message_is_accepted_and_a_repeated_one_known() -> None:
    listener, received = receiver()
    assert [listener.receive(headers(), BODY) for _ in range(2)] == [204, 204]
    assert [item.seen_before for item in received] == [False, True]
    assert received[0].message is not None
    assert received[0].message["data"] == {"order_id": "order-1"}


@pytest.mark.parametrize("signature", ["v1,AAAA", "v1", "v1,a", "v1,é", "nonsense", "", "v2,AAAA"])
def test_another_signature_is_refused(signature: str) -> None:
    listener, received = receiver()
    assert listener.receive(headers() | {"webhook-signature": signature}, BODY) == 401
    assert received[0].message is None
    assert received[0].problem


def test_a_message_without_headers_is_refused() -> None:
    assert receiver()[0].receive({}, BODY) == 401


def test_a_changed_byte_and_bytes_that_are_no_text_are_refused() -> None:
    listener, _ = receiver()
    assert listener.receive(headers(), BODY.replace(b"order-1", b"order-2")) == 401
    assert listener.receive(headers(), b"\xff\xfe") == 401


def test_a_message_is_good_for_five_minutes() -> None:
    """As the convention's library has it: a recorded message cannot be sent again later."""
    listener, _ = receiver()
    assert listener.receive(headers(age=timedelta(seconds=290)), BODY) == 204
    assert listener.receive(headers(age=timedelta(seconds=302)), BODY) == 401


def test_it_fails_as_often_as_it_was_asked_to() -> None:
    listener, received = receiver(fail_first=2)
    assert [listener.receive(headers(), BODY) for _ in range(3)] == [500, 500, 204]
    assert not received[2].seen_before


def test_a_secret_that_cannot_be_read_is_refused() -> None:
    of_23_bytes = "whsec_" + base64.b64encode(bytes(23)).decode()
    for secret in ("", "whsec_a", "garbage=", SECRET.removeprefix("whsec_"), of_23_bytes):
        with pytest.raises(CommandRefused, match="whsec_"):
            Receiver(secret, fail_first=0, on_received=lambda _: None)


def test_it_says_what_came() -> None:
    listener, received = receiver()
    listener.receive(headers(), BODY)
    listener.receive({}, BODY)
    assert as_line(received[0]) == (
        "2026-11-22T08:00:00.000Z frostline.order.milestone #3 msg_1 answered 204\n"
        '  {"order_id": "order-1"}'
    )
    assert as_line(received[1]) == "refused with 401: Missing required headers"
    assert json.loads(as_json(received[0]))["message"]["sequence"] == 3
