"""What the service answers about people."""

from datetime import datetime

from pydantic import BaseModel, Field

from flawflow.server.security.access import Way
from flawflow.server.security.roles import Role


class MeOut(BaseModel):
    """Who a request comes from."""

    name: str | None = Field(description="null for the station's token, and where nobody signs in")
    role: Role
    rights: list[str]
    has_password: bool = Field(description="whether there is a password to change here")
    ways: list[Way] = Field(description="how one comes in here; empty where nothing is asked for")


class RightOut(BaseModel):
    """Something that may be done here."""

    name: str
    what: str
    roles: list[Role]


class UserOut(BaseModel):
    """Somebody who was added."""

    name: str
    role: Role
    active: bool
    has_password: bool = Field(description="false for who signs in at the proxy only")
    created: datetime


class TokenOut(BaseModel):
    """A token for a program, without the token itself."""

    id: int
    owner: str
    name: str
    role: Role
    created: datetime
    expires: datetime | None
    revoked: datetime | None


class NewTokenOut(TokenOut):
    """A token that was made just now."""

    token: str = Field(description="shown this once")
