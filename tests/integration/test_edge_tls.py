"""The edge speaks TLS, trusts only whom it is told to, and shows its own certificate.

A terminator in front of the real broker, as many run it, with certificates made here.
"""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.broker import BrokerGone, Connection, tls_context
from edge.settings import EdgeSettings

# paho leaves the socket of a failed handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
)


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path, key_path


@contextlib.asynccontextmanager
async def terminator(broker: Any, server: tuple[Path, Path], trusted: Path) -> AsyncIterator[str]:
    """Offer the broker over TLS to clients that show a certificate; give the URL."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=trusted)
    context.load_cert_chain(*server)
    context.verify_mode = ssl.CERT_REQUIRED
    host, _, port = broker.url.removeprefix("mqtt://").partition(":")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_broker = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, to_broker[1]), pump(to_broker[0], writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as listening:
        yield f"mqtts://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def connect(broker: Any, folder: Path, *, trusts: str, shows: str | None) -> bool:
    """Connect as an edge that trusts and shows the named certificates; say whether it came in."""
    made = {name: make_certificate(folder, name) for name in ("server", "client", "stranger")}

    async def run() -> bool:
        async with terminator(broker, made["server"], made["client"][0]) as url:
            settings = EdgeSettings(
                gateway_id="edge-tls",
                broker_url=url,
                broker_password=broker.password("edge-tls"),
                ca_file=made[trusts][0],
                cert_file=made[shows][0] if shows else None,
                key_file=made[shows][1] if shows else None,
            )
            connection = Connection(settings, tls_context(settings), lambda _: None)
            try:
                await connection.open()
            except BrokerGone:
                return False
            finally:
                await connection.close()
        return True

    return asyncio.run(run())


def test_an_edge_that_knows_the_broker_and_is_known_comes_in(broker: Any, tmp_path: Path) -> None:
    assert connect(broker, tmp_path, trusts="server", shows="client")


@pytest.mark.parametrize(
    ("trusts", "shows"), [("stranger", "client"), ("server", "stranger"), ("server", None)]
)
def test_a_stranger_on_either_end_is_refused(
    broker: Any, tmp_path: Path, trusts: str, shows: str | None
) -> None:
    assert not connect(broker, tmp_path, trusts=trusts, shows=shows)
