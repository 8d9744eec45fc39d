"""The documentation's examples: what it shows is what happens."""

import doctest
import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.slow
def test_first_model_and_notebooks(tmp_path, monkeypatch):
    """The page, and both notebooks after it in the same folder, as a reader would run them."""
    monkeypatch.chdir(tmp_path)
    tried = doctest.testfile(str(DOCS / "start.md"), module_relative=False, encoding="utf-8")
    assert tried.attempted > 5
    assert not tried.failed
    notebooks = sorted((DOCS / "notebooks").glob("*.ipynb"))
    assert len(notebooks) == 2
    for notebook in reversed(notebooks):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        exec(compile("\n\n".join(code), notebook.name, "exec"), {"__name__": "__main__"})
    models = {path.stem for path in tmp_path.glob("*.flaw")}
    assert models == {"gears", "cflow", "padim-pooled", "mahalanobis"}


def test_notebooks_were_run_in_order_and_without_error():
    for notebook in (DOCS / "notebooks").glob("*.ipynb"):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), notebook.name
        kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
        assert kinds <= {"stream", "display_data", "execute_result"}, notebook.name
        assert "/site-packages/" not in notebook.read_text("utf-8"), notebook.name


def test_every_page_is_in_the_site():
    config = (DOCS.parent / "mkdocs.yml").read_text("utf-8")
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert not [page for page in pages if f"- {page}\n" not in config and f": {page}\n" not in config]


def test_the_drawing_and_the_order_name_packages_that_exist():
    package = DOCS.parent / "src" / "flawflow"
    drawing = (DOCS / "architecture.md").read_text("utf-8").partition("```mermaid")[2].partition("```")[0]
    drawn = re.findall(r'\["([a-z_, ]+)', drawing)
    names = {name.strip() for text in drawn for name in text.split(",")}
    assert {"cli", "inspection", "decision"} <= names
    assert not [name for name in names if not any(package.glob(f"{name}*"))]
