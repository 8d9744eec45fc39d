"""Records that are passed around do not change under those who hold them."""

import ast
from pathlib import Path

import flawflow

# What collects while something runs, and is handed out at its end.
MAY_CHANGE = {"_Seen", "Summary", "_Running", "Search", "Added", "Numbers", "_Batch", "_Monitored"}


def test_dataclasses_are_frozen():
    changing = set()
    for module in Path(flawflow.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                decorators = {ast.unparse(each) for each in node.decorator_list}
                if any(each.startswith("dataclass") and "frozen=True" not in each for each in decorators):
                    changing.add(node.name)
    assert changing == MAY_CHANGE
