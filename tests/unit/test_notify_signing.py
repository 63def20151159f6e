"""Signatures are the convention's: its own vector, its own verifier, two of them in a rotation."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from gateway.notify.signing import UnusableSecret, signed_headers, valid_secrets

OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def test_the_convention_s_published_vector() -> None:
    """libraries/javascript/src/webhook.test.ts of standard-webhooks, "sign function works"."""
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        '{"test": 2432232314}',
        [OLD],
        now=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_rotated_either_one_verifies() -> None:
    now = datetime.now(UTC)  # the verifier refuses what is older than 5 minutes
    secrets = valid_secrets([NEW, OLD], now + timedelta(seconds=1), now=now)
    headers = signed_headers("msg_1", '{"a":"超温"}', secrets, now=now)
    for secret in (NEW, OLD):
        assert Webhook(secret).verify('{"a":"超温"}', headers) == {"a": "超温"}


def test_an_old_secret_signs_until_its_time_and_no_longer() -> None:
    assert valid_secrets([NEW, OLD], NOW + timedelta(seconds=1), now=NOW) == [NEW, OLD]
    assert valid_secrets([NEW, OLD], NOW, now=NOW) == [NEW]
    assert valid_secrets([NEW, OLD], None, now=NOW) == [NEW]
    assert valid_secrets([NEW], NOW + timedelta(seconds=1), now=NOW) == [NEW]


def test_one_changed_byte_is_not_verified() -> None:
    headers = signed_headers("msg_1", json.dumps({"a": 1}), [NEW], now=datetime.now(UTC))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(json.dumps({"a": 2}), headers)


@pytest.mark.parametrize("secret", ["whsec_a", "whsec_", ""])
def test_a_secret_that_cannot_be_read_is_said_without_showing_it(secret: str) -> None:
    with pytest.raises(UnusableSecret, match="not whsec_ and base64"):
        signed_headers("msg_1", "{}", [secret], now=NOW)
