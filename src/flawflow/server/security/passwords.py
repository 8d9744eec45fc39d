"""Passwords of people: kept as Argon2 hashes, and no two at once take much of the memory."""

import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from flawflow.server.errors import ValueRefusedError

LEAST_CHARACTERS = 10
MOST_CHARACTERS = 200

# RFC 9106, second recommended set: 64 MiB and 3 passes.
_HASHER = PasswordHasher()


def hash_password(password: str, *, name: str) -> str:
    """Give what is kept of a password.

    Args:
        password: As it was chosen.
        name: Whose; it must be another.

    Raises:
        ValueRefusedError: It is too short, too long or the name.
    """
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise ValueRefusedError(f"a password has {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters")
    if name.casefold() in password.casefold():
        raise ValueRefusedError("a password must not hold the name: choose another")
    return _HASHER.hash(_encoded(password))


def is_password(password: str, kept: str | None) -> bool:
    """Whether a password is the one of which this was kept; as slow where nothing was."""
    try:
        return _HASHER.verify(kept or _nobodys(), _encoded(password)) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def _encoded(password: str) -> bytes:
    # JSON may hold half of a surrogate pair, which has no UTF-8.
    return password.encode("utf-8", "surrogatepass")


@functools.cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
