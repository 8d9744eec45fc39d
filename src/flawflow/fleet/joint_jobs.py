"""The pieces of work on the way to one file of many products; each writes whole or not at all."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flawflow.fleet.plan import Product
from flawflow.progress import OnProgress, Progress
from flawflow.recipe import Recipe
from flawflow.storage.files import beside, write_whole
from flawflow.storage.sealed_record import write_record

# What a product may have of its own; all else decides the flows, or the encoder, which are shared.
_OWN = {"size", "every", "calibration", "roi", "ignore", "exclude_suspects", "augment", "robust", "views"}
_OWN_PARTS = ("aggregation.", "augmentation.")


@dataclass(frozen=True, kw_only=True)
class VectorsJob:
    """Draws vectors of one product.

    Attributes:
        product: The product.
        file: Where to write them.
        count: How many.
        device: "auto", "cpu" or "cuda".
    """

    product: Product
    file: Path
    count: int
    device: str

    def __call__(self, on_progress: OnProgress) -> None:
        """Draw and write, whole or not at all."""
        from flawflow.training.sharing import draw_vectors

        on_progress(Progress("Reading", 0, 0))
        drawn = draw_vectors(
            self.product.source.open(),
            beside(self.file, ".training"),
            self.product.recipe,
            self.count,
            device=self.device,
            on_progress=on_progress,
        )
        write_whole(self.file, drawn.to_bytes())


@dataclass(frozen=True, kw_only=True)
class FlowsJob:
    """Learns the flows from what was drawn.

    Attributes:
        files: Of the products' vectors.
        recipe: Of one of the products.
        output: Where to write the flows.
        device: "auto", "cpu" or "cuda".
    """

    files: tuple[Path, ...]
    recipe: Recipe
    output: Path
    device: str
    imports: tuple[str, ...] = ("flawflow.training.imported",)

    def __call__(self, on_progress: OnProgress) -> None:
        """Learn and write, whole or not at all; killed and begun again, it resumes."""
        from flawflow.training.setup import training_device
        from flawflow.training.sharing import DrawnVectors, Learning, learn_shared
        from flawflow.training.unfinished_work import WorkFolder, resumed_or_begun

        folder, plan = beside(self.output, ".training"), {"files": [file.name for file in self.files]}
        work = resumed_or_begun(partial(WorkFolder, folder, plan))
        drawn = [DrawnVectors.from_bytes(file.read_bytes()) for file in self.files]
        learning = Learning(self.recipe.seed, training_device(self.device), work)
        # What products have of their own is none of the flows'.
        shared = Recipe.of(
            self.recipe.preset,
            {
                name: value
                for name, value in self.recipe.changes().items()
                if name == "size" or not is_own(name)
            },
        )
        flows = learn_shared(drawn, shared, learning, on_progress)
        write_whole(self.output, flows.to_bytes())
        work.remove()


@dataclass(frozen=True, kw_only=True)
class RouteJob:
    """Learns what tells a product from others.

    Attributes:
        product: The product.
        graph: The file of the router's graph.
        file: Where to write what is learned.
    """

    product: Product
    graph: Path
    file: Path

    def __call__(self, on_progress: OnProgress) -> None:
        """Learn and write, whole or not at all."""
        from flawflow.training.router import fit_product

        paths = [sample.path for sample in self.product.source.open().train]
        found = fit_product(self.graph.read_bytes(), paths, self.product.recipe, on_progress)
        write_record(self.file, found.to_appearance())


def is_own(name: str) -> bool:
    """Whether products of one file may differ in a value of their recipes, by its dotted name."""
    return name in _OWN or name.startswith(_OWN_PARTS)
