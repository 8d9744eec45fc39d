"""flawflow compare: detectors side by side on one's own data."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flawflow.cli.compare_names import detectors_of, encoders_of, seeds_of
from flawflow.cli.executor_options import Where, executor_options
from flawflow.cli.group import after_interrupt
from flawflow.cli.options import LOCAL, PLACE, limit_option, say_notes
from flawflow.cli.recipe import asked, preset_option, recipe_option, set_option
from flawflow.recipe.options import takes_flows
from flawflow.recipe.registry import detector_kind, detector_names
from flawflow.training.requirements import require_training

if TYPE_CHECKING:
    from flawflow.compare.plan import Run, Variant
    from flawflow.compare.runner import Outcome
    from flawflow.datasets import Dataset

_DEFAULT_DETECTORS = ("cflow", "padim", "patchcore")


@click.command("compare", short_help="Compare detectors on your data.")
@click.argument("data", nargs=-1, required=True, type=PLACE)
@limit_option
@click.option("-o", "--output", type=LOCAL, required=True, help="Folder for the results.")
@click.option(
    "--detectors",
    callback=detectors_of,
    metavar="A,B,…",
    help=f"Of {', '.join(detector_names())}.  [default: {','.join(_DEFAULT_DETECTORS)}]",
)
@click.option(
    "--encoders",
    default="lite0",
    show_default=True,
    callback=encoders_of,
    metavar="A,B=WEIGHTS,…",
    help="Frozen backbones; after =, a file of weights, hub or random.",
)
@click.option(
    "--seeds",
    default="0",
    show_default=True,
    callback=seeds_of,
    metavar="N,M,…",
    help="One training per seed.",
)
@preset_option
@recipe_option("size")
@set_option
@executor_options(jobs=1)
@click.option(
    "--ablation", is_flag=True, help="Vary the parts of CFLOW one at a time instead of comparing detectors."
)
@click.option("--paper", is_flag=True, help="Run all that the paper's Tables 2 to 5 compare, for one page.")
def command(
    *, data: tuple[Path, ...], output: Path, seeds: tuple[int, ...], where: Where, paper: bool, **choice: Any
) -> None:
    """Train and evaluate detectors on the same pictures with the same encoder.

    Each DATA is a data set with labelled test pictures (see flawflow evaluate), a folder of several in the
    layout of MVTec AD, or one of scenes such as Shanghai Tech Campus, with a model for each. The results are
    compare.md, .csv, .json and .svg: image AUROC, pixel AUROC, AUPRO, training time, time for one picture and
    model size, for each data set and their mean.

    With --paper cflow is varied, too, and paper.html has tables, curves, pictures and critical differences.

    Finished runs stay in OUTPUT and are not repeated: the same command continues where it was stopped. With
    --jobs or --on several run at a time; their times are then those of a busy machine.
    """
    require_training()
    from flawflow.compare.paper import DETECTORS, PaperPlan, once
    from flawflow.compare.paper_page import write_page
    from flawflow.compare.plan import open_categories, plan_runs
    from flawflow.compare.runner import finished

    if paper and choice["ablation"]:
        raise click.UsageError("--paper has the ablation among its tables: leave out --ablation.")
    after_interrupt("interrupted; the same command continues where it stopped")
    datasets = open_categories(data)
    say_notes(dict.fromkeys(note for dataset in datasets for note in dataset.notes))
    if paper:
        choice["detectors"] = choice["detectors"] or DETECTORS
    variants, plan = _variants(**choice), None
    if paper:
        plan = PaperPlan(tuple(variants), tuple(_ablation(**choice)), tuple(datasets), seeds)
    runs = once(plan.runs()) if plan is not None else plan_runs(variants, datasets, seeds)
    outcomes = finished(runs, output)
    if outcomes:
        click.echo(f"{len(outcomes)} of {len(runs)} runs are finished already.", err=True)
    done = {outcome.run.key for outcome in outcomes}
    left = [run for run in runs if run.key not in done]

    def write() -> str:
        if plan is not None:
            write_page(plan, output)
        return _write(outcomes, output, variants, datasets)

    failures = _perform(left, output, where, outcomes, write)
    click.echo(write(), nl=False)
    for failure in failures:
        click.echo(f"flawflow: {_report(failure.run)} failed: {failure.error}", err=True)
    if failures:
        raise click.exceptions.Exit(1)


def _variants(
    *,
    preset: str,
    size: tuple[int, int] | None,
    settings: tuple[str, ...],
    detectors: tuple[str, ...] | None,
    encoders: tuple[tuple[str, str | None], ...],
    ablation: bool,
) -> "list[Variant]":
    from flawflow.compare.plan import Variant

    if ablation:
        if detectors is not None:
            raise click.UsageError("--ablation varies cflow alone: leave out --detectors.")
        return _ablation(preset=preset, size=size, settings=settings, encoders=encoders)
    names = detectors or _DEFAULT_DETECTORS
    fitting = _fitting(names, settings)
    return [
        Variant(
            label=name,
            recipe=asked(preset, fitting[name], detector=name, encoder=encoder, weights=weights, size=size),
        )
        for encoder, weights in encoders
        for name in names
    ]


def _ablation(
    *,
    preset: str,
    size: tuple[int, int] | None,
    settings: tuple[str, ...],
    encoders: tuple[tuple[str, str | None], ...],
    detectors: tuple[str, ...] | None = None,
    **_: Any,
) -> "list[Variant]":
    """The rows of the ablation; settings of the other detectors that are compared do not concern it."""
    from flawflow.compare.ablation import ablation as rows_of_ablation

    own = _fitting(("cflow", *(detectors or ())), settings)["cflow"]
    return rows_of_ablation(asked(preset, own, size=size), encoders)


def _fitting(detectors: Sequence[str], settings: Sequence[str]) -> dict[str, list[str]]:
    """Of each detector the settings that concern it: an option counts for those that have it."""
    own = {name: {f"detector.{key}" for key in _options(name)} for name in detectors}
    known = set().union(*own.values())

    def concerns(name: str, text: str) -> bool:
        key = text.partition("=")[0]
        return key in own[name] or key not in known

    return {name: [text for text in settings if concerns(name, text)] for name in detectors}


def _options(detector: str) -> set[str]:
    options = detector_kind(detector).default_options().keys()
    return {*options, "flow"} if takes_flows(options) else {*options}


def _perform(
    runs: "Sequence[Run]",
    output: Path,
    where: Where,
    outcomes: "list[Outcome]",
    write: Callable[[], str],
) -> "list[Outcome]":
    """Do the runs, add what they give to `outcomes`, and give those that failed."""
    from flawflow.cli.jobs_display import JobsDisplay
    from flawflow.compare.runner import perform

    if not runs:
        return []
    failures = []
    names = {run.key: _report(run) for run in runs}
    with (
        JobsDisplay(dict.fromkeys(names.values(), 1.0)) as display,
        closing(
            perform(
                runs,
                output,
                executor=where.executor(),
                resources=where,
                on_progress=lambda key, step: display.update(names[key], step),
            )
        ) as found,
    ):
        for outcome in found:
            name = names[outcome.run.key]
            display.end(name, name if outcome.record is not None else f"{name} failed: {outcome.error}")
            if outcome.record is None:
                failures.append(outcome)
            else:
                outcomes.append(outcome)
                write()
    return failures


def _write(
    outcomes: "Sequence[Outcome]", output: Path, variants: "Sequence[Variant]", datasets: "Sequence[Dataset]"
) -> str:
    from flawflow.compare.differences import differences
    from flawflow.compare.summary import summarise
    from flawflow.compare.tables import write_tables
    from flawflow.compare.together import rows_together

    found = [
        # A run may have been finished under another name of its data set.
        (outcome.run.variant, replace(outcome.record, category=outcome.run.dataset.name))
        for outcome in outcomes
        if outcome.record is not None
    ]
    if not found:
        return ""
    names = [dataset.name for dataset in datasets]
    rows = summarise(variants, names, found, rows_together(variants, datasets, outcomes, output))
    from_first = differences(variants, names, outcomes, output)
    return write_tables(output, rows, [record for _, record in found], from_first)


def _report(run: "Run") -> str:
    variant = run.variant
    return f"{run.dataset.name}: {variant.label}, {variant.recipe.encoder}, seed {run.seed}"
