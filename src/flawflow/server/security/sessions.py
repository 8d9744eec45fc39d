"""Who has logged in: each time another secret, which ends by itself, by logging out or with the token."""

import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flawflow.storage.files import SECRET_MODE, write_whole

SESSION_SECONDS = 7 * 24 * 3600
"""How long a login by the station's token lasts."""

# Only who knows the token can make any; the oldest ends where a program makes one after the other.
_MAX_SESSIONS = 1000

_log = logging.getLogger("flawflow.server")


@dataclass(frozen=True)
class Login:
    """A login.

    Attributes:
        end: When it is over, in seconds since 1970.
        user: Whose it is; empty for whoever gave the station's token.
        seal: What the person's `User.seal` was.
    """

    end: float
    user: str = ""
    seal: str = ""


class Sessions:
    """The logins of a station, kept over restarts. Safe to use from several threads.

    A browser has the secret; here, and in the file, is what it is recognised by. That depends on the token
    too: with another one nobody is logged in.
    """

    def __init__(self, file: Path, token: str | None, *, clock: Callable[[], float] = time.time) -> None:
        """Read who is logged in.

        Args:
            file: Where that is kept.
            token: The station's; None where there is nothing to log in to.
            clock: Gives seconds since 1970.
        """
        self._file, self._token, self._clock = file, (token or "").encode(), clock
        self._lock = threading.Lock()
        self._ends = _read(file)

    def begin(self, user: str = "", seal: str = "", *, seconds: float = SESSION_SECONDS) -> str:
        """Log somebody in, and give the secret for the cookie; see `Login`."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            going = [(mark, login) for mark, login in self._ends.items() if login.end > now]
            going.sort(key=lambda each: each[1].end, reverse=True)
            self._ends = dict(going[: _MAX_SESSIONS - 1])
            self._ends[self._mark(secret)] = Login(now + seconds, user, seal)
            try:
                self._write()
            except OSError as error:
                # Whoever looks after a full disk must get in; the login is forgotten with the process.
                _log.error("%s cannot be written (%s)", self._file, error.strerror)
        return secret

    def get(self, secret: str) -> Login | None:
        """Give the login with this secret; None where there is none, or it is over."""
        login = self._ends.get(self._mark(secret))
        return login if login is not None and login.end > self._clock() else None

    def end(self, secret: str) -> None:
        """Log out: the secret opens nothing any more, whoever has it.

        Raises:
            OSError: It cannot be kept, and would open again after the next start.
        """
        with self._lock:
            if self._ends.pop(self._mark(secret), None) is not None:
                self._write()

    def _mark(self, secret: str) -> str:
        return hmac.new(self._token, secret.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()

    def _write(self) -> None:
        logins = {mark: [login.end, login.user, login.seal] for mark, login in self._ends.items()}
        write_whole(self._file, json.dumps(logins), mode=SECRET_MODE)


def _read(file: Path) -> dict[str, Login]:
    try:
        return {str(mark): _login(kept) for mark, kept in json.loads(file.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        _log.error("%s is damaged: who was logged in gives the token again", file)
        return {}


def _login(kept: object) -> Login:
    """A login as the file has it; until 0.2 it was its end alone."""
    if not isinstance(kept, list):
        return Login(float(kept))  # type: ignore[arg-type]
    end, user, seal = kept
    return Login(float(end), str(user), str(seal))
