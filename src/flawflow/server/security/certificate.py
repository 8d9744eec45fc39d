"""The station's own TLS: a certificate and its key, checked before anything starts, renewed while it runs."""

import logging
import ssl
from pathlib import Path

from flawflow.errors import FlawflowError
from flawflow.storage.files import Signature, signature

_log = logging.getLogger("flawflow.server")


def check_certificate(certificate: Path, key: Path) -> None:
    """Make sure that a certificate and its key can be served with.

    Args:
        certificate: PEM file: the station's certificate, then those between it and the authority's.
        key: PEM file of its private key, not encrypted.

    Raises:
        FlawflowError: One of them is missing, damaged, encrypted, or does not belong to the other.
    """
    _check_kind(certificate, "CERTIFICATE-----", "certificate")
    _check_kind(key, "PRIVATE KEY-----", "private key")

    def refuse() -> str:
        # Without an answer OpenSSL would ask for the password at the terminal, which a service has not.
        raise FlawflowError(
            f"{key} is encrypted: decrypt it for the station (openssl pkey -in {key.name} -out station.key) "
            "and let nobody else read it"
        )

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=refuse)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise FlawflowError(
                f"{key} is not the key of {certificate}: name the two that were made together"
            ) from None
        reason = (error.reason or str(error)).replace("_", " ").lower()
        raise FlawflowError(
            f"{certificate} and {key} cannot be used ({reason}): one of them is damaged, create them again"
        ) from None


class Renewal:
    """Takes a certificate and key that were replaced, for connections from then on; open ones stay."""

    def __init__(self, context: ssl.SSLContext, certificate: Path, key: Path) -> None:
        """Know the files as they are served now.

        Args:
            context: That serves them.
            certificate: As of `check_certificate`.
            key: Likewise.
        """
        self._current, self._certificate, self._key = context, certificate, key
        self._seen = self._signature()
        # A context that serves is never written to: a handshake at that moment would meet half of the old
        # pair and half of the new one. OpenSSL asks here at every handshake.
        context.sni_callback = self._choose

    def look(self, *, is_asked: bool = False) -> None:
        """Take the files if they have changed, or somebody asks for it, and fit together.

        Two files are not replaced at one moment: what does not fit is logged, and tried again later.
        """
        seen = self._signature()
        if seen == self._seen and not is_asked:
            return
        self._seen = seen
        try:
            check_certificate(self._certificate, self._key)
            renewed = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            renewed.load_cert_chain(self._certificate, self._key)
        except (FlawflowError, OSError) as error:
            _log.warning("the certificate is not renewed: %s", error)
            return
        self._current = renewed
        _log.warning("the certificate is renewed: %s", self._certificate)

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        del name, context
        connection.context = self._current

    def _signature(self) -> tuple[Signature | None, ...]:
        return tuple(map(signature, (self._certificate, self._key)))


def _check_kind(path: Path, mark: str, what: str) -> None:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise FlawflowError(
            f"{path} cannot be read ({error.strerror}): name the PEM file of a {what}"
        ) from None
    if mark.encode() not in text:
        raise FlawflowError(f"{path} holds no {what} in PEM: name another file, or convert it with openssl")
