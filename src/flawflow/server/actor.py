"""Who does what is being done: the audit log names them."""

from contextvars import ContextVar
from dataclasses import dataclass

ANYONE = "(anyone)"
"""Where nobody has to sign in."""
TOKEN = "(token)"
"""Who gave the station's own token."""
STATION = "(station)"
"""What the station does by itself."""


def is_person(name: str) -> bool:
    """Whether a name of an actor is a person's."""
    return not name.startswith("(")


@dataclass(frozen=True)
class Actor:
    """Who acts.

    Attributes:
        name: A person's, which holds no parenthesis, or one of the constants above.
        address: Where the request came from; empty for none.
    """

    name: str
    address: str = ""


ACTOR: ContextVar[Actor] = ContextVar("flawflow.actor", default=Actor(STATION))  # noqa: B039  # frozen
"""Set for each request; work that a request hands to a thread keeps it."""
