"""Many products in one file: flows are learned from all, then each product's own statistics."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flawflow.datasets import Dataset
from flawflow.datasets.digest import digest_of_files
from flawflow.errors import FlawflowError, FleetError
from flawflow.executors.contract import Job, Resources
from flawflow.fleet.joint_jobs import FlowsJob, RouteJob, VectorsJob, is_own
from flawflow.fleet.plan import Product
from flawflow.fleet.record import model_file
from flawflow.model_file import Routing, read_model, write_joint
from flawflow.model_file.container import graph_alone
from flawflow.model_file.joint import AUTO, SEPARATOR, Appearance
from flawflow.recipe import Recipe
from flawflow.recipe.options import why_not_exported
from flawflow.storage.files import write_whole
from flawflow.storage.sealed_record import read_record
from flawflow.training.estimate import memory_of_training
from flawflow.training.split import is_cross_fitted
from flawflow.video.names import is_video_name

# Vectors of each density, of all products together and of one: more tell a flow nothing new.
_MOST_VECTORS, _MOST_OF_ONE = 2**18, 2**14


@dataclass(frozen=True, kw_only=True)
class Pictured:
    """A product of a plan and its pictures."""

    product: Product
    dataset: Dataset

    @property
    def paths(self) -> list[Path]:
        """Good training pictures."""
        return [sample.path for sample in self.dataset.train]

    @property
    def key(self) -> str:
        """Another one for another recipe or other pictures."""
        made = f"{self.product.recipe.fingerprint()}{digest_of_files(self.paths)}"
        return hashlib.sha256(made.encode()).hexdigest()[:16]

    @property
    def gives_vectors(self) -> bool:
        """Whether the flows learn from it: where all pictures calibrate, none may be known to a flow."""
        return not is_cross_fitted(self.product.recipe, self.paths)


class JointPlan:
    """What is done, in which order, and where it lies.

    Attributes:
        pictured: The products.
        folder: Of what is made on the way: models by themselves, records, `fleet.html`.
        flows: The file of the shared flows.
    """

    def __init__(self, pictured: Sequence[Pictured], folder: Path) -> None:
        """Take the products of a plan; nothing is begun.

        Raises:
            FleetError: They cannot be in one file; the message names the product and the way out.
        """
        self.pictured, self.folder = tuple(pictured), folder
        for one in self.pictured:
            check_joint_name(one.product.name)
            check_pictured(one, self.pictured[0].product.recipe)
        self._learners = [one for one in self.pictured if one.gives_vectors]
        if not self._learners:
            raise FleetError(
                "The flows have nothing to learn from: all pictures of products with so few calibrate them; "
                'give calibration = "split" to some or all products.'
            )
        made = json.dumps([one.key for one in self._learners])
        self.flows = folder / f"flows-{hashlib.sha256(made.encode()).hexdigest()[:16]}.safetensors"

    def vector_jobs(self, resources: Resources) -> list[Job]:
        """Draw vectors of each product that the flows learn from, where that is not done."""
        if self.flows.is_file():
            return []
        count = min(_MOST_OF_ONE, _MOST_VECTORS // len(self._learners))
        return [
            Job(
                name=one.product.name,
                work=VectorsJob(
                    product=one.product, file=self._vectors(one), count=count, device=resources.device
                ),
                memory_bytes=memory_of_training(one.product.recipe, len(one.paths)),
                cores=resources.cores,
                gpus=resources.gpus,
                imports=("flawflow.training.imported",),
            )
            for one in self._learners
            if not self._vectors(one).is_file()
        ]

    def flows_jobs(self, resources: Resources) -> list[Job]:
        """Learn the flows, where that is not done."""
        if self.flows.is_file():
            return []
        files = tuple(self._vectors(one) for one in self._learners)
        work = FlowsJob(
            files=files, recipe=self._learners[0].product.recipe, output=self.flows, device=resources.device
        )
        return [
            Job(
                name="shared flows",
                work=work,
                cores=resources.cores,
                gpus=resources.gpus,
                imports=work.imports,
            )
        ]

    def products(self) -> list[Product]:
        """The products with the flows that are learned; what vectors were drawn of is of no use any more."""
        for one in self._learners:
            self._vectors(one).unlink(missing_ok=True)
        for old in self.folder.glob("flows-*.safetensors"):
            if old != self.flows:
                old.unlink()
        flows = str(self.flows.absolute())
        return [replace(one.product, recipe=one.product.recipe.replace(flows=flows)) for one in self.pictured]

    def route_jobs(self, resources: Resources) -> list[Job]:
        """Learn what tells each product from the others, where that is not done."""
        return [
            Job(
                name=one.product.name,
                work=RouteJob(product=one.product, graph=self._router(), file=self._route(one)),
                cores=resources.cores,
                imports=("flawflow.training.imported",),
            )
            for one in self.pictured
            if not self._route(one).is_file()
        ]

    def routing(self, names: Sequence[str]) -> Routing:
        """What tells products apart, once it is learned.

        Raises:
            FleetError: What is kept of it is damaged.
        """
        found = {}
        for one in self.pictured:
            if one.product.name in names:
                kept = read_record(Appearance, self._route(one))
                if kept is None:
                    raise FleetError(f"{self._route(one)} is damaged: remove it and give the command again.")
                found[one.product.name] = kept
        return Routing(graph=self._router().read_bytes(), products=found)

    def write(self, output: Path, names: Sequence[str]) -> Routing:
        """Write the file of the products that are trained, whole or not at all."""
        models = {}
        for name in names:
            model = read_model(model_file(self.folder, name))
            models[name] = (graph_alone(model), model.card)
        routing = self.routing(names)
        write_joint(output, models, flows=self.flows.read_bytes(), routing=routing)
        return routing

    def _vectors(self, one: Pictured) -> Path:
        return self.folder / "vectors" / f"{one.product.name}-{one.key}.safetensors"

    def _route(self, one: Pictured) -> Path:
        return self.folder / "routes" / f"{one.product.name}-{one.key}.json"

    def _router(self) -> Path:
        recipe = self.pictured[0].product.recipe
        file = self.folder / "routes" / "router.onnx"
        if not file.is_file():
            from flawflow.training.router import router_graph

            write_whole(file, router_graph(recipe))
        return file


def check_joint_name(name: str) -> None:
    """Refuse what cannot be a product's name in one file of many.

    Raises:
        FleetError: It cannot.
    """
    if name == AUTO or SEPARATOR in name:
        raise FleetError(
            f"{name} cannot be a product's name in one file of many, where {SEPARATOR} stands before it and "
            f"{AUTO} means each picture's own: choose another."
        )


def _check_recipe(recipe: Recipe) -> None:
    if recipe.detector.kind.family != "cflow":
        raise FleetError(f"the detector {recipe.detector.name} has no flows to share: choose cflow.")
    reason = why_not_exported(recipe.detector.options)
    if reason is not None:
        raise FleetError(f"these flows cannot become a model file: {reason}; choose others.")
    if recipe.tiles.mode != "off":
        raise FleetError("tiles have flows of their own: leave them out, or train it by itself.")


def check_pictured(one: Pictured, first: Recipe) -> None:
    """Make sure that a product can be in one file with another of a recipe.

    Raises:
        FleetError: It cannot; the message names it and the way out.
    """
    name, recipe = one.product.name, one.product.recipe
    try:
        _check_recipe(recipe)
        if any(map(is_video_name, one.paths)):
            raise FleetError("videos are not read here: extract pictures, or train it by itself.")
    except FlawflowError as error:
        raise FleetError(f"The product {name}: {error}") from None
    mine, others = recipe.decisive(), first.decisive()
    for key in sorted(mine.keys() | others.keys()):
        if not is_own(key) and mine.get(key) != others.get(key):
            raise FleetError(
                f"The product {name} has {key} = {mine.get(key)!r} and others have {others.get(key)!r}: "
                "products of one file share it; give all the same, or train this one by itself."
            )
