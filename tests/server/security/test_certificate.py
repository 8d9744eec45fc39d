import logging
import os
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from flawflow.errors import FlawflowError
from flawflow.server.security import certificate as module
from flawflow.server.security.certificate import Renewal, check_certificate

Pair = tuple[Path, Path]


@pytest.fixture
def make_pair(make_certificate: Callable[[Path], Pair], tmp_path: Path) -> Callable[[str], Pair]:
    return lambda name: make_certificate(tmp_path / name)


def test_a_certificate_and_its_key_are_taken(make_pair):
    check_certificate(*make_pair("one"))


def test_the_key_of_another_is_refused(make_pair):
    (certificate, _), (_, key) = make_pair("one"), make_pair("two")
    with pytest.raises(FlawflowError, match=r"key\.pem is not the key of .*certificate\.pem"):
        check_certificate(certificate, key)


def test_an_encrypted_key_is_refused_and_nobody_is_asked(make_pair):
    certificate, key = make_pair("one")
    secret = key.with_name("secret.pem")
    subprocess.run(
        ["openssl", "pkey", "-aes256", "-passout", "pass:secret", "-in", key, "-out", secret], check=True
    )
    with pytest.raises(FlawflowError, match=r"secret\.pem is encrypted"):
        check_certificate(certificate, secret)


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_missing_foreign_or_damaged_is_named(make_pair, tmp_path, which):
    pair = list(make_pair("one"))
    good = pair[which]
    for path, said in (
        (tmp_path / "none.pem", r"none\.pem cannot be read \(No such file"),
        (tmp_path, "cannot be read"),
        (pair[1 - which], r"\.pem holds no (certificate|private key) in PEM"),
    ):
        pair[which] = path
        with pytest.raises(FlawflowError, match=said):
            check_certificate(*pair)
    pair[which] = tmp_path / "damaged.pem"
    lines = good.read_text().splitlines()
    pair[which].write_text("\n".join([lines[0], lines[1][::-1], *lines[2:]]) + "\n")
    with pytest.raises(FlawflowError, match=r"damaged\.pem.* cannot be used \("):
        check_certificate(*pair)


def served(context: ssl.SSLContext) -> bytes:
    """The certificate that a handshake with the context gives, in memory."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(back, there)
    server = context.wrap_bio(there, back, server_side=True)
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return client.getpeercert(binary_form=True)


def context_of(certificate, key) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_a_pair_that_was_replaced_is_taken_when_both_fit(make_pair, caplog):
    caplog.set_level(logging.WARNING)
    (certificate, key), (new, new_key) = make_pair("one"), make_pair("two")
    first, second = (ssl.PEM_cert_to_DER_cert(file.read_text()) for file in (certificate, new))
    context = context_of(certificate, key)
    renewal = Renewal(context, certificate, key)
    renewal.look()
    os.replace(new, certificate)  # noqa: PTH105
    renewal.look()
    assert served(context) == first
    assert "not renewed" in caplog.text
    os.replace(new_key, key)  # noqa: PTH105
    renewal.look()
    renewal.look()
    assert served(context) == second
    certificate.unlink()
    renewal.look()
    assert served(context) == second
    assert caplog.text.count("is renewed") == 1


def test_a_pair_is_taken_when_somebody_asks(make_pair, caplog):
    caplog.set_level(logging.WARNING)
    certificate, key = make_pair("one")
    context = context_of(certificate, key)
    Renewal(context, certificate, key).look(is_asked=True)
    assert "is renewed" in caplog.text
    assert served(context)


def test_a_key_that_is_replaced_at_the_wrong_moment_harms_no_handshake(make_pair, monkeypatch):
    (certificate, key), (new, _) = make_pair("one"), make_pair("two")
    first = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    context = context_of(certificate, key)
    renewal = Renewal(context, certificate, key)
    # Whoever replaces the files does so between the check and the loading.
    monkeypatch.setattr(module, "check_certificate", lambda *pair: os.replace(new, certificate))  # noqa: PTH105
    renewal.look(is_asked=True)
    assert served(context) == first
