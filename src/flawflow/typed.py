"""From what JSON knows to frozen dataclasses: every field is there, of its type and in its range.

Not pydantic, whose import takes 54 ms and 10 MB where this takes 3 ms (`flawflow inspect` reads a card each
time), and not msgspec (8 ms, 0.8 MB), which lets unknown fields of dataclasses pass and whose messages would
have to be rewritten to name a field as ours do.
"""

import dataclasses
import json
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints


class FieldError(ValueError):
    """A value that does not fit.

    Attributes:
        where: Its dotted name; empty for the whole.
        what: What is wrong, as the rest of a sentence about it.
    """

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where or 'it'} {what}")
        self.where = where
        self.what = what


def parse(kind: Any, value: object, where: str = "") -> Any:
    """Read `value`, made of what JSON knows, as an object of the type `kind`.

    Args:
        kind: A dataclass, a tuple, a mapping with strings as keys, a union, a `Literal` or one of bool, int,
            float, str, None and Any.
        value: The value; tuples count as lists.
        where: Its dotted name.

    Raises:
        FieldError: It is not exactly such an object.
    """
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _parse_dataclass(kind, value, where)
    if origin in (Union, UnionType):
        return _parse_union(kind, value, where)
    if origin is Literal:
        if not any(type(value) is type(choice) and value == choice for choice in get_args(kind)):
            _refuse(where, f"must be one of {', '.join(map(str, get_args(kind)))}; got {value!r:.60}")
        return value
    if origin is tuple:
        return _parse_tuple(kind, value, where)
    if origin is not None and issubclass(origin, Mapping):
        return _parse_mapping(kind, value, where)
    return _parse_scalar(kind, value, where)


def completed(kind: Any, value: Any) -> Any:
    """What JSON gave, with the fields that it lacks at their defaults, at any depth."""
    kind = next((part for part in get_args(kind) if dataclasses.is_dataclass(part)), kind)
    if not (dataclasses.is_dataclass(kind) and isinstance(value, dict)):
        return value
    hints = get_type_hints(kind)
    names = {_key(field): field.name for field in dataclasses.fields(kind)}
    given = {key: completed(hints.get(names.get(key, "")), member) for key, member in value.items()}
    return {key: _plain(default) for key, default in _defaults(kind) if key not in given} | given


def json_key(name: str) -> dict[str, str]:
    """The metadata of a dataclass field that JSON calls otherwise, as files of earlier versions do."""
    return {"json_key": name}


def to_plain(value: Any) -> Any:
    """A dataclass as nested dictionaries by the keys of JSON, as `parse` reads them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {_key(field): to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return type(value)(to_plain(member) for member in value)
    if isinstance(value, Mapping):
        return {name: to_plain(member) for name, member in value.items()}
    return value


def _key(field: dataclasses.Field[Any]) -> str:
    return str(field.metadata.get("json_key", field.name))


def _defaults(kind: Any) -> list[tuple[str, Any]]:
    return [
        (_key(field), field.default)
        for field in dataclasses.fields(kind)
        if field.default is not dataclasses.MISSING
    ]


def _plain(default: Any) -> Any:
    return json.loads(json.dumps(default, default=to_plain))


def _parse_scalar(kind: Any, value: object, where: str) -> Any:
    if kind is Any:
        return value
    if kind is NoneType:
        return value if value is None else _refuse(where, f"must be null; got {value!r:.60}")
    # JSON does not tell 1.0 from 1; a bool is an int only in Python.
    accepted: type | UnionType = int | float if kind is float else kind
    if (isinstance(value, bool) and kind is not bool) or not isinstance(value, accepted):
        _refuse(where, f"must be a {kind.__name__}; got {value!r:.60}")
    try:
        return kind(value)
    except OverflowError:
        _refuse(where, "is too large a number")


def _parse_union(kind: Any, value: object, where: str) -> Any:
    errors: list[FieldError] = []
    for part in get_args(kind):
        try:
            return parse(part, value, where)
        except FieldError as error:
            errors.append(error)
    # The one that got into the value tells most.
    raise max(errors, key=lambda error: len(error.where))


def _parse_tuple(kind: Any, value: object, where: str) -> tuple[Any, ...]:
    item, *rest = get_args(kind)
    if not isinstance(value, list | tuple) or (rest != [...] and len(value) != 1 + len(rest)):
        length = "" if rest == [...] else f" of {1 + len(rest)}"
        _refuse(where, f"must be a list{length}; got {value!r:.60}")
    return tuple(parse(item, member, f"{where}[{index}]") for index, member in enumerate(value))


def _parse_mapping(kind: Any, value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        _refuse(where, f"must be an object; got {value!r:.60}")
    _, item = get_args(kind)
    return {name: parse(item, member, f"{where}.{name}") for name, member in value.items()}


def _parse_dataclass(kind: Any, value: object, where: str) -> Any:
    if isinstance(value, kind):
        return value
    if not isinstance(value, dict):
        _refuse(where, f"must be an object; got {value!r:.60}")
    hints = get_type_hints(kind)
    names = {_key(field): field.name for field in dataclasses.fields(kind)}
    prefix = f"{where}." if where else ""
    for key in sorted(names.keys() ^ value.keys()):
        _refuse(f"{prefix}{key}", "is missing" if key in names else "is unknown")
    members = {name: parse(hints[name], value[key], f"{prefix}{key}") for key, name in names.items()}
    try:
        return kind(**members)
    except ValueError as error:
        _refuse(where, f"is out of range: {error}")


def _refuse(where: str, what: str) -> NoReturn:
    raise FieldError(where, what)
