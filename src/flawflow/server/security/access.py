"""Who a request comes from: by the station's token, a personal token, a login, or a trusted proxy."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from flawflow.server.actor import ACTOR, ANYONE, TOKEN, Actor
from flawflow.server.db.audit import AuditLog
from flawflow.server.security.failed_logins import (
    FailedLogins,
    TokenCheck,
    TooManyFailedLoginsError,
    WrongTokenError,
)
from flawflow.server.security.passwords import is_password
from flawflow.server.security.people import TOKEN_PREFIX, People, User
from flawflow.server.security.proxy import ProxyNames, UnknownPersonError
from flawflow.server.security.roles import Role
from flawflow.server.security.sessions import Sessions
from flawflow.server.settings import Settings

COOKIE = "flawflow_station"
Way = Literal["password", "token"]

# What the station's token opens, and everybody where nothing is asked for: all but people.
_UNNAMED_ROLE: Role = "engineer"
# Passwords are chosen by people, and so guessed sooner than tokens.
_PASSWORDS_PER_SECOND = 0.1
# Each takes 64 MiB and four threads for a moment.
_AT_ONCE = 2


class WrongPasswordError(WrongTokenError):
    """Nobody of this name has this password."""


@dataclass(frozen=True)
class Visitor:
    """Who a request comes from.

    Attributes:
        name: As of `Actor.name`.
        role: What they may do.
        secret: Of the login by which they came; None for any other way.
        token: The personal token by which a program came; None for any other way.
    """

    name: str
    role: Role
    secret: str | None = None
    token: str | None = None


class Access:
    """Lets people and programs in."""

    def __init__(
        self,
        settings: Settings,
        people: People,
        sessions: Sessions,
        tokens: TokenCheck | None,
        audit: AuditLog,
    ) -> None:
        """Know who may come in.

        Args:
            settings: Of the station.
            people: Who there is.
            sessions: Who has logged in.
            tokens: Compares with the station's token; None where there is none.
            audit: Where logins are recorded.
        """
        self._settings, self._people, self._sessions, self._audit = settings, people, sessions, audit
        self._tokens = tokens
        self.proxy = ProxyNames(settings)
        self._guesses = FailedLogins(tries_per_second=_PASSWORDS_PER_SECOND)
        self._wrong_tokens = FailedLogins()
        self._room = CapacityLimiter(_AT_ONCE)

    @property
    def ways(self) -> tuple[Way, ...]:
        """How one may come in; empty where nothing is asked for."""
        found: list[Way] = []
        if len(self._people) or self._settings.asks_names:
            found.append("password")
        if self._tokens is not None:
            found.append("token")
        return tuple(found)

    async def identify(self, request: Request) -> Visitor | None:
        """Give whom a request comes from; None for somebody who has to say so first.

        Raises:
            WrongTokenError: What was given as a token is none.
            TooManyFailedLoginsError: Too many wrong ones came from this address.
            UnknownPersonError: A trusted proxy names somebody who may not come in.
        """
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not self.ways:
            return Visitor(ANYONE, _UNNAMED_ROLE)
        if scheme.lower() == "bearer":
            return await self._by_token(given.strip(), client_of(request))
        return self._by_proxy(request) or self._by_login(request.cookies.get(COOKIE, ""))

    def is_still(self, visitor: Visitor) -> bool:
        """Whether somebody who came in may stay, as for a stream of events."""
        if visitor.secret is not None:
            return self._by_login(visitor.secret) is not None
        return visitor.token is None or self._people.by_token(visitor.token) is not None

    async def check_token(self, token: str, client: str) -> None:
        """Return where it is the station's token.

        Raises:
            WrongTokenError: It is not.
            TooManyFailedLoginsError: As of `TokenCheck.check`.
        """
        if self._tokens is None:
            raise WrongTokenError("this station has no token: sign in by name")
        await self._tokens.check(token, client)

    async def sign_in(self, name: str, password: str, client: str) -> str:
        """Log a person in, and give the secret for the cookie.

        Raises:
            WrongPasswordError: They are not known, shut out, or have another password.
            TooManyFailedLoginsError: Too many wrong ones came for this name from this address.
        """
        name = name.strip().lower()
        ACTOR.set(Actor(name, client))
        user = await self._known(name, password, client)
        await to_thread.run_sync(self._audit.add, "sign-in", f"user/{name}")
        seconds = 3600 * self._settings.login_hours
        return await asyncio.to_thread(self._sessions.begin, name, user.seal, seconds=seconds)

    async def change_password(self, name: str, old: str, new: str, client: str) -> None:
        """Change a person's password, who knows the old one.

        Raises:
            WrongPasswordError: As of `sign_in`; and `TooManyFailedLoginsError` likewise.
            ValueRefusedError: The new one is not a password.
        """
        await self._known(name, old, client)
        await asyncio.to_thread(self._people.change, name, password=new)

    async def _known(self, name: str, password: str, client: str) -> User:
        key = f"{client} {name}"
        wait = self._guesses.wait(key)
        if wait:
            raise TooManyFailedLoginsError(
                wait, "too many wrong passwords came for this name: wait, then give the right one"
            )
        self._guesses.take(key)
        user = self._people.get(name)
        kept = None if user is None else user.password
        is_right = await to_thread.run_sync(is_password, password, kept, limiter=self._room)
        if user is None or not is_right:
            if self._people.is_known(name):
                await to_thread.run_sync(self._audit.add, "sign-in.failed", f"user/{name}")
            raise WrongPasswordError("this name and this password do not belong together")
        self._guesses.give_back(key)
        return user

    async def _by_token(self, given: str, client: str) -> Visitor:
        if not given.startswith(TOKEN_PREFIX):
            await self.check_token(given, client)
            return Visitor(TOKEN, _UNNAMED_ROLE)
        found = self._people.by_token(given)
        if found is not None:
            return Visitor(*found, token=given)
        if wait := self._wrong_tokens.wait(client):
            raise TooManyFailedLoginsError(wait)
        self._wrong_tokens.take(client)
        raise WrongTokenError("this token opens nothing: it is unknown, revoked or expired")

    def _by_login(self, secret: str) -> Visitor | None:
        login = self._sessions.get(secret)
        if login is None:
            return None
        if not login.user:
            return None if self._tokens is None else Visitor(TOKEN, _UNNAMED_ROLE, secret)
        user = self._people.get(login.user)
        if user is None or user.seal != login.seal:
            return None
        return Visitor(user.name, user.role, secret)

    def _by_proxy(self, request: Request) -> Visitor | None:
        name = self.proxy.name(request)
        if name is None:
            return None
        user = self._people.get(name)
        if user is not None:
            return Visitor(user.name, user.role)
        role = None if self._people.is_known(name) else self.proxy.role(request)
        if role is None:
            raise UnknownPersonError(f"{name:.64} may not come in here: an admin of the station adds people")
        return Visitor(name, role)


def client_of(request: Request) -> str:
    """Give the address that a request comes from."""
    return request.client.host if request.client is not None else ""
