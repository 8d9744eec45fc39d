"""All frames of all scenes of a data set in one ranking, as such data sets are published."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from flawflow.compare.plan import Run, Variant
from flawflow.compare.runner import Outcome, counts_file
from flawflow.compare.summary import MEASURES as FIGURES
from flawflow.compare.summary import Figure, Row, figure_of
from flawflow.datasets import Dataset
from flawflow.errors import MetricError
from flawflow.metrics.resampling import MEASURES, SetCounts, measured_together


def rows_together(
    variants: Sequence[Variant], datasets: Sequence[Dataset], outcomes: Sequence[Outcome], folder: Path
) -> list[Row]:
    """A row a variant for each data set of several scenes: measures of all its frames and all their pixels.

    Every scene has its own model, and so its own scale of scores. A seed counts when it is finished on all
    scenes.

    Args:
        variants: In the order of the rows.
        datasets: Those that were compared on.
        outcomes: Of the finished runs.
        folder: Of the comparison.
    """
    sets: dict[str, list[str]] = defaultdict(list)
    for dataset in datasets:
        if dataset.scene_of:
            sets[dataset.scene_of].append(dataset.name)
    rows = []
    for name, scenes in sets.items():
        for variant in variants:
            runs: dict[int, list[Run]] = defaultdict(list)
            for outcome in outcomes:
                run = outcome.run
                if outcome.record is not None and run.variant == variant and run.dataset.name in scenes:
                    runs[run.seed].append(run)
            whole = [of_seed for of_seed in runs.values() if len(of_seed) == len(scenes) > 1]
            with suppress(MetricError):
                rows += [_row(name, variant, whole, folder)] if whole else []
    return rows


def _row(name: str, variant: Variant, seeds: Sequence[Sequence[Run]], folder: Path) -> Row:
    measured = np.array(
        [measured_together(SetCounts.load(counts_file(run, folder)) for run in runs) for runs in seeds]
    )
    if not variant.recipe.detector.kind.localises:
        measured[:, 1:] = np.nan
    figures = {measure: Figure(None) for measure in FIGURES}
    for column, measure in enumerate(MEASURES):
        values = [float(value) if np.isfinite(value) else None for value in measured[:, column]]
        figures[measure] = figure_of(values)
    return Row(f"{name}, all frames together", variant, len(seeds), figures, scenes=len(seeds[0]))
