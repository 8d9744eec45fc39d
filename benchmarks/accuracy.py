"""Accuracy over seeds, of a preset or of one with changes: `flawflow compare` for a single row.

    python benchmarks/accuracy.py ../shared/data/mvtec/bottle ../shared/data/mvtec/grid --seeds 0 1 2
    python benchmarks/accuracy.py ../shared/data/mvtec/grid --set detector.noise=0 aggregation.tail=0

Each data set is one in the layout of MVTec AD, or a folder of several. Finished runs are kept and not
repeated, as long as pictures, options and code are the same. Nothing is chosen on test data: its pictures
are read once, after the model file is written.
"""

import argparse
import functools
import sys
from dataclasses import replace
from pathlib import Path

from flawflow.cli.executor_options import Where
from flawflow.cli.options import parse_size
from flawflow.compare.plan import Variant, open_categories, plan_runs
from flawflow.compare.runner import finished, perform
from flawflow.compare.summary import summarise
from flawflow.compare.tables import write_tables
from flawflow.recipe import Recipe
from flawflow.recipe.text import setting


def main() -> None:
    options = _options()
    recipe = Recipe.of(options.preset, encoder=options.encoder, weights=options.weights, size=options.size)
    recipe = functools.reduce(setting, options.set, recipe)
    variant = Variant(label=" ".join((options.preset, *options.set)), recipe=recipe)
    datasets = open_categories(options.data)
    runs = plan_runs([variant], datasets, options.seeds)
    outcomes = finished(runs, options.output)
    done = {outcome.run.key for outcome in outcomes}
    left = [run for run in runs if run.key not in done]
    here = Where(place="inline", at_once=1, cores=1, device=options.device)
    for outcome in perform(
        left, options.output, executor=here.executor(), resources=here, on_progress=lambda _key, _step: None
    ):
        run = outcome.run
        print(f"{run.dataset.name}, seed {run.seed}", file=sys.stderr)
        if outcome.record is None:
            raise SystemExit(f"{run.dataset.name}, seed {run.seed}: {outcome.error}")
        outcomes.append(outcome)
    # A run may have been finished under another name of its data set.
    records = [
        replace(outcome.record, category=outcome.run.dataset.name)
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
    parser.add_argument("--size", type=parse_size, default=256, metavar="SIDE|HxW")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="as of flawflow train")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("runs/accuracy"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
