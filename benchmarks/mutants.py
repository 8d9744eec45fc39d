"""Small changes to a module, each of which some test should notice: the mutants of `mutations.py`."""

import ast
import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "argmax": "argmin", "argmin": "argmax"}
# In the text of queries.
_WORDS = {" <> ": " < ", "IS NULL": "IS NOT NULL", " + 1": " + 2", "ORDER BY id": "ORDER BY -id"}

Node = ast.expr | ast.stmt


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        line: Where, from 1.
        before: What stood there.
        after: What stands there now.
        source: The whole module.
    """

    line: int
    before: str
    after: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Give all mutants of a module; type hints and docstrings stay as they are."""
    tree = ast.parse(source)
    untouched = _untouched(tree)
    for node, put in list(_places(tree)):
        if node in untouched:
            continue
        before = ast.unparse(node)
        for change in list(_changes(node)):
            put(change)
            yield Mutant(node.lineno, before, ast.unparse(change), ast.unparse(tree))
        put(node)


def _places(tree: ast.AST) -> Iterator[tuple[Node, Callable[[ast.AST], None]]]:
    """Every expression and statement, and what puts another one in its place."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, Node):
                yield value, functools.partial(setattr, parent, field)
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, Node):
                        yield item, functools.partial(value.__setitem__, index)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """What a node may become."""
    twin: Any = copy.deepcopy(node)
    match twin:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            twin.ops = [_COMPARISONS[type(op)]()]
            yield twin
        case ast.BinOp(op=op) if type(op) in _OPERATORS:
            twin.op = _OPERATORS[type(op)]()
            yield twin
        case ast.BoolOp(op=op, values=values):
            twin.op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield twin
            yield from values
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=other):
            yield body
            yield other
        case ast.Constant(value=value):
            yield from (ast.Constant(changed) for changed in _constants(value))
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            twin.func = ast.Name(_NAMES[name])
            yield twin
        case ast.Attribute(attr=name) if name in _NAMES:
            twin.attr = _NAMES[name]
            yield twin
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield ast.Pass()
        case ast.If():
            twin.test = ast.Constant(False)
            yield twin
        case ast.Assign(value=value, targets=[ast.Attribute()]) if not isinstance(value, ast.Constant):
            twin.value = ast.Constant(None)
            yield twin


def _constants(value: object) -> Iterator[bool | int | float | str]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        if value not in {0, 1}:
            yield value * 2
    elif isinstance(value, str):
        yield from (value.replace(word, other) for word, other in _WORDS.items() if word in value)


def _untouched(tree: ast.Module) -> set[ast.AST]:
    """Everything within type hints, text that stands alone, and `frozen`: one test asks it of all classes."""
    hints = [getattr(each, "annotation", None) or getattr(each, "returns", None) for each in ast.walk(tree)]
    parts = {part for hint in hints if hint is not None for part in ast.walk(hint)}
    parts |= {each.value for each in ast.walk(tree) if isinstance(each, ast.keyword) and each.arg == "frozen"}
    return parts | {
        each.value
        for each in ast.walk(tree)
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
    }
