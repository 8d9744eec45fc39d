"""People and their tokens in the database; every change has its entry of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from flawflow.server.db.audit import append
from flawflow.server.db.people_tables import TokenRow, UserRow
from flawflow.server.errors import ConflictError, NotFoundError, RefusedError


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A token that is about to be kept; see `TokenRow`."""

    name: str
    role: str
    digest: str
    expires: datetime | None


class PeopleTables:
    """Reads and changes who there is. Every method is one transaction."""

    def __init__(self, reading: sessionmaker[Session], writing: sessionmaker[Session]) -> None:
        """Take what makes sessions; see `Store`."""
        self._reading, self._writing = reading, writing

    def all(self) -> tuple[Sequence[UserRow], Sequence[TokenRow]]:
        """Give all people, by name, and all tokens, the oldest first."""
        with self._reading() as session:
            users = session.scalars(select(UserRow).order_by(UserRow.name)).all()
            return users, session.scalars(select(TokenRow).order_by(TokenRow.id)).all()

    def add(self, name: str, *, role: str, password: str | None) -> None:
        """Add a person; `password` is its hash.

        Raises:
            ConflictError: There is one of this name.
        """
        with self._writing.begin() as session:
            if session.scalar(select(UserRow.id).where(UserRow.name == name)) is not None:
                raise ConflictError(f"there is a person called {name} already: choose another name")
            session.add(
                UserRow(name=name, role=role, password=password, active=True, created=datetime.now(UTC))
            )
            append(session, "user.add", f"user/{name}", new={"role": role, "password": password is not None})

    def change(
        self, name: str, *, role: str | None = None, active: bool | None = None, password: str | None = None
    ) -> None:
        """Change what is given of a person.

        Raises:
            NotFoundError: There is nobody of this name.
            ConflictError: Nobody would be left who may look after people.
        """
        with self._writing.begin() as session:
            row = session.scalar(select(UserRow).where(UserRow.name == name).with_for_update())
            if row is None:
                raise NotFoundError(f"there is nobody called {name:.64}")
            was_admin = row.active and row.role == "admin"
            for action, given in (("role", role), ("active", active)):
                old = getattr(row, action)
                if given is not None and given != old:
                    setattr(row, action, given)
                    append(session, f"user.{action}", f"user/{name}", old=old, new=given)
            if password is not None:
                row.password = password
                append(session, "user.password", f"user/{name}")
            session.flush()
            admins = select(UserRow.id).where(UserRow.role == "admin", UserRow.active).limit(1)
            if was_admin and session.scalar(admins) is None:
                raise ConflictError(f"{name} is the last admin: make somebody else one first")

    def add_token(self, user: str, token: NewToken) -> int:
        """Keep a token of a person, and give its number.

        Raises:
            NotFoundError: There is nobody of this name.
        """
        with self._writing.begin() as session:
            owner = session.scalar(select(UserRow.id).where(UserRow.name == user))
            if owner is None:
                raise NotFoundError(f"{user:.64} was not added to this station: an admin adds people")
            row = TokenRow(user=owner, created=datetime.now(UTC), revoked=None, **vars(token))
            session.add(row)
            session.flush()
            new: dict[str, Any] = {"name": token.name, "role": token.role}
            new["expires"] = None if token.expires is None else token.expires.isoformat()
            append(session, "token.add", f"user/{user}", new=new | {"id": row.id})
            return row.id

    def revoke_token(self, number: int, *, owner: str | None) -> None:
        """End a token.

        Args:
            number: Of the token.
            owner: Whose it must be; None for anybody's.

        Raises:
            NotFoundError: There is none.
            RefusedError: It is somebody else's.
        """
        with self._writing.begin() as session:
            row = session.get(TokenRow, number, with_for_update=True)
            if row is None:
                raise NotFoundError(f"there is no token {number}")
            user = session.scalars(select(UserRow.name).where(UserRow.id == row.user)).one()
            if owner not in (None, user):
                raise RefusedError("this token is somebody else's")
            if row.revoked is None:
                row.revoked = datetime.now(UTC)
                append(session, "token.revoke", f"user/{user}", old={"id": number, "name": row.name})
