"""The tables of people and of what they did. A change here is a new migration, as for `tables`."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from flawflow.server.db.tables import NAME_LENGTH, Base, Id, UtcTime


class UserRow(Base):
    """A person; none is ever removed, so that the audit log's names keep their meaning.

    Attributes:
        password: Argon2 hash; None for who signs in elsewhere only.
        active: Whether they may come in.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    active: Mapped[bool]
    created: Mapped[datetime] = mapped_column(UtcTime)


class TokenRow(Base):
    """A person's token for a program.

    Attributes:
        name: What it is for.
        role: What it may do, at most what its owner may.
        digest: SHA-256 of the token, in hex; a token is random, so that this cannot be guessed back.
        expires: When it ends by itself; None for never.
        revoked: When it was ended; None for not.
    """

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    user: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime] = mapped_column(UtcTime)
    expires: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked: Mapped[datetime | None] = mapped_column(UtcTime)


class AuditRow(Base):
    """Something that somebody did; triggers refuse to change or remove it.

    Attributes:
        id: 1, 2, … without a gap.
        actor: As of `Actor.name`.
        address: As of `Actor.address`.
        subject: What it was done to, such as "inspection/7".
        old: What was before, as JSON; None where nothing was.
        new: What is since then, likewise.
        previous: The digest of the entry before; zeros for the first.
        digest: SHA-256 of all other columns, in hex.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_by_subject", "subject", "id"),
        Index("audit_by_actor", "actor", "id"),
        Index("audit_by_action", "action", "id"),
        Index("audit_by_time", "time"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    time: Mapped[datetime] = mapped_column(UtcTime)
    actor: Mapped[str] = mapped_column(String(NAME_LENGTH))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(NAME_LENGTH))
    old: Mapped[str | None] = mapped_column(Text)
    new: Mapped[str | None] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
