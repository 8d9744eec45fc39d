"""What each role may do: one table, which decides, and which the documentation shows."""

import re
from dataclasses import dataclass
from typing import Literal

Role = Literal["operator", "reviewer", "engineer", "admin"]
"""Each may do all that the ones before it may."""

ROLES: tuple[Role, ...] = ("operator", "reviewer", "engineer", "admin")


@dataclass(frozen=True)
class Right:
    """Something that somebody may do.

    Attributes:
        name: What programs call it.
        lowest: The first role that has it.
        what: What it is, for people.
    """

    name: str
    lowest: Role
    what: str


RIGHTS = (
    Right("look", "operator", "see pictures, history, statistics and models"),
    Right("inspect", "operator", "send pictures to be inspected"),
    Right("own", "operator", "change the own password, make and revoke own tokens"),
    Right("review", "reviewer", "label pictures and draw masks"),
    Right("export", "reviewer", "export the record"),
    Right("rates", "engineer", "change rates and thresholds"),
    Right("switch", "engineer", "let new models inspect, switch models to another version, and roll back"),
    Right("sources", "engineer", "add and remove sources"),
    Right("train", "engineer", "learn new products, make data sets, train, stop trainings"),
    Right("audit", "engineer", "read, export and check the audit log"),
    Right("people", "admin", "add people, change roles and passwords, shut people out, revoke their tokens"),
)

_LOWEST = {right.name: right.lowest for right in RIGHTS}

# Methods, path and right; the first that fits counts. `*` stands for one part of a path.
_RULES = (
    ("POST", "/api/inspect", "inspect"),
    ("POST", "/v2/models/*/infer", "inspect"),
    ("POST", "/v2/models/*/versions/*/infer", "inspect"),
    ("PUT DELETE", "/api/inspections/*/label", "review"),
    ("PUT DELETE", "/api/inspections/*/mask", "review"),
    ("GET", "/api/export", "export"),
    ("POST", "/api/models/*/rates", "rates"),
    ("POST", "/api/models/*/switch", "switch"),
    ("POST", "/api/models/*/rollback", "switch"),
    ("POST", "/api/models/*/adaptation", "train"),
    ("POST", "/api/sources", "sources"),
    ("DELETE", "/api/sources/*", "sources"),
    ("POST", "/api/datasets", "train"),
    ("POST", "/api/jobs", "train"),
    ("DELETE", "/api/jobs/*", "train"),
    ("POST", "/api/drafts", "train"),
    ("DELETE", "/api/drafts/*", "train"),
    ("POST", "/api/drafts/*/rates", "rates"),
    ("POST", "/api/drafts/*/serve", "switch"),
    ("POST PUT", "/api/drafts/*/pictures", "train"),
    ("POST DELETE", "/api/drafts/*/intake", "train"),
    ("PUT DELETE", "/api/drafts/*/roi", "train"),
    ("POST", "/api/drafts/*/learn", "train"),
    ("GET", "/api/audit", "audit"),
    ("GET", "/api/audit/*", "audit"),
    ("GET POST", "/api/users", "people"),
    ("PUT", "/api/users/*", "people"),
    ("PUT", "/api/me/password", "own"),
    ("GET POST", "/api/tokens", "own"),
    ("DELETE", "/api/tokens/*", "own"),
)
_COMPILED = tuple(
    (frozenset(methods.split()), re.compile(re.escape(path).replace(r"\*", "[^/]+")), right)
    for methods, path, right in _RULES
)
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def right_of(method: str, path: str) -> str:
    """Give the right that a request takes.

    Looking is for everybody; whatever else has no rule takes the highest right there is.

    Args:
        method: Of HTTP.
        path: Without the version.

    >>> right_of("GET", "/api/inspections"), right_of("DELETE", "/api/inspections/7/label")
    ('look', 'review')
    >>> right_of("DELETE", "/api/made/up")
    'people'
    """
    asked = "GET" if method in _READS else method
    # Whatever the router would forgive.
    plain = path.rstrip("/")
    for methods, pattern, right in _COMPILED:
        if asked in methods and pattern.fullmatch(plain):
            return right
    return "look" if method in _READS else "people"


def has_right(role: Role, right: str) -> bool:
    """Whether a role has a right.

    >>> has_right("engineer", "review"), has_right("reviewer", "rates")
    (True, False)
    """
    return ROLES.index(role) >= ROLES.index(_LOWEST[right])


def rights_of(role: Role) -> tuple[str, ...]:
    """Give the names of a role's rights."""
    return tuple(right.name for right in RIGHTS if has_right(role, right.name))


def lowest_of(right: str) -> Role:
    """Give the first role that has a right."""
    return _LOWEST[right]


def lower(one: Role, other: Role) -> Role:
    """Give the role of two that may do less."""
    return min(one, other, key=ROLES.index)


def roles_table() -> str:
    """Give the table in Markdown, as the documentation has it."""
    lines = [f"| may | {' | '.join(ROLES)} |", f"| --- |{' :-: |' * len(ROLES)}"]
    for right in RIGHTS:
        marks = " | ".join("✓" if has_right(role, right.name) else "" for role in ROLES)
        lines.append(f"| {right.what} | {marks} |")
    return "\n".join(lines)
