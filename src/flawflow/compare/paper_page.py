"""paper.html: the paper's Tables 2 to 5 on the data sets at hand, on one page that opens from the disk."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flawflow import __version__
from flawflow.compare.exhibits import truth
from flawflow.compare.paper import PaperPlan
from flawflow.compare.paper_cells import (
    SHARES,
    Drawing,
    Images,
    Section,
    Table,
    base64_text,
    label,
    plain,
    published,
    share_head,
    shares,
)
from flawflow.compare.paper_plots import ranks_svg, roc_of, roc_svg
from flawflow.compare.plan import Variant
from flawflow.compare.published import PUBLISHED
from flawflow.compare.ranks import ALPHA, ranking
from flawflow.compare.runner import Outcome, counts_file, finished, maps_file
from flawflow.compare.summary import MEAN, Row, summarise
from flawflow.datasets import Dataset
from flawflow.errors import ImageError, MetricError
from flawflow.metrics.resampling import SetCounts
from flawflow.report.html import drawn, render
from flawflow.storage.files import write_whole

_COSTS = (
    ("milliseconds", "ms"),
    ("megabytes", "MB"),
    ("parameters", "parameters"),
    ("train_seconds", "training, s"),
)


@dataclass(frozen=True)
class _Found:
    """What was planned, what came of it, and where that is kept."""

    plan: PaperPlan
    outcomes: Sequence[Outcome]
    folder: Path

    def rows(self, variants: Sequence[Variant], datasets: Sequence[Dataset]) -> list[Row]:
        """The rows of some variants on some data sets, the mean first where there are several."""
        names = [dataset.name for dataset in datasets]
        records = [
            (outcome.run.variant, replace(outcome.record, category=outcome.run.dataset.name))
            for outcome in self.outcomes
            if outcome.record is not None and outcome.run.dataset.name in names
        ]
        return summarise(variants, names, records)

    def of(self, variant: Variant, dataset: Dataset) -> Outcome | None:
        """The first seed's outcome."""
        fitting = (
            o for o in self.outcomes if o.run.variant == variant and o.run.dataset.name == dataset.name
        )
        return min(fitting, key=lambda outcome: outcome.run.seed, default=None)


def write_page(plan: PaperPlan, folder: Path) -> Path:
    """Write paper.html with all runs that are finished in the comparison's folder, and give its path."""
    page = folder / "paper.html"
    write_whole(page, render_paper(plan, finished(plan.runs(), folder), folder))
    return page


def render_paper(plan: PaperPlan, outcomes: Sequence[Outcome], folder: Path) -> str:
    """Render the page; what was not run is not on it.

    Args:
        plan: What was asked for.
        outcomes: Of the finished runs.
        folder: Of the comparison, where runs keep counts and maps.
    """
    found = _Found(plan, outcomes, folder)
    parts = (_ablation, _categories, _ranks, _curves, _maps, _video, _complexity)
    return render(
        "paper.html",
        title="The paper's tables on these data sets",
        summary=_summary(found),
        origin=_origin(found),
        sections=[section for part in parts if (section := part(found)) is not None],
        version=__version__,
    )


def _summary(found: _Found) -> str:
    wanted = {run.key for run in found.plan.runs()}
    done = {outcome.run.key for outcome in found.outcomes}
    return (
        f"{len(wanted & done)} of {len(wanted)} runs are finished. AUROC and AUPRO (up to a false positive "
        "rate of 0.3) in percent, mean ± standard deviation over seeds; in brackets the 95 % interval by "
        "bootstrap over test pictures. Nothing was chosen on test pictures. Rows in italics are figures of "
        "papers, by their own encoders."
    )


def _origin(found: _Found) -> str:
    records = [outcome.record for outcome in found.outcomes if outcome.record is not None]
    packages = dict(sorted({item for record in records for item in record.packages.items()}))
    return (
        f"Seeds {', '.join(map(str, sorted({record.seed for record in records})))}. Measured on "
        f"{'; '.join(sorted({record.machine for record in records}))}, with "
        f"{', '.join(f'{name} {version}' for name, version in packages.items())}. Times are for the model "
        "file in ONNX Runtime on the CPU, one picture at a time; they mean something only beside each other "
        "and on a machine that does nothing else."
    )


def _ablation(found: _Found) -> Section | None:
    rows = found.rows(found.plan.ablation, found.plan.pictures)
    first = _fullest(rows)
    if len(first) < 2:
        return None
    of = "the mean of all data sets" if first[0].category == MEAN else first[0].category
    body = [[row.variant.label, row.variant.recipe.encoder, *shares(row)] for row in first]
    said = f"One change at a time, on {of}."
    return Section("Table 2: ablation", said, [Table(share_head(), body)])


