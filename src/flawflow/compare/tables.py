"""The results of a comparison as Markdown, CSV and JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from flawflow.compare.differences import Difference, DifferenceRow
from flawflow.compare.plot import plot_svg
from flawflow.compare.record import RunRecord
from flawflow.compare.summary import MEAN, MEASURES, Figure, Row
from flawflow.results.table import csv_cell, csv_line
from flawflow.storage.files import write_whole

_HEAD = (
    "Detector",
    "Encoder",
    "Image AUROC",
    "Pixel AUROC",
    "AUPRO",
    "AUPRO 0.05",
    "Training, s",
    "ms a picture",
    "Model, MB",
    "Parameters, M",
)
_SHARES = ("image_auroc", "pixel_auroc", "aupro", "aupro_005")


def write_tables(
    folder: Path, rows: Sequence[Row], records: Sequence[RunRecord], differences: Sequence[DifferenceRow] = ()
) -> str:
    """Write compare.md, compare.csv, compare.json and compare.svg; gives the Markdown."""
    text = to_markdown(rows, records, differences)
    write_whole(folder / "compare.md", text)
    write_whole(folder / "compare.csv", to_csv(rows))
    write_whole(folder / "compare.json", to_json(rows, records, differences))
    write_whole(folder / "compare.svg", plot_svg(rows))
    return text


def to_markdown(
    rows: Sequence[Row], records: Iterable[RunRecord], differences: Sequence[DifferenceRow] = ()
) -> str:
    """A table for the mean and for each category, differences, and where the figures come from."""
    parts = []
    categories = len({row.category for row in rows if not row.scenes} - {MEAN})
    for category, group in groupby(rows, key=lambda row: row.category):
        title = f"Mean of {categories} categories" if category == MEAN else _cell(category)
        lines = [f"## {title}", "", _line(_HEAD), _line(["---", "---"] + ["---:"] * len(MEASURES))]
        lines += [_line([row.variant.label, row.variant.recipe.encoder, *_report(row)]) for row in group]
        parts.append("\n".join(lines))
    parts += [_differences(differences)] if differences else []
    return "\n\n".join([*parts, _origin(rows, records)]) + "\n"


def to_csv(rows: Iterable[Row]) -> str:
    """A line a row, shares in [0, 1]; empty where nothing could be measured."""
    columns = [f"{name}_{part}" for name in MEASURES for part in ("mean", "std")]
    lines = [csv_line(["category", "label", "detector", "encoder", "height", "width", "seeds", *columns])]
    for row in rows:
        recipe = row.variant.recipe
        figures = [row.figures[name] for name in MEASURES]
        names = (row.category, row.variant.label, recipe.detector.name, recipe.encoder)
        size = row.size or (None, None)
        values = (value for figure in figures for value in (figure.mean, figure.deviation))
        lines.append(csv_line(map(csv_cell, (*names, *size, row.seeds, *values))))
    return b"".join(lines).decode()


def to_json(
    rows: Iterable[Row], records: Sequence[RunRecord], differences: Sequence[DifferenceRow] = ()
) -> str:
    """The rows, the records that they are made of, and the differences from the first variant."""
    content = {
        "rows": [
            {
                "category": row.category,
                "label": row.variant.label,
                "recipe": row.variant.recipe.decisive(),
                "seeds": row.seeds,
                "figures": {name: asdict(figure) for name, figure in row.figures.items()},
            }
            for row in rows
        ],
        "differences": [
            {
                "category": row.category,
                "label": row.variant.label,
                "from": row.reference.label,
                "measures": {name: one and asdict(one) for name, one in row.measures.items()},
            }
            for row in differences
        ],
        "runs": [asdict(record) for record in records],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _differences(rows: Sequence[DifferenceRow]) -> str:
    head = ("", "Detector", "Image AUROC", "Pixel AUROC", "AUPRO")
    lines = [
        f"## Differences from {_cell(rows[0].reference.label)}",
        "",
        "In points, on the same test pictures; in brackets the 95 % interval by paired bootstrap."
        " Where it holds 0, other test pictures could reverse the order: a tie.",
        "",
        _line(head),
        _line(["---", "---", "---:", "---:", "---:"]),
    ]
    lines += [
        _line([row.category, row.variant.label, *map(_difference, row.measures.values())]) for row in rows
    ]
    return "\n".join(lines)


def _difference(one: Difference | None) -> str:
    if one is None:
        return "–"
    low, high = (100 * end for end in one.interval)
    return f"{100 * one.value:+.2f} ({low:+.1f} to {high:+.1f})" + (", tie" if one.is_tie else "")


def _report(row: Row) -> list[str]:
    units = dict.fromkeys(_SHARES, (100, 2)) | {"parameters": (1e-6, 2)}
    return [_number(row.figures[name], *units.get(name, (1, 1))) for name in MEASURES]


def _number(figure: Figure, factor: float, digits: int) -> str:
    if figure.mean is None:
        return "–"
    said = f"{factor * figure.mean:.{digits}f}"
    if figure.deviation is not None:
        said += f" ± {factor * figure.deviation:.{digits}f}"
    if figure.interval is not None:
        said += " ({:.1f} to {:.1f})".format(*(factor * end for end in figure.interval))
    return said


def _origin(rows: Sequence[Row], records: Iterable[RunRecord]) -> str:
    records = list(records)
    seeds = sorted({record.seed for record in records})
    packages = dict(sorted({item for record in records for item in record.packages.items()}))
    lines = [
        "AUROC and AUPRO (up to false positive rates of 0.3 and 0.05) in percent; mean ± standard deviation "
        f"over seeds {', '.join(map(str, seeds))}; in brackets what other test pictures would give, with "
        "95 % confidence (bootstrap over pictures). Nothing was chosen on the test pictures. Time: the model "
        "file in ONNX Runtime, one picture at a time, median, without reading the picture.",
        f"Presets: {', '.join(sorted({row.variant.recipe.preset for row in rows}))}. Input: "
        + ", ".join(f"{h} × {w}" for h, w in sorted({row.size for row in rows if row.size}))
        + " pixels.",
        f"Measured on {'; '.join(sorted({record.machine for record in records}))}, with "
        + ", ".join(f"{name} {version}" for name, version in packages.items())
        + ".",
    ]
    if scenes := max((row.scenes for row in rows), default=0):
        lines.append(
            f"All frames together: the frames, or pixels, of all {scenes} scenes are ranked in one list, "
            "each with the model of its scene. Pixels whose scores lie within 0.8 % count as equal."
        )
    return "\n\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
