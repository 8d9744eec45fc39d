"""People: who is here, who there is, what their roles may do, and tokens for programs."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from flawflow.server.actor import is_person
from flawflow.server.api.people_schemas import MeOut, NewTokenOut, RightOut, TokenOut, UserOut
from flawflow.server.api.shared import Id
from flawflow.server.db import TokenRow
from flawflow.server.errors import ConflictError, NotFoundError, RefusedError
from flawflow.server.schemas import Problem
from flawflow.server.security.access import client_of
from flawflow.server.security.gate import visitor_of
from flawflow.server.security.people import User
from flawflow.server.security.roles import RIGHTS, ROLES, Role, has_right, lower, rights_of
from flawflow.server.station import Station

_FIRST = "nobody signs in at this station: add an admin by flawflow users add NAME --role admin --data {}"
_MAX_DAYS = 3650

Password = Annotated[str, StringConstraints(max_length=1000)]
UserName = Annotated[str, Path(min_length=1, max_length=64)]

_CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Not possible now"}}


class UserIn(BaseModel):
    """Somebody new."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64, to_lower=True)]
    role: Role
    password: Password | None = Field(None, description="null for who signs in at the proxy only")


class UserChange(BaseModel):
    """What shall be otherwise; what is left out stays."""

    role: Role | None = None
    active: bool | None = None
    password: Password | None = None


class PasswordChange(BaseModel):
    """One's own password."""

    old: Password
    new: Password


class TokenIn(BaseModel):
    """A token that is wanted."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)] = Field(
        description="what it is for"
    )
    role: Role = Field("operator", description="what it may do, at most what its owner may")
    days: int | None = Field(365, ge=1, le=_MAX_DAYS, description="after how many it ends; null for never")


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api")
    _add_own(routes, station)
    _add_tokens(routes, station)
    _add_users(routes, station)
    return routes


def _add_own(routes: APIRouter, station: Station) -> None:
    @routes.get("/me")
    def me(request: Request) -> MeOut:
        """Give who this request comes from, and what they may do."""
        visitor = visitor_of(request)
        named = is_person(visitor.name)
        user = station.people.get(visitor.name)
        return MeOut(
            name=visitor.name if named else None,
            role=visitor.role,
            rights=list(rights_of(visitor.role)),
            has_password=user is not None and user.password is not None,
            ways=list(station.access.ways),
        )

    @routes.get("/roles")
    def roles() -> list[RightOut]:
        """Give what may be done here, and which roles may do it."""
        return [
            RightOut(
                name=right.name,
                what=right.what,
                roles=[role for role in ROLES if has_right(role, right.name)],
            )
            for right in RIGHTS
        ]

    @routes.put("/me/password", status_code=204, responses=_CONFLICT)
    async def password(body: PasswordChange, request: Request) -> None:
        """Change one's own password; all logins of oneself end, this one too."""
        visitor = visitor_of(request)
        user = station.people.get(visitor.name)
        if user is None or user.password is None or visitor.token is not None:
            raise ConflictError("there is no password to change: it is for people who sign in by name here")
        await station.access.change_password(visitor.name, body.old, body.new, client_of(request))


def _add_tokens(routes: APIRouter, station: Station) -> None:
    people = station.people

    @routes.get("/tokens", response_model=list[TokenOut])
    def tokens(request: Request, everybody: Annotated[bool, Query()] = False) -> list[dict[str, Any]]:
        """Give one's own tokens or, for admins, everybody's; without the tokens themselves."""
        visitor = visitor_of(request)
        if everybody and not has_right(visitor.role, "people"):
            raise RefusedError("everybody's tokens are for admins")
        return [_token_json(*each) for each in people.tokens(None if everybody else visitor.name)]

    @routes.post("/tokens", response_model=NewTokenOut, responses=_CONFLICT)
    def add_token(body: TokenIn, request: Request) -> dict[str, Any]:
        """Make a token for a program; the answer holds it, and nothing shows it again."""
        visitor = visitor_of(request)
        if people.get(visitor.name) is None:
            raise ConflictError(
                "tokens are for people that were added to this station"
                if is_person(visitor.name)
                else _FIRST.format(station.settings.data)
            )
        expires = None if body.days is None else datetime.now(UTC) + timedelta(days=body.days)
        role = lower(body.role, visitor.role)
        row, text = people.add_token(visitor.name, body.name, role=role, expires=expires)
        return {**_token_json(row, visitor.name), "token": text}

    @routes.delete("/tokens/{number}", status_code=204)
    def revoke(number: Id, request: Request) -> None:
        """End a token: one's own or, for admins, anybody's."""
        visitor = visitor_of(request)
        people.revoke_token(number, owner=None if has_right(visitor.role, "people") else visitor.name)


def _add_users(routes: APIRouter, station: Station) -> None:
    people = station.people

    @routes.get("/users", response_model=list[UserOut])
    def users() -> list[dict[str, Any]]:
        """Give everybody who was added."""
        return [_user_json(user) for user in people.all()]

    @routes.post("/users", response_model=UserOut, responses=_CONFLICT)
    def add(body: UserIn) -> dict[str, Any]:
        """Add a person."""
        people.add(body.name, role=body.role, password=body.password)
        return _user_json(_named(body.name))

    @routes.put("/users/{name}", response_model=UserOut, responses=_CONFLICT)
    def change(name: UserName, body: UserChange) -> dict[str, Any]:
        """Change a role or a password, or shut somebody out; their logins end with the password."""
        people.change(name, role=body.role, active=body.active, password=body.password)
        return _user_json(_named(name))

    def _named(name: str) -> User:
        found = next((user for user in people.all() if user.name == name), None)
        if found is None:
            raise NotFoundError(f"there is nobody called {name:.64}")
        return found


def _user_json(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role,
        "active": user.active,
        "has_password": user.password is not None,
        "created": user.created.isoformat(),
    }


def _token_json(row: TokenRow, owner: str) -> dict[str, Any]:
    times = ((name, getattr(row, name)) for name in ("created", "expires", "revoked"))
    told = {name: None if time is None else time.isoformat() for name, time in times}
    return {"id": row.id, "owner": owner, "name": row.name, "role": row.role, **told}
