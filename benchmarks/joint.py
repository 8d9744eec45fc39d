"""Many products in one file beside a model for each: accuracy, sizes, and how sure routing is.

    python benchmarks/joint.py plan.toml --output runs/joint

The plan is one of `flawflow fleet train`. Both ways are trained by that command, so that what is finished is
not done again, and both are measured on the same labelled test pictures, which nothing is fitted to.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from common import machine, table, write_report
from flawflow.cli import main as flawflow
from flawflow.fleet.plan import read_products
from flawflow.fleet.record import ProductRecord, model_file
from flawflow.inspection.routing import confusion, gaussians_of
from flawflow.metrics import Evaluation
from flawflow.model_file import read_joint
from flawflow.storage.files import beside

MEASURES = ("image_auroc", "pixel_auroc", "aupro")
HEADINGS = ("product", "good pictures", "a model each", "in one file", "difference", "MB by itself")


def main() -> None:
    options = _options()
    alone, plant = options.output / "single", options.output / "plant.flaw"
    names = [product.name for product in read_products(options.plan)]
    if not options.finished:
        how = ("--on", options.on, "--device", options.device)
        _run("fleet", "train", options.plan, "-o", alone, *how)
        _run("fleet", "train", options.plan, "--joint", "-o", plant, *how)
    joint = read_joint(plant)
    together = beside(plant, ".fleet")
    rows, differences, sizes = [], [], []
    for name in names:
        mine, theirs = (ProductRecord.read(folder, name) for folder in (alone, together))
        if name not in joint.names or mine is None or theirs is None:
            continue
        one, other = _evaluation(mine), _evaluation(theirs)
        change = [_percent(other, key) - _percent(one, key) for key in MEASURES]
        differences.append(change)
        sizes.append(model_file(alone, name).stat().st_size)
        rows.append(
            (
                name,
                str(mine.image_count),
                _figures(one),
                _figures(other),
                _signed(change),
                _megabytes(sizes[-1]),
            )
        )
    means = [mean(column) for column in zip(*differences, strict=True)]
    rows.append((f"mean, or sum, of {len(rows)}", "", "", "", _signed(means), _megabytes(sum(sizes))))
    share = plant.stat().st_size / sum(sizes)
    routing = joint.routing()
    found = confusion(gaussians_of(routing)) if routing is not None else None
    report = {
        "machine": machine(("torch", "onnxruntime")),
        "products": [dict(zip(HEADINGS, row, strict=True)) for row in rows],
        "mean_difference": dict(zip(MEASURES, means, strict=True)),
        "share_of_size": share,
        "confusion": None if found is None else vars(found),
    }
    text = table(HEADINGS, rows)
    text += f"\n\nThe file has {_megabytes(plant.stat().st_size)} MB, {100 * share:.1f} % of that."
    if found is not None:
        text += f" Routing confuses {found.wrong} of {found.pictures} pictures: {json.dumps(found.pairs)}."
    write_report(options.output, report, text)


def _run(*arguments: object) -> None:
    try:
        flawflow([str(argument) for argument in arguments], standalone_mode=False)
    except SystemExit as end:
        if end.code:
            raise


def _evaluation(record: ProductRecord) -> Evaluation:
    if record.measures is None or record.measures.evaluation is None:
        raise SystemExit(f"{record.product} has no labelled test pictures to measure by.")
    return record.measures.evaluation


def _percent(evaluation: Evaluation, key: str) -> float:
    return 100 * float(getattr(evaluation, key))


def _figures(evaluation: Evaluation) -> str:
    return " / ".join(f"{_percent(evaluation, key):.2f}" for key in MEASURES)


def _signed(values: Sequence[float]) -> str:
    return " / ".join(f"{value:+.2f}" for value in values)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--output", type=Path, default=Path("runs/joint"))
    parser.add_argument("--on", default="inline", help="as of flawflow fleet train")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--finished", action="store_true", help="measure what is there, and train nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
