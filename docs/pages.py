"""Pages of the site that are made of other files: the notebooks as they were last run, and the changelog."""

import json
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Put a page in the place of each notebook, and add the changelog."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        cells = json.loads(Path(str(notebook.abs_src_path)).read_text("utf-8"))["cells"]
        files.remove(notebook)
        name = notebook.src_uri.removesuffix(".ipynb")
        files.append(File.generated(config, f"{name}.md", content=as_markdown(cells)))
    # Its links are those of a file above the documentation's folder.
    changelog = CHANGELOG.read_text("utf-8").replace("](docs/", "](")
    files.append(File.generated(config, "changelog.md", content=changelog))
    return files


def as_markdown(cells: list[dict[str, Any]]) -> str:
    """The page of a notebook's cells."""
    parts = []
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
            continue
        parts += [f"```python\n{text}\n```", *(_shown(output) for output in cell["outputs"])]
    return "\n\n".join(parts) + "\n"


def _shown(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return f"```text\n{''.join(output['text']).rstrip()}\n```"
    data = output["data"]
    if "image/png" in data:
        return f"![What the code above shows](data:image/png;base64,{''.join(data['image/png']).strip()})"
    return f"```text\n{''.join(data['text/plain'])}\n```"
