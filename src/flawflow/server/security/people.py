"""Who may come in, known by heart: each request asks, and the database need not be."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from sqlalchemy.exc import SQLAlchemyError

from flawflow.server.db import TokenRow, UserRow
from flawflow.server.db.people import NewToken, PeopleTables
from flawflow.server.errors import ValueRefusedError
from flawflow.server.security.passwords import hash_password
from flawflow.server.security.roles import Role, lower

TOKEN_PREFIX = "flaw_"
"""By which a personal token is told from the station's own, and found by those who look for lost ones."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class User:
    """A person.

    Attributes:
        name: In lower case.
        role: What they may do.
        password: Its hash; None for who signs in elsewhere only.
        active: Whether they may come in.
        created: When they were added.
    """

    name: str
    role: Role
    password: str | None
    active: bool
    created: datetime

    @property
    def seal(self) -> str:
        """What changes with the password, so that logins of an earlier one end."""
        return hashlib.sha256((self.password or "").encode()).hexdigest()[:16]


class People:
    """The people of a station and their tokens; what is changed elsewhere is seen at the next `refresh`."""

    def __init__(self, tables: PeopleTables) -> None:
        """Read who there is.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: The database cannot be read.
        """
        self.tables = tables
        self._users: dict[str, User] = {}
        self._owners: dict[str, tuple[TokenRow, str]] = {}
        self._read()

    def _read(self) -> None:
        users, tokens = self.tables.all()
        names = {row.id: row.name for row in users}
        self._owners = {row.digest: (row, names[row.user]) for row in tokens}
        self._users = {row.name: _user(row) for row in users}

    def refresh(self) -> None:
        """Look for changes by another program; without an answer of the database all stays as it was."""
        try:
            self._read()
        except SQLAlchemyError:
            return

    def __len__(self) -> int:
        return len(self._users)

    def all(self) -> list[User]:
        """Give everybody, by name."""
        return list(self._users.values())

    def get(self, name: str) -> User | None:
        """Give the person of this name who may come in; None for nobody."""
        found = self._users.get(name)
        return found if found is not None and found.active else None

    def is_known(self, name: str) -> bool:
        """Whether there is a person of this name, who may come in or not."""
        return name in self._users

    def add(self, name: str, *, role: Role, password: str | None) -> None:
        """Add a person.

        Raises:
            ValueRefusedError: The name or password is not one.
            ConflictError: There is one of this name.
        """
        if _NAME.fullmatch(name) is None:
            raise ValueRefusedError(
                f"{name!r:.80} is not a name of a person: it has 1 to 64 of a-z, 0-9 and . _ @ + -, and "
                "begins with a letter or digit"
            )
        kept = None if password is None else hash_password(password, name=name)
        self.tables.add(name, role=role, password=kept)
        self._read()

    def change(
        self, name: str, *, role: Role | None = None, active: bool | None = None, password: str | None = None
    ) -> None:
        """Change what is given of a person.

        Raises:
            NotFoundError: There is nobody of this name.
            ConflictError: Nobody would be left who may look after people.
            ValueRefusedError: The password is not one.
        """
        kept = None if password is None else hash_password(password, name=name)
        self.tables.change(name, role=role, active=active, password=kept)
        self._read()

    def add_token(
        self, user: str, name: str, *, role: Role, expires: datetime | None
    ) -> tuple[TokenRow, str]:
        """Make a token, and give it with its text, which nobody can give again.

        Raises:
            NotFoundError: There is nobody of this name.
        """
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        digest = _digest(text)
        self.tables.add_token(user, NewToken(name=name, role=role, digest=digest, expires=expires))
        self._read()
        return self._owners[digest][0], text

    def revoke_token(self, number: int, *, owner: str | None) -> None:
        """End a token; see `PeopleTables.revoke_token`."""
        self.tables.revoke_token(number, owner=owner)
        self._read()

    def tokens(self, user: str | None) -> list[tuple[TokenRow, str]]:
        """Give the tokens, each with its owner's name, of a person or, with None, of all."""
        return [each for each in self._owners.values() if user in (None, each[1])]

    def by_token(self, text: str) -> tuple[str, Role] | None:
        """Give the name and role that a token acts with; None where it opens nothing."""
        row, name = self._owners.get(_digest(text), (None, ""))
        user = self.get(name)
        if row is None or user is None or row.revoked is not None:
            return None
        if row.expires is not None and row.expires <= datetime.now(UTC):
            return None
        # What its owner may not do any more, the token may not either.
        return name, lower(cast(Role, row.role), user.role)


def _user(row: UserRow) -> User:
    return User(
        name=row.name,
        role=cast(Role, row.role),
        password=row.password,
        active=row.active,
        created=row.created,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
