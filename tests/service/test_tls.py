"""The same over TLS, as it is with Google: connections watched, kept, and replaced when they were closed."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.http import build_http

from ytquota.service import monitored

PROJECT = "111111111111"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@pytest.fixture
def over_tls(make_relay, certificate, credentials, monitor, closing):
    """A service that reaches the sandbox over TLS, and the relay in between."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    relay = make_relay(context)
    http = build_http()
    http.ca_certs = str(certificate)
    service = monitored(http=AuthorizedHttp(credentials(), http=http), monitor=monitor, endpoint=relay.url)
    return closing(service), relay


def test_calls_over_tls_keep_one_connection_and_equal_the_bill(over_tls, sandbox, spent):
    """Ten calls, one handshake."""
    service, relay = over_tls
    for number in range(10):
        service.videos().list(part="id", id=f"v{number}").execute()

    assert relay.connections == 1
    assert spent() == sandbox.billed() == {PROJECT: {"default": {"videos.list": 10}}}


def test_a_silent_second_send_over_tls_is_charged_for_a_read_and_stopped_for_a_write(
    over_tls, sandbox, spent, sends
):
    """What httplib2 does on a broken connection it does over TLS as well."""
    service, _ = over_tls
    service.videos().list(part="id", id="a", quotaUser="lost1").execute()
    write = service.playlists().insert(part="id", quotaUser="lost2", body={"snippet": {"title": "t"}})

    with pytest.raises(ConnectionError, match="not sent again"):
        write.execute()

    assert (sends("videos.list"), sends("playlists.insert")) == (2, 1)
    assert spent() == sandbox.billed()


def test_an_idle_tls_connection_that_was_closed_is_replaced_before_a_write(over_tls, sends):
    """The server's goodbye lies unread in the buffer: no reason to lose a write over it."""
    service, relay = over_tls
    service.videos().list(part="id", id="a").execute()
    relay.hang_up()

    service.playlists().insert(part="id", body={"snippet": {"title": "t"}}).execute()

    assert sends("playlists.insert") == 1
    assert relay.connections == 2
