"""A day's receiver of webhooks keeps what was signed for it, once, in an order of its own."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from frostline.day.ears import Ears, listening

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgc2ltdWxhdGVkIGRheSwgMzIgYnl0ZXM="
AT = datetime(2026, 7, 22, 4, 0, tzinfo=UTC)  # months from any clock on the wall


def message(order_id: str, at: datetime = AT) -> bytes:
    """Return a body as the notifier writes it."""
    told = {"type": "frostline.promise.at_risk", "timestamp": at.isoformat(), "sequence": 1}
    return json.dumps(told | {"data": {"order_id": order_id}}).encode()


def headers_of(message_id: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Sign a body by the convention's own library."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(AT.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, AT, body.decode()),
    }


@pytest.fixture
def ears() -> Ears:
    trusting = Ears()
    trusting.trust(SECRET)
    return trusting


def test_a_repeated_message_is_heard_once(ears: Ears) -> None:
    """The same id comes again after a lost answer: it is one message."""
    body = message("a")
    for _ in range(2):
        assert ears.receive(headers_of("msg_1", body), body) == 204
    assert [heard.data["order_id"] for heard in ears.heard()] == ["a"]
    assert ears.heard()[0].at == AT


def test_what_another_signed_or_somebody_changed_is_not_heard(ears: Ears) -> None:
    """Another secret, another body, or no secret at all: refused and counted."""
    body = message("a")
    other = "whsec_" + "YW5vdGhlciBzZWNyZXQgdGhhdCBpcyBsb25nIGVub3VnaA=="
    assert ears.receive(headers_of("msg_1", body, other), body) == 401
    assert ears.receive(headers_of("msg_1", body), message("b")) == 401
    assert Ears().receive(headers_of("msg_1", body), body) == 401
    assert ears.heard() == []
    assert ears.unsigned == 2


def test_what_was_heard_has_one_order_whoever_came_first(ears: Ears) -> None:
    """By time, then by what it says: threads deliver in any order."""
    later = AT.replace(hour=5)
    for number, (order_id, at) in enumerate((("c", later), ("b", AT), ("a", AT))):
        body = message(order_id, at)
        ears.receive(headers_of(f"msg_{number}", body), body)
    assert [heard.data["order_id"] for heard in ears.heard()] == ["a", "b", "c"]


def test_it_listens_on_this_machine(ears: Ears) -> None:
    """Over HTTP, a good message is answered with 204 and a bad one with 401."""
    body = message("a")
    with listening(ears) as url:
        assert post(url, headers_of("msg_1", body), body) == 204
        assert post(url, {}, body) == 401
    assert len(ears.heard()) == 1


def post(url: str, headers: dict[str, Any], body: bytes) -> int:
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310  # ours
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  # ours
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