def _fullest(rows: Sequence[Row]) -> list[Row]:
    """The rows of the category that has most; of equals the first, which is the mean where there is one."""
    categories = [row.category for row in rows]
    fullest = max(dict.fromkeys(categories), key=categories.count, default="")
    return [row for row in rows if row.category == fullest]


def _categories(found: _Found) -> Section | None:
    rows = found.rows(found.plan.variants, found.plan.pictures)
    tables = []
    for category in dict.fromkeys(row.category for row in rows):
        body = [
            [row.variant.label, row.variant.recipe.encoder, *shares(row)]
            for row in rows
            if row.category == category
        ]
        theirs = [
            [one.system, one.encoder, *published(one.figures[category])]
            for one in PUBLISHED
            if category in one.figures
        ]
        title = f"Mean of {len(found.plan.pictures)} data sets" if category == MEAN else category
        tables.append(Table(share_head(), body, theirs, title))
    return Section("Table 3: detectors by category", "", tables) if tables else None


def _ranks(found: _Found) -> Section | None:
    rows = found.rows(found.plan.variants, found.plan.pictures)
    drawings = []
    for measure, title in SHARES:
        values = {}
        for variant in found.plan.variants:
            figures = [
                row.figures[measure].mean
                for dataset in found.plan.pictures
                for row in rows
                if row.variant == variant and row.category == dataset.name
            ]
            known = [figure for figure in figures if figure is not None]
            if len(known) == len(found.plan.pictures):
                values[label(variant, found.plan.variants)] = known
        ranked = ranking(values)
        if ranked is not None:
            drawings.append(
                Drawing(
                    drawn(ranks_svg(ranked)),
                    title=f"{title}: mean rank over {ranked.sets} data sets",
                    note=f"Friedman: p = {ranked.p_value:.3g}, by permutation.",
                )
            )
    said = (
        f"Detectors that a bar joins cannot be told apart at {100 * ALPHA:g} % (Nemenyi): their mean ranks "
        "differ by less than the critical difference, which few data sets make wide."
    )
    return Section("Critical differences", said, drawings=drawings) if drawings else None


def _curves(found: _Found) -> Section | None:
    plots = []
    for dataset in found.plan.datasets:
        curves = {}
        for variant in found.plan.variants:
            outcome = found.of(variant, dataset)
            if outcome is None:
                continue
            try:
                counts = SetCounts.load(counts_file(outcome.run, found.folder))
            except MetricError:
                continue  # Damaged since: its figures are in the record.
            curves[label(variant, found.plan.variants)] = roc_of(counts.is_defective, counts.scores)
        plots += [Drawing(drawn(roc_svg(dataset.name, curves)))] if curves else []
    said = "Defective pictures found, %, of the first seed; drawn out at the left, where lines are run."
    return Section("Curves", said, drawings=plots) if plots else None


def _maps(found: _Found) -> Section | None:
    images = []
    for dataset in found.plan.datasets:
        strips = []
        for variant in found.plan.variants:
            outcome = found.of(variant, dataset)
            path = None if outcome is None else maps_file(outcome.run, found.folder)
            if path is not None and path.is_file() and variant.recipe.detector.kind.localises:
                strips.append((label(variant, found.plan.variants), path.read_bytes()))
        if strips:
            try:
                strips.insert(0, ("defects outlined", truth(dataset)))
            except ImageError:
                continue  # The pictures are there no more.
            images.append(Images(dataset.name, [(of, base64_text(jpeg)) for of, jpeg in strips]))
    said = "The same test pictures, evenly spaced in their order; each detector's map in its own colours."
    return Section("Pictures", said, images=images) if images else None


def _video(found: _Found) -> Section | None:
    rows = found.rows(found.plan.variants, found.plan.videos)
    head = ("detector", "encoder", "data set", "frame AUROC", "pixel AUROC")
    body = [[row.variant.label, row.variant.recipe.encoder, row.category, *shares(row)[:2]] for row in rows]
    return Section("Table 4: video", "A frame is judged by itself.", [Table(head, body)]) if body else None


def _complexity(found: _Found) -> Section | None:
    rows = found.rows(found.plan.variants, found.plan.datasets)
    first = _fullest(rows)
    head = ("detector", "encoder", "pixels", "ms", "pictures/s", *(title for _, title in _COSTS[1:]))
    body = []
    for row in first:
        speed = row.figures["milliseconds"].mean
        said = [plain(row.figures[name], 2 if name == "megabytes" else 1) for name, _ in _COSTS]
        said[2] = "–" if row.figures["parameters"].mean is None else f"{row.figures['parameters'].mean:,.0f}"
        size = " × ".join(map(str, row.size or ("–",)))
        each = "–" if speed is None else f"{1000 / speed:.1f}"
        body.append([row.variant.label, row.variant.recipe.encoder, size, said[0], each, *said[1:]])
    return Section("Table 5: complexity", "", [Table(head, body)]) if body else None
