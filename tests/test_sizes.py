"""Files and functions that fit on a page, and typed values between packages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import flawflow

ROOT = Path(flawflow.__file__).parent
MOST_LINES = 250
MOST_PARAMETERS = 8
# Any value that JSON has: what is to be written, and what was read and is to be checked.
JSON_EDGES = {"to_dict", "from_dict"}
# Answers of HTTP, checked against their schemas, and options of the command line, checked by click.
AT_THE_EDGE = {"server", "cli"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files(*suffixes: str) -> list[Path]:
    found = [path for path in sorted(ROOT.rglob("*")) if path.suffix in suffixes]
    assert len(found) > 10
    return found


def parameters(function: Function) -> list[ast.arg]:
    every = function.args
    more = [one for one in (every.vararg, every.kwarg) if one is not None]
    named = [*every.posonlyargs, *every.args, *every.kwonlyargs, *more]
    return [one for one in named if one.arg not in ("self", "cls")]


def functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def test_no_file_is_long():
    long = {
        str(path.relative_to(ROOT)): count
        for path in files(".py", ".js", ".css", ".html")
        if (count := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_no_function_has_many_parameters():
    many = [
        f"{path.relative_to(ROOT)}: {function.name} has {count}"
        for path in files(".py")
        for function in functions(ast.parse(path.read_text("utf-8")))
        if (count := len(parameters(function))) > MOST_PARAMETERS
    ]
    assert many == []


def annotations(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """What public names of a module pass: parameters, results, attributes and names of types."""
    for function in functions(tree):
        if not function.name.startswith("_") and function.name not in JSON_EDGES:
            yield from (
                (function.name, each.annotation)
                for each in parameters(function)
                if each.annotation is not None
            )
            if function.returns is not None:
                yield function.name, function.returns
    scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for statement in (statement for scope in scopes for statement in scope.body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if not statement.target.id.startswith("_"):
                yield statement.target.id, statement.annotation
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, statement.value


def is_of_anything(annotation: ast.expr) -> bool:
    text = ast.unparse(annotation)
    return "dict[str, Any]" in text or "Mapping[str, Any]" in text


def test_packages_give_each_other_no_mappings_of_anything():
    loose = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files(".py")
        if path.relative_to(ROOT).parts[0] not in AT_THE_EDGE
        for name, annotation in annotations(ast.parse(path.read_text("utf-8")))
        if is_of_anything(annotation)
    ]
    assert loose == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(x: dict[str, Any]): ...", True),
        ("x: Mapping[str, int] = {}", False),
        ("T = dict[str, Any]", True),
    ],
)
def test_what_is_looked_for_is_found(text: str, expected: bool):
    assert [is_of_anything(found) for _, found in annotations(ast.parse(text))] == [expected]
