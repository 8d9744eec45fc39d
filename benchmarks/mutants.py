"""Small changes to a module, each of which some test should notice: the mutants of `mutations.py`."""

import ast
import copy
from collections.abc import Iterator
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
    """Give all mutants of a module, in the order of its text; type hints and docstrings stay as they are."""
    tree = ast.parse(source)
    hints = _hints(tree)
    for place, node in enumerate(ast.walk(tree)):
        if not isinstance(node, ast.expr | ast.stmt) or node in hints:
            continue
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(each for number, each in enumerate(ast.walk(changed)) if number == place)
            _replace(changed, target, change)
            text = ast.unparse(ast.fix_missing_locations(changed))
            yield Mutant(node.lineno, ast.unparse(node), ast.unparse(change), text)


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


def _hints(tree: ast.Module) -> set[ast.AST]:
    """Everything within type hints."""
    hints = [getattr(each, "annotation", None) or getattr(each, "returns", None) for each in ast.walk(tree)]
    return {part for hint in hints if hint is not None for part in ast.walk(hint)}


def _replace(tree: ast.Module, target: ast.AST, change: ast.AST) -> None:
    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return change if node is target else self.generic_visit(node)

    Swap().visit(tree)
