"""Accuracy over seeds, of a preset or of one with changes: `flawflow compare` for a single row.

    python benchmarks/accuracy.py ../shared/data/mvtec/bottle ../shared/data/mvtec/grid --seeds 0 1 2
    python benchmarks/accuracy.py ../shared/data/mvtec/grid --set noise=0 by_position=False

Each data set is one in the layout of MVTec AD, or a folder of several. Finished runs are kept and not
repeated, as long as pictures, options and code are the same. Nothing is chosen on test data: its pictures
are read once, after the model file is written.
"""

import argparse
import ast
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from flawflow.compare.plan import Variant, open_categories, plan_runs
from flawflow.compare.runner import finished, perform
from flawflow.compare.summary import summarise
from flawflow.compare.tables import write_tables
from flawflow.learn.detector.detector import Aggregation
from flawflow.learn.detector.options import CflowOptions
from flawflow.learn.source import ignore_progress


def main() -> None:
    options = _options()
    variant = Variant(
        label=" ".join((options.preset, *options.set)),
        encoder=options.encoder,
        weights=options.weights,
        preset=options.preset,
        size=(options.size, options.size),
        changes=_changes(options.set),
    )
    datasets = open_categories(options.data)
    runs = plan_runs([variant], datasets, options.seeds)
    outcomes = finished(runs, options.output)
    done = {outcome.run.key for outcome in outcomes}
    for run in runs:
        if run.key in done:
            continue
        print(f"{run.dataset.name}, seed {run.seed}", file=sys.stderr)
        (outcome,) = perform([run], options.output, device=options.device, on_progress=ignore_progress)
        if outcome.record is None:
            raise SystemExit(f"{run.dataset.name}, seed {run.seed}: {outcome.error}")
        outcomes.append(outcome)
    # A run may have been finished under another name of its data set.
    records = [
        {**outcome.record, "category": outcome.run.dataset.name}
        for outcome in outcomes
        if outcome.record is not None
    ]
    found = [(variant, record) for record in records]
    rows = summarise([variant], [dataset.name for dataset in datasets], found)
    print(write_tables(options.output, rows, records))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--encoder", default="lite0")
    parser.add_argument("--weights")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="changes to the preset")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("runs/accuracy"))
    return parser.parse_args()


def _changes(items: Sequence[str]) -> Mapping[str, Any]:
    """What --set changes: fields of `CflowOptions` or `Aggregation`, or the strides."""
    changes = {key: ast.literal_eval(value) for key, _, value in (item.partition("=") for item in items)}
    flow, aggregation = (
        {key: changes.pop(key) for key in changes.keys() & {field.name for field in fields(kind)}}
        for kind in (CflowOptions, Aggregation)
    )
    if unknown := changes.keys() - {"strides"}:
        raise SystemExit(f"--set does not know {', '.join(sorted(unknown))}")
    return {"flow": flow, "aggregation": aggregation, **changes}


if __name__ == "__main__":
    main()
