"""One attempt over real sockets: where it goes, how long it takes, how much it reads."""

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.notify.errors import NotifyRefused
from gateway.notify.notify import Notifier
from gateway.notify.retries import Answer
from gateway.notify.sending import BODY_READ_BYTES, Message, Sender
from tests.notify_world import T0, Receiver, Reply, receiving, settings_for


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def attempt(url: str, **changes: Any) -> Answer:
    sender = Sender(settings_for("", **changes), clock=lambda: T0)
    return sender.attempt(Message(url=url, headers={"webhook-id": "msg_1"}, body="{}"))


# localhost is a name; the others are its address, in forms that a careless guard lets pass.
@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "0"]
)
def test_our_own_network_is_not_reached(receiver: Receiver, host: str) -> None:
    answer = attempt(receiver.url(host), allow_private_addresses=False)
    assert answer.status is None
    assert answer.error is not None
    assert "is not a public one" in answer.error
    assert receiver.requests == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_setting_lets_it_be_reached(receiver: Receiver, host: str) -> None:
    assert attempt(receiver.url(host)).status == 204
    assert receiver.requests[0].headers["host"] == f"{host}:{receiver.port}"


def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert attempt(receiver.url()).status == 204


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(307, {"Location": receiver.url(path="/elsewhere")})
    answer = attempt(receiver.url())
    assert (answer.status, answer.is_success) == (307, False)
    assert answer.error == "redirects are not followed; change the endpoint's URL"
    assert [request.path for request in receiver.requests] == ["/hooks"]


def test_nobody_there_is_a_failure(receiver: Receiver) -> None:
    receiver.server.socket.close()
    answer = attempt(receiver.url())
    assert answer.status is None
    assert answer.error is not None
    assert "refused" in answer.error


def test_what_is_not_http_is_a_failure(receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(0, body=lambda file: file.write(b"SSH-2.0-OpenSSH\r\n" * 9))
    answer = attempt(receiver.url())
    assert answer.status is None
    assert answer.error


def test_an_answer_that_never_comes_is_waited_for_so_long(receiver: Receiver) -> None:
    over = threading.Event()
    receiver.reply = lambda _: Reply(0, body=lambda _: over.wait(10))
    answer = attempt(receiver.url(), timeout_s=0.2, connect_timeout_s=0.1)
    over.set()
    assert answer.error == "no answer within 0.2 s"
    assert 200 <= answer.took_ms < 2000


def test_an_answer_that_drips_is_not_waited_for_longer(receiver: Receiver) -> None:
    """Each byte comes well within the time-out; all of them would take hours."""
    over = threading.Event()

    def drip(file: Any) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Drip: drip\r\n" * 1000:
            file.write(bytes([byte]))
            if over.wait(0.05):
                return

    receiver.reply = lambda _: Reply(0, body=drip)
    answer = attempt(receiver.url(), timeout_s=0.3, connect_timeout_s=0.1)
    over.set()
    assert answer.error == "no answer within 0.3 s"
    assert 300 <= answer.took_ms < 2000


def written(receiver: Receiver, size: int) -> int:
    """Return how much of a body of `size` a receiver got rid of."""
    ended, sizes = threading.Event(), [0]

    def write(file: Any) -> None:
        try:
            while sizes[0] < size:
                sizes[0] += file.write(b"x" * 1024)
        finally:
            ended.set()

    receiver.reply = lambda _: Reply(200, {"Content-Length": str(size)}, write)
    assert attempt(receiver.url()).status == 200
    assert ended.wait(10)
    return sizes[0]


def test_no_more_of_an_answer_is_read_than_politeness_asks(receiver: Receiver) -> None:
    """What the sockets of both sides hold, some megabytes, a receiver gets rid of anyway."""
    assert written(receiver, BODY_READ_BYTES) == BODY_READ_BYTES
    assert written(receiver, 10**9) < 10**8


def test_an_answer_is_its_status_even_if_its_body_breaks_off(receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(200, {"Content-Length": "1000"})
    assert attempt(receiver.url()).is_success


# TLS ---------------------------------------------------------------------------------------------


def test_a_certificate_is_checked_for_the_name_in_the_url(
    receiver: Receiver, tmp_path: Path
) -> None:
    """Though the connection goes to an address."""
    certificate, key = make_certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    names: list[str | None] = []

    def note(_socket: object, name: str | None, _context: object) -> None:
        names.append(name)

    context.set_servername_callback(note)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    url = f"https://localhost:{receiver.port}/"
    assert attempt(url, ca_file=certificate, allow_http=False).status == 204
    assert names == ["localhost"]
    for refused in (
        attempt(f"https://127.0.0.1:{receiver.port}/", ca_file=certificate),  # another name
        attempt(url),  # nobody vouches for it
    ):
        assert refused.status is None
        assert refused.error is not None
        assert "CERTIFICATE_VERIFY_FAILED" in refused.error
    assert len(receiver.requests) == 1


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    with pytest.raises(NotifyRefused, match=r"CA_FILE .* No such file"):
        Notifier(settings_for("", ca_file=empty), clock=lambda: T0)
    empty.touch()
    with pytest.raises(NotifyRefused, match=r"CA_FILE .* holds no certificates"):
        Notifier(settings_for("", ca_file=empty), clock=lambda: T0)


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a self-signed certificate for a name and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path, key_path
