"""One product's job: pictures, recipe and seed in; model file, record, suspects and measures out."""

import json
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

from flawflow import __version__
from flawflow.datasets import Dataset
from flawflow.errors import FlawflowError
from flawflow.fleet.plan import Product
from flawflow.fleet.record import KeptSuspect, Measures, ProductRecord, model_file, work_file
from flawflow.fleet.status import is_labelled, pictures_of, status_of
from flawflow.progress import OnProgress, Progress, within
from flawflow.runtime.processor import processor
from flawflow.storage.files import sha256_of_file

# About how long training takes of all.
_TRAINING = 0.9


@dataclass(frozen=True, kw_only=True)
class ProductJob:
    """The work of one product; called where it runs.

    Attributes:
        product: The product.
        folder: Of the models.
        device: Where to train: "auto", "cpu" or "cuda".
    """

    product: Product
    folder: Path
    device: str

    def __call__(self, on_progress: OnProgress) -> None:
        """Train and measure what is not done yet; killed and begun again, it resumes.

        Raises:
            FlawflowError: Something does not fit; the message says what and the way out.
        """
        dataset = self.product.source.open()
        status = status_of(self.product, dataset, self.folder)
        record = status.record
        if record is None:
            record = self._trained(dataset, within(on_progress, 0.0, _TRAINING))
            record.write(self.folder)
        if is_labelled(dataset) and (status.record is None or status.to_measure):
            measures = self._measured(dataset, within(on_progress, _TRAINING, 1.0))
            replace(record, measures=measures).write(self.folder)

    def _trained(self, dataset: Dataset, on_progress: OnProgress) -> ProductRecord:
        from flawflow.report.suspects import write_suspects
        from flawflow.training.train import train
        from flawflow.training.unfinished_work import resumed_or_begun

        product, recipe = self.product, self.product.recipe
        on_progress(Progress("Reading", 0, 0))
        pictures = pictures_of(dataset.train)
        fingerprint = recipe.fingerprint()
        work = work_file(self.folder, product.name, f"{fingerprint[:8]}{pictures.files[:8]}")
        run = partial(train, dataset, work, recipe, device=self.device, on_progress=on_progress)
        result = resumed_or_begun(run)
        file = model_file(self.folder, product.name)
        suspects = write_suspects(file, result.suspects, excluded=recipe.exclude_suspects)
        sha256 = sha256_of_file(work)
        work.replace(file)
        self._clear_work()
        return ProductRecord(
            product=product.name,
            source=str(product.source),
            recipe_sha256=fingerprint,
            pictures=pictures,
            model_sha256=sha256,
            image_count=result.image_count,
            seconds=result.seconds,
            peak_bytes=_peak_bytes(),
            excluded=recipe.exclude_suspects,
            suspects=_kept(suspects),
            left_out=tuple(sentence for _, sentence in result.failures),
            notes=result.notes,
            measures=None,
            machine=processor(),
            flawflow_version=__version__,
        )

    def _measured(self, dataset: Dataset, on_progress: OnProgress) -> Measures:
        from flawflow.inspection.evaluate import evaluate
        from flawflow.metrics import Evaluation

        file = model_file(self.folder, self.product.name)
        names = [field.name for field in fields(Evaluation)]
        evaluation, error = None, ""
        try:
            found = evaluate(
                file, dataset, progress=lambda done, total: on_progress(Progress("Measuring", done, total))
            )
            evaluation = Evaluation(**{name: getattr(found, name) for name in names})
        except FlawflowError as reason:
            # The model is good all the same.
            error = str(reason)
        return Measures(
            pictures=pictures_of(dataset.test),
            model_sha256=sha256_of_file(file),
            evaluation=evaluation,
            error=error,
        )

    def _clear_work(self) -> None:
        """Remove what this product's trainings with other pictures or recipes have left."""
        for path in (self.folder / "work").glob("*"):
            name, dash, _ = path.name.rpartition(".flaw")[0].rpartition("-")
            if dash and name == self.product.name:
                shutil.rmtree(path, ignore_errors=True)
                path.unlink(missing_ok=True)
        with suppress(OSError):  # Others work there still.
            (self.folder / "work").rmdir()


def _kept(folder: Path | None) -> tuple[KeptSuspect, ...]:
    """The suspects that a folder lists; none where there is no folder."""
    from flawflow.report.suspects import LIST_NAME

    listed = [] if folder is None else json.loads((folder / LIST_NAME).read_text("utf-8"))
    return tuple(
        KeptSuspect(path=one["path"], reason=one["reason"], overlay=one["overlay"]) for one in listed
    )


def _peak_bytes() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    # Kilobytes, but for Apple's.
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
