"""A further product for a file of many: its statistics are learned, and the flows stay."""

import functools
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flawflow.datasets import Dataset
from flawflow.errors import FleetError
from flawflow.fleet.joint import Pictured, check_joint_name, check_pictured
from flawflow.fleet.plan import Product, check_name
from flawflow.fleet.source import Source
from flawflow.fleet.status import is_labelled
from flawflow.inspection.routing import Confusion, confusion, gaussians_of, routing_of
from flawflow.metrics import Evaluation
from flawflow.model_file import JointFile, read_model, write_joint
from flawflow.model_file.container import graph_alone
from flawflow.progress import OnProgress, ignore_progress, spans, within
from flawflow.recipe import Recipe
from flawflow.recipe.text import setting
from flawflow.storage.files import write_whole

if TYPE_CHECKING:
    from flawflow.training.train import TrainingResult


# How long each part takes beside the other.
_STAGES = {"learn": 9.0, "route": 1.0}


@dataclass(frozen=True, kw_only=True)
class Adding:
    """What is added to what.

    Attributes:
        joint: The file that is there.
        name: Of the new product.
        dataset: Its pictures.
        recipe: How its statistics are learned.
        folder: Of what is made on the way; it is removed at the end.
    """

    joint: JointFile
    name: str
    dataset: Dataset
    recipe: Recipe
    folder: Path

    @classmethod
    def of(
        cls, joint: JointFile, name: str, dataset: Dataset, settings: Sequence[str], folder: Path
    ) -> "Adding":
        """Decide all that can be before work begins.

        Args:
            joint: The file that is there.
            name: Of the new product.
            dataset: Its pictures.
            settings: What its recipe has of its own, as of `flawflow.recipe.text.setting`.
            folder: Of what is made on the way.

        Raises:
            FlawflowError: It cannot be added; the message says why and the way out.
        """
        from flawflow.training.shared_flows import SharedFlows

        check_name(name)
        check_joint_name(name)
        if name in joint.names:
            raise FleetError(f"There is a product {name} already: choose another name.")
        flows = SharedFlows.from_bytes(joint.flows, "the file")
        file = folder / "flows.safetensors"
        recipe = functools.reduce(setting, settings, flows.recipe)
        product = Product(name=name, source=Source(), recipe=recipe)
        check_pictured(Pictured(product=product, dataset=dataset), flows.recipe)
        write_whole(file, joint.flows)
        recipe = recipe.replace(flows=str(file.absolute()))
        return cls(joint=joint, name=name, dataset=dataset, recipe=recipe, folder=folder)

    def __call__(
        self, output: Path, *, device: str = "auto", on_progress: OnProgress = ignore_progress
    ) -> tuple["TrainingResult", Confusion | None]:
        """Learn and write the new file, whole or not at all; killed and begun again, it resumes.

        Returns:
            What was learned, and how often products are now confused; None where the file cannot tell.
        """
        learn, route = (within(on_progress, *span) for span in spans(_STAGES).values())
        result = self._trained("shared", self.recipe, device, learn)
        model, routing, found = read_model(result.model), self.joint.routing(), None
        if routing is not None:
            from flawflow.training.router import fit_product

            paths = [sample.path for sample in self.dataset.train]
            own = fit_product(routing.graph, paths, self.recipe, route)
            products = gaussians_of(routing) | {self.name: own}
            routing, found = routing_of(routing.graph, products), confusion(products)
        write_joint(
            output,
            {self.name: (graph_alone(model), model.card)},
            flows=self.joint.flows,
            routing=routing,
            beside=self.joint,
        )
        return result, found

    def measured(
        self, *, device: str = "auto", on_progress: OnProgress = ignore_progress
    ) -> tuple[Evaluation, Evaluation]:
        """Measure what was added, and a model of the product's own, which is trained for it.

        Raises:
            FleetError: There are no labelled pictures of both kinds.
        """
        from flawflow.inspection.evaluate import evaluate

        if not is_labelled(self.dataset):
            raise FleetError(
                "To compare takes good and defective test pictures: give a data set that has some."
            )
        added = evaluate(self.folder / "shared.flaw", self.dataset)
        own = self._trained("own", self.recipe.replace(flows=None), device, on_progress)
        return added, evaluate(own.model, self.dataset)

    def clear(self) -> None:
        """Remove what was made on the way."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _trained(self, name: str, recipe: Recipe, device: str, on_progress: OnProgress) -> "TrainingResult":
        from flawflow.training.train import train
        from flawflow.training.unfinished_work import resumed_or_begun

        file = self.folder / f"{name}.flaw"
        run = functools.partial(train, self.dataset, file, recipe, device=device, on_progress=on_progress)
        return resumed_or_begun(run)
