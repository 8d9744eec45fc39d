"""CFLOW with what the data says in advance: the default detector."""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from flawflow.recipe.aggregation import OF_CFLOW
from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.anomaly_score import measure_scales
from flawflow.training.detectors.density import fit_scale, learn_flow, limited
from flawflow.training.detectors.detector import Detector, Weights
from flawflow.training.detectors.fused_features import FUSED_SCALE_COUNT
from flawflow.training.detectors.fused_scale import (
    COARSE_FUSION,
    FINE_FUSION,
    fit_fused_scale,
)
from flawflow.training.detectors.unlearned import Learn
from flawflow.training.detectors.whole_image import WholeImage, fit_whole_image
from flawflow.training.feature_source import FeatureSource
from flawflow.training.parallel import ProgressCounter, run_parallel


class Cflow(Detector):
    """Conditional normalizing flows that start at the Gaussian optimum.

    Gudovskiy, Ishizaka, Kozuka: "CFLOW-AD" (WACV 2022, https://arxiv.org/abs/2107.12571). Densities of K
    scales, each giving a map:

    - of each scale but the two coarsest, by itself: a flow at its own resolution;
    - of the two coarsest joined, at the finer grid of them: what scales have in common tells most. A Gaussian
      (eq. 6) in which each position has its own mean and each cell its own covariance gives one map, a flow
      that all positions share, of what the Gaussian whitens, gives another;
    - of the two coarsest averaged over their neighbours and joined at the coarsest grid: such a Gaussian
      alone. It sees what is large, or missing, and counts in the score only;
    - of the picture as a whole (`WholeImage`): what is missing, twice or swapped adds to the score.

    Differences to the paper, each measured in docs/accuracy.md: scales are joined; positions have their own
    statistics and all are whitened before the first block; blocks start at the identity; features carry
    noise while the flow learns; vectors of all pictures are mixed in a step.

    Where flows are given that several products share (`flawflow.training.joint`), only statistics are
    learned, and rounded to what takes few bytes.

    Attributes:
        learn: Gives the flow of each density; None to train it.
    """

    name = "cflow"
    aggregation = OF_CFLOW
    learn: Learn | None = None

    def __init__(self, options: CflowOptions | None = None) -> None:
        super().__init__()
        self.options = options or CflowOptions()
        self.scales = nn.ModuleList()
        self.fused = nn.ModuleList()
        self.whole: WholeImage | None = None

    def fit(self, source: FeatureSource) -> None:
        """Learn all densities side by side."""
        store, options = source.features, limited(self.options, source.features)
        singles = range(len(store.maps) - FUSED_SCALE_COUNT)
        steps = 0 if self.learn else options.steps * (len(singles) + 1)
        progress_counter = ProgressCounter("Flows", steps, source.on_progress)
        learn = self.learn or partial(learn_flow, source, options, progress_counter)
        rounded = self.learn is not None
        jobs: list[Callable[[], nn.Module]] = [
            partial(fit_fused_scale, source, FINE_FUSION, options, learn, rounded=rounded),
            *(partial(fit_scale, source, store, scale, options, learn, rounded=rounded) for scale in singles),
            partial(fit_fused_scale, source, COARSE_FUSION, options, learn, rounded=rounded),
        ]
        fused, *scales, coarse = run_parallel(jobs, progress_counter, source.device)
        self.scales.extend(scales)
        self.fused.extend((fused, coarse))
        # It adds to scores in deviations of good pictures; maps that count as they are have other units.
        if self.options.whole_weight and self.aggregation.by_position:
            self.whole = fit_whole_image(
                store,
                source.device,
                most_channels=options.joined_channels,
                seed=source.seed,
                rounded=rounded,
            )
            self.gives_evidence = self.whole is not None

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure every feature vector: maps of single scales, two of those joined, the coarse one."""
        singles = measure_scales(self.scales, pyramid[: len(self.scales)])
        return singles + [distance for fused in self.fused for distance in fused(pyramid)]

    def evidence(self, pyramid: Sequence[Tensor]) -> Tensor | None:
        """What the whole picture adds to its score."""
        return None if self.whole is None else self.options.whole_weight * self.whole(pyramid)

    def weights(self, count: int) -> Weights:
        """The joined scales judge, the coarse Gaussian helps the score, fine scales sharpen the map."""
        fine = max(0, count - 3)
        return Weights(
            in_map=(*(0.0,) * fine, 0.5, 0.5, 0.0),
            in_score=(*(0.0,) * fine, 0.5, 0.5, self.options.coarse_weight),
            sharpening=(*(1.0 / max(1, fine),) * fine, 0.0, 0.0, 0.0),
            strength=self.options.sharpening,
        )
